//! What a provider has said of itself: its endpoints and its keys, asked when needed and kept.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient as _, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, IdTokenFields, ProviderMetadata,
    StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::claims::{ALGORITHMS, Expected, Extra, Id, read};
use super::guarded::Guarded;
use super::{Claims, Inner, OidcError};
use crate::kernel::Timestamp;

/// Where it says one signs out.
const SIGN_OUT: &str = "end_session_endpoint";

/// How long what a provider says of itself is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// Keys are not fetched again before that, however many tokens name unknown ones.
const KEYS_EVERY: Duration = Duration::from_secs(60);

/// What the library does not know of discovery documents.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Further {
    /// RFC 9207: answers say who they are from.
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(super) names_issuer: bool,
    /// Where one signs out.
    #[serde(default)]
    pub(super) end_session_endpoint: Option<Url>,
}

impl AdditionalProviderMetadata for Further {}

pub(super) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

pub(super) type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is known of a provider.
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) guarded: Arc<Guarded>,
    /// Whether it has a page to sign in on; some only serve apps.
    pub(super) has_page: bool,
    keys: CoreJsonWebKeySet,
    keys_at: Timestamp,
    said_at: Timestamp,
}

impl Known {
    /// What an ID token says, if all is as expected.
    pub(super) fn read(&self, id: &Id, expected: &Expected<'_>) -> Result<Claims, OidcError> {
        read(id, self.metadata.issuer(), &self.keys, expected)
    }
}

impl Inner {
    /// What is known of the provider; asks it when nothing is, or it is long ago.
    pub(super) async fn known(&self) -> Result<Arc<Known>, OidcError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        if let Some(known) = &*known
            && now.since(known.said_at) < KEPT
        {
            return Ok(Arc::clone(known));
        }
        self.ask(&mut known).await
    }

    /// The same, asked again in any case.
    pub(super) async fn known_anew(&self) -> Result<Arc<Known>, OidcError> {
        let mut known = self.known.lock().await;
        self.ask(&mut known).await
    }

    async fn ask(&self, known: &mut Option<Arc<Known>>) -> Result<Arc<Known>, OidcError> {
        let now = self.clock.now();
        let (metadata, guarded, has_page) = self.discover().await?;
        let keys = CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &guarded).await?;
        let guarded = Arc::new(guarded);
        let fresh =
            Arc::new(Known { metadata, guarded, has_page, keys, keys_at: now, said_at: now });
        *known = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The same with keys fetched anew, unless that was done a moment ago.
    pub(super) async fn with_newer_keys(&self, than: Arc<Known>) -> Result<Arc<Known>, OidcError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let current = known.clone().unwrap_or(than);
        if now.since(current.keys_at) < KEYS_EVERY {
            return Ok(current);
        }
        // Noted before they are asked for: a provider that fails is not asked at once again.
        let noted = |keys| Known {
            metadata: current.metadata.clone(),
            guarded: Arc::clone(&current.guarded),
            has_page: current.has_page,
            keys,
            keys_at: now,
            said_at: current.said_at,
        };
        *known = Some(Arc::new(noted(current.keys.clone())));
        let uri = current.metadata.jwks_uri();
        let keys = CoreJsonWebKeySet::fetch_async(uri, &*current.guarded).await?;
        let fresh = Arc::new(noted(keys));
        *known = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn discover(&self) -> Result<(Metadata, Guarded, bool), OidcError> {
        let issuer = self.issuer.url();
        let mut guarded = Guarded::new(self.outbound.clone(), issuer, self.settings.by_operator)?;
        let path = issuer.path().trim_end_matches('/');
        let mut address = issuer.clone();
        address.set_path(&format!("{path}/.well-known/openid-configuration"));
        let mut request = HttpRequest::new(Vec::new());
        *request.uri_mut() = address.as_str().parse().map_err(|_| OidcError::Issuer)?;
        let response = guarded.call(request).await?;
        if response.status() != StatusCode::OK {
            return Err(OidcError::Garbage("it has no discovery document"));
        }
        let unread = |_| OidcError::Garbage("its discovery document cannot be read");
        let mut said: Map<String, Value> =
            serde_json::from_slice(response.body()).map_err(unread)?;
        let has_page = said.get("authorization_endpoint").is_some_and(Value::is_string);
        if !has_page {
            // The library wants one; `begin` refuses before it is used.
            said.insert("authorization_endpoint".to_owned(), issuer.as_str().into());
        }
        if !said.get(SIGN_OUT).is_some_and(|page| is_page(page, issuer)) {
            // One can do without: it is as if it said nothing.
            said.remove(SIGN_OUT);
        }
        let metadata: Metadata = serde_json::from_value(said.into()).map_err(unread)?;
        if metadata.issuer() != &self.issuer {
            return Err(OidcError::Garbage("it calls itself by another name"));
        }
        let signs = metadata.id_token_signing_alg_values_supported();
        if !signs.iter().any(|algorithm| ALGORITHMS.contains(algorithm)) {
            return Err(OidcError::Algorithms);
        }
        if !leads(metadata.authorization_endpoint().url(), issuer) {
            return Err(OidcError::Garbage("its sign-in page has no TLS"));
        }
        let token = metadata.token_endpoint().map(|endpoint| endpoint.url().clone());
        let person = metadata.userinfo_endpoint().map(|endpoint| endpoint.url().clone());
        let keys = metadata.jwks_uri().url().clone();
        for endpoint in [Some(keys), token, person].into_iter().flatten() {
            guarded.allow(&endpoint, issuer)?;
        }
        Ok((metadata, guarded, has_page))
    }
}

/// Whether a browser may be sent somewhere by a provider: to a page, and never in the clear when
/// the provider is not.
fn leads(page: &Url, issuer: &Url) -> bool {
    match page.scheme() {
        "https" => true,
        "http" => issuer.scheme() == "http",
        _ => false,
    }
}

fn is_page(said: &Value, issuer: &Url) -> bool {
    let page = said.as_str().and_then(|page| Url::parse(page).ok());
    page.is_some_and(|page| leads(&page, issuer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_with_tls_sends_nobody_into_the_clear() {
        for (page, issuer, good) in [
            ("https://id.example/end", "https://id.example", true),
            ("https://elsewhere.example/end", "https://id.example", true),
            ("http://id.example/end", "https://id.example", false),
            ("http://localhost:1/end", "http://localhost:1", true),
            ("https://localhost:1/end", "http://localhost:1", true),
            ("javascript:alert(1)", "http://localhost:1", false),
            ("/end", "https://id.example", false),
        ] {
            let issuer = Url::parse(issuer).unwrap();
            assert_eq!(is_page(&page.into(), &issuer), good, "{page} of {issuer}");
        }
    }
}
