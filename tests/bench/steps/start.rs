//! From the start of the process to the first answer, and the memory of an idle server.

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use super::load;
use crate::appliance::{Appliance, Memory, Process};
use crate::figures::{Samples, slower, table, times};
use crate::text::{Writer, escaped};
use crate::{Outcome, Plan};

const MEMORIES: usize = 10_000;

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let rounds = plan.rounds(20, 5);
    let (mut fresh, mut hello) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        hello.push(smallest().await?.took);
        fresh.push(Appliance::start(plan, &[]).await?.process.took);
    }

    let settle = Duration::from_secs(if plan.quick { 5 } else { 60 });
    let (smallest, mut server) = (smallest().await?, Appliance::start(plan, &[]).await?);
    tokio::time::sleep(settle).await;
    let (least, empty) = (smallest.memory()?, server.process.memory()?);

    let clone = server.clone_named("Start").await?;
    load(&server, &clone, Writer::new(1).memories(MEMORIES)).await?;
    server.quiet().await?;
    let (mut again, mut searched) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        again.push(server.restart(plan).await?);
        search_once(&server, &clone).await?;
        searched.push(started.elapsed());
    }
    tokio::time::sleep(settle).await;
    let full = server.process.memory()?;

    let hello: Samples = hello.into_iter().collect();
    let row = |what: &str, took: Vec<Duration>| {
        let took: Samples = took.into_iter().collect();
        let ratio = slower(took.median(), hello.median());
        vec![what.to_owned(), took.median_and_range(), ratio]
    };
    table(
        "Start, ms: median (range)",
        &["from the process to", "ms", "against hyper"],
        &[
            vec![
                "first 200 of a hyper server of ten lines".into(),
                hello.median_and_range(),
                "1".into(),
            ],
            row("first 200 of `/healthz`, empty directory", fresh),
            row("first 200 of `/healthz`, 10,000 memories", again),
            row("stop, start and the first search, 10,000 memories", searched),
        ],
    );
    let row = |what: &str, memory: Memory| {
        let ratio = times(memory.proportional as f64, least.proportional as f64);
        vec![what.to_owned(), memory.text(), ratio]
    };
    table(
        &format!("Idle memory after {} s, MB: RSS / PSS", settle.as_secs()),
        &["server", "MB", "against hyper"],
        &[
            row("a hyper server of ten lines", least),
            row("CloneMemoria, empty", empty),
            row("CloneMemoria, 10,000 memories, searched once", full),
        ],
    );
    Ok(())
}

async fn smallest() -> Outcome<Process> {
    Process::start(Command::new(std::env::current_exe()?).arg("hello"), false).await
}

async fn search_once(server: &Appliance, clone: &str) -> Outcome<()> {
    let question = escaped(&Writer::new(1).question());
    let path = format!("/api/v1/clones/{clone}/search?q={question}");
    server.client().await?.bytes(Method::GET, &path, Bytes::new()).await?;
    Ok(())
}
