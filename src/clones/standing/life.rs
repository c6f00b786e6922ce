//! Letting a clone rest, for a while or for good.

use std::time::Duration;

use crate::access::{Action, Need, Principal, may, permit};
use crate::accounts::SecurityEvent;
use crate::consents::{self, Consent};
use crate::kernel::{AccountId, CloneId};
use crate::spaces;
use crate::store::{Rows, StoreError};

use super::model::{Farewell, Ground, Life, Stands};
use super::{stands, store_in};
use crate::clones::{CloneError, Clones, Persona, open};

/// For how long a clone that was retired wakes at a word; after that, who wakes it proves who
/// they are.
pub const SECOND_THOUGHTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Clones {
    /// Lets a clone rest, retires it, or wakes it.
    ///
    /// # Errors
    /// When the asker may not, or somebody's word is against waking it.
    pub async fn set_life(
        &self,
        who: &Principal,
        id: CloneId,
        life: Life,
        farewell: Option<Farewell>,
    ) -> Result<Stands, CloneError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (mut persona, role) = open(tx, &who, id, Action::ChangeClone)?;
                let before = persona.standing.life;
                // Whoever looks after it can let it rest; the rest is for its owner.
                let for_stewards = life == Life::Paused && before != Life::Retired;
                if !for_stewards && !may(role, Action::DeleteClone) {
                    return Err(CloneError::Forbidden);
                }
                if farewell.is_some() {
                    consents::require_in(tx, who.account, Consent::DataProcessing)?;
                }
                let long_ago = persona.standing.since.is_none_or(|since| {
                    // What lies in the future was written by a clock that was wrong.
                    since > now || now.since(since) > SECOND_THOUGHTS
                });
                if before == Life::Retired && life != Life::Retired && long_ago {
                    permit(&who, Need::Fresh, now)?;
                }
                if life == Life::Active {
                    require_nobody_against(&persona)?;
                }
                if life != before {
                    persona.standing.since = Some(now);
                }
                persona.standing.life = life;
                persona.standing.farewell = farewell.filter(|_| life == Life::Retired);
                store_in(tx, &mut persona, now)?;
                if life != before {
                    let name = persona.profile.name.to_string();
                    let told = who_see(tx, &persona, who.account)?;
                    let state = life.name();
                    let event = SecurityEvent::CloneStateChanged { clone: id, state, name, told };
                    this.watchers.tell_in(tx, who.account, &event, now)?;
                }
                stands(tx, &who, id, now)
            })
            .await
    }
}

fn require_nobody_against(persona: &Persona) -> Result<(), CloneError> {
    if persona.standing.ground == Ground::Refused {
        return Err(CloneError::SubjectRefused);
    }
    if persona.standing.objected { Err(CloneError::Objected) } else { Ok(()) }
}

/// The members of a clone's space who see it, without one of them.
fn who_see(
    tx: &impl Rows,
    persona: &Persona,
    but: AccountId,
) -> Result<Vec<AccountId>, StoreError> {
    let mut seeing = Vec::new();
    for member in spaces::members_in(tx, persona.space)? {
        let role = spaces::role_in(tx, member, persona.space)?;
        if member != but && crate::access::role_at(persona.reach(), role).is_some() {
            seeing.push(member);
        }
    }
    Ok(seeing)
}
