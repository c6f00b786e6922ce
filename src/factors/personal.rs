//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, PasskeyId};
use crate::store::{Range, ReadTx};

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
};

/// What this slice hands out.
const RECORDS: &[Record] = &[PASSKEYS];

impl PrivacyProvider for FactorEraser {
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
        let named = |(_, id): &(AccountId, PasskeyId)| vec![("id", json!(id))];
        let own = Range::prefix(&account);
        record.take((tx, &rows::PASSKEYS, &own), |_, _| true, named, out)
    }
}
