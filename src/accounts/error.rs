//! Why something with accounts could not be done.

use std::time::Duration;

use crate::kernel::{Fault, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("there is no such account")]
    Missing,
    /// The e-mail address belongs to an account already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Address and password do not fit.
    #[error("address and password do not fit")]
    WrongCredentials,
    /// The token, cookie or refresh token is not (or no longer) good.
    #[error("the sign-in is not good any more")]
    NotSignedIn,
    /// There is an account already.
    #[error("the first account exists already")]
    SetUpAlready,
    /// There is no account yet; the first is made with the printed link.
    #[error("the first account must be made first")]
    SetUpFirst,
    /// The set-up token is wrong or too old.
    #[error("the set-up token is not good")]
    WrongSetupToken,
    /// Nobody may register.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Registering needs an invitation.
    #[error("registering needs an invitation")]
    InviteNeeded,
    /// The invitation is used, too old or wrong.
    #[error("the invitation is not good")]
    WrongInvite,
    /// Too many sign-ins at once.
    #[error("too many sign-ins are being checked")]
    Busy,
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Hashing(String),
    /// The system gave no random bytes.
    #[error("no random bytes")]
    Random(#[source] getrandom::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccountError> for Fault {
    fn from(error: AccountError) -> Self {
        use AccountError as E;
        match error {
            E::Missing => Self::not_found(),
            E::EmailTaken => Self::new(
                Kind::Conflict,
                "email_taken",
                "There is an account with this e-mail address already.",
            ),
            E::WrongCredentials => Self::new(
                Kind::Unauthenticated,
                "invalid_credentials",
                "The e-mail address and the password do not fit.",
            ),
            E::NotSignedIn => {
                Self::new(Kind::Unauthenticated, "unauthenticated", "Sign in to do this.")
            }
            E::SetUpAlready => Self::new(
                Kind::Conflict,
                "already_set_up",
                "The first account exists already; sign in instead.",
            ),
            E::SetUpFirst => Self::new(
                Kind::Conflict,
                "setup_needed",
                "This server has no account yet; open the link it printed when it started.",
            ),
            E::WrongSetupToken => Self::new(
                Kind::Forbidden,
                "setup_token_invalid",
                "This link is used, too old or mistyped; `clonememoria admin link` prints a new \
                 one.",
            ),
            E::RegistrationClosed => Self::new(
                Kind::Forbidden,
                "registration_closed",
                "New accounts cannot be made on this server.",
            ),
            E::InviteNeeded => Self::new(
                Kind::Forbidden,
                "invite_needed",
                "An invitation is needed to make an account on this server.",
            ),
            E::WrongInvite => Self::new(
                Kind::Forbidden,
                "invite_invalid",
                "This invitation is used, too old or mistyped; ask for a new one.",
            ),
            E::Busy => Self::new(Kind::Limited, "busy", "Too many sign-ins at once; try again.")
                .retry_after(Duration::from_secs(2)),
            E::Store(error) => error.into(),
            other @ (E::Hashing(_) | E::Random(_)) => Self::internal(other),
        }
    }
}
