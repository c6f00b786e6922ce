//! Whatever ends a sign-in ends what it was reading within a second: a stream that is silent, and
//! one that never pauses long enough for anybody to look up.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::admin::account_id;
use crate::passkeys::{ORIGIN, with_passkey};
use crate::support::PASSWORD;
use crate::support::client::{Ask, Client, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::reply::Events;
use crate::support::server::Server;
use crate::support::totp::App;

/// How long it may take.
const AT_MOST: Duration = Duration::from_secs(1);

struct World {
    llm: Llm,
    server: Server,
    admin: Client,
}

/// An account with two sign-ins and a clone: one reads, the other acts.
struct Person<'w> {
    world: &'w World,
    name: &'static str,
    reads: Client,
    acts: Client,
    clone: String,
}

impl World {
    async fn new() -> Self {
        let llm = Llm::start().await;
        let server = Server::with(&[
            ("CLONEMEMORIA_LLM_BASE_URL", &llm.base_url()),
            ("CLONEMEMORIA_LLM_MODEL", "small"),
            ("CLONEMEMORIA_LLM_FIRST_TOKEN_SECONDS", "60"),
            ("CLONEMEMORIA_LLM_IDLE_SECONDS", "60"),
            ("CLONEMEMORIA_SERVER_PUBLIC_URL", ORIGIN),
        ])
        .await;
        let admin = server.admin().await;
        Self { llm, server, admin }
    }

    async fn login(&self, name: &str) -> Value {
        let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        self.server.client().post("/auth/login", body).await.is(200)
    }

    fn bearer(&self, session: &Value) -> Client {
        self.server.client().with_token(&text(&session["access_token"]))
    }

    async fn person(&self, name: &'static str) -> Person<'_> {
        let acts = self.server.account(name).await;
        let reads = self.bearer(&self.login(name).await);
        let clone = acts.new_clone("Maria").await;
        acts.remember(&clone, "We swam in the lake.").await;
        Person { world: self, name, reads, acts, clone }
    }

    /// A silent answer and a talkative one, both begun.
    async fn begun(&self, clone: &str, dress: impl Fn(Ask) -> Ask) -> Vec<Events> {
        let words = vec!["word "; 400];
        let talkative = Answer::of(&words).every(Duration::from_millis(330));
        let mut all = Vec::new();
        for answer in [Answer::of(&["We swam"]), talkative] {
            self.llm.then(Act::Answer(answer.ending(End::Hang)));
            let path = format!("/clones/{clone}/chat");
            let question = json!({"content": "Where did you swim?"});
            let mut events = dress(self.server.client().post(&path, question)).events().await;
            while events.next().await.expect("a delta").name != "delta" {}
            all.push(events);
        }
        all
    }
}

impl Person<'_> {
    /// Answers that the first sign-in reads.
    async fn reading(&self) -> Vec<Events> {
        let proof = format!("Bearer {}", self.reads.token());
        self.world.begun(&self.clone, |ask| ask.header("authorization", &proof)).await
    }
}

/// Does something that ends streams, and looks whether it does.
async fn ends<T>(what: &str, streams: Vec<Events>, doing: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = doing.await;
    for events in streams {
        let last = events.rest().await.pop().expect("a last word");
        let told = (last.name.as_str(), last.data["code"].as_str());
        assert_eq!(told, ("error", Some("unauthenticated")), "{what}");
        assert!(began.elapsed() < AT_MOST, "{what}: {:?}", began.elapsed());
    }
    done
}

#[tokio::test]
async fn a_password_a_sign_out_and_the_list_of_sign_ins_end_what_is_read_within_a_second() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let new = json!({"current_password": PASSWORD, "new_password": "violet umbrella quartz 42"});
    let change = async { ada.acts.post("/auth/password/change", new).await.is(200) };
    ends("another password", ada.reading().await, change).await;

    let ben = world.person("ben").await;
    let out = async { ben.reads.ask(Method::POST, "/auth/logout").await.is(204) };
    ends("a sign-out", ben.reading().await, out).await;
    ben.acts.get("/auth/me").await.is(200);

    let cleo = world.person("cleo").await;
    let open = items(&cleo.acts.get("/auth/sessions").await.is(200));
    let other = open.iter().find(|session| session["current"] == false).expect("another");
    let end = async { cleo.acts.delete(&format!("/auth/sessions/{}", id(other))).await.is(204) };
    ends("the list", cleo.reading().await, end).await;

    let dora = world.person("dora").await;
    let first = world.login("dora").await;
    let refresh = json!({"refresh_token": first["refresh_token"]});
    let renew = || world.server.client().post("/auth/refresh", refresh.clone());
    let dora = Person { reads: world.bearer(&renew().await.is(200)), ..dora };
    let streams = dora.reading().await;
    world.server.advance(Duration::from_secs(11)).await;
    ends("a stolen refresh token", streams, async { renew().await.is(401) }).await;
}

/// Who has the stolen token of the very sign-in that changes the password reads no further.
#[tokio::test]
async fn what_was_begun_with_an_old_token_ends_though_its_sign_in_goes_on() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let ada = Person { acts: world.bearer(&json!({"access_token": ada.reads.token()})), ..ada };
    let new = json!({"current_password": PASSWORD, "new_password": "violet umbrella quartz 42"});
    let change = async { ada.acts.post("/auth/password/change", new).await.is(200) };
    let done = ends("one's own password", ada.reading().await, change).await;
    world.bearer(&done).get("/auth/me").await.is(200);

    let ben = world.person("ben").await;
    let ben = Person { acts: world.bearer(&json!({"access_token": ben.reads.token()})), ..ben };
    let new = ben.acts.post("/auth/totp", json!({})).await.is(200);
    let code = json!({"code": App::holding(&new["secret"]).next(&world.server).await});
    let streams = ben.reading().await;
    let confirm = async { ben.acts.post("/auth/totp/confirm", code).await.is(200) };
    let done = ends("one's own authenticator app", streams, confirm).await;
    world.bearer(&done["session"]).get("/auth/me").await.is(200);
}

#[tokio::test]
async fn every_change_of_factors_ends_what_is_read_within_a_second() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let new = ada.acts.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&new["secret"]);
    let code = json!({"code": app.next(&world.server).await});
    let streams = ada.reading().await;
    let confirm = async { ada.acts.post("/auth/totp/confirm", code).await.is(200) };
    let done = ends("an authenticator app", streams, confirm).await;

    let proof = json!({"email": format!("{}@example.org", ada.name), "password": PASSWORD,
        "totp": done["recovery_codes"][0]});
    let reads = world.server.client().post("/auth/login", proof).await.is(200);
    let (reads, acts) = (world.bearer(&reads), world.bearer(&done["session"]));
    let ada = Person { reads, acts, ..ada };
    let remove = async { ada.acts.delete("/auth/totp").await.is(200) };
    ends("no authenticator app", ada.reading().await, remove).await;

    let ben = world.person("ben").await;
    let passkey = with_passkey(&world.server, &ben.acts);
    let (acts, _, name) = ends("a passkey", ben.reading().await, passkey).await;
    let ben = Person { reads: world.bearer(&world.login("ben").await), acts, ..ben };
    let remove = async { ben.acts.delete(&format!("/auth/passkeys/{name}")).await.is(200) };
    ends("no passkey", ben.reading().await, remove).await;
}

#[tokio::test]
async fn a_key_a_link_and_an_account_that_are_shut_end_what_is_read_within_a_second() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let body = json!({"label": "A program", "scopes": ["read", "chat"]});
    let key = ada.acts.post("/api-keys", body).await.is(201);
    let with = text(&key["key"]);
    let streams = world.begun(&ada.clone, |ask| ask.header("x-api-key", &with)).await;
    let revoke = async { ada.acts.delete(&format!("/api-keys/{}", id(&key))).await.is(204) };
    ends("a key", streams, revoke).await;

    let path = format!("/clones/{}/share-links", ada.clone);
    let link = ada.acts.post(&path, json!({})).await.is(201);
    let proof = format!("Share {}.nina-0123456789abcdefghijklmnopqrs", text(&link["token"]));
    let streams = world.begun(&ada.clone, |ask| ask.header("authorization", &proof)).await;
    let revoke = async { ada.acts.delete(&format!("{path}/{}", id(&link))).await.is(204) };
    ends("a link", streams, revoke).await;

    let account = account_id(&ada.acts).await;
    let path = format!("/admin/users/{account}/sessions");
    let out = async { world.admin.delete(&path).await.is(204) };
    ends("an admin", ada.reading().await, out).await;

    let ben = world.person("ben").await;
    let path = format!("/admin/users/{}", account_id(&ben.acts).await);
    let suspend = async { world.admin.patch(&path, json!({"suspended": true})).await.is(200) };
    ends("a suspension", ben.reading().await, suspend).await;
}

/// Where an answer that is still looked for ends in words, and not with the answer.
async fn ends_searching<T>(what: &str, ask: Ask, doing: impl Future<Output = T>) {
    let asking = ask.header("accept", "text/event-stream").attempt();
    let acting = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        doing.await;
        Instant::now()
    };
    let (reply, over) = tokio::join!(async { (asking.await, Instant::now()) }, acting);
    let (Some(reply), ended) = reply else { panic!("{what}: no answer") };
    assert!(reply.status >= 400, "{what}: {} {}", reply.status, reply.text());
    let late = ended.saturating_duration_since(over);
    assert!(late <= AT_MOST, "{what}: ended {late:?} late");
}

#[tokio::test]
async fn so_does_an_answer_for_which_nothing_was_found_yet() {
    let world = World::new().await;
    let slow = json!({"do": "slow_searches", "millis": 3_600_000});
    assert_eq!(world.server.operate(slow).await.0, 200);
    let ada = world.person("ada").await;
    let chat = format!("/clones/{}/chat", ada.clone);
    let question = || json!({"content": "Where did you swim?"});
    let path = format!("/clones/{}/share-links", ada.clone);
    let link = ada.acts.post(&path, json!({})).await.is(201);
    let proof = format!("Share {}.nina-0123456789abcdefghijklmnopqrs", text(&link["token"]));
    let visit = world.server.client().post(&chat, question()).header("authorization", &proof);
    let revoke = async { ada.acts.delete(&format!("{path}/{}", id(&link))).await.is(204) };
    ends_searching("a link", visit, revoke).await;
    let out = async { ada.reads.post("/auth/logout", json!({})).await };
    ends_searching("signing out", ada.reads.post(&chat, question()), out).await;
    let person = format!("/admin/users/{}", account_id(&ada.acts).await);
    let suspend = async { world.admin.patch(&person, json!({"suspended": true})).await.is(200) };
    ends_searching("a suspension", ada.acts.post(&chat, question()), suspend).await;
}
