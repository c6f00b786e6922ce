//! On what ground a clone exists, and whether it is awake.

use serde::{Deserialize, Serialize};

use crate::access::Reach;
use crate::clones::{CloneError, Persona, Subject};
use crate::consents;
use crate::kernel::{AccountId, ObjectionId, Text, Timestamp, Token};
use crate::store::Rows;

/// On what ground a clone exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// It is from before anybody asked: what it is open to it stays open to, and no further.
    #[default]
    Before,
    /// Nobody has said.
    Unsaid,
    /// Whoever it is of, or somebody close to them, has declared it.
    Declared,
    /// The living person has agreed.
    Agreed,
    /// The living person has not, or not any more.
    Refused,
}

/// Whether a clone can be talked with, and more be told to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// It can.
    #[default]
    Active,
    /// It rests: nobody talks with it.
    Paused,
    /// It is kept for reading.
    Retired,
}

impl Life {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Retired => "retired",
        }
    }
}

/// A few words of whoever looks after a clone, for those who come to it when it is retired.
pub type Farewell = Text<0, 2_000>;
/// What somebody is to a person.
pub type Relation = Text<1, 200>;
/// What somebody says in words of their own.
pub type OwnWords = Text<0, 2_000>;

/// How a clone stands, kept with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// On what ground it exists.
    pub ground: Ground,
    /// What its people chose for it.
    pub life: Life,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What is said in its place when it is retired.
    pub farewell: Option<Farewell>,
    /// Whether somebody objects to it.
    pub objected: bool,
}

impl Persona {
    /// Whether it may be opened to others than those who make it.
    pub fn may_open(&self) -> bool {
        let said = matches!(self.standing.ground, Ground::Declared | Ground::Agreed);
        said || self.profile.subject == Subject::Fictional
    }

    /// Whether what it is open to already may stay so.
    pub fn may_stay_open(&self) -> bool {
        self.may_open() || self.standing.ground == Ground::Before
    }

    /// Who can find it now, whatever was chosen.
    pub fn reach(&self) -> Reach {
        if self.may_stay_open() { self.profile.visibility } else { Reach::Private }
    }

    /// Whether it is awake: what its people chose, or what somebody's word makes of it.
    pub fn life(&self) -> Life {
        let stopped = self.standing.objected || self.standing.ground == Ground::Refused;
        match self.standing.life {
            Life::Active if stopped => Life::Paused,
            life => life,
        }
    }

    /// Whom it is of was changed: what was said of it was said of somebody else.
    ///
    /// # Errors
    /// When the person said that they do not want it, which nothing takes back but their word.
    pub(in crate::clones) fn follow_subject(&mut self, before: &Self) -> Result<(), CloneError> {
        if self.profile.subject == before.profile.subject {
            return Ok(());
        }
        match before.standing.ground {
            Ground::Refused => Err(CloneError::SubjectRefused),
            Ground::Before => Ok(()),
            Ground::Unsaid | Ground::Declared | Ground::Agreed => {
                self.standing.ground = Ground::Unsaid;
                Ok(())
            }
        }
    }

    /// Fails if it would be open to others than those who make it, and nobody has vouched for
    /// it; what it was open to already is not taken from anybody.
    ///
    /// # Errors
    /// When somebody has to vouch for it first.
    pub(in crate::clones) fn require_ground(
        &self,
        before: Option<&Self>,
    ) -> Result<(), CloneError> {
        let rank = |reach| match reach {
            Reach::Private => 0,
            Reach::Space => 1,
            Reach::Public => 2,
        };
        let wanted = self.profile.visibility;
        let kept = before.is_some_and(|before| {
            let no_wider = rank(wanted) <= rank(before.reach()) && before.space == self.space;
            no_wider && self.may_stay_open()
        });
        if wanted == Reach::Private || self.may_open() || kept {
            return Ok(());
        }
        Err(CloneError::StandingRequired)
    }

    /// Fails unless others may be let in.
    ///
    /// # Errors
    /// When nobody has vouched for it, or it is kept for reading.
    pub fn require_openable(&self) -> Result<(), CloneError> {
        if self.life() == Life::Retired {
            return Err(CloneError::Retired);
        }
        if self.may_open() { Ok(()) } else { Err(CloneError::StandingRequired) }
    }

    /// Fails unless it can be talked with now.
    ///
    /// # Errors
    /// What it does instead, that what its space holds is restricted to storage, or that the
    /// store fails.
    pub fn require_awake_in(&self, tx: &impl Rows) -> Result<(), CloneError> {
        match self.life() {
            Life::Active => Ok(consents::require_awake_in(tx, self.space)?),
            Life::Paused => Err(CloneError::Paused),
            Life::Retired => Err(CloneError::Retired),
        }
    }
}

/// What was declared of a clone, never changed.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Declaration {
    pub number: u64,
    pub subject: Subject,
    pub by: AccountId,
    pub at: Timestamp,
    pub words: Shown,
    pub relation: Option<Relation>,
    pub own_words: Option<OwnWords>,
}

/// The words that somebody had before them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Shown {
    pub version: String,
    pub locale: String,
    pub text: String,
    /// The SHA-256 of the text, in hexadecimal.
    pub sha256: String,
}

/// That somebody close to the person does not want the clone.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Objection {
    pub id: ObjectionId,
    pub by: AccountId,
    pub at: Timestamp,
    pub relation: Relation,
    pub own_words: Option<OwnWords>,
}

/// What the living person said when they were asked.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SubjectAnswer {
    pub number: u64,
    pub agreed: bool,
    pub at: Timestamp,
    /// The name that they gave.
    pub name: Text<1, 200>,
    pub words: Shown,
}

/// A link with which a living person was asked and has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AskedLink {
    pub by: AccountId,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

/// All that is known of how a clone stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Stands {
    pub persona: Persona,
    /// These are for members of the clone's space: empty for everybody else.
    pub declarations: Vec<Declaration>,
    pub objections: Vec<Objection>,
    pub answers: Vec<SubjectAnswer>,
    pub asked: Option<AskedLink>,
}

/// What somebody declares.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Declaring {
    pub subject: Subject,
    /// The SHA-256 of the text that they had before them.
    pub sha256: String,
    pub relation: Option<Relation>,
    pub own_words: Option<OwnWords>,
}

/// What the living person says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Answering {
    pub agreed: bool,
    pub name: Text<1, 200>,
    /// The SHA-256 of the text that they had before them.
    pub sha256: String,
}

/// A link that was just made.
#[expect(missing_docs, reason = "the names say it")]
pub struct MadeLink {
    pub token: Token,
    pub asked: AskedLink,
}

/// What a living person who was asked sees.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AskedOf {
    pub persona: Persona,
    pub memories: u64,
    pub expires_at: Option<Timestamp>,
    pub answer: Option<SubjectAnswer>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clones::rows::PersonaRow;
    use crate::kernel::{CloneId, SpaceId};

    /// A clone as it was stored before anybody asked on whose word it exists.
    fn from_before(subject: &str, visibility: &str) -> Persona {
        let row: PersonaRow = serde_json::from_value(json!({
            "space": SpaceId::fresh(), "created_by": AccountId::fresh(), "name": "Rosa",
            "subject": subject, "traits": [], "tags": [], "visibility": visibility,
            "created_at": Timestamp::default(), "updated_at": Timestamp::default(), "version": 1,
        }))
        .unwrap();
        row.persona(CloneId::fresh())
    }

    #[test]
    fn a_clone_from_before_keeps_whom_it_has_and_is_opened_no_further() {
        let before = from_before("living", "space");
        assert_eq!((before.standing.ground, before.life()), (Ground::Before, Life::Active));
        assert_eq!(before.reach(), Reach::Space);
        assert!(!before.may_open() && before.require_openable().is_err());
        let with = |reach, space| {
            let mut after = before.clone();
            after.profile.visibility = reach;
            after.space = space;
            after.require_ground(Some(&before))
        };
        assert!(with(Reach::Space, before.space).is_ok());
        assert!(with(Reach::Private, SpaceId::fresh()).is_ok());
        assert!(with(Reach::Public, before.space).is_err());
        assert!(with(Reach::Space, SpaceId::fresh()).is_err());
        assert!(from_before("fictional", "private").may_open());
    }

    #[test]
    fn a_no_shuts_a_clone_whatever_its_people_chose() {
        let mut persona = from_before("living", "public");
        persona.standing.ground = Ground::Refused;
        assert_eq!((persona.reach(), persona.life()), (Reach::Private, Life::Paused));
        persona.standing.life = Life::Retired;
        assert_eq!(persona.life(), Life::Retired);
        let before = persona.clone();
        persona.profile.subject = Subject::Fictional;
        assert!(matches!(persona.follow_subject(&before), Err(CloneError::SubjectRefused)));
    }
}
