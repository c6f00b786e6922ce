//! What this slice keeps of people.

use serde_json::json;

use crate::accounts::Actor;
use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::PageRequest;

use super::{AuditEraser, Filter, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("audit_log", How::Given("activity")),
    kept("audit_log_ends", How::Common("where the chain of the log begins and ends")),
    kept("audit_of_account", How::Leads("activity")),
];

const ACTIVITY: Record = Record {
    name: "activity",
    meaning: "What happened to the account, of the audit log.",
    fields: &[
        plain("number", Is::Number),
        personal("at", Is::Time),
        personal("event", Is::Text),
        personal("actor", Is::Text),
        plain("actor_id", Is::Id),
        personal("details", Is::Object),
        personal("address", Is::Text),
    ],
    withheld: &[],
    unfolded: &[],
    given: activity,
};

impl PrivacyProvider for AuditEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[ACTIVITY] }
    }
}

fn activity(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let filter = Filter { event: None, account: Some(to.account), own: true };
    let mut request = PageRequest { limit: 200, after: None };
    loop {
        let page = rows::page(to.tx, &filter, &request)?;
        for entry in page.items {
            let (actor, id) = match entry.actor {
                Actor::Account(id) if id == to.account => ("you", None),
                Actor::Account(id) => ("account", Some(id)),
                Actor::System => ("system", None),
                Actor::Nobody => ("nobody", None),
            };
            let shown = json!({
                "number": entry.number, "at": entry.at, "event": entry.event, "actor": actor,
                "actor_id": id, "details": entry.details, "address": entry.address,
            });
            to.give(&shown, vec![])?;
        }
        match page.next {
            Some(next) => request.after = Some(next),
            None => return Ok(()),
        }
    }
}
