//! Builds everything, owns every task, stops in order.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use poem::EndpointExt as _;
use tokio_util::sync::CancellationToken;

use crate::accounts::{self, AccountEraser, Accounts, OnCreated, Sessions};
use crate::admin::Admin;
use crate::clones::{self, CloneEraser, Clones, ProviderChoice, Providers};
use crate::config::Config;
use crate::consents::{self, ConsentEraser, Consents};
use crate::conversations::{self, ConversationEraser, Conversations, Live, Models};
use crate::embed::Embedder;
use crate::http::api::{Parts as ServiceParts, Services, api};
use crate::http::client::{Network, Proxies};
use crate::http::control::Control;
use crate::http::edge::Edge;
use crate::http::guard::Guard;
use crate::http::health::{Check, Health, Readiness, State};
use crate::http::metrics::{Extra, Metrics};
use crate::http::server::{Limits, Listen, Server};
use crate::http::sse::{Rhythm, Streams};
use crate::jobs::{self, Eraser, Tasks};
use crate::kernel::{Clock, Kind, Timestamp};
use crate::memories::{self, Memories, MemoryEraser};
use crate::privacy::Trash;
use crate::providers::{Builtin, LanguageModel, OpenAi, OpenAiSettings, Outbound, OutboundError};
use crate::retrieval::{self, Graphs, Retrieval, RetrievalEraser};
use crate::spaces::{self, SpaceEraser, Spaces};
use crate::store::{Codec, DataLock, LockError, Options, Store, StoreError, TableInfo};

/// How long a stop waits for answers and connections.
const STOP_WITHIN: Duration = Duration::from_secs(30);
/// How often expired things are swept away.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made or entered.
    #[error("the data directory {path} cannot be used: {source}")]
    DataDirectory {
        /// The directory.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Another server uses the data directory.
    #[error("the data directory {path} cannot be had: {source}")]
    Lock {
        /// The directory.
        path: String,
        /// Why.
        source: LockError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The accounts cannot be opened.
    #[error("the accounts cannot be opened: {0}")]
    Accounts(#[from] accounts::AccountError),
    /// The directory for files cannot be made.
    #[error("the directory for files cannot be made: {0}")]
    Blobs(#[from] crate::store::BlobError),
    /// The way out cannot be set up.
    #[error("outgoing connections cannot be set up: {0}")]
    Outbound(#[from] OutboundError),
    /// The configured language model cannot be used.
    #[error("`llm.base_url` cannot be used: {0}")]
    Llm(String),
}

impl StartError {
    /// The exit code of the process, after `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::DataDirectory { .. } | Self::Lock { source: LockError::Io(_), .. } => 73,
            Self::Lock { .. } => 75,
            Self::Listen { .. } => 69,
            Self::Llm(_) => 78,
            Self::Store(StoreError::Newer { .. }) => 78,
            _ => 74,
        }
    }
}

/// Every table of every slice.
pub fn tables() -> Vec<TableInfo> {
    [
        jobs::once::TABLES,
        jobs::discarded::TABLES,
        accounts::TABLES,
        spaces::TABLES,
        consents::TABLES,
        clones::TABLES,
        memories::TABLES,
        retrieval::TABLES,
        conversations::TABLES,
    ]
    .concat()
}

/// The erasers of all slices, in the order in which they run.
pub fn erasers() -> Vec<Box<dyn Eraser>> {
    vec![
        Box::new(ConversationEraser),
        Box::new(RetrievalEraser),
        Box::new(MemoryEraser),
        Box::new(CloneEraser),
        Box::new(ConsentEraser),
        Box::new(SpaceEraser),
        Box::new(AccountEraser),
    ]
}

/// The services of an instance, without a server in front.
pub struct App {
    /// Everything handlers ask.
    pub services: Services,
    /// What runs in the background.
    pub tasks: Tasks,
    /// The embedder, to be stopped at the end.
    embedder: Option<Embedder>,
    trash: Trash,
    sessions: Sessions,
    store: Store,
    clock: Clock,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    streams: CancellationToken,
    // Given back last.
    _lock: DataLock,
}

impl App {
    /// Opens the data directory and builds everything over it.
    ///
    /// # Errors
    /// When the data directory cannot be had or what is in it cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let lock = prepare(&config.data_dir)?;
        let clock = Clock::system();
        let store = open_store(config)?;
        let tasks = Tasks::new();
        let embedder = embedder(config);
        let readiness = Readiness::default();
        let metrics = Arc::new(Metrics::default());
        let streams = CancellationToken::new();
        let parts = build(config, &store, &clock, &tasks, embedder.clone()).await?;
        let (trash, sessions) = (parts.trash.clone(), parts.sessions.clone());
        parts.retrieval.start(&tasks);
        let health = Health::new(readiness.clone(), checks(&store, config, embedder.is_some()));
        let rhythm = Rhythm::default();
        let events = Streams::new(&tasks, streams.clone(), rhythm, Arc::clone(&metrics));
        let services = Services::new(parts, events, health);
        Ok(Self {
            services,
            tasks,
            embedder,
            trash,
            sessions,
            store,
            clock,
            readiness,
            metrics,
            streams,
            _lock: lock,
        })
    }

    /// Listens and serves.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn serve(&self, config: &Config) -> Result<Server, StartError> {
        let trusted = config.trusted_proxies.iter();
        let proxies: Vec<Network> =
            trusted.filter_map(|address| address.to_string().parse().ok()).collect();
        let proxies = Proxies(proxies);
        let guard = Guard {
            base_path: config.base_path.clone(),
            proxies: proxies.clone(),
            metrics: Arc::clone(&self.metrics),
            hsts: config.public_url.as_ref().is_some_and(|url| url.scheme() == "https"),
        };
        let edge = Edge {
            guard,
            health: self.services.health().clone(),
            extra_metrics: vec![gauges(self.services.clone(), self.store.clone())],
            metrics_token: config.metrics_token.clone(),
            version: env!("CARGO_PKG_VERSION"),
        };
        let services = self.services.clone();
        let endpoint = edge.serve(api(), Control::new(services.clone()), |api| api.data(services));
        let (json, batch) = (config.limits.json_bytes as u64, config.limits.batch_bytes as u64);
        let limits = Limits {
            connections: config.limits.connections,
            per_address: config.limits.connections_per_address,
            body: Arc::new(move |_, path| if path.ends_with("/batch") { batch } else { json }),
            ..Limits::default()
        };
        let listen = Listen {
            address: config.listen,
            control: Some(config.data_dir.join("control.sock")),
            limits,
            proxies,
            readiness: self.readiness.clone(),
            streams: self.streams.clone(),
            metrics: Arc::clone(&self.metrics),
        };
        let started = Server::start(listen, endpoint, &self.tasks).await;
        let server =
            started.map_err(|source| StartError::Listen { address: config.listen, source })?;
        self.tasks.spawn(
            "sweep",
            sweep(
                self.trash.clone(),
                self.sessions.clone(),
                self.store.clone(),
                self.clock.clone(),
                self.tasks.stopping(),
            ),
        );
        Ok(server)
    }

    /// Stops in order: the edge first, so that nothing new comes in; then what runs; then what
    /// everything stands on. `hurry` fires when somebody loses patience.
    pub async fn stop(self, server: Option<Server>, hurry: CancellationToken) {
        if let Some(server) = server
            && let Err(cut) = server.stop(STOP_WITHIN, hurry.clone()).await
        {
            tracing::warn!(%cut, "some connections had to be cut");
        }
        let within = if hurry.is_cancelled() { Duration::from_secs(1) } else { STOP_WITHIN };
        if let Err(unfinished) = self.tasks.join_all(within).await {
            tracing::warn!(%unfinished, "stopped without them");
        }
        if let Some(embedder) = &self.embedder {
            embedder.stop();
        }
    }
}

fn embedder(config: &Config) -> Option<Embedder> {
    let embedder = config.builtin_embedding.then(Embedder::builtin).flatten();
    if config.builtin_embedding && embedder.is_none() {
        tracing::warn!("this build has no embedding model: searching by words only");
    }
    embedder
}

/// Builds the services, each over those below it.
async fn build(
    config: &Config,
    store: &Store,
    clock: &Clock,
    tasks: &Tasks,
    embedder: Option<Embedder>,
) -> Result<ServiceParts, StartError> {
    let (store, clock) = (store.clone(), clock.clone());
    let on_created: Vec<OnCreated> = vec![Arc::new(spaces::make_personal_in)];
    let accounts =
        Accounts::open(store.clone(), clock.clone(), config.registration, on_created).await?;
    let sessions = Sessions::new(store.clone(), clock.clone());
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
        memories,
        retrieval,
        conversations,
        trash,
        public_url: config.public_url.clone(),
    })
}

/// Makes the data directory, for its owner alone, and takes it.
fn prepare(directory: &Path) -> Result<DataLock, StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = directory.display().to_string();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| StartError::DataDirectory { path: path.clone(), source })?;
    DataLock::take(directory).map_err(|source| StartError::Lock { path, source })
}

fn open_store(config: &Config) -> Result<Store, StartError> {
    let tables = tables();
    let options =
        Options { tables: &tables, upgrades: &[], cache_bytes: config.limits.database_cache_bytes };
    Ok(Store::open(&config.data_dir, Codec::clear(), &options)?)
}

/// The providers of answers, the default first.
fn language_models(config: &Config) -> Result<(Models, Providers), StartError> {
    let builtin = ProviderChoice { id: "builtin".to_owned(), model: None, verbatim_only: true };
    let Some(llm) = &config.llm else {
        let models = Models::new(Arc::new(Builtin), Vec::new());
        return Ok((models, Providers::new(builtin, Vec::new())));
    };
    let extra_roots = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    let outbound = Outbound::new(extra_roots.as_deref())?;
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

fn checks(store: &Store, config: &Config, has_meaning: bool) -> Vec<Check> {
    let store = store.clone();
    let wanted = config.builtin_embedding;
    vec![
        Check::new("store", move || {
            if store.is_alive() {
                State::Ok
            } else {
                State::Down("the disk failed; restart when it is well".to_owned())
            }
        }),
        Check::new("embedding", move || match has_meaning || !wanted {
            true => State::Ok,
            false => State::Degraded("this build has no model: searching by words only".to_owned()),
        }),
    ]
}

/// What other parts count, for the metrics page.
fn gauges(services: Services, store: Store) -> Extra {
    use std::fmt::Write as _;
    Box::new(move |out| {
        let (index, embedding) = services.retrieval.waiting().unwrap_or_default();
        let figures = store.figures();
        for (name, value) in [
            ("clonememoria_index_pending", index as u64),
            ("clonememoria_embedding_pending", embedding as u64),
            ("clonememoria_answers_running", services.conversations.running() as u64),
            ("clonememoria_store_commits_total", figures.commits),
            ("clonememoria_store_changes_total", figures.changes),
        ] {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# TYPE {name} {kind}\n{name} {value}");
        }
    })
}

/// Sweeps away what has expired, now and then.
async fn sweep(
    trash: Trash,
    sessions: Sessions,
    store: Store,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        let swept = sweep_once(&trash, &sessions, &store, clock.now()).await;
        if let Err(error) = swept {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what has expired could not be swept away"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

async fn sweep_once(
    trash: &Trash,
    sessions: &Sessions,
    store: &Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let erased = trash.sweep().await?;
    if erased > 0 {
        tracing::info!(erased, "things were erased after their time in the trash");
    }
    sessions.sweep().await?;
    store.write(move |tx| jobs::once::forget_old_in(tx, now)).await
}

/// Keeps the kinds of faults in one place for exit codes of commands.
pub fn exit_code_of(kind: Kind) -> u8 {
    match kind {
        Kind::Malformed | Kind::Invalid => 65,
        Kind::NotFound | Kind::Conflict => 66,
        Kind::Unavailable => 69,
        _ => 70,
    }
}
