//! Sign-in by somebody else: a relying party of OpenID Connect.
//!
//! The protocol is openidconnect's; what it leaves to its caller is done here: its HTTP goes
//! through the guarded client, algorithms are a list of ours, all times are judged by our clock,
//! and the authorised party, the hash of the access token and the issuer of the answer
//! (RFC 9207) are checked. A provider is asked when it is needed first, never at start, so that
//! one that is down hurts nobody but its own sign-in.

mod claims;
mod error;
mod guarded;
mod known;

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{CoreAuthPrompt, CoreClientAuthMethod, CoreResponseType};
use openidconnect::{
    AccessToken, AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, SubjectIdentifier, TokenResponse as _,
};
use url::Url;

pub use self::claims::Claims;
use self::claims::{Expected, Id};
pub use self::error::OidcError;
use self::known::{Client, Known, Metadata};
use crate::kernel::{Clock, Secret, Timestamp, Token};

use super::Outbound;

/// The longest that anything with a provider may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long somebody waits who signs out, and is out here already.
const PATIENCE: Duration = Duration::from_secs(3);

/// How old an ID token may be that a provider makes while a browser comes back. Some say that
/// they made it minutes before, as those do that allow for clocks that are behind.
const NO_OLDER: Duration = Duration::from_secs(10 * 60);

/// What is said of a provider.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// By what name the log speaks of it.
    pub id: String,
    /// Its issuer identifier, exactly as it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with, if it gave us something.
    pub client_secret: Option<Secret<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Other clients of ours (mobile apps) whose ID tokens are taken.
    pub audiences: Vec<String>,
    /// The claim that lists a person's groups.
    pub groups_claim: Option<String>,
    /// Whether whoever runs the machine says it: then the issuer may be in a private network.
    pub by_operator: bool,
}

/// A provider. Cheap to clone.
#[derive(Clone)]
pub struct Oidc(Arc<Inner>);

struct Inner {
    outbound: Outbound,
    clock: Clock,
    issuer: IssuerUrl,
    settings: OidcSettings,
    known: tokio::sync::Mutex<Option<Arc<Known>>>,
}

/// A sign-in that was begun: where the browser goes, and what must fit when it comes back.
pub struct Departure {
    /// Where the browser goes.
    pub url: Url,
    /// Comes back with the browser.
    pub state: Token,
    /// Comes back inside the ID token.
    pub nonce: Token,
    /// Proves that who asks for the tokens began the sign-in.
    pub verifier: Token,
}

/// What the browser came back with, and what was kept of its departure.
pub struct Return<'a> {
    /// The address it came back to, which is the one it was to come back to.
    pub redirect: &'a Url,
    /// The code that stands for the tokens; none when the provider refused.
    pub code: Option<String>,
    /// Who the answer says it is from.
    pub issuer: Option<&'a str>,
    /// The nonce of the departure.
    pub nonce: &'a str,
    /// The verifier of the departure.
    pub verifier: &'a str,
    /// The person must have proven who they are since then.
    pub proven_since: Option<Timestamp>,
}

impl Oidc {
    /// A provider with these settings; it is not asked anything yet.
    ///
    /// # Errors
    /// When the issuer is no URL.
    pub fn new(
        outbound: Outbound,
        clock: Clock,
        settings: OidcSettings,
    ) -> Result<Self, OidcError> {
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| OidcError::Issuer)?;
        let known = tokio::sync::Mutex::default();
        Ok(Self(Arc::new(Inner { outbound, clock, issuer, settings, known })))
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Begins a sign-in that comes back to `redirect`. If it shall prove anew who the person is,
    /// the provider is told not to lean on a sign-in from before.
    ///
    /// # Errors
    /// When the provider cannot be asked, or gives no proper answer, within the deadline.
    pub async fn begin(&self, redirect: &Url, anew: bool) -> Result<Departure, OidcError> {
        let known = within(self.0.known()).await?;
        if !known.has_page {
            return Err(OidcError::Garbage("it has no page to sign in on"));
        }
        let (state, nonce, verifier) = (fresh()?, fresh()?, fresh()?);
        let client = self.0.client(&known.metadata, redirect)?;
        let (csrf, once) = (state.reveal().to_owned(), nonce.reveal().to_owned());
        let mut asked = client.authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            || CsrfToken::new(csrf),
            || Nonce::new(once),
        );
        for scope in &self.0.settings.scopes {
            asked = asked.add_scope(Scope::new(scope.clone()));
        }
        let proof = PkceCodeVerifier::new(verifier.reveal().to_owned());
        asked = asked.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&proof));
        if anew {
            asked = asked.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        let (url, _, _) = asked.url();
        Ok(Departure { url, state, nonce, verifier })
    }

    /// Finishes a sign-in: who the person is at the provider.
    ///
    /// # Errors
    /// When the provider refused, cannot be asked within the deadline, or anything of what it
    /// says is not as it must be.
    pub async fn finish(&self, back: Return<'_>) -> Result<Claims, OidcError> {
        self.0.noted(within(self.0.finish(back)).await)
    }

    /// Reads an ID token that an app of ours got itself.
    ///
    /// # Errors
    /// When it is not good, or the provider's keys cannot be had within the deadline.
    pub async fn exchange(&self, token: &str, nonce: Option<&str>) -> Result<Claims, OidcError> {
        let inner = &self.0;
        let claims = within(async {
            let id: Id = token.parse().map_err(|_| OidcError::Token("it is no ID token"))?;
            let known = inner.known().await?;
            let others = inner.settings.audiences.iter().map(String::as_str);
            let parties: Vec<&str> =
                std::iter::once(&*inner.settings.client_id).chain(others).collect();
            let expected = Expected { nonce, ..inner.expected(&parties) };
            inner.verified(known, &id, &expected).await.map(|(claims, _)| claims)
        });
        inner.noted(claims.await)
    }

    /// Asks the provider anew what it says of itself: whether it has a page that browsers can be
    /// sent to, and whether one can sign out there.
    ///
    /// # Errors
    /// When it cannot be asked, or gives no proper answer, within the deadline.
    pub async fn probe(&self) -> Result<(bool, bool), OidcError> {
        let known = within(self.0.known_anew()).await?;
        let signs_out = known.metadata.additional_metadata().end_session_endpoint.is_some();
        Ok((known.has_page, signs_out))
    }

    /// Where a browser goes to sign out there too, if the provider says so in the time that
    /// somebody waits who signs out.
    pub async fn end_session(&self, back: &Url) -> Option<Url> {
        let known = tokio::time::timeout(PATIENCE, self.0.known()).await.ok()?.ok()?;
        let mut url = known.metadata.additional_metadata().end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.0.settings.client_id)
            .append_pair("post_logout_redirect_uri", back.as_str());
        Some(url)
    }
}

impl Inner {
    /// Writes into the log why a provider's word is not believed: whoever runs the machine can
    /// mend most of it, and the person is told only that it is so.
    fn noted(&self, said: Result<Claims, OidcError>) -> Result<Claims, OidcError> {
        if let Err(error @ (OidcError::Token(_) | OidcError::Key | OidcError::Refused)) = &said {
            let provider = self.settings.id.as_str();
            tracing::warn!(provider, cause = %error, "a sign-in at a provider was refused");
        }
        said
    }

    async fn finish(&self, back: Return<'_>) -> Result<Claims, OidcError> {
        let known = self.known().await?;
        let announced = known.metadata.additional_metadata().names_issuer;
        let named = match back.issuer {
            Some(issuer) => issuer == self.settings.issuer,
            None => !announced,
        };
        if !named {
            return Err(OidcError::Token("the answer is from another issuer"));
        }
        let code = back.code.ok_or(OidcError::Denied)?;
        let tokens = self
            .client(&known.metadata, back.redirect)?
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::Garbage("it has no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(back.verifier.to_owned()))
            .request_async(&*known.guarded)
            .await?;
        let id = tokens.id_token().ok_or(OidcError::Garbage("it sent no ID token"))?;
        let parties = [&*self.settings.client_id];
        let expected = Expected {
            nonce: Some(back.nonce),
            access: Some(tokens.access_token()),
            no_older: Some(NO_OLDER),
            proven_since: back.proven_since,
            ..self.expected(&parties)
        };
        let (mut claims, known) = self.verified(known, id, &expected).await?;
        let groups_missing = self.settings.groups_claim.is_some() && claims.groups.is_none();
        if claims.email.is_none() || groups_missing {
            self.complete(&known, tokens.access_token(), &mut claims).await?;
        }
        if self.settings.groups_claim.is_some() {
            // It was asked: many leave the claim out for those who are in no group.
            claims.groups.get_or_insert_default();
        }
        Ok(claims)
    }

    fn expected<'a>(&'a self, parties: &'a [&'a str]) -> Expected<'a> {
        Expected {
            parties,
            nonce: None,
            access: None,
            no_older: None,
            proven_since: None,
            groups_claim: self.settings.groups_claim.as_deref(),
            now: self.clock.now(),
        }
    }

    /// What an ID token says, with the keys fetched anew if they may be others by now.
    async fn verified(
        &self,
        known: Arc<Known>,
        id: &Id,
        expected: &Expected<'_>,
    ) -> Result<(Claims, Arc<Known>), OidcError> {
        match known.read(id, expected) {
            Err(OidcError::Key) => {
                let known = self.with_newer_keys(known).await?;
                known.read(id, expected).map(|claims| (claims, known))
            }
            read => read.map(|claims| (claims, known)),
        }
    }

    /// Asks the provider for what its ID token did not say.
    async fn complete(
        &self,
        known: &Known,
        access: &AccessToken,
        claims: &mut Claims,
    ) -> Result<(), OidcError> {
        if known.metadata.userinfo_endpoint().is_none() {
            return Ok(());
        }
        // It becomes a header, and the library panics if it cannot.
        if !access.secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OidcError::Garbage("its access token is none"));
        }
        let subject = SubjectIdentifier::new(claims.subject.clone());
        let said = self
            .plain_client(&known.metadata)
            .user_info(access.clone(), Some(subject))
            .map_err(|_| OidcError::Garbage("it says nothing of people"))?
            .request_async(&*known.guarded)
            .await?;
        claims.complete(&said, self.settings.groups_claim.as_deref());
        Ok(())
    }

    fn client(&self, metadata: &Metadata, redirect: &Url) -> Result<Client, OidcError> {
        let redirect = RedirectUrl::new(redirect.to_string()).map_err(|_| OidcError::Issuer)?;
        Ok(self.plain_client(metadata).set_redirect_uri(redirect))
    }

    fn plain_client(&self, metadata: &Metadata) -> Client {
        let secret = &self.settings.client_secret;
        let secret = secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().clone()));
        let methods = metadata.token_endpoint_auth_methods_supported();
        let basic = methods.is_none_or(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretBasic) || methods.is_empty()
        });
        let id = ClientId::new(self.settings.client_id.clone());
        openidconnect::Client::from_provider_metadata(metadata.clone(), id, secret)
            .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
    }
}

async fn within<T>(work: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
    tokio::time::timeout(DEADLINE, work).await.unwrap_or(Err(OidcError::Slow))
}

fn fresh() -> Result<Token, OidcError> {
    Token::fresh().map_err(OidcError::Random)
}
