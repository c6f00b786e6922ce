//! What a client that does nothing unusual notices while something happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use crate::Outcome;
use crate::appliance::Appliance;
use crate::figures::Samples;

/// Between two questions of the healthy client.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// Between two looks at the server's gauges.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longer than any of the limits.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lets the healthy client ask while something happens; a row of the table.
pub async fn while_asking(
    server: &Appliance,
    name: &str,
    attack: impl Future<Output = Outcome<String>>,
) -> Outcome<Vec<String>> {
    let (over, most) = (Arc::new(AtomicBool::new(false)), AtomicU64::new(0));
    let mut client = server.client().await?;
    let asking = async {
        let mut took = Vec::new();
        while !over.load(Relaxed) {
            let started = Instant::now();
            client.bytes(Method::GET, "/api/v1/clones", Bytes::new()).await?;
            took.push(started.elapsed());
            if took.len() % 50 == 0 {
                most.fetch_max(server.process.memory()?.resident, Relaxed);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Outcome::Ok(took)
    };
    let attacking = async {
        let gone = attack.await;
        over.store(true, Relaxed);
        gone
    };
    let (took, gone) = tokio::join!(asking, attacking);
    let took: Samples = took?.into_iter().collect();
    let memory = match most.load(Relaxed) {
        0 => "–".to_owned(),
        kilobytes => format!("{:.0}", kilobytes as f64 / 1024.0),
    };
    Ok(vec![name.to_owned(), gone?, took.p50_p99(), memory])
}

/// Waits until the server has dropped so many connections that take nothing, beside which some
/// others are open; when the first and the last of them went.
pub async fn all_dropped(server: &Appliance, connections: usize, others: usize) -> Outcome<String> {
    let (began, mut first) = (Instant::now(), None);
    let mut client = server.client().await?;
    loop {
        let metrics = client.json(Method::GET, "/metrics", Bytes::new()).await?;
        let open = usize::try_from(metrics["connections"].as_u64().ok_or("no gauge")?)?;
        if open < connections {
            first.get_or_insert_with(|| began.elapsed());
        }
        // The one that asks is open, too.
        if open <= others + 1 {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{open} slow readers were let be").into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let first = first.unwrap_or_default().as_secs_f64();
    Ok(format!("{first:.1} to {:.1}", began.elapsed().as_secs_f64()))
}
