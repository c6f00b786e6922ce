//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, CloneId, ShareLinkId};
use crate::store::{Range, ReadTx, Rows as _};

use super::{ShareLinkEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("share_links", How::Given("share_links")),
    kept("share_links_by_name", How::Leads("share_links")),
    kept("share_links_of_account", How::Leads("share_links")),
    kept("share_visitors", How::Common("visitors without an account, of whom nothing is known")),
];

const LINKS: Record = Record {
    name: "share_links",
    meaning: "Links that the account made, without what opens anything.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        personal("label", Is::Text),
        personal("created_at", Is::Time),
        personal("expires_at", Is::Time),
        personal("budget", Is::Number),
        personal("per_hour", Is::Number),
        personal("used", Is::Number),
        personal("last_used_at", Is::Time),
    ],
    withheld: &["name", "hash", "by", "hour"],
    unfolded: &[],
};

/// What this slice hands out.
const RECORDS: &[Record] = &[LINKS];

impl PrivacyProvider for ShareLinkEraser {
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
        let own = Range::prefix(&account);
        for (_, clone, id) in
            tx.keys::<(AccountId, CloneId, ShareLinkId), ()>(&rows::OF_ACCOUNT, &own)?
        {
            if let Some(row) = tx.get(&rows::LINKS, &(clone, id))? {
                record.give(&row, vec![("clone_id", json!(clone)), ("id", json!(id))], out)?;
            }
        }
        Ok(())
    }
}
