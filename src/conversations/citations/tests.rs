//! Marks, however they are written and wherever the text is split.

use proptest::prelude::*;

use super::*;

/// What a filter for three passages leaves of a text that comes in pieces of `size` characters.
fn filtered(text: &str, size: usize) -> String {
    let mut filter = CitationFilter::new(3);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for piece in chars.chunks(size) {
        out.push_str(&filter.push(&piece.iter().collect::<String>()));
    }
    out.push_str(&filter.finish());
    out
}

#[test]
fn marks_that_point_nowhere_go_wherever_the_text_is_split() {
    let cases = [
        ("We met in Lyon [1].", "We met in Lyon [1]."),
        ("We met in Lyon [4].", "We met in Lyon."),
        ("We met[9] in Lyon [0] once.", "We met in Lyon once."),
        ("In Lyon.[7]", "In Lyon."),
        ("In Lyon. [7]", "In Lyon."),
        ("In Lyon. [7] Then", "In Lyon. Then"),
        ("Lyon [7]then", "Lyon then"),
        ("[7] Lyon\n[8] Paris", "Lyon\nParis"),
        ("a [1, 2] b", "a [1][2] b"),
        ("a [1,7] b", "a [1] b"),
        ("a [2-9] b [1–2]", "a [2][3] b [1][2]"),
        ("a [7][1] b [1][7] c", "a [1] b [1] c"),
        ("a [7][8]. b", "a. b"),
        ("a 【1†source】 b【9†x.pdf】", "a [1] b"),
        ("the year [1962] and [12345]", "the year [1962] and [12345]"),
        ("[x] [ ] [] [a1] [1 2] [-1]", "[x] [ ] [] [a1] [1 2] [-1]"),
        ("[7](https://example.org) ![8](x)", "[7](https://example.org) ![8](x)"),
        ("[7]: https://example.org", "[7]: https://example.org"),
        ("an open [7", "an open [7"),
        ("an open [", "an open ["),
        ("[[7]] [[1]]", "[] [[1]]"),
        ("`a[7]` and ``b`[8]`` and [9].", "`a[7]` and ``b`[8]`` and."),
        ("```rust\na[7]\n```\nb [7]", "```rust\na[7]\n```\nb"),
        ("~~~\na[7] ```\n~~~\nb [7]", "~~~\na[7] ```\n~~~\nb"),
        ("lone ` tick [7]\n\nnext [7].", "lone ` tick [7]\n\nnext."),
        ("  two  spaces   stay  ", "  two  spaces   stay  "),
        ("漢字[7]。カナ[1]。", "漢字。カナ[1]。"),
    ];
    for (text, expected) in cases {
        for size in 1..=text.chars().count() {
            assert_eq!(filtered(text, size), expected, "by {size}");
        }
    }
}

#[test]
fn text_is_held_no_longer_than_a_mark_may_last() {
    let mut filter = CitationFilter::new(3);
    assert_eq!(filter.push("We met"), "We met");
    assert_eq!(filter.push(" [1"), "");
    assert_eq!(filter.push("]"), "");
    assert_eq!(filter.push(" in"), " [1] in");
    let endless = format!("[{}", "1,".repeat(100));
    assert!(filter.push(&endless).len() > endless.len() / 2);
}

#[test]
fn what_is_cited_is_known() {
    let text = "a [2] b [3, 9] `[1]` c [2][7] [1](x)";
    let mut filter = CitationFilter::new(3);
    filter.push(text);
    assert_eq!(*filter.cited(), BTreeSet::from([2, 3]));
    assert_eq!(without_marks(text), "a b `[1]` c [1](x)");
}

#[test]
fn an_observer_changes_nothing() {
    let text = "> He wrote [7, 1], twice. [2]\n> `[3]`";
    let mut filter = CitationFilter::observing(3);
    let seen = text.chars().map(|c| filter.push(&c.to_string())).collect::<String>();
    assert_eq!(seen + &filter.finish(), text);
    assert_eq!(*filter.cited(), BTreeSet::from([1, 2]));
}

#[test]
fn sentences_without_support_are_found() {
    let answer = "Hello! We met at the dance hall in Lyon [1]. He wore a red tie that evening. \
        It rained all night. [2] My mother was furious.[1][2] She never told anybody why. \
        Do you want to hear more about it?\n\
        # A heading that claims a lot\n\
        > A quote that stands for itself.\n\
        ```\nlet code = claims.nothing();\n```\n\
        - We married in 1954 in the town hall.\n\
        [3]\n";
    let bare: Vec<&str> =
        unsupported_sentences(answer).into_iter().map(|range| &answer[range]).collect();
    let expected = [
        "He wore a red tie that evening.",
        "She never told anybody why.",
        "We married in 1954 in the town hall.",
    ];
    assert_eq!(bare, expected);
}

#[test]
fn an_answer_that_is_cited_throughout_has_none() {
    for answer in ["", "Yes.", "[1]", "私たちはリヨンのダンスホールで出会いました[1]。", "A [1"]
    {
        assert!(unsupported_sentences(answer).is_empty(), "{answer}");
    }
}

proptest! {
    #[test]
    fn any_text_split_anywhere_is_filtered_alike(
        text in "[\\[\\]0-9 ,`~a.(:\n【】†-]{0,60}",
        size in 1_usize..9,
    ) {
        let whole = filtered(&text, 1000);
        prop_assert_eq!(filtered(&text, size), whole.clone());
        let _ = unsupported_sentences(&whole);
    }

    #[test]
    fn text_without_brackets_stays_as_it_is(text in "[a-z0-9 .`~\n,(:-]{0,60}") {
        prop_assert_eq!(filtered(&text, 7), text);
    }
}
