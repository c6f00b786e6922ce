//! What this slice keeps of people.

use serde_json::json;

use crate::jobs::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use crate::kernel::{AccountId, InvitationId, SpaceId, Timestamp};
use crate::store::{Rows as _, WriteTx};

use super::{Role, SpaceEraser, SpaceType, invitation_rows, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("spaces", How::Given("spaces")),
    kept("space_members", How::Given("spaces")),
    kept("spaces_of_account", How::Leads("spaces")),
    kept("space_invitations", How::Given("invitations")),
    kept("space_invitations_by_token", How::Secret),
    kept("space_groups", How::Common("whom a space lets in; the space is its")),
    kept("space_kept_out", How::Given("kept_out_of")),
];

const SPACES: Record = Record {
    name: "spaces",
    meaning: "The spaces that the account is in, as what, and with how many others.",
    fields: &[
        plain("id", Is::Id),
        personal("name", Is::Text),
        personal("kind", Is::Text),
        personal("created_at", Is::Time),
        personal("role", Is::Text),
        personal("since", Is::Time),
        personal("group", Is::Id),
        personal("members", Is::Number),
    ],
    withheld: &[],
    unfolded: &[],
    given: spaces,
};

const INVITATIONS: Record = Record {
    name: "invitations",
    meaning: "Invitations that the account made and nobody accepted yet.",
    fields: &[
        plain("id", Is::Id),
        plain("space_id", Is::Id),
        personal("role", Is::Text),
        personal("email", Is::Text),
        personal("created_at", Is::Time),
        personal("expires_at", Is::Time),
    ],
    withheld: &["token", "by", "mailed"],
    unfolded: &[],
    given: invitations,
};

const KEPT_OUT: Record = Record {
    name: "kept_out_of",
    meaning: "Spaces into which no group brings the account any more.",
    fields: &[plain("space_id", Is::Id)],
    withheld: &[],
    unfolded: &[],
    given: kept_out,
};

impl PrivacyProvider for SpaceEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[SPACES, INVITATIONS, KEPT_OUT] }
    }
}

fn invitations(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named =
        |(space, id): &(SpaceId, InvitationId)| vec![("space_id", json!(space)), ("id", json!(id))];
    to.wanted(&invitation_rows::INVITATIONS, |_, row| row.by == account, named)
}

fn kept_out(to: &mut Giving<'_>) -> Result<(), ExportError> {
    to.own(&rows::KEPT_OUT, |(_, space): &(AccountId, SpaceId)| vec![("space_id", json!(space))])
}

fn spaces(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let (tx, account) = (to.tx, to.account);
    for (id, _) in rows::roles_of(tx, account)? {
        let (Some(space), Some(member)) =
            (tx.get(&rows::SPACES, &id)?, tx.get(&rows::MEMBERS, &(id, account))?)
        else {
            continue;
        };
        let mut named = vec![("id", json!(id))];
        named.push(("members", json!(rows::members(tx, id)?.len())));
        if let Ok(serde_json::Value::Object(member)) = serde_json::to_value(&member) {
            for name in ["role", "since", "group"] {
                named.push((name, member.get(name).cloned().unwrap_or_default()));
            }
        }
        to.give(&space, named)?;
    }
    Ok(())
}

/// Takes in a space that somebody was in: they own it here. A personal one is there already.
///
/// # Errors
/// When it is not what it must be, is here already, or the store fails.
pub fn import_in(tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ImportError> {
    let (id, since): (SpaceId, Timestamp) = (line.field("id")?, line.field("since")?);
    let space: rows::SpaceRow = line.row(vec![], None)?;
    if space.kind == SpaceType::Personal {
        return Ok(());
    }
    if tx.has(&rows::SPACES, &id)? {
        return match rows::role(tx, to.account, id)? {
            Some(Role::Owner) => Ok(()),
            _ => Err(line.taken()),
        };
    }
    tx.put(&rows::SPACES, &id, &space)?;
    Ok(rows::put_member_in(tx, id, to.account, (Role::Owner, None), since)?)
}
