//! What a memory is, and what a person in memories is.

use serde::{Deserialize, Serialize};

use super::Waiting;
use crate::access::Visibility;
use crate::kernel::{AccountId, Change, CloneId, FuzzyDate, MemoryId, PersonId, Text, Timestamp};

/// What kind of memory it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryType {
    /// Something that happened, told.
    #[default]
    Story,
    /// Something that is so.
    Fact,
    /// Words as they were said.
    Quote,
    /// Something that took place.
    Event,
    /// What somebody likes or does not.
    Preference,
    /// Something written to somebody.
    Letter,
    /// How people are to each other.
    Relationship,
}

/// The name of a person or place, a tag, a speaker.
pub type Name = Text<1, 200>;

/// Small structured facts that a program keeps with a memory; at most 16 KiB as JSON.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// What a memory says. Everything but the text may be absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The text itself, as told.
    pub text: Text<1, 50_000>,
    /// A title.
    pub title: Option<Text<0, 300>>,
    /// What kind of memory it is.
    pub kind: MemoryType,
    /// When it happened.
    pub occurred_at: Option<FuzzyDate>,
    /// When it happened, in the words that were used.
    pub occurred_text: Option<Text<1, 200>>,
    /// Where.
    pub place: Option<Name>,
    /// Who occurs in it.
    pub people: Vec<Name>,
    /// Labels to find it by.
    pub tags: Vec<Name>,
    /// Who may read it.
    pub visibility: Visibility,
    /// The name that another program knows it by; unique in its clone.
    pub external_id: Option<Text<1, 200>>,
    /// What another program keeps with it.
    pub metadata: Metadata,
    /// Where it comes from.
    pub source: Option<Text<1, 300>>,
    /// Who says it.
    pub speaker: Option<Name>,
    /// Which sequence it belongs to, for instance one session of a chat.
    pub thread: Option<Text<1, 200>>,
    /// Its number in that sequence.
    pub sequence: Option<i64>,
}

/// A partial update of a memory.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is described where the content is")]
pub struct ContentChange {
    pub text: Option<Text<1, 50_000>>,
    pub title: Change<Text<0, 300>>,
    pub kind: Option<MemoryType>,
    pub occurred_at: Change<FuzzyDate>,
    pub occurred_text: Change<Text<1, 200>>,
    pub place: Change<Name>,
    pub people: Change<Vec<Name>>,
    pub tags: Change<Vec<Name>>,
    pub visibility: Option<Visibility>,
    pub external_id: Change<Text<1, 200>>,
    pub metadata: Change<Metadata>,
    pub source: Change<Text<1, 300>>,
    pub speaker: Change<Name>,
    pub thread: Change<Text<1, 200>>,
    pub sequence: Change<i64>,
}

impl ContentChange {
    /// Carries the update out.
    pub fn apply(self, content: &mut Content) {
        if let Some(text) = self.text {
            content.text = text;
        }
        if let Some(kind) = self.kind {
            content.kind = kind;
        }
        if let Some(visibility) = self.visibility {
            content.visibility = visibility;
        }
        self.title.apply(&mut content.title);
        self.occurred_at.apply(&mut content.occurred_at);
        self.occurred_text.apply(&mut content.occurred_text);
        self.place.apply(&mut content.place);
        self.people.apply_or_default(&mut content.people);
        self.tags.apply_or_default(&mut content.tags);
        self.external_id.apply(&mut content.external_id);
        self.metadata.apply_or_default(&mut content.metadata);
        self.source.apply(&mut content.source);
        self.speaker.apply(&mut content.speaker);
        self.thread.apply(&mut content.thread);
        self.sequence.apply(&mut content.sequence);
    }
}

/// One thing remembered.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Its identifier.
    pub id: MemoryId,
    /// Whose memory it is.
    pub clone: CloneId,
    /// Who wrote it down.
    pub author: AccountId,
    /// What it says.
    pub content: Content,
    /// Counts its changes, from 1.
    pub revision: u32,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was put into the trash.
    pub deleted_at: Option<Timestamp>,
    /// What of it nobody has let in yet.
    pub waiting: Option<Waiting>,
    /// Files that its author sent then or later are not for who sees it.
    pub files_until: Option<Timestamp>,
}

/// What a memory said before.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u32,
    /// What it said.
    pub content: Content,
    /// When this was written.
    pub changed_at: Timestamp,
    /// Who wrote this.
    pub changed_by: AccountId,
}

/// Which memories a list or a search is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Words that must all occur in text or title.
    pub words: Vec<String>,
    /// Only this kind.
    pub kind: Option<MemoryType>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only with this person.
    pub person: Option<String>,
    /// Only from this place.
    pub place: Option<String>,
    /// Only from this source.
    pub source: Option<String>,
    /// Only by this author.
    pub author: Option<AccountId>,
    /// Only what may have happened then or later.
    pub from: Option<FuzzyDate>,
    /// Only what may have happened then or earlier.
    pub to: Option<FuzzyDate>,
}

impl Filter {
    /// Whether a memory is one that is asked for.
    pub fn admits(&self, memory: &Memory) -> bool {
        let content = &memory.content;
        let same = |wanted: &Option<String>, given: Option<&str>| {
            wanted.as_ref().is_none_or(|w| given.is_some_and(|g| fold(g) == fold(w)))
        };
        let among = |wanted: &Option<String>, given: &[Name]| {
            wanted.as_ref().is_none_or(|w| given.iter().any(|g| fold(g) == fold(w)))
        };
        self.kind.is_none_or(|kind| kind == content.kind)
            && self.author.is_none_or(|author| author == memory.author)
            && among(&self.tag, &content.tags)
            && among(&self.person, &content.people)
            && same(&self.place, content.place.as_deref())
            && same(&self.source, content.source.as_deref())
            && self.admits_date(content.occurred_at.as_ref())
            && self.admits_words(content)
    }

    fn admits_date(&self, date: Option<&FuzzyDate>) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let Some(date) = date else {
            return false;
        };
        self.from.as_ref().is_none_or(|from| date.latest() >= from.earliest())
            && self.to.as_ref().is_none_or(|to| date.earliest() <= to.latest())
    }

    fn admits_words(&self, content: &Content) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let text = fold(&content.text);
        let title = content.title.as_deref().map(fold).unwrap_or_default();
        self.words.iter().all(|word| {
            let word = fold(word);
            text.contains(&word) || title.contains(&word)
        })
    }
}

/// The form in which names are the same: no case, one Unicode form, single spaces.
pub fn fold(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let folded: String = name.nfkc().flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page of a timeline, oldest first.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Memories with a date, by its earliest day.
    pub dated: crate::kernel::Page<Memory>,
    /// Memories without a date (on the last page, at most 200).
    pub undated: Vec<Memory>,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// How many were new.
    pub created: u32,
    /// How many were there and said something else.
    pub updated: u32,
    /// How many were there and said the same.
    pub unchanged: u32,
}

/// What is known of a person who occurs in memories.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The name that is shown.
    pub name: Name,
    /// Other names that mean the same person.
    pub aliases: Vec<Name>,
    /// What the person is to the subject of the clone.
    pub relation: Option<Text<0, 200>>,
    /// When the person was born.
    pub born: Option<FuzzyDate>,
    /// When the person died.
    pub died: Option<FuzzyDate>,
    /// Anything else.
    pub notes: Option<Text<0, 10_000>>,
}

/// A partial update of a person.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is described where the person is")]
pub struct DescriptionChange {
    pub name: Option<Name>,
    pub aliases: Change<Vec<Name>>,
    pub relation: Change<Text<0, 200>>,
    pub born: Change<FuzzyDate>,
    pub died: Change<FuzzyDate>,
    pub notes: Change<Text<0, 10_000>>,
}

impl DescriptionChange {
    /// Carries the update out.
    pub fn apply(self, description: &mut Description) {
        if let Some(name) = self.name {
            description.name = name;
        }
        self.aliases.apply_or_default(&mut description.aliases);
        self.relation.apply(&mut description.relation);
        self.born.apply(&mut description.born);
        self.died.apply(&mut description.died);
        self.notes.apply(&mut description.notes);
    }
}

/// A person who occurs in memories.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their identifier.
    pub id: PersonId,
    /// In whose memories they occur.
    pub clone: CloneId,
    /// Who added them.
    pub author: AccountId,
    /// What is known of them.
    pub description: Description,
    /// When they were added.
    pub created_at: Timestamp,
    /// When that last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
    /// When they were put into the trash.
    pub deleted_at: Option<Timestamp>,
}
