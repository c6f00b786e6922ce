//! What becomes of an account after its person's death: whom they named, what these claim, the
//! wait, everything that stops it, and carrying it out.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::smtp::{Offer, Smtp};
use crate::support::{PASSWORD, until};

const DAY: u64 = 24 * 60 * 60;

/// Rosa named Jo, who has the key; Ada administers the server, Ben is somebody else.
struct House {
    server: Server,
    rosa: Client,
    jo: Client,
    ben: Client,
    key: String,
    /// By how much the clock was put ahead.
    ahead: u64,
}

impl House {
    async fn new(then: Value) -> Self {
        Self::on(Server::start().await, then).await
    }

    async fn on(server: Server, then: Value) -> Self {
        server.admin().await;
        let (rosa, jo) = (server.account("rosa").await, server.account("jo").await);
        let ben = server.account("ben").await;
        let mut named = json!({
            "name": "Jo", "email": "jo@example.org", "wait_days": 30, "note": "Be kind.",
        });
        for (name, value) in then.as_object().unwrap() {
            named[name] = value.clone();
        }
        let made = rosa.put("/auth/me/legacy-contact", named).await.is(200);
        let key = text(&made["key"]);
        assert_eq!((key.len(), &made["contact"]["wait_days"]), (39, &json!(30)));
        Self { server, rosa, jo, ben, key, ahead: 0 }
    }

    async fn claims(&self) -> Value {
        claims(&self.jo, &self.key).await
    }

    /// Time passes as it does: a day or two, and then it is looked at.
    async fn passes(&mut self, days: u64) {
        self.server.advance(Duration::from_secs(days * DAY)).await;
        self.ahead += days * DAY;
        self.sweeps().await;
    }

    async fn sweeps(&self) {
        assert_eq!(self.server.operate(json!({"do": "sweep_legacies"})).await.0, 200);
    }

    /// All of the wait, and what comes then; the claim.
    async fn waits(&mut self) -> Value {
        for _ in 0..20 {
            self.passes(2).await;
        }
        self.is_over().await
    }

    async fn is_over(&mut self) -> Value {
        self.jo = self.server.signed_in("jo@example.org").await;
        let jo = self.jo.clone();
        until("it is carried out", || async {
            let claim = items(&jo.get("/auth/legacy-claims").await.is(200)).into_iter().next()?;
            ["done", "stopped"].contains(&claim["state"].as_str().unwrap()).then_some(claim)
        })
        .await
    }

    async fn state(&self) -> Value {
        items(&self.jo.get("/auth/legacy-claims").await.is(200))[0]["state"].clone()
    }

    async fn runs(&self) -> bool {
        self.state().await == "waiting"
    }
}

async fn claims(who: &Client, key: &str) -> Value {
    let shown = who.get("/auth/legacy-claims?locale=fr").await.is(200);
    assert!(text(&shown["about"]["text"]).contains("est décédée"));
    let body = json!({
        "key": key, "relation": "ma mère", "own_words": "She died in May.",
        "text_sha256": shown["about"]["text_sha256"],
    });
    who.post("/auth/legacy-claims", body).await.is(201)
}

async fn topics(client: &Client) -> Vec<String> {
    let inbox = client.get("/notifications").await.is(200);
    each(&items(&inbox), "topic").into_iter().map(str::to_owned).collect()
}

async fn names(client: &Client, path: &str, field: &str) -> Vec<String> {
    let listed = items(&client.get(path).await.is(200));
    each(&listed, field).into_iter().map(str::to_owned).collect()
}

/// Clones, memories and conversations of Rosa's, one of each that must go and one that must stay.
async fn fill(house: &House) -> (String, String) {
    let House { rosa, ben, .. } = house;
    let body = json!({"name": "Rosa", "subject": "self"});
    let own = id(&rosa.post("/clones", body).await.is(201));
    let text_sha256 =
        rosa.get(&format!("/clones/{own}/standing")).await.is(200)["texts"][0]["text_sha256"]
            .clone();
    let said = json!({"subject": "self", "text_sha256": text_sha256});
    rosa.post(&format!("/clones/{own}/declarations"), said).await.is(201);
    rosa.remember(&own, "We swam in the lake behind the mill.").await;
    let private = json!({"content": "I never liked the mill.", "visibility": "author"});
    rosa.remember_as(&own, private).await;
    let asked = json!({"content": "Where did we swim?"});
    rosa.post(&format!("/clones/{own}/chat"), asked.clone()).await.is(201);
    let other = ben.new_clone("Bens").await;
    ben.remember(&other, "The kettle sang.").await;
    ben.post(&format!("/clones/{other}/chat"), asked).await.is(201);
    (own, other)
}

#[tokio::test]
async fn what_somebody_leaves_goes_to_whom_they_named_and_nothing_else_does() {
    let mut house = House::new(json!({"then": "hand_over"})).await;
    let (own, other) = fill(&house).await;
    let before = house.ben.get(&format!("/clones/{other}/memories")).await.is(200);
    let shared = id(&house.rosa.post("/spaces", json!({"name": "The choir"})).await.is(201));
    house.ben.joins(&house.rosa, &shared, "visitor").await;
    let shown = house.jo.post("/auth/legacy-claims/show", json!({"key": house.key})).await.is(200);
    assert_eq!((&shown["person_name"], &shown["note"]), (&json!("rosa"), &json!("Be kind.")));
    let claim = house.claims().await;
    assert_eq!((&claim["state"], &claim["person_name"]), (&json!("waiting"), &json!("rosa")));
    let again = json!({"key": house.key, "relation": "x", "text_sha256": "x"});
    house.jo.post("/auth/legacy-claims", again).await.invalid(&["/text_sha256"]);
    assert!(topics(&house.rosa).await.contains(&"legacy_claimed".to_owned()));
    let seen = house.rosa.get("/auth/legacy-claims").await.is(200);
    assert_eq!(seen["against_caller"]["claimed_by_name"], "jo");
    let ada = house.server.admin_again().await;
    assert_eq!(topics(&ada).await, ["legacy_claim_runs"]);
    let all = items(&ada.get("/admin/legacy-claims").await.is(200));
    assert_eq!((&all[0]["has_named_address"], &all[0]["state"]), (&json!(true), &json!("waiting")));

    let claim = house.waits().await;
    assert_eq!(claim["state"], "done", "{claim}");
    let space = text(&claim["space_id"]);
    let there = house.jo.get(&format!("/spaces/{space}")).await.is(200);
    assert_eq!((&there["name"], &there["role"]), (&json!("rosa"), &json!("owner")));
    let clone = house.jo.get(&format!("/clones/{own}")).await.is(200);
    assert_eq!((&clone["subject"], &clone["visibility"]), (&json!("deceased"), &json!("private")));
    let stands = house.jo.get(&format!("/clones/{own}/standing")).await.is(200);
    assert_eq!(stands["ground"], "declared");
    assert_eq!(stands["declarations"][0]["relation"], "ma mère");
    // What she had shown to nobody is erased, and so is what she said to it.
    let path = format!("/clones/{own}/memories");
    let kept = names(&house.jo, &path, "content").await;
    assert_eq!(kept, ["We swam in the lake behind the mill."]);
    let found = house.server.operate(json!({"do": "scan", "words": ["never liked"]})).await.1;
    assert_eq!(found["found"], json!({}), "{found}");
    assert!(items(&house.jo.get("/conversations").await.is(200)).is_empty());
    // She signs in no more, and nobody lets her.
    let body = json!({"email": "rosa@example.org", "password": PASSWORD});
    house.server.client().post("/auth/login", body).await.is(401);
    house.rosa.get("/auth/me").await.is(401);
    let ada = house.server.admin_again().await;
    let rosa = items(&ada.get("/admin/users?q=rosa").await.is(200));
    let path = format!("/admin/users/{}", id(&rosa[0]));
    ada.patch(&path, json!({"suspended": false})).await.problem(409, "account_in_memory");
    assert!(topics(&house.jo).await.contains(&"legacy_carried_out".to_owned()));
    // Nothing of anybody else changed; the choir is Ben's, who was in it.
    house.ben = house.server.signed_in("ben@example.org").await;
    let after = house.ben.get(&format!("/clones/{other}/memories")).await.is(200);
    assert_eq!(before, after);
    assert_eq!(items(&house.ben.get("/conversations").await.is(200)).len(), 1);
    let choir = house.ben.get(&format!("/spaces/{shared}")).await.is(200);
    assert_eq!(choir["role"], "owner");
    house.jo.get(&format!("/spaces/{shared}")).await.is(404);
    // The key is worth nothing any more.
    let show = house.jo.post("/auth/legacy-claims/show", json!({"key": house.key})).await;
    show.problem(404, "legacy_key_invalid");
    let words: Vec<String> = names(&ada, "/admin/audit", "event").await;
    for word in ["legacy_contact_set", "legacy_claimed", "legacy_begun", "legacy_done"] {
        assert!(words.iter().any(|known| known == word), "{word} in {words:?}");
    }
    assert_eq!(house.server.operate(json!({"do": "verify_audit"})).await.0, 200);
}

#[tokio::test]
async fn conversations_go_along_if_that_was_chosen() {
    let mut house = House::new(json!({"then": "hand_over", "conversations": true})).await;
    let (own, _) = fill(&house).await;
    house.claims().await;
    assert_eq!(house.waits().await["state"], "done");
    let talks = items(&house.jo.get(&format!("/clones/{own}/conversations")).await.is(200));
    assert_eq!(talks.len(), 1);
    let said = house.jo.get(&format!("/conversations/{}/messages", id(&talks[0]))).await.is(200);
    assert!(each(&items(&said), "content").contains(&"Where did we swim?"));
    let clone = house.jo.get(&format!("/clones/{own}")).await.is(200);
    assert_eq!(clone["conversation_count"], 1);
}

#[tokio::test]
async fn whatever_the_person_does_stops_it_and_reading_does_not() {
    let mut house = House::new(json!({"then": "erase"})).await;
    house.claims().await;
    // A page that was left open reads by itself.
    house.rosa.get("/auth/me").await.is(200);
    house.rosa.get("/notifications").await.is(200);
    assert!(house.runs().await);
    // Somebody who does something lives.
    house.rosa.post("/clones", json!({"name": "Maria"})).await.is(201);
    assert_eq!(house.state().await, "stopped");
    // The contact is told that it was stopped, and no more.
    assert_eq!(topics(&house.jo).await, ["legacy_claim_stopped"]);
    house.claims().await;
    house.server.signed_in("rosa@example.org").await;
    assert_eq!(house.state().await, "stopped", "a sign-in");
    house.claims().await;
    house.rosa.ask(Method::POST, "/auth/me/here").await.is(204);
    assert_eq!(house.state().await, "stopped", "one tap");
    // Who made it takes it back; nobody else does.
    let claim = id(&house.claims().await);
    let path = format!("/auth/legacy-claims/{claim}");
    house.ben.delete(&path).await.is(404);
    house.jo.delete(&path).await.is(204);
    house.jo.delete(&path).await.problem(409, "legacy_claim_over");
    // An admin stops it with a reason, and makes it no shorter.
    let claim = id(&house.claims().await);
    let ada = house.server.admin_again().await;
    let path = format!("/admin/legacy-claims/{claim}/stop");
    ada.post(&path, json!({"reason": " "})).await.invalid(&["/reason"]);
    ada.post(&path, json!({"reason": "I met her."})).await.is(204);
    let all = items(&ada.get("/admin/legacy-claims").await.is(200));
    assert_eq!((&all[0]["stopped"], &all[0]["reason"]), (&json!("admin"), &json!("I met her.")));
    for _ in 0..20 {
        house.passes(2).await;
    }
    house.rosa = house.server.signed_in("rosa@example.org").await;
    assert_eq!(items(&house.rosa.get("/clones").await.is(200)).len(), 1);
}

#[tokio::test]
async fn a_mail_tells_at_every_station_and_its_link_stops_it() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with(&settings).await;
    let mut house = House::on(server, json!({"then": "hand_over", "tell": true})).await;
    let subject = "Somebody says that you have died";
    let mails = |subject: &'static str| {
        let mut all = smtp.mails();
        all.retain(|mail| mail.header("Subject").is_some_and(|said| said == subject));
        all
    };
    let named =
        until("Jo is told", || async { mails("Somebody trusts you with their legacy").pop() })
            .await;
    assert_eq!(named.to, "jo@example.org");
    assert!(!named.text().contains(&house.key) && named.text().contains("“rosa”"));
    house.claims().await;
    let mut told = 1;
    until("she is told", || async { (mails(subject).len() == 1).then_some(()) }).await;
    while told < 4 {
        house.passes(1).await;
        house.jo = house.server.signed_in("jo@example.org").await;
        assert!(house.runs().await);
        // The stations: half of it, a week and a day before its end.
        let claim = items(&house.jo.get("/auth/legacy-claims").await.is(200)).remove(0);
        let ends: jiff::Timestamp = text(&claim["ends_at"]).parse().unwrap();
        let now = jiff::Timestamp::now() + Duration::from_secs(house.ahead);
        let left = (ends.as_second() - now.as_second() + 3_600) / DAY as i64;
        if [15, 7, 1].contains(&left) {
            told += 1;
            until("she is told again", || async { (mails(subject).len() == told).then_some(()) })
                .await;
        }
    }
    assert_eq!(told, 4);
    assert!(house.runs().await, "the last day is hers");
    let last = mails(subject).pop().unwrap().text();
    let (_, token) = last.split_once("token=").or(last.split_once("server:\n")).expect("a link");
    let token = token.lines().next().unwrap();
    let anybody = house.server.client();
    let forged = token.replace('a', "b");
    anybody.post("/auth/here", json!({"token": forged})).await.is(404);
    anybody.post("/auth/here", json!({"token": token})).await.is(204);
    assert_eq!(house.state().await, "stopped");
    anybody.post("/auth/here", json!({"token": token})).await.problem(409, "legacy_claim_over");
}

#[tokio::test]
async fn a_wrong_key_says_nothing_and_is_not_tried_often() {
    let house = House::new(json!({"then": "freeze"})).await;
    let show = |key: String| house.ben.post("/auth/legacy-claims/show", json!({"key": key}));
    let other = house.key.replace(|c: char| c.is_ascii_digit(), "Z");
    let first = show(other).await;
    let said = first.text();
    first.problem(404, "legacy_key_invalid");
    house.server.advance(Duration::from_secs(2)).await;
    let second = show("nonsense".to_owned()).await;
    let without = |text: String| text.split("request_id").next().map(str::to_owned);
    assert_eq!(without(second.text()), without(said));
    show("nonsense".to_owned()).await.problem(429, "too_many_attempts");
    // Who has it goes on, and nobody claims their own.
    let own = house.rosa.post("/auth/legacy-claims/show", json!({"key": house.key})).await;
    own.problem(409, "own_legacy_key");
    house.jo.post("/auth/legacy-claims/show", json!({"key": house.key})).await.is(200);
    // Another key ends the one before; the same settings keep it.
    let named = json!({"name": "Jo", "email": "jo@example.org", "then": "freeze"});
    let same = house.rosa.put("/auth/me/legacy-contact", named.clone()).await.is(200);
    assert_eq!((&same["key"], &same["contact"]["wait_days"]), (&Value::Null, &json!(90)));
    let mut anew = named.clone();
    anew["new_key"] = json!(true);
    assert!(house.rosa.put("/auth/me/legacy-contact", anew).await.is(200)["key"].is_string());
    let old = house.jo.post("/auth/legacy-claims/show", json!({"key": house.key})).await;
    old.problem(404, "legacy_key_invalid");
    let mut wrong = named;
    wrong["wait_days"] = json!(29);
    house.rosa.put("/auth/me/legacy-contact", wrong.clone()).await.invalid(&["/wait_days"]);
    wrong["wait_days"] = json!(30);
    wrong["email"] = json!("ROSA@example.org");
    house.rosa.put("/auth/me/legacy-contact", wrong).await.invalid(&["/email"]);
    house.server.advance(Duration::from_secs(6 * 60)).await;
    let stale = house.rosa.delete("/auth/me/legacy-contact").await;
    stale.problem(401, "reauth_required");
    let rosa = house.server.signed_in("rosa@example.org").await;
    rosa.delete("/auth/me/legacy-contact").await.is(204);
    rosa.delete("/auth/me/legacy-contact").await.is(404);
    assert_eq!(rosa.get("/auth/me/legacy-contact").await.is(200)["contact"], Value::Null);
}

#[tokio::test]
async fn a_clock_that_jumps_takes_the_wait_from_nobody() {
    let mut house = House::new(json!({"then": "erase"})).await;
    fill(&house).await;
    house.claims().await;
    house.passes(10 * 365).await;
    house.sweeps().await;
    house.jo = house.server.signed_in("jo@example.org").await;
    let claim = items(&house.jo.get("/auth/legacy-claims").await.is(200)).remove(0);
    assert_eq!(claim["state"], "waiting");
    let ends: jiff::Timestamp = text(&claim["ends_at"]).parse().unwrap();
    let now = jiff::Timestamp::now() + Duration::from_secs(house.ahead);
    assert!((ends.as_second() - now.as_second()) / DAY as i64 >= 26, "{claim}");
    // Nor does a server that starts with a clock that is ahead count any of it.
    assert_eq!(house.server.stop().await, 0);
    house.server.set("TESTING_CLOCK_AHEAD", Some(&(20 * 365 * DAY).to_string()));
    house.server.run().await;
    house.jo = house.server.signed_in("jo@example.org").await;
    assert!(house.runs().await);
    house.server.signed_in("rosa@example.org").await;
    assert!(!house.runs().await);
}

#[tokio::test]
async fn it_goes_on_after_a_crash_wherever_that_was() {
    for (point, passage) in [
        ("legacy.closed", 1),
        ("legacy.passed", 1),
        ("legacy.passed", 2),
        ("legacy.passed", 3),
        ("legacy.done", 1),
    ] {
        let mut house = House::new(json!({"then": "hand_over"})).await;
        let (own, other) = fill(&house).await;
        house.claims().await;
        let order = json!({"do": "kill_at", "point": point, "passage": passage});
        assert_eq!(house.server.operate(order).await.0, 200);
        // Fifteen looks come to the last day, the next to its end.
        for _ in 0..15 {
            house.passes(2).await;
        }
        house.server.advance(Duration::from_secs(2 * DAY)).await;
        house.ahead += 2 * DAY;
        sweeps_and_may_die(&house.server).await;
        assert!(house.server.dies(Duration::from_secs(60)).await, "{point} {passage}");
        house.server.set("TESTING_CLOCK_AHEAD", Some(&(house.ahead + 60).to_string()));
        house.server.run().await;
        let claim = house.is_over().await;
        assert_eq!(claim["state"], "done", "{point} {passage}");
        let kept = names(&house.jo, &format!("/clones/{own}/memories"), "content").await;
        assert_eq!(kept, ["We swam in the lake behind the mill."], "{point} {passage}");
        let stands = house.jo.get(&format!("/clones/{own}/standing")).await.is(200);
        assert_eq!(items_of(&stands["declarations"]), 2, "hers and Jo's, once: {point} {passage}");
        let spaces = names(&house.jo, "/spaces", "name").await;
        assert_eq!(spaces.iter().filter(|name| *name == "rosa").count(), 1);
        let ben = house.server.signed_in("ben@example.org").await;
        assert_eq!(names(&ben, &format!("/clones/{other}/memories"), "content").await.len(), 1);
        assert_eq!(house.server.stop().await, 0);
        let examined = house.server.command(&["fsck"], "");
        assert_eq!(examined.code, 0, "{}", examined.out);
    }
}

/// Has it looked at, when the server may not live to answer.
async fn sweeps_and_may_die(server: &Server) {
    let path = server.data().join("control.sock");
    let mut stream = tokio::net::UnixStream::connect(path).await.expect("a control socket");
    let body = json!({"do": "sweep_legacies"}).to_string();
    let request = format!(
        "POST /control HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
}

fn items_of(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_contact_who_is_gone_receives_nothing() {
    let mut house = House::new(json!({"then": "hand_over"})).await;
    let (own, _) = fill(&house).await;
    house.claims().await;
    let ada = house.server.admin_again().await;
    let jo = items(&ada.get("/admin/users?q=jo").await.is(200));
    let path = format!("/admin/users/{}", id(&jo[0]));
    ada.patch(&path, json!({"suspended": true})).await.is(200);
    for _ in 0..20 {
        house.passes(2).await;
    }
    let ada = house.server.admin_again().await;
    let stopped = until("it is stopped", || async {
        let all = items(&ada.get("/admin/legacy-claims").await.is(200));
        (all[0]["state"] == "stopped").then(|| all[0].clone())
    })
    .await;
    assert_eq!(stopped["stopped"], "contact_gone");
    house.rosa = house.server.signed_in("rosa@example.org").await;
    assert_eq!(names(&house.rosa, "/clones", "id").await, [own]);
    // Who is erased takes what they claimed along.
    ada.patch(&path, json!({"suspended": false})).await.is(200);
    house.jo = house.server.signed_in("jo@example.org").await;
    house.claims().await;
    let account = id(&house.jo.get("/auth/me").await.is(200));
    let erase = json!({"do": "erase_account", "account": account});
    assert_eq!(house.server.operate(erase).await.0, 200);
    assert_eq!(items(&ada.get("/admin/legacy-claims").await.is(200)), [] as [Value; 0]);
    for _ in 0..20 {
        house.passes(2).await;
    }
    house.rosa = house.server.signed_in("rosa@example.org").await;
    assert_eq!(items(&house.rosa.get("/clones").await.is(200)).len(), 1);
}

#[tokio::test]
async fn who_is_erased_before_leaves_nothing_to_claim() {
    let mut house = House::new(json!({"then": "hand_over"})).await;
    fill(&house).await;
    house.claims().await;
    let account = id(&house.rosa.get("/auth/me").await.is(200));
    let erase = json!({"do": "erase_account", "account": account});
    assert_eq!(house.server.operate(erase).await.0, 200);
    assert!(items(&house.jo.get("/auth/legacy-claims").await.is(200)).is_empty());
    let show = house.jo.post("/auth/legacy-claims/show", json!({"key": house.key})).await;
    show.problem(404, "legacy_key_invalid");
    for _ in 0..20 {
        house.passes(2).await;
    }
    house.jo = house.server.signed_in("jo@example.org").await;
    assert!(items(&house.jo.get("/clones").await.is(200)).is_empty());
}

#[tokio::test]
async fn what_is_to_be_erased_is_and_what_is_to_be_kept_for_reading_is() {
    let mut house = House::new(json!({"then": "erase"})).await;
    fill(&house).await;
    house.claims().await;
    for _ in 0..20 {
        house.passes(2).await;
    }
    until("all of it is erased", || async {
        let words = json!({"do": "scan", "words": ["lake behind", "rosa@example.org"]});
        let found = house.server.operate(words).await.1;
        (found["found"] == json!({})).then_some(())
    })
    .await;
    house.jo = house.server.signed_in("jo@example.org").await;
    assert!(topics(&house.jo).await.contains(&"legacy_carried_out".to_owned()));
    assert!(items(&house.jo.get("/clones").await.is(200)).is_empty());

    let mut house = House::new(json!({"then": "freeze"})).await;
    let space = id(&house.rosa.post("/spaces", json!({"name": "The family"})).await.is(201));
    house.ben.joins(&house.rosa, &space, "visitor").await;
    let body = json!({"name": "Rosa", "subject": "self", "space_id": space});
    let own = id(&house.rosa.post("/clones", body).await.is(201));
    let standing = house.rosa.get(&format!("/clones/{own}/standing")).await.is(200);
    let said = json!({"subject": "self", "text_sha256": standing["texts"][0]["text_sha256"]});
    house.rosa.post(&format!("/clones/{own}/declarations"), said).await.is(201);
    house.rosa.patch(&format!("/clones/{own}"), json!({"visibility": "space"})).await.is(200);
    house.rosa.remember(&own, "We swam in the lake.").await;
    house.claims().await;
    assert_eq!(house.waits().await["state"], "done");
    let ben = house.server.signed_in("ben@example.org").await;
    let clone = ben.get(&format!("/clones/{own}")).await.is(200);
    assert_eq!((&clone["state"], &clone["subject"]), (&json!("retired"), &json!("self")));
    assert_eq!(names(&ben, &format!("/clones/{own}/memories"), "content").await.len(), 1);
    assert!(items(&house.jo.get("/clones").await.is(200)).is_empty(), "nobody gets anything");
    let body = json!({"email": "rosa@example.org", "password": PASSWORD});
    house.server.client().post("/auth/login", body).await.is(401);
}
