//! Access tokens: JWTs as of RFC 9068, signed with the instance's own Ed25519 key.
//!
//! A token says whose it is, which sign-in it belongs to and which security epoch it was made
//! in; all three are looked up again on every use, so a token opens nothing a moment after its
//! sign-in has ended. jsonwebtoken brings the format, ring (which TLS uses as well) the
//! signature.

use std::time::Duration;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use signature::{Signer, Verifier};

use crate::accounts::AccountError;
use crate::kernel::{AccountId, Secret, SessionId, Timestamp};

/// RFC 9068 2.1: tells an access token from every other.
const TYPE: &str = "at+jwt";

/// How far the clock of whoever made a token may be off: nobody's but ours.
const LEEWAY: u64 = 0;

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    sub: AccountId,
    /// The sign-in.
    sid: SessionId,
    /// The security epoch of the account.
    epoch: u64,
    iat: i64,
    exp: i64,
}

impl Claims {
    pub(super) fn account(&self) -> AccountId {
        self.sub
    }

    pub(super) fn session(&self) -> SessionId {
        self.sid
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// Makes and reads access tokens.
#[derive(Clone)]
pub(super) struct AccessTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    issuer: String,
    audience: String,
}

/// A fresh key, as PKCS #8.
pub(super) fn fresh_key() -> Result<Secret<Vec<u8>>, AccountError> {
    let random = ring::rand::SystemRandom::new();
    let key = Ed25519KeyPair::generate_pkcs8(&random).map_err(failed)?;
    Ok(Secret::new(key.as_ref().to_vec()))
}

impl AccessTokens {
    /// With this key, for the instance with this identifier.
    pub(super) fn new(key: &Secret<Vec<u8>>, instance: &str) -> Result<Self, AccountError> {
        // Another one installed before would be ours too.
        let _ = PROVIDER.install_default();
        let pair = pair(key.reveal()).map_err(failed)?;
        Ok(Self {
            signing: EncodingKey::from_ed_der(key.reveal()),
            verifying: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            issuer: format!("urn:clonememoria:{instance}"),
            audience: format!("urn:clonememoria:{instance}:api"),
        })
    }

    /// A token for a sign-in, good for a while.
    pub(super) fn make(
        &self,
        (account, epoch): (AccountId, u64),
        session: SessionId,
        now: Timestamp,
        lasts: Duration,
    ) -> Result<Secret<String>, AccountError> {
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: account,
            sid: session,
            epoch,
            iat: seconds(now),
            exp: seconds(now.plus(lasts)),
        };
        jsonwebtoken::encode(&header, &claims, &self.signing).map(Secret::new).map_err(failed)
    }

    /// The same token for another audience, or anew for the same: to see that it is the audience
    /// that is refused.
    #[cfg(feature = "testing")]
    pub(super) fn again(
        &self,
        claims: Claims,
        audience: Option<String>,
    ) -> Result<Secret<String>, AccountError> {
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let aud = audience.unwrap_or_else(|| self.audience.clone());
        let claims = Claims { aud, ..claims };
        jsonwebtoken::encode(&header, &claims, &self.signing).map(Secret::new).map_err(failed)
    }

    /// What a token says, if it is one of ours and still good.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        // Checked before anything is verified: nothing in a header may choose how.
        let header = jsonwebtoken::decode_header(token).ok()?;
        let plain = header.alg == Algorithm::EdDSA
            && header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE))
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none()
            && header.kid.is_none();
        if !plain {
            return None;
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        rules.leeway = LEEWAY;
        // By our clock, which tests can set, and not by the library's.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims: Claims = jsonwebtoken::decode(token, &self.verifying, &rules).ok()?.claims;
        let now = seconds(now);
        (now < claims.exp && claims.iat <= now).then_some(claims)
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

fn failed(error: impl std::fmt::Display) -> AccountError {
    AccountError::Hashing(error.to_string())
}

fn pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair, ring::error::KeyRejected> {
    Ed25519KeyPair::from_pkcs8(pkcs8)
}

/// The one algorithm there is here, by ring.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        only_ed25519(*algorithm)?;
        let pair = pair(key.as_bytes()).map_err(|_| JwtError::from(ErrorKind::InvalidEddsaKey))?;
        Ok(Box::new(RingSigner(pair)) as Box<dyn JwtSigner>)
    },
    verifier_factory: |algorithm, key| {
        only_ed25519(*algorithm)?;
        let key = key.try_get_as_bytes()?.to_vec();
        Ok(Box::new(RingVerifier(UnparsedPublicKey::new(&ED25519, key))) as Box<dyn JwtVerifier>)
    },
    key_utils: KeyUtils::new_unimplemented(),
};

fn only_ed25519(algorithm: Algorithm) -> JwtResult<()> {
    match algorithm {
        Algorithm::EdDSA => Ok(()),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct RingSigner(Ed25519KeyPair);

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct RingVerifier(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
    const TEN_MINUTES: Duration = Duration::from_secs(600);

    struct Made {
        tokens: AccessTokens,
        key: Secret<Vec<u8>>,
    }

    fn made() -> Made {
        let key = fresh_key().unwrap();
        Made { tokens: AccessTokens::new(&key, "here").unwrap(), key }
    }

    impl Made {
        fn token(&self) -> String {
            let who = (AccountId::fresh(), 3);
            let made = self.tokens.make(who, SessionId::fresh(), NOW, TEN_MINUTES);
            made.unwrap().reveal().clone()
        }

        /// Signs anything with our own key.
        fn signed(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(header), part(claims));
            let signature = pair(self.key.reveal()).unwrap().sign(message.as_bytes());
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "urn:clonememoria:here", "aud": "urn:clonememoria:here:api",
            "sub": AccountId::fresh(), "sid": SessionId::fresh(), "epoch": 1,
            "iat": seconds(NOW), "exp": seconds(NOW) + 600,
        })
    }

    #[test]
    fn a_token_is_read_until_its_time_is_over() {
        let made = made();
        let token = made.token();
        assert_eq!(made.tokens.read(&token, NOW).unwrap().epoch(), 3);
        assert!(made.tokens.read(&token, NOW.plus(Duration::from_secs(599))).is_some());
        assert!(made.tokens.read(&token, NOW.plus(TEN_MINUTES)).is_none());
        assert!(made.tokens.read(&token, Timestamp(NOW.0 - 2_000_000)).is_none(), "not yet");
        let other = AccessTokens::new(&fresh_key().unwrap(), "here").unwrap();
        assert!(other.read(&token, NOW).is_none(), "another key");
        let other = AccessTokens::new(&made.key, "elsewhere").unwrap();
        assert!(other.read(&token, NOW).is_none(), "another instance");
    }

    #[test]
    fn what_our_own_key_signed_must_still_be_an_access_token() {
        let made = made();
        let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
        assert!(made.tokens.read(&made.signed(&header, &claims()), NOW).is_some());
        for (field, value) in [
            ("typ", json!("JWT")),
            ("typ", Value::Null),
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("ES256")),
            ("alg", json!("RS256")),
            ("jku", json!("https://evil.example/keys")),
            ("x5u", json!("https://evil.example/cert")),
            ("kid", json!("../../../dev/null")),
            ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"})),
        ] {
            let mut forged = header.clone();
            forged[field] = value.clone();
            let token = made.signed(&forged, &claims());
            assert!(made.tokens.read(&token, NOW).is_none(), "{field}: {value}");
        }
        for (field, value) in [
            ("iss", json!("urn:clonememoria:there")),
            ("aud", json!("urn:clonememoria:there:api")),
            ("aud", json!(["urn:other"])),
            ("exp", json!(seconds(NOW))),
            ("exp", Value::Null),
            ("iat", json!(seconds(NOW) + 60)),
            ("sub", json!("root")),
            ("sid", Value::Null),
            ("epoch", json!(-1)),
        ] {
            let mut forged = claims();
            forged[field] = value.clone();
            let token = made.signed(&header, &forged);
            assert!(made.tokens.read(&token, NOW).is_none(), "{field}: {value}");
        }
    }

    #[test]
    fn a_token_that_was_touched_is_none() {
        let made = made();
        let token = made.token();
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        for forged in [
            format!("{}.{}.", parts[0], parts[1]),
            format!("{none}.{}.", parts[1]),
            format!("{}.{}.{}", none, parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], parts[0], parts[2]),
            format!("{token}A"),
            token.replace('.', ""),
            String::new(),
            "..".to_owned(),
            "a.b.c".to_owned(),
        ] {
            assert!(made.tokens.read(&forged, NOW).is_none(), "{forged}");
        }
    }
}
