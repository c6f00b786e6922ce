//! What a search finds does not depend on what is on disk and what is in memory.

use proptest::prelude::*;

use super::super::analysis::{Analyzer, Asking};
use super::*;

const BOOSTS: Boosts = Boosts { near: 0.3, thread: 0.2 };

fn analyzer() -> Analyzer {
    Analyzer::new([3; 32])
}

fn entry(text: &str, thread: Option<u64>, order: i64) -> Entry {
    let names = analyzer().name(if order % 2 == 0 { "Ada" } else { "Bo" });
    Entry { terms: analyzer().passage(text, None), names, thread, order }
}

fn upsert(seq: u64, passage: u64, text: &str) -> Change {
    let op = Op::Upsert(entry(text, Some(1 + passage % 3), passage as i64));
    Change { seq, passage, op }
}

fn found(index: &TextIndex, tail: &Tail, question: &str) -> Vec<(u64, f32)> {
    let query = analyzer().query(question, Asking::default());
    let scores = index.search(&query, tail, Seen::All, BOOSTS).unwrap();
    scores.top(100, &|_| true).iter().map(|h| (h.passage, h.score)).collect()
}

#[test]
fn an_index_continues_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    {
        let index = TextIndex::open(folder.path()).unwrap();
        assert_eq!(index.committed_seq(), 0);
        index.apply(&[upsert(1, 10, "red apple"), upsert(2, 11, "green pear")]).unwrap();
        index.commit(2).unwrap();
        index.rest().unwrap();
    }
    let index = TextIndex::open(folder.path()).unwrap();
    assert_eq!(index.committed_seq(), 2);
    assert_eq!(found(&index, &Tail::new(), "apple")[0].0, 10);
    index.apply(&[Change { seq: 3, passage: 10, op: Op::Remove }]).unwrap();
    index.commit(3).unwrap();
    assert_eq!(found(&index, &Tail::new(), "apple"), []);
    index.purge().unwrap();
    assert_eq!(index.documents().unwrap(), 1);
}

#[test]
fn a_damaged_index_is_told_and_can_be_wiped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("meta.json"), "{ not json").unwrap();
    assert!(TextIndex::open(folder.path()).is_err());
    TextIndex::wipe(folder.path()).unwrap();
    assert!(TextIndex::open(folder.path()).is_ok());
}

#[test]
fn the_files_hold_no_word_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let index = TextIndex::open(folder.path()).unwrap();
    index.apply(&[upsert(1, 1, "xylophone rhinoceros")]).unwrap();
    index.commit(1).unwrap();
    index.rest().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for word in ["xylo", "rhino"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()));
        }
    }
}

#[test]
fn what_may_not_be_seen_changes_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let index = TextIndex::open(folder.path()).unwrap();
    let changes: Vec<_> = (0..9)
        .map(|n| upsert(n + 1, n, ["red apple", "green apple tree", "blue sky"][n as usize % 3]))
        .collect();
    index.apply(&changes[..6]).unwrap();
    index.commit(6).unwrap();
    let before = found(&index, &Tail::new(), "apple tree");
    let mut tail = Tail::new();
    changes[6..].iter().for_each(|c| tail.push(c.clone()));
    let query = analyzer().query("apple tree", Asking::default());
    let scores = index.search(&query, &tail, Seen::Only(&|p| p < 6), BOOSTS).unwrap();
    let after: Vec<_> = scores.top(100, &|_| true).iter().map(|h| (h.passage, h.score)).collect();
    assert_eq!(before, after);
    assert!(scores.of(7).is_none());
}

#[test]
fn the_speaker_a_question_names_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let index = TextIndex::open(folder.path()).unwrap();
    index.apply(&[upsert(1, 2, "tea"), upsert(2, 3, "tea")]).unwrap();
    index.commit(2).unwrap();
    let hits = |question| {
        let query = analyzer().query(question, Asking::default());
        let scores = index.search(&query, &Tail::new(), Seen::All, BOOSTS).unwrap();
        [2, 3].map(|p| scores.of(p).unwrap().said_by_named)
    };
    assert_eq!(hits("What tea does Ada like?"), [true, false]);
    assert_eq!(hits("What tea do Ada and Bo like?"), [false, false]);
    assert_eq!(hits("What tea?"), [false, false]);
}

#[test]
fn indexes_are_opened_closed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = super::super::shelf::TextIndexes::new(folder.path().to_owned());
    for n in 0..70 {
        let index = shelf.writing(&format!("clone-{n}")).unwrap();
        index.apply(&[upsert(1, 1, "apple")]).unwrap();
        index.commit(1).unwrap();
    }
    assert_eq!(found(&shelf.reading("clone-0").unwrap(), &Tail::new(), "apple").len(), 1);
    shelf.remove("clone-0").unwrap();
    assert!(!folder.path().join("clone-0").exists());
    assert!(shelf.reading("../x").is_err());
}

const WORDS: [&str; 6] = ["apple", "pear", "tree", "sky", "blue", "ada"];

/// A change: passage, words, thread (0 none), or a removal without words.
fn changes() -> impl Strategy<Value = Vec<(u64, Vec<usize>, u64)>> {
    proptest::collection::vec(
        (0..8u64, proptest::collection::vec(0..WORDS.len(), 0..6), 0..3u64),
        1..14,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_split_between_disk_and_memory_scores_the_same(
        changes in changes(), first in 0..14usize, second in 0..14usize,
    ) {
        let changes: Vec<Change> = changes.iter().enumerate().map(|(n, (passage, words, thread))| {
            let text = words.iter().map(|w| WORDS[*w]).collect::<Vec<_>>().join(" ");
            let op = if words.is_empty() { Op::Remove } else {
                Op::Upsert(entry(&text, (*thread > 0).then_some(*thread), *passage as i64))
            };
            Change { seq: n as u64 + 1, passage: *passage, op }
        }).collect();
        let mut results = Vec::new();
        for cuts in [[0, 0], [changes.len(); 2], [first.min(second), first.max(second)]] {
            let cuts = cuts.map(|cut| cut.min(changes.len()));
            let folder = tempfile::tempdir().unwrap();
            let index = TextIndex::open(folder.path()).unwrap();
            let mut tail = Tail::new();
            changes[..cuts[1]].iter().for_each(|c| tail.push(c.clone()));
            for (from, to) in [(0, cuts[0]), (cuts[0], cuts[1])] {
                index.apply(&changes[from..to]).unwrap();
                index.commit(to as u64).unwrap();
            }
            // Half of what is committed is forgotten: what remains in the tail does not count.
            tail.forget_up_to(cuts[0] as u64);
            changes[cuts[1]..].iter().for_each(|c| tail.push(c.clone()));
            results.push((
                found(&index, &tail, "blue apple tree"),
                found(&index, &tail, "Ada pear"),
            ));
        }
        prop_assert_eq!(&results[0], &results[1]);
        prop_assert_eq!(&results[0], &results[2]);
    }
}
