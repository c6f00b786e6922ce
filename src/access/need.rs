//! What an operation asks of the proof that a request brings: the other half of the table of
//! permissions. What the account behind it is to the thing itself, `permissions` decides.

use std::time::Duration;

use super::{Principal, Proof};
use crate::kernel::{Fault, Kind, Timestamp};

/// How long after proving who one is sensitive things may be done.
pub const FRESH_FOR: Duration = Duration::from_secs(5 * 60);

/// What an operation needs. Every operation names exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Reads clones and what belongs to them.
    Read,
    /// Adds, changes or deletes them.
    Write,
    /// Talks with a clone.
    Chat,
    /// Reads conversations: who reads clones may, and who talks with them.
    ReadChat,
    /// Looks at the share link that it came by.
    Visit,
    /// Concerns the account itself: a person who signed in, no program.
    Account,
    /// The same, and the person proved a moment ago who they are.
    Fresh,
    /// Administers the instance; reading only.
    Admin,
    /// Administers the instance, and the person proved a moment ago who they are.
    FreshAdmin,
}

impl Need {
    /// Every need, for tests that go through the table.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Write,
        Self::Chat,
        Self::ReadChat,
        Self::Visit,
        Self::Account,
        Self::Fresh,
        Self::Admin,
        Self::FreshAdmin,
    ];
}

/// Why a proof is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key was not made for this.
    #[error("the key lacks the scope")]
    Scope(&'static str),
    /// Only a person who signed in may do this.
    #[error("only a person who signed in may do this")]
    PersonOnly,
    /// The proof is too old.
    #[error("the sign-in is too old")]
    Stale,
    /// Only a visitor of a share link can ask this.
    #[error("only a visitor of a share link can ask this")]
    VisitorOnly,
    /// Only an admin may.
    #[error("only an admin may do this")]
    AdminOnly,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Scope(scope) => Self::new(
                Kind::Forbidden,
                "scope_missing",
                format!("This key was made without the scope `{scope}`; make another with it."),
            ),
            Refusal::PersonOnly => Self::new(
                Kind::Forbidden,
                "session_required",
                "Only a person who signed in can do this; keys and share links cannot.",
            ),
            Refusal::Stale => Self::new(
                Kind::Unauthenticated,
                "reauth_required",
                "Prove again that it is you: this is possible for five minutes after that.",
            ),
            Refusal::VisitorOnly => Self::new(
                Kind::Forbidden,
                "share_link_required",
                "Only somebody who came by a share link can ask this.",
            ),
            Refusal::AdminOnly => {
                Self::new(Kind::Forbidden, "admin_only", "Only an admin can do this.")
            }
        }
    }
}

/// Whether what a request brings is enough for an operation.
///
/// # Errors
/// What is missing.
pub fn permit(who: &Principal, need: Need, now: Timestamp) -> Result<(), Refusal> {
    match &who.proof {
        Proof::Session { proven_at, .. } => {
            // The second half: a clock that was turned back keeps nothing fresh.
            let fresh = now.since(*proven_at).max(proven_at.since(now)) <= FRESH_FOR;
            match need {
                Need::Read | Need::Write | Need::Chat | Need::ReadChat | Need::Account => Ok(()),
                Need::Visit => Err(Refusal::VisitorOnly),
                Need::Admin | Need::FreshAdmin if !who.is_admin => Err(Refusal::AdminOnly),
                Need::Fresh | Need::FreshAdmin if !fresh => Err(Refusal::Stale),
                Need::Fresh | Need::Admin | Need::FreshAdmin => Ok(()),
            }
        }
        Proof::Key { scopes, .. } => match need {
            Need::Read => given(scopes.read, "read"),
            Need::Write => given(scopes.write, "write"),
            Need::Chat => given(scopes.chat, "chat"),
            Need::ReadChat => given(scopes.read || scopes.chat, "read"),
            Need::Visit => Err(Refusal::VisitorOnly),
            Need::Account | Need::Fresh | Need::Admin | Need::FreshAdmin => {
                Err(Refusal::PersonOnly)
            }
        },
        Proof::Share { .. } => match need {
            Need::Chat | Need::ReadChat | Need::Visit => Ok(()),
            _ => Err(Refusal::PersonOnly),
        },
        Proof::Glass { .. } => match need {
            Need::Read | Need::ReadChat => Ok(()),
            _ => Err(Refusal::PersonOnly),
        },
    }
}

fn given(scope: bool, name: &'static str) -> Result<(), Refusal> {
    if scope { Ok(()) } else { Err(Refusal::Scope(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Scopes, Visit};
    use crate::kernel::{AccountId, ApiKeyId, BreakGlassId, CloneId, SessionId, ShareLinkId};
    use crate::sessions::SignInBy;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn who(is_admin: bool, proof: Proof) -> Principal {
        Principal { account: AccountId::fresh(), is_admin, proof, locale: "en".to_owned() }
    }

    fn session(seconds_ago: i64) -> Proof {
        let proven_at = Timestamp(NOW.0 - seconds_ago * 1_000_000);
        Proof::Session { id: SessionId::fresh(), by: SignInBy::Cookie, proven_at, epoch: 0 }
    }

    fn key(read: bool, write: bool, chat: bool) -> Proof {
        let scopes = Scopes { read, write, chat };
        Proof::Key { id: ApiKeyId::fresh(), scopes, clones: None }
    }

    fn allowed(who: &Principal) -> Vec<Need> {
        Need::ALL.into_iter().filter(|need| permit(who, *need, NOW).is_ok()).collect()
    }

    #[test]
    fn the_table_is_as_promised() {
        use Need::{
            Account, Admin, Chat, Fresh, FreshAdmin, Read, ReadChat, Visit as Visits, Write,
        };
        let everyday = vec![Read, Write, Chat, ReadChat, Account];
        assert_eq!(allowed(&who(false, session(301))), everyday);
        assert_eq!(allowed(&who(false, session(300))), [everyday.clone(), vec![Fresh]].concat());
        assert_eq!(allowed(&who(true, session(301))), [everyday, vec![Admin]].concat());
        let all = Need::ALL.into_iter().filter(|need| *need != Visits);
        assert_eq!(allowed(&who(true, session(0))), all.collect::<Vec<_>>());
        for visit in [Visit::Own, Visit::Common] {
            let (link, clone) = (ShareLinkId::fresh(), CloneId::fresh());
            let share = Proof::Share { link, clone, visit };
            assert_eq!(allowed(&who(false, share)), [Chat, ReadChat, Visits]);
        }
        let glass = Proof::Glass { id: BreakGlassId::fresh(), session: SessionId::fresh() };
        assert_eq!(allowed(&who(false, glass.clone())), [Read, ReadChat]);
        assert_eq!(allowed(&who(true, glass)), [Read, ReadChat], "an admin's eyes do nothing");
        assert_eq!(allowed(&who(true, key(true, false, false))), [Read, ReadChat]);
        assert_eq!(allowed(&who(true, key(false, true, false))), [Write]);
        assert_eq!(allowed(&who(true, key(false, false, true))), [Chat, ReadChat]);
        assert_eq!(allowed(&who(true, key(true, true, true))), [Read, Write, Chat, ReadChat]);
        assert_eq!(allowed(&who(true, key(false, false, false))), []);
        assert!(FreshAdmin != Fresh);
    }

    #[test]
    fn a_clock_that_was_turned_back_keeps_nothing_fresh() {
        assert!(permit(&who(false, session(-10)), Need::Fresh, NOW).is_ok());
        assert_eq!(permit(&who(false, session(-400)), Need::Fresh, NOW), Err(Refusal::Stale));
    }
}
