//! What an identity is, and what a sign-in at a provider is about.

use url::Url;

use crate::accounts::{Account, OnCreated, Registration, Ticket};
use crate::factors::ProviderMark;
use crate::kernel::{AccountId, IdentityId, SessionId, Timestamp, Token, TokenHash};
use crate::providers::Oidc;

/// A provider that people sign in with.
#[derive(Clone)]
pub struct Provider {
    /// Its name in addresses.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How to talk with it.
    pub oidc: Oidc,
    /// Who may make an account by signing in there.
    pub sign_up: Registration,
    /// Whether its word that an address is proven counts.
    pub trusted_email: bool,
    /// The claim in which it says which groups somebody is in; none if it does not.
    pub groups_claim: Option<String>,
    /// The group whose members administer the instance.
    pub admin_group: Option<String>,
    /// Whether only apps of ours bring its word: it has no page to send a browser to.
    pub apps_only: bool,
    /// Whether whoever runs the machine named it, and no admin: apps bring only the word of such
    /// a provider, and only such a one can stand in for one that is gone.
    pub configured: bool,
    /// When an admin added it; none for one of the configuration.
    pub added_at: Option<Timestamp>,
}

impl Provider {
    /// Which one it is: one that is added again under the same name is another.
    pub fn mark(&self) -> ProviderMark {
        ProviderMark { issuer: self.oidc.issuer().to_owned(), added_at: self.added_at }
    }
}

/// A group that a provider says somebody is in: of which issuer, said in which claim, its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "said above")]
pub struct SaidGroup {
    pub issuer: String,
    pub claim: String,
    pub name: String,
}

/// Where the instance is, seen from a browser.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The address people use.
    pub public_url: Option<Url>,
    /// The path it lives under; empty for the root.
    pub base_path: String,
}

/// Who an account is at a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its identifier.
    pub id: IdentityId,
    /// The provider's name in addresses; none for one that is not offered any more.
    pub provider: Option<String>,
    /// What people call the provider.
    pub provider_name: String,
    /// The address that the provider last gave.
    pub email: Option<String>,
    /// The groups that the provider last said they are in.
    pub groups: Vec<String>,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
}

/// What somebody is sent to a provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To sign in, or to make an account.
    SignIn,
    /// To link who they are there with the account that is signed in.
    Link(AccountId, SessionId),
    /// To prove again who they are.
    Prove(AccountId, SessionId),
}

/// Somebody who wants to go to a provider.
pub struct Wish {
    /// What for.
    pub intent: Intent,
    /// Where they want to be afterwards.
    pub redirect_to: Option<String>,
    /// The invitation they have.
    pub invite: Option<TokenHash>,
    /// The language that a new account is to have.
    pub language: Option<String>,
    /// The address by which they reach this machine, if it is a browser on it.
    pub own: Option<Url>,
}

/// What is known of somebody who may need an account, besides what the provider says.
pub struct Newcomer {
    /// What they bring.
    pub ticket: Ticket,
    /// Runs in the transaction that makes their account.
    pub also: OnCreated,
    /// The language that they want, unless the provider knows one that is spoken here.
    pub language: Option<String>,
}

/// Where they go, and what their browser must bring back.
pub struct Sent {
    /// Where they go.
    pub url: Url,
    /// What tells their browser from another.
    pub cookie: Token,
}

/// What a browser that comes back brings.
#[derive(Default)]
pub struct Brought {
    /// The state that it left with.
    pub state: Option<String>,
    /// The code that the provider gave it.
    pub code: Option<String>,
    /// Who the answer says it is from.
    pub issuer: Option<String>,
    /// The cookie that it left with.
    pub cookie: Option<String>,
    /// The sign-in that it has here.
    pub session: Option<SessionId>,
}

/// An ID token that an app of ours got itself.
pub struct Presented<'a> {
    /// The token.
    pub token: &'a str,
    /// The nonce that the app asked for it with.
    pub nonce: Option<&'a str>,
    /// Its person, if they have no account.
    pub newcomer: Newcomer,
}

/// Somebody whom a provider let through.
pub struct SignedIn {
    /// Their account.
    pub account: Account,
    /// By what it was opened.
    pub identity: IdentityId,
    /// The provider that said so.
    pub through: ProviderMark,
    /// Whether it was made just now.
    pub is_new: bool,
}
