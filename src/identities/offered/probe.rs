//! Asking a provider what it says of itself.

use crate::identities::IdentityError;
use crate::providers::{OidcError, OutboundError};

use super::Offered;

/// What a provider says of itself when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Whether one can sign out there too.
    pub signs_out: bool,
}

/// What is wrong with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeProblem {
    /// No connection to it.
    Unreachable,
    /// It does not answer in time.
    Slow,
    /// Something answers that is no provider with this issuer.
    NoProvider,
    /// Browsers cannot be sent there.
    NoPage,
    /// It signs with no key pair, so that its word cannot be checked.
    NoSignature,
    /// It is not public, or names something that is not, and nobody who may has listed it. It was
    /// not asked.
    NotAllowed,
}

/// What is wrong with a provider, and more about it.
#[derive(Debug)]
pub struct ProbeFailure {
    /// What is wrong.
    pub problem: ProbeProblem,
    /// More about it, without anything that the provider sent.
    pub detail: String,
}

impl Offered {
    /// Asks a provider what it says of itself, whether it is offered or not.
    ///
    /// # Errors
    /// When there is no such provider, or the store fails.
    pub async fn probe(&self, id: &str) -> Result<Result<Probed, ProbeFailure>, IdentityError> {
        let offered = self.current().iter().find(|provider| provider.id == id).cloned();
        let provider = match offered {
            Some(provider) => provider,
            None => {
                let settings = self.one(id, None)?.settings;
                let added_at = Some(self.0.clock.now());
                settings.provider((self.0.outbound()?, &self.0.clock), added_at)?
            }
        };
        Ok(match provider.oidc.probe().await {
            Ok((has_page, signs_out)) if has_page || provider.apps_only => Ok(Probed { signs_out }),
            Ok(_) => {
                let detail = "it has no page to sign in on".to_owned();
                Err(ProbeFailure { problem: ProbeProblem::NoPage, detail })
            }
            Err(error) => Err(failure(&error)),
        })
    }
}

fn failure(error: &OidcError) -> ProbeFailure {
    let problem = match error {
        OidcError::Unreachable(error @ OutboundError::NotListed) => {
            return ProbeFailure { problem: ProbeProblem::NotAllowed, detail: error.to_string() };
        }
        OidcError::Unreachable(OutboundError::Timeout) | OidcError::Slow => ProbeProblem::Slow,
        OidcError::Algorithms => ProbeProblem::NoSignature,
        OidcError::Unreachable(OutboundError::TooLarge) => ProbeProblem::NoProvider,
        OidcError::Unreachable(_) => ProbeProblem::Unreachable,
        _ => ProbeProblem::NoProvider,
    };
    ProbeFailure { problem, detail: error.to_string() }
}
