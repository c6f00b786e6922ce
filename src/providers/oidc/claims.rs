//! What an ID token says, and whether it may be believed.

use std::time::Duration;

use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdToken,
    IdTokenClaims, IdTokenVerifier, IssuerUrl, Nonce, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OidcError;
use crate::kernel::{Timestamp, TokenHash};

/// What a provider may sign with: key pairs only, so that no secret that we share with it can
/// be taken for a key, and nothing without a signature.
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How far a provider's clock may be off.
const SKEW: Duration = Duration::from_secs(60);

/// The longest subject there is (OpenID Connect Core 2).
const LONGEST_SUBJECT: usize = 255;

/// Claims that the library has no field for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

pub(super) type Id =
    IdToken<Extra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What a provider says of a person.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Who it is there; never given to another.
    pub subject: String,
    /// Their address, as far as the provider knows.
    pub email: Option<String>,
    /// Whether the provider says to have proven the address.
    pub email_verified: bool,
    /// How they are called.
    pub name: Option<String>,
    /// Their language.
    pub locale: Option<String>,
    /// Their groups; nothing if it does not say, which is not the same as being in none.
    pub groups: Option<Vec<String>>,
    /// When the provider said so.
    pub issued_at: Timestamp,
    /// Until when the token can be used.
    pub expires_at: Timestamp,
}

/// What an ID token must say.
pub(super) struct Expected<'a> {
    /// Whom it may be made for, and to whom.
    pub(super) parties: &'a [&'a str],
    /// The nonce it must repeat.
    pub(super) nonce: Option<&'a str>,
    /// The access token that came with it.
    pub(super) access: Option<&'a AccessToken>,
    /// How old it may be; nothing for one that may have waited, as long as it has not expired.
    pub(super) no_older: Option<Duration>,
    /// Since when the person must have proven who they are.
    pub(super) proven_since: Option<Timestamp>,
    pub(super) groups_claim: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// What an ID token says, if it may be believed.
pub(super) fn read(
    id: &Id,
    issuer: &IssuerUrl,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Claims, OidcError> {
    let mut refused = OidcError::Token("its audience");
    for party in expected.parties {
        // As a public client: then the library never takes our secret for a key.
        let verifier = IdTokenVerifier::new_public_client(
            ClientId::new((*party).to_owned()),
            issuer.clone(),
            keys.clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        // Times are judged below, by our clock.
        .set_time_fn(Default::default);
        match id.claims(&verifier, nonce_check(expected.nonce)) {
            Ok(claims) => {
                require_times(claims, expected)?;
                require_party(claims, expected)?;
                require_hash(id, claims, &verifier, expected)?;
                return said(claims, expected);
            }
            Err(ClaimsVerificationError::InvalidAudience(_)) => {}
            Err(other) => {
                refused = other.into();
                break;
            }
        }
    }
    Err(refused)
}

fn nonce_check(sent: Option<&str>) -> impl FnOnce(Option<&Nonce>) -> Result<(), String> {
    let sent = sent.map(TokenHash::of);
    move |claimed| {
        let Some(sent) = sent else { return Ok(()) };
        let claimed = claimed.map(|nonce| TokenHash::of(nonce.secret()));
        let same = claimed.is_some_and(|claimed| claimed.same_as(&sent));
        if same { Ok(()) } else { Err(String::new()) }
    }
}

type Signed = IdTokenClaims<Extra, CoreGenderClaim>;

fn require_times(claims: &Signed, expected: &Expected<'_>) -> Result<(), OidcError> {
    let latest = expected.now.plus(SKEW).0;
    if claims.expiration().timestamp_micros() <= expected.now.0 {
        return Err(OidcError::Token("it has expired"));
    }
    if claims.issue_time().timestamp_micros() > latest {
        return Err(OidcError::Token("it was made in the future"));
    }
    let made = Timestamp(claims.issue_time().timestamp_micros());
    if expected.no_older.is_some_and(|age| made.plus(age + SKEW) < expected.now) {
        return Err(OidcError::Token("it was made long ago"));
    }
    // The library does not look at it; seconds since 1970, by RFC 7519 maybe with a fraction.
    if let Some(from) = claims.additional_claims().all.get("nbf") {
        let from = from.as_f64().ok_or(OidcError::Token("its form"))?;
        if from * 1e6 > latest as f64 {
            return Err(OidcError::Token("it is not good yet"));
        }
    }
    if let Some(since) = expected.proven_since {
        let proven = claims.auth_time().map(|at| Timestamp(at.timestamp_micros()));
        let in_time = proven.is_some_and(|at| at.plus(SKEW) >= since && at.0 <= latest);
        if !in_time {
            return Err(OidcError::Token("the person did not prove anew who they are"));
        }
    }
    Ok(())
}

fn require_party(claims: &Signed, expected: &Expected<'_>) -> Result<(), OidcError> {
    match claims.authorized_party() {
        Some(party) if !expected.parties.contains(&party.as_str()) => {
            Err(OidcError::Token("it was made for another client"))
        }
        _ => Ok(()),
    }
}

fn require_hash(
    id: &Id,
    claims: &Signed,
    verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
    expected: &Expected<'_>,
) -> Result<(), OidcError> {
    let (Some(hash), Some(access)) = (claims.access_token_hash(), expected.access) else {
        return Ok(());
    };
    let unread = |_| OidcError::Token("its algorithm");
    let algorithm = id.signing_alg().map_err(unread)?;
    let key = id.signing_key(verifier).map_err(unread)?;
    let right = AccessTokenHash::from_token(access, algorithm, key)
        .map_err(|_| OidcError::Token("its algorithm"))?;
    if *hash == right { Ok(()) } else { Err(OidcError::Token("it belongs to another token")) }
}

fn said(claims: &Signed, expected: &Expected<'_>) -> Result<Claims, OidcError> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(OidcError::Token("its subject"));
    }
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
    let name = name.or_else(|| claims.preferred_username().map(|name| name.as_str()));
    Ok(Claims {
        subject: subject.to_owned(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified() == Some(true),
        name: name.map(str::to_owned),
        locale: claims.locale().map(|locale| locale.as_ref().to_owned()),
        groups: groups(claims.additional_claims(), expected.groups_claim),
        issued_at: Timestamp(claims.issue_time().timestamp_micros()),
        expires_at: Timestamp(claims.expiration().timestamp_micros()),
    })
}

impl Claims {
    /// Takes over what was not said yet. An address and whether it is proven belong together.
    pub(super) fn complete(
        &mut self,
        said: &UserInfoClaims<Extra, CoreGenderClaim>,
        groups_claim: Option<&str>,
    ) {
        if self.email.is_none() {
            self.email = said.email().map(|email| email.as_str().to_owned());
            self.email_verified = said.email_verified() == Some(true);
        }
        if self.name.is_none() {
            let name = said.name().and_then(|name| name.get(None)).map(|name| name.as_str());
            let name = name.or_else(|| said.preferred_username().map(|name| name.as_str()));
            self.name = name.map(str::to_owned);
        }
        if self.locale.is_none() {
            self.locale = said.locale().map(|locale| locale.as_ref().to_owned());
        }
        if self.groups.is_none() {
            self.groups = groups(said.additional_claims(), groups_claim);
        }
    }
}

/// The groups that a claim names: a list, or a single one.
fn groups(claims: &Extra, name: Option<&str>) -> Option<Vec<String>> {
    match claims.all.get(name?)? {
        Value::String(group) => Some(vec![group.clone()]),
        Value::Array(groups) => {
            Some(groups.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    }
}
