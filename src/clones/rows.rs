//! How clones are stored.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::access::{Role, Visibility, may_read_memory};
use crate::accounts::Hidden;
use crate::kernel::{AccountId, CloneId, FuzzyDate, SpaceId, Text, Timestamp};
use crate::seal::Owner;
use crate::store::{Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::standing::rows as said;
use super::{
    Contributions, Counts, Farewell, Ground, Grounding, Label, Life, Persona, Profile, Reach,
    Settings, Standing, Subject, Tally,
};

pub(super) const PERSONAS: Table<CloneId, PersonaRow> = Table::new("clones", Holds::Clone);
pub(super) const IN_SPACE: Table<(SpaceId, CloneId), ()> =
    Table::new("clones_in_space", Holds::Clone);
pub(super) const SETTINGS: Table<CloneId, SettingsRow> = Table::new("clone_settings", Holds::Clone);
/// How many things of a kind an account has put below a clone, by their visibility.
pub(super) const COUNTS: Table<(CloneId, u8, (u8, AccountId)), u64> =
    Table::new("clone_counts", Holds::Clone);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    PERSONAS.info(),
    IN_SPACE.info(),
    SETTINGS.info(),
    COUNTS.info(),
    said::DECLARATIONS.info(),
    said::OBJECTIONS.info(),
    said::ANSWERS.info(),
    said::LINKS.info(),
    said::BY_TOKEN.info(),
];

#[derive(Serialize, Deserialize)]
pub(super) struct PersonaRow {
    pub(super) space: SpaceId,
    pub(super) created_by: AccountId,
    name: Text<1, 200>,
    description: Option<Text<0, 2_000>>,
    pub(super) subject: Subject,
    relationship: Option<Text<0, 200>>,
    biography: Option<Text<0, 20_000>>,
    born: Option<FuzzyDate>,
    died: Option<FuzzyDate>,
    language: Option<Text<1, 35>>,
    traits: Vec<Label>,
    style: Option<Text<0, 5_000>>,
    greeting: Option<Text<0, 2_000>>,
    instructions: Option<Text<0, 10_000>>,
    tags: Vec<Label>,
    category: Option<Text<0, 100>>,
    visibility: Reach,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
    deleted_at: Option<Timestamp>,
    #[serde(default)]
    ground: Ground,
    #[serde(default)]
    life: Life,
    #[serde(default)]
    life_since: Option<Timestamp>,
    #[serde(default)]
    farewell: Option<Farewell>,
    #[serde(default)]
    objected: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SettingsRow {
    llm_provider: Option<Text<1, 100>>,
    llm_model: Option<Text<1, 200>>,
    temperature: Option<f32>,
    max_tokens: Option<u32>,
    top_p: Option<f32>,
    embedding_provider: Option<Text<1, 100>>,
    embedding_model: Option<Text<1, 200>>,
    tts_provider: Option<Text<1, 100>>,
    tts_voice: Option<Text<1, 200>>,
    tts_speed: Option<f32>,
    grounding: Option<Grounding>,
    top_k: Option<u32>,
    min_score: Option<f32>,
    #[serde(default)]
    contributions: Option<Contributions>,
}

impl Row<CloneId> for PersonaRow {
    fn owner(&self, clone: &CloneId) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<CloneId> for SettingsRow {
    fn owner(&self, clone: &CloneId) -> Owner {
        Owner::Clone(*clone)
    }
}

impl From<&Persona> for PersonaRow {
    fn from(persona: &Persona) -> Self {
        let profile = persona.profile.clone();
        Self {
            space: persona.space,
            created_by: persona.created_by,
            name: profile.name,
            description: profile.description,
            subject: profile.subject,
            relationship: profile.relationship,
            biography: profile.biography,
            born: profile.born,
            died: profile.died,
            language: profile.language,
            traits: profile.traits,
            style: profile.style,
            greeting: profile.greeting,
            instructions: profile.instructions,
            tags: profile.tags,
            category: profile.category,
            visibility: profile.visibility,
            created_at: persona.created_at,
            updated_at: persona.updated_at,
            version: persona.version,
            deleted_at: persona.deleted_at,
            ground: persona.standing.ground,
            life: persona.standing.life,
            life_since: persona.standing.since,
            farewell: persona.standing.farewell.clone(),
            objected: persona.standing.objected,
        }
    }
}

impl PersonaRow {
    pub(super) fn persona(self, id: CloneId) -> Persona {
        Persona {
            id,
            space: self.space,
            created_by: self.created_by,
            profile: Profile {
                name: self.name,
                description: self.description,
                subject: self.subject,
                relationship: self.relationship,
                biography: self.biography,
                born: self.born,
                died: self.died,
                language: self.language,
                traits: self.traits,
                style: self.style,
                greeting: self.greeting,
                instructions: self.instructions,
                tags: self.tags,
                category: self.category,
                visibility: self.visibility,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            standing: Standing {
                ground: self.ground,
                life: self.life,
                since: self.life_since,
                farewell: self.farewell,
                objected: self.objected,
            },
            deleted_at: self.deleted_at,
        }
    }
}

pub(super) fn persona(tx: &impl Rows, id: CloneId) -> Result<Option<Persona>, StoreError> {
    Ok(tx.get(&PERSONAS, &id)?.map(|row| row.persona(id)))
}

/// The clone with an id or, found with the same effort, another near it in order; nothing only
/// if there are no clones at all.
pub(super) fn at_or_near(tx: &impl Rows, id: CloneId) -> Result<Option<Persona>, StoreError> {
    let first = |range: &Range, direction| {
        let mut found = None;
        tx.scan(&PERSONAS, range, direction, |id, row| {
            found = Some(row.persona(id));
            Ok::<_, StoreError>(ControlFlow::Break(()))
        })?;
        Ok::<_, StoreError>(found)
    };
    match first(&Range::up_to(&id), Direction::Down)? {
        Some(found) => Ok(Some(found)),
        None => first(&Range::all(), Direction::Up),
    }
}

pub(super) fn in_space(tx: &impl Rows, space: SpaceId) -> Result<Vec<Persona>, StoreError> {
    let mut personas = Vec::new();
    for (_, id) in tx.keys::<(SpaceId, CloneId), ()>(&IN_SPACE, &Range::prefix(&space))? {
        personas.extend(persona(tx, id)?);
    }
    Ok(personas)
}

pub(super) fn put_in(tx: &mut WriteTx<'_>, persona: &Persona) -> Result<(), StoreError> {
    tx.put(&PERSONAS, &persona.id, &PersonaRow::from(persona))?;
    tx.put(&IN_SPACE, &(persona.space, persona.id), &())
}

pub(super) fn leave_space_in(tx: &mut WriteTx<'_>, space: SpaceId, id: CloneId) {
    tx.remove(&IN_SPACE, &(space, id));
}

pub(super) fn settings(tx: &impl Rows, id: CloneId) -> Result<Settings, StoreError> {
    let Some(row) = tx.get(&SETTINGS, &id)? else {
        return Ok(Settings::default());
    };
    Ok(Settings {
        llm_provider: row.llm_provider,
        llm_model: row.llm_model,
        temperature: row.temperature,
        max_tokens: row.max_tokens,
        top_p: row.top_p,
        embedding_provider: row.embedding_provider,
        embedding_model: row.embedding_model,
        tts_provider: row.tts_provider,
        tts_voice: row.tts_voice,
        tts_speed: row.tts_speed,
        grounding: row.grounding,
        top_k: row.top_k,
        min_score: row.min_score,
        contributions: row.contributions,
    })
}

pub(super) fn put_settings_in(
    tx: &mut WriteTx<'_>,
    id: CloneId,
    settings: &Settings,
) -> Result<(), StoreError> {
    let settings = settings.clone();
    let row = SettingsRow {
        llm_provider: settings.llm_provider,
        llm_model: settings.llm_model,
        temperature: settings.temperature,
        max_tokens: settings.max_tokens,
        top_p: settings.top_p,
        embedding_provider: settings.embedding_provider,
        embedding_model: settings.embedding_model,
        tts_provider: settings.tts_provider,
        tts_voice: settings.tts_voice,
        tts_speed: settings.tts_speed,
        grounding: settings.grounding,
        top_k: settings.top_k,
        min_score: settings.min_score,
        contributions: settings.contributions,
    };
    tx.put(&SETTINGS, &id, &row)
}

/// What can be counted below a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A memory with its visibility.
    Memory(Visibility),
    /// A person.
    Person,
    /// A conversation; private to its holder.
    Conversation,
}

impl Counted {
    pub(super) fn kind(self) -> u8 {
        match self {
            Self::Memory(_) => 0,
            Self::Person => 1,
            Self::Conversation => 2,
        }
    }

    fn visibility(self) -> Visibility {
        match self {
            Self::Memory(visibility) => visibility,
            Self::Person => Visibility::Space,
            Self::Conversation => Visibility::Author,
        }
    }
}

const VISIBILITIES: [Visibility; 3] = [Visibility::Author, Visibility::Stewards, Visibility::Space];

fn number(visibility: Visibility) -> u8 {
    match visibility {
        Visibility::Author => 0,
        Visibility::Stewards => 1,
        Visibility::Space => 2,
    }
}

/// Where it is counted what an account has put below a clone.
pub(super) fn key_of(
    clone: CloneId,
    author: AccountId,
    what: Counted,
) -> (CloneId, u8, (u8, AccountId)) {
    (clone, what.kind(), (number(what.visibility()), author))
}

/// Adds to (or takes from) what an account has put below a clone.
///
/// # Errors
/// When the store fails.
pub fn count_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    author: AccountId,
    what: Counted,
    by: i64,
) -> Result<(), StoreError> {
    let key = key_of(clone, author, what);
    let count = tx.get(&COUNTS, &key)?.unwrap_or(0).saturating_add_signed(by);
    tx.put(&COUNTS, &key, &count)
}

pub(super) fn counts(
    tx: &impl Rows,
    clone: CloneId,
    account: AccountId,
    role: Role,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let hidden = Hidden::of(tx)?;
    for ((_, kind, (visibility, author)), count) in tx.list(&COUNTS, &Range::prefix(&clone))? {
        let visibility = VISIBILITIES.into_iter().find(|v| number(*v) == visibility);
        let readable = visibility.is_some_and(|v| may_read_memory(role, author == account, v));
        if !readable || hidden.since(author).is_some() {
            continue;
        }
        match kind {
            0 => counts.memories += count,
            1 => counts.people += count,
            _ => counts.conversations += count,
        }
    }
    Ok(counts)
}

/// What each account has made: clones that are not in the trash, and what it put below any.
///
/// # Errors
/// When the store fails.
pub fn tallies(tx: &impl Rows) -> Result<HashMap<AccountId, Tally>, StoreError> {
    let mut tallies: HashMap<AccountId, Tally> = HashMap::new();
    tx.scan(&PERSONAS, &Range::all(), Direction::Up, |_, row| {
        if row.deleted_at.is_none() {
            tallies.entry(row.created_by).or_default().clones += 1;
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    tx.scan(&COUNTS, &Range::all(), Direction::Up, |(_, kind, (_, author)), count| {
        let tally = tallies.entry(author).or_default();
        match kind {
            0 => tally.memories += count,
            2 => tally.conversations += count,
            _ => {}
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(tallies)
}
