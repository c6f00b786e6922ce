//! Builds everything, owns every task, stops in order.

mod build;
mod certificates;
mod data_dir;
mod data_rights;
mod disk;
mod fsck;
mod giving_back;
mod limits;
mod open;
mod rehearse;
mod restore;
mod rollback;
mod slices;
mod start_error;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use poem::EndpointExt as _;
use tokio_util::sync::CancellationToken;

pub(crate) use self::build::extra_roots;
use self::build::{build, embedder};
pub use self::data_dir::open_to_others;
use self::data_dir::{fresh_tmp, prepare};
pub use self::fsck::{Examined, Verdict, fsck};
pub use self::open::is_sealed;
pub use self::restore::Restore;
pub use self::rollback::Rollback;
pub use self::slices::{erasers, examiners, tables};
pub use self::start_error::{StartError, exit_code_of};
use self::sweep::{Swept, clock_state, sweep};
use crate::audit::Audit;
use crate::backup::{self, Backups, Begun};
use crate::config::{self, Config};
use crate::embed::Embedder;
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
use crate::identities::Identities;
use crate::jobs::{self, Queue, Tasks};
use crate::kernel::{Clock, Timestamp};
use crate::legacy::Legacies;
use crate::privacy::{self, Trash};
use crate::retrieval::Retrieval;
use crate::sessions::Sessions;
use crate::share_links::ShareLinks;
use crate::store::{Blobs, DataLock, Store};
use crate::tls::Tls;

/// How long a stop waits for answers and connections, and then for what runs in the background:
/// together less than the half minute after which supervisors lose patience.
const EDGE_WITHIN: Duration = Duration::from_secs(15);
const TASKS_WITHIN: Duration = Duration::from_secs(10);
/// The same when somebody has lost patience.
const TASKS_IN_A_HURRY: Duration = Duration::from_millis(500);

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
    legacies: Legacies,
    sessions: Sessions,
    queue: Queue,
    identities: Identities,
    share_links: ShareLinks,
    audit: Audit,
    data_dir: PathBuf,
    store: Store,
    clock: Clock,
    ahead: Arc<AtomicU64>,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    streams: CancellationToken,
    // Given back last.
    _lock: Arc<DataLock>,
}

impl App {
    /// Opens the data directory and builds everything over it. What was restored and cannot be
    /// opened goes again, and what was there before comes back.
    ///
    /// # Errors
    /// When the data directory cannot be had or what is in it cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let lock = Arc::new(prepare(&config.data_dir, config.accept_open_data_dir)?);
        match backup::settle(&config.data_dir)? {
            Begun::Usual => return Self::over(config, lock).await,
            Begun::Reverted => {
                tracing::error!("what was restored did not start: the data is as it was before");
                return Self::over(config, lock).await;
            }
            Begun::Restored => tracing::info!("starting with what was restored"),
        }
        match Self::over(config, Arc::clone(&lock)).await {
            Err(error) if error.is_of_data() && backup::revert(&config.data_dir)? => {
                tracing::error!(%error, "what was restored does not start; taking back the old");
                Self::over(config, lock).await
            }
            Ok(app) => {
                backup::opened(&config.data_dir)?;
                Ok(app)
            }
            other => other,
        }
    }

    async fn over(config: &Config, lock: Arc<DataLock>) -> Result<Self, StartError> {
        fresh_tmp(&config.data_dir)?;
        Blobs::forget_unfinished(&config.data_dir)?;
        let clock = Clock::system();
        let open::Data { store, seals, new_root_key } = open::open(config)?;
        privacy::repeat(&store, erasers).await?;
        // Nothing that was over is good again because the clock was turned back.
        if let Some(believed) = store.read(jobs::calendar::believed)? {
            clock.not_before(believed);
        }
        let tasks = Tasks::new();
        let embedder = embedder(config);
        let (readiness, metrics) = (Readiness::default(), Arc::new(Metrics::default()));
        let streams = CancellationToken::new();
        let queue = Queue::new(store.clone(), clock.clone());
        let parts =
            build(config, (&store, &seals, &clock), (&tasks, &queue), embedder.clone()).await?;
        let (trash, sessions) = (parts.trash.clone(), parts.sessions.clone());
        let (identities, share_links) = (parts.identities.clone(), parts.share_links.clone());
        let (audit, legacies) = (parts.audit.clone(), parts.legacies.clone());
        parts.retrieval.start(&tasks);
        parts.attachments.start();
        parts.erasures.start(&tasks);
        queue.start(&tasks);
        sessions.follow_uses(&tasks);
        audit.start(&tasks);
        giving_back::start(config, (&parts.backups, &parts.admin), (&tasks, &streams));
        tasks.spawn("disk", disk::watch(store.disk().clone(), tasks.stopping()));
        let mut parts_to_ask = checks(&store, config, embedder.is_some(), (&audit, &parts.backups));
        parts_to_ask.push(index_check(&parts.retrieval));
        let ahead = Arc::<AtomicU64>::default();
        let (asked, said) = (clock.clone(), Arc::clone(&ahead));
        parts_to_ask.push(Check::new("clock", move || clock_state(&asked, &said)));
        let health = Health::new(readiness.clone(), parts_to_ask);
        let events = Streams::new(&tasks, streams.clone(), HEARTBEAT_EVERY, Arc::clone(&metrics));
        let services = Services::new(parts, events, health);
        Ok(Self {
            services,
            tasks,
            new_root_key,
            embedder,
            trash,
            legacies,
            sessions,
            queue,
            identities,
            share_links,
            audit,
            data_dir: config.data_dir.clone(),
            store,
            clock,
            ahead,
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
            is_full: disk::is_full(self.store.disk()),
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
        if backup::started(&self.data_dir)? {
            tracing::info!("what was restored has started; what was there before is gone");
        }
        Ok(server)
    }

    /// Resolves when the disk has failed, with what it could not do: then nothing that is written
    /// can be promised, and another process must open what is there.
    pub async fn failed(&self) -> String {
        disk::failed(self.store.disk()).await
    }

    /// Resolves when the server is to stop and open again with what is given back.
    pub async fn again(&self) {
        self.services.restores.again().await;
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
                    legacies: self.legacies.clone(),
                    sessions: self.sessions.clone(),
                    identities: self.identities.clone(),
                    share_links: self.share_links.clone(),
                    audit: self.audit.clone(),
                    store: self.store.clone(),
                    clock: self.clock.clone(),
                    ahead: Arc::clone(&self.ahead),
                },
                self.tasks.stopping(),
            ),
        );
    }

    /// Stops in order: the edge first, so that nothing new comes in; then what runs; then what
    /// everything stands on. `hurry` fires when somebody loses patience.
    pub async fn stop(self, server: Option<Server>, hurry: CancellationToken) {
        if let Some(server) = server
            && let Err(cut) = server.stop(EDGE_WITHIN, hurry.clone()).await
        {
            tracing::warn!(%cut, "some connections had to be cut");
        }
        let patience = async {
            tokio::select! {
                () = tokio::time::sleep(TASKS_WITHIN) => {}
                () = hurry.cancelled() => tokio::time::sleep(TASKS_IN_A_HURRY).await,
            }
        };
        if let Err(unfinished) = self.tasks.join_all_while(patience).await {
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

fn checks(
    store: &Store,
    config: &Config,
    has_meaning: bool,
    (audit, backups): (&Audit, &Backups),
) -> Vec<Check> {
    let (disk, store) = (store.disk().clone(), store.clone());
    let (audit, backups) = (audit.clone(), backups.clone());
    let wanted = config.builtin_embedding;
    vec![
        Check::new("store", move || match store.is_alive() {
            true => State::Ok,
            false => State::Down("the disk failed; restart when it is well".to_owned()),
        }),
        Check::new("disk", move || disk::state(&disk)),
        Check::new("embedding", move || match has_meaning || !wanted {
            true => State::Ok,
            false => State::Degraded("this build has no model: searching by words only".to_owned()),
        }),
        Check::new("audit", move || match audit.holds() {
            true => State::Ok,
            false => State::Degraded("somebody changed the audit log; see the manual".to_owned()),
        }),
        Check::new("backup", move || backup_state(&backups)),
    ]
}

/// How it is about backups that are made by themselves; no place for them is no failure.
fn backup_state(backups: &Backups) -> State {
    let late = match backups.schedule().is_late {
        true => "none was made for longer than twice the time between two",
        false => "",
    };
    match (backups.last().failure, late) {
        (None, "") => State::Ok,
        (None, late) => State::Degraded(late.to_owned()),
        (Some((at, _)), late) => {
            let also = if late.is_empty() { "" } else { "; " };
            State::Degraded(format!("the backup of {at} failed, see the log{also}{late}"))
        }
    }
}

fn index_check(retrieval: &Retrieval) -> Check {
    let retrieval = retrieval.clone();
    Check::new("index", move || match retrieval.is_well() {
        true => State::Ok,
        false => State::Degraded("an index cannot be used: searching by meaning only".to_owned()),
    })
}

/// A moment as metrics write it; 0 is never.
fn seconds(moment: Option<Timestamp>) -> u64 {
    moment.map_or(0, |moment| u64::try_from(moment.0 / 1_000_000).unwrap_or_default())
}

/// What other parts count, for the metrics page.
fn gauges(services: Services, store: Store, queue: Queue) -> Extra {
    use std::fmt::Write as _;
    Box::new(move |out| {
        let (index, embedding) = services.retrieval.waiting().unwrap_or_default();
        let figures = store.figures();
        let jobs = queue.figures().unwrap_or_default();
        let disk = store.disk().figures();
        let (last, backed) = (services.backups.last(), services.backups.schedule());
        for (name, value) in [
            ("clonememoria_index_pending", index as u64),
            ("clonememoria_embedding_pending", embedding as u64),
            ("clonememoria_answers_running", services.conversations.running() as u64),
            ("clonememoria_store_commits_total", figures.commits),
            ("clonememoria_store_changes_total", figures.changes),
            ("clonememoria_disk_free_bytes", disk.free),
            ("clonememoria_disk_reserve_bytes", disk.reserve),
            ("clonememoria_disk_low", u64::from(disk.is_low)),
            ("clonememoria_jobs_waiting", jobs.waiting),
            ("clonememoria_jobs_parked", jobs.parked),
            ("clonememoria_jobs_done_total", jobs.done),
            ("clonememoria_jobs_failed_total", jobs.failed),
            ("clonememoria_backup_last_success_seconds", seconds(backed.last_success)),
            ("clonememoria_backup_failed", u64::from(last.failure.is_some())),
            ("clonememoria_backup_overdue", u64::from(backed.is_late)),
        ] {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# TYPE {name} {kind}\n{name} {value}");
        }
    })
}
