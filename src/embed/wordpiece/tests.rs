//! The tokeniser against the reference implementation.

use proptest::prelude::*;
use tokenizers::Tokenizer;

use super::super::model_file;
use super::super::weights::Weights;

fn reference() -> Tokenizer {
    let json = include_bytes!(concat!(env!("OUT_DIR"), "/minilm-tokenizer.json"));
    let mut reference = Tokenizer::from_bytes(json).unwrap();
    reference.with_padding(None);
    reference.with_truncation(None).unwrap();
    reference
}

fn ours(weights: &Weights, text: &str) -> Vec<u32> {
    let mut pieces = Vec::new();
    weights.vocabulary.pieces(text, |piece| {
        pieces.push(piece);
        true
    });
    pieces
}

fn model() -> Weights {
    Weights::read(model_file().unwrap()).unwrap()
}

#[test]
fn texts_of_many_kinds_are_cut_as_the_reference_cuts_them() {
    let (weights, reference) = (model(), reference());
    let texts = [
        "",
        " \t\r\n ",
        "My grandmother's unbelievable garden, 1962-64 (in Köln)!",
        "naïve CAFÉ Ångström e\u{301}\u{301} İstanbul ǅ ß ﬁ Ω \u{37e} \u{1fef}",
        "a\u{0}b\u{7f}c\u{b}d\u{85}e\u{200b}f\u{200d}g\u{fffd}h\u{a0}i\u{2028}j\u{3000}k",
        "我的祖母出生在上海。豈 日本語のテキスト カタカナ 한국어 ไทย हिन्दी العربيّة עִברִית",
        "🙂👨‍👩‍👧 ❤️ — “quoted” … ¿qué? £5 €7 a_b a-b @you #tag [brackets]",
        &"x".repeat(100),
        &"x".repeat(101),
        &"é".repeat(120),
        "zzzzqqqxjk 𝒳𝒴 \u{1d165} \u{302e}\u{302f}",
    ];
    for text in texts {
        let want = reference.encode(text, false).unwrap();
        assert_eq!(ours(&weights, text), want.get_ids(), "{text:?}");
    }
}

#[test]
fn control_tokens_in_a_text_are_only_text() {
    let pieces = ours(&model(), "[CLS] [SEP] [MASK]");
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| *piece > 103));
}

#[test]
fn a_reader_that_has_enough_is_asked_no_more() {
    let mut seen = 0;
    model().vocabulary.pieces("one two unbelievably three", |_| {
        seen += 1;
        seen < 2
    });
    assert_eq!(seen, 2);
}

#[test]
fn any_text_is_cut_as_the_reference_cuts_it() {
    let (weights, reference) = (model(), reference());
    let texts = prop_oneof![
        "[a-zA-Z0-9 ,.'!?-]{0,80}",
        "[\\u{20}-\\u{24f}\\u{370}-\\u{5ff}\\u{600}-\\u{6ff}\\u{e00}-\\u{e7f}]{0,40}",
        "[\\u{2000}-\\u{206f}\\u{3000}-\\u{30ff}\\u{4e00}-\\u{4eff}\\u{ac00}-\\u{acff} ]{0,40}",
    ];
    proptest!(ProptestConfig::with_cases(300), |(text in texts)| {
        let want = reference.encode(text.as_str(), false).unwrap();
        prop_assert_eq!(ours(&weights, &text), want.get_ids());
    });
}
