//! What people agree to: word for word, taken back as easily as given, and heard by whatever is
//! done with what they wrote.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::contract::operations;
use crate::matrix::table::{Least, NOT_HERE, Need, TABLE, body_of, dressed};
use crate::matrix::world::{World, bearer, login};
use crate::matrix::{all_operations, filled};
use crate::support::client::{Client, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::reply::Events;
use crate::support::server::Server;

const ALL: [&str; 5] = [
    "data_processing",
    "voice_processing",
    "video_processing",
    "third_party_apis",
    "whatsapp_ingestion",
];

/// A withdrawal is heard within a minute; it takes much less.
const AT_MOST: Duration = Duration::from_secs(10);

async fn agrees(client: &Client, to: &[&str], granted: bool) -> Value {
    let body = to.iter().map(|name| ((*name).to_owned(), json!(granted))).collect();
    client.patch("/auth/me/consent", Value::Object(body)).await.is(200)
}

/// Settings with which an upstream of this machine counts as a service of others.
fn outside(base_url: &str) -> Vec<(&str, &str)> {
    vec![
        ("CLONEMEMORIA_LLM_BASE_URL", base_url),
        ("CLONEMEMORIA_LLM_MODEL", "small"),
        ("CLONEMEMORIA_LLM_THIRD_PARTY", "true"),
        ("CLONEMEMORIA_LLM_FIRST_TOKEN_SECONDS", "60"),
        ("CLONEMEMORIA_LLM_IDLE_SECONDS", "60"),
    ]
}

/// What an operation says in the document that it needs, and what else it heeds.
fn declared(document: &Value, name: &str) -> (Vec<String>, Vec<String>) {
    let all = operations(document);
    let (.., operation) = all.iter().find(|(.., o)| o["operationId"] == name).expect("it");
    let list = |field: &str| -> Vec<String> {
        let names = operation["x-consents"][field].as_array();
        let names = names.unwrap_or_else(|| panic!("{name} does not say which consents it needs"));
        names.iter().map(text).collect()
    };
    (list("needed"), list("outside"))
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn each_operation_needs_the_consents_that_the_document_says_and_no_others() {
    let llm = Llm::start().await;
    let base_url = llm.base_url();
    let world = World::with(&outside(&base_url)).await;
    let document = world.server.client().page("/openapi.json").await.is(200);
    let admin = bearer(&world.server, &login(&world.server, "admin").await);
    let (mut refused, mut open, mut wrong) = (0, 0, Vec::new());
    let (mut things, mut ada) = (world.things.clone(), world.ada.clone());
    for (verb, path, name) in all_operations(&world.server.client()).await {
        let (needed, heeded) = declared(&document, &name);
        let (_, need, least) = *TABLE.iter().find(|(row, ..)| *row == name).expect("a row");
        let client = match need {
            Need::Visit => continue,
            Need::Admin | Need::FreshAdmin => &admin,
            _ => &ada,
        }
        .clone();
        if name == "purge" {
            things.insert("trash_id", world.things["purge_id"].clone());
        }
        let ask = || {
            let ask = client.ask(verb.clone(), &filled(&path, &things));
            dressed(ask, &name, body_of(&name, &things).as_ref())
        };
        for consent in &needed {
            agrees(&client, &ALL, true).await;
            agrees(&client, &[consent], false).await;
            let reply = ask().await;
            let told = reply.json();
            let named = told["consent"] == json!(consent) && reply.text().contains(consent);
            if (reply.status, reply.code().as_deref()) != (403, Some("consent_required")) || !named
            {
                wrong.push(format!("{name} without {consent}: {} {told}", reply.status));
            }
            refused += 1;
        }
        agrees(&client, &ALL, false).await;
        let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        agrees(&client, &needed, true).await;
        let before = llm.asked().len();
        let reply = ask().await;
        let code = reply.code().unwrap_or_default();
        let excused =
            NOT_HERE.iter().any(|(row, codes, _)| *row == name && codes.contains(&&*code));
        // What anybody may ask is sent something wrong here; those are refused for that.
        let works = need == Need::Open
            || excused
            || least == Least::Nobody && reply.status == 404
            || (200..300).contains(&reply.status);
        if !works || code == "consent_required" {
            wrong.push(format!("{name} with {needed:?} only: {} {}", reply.status, reply.text()));
        }
        if heeded.iter().any(|consent| consent == "third_party_apis") {
            let told: Value = reply.json();
            assert_eq!(told["message"]["provider"], "builtin", "{name}: {told}");
            assert_eq!(told["message"]["reserved"], "asker", "{name}: {told}");
        }
        assert_eq!(llm.asked().len(), before, "{name} went out without the consent to");
        // What begins a new security epoch answers with the sign-in that goes on.
        let told: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        if let Some(token) = told["access_token"].as_str() {
            ada = ada.with_token(token);
        }
        open += 1;
    }
    println!("{refused} refusals named their consent, {open} operations worked without others");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused >= 12 && open > 120, "{refused} {open}");
}

#[tokio::test]
async fn each_statement_keeps_the_words_their_hash_and_how_it_came() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", "http://m.example")]).await;
    let ada = server.admin().await;
    let texts =
        async |locale: &str| items(&ada.get(&format!("/consents?locale={locale}")).await.is(200));
    agrees(&ada, &["voice_processing"], true).await;
    let french = json!({"voice_processing": false, "locale": "fr-FR"});
    ada.patch("/auth/me/consent", french).await.is(200);
    let body = json!({"email": "admin@example.org", "password": crate::support::PASSWORD});
    let page = server.client().post("/auth/login", body).header("origin", "http://m.example").await;
    let cookie = page.header("set-cookie").expect("a cookie").split(';').next().unwrap().to_owned();
    let said = server.client().patch("/auth/me/consent", json!({"video_processing": true}));
    said.header("cookie", &cookie).header("origin", "http://m.example").await.is(200);

    let history = ada.get("/auth/me/consent").await.is(200);
    assert_eq!(history["is_whole"], true);
    let all = items(&history);
    let told: Vec<_> = all
        .iter()
        .map(|said| {
            let word = |field: &str| said[field].as_str().unwrap_or("-").to_owned();
            (word("consent"), said["granted"] == true, word("channel"), word("locale"))
        })
        .collect();
    let expected = [
        ("video_processing", true, "web", "en"),
        ("voice_processing", false, "api", "fr"),
        ("voice_processing", true, "api", "en"),
        ("data_processing", true, "sign_up", "en"),
    ];
    let expected = expected.map(|(c, g, w, l)| (c.to_owned(), g, w.to_owned(), l.to_owned()));
    assert_eq!(told, expected);
    for said in &all {
        let shown = texts(said["locale"].as_str().unwrap()).await;
        let shown = shown.iter().find(|text| text["consent"] == said["consent"]).unwrap();
        for field in ["version", "text", "text_sha256"] {
            assert_eq!(said[field], shown[field], "{said}");
        }
        let hash: String =
            Sha256::digest(text(&said["text"])).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text(&said["text_sha256"]), hash);
        assert_eq!(said["session_id"].is_null(), said["channel"] == "sign_up", "{said}");
    }
    assert!(all[0]["session_id"] != all[1]["session_id"]);
    assert_eq!(all.iter().map(|said| &said["number"]).collect::<Vec<_>>(), [4, 3, 2, 1]);
    ada.patch("/auth/me/consent", json!({"locale": "?"})).await.invalid(&["/locale"]);
    ada.get("/consents?locale=%3F").await.problem(422, "invalid");
}

/// Ada owns a space with a clone, Sam is steward there, Cora contributes, Vic visits.
struct House {
    llm: Llm,
    server: Server,
    ada: Client,
    sam: Client,
    cora: Client,
    vic: Client,
    clone: String,
}

impl House {
    async fn new() -> Self {
        let llm = Llm::start().await;
        let server = Server::with(&outside(&llm.base_url())).await;
        let ada = server.admin().await;
        let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
        let body = json!({
            "name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space",
        });
        let clone = id(&ada.post("/clones", body).await.is(201));
        let mut all = Vec::new();
        for (name, role) in [("sam", "steward"), ("cora", "contributor"), ("vic", "visitor")] {
            let client = server.account(name).await;
            client.joins(&ada, &space, role).await;
            all.push(client);
        }
        ada.opens(&clone).await;
        let [sam, cora, vic] = all.try_into().unwrap_or_else(|_| panic!("three"));
        ada.remember(&clone, "The orchard by the blue lake was planted in spring.").await;
        Self { llm, server, ada, sam, cora, vic, clone }
    }

    async fn asks(&self, client: &Client) -> Value {
        let conversation = client.converse(&self.clone).await;
        client.say(&conversation, "When was the orchard by the blue lake planted?").await.1
    }
}

fn by(answer: &Value) -> (&str, Option<&str>) {
    (answer["provider"].as_str().expect("a provider"), answer["reserved"].as_str())
}

#[tokio::test]
async fn nothing_leaves_without_the_agreement_of_those_it_is_about() {
    let house = House::new().await;
    let House { llm, ada, sam, cora, vic, .. } = &house;
    assert_eq!(by(&house.asks(vic).await), ("builtin", Some("asker")));
    agrees(vic, &["third_party_apis"], true).await;
    assert_eq!(by(&house.asks(vic).await), ("builtin", Some("owner")));
    assert_eq!(llm.asked().len(), 0);
    agrees(ada, &["third_party_apis"], true).await;
    assert_eq!(by(&house.asks(vic).await), ("openai", None));
    agrees(sam, &["third_party_apis"], false).await;
    let answer = house.asks(vic).await;
    assert_eq!(by(&answer), ("builtin", Some("steward")));
    assert!(text(&answer["content"]).contains("planted in spring"), "quotes go on: {answer}");
    agrees(sam, &["third_party_apis"], true).await;
    assert_eq!(by(&house.asks(vic).await), ("openai", None));
    // A memory whose author has not agreed stays, and so does what quoted it before.
    let word = "quincunx";
    let told = format!("The orchard by the blue lake was planted as a {word} by Cora.");
    cora.remember(&house.clone, &told).await;
    agrees(vic, &["third_party_apis"], false).await;
    let conversation = vic.converse(&house.clone).await;
    let (_, quoted) = vic.say(&conversation, "Who planted the orchard by the blue lake?").await;
    assert!(quoted.to_string().contains(word), "it is found here: {quoted}");
    agrees(vic, &["third_party_apis"], true).await;
    let before = llm.asked().len();
    let (_, answer) = vic.say(&conversation, "How was the orchard by the blue lake planted?").await;
    assert_eq!(by(&answer), ("openai", None));
    assert!(!answer["citations"].to_string().contains(word));
    let prompts: Vec<String> =
        llm.asked()[before..].iter().map(|asked| asked.body.to_string()).collect();
    assert!(!prompts.is_empty() && prompts.iter().all(|prompt| !prompt.contains(word)));
    agrees(cora, &["third_party_apis"], true).await;
    vic.say(&conversation, "How was the orchard by the blue lake planted?").await;
    assert!(llm.asked().last().unwrap().body.to_string().contains(word), "now it may");
}

#[tokio::test]
async fn a_link_speaks_for_who_made_it() {
    let house = House::new().await;
    agrees(&house.ada, &["third_party_apis"], true).await;
    let path = format!("/clones/{}/share-links", house.clone);
    let made = house.sam.post(&path, json!({"label": "x"})).await.is(201);
    let token = format!("Share {}", text(&made["token"]));
    let chat = async || {
        let asked = json!({"content": "When was the orchard planted?"});
        let ask = house.server.client().post(&format!("/clones/{}/chat", house.clone), asked);
        ask.header("authorization", &token).await.is(201)["message"].clone()
    };
    assert_eq!(by(&chat().await), ("builtin", Some("asker")));
    agrees(&house.sam, &["third_party_apis"], true).await;
    assert_eq!(by(&chat().await), ("openai", None));
}

#[tokio::test]
async fn another_service_is_another_question() {
    let llm = Llm::start().await;
    let base_url = llm.base_url();
    let elsewhere = base_url.replace("127.0.0.1", "localhost");
    let mut server = Server::with(&outside(&base_url)).await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    let third = async |client: &Client| {
        client.get("/auth/me").await.is(200)["consents"]["third_party_apis"].clone()
    };
    let chat = async |client: &Client| {
        let asked = json!({"content": "Where did you swim?"});
        client.post(&format!("/clones/{clone}/chat"), asked).await.is(201)["message"].clone()
    };
    agrees(&ada, &["third_party_apis"], true).await;
    assert_eq!(third(&ada).await["needs_renewal"], false);
    assert_eq!(by(&chat(&ada).await), ("openai", None));
    server.set("CLONEMEMORIA_LLM_BASE_URL", Some(&elsewhere));
    server.restart().await;
    let ada = server.again(&ada);
    let asked = llm.asked().len();
    let now = third(&ada).await;
    assert_eq!((&now["granted"], &now["needs_renewal"]), (&json!(true), &json!(true)));
    let data = ada.get("/auth/me").await.is(200)["consents"]["data_processing"].clone();
    assert_eq!(data["needs_renewal"], false, "only what changed is asked again");
    assert_eq!(by(&chat(&ada).await), ("builtin", Some("asker")));
    assert_eq!(llm.asked().len(), asked, "nothing goes where nobody agreed to");
    agrees(&ada, &["third_party_apis"], true).await;
    assert_eq!(third(&ada).await["needs_renewal"], false);
    assert_eq!(by(&chat(&ada).await), ("openai", None));
    let named = items(&ada.get("/auth/me/consent").await.is(200))[0]["recipients"].clone();
    assert_eq!(named, json!(["localhost"]));
}

/// An answer that is being written and does not end by itself.
async fn begun(house: &House, client: &Client) -> Events {
    let words = vec!["word "; 10_000];
    let answer = Answer::of(&words).every(Duration::from_millis(50)).ending(End::Hang);
    house.llm.then(Act::Answer(answer));
    let conversation = client.converse(&house.clone).await;
    let question = "Who planted the orchard by the blue lake?";
    let mut events = client.say_streaming(&conversation, question).await;
    while events.next().await.expect("a delta").name != "delta" {}
    events
}

#[tokio::test]
async fn a_withdrawal_is_heard_by_answers_that_are_being_written() {
    let house = House::new().await;
    let House { llm, ada, sam, cora, vic, .. } = &house;
    cora.remember(&house.clone, "Cora planted the orchard by the blue lake.").await;
    for client in [ada, sam, cora, vic] {
        agrees(client, &["third_party_apis"], true).await;
    }
    let mut left = llm.abandoned();
    for (who, client) in [("asker", vic), ("owner", ada), ("steward", sam), ("author", cora)] {
        let events = begun(&house, vic).await;
        let since = Instant::now();
        agrees(client, &["third_party_apis"], false).await;
        let last = events.rest().await.pop().expect("a last word");
        assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!("consent_required")));
        assert_eq!(last.data["consent"], "third_party_apis", "{who}: {}", last.data);
        assert!(since.elapsed() < AT_MOST, "{who}: {:?}", since.elapsed());
        left += 1;
        assert!(llm.abandons(left, AT_MOST).await, "{who}: the service goes on writing");
        agrees(client, &["third_party_apis"], true).await;
    }
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(begun(&house, vic).await);
    }
    let since = Instant::now();
    agrees(vic, &["data_processing"], false).await;
    for events in running {
        let last = events.rest().await.pop().expect("a last word");
        assert_eq!(
            (last.name.as_str(), &last.data["message"]["status"]),
            ("done", &json!("stopped"))
        );
    }
    assert!(since.elapsed() < AT_MOST);
    assert!(llm.abandons(left + 3, AT_MOST).await);
    // What there is can be read and thrown away, and agreeing again is as easy.
    let conversations = items(&vic.get("/conversations").await.is(200));
    let path = format!("/conversations/{}", id(&conversations[0]));
    vic.get(&format!("{path}/messages")).await.is(200);
    vic.delete(&path).await.is(204);
    let asked = json!({"content": "Hello?"});
    let chat = format!("/clones/{}/chat", house.clone);
    vic.post(&chat, asked.clone()).await.problem(403, "consent_required");
    agrees(vic, &["data_processing"], true).await;
    vic.post(&chat, asked).await.is(201);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn the_notice_and_the_register_say_who_gets_what_and_change_when_somebody_else_does() {
    let llm = Llm::start().await;
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let notice = async |client: &Client, locale: &str| {
        client.get(&format!("/privacy/notice?locale={locale}")).await.is(200)
    };
    let ids = |notice: &Value| -> Vec<String> {
        notice["activities"].as_array().unwrap().iter().map(|done| text(&done["id"])).collect()
    };
    let alone = notice(&server.client(), "en").await;
    assert_eq!(ids(&alone), ["memories", "accounts", "legacy", "audit"], "nothing goes anywhere");
    let french = notice(&server.client(), "fr-CA").await;
    assert_eq!((&french["locale"], ids(&french)), (&json!("fr"), ids(&alone)));
    assert!(french["activities"][0]["purpose"] != alone["activities"][0]["purpose"]);
    server.client().get("/privacy/notice?locale=%3F").await.problem(422, "invalid");
    // A provider that an admin adds in the app is there at once.
    let idp = json!({
        "id": "family", "name": "Family login", "issuer": "https://login.example.org",
        "client_id": "memoria",
    });
    admin.post("/admin/oidc", idp).await.is(201);
    let added = notice(&server.client(), "en").await;
    assert!(added["version"] != alone["version"]);
    let sign_in = added["activities"].as_array().unwrap().iter();
    let sign_in = sign_in.clone().find(|done| done["id"] == "sign_in_elsewhere").expect("it");
    assert_eq!(sign_in["recipients"][0]["host"], "login.example.org");
    // And so is what the configuration says.
    for (name, value) in outside(&llm.base_url()) {
        server.set(name, Some(value));
    }
    for (name, value) in [
        ("CLONEMEMORIA_MAIL_HOST", "mail.example.org"),
        ("CLONEMEMORIA_MAIL_FROM", "memoria@example.org"),
        ("CLONEMEMORIA_LIMITS_TRASH_DAYS", "11"),
        ("CLONEMEMORIA_BACKUP_S3", "s3://memories"),
        ("CLONEMEMORIA_BACKUP_S3_ENDPOINT", "https://storage.example.org"),
        ("CLONEMEMORIA_BACKUP_S3_ACCESS_KEY_ID", "memoria"),
        ("CLONEMEMORIA_BACKUP_S3_SECRET_ACCESS_KEY", "a-secret-of-theirs"),
        ("CLONEMEMORIA_BACKUP_EVERY_HOURS", "0"),
        ("CLONEMEMORIA_BACKUP_KEEP", "9"),
    ] {
        server.set(name, Some(value));
    }
    server.restart().await;
    let admin = server.again(&admin);
    let told = admin.get("/admin/processing-register").await.is(200);
    assert_eq!(told["notice"], notice(&server.client(), "en").await, "one and the same");
    let hosts: Vec<String> = told["notice"]["activities"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|done| done["recipients"].as_array().unwrap())
        .map(|to| format!("{} {} {}", text(&to["kind"]), text(&to["host"]), to["outside"]))
        .collect();
    let expected = [
        "language_model 127.0.0.1 true",
        "sign_in login.example.org null",
        "mail mail.example.org null",
        "backup storage.example.org null",
    ];
    assert_eq!(hosts, expected);
    assert!(told["notice"].to_string().contains("11 days in the trash"));
    assert!(told["notice"].to_string().contains("The newest 9 at each place"));
    assert_eq!(told["accounts"], 1);
}
