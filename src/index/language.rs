//! The languages the analysis knows, and which one a text is in.
//!
//! Detection has to work on a question of five words and on a chat turn of three.
//! whatlang alone is wrong on such texts too often, so its verdict is one vote beside
//! the function words found in the text and the language that the clone is set to.

use std::collections::HashMap;
use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};
use whatlang::{Lang, Script};

use super::{stopwords, words};

/// A language with its own stemmer, stop words or way of cutting words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    English,
    French,
    German,
    Spanish,
    Italian,
    Portuguese,
    Dutch,
    Russian,
    Swedish,
    Danish,
    Norwegian,
    Finnish,
    Turkish,
    Arabic,
    Hindi,
    Polish,
    Czech,
    Ukrainian,
    Greek,
    Hungarian,
    Romanian,
    Catalan,
    Indonesian,
    Persian,
    Tamil,
    Hebrew,
    Vietnamese,
    Chinese,
    Japanese,
    Korean,
    Thai,
}

use Language as L;

/// Code, whatlang's name, Snowball stemmer.
type Row = (Language, &'static str, Lang, Option<Algorithm>);

const TABLE: &[Row] = &[
    (L::English, "en", Lang::Eng, Some(Algorithm::English)),
    (L::French, "fr", Lang::Fra, Some(Algorithm::French)),
    (L::German, "de", Lang::Deu, Some(Algorithm::German)),
    (L::Spanish, "es", Lang::Spa, Some(Algorithm::Spanish)),
    (L::Italian, "it", Lang::Ita, Some(Algorithm::Italian)),
    (L::Portuguese, "pt", Lang::Por, Some(Algorithm::Portuguese)),
    (L::Dutch, "nl", Lang::Nld, Some(Algorithm::Dutch)),
    (L::Russian, "ru", Lang::Rus, Some(Algorithm::Russian)),
    (L::Swedish, "sv", Lang::Swe, Some(Algorithm::Swedish)),
    (L::Danish, "da", Lang::Dan, Some(Algorithm::Danish)),
    (L::Norwegian, "no", Lang::Nob, Some(Algorithm::Norwegian)),
    (L::Finnish, "fi", Lang::Fin, Some(Algorithm::Finnish)),
    (L::Turkish, "tr", Lang::Tur, Some(Algorithm::Turkish)),
    (L::Arabic, "ar", Lang::Ara, Some(Algorithm::Arabic)),
    (L::Hindi, "hi", Lang::Hin, Some(Algorithm::Hindi)),
    (L::Polish, "pl", Lang::Pol, Some(Algorithm::Polish)),
    (L::Czech, "cs", Lang::Ces, Some(Algorithm::Czech)),
    (L::Ukrainian, "uk", Lang::Ukr, Some(Algorithm::Ukrainian)),
    (L::Greek, "el", Lang::Ell, Some(Algorithm::Greek)),
    (L::Hungarian, "hu", Lang::Hun, Some(Algorithm::Hungarian)),
    (L::Romanian, "ro", Lang::Ron, Some(Algorithm::Romanian)),
    (L::Catalan, "ca", Lang::Cat, Some(Algorithm::Catalan)),
    (L::Indonesian, "id", Lang::Ind, Some(Algorithm::Indonesian)),
    (L::Persian, "fa", Lang::Pes, Some(Algorithm::Persian)),
    (L::Tamil, "ta", Lang::Tam, Some(Algorithm::Tamil)),
    (L::Hebrew, "he", Lang::Heb, None),
    (L::Vietnamese, "vi", Lang::Vie, None),
    (L::Chinese, "zh", Lang::Cmn, None),
    (L::Japanese, "ja", Lang::Jpn, None),
    (L::Korean, "ko", Lang::Kor, None),
    (L::Thai, "th", Lang::Tha, None),
];

impl Language {
    /// The language of a BCP 47 tag (`pt-BR`, `en`), if it is one we know.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
        let code = match primary.as_str() {
            "nb" | "nn" => "no",
            other => other,
        };
        TABLE.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// The two-letter code of ISO 639-1.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().map_or("und", |row| row.1)
    }

    /// The stemmer of this language, if Snowball has one.
    #[must_use]
    pub fn stemmer(self) -> Option<Stemmer> {
        self.row().and_then(|row| row.3).map(Stemmer::new)
    }

    /// Whether words carry meaning in their accents so much that dropping them harms.
    pub(super) fn keeps_accents(self) -> bool {
        self == Self::Vietnamese
    }

    /// Whether the language is written in Latin letters.
    #[must_use]
    pub fn is_latin(self) -> bool {
        self.script() == Script::Latin
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.0 == self)
    }

    fn from_whatlang(lang: Lang) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == lang).map(|row| row.0)
    }

    fn script(self) -> Script {
        match self {
            Self::Russian | Self::Ukrainian => Script::Cyrillic,
            Self::Arabic | Self::Persian => Script::Arabic,
            Self::Hindi => Script::Devanagari,
            Self::Greek => Script::Greek,
            Self::Tamil => Script::Tamil,
            Self::Hebrew => Script::Hebrew,
            Self::Chinese => Script::Mandarin,
            Self::Japanese => Script::Hiragana,
            Self::Korean => Script::Hangul,
            Self::Thai => Script::Thai,
            _ => Script::Latin,
        }
    }
}

/// Which languages each stop word belongs to.
static VOTES: LazyLock<HashMap<String, Vec<Language>>> = LazyLock::new(|| {
    let mut votes: HashMap<String, Vec<Language>> = HashMap::new();
    for &(language, ..) in TABLE {
        for word in stopwords::words_of(language) {
            for form in [word.to_owned(), words::normalise(word, Some(language))] {
                let speakers = votes.entry(form).or_default();
                if !speakers.contains(&language) {
                    speakers.push(language);
                }
            }
        }
    }
    votes
});

/// Whether `word` (lower case) is a stop word or question word of `language`.
#[must_use]
pub fn is_stop_word(word: &str, language: Language) -> bool {
    VOTES.get(word).is_some_and(|languages| languages.contains(&language))
}

/// How much of a text is looked at, in characters: more does not change the verdict.
const SAMPLE: usize = 1_500;
/// Votes that the clone's own language starts with.
const HINT_VOTES: f32 = 1.0;
/// Votes that a fully confident whatlang has, beside those for having an opinion at all.
const WHATLANG_VOTES: f32 = 3.0;
const WHATLANG_OPINION: f32 = 0.4;
/// Fewer letters than this tell whatlang nothing.
const WHATLANG_LETTERS: usize = 16;
/// Votes that a language must gather.
const ENOUGH: f32 = 0.6;

/// The language of `text`, with `hint` (the clone's or the reader's language) as a bias
/// that decides when the text itself does not.
///
/// `None` when neither the text nor the hint tells: such text is searched by its plain words.
#[must_use]
pub fn detect(text: &str, hint: Option<Language>) -> Option<Language> {
    let sample: String = text.chars().take(SAMPLE).collect();
    let script = whatlang::detect_script(&sample)?;
    match script {
        Script::Hangul => return Some(L::Korean),
        Script::Thai => return Some(L::Thai),
        Script::Greek => return Some(L::Greek),
        Script::Tamil => return Some(L::Tamil),
        Script::Hebrew => return Some(L::Hebrew),
        Script::Hiragana | Script::Katakana => return Some(L::Japanese),
        Script::Mandarin => return Some(han_language(&sample, hint)),
        Script::Cyrillic => return Some(cyrillic_language(&sample, hint)),
        _ => {}
    }
    let hint = hint.filter(|h| h.script() == script);
    best_by_votes(&sample, script, hint).or(hint)
}

/// Kana among the characters means Japanese; bare Han is Chinese unless the hint says otherwise.
fn han_language(sample: &str, hint: Option<Language>) -> Language {
    let kana = sample.chars().any(|c| ('\u{3041}'..='\u{30ff}').contains(&c));
    if kana || hint == Some(L::Japanese) { L::Japanese } else { L::Chinese }
}

/// Letters that only one of the two has; the other languages in this script have no
/// stemmer here, and the Russian one harms them little.
fn cyrillic_language(sample: &str, hint: Option<Language>) -> Language {
    let ukrainian = sample.chars().any(|c| "іїєґІЇЄҐ".contains(c));
    let russian = sample.chars().any(|c| "ыэъёЫЭЪЁ".contains(c));
    if ukrainian || (!russian && hint == Some(L::Ukrainian)) { L::Ukrainian } else { L::Russian }
}

fn best_by_votes(sample: &str, script: Script, hint: Option<Language>) -> Option<Language> {
    let mut votes: HashMap<Language, f32> = HashMap::new();
    let lower = sample.to_lowercase().replace('\u{2019}', "'");
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\u{94d}' && !is_mark(c));
    for word in words {
        let Some(languages) = VOTES.get(word) else { continue };
        for &language in languages.iter().filter(|l| l.script() == script) {
            // A word of many languages says little about any of them.
            *votes.entry(language).or_default() += 1.0 / languages.len() as f32;
        }
    }
    if !is_decided(&votes)
        && sample.chars().filter(|c| c.is_alphabetic()).count() >= WHATLANG_LETTERS
        && let Some(info) = whatlang::detect(sample)
        && let Some(language) = Language::from_whatlang(info.lang())
    {
        *votes.entry(language).or_default() +=
            WHATLANG_OPINION + WHATLANG_VOTES * info.confidence() as f32;
    }
    if let Some(hint) = hint {
        // English needs no letter beyond ASCII: one that is there speaks against it.
        let foreign = hint == L::English && lower.chars().any(|c| c > '\u{bf}' && c < '\u{2000}');
        *votes.entry(hint).or_default() += if foreign { HINT_VOTES / 4.0 } else { HINT_VOTES };
    }
    // Equal votes go to the earlier language.
    votes
        .into_iter()
        .filter(|(_, v)| *v >= ENOUGH)
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(language, _)| language)
}

/// Whether the lead is beyond what whatlang and the hint could turn: most of the time of a
/// detection is whatlang's.
fn is_decided(votes: &HashMap<Language, f32>) -> bool {
    let (first, second) = votes.values().fold((0.0f32, 0.0f32), |(first, second), &vote| {
        if vote > first { (vote, first) } else { (first, second.max(vote)) }
    });
    first - second > WHATLANG_OPINION + WHATLANG_VOTES + HINT_VOTES
}

/// Vowel signs of Indic scripts, which `char::is_alphanumeric` does not count in.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_questions_are_told_apart() {
        let cases = [
            ("When did Caroline go to the support group?", L::English),
            ("Wann wurde die Brücke gebaut?", L::German),
            ("¿Dónde nació mi abuela?", L::Spanish),
            ("Où est née ma grand-mère ?", L::French),
            ("Dove è nata mia nonna?", L::Italian),
            ("Onde nasceu a minha avó?", L::Portuguese),
            ("Где родилась моя бабушка?", L::Russian),
            ("Büyükannem nerede doğdu?", L::Turkish),
            ("मेरी दादी कहाँ पैदा हुई थीं?", L::Hindi),
            ("أين ولدت جدتي؟", L::Arabic),
            ("祖母はどこで生まれましたか", L::Japanese),
            ("我奶奶在哪里出生?", L::Chinese),
            ("คุณยายเกิดที่ไหน", L::Thai),
            ("할머니는 어디에서 태어났나요?", L::Korean),
            ("Bà tôi sinh ra ở đâu?", L::Vietnamese),
        ];
        for (text, language) in cases {
            assert_eq!(detect(text, None), Some(language), "{text}");
            assert_eq!(
                detect(text, Some(L::English)),
                Some(language),
                "{text} in an English clone"
            );
        }
    }

    #[test]
    fn a_text_that_tells_nothing_follows_the_hint() {
        assert_eq!(detect("Paris 1962", Some(L::French)), Some(L::French));
        assert_eq!(detect("Paris 1962", None), None);
        assert_eq!(detect("", Some(L::French)), None);
    }

    #[test]
    fn tags_name_languages() {
        assert_eq!(Language::from_tag("pt-BR"), Some(L::Portuguese));
        assert_eq!(Language::from_tag("nb"), Some(L::Norwegian));
        assert_eq!(Language::from_tag("xx"), None);
    }
}
