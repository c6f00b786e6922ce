//! Nothing that anybody sends stands in the log, at its most talkative level and in no spelling.
//!
//! Every input carries a canary: a word that occurs nowhere else, with a number that says which
//! input it was. The log is searched for the word in every spelling in which a program could
//! have written it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::Method;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::matrix::table::body_of;
use crate::matrix::world::World;
use crate::matrix::{all_operations, filled};
use crate::oidc::table;
use crate::support::browser::{Browser, altered, parameter};
use crate::support::client::{Ask, Client, text};
use crate::support::idp::{ACCESS, Fault, Idp, SECRET, Signer};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::server::Server;
use crate::support::smtp::{self, Offer, Smtp};
use crate::support::{PASSWORD, quoted, until};

/// The word. It is long enough for three of its spellings in base64 to be unmistakable.
const WORD: &str = "c4n4ryzqvkxw";

/// Fields whose texts have a form; anything else in them is refused.
const FORMED: [&str; 14] = [
    "born",
    "died",
    "email",
    "kind",
    "language",
    "locale",
    "occurred_at",
    "password",
    "provider",
    "role",
    "scopes",
    "subject",
    "time_zone",
    "visibility",
];

/// Headers in each of which somebody could put a secret.
const HEADERS: [&str; 11] = [
    "accept-language",
    "cf-connecting-ip",
    "forwarded",
    "if-none-match",
    "last-event-id",
    "range",
    "referer",
    "traceparent",
    "user-agent",
    "x-forwarded-for",
    "x-real-ip",
];

/// Headers for whose sake a request is refused before anything else of it is read.
const REFUSED_HEADERS: [&str; 4] = ["content-encoding", "if-match", "origin", "sec-fetch-site"];

/// Gives every input a canary of its own, and remembers which.
#[derive(Default)]
struct Aviary {
    inputs: Vec<String>,
    /// What the server handed out and must not write down either.
    secrets: BTreeMap<String, String>,
}

impl Aviary {
    fn canary(&mut self, input: &str) -> String {
        self.inputs.push(input.to_owned());
        format!("{WORD}{:05}", self.inputs.len() - 1)
    }

    /// A value with a canary in every text; those that have a form are left alone if it is to
    /// be taken.
    fn sow(&mut self, value: &Value, input: &str, to_be_taken: bool) -> Value {
        match value {
            Value::String(_) => json!(self.canary(input)),
            Value::Array(items) => {
                items.iter().map(|item| self.sow(item, input, to_be_taken)).collect()
            }
            Value::Object(fields) => {
                let mut sown = Map::new();
                for (name, value) in fields {
                    let keep =
                        to_be_taken && (FORMED.contains(&name.as_str()) || name.ends_with("id"));
                    let input = format!("{input}/{name}");
                    let value =
                        if keep { value.clone() } else { self.sow(value, &input, to_be_taken) };
                    sown.insert(name.clone(), value);
                }
                Value::Object(sown)
            }
            other => other.clone(),
        }
    }

    /// A query in which every parameter that the document names has a canary.
    fn query(&mut self, operation: &str, named: &[String]) -> String {
        let mut query = format!("?{}={}", self.canary(operation), self.canary(operation));
        for name in named {
            query += &format!("&{name}={}", self.canary(&format!("{operation}?{name}")));
        }
        query
    }

    fn dress(&mut self, mut ask: Ask, input: &str) -> Ask {
        let refused = input.starts_with("Stranger");
        for name in HEADERS.iter().chain(REFUSED_HEADERS.iter().filter(|_| refused)) {
            ask = ask.header(name, &self.canary(&format!("{input} {name}")));
        }
        ask.header("idempotency-key", &self.canary(&format!("{input} idempotency-key")))
    }

    /// Notes everything in an answer that opens something.
    fn keep_secrets(&mut self, value: &Value, input: &str) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.keep_secrets(item, input)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let opens = ["access_token", "refresh_token", "key", "token", "secret", "uri"];
                    if let (true, Some(secret)) = (opens.contains(&name.as_str()), value.as_str()) {
                        self.secrets.insert(secret.to_owned(), format!("{input} → {name}"));
                    }
                    if let ("codes" | "recovery_codes", Some(codes)) =
                        (name.as_str(), value.as_array())
                    {
                        let codes = codes.iter().filter_map(Value::as_str);
                        self.secrets.extend(codes.map(|code| (code.into(), input.to_owned())));
                    }
                    self.keep_secrets(value, input);
                }
            }
            _ => {}
        }
    }

    /// Every line of a log in which a canary or a secret stands, and which.
    fn found_in(&self, log: &str) -> Vec<String> {
        let lower = log.to_lowercase();
        let mut found = Vec::new();
        for spelling in spellings(WORD) {
            for (at, _) in lower.match_indices(&spelling.to_lowercase()) {
                let number = lower.get(at + WORD.len()..at + WORD.len() + 5);
                let number = number.and_then(|number| number.parse::<usize>().ok());
                let input = number.and_then(|number| self.inputs.get(number));
                found.push(format!("{input:?} as {spelling}: {}", line_at(&lower, at)));
            }
        }
        for (secret, input) in &self.secrets {
            for spelling in spellings(secret) {
                if let Some(at) = log.find(&spelling) {
                    found.push(format!("{input} as {spelling}: {}", line_at(log, at)));
                }
            }
        }
        found
    }
}

fn line_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..].lines().next().unwrap_or_default()
}

/// The ways in which a program could write a text: as it is, in base64 at each of the three
/// places where it can begin, in hexadecimal, percent-encoded, as the numbers of its bytes.
fn spellings(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let each = |form: fn(&u8) -> String| bytes.iter().map(form).collect::<Vec<_>>();
    let mut all = vec![text.to_owned(), each(|b| format!("{b:02x}")).concat()];
    all.push(each(|b| format!("%{b:02X}")).concat());
    all.push(each(|b| format!("\\x{b:02x}")).concat());
    all.push(each(u8::to_string).join(", "));
    all.push(each(u8::to_string).join(","));
    for skipped in 0..3 {
        let shifted = [&[b'.'; 3][..skipped], bytes].concat();
        let encoded = STANDARD_NO_PAD.encode(&shifted);
        // The characters at both ends hold bits of the neighbours.
        let start = [0, 2, 3][skipped];
        let end = encoded.len() - usize::from(shifted.len() % 3 != 0);
        all.push(encoded[start..end].to_owned());
        all.push(encoded[start..end].replace('+', "-").replace('/', "_"));
    }
    all
}

#[test]
fn a_canary_is_found_in_every_spelling() {
    let mut aviary = Aviary::default();
    let canary = aviary.canary("here");
    let bytes = canary.as_bytes();
    let wide = STANDARD_NO_PAD.encode(format!("Basic user:{canary}"));
    let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
    for log in [
        format!("a {canary} b"),
        canary.to_uppercase(),
        wide,
        STANDARD_NO_PAD.encode(format!("a{canary}")),
        STANDARD_NO_PAD.encode(format!("ab{canary}z")),
        hex,
        format!("{bytes:?}"),
        bytes.iter().map(|b| format!("%{b:02x}")).collect(),
    ] {
        assert!(!aviary.found_in(&log).is_empty(), "{log}");
    }
    assert!(aviary.found_in("nothing of it").is_empty());
}

/// How an operation is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    /// So that it is refused for what it says.
    Nonsense,
    /// So that it is refused because nobody can read it.
    Unreadable,
    /// So that it is refused because of who asks.
    Stranger,
    /// So that it succeeds, if it can.
    Good,
}

async fn settings_of(llm: &Llm, smtp: &Smtp) -> Vec<(&'static str, String)> {
    let mut settings = smtp.settings();
    settings.extend([
        ("CLONEMEMORIA_LLM_BASE_URL", llm.base_url()),
        ("CLONEMEMORIA_LLM_MODEL", "small".to_owned()),
        ("CLONEMEMORIA_LLM_API_KEY", format!("sk-{WORD}")),
        ("CLONEMEMORIA_LLM_FIRST_TOKEN_SECONDS", "1".to_owned()),
        ("CLONEMEMORIA_LLM_IDLE_SECONDS", "1".to_owned()),
        ("CLONEMEMORIA_SERVER_METRICS_TOKEN", format!("metrics-{WORD}")),
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "100000".to_owned()),
        ("CLONEMEMORIA_LOG_LEVEL", "trace".to_owned()),
        ("CLONEMEMORIA_LOG_FORMAT", "json".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
        ("RUST_BACKTRACE", "full".to_owned()),
    ]);
    settings
}

/// A request with a body full of canaries.
fn with_body(
    ask: Ask,
    aviary: &mut Aviary,
    (input, way): (&str, Try),
    described: &Value,
    body: Value,
) -> Ask {
    if described["requestBody"]["content"]["multipart/form-data"].is_object() {
        let name = format!("{}.txt", aviary.canary(input));
        let (words, caption) = (aviary.canary(input), aviary.canary(input));
        let field = if way == Try::Nonsense { aviary.canary(input) } else { "caption".to_owned() };
        let ask = ask.form(&name, "text/plain", words.as_bytes(), Some((&field, &caption)));
        return if way == Try::Unreadable { ask.bytes(words) } else { ask };
    }
    if way == Try::Unreadable {
        let cut = format!("{{\"{}\": \"{}", aviary.canary(input), aviary.canary(input));
        return ask.header("content-type", "application/json").bytes(cut);
    }
    // The document's examples have more in them than is needed.
    let media = &described["requestBody"]["content"]["application/json"];
    let body = match media["example"].is_object() && way != Try::Good {
        true => media["example"].clone(),
        false => body,
    };
    let mut body = aviary.sow(&body, input, way == Try::Good);
    if way == Try::Nonsense {
        body[aviary.canary(input)] = json!(aviary.canary(input));
    }
    ask.json(&body)
}

/// The names of an operation's query parameters.
fn query_of(described: &Value) -> Vec<String> {
    let named = described["parameters"].as_array().into_iter().flatten();
    let queries = named.filter(|parameter| parameter["in"] == "query");
    queries.map(|parameter| text(&parameter["name"])).collect()
}

/// Tries everything in one way; how many tries there were, and how many succeeded.
async fn try_all(world: &World, aviary: &mut Aviary, way: Try) -> (usize, usize) {
    let (mut tried, mut succeeded) = (0, 0);
    let document = world.server.client().page("/openapi.json").await.is(200);
    for (verb, path, operation) in all_operations(&world.server.client()).await {
        let input = format!("{way:?} {operation}");
        let described = &document["paths"][&path][verb.as_str().to_lowercase()];
        let named = query_of(described);
        let mut things = world.things.clone();
        if matches!(way, Try::Nonsense) && path.contains('{') {
            for thing in things.values_mut() {
                *thing = aviary.canary(&input);
            }
            let at = filled(&path, &things);
            world.ada.ask(verb.clone(), &at).await;
            things.clone_from(&world.things);
        }
        let needs_no_body = body_of(&operation, &things).is_none() && verb != Method::GET;
        if needs_no_body && matches!(way, Try::Nonsense | Try::Unreadable) {
            // It would do what it is for.
            continue;
        }
        let mut at = filled(&path, &things);
        if way != Try::Good {
            at = at.split('?').next().unwrap_or_default().to_owned();
            at += &aviary.query(&input, &named);
        } else if let Some((start, _)) = at.split_once("?q=") {
            at = format!("{start}?q={}", quoted(&aviary.canary(&input)));
        }
        let ask = match way {
            Try::Stranger => {
                let stranger = world.server.client();
                let bearer = stranger.with_token(&aviary.canary(&format!("{input} bearer")));
                let ask = bearer.ask(verb, &at);
                let key = format!("cmk_{}", aviary.canary(&format!("{input} x-api-key")));
                let cookie = aviary.canary(&format!("{input} cookie"));
                ask.header("x-api-key", &key).header("cookie", &format!("__Host-cm_sid={cookie}"))
            }
            _ => world.ada.ask(verb, &at),
        };
        let ask = if way == Try::Good { ask } else { aviary.dress(ask, &input) };
        let ask = match body_of(&operation, &things) {
            None => ask,
            Some(body) => with_body(ask, aviary, (&input, way), described, body),
        };
        let reply = ask.await;
        tried += 1;
        if reply.status < 300 {
            succeeded += 1;
            if reply.header("content-type") == Some("application/json") {
                aviary.keep_secrets(&reply.json(), &input);
            }
        }
    }
    (tried, succeeded)
}

/// What only a person does who means it: signs up, is refused, makes keys, asks, loses a password.
async fn live(server: &Server, aviary: &mut Aviary) -> Client {
    let email = format!("{}@example.org", aviary.canary("email"));
    let password = format!("correct {} battery", aviary.canary("password"));
    let name = aviary.canary("display_name");
    let body = json!({"email": email, "password": password, "display_name": name});
    let session = server.client().post("/auth/register", body).await.is(201);
    aviary.keep_secrets(&session, "register");
    let bird = server.client().with_token(&text(&session["access_token"]));
    let wrong = json!({"email": email, "password": aviary.canary("a wrong password")});
    server.client().post("/auth/login", wrong).await.problem(401, "invalid_credentials");
    let body = json!({"label": aviary.canary("label"), "scopes": ["read", "write", "chat"]});
    let key = bird.post("/api-keys", body).await.is(201);
    aviary.keep_secrets(&key, "api key");
    server.client().get("/clones").header("x-api-key", &text(&key["key"])).await.is(200);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let renewed = server.client().post("/auth/refresh", refresh.clone()).await.is(200);
    aviary.keep_secrets(&renewed, "refresh");
    let bird = server.client().with_token(&text(&renewed["access_token"]));
    let clone = bird.new_clone(&aviary.canary("clone")).await;
    let told = format!("{} swam in the lake of {}", aviary.canary("a"), aviary.canary("b"));
    let memory = json!({"content": told, "title": aviary.canary("title"),
        "place": aviary.canary("place"), "tags": [aviary.canary("tag")]});
    bird.remember_as(&clone, memory).await;
    bird.search(&clone, &aviary.canary("search"), "&mode=hybrid").await;
    bird.patch("/auth/me/consent", json!({"third_party_apis": true})).await.is(200);
    let totp = bird.post("/auth/totp", json!({})).await.is(200);
    aviary.keep_secrets(&totp, "totp");
    let code = json!({"code": aviary.canary("code")});
    bird.post("/auth/totp/confirm", code).await;
    server.client().post("/auth/password/forgot", json!({"email": email})).await.is(202);
    for kind in ["reset", "token"] {
        let body = json!({"token": aviary.canary(kind), "new_password": aviary.canary(kind)});
        server.client().post("/auth/password/reset", body).await;
    }
    bird
}

/// Asks questions that the model answers with canaries, fails with them, or not at all.
async fn ask_a_bad_model(llm: &Llm, bird: &Client, aviary: &mut Aviary) {
    let clone = bird.new_clone(&aviary.canary("clone")).await;
    bird.remember(&clone, &format!("We swam in {}", aviary.canary("lake"))).await;
    let words = [aviary.canary("an answer"), aviary.canary("an answer")];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let body = format!("no {} here: sk-{WORD}", aviary.canary("the model's error"));
    let garbage = format!("data: {{\"choices\": \"{}\"}}\n\n", aviary.canary("garbage"));
    for act in [
        Act::Answer(Answer::of(&words)),
        Act::Answer(Answer::of(&words).ending(End::Cut)),
        Act::Answer(Answer::of(&words).ending(End::Hang)),
        Act::Status { status: 401, retry_after: None, body: body.clone() },
        Act::Status { status: 500, retry_after: Some(1), body },
        Act::Raw {
            content_type: "text/event-stream",
            chunks: vec![garbage.into()],
            end: End::Done,
        },
    ] {
        llm.always(act);
        let question = format!("Where did you swim, {}?", aviary.canary("question"));
        bird.post(&format!("/clones/{clone}/chat"), json!({"content": question})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_stands_in_the_log_at_its_most_talkative() {
    let (llm, smtp) = (Llm::start().await, Smtp::start(Offer::StartTls).await);
    let settings = settings_of(&llm, &smtp).await;
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut world = World::with(&settings).await;
    let mut aviary = Aviary::default();
    // It says in its refusals whom the mail was for.
    smtp.then(&[smtp::Act::Recipient(550); 12]);
    smtp.then(&[smtp::Act::Mail(554), smtp::Act::BreakInMail]);
    let bird = live(&world.server, &mut aviary).await;
    ask_a_bad_model(&llm, &bird, &mut aviary).await;
    llm.always(Act::Answer(Answer::of(&[WORD])));
    let (mut tried, mut good) = (0, 0);
    for way in [Try::Nonsense, Try::Unreadable, Try::Stranger, Try::Good] {
        let (now, succeeded) = try_all(&world, &mut aviary, way).await;
        tried += now;
        good += if way == Try::Good { succeeded } else { 0 };
    }
    until("a mail fails", || async {
        world.server.log().contains("a mail was not sent").then_some(())
    })
    .await;
    let token = world.server.setup_token().to_owned();
    aviary.secrets.insert(token, "the token of the printed link".into());
    aviary.secrets.insert(smtp::LOGIN.1.into(), "the mail server's password".into());
    aviary.secrets.insert(PASSWORD.into(), "a password".into());
    let printed = world.server.said();
    assert!(!printed.contains(WORD), "{printed}");
    assert_eq!(world.server.stop().await, 0);
    let log = world.server.log();
    println!(
        "{} canaries and {} secrets in {tried} tries of operations ({good} succeeded), {} lines",
        aviary.inputs.len(),
        aviary.secrets.len(),
        log.lines().count()
    );
    let found = aviary.found_in(&log);
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
    assert!(good >= 60, "only {good} operations succeeded");
    assert!(log.contains("\"level\":\"DEBUG\""), "the log is not talkative");
}

/// Signs in at a provider; everything that this brings is a secret.
async fn go_and_come_back(server: &Server, idp: &Idp, twist: impl Fn(String) -> String) -> Secret {
    let mut browser = Browser::at(server);
    let mut secrets = Vec::new();
    let address = browser.start("home", &format!("?redirect_to=/{WORD}00000")).await;
    secrets.extend(["state", "nonce"].map(|name| parameter(&address, name).expect("a secret")));
    secrets.extend(browser.jar.values().cloned());
    let back = twist(idp.approves(&address));
    secrets.extend(["code", "state"].iter().filter_map(|name| parameter(&back, name)));
    browser.back(&back).await;
    secrets.extend(browser.jar.values().cloned());
    let signed_in = browser.me().await.is_some();
    browser.post("/auth/logout", &json!({})).await;
    (secrets, signed_in)
}

/// What opens something, and whether it opened an account.
type Secret = (Vec<String>, bool);

/// A server whose log is at its most talkative, with a provider of sign-ins.
async fn with_provider(idp: &Idp) -> (Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    let more = "sign_up = 'open'\ntoken_audiences = ['app.ios']";
    std::fs::write(&file, table("home", &idp.issuer(), more)).unwrap();
    let settings = [
        ("CLONEMEMORIA_CONFIG", file.to_str().unwrap()),
        ("CLONEMEMORIA_LOG_LEVEL", "trace"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ];
    let server = Server::with(&settings).await;
    server.admin().await;
    (server, directory)
}

/// Signs in well, and in every way in which a browser or a provider can spoil it.
async fn go_astray(server: &Server, idp: &Idp) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..2 {
        let (secrets, signed_in) = go_and_come_back(server, idp, |back| back).await;
        assert!(signed_in);
        all.extend(secrets);
    }
    let strange = |name: &'static str| {
        move |back: String| altered(&back, name, Some(&format!("{WORD}00000")))
    };
    for name in ["code", "state"] {
        let (secrets, signed_in) = go_and_come_back(server, idp, strange(name)).await;
        assert!(!signed_in);
        all.extend(secrets);
    }
    let echo = json!({"error": format!("{WORD}00000"), "error_description": WORD}).to_string();
    for fault in [Fault::Body(echo), Fault::Body(format!("<{WORD}00000>")), Fault::Status(500)] {
        idp.fails("/token", fault);
        let (secrets, signed_in) = go_and_come_back(server, idp, |back| back).await;
        assert!(!signed_in);
        all.extend(secrets);
    }
    idp.repents();
    for signer in [Signer::Stranger, Signer::Secret, Signer::Nobody] {
        idp.signs_with(signer);
        let (secrets, signed_in) = go_and_come_back(server, idp, |back| back).await;
        assert!(!signed_in);
        all.extend(secrets);
    }
    idp.signs_with(Signer::Rsa);
    all
}

#[tokio::test]
async fn a_sign_in_elsewhere_leaves_nothing_in_the_log_at_its_most_talkative() {
    let idp = Idp::start().await;
    idp.says("email", json!(format!("{WORD}00000@example.org")));
    idp.says("name", json!(format!("Ada {WORD}00000")));
    idp.says_when_asked(&json!({"sub": "ada-1", "nickname": format!("{WORD}00000")}));
    let (mut server, _configuration) = with_provider(&idp).await;
    let mut aviary = Aviary::default();
    aviary.canary("what the provider or the browser says");
    let mut secrets = go_astray(&server, &idp).await;
    for (audience, status) in [("app.ios", 200), ("app.other", 403)] {
        let token = idp.token(audience, Some("n-1-c4n4ry"));
        let body = json!({"id_token": token, "nonce": "n-1-c4n4ry"});
        let reply = server.client().post("/auth/oidc/home/token", body).await.is(status);
        let opens = ["access_token", "refresh_token"].map(|name| reply[name].as_str());
        secrets.extend(opens.into_iter().flatten().map(str::to_owned));
        secrets.push(token);
    }
    secrets.extend(idp.secrets());
    secrets.extend([SECRET, ACCESS, "n-1-c4n4ry"].map(str::to_owned));
    let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
    aviary.secrets.extend(secrets.map(|secret| (secret, "a sign-in".to_owned())));
    assert_eq!(server.stop().await, 0);
    let log = server.log();
    let found = aviary.found_in(&log);
    println!("{} secrets, {} lines", aviary.secrets.len(), log.lines().count());
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
    assert!(aviary.secrets.len() > 40, "only {} secrets", aviary.secrets.len());
    assert!(log.contains("DEBUG"), "the log is not talkative");
}

#[tokio::test]
async fn what_is_sent_forges_no_line_of_the_log() {
    for format in ["json", "pretty"] {
        let mut server = Server::with(&[
            ("CLONEMEMORIA_LOG_LEVEL", "trace"),
            ("CLONEMEMORIA_LOG_FORMAT", format),
        ])
        .await;
        let ada = server.admin().await;
        let forged = "x\r\n{\"level\":\"INFO\",\"message\":\"forged\"}\r\n\u{1b}[31mforged";
        let clone = ada.new_clone("Maria").await;
        ada.post(&format!("/clones/{clone}/memories"), json!({"content": forged})).await;
        ada.get(&format!("/clones/{clone}/search?q={}", quoted(forged))).await;
        ada.post("/clones", json!({"name": forged})).await;
        let wrong = json!({"email": forged, "password": forged});
        server.client().post("/auth/login", wrong).await;
        ada.get(&format!("/clones/{}", quoted(forged))).await;
        ada.get("/clones").header("x-request-id", "a\tforged").await;
        for raw in [
            "GET /\u{1b}[31mforged HTTP/1.1\r\nhost: x\r\n\r\n",
            "GET /%0d%0aforged HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "FORGED\r\nforged /a HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nx-request-id: a\rforged\r\nhost: x\r\n\r\n",
        ] {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            drop(stream.write_all(raw.as_bytes()).await);
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer).await);
        }
        assert_eq!(server.stop().await, 0);
        for line in server.log().lines() {
            assert!(!line.to_lowercase().contains("forged"), "{format}: {line:?}");
            assert!(!line.contains(['\u{1b}', '\r']), "{format}: {line:?}");
            if format == "json" {
                let line: Value = serde_json::from_str(line).expect("a line is an object");
                assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
            }
        }
    }
}
