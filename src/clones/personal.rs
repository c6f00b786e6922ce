//! What this slice keeps of people.

use serde_json::json;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::access::Role;
use crate::jobs::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use crate::kernel::{AccountId, CloneId, SpaceId, Timestamp};
use crate::spaces;
use crate::store::{Direction, Range, ReadTx, Rows, StoreError, WriteTx};

use super::standing::rows as said;
use super::{CloneEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("clones", How::Given("clones")),
    kept("clones_in_space", How::Leads("clones")),
    kept("clone_settings", How::Given("clone_settings")),
    kept("clone_counts", How::Derived),
    kept("clone_declarations", How::Given("clone_declarations")),
    kept("clone_objections", How::Given("clone_objections")),
    kept("subject_answers", How::Common("what the person whom a clone is of said; it is theirs")),
    kept("subject_links", How::Secret),
    kept("subject_links_by_token", How::Secret),
];

const CLONES: Record = Record {
    name: "clones",
    meaning: "Clones that the account made, or that live in its own space.",
    fields: &[
        plain("id", Is::Id),
        plain("space_id", Is::Id),
        personal("name", Is::Text),
        personal("description", Is::Text),
        personal("subject", Is::Text),
        personal("relationship", Is::Text),
        personal("biography", Is::Text),
        personal("born", Is::Text),
        personal("died", Is::Text),
        personal("language", Is::Text),
        personal("traits", Is::List),
        personal("style", Is::Text),
        personal("greeting", Is::Text),
        personal("instructions", Is::Text),
        personal("tags", Is::List),
        personal("category", Is::Text),
        personal("visibility", Is::Text),
        personal("created_at", Is::Time),
        personal("updated_at", Is::Time),
        personal("deleted_at", Is::Time),
        personal("life", Is::Text),
        personal("life_since", Is::Time),
        personal("farewell", Is::Text),
    ],
    withheld: &["space", "created_by", "version", "ground", "objected"],
    unfolded: &[],
    given: clones,
};

const SETTINGS: Record = Record {
    name: "clone_settings",
    meaning: "How these clones answer.",
    fields: &[
        plain("clone_id", Is::Id),
        personal("llm_provider", Is::Text),
        personal("llm_model", Is::Text),
        personal("temperature", Is::Number),
        personal("max_tokens", Is::Number),
        personal("top_p", Is::Number),
        personal("embedding_provider", Is::Text),
        personal("embedding_model", Is::Text),
        personal("tts_provider", Is::Text),
        personal("tts_voice", Is::Text),
        personal("tts_speed", Is::Number),
        personal("grounding", Is::Text),
        personal("top_k", Is::Number),
        personal("min_score", Is::Number),
        plain("contributions", Is::Text),
    ],
    withheld: &[],
    unfolded: &[],
    given: settings,
};

const DECLARATIONS: Record = Record {
    name: "clone_declarations",
    meaning: "What the account declared of clones: whom they are of, and on whose word.",
    fields: &[
        plain("clone_id", Is::Id),
        plain("number", Is::Number),
        personal("subject", Is::Text),
        personal("at", Is::Time),
        plain("version", Is::Text),
        plain("locale", Is::Text),
        plain("text", Is::Text),
        plain("sha256", Is::Text),
        personal("relation", Is::Text),
        personal("own_words", Is::Text),
    ],
    withheld: &["by"],
    unfolded: &[],
    given: declarations,
};

const OBJECTIONS: Record = Record {
    name: "clone_objections",
    meaning: "Clones to which the account objects.",
    fields: &[
        plain("clone_id", Is::Id),
        plain("id", Is::Id),
        personal("at", Is::Time),
        personal("relation", Is::Text),
        personal("own_words", Is::Text),
    ],
    withheld: &["by"],
    unfolded: &[],
    given: objections,
};

impl PrivacyProvider for CloneEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[CLONES, SETTINGS, DECLARATIONS, OBJECTIONS] }
    }
}

fn each_own(
    tx: &ReadTx,
    account: AccountId,
    mut visit: impl FnMut(CloneId, rows::PersonaRow) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let own_space = spaces::personal_in(tx, account)?;
    tx.scan(&rows::PERSONAS, &Range::all(), Direction::Up, |id, row| {
        if row.created_by == account || Some(row.space) == own_space {
            visit(id, row)?;
        }
        Ok::<_, ExportError>(ControlFlow::Continue(()))
    })
}

fn clones(to: &mut Giving<'_>) -> Result<(), ExportError> {
    each_own(to.tx, to.account, |id, row| {
        let named = vec![("id", json!(id)), ("space_id", json!(row.space))];
        to.give(&row, named)
    })
}

fn settings(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let tx = to.tx;
    each_own(tx, to.account, |id, _| match tx.get(&rows::SETTINGS, &id)? {
        Some(row) => to.give(&row, vec![("clone_id", json!(id))]),
        None => Ok(()),
    })
}

fn declarations(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named = |(clone, number): &(CloneId, _)| {
        vec![("clone_id", json!(clone)), ("number", json!(number))]
    };
    to.wanted(&said::DECLARATIONS, |_, row| row.by == account, named)
}

fn objections(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named = |(clone, id): &(CloneId, _)| vec![("clone_id", json!(clone)), ("id", json!(id))];
    to.wanted(&said::OBJECTIONS, |_, row| row.by == account, named)
}

/// Takes in a clone.
///
/// # Errors
/// When it is not what it must be, is here already as somebody else's, or the store fails.
pub fn import_in(tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ImportError> {
    let (id, space): (CloneId, SpaceId) = (line.field("id")?, line.field("space_id")?);
    let space = owned(tx, to, space)?;
    // What was agreed to elsewhere is not agreed to here.
    let known = vec![
        ("space", json!(space)),
        ("created_by", json!(to.account)),
        ("version", json!(1)),
        ("ground", json!("unsaid")),
    ];
    let row: rows::PersonaRow = line.row(known, None)?;
    if tx.get(&rows::PERSONAS, &id)?.is_some_and(|there| there.created_by != to.account) {
        return Err(line.taken());
    }
    tx.put(&rows::PERSONAS, &id, &row)?;
    Ok(tx.put(&rows::IN_SPACE, &(space, id), &())?)
}

/// Takes in how a clone answers.
///
/// # Errors
/// When it is not what it must be, its clone is not the account's, or the store fails.
pub fn import_settings_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
) -> Result<(), ImportError> {
    let id: CloneId = line.field("clone_id")?;
    require_own(tx, to, line, id)?;
    let row: rows::SettingsRow = line.row(vec![], None)?;
    Ok(tx.put(&rows::SETTINGS, &id, &row)?)
}

/// Makes room for what was written in a clone of somebody else's: a clone of that name, if there
/// is none with its identifier.
///
/// # Errors
/// When it is not what it must be, or the store fails.
pub fn import_other_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
    now: Timestamp,
) -> Result<(), ImportError> {
    let (id, space): (CloneId, SpaceId) = (line.field("id")?, line.field("space_id")?);
    if tx.get(&rows::PERSONAS, &id)?.is_some() {
        return require_own(tx, to, line, id);
    }
    let space = owned(tx, to, space)?;
    let known = vec![
        ("space", json!(space)),
        ("created_by", json!(to.account)),
        ("traits", json!([])),
        ("tags", json!([])),
        ("visibility", json!("private")),
        ("created_at", json!(now)),
        ("updated_at", json!(now)),
        ("version", json!(1)),
        ("ground", json!("unsaid")),
    ];
    let row: rows::PersonaRow = line.row(known, None)?;
    tx.put(&rows::PERSONAS, &id, &row)?;
    Ok(tx.put(&rows::IN_SPACE, &(space, id), &())?)
}

/// Fails unless a clone was made by the account: nothing is put below anybody else's.
///
/// # Errors
/// When it is not, or the store fails.
pub fn require_own(
    tx: &WriteTx<'_>,
    to: &Arrival,
    line: &Line,
    id: CloneId,
) -> Result<(), ImportError> {
    match tx.get(&rows::PERSONAS, &id)? {
        Some(there) if there.created_by == to.account => Ok(()),
        Some(_) => Err(line.taken()),
        None => Err(line.wrong("belongs to a clone that is not there")),
    }
}

/// Whether an account has made clones with other identifiers than these.
///
/// # Errors
/// When the store fails.
pub fn has_others(
    tx: &impl Rows,
    account: AccountId,
    known: &BTreeSet<CloneId>,
) -> Result<bool, StoreError> {
    let mut others = false;
    tx.scan(&rows::PERSONAS, &Range::all(), Direction::Up, |id, row| {
        others |= row.created_by == account && !known.contains(&id);
        let enough = if others { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        Ok::<_, StoreError>(enough)
    })?;
    Ok(others)
}

/// The space that now stands where one stood, if the account owns it; else its personal one.
fn owned(tx: &WriteTx<'_>, to: &Arrival, space: SpaceId) -> Result<SpaceId, StoreError> {
    let space = to.space(space);
    let owns = spaces::role_in(tx, to.account, space)? == Some(Role::Owner);
    Ok(if owns { space } else { to.space })
}
