//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};

use super::LegacyEraser;
use super::rows;

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("legacy_contacts", How::Given("legacy_contact")),
    kept("legacy_keys", How::Secret),
    kept("legacy_claims", How::Given("legacy_claims")),
    kept("legacy_claims_of_person", How::Leads("legacy_claims")),
    kept("legacy_claims_by_contact", How::Leads("legacy_claims")),
    kept("legacy_claims_running", How::Leads("legacy_claims")),
];

const CONTACT: Record = Record {
    name: "legacy_contact",
    meaning: "Whom the account named for after its person's death, and what then.",
    fields: &[
        personal("name", Is::Text),
        personal("email", Is::Text),
        personal("wait_days", Is::Number),
        personal("then", Is::Text),
        personal("conversations", Is::Flag),
        personal("note", Is::Text),
        personal("set_at", Is::Time),
    ],
    withheld: &["key"],
    unfolded: &[],
    given: contact,
};

const CLAIMS: Record = Record {
    name: "legacy_claims",
    meaning: "That the account said of somebody, or somebody of it, that they have died.",
    fields: &[
        plain("id", Is::Id),
        plain("own", Is::Flag),
        personal("relation", Is::Text),
        personal("own_words", Is::Text),
        plain("version", Is::Text),
        plain("locale", Is::Text),
        plain("text", Is::Text),
        plain("sha256", Is::Text),
        personal("begun_at", Is::Time),
        personal("wait_days", Is::Number),
        personal("then", Is::Text),
        personal("conversations", Is::Flag),
        personal("state", Is::Text),
        personal("ended_at", Is::Time),
        personal("stop", Is::Text),
        personal("reason", Is::Text),
    ],
    withheld: &["person", "by", "waited", "counted_at", "space"],
    unfolded: &[],
    given: claims,
};

impl PrivacyProvider for LegacyEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[CONTACT, CLAIMS] }
    }
}

fn contact(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::CONTACTS, |_| vec![])
}

fn claims(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let all = crate::store::Range::all();
    for (id, row) in crate::store::Rows::list(to.tx, &rows::CLAIMS, &all)? {
        let own = row.by == account;
        // What somebody says of the account is theirs in words; that it was said is the account's.
        if own || row.person == account {
            to.give(&row, vec![("id", json!(id)), ("own", json!(own))])?;
        }
    }
    Ok(())
}
