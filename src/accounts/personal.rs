//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::AccountId;
use crate::store::{ReadTx, Rows as _};

use super::{AccountEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("accounts", How::Given("account")),
    kept("accounts_by_email", How::Leads("account")),
    kept("passwords", How::Secret),
    kept("invites", How::Common("links of the operator, of which nobody is known")),
    kept("account_links", How::Passing("links in mails, for hours")),
    kept("instance_keys", How::Common("keys of the server itself")),
    kept("accounts_hidden", How::Passing("who is being erased or restricted, until that is over")),
];

const ACCOUNT: Record = Record {
    name: "account",
    meaning: "The account itself.",
    fields: &[
        plain("id", Is::Id),
        personal("email", Is::Text),
        personal("display_name", Is::Text),
        personal("locale", Is::Text),
        personal("time_zone", Is::Text),
        personal("is_admin", Is::Flag),
        personal("email_verified", Is::Flag),
        personal("created_at", Is::Time),
        personal("suspended_at", Is::Time),
        personal("exported_at", Is::Time),
    ],
    withheld: &["epoch"],
    unfolded: &[],
};

/// What this slice hands out.
const RECORDS: &[Record] = &[ACCOUNT];

impl PrivacyProvider for AccountEraser {
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
        match tx.get(&rows::ACCOUNTS, &account)? {
            Some(row) => record.give(&row, vec![("id", json!(account))], out),
            None => Ok(()),
        }
    }
}
