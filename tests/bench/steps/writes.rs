//! Memories a second, durable when acknowledged, and how long one takes.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;

use super::load;
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::figures::{Samples, rate, slower, table, times};
use crate::text::Writer;
use crate::{Outcome, Plan};

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let (count, each) = (plan.rounds(10_000, 2_000), plan.rounds(2_000, 300));
    // Without embeddings first: what writing alone costs.
    let server = Appliance::start(plan, &[WORDS_ONLY]).await?;
    let (disk, alone) = (synced(each)?, posts(&server, 1, each).await?);
    let crowd = posts(&server, 64, each * 4).await?;
    let row = |what: &str, samples: &Samples, took: Duration, count: usize| {
        let of_disk = slower(samples.median(), disk.median());
        let a_second = format!("{:.0}", rate(count, took));
        vec![what.to_owned(), samples.p50_p99(), of_disk, a_second]
    };
    let disk_took = disk.median() * u32::try_from(each)?;
    table(
        "One memory a request, durable, ms: p50 / p99",
        &["clients", "ms", "p50 against the disk", "a second"],
        &[
            row("write 4 kB and fdatasync, nothing else", &disk, disk_took, each),
            row("1", &alone.0, alone.1, each),
            row("64", &crowd.0, crowd.1, each * 4),
        ],
    );

    let one_by_one = rate(each, alone.1);
    let mut rows =
        vec![vec!["one by one, 1 client".into(), format!("{one_by_one:.0}"), "1".into()]];
    let mut row = |what: &str, a_second: f64| {
        rows.push(vec![what.into(), format!("{a_second:.0}"), times(a_second, one_by_one)]);
    };
    row("one by one, 64 clients", rate(each * 4, crowd.1));
    row("batches of 1,000, words only", batches(&server, count).await?.0);
    drop(server);
    let server = Appliance::start(plan, &[]).await?;
    let (a_second, indexed) = batches(&server, count).await?;
    row("batches of 1,000", a_second);
    row("the same, until all are found by meaning too", indexed);
    table("Memories a second, durable when acknowledged", &["how", "a second", "ratio"], &rows);
    Ok(())
}

/// Memories a second until acknowledged, and until everything behind has caught up.
async fn batches(server: &Appliance, count: usize) -> Outcome<(f64, f64)> {
    let clone = server.clone_named("Batches").await?;
    let memories = Writer::new(3).memories(count);
    let started = Instant::now();
    let took = load(server, &clone, memories).await?;
    server.quiet().await?;
    Ok((rate(count, took), rate(count, started.elapsed())))
}

/// How long each of `count` memories took, sent by so many clients, and all of them.
async fn posts(server: &Appliance, clients: usize, count: usize) -> Outcome<(Samples, Duration)> {
    let clone = server.clone_named("Posts").await?;
    let path = format!("/api/v1/clones/{clone}/memories");
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(server.client().await?);
    }
    let started = Instant::now();
    let work = connections.into_iter().enumerate().map(|(number, mut client)| {
        let (path, memories) = (path.clone(), Writer::new(number as u64).memories(count / clients));
        tokio::spawn(async move {
            let mut took = Vec::new();
            for memory in memories {
                let started = Instant::now();
                let _: Value = client.json(Method::POST, &path, bytes(&memory)).await?;
                took.push(started.elapsed());
            }
            Outcome::Ok(took)
        })
    });
    let all = try_join_all(work).await?;
    let took = started.elapsed();
    let all = all.into_iter().collect::<Outcome<Vec<_>>>()?;
    Ok((all.into_iter().flatten().collect(), took))
}

/// What the disk itself takes for the same promise.
fn synced(count: usize) -> Outcome<Samples> {
    let directory = tempfile::tempdir()?;
    let mut file = File::create(directory.path().join("synced"))?;
    let mut once = || -> Outcome<Duration> {
        let started = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        Ok(started.elapsed())
    };
    (0..count).map(|_| once()).collect()
}
