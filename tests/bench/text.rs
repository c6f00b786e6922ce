//! Memories and questions made of words, the same ones every time.
//!
//! Words follow Zipf's law, half of them English and half invented, so that postings are as
//! uneven as in real texts.

use serde_json::{Value, json};

const COMMON: &str = "the of and a to in he was that it his with as had for on at by from not she \
    her they we you which were be have this are but one all when there been their him would who \
    out up what so about if into them could than time then now some only my our over very down \
    after other day man before two old years little house way back long did three where here \
    made work first good night home father mother again life people because still school world \
    children through left found young place went thought told river garden summer winter train \
    kitchen letter brother sister friend church village street window bread coffee music song \
    piano violin market factory harvest war ship harbour sea mountain forest snow rain bicycle \
    horse dog cat wedding birthday funeral doctor teacher baker soldier sailor nurse radio \
    photograph book story money ticket journey holiday island bridge station farm field apple \
    pear plum cherry honey soup cake wine tea fire lamp clock coat hat shoes ring box key";
const NAMES: &str = "Anna Bruno Clara David Elsa Felix Greta Hugo Ida Jonas Klara Leo Marta Nina \
    Oskar Paula Rosa Simon Tilda Viktor Wanda Yusuf Zora Agnes Boris Celia Dario Edith Franz Gilda";
const SYLLABLES: [&str; 24] = [
    "ba", "bel", "cor", "da", "den", "fal", "gri", "ha", "hol", "jun", "ka", "lor", "mar", "mi",
    "nor", "pel", "ra", "ros", "sta", "ti", "tor", "ul", "ven", "wick",
];
const INVENTED: u64 = 30_000;

/// Makes texts.
pub struct Writer(u64);

impl Writer {
    /// The same seed, the same texts.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Small numbers are much likelier than large ones.
    fn skewed(&mut self, limit: u64) -> u64 {
        let share = self.next() as f64 / u64::MAX as f64;
        ((limit as f64).powf(share) - 1.0) as u64
    }

    fn word(&mut self) -> String {
        let common: Vec<&str> = COMMON.split_whitespace().collect();
        if self.below(2) == 0 {
            return common[self.skewed(common.len() as u64) as usize].to_owned();
        }
        let mut number = self.skewed(INVENTED) + 24;
        let mut word = String::new();
        while number > 0 {
            word.push_str(SYLLABLES[(number % 24) as usize]);
            number /= 24;
        }
        word
    }

    fn name(&mut self) -> &'static str {
        let place = self.below(30) as usize;
        NAMES.split_whitespace().nth(place).unwrap_or("Anna")
    }

    fn words(&mut self, count: u64) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// A memory of one to three sentences, some 30 words.
    pub fn memory(&mut self) -> Value {
        let sentences = 1 + self.below(3);
        let text: Vec<String> = (0..sentences)
            .map(|_| {
                let count = 8 + self.below(14);
                format!("{} {}.", self.name(), self.words(count))
            })
            .collect();
        let (year, month) = (1930 + self.below(90), 1 + self.below(12));
        json!({"content": text.join(" "), "occurred_at": format!("{year}-{month:02}")})
    }

    /// So many memories.
    pub fn memories(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.memory()).collect()
    }

    /// A question about the memory that would be next: some eight words of it.
    pub fn question(&mut self) -> String {
        let memory = self.memory();
        let text = memory["content"].as_str().unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().take(8).collect();
        format!("When did {}?", words.join(" "))
    }
}

/// For a query string.
pub fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
