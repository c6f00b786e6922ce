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
    /// The link from a mail is used, too old or wrong.
    #[error("the link is not good")]
    WrongLink,
    /// The new password is refused.
    #[error(transparent)]
    WeakPassword(#[from] super::WeakPassword),
    /// The account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// Wrong too often; the next try has to wait.
    #[error("too many wrong tries")]
    TooManyAttempts {
        /// How long.
        wait: Duration,
    },
    /// The account is kept in memory of somebody who has died.
    #[error("the account is kept in memory")]
    InMemory,
    /// Only this account administers the instance.
    #[error("the last admin")]
    LastAdmin,
    /// An admin would shut themselves out.
    #[error("an admin cannot do this to themselves")]
    OwnAccount,
    /// The account was changed since it was read.
    #[error("the account was changed in the meantime")]
    Changed,
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
            E::Changed => Self::stale(),
            E::Store(error) => error.into(),
            E::WeakPassword(weak) => Self::field(weak.into(), "/new_password", weak.to_string()),
            other @ (E::Hashing(_) | E::Random(_)) => Self::internal(other),
            E::TooManyAttempts { wait } => {
                let detail = "Too many wrong tries; the next is taken after `Retry-After` seconds.";
                Self::new(Kind::Limited, "too_many_attempts", detail).retry_after(wait)
            }
            E::Busy => Self::new(Kind::Limited, "busy", "Too many sign-ins at once; try again.")
                .retry_after(Duration::from_secs(2)),
            other => {
                let (kind, code, detail) = words(&other);
                Self::new(kind, code, detail)
            }
        }
    }
}

/// Kind, code and sentence of an error that says no more than that.
fn words(error: &AccountError) -> (Kind, &'static str, &'static str) {
    use AccountError as E;
    match error {
        E::EmailTaken => {
            (Kind::Conflict, "email_taken", "There is an account with this e-mail address already.")
        }
        E::WrongCredentials => (
            Kind::Unauthenticated,
            "invalid_credentials",
            "The password is wrong, or it is not the one of this address; try again.",
        ),
        E::SetUpAlready => {
            (Kind::Conflict, "already_set_up", "The first account exists already; sign in instead.")
        }
        E::SetUpFirst => (
            Kind::Conflict,
            "setup_needed",
            "This server has no account yet; open the link it printed when it started.",
        ),
        E::WrongSetupToken => (
            Kind::Forbidden,
            "setup_token_invalid",
            "This link is used, too old or mistyped; `clonememoria admin link` prints a new one.",
        ),
        E::RegistrationClosed => {
            (Kind::Forbidden, "registration_closed", "New accounts cannot be made on this server.")
        }
        E::InviteNeeded => (
            Kind::Forbidden,
            "invite_needed",
            "An invitation is needed to make an account on this server.",
        ),
        E::WrongInvite => (
            Kind::Forbidden,
            "invite_invalid",
            "This invitation is used, too old or mistyped; ask for a new one.",
        ),
        other => words_of_standing(other),
    }
}

/// The same for what concerns an account that exists.
fn words_of_standing(error: &AccountError) -> (Kind, &'static str, &'static str) {
    use AccountError as E;
    match error {
        E::WrongLink => (
            Kind::Forbidden,
            "link_invalid",
            "This link is used, too old or mistyped; ask for a new one.",
        ),
        E::Suspended => (
            Kind::Forbidden,
            "suspended",
            "This account is suspended; ask whoever runs this server.",
        ),
        E::InMemory => (
            Kind::Conflict,
            "account_in_memory",
            "This account is kept in memory of somebody who has died; nobody signs in to it again.",
        ),
        E::LastAdmin => (
            Kind::Conflict,
            "last_admin",
            "Nobody else administers this server; make another admin first.",
        ),
        E::OwnAccount => (
            Kind::Conflict,
            "own_account",
            "You cannot do this to your own account; ask another admin.",
        ),
        _ => (Kind::Unauthenticated, "unauthenticated", "Sign in to do this."),
    }
}
