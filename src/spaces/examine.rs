//! What must hold between the rows of spaces.

use std::collections::{BTreeMap, BTreeSet};

use super::invitation_rows::{BY_TOKEN, INVITATIONS};
use super::rows::{MEMBERS, SPACES, SPACES_OF};
use super::{Role, rows};
use crate::jobs::{Examiner, Findings};
use crate::kernel::SpaceId;
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Members and spaces name each other, and each space has one owner.
pub struct SpaceExaminer;

impl Examiner for SpaceExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let spaces: BTreeSet<SpaceId> = tx.keys(&SPACES, &Range::all())?.into_iter().collect();
        let mut owners: BTreeMap<SpaceId, u64> = BTreeMap::new();
        for (space, account) in tx.keys(&MEMBERS, &Range::all())? {
            let table = MEMBERS.info().name;
            let key = (space, account);
            findings.note_if(!spaces.contains(&space), table, "a member of no space", &key);
            let unknown = !tx.has(&SPACES_OF, &(account, space))?;
            findings.note_if(unknown, table, "a member who does not know of it", &key);
            if rows::role(tx, account, space)? == Some(Role::Owner) {
                *owners.entry(space).or_default() += 1;
            }
        }
        for (account, space) in tx.keys(&SPACES_OF, &Range::all())? {
            let lost = !tx.has(&MEMBERS, &(space, account))?;
            let table = SPACES_OF.info().name;
            findings.note_if(lost, table, "a space that does not know of it", &(account, space));
        }
        for space in &spaces {
            let wrong = owners.get(space) != Some(&1);
            findings.note_if(wrong, SPACES.info().name, "a space without one owner", space);
        }
        for (token, place) in tx.list(&BY_TOKEN, &Range::all())? {
            let lost = !tx.has(&INVITATIONS, &(place.space, place.invitation))?;
            findings.note_if(lost, BY_TOKEN.info().name, "a token of no invitation", &token);
        }
        for (space, invitation) in tx.keys(&INVITATIONS, &Range::all())? {
            let lost = !spaces.contains(&space);
            let table = INVITATIONS.info().name;
            findings.note_if(lost, table, "an invitation into no space", &(space, invitation));
        }
        Ok(())
    }
}
