//! What this slice keeps of people.

use serde_json::json;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::access::Role;
use crate::jobs::personal::{
    Arrival, ExportError, How, ImportError, Is, Kept, Line, Out, PrivacyProvider, Record, kept,
    personal, plain,
};
use crate::kernel::{AccountId, CloneId, SpaceId, Timestamp};
use crate::spaces;
use crate::store::{Direction, Range, ReadTx, Rows, StoreError, WriteTx};

use super::{CloneEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("clones", How::Given("clones")),
    kept("clones_in_space", How::Leads("clones")),
    kept("clone_settings", How::Given("clone_settings")),
    kept("clone_counts", How::Derived),
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
    ],
    withheld: &["space", "created_by", "version"],
    unfolded: &[],
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
    ],
    withheld: &[],
    unfolded: &[],
};

/// What this slice hands out.
const RECORDS: &[Record] = &[CLONES, SETTINGS];

impl PrivacyProvider for CloneEraser {
    fn kept(&self) -> &'static [Kept] {
        KEPT
    }

    fn records(&self) -> &'static [Record] {
        RECORDS
    }

    fn export(
        &self,
        tx: &ReadTx,
        account: AccountId,
        record: &'static Record,
        out: &mut dyn Out,
    ) -> Result<(), ExportError> {
        let own_space = spaces::personal_in(tx, account)?;
        let mut own = Vec::new();
        tx.scan(&rows::PERSONAS, &Range::all(), Direction::Up, |id, row| {
            if row.created_by == account || Some(row.space) == own_space {
                own.push(id);
                if record.name == CLONES.name {
                    let named = vec![("id", json!(id)), ("space_id", json!(row.space))];
                    record.give(&row, named, out)?;
                }
            }
            Ok::<_, ExportError>(ControlFlow::Continue(()))
        })?;
        if record.name == SETTINGS.name {
            for id in own {
                if let Some(row) = tx.get(&rows::SETTINGS, &id)? {
                    record.give(&row, vec![("clone_id", json!(id))], out)?;
                }
            }
        }
        Ok(())
    }
}

/// Takes in a clone.
///
/// # Errors
/// When it is not what it must be, is here already as somebody else's, or the store fails.
pub fn import_in(tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ImportError> {
    let (id, space): (CloneId, SpaceId) = (line.field("id")?, line.field("space_id")?);
    let space = owned(tx, to, space)?;
    let known = vec![("space", json!(space)), ("created_by", json!(to.account))];
    let row: rows::PersonaRow = line.row([known, vec![("version", json!(1))]].concat(), None)?;
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
