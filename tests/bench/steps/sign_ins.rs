//! Signing in: how fast, what hundreds at once cost the others, and what a provider that hangs
//! costs those who do not use it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::Method;
use serde_json::json;
use tokio::net::TcpListener;

use super::healthy::while_asking;
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::client::Client;
use crate::figures::{Samples, rate, table};
use crate::{Outcome, Plan};

pub const LOGIN: &str = "/api/v1/auth/login";
pub const PASSWORD: &str = "a quiet kitchen in june";
const PEOPLE: usize = 50;
const AT_ONCE: usize = 500;
/// Sign-ins one by one, beside a provider that hangs and without.
const BESIDE: usize = 200;
/// Browsers that wait for that provider.
const WAITING: usize = 20;

/// Settings of a server on which many people have accounts, and somebody writes letters.
pub const POPULAR: [(&str, &str); 8] = [
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

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let provider = TcpListener::bind(("127.0.0.1", 0)).await?;
    let issuer = format!("http://{}", provider.local_addr()?);
    let mut settings = POPULAR.to_vec();
    settings.extend([
        ("CLONEMEMORIA_AUTH_OIDC_ISSUER", issuer.as_str()),
        ("CLONEMEMORIA_AUTH_OIDC_CLIENT_ID", "bench"),
        ("CLONEMEMORIA_OUTBOUND_ALLOW_PRIVATE", "127.0.0.1"),
    ]);
    let server = Appliance::start(plan, &settings).await?;
    registered(&server, plan.rounds(PEOPLE, 20)).await?;
    many_at_once(plan, &server).await?;
    beside_a_provider(plan, &server, provider).await
}

/// Makes accounts for so many people.
pub async fn registered(server: &Appliance, people: usize) -> Outcome<()> {
    for number in 0..people {
        let body = json!({
            "email": known(number), "password": PASSWORD, "display_name": "Somebody",
        });
        let mut client = Client::connect(server.process.address, None).await?;
        client.json(Method::POST, "/api/v1/auth/register", bytes(&body)).await?;
    }
    Ok(())
}

/// The address of somebody who has an account.
pub fn known(number: usize) -> String {
    format!("person{number}@example.org")
}

/// The address of somebody who has none.
pub fn unknown(number: usize) -> String {
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
            let body = json!({"email": unknown(number), "password": PASSWORD});
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

/// How long people with a password take to sign in while others wait for a provider that takes
/// their connection and says nothing (OIDC-6).
async fn beside_a_provider(plan: &Plan, server: &Appliance, provider: TcpListener) -> Outcome<()> {
    let many = plan.rounds(BESIDE, 10);
    let people = plan.rounds(PEOPLE, 20);
    let mut client = Client::connect(server.process.address, None).await?;
    let mut rows = Vec::new();
    for hangs in [false, true] {
        let waiting = hangs.then(|| waiting_for(server));
        let mut took = Vec::new();
        for number in 0..many {
            let body = json!({"email": known(number % people), "password": PASSWORD});
            let began = Instant::now();
            client.json(Method::POST, LOGIN, bytes(&body)).await?;
            took.push(began.elapsed());
        }
        drop(waiting);
        let took: Samples = took.into_iter().collect();
        let name = if hangs { "a provider hangs" } else { "no provider is asked" };
        let longest = took.quantile(1.0).as_millis().to_string();
        rows.push(vec![name.to_owned(), many.to_string(), took.p50_p99(), longest]);
    }
    // Until here: the system took its connections, and nobody read them.
    drop(provider);
    let head = ["meanwhile", "sign-ins by password", "ms: p50 / p99", "longest, ms"];
    table("A provider of sign-ins that hangs", &head, &rows);
    Ok(())
}

/// Browsers that ask for the provider again and again, until dropped.
fn waiting_for(server: &Appliance) -> tokio::task::JoinSet<()> {
    let address = server.process.address;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..WAITING {
        all.spawn(async move {
            while let Ok(mut client) = Client::connect(address, None).await {
                let path = "/api/v1/auth/oidc/oidc/start";
                drop(client.whatever(Method::GET, path, bytes::Bytes::new()).await);
            }
        });
    }
    all
}
