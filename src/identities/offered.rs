//! The providers that are offered: those of the configuration, which only its file changes, and
//! those that admins added, which take effect at once.

mod change;
mod probe;
mod rows;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use url::Url;

use crate::accounts::{SecurityEvent, Watchers};
use crate::kernel::{AccountId, Clock, FieldProblem, Timestamp};
use crate::providers::{Base, NOT_LISTED, OidcError, Outbound, OutboundError, Target};
use crate::store::{Store, StoreError, WriteTx};

pub use self::change::ProviderChange;
pub use self::probe::{ProbeFailure, ProbeProblem, Probed};
pub use self::rows::PROVIDERS;
use self::rows::ProviderRow;
use super::rows::{drop_flows_in, people_at};
use super::{Flaw, IdentityError, Provider, ProviderSettings, Site};

/// Most providers that admins may add.
const MOST: usize = 50;

/// The way out of this machine, opened when a provider needs it first.
pub type OpenOutbound = Box<dyn Fn() -> Result<Outbound, OutboundError> + Send + Sync>;

/// A provider as admins see it.
pub struct Listed {
    /// What was said of it.
    pub settings: ProviderSettings,
    /// What only those have that were added by an admin.
    pub added: Option<Added>,
    /// Whether people can sign in with it now.
    pub offered: bool,
    /// How many people are linked with somebody there.
    pub people: u64,
    /// The address to which it sends browsers back, as far as it is known.
    pub redirect: Option<Url>,
}

/// What is known of a provider that an admin added.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// Whether it is to be offered.
    pub enabled: bool,
    /// Grows with every change.
    pub version: u64,
    /// When it was added.
    pub at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// The providers of this instance. Cheap to clone.
#[derive(Clone)]
pub struct Offered(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    watchers: Watchers,
    site: Site,
    open: OpenOutbound,
    outbound: OnceLock<Outbound>,
    configured: Vec<(ProviderSettings, Provider)>,
    current: RwLock<Arc<[Provider]>>,
    /// Held while what is stored becomes what is offered.
    turn: tokio::sync::Mutex<()>,
}

/// What the providers stand on.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) watchers: Watchers,
    pub(super) site: Site,
    pub(super) open: OpenOutbound,
}

impl Offered {
    /// Those of the configuration, and those in the store.
    pub(super) fn open(
        ground: Parts,
        configured: Vec<ProviderSettings>,
    ) -> Result<Self, IdentityError> {
        let Parts { store, clock, watchers, site, open } = ground;
        let mut inner = Inner {
            store,
            clock,
            watchers,
            site,
            open,
            outbound: OnceLock::new(),
            configured: Vec::new(),
            current: RwLock::new(Arc::new([])),
            turn: tokio::sync::Mutex::default(),
        };
        for settings in configured {
            let provider = settings.provider((inner.outbound()?, &inner.clock), None)?;
            inner.configured.push((settings, provider));
        }
        let this = Self(Arc::new(inner));
        this.renew()?;
        Ok(this)
    }

    /// Those that people can sign in with now.
    pub(super) fn current(&self) -> Arc<[Provider]> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that are known, those of the configuration first. `own` is the address by which a
    /// browser on this machine reaches us.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, own: Option<&Url>) -> Result<Vec<Listed>, IdentityError> {
        let (stored, people) =
            self.0.store.read(|tx| Ok::<_, StoreError>((rows::all(tx)?, people_at(tx)?)))?;
        let count = |issuer: &str| people.get(issuer).copied().unwrap_or_default();
        let configured = self.0.configured.iter().map(|(settings, _)| Listed {
            people: count(&settings.issuer),
            redirect: self.redirect(settings, own),
            settings: settings.clone(),
            added: None,
            offered: true,
        });
        let added = stored.into_iter().map(|(id, row)| {
            let settings = row.settings(&id);
            Listed {
                people: count(&settings.issuer),
                redirect: self.redirect(&settings, own),
                offered: self.is_wanted(&settings, &row),
                added: Some(Added {
                    enabled: row.enabled,
                    version: row.version,
                    at: row.added_at,
                    changed_at: row.changed_at,
                }),
                settings,
            }
        });
        Ok(configured.chain(added).collect())
    }

    /// One of them; of two with an id that which an admin added, since only it can be changed.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn one(&self, id: &str, own: Option<&Url>) -> Result<Listed, IdentityError> {
        let all = self.list(own)?;
        all.into_iter().rfind(|listed| listed.settings.id == id).ok_or(IdentityError::Missing)
    }

    /// Adds a provider, and offers it.
    ///
    /// # Errors
    /// When something said of it cannot be, or there are too many.
    pub async fn add(&self, by: AccountId, new: ProviderSettings) -> Result<(), IdentityError> {
        let _turn = self.0.turn.lock().await;
        // What could not be offered is not stored.
        let unlisted = self.0.is_unlisted(&new)?;
        let (this, now) = (self.clone(), self.0.clock.now());
        let added = self.0.store.write(move |tx| {
            let all = rows::all(tx)?;
            if all.len() >= MOST {
                return Err(IdentityError::TooManyProviders);
            }
            this.require_fit(&new, &all, unlisted)?;
            rows::put_in(tx, &new.id, &ProviderRow::new(new.clone(), now))?;
            let event = SecurityEvent::ProviderAdded { provider: new.id.clone() };
            Ok(this.0.watchers.tell_in(tx, by, &event, now)?)
        });
        added.await?;
        self.renew()
    }

    /// Changes a provider that an admin added, from the version `expected` if one is given.
    ///
    /// # Errors
    /// When there is none, it is of the configuration, it has another version, or something said
    /// of it cannot be.
    pub async fn change(
        &self,
        by: AccountId,
        id: &str,
        change: ProviderChange,
        expected: Option<u64>,
    ) -> Result<(), IdentityError> {
        let _turn = self.0.turn.lock().await;
        let (this, id, now) = (self.clone(), id.to_owned(), self.0.clock.now());
        let changed = self.0.store.write(move |tx| {
            let row = this.added(tx, &id)?;
            if expected.is_some_and(|version| version != row.version) {
                return Err(IdentityError::Changed);
            }
            let (mut settings, mut enabled) = (row.settings(&id), row.enabled);
            let fields = change.apply(&mut settings, &mut enabled);
            // Its id and issuer stay, so it cannot come to stand in another's way.
            fit(settings.flaws())?;
            rows::put_in(tx, &id, &row.changed(settings, enabled, now))?;
            let event = SecurityEvent::ProviderChanged { provider: id, fields };
            Ok(this.0.watchers.tell_in(tx, by, &event, now)?)
        });
        changed.await?;
        self.renew()
    }

    /// Removes a provider that an admin added, at the version `expected` if one is given. Who is
    /// linked with somebody there stays linked, for the case that it comes back; sign-ins that are
    /// under way there lead nowhere.
    ///
    /// # Errors
    /// When there is none, it is of the configuration, or has another version than `expected`.
    pub async fn remove(
        &self,
        by: AccountId,
        id: &str,
        expected: Option<u64>,
    ) -> Result<(), IdentityError> {
        let _turn = self.0.turn.lock().await;
        let (this, id, now) = (self.clone(), id.to_owned(), self.0.clock.now());
        let removed = self.0.store.write(move |tx| {
            let row = this.added(tx, &id)?;
            if expected.is_some_and(|version| version != row.version) {
                return Err(IdentityError::Changed);
            }
            rows::remove_in(tx, &id);
            drop_flows_in(tx, &id)?;
            let event = SecurityEvent::ProviderRemoved { provider: id };
            Ok::<_, IdentityError>(this.0.watchers.tell_in(tx, by, &event, now)?)
        });
        removed.await?;
        self.renew()
    }

    /// What is stored becomes what is offered.
    fn renew(&self) -> Result<(), IdentityError> {
        let stored = self.0.store.read(rows::all)?;
        let mut now: Vec<Provider> =
            self.0.configured.iter().map(|(_, provider)| provider.clone()).collect();
        for (id, row) in stored {
            let settings = row.settings(&id);
            if self.is_wanted(&settings, &row) {
                let way = (self.0.outbound()?, &self.0.clock);
                now.push(settings.provider(way, Some(row.added_at))?);
            }
        }
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = now.into();
        Ok(())
    }

    /// Whether one of the store is offered: the configuration goes first.
    fn is_wanted(&self, settings: &ProviderSettings, row: &ProviderRow) -> bool {
        let configured = self.0.configured.iter();
        let mut clashing = configured
            .filter(|(other, _)| other.id == settings.id || other.issuer == settings.issuer);
        row.enabled && clashing.next().is_none()
    }

    fn redirect(&self, settings: &ProviderSettings, own: Option<&Url>) -> Option<Url> {
        self.0.site.callback(&settings.id, own).filter(|_| !settings.apps_only)
    }

    /// One that an admin added.
    fn added(&self, tx: &WriteTx<'_>, id: &str) -> Result<ProviderRow, IdentityError> {
        if let Some(row) = rows::one(tx, id)? {
            return Ok(row);
        }
        let configured = self.0.configured.iter().any(|(settings, _)| settings.id == id);
        Err(if configured { IdentityError::Configured } else { IdentityError::Missing })
    }

    /// Fails when something cannot be, belongs to another provider, or is where no admin leads.
    fn require_fit(
        &self,
        settings: &ProviderSettings,
        stored: &[(String, ProviderRow)],
        unlisted: bool,
    ) -> Result<(), IdentityError> {
        let mut flaws = settings.flaws();
        let configured = self.0.configured.iter().map(|(other, _)| other.clone());
        let others: Vec<ProviderSettings> =
            configured.chain(stored.iter().map(|(id, row)| row.settings(id))).collect();
        if others.iter().any(|other| other.id == settings.id) {
            flaws.push(taken("id"));
        }
        if others.iter().any(|other| other.issuer == settings.issuer) {
            flaws.push(taken("issuer"));
        }
        if unlisted && flaws.iter().all(|flaw| flaw.field != "issuer") {
            flaws.push(Flaw {
                field: "issuer",
                problem: FieldProblem::PrivateAddress,
                expected: NOT_LISTED,
            });
        }
        fit(flaws)
    }
}

fn fit(flaws: Vec<Flaw>) -> Result<(), IdentityError> {
    if flaws.is_empty() { Ok(()) } else { Err(IdentityError::Flawed(flaws)) }
}

impl Inner {
    fn outbound(&self) -> Result<&Outbound, OidcError> {
        if let Some(outbound) = self.outbound.get() {
            return Ok(outbound);
        }
        let opened = (self.open)().map_err(OidcError::Unreachable)?;
        Ok(self.outbound.get_or_init(|| opened))
    }

    /// Whether the issuer of an admin's provider is an address that nobody may lead to who does
    /// not run the machine. What a name leads to is seen when it is asked.
    fn is_unlisted(&self, settings: &ProviderSettings) -> Result<bool, OidcError> {
        let outbound = self.outbound()?;
        let (Ok(issuer), true) = (Url::parse(&settings.issuer), settings.host().is_some()) else {
            return Ok(false);
        };
        let refused = Base::parse(issuer.as_str())
            .and_then(|base| outbound.check(&Target::Named(base), &issuer));
        Ok(matches!(refused, Err(OutboundError::NotListed)))
    }
}

fn taken(field: &'static str) -> Flaw {
    Flaw { field, problem: FieldProblem::Taken, expected: "is another provider's" }
}
