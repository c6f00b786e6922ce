//! Builds everything, owns every task, stops in order.

mod build;
mod start_error;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use poem::EndpointExt as _;
use tokio_util::sync::CancellationToken;

use self::build::{build, embedder, open_store, prepare};
pub use self::start_error::{StartError, exit_code_of};
use self::sweep::{Swept, sweep};
use crate::accounts::{self, AccountEraser};
use crate::clones::{self, CloneEraser};
use crate::config::Config;
use crate::consents::{self, ConsentEraser};
use crate::conversations::{self, ConversationEraser};
use crate::embed::Embedder;
use crate::http::api::{Services, api};
use crate::http::auth::Door;
use crate::http::client::{Network, Proxies};
use crate::http::control::Control;
use crate::http::edge::Edge;
use crate::http::gate::Gates;
use crate::http::guard::Guard;
use crate::http::health::{Check, Health, Readiness, State};
use crate::http::metrics::{Extra, Metrics};
use crate::http::server::{Limits, Listen, Server};
use crate::http::sse::{HEARTBEAT_EVERY, Streams};
use crate::identities::{self, Identities, IdentityEraser};
use crate::jobs::{self, Eraser, Tasks};
use crate::kernel::Clock;
use crate::memories::{self, MemoryEraser};
use crate::privacy::Trash;
use crate::retrieval::{self, RetrievalEraser};
use crate::sessions::{self, SessionEraser, Sessions};
use crate::spaces::{self, SpaceEraser};
use crate::store::{DataLock, Store, TableInfo};

/// How long a stop waits for answers and connections.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Every table of every slice.
pub fn tables() -> Vec<TableInfo> {
    [
        jobs::once::TABLES,
        jobs::discarded::TABLES,
        accounts::TABLES,
        sessions::TABLES,
        identities::TABLES,
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
        Box::new(IdentityEraser),
        Box::new(SessionEraser),
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
    identities: Identities,
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
        let identities = parts.identities.clone();
        parts.retrieval.start(&tasks);
        let health = Health::new(readiness.clone(), checks(&store, config, embedder.is_some()));
        let events = Streams::new(&tasks, streams.clone(), HEARTBEAT_EVERY, Arc::clone(&metrics));
        let services = Services::new(parts, events, health);
        Ok(Self {
            services,
            tasks,
            embedder,
            trash,
            sessions,
            identities,
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
        let gates = Gates::new(self.clock.clone(), config.limits.tries);
        let endpoint = edge.serve(api(), Control::new(services.clone()), |api| {
            api.data(Door::new(services)).data(gates)
        });
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
                Swept {
                    trash: self.trash.clone(),
                    sessions: self.sessions.clone(),
                    identities: self.identities.clone(),
                    store: self.store.clone(),
                    clock: self.clock.clone(),
                },
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
