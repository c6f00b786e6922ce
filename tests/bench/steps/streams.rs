//! How much later the first token comes than from the model's server itself: the question
//! decided, searched for in 10,000 memories and durably written, all in between.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use serde_json::json;

use super::load;
use crate::appliance::{Appliance, bytes};
use crate::client::Client;
use crate::figures::{Samples, ms, table};
use crate::text::Writer;
use crate::upstream::{Pace, model};
use crate::{Outcome, Plan};

const MEMORIES: usize = 10_000;
const SEED: u64 = 7;
/// The first token of the model's server: no answer of anybody else begins so.
const MARK: &[u8] = b"token0";
/// Direct and through us in turn, so that a busy machine hurts both.
const TURNS: usize = 3;

/// So many at once, so many answers each in a turn, and how an answer comes. The more there
/// are the longer they last, as people read: the machine is not what is measured.
struct Load {
    streams: usize,
    answers: usize,
    pace: Pace,
}

enum Way<'a> {
    Direct(SocketAddr),
    Through(&'a Appliance, &'a str),
}

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let pace = |each: u64, tokens| Pace {
        first: Duration::from_millis(20),
        each: Duration::from_millis(each),
        tokens,
        wide: 0,
    };
    let loads = [
        Load { streams: 1, answers: plan.rounds(60, 20), pace: pace(2, 20) },
        Load { streams: 8, answers: plan.rounds(20, 6), pace: pace(10, 50) },
        Load { streams: 50, answers: plan.rounds(5, 2), pace: pace(20, 100) },
    ];
    let (address, set_pace) = model(loads[0].pace).await?;
    let base = format!("http://{address}/v1");
    let settings = [("CLONEMEMORIA_LLM_BASE_URL", &*base), ("CLONEMEMORIA_LLM_MODEL", "bench")];
    let server = Appliance::start(plan, &settings).await?;
    let clone = server.clone_named("Streams").await?;
    load(&server, &clone, Writer::new(SEED).memories(MEMORIES)).await?;
    server.quiet().await?;
    let through = Way::Through(&server, &clone);
    // Once, so that everything is open and loaded.
    first_tokens(&through, 1, 2).await?;
    let mut rows = Vec::new();
    for wanted in &loads {
        set_pace.send(wanted.pace)?;
        rows.push(one(&Way::Direct(address), &through, wanted).await?);
    }
    table(
        "First token, ms: p50 / p99",
        &["streams", "from the model's server", "through CloneMemoria", "added p50", "added p99"],
        &rows,
    );
    Ok(())
}

async fn one(direct: &Way<'_>, through: &Way<'_>, wanted: &Load) -> Outcome<Vec<String>> {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        theirs.extend(first_tokens(direct, wanted.streams, wanted.answers).await?);
        ours.extend(first_tokens(through, wanted.streams, wanted.answers).await?);
    }
    let (theirs, ours): (Samples, Samples) =
        (theirs.into_iter().collect(), ours.into_iter().collect());
    let added = |of: f64| ms(ours.quantile(of).saturating_sub(theirs.quantile(of)));
    let row = [theirs.p50_p99(), ours.p50_p99(), added(0.5), added(0.99)];
    Ok([wanted.streams.to_string()].into_iter().chain(row).collect())
}

async fn first_tokens(way: &Way<'_>, streams: usize, answers: usize) -> Outcome<Vec<Duration>> {
    let mut work = Vec::new();
    for number in 0..streams {
        let direct = matches!(way, Way::Direct(_));
        let (mut client, path) = match way {
            Way::Direct(address) => {
                (Client::connect(*address, None).await?, "/v1/chat/completions".to_owned())
            }
            Way::Through(server, clone) => {
                (server.client().await?, format!("/api/v1/clones/{clone}/chat"))
            }
        };
        let mut writer = Writer::new(SEED);
        // Each asks about other memories.
        writer.memories(number * (answers + 1));
        let apart = u32::try_from(number)?;
        work.push(tokio::spawn(async move {
            let mut ask =
                async || client.stream(&path, body(direct, &writer.question()), MARK).await;
            // They do not all begin together: the first answer, not counted, sets them apart.
            let first = ask().await?;
            tokio::time::sleep(first.whole * apart / u32::try_from(streams)?).await;
            let mut took = Vec::new();
            for _ in 0..answers {
                took.push(ask().await?.first);
            }
            Outcome::Ok(took)
        }));
    }
    let all = try_join_all(work).await?.into_iter().collect::<Outcome<Vec<_>>>()?;
    Ok(all.into_iter().flatten().collect())
}

fn body(direct: bool, question: &str) -> Bytes {
    if !direct {
        return bytes(&json!({"content": question}));
    }
    let messages = json!([{"role": "user", "content": question}]);
    bytes(&json!({"model": "bench", "stream": true, "messages": messages}))
}
