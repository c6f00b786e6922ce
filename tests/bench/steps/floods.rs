//! What others notice while thousands of clients are slow on purpose, and how soon those are gone.
//!
//! A healthy client asks on and on meanwhile; its times are the figures. The default limits hold.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::healthy::{all_dropped, while_asking};
use crate::appliance::{Appliance, WORDS_ONLY};
use crate::figures::{Samples, table};
use crate::{Outcome, Plan};

const CONNECTIONS: usize = 2_000;
/// Longer than any of the limits.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two bytes of a slow client.
const BYTE_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum Slow {
    /// Connects and says nothing.
    Silent,
    /// A header that never ends.
    Header,
    /// A body of a byte a second.
    Body,
    /// A TLS handshake that stops after its first bytes.
    Handshake,
    /// Asks for megabytes and takes none.
    Reader,
}

impl Slow {
    const ALL: [(Self, &str); 5] = [
        (Self::Silent, "says nothing"),
        (Self::Header, "a header of a line a second"),
        (Self::Body, "a body of a byte a second"),
        (Self::Handshake, "half a TLS handshake"),
        (Self::Reader, "asks for megabytes, takes none"),
    ];

    fn begins(self) -> Vec<u8> {
        match self {
            Self::Silent => Vec::new(),
            Self::Header => b"GET /healthz HTTP/1.1\r\nhost: x\r\n".to_vec(),
            Self::Body => b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\n\
                content-type: application/json\r\ncontent-length: 100000\r\n\r\n"
                .to_vec(),
            Self::Handshake => vec![0x16, 3, 1, 2, 0, 1, 0],
            Self::Reader => b"GET /docs/swagger.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20),
        }
    }

    const fn goes_on(self) -> &'static [u8] {
        match self {
            Self::Header => b"x: y\r\n",
            Self::Body => b" ",
            _ => b"",
        }
    }
}

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let settings = [WORDS_ONLY, ("CLONEMEMORIA_SERVER_TLS", "local")];
    let server = Appliance::start(plan, &settings).await?;
    let connections = plan.rounds(CONNECTIONS, CONNECTIONS / 10);
    let calm = Duration::from_secs(plan.rounds(10, 3) as u64);
    let mut rows = vec![
        while_asking(&server, "nothing else", async {
            tokio::time::sleep(calm).await;
            Ok(String::from("–"))
        })
        .await?,
    ];
    for (slow, name) in Slow::ALL {
        let name = format!("{connections} × {name}");
        let attack = all_slow(&server, slow, connections);
        rows.push(while_asking(&server, &name, attack).await?);
    }
    let resets = plan.rounds(50, 5);
    let attack = all_reset(server.process.address, resets);
    let name = format!("{resets} × 20,000 HTTP/2 requests, each taken back at once");
    rows.push(while_asking(&server, &name, attack).await?);
    table(
        "Slow clients and floods: what a healthy client notices",
        &["meanwhile", "gone after, s", "healthy client, ms: p50 / p99", "RSS, MB"],
        &rows,
    );
    Ok(())
}

async fn all_slow(server: &Appliance, slow: Slow, connections: usize) -> Outcome<String> {
    let address = server.process.address;
    if matches!(slow, Slow::Reader) {
        return all_blocked(server, slow, connections).await;
    }
    let mut all = Vec::new();
    for _ in 0..connections {
        // One after the other: what the kernel's queue has no place for looks connected here and
        // never reaches the server.
        let stream = TcpStream::connect(address).await?;
        all.push(tokio::spawn(be_slow(stream, slow)));
    }
    let gone = try_join_all(all).await?.into_iter().collect::<Outcome<Vec<Duration>>>()?;
    let gone: Samples = gone.into_iter().collect();
    let seconds = |of: f64| gone.quantile(of).as_secs_f64();
    Ok(format!("{:.1} to {:.1}", seconds(0.0), seconds(1.0)))
}

/// Who takes nothing does not hear that the server has gone: the server says so itself.
async fn all_blocked(server: &Appliance, slow: Slow, connections: usize) -> Outcome<String> {
    let mut all = Vec::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(server.process.address).await?;
        drop(stream.write_all(&slow.begins()).await);
        all.push(stream);
    }
    // The healthy client is open beside them.
    all_dropped(server, connections, 1).await
}

/// Is slow until the server has had enough.
async fn be_slow(mut stream: TcpStream, slow: Slow) -> Outcome<Duration> {
    let began = Instant::now();
    drop(stream.write_all(&slow.begins()).await);
    let mut space = [0; 1024];
    let ends = async {
        loop {
            tokio::select! {
                read = stream.read(&mut space) => if !matches!(read, Ok(1..)) { return },
                () = tokio::time::sleep(BYTE_EVERY) => {
                    if stream.write_all(slow.goes_on()).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, ends).await.map_err(|_| "a slow client was let be")?;
    Ok(began.elapsed())
}

async fn all_reset(address: SocketAddr, connections: usize) -> Outcome<String> {
    let began = Instant::now();
    let mut all = Vec::new();
    for _ in 0..connections {
        all.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            drop(stream.write_all(&resets()).await);
            let mut space = [0; 4096];
            while matches!(stream.read(&mut space).await, Ok(1..)) {}
            Outcome::Ok(())
        }));
    }
    try_join_all(all).await?.into_iter().collect::<Outcome<Vec<()>>>()?;
    Ok(format!("{:.1}", began.elapsed().as_secs_f64()))
}

/// Frames of HTTP/2: requests, each taken back at once.
fn resets() -> Vec<u8> {
    const HEADER: [u8; 6] = [0x82, 0x86, 0x84, 0x41, 1, b'x'];
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    for stream in (1..40_000_u32).step_by(2) {
        bytes.extend([0, 0, 6, 1, 5]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(HEADER);
        bytes.extend([0, 0, 4, 3, 0]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(8_u32.to_be_bytes());
    }
    bytes
}
