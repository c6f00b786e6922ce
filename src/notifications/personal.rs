//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, NoticeId};
use crate::store::{Range, ReadTx};

use super::{NotificationEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[kept("notices", How::Given("notices"))];

const NOTICES: Record = Record {
    name: "notices",
    meaning: "What the account was told.",
    fields: &[
        plain("id", Is::Id),
        personal("topic", Is::Text),
        personal("detail", Is::Text),
        personal("at", Is::Time),
        personal("read", Is::Flag),
        personal("by", Is::Text),
        personal("until", Is::Time),
        personal("role", Is::Text),
    ],
    withheld: &[],
    unfolded: &[],
};

/// What this slice hands out.
const RECORDS: &[Record] = &[NOTICES];

impl PrivacyProvider for NotificationEraser {
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
        let named = |(_, id): &(AccountId, NoticeId)| vec![("id", json!(id))];
        let own = Range::prefix(&account);
        record.take((tx, &rows::NOTICES, &own), |_, _| true, named, out)
    }
}
