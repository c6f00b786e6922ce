//! From text to the terms that are indexed and asked for.
//!
//! A passage yields its plain words and, in the language it is written in, their stems;
//! both share one vocabulary, so a question's word is one *concept* with a few spellings
//! (the word, its stem in each likely language) that is counted once. What reaches the disk
//! is eight bytes of BLAKE3 keyed by the clone's index key, never a word.

use std::collections::{BTreeMap, HashSet};

use super::framing;
use super::irregular;
use super::language::{self, Language};
use super::stopwords;
use super::words::{self, Kind, Token};

/// Changes whenever the same text would yield other terms: stored with each index, which
/// is rebuilt when it differs.
pub const ANALYSIS_VERSION: u32 = 2;

/// The key under which the terms of one clone are hashed.
pub type IndexKey = [u8; 32];

/// A hashed term.
pub type TermKey = u64;

/// The terms of one passage: each with how often it occurs, and the passage's length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermCounts {
    /// Hashed terms in ascending order with their counts.
    pub terms: Vec<(TermKey, u32)>,
    /// Hashed beginnings of 2 to 6 letters of the words, ascending: search as you type.
    pub prefixes: Vec<TermKey>,
    /// Length in words (or pairs, triples of characters).
    pub length: u32,
}

/// One thing a question asks for, under all the spellings it may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Concept {
    /// The word in normal form, for reasons and logs that stay in memory.
    pub word: String,
    /// Hashed spellings: any of them is a match.
    pub keys: Vec<TermKey>,
    /// Hashed beginning, if the word is still being typed.
    pub prefix: Option<TermKey>,
    /// The word as part of a speaker's name.
    pub name: TermKey,
    /// Share of a full word that a match is worth.
    pub weight: f32,
    /// Whether the word says how something is asked, not what (see `framing`).
    pub framing: bool,
}

/// A question, ready to be looked up.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// What is asked for; stop words and question words are out unless nothing else is there.
    pub concepts: Vec<Concept>,
    /// The language the question seems to be in.
    pub language: Option<Language>,
    /// Whether the question is made of stop words only, so that a match means little.
    pub only_stop_words: bool,
    /// Whether the question has letters outside the Latin script.
    pub beyond_latin: bool,
}

/// What is known about a question besides its text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asking<'a> {
    /// The asker's or the clone's language.
    pub hint: Option<Language>,
    /// Languages the clone's passages are in, most frequent first; three are used.
    pub present: &'a [Language],
    /// Whether the last word may be unfinished (search as you type).
    pub typing: bool,
}

/// Turns text into terms under one clone's key.
#[derive(Clone)]
pub struct Analyzer {
    key: IndexKey,
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Analyzer")
    }
}

const WORD: u8 = b'w';
const PREFIX: u8 = b'p';
const NAME: u8 = b'n';
/// A question is looked up by so many words at most, or twice as many pairs of characters of a
/// script without spaces: what is asked, not what is pasted along with it.
const MOST_WORDS: usize = 32;
/// A pair of hiragana is mostly grammar.
const KANA_WEIGHT: f32 = 0.4;

impl Analyzer {
    /// An analyzer for the clone whose index key this is.
    #[must_use]
    pub fn new(key: IndexKey) -> Self {
        Self { key }
    }

    fn hash(&self, field: u8, term: &str) -> TermKey {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&[field]).update(term.as_bytes());
        let mut eight = [0; 8];
        eight.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(eight)
    }

    /// The hash of any text that passages share, such as the name of a thread.
    #[must_use]
    pub fn label(&self, text: &str) -> u64 {
        self.hash(b'l', text)
    }

    /// The terms of a passage written in `language` (see `language::detect`).
    #[must_use]
    pub fn passage(&self, text: &str, language: Option<Language>) -> TermCounts {
        let mut counts: BTreeMap<TermKey, u32> = BTreeMap::new();
        let mut prefixes = Vec::new();
        let mut length = 0;
        for token in words::tokens(text, language) {
            length += u32::from(token.kind != Kind::Letter);
            for form in spellings(&token, language) {
                *counts.entry(self.hash(WORD, &form)).or_default() += 1;
            }
            if token.kind == Kind::Word {
                prefixes.extend(beginnings(&token.text).map(|p| self.hash(PREFIX, p)));
            }
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        TermCounts { terms: counts.into_iter().collect(), prefixes, length }
    }

    /// The hashed words of a speaker's name.
    #[must_use]
    pub fn name(&self, name: &str) -> Vec<TermKey> {
        let tokens = words::tokens(name, None).into_iter();
        tokens.filter(|t| t.kind != Kind::Letter).map(|t| self.hash(NAME, &t.text)).collect()
    }

    /// The concepts of a question.
    #[must_use]
    pub fn query(&self, text: &str, asking: Asking<'_>) -> Query {
        let language = language::detect(text, asking.hint);
        let mut stems: Vec<Language> = language.into_iter().collect();
        for &other in asking.present.iter().take(3).chain(asking.hint.iter()) {
            if !stems.contains(&other) && other.stemmer().is_some() {
                stems.push(other);
            }
        }
        let asked = asked_tokens(text, language, asking.hint);
        let last = asked.tokens.len().saturating_sub(1);
        let ends_open =
            asking.typing && text.chars().next_back().is_some_and(char::is_alphanumeric);
        let mut query = Query {
            language,
            only_stop_words: asked.only_stop_words,
            beyond_latin: text.chars().any(|c| c.is_alphabetic() && !is_latin(c)),
            ..Query::default()
        };
        let mut known = HashSet::new();
        let mut concepts = Vec::new();
        for (at, (token, weight)) in asked.tokens.iter().enumerate() {
            let mut concept = self.concept(token, language, &stems);
            concept.weight = *weight;
            if ends_open && at == last && token.kind == Kind::Word {
                concept.prefix = beginnings(&token.text).last().map(|p| self.hash(PREFIX, p));
            }
            if known.insert(concept.keys.clone()) {
                concepts.push((concept, token.kind));
            }
        }
        query.concepts = most_telling(concepts);
        query
    }

    fn concept(&self, token: &Token, language: Option<Language>, stems: &[Language]) -> Concept {
        let mut forms = vec![token.text.clone()];
        if token.kind == Kind::Word {
            for form in stems.iter().filter_map(|&stem| stem_of(&token.text, Some(stem))) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
            // Turkish reads I as ı; a name typed by anyone else is looked up too.
            if language == Some(Language::Turkish) {
                forms.extend(
                    words::without_accents(&token.text).filter(|_| token.text.contains('ı')),
                );
            }
        }
        Concept {
            keys: forms.iter().map(|form| self.hash(WORD, form)).collect(),
            name: self.hash(NAME, &token.text),
            word: token.text.clone(),
            prefix: None,
            weight: 1.0,
            framing: language.is_some_and(|language| framing::frames(&token.text, language)),
        }
    }

    /// The concepts of `query` that occur in `text`, each with its byte range there.
    #[must_use]
    pub fn matches(
        &self,
        query: &Query,
        text: &str,
        language: Option<Language>,
    ) -> Vec<(usize, std::ops::Range<usize>)> {
        let mut found = Vec::new();
        for token in words::tokens(text, language) {
            let forms = spellings(&token, language);
            let keys: Vec<TermKey> = forms.iter().map(|form| self.hash(WORD, form)).collect();
            for (at, concept) in query.concepts.iter().enumerate() {
                let typed = concept.prefix.is_some()
                    && token.kind == Kind::Word
                    && token.text.starts_with(&concept.word);
                if typed || concept.keys.iter().any(|key| keys.contains(key)) {
                    found.push((at, token.start..token.end));
                }
            }
        }
        found
    }
}

/// The concepts that a question is looked up by, in its order: all of them unless they are too
/// many, then the longest words, of which there are few in any text (Zipf's law of abbreviation).
/// How rare a word is in the clone may not decide: what is left out would then tell what the clone
/// keeps, also to who may not read it.
fn most_telling(concepts: Vec<(Concept, Kind)>) -> Vec<Concept> {
    let cost = |kind: Kind| if kind == Kind::Word { 2 } else { 1 };
    let mut order: Vec<usize> = (0..concepts.len()).collect();
    order.sort_by_key(|&at| {
        let (concept, _) = &concepts[at];
        let letters = concept.word.chars().count();
        (concept.prefix.is_none(), concept.framing, std::cmp::Reverse(letters))
    });
    let mut left = 2 * MOST_WORDS;
    order.retain(|&at| {
        let cost = cost(concepts[at].1);
        let fits = cost <= left;
        left -= if fits { cost } else { 0 };
        fits
    });
    let kept: HashSet<usize> = order.into_iter().collect();
    let all = concepts.into_iter().enumerate();
    all.filter(|(at, _)| kept.contains(at)).map(|(_, (concept, _))| concept).collect()
}

fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}' | '\u{ff21}'..='\u{ff5a}' | '\u{2b0}'..='\u{36f}')
}

/// The stem of a word, where the language has a stemmer and changes the word.
fn stem_of(word: &str, language: Option<Language>) -> Option<String> {
    let stemmer = language?.stemmer()?;
    if !word.chars().any(char::is_alphabetic) {
        return None;
    }
    let base = irregular::base(word).filter(|_| language == Some(Language::English));
    let stem = stemmer.stem(base.unwrap_or(word));
    (stem != word && !stem.is_empty()).then(|| stem.into_owned())
}

/// Every spelling under which a passage's token can be asked for, without repeats.
fn spellings(token: &Token, language: Option<Language>) -> Vec<String> {
    let mut forms = vec![token.text.clone()];
    if token.kind != Kind::Word {
        return forms;
    }
    forms.extend(stem_of(&token.text, language));
    if !language.is_some_and(Language::keeps_accents) {
        let plain: Vec<_> = forms.iter().filter_map(|f| words::without_accents(f)).collect();
        for form in plain {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// The first 2 to 6 letters of a word, one string for each length.
fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.skip(1).take(5).map(|end| &word[..end])
}

struct Asked {
    tokens: Vec<(Token, f32)>,
    only_stop_words: bool,
}

/// The tokens of a question that ask for something, with their weights. A few words often pass
/// for another language than the asker's, so its stop words are out too.
fn asked_tokens(text: &str, language: Option<Language>, hint: Option<Language>) -> Asked {
    let cut = without_phrases(text, language);
    let all = words::tokens(cut.as_deref().unwrap_or(text), language);
    let address = address(&all, language);
    let is_stop_word = |word: &str| {
        [language, hint].into_iter().flatten().any(|l| language::is_stop_word(word, l))
    };
    let wanted = |token: &&Token| {
        token.kind != Kind::Word || (address != Some(token.start) && !is_stop_word(&token.text))
    };
    let lone = lone_letters(&all);
    let mut tokens: Vec<(Token, f32)> = all
        .iter()
        .filter(wanted)
        .filter(|t| t.kind != Kind::Letter || lone.contains(&t.start))
        .map(|t| (t.clone(), weight_of(t)))
        .collect();
    let only_stop_words = tokens.is_empty() && !words::tokens(text, language).is_empty();
    if only_stop_words {
        let all = words::tokens(text, language).into_iter().filter(|t| t.kind != Kind::Letter);
        tokens = all.map(|t| (t, 1.0)).collect();
    }
    Asked { tokens, only_stop_words }
}

/// Where a word only says who is meant: the "two" of "how did you two meet?".
fn address(tokens: &[Token], language: Option<Language>) -> Option<usize> {
    let both =
        |pair: &&[Token]| matches!(pair[0].text.as_str(), "you" | "they") && pair[1].text == "two";
    let found = tokens.windows(2).find(both).filter(|_| language == Some(Language::English));
    found.map(|pair| pair[1].start)
}

fn weight_of(token: &Token) -> f32 {
    let kana = token.text.chars().all(|c| ('\u{3041}'..='\u{309f}').contains(&c));
    if kana { KANA_WEIGHT } else { 1.0 }
}

/// Where Han characters stand alone between kana (`猫が`): the pairs around them change
/// with the grammar, the character does not.
fn lone_letters(tokens: &[Token]) -> Vec<usize> {
    let pure: Vec<(usize, usize)> = tokens
        .iter()
        .filter(|t| t.kind == Kind::Gram && t.text.chars().all(words::is_han))
        .map(|t| (t.start, t.end))
        .collect();
    let letters = tokens.iter().filter(|t| t.kind == Kind::Letter).map(|t| t.start);
    letters.filter(|at| !pure.iter().any(|(from, to)| (from..to).contains(&at))).collect()
}

/// The question with the question phrases of a script without spaces cut out.
fn without_phrases(text: &str, language: Option<Language>) -> Option<String> {
    let phrases = stopwords::phrases_of(language?);
    if phrases.is_empty() {
        return None;
    }
    let cut = phrases.iter().fold(text.to_owned(), |text, phrase| text.replace(phrase, " "));
    let left = cut.chars().any(char::is_alphanumeric);
    left.then_some(cut)
}

#[cfg(test)]
#[path = "analysis_tests.rs"]
mod tests;
