//! Our own accept loop under poem's endpoints.
//!
//! poem's server has no header timer, spins when descriptors run out, leaves Nagle on, and does
//! not close half-open headers when it stops; its endpoints are fine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use poem::http::Method;
use poem::{Addr, EndpointExt as _, IntoEndpoint};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::client::{Peer, Proxies, group};
use super::connection::{self, Shared};
use super::health::Readiness;
use super::metrics::Metrics;
use super::wire::{Watched, Wire};
use crate::jobs::Tasks;

pub use super::connection::{BodyLimit, Protocol};
pub use super::intake::Pace;
pub use super::wire::Times;

/// How long to pause when the system has no descriptor left for another connection.
const BREATH: Duration = Duration::from_millis(50);

/// How long a second signal leaves for what is in flight.
const HURRY: Duration = Duration::from_secs(1);

/// What the server may take on.
#[derive(Clone)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address; loopback and proxies are not counted.
    pub per_address: usize,
    /// How long the states of a connection may last.
    pub times: Times,
    /// How slowly a body may arrive.
    pub pace: Pace,
    /// What one connection may take up.
    pub protocol: Protocol,
    /// How large a body may be.
    pub body: BodyLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            per_address: 64,
            times: Times::default(),
            pace: Pace::default(),
            protocol: Protocol::default(),
            body: Sizes::default().limit(),
        }
    }
}

const MIB: u64 = 1024 * 1024;

/// How many bytes the bodies of requests may have, by what they are for.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// JSON.
    pub json: u64,
    /// Many things in one JSON.
    pub batch: u64,
    /// A file of a memory.
    pub attachment: u64,
    /// A document or an archive.
    pub upload: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { json: MIB, batch: 32 * MIB, attachment: 10 * MIB, upload: 101 * MIB }
    }
}

impl Sizes {
    /// The limit by method and path.
    pub fn limit(self) -> BodyLimit {
        Arc::new(move |method, path| self.of(method, path))
    }

    fn of(self, method: &Method, path: &str) -> u64 {
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match last {
            _ if method == Method::GET => self.json,
            "batch" => self.batch,
            "documents" | "imports" => self.upload,
            // What stands around it, and its caption, come on top.
            "attachments" => self.attachment.saturating_add(MIB / 16),
            "files" => self.upload.min(11 * MIB),
            // As much as the disk takes: whoever takes it in looks.
            "upload" => u64::MAX,
            "avatar" | "picture" => self.upload.min(6 * MIB),
            _ => self.json,
        }
    }
}

/// Where to listen, and what is shared with the rest of the edge.
pub struct Listen {
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Where the control socket goes, if there is one.
    pub control: Option<PathBuf>,
    /// What the server may take on.
    pub limits: Limits,
    /// What makes connections over the network private; without it they are plain.
    pub tls: Option<Arc<ServerConfig>>,
    /// Who is not counted by address.
    pub proxies: Proxies,
    /// Turned off as the first act of a stop.
    pub readiness: Readiness,
    /// What streams watch; cancelled when the server stops.
    pub streams: CancellationToken,
    /// Where open connections are counted.
    pub metrics: Arc<Metrics>,
}

/// A server that is listening.
pub struct Server {
    address: SocketAddr,
    control: Option<PathBuf>,
    readiness: Readiness,
    streams: CancellationToken,
    accepting: CancellationToken,
    shared: Arc<Shared>,
    open: TaskTracker,
}

/// Some connections had to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{connections} connections were cut because they did not end in time")]
pub struct Cut {
    /// How many.
    pub connections: usize,
}

impl Server {
    /// Binds the sockets and starts to accept.
    ///
    /// # Errors
    /// When a socket cannot be bound.
    pub async fn start<E>(listen: Listen, endpoint: E, tasks: &Tasks) -> io::Result<Self>
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        let tcp = TcpListener::bind(listen.address).await?;
        let unix = listen.control.as_deref().map(bind_control).transpose()?;
        let address = tcp.local_addr()?;
        let shared = Arc::new(Shared {
            endpoint: endpoint.map_to_response().boxed(),
            builder: connection::builder(tasks, listen.limits.protocol),
            times: listen.limits.times,
            pace: listen.limits.pace,
            body: listen.limits.body,
            tls: listen.tls.map(TlsAcceptor::from),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        });
        let open = TaskTracker::new();
        let accepting = CancellationToken::new();
        let door = Arc::new(Door {
            shared: Arc::clone(&shared),
            tasks: tasks.clone(),
            accepting: accepting.clone(),
            open: open.clone(),
            seats: Arc::new(Mutex::new(HashMap::new())),
            connections: listen.limits.connections,
            per_address: listen.limits.per_address,
            proxies: listen.proxies,
            metrics: listen.metrics,
        });
        tasks.spawn("http accept", Arc::clone(&door).accept_tcp(tcp));
        if let Some(unix) = unix {
            tasks.spawn("control accept", door.accept_unix(unix));
        }
        let (readiness, streams) = (listen.readiness, listen.streams);
        Ok(Self { address, control: listen.control, readiness, streams, accepting, shared, open })
    }

    /// The address that was bound.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops in order: not ready, no new connections, streams say goodbye, what is in flight
    /// ends. `hurry` (a second signal) shortens the wait to under two seconds.
    ///
    /// # Errors
    /// When connections had to be cut.
    pub async fn stop(self, deadline: Duration, hurry: CancellationToken) -> Result<(), Cut> {
        self.readiness.close();
        self.accepting.cancel();
        self.streams.cancel();
        self.shared.stop.cancel();
        self.open.close();
        if let Some(path) = &self.control {
            // It may be gone already; a stale one is replaced at the next start anyway.
            let _ = std::fs::remove_file(path);
        }
        let patience = async {
            tokio::select! {
                () = tokio::time::sleep(deadline) => {}
                () = hurry.cancelled() => tokio::time::sleep(HURRY.min(deadline)).await,
            }
        };
        tokio::select! {
            biased;
            () = self.open.wait() => return Ok(()),
            () = patience => {}
        }
        let connections = self.open.len();
        self.shared.kill.cancel();
        self.open.wait().await;
        if connections == 0 { Ok(()) } else { Err(Cut { connections }) }
    }
}

/// The directory belongs to the server alone and is locked, so a socket found there is stale.
fn bind_control(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Lets connections in, up to the limits.
struct Door {
    shared: Arc<Shared>,
    tasks: Tasks,
    accepting: CancellationToken,
    open: TaskTracker,
    seats: Arc<Mutex<HashMap<IpAddr, usize>>>,
    connections: usize,
    per_address: usize,
    proxies: Proxies,
    metrics: Arc<Metrics>,
}

impl Door {
    async fn accept_tcp(self: Arc<Self>, listener: TcpListener) {
        let Ok(local) = listener.local_addr() else { return };
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.accepting.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(seat) = self.seat(Some(peer.ip())) else { continue };
                    prepare(&stream, self.shared.times.stall);
                    let shared = Arc::clone(&self.shared);
                    self.serve(seat, connection::run_tcp(stream, local.into(), peer, shared));
                }
                Err(error) => pause(&error).await,
            }
        }
    }

    async fn accept_unix(self: Arc<Self>, listener: UnixListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.accepting.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let Some(seat) = self.seat(None) else { continue };
                    let local = Addr::Custom("unix", "control".into());
                    let (shared, wire) = (Arc::clone(&self.shared), Wire::new());
                    let io = Watched::new(stream, Arc::clone(&wire));
                    self.serve(seat, connection::run(io, wire, local, Peer::Control, shared));
                }
                Err(error) => pause(&error).await,
            }
        }
    }

    fn serve(&self, seat: Seat, connection: impl Future<Output = ()> + Send + 'static) {
        let kill = self.shared.kill.clone();
        self.tasks.spawn("connection", async move {
            let _seat = seat;
            tokio::select! {
                biased;
                () = kill.cancelled() => {}
                () = connection => {}
            }
        });
    }

    /// The control socket always finds a seat: it is how an operator gets in when it is full.
    fn seat(&self, address: Option<IpAddr>) -> Option<Seat> {
        let counted = address.filter(|address| !self.proxies.uncounted(*address)).map(group);
        if address.is_some() && self.open.len() >= self.connections {
            self.metrics.connection_refused();
            return None;
        }
        if let Some(address) = counted {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = seats.entry(address).or_default();
            if *taken >= self.per_address {
                self.metrics.connection_refused();
                return None;
            }
            *taken += 1;
        }
        self.metrics.connection_opened();
        let (seats, metrics) = (Arc::clone(&self.seats), Arc::clone(&self.metrics));
        Some(Seat { address: counted, seats, metrics, _open: self.open.token() })
    }
}

/// Neither is worth refusing somebody for.
fn prepare(stream: &TcpStream, stall: Duration) {
    // Without it a token of an answer waits for the acknowledgement of the last.
    let _ = stream.set_nodelay(true);
    // What the kernel took for a client that takes nothing looks sent from here; the kernel
    // knows better.
    #[cfg(target_os = "linux")]
    {
        let stall = u32::try_from(stall.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, stall);
    }
}

async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    tracing::warn!(%error, "no connection could be accepted");
    tokio::time::sleep(BREATH).await;
}

/// A connection's place among those allowed.
struct Seat {
    address: Option<IpAddr>,
    seats: Arc<Mutex<HashMap<IpAddr, usize>>>,
    metrics: Arc<Metrics>,
    _open: TaskTrackerToken,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.connection_closed();
        let Some(address) = self.address else { return };
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = seats.get_mut(&address) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&address);
            }
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
