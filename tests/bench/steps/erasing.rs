//! How long it takes until an account with many memories is gone, and what that costs somebody who
//! writes meanwhile. The baseline is what writing the same memories took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::load;
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::client::Client;
use crate::figures::{Samples, ms, slower, table, times};
use crate::text::Writer;
use crate::{Outcome, Plan};

const OPEN: (&str, &str) = ("CLONEMEMORIA_AUTH_REGISTRATION", "open");
const PASSWORD: &str = "meadow copper violin harvest";

#[expect(clippy::too_many_lines, reason = "one measurement, in the order in which it is made")]
pub async fn measure(plan: &Plan) -> Outcome<()> {
    let count = plan.rounds(10_000, 2_000);
    let server = Appliance::start(plan, &[WORDS_ONLY, OPEN]).await?;
    // The one who is erased is not the admin, who may not leave others alone.
    let mut gone = registered(&server, "gone").await?;
    let clone = made(&mut gone, "Everything").await?;
    let took = {
        let mut took = Duration::ZERO;
        let path = format!("/api/v1/clones/{clone}/memories/batch");
        for part in Writer::new(5).memories(count).chunks(super::BATCH) {
            let started = Instant::now();
            let body = bytes(&json!({"memories": part}));
            gone.json(Method::POST, &path, body).await?;
            took += started.elapsed();
        }
        took
    };
    let others = server.clone_named("Others").await?;
    load(&server, &others, Writer::new(6).memories(1_000)).await?;
    server.quiet().await?;

    let before = writes(&server, &others, Duration::from_secs(3)).await?;
    let done = Arc::new(AtomicBool::new(false));
    let during = {
        let (done, mut client) = (Arc::clone(&done), server.client().await?);
        let path = format!("/api/v1/clones/{others}/memories");
        tokio::spawn(async move {
            let mut took = Vec::new();
            while !done.load(Ordering::Relaxed) {
                took.push(write(&mut client, &path, took.len()).await?);
            }
            Outcome::Ok(took.into_iter().collect::<Samples>())
        })
    };
    let started = Instant::now();
    let confirm = bytes(&json!({"confirm": "gone@example.org"}));
    let begun = gone.json(Method::DELETE, "/api/v1/auth/me/data", confirm).await?;
    let answered = started.elapsed();
    let receipt = begun["status_url"].as_str().ok_or("no receipt")?.to_owned();
    let mut stranger = Client::connect(server.process.address, None).await?;
    while stranger.json(Method::GET, &receipt, Bytes::new()).await?["state"] != "erased" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let erased = started.elapsed();
    done.store(true, Ordering::Relaxed);
    let during = during.await??;

    let of_writing = |time: Duration| times(time.as_secs_f64(), took.as_secs_f64());
    table(
        &format!("An account with {count} memories is erased"),
        &["what", "ms", "of writing them"],
        &[
            vec!["writing them, by batches".into(), ms(took), "1".into()],
            vec!["until nobody sees any of it".into(), ms(answered), of_writing(answered)],
            vec!["until it is gone and its key destroyed".into(), ms(erased), of_writing(erased)],
        ],
    );
    let p99 = |samples: &Samples| samples.quantile(0.99);
    table(
        "Somebody else writes one memory after the other, ms: p50 / p99",
        &["when", "ms", "p99 against before"],
        &[
            vec!["before".into(), before.p50_p99(), "1".into()],
            vec!["meanwhile".into(), during.p50_p99(), slower(p99(&during), p99(&before))],
        ],
    );
    Ok(())
}

async fn registered(server: &Appliance, name: &str) -> Outcome<Client> {
    let mut client = Client::connect(server.process.address, None).await?;
    let email = format!("{name}@example.org");
    let body = json!({"email": email, "password": PASSWORD, "display_name": name});
    let session = client.json(Method::POST, "/api/v1/auth/register", bytes(&body)).await?;
    client.token = session["access_token"].as_str().map(str::to_owned);
    Ok(client)
}

async fn made(client: &mut Client, name: &str) -> Outcome<String> {
    let body = bytes(&json!({"name": name}));
    let clone: Value = client.json(Method::POST, "/api/v1/clones", body).await?;
    Ok(clone["id"].as_str().ok_or("no clone")?.to_owned())
}

/// How long each of the memories took that one client writes for so long.
async fn writes(server: &Appliance, clone: &str, long: Duration) -> Outcome<Samples> {
    let mut client = server.client().await?;
    let path = format!("/api/v1/clones/{clone}/memories");
    let (started, mut took) = (Instant::now(), Vec::new());
    while started.elapsed() < long {
        took.push(write(&mut client, &path, took.len()).await?);
    }
    Ok(took.into_iter().collect())
}

async fn write(client: &mut Client, path: &str, number: usize) -> Outcome<Duration> {
    let memory = Writer::new(number as u64).memories(1).remove(0);
    let started = Instant::now();
    client.json(Method::POST, path, bytes(&memory)).await?;
    Ok(started.elapsed())
}
