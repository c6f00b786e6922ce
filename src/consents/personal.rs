//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::AccountId;

use super::{ConsentEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[kept("consents", How::Given("consents"))];

const CONSENTS: Record = Record {
    name: "consents",
    meaning: "What was agreed to and taken back, word for word.",
    fields: &[
        plain("number", Is::Number),
        personal("consent", Is::Text),
        personal("granted", Is::Flag),
        personal("version", Is::Text),
        personal("at", Is::Time),
        personal("channel", Is::Text),
        personal("session", Is::Id),
        personal("locale", Is::Text),
        personal("text", Is::Text),
        personal("hash", Is::Text),
        personal("recipients", Is::List),
    ],
    withheld: &["link"],
    unfolded: &["said"],
    given: consents,
};

impl PrivacyProvider for ConsentEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[CONSENTS] }
    }
}

fn consents(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::STATEMENTS, |(_, number): &(AccountId, u64)| vec![("number", json!(number))])
}
