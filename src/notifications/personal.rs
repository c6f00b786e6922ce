//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, NoticeId};

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
    given: notices,
};

impl PrivacyProvider for NotificationEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[NOTICES] }
    }
}

fn notices(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::NOTICES, |(_, id): &(AccountId, NoticeId)| vec![("id", json!(id))])
}
