//! Why something with second factors could not be done.

use crate::accounts::AccountError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The password is right, and a code is needed too.
    #[error("a code is needed")]
    CodeNeeded,
    /// The code is wrong, too old, or was used.
    #[error("the code is not good")]
    WrongCode,
    /// Nobody who was recognised elsewhere waits with their code any more.
    #[error("nobody waits for their code")]
    NobodyWaits,
    /// No authenticator app is set up.
    #[error("no authenticator app is set up")]
    NoTotp,
    /// No secret waits to be confirmed, or it has waited too long.
    #[error("no secret waits to be confirmed")]
    NotBegun,
    /// The operator has switched this off.
    #[error("switched off")]
    SwitchedOff,
    /// At this address browsers have no passkeys.
    #[error("no passkeys at this address")]
    NoPasskeysHere(NoPasskeys),
    /// What the passkey says does not open anything.
    #[error("the passkey is not good")]
    WrongPasskey,
    /// What the browser made cannot be taken as a passkey.
    #[error("not a passkey that was asked for")]
    NotAccepted,
    /// What was sent is not what a browser makes.
    #[error("not an answer of a passkey")]
    NoCredential,
    /// The account has as many as it can have.
    #[error("too many passkeys")]
    TooMany,
    /// The account could not be opened without it.
    #[error("the last way in")]
    LastWayIn,
    /// There is no such passkey.
    #[error("there is no such passkey")]
    Missing,
    /// The library refused its own settings.
    #[error("passkeys could not be asked for")]
    Library(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system gave no random bytes.
    #[error("no random bytes")]
    Random(#[source] getrandom::Error),
    /// The account is the reason.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why browsers have no passkeys at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPasskeys {
    /// It is unknown: nobody said what the server is called.
    Unnamed,
    /// It is a number instead of a name.
    Bare,
    /// What goes over the wire can be read there.
    Plain,
}

impl NoPasskeys {
    /// What to do about it, in a sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unnamed => {
                "Passkeys need to know the name of this server: set `server.public_url`, \
                 or open it as localhost."
            }
            Self::Bare => {
                "Browsers have no passkeys for a bare address: give this server a name and \
                 set `server.public_url` to it."
            }
            Self::Plain => {
                "Browsers have passkeys only over https: set `server.public_url` to an https \
                 address."
            }
        }
    }
}

impl From<FactorError> for Fault {
    fn from(error: FactorError) -> Self {
        use FactorError as E;
        match error {
            E::Account(error) => error.into(),
            E::Store(error) => error.into(),
            E::Random(error) => Self::internal(error),
            E::Library(cause) => Self::internal(cause),
            E::Missing => Self::not_found(),
            E::NoCredential => Self::field(
                FieldProblem::Malformed,
                "/credential",
                "must be what the browser answered",
            ),
            E::NoPasskeysHere(why) => {
                Self::new(Kind::NotImplemented, "passkeys_unavailable", why.advice())
            }
            other => {
                let (kind, code, detail) = words(&other);
                Self::new(kind, code, detail)
            }
        }
    }
}

/// Kind, code and sentence of an error that says no more than that.
fn words(error: &FactorError) -> (Kind, &'static str, &'static str) {
    use FactorError as E;
    match error {
        E::CodeNeeded => (
            Kind::Unauthenticated,
            "totp_required",
            "A code of the authenticator app, or a recovery code, is needed too.",
        ),
        E::WrongCode => (
            Kind::Unauthenticated,
            "totp_invalid",
            "This code is wrong, too old, or was used before; wait for the next one.",
        ),
        E::NobodyWaits => {
            (Kind::Unauthenticated, "sign_in_expired", "This sign-in took too long; begin again.")
        }
        E::WrongPasskey => (
            Kind::Unauthenticated,
            "passkey_invalid",
            "This passkey does not open an account here, or it took too long; try again.",
        ),
        E::NoTotp => {
            (Kind::Conflict, "totp_not_set", "No authenticator app is set up for this account.")
        }
        E::NotBegun => (
            Kind::Conflict,
            "totp_not_begun",
            "No secret waits to be confirmed, or it has waited too long; begin again.",
        ),
        E::NotAccepted => (
            Kind::Conflict,
            "passkey_not_accepted",
            "This passkey was not asked for here, is known already, or it took too long.",
        ),
        E::TooMany => (
            Kind::Conflict,
            "too_many_passkeys",
            "This account has as many passkeys as it can have; remove one first.",
        ),
        E::LastWayIn => (
            Kind::Conflict,
            "last_way_in",
            "The account could not be opened without it; set a password first.",
        ),
        _ => {
            (Kind::NotImplemented, "factor_off", "This is switched off by whoever runs the server.")
        }
    }
}
