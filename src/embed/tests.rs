//! The face of the embedder, with the real model.

use super::*;

#[tokio::test]
async fn questions_find_the_passage_that_answers_them() {
    let embedder = Embedder::builtin().unwrap();
    let texts =
        ["We sold the bakery in 1971.", "The dog was called Bruno.", "It rained in Lisbon."];
    let passages = embedder.passages(texts.map(str::to_owned).into()).await.unwrap();
    let question = embedder.query("What was the name of our pet?").await.unwrap();
    let score = |passage: &Vec<f32>| passage.iter().zip(&question).map(|(a, b)| a * b).sum();
    let scores: Vec<f32> = passages.iter().map(score).collect();
    assert!(scores[1] > scores[0] && scores[1] > scores[2], "{scores:?}");
    assert_eq!(question.len(), embedder.dimension());
    assert_eq!(embedder.model(), MODEL.0);
    embedder.stop();
    assert!(matches!(embedder.query("late").await, Err(EmbedError::Stopped)));
}

#[test]
fn tokens_are_counted_without_a_limit() {
    let embedder = Embedder::builtin().unwrap();
    assert_eq!(embedder.tokens(""), 0);
    assert_eq!(embedder.tokens("my grandmother's roses"), 5);
    assert_eq!(embedder.tokens(&"word ".repeat(1_000)), 1_000);
    let (one, two) = ("An unbelievable story,", " told twice.");
    let sum = embedder.tokens(one) + embedder.tokens(two);
    assert_eq!(embedder.tokens(&format!("{one}{two}")), sum);
}
