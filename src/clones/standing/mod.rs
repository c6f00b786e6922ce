//! On what ground a clone exists, who vouches for it, and whether it rests.
//!
//! A clone of oneself is declared by who made it, one of the dead by somebody close to them, and
//! one of a living person has that person's own word, by a link that only they are given. Until
//! then only those who make a clone see it. Anybody close to the dead may object, the living may
//! take back what they said: the clone then rests, whatever its people want.

mod answers;
mod inherit;
mod life;
mod model;
pub(super) mod rows;
mod texts;

use crate::access::{Action, Principal, Role};
use crate::accounts::SecurityEvent;
use crate::consents::{self, Consent};
use crate::kernel::{AccountId, CloneId, ObjectionId, Timestamp};
use crate::spaces;
use crate::store::{Rows, StoreError, WriteTx};

use super::{CloneError, Clones, Persona, Subject, even_gone, open, rows as clones};

pub use inherit::{Inheriting, inherit_in, of_oneself_outside, retire_in};
pub use model::{
    Answering, AskedLink, AskedOf, Declaration, Declaring, Farewell, Ground, Life, MadeLink,
    Objection, OwnWords, Relation, Shown, Standing, Stands, SubjectAnswer,
};
pub use texts::text;

/// What can be declared of one clone, and objections to it, at most.
const MOST: usize = 200;

impl Clones {
    /// How a clone stands. Who is not in its space sees no more than that.
    ///
    /// # Errors
    /// When it is not theirs to see, or the store fails.
    pub fn standing(&self, who: &Principal, id: CloneId) -> Result<Stands, CloneError> {
        let now = self.clock.now();
        self.store.read(|tx| stands(tx, who, id, now))
    }

    /// Declares whom a clone is of, and on whose word it exists. What is declared is what it is
    /// from then on.
    ///
    /// # Errors
    /// When the asker may not, somebody else has to say this, or it was said not to be wanted.
    pub async fn declare(
        &self,
        who: &Principal,
        id: CloneId,
        said: Declaring,
    ) -> Result<Stands, CloneError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (mut persona, _) = open(tx, &who, id, Action::ChangeClone)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                may_declare(&persona, &who, &said)?;
                let words = texts::known(said.subject, &said.sha256).ok_or(CloneError::Outdated)?;
                if rows::declarations(tx, id)?.len() >= MOST {
                    return Err(CloneError::TooMuchSaid);
                }
                let declaration = Declaration {
                    number: 0,
                    subject: said.subject,
                    by: who.account,
                    at: now,
                    words,
                    relation: said.relation,
                    own_words: said.own_words,
                };
                rows::declare_in(tx, id, declaration)?;
                persona.profile.subject = said.subject;
                persona.standing.ground = Ground::Declared;
                store_in(tx, &mut persona, now)?;
                let event = SecurityEvent::CloneDeclared { clone: id, subject: word(said.subject) };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                stands(tx, &who, id, now)
            })
            .await
    }

    /// Objects to a clone of somebody who has died: it rests until the objection is taken back.
    ///
    /// # Errors
    /// When the asker is not in its space, or it is of nobody who has died.
    pub async fn object(
        &self,
        who: &Principal,
        id: CloneId,
        relation: Relation,
        own_words: Option<OwnWords>,
    ) -> Result<Stands, CloneError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (mut persona, _) = open(tx, &who, id, Action::ReadClone)?;
                if persona.profile.subject != Subject::Deceased {
                    return Err(CloneError::NotObjectionable);
                }
                // Who only finds it because it is open to everybody is nobody close.
                spaces::role_in(tx, who.account, persona.space)?.ok_or(CloneError::Forbidden)?;
                let known = rows::objections(tx, id)?;
                let own = known.iter().find(|known| known.by == who.account).map(|known| known.id);
                if own.is_none() && known.len() >= MOST {
                    return Err(CloneError::TooMuchSaid);
                }
                let objection = own.unwrap_or_else(ObjectionId::fresh);
                let by = who.account;
                let said = Objection { id: objection, by, at: now, relation, own_words };
                rows::object_in(tx, id, said)?;
                persona.standing.objected = true;
                store_in(tx, &mut persona, now)?;
                let name = persona.profile.name.to_string();
                let told = keepers_in(tx, &persona, by)?;
                let event = SecurityEvent::CloneObjected { clone: id, objection, name, told };
                this.watchers.tell_in(tx, by, &event, now)?;
                stands(tx, &who, id, now)
            })
            .await
    }

    /// Takes one's own objection back, also when one cannot see the clone any more. With the last
    /// of them the clone is again what its people chose.
    ///
    /// # Errors
    /// When there is none of the asker's.
    pub async fn withdraw_objection(
        &self,
        who: &Principal,
        id: CloneId,
        objection: ObjectionId,
    ) -> Result<(), CloneError> {
        let (this, by, now) = (self.clone(), who.account, self.clock.now());
        self.store
            .write(move |tx| {
                let mut persona = even_gone(tx, id)?.ok_or(CloneError::Missing)?;
                let known = rows::objections(tx, id)?;
                let own = known.iter().any(|known| known.id == objection && known.by == by);
                if !own {
                    return Err(CloneError::Missing);
                }
                tx.remove(&rows::OBJECTIONS, &(id, objection));
                persona.standing.objected = known.len() > 1;
                store_in(tx, &mut persona, now)?;
                let name = persona.profile.name.to_string();
                let told = keepers_in(tx, &persona, by)?;
                let event = SecurityEvent::ObjectionWithdrawn { clone: id, objection, name, told };
                Ok(this.watchers.tell_in(tx, by, &event, now)?)
            })
            .await
    }
}

fn may_declare(persona: &Persona, who: &Principal, said: &Declaring) -> Result<(), CloneError> {
    // Their own word is above everybody's, also after they have died.
    if persona.standing.ground == Ground::Refused {
        return Err(CloneError::SubjectRefused);
    }
    match said.subject {
        Subject::Oneself if persona.created_by != who.account => Err(CloneError::NotOneself),
        Subject::Oneself | Subject::Deceased => Ok(()),
        Subject::Living | Subject::Fictional => Err(CloneError::NotDeclarable),
    }
}

/// All that an asker may know of how a clone stands.
fn stands(
    tx: &impl Rows,
    who: &Principal,
    id: CloneId,
    now: Timestamp,
) -> Result<Stands, CloneError> {
    let (persona, role) = open(tx, who, id, Action::ReadClone)?;
    let (mut declarations, mut objections) = (Vec::new(), Vec::new());
    let (mut answers, mut asked) = (Vec::new(), None);
    if spaces::role_in(tx, who.account, persona.space)?.is_some() {
        declarations = rows::declarations(tx, id)?;
        objections = rows::objections(tx, id)?;
    }
    if role >= Role::Steward {
        answers = rows::answers(tx, id, None)?;
        let links = rows::links(tx, id)?.into_iter();
        let mut waiting = links.filter(|(_, link)| !link.answered && now < link.expires_at);
        asked = waiting.next().map(|(_, link)| link.view());
    }
    Ok(Stands { persona, declarations, objections, answers, asked })
}

/// Who looks after a clone, without one of them.
///
/// # Errors
/// When the store fails.
pub fn keepers_in(
    tx: &impl Rows,
    persona: &Persona,
    but: AccountId,
) -> Result<Vec<AccountId>, StoreError> {
    let mut keepers = spaces::stewards_in(tx, persona.space)?;
    keepers.extend(spaces::owner_in(tx, persona.space)?);
    keepers.retain(|keeper| *keeper != but);
    Ok(keepers)
}

fn store_in(tx: &mut WriteTx<'_>, persona: &mut Persona, now: Timestamp) -> Result<(), StoreError> {
    persona.updated_at = now;
    persona.version += 1;
    clones::put_in(tx, persona)
}

/// The name of a subject in the API.
fn word(subject: Subject) -> &'static str {
    match subject {
        Subject::Oneself => "self",
        Subject::Living => "living",
        Subject::Deceased => "deceased",
        Subject::Fictional => "fictional",
    }
}

/// What an account that is erased said of clones is forgotten; that it was said is not.
///
/// # Errors
/// When the store fails.
pub(super) fn forget_account_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    for clone in rows::forget_account_in(tx, account)? {
        let Some(mut persona) = clones::persona(tx, clone)? else { continue };
        let objected = !rows::objections(tx, clone)?.is_empty();
        if persona.standing.objected && !objected {
            persona.standing.objected = false;
            // Nobody took it back: it rests until its owner wakes it.
            persona.standing.life = match persona.standing.life {
                Life::Active => Life::Paused,
                life => life,
            };
            clones::put_in(tx, &persona)?;
        }
    }
    Ok(())
}
