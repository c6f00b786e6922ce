use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::kernel::AccountId;
use crate::seal::Owner;

mod power;
mod syncs;

const NUMBERS: Table<u64, u64> = Table::new("numbers", Holds::Nothing);
const PAIRS: Table<(Words, u64), u64> = Table::new("pairs", Holds::Nothing);

fn options<'a>() -> Options<'a> {
    Options {
        tables: &const { [NUMBERS.info(), PAIRS.info()] },
        upgrades: &[],
        cache_bytes: 1 << 20,
    }
}

fn memory() -> Store {
    Store::in_memory(Codec::new(Seals::in_memory()), &options()).unwrap()
}

fn all(rows: &impl Rows, direction: Direction) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    rows.scan(&NUMBERS, &Range::all(), direction, |key, row| {
        found.push((key, row));
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing_behind() {
    let store = memory();
    store.write(|tx| tx.put(&NUMBERS, &1, &1)).await.unwrap();
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            tx.put(&NUMBERS, &2, &2)?;
            tx.remove(&NUMBERS, &1);
            Err(StoreError::Stopped)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(store.read(|tx| Ok::<_, StoreError>(all(tx, Direction::Up))).unwrap(), [(1, 1)]);
}

#[tokio::test]
async fn a_change_that_panics_takes_no_other_with_it() {
    let store = memory();
    let panicking = store.write::<(), StoreError, _>(|_| panic!("on purpose"));
    let fine = store.write(|tx| tx.put(&NUMBERS, &1, &1));
    let (panicked, written) = tokio::join!(panicking, fine);
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    written.unwrap();
    assert!(store.is_alive());
}

#[tokio::test]
async fn the_next_change_reads_a_decided_one_before_it_is_durable() {
    let store = memory();
    let ((), first) = store.decide(|tx| tx.put(&NUMBERS, &1, &41)).await.unwrap();
    let second = store
        .write(|tx| {
            let next = tx.get(&NUMBERS, &1)?.unwrap_or_default() + 1;
            tx.put(&NUMBERS, &1, &next)?;
            Ok::<_, StoreError>(next)
        })
        .await;
    assert_eq!(second.unwrap(), 42);
    first.wait().await.unwrap();
}

#[tokio::test]
async fn many_writers_share_commits() {
    let store = memory();
    let writes = (0..500).map(|n| store.write(move |tx| tx.put(&NUMBERS, &n, &n)));
    for outcome in futures_util::future::join_all(writes).await {
        outcome.unwrap();
    }
    let figures = store.figures();
    assert_eq!(figures.changes, 500);
    assert!(figures.commits < 500, "{figures:?}");
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Codec::new(Seals::in_memory()), &options()).unwrap();
    store.write(|tx| tx.put(&NUMBERS, &7, &8)).await.unwrap();
    drop(store);
    let store = Store::open(directory.path(), Codec::new(Seals::in_memory()), &options()).unwrap();
    assert_eq!(store.read(|tx| tx.get(&NUMBERS, &7)).unwrap(), Some(8));
}

#[tokio::test]
async fn upgrades_run_once_and_a_newer_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let add = Upgrade {
        name: "add one",
        run: |tx| {
            let count = tx.get(&NUMBERS, &0)?.unwrap_or(0) + 1;
            tx.put(&NUMBERS, &0, &count)
        },
    };
    drop(Store::open(directory.path(), Codec::new(Seals::in_memory()), &options()).unwrap());
    let upgrades = [add];
    let newer = Options { upgrades: &upgrades, ..options() };
    for _ in 0..2 {
        let store = Store::open(directory.path(), Codec::new(Seals::in_memory()), &newer).unwrap();
        assert_eq!(store.read(|tx| tx.get(&NUMBERS, &0)).unwrap(), Some(1));
    }
    let older = Store::open(directory.path(), Codec::new(Seals::in_memory()), &options());
    assert!(matches!(older.err(), Some(StoreError::Newer { found: 2, known: 1 })));
}

/// A note of an account's.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Note(String);

impl Row<AccountId> for Note {
    fn owner(&self, account: &AccountId) -> Owner {
        Owner::Account(*account)
    }
}

const NOTES: Table<AccountId, Note> = Table::new("notes", Holds::Account);

#[tokio::test]
async fn what_was_shredded_is_unreadable_in_older_copies_too() {
    let (data, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = Options { tables: &const { [NOTES.info()] }, ..options() };
    let seals = Seals::in_memory();
    let codec = || Codec::new(seals.clone());
    let store = Store::open(data.path(), codec(), &options).unwrap();
    let (ada, ben) = (AccountId::fresh(), AccountId::fresh());
    for account in [ada, ben] {
        let note = Note("We swam in the lake.".to_owned());
        store.write(move |tx| tx.put(&NOTES, &account, &note)).await.unwrap();
    }
    drop(store);
    std::fs::copy(data.path().join(FILE), copy.path().join(FILE)).unwrap();
    let store = Store::open(data.path(), codec(), &options).unwrap();
    let erase = move |tx: &mut WriteTx<'_>| {
        tx.remove(&NOTES, &ada);
        tx.shred(Owner::Account(ada))
    };
    store.write(erase).await.unwrap();
    drop(store);
    let older = Store::open(copy.path(), codec(), &options).unwrap();
    let gone = older.read(|tx| tx.get(&NOTES, &ada));
    let no_key = |error: &StoreError| matches!(error, StoreError::Seal { .. });
    assert!(gone.as_ref().is_err_and(no_key), "{gone:?}");
    assert!(older.read(|tx| tx.get(&NOTES, &ben)).unwrap().is_some());
}

#[tokio::test]
async fn keys_that_a_crash_has_left_are_destroyed_at_the_start() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { tables: &const { [NOTES.info()] }, ..options() };
    let seals = Seals::in_memory();
    let database = redb::Database::create(data.path().join(FILE)).unwrap();
    let codec = Codec::new(seals.clone());
    upgrade::prepare(&database, &codec, &options).unwrap();
    let ada = AccountId::fresh();
    let tx = database.begin_write().unwrap();
    {
        let batch = overlay::Batch::new(&tx);
        let mut change = WriteTx::new(&batch, &codec);
        change.put(&NOTES, &ada, &Note("We swam in the lake.".to_owned())).unwrap();
        change.shred(Owner::Account(ada)).unwrap();
        batch.apply(change.into_overlay()).unwrap();
    }
    tx.commit().unwrap();
    drop(database);
    for _ in 0..2 {
        let store = Store::open(data.path(), Codec::new(seals.clone()), &options).unwrap();
        assert!(store.read(|tx| tx.get(&NOTES, &ada)).is_err());
    }
}

#[tokio::test]
async fn what_should_be_sealed_and_is_not_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { tables: &const { [NOTES.info()] }, ..options() };
    let codec = || Codec::new(Seals::in_memory());
    drop(Store::open(data.path(), codec(), &options).unwrap());
    let database = redb::Database::open(data.path().join(FILE)).unwrap();
    let ada = AccountId::fresh();
    let tx = database.begin_write().unwrap();
    let cbor = [&[0, 1, 0x65][..], b"forge"].concat();
    let mut table = tx.open_table(reader::definition("notes")).unwrap();
    table.insert(ada.to_bytes().as_slice(), cbor.as_slice()).unwrap();
    drop(table);
    tx.commit().unwrap();
    drop(database);
    let store = Store::open(data.path(), codec(), &options).unwrap();
    let found = store.read(|tx| tx.get(&NOTES, &ada));
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
}

#[derive(Clone, Debug)]
enum Step {
    Put(u64, u64),
    Remove(u64),
    Commit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..20_u64, any::<u64>()).prop_map(|(key, value)| Step::Put(key, value)),
        2 => (0..20_u64).prop_map(Step::Remove),
        1 => Just(Step::Commit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_change_in_the_making_reads_like_a_map(steps in prop::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = memory();
        let mut model = BTreeMap::new();
        for part in steps.split(|step| matches!(step, Step::Commit)) {
            for step in part {
                match step {
                    Step::Put(key, value) => { model.insert(*key, *value); }
                    Step::Remove(key) => { model.remove(key); }
                    Step::Commit => {}
                }
            }
            let part = part.to_vec();
            let (up, down) = runtime.block_on(store.write(move |tx| {
                for step in part {
                    match step {
                        Step::Put(key, value) => tx.put(&NUMBERS, &key, &value)?,
                        Step::Remove(key) => tx.remove(&NUMBERS, &key),
                        Step::Commit => {}
                    }
                }
                Ok::<_, StoreError>((all(tx, Direction::Up), all(tx, Direction::Down)))
            })).unwrap();
            let expected: Vec<_> = model.clone().into_iter().collect();
            prop_assert_eq!(&up, &expected);
            prop_assert_eq!(down, expected.iter().rev().copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn keys_sort_like_what_they_stand_for(a: (String, i64), b: (String, i64)) {
        let bytes = |(text, number): &(String, i64)| (Words(text.clone()), *number).to_bytes();
        prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        let key = bytes(&a);
        let (words, number) = <(Words, i64)>::read(&mut key.as_slice()).unwrap();
        prop_assert_eq!((words.0, number), a);
    }

    #[test]
    fn damaged_bytes_are_an_error_and_not_a_panic(bytes: Vec<u8>) {
        let _ = Codec::new(Seals::in_memory()).decode::<u64, u64>(("numbers", &[]), &0, &bytes);
        let _ = <(Words, u64)>::read(&mut bytes.as_slice());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_file_written_anew_has_nothing_of_what_was_removed_and_readers_go_on() {
    const TEXTS: RawTable<u64> = RawTable::new("texts", Holds::Nothing, Owner::Nobody);
    let tables = [TEXTS.info()];
    let options = Options { tables: &tables, upgrades: &[], cache_bytes: 1 << 20 };
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Codec::new(Seals::in_memory()), &options).unwrap();
    let text = |n: u64| format!("this is text number {n:06}, removed or not").into_bytes();
    let all =
        move |tx: &mut WriteTx<'_>| (0..4_000).try_for_each(|n| tx.put_raw(&TEXTS, &n, &text(n)));
    store.write(all).await.unwrap();
    store
        .write(|tx| {
            (0..4_000).filter(|n| n % 2 == 0).for_each(|n| tx.remove_raw(&TEXTS, &n));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let in_files = || {
        let mut bytes = Vec::new();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        let found = |n: &u64| bytes.windows(text(0).len()).any(|at| at == text(*n));
        (0..4_000).step_by(200).filter(found).count()
    };
    assert!(in_files() > 0, "freed pages keep what was in them");
    // Somebody reads all the while; the former file stays for them, and goes when they are done.
    let (begun, first) = std::sync::mpsc::channel();
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let reading = std::thread::spawn({
        let store = store.clone();
        move || {
            store.read(|tx| {
                assert!(tx.get_raw(&TEXTS, &1)?.is_some());
                begun.send(()).unwrap();
                told.recv().unwrap();
                tx.get_raw(&TEXTS, &3_999)
            })
        }
    });
    first.recv().unwrap();
    store.rewrite().await.unwrap();
    store.write(move |tx| tx.put_raw(&TEXTS, &5_000, &text(5_000))).await.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), Some(text(3_999)));
    store.write(move |tx| tx.put_raw(&TEXTS, &5_001, &text(5_001))).await.unwrap();
    assert_eq!(in_files(), 0);
    let kept = |store: &Store| {
        let mut kept = 0;
        store
            .read(|tx| {
                tx.scan_raw(&TEXTS, &Range::all(), Direction::Up, |n: u64, found| {
                    assert_eq!(found, text(n));
                    kept += 1;
                    Ok::<_, StoreError>(ControlFlow::Continue(()))
                })
            })
            .unwrap();
        kept
    };
    assert_eq!(kept(&store), 2_002);
    drop(store);
    let store = Store::open(directory.path(), Codec::new(Seals::in_memory()), &options).unwrap();
    assert_eq!(kept(&store), 2_002);
}
