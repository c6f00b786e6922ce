//! Building the services, each over those below it.

use std::path::Path;
use std::sync::Arc;

use super::{StartError, erasers, tables};
use crate::accounts::{Accounts, Listeners, Watchers};
use crate::admin::Admin;
use crate::clones::{Clones, ProviderChoice, Providers};
use crate::config::{Config, OidcProvider};
use crate::consents::Consents;
use crate::conversations::{self, Conversations, Live, Models};
use crate::embed::Embedder;
use crate::http::api::Parts as ServiceParts;
use crate::identities::{self, Identities, Provider, Site};
use crate::jobs::Tasks;
use crate::kernel::Clock;
use crate::memories::Memories;
use crate::privacy::Trash;
use crate::providers::{
    Builtin, LanguageModel as _, Oidc, OidcSettings, OpenAi, OpenAiSettings, Outbound,
};
use crate::retrieval::{Graphs, Retrieval};
use crate::sessions::Sessions;
use crate::spaces::{self, Spaces};
use crate::store::{Codec, DataLock, Options, Store};

pub(super) fn embedder(config: &Config) -> Option<Embedder> {
    let embedder = config.builtin_embedding.then(Embedder::builtin).flatten();
    if config.builtin_embedding && embedder.is_none() {
        tracing::warn!("this build has no embedding model: searching by words only");
    }
    embedder
}

/// Builds the services, each over those below it.
pub(super) async fn build(
    config: &Config,
    store: &Store,
    clock: &Clock,
    tasks: &Tasks,
    embedder: Option<Embedder>,
) -> Result<ServiceParts, StartError> {
    let (store, clock) = (store.clone(), clock.clone());
    let (accounts, sessions, identities) = who(config, &store, &clock, tasks).await?;
    let consents = Consents::new(store.clone(), clock.clone());
    let (models, providers) = language_models(config)?;
    let graphs =
        Graphs { above: config.limits.graph_above, memory: config.limits.graph_memory_bytes };
    let retrieval = Retrieval::new(store.clone(), embedder.clone(), graphs, &config.data_dir);
    let listeners = vec![Retrieval::listener(embedder)];
    let memories = Memories::new(store.clone(), clock.clone(), listeners);
    let conversations = Conversations::open(conversations::Parts {
        store: store.clone(),
        clock: clock.clone(),
        tasks: tasks.clone(),
        retrieval: retrieval.clone(),
        providers: providers.clone(),
        models,
        accounts: accounts.clone(),
        live: Live::new(config.limits.streams, config.limits.streams_per_account),
    })
    .await?;
    let admin = Admin::new(
        store.clone(),
        accounts.clone(),
        sessions.clone(),
        consents.clone(),
        #[cfg(feature = "testing")]
        clock.clone(),
    );
    let trash = Trash::new(
        store.clone(),
        clock.clone(),
        (memories.clone(), retrieval.clone()),
        config.limits.trash,
        erasers(),
    );
    Ok(ServiceParts {
        admin,
        consents,
        spaces: Spaces::new(store.clone()),
        clones: Clones::new(store, clock.clone(), providers),
        clock,
        accounts,
        sessions,
        identities,
        memories,
        retrieval,
        conversations,
        trash,
        public_url: config.public_url.clone(),
    })
}

/// Who signs in, and by what.
async fn who(
    config: &Config,
    store: &Store,
    clock: &Clock,
    tasks: &Tasks,
) -> Result<(Accounts, Sessions, Identities), StartError> {
    let watchers = Watchers::default();
    let listeners = Listeners {
        on_created: vec![Arc::new(spaces::make_personal_in)],
        watchers: watchers.clone(),
    };
    let accounts =
        Accounts::open(store.clone(), clock.clone(), config.registration, listeners).await?;
    accounts.calibrate(tasks);
    let lifetimes = config.sessions;
    let sessions =
        Sessions::open(store.clone(), clock.clone(), lifetimes, watchers.clone()).await?;
    let identities = Identities::open(identities::Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        sessions: sessions.clone(),
        watchers,
        site: Site { public_url: config.public_url.clone(), base_path: config.base_path.clone() },
    })
    .await?;
    identities.offer(sign_in_providers(config, clock)?);
    Ok((accounts, sessions, identities))
}

/// Makes the data directory, for its owner alone, and takes it.
pub(super) fn prepare(directory: &Path) -> Result<DataLock, StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = directory.display().to_string();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| StartError::DataDirectory { path: path.clone(), source })?;
    DataLock::take(directory).map_err(|source| StartError::Lock { path, source })
}

pub(super) fn open_store(config: &Config) -> Result<Store, StartError> {
    let tables = tables();
    let options =
        Options { tables: &tables, upgrades: &[], cache_bytes: config.limits.database_cache_bytes };
    Ok(Store::open(&config.data_dir, Codec::clear(), &options)?)
}

/// The one way out of this machine.
fn outbound() -> Result<Outbound, StartError> {
    let extra_roots = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    Ok(Outbound::new(extra_roots.as_deref())?)
}

/// The providers that people sign in with.
fn sign_in_providers(config: &Config, clock: &Clock) -> Result<Vec<Provider>, StartError> {
    if config.oidc.is_empty() {
        return Ok(Vec::new());
    }
    let outbound = outbound()?;
    let provider = |said: &OidcProvider| {
        let settings = OidcSettings {
            issuer: said.issuer.clone(),
            client_id: said.client_id.clone(),
            client_secret: said.client_secret.clone(),
            scopes: said.scopes.clone(),
            audiences: said.token_audiences.clone(),
            groups_claim: said.groups_claim.clone(),
        };
        let oidc = Oidc::new(outbound.clone(), clock.clone(), settings)
            .map_err(|error| StartError::Oidc(error.to_string()))?;
        Ok(Provider {
            id: said.id.clone(),
            name: said.name.clone(),
            oidc,
            sign_up: said.sign_up,
            trusted_email: said.trusted_email,
            admin_group: said.admin_group.clone(),
            apps_only: said.apps_only,
        })
    };
    config.oidc.iter().map(provider).collect()
}

/// The providers of answers, the default first.
fn language_models(config: &Config) -> Result<(Models, Providers), StartError> {
    let builtin = ProviderChoice { id: "builtin".to_owned(), model: None, verbatim_only: true };
    let Some(llm) = &config.llm else {
        let models = Models::new(Arc::new(Builtin), Vec::new());
        return Ok((models, Providers::new(builtin, Vec::new())));
    };
    let outbound = outbound()?;
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
    };
    let models = Models::new(Arc::new(Builtin), vec![Arc::new(openai)]);
    Ok((models, Providers::new(choice, vec![builtin])))
}
