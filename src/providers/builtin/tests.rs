//! Answers without a model, word by word.

use futures_util::StreamExt as _;

use super::*;
use crate::providers::language_model::{Prompt, Sampling, When};

fn ask(language: &str, passages: Vec<PromptPassage>) -> Ask {
    Ask {
        question: "How did you two meet?".into(),
        language: language.into(),
        name: "Maria".into(),
        may_add: true,
        passages,
        prompt: Prompt::default(),
        model: None,
        sampling: Sampling::default(),
    }
}

fn passage(n: usize, text: &str, quotes: &[&str]) -> PromptPassage {
    let range = |quote: &&str| {
        let start = text.find(*quote).unwrap();
        start..start + quote.len()
    };
    PromptPassage {
        n,
        text: text.into(),
        quotes: quotes.iter().map(range).collect(),
        ..PromptPassage::default()
    }
}

const DANCE: &str = "It was hot. We met at the dance hall in Lyon. He wore a red tie. I laughed.";

#[tokio::test]
async fn an_answer_is_frame_quotes_and_sources() {
    let mut own = passage(1, DANCE, &["He wore a red tie.", "We met at the dance hall in Lyon."]);
    own.title = Some("How we\nmet".into());
    own.when = "1952-07~".parse().ok().map(When::Date);
    own.speaker = Speaker::Subject;
    let mut other = passage(2, "They were happy.\nVery happy.", &[]);
    other.speaker = Speaker::Other("Paul".into());
    let answer = Builtin.answer(ask("en", vec![own, other])).await.unwrap();
    let pieces: Vec<Piece> = answer.map(Result::unwrap).collect().await;
    let expected = [
        "Here is what Maria’s memories say:",
        "\n\n> We met at the dance hall in Lyon. He wore a red tie. [1]\n>\n\
         > — How we met, about July 1952, Maria",
        "\n\n> They were happy.\n> Very happy. [2]\n>\n> — Paul",
    ];
    let expected = expected.map(|text| Piece::Delta(text.into())).into_iter();
    let expected: Vec<Piece> = expected.chain([Piece::Finish(FinishReason::Stop)]).collect();
    assert_eq!(pieces, expected);
}

#[test]
fn what_the_subject_told_is_remembered() {
    let mut own = passage(1, DANCE, &["I laughed."]);
    own.speaker = Speaker::Subject;
    let own = ask("fr", vec![own]);
    assert_eq!(pieces(&own).concat(), "Je me souviens :\n\n> I laughed. [1]\n>\n> — Maria");
}

#[test]
fn what_was_left_out_between_two_quotes_shows() {
    let passage = passage(1, DANCE, &["I laughed.", "It was hot."]);
    assert_eq!(quote(&passage), "It was hot. […] I laughed.");
}

#[test]
fn without_a_passage_the_clone_says_so_and_invites() {
    let answer = pieces(&ask("de", Vec::new())).concat();
    assert!(answer.starts_with("Daran habe ich keine Erinnerung.\n\n"), "{answer}");
    let blank = pieces(&ask("en", vec![passage(1, " \n ", &[])])).concat();
    assert!(blank.starts_with("I have no memory of that.\n\nIf you know more"), "{blank}");
    let visitor = Ask { may_add: false, ..ask("fr", Vec::new()) };
    assert_eq!(pieces(&visitor), ["Je n’en ai aucun souvenir."]);
}

#[test]
fn ranges_that_are_not_in_the_text_are_left_out() {
    let mut passage = passage(1, "Né à Lyon.", &[]);
    // The second cuts a character in half, the third ends beyond the text.
    #[expect(clippy::reversed_empty_ranges, reason = "hostile input")]
    let ranges = vec![3..1, 2..4, 0..99];
    passage.quotes = ranges;
    assert_eq!(quote(&passage), "Né à Lyon.");
}

#[test]
fn overlapping_ranges_are_said_once() {
    let mut passage = passage(1, DANCE, &[]);
    passage.quotes = vec![0..30, 12..45, 0..11];
    assert_eq!(quote(&passage), "It was hot. We met at the dance hall in Lyon.");
}

#[test]
fn a_long_passage_without_ranges_gives_its_opening() {
    let text = "One sentence of some length. ".repeat(100);
    let passage = passage(1, &text, &[]);
    let quote = quote(&passage);
    assert!(quote.len() <= OPENING_MOST && quote.ends_with("length."), "{quote}");
    assert!(text.contains(&quote));
}

#[test]
fn quotes_keep_every_character() {
    let odd = "<script>alert(1)</script> **[9]** \u{202e}x & `y`";
    assert_eq!(quote(&passage(1, odd, &[odd])), odd);
}
