//! What it costs that what people keep is sealed: the same program with and without, in turns. Only
//! a build for tests can do without.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::Method;

use super::load;
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::figures::{rate, table, times};
use crate::text::Writer;
use crate::{Outcome, Plan};

/// For a build with the feature `testing`; see `app/open.rs`.
const PLAIN: (&str, &str) = ("TESTING_PLAIN", "1");
const CLIENTS: usize = 8;

const WHAT: [&str; 4] =
    ["written one by one, 8 clients", "written by batches", "read one by one, 8 clients", "listed"];

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let Some(binary) = &plan.testing else {
        return Err("sealing: --testing must name a program built for tests".into());
    };
    let plan = plan.with(binary);
    let rounds = plan.rounds(7, 3);
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for which in [round % 2, 1 - round % 2] {
            let settings: &[_] = if which == 0 { &[WORDS_ONLY, PLAIN] } else { &[WORDS_ONLY] };
            rates[which].push(once(&plan, settings).await?);
        }
    }
    let rows: Vec<_> = (0..WHAT.len())
        .map(|at| {
            let [plain, sealed] = [0, 1].map(|which: usize| {
                let mut all: Vec<f64> = rates[which].iter().map(|round| round[at]).collect();
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            });
            let told = |rate: f64| format!("{rate:.0}");
            vec![WHAT[at].to_owned(), told(plain), told(sealed), times(sealed, plain)]
        })
        .collect();
    let head = ["memories a second", "in the clear", "sealed", "ratio"];
    table(&format!("What sealing costs (medians of {rounds} rounds each)"), &head, &rows);
    Ok(())
}

/// Memories a second: written one by one, by batches, read, listed.
async fn once(plan: &Plan, settings: &[(&str, &str)]) -> Outcome<[f64; 4]> {
    let server = Appliance::start(plan, settings).await?;
    let (few, many) = (plan.rounds(4_000, 1_600), plan.rounds(10_000, 4_000));
    let clone = server.clone_named("One by one").await?;
    let path = format!("/api/v1/clones/{clone}/memories");
    let (written, ids) = asked(&server, few, |number| {
        let memory = Writer::new(number as u64).memories(1).remove(0);
        (Method::POST, path.clone(), bytes(&memory))
    })
    .await?;
    let batches = server.clone_named("Batches").await?;
    let loaded = load(&server, &batches, Writer::new(3).memories(many)).await?;
    server.quiet().await?;
    let (read, _) = asked(&server, few, |number| {
        (Method::GET, format!("{path}/{}", ids[number]), Default::default())
    })
    .await?;
    let listed = listed(&server, &batches).await?;
    let rates = [(few, written), (many, loaded), (few, read), (many, listed)];
    Ok(rates.map(|(count, took)| rate(count, took)))
}

/// How long so many requests take from some clients, and the identifiers in their answers.
async fn asked(
    server: &Appliance,
    count: usize,
    request: impl Fn(usize) -> (Method, String, bytes::Bytes),
) -> Outcome<(Duration, Vec<String>)> {
    let mut work = Vec::new();
    for client in 0..CLIENTS {
        let mut connection = server.client().await?;
        let requests: Vec<_> = (client..count).step_by(CLIENTS).map(&request).collect();
        work.push(async move {
            let mut ids = Vec::new();
            for (method, path, body) in requests {
                let answer = connection.json(method, &path, body).await?;
                ids.push(answer["id"].as_str().ok_or("no id")?.to_owned());
            }
            Outcome::Ok(ids)
        });
    }
    let started = Instant::now();
    let ids = try_join_all(work.into_iter().map(tokio::spawn)).await?;
    let took = started.elapsed();
    Ok((took, ids.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect()))
}

/// How long it takes to list all memories of a clone, two hundred a page.
async fn listed(server: &Appliance, clone: &str) -> Outcome<Duration> {
    let mut client = server.client().await?;
    let path = format!("/api/v1/clones/{clone}/memories?limit=200");
    let started = Instant::now();
    let mut next = path.clone();
    loop {
        let page = client.json(Method::GET, &next, Default::default()).await?;
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return Ok(started.elapsed()),
        }
    }
}
