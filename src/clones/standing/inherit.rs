//! What becomes of clones when the person who made them has died: somebody else's, with another
//! ground, or kept for reading.

use super::model::{Declaration, Ground, Life, OwnWords, Relation};
use super::{rows, store_in, texts};
use crate::access::Reach;
use crate::clones::{Persona, Subject, homes, rows as clones};
use crate::kernel::{AccountId, CloneId, SpaceId, Timestamp};
use crate::store::{Rows, StoreError, WriteTx};

/// Who says that somebody has died, and what they were to them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Inheriting {
    pub by: AccountId,
    pub relation: Relation,
    pub own_words: Option<OwnWords>,
    /// The language in which they said so.
    pub locale: String,
}

/// The clones that an account has made of itself and that live elsewhere than in a space.
///
/// # Errors
/// When the store fails.
pub fn of_oneself_outside(
    tx: &impl Rows,
    account: AccountId,
    home: Option<SpaceId>,
) -> Result<Vec<Persona>, StoreError> {
    let own = crate::clones::erase::of_themselves(tx, account)?.into_iter();
    Ok(own.filter(|own| own.deleted_at.is_none() && Some(own.space) != home).collect())
}

/// Takes a clone into another space, and what it is of oneself becomes one of the dead, on
/// somebody's word. One that was moved is seen by those who look after it only.
///
/// # Errors
/// When the store fails.
pub fn inherit_in(
    tx: &mut WriteTx<'_>,
    id: CloneId,
    to: Option<SpaceId>,
    said: &Inheriting,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(mut persona) = clones::persona(tx, id)? else { return Ok(()) };
    let of_oneself = persona.profile.subject == Subject::Oneself;
    if let Some(space) = to.filter(|space| *space != persona.space) {
        homes::settle_in(tx, &mut persona, space)?;
        if of_oneself {
            persona.profile.visibility = Reach::Private;
        }
    }
    if of_oneself {
        persona.profile.subject = Subject::Deceased;
        if persona.standing.ground != Ground::Refused {
            persona.standing.ground = Ground::Declared;
        }
        if let Some(words) = texts::text(Subject::Deceased, &said.locale) {
            let declaration = Declaration {
                number: 0,
                subject: Subject::Deceased,
                by: said.by,
                at: now,
                words,
                relation: Some(said.relation.clone()),
                own_words: said.own_words.clone(),
            };
            rows::declare_in(tx, id, declaration)?;
        }
    }
    store_in(tx, &mut persona, now)
}

/// Keeps a clone for reading, whoever looks after it.
///
/// # Errors
/// When the store fails.
pub fn retire_in(tx: &mut WriteTx<'_>, id: CloneId, now: Timestamp) -> Result<(), StoreError> {
    let Some(mut persona) = clones::persona(tx, id)? else { return Ok(()) };
    if persona.standing.life == Life::Retired {
        return Ok(());
    }
    persona.standing.life = Life::Retired;
    persona.standing.since = Some(now);
    store_in(tx, &mut persona, now)
}
