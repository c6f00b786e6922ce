//! Why a sign-in at a provider leads nowhere.

use crate::accounts::AccountError;
use crate::factors::FactorError;
use crate::kernel::{Fault, FieldFault, Kind};
use crate::providers::OidcError;
use crate::store::StoreError;

use super::Flaw;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such provider or identity.
    #[error("there is no such provider or identity")]
    Missing,
    /// The sign-in was begun elsewhere, too long ago, or is over.
    #[error("no sign-in is waiting for this")]
    NoFlow,
    /// Only a browser can be sent elsewhere.
    #[error("only a browser can do this")]
    BrowserNeeded,
    /// We do not know by which address the browser can come back.
    #[error("the public address is not set")]
    NoAddress,
    /// The provider says nothing of an address.
    #[error("the provider gave no address")]
    NoEmail,
    /// The address belongs to an account that the identity is not linked with.
    #[error("the address belongs to an account")]
    LinkNeeded,
    /// The account's factors could not be had.
    #[error(transparent)]
    Factors(#[from] FactorError),
    /// The identity is linked with another account.
    #[error("the identity belongs to another account")]
    Taken,
    /// The account could not be opened without it.
    #[error("the last way in")]
    LastWayIn,
    /// The account is somebody else at this provider.
    #[error("another identity")]
    Another,
    /// The ID token was used already.
    #[error("the token was used")]
    Used,
    /// Apps may not bring the provider's word.
    #[error("the provider is not for apps")]
    NotForApps,
    /// What is said of a provider cannot be.
    #[error("a provider cannot be like this")]
    Flawed(Vec<Flaw>),
    /// Only the configuration changes the provider.
    #[error("the provider is of the configuration")]
    Configured,
    /// There are as many providers as there may be.
    #[error("too many providers")]
    TooManyProviders,
    /// The provider was changed in the meantime.
    #[error("the provider was changed in the meantime")]
    Changed,
    /// The provider.
    #[error(transparent)]
    Provider(#[from] OidcError),
    /// The account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        use IdentityError as E;
        match error {
            E::Missing => Self::not_found(),
            E::Account(error) => error.into(),
            E::Store(error) => error.into(),
            IdentityError::Factors(error) => error.into(),
            IdentityError::LastWayIn => FactorError::LastWayIn.into(),
            E::Flawed(flaws) => Self::invalid(flaws.into_iter().map(field).collect()),
            E::Changed => AccountError::Changed.into(),
            E::Provider(OidcError::Denied | OidcError::Refused) => {
                let detail = "The provider did not let you through; try again.";
                Self::new(Kind::Forbidden, "identity_denied", detail)
            }
            E::Provider(error) if error.is_providers() => {
                let detail = "The provider cannot be reached, or does not answer as it should.";
                Self::new(Kind::Upstream, "identity_provider_failed", detail).because(error)
            }
            E::Provider(error) => Self::from(E::Used).because(error),
            other => {
                let (kind, code, detail) = words(&other);
                Self::new(kind, code, detail)
            }
        }
    }
}

fn field(flaw: Flaw) -> FieldFault {
    FieldFault::new(flaw.problem, format!("/{}", flaw.field), flaw.expected)
}

/// Kind, code and sentence of an error that says no more than that.
fn words(error: &IdentityError) -> (Kind, &'static str, &'static str) {
    use IdentityError as E;
    match error {
        E::NoFlow => (
            Kind::Forbidden,
            "identity_flow_invalid",
            "This sign-in was begun elsewhere or too long ago; begin it again.",
        ),
        E::BrowserNeeded => (
            Kind::Forbidden,
            "browser_needed",
            "This leads to another site and back; do it in a browser that is signed in here.",
        ),
        E::NoAddress => (
            Kind::NotImplemented,
            "public_url_needed",
            "Whoever runs this server must set `server.public_url` first.",
        ),
        E::NoEmail => (
            Kind::Forbidden,
            "identity_email_missing",
            "The provider gave no e-mail address, which an account needs.",
        ),
        E::LinkNeeded => (
            Kind::Conflict,
            "identity_link_needed",
            "There is an account with this e-mail address; sign in to it and link the provider.",
        ),
        E::Taken => {
            (Kind::Conflict, "identity_taken", "This is linked with another account already.")
        }
        E::NotForApps => (
            Kind::Forbidden,
            "provider_not_for_apps",
            "Apps bring ID tokens only of providers that the configuration of the server names.",
        ),
        E::Configured => (
            Kind::Conflict,
            "provider_configured",
            "This provider is in the configuration; change it there and start the server again.",
        ),
        E::TooManyProviders => (
            Kind::Conflict,
            "too_many_providers",
            "There are as many providers as there may be; remove one first.",
        ),
        E::Another => (
            Kind::Forbidden,
            "identity_another",
            "You are somebody else there; choose the account that is linked here.",
        ),
        _ => (
            Kind::Forbidden,
            "identity_token_invalid",
            "What the provider says of you cannot be believed; try again.",
        ),
    }
}
