//! The model against a float computation of it, and against common sense.

use super::super::model_file;
use super::*;

fn vectors(level: Level, texts: &[&str]) -> Vec<Vec<f32>> {
    let model = MiniLm::new(model_file().unwrap(), level).unwrap();
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    model.encode(&mut Scratch::default(), &texts)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn best() -> Level {
    Level::all()[0]
}

#[test]
fn vectors_are_close_to_those_of_the_float_model() {
    // The first numbers of the unquantised model, computed with numpy in 32-bit floats.
    let known: [(&str, [f32; 6]); 3] = [
        (
            "My grandmother grew roses behind the house.",
            [-0.0129, 0.0852, 0.0556, 0.0384, -0.0272, -0.0052],
        ),
        (
            "Where did she spend the summer of 1962?",
            [0.0525, -0.0095, 0.0257, 0.1544, 0.003, 0.0579],
        ),
        ("Оная бабушка жила в деревне. 🙂", [0.0126, 0.0508, 0.0465, 0.0167, -0.0342, 0.0426]),
    ];
    for level in Level::all() {
        for (text, want) in &known {
            let vector = &vectors(level, &[text])[0];
            for (got, want) in vector.iter().zip(want) {
                assert!((got - want).abs() < 0.012, "{got} {want} of {text} by {level:?}");
            }
        }
    }
}

#[test]
fn what_means_the_same_lies_closer() {
    let found = vectors(
        best(),
        &[
            "Where did grandma grow up?",
            "My grandmother spent her childhood on a farm near Lublin.",
            "The car needs new tyres before winter.",
        ],
    );
    assert!(cosine(&found[0], &found[1]) > cosine(&found[0], &found[2]) + 0.25);
}

#[test]
fn any_text_has_a_vector_of_length_one() {
    let (long, huge) = ("memory ".repeat(255), "x".repeat(10_000));
    let marks = "!".repeat(600);
    let texts = ["", " ", "🙂🙂", "祖母", &long, &huge, &marks, "\u{0}\u{fffd}"];
    for vector in vectors(best(), &texts) {
        assert_eq!(vector.len(), HIDDEN);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
    }
}

#[test]
fn what_comes_after_the_limit_does_not_matter() {
    let (fits, more) = ("memory ".repeat(254), "memory ".repeat(260) + "garden");
    let found = vectors(best(), &[&fits, &more]);
    assert_eq!(found[0], found[1]);
}

#[test]
fn company_does_not_change_a_vector() {
    let long = "a sentence with quite a few words in it, again and again; ".repeat(8);
    let together = vectors(best(), &["first", &long, "third text", &long]);
    for (text, vector) in ["first", &long, "third text", &long].iter().zip(&together) {
        assert_eq!(&vectors(best(), &[text])[0], vector);
    }
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let file = model_file().unwrap();
    assert!(MiniLm::new(b"", best()).is_none());
    assert!(MiniLm::new(&file[..file.len() / 2], best()).is_none());
    assert!(MiniLm::new(&file[64..], best()).is_none());
}
