//! Who somebody is at a provider of sign-ins, and which account that opens.
//!
//! An identity is an issuer and a subject, nothing else: an address that a provider names never
//! opens an account that it is not linked with. Linking is done by somebody who is signed in and
//! has just proven who they are. A sign-in under way waits for the browser that began it, once
//! and for ten minutes.

mod arrive;
mod error;
mod flow;
mod keep;
mod model;
mod offered;
mod personal;
mod rows;
mod settings;

use std::sync::Arc;

use url::Url;

use crate::accounts::{AccountError, Accounts, Watchers};
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Clock, TokenHash};
use crate::sessions::Sessions;
use crate::store::{Portion, Store, StoreError, WriteTx};

pub use error::IdentityError;
pub use flow::Flow;
pub use keep::{Opener, said_groups_in};
pub use model::{
    Brought, Identity, Intent, Newcomer, Presented, Provider, SaidGroup, Sent, SignedIn, Site, Wish,
};
pub use offered::{
    Added, Listed, Offered, OpenOutbound, ProbeFailure, ProbeProblem, Probed, ProviderChange,
};
pub use rows::TABLES;
pub use settings::{Flaw, ISSUER, ProviderSettings, SCOPES};

use self::rows::IdentityRow;

/// What happens when other groups than before are known of somebody ([`said_groups_in`]): their
/// account, and why.
pub type OnGroups =
    Arc<dyn Fn(&mut WriteTx<'_>, AccountId, GroupsKnown) -> Result<(), StoreError> + Send + Sync>;

/// Why other groups are known of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupsKnown {
    /// They come from the provider, which has just said them.
    Said,
    /// They are nobody there any more.
    Unlinked,
}

/// What the slice stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub watchers: Watchers,
    pub on_groups: OnGroups,
    pub site: Site,
    pub outbound: OpenOutbound,
    pub configured: Vec<ProviderSettings>,
}

/// The identities of this instance, and the providers that it offers.
#[derive(Clone)]
pub struct Identities(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    accounts: Accounts,
    sessions: Sessions,
    watchers: Watchers,
    on_groups: OnGroups,
    site: Site,
    blind: rows::BlindKey,
    offered: Offered,
    /// Held while somebody's first sign-in becomes an account, so that two at once make one.
    newcomers: tokio::sync::Mutex<()>,
}

impl Identities {
    /// The identities in a store.
    ///
    /// # Errors
    /// When the store fails, the system gives no random bytes, or a provider of the configuration
    /// cannot be.
    pub async fn open(parts: Parts) -> Result<Self, IdentityError> {
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).map_err(AccountError::Random)?;
        let blind = rows::BlindKey::open(&parts.store, fresh).await?;
        let Parts { store, clock, watchers, site, .. } = &parts;
        let offered_parts = offered::Parts {
            store: store.clone(),
            clock: clock.clone(),
            watchers: watchers.clone(),
            site: site.clone(),
            open: parts.outbound,
        };
        let offered = Offered::open(offered_parts, parts.configured)?;
        let Parts { store, clock, accounts, sessions, watchers, on_groups, site, .. } = parts;
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            accounts,
            sessions,
            watchers,
            on_groups,
            site,
            blind,
            offered,
            newcomers: tokio::sync::Mutex::default(),
        })))
    }

    /// The providers, as admins see and change them.
    pub fn offered(&self) -> &Offered {
        &self.0.offered
    }

    /// The providers that people can sign in with now.
    pub fn providers(&self) -> Arc<[Provider]> {
        self.0.offered.current()
    }

    fn provider(&self, id: &str) -> Result<Provider, IdentityError> {
        let providers = self.providers();
        providers.iter().find(|one| one.id == id).cloned().ok_or(IdentityError::Missing)
    }

    /// The provider that is offered with an issuer, by its name in addresses, if one is; and what
    /// people call it.
    pub fn name_of(&self, issuer: &str) -> (Option<String>, String) {
        let providers = self.providers();
        match providers.iter().find(|provider| provider.oidc.issuer() == issuer) {
            Some(provider) => (Some(provider.id.clone()), provider.name.clone()),
            None => {
                let host =
                    Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
                (None, host.unwrap_or_default())
            }
        }
    }

    /// The address of a page of ours, as a browser that is here already can be sent to it.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.site.base_path)
    }

    fn identity(&self, key: &TokenHash) -> Result<Option<IdentityRow>, StoreError> {
        self.0.store.read(|tx| rows::identity(tx, key))
    }
}

/// Removes what this slice knows of an account.
pub struct IdentityEraser;

impl Eraser for IdentityEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            _ => Ok(()),
        }
    }
}
