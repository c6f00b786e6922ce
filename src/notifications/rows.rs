//! How notices are stored, and what the jobs carry that mail them.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::{Notification, on_one_line};
use super::topic::Topic;
use super::{Notice, NotificationError};
use crate::jobs::JobName;
use crate::kernel::{AccountId, LegacyClaimId, NoticeId, Page, PageRequest, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::spaces::Role;
use crate::store::{
    Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx, from_cbor, page_of,
};

pub(super) const NOTICES: Table<(AccountId, NoticeId), NoticeRow> =
    Table::new("notices", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[NOTICES.info()];

/// How many notices an account keeps.
const KEPT: usize = 200;
/// How long they are kept.
const KEPT_FOR: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The jobs that send mails.
pub(super) const MAIL: JobName<MailJob> = JobName::new("mail");

/// A mail to be written when it is sent.
///
/// Three of them name a link by the hash of a token that nobody has: the one that the mail carries
/// is made when it is sent, and is never on the disk. Such a job ends with its link.
#[derive(Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub(super) enum MailJob {
    /// What stands in the inbox.
    Notice {
        account: AccountId,
        notice: NoticeId,
        /// To the address that the notice names, not to the account's.
        former: bool,
        /// The account's address when it happened: who took the account over and changed it gets
        /// nothing that is meant for its owner, however late it is sent.
        #[serde(default)]
        to: Option<String>,
        /// Whether that was proven then.
        #[serde(default)]
        proven: bool,
    },
    /// A link that sets a new password.
    Reset { account: AccountId, link: TokenHash },
    /// A link that proves an address, which need not be the account's yet.
    Verification { account: AccountId, to: String, link: TokenHash },
    /// A link into a space, for somebody who may have no account.
    Invitation { to: String, locale: String, link: TokenHash },
    /// What stands in the inbox of somebody who is said to have died, with a link that stops that.
    Claimed {
        account: AccountId,
        notice: NoticeId,
        claim: LegacyClaimId,
        /// The account's address when it happened.
        to: String,
    },
    /// To somebody who may have no account, whom somebody named as their legacy contact.
    Named { to: String, locale: String, by: AccountId },
}

/// The jobs that tell those in the app who are invited by their address.
pub(super) const INVITED: JobName<InvitedJob> = JobName::new("invited");

/// Somebody who may have no account is invited.
#[derive(Serialize, Deserialize)]
pub(super) struct InvitedJob {
    pub(super) to: String,
    pub(super) token: TokenHash,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NoticeRow {
    topic: String,
    detail: Option<String>,
    at: Timestamp,
    read: bool,
    // Since version 2.
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    until: Option<Timestamp>,
    // Since version 3.
    #[serde(default)]
    role: Option<String>,
}

impl Row<(AccountId, NoticeId)> for NoticeRow {
    const VERSION: u8 = 3;

    fn upgrade(version: u8, cbor: &[u8]) -> Result<Self, String> {
        match version {
            // The fields that versions 2 and 3 added have defaults.
            1 | 2 => from_cbor(cbor),
            _ => Err(format!("version {version} is unknown")),
        }
    }

    fn owner(&self, (account, _): &(AccountId, NoticeId)) -> Owner {
        Owner::Account(*account)
    }
}

pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    notice: &Notice,
    now: Timestamp,
) -> Result<NoticeId, StoreError> {
    let keys = tx.keys(&NOTICES, &Range::prefix(&account))?;
    for old in keys.iter().take((keys.len() + 1).saturating_sub(KEPT)) {
        tx.remove(&NOTICES, old);
    }
    let topic = notice.topic().word().to_owned();
    let detail = notice.detail().map(|detail| on_one_line(&detail));
    let (by, until) = (notice.by().map(on_one_line), notice.until());
    let id = NoticeId::fresh();
    let role = notice.role().map(str::to_owned);
    let row = NoticeRow { topic, detail, at: now, read: false, by, until, role };
    tx.put(&NOTICES, &(account, id), &row)?;
    Ok(id)
}

pub(super) fn get(
    tx: &impl Rows,
    account: AccountId,
    id: NoticeId,
) -> Result<Option<Notification>, StoreError> {
    Ok(tx.get(&NOTICES, &(account, id))?.and_then(|row| notification(id, row)))
}

/// Whether an account was told something of a topic since a moment and has not read it, or, since
/// a moment that is known, at all.
pub(super) fn is_told_in(
    tx: &impl Rows,
    account: AccountId,
    topic: Topic,
    since: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let mut is_told = false;
    tx.scan(
        &NOTICES,
        &Range::prefix(&account),
        Direction::Down,
        |(_, _): (AccountId, NoticeId), row| {
            let counts = match since {
                Some(since) => row.at >= since,
                None => !row.read,
            };
            is_told = counts && row.topic == topic.word();
            let flow = if is_told { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            Ok::<_, StoreError>(flow)
        },
    )?;
    Ok(is_told)
}

/// A page of an inbox, newest first.
pub(super) fn page(
    tx: &impl Rows,
    account: AccountId,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page<Notification>, StoreError> {
    let range = Range::prefix(&account);
    page_of(tx, &NOTICES, range, Direction::Down, request, |(_, id): (AccountId, _), row| {
        let is_old = now.since(row.at) > KEPT_FOR;
        Ok(notification(id, row).filter(|_| !is_old))
    })
}

/// How many notices of an inbox are unread; there are never more than are kept.
pub(super) fn unread(
    tx: &impl Rows,
    account: AccountId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut count = 0;
    tx.scan(&NOTICES, &Range::prefix(&account), Direction::Up, |_, row| {
        count += usize::from(!row.read && now.since(row.at) <= KEPT_FOR);
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

pub(super) fn read_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    id: NoticeId,
) -> Result<(), NotificationError> {
    let mut row = tx.get(&NOTICES, &(account, id))?.ok_or(NotificationError::Missing)?;
    row.read = true;
    Ok(tx.put(&NOTICES, &(account, id), &row)?)
}

pub(super) fn read_all_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (key, mut row) in tx.list(&NOTICES, &Range::prefix(&account))? {
        if !row.read {
            row.read = true;
            tx.put(&NOTICES, &key, &row)?;
        }
    }
    Ok(())
}

/// Drops what is too old; called now and then.
pub(super) fn forget_old_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut old = Vec::new();
    tx.scan(&NOTICES, &Range::all(), Direction::Up, |key, row| {
        if now.since(row.at) > KEPT_FOR {
            old.push(key);
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    for key in old {
        tx.remove(&NOTICES, &key);
    }
    Ok(())
}

pub(super) fn forget_name_in(tx: &mut WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    for (key, row) in tx.list(&NOTICES, &Range::all())? {
        if row.by.as_deref() == Some(name) {
            tx.remove(&NOTICES, &key);
        }
    }
    Ok(())
}

pub(super) fn erase_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove_range(&NOTICES, &Range::prefix(&account)).map(|_| ())
}

/// Nothing for a topic that a newer program wrote.
fn notification(id: NoticeId, row: NoticeRow) -> Option<Notification> {
    let NoticeRow { topic, detail, at, read, by, until, role } = row;
    let (topic, role) = (Topic::of(&topic)?, role.as_deref().and_then(Role::named));
    Some(Notification { id, topic, detail, by, until, role, at, read })
}
