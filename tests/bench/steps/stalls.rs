//! Hundreds of streamed answers, some of whose readers take nothing: whether the others lose
//! anything, and when those are let go.

use std::time::Duration;

use futures_util::future::try_join_all;
use http::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::healthy::{all_dropped, while_asking};
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::figures::{Samples, table};
use crate::upstream::{Pace, model};
use crate::{Outcome, Plan};

const STREAMS: usize = 450;
const STALLED: usize = 50;
/// An ordinary answer: a kilobyte.
const ORDINARY: Pace = Pace {
    first: Duration::from_millis(20),
    each: Duration::from_millis(100),
    tokens: 128,
    wide: 8,
};
/// A quarter of a megabyte, more than the kernel takes for a reader who takes nothing.
const LONG: Pace = Pace { wide: 2_048, ..ORDINARY };

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let (address, pace) = model(ORDINARY).await?;
    let base = format!("http://{address}/v1");
    let settings = [
        WORDS_ONLY,
        ("CLONEMEMORIA_LLM_BASE_URL", &*base),
        ("CLONEMEMORIA_LLM_MODEL", "bench"),
        // All of them are one account's here.
        ("CLONEMEMORIA_LIMITS_STREAMS_PER_ACCOUNT", "1024"),
    ];
    let server = Appliance::start(plan, &settings).await?;
    let clone = server.clone_named("Stalls").await?;
    let memory = bytes(&json!({"content": "We swam in the lake in summer."}));
    let memories = format!("/api/v1/clones/{clone}/memories");
    server.client().await?.json(Method::POST, &memories, memory).await?;
    server.quiet().await?;
    let path = format!("/api/v1/clones/{clone}/chat");
    let streams = plan.rounds(STREAMS, STREAMS / 10);
    let mut rows = Vec::new();
    let some = plan.rounds(STALLED, STALLED / 10);
    for (answers, length, stalled) in
        [(ORDINARY, "1 kB", 0), (LONG, "256 kB", 0), (LONG, "256 kB", some)]
    {
        pace.send(answers)?;
        let name = format!("{streams} readers of {length}, {stalled} that take nothing");
        let mut lost = 0;
        let mut first = Samples::default();
        let attack = async {
            let waiting = all_stalled(&server, &path, stalled).await?;
            (first, lost) = all_read(&server, &path, streams).await?;
            // The healthy client is open beside them.
            let gone = all_dropped(&server, stalled, 1).await?;
            drop(waiting);
            Ok(gone)
        };
        let row = while_asking(&server, &name, attack).await?;
        let [name, gone, asked, memory] = row.try_into().map_err(|_| "a row has four columns")?;
        let gone = if stalled == 0 { "–".to_owned() } else { gone };
        rows.push(vec![name, lost.to_string(), first.p50_p99(), gone, asked, memory]);
    }
    let head = [
        "streams at once",
        "tokens lost",
        "first token, ms: p50 / p99",
        "gone after the others' end, s",
        "healthy client, ms: p50 / p99",
        "RSS, MB",
    ];
    table("Streams whose readers take nothing", &head, &rows);
    Ok(())
}

/// Reads answers to their ends; when each began, and how many tokens are missing in all.
async fn all_read(server: &Appliance, path: &str, streams: usize) -> Outcome<(Samples, usize)> {
    let mut all = Vec::new();
    for _ in 0..streams {
        let (mut client, path) = (server.client().await?, path.to_owned());
        all.push(tokio::spawn(async move {
            let asked = bytes(&json!({"content": "Where did you swim in summer?"}));
            client.stream(&path, asked, b"token0").await
        }));
    }
    let (mut began, mut lost) = (Vec::new(), 0);
    for one in try_join_all(all).await? {
        let one = one?;
        began.push(one.first);
        let end = one.end.windows(4).any(|part| part == b"done");
        // The last event repeats the whole answer.
        let text = String::from_utf8_lossy(&one.end);
        let all = (0..LONG.tokens).filter(|at| text.contains(&format!("token{at}x"))).count();
        lost += if end { LONG.tokens - all } else { LONG.tokens };
    }
    Ok((began.into_iter().collect(), lost))
}

/// Asks for answers, and takes nothing of them.
async fn all_stalled(server: &Appliance, path: &str, many: usize) -> Outcome<Vec<TcpStream>> {
    let mut all = Vec::new();
    for _ in 0..many {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4_096)?;
        let mut stream = socket.connect(server.process.address).await?;
        let token = server.client().await?.token.ok_or("signed in")?;
        let body = bytes(&json!({"content": "Where did you swim in summer?"}));
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\
             content-type: application/json\r\nauthorization: Bearer {token}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await?;
        all.push(stream);
    }
    Ok(all)
}
