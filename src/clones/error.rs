//! Why something with clones could not be done.

use crate::kernel::{Fault, FieldProblem, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// There is no such clone, or it is not for this account to know of.
    #[error("there is no such clone")]
    Missing,
    /// The account can see the clone, but may not do this.
    #[error("the role does not allow this")]
    Forbidden,
    /// Who broke the glass looks at memories and talks; nothing else is open.
    #[error("there is nothing more to see behind broken glass")]
    Glass,
    /// The key opens some clones only, and a new one is not among them.
    #[error("the key opens other clones only")]
    Narrow,
    /// The space it is to move into is not there, or not the account's to know of.
    #[error("there is no such space")]
    NoSuchSpace,
    /// Something with its space could not be done.
    #[error(transparent)]
    Space(#[from] crate::spaces::SpaceError),
    /// The clone was changed since the caller looked.
    #[error("the clone has changed in the meantime")]
    Stale,
    /// Nobody has vouched for it, so only those who make it may see it.
    #[error("nobody has vouched for the clone")]
    StandingRequired,
    /// It rests.
    #[error("the clone is paused")]
    Paused,
    /// It is kept for reading.
    #[error("the clone is retired")]
    Retired,
    /// Somebody close to the person objects.
    #[error("somebody objects to the clone")]
    Objected,
    /// The person does not want it.
    #[error("the person does not want the clone")]
    SubjectRefused,
    /// Only who made a clone can say that it is of themselves.
    #[error("only its maker can say that a clone is of themselves")]
    NotOneself,
    /// Nobody else can say this.
    #[error("this cannot be declared")]
    NotDeclarable,
    /// The text that was agreed to is another by now.
    #[error("the text has changed")]
    Outdated,
    /// It is of nobody who lives.
    #[error("the clone is of nobody who lives")]
    NotLiving,
    /// It is of nobody who has died.
    #[error("the clone is of nobody who has died")]
    NotObjectionable,
    /// The link asks nobody (any more).
    #[error("the link is not good")]
    LinkNotGood,
    /// No more can be said of one clone.
    #[error("too much was said of the clone")]
    TooMuchSaid,
    /// The proof is too old for this.
    #[error(transparent)]
    Refused(#[from] crate::access::Refusal),
    /// There was no randomness.
    #[error(transparent)]
    Account(#[from] crate::accounts::AccountError),
    /// No provider has this identifier.
    #[error("there is no such provider")]
    UnknownProvider {
        /// Where it stood in the request.
        pointer: &'static str,
        /// What could have stood there.
        known: Vec<String>,
    },
    /// The provider can only quote.
    #[error("this provider can only quote")]
    VerbatimOnly,
    /// Whoever writes has not agreed that it is kept.
    #[error(transparent)]
    Consent(#[from] crate::consents::ConsentError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] crate::jobs::OnceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CloneError> for Fault {
    fn from(error: CloneError) -> Self {
        match error {
            CloneError::Missing => Self::not_found(),
            CloneError::Forbidden => Self::new(
                Kind::Forbidden,
                "forbidden",
                "Your role in this space does not allow this; ask its owner or a steward.",
            ),
            CloneError::Glass => Self::new(
                Kind::Forbidden,
                "break_glass_limited",
                "Behind broken glass one sees memories and conversations, and nothing else.",
            ),
            CloneError::NoSuchSpace => {
                Self::field(FieldProblem::Unknown, "/space_id", "there is no such space")
            }
            CloneError::Space(error) => error.into(),
            CloneError::Narrow => Self::new(
                Kind::Forbidden,
                "key_limited",
                "This key opens some clones only; a key for all clones can make new ones.",
            ),
            CloneError::Stale => Self::stale(),
            CloneError::UnknownProvider { pointer, known } => Self::field(
                FieldProblem::Unknown,
                pointer,
                format!("no provider has this id; known: {}", known.join(", ")),
            ),
            CloneError::VerbatimOnly => Self::field(
                FieldProblem::NotAllowed,
                "/grounding",
                "the built-in provider only quotes; set another provider or `verbatim`",
            ),
            CloneError::Refused(refusal) => refusal.into(),
            CloneError::Account(error) => error.into(),
            CloneError::Consent(error) => error.into(),
            CloneError::Once(error) => error.into(),
            CloneError::Store(error) => error.into(),
            said => of_standing(&said),
        }
    }
}

/// Why something is not done because of how a clone stands.
fn of_standing(error: &CloneError) -> Fault {
    use CloneError as E;
    let conflict = |code, detail| Fault::new(Kind::Conflict, code, detail);
    match error {
        E::StandingRequired => conflict(
            "standing_required",
            "Say first whom this clone is of and on whose word it exists; then it can be opened.",
        ),
        E::Paused => conflict("clone_paused", "This clone rests: nobody talks with it for now."),
        E::Retired => conflict(
            "clone_retired",
            "This clone is kept for reading: nobody talks with it or adds to it any more.",
        ),
        E::Objected => conflict(
            "clone_objected",
            "Somebody close to the person objects; it rests until they take that back.",
        ),
        E::SubjectRefused => conflict(
            "subject_refused",
            "The person does not want this clone; only they can change that.",
        ),
        E::NotOneself => Fault::new(
            Kind::Forbidden,
            "not_oneself",
            "Only who made a clone can say that it is of themselves.",
        ),
        E::NotDeclarable => Fault::field(
            FieldProblem::NotAllowed,
            "/subject",
            "for somebody who lives, ask them with a link; a made-up character needs nothing",
        ),
        E::Outdated => Fault::field(
            FieldProblem::Unknown,
            "/text_sha256",
            "must be that of the text as it is now; read it again",
        ),
        E::NotLiving => {
            conflict("subject_not_living", "Only a clone of somebody who lives has them to ask.")
        }
        E::NotObjectionable => conflict(
            "objection_not_possible",
            "Those close to somebody who has died can object to a clone of them.",
        ),
        E::LinkNotGood => Fault::new(
            Kind::NotFound,
            "subject_link_invalid",
            "This link is mistyped or not good any more; ask for another.",
        ),
        E::TooMuchSaid => conflict("too_much_said", "No more can be said of one clone."),
        other => Fault::internal(other.to_string()),
    }
}
