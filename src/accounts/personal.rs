//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::store::Rows as _;

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
        personal("in_memory_at", Is::Time),
    ],
    withheld: &["epoch"],
    unfolded: &[],
    given: account,
};

impl PrivacyProvider for AccountEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[ACCOUNT] }
    }
}

fn account(to: &mut Giving<'_>) -> Result<(), ExportError> {
    match to.tx.get(&rows::ACCOUNTS, &to.account)? {
        Some(row) => to.give(&row, vec![("id", json!(to.account))]),
        None => Ok(()),
    }
}
