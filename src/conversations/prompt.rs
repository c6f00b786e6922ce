//! The prompt, built in one place from typed parts. Pure.
//!
//! The system message holds the persona and the rules; it changes rarely, so servers can keep it
//! computed. The last turn holds what was found, as data between fences that nobody can guess,
//! then what the data must not do, then the question. Whatever comes from people is rid of
//! invisible characters and of everything that looks like a fence or a turn of the model.

mod rules;
mod untrusted;

use std::fmt::Write as _;

use self::untrusted::{attribute, tame};
use super::citations::without_marks;
use crate::clones::{Grounding, Profile, Subject};
use crate::providers::{Prompt, PromptPassage, Role, Speaker, Turn};

/// Most passages in a prompt, and most characters of each.
const PASSAGES_MOST: usize = 32;
const PASSAGE_CHARS_MOST: usize = 4_000;
/// Most characters of the summary of what fell out of the window.
const SUMMARY_CHARS_MOST: usize = 4_000;

/// Everything a prompt is made of.
pub struct PromptParts<'a> {
    /// Who answers.
    pub persona: &'a Profile,
    /// How far the answer may go beyond the passages.
    pub grounding: Grounding,
    /// What was found, best first.
    pub passages: &'a [PromptPassage],
    /// The conversation before the question, oldest first; the newest of it that fits is used.
    pub window: &'a [Turn],
    /// What was said before that, in short.
    pub summary: Option<&'a str>,
    /// The question.
    pub question: &'a str,
    /// The name of who asks.
    pub asker: &'a str,
    /// Whether they may add memories.
    pub may_add: bool,
    /// BCP 47 tag of the language to answer in when the question does not tell.
    pub language: &'a str,
    /// The current date where the asker is, in words.
    pub today: &'a str,
    /// Marks what is data in this prompt.
    pub fence: Fence,
    /// How long the prompt may become.
    pub budget: Budget<'a>,
}

/// A word that nobody who writes a memory can know.
#[derive(Clone, Debug)]
pub struct Fence(String);

/// How many tokens a prompt may have.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// The most, the answer not included.
    pub tokens: usize,
    /// How many tokens a text has.
    pub count: &'a dyn Fn(&str) -> usize,
}

/// About how many tokens a text has, when nobody knows the model's: four bytes each, which is
/// near for Latin script and generous for the others.
pub fn estimate_tokens(text: &str) -> usize {
    text.len().div_ceil(4)
}

impl Fence {
    /// A fence from random bytes, which must be fresh for each prompt.
    pub fn new(random: [u8; 8]) -> Self {
        Self(format!("{:016x}", u64::from_be_bytes(random)))
    }
}

/// Builds the prompt.
pub fn build(parts: &PromptParts<'_>) -> Prompt {
    let system = system(parts);
    let question = question(parts);
    let count = parts.budget.count;
    let fixed = count(&system) + count(&question) + count(&wrapped(parts, ""));
    let left = parts.budget.tokens.saturating_sub(fixed);
    // Passages come first, but a conversation without its last words makes no sense.
    let found = passages(parts, left - left / 3);
    let left = left.saturating_sub(count(&found));
    let mut turns = Vec::new();
    for turn in window(parts, left) {
        say(&mut turns, turn);
    }
    let last = format!("{}\n\n{question}", wrapped(parts, &found));
    say(&mut turns, Turn { role: Role::User, text: last });
    Prompt { system, turns }
}

fn system(parts: &PromptParts<'_>) -> String {
    let profile = parts.persona;
    let name = attribute(&profile.name, &parts.fence);
    let mut system = rules::who(profile.subject, &name);
    let mut facts = String::new();
    let mut fact = |label: &str, value: &str| {
        if !value.is_empty() {
            // A String takes everything.
            let _ = write!(facts, "\n- {label}: {value}");
        }
    };
    let line = |text: &str| attribute(text, &parts.fence);
    let relationship = profile.relationship.as_deref().map(line).unwrap_or_default();
    fact("To the person who keeps this clone", &relationship);
    fact("Born", &profile.born.as_ref().map(|date| date.words("en")).unwrap_or_default());
    if profile.subject != Subject::Oneself {
        fact("Died", &profile.died.as_ref().map(|date| date.words("en")).unwrap_or_default());
    }
    let traits: Vec<String> = profile.traits.iter().map(|label| line(label)).collect();
    fact("Character", &traits.join(", "));
    fact("Language", &profile.language.as_deref().map(line).unwrap_or_default());
    section(&mut system, &format!("Who {name} is"), &facts);
    let told = [
        ("Life", profile.biography.as_deref()),
        ("Way of talking", profile.style.as_deref()),
        ("Wishes of those who keep this clone", profile.instructions.as_deref()),
    ];
    for (title, text) in told {
        let text = tame(text.unwrap_or_default().trim(), &parts.fence);
        section(&mut system, title, &text);
    }
    section(&mut system, "Rules", &rules::rules(parts.grounding, &name, parts.may_add));
    let asker = line(parts.asker);
    let language = line(parts.language);
    let today = line(parts.today);
    section(&mut system, "Now", &rules::now(&asker, &language, &today));
    system
}

fn section(system: &mut String, title: &str, text: &str) {
    if !text.is_empty() {
        let _ = write!(system, "\n\n# {title}\n{}", text.trim_start_matches('\n'));
    }
}

/// The passages that fit, each between its own fences.
fn passages(parts: &PromptParts<'_>, most: usize) -> String {
    let mut found = String::new();
    let mut left = most;
    for passage in parts.passages.iter().take(PASSAGES_MOST) {
        let one = one_passage(passage, parts);
        let cost = (parts.budget.count)(&one);
        // The best passage is worth an overdraft; without it there is nothing to answer from.
        if cost > left && !found.is_empty() {
            break;
        }
        left = left.saturating_sub(cost);
        found.push_str(&one);
    }
    found
}

fn one_passage(passage: &PromptPassage, parts: &PromptParts<'_>) -> String {
    let fence = &parts.fence;
    let mut one = format!("<passage-{} n=\"{}\"", fence.0, passage.n);
    let when = passage.when.as_ref().map(|when| when.words(parts.language));
    let speaker = match &passage.speaker {
        Speaker::Subject => Some(parts.persona.name.to_string()),
        Speaker::Other(name) => Some(name.clone()),
        Speaker::Unknown => None,
    };
    let known = [
        ("title", passage.title.as_deref()),
        ("when", when.as_deref()),
        ("told-by", speaker.as_deref()),
    ];
    for (label, value) in known {
        let value = attribute(value.unwrap_or_default(), fence);
        if !value.is_empty() {
            let _ = write!(one, " {label}=\"{value}\"");
        }
    }
    let text = tame(shortened(passage.text.trim(), PASSAGE_CHARS_MOST), fence);
    let _ = write!(one, ">\n{text}\n</passage-{}>\n", fence.0);
    one
}

/// The data of the last turn, with what it is before it and what it must not do after it.
fn wrapped(parts: &PromptParts<'_>, found: &str) -> String {
    let mut wrapped = String::new();
    let fence = &parts.fence.0;
    if let Some(summary) = parts.summary.map(str::trim).filter(|summary| !summary.is_empty()) {
        let summary = tame(shortened(summary, SUMMARY_CHARS_MOST), &parts.fence);
        let _ = write!(
            wrapped,
            "{}\n<summary-{fence}>\n{summary}\n</summary-{fence}>\n\n",
            rules::SUMMARY_FOLLOWS
        );
    }
    if parts.passages.is_empty() {
        wrapped.push_str(rules::NOTHING_FOUND);
    } else {
        let _ = write!(
            wrapped,
            "{}\n<passages-{fence}>\n{found}</passages-{fence}>\n{}",
            rules::PASSAGES_FOLLOW,
            rules::PASSAGES_END
        );
    }
    let _ = write!(wrapped, "\n{}", rules::reminder(parts.grounding));
    wrapped
}

fn question(parts: &PromptParts<'_>) -> String {
    let asker = attribute(parts.asker, &parts.fence);
    let question = tame(parts.question.trim(), &parts.fence);
    if asker.is_empty() {
        return format!("The question:\n{question}");
    }
    format!("The question of {asker}:\n{question}")
}

/// The newest turns that fit, beginning with one of the asker.
fn window(parts: &PromptParts<'_>, most: usize) -> Vec<Turn> {
    let mut left = most;
    let mut newest: Vec<Turn> = Vec::new();
    for turn in parts.window.iter().rev() {
        let text = tame(turn.text.trim(), &parts.fence);
        let text = match turn.role {
            // The numbers of an earlier answer mean nothing beside other passages.
            Role::Assistant => without_marks(&text),
            Role::User => text,
        };
        let Some(rest) = left.checked_sub((parts.budget.count)(&text)) else { break };
        left = rest;
        newest.push(Turn { role: turn.role, text });
    }
    while newest.last().is_some_and(|turn| turn.role == Role::Assistant) {
        newest.pop();
    }
    newest.reverse();
    newest
}

/// Adds a turn; many models insist that the two sides alternate.
fn say(turns: &mut Vec<Turn>, turn: Turn) {
    match turns.last_mut() {
        _ if turn.text.is_empty() => (),
        Some(last) if last.role == turn.role => {
            last.text.push_str("\n\n");
            last.text.push_str(&turn.text);
        }
        _ => turns.push(turn),
    }
}

fn shortened(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests;
