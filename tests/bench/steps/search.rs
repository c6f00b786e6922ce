//! How long a search takes over one clone with many memories, and what embedding costs.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use super::load;
use crate::appliance::{Appliance, WORDS_ONLY};
use crate::figures::{Samples, ms, rate, slower, table};
use crate::text::{Writer, escaped};
use crate::{Outcome, Plan};

const SEED: u64 = 5;
const MODES: [&str; 3] = ["text", "vector", "hybrid"];

/// What was seen from outside and what the server says itself.
struct Searched {
    outside: Samples,
    inside: Samples,
}

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let settings: &[_] = if plan.words_only { &[WORDS_ONLY] } else { &[] };
    let mut server = Appliance::start(plan, settings).await?;
    let modes = if plan.words_only { &MODES[..1] } else { &MODES };
    let asked = plan.rounds(1_000, 200);
    let alone = one_memory(plan, &server, asked).await?;
    let (mut rows, mut grown) = (Vec::new(), Vec::new());
    let sizes: &[usize] = if plan.quick { &[10_000] } else { &[10_000, 100_000] };
    for &size in sizes {
        let clone = server.clone_named("Many").await?;
        let started = Instant::now();
        load(&server, &clone, Writer::new(SEED).memories(size)).await?;
        server.quiet().await?;
        let took = started.elapsed();
        for &mode in modes {
            // The first ones load what is needed.
            searches(&server, &clone, mode, 5).await?;
            let found = searches(&server, &clone, mode, asked).await?;
            rows.push(row(size, mode, &found, &alone));
        }
        grown.push(vec![
            size.to_string(),
            format!("{:.0}", rate(size, took)),
            server.process.memory()?.text(),
            format!("{:.0}", server.disk()?),
        ]);
        server.restart(plan).await?;
    }
    table("Search in one clone, ms", &HEAD, &rows);
    let head = ["memories", "found by every mode a second", "RSS / PSS, MB", "on disk, MB"];
    table("What so many memories cost", &head, &grown);
    Ok(())
}

const HEAD: [&str; 6] = [
    "memories",
    "mode",
    "over HTTP, p50 / p99",
    "in the server, p50 / p99",
    "p50 without embedding the question",
    "that, against words in a clone of one memory",
];

/// A clone of one memory: what a search costs before there is anything to search.
struct Alone {
    words: Duration,
    /// What the question costs that is embedded.
    embedding: Duration,
}

async fn one_memory(plan: &Plan, server: &Appliance, asked: usize) -> Outcome<Alone> {
    let clone = server.clone_named("One").await?;
    load(server, &clone, Writer::new(SEED).memories(1)).await?;
    server.quiet().await?;
    let words = searches(server, &clone, "text", asked).await?.inside;
    if plan.words_only {
        return Ok(Alone { words: words.median(), embedding: Duration::ZERO });
    }
    let meaning = searches(server, &clone, "vector", asked).await?.inside;
    let (fast, slow) = (words.median(), meaning.median());
    let alone = Alone { words: fast, embedding: slow.saturating_sub(fast) };
    let rows = [
        vec!["by words".to_owned(), words.p50_p99()],
        vec!["by meaning".to_owned(), meaning.p50_p99()],
        vec!["the difference: embedding a question".to_owned(), ms(alone.embedding)],
    ];
    table("A search in a clone of one memory, ms in the server", &["mode", "p50 / p99"], &rows);
    Ok(alone)
}

fn row(size: usize, mode: &str, found: &Searched, alone: &Alone) -> Vec<String> {
    let embedding = if mode == "text" { Duration::ZERO } else { alone.embedding };
    let own = found.inside.median().saturating_sub(embedding);
    vec![
        size.to_string(),
        mode.to_owned(),
        found.outside.p50_p99(),
        found.inside.p50_p99(),
        ms(own),
        slower(own, alone.words),
    ]
}

async fn searches(server: &Appliance, clone: &str, mode: &str, count: usize) -> Outcome<Searched> {
    let (mut writer, mut client) = (Writer::new(SEED), server.client().await?);
    let (mut outside, mut inside) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let question = escaped(&writer.question());
        let path = format!("/api/v1/clones/{clone}/search?q={question}&mode={mode}&limit=10");
        let started = Instant::now();
        let found = client.json(Method::GET, &path, Bytes::new()).await?;
        outside.push(started.elapsed());
        let took = found["took_ms"].as_f64().ok_or("no time in the answer")?;
        inside.push(Duration::from_secs_f64(took / 1_000.0));
        if found["degraded"] == true {
            return Err("the search says that it is degraded".into());
        }
    }
    Ok(Searched { outside: outside.into_iter().collect(), inside: inside.into_iter().collect() })
}
