//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, CloneId, ShareLinkId};
use crate::store::{Range, Rows as _};

use super::{ShareLinkEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("share_links", How::Given("share_links")),
    kept("share_links_by_name", How::Leads("share_links")),
    kept("share_links_of_account", How::Leads("share_links")),
    kept("share_visitors", How::Common("visitors without an account, of whom nothing is known")),
];

const LINKS: Record = Record {
    name: "share_links",
    meaning: "Links that the account made, without what opens anything.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        personal("label", Is::Text),
        personal("created_at", Is::Time),
        personal("expires_at", Is::Time),
        personal("budget", Is::Number),
        personal("per_hour", Is::Number),
        personal("used", Is::Number),
        personal("last_used_at", Is::Time),
    ],
    withheld: &["name", "hash", "by", "hour"],
    unfolded: &[],
    given: links,
};

impl PrivacyProvider for ShareLinkEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[LINKS] }
    }
}

fn links(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let own = Range::prefix(&to.account);
    for (_, clone, id) in
        to.tx.keys::<(AccountId, CloneId, ShareLinkId), ()>(&rows::OF_ACCOUNT, &own)?
    {
        if let Some(row) = to.tx.get(&rows::LINKS, &(clone, id))? {
            to.give(&row, vec![("clone_id", json!(clone)), ("id", json!(id))])?;
        }
    }
    Ok(())
}
