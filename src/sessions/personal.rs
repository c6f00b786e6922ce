//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, How, Is, Kept, Out, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, SessionId};
use crate::store::{Range, ReadTx, Rows as _};

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
};

const DEVICES: Record = Record {
    name: "known_devices",
    meaning: "Browsers and programs from which the account was signed in to.",
    fields: &[personal("seen_at", Is::Time)],
    withheld: &[],
    unfolded: &[],
};

/// What this slice hands out.
const RECORDS: &[Record] = &[SESSIONS, DEVICES];

impl PrivacyProvider for SessionEraser {
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
        let own = Range::prefix(&account);
        if record.name == DEVICES.name {
            return record.take((tx, &rows::DEVICES, &own), |_, _| true, |_| Vec::new(), out);
        }
        for (_, id) in tx.keys::<(AccountId, SessionId), ()>(&rows::SESSIONS_OF, &own)? {
            if let Some(row) = tx.get(&rows::SESSIONS, &id)? {
                record.give(&row, vec![("id", json!(id))], out)?;
            }
        }
        Ok(())
    }
}
