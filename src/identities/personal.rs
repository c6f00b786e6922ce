//! What this slice keeps of people.

use crate::jobs::personal::{
    ExportError, Giving, How, Is, Kept, Personal, PrivacyProvider, Record, kept, personal, plain,
};
use crate::kernel::{AccountId, IdentityId};
use crate::store::{Range, Rows as _};

use super::{IdentityEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("identities", How::Given("identities")),
    kept("identities_of_account", How::Leads("identities")),
    kept("identity_flows", How::Passing("ways to a provider and back, for minutes")),
    kept("identity_sessions", How::Leads("identities")),
    kept("identity_tokens_used", How::Passing("hashes of tokens that were used")),
    kept("identities_unlinked", How::Leads("identities")),
    kept("identity_keys", How::Common("keys of the server itself")),
    kept("identity_providers", How::Common("providers that the admins set up")),
];

const IDENTITIES: Record = Record {
    name: "identities",
    meaning: "Who the person is at providers of sign-ins.",
    fields: &[
        plain("id", Is::Id),
        personal("issuer", Is::Text),
        personal("email", Is::Text),
        personal("linked_at", Is::Time),
        personal("used_at", Is::Time),
        personal("groups", Is::List),
        personal("groups_claim", Is::Text),
        personal("said_at", Is::Time),
        personal("makes_admin", Is::Flag),
    ],
    withheld: &["account"],
    unfolded: &[],
    given: identities,
};

impl PrivacyProvider for IdentityEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[IDENTITIES] }
    }
}

fn identities(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let own = Range::prefix(&to.account);
    for (_, place) in to.tx.list::<(AccountId, IdentityId), _>(&rows::IDENTITIES_OF, &own)? {
        if let Some(row) = to.tx.get(&rows::IDENTITIES, &place.key)? {
            to.give(&row, vec![])?;
        }
    }
    Ok(())
}
