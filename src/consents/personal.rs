//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::AccountId;
use crate::store::{Range, ReadTx};

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
};

/// What this slice hands out.
const RECORDS: &[Record] = &[CONSENTS];

impl PrivacyProvider for ConsentEraser {
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
        let named = |(_, number): &(AccountId, u64)| vec![("number", json!(number))];
        let own = Range::prefix(&account);
        record.take((tx, &rows::STATEMENTS, &own), |_, _| true, named, out)
    }
}
