//! Going to a provider and coming back.

use std::time::Duration;

use url::Url;

use crate::kernel::{Token, TokenHash};
use crate::providers::{Claims, Return};
use crate::store::StoreError;

use super::rows::{self, FlowRow};
use super::{Brought, Identities, IdentityError, Intent, Provider, Sent, Site, Wish};

/// How long a browser may be away.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The longest address within the app that is remembered.
const LONGEST: usize = 2048;

/// A browser that came back to the sign-in that it had begun.
pub struct Flow {
    provider: Provider,
    row: FlowRow,
    code: Option<String>,
    issuer: Option<String>,
}

impl Identities {
    /// Sends somebody to a provider.
    ///
    /// # Errors
    /// When there is no such provider, or it cannot be asked.
    pub async fn begin(&self, provider: &str, wish: Wish) -> Result<Sent, IdentityError> {
        let inner = &self.0;
        let provider = self.provider(provider)?;
        let redirect = inner.site.callback(&provider.id, wish.own.as_ref());
        let redirect = redirect.ok_or(IdentityError::NoAddress)?;
        let anew = matches!(wish.intent, Intent::Prove(..));
        let gone = provider.oidc.begin(&redirect, anew).await?;
        let cookie = Token::fresh().map_err(crate::accounts::AccountError::Random)?;
        let now = inner.clock.now();
        let flow = FlowRow {
            provider: provider.id,
            redirect: redirect.into(),
            nonce: gone.nonce.reveal().to_owned(),
            verifier: gone.verifier.reveal().to_owned(),
            cookie: cookie.hash(),
            intent: wish.intent.into(),
            redirect_to: wish.redirect_to.as_deref().and_then(inside),
            invite: wish.invite,
            language: wish.language,
            began_at: now,
            until: now.plus(LIFETIME),
        };
        let state = gone.state.hash();
        inner.store.write(move |tx| rows::put_flow_in(tx, &state, &flow)).await?;
        Ok(Sent { url: gone.url, cookie })
    }

    /// The sign-in that a browser comes back to. It is over with that, whatever comes of it.
    ///
    /// # Errors
    /// When none waits for this browser.
    pub async fn take(&self, provider: &str, brought: Brought) -> Result<Flow, IdentityError> {
        let state = TokenHash::of(&brought.state.ok_or(IdentityError::NoFlow)?);
        let now = self.0.clock.now();
        let row = self.0.store.write(move |tx| rows::take_flow_in(tx, &state, now));
        let row = row.await?.ok_or(IdentityError::NoFlow)?;
        let cookie = brought.cookie.map(|cookie| TokenHash::of(&cookie));
        let same_browser = cookie.is_some_and(|cookie| cookie.same_as(&row.cookie));
        let same_sign_in = match row.intent.into() {
            Intent::SignIn => true,
            Intent::Link(_, session) | Intent::Prove(_, session) => {
                brought.session == Some(session)
            }
        };
        // Each provider has an address of its own to come back to.
        if !same_browser || !same_sign_in || row.provider != provider {
            return Err(IdentityError::NoFlow);
        }
        let provider = self.provider(provider)?;
        Ok(Flow { provider, row, code: brought.code, issuer: brought.issuer })
    }
}

impl Flow {
    /// What it is about.
    pub fn intent(&self) -> Intent {
        self.row.intent.into()
    }

    /// Where its person wants to be afterwards, within the app.
    pub fn redirect_to(&self) -> Option<&str> {
        self.row.redirect_to.as_deref()
    }

    /// The invitation with which it was begun.
    pub fn invite(&self) -> Option<TokenHash> {
        self.row.invite
    }

    /// The language that its person wants.
    pub fn language(&self) -> Option<String> {
        self.row.language.clone()
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Who its person is at the provider.
    pub(super) async fn claims(&self) -> Result<Claims, IdentityError> {
        let redirect = Url::parse(&self.row.redirect).map_err(|_| IdentityError::NoFlow)?;
        let anew = matches!(self.intent(), Intent::Prove(..));
        let back = Return {
            redirect: &redirect,
            code: self.code.clone(),
            issuer: self.issuer.as_deref(),
            nonce: &self.row.nonce,
            verifier: &self.row.verifier,
            proven_since: anew.then_some(self.row.began_at),
        };
        Ok(self.provider.oidc.finish(back).await?)
    }
}

impl Site {
    /// Where a browser comes back to from a provider.
    pub(super) fn callback(&self, provider: &str, own: Option<&Url>) -> Option<Url> {
        let origin = self.public_url.as_ref().or(own)?.as_str().trim_end_matches('/');
        let base = &self.base_path;
        Url::parse(&format!("{origin}{base}/api/v1/auth/oidc/{provider}/callback")).ok()
    }

    /// Where a browser comes back to after it signed out at a provider.
    pub(super) fn front(&self, own: Option<&Url>) -> Option<Url> {
        let origin = self.public_url.as_ref().or(own)?.as_str().trim_end_matches('/');
        Url::parse(&format!("{origin}{}/login", self.base_path)).ok()
    }
}

/// An address within the app, if it is one: a path below our own origin and no other.
fn inside(text: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || c == '\\' || c.is_whitespace();
    if text.len() > LONGEST || !text.starts_with('/') || text.contains(odd) {
        return None;
    }
    let ours = Url::parse("http://ours.invalid/").ok()?;
    let url = ours.join(text).ok()?;
    let path = url.path();
    let foreign = url.origin() != ours.origin() || !url.username().is_empty();
    if foreign || path.starts_with("//") || path.starts_with("/api/") {
        return None;
    }
    Some(url.as_str().strip_prefix("http://ours.invalid")?.to_owned())
}

impl Identities {
    /// Notes that an ID token was used.
    pub(super) async fn use_up(&self, token: &str, claims: &Claims) -> Result<(), IdentityError> {
        // Without its signature, which some algorithms let anybody write in two ways.
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        let (hash, until) = (TokenHash::of(signed), claims.expires_at);
        self.0.store.write(move |tx| rows::use_in(tx, &hash, until)).await
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let mut ended = self.0.store.read(rows::all_opened)?;
        // What cannot be told counts as open.
        ended.retain(|(_, session)| matches!(self.0.sessions.is_open(*session), Ok(false)));
        self.0.store.write(move |tx| rows::sweep_in(tx, now, &ended)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_the_app_are_kept() {
        for (text, kept) in [
            ("/", "/"),
            ("/clones/1?tab=people#anna", "/clones/1?tab=people#anna"),
            ("/a/../b", "/b"),
            ("/account?next=//evil.example", "/account?next=//evil.example"),
        ] {
            assert_eq!(inside(text).as_deref(), Some(kept), "{text}");
        }
    }
}
