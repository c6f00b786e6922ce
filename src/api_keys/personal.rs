//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, ApiKeyId};
use crate::store::{Range, Rows as _};

use super::{ApiKeyEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("api_keys", How::Given("api_keys")),
    kept("api_keys_by_name", How::Leads("api_keys")),
    kept("api_key_usage", How::Given("api_key_usage")),
];

const KEYS: Record = Record {
    name: "api_keys",
    meaning: "Keys for programs, without what opens anything.",
    fields: &[
        plain("id", Is::Id),
        personal("label", Is::Text),
        personal("read", Is::Flag),
        personal("write", Is::Flag),
        personal("chat", Is::Flag),
        personal("clones", Is::List),
        personal("networks", Is::List),
        personal("expires_at", Is::Time),
        personal("requests", Is::Number),
        personal("window_seconds", Is::Number),
        personal("created_at", Is::Time),
        personal("last_used_at", Is::Time),
    ],
    withheld: &["name", "hash", "epoch"],
    unfolded: &[],
    given: keys,
};

const USAGE: Record = Record {
    name: "api_key_usage",
    meaning: "How often a key was used on a day (the number of days since 1970), by operation.",
    fields: &[
        plain("key_id", Is::Id),
        personal("day", Is::Number),
        personal("operation", Is::Text),
        personal("requests", Is::Number),
    ],
    withheld: &[],
    unfolded: &[],
    given: usage,
};

impl PrivacyProvider for ApiKeyEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[KEYS, USAGE] }
    }
}

fn keys(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::KEYS, |(_, id): &(AccountId, ApiKeyId)| vec![("id", json!(id))])
}

fn usage(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let own = Range::prefix(&to.account);
    for (_, id) in to.tx.keys::<(AccountId, ApiKeyId), rows::KeyRow>(&rows::KEYS, &own)? {
        for ((_, day, operation), requests) in to.tx.list(&rows::USAGE, &Range::prefix(&id))? {
            let used = json!({"requests": requests, "operation": operation.0});
            to.give(&used, vec![("key_id", json!(id)), ("day", json!(day))])?;
        }
    }
    Ok(())
}
