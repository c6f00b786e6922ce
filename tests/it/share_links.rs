//! Share links: somebody without an account talks with one clone, and with nothing else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::account_id;
use crate::support::client::{Ask, Client, each, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::server::Server;
use crate::support::until;

const HARBOUR: &str = "We met at the harbour in July 1962, and it rained all day long.";

/// Secrets that two visitors made up.
const NINA: &str = "nina-0123456789abcdefghijklmnopqrs";
const OLAF: &str = "olaf_ABCDEFGHIJKLMNOPQRSTUVWXYZ012";

/// Somebody who came by a link.
struct Visitor {
    client: Client,
    proof: String,
}

impl Visitor {
    fn by(server: &Server, token: &str) -> Self {
        Self { client: server.client(), proof: format!("Share {token}") }
    }

    fn own(server: &Server, token: &str, secret: &str) -> Self {
        Self::by(server, &format!("{token}.{secret}"))
    }

    fn with(&self, ask: Ask) -> Ask {
        ask.header("authorization", &self.proof)
    }

    fn get(&self, path: &str) -> Ask {
        self.with(self.client.get(path))
    }

    fn delete(&self, path: &str) -> Ask {
        self.with(self.client.delete(path))
    }

    fn post(&self, path: &str, body: Value) -> Ask {
        self.with(self.client.post(path, body))
    }

    fn asks(&self, clone: &str, content: &str) -> Ask {
        self.post(&format!("/clones/{clone}/chat"), json!({"content": content}))
    }
}

/// An owner, a clone with a memory, and a link to it: its identifier and its token.
async fn shared(server: &Server, choices: Value) -> (Client, String, String, String) {
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, HARBOUR).await;
    let (link, token) = link_to(&ada, &clone, choices).await;
    (ada, clone, link, token)
}

async fn link_to(maker: &Client, clone: &str, choices: Value) -> (String, String) {
    let made = maker.post(&format!("/clones/{clone}/share-links"), choices).await.is(201);
    (id(&made), text(&made["token"]))
}

async fn links_of(maker: &Client, clone: &str) -> Vec<Value> {
    items(&maker.get(&format!("/clones/{clone}/share-links")).await.is(200))
}

/// A family in which somebody has a role: the owner, the other, and a clone in their space.
async fn family(server: &Server, role: &str) -> (Client, Client, String, String) {
    let ada = server.admin().await;
    let other = server.account("other").await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    other.joins(&ada, &space, role).await;
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    ada.remember(&clone, HARBOUR).await;
    (ada, other, space, clone)
}

#[tokio::test]
async fn a_token_is_shown_once_and_neither_kept_nor_logged() {
    let site = "https://memoria.example";
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", site)]).await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}/share-links");
    let make = || ada.post(&path, json!({"label": "Reunion"})).header("idempotency-key", "once");
    let (made, again) = (make().await.is(201), make().await.is(201));
    let token = text(&made["token"]);
    assert!(token.starts_with("cms_") && token.len() == 65, "{}", token.len());
    assert_eq!(made["url"], format!("{site}/share#{token}"));
    assert_eq!(id(&again), id(&made));
    assert!(again["token"].is_null() && again["url"].is_null());
    let link = &links_of(&ada, &clone).await[0];
    assert_eq!((&link["label"], &link["state"]), (&json!("Reunion"), &json!("open")));
    assert_eq!((&link["message_budget"], &link["messages_per_hour"]), (&json!(200), &json!(30)));
    let visitor = Visitor::own(&server, &token, NINA);
    visitor.asks(&clone, "Where did you meet?").await.is(201);
    visitor.get("/nowhere").await.problem(404, "not_found");
    let secret = &token[13..56];
    for file in std::fs::read_dir(server.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for needle in [secret, NINA] {
                let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
    assert!(!server.log().contains(secret) && !server.log().contains(NINA));
    let told = ada.get("/notifications").await.is(200).to_string();
    assert!(told.contains("share_link_created") && !told.contains(secret), "{told}");
}

#[tokio::test]
async fn only_who_may_share_a_clone_makes_sees_and_revokes_links() {
    for (role, status) in [("visitor", 403), ("contributor", 403), ("steward", 201)] {
        let server = Server::start().await;
        let (ada, other, _, clone) = family(&server, role).await;
        let (link, _) = link_to(&ada, &clone, json!({})).await;
        let path = format!("/clones/{clone}/share-links");
        assert_eq!(other.post(&path, json!({})).await.status, status);
        let seen = if status == 201 { 200 } else { 403 };
        assert_eq!(other.get(&path).await.status, seen);
        let revoked = if status == 201 { 204 } else { 403 };
        assert_eq!(other.delete(&format!("{path}/{link}")).await.status, revoked);
        if role == "steward" {
            let told = |list: Value| each(&items(&list), "topic").join(" ");
            let (to_ada, to_other) = (ada.get("/notifications"), other.get("/notifications"));
            assert!(told(to_other.await.is(200)).contains("share_link_created"));
            let to_ada = items(&to_ada.await.is(200));
            let notice = to_ada.iter().find(|notice| notice["topic"] == "clone_shared").unwrap();
            assert_eq!((&notice["detail"], &notice["security"]), (&json!("Maria"), &json!(false)));
        }
        let eve = server.account("eve").await;
        eve.get(&path).await.problem(404, "not_found");
        eve.post(&path, json!({})).await.problem(404, "not_found");
        eve.delete(&format!("{path}/{link}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_key_lists_links_and_makes_none() {
    let server = Server::start().await;
    let (ada, clone, link, _) = shared(&server, json!({})).await;
    let body = json!({"label": "A program", "scopes": ["read", "write", "chat"]});
    let key = text(&ada.post("/api-keys", body).await.is(201)["key"]);
    let path = format!("/clones/{clone}/share-links");
    let anybody = server.client();
    let by_key = |ask: Ask| ask.header("x-api-key", &key);
    assert_eq!(items(&by_key(anybody.get(&path)).await.is(200)).len(), 1);
    by_key(anybody.post(&path, json!({}))).await.problem(403, "session_required");
    let revoke = anybody.delete(&format!("{path}/{link}"));
    by_key(revoke).await.problem(403, "session_required");
}

#[tokio::test]
async fn a_visitor_talks_and_is_shown_the_sources() {
    let server = Server::start().await;
    let (ada, clone, _, token) = shared(&server, json!({"message_budget": 5})).await;
    let profile = json!({"greeting": "Hello, my dear.", "subject": "deceased"});
    ada.patch(&format!("/clones/{clone}"), profile).await.is(200);
    ada.vouches(&clone, "deceased").await;
    let visitor = Visitor::own(&server, &token, NINA);
    let welcome = visitor.get("/share").await.is(200);
    for (field, value) in [
        ("clone_id", json!(clone)),
        ("clone_name", json!("Maria")),
        ("greeting", json!("Hello, my dear.")),
        ("subject", json!("deceased")),
        ("ai_generated", json!(true)),
        ("messages_left", json!(5)),
    ] {
        assert_eq!(welcome[field], value, "{field}");
    }
    let said = visitor.asks(&clone, "Where did you meet?").await.is(201);
    let answer = &said["message"];
    assert!(answer["content"].as_str().unwrap().contains("harbour"), "{answer}");
    assert_eq!(answer["citations"][0]["quote"], HARBOUR);
    // Visitors add nothing, so they are not invited to.
    let unknown = visitor.asks(&clone, "What is the boiling point of titanium in kelvin?").await;
    assert_eq!(unknown.is(201)["message"]["content"], "I have no memory of that.");
    let conversation = text(&answer["conversation_id"]);
    let at = format!("/conversations/{conversation}");
    let message = format!("{at}/messages/{}", id(answer));
    visitor.get(&at).await.is(200);
    visitor.get(&format!("{at}/messages")).await.is(200);
    assert_eq!(visitor.get(&format!("{at}/export?format=md")).await.status, 200);
    let again = json!({"regenerate_of": answer["id"]});
    visitor.post(&format!("{at}/messages"), again).await.is(201);
    let rating = visitor.client.put(&format!("{message}/feedback"), json!({"rating": 1}));
    visitor.with(rating).await.is(200);
    visitor.post(&format!("{message}/stop"), json!({})).await.is(200);
    let whole = visitor.with(server.client().get(&format!("{message}/events"))).events().await;
    assert_eq!(whole.rest().await.last().unwrap().name, "done");
    assert_eq!(visitor.get("/share").await.is(200)["messages_left"], 2);
    assert_eq!(items(&visitor.get("/conversations").await.is(200)).len(), 2);
    assert!(items(&ada.get("/conversations").await.is(200)).is_empty());
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["conversation_count"], 0);
    ada.get(&at).await.problem(404, "not_found");
    visitor.delete(&at).await.is(204);
    visitor.get(&at).await.problem(404, "not_found");
    assert!(items(&ada.get("/trash").await.is(200)).is_empty());
    let link = &links_of(&ada, &clone).await[0];
    assert_eq!((&link["messages_used"], &link["visitors"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_visitor_gets_at_nothing_but_the_conversation() {
    let server = Server::start().await;
    let (ada, clone, _, token) = shared(&server, json!({})).await;
    let other = ada.new_clone("Anna").await;
    let visitor = Visitor::own(&server, &token, NINA);
    for path in [
        format!("/clones/{clone}"),
        format!("/clones/{clone}/memories"),
        format!("/clones/{clone}/search?q=harbour"),
        format!("/clones/{clone}/timeline"),
        format!("/clones/{clone}/share-links"),
        "/clones".to_owned(),
        "/auth/me".to_owned(),
        "/trash".to_owned(),
        "/spaces".to_owned(),
    ] {
        visitor.get(&path).await.problem(403, "session_required");
    }
    let memory = json!({"content": "Planted by a visitor."});
    let path = format!("/clones/{clone}/memories");
    visitor.post(&path, memory).await.problem(403, "session_required");
    visitor.asks(&other, "Hello?").await.problem(404, "not_found");
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, "Where did you meet?").await;
    let foreign = json!({"content": "Hello?", "conversation_id": conversation});
    visitor.post(&format!("/clones/{clone}/chat"), foreign).await.problem(404, "not_found");
    visitor.get(&format!("/conversations/{conversation}")).await.problem(404, "not_found");
    let own = visitor.post(&format!("/clones/{clone}/conversations"), json!({})).await.is(201);
    let say = format!("/conversations/{}/messages", id(&own));
    let below = json!({"content": "Hello?", "parent_id": answer["id"]});
    visitor.post(&say, below).await.invalid(&["/parent_id"]);
    let again = json!({"regenerate_of": answer["id"]});
    visitor.post(&say, again).await.problem(404, "not_found");
    // Beginning a conversation costs as a message; nothing was answered.
    assert_eq!(visitor.get("/share").await.is(200)["messages_left"], 199);
}

#[tokio::test]
async fn two_visitors_of_one_link_know_nothing_of_each_other() {
    let server = Server::start().await;
    let (_, clone, _, token) = shared(&server, json!({})).await;
    let (nina, olaf) = (Visitor::own(&server, &token, NINA), Visitor::own(&server, &token, OLAF));
    let bare = Visitor::by(&server, &token);
    let said = nina.asks(&clone, "Where did you meet?").await.is(201);
    let conversation = text(&said["message"]["conversation_id"]);
    let at = format!("/conversations/{conversation}");
    for other in [&olaf, &bare] {
        for path in [at.clone(), format!("{at}/messages"), format!("{at}/export?format=txt")] {
            other.get(&path).await.problem(404, "not_found");
        }
        let more = json!({"content": "And then?"});
        other.post(&format!("{at}/messages"), more).await.problem(404, "not_found");
        other.delete(&at).await.problem(404, "not_found");
        assert!(items(&other.get("/conversations").await.is(200)).is_empty());
        let path = format!("/clones/{clone}/conversations");
        assert!(items(&other.get(&path).await.is(200)).is_empty());
    }
    // Who tells nothing of themselves can go on where they know they were, and is shown no list.
    let said = bare.asks(&clone, "Where did you meet?").await.is(201);
    let at = format!("/conversations/{}", text(&said["message"]["conversation_id"]));
    bare.post(&format!("{at}/messages"), json!({"content": "And then?"})).await.is(201);
    assert!(items(&bare.get("/conversations").await.is(200)).is_empty());
    nina.get(&at).await.problem(404, "not_found");
}

#[tokio::test]
async fn memories_that_are_not_for_the_space_reach_no_visitor_and_no_model() {
    let llm = Llm::start().await;
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, clone, _, token) = shared(&server, json!({})).await;
    for visibility in ["author", "stewards"] {
        let content = format!("The harbour secret of the {visibility} is a blue umbrella.");
        let memory = json!({"content": content, "visibility": visibility});
        ada.remember_as(&clone, memory).await;
    }
    let visitor = Visitor::own(&server, &token, NINA);
    let question = "We met at the harbour in July 1962: what is the secret of the umbrella?";
    let said = visitor.asks(&clone, question).await.is(201);
    assert!(!said["message"].to_string().contains("harbour secret"), "{said}");
    let asked = llm.asked().last().unwrap().body.to_string();
    assert!(asked.contains("rained all day long"), "{asked}");
    assert!(!asked.contains("secret of the author") && !asked.contains("secret of the stewards"));
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, question).await;
    assert!(answer["citations"].to_string().contains("secret of the author"), "{answer}");
    ada.patch(
        &format!("/clones/{clone}/settings"),
        json!({"grounding": "verbatim", "llm": {
            "provider": "builtin",
        }}),
    )
    .await
    .is(200);
    let said = visitor.asks(&clone, question).await.is(201);
    assert!(!said["message"].to_string().contains("secret of the"), "{said}");
}

#[tokio::test]
async fn of_a_hundred_messages_at_once_exactly_those_that_are_left_get_through() {
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_STREAMS_PER_ACCOUNT", "200")]).await;
    let choices = json!({"message_budget": 12, "messages_per_hour": 1_000});
    let (ada, clone, _, token) = shared(&server, choices).await;
    let mut asking = tokio::task::JoinSet::new();
    for i in 0..100 {
        let secret = format!("{NINA}{:02}", i % 5);
        let ask = Visitor::own(&server, &token, &secret).asks(&clone, "Where did you meet?");
        asking.spawn(async move { ask.await });
    }
    let replies = asking.join_all().await;
    let with = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((with(201), with(402)), (12, 88));
    let visitor = Visitor::own(&server, &token, &format!("{NINA}00"));
    let refused = visitor.asks(&clone, "And then?").await.problem(402, "share_budget_spent");
    assert!(text(&refused["detail"]).contains("ask whoever gave it to you"));
    let begin = visitor.post(&format!("/clones/{clone}/conversations"), json!({}));
    begin.await.problem(402, "share_budget_spent");
    assert_eq!(visitor.get("/share").await.is(200)["messages_left"], 0);
    visitor.get("/conversations").await.is(200);
    let link = &links_of(&ada, &clone).await[0];
    assert_eq!((&link["messages_used"], &link["state"]), (&json!(12), &json!("spent")));
}

#[tokio::test]
async fn a_link_takes_so_many_messages_an_hour_and_says_so() {
    let server = Server::start().await;
    let (_, clone, _, token) = shared(&server, json!({"messages_per_hour": 2})).await;
    let visitor = Visitor::own(&server, &token, NINA);
    for left in [1, 0] {
        let reply = visitor.asks(&clone, "Where did you meet?").await;
        assert_eq!(reply.status, 201);
        assert_eq!(reply.header("ratelimit-policy"), Some("\"share\";q=2;w=3600"));
        let state = reply.header("ratelimit").unwrap();
        assert!(state.starts_with(&format!("\"share\";r={left};t=")), "{state}");
    }
    // All who have the link share its hour.
    let other = Visitor::own(&server, &token, OLAF);
    let refused = other.asks(&clone, "Where did you meet?").await;
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 3_600);
    refused.problem(429, "rate_limited");
    other.get("/share").await.is(200);
    server.advance(Duration::from_secs(3_600)).await;
    other.asks(&clone, "Where did you meet?").await.is(201);
}

#[tokio::test]
async fn a_link_ends_by_the_clock_and_what_was_said_goes_with_it() {
    let mut server = Server::start().await;
    let until_then = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
    let choices = json!({"expires_at": until_then.to_string()});
    let (ada, clone, _, token) = shared(&server, choices).await;
    let visitor = Visitor::own(&server, &token, NINA);
    visitor.asks(&clone, "Where did you meet?").await.is(201);
    assert_eq!(links_of(&ada, &clone).await[0]["visitors"], 1);
    until("the link ends", || async { (visitor.get("/share").await.status == 401).then_some(()) })
        .await;
    let refused = visitor.asks(&clone, "Hello?").await.problem(401, "share_link_expired");
    assert!(text(&refused["detail"]).contains("ended"));
    // What has ended is swept away now and then, and at every start.
    server.restart().await;
    let ada = server.again(&ada);
    until("the conversations are swept away", || async {
        let link = links_of(&ada, &clone).await.remove(0);
        assert_eq!(link["state"], "expired");
        (link["visitors"] == 0).then_some(())
    })
    .await;
}

/// Every answer goes on for longer than a test does.
fn talks_on(llm: &Llm) {
    let tokens = vec!["word "; 400];
    llm.always(Act::Answer(Answer::of(&tokens).every(Duration::from_millis(50)).ending(End::Hang)));
}

#[tokio::test]
async fn revoking_a_link_ends_what_runs_within_a_second_and_erases_it() {
    let llm = Llm::start().await;
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, clone, link, token) = shared(&server, json!({})).await;
    talks_on(&llm);
    let visitor = Visitor::own(&server, &token, NINA);
    let mut events = visitor.asks(&clone, "Where did you meet?").events().await;
    let start = events.next().await.unwrap();
    while events.next().await.unwrap().name != "delta" {}
    ada.delete(&format!("/clones/{clone}/share-links/{link}")).await.is(204);
    let revoked = Instant::now();
    let last = events.rest().await.pop().unwrap();
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    assert_eq!((&*last.name, &last.data["code"]), ("error", &json!("unauthenticated")));
    assert!(llm.abandons(1, Duration::from_secs(5)).await, "the model went on");
    let path = format!("/conversations/{}", text(&start.data["conversation_id"]));
    visitor.get(&path).await.problem(401, "unauthenticated");
    assert!(links_of(&ada, &clone).await.is_empty());
    ada.delete(&format!("/clones/{clone}/share-links/{link}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_repeated_request_is_refused_after_the_link_was_revoked() {
    let server = Server::start().await;
    let (ada, clone, link, token) = shared(&server, json!({})).await;
    let visitor = Visitor::own(&server, &token, NINA);
    let ask = || visitor.asks(&clone, "Where did you meet?").header("idempotency-key", "once");
    let (first, second) = (ask().await.is(201), ask().await.is(201));
    assert_eq!(first, second);
    assert_eq!(visitor.get("/share").await.is(200)["messages_left"], 199, "one was counted");
    ada.delete(&format!("/clones/{clone}/share-links/{link}")).await.is(204);
    ask().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_link_is_worth_what_its_maker_may() {
    let server = Server::start().await;
    let (ada, sam, space, clone) = family(&server, "steward").await;
    let (_, token) = link_to(&sam, &clone, json!({})).await;
    let visitor = Visitor::own(&server, &token, NINA);
    let works = || async { visitor.get("/share").await.status == 200 };
    // Nobody talks with the clones of somebody of whom all is only stored.
    assert!(works().await);
    ada.put("/auth/me/restriction", json!({})).await.is(204);
    visitor.asks(&clone, "Hello?").await.problem(401, "share_link_paused");
    ada.delete("/auth/me/restriction").await.is(204);
    let member = format!("/spaces/{space}/members/{}", account_id(&sam).await);
    assert!(works().await);
    ada.patch(&member, json!({"role": "contributor"})).await.is(200);
    visitor.get("/share").await.problem(401, "share_link_paused");
    visitor.asks(&clone, "Hello?").await.problem(401, "share_link_paused");
    assert_eq!(links_of(&ada, &clone).await[0]["state"], "paused");
    ada.patch(&member, json!({"role": "steward"})).await.is(200);
    assert!(works().await);
    let maker = format!("/admin/users/{}", account_id(&sam).await);
    ada.patch(&maker, json!({"suspended": true})).await.is(200);
    visitor.get("/share").await.problem(401, "share_link_paused");
    ada.patch(&maker, json!({"suspended": false})).await.is(200);
    assert!(works().await);
    ada.delete(&format!("/clones/{clone}")).await.is(204);
    visitor.get("/share").await.problem(401, "share_link_paused");
    ada.post(&format!("/trash/{clone}/restore"), json!({})).await.is(204);
    assert!(works().await);
    ada.delete(&member).await.is(204);
    visitor.get("/share").await.problem(401, "share_link_paused");
    // The owner ends what a former steward began.
    let link = id(&links_of(&ada, &clone).await[0]);
    ada.delete(&format!("/clones/{clone}/share-links/{link}")).await.is(204);
}

#[tokio::test]
async fn a_link_stops_when_its_maker_withdraws_consent() {
    let server = Server::start().await;
    let (ada, clone, _, token) = shared(&server, json!({})).await;
    let visitor = Visitor::own(&server, &token, NINA);
    ada.patch("/auth/me/consent", json!({"data_processing": false})).await.is(200);
    visitor.asks(&clone, "Hello?").await.problem(401, "share_link_paused");
}

#[tokio::test]
async fn what_opens_nothing_is_refused_in_the_same_words() {
    let server = Server::start().await;
    let (ada, clone, link, token) = shared(&server, json!({})).await;
    let (_, other) = link_to(&ada, &clone, json!({})).await;
    ada.delete(&format!("/clones/{clone}/share-links/{link}")).await.is(204);
    let mut mistyped = other.clone().into_bytes();
    mistyped[30] = if mistyped[30] == b'a' { b'b' } else { b'a' };
    let mistyped = String::from_utf8(mistyped).unwrap();
    let short = format!("{other}.short");
    let strange = format!("{other}.{}", "é".repeat(32));
    let long = format!("{other}.{}", "x".repeat(65));
    let mut words = Vec::new();
    for bad in [&*token, &mistyped, &short, &strange, &long, "", "nonsense", &other[..64]] {
        let refused = Visitor::by(&server, bad).get("/share").await;
        assert_eq!(refused.status, 401, "{bad}");
        // Nothing, and what cannot be in a header at all, is no link.
        if bad.is_ascii() && !bad.is_empty() {
            words.push(text(&refused.json()["detail"]));
        }
    }
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    Visitor::by(&server, &other).get("/share").await.is(200);
    server.client().with_token(&other).get("/share").await.problem(401, "unauthenticated");
    let in_query = format!("/share?token={other}");
    server.client().get(&in_query).await.problem(401, "unauthenticated");
    // A bad link is not made good by a good sign-in beside it, nor a link by none.
    let ask = ada.get("/conversations").header("authorization", "Share nonsense");
    ask.await.problem(401, "unauthenticated");
    ada.get("/share").await.problem(403, "share_link_required");
}

#[tokio::test]
async fn a_link_that_makes_no_sense_is_not_made() {
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_SHARE_LINKS_PER_CLONE", "2")]).await;
    let (ada, clone, link, _) = shared(&server, json!({})).await;
    let path = format!("/clones/{clone}/share-links");
    for (field, value) in [
        ("label", json!("x".repeat(101))),
        ("expires_at", json!("2001-01-01T00:00:00Z")),
        ("expires_at", json!("2101-01-01T00:00:00Z")),
        ("expires_at", json!("soon")),
        ("message_budget", json!(0)),
        ("message_budget", json!(10_001)),
        ("messages_per_hour", json!(0)),
        ("messages_per_hour", json!(1_001)),
        ("clone_ids", json!([])),
    ] {
        let pointer = format!("/{field}");
        ada.post(&path, json!({field: value})).await.invalid(&[&pointer]);
    }
    link_to(&ada, &clone, json!({})).await;
    ada.post(&path, json!({})).await.problem(409, "too_many_share_links");
    ada.delete(&format!("{path}/{link}")).await.is(204);
    // One that has ended makes room.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let make = || {
        let body = json!({"expires_at": soon.to_string()});
        ada.post(&path, body).header("idempotency-key", "soon")
    };
    let ending = id(&make().await.is(201));
    ada.post(&path, json!({})).await.problem(409, "too_many_share_links");
    server.advance(Duration::from_secs(61)).await;
    assert_eq!(id(&make().await.is(201)), ending, "a repeated wish is the same whatever the time");
    let (another, _) = link_to(&ada, &clone, json!({})).await;
    let all = links_of(&ada, &clone).await;
    let there = |id: &str| all.iter().any(|link| link["id"] == id);
    assert!(there(&another) && !there(&ending));
}

#[tokio::test]
async fn the_end_of_a_link_is_said_to_who_is_reading() {
    let llm = Llm::start().await;
    let server = Server::answering_from(&llm.base_url()).await;
    let (_ada, clone, _, token) = shared(&server, json!({})).await;
    talks_on(&llm);
    let visitor = Visitor::own(&server, &token, NINA);
    let mut events = visitor.asks(&clone, "Where did you meet?").events().await;
    while events.next().await.unwrap().name != "delta" {}
    server.advance(Duration::from_secs(40 * 24 * 60 * 60)).await;
    let last = events.rest().await.pop().unwrap();
    assert_eq!((&*last.name, &last.data["code"]), ("error", &json!("share_link_expired")));
}

#[tokio::test]
async fn a_conversation_that_is_begun_without_a_word_costs_as_a_message() {
    let server = Server::start().await;
    let choices = json!({"message_budget": 100, "messages_per_hour": 3});
    let (_ada, clone, _, token) = shared(&server, choices).await;
    let begin = |n: u32| {
        let visitor = Visitor::own(&server, &token, &format!("{NINA}{n}"));
        visitor.post(&format!("/clones/{clone}/conversations"), json!({}))
    };
    for n in 0..3 {
        begin(n).await.is(201);
    }
    begin(3).await.problem(429, "rate_limited");
    let visitor = Visitor::own(&server, &token, NINA);
    assert_eq!(visitor.get("/share").await.is(200)["messages_left"], 97);
}

#[tokio::test]
async fn visitors_of_links_cannot_fill_the_audit_log() {
    let server = Server::start().await;
    let (ada, _, _, token) = shared(&server, json!({})).await;
    for n in 0..20 {
        let visitor = Visitor::own(&server, &token, &format!("{NINA}{n}"));
        visitor.get("/admin/users").await.problem(403, "session_required");
    }
    let ben = server.account("ben").await;
    ben.get("/admin/users").await.problem(403, "admin_only");
    let refused =
        || async { items(&ada.get("/admin/audit?event=admin_refused").await.is(200)).len() };
    until("Ben's try is written down", || async { (refused().await > 0).then_some(()) }).await;
    assert_eq!(refused().await, 1);
}
