//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, SessionId};
use crate::store::{Range, Rows as _};

use super::{SessionEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("sessions", How::Given("sessions")),
    kept("sessions_of_account", How::Leads("sessions")),
    kept("sessions_by_token", How::Secret),
    kept("known_devices", How::Given("known_devices")),
    kept("signing_keys", How::Common("keys of the server itself")),
];

const SESSIONS: Record = Record {
    name: "sessions",
    meaning: "Sign-ins that are open.",
    fields: &[
        plain("id", Is::Id),
        personal("by_cookie", Is::Flag),
        personal("created_at", Is::Time),
        personal("until", Is::Time),
        personal("proven_at", Is::Time),
        personal("seen_at", Is::Time),
        personal("label", Is::Text),
        personal("address", Is::Text),
    ],
    withheld: &["account", "access", "access_until", "refresh", "epoch"],
    unfolded: &[],
    given: sessions,
};

const DEVICES: Record = Record {
    name: "known_devices",
    meaning: "Browsers and programs from which the account was signed in to.",
    fields: &[personal("seen_at", Is::Time)],
    withheld: &[],
    unfolded: &[],
    given: devices,
};

impl PrivacyProvider for SessionEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[SESSIONS, DEVICES] }
    }
}

fn sessions(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let own = Range::prefix(&to.account);
    for (_, id) in to.tx.keys::<(AccountId, SessionId), ()>(&rows::SESSIONS_OF, &own)? {
        if let Some(row) = to.tx.get(&rows::SESSIONS, &id)? {
            to.give(&row, vec![("id", json!(id))])?;
        }
    }
    Ok(())
}

fn devices(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::DEVICES, |_| Vec::new())
}
