//! Building the services, each over those below it.

use std::path::PathBuf;
use std::sync::Arc;

use super::slices::kept_of_people;
use super::{StartError, data_rights, giving_back};
use crate::accounts::{Accounts, Listeners, OnSecurity, SecurityEvent, Watchers};
use crate::admin::{self, Admin};
use crate::api_keys::{ApiKeyEraser, ApiKeys};
use crate::audit::Audit;
use crate::backup::Backups;
use crate::break_glass::{self, BreakGlass};
use crate::clones::{Clones, ProviderChoice, Providers};
use crate::config::Config;
use crate::consents::{Consents, Recipient, Texts};
use crate::conversations::{self, Conversations, Live, Models};
use crate::embed::Embedder;
use crate::factors::{self, Factors};
use crate::http::api::Parts as ServiceParts;
use crate::identities::{self, Identities, IdentityError, Site};
use crate::jobs::{Eraser, Queue, Subject, Tasks};
use crate::kernel::Clock;
use crate::notifications::{self, Links, Notifications};
use crate::privacy::Imports;
use crate::providers::{
    Allowed, Builtin, LanguageModel as _, Mailer, OpenAi, OpenAiSettings, Outbound, OutboundError,
};
use crate::retrieval::{Bounds, Graphs, Retrieval};
use crate::seal::Seals;
use crate::sessions::Sessions;
use crate::share_links::{self, ShareLinks};
use crate::spaces::{self, Spaces};
use crate::store::{Portion, Store};

pub(super) fn embedder(config: &Config) -> Option<Embedder> {
    let embedder = config.builtin_embedding.then(Embedder::builtin).flatten();
    if config.builtin_embedding && embedder.is_none() {
        tracing::warn!("this build has no embedding model: searching by words only");
    }
    embedder
}

/// Who comes in, and with what.
struct People {
    watchers: Watchers,
    accounts: Accounts,
    sessions: Sessions,
    factors: Factors,
    identities: Identities,
    spaces: Spaces,
    api_keys: ApiKeys,
    audit: Audit,
}

async fn people(
    config: &Config,
    (store, clock): (&Store, &Clock),
    tasks: &Tasks,
) -> Result<People, StartError> {
    let audit = Audit::new(store.clone(), clock.clone(), config.audit);
    let watchers = Watchers::default();
    let listeners = Listeners {
        on_created: vec![
            audit.on_created(),
            Arc::new(|tx, account| Ok(spaces::make_personal_in(tx, account)?)),
        ],
        watchers: watchers.clone(),
    };
    let accounts =
        Accounts::open(store.clone(), clock.clone(), config.registration, listeners).await?;
    accounts.calibrate(tasks);
    let lifetimes = config.sessions;
    let sessions =
        Sessions::open(store.clone(), clock.clone(), lifetimes, watchers.clone()).await?;
    let factors = Factors::new(factors::Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        watchers: watchers.clone(),
        settings: factor_settings(config),
    });
    let spaces = Spaces::new(store.clone(), clock.clone(), watchers.clone());
    let identities = Identities::open(identities::Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        sessions: sessions.clone(),
        watchers: watchers.clone(),
        on_groups: spaces.follows_groups(),
        site: Site { public_url: config.public_url.clone(), base_path: config.base_path.clone() },
        outbound: {
            let allowed = config.allow_private.clone();
            Box::new(move || outbound(allowed.clone()))
        },
        configured: config.oidc.clone(),
    });
    let identities = identities.await.map_err(no_identities)?;
    let pepper = accounts.key_for("clonememoria api keys");
    let api_keys = ApiKeys::new(store.clone(), clock.clone(), watchers.clone(), pepper);
    api_keys.start(tasks);
    Ok(People { watchers, accounts, sessions, factors, identities, spaces, api_keys, audit })
}

fn no_identities(error: IdentityError) -> StartError {
    match error {
        IdentityError::Store(error) => error.into(),
        IdentityError::Account(error) => error.into(),
        other => StartError::Oidc(other.to_string()),
    }
}

/// Which factors there are. Authenticator apps show several servers side by side, so one with a
/// name of its own is called by that.
fn factor_settings(config: &Config) -> factors::Settings {
    let host = config.public_url.as_ref().and_then(|url| url.host_str());
    factors::Settings {
        totp: config.totp,
        passkeys: config.passkeys,
        issuer: host.unwrap_or("CloneMemoria").to_owned(),
    }
}

/// Builds the services, each over those below it.
pub(super) async fn build(
    config: &Config,
    (store, seals, clock): (&Store, &Seals, &Clock),
    (tasks, queue): (&Tasks, &Queue),
    embedder: Option<Embedder>,
) -> Result<ServiceParts, StartError> {
    let backups = giving_back::backups(config, (store, seals, clock))?;
    let (store, clock) = (store.clone(), clock.clone());
    let people = people(config, (&store, &clock), tasks).await?;
    let (models, providers) = language_models(config)?;
    let texts = Texts::new(recipients(&providers));
    let consents = Consents::new(store.clone(), clock.clone(), people.watchers.clone(), texts);
    let (notifications, break_glass, mut heard) = told(config, (&store, &clock), &people, queue)?;
    let (memories, attachments) =
        data_rights::kept(config, (&store, &clock), (tasks, &people.watchers), embedder.clone())?;
    let (data, slices) = ((store.clone(), clock.clone()), kept_of_people());
    let imports = Imports::new(data, (memories.clone(), attachments.clone()), &slices);
    let also = (&consents, &notifications, &backups, imports);
    let admin = admin(config, ((&store, &clock), tasks), &people, also);
    let People { watchers, accounts, sessions, factors, identities, spaces, api_keys, audit } =
        people;
    let retrieval = retrieval(config, &store, embedder);
    let share_links = share_links(config, (&store, &clock), &accounts, (&notifications, &watchers));
    let with = ((retrieval.clone(), providers.clone(), models), (&accounts, &share_links));
    let conversations = conversations(config, ((&store, &clock), tasks), with).await?;
    let over = data_rights::Over {
        people: (&watchers, &identities),
        kept: (&memories, &attachments, &retrieval),
        providers: &providers,
        told: (&accounts, &notifications, &conversations),
    };
    let private = data_rights::build(config, ((&store, &clock), (tasks, queue)), over, slices);
    heard.push(private.legacies.watcher());
    watchers.register(heard, audit.on_failure());
    Ok(ServiceParts {
        admin,
        restores: giving_back::restores(config, (&store, tasks), &accounts, &backups),
        consents,
        spaces,
        clones: Clones::new(store, clock.clone(), providers, watchers),
        audit,
        break_glass,
        backups,
        clock,
        accounts,
        sessions,
        factors,
        api_keys,
        identities,
        memories,
        attachments,
        retrieval,
        conversations,
        share_links,
        notifications,
        trash: private.trash,
        erasures: private.erasures,
        exports: private.exports,
        restrictions: private.restrictions,
        register: private.register,
        legacies: private.legacies,
        public_url: config.public_url.clone(),
        links: links(config),
    })
}

fn retrieval(config: &Config, store: &Store, embedder: Option<Embedder>) -> Retrieval {
    let limits = &config.limits;
    let graphs = Graphs { above: limits.graph_above, memory: limits.graph_memory_bytes };
    let place = (store.clone(), config.data_dir.as_path());
    let bounds = Bounds { time: limits.search, characters: limits.question_chars };
    Retrieval::new(place, embedder, graphs, bounds)
}

async fn conversations(
    config: &Config,
    ((store, clock), tasks): ((&Store, &Clock), &Tasks),
    ((retrieval, providers, models), (accounts, share_links)): (
        (Retrieval, Providers, Models),
        (&Accounts, &ShareLinks),
    ),
) -> Result<Conversations, StartError> {
    let opened = Conversations::open(conversations::Parts {
        store: store.clone(),
        clock: clock.clone(),
        tasks: tasks.clone(),
        retrieval,
        providers,
        models,
        accounts: accounts.clone(),
        share_links: share_links.clone(),
        live: Live::new(config.limits.streams, config.limits.streams_per_account),
    });
    Ok(opened.await?)
}

/// Who hears of what happens to the safety of accounts, and who may look at them.
fn told(
    config: &Config,
    (store, clock): (&Store, &Clock),
    people: &People,
    queue: &Queue,
) -> Result<(Notifications, BreakGlass, Vec<OnSecurity>), StartError> {
    let People { watchers, accounts, audit, .. } = people;
    let notifications = notifications(config, (store, clock), accounts, queue)?;
    let break_glass = BreakGlass::new(break_glass::Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        queue: queue.clone(),
        watchers: watchers.clone(),
    });
    let listening =
        vec![audit.watcher(), notifications.watcher(), break_glass.watcher(), claimed(people)];
    Ok((notifications, break_glass, listening))
}

/// Takes away what opens an account by itself and may be somebody else's, who set it up before
/// the address was proven.
fn claimed(people: &People) -> OnSecurity {
    let (factors, identities) = (people.factors.clone(), people.identities.clone());
    Arc::new(move |tx, account, event, now| match event {
        SecurityEvent::AddressClaimed => {
            factors.disown_in(tx, account)?;
            identities.disown_in(tx, account, now)?;
            ApiKeyEraser.erase_in(tx, Subject::Account(account), &mut Portion::unlimited())
        }
        _ => Ok(()),
    })
}

/// What the operator and the admins do.
fn admin(
    config: &Config,
    ((store, clock), tasks): ((&Store, &Clock), &Tasks),
    people: &People,
    (consents, notifications, backups, imports): (&Consents, &Notifications, &Backups, Imports),
) -> Admin {
    backups.on_trouble(giving_back::tells_admins(notifications));
    Admin::new(admin::Parts {
        store: store.clone(),
        accounts: people.accounts.clone(),
        sessions: people.sessions.clone(),
        factors: people.factors.clone(),
        consents: consents.clone(),
        notifications: notifications.clone(),
        identities: people.identities.clone(),
        audit: people.audit.clone(),
        backups: backups.clone(),
        clock: clock.clone(),
        data_dir: config.data_dir.clone(),
        imports,
        watchers: people.watchers.clone(),
        tasks: tasks.clone(),
        try_out: giving_back::try_out(config),
    })
}

/// The inboxes, and the mails if there is a server for them.
fn notifications(
    config: &Config,
    (store, clock): (&Store, &Clock),
    accounts: &Accounts,
    queue: &Queue,
) -> Result<Notifications, StartError> {
    Ok(Notifications::new(notifications::Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        queue: queue.clone(),
        mailer: mailer(config)?,
        links: links(config),
    }))
}

fn share_links(
    config: &Config,
    (store, clock): (&Store, &Clock),
    accounts: &Accounts,
    (notifications, watchers): (&Notifications, &Watchers),
) -> ShareLinks {
    ShareLinks::new(share_links::Parts {
        store: store.clone(),
        clock: clock.clone(),
        notifications: notifications.clone(),
        watchers: watchers.clone(),
        most: config.limits.share_links_per_clone,
        pepper: accounts.key_for("clonememoria share links"),
        forget: conversations::forget_visitor_in,
    })
}

/// Where links lead that are given away.
fn links(config: &Config) -> Links {
    Links::new(config.public_url.as_ref(), &config.base_path)
}

/// What sends mails, if a server for them is configured.
fn mailer(config: &Config) -> Result<Option<Mailer>, StartError> {
    let Some(settings) = config.mail.clone() else { return Ok(None) };
    let mailer = Mailer::new(settings, extra_roots().as_deref());
    mailer.map(Some).map_err(|error| StartError::Mail(error.to_string()))
}

/// The file with certificates that are trusted beside the usual ones.
pub(crate) fn extra_roots() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)
}

/// The one way out of this machine.
pub(super) fn outbound(allowed: Allowed) -> Result<Outbound, OutboundError> {
    Ok(Outbound::new(extra_roots().as_deref())?.allowing(allowed))
}

/// What the configuration says of how people's data is dealt with.
/// The services of others that something can be sent to.
fn recipients(providers: &Providers) -> Vec<Recipient> {
    let outside = providers.all().filter_map(|choice| {
        let host = choice.outside.clone()?;
        Some(Recipient { id: choice.id.clone(), host })
    });
    outside.collect()
}

/// The providers of answers, the default first.
fn language_models(config: &Config) -> Result<(Models, Providers), StartError> {
    let builtin = ProviderChoice {
        id: "builtin".to_owned(),
        model: None,
        verbatim_only: true,
        host: None,
        outside: None,
    };
    let Some(llm) = &config.llm else {
        let models = Models::new(Arc::new(Builtin), Vec::new());
        return Ok((models, Providers::new(builtin, Vec::new())));
    };
    let outbound = outbound(config.allow_private.clone())?;
    let settings = OpenAiSettings {
        base_url: llm.base_url.to_string(),
        api_key: llm.api_key.clone(),
        model: llm.model.clone(),
    };
    let limits = crate::providers::Limits {
        first_byte: llm.first_token,
        between: llm.idle,
        whole: llm.total,
        ..crate::providers::Limits::default()
    };
    let openai = OpenAi::new(outbound, settings, limits)
        .map_err(|error| StartError::Llm(error.to_string()))?;
    let choice = ProviderChoice {
        id: openai.id().to_owned(),
        model: Some(llm.model.clone()),
        verbatim_only: false,
        host: llm.base_url.host_str().map(str::to_owned),
        outside: llm.outside.clone(),
    };
    let models = Models::new(Arc::new(Builtin), vec![Arc::new(openai)]);
    Ok((models, Providers::new(choice, vec![builtin])))
}
