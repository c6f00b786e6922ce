//! How share links and their visitors are stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api_keys::{Left, Rate};
use crate::kernel::{AccountId, CloneId, ShareLinkId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, Words, WriteTx};

use super::{LINK, NewShareLink, ShareLink, ShareState};

pub(super) const LINKS: Table<Place, LinkRow> = Table::new("share_links", Holds::Clone);
pub(super) const BY_NAME: Table<Words, PlaceRow> = Table::new("share_links_by_name", Holds::Clone);
pub(super) const OF_ACCOUNT: Table<(AccountId, CloneId, ShareLinkId), ()> =
    Table::new("share_links_of_account", Holds::Account);
pub(super) const VISITORS: Table<(ShareLinkId, AccountId), VisitorRow> =
    Table::new("share_visitors", Holds::Clone);

/// The tables of this slice.
pub const TABLES: &[TableInfo] =
    &[LINKS.info(), BY_NAME.info(), OF_ACCOUNT.info(), VISITORS.info()];

/// Where a link is: below its clone.
pub(super) type Place = (CloneId, ShareLinkId);

const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LinkRow {
    label: Option<Text<0, 100>>,
    name: String,
    pub(super) hash: TokenHash,
    pub(super) by: AccountId,
    created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    budget: u32,
    per_hour: u32,
    used: u32,
    /// The hour that is being counted: when it began, and how many messages it has had.
    hour: (Timestamp, u32),
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PlaceRow {
    clone: CloneId,
    link: ShareLinkId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct VisitorRow {
    since: Timestamp,
}

impl Row<Place> for LinkRow {
    fn owner(&self, (clone, _): &Place) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<Words> for PlaceRow {
    fn owner(&self, _: &Words) -> Owner {
        Owner::Nobody
    }
}

impl Row<(ShareLinkId, AccountId)> for VisitorRow {
    fn owner(&self, _: &(ShareLinkId, AccountId)) -> Owner {
        Owner::Nobody
    }
}

impl LinkRow {
    pub(super) fn new(
        new: NewShareLink,
        (name, hash): (String, TokenHash),
        by: AccountId,
        now: Timestamp,
    ) -> Self {
        Self {
            label: new.label,
            name,
            hash,
            by,
            created_at: now,
            expires_at: new.expires_at,
            budget: new.budget,
            per_hour: new.per_hour,
            used: 0,
            hour: (now, 0),
            last_used_at: None,
        }
    }

    pub(super) fn left(&self) -> u32 {
        self.budget.saturating_sub(self.used)
    }

    /// The hour that a moment belongs to, as far as it was counted.
    fn hour_at(&self, now: Timestamp) -> (Timestamp, u32) {
        let (began, used) = self.hour;
        let over = now.since(began) >= HOUR || now < began;
        if over { (now, 0) } else { (began, used) }
    }

    /// What is left of the hour.
    pub(super) fn window(&self, now: Timestamp) -> Left {
        let (began, used) = self.hour_at(now);
        Left {
            rate: Rate { requests: self.per_hour, window: HOUR },
            requests: self.per_hour.saturating_sub(used),
            resets_in: began.plus(HOUR).since(now),
        }
    }

    /// Takes a message out of budget and hour; both have one left.
    pub(super) fn spend(&mut self, now: Timestamp) {
        let (began, used) = self.hour_at(now);
        self.hour = (began, used.saturating_add(1));
        self.used = self.used.saturating_add(1);
        self.last_used_at = Some(now);
    }

    pub(super) fn view(self, (clone, id): Place, visitors: usize, state: ShareState) -> ShareLink {
        ShareLink {
            id,
            clone,
            prefix: LINK.shown(&self.name),
            label: self.label,
            by: self.by,
            created_at: self.created_at,
            expires_at: self.expires_at,
            budget: self.budget,
            per_hour: self.per_hour,
            used: self.used,
            visitors,
            last_used_at: self.last_used_at,
            state,
        }
    }
}

pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    (clone, link): Place,
    row: &LinkRow,
) -> Result<(), StoreError> {
    tx.put(&LINKS, &(clone, link), row)?;
    tx.put(&OF_ACCOUNT, &(row.by, clone, link), &())?;
    tx.put(&BY_NAME, &Words(row.name.clone()), &PlaceRow { clone, link })
}

pub(super) fn link(tx: &impl Rows, place: Place) -> Result<Option<LinkRow>, StoreError> {
    tx.get(&LINKS, &place)
}

pub(super) fn by_name(
    tx: &impl Rows,
    name: &str,
) -> Result<Option<(CloneId, ShareLinkId, LinkRow)>, StoreError> {
    let Some(PlaceRow { clone, link: id }) = tx.get(&BY_NAME, &Words(name.to_owned()))? else {
        return Ok(None);
    };
    Ok(link(tx, (clone, id))?.map(|row| (clone, id, row)))
}

/// The links of a clone, newest first.
pub(super) fn of_clone(
    tx: &impl Rows,
    clone: CloneId,
) -> Result<Vec<(ShareLinkId, LinkRow)>, StoreError> {
    let rows: Vec<(Place, LinkRow)> = tx.list(&LINKS, &Range::prefix(&clone))?;
    Ok(rows.into_iter().rev().map(|((_, id), row)| (id, row)).collect())
}

/// Where the links are that an account has made.
pub(super) fn of_account(tx: &impl Rows, account: AccountId) -> Result<Vec<Place>, StoreError> {
    let keys: Vec<(AccountId, CloneId, ShareLinkId)> =
        tx.keys(&OF_ACCOUNT, &Range::prefix(&account))?;
    Ok(keys.into_iter().map(|(_, clone, link)| (clone, link)).collect())
}

/// Forgets where the links of an account are.
pub(super) fn forget_places_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove_range(&OF_ACCOUNT, &Range::prefix(&account)).map(|_| ())
}

/// Every link that has ended, and when.
pub(super) fn expired(
    tx: &impl Rows,
    now: Timestamp,
) -> Result<Vec<(Place, Timestamp)>, StoreError> {
    let rows: Vec<(Place, LinkRow)> = tx.list(&LINKS, &Range::all())?;
    let ends = rows.into_iter().map(|(place, row)| (place, row.expires_at));
    Ok(ends.filter(|(_, until)| now >= *until).collect())
}

pub(super) fn visitors(tx: &impl Rows, link: ShareLinkId) -> Result<Vec<AccountId>, StoreError> {
    let keys: Vec<(ShareLinkId, AccountId)> = tx.keys(&VISITORS, &Range::prefix(&link))?;
    Ok(keys.into_iter().map(|(_, visitor)| visitor).collect())
}

/// Ties a visitor to a link, so that what they leave goes when the link does.
pub(super) fn meet_in(
    tx: &mut WriteTx<'_>,
    link: ShareLinkId,
    visitor: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if tx.has(&VISITORS, &(link, visitor))? {
        return Ok(());
    }
    tx.put(&VISITORS, &(link, visitor), &VisitorRow { since: now })
}

/// Removes the visitors of a link, whose traces are gone.
pub(super) fn forget_visitors_in(
    tx: &mut WriteTx<'_>,
    link: ShareLinkId,
) -> Result<(), StoreError> {
    tx.remove_range(&VISITORS, &Range::prefix(&link)).map(|_| ())
}

pub(super) fn remove_in(tx: &mut WriteTx<'_>, (clone, link): Place) -> Result<(), StoreError> {
    if let Some(row) = tx.get(&LINKS, &(clone, link))? {
        tx.remove(&BY_NAME, &Words(row.name));
        tx.remove(&OF_ACCOUNT, &(row.by, clone, link));
    }
    tx.remove(&LINKS, &(clone, link));
    Ok(())
}
