//! Signing in: how fast, what hundreds at once cost the others, and whether time tells a stranger
//! who has an account or what exists.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Method;
use serde_json::{Value, json};

use super::healthy::while_asking;
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::client::Client;
use crate::figures::{Samples, ms, rate, table, told_apart};
use crate::{Outcome, Plan};

const LOGIN: &str = "/api/v1/auth/login";
const PASSWORD: &str = "a quiet kitchen in june";
/// So many that nobody's ladder of waits is met when all are tried in turn.
const PEOPLE: usize = 300;
const TURNS: usize = 2;
const AT_ONCE: usize = 500;
const LOOKS: usize = 2_000;

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let settings = [
        WORDS_ONLY,
        ("CLONEMEMORIA_REGISTRATION", "open"),
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "1000000"),
        // Letters that nobody takes: what is measured is asking for them.
        ("CLONEMEMORIA_MAIL_HOST", "127.0.0.1"),
        ("CLONEMEMORIA_MAIL_PORT", "1"),
        ("CLONEMEMORIA_MAIL_ENCRYPTION", "none"),
        ("CLONEMEMORIA_MAIL_FROM", "memoria@home.example"),
        ("CLONEMEMORIA_SERVER_PUBLIC_URL", "http://localhost"),
    ];
    let server = Appliance::start(plan, &settings).await?;
    let people = plan.rounds(PEOPLE, 20);
    for number in 0..people {
        let body = json!({
            "email": known(number), "password": PASSWORD, "display_name": "Somebody",
        });
        let mut client = Client::connect(server.process.address, None).await?;
        client.json(Method::POST, "/api/v1/auth/register", bytes(&body)).await?;
    }
    many_at_once(plan, &server).await?;
    apart(plan, &server, people).await
}

fn known(number: usize) -> String {
    format!("person{number}@example.org")
}

fn unknown(number: usize) -> String {
    format!("nobody{number}@example.org")
}

async fn many_at_once(plan: &Plan, server: &Appliance) -> Outcome<()> {
    let at_once = plan.rounds(AT_ONCE, AT_ONCE / 10);
    let calm = Duration::from_secs(plan.rounds(10, 3) as u64);
    let mut rows = vec![
        while_asking(server, "nothing else", async {
            tokio::time::sleep(calm).await;
            Ok(String::from("–"))
        })
        .await?,
    ];
    let one_by_one = plan.rounds(20, 5);
    let turn = async {
        let mut client = Client::connect(server.process.address, None).await?;
        let began = Instant::now();
        for number in 0..one_by_one {
            let body = json!({"email": known(number), "password": PASSWORD});
            client.json(Method::POST, LOGIN, bytes(&body)).await?;
        }
        Ok(format!("{:.1} sign-ins/s", rate(one_by_one, began.elapsed())))
    };
    rows.push(while_asking(server, &format!("{one_by_one} sign-ins one by one"), turn).await?);
    let name = format!("{at_once} tries at once, each with another address");
    rows.push(while_asking(server, &name, all_at_once(server, at_once)).await?);
    let head = ["meanwhile", "what came of it", "healthy client, ms: p50 / p99", "RSS, MB"];
    table("Signing in: what others notice", &head, &rows);
    Ok(())
}

async fn all_at_once(server: &Appliance, many: usize) -> Outcome<String> {
    let began = Instant::now();
    let mut all = Vec::new();
    for number in 0..many {
        let mut client = Client::connect(server.process.address, None).await?;
        all.push(tokio::spawn(async move {
            let body = json!({"email": unknown(PEOPLE + number), "password": PASSWORD});
            client.whatever(Method::POST, LOGIN, bytes(&body)).await
        }));
    }
    let (mut checked, mut sent_away) = (0, 0);
    for answer in try_join_all(all).await? {
        match answer?.0 {
            401 => checked += 1,
            429 => sent_away += 1,
            other => return Err(format!("a try was answered with {other}").into()),
        }
    }
    let took = began.elapsed().as_secs_f64();
    Ok(format!("{checked} checked, {sent_away} sent away (429), {took:.1} s"))
}

/// Whether the time that an answer takes tells what may not be known.
async fn apart(plan: &Plan, server: &Appliance, people: usize) -> Outcome<()> {
    let mut client = Client::connect(server.process.address, None).await?;
    let mut rows = Vec::new();
    let mut sample = [Vec::new(), Vec::new()];
    for turn in 0..plan.rounds(TURNS, 1) {
        for number in 0..people {
            for (sort, email) in in_turn(number, [known(number), unknown(number)]) {
                let body = json!({"email": email, "password": format!("wrong {turn} and more")});
                sample[sort].push(timed(&mut client, Method::POST, LOGIN, body, 401).await?);
            }
        }
    }
    rows.push(row("a wrong password: an account, no account", &sample));
    let mut sample = [Vec::new(), Vec::new()];
    for number in 0..people {
        for (sort, email) in in_turn(number, [known(number), unknown(number)]) {
            let (path, body) = ("/api/v1/auth/password/forgot", json!({"email": email}));
            sample[sort].push(timed(&mut client, Method::POST, path, body, 202).await?);
        }
    }
    rows.push(row("a forgotten password: an account, no account", &sample));
    let foreign = server.clone_named("Somebody else's").await?;
    let body = bytes(&json!({"email": known(0), "password": PASSWORD}));
    // After the wrong passwords above, a moment has to pass.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut stranger = Client::connect(server.process.address, None).await?;
    let session = stranger.json(Method::POST, LOGIN, body).await?;
    stranger.token = session["access_token"].as_str().map(str::to_owned);
    let missing = missing_like(&foreign);
    let mut sample = [Vec::new(), Vec::new()];
    for number in 0..plan.rounds(LOOKS, LOOKS / 10) {
        for (sort, id) in in_turn(number, [&foreign, &missing]) {
            let path = format!("/api/v1/clones/{id}/memories");
            let took = timed(&mut stranger, Method::GET, &path, Value::Null, 404).await?;
            sample[sort].push(took);
        }
    }
    rows.push(row("a clone: another account's, none", &sample));
    let head = ["asked about", "samples each", "ms: median, median", "told apart by time"];
    table("What time tells (0.5: nothing, 1: everything)", &head, &rows);
    Ok(())
}

/// Two sorts of question, each first every other time: what comes second finds warm caches.
fn in_turn<T>(number: usize, sorts: [T; 2]) -> Vec<(usize, T)> {
    let mut sorts: Vec<(usize, T)> = sorts.into_iter().enumerate().collect();
    if number % 2 == 1 {
        sorts.reverse();
    }
    sorts
}

/// An identifier of the same age that is nobody's.
fn missing_like(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}

async fn timed(
    client: &mut Client,
    method: Method,
    path: &str,
    body: Value,
    expected: u16,
) -> Outcome<Duration> {
    let body = if body.is_null() { Bytes::new() } else { bytes(&body) };
    let began = Instant::now();
    let (status, answer) = client.whatever(method, path, body).await?;
    let took = began.elapsed();
    if status == expected {
        return Ok(took);
    }
    Err(format!("{path}: {status} {}", String::from_utf8_lossy(&answer)).into())
}

fn row(name: &str, [one, other]: &[Vec<Duration>; 2]) -> Vec<String> {
    let median = |sample: &[Duration]| ms(sample.iter().copied().collect::<Samples>().median());
    vec![
        name.to_owned(),
        one.len().to_string(),
        format!("{}, {}", median(one), median(other)),
        format!("{:.3}", told_apart(one, other)),
    ]
}
