//! Builds everything, owns every task, stops in order.

mod build;
mod certificates;
mod data_dir;
mod limits;
mod open;
mod start_error;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use poem::EndpointExt as _;
use tokio_util::sync::CancellationToken;

pub(crate) use self::build::extra_roots;
use self::build::{build, embedder};
pub use self::data_dir::open_to_others;
use self::data_dir::prepare;
pub use self::start_error::{StartError, exit_code_of};
use self::sweep::{Swept, sweep};
use crate::accounts::{self, AccountEraser};
use crate::api_keys::{self, ApiKeyEraser};
use crate::audit::{self, Audit, AuditEraser};
use crate::break_glass::{self, BreakGlassEraser};
use crate::clones::{self, CloneEraser};
use crate::config::{self, Config};
use crate::consents::{self, ConsentEraser};
use crate::conversations::{self, ConversationEraser};
use crate::embed::Embedder;
use crate::factors::{self, FactorEraser};
use crate::http::api::{Services, api};
use crate::http::auth::Door;
use crate::http::body::Shape;
use crate::http::client::Proxies;
use crate::http::control::Control;
use crate::http::cors::Cors;
use crate::http::edge::Edge;
use crate::http::gate::Gates;
use crate::http::guard::{Guard, Hsts};
use crate::http::health::{Check, Health, Readiness, State};
use crate::http::metrics::{Extra, Metrics};
use crate::http::server::{Listen, Server};
use crate::http::sse::{HEARTBEAT_EVERY, Streams};
use crate::http::trust::Trust;
use crate::identities::{self, Identities, IdentityEraser};
use crate::jobs::personal::PrivacyProvider;
use crate::jobs::{self, Eraser, Queue, QueueEraser, Tasks};
use crate::kernel::Clock;
use crate::memories::{self, MemoryEraser};
use crate::notifications::{self, NotificationEraser};
use crate::privacy::Trash;
use crate::retrieval::{self, RetrievalEraser};
use crate::sessions::{self, SessionEraser, Sessions};
use crate::share_links::{self, ShareLinkEraser, ShareLinks};
use crate::spaces::{self, SpaceEraser};
use crate::store::{DataLock, Store, TableInfo};
use crate::tls::Tls;

/// How long a stop waits for answers and connections.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Every table of every slice.
pub fn tables() -> Vec<TableInfo> {
    [
        jobs::once::TABLES,
        jobs::discarded::TABLES,
        jobs::queue::TABLES,
        accounts::TABLES,
        sessions::TABLES,
        api_keys::TABLES,
        factors::TABLES,
        identities::TABLES,
        spaces::TABLES,
        consents::TABLES,
        notifications::TABLES,
        clones::TABLES,
        share_links::TABLES,
        memories::TABLES,
        retrieval::TABLES,
        conversations::TABLES,
        audit::TABLES,
        break_glass::TABLES,
    ]
    .concat()
}

/// The erasers of all slices, in the order in which they run.
pub fn erasers() -> Vec<Box<dyn Eraser>> {
    vec![
        Box::new(ShareLinkEraser(conversations::forget_visitor_in)),
        Box::new(ConversationEraser),
        Box::new(RetrievalEraser),
        Box::new(MemoryEraser),
        Box::new(CloneEraser),
        Box::new(BreakGlassEraser),
        Box::new(NotificationEraser),
        Box::new(ConsentEraser),
        Box::new(SpaceEraser),
        Box::new(ApiKeyEraser),
        Box::new(FactorEraser),
        Box::new(IdentityEraser),
        Box::new(SessionEraser),
        Box::new(QueueEraser),
        Box::new(AuditEraser),
        Box::new(AccountEraser),
    ]
}

/// What all slices keep of people, in the order in which it is handed out.
pub fn kept_of_people() -> Vec<Box<dyn PrivacyProvider>> {
    vec![
        Box::new(AccountEraser),
        Box::new(ConsentEraser),
        Box::new(SpaceEraser),
        Box::new(CloneEraser),
        Box::new(MemoryEraser),
        Box::new(ConversationEraser),
        Box::new(ShareLinkEraser(conversations::forget_visitor_in)),
        Box::new(QueueEraser),
        Box::new(NotificationEraser),
        Box::new(SessionEraser),
        Box::new(FactorEraser),
        Box::new(IdentityEraser),
        Box::new(ApiKeyEraser),
        Box::new(BreakGlassEraser),
        Box::new(AuditEraser),
        Box::new(RetrievalEraser),
    ]
}

/// The services of an instance, without a server in front.
pub struct App {
    /// Everything handlers ask.
    pub services: Services,
    /// What runs in the background.
    pub tasks: Tasks,
    /// Where the root key lies, if it was made just now.
    pub new_root_key: Option<PathBuf>,
    /// The embedder, to be stopped at the end.
    embedder: Option<Embedder>,
    trash: Trash,
    sessions: Sessions,
    queue: Queue,
    identities: Identities,
    share_links: ShareLinks,
    audit: Audit,
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
        let lock = prepare(&config.data_dir, config.accept_open_data_dir)?;
        let clock = Clock::system();
        let (store, new_root_key) = open::open(config)?;
        let tasks = Tasks::new();
        let embedder = embedder(config);
        let readiness = Readiness::default();
        let metrics = Arc::new(Metrics::default());
        let streams = CancellationToken::new();
        let queue = Queue::new(store.clone(), clock.clone());
        let parts = build(config, &store, &clock, (&tasks, &queue), embedder.clone()).await?;
        let (trash, sessions) = (parts.trash.clone(), parts.sessions.clone());
        let (identities, share_links) = (parts.identities.clone(), parts.share_links.clone());
        let audit = parts.audit.clone();
        parts.retrieval.start(&tasks);
        queue.start(&tasks);
        sessions.follow_uses(&tasks);
        audit.start(&tasks);
        let parts_to_ask = checks(&store, config, embedder.is_some(), &audit);
        let health = Health::new(readiness.clone(), parts_to_ask);
        let events = Streams::new(&tasks, streams.clone(), HEARTBEAT_EVERY, Arc::clone(&metrics));
        let services = Services::new(parts, events, health);
        Ok(Self {
            services,
            tasks,
            new_root_key,
            embedder,
            trash,
            sessions,
            queue,
            identities,
            share_links,
            audit,
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
        let tls = certificates::find(config, &self.clock)?;
        let proxies = Proxies(config.trusted_proxies.clone());
        let guard = Guard {
            base_path: config.base_path.clone(),
            proxies: proxies.clone(),
            metrics: Arc::clone(&self.metrics),
            hsts: hsts(config),
            cors: Cors::new(config.cors_origins.clone()),
            shape: Shape { depth: config.limits.json_depth, fields: config.limits.json_fields },
            ..Guard::default()
        };
        let edge = Edge {
            guard,
            health: self.services.health().clone(),
            extra_metrics: vec![gauges(
                self.services.clone(),
                self.store.clone(),
                self.queue.clone(),
            )],
            metrics_token: config.metrics_token.clone(),
            trust: Trust::new(tls.clone(), config.listen.ip()),
            version: env!("CARGO_PKG_VERSION"),
        };
        let services = self.services.clone();
        let gates = Gates::new(self.clock.clone(), config.limits.tries);
        let endpoint = edge.serve(api(), Control::new(services.clone()), |api| {
            api.data(Door::new(services)).data(gates)
        });
        let listen = Listen {
            address: config.listen,
            control: Some(config.data_dir.join("control.sock")),
            limits: limits::of_server(config),
            tls: tls.as_ref().map(|tls| tls.config()),
            proxies,
            readiness: self.readiness.clone(),
            streams: self.streams.clone(),
            metrics: Arc::clone(&self.metrics),
        };
        let started = Server::start(listen, endpoint, &self.tasks).await;
        let server =
            started.map_err(|source| StartError::Listen { address: config.listen, source })?;
        self.look_after(tls);
        Ok(server)
    }

    /// Starts what has to be done now and then while the server runs.
    fn look_after(&self, tls: Option<Arc<Tls>>) {
        if let Some(tls) = tls {
            let (clock, stop) = (self.clock.clone(), self.tasks.stopping());
            self.tasks.spawn("certificates", certificates::watch(tls, clock, stop));
        }
        self.tasks.spawn(
            "sweep",
            sweep(
                Swept {
                    trash: self.trash.clone(),
                    sessions: self.sessions.clone(),
                    identities: self.identities.clone(),
                    share_links: self.share_links.clone(),
                    audit: self.audit.clone(),
                    store: self.store.clone(),
                    clock: self.clock.clone(),
                },
                self.tasks.stopping(),
            ),
        );
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

/// When browsers are told to use TLS only; what `Never` is for stands there.
fn hsts(config: &Config) -> Hsts {
    let public = config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    match config.tls {
        config::Tls::Local => Hsts::Never,
        _ if public => Hsts::Always,
        _ => Hsts::OverTls,
    }
}

fn checks(store: &Store, config: &Config, has_meaning: bool, audit: &Audit) -> Vec<Check> {
    let (store, audit) = (store.clone(), audit.clone());
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
        Check::new("audit", move || match audit.holds() {
            true => State::Ok,
            false => State::Degraded("somebody changed the audit log; see the manual".to_owned()),
        }),
    ]
}

/// What other parts count, for the metrics page.
fn gauges(services: Services, store: Store, queue: Queue) -> Extra {
    use std::fmt::Write as _;
    Box::new(move |out| {
        let (index, embedding) = services.retrieval.waiting().unwrap_or_default();
        let figures = store.figures();
        let jobs = queue.figures().unwrap_or_default();
        for (name, value) in [
            ("clonememoria_index_pending", index as u64),
            ("clonememoria_embedding_pending", embedding as u64),
            ("clonememoria_answers_running", services.conversations.running() as u64),
            ("clonememoria_store_commits_total", figures.commits),
            ("clonememoria_store_changes_total", figures.changes),
            ("clonememoria_jobs_waiting", jobs.waiting),
            ("clonememoria_jobs_parked", jobs.parked),
            ("clonememoria_jobs_done_total", jobs.done),
            ("clonememoria_jobs_failed_total", jobs.failed),
        ] {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# TYPE {name} {kind}\n{name} {value}");
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{erasers, kept_of_people, tables};
    use crate::jobs::personal::How;
    use crate::store::Holds;

    #[test]
    fn every_table_says_what_becomes_of_it_when_somebody_takes_theirs_along() {
        let slices = kept_of_people();
        let mut declared = BTreeMap::new();
        let mut records = BTreeSet::new();
        for slice in &slices {
            for kept in slice.kept() {
                assert!(declared.insert(kept.table, kept.how).is_none(), "{} twice", kept.table);
            }
            for record in slice.records() {
                assert!(records.insert(record.name), "{} twice", record.name);
                let names: BTreeSet<&str> = record.fields.iter().map(|field| field.name).collect();
                assert_eq!(names.len(), record.fields.len(), "{}", record.name);
            }
        }
        for table in tables() {
            let how = declared.remove(table.name);
            let how = how.unwrap_or_else(|| panic!("nobody says what becomes of {}", table.name));
            match how {
                How::Given(record) | How::Leads(record) => {
                    assert!(records.contains(record), "{}: there is no {record}", table.name);
                }
                How::Common(_) | How::Passing(_) | How::Secret | How::Derived => {}
            }
            let is_given = matches!(how, How::Given(_));
            assert!(!is_given || table.holds != Holds::Nothing || table.name == "audit_log");
        }
        assert!(declared.is_empty(), "no such tables: {declared:?}");
        assert_eq!(slices.len(), erasers().len(), "who hands out also erases");
    }
}
