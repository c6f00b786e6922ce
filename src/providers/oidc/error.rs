//! Why a provider could not say who somebody is. None of the texts repeats what it sent.

use openidconnect::{
    ClaimsVerificationError, DiscoveryError, ErrorResponse, RequestTokenError,
    SignatureVerificationError, UserInfoError,
};

use crate::providers::OutboundError;

/// A failure of a sign-in at a provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The configured issuer is no address.
    #[error("the issuer is no address")]
    Issuer,
    /// The provider cannot be asked.
    #[error("the provider cannot be asked")]
    Unreachable(#[source] OutboundError),
    /// It does not answer in time.
    #[error("the provider does not answer in time")]
    Slow,
    /// Its answer is none.
    #[error("the provider's answer is not as it must be: {0}")]
    Garbage(&'static str),
    /// It says to sign only in ways that do not count: with a secret that we share, or not at all.
    #[error("it signs with no key pair")]
    Algorithms,
    /// The person or the provider said no.
    #[error("the provider refused")]
    Denied,
    /// It did not take what it had sent the browser back with, or not from us.
    #[error("the provider took neither the code nor the client secret")]
    Refused,
    /// What it says of the person must not be believed.
    #[error("the provider's word cannot be believed: {0}")]
    Token(&'static str),
    /// The token is signed with a key that we do not know.
    #[error("the provider's word cannot be believed: its key is unknown")]
    Key,
    /// The system gave no random bytes.
    #[error("no random bytes")]
    Random(#[source] getrandom::Error),
}

impl From<DiscoveryError<OutboundError>> for OidcError {
    fn from(error: DiscoveryError<OutboundError>) -> Self {
        match error {
            DiscoveryError::Request(error) => Self::Unreachable(error),
            DiscoveryError::Response(..) => Self::Garbage("no keys"),
            _ => Self::Garbage("its keys cannot be read"),
        }
    }
}

impl<R: ErrorResponse> From<RequestTokenError<OutboundError, R>> for OidcError {
    fn from(error: RequestTokenError<OutboundError, R>) -> Self {
        match error {
            RequestTokenError::Request(error) => Self::Unreachable(error),
            RequestTokenError::ServerResponse(_) => Self::Refused,
            RequestTokenError::Parse(..) => Self::Garbage("its tokens cannot be read"),
            RequestTokenError::Other(_) => Self::Garbage("no tokens"),
        }
    }
}

impl From<UserInfoError<OutboundError>> for OidcError {
    fn from(error: UserInfoError<OutboundError>) -> Self {
        match error {
            UserInfoError::Request(error) => Self::Unreachable(error),
            UserInfoError::ClaimsVerification(_) => Self::Token("it speaks of somebody else"),
            _ => Self::Garbage("what it says of the person cannot be read"),
        }
    }
}

impl From<ClaimsVerificationError> for OidcError {
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        use SignatureVerificationError as S;
        match error {
            E::InvalidAudience(_) => Self::Token("its audience"),
            E::InvalidIssuer(_) => Self::Token("its issuer"),
            E::InvalidNonce(_) => Self::Token("its nonce"),
            E::Expired(_) => Self::Token("its time"),
            E::SignatureVerification(S::DisallowedAlg(_) | S::UnsupportedAlg(_)) => {
                Self::Token("its algorithm")
            }
            E::SignatureVerification(S::NoSignature) => Self::Token("no signature"),
            // Another key with the same name looks like a wrong signature.
            E::SignatureVerification(_) => Self::Key,
            _ => Self::Token("its form"),
        }
    }
}

impl From<OutboundError> for OidcError {
    fn from(error: OutboundError) -> Self {
        Self::Unreachable(error)
    }
}

impl OidcError {
    /// Whether it is the provider that fails, and not what was sent.
    pub fn is_providers(&self) -> bool {
        !matches!(self, Self::Denied | Self::Refused | Self::Token(_) | Self::Key)
    }
}
