//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, PasskeyId};

use super::{FactorEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("totp", How::Secret),
    kept("recovery_codes", How::Secret),
    kept("passkeys", How::Given("passkeys")),
    kept("passkeys_by_credential", How::Leads("passkeys")),
];

const PASSKEYS: Record = Record {
    name: "passkeys",
    meaning: "Passkeys, without what they are proven with.",
    fields: &[
        plain("id", Is::Id),
        personal("label", Is::Text),
        personal("created_at", Is::Time),
        personal("used_at", Is::Time),
    ],
    withheld: &["key", "credential", "counter"],
    unfolded: &[],
    given: passkeys,
};

impl PrivacyProvider for FactorEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[PASSKEYS] }
    }
}

fn passkeys(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::PASSKEYS, |(_, id): &(AccountId, PasskeyId)| vec![("id", json!(id))])
}
