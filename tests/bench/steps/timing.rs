//! Whether time tells a stranger what may not be known: who has an account, what exists, what
//! others keep (AUTHN-5, AUTHZ-2, KEY-1, TEN-4).

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::sign_ins::{LOGIN, PASSWORD, POPULAR, known, registered, unknown};
use crate::appliance::{Appliance, WORDS_ONLY, bytes};
use crate::client::Client;
use crate::figures::{Samples, ms, table, told_apart};
use crate::{Outcome, Plan};

/// So many that nobody's ladder of waits is met when all are tried in turn.
const PEOPLE: usize = 300;
/// So often: more than 2,000 samples of each sort.
const TURNS: usize = 7;
const LOOKS: usize = 2_000;

/// What a stranger asks: a verb, a path, headers, a body, and the answer that both sorts get.
struct Question {
    method: Method,
    path: String,
    key: Option<String>,
    body: Value,
    status: u16,
}

impl Question {
    fn post(path: &str, body: Value, status: u16) -> Self {
        Self { method: Method::POST, path: path.to_owned(), key: None, body, status }
    }

    fn get(path: String, status: u16) -> Self {
        Self { method: Method::GET, path, key: None, body: Value::Null, status }
    }

    fn with_key(key: String) -> Self {
        Self { key: Some(key), ..Self::get("/api/v1/clones".to_owned(), 401) }
    }
}

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let mut rows = who_has_an_account(plan).await?;
    rows.extend(what_exists(plan).await?);
    let head = ["asked about", "samples each", "ms: median, median", "told apart by time"];
    table("What time tells (0.5: nothing, 1: everything)", &head, &rows);
    Ok(())
}

async fn who_has_an_account(plan: &Plan) -> Outcome<Vec<Vec<String>>> {
    let server = Appliance::start(plan, &POPULAR).await?;
    let (people, turns) = (plan.rounds(PEOPLE, 20), plan.rounds(TURNS, 1));
    registered(&server, people).await?;
    let mut stranger = Client::connect(server.process.address, None).await?;
    let mut rows = Vec::new();
    let all = || (0..turns).flat_map(|turn| (0..people).map(move |number| (turn, number)));
    let asked = all().map(|(turn, number)| {
        [known(number), unknown(number)].map(|email| {
            let body = json!({"email": email, "password": format!("wrong {turn} and more")});
            Question::post(LOGIN, body, 401)
        })
    });
    let what = "a wrong password: an account, no account";
    rows.push(apart(&mut stranger, what, asked).await?);
    // One letter to each: who asks again soon is told the same and gets none.
    let asked = (0..people).map(|number| {
        [known(number), unknown(number)]
            .map(|email| Question::post(FORGOT, json!({"email": email}), 202))
    });
    let what = "a forgotten password: an account, no account";
    rows.push(apart(&mut stranger, what, asked).await?);
    let asked = all().map(|(turn, number)| {
        [known(number), unknown(turn * people + number)]
            .map(|email| Question::post(FORGOT, json!({"email": email}), 202))
    });
    let what = "the same, asked again and again";
    rows.push(apart(&mut stranger, what, asked).await?);
    Ok(rows)
}

const FORGOT: &str = "/api/v1/auth/password/forgot";

/// On a server as most are: with an invitation only.
async fn what_exists(plan: &Plan) -> Outcome<Vec<Vec<String>>> {
    let server = Appliance::start(plan, &[WORDS_ONLY, BURST]).await?;
    let mut ada = server.client().await?;
    let looks = plan.rounds(LOOKS, LOOKS / 10);
    let mut rows = Vec::new();
    let mut nobody = Client::connect(server.process.address, None).await?;
    let asked = (0..looks).map(|number| {
        ["bench@example.org".to_owned(), unknown(number)].map(|email| {
            let body = json!({"email": email, "password": PASSWORD, "display_name": "Me"});
            Question::post("/api/v1/auth/register", body, 403)
        })
    });
    let what = "an account without invitation: one's address, nobody's";
    rows.push(apart(&mut nobody, what, asked).await?);

    let made = json!({"label": "A program", "scopes": ["read"]});
    let made = ada.json(Method::POST, "/api/v1/api-keys", bytes(&made)).await?;
    let key = made["key"].as_str().ok_or("no key")?;
    let asked = (0..looks)
        .map(|number| [other_secret(key, number), other_name(key, number)].map(Question::with_key));
    let what = "a key: a wrong secret, a name that nothing has";
    rows.push(apart(&mut nobody, what, asked).await?);

    let foreign = server.clone_named("Somebody else's").await?;
    let mut stranger = stranger(&server, &mut ada).await?;
    let missing = missing_like(&foreign);
    let asked = (0..looks).map(|_| {
        [&foreign, &missing].map(|id| Question::get(format!("/api/v1/clones/{id}/memories"), 404))
    });
    let what = "a clone: another account's, none";
    rows.push(apart(&mut stranger, what, asked).await?);

    let kept: Vec<Value> =
        (0..looks).map(|number| json!({"content": memory(number, "kept")})).collect();
    super::load(&server, &foreign, kept).await?;
    let own = json!({"name": "My own", "subject": "fictional"});
    let own = stranger.json(Method::POST, "/api/v1/clones", bytes(&own)).await?;
    let path = format!("/api/v1/clones/{}/memories", own["id"].as_str().ok_or("no id")?);
    let asked = (0..looks).map(|number| {
        ["kept", "made"]
            .map(|word| Question::post(&path, json!({"content": memory(number, word)}), 201))
    });
    let what = "a memory: one that another keeps too, a new one";
    rows.push(apart(&mut stranger, what, asked).await?);
    Ok(rows)
}

const BURST: (&str, &str) = ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "1000000");

fn memory(number: usize, word: &str) -> String {
    format!("The {number}th day by the lake was {word} for a walk with Anna and the dog.")
}

/// Somebody else on the server, by an invitation.
async fn stranger(server: &Appliance, ada: &mut Client) -> Outcome<Client> {
    let space = json!({"name": "The family"});
    let space = ada.json(Method::POST, "/api/v1/spaces", bytes(&space)).await?;
    let path = format!("/api/v1/spaces/{}/invitations", space["id"].as_str().ok_or("no id")?);
    let invitation = ada.json(Method::POST, &path, bytes(&json!({"role": "visitor"}))).await?;
    let body = json!({
        "email": known(0), "password": PASSWORD, "display_name": "Somebody",
        "invite_token": invitation["token"],
    });
    let mut stranger = Client::connect(server.process.address, None).await?;
    let session = stranger.json(Method::POST, "/api/v1/auth/register", bytes(&body)).await?;
    stranger.token = session["access_token"].as_str().map(str::to_owned);
    Ok(stranger)
}

/// A key of the same name with another secret, its checksum right.
fn other_secret(key: &str, number: usize) -> String {
    let secret = key.rsplit('_').nth(1).map_or(0, str::len);
    let name = key.rsplit('_').nth(2).unwrap_or_default();
    checked(&format!("cmk_{name}_{number:0secret$}"))
}

/// A key of the same form that nobody has.
fn other_name(key: &str, number: usize) -> String {
    let name = key.rsplit('_').nth(2).map_or(0, str::len);
    let secret = key.rsplit('_').nth(1).unwrap_or_default();
    checked(&format!("cmk_{number:0name$}_{secret}"))
}

fn checked(body: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    format!("{body}_{:08x}", crc.sum())
}

/// An identifier of the same age that is nobody's.
fn missing_like(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}

/// Asks questions of two sorts, each first every other time: what comes second finds warm caches.
async fn apart(
    client: &mut Client,
    what: &str,
    asked: impl Iterator<Item = [Question; 2]>,
) -> Outcome<Vec<String>> {
    let mut samples = [Vec::new(), Vec::new()];
    for (number, pair) in asked.enumerate() {
        let mut pair: Vec<(usize, Question)> = pair.into_iter().enumerate().collect();
        if number % 2 == 1 {
            pair.reverse();
        }
        for (sort, question) in pair {
            samples[sort].push(timed(client, question).await?);
        }
    }
    let [one, other] = &samples;
    let median = |sample: &[Duration]| ms(sample.iter().copied().collect::<Samples>().median());
    Ok(vec![
        what.to_owned(),
        one.len().to_string(),
        format!("{}, {}", median(one), median(other)),
        format!("{:.3}", told_apart(one, other)),
    ])
}

async fn timed(client: &mut Client, question: Question) -> Outcome<Duration> {
    let Question { method, path, key, body, status } = question;
    let body = if body.is_null() { Bytes::new() } else { bytes(&body) };
    client.key = key;
    let began = Instant::now();
    let (answered, answer) = client.whatever(method, &path, body).await?;
    let took = began.elapsed();
    if answered == status {
        return Ok(took);
    }
    Err(format!("{path}: {answered} {}", String::from_utf8_lossy(&answer)).into())
}
