//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};

use super::{BreakGlassEraser, Opened, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("break_glass", How::Given("looks")),
    kept("break_glass_of_account", How::Leads("looks")),
    kept("break_glass_running", How::Leads("looks")),
    kept("break_glass_opened", How::Given("looked_at")),
];

const LOOKS: Record = Record {
    name: "looks",
    meaning: "When an admin could look at what is the account's, and why.",
    fields: &[
        plain("id", Is::Id),
        plain("by", Is::Id),
        personal("reason", Is::Text),
        personal("begun_at", Is::Time),
        personal("until", Is::Time),
        personal("ended_at", Is::Time),
        personal("ended_how", Is::Text),
    ],
    withheld: &[],
    unfolded: &[],
    given: looks,
};

const LOOKED_AT: Record = Record {
    name: "looked_at",
    meaning: "What they opened.",
    fields: &[
        plain("look_id", Is::Id),
        personal("kind", Is::Text),
        plain("thing_id", Is::Id),
        personal("at", Is::Time),
    ],
    withheld: &[],
    unfolded: &[],
    given: looked_at,
};

impl PrivacyProvider for BreakGlassEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[LOOKS, LOOKED_AT] }
    }
}

fn looks(to: &mut Giving<'_>) -> Result<(), ExportError> {
    for glass in rows::of_account(to.tx, to.account)? {
        let shown = json!({
            "id": glass.id, "by": glass.by, "reason": glass.reason,
            "begun_at": glass.begun_at, "until": glass.until,
            "ended_at": glass.ended.map(|(at, _)| at),
            "ended_how": glass.ended.map(|(_, how)| how.word()),
        });
        to.give(&shown, vec![])?;
    }
    Ok(())
}

fn looked_at(to: &mut Giving<'_>) -> Result<(), ExportError> {
    for glass in rows::of_account(to.tx, to.account)? {
        for (thing, at) in rows::opened(to.tx, glass.id)? {
            let (kind, id) = match thing {
                Opened::List => ("list", None),
                Opened::Clone(id) => ("clone", Some(id.to_string())),
                Opened::Conversation(id) => ("conversation", Some(id.to_string())),
            };
            let shown = json!({"look_id": glass.id, "kind": kind, "thing_id": id, "at": at});
            to.give(&shown, vec![])?;
        }
    }
    Ok(())
}
