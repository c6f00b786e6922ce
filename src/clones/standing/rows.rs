//! How it is stored who vouches for a clone, who objects, and what the person said.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::model::{AskedLink, Declaration, Objection, OwnWords, Relation, Shown, SubjectAnswer};
use crate::clones::Subject;
use crate::kernel::{AccountId, CloneId, ObjectionId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Direction, Holds, Range, Row, Rows, StoreError, Table, WriteTx};

pub(in crate::clones) const DECLARATIONS: Table<(CloneId, u64), DeclarationRow> =
    Table::new("clone_declarations", Holds::Clone);
pub(in crate::clones) const OBJECTIONS: Table<(CloneId, ObjectionId), ObjectionRow> =
    Table::new("clone_objections", Holds::Clone);
pub(in crate::clones) const ANSWERS: Table<(CloneId, u64), AnswerRow> =
    Table::new("subject_answers", Holds::Clone);
pub(in crate::clones) const LINKS: Table<(CloneId, TokenHash), LinkRow> =
    Table::new("subject_links", Holds::Clone);
pub(in crate::clones) const BY_TOKEN: Table<TokenHash, PlaceRow> =
    Table::new("subject_links_by_token", Holds::Clone);

#[derive(Serialize, Deserialize)]
pub(in crate::clones) struct DeclarationRow {
    subject: Subject,
    pub(in crate::clones) by: AccountId,
    at: Timestamp,
    version: String,
    locale: String,
    text: String,
    sha256: String,
    relation: Option<Relation>,
    own_words: Option<OwnWords>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::clones) struct ObjectionRow {
    pub(in crate::clones) by: AccountId,
    at: Timestamp,
    relation: Relation,
    own_words: Option<OwnWords>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::clones) struct AnswerRow {
    agreed: bool,
    at: Timestamp,
    name: Text<1, 200>,
    version: String,
    locale: String,
    text: String,
    sha256: String,
    /// By which link, so that whoever holds one sees what was said by it.
    link: TokenHash,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::clones) struct LinkRow {
    pub(super) by: AccountId,
    pub(super) at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) answered: bool,
}

#[derive(Serialize, Deserialize)]
pub(in crate::clones) struct PlaceRow {
    pub(super) clone: CloneId,
}

impl Row<(CloneId, u64)> for DeclarationRow {
    fn owner(&self, (clone, _): &(CloneId, u64)) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<(CloneId, ObjectionId)> for ObjectionRow {
    fn owner(&self, (clone, _): &(CloneId, ObjectionId)) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<(CloneId, u64)> for AnswerRow {
    fn owner(&self, (clone, _): &(CloneId, u64)) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<(CloneId, TokenHash)> for LinkRow {
    fn owner(&self, (clone, _): &(CloneId, TokenHash)) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<TokenHash> for PlaceRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

impl LinkRow {
    pub(super) fn view(&self) -> AskedLink {
        AskedLink { by: self.by, at: self.at, expires_at: self.expires_at }
    }
}

/// The number of the last row of a clone, or 0.
fn last<R: Row<(CloneId, u64)>>(
    tx: &impl Rows,
    table: &Table<(CloneId, u64), R>,
    clone: CloneId,
) -> Result<u64, StoreError> {
    let mut last = 0;
    tx.scan_keys(table, &Range::prefix(&clone), Direction::Down, |(_, number)| {
        last = number;
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    Ok(last)
}

pub(super) fn declare_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    said: Declaration,
) -> Result<(), StoreError> {
    let Declaration { subject, by, at, words, relation, own_words, .. } = said;
    let Shown { version, locale, text, sha256 } = words;
    let row =
        DeclarationRow { subject, by, at, version, locale, text, sha256, relation, own_words };
    let number = last(tx, &DECLARATIONS, clone)? + 1;
    tx.put(&DECLARATIONS, &(clone, number), &row)
}

/// What was declared of a clone, newest first.
pub(super) fn declarations(tx: &impl Rows, clone: CloneId) -> Result<Vec<Declaration>, StoreError> {
    let rows: Vec<((CloneId, u64), DeclarationRow)> =
        tx.list(&DECLARATIONS, &Range::prefix(&clone))?;
    let said = rows.into_iter().rev().map(|((_, number), row)| {
        let DeclarationRow { subject, by, at, relation, own_words, .. } = row;
        let words =
            Shown { version: row.version, locale: row.locale, text: row.text, sha256: row.sha256 };
        Declaration { number, subject, by, at, words, relation, own_words }
    });
    Ok(said.collect())
}

pub(super) fn object_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    said: Objection,
) -> Result<(), StoreError> {
    let Objection { id, by, at, relation, own_words } = said;
    tx.put(&OBJECTIONS, &(clone, id), &ObjectionRow { by, at, relation, own_words })
}

/// Who objects to a clone, oldest first.
pub(super) fn objections(tx: &impl Rows, clone: CloneId) -> Result<Vec<Objection>, StoreError> {
    let rows: Vec<((CloneId, ObjectionId), ObjectionRow)> =
        tx.list(&OBJECTIONS, &Range::prefix(&clone))?;
    let said = rows.into_iter().map(|((_, id), row)| {
        let ObjectionRow { by, at, relation, own_words } = row;
        Objection { id, by, at, relation, own_words }
    });
    Ok(said.collect())
}

pub(super) fn answer_in(
    tx: &mut WriteTx<'_>,
    (clone, link): (CloneId, TokenHash),
    said: SubjectAnswer,
) -> Result<(), StoreError> {
    let SubjectAnswer { agreed, at, name, words, .. } = said;
    let Shown { version, locale, text, sha256 } = words;
    let row = AnswerRow { agreed, at, name, version, locale, text, sha256, link };
    let number = last(tx, &ANSWERS, clone)? + 1;
    tx.put(&ANSWERS, &(clone, number), &row)
}

/// What the person said about a clone, newest first; by one link or by any.
pub(super) fn answers(
    tx: &impl Rows,
    clone: CloneId,
    by: Option<TokenHash>,
) -> Result<Vec<SubjectAnswer>, StoreError> {
    let rows: Vec<((CloneId, u64), AnswerRow)> = tx.list(&ANSWERS, &Range::prefix(&clone))?;
    let said = rows.into_iter().rev().filter(|(_, row)| by.is_none_or(|link| link == row.link));
    let said = said.map(|((_, number), row)| {
        let AnswerRow { agreed, at, name, version, locale, text, sha256, .. } = row;
        let words = Shown { version, locale, text, sha256 };
        SubjectAnswer { number, agreed, at, name, words }
    });
    Ok(said.collect())
}

/// The links to a clone with which its subject was asked.
pub(super) fn links(
    tx: &impl Rows,
    clone: CloneId,
) -> Result<Vec<(TokenHash, LinkRow)>, StoreError> {
    let rows: Vec<((CloneId, TokenHash), LinkRow)> = tx.list(&LINKS, &Range::prefix(&clone))?;
    Ok(rows.into_iter().map(|((_, token), row)| (token, row)).collect())
}

pub(super) fn put_link_in(
    tx: &mut WriteTx<'_>,
    (clone, token): (CloneId, TokenHash),
    row: &LinkRow,
) -> Result<(), StoreError> {
    tx.put(&LINKS, &(clone, token), row)?;
    tx.put(&BY_TOKEN, &token, &PlaceRow { clone })
}

pub(super) fn remove_link_in(tx: &mut WriteTx<'_>, clone: CloneId, token: TokenHash) {
    tx.remove(&LINKS, &(clone, token));
    tx.remove(&BY_TOKEN, &token);
}

/// The clone that a link is about.
pub(super) fn by_token(
    tx: &impl Rows,
    token: TokenHash,
) -> Result<Option<(CloneId, LinkRow)>, StoreError> {
    let Some(PlaceRow { clone }) = tx.get(&BY_TOKEN, &token)? else { return Ok(None) };
    Ok(tx.get(&LINKS, &(clone, token))?.map(|row| (clone, row)))
}

/// Removes all of this that a clone has.
pub(in crate::clones) fn erase_clone_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
) -> Result<(), StoreError> {
    for (token, _) in links(tx, clone)? {
        remove_link_in(tx, clone, token);
    }
    tx.remove_range(&LINKS, &Range::prefix(&clone))?;
    tx.remove_range(&ANSWERS, &Range::prefix(&clone))?;
    tx.remove_range(&OBJECTIONS, &Range::prefix(&clone))?;
    tx.remove_range(&DECLARATIONS, &Range::prefix(&clone)).map(|_| ())
}

/// Takes what an account wrote out of what it declared, whose fact stays, and removes its
/// objections. Gives back the clones that it objected to.
pub(in crate::clones) fn forget_account_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
) -> Result<Vec<CloneId>, StoreError> {
    for (place, row) in tx.list(&DECLARATIONS, &Range::all())? {
        if row.by == account && (row.relation.is_some() || row.own_words.is_some()) {
            let row = DeclarationRow { relation: None, own_words: None, ..row };
            tx.put(&DECLARATIONS, &place, &row)?;
        }
    }
    let mut clones = Vec::new();
    for ((clone, id), row) in tx.list(&OBJECTIONS, &Range::all())? {
        if row.by == account {
            tx.remove(&OBJECTIONS, &(clone, id));
            clones.push(clone);
        }
    }
    Ok(clones)
}
