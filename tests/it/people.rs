//! On whose word clones exist: oneself, somebody who lives, somebody who has died; and clones
//! that rest.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, each, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::server::Server;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A family: Ada owns its space, Sam is a steward there, Ben a visitor.
struct House {
    server: Server,
    ada: Client,
    sam: Client,
    ben: Client,
    space: String,
    clone: String,
}

impl House {
    async fn with_clone_of(subject: &str) -> Self {
        Self::on(Server::start().await, subject).await
    }

    async fn on(server: Server, subject: &str) -> Self {
        let ada = server.admin().await;
        let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
        let (sam, ben) = (server.account("sam").await, server.account("ben").await);
        sam.joins(&ada, &space, "steward").await;
        ben.joins(&ada, &space, "visitor").await;
        let body = json!({"name": "Rosa", "subject": subject, "space_id": space});
        let clone = id(&ada.post("/clones", body).await.is(201));
        ada.remember(&clone, "We swam in the lake behind the mill.").await;
        Self { server, ada, sam, ben, space, clone }
    }

    fn at(&self, below: &str) -> String {
        format!("/clones/{}{below}", self.clone)
    }

    async fn stands(&self) -> Value {
        self.ada.get(&self.at("/standing")).await.is(200)
    }

    async fn open(&self) {
        self.ada.patch(&self.at(""), json!({"visibility": "space"})).await.is(200);
    }

    async fn chat(&self, who: &Client) -> crate::support::reply::Reply {
        who.post(&self.at("/chat"), json!({"content": "Where did you swim?"})).await
    }

    async fn sets(&self, who: &Client, state: &str) -> crate::support::reply::Reply {
        who.put(&self.at("/state"), json!({"state": state})).await
    }
}

/// What the living person sees and says by their link.
async fn asked(anybody: &Client, token: &str, locale: &str) -> Value {
    let path = format!("/subject-consents/show?locale={locale}");
    anybody.post(&path, json!({"token": token})).await.is(200)
}

async fn answers(anybody: &Client, token: &str, agreed: bool) -> Value {
    let shown = asked(anybody, token, "fr").await;
    let body = json!({
        "token": token, "agreed": agreed, "name": "Rosa Meyer",
        "text_sha256": shown["about"]["text_sha256"],
    });
    anybody.post("/subject-consents/answer", body).await.is(200)
}

async fn topics(client: &Client) -> Vec<String> {
    let inbox = client.get("/notifications").await.is(200);
    each(&items(&inbox), "topic").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_clone_of_somebody_living_is_opened_by_nobody_but_them() {
    let house = House::with_clone_of("living").await;
    let House { ada, sam, ben, .. } = &house;
    let wide = json!({"name": "Max", "space_id": house.space, "visibility": "space"});
    ada.post("/clones", wide).await.problem(409, "standing_required");
    for reach in ["space", "public"] {
        let change = json!({"visibility": reach});
        ada.patch(&house.at(""), change).await.problem(409, "standing_required");
    }
    ada.post(&house.at("/share-links"), json!({})).await.problem(409, "standing_required");
    // Those who make it fill it, and talk with it.
    sam.remember(&house.clone, "She laughed a lot.").await;
    house.chat(sam).await.is(201);
    ben.get(&house.at("")).await.problem(404, "not_found");
    let stands = house.stands().await;
    assert_eq!((&stands["ground"], &stands["may_be_opened"]), (&json!("not_said"), &json!(false)));
    // Nobody speaks for them.
    let text_sha256 = stands["texts"][1]["text_sha256"].clone();
    let body = json!({"subject": "living", "text_sha256": text_sha256});
    ada.post(&house.at("/declarations"), body).await.invalid(&["/subject"]);

    let anybody = house.server.client();
    let first = ada.ask(Method::POST, &house.at("/subject-consent")).await.is(201);
    let made = sam.ask(Method::POST, &house.at("/subject-consent")).await.is(201);
    let token = text(&made["token"]);
    let shown = json!({"token": first["token"]});
    let replaced = anybody.post("/subject-consents/show", shown).await;
    replaced.problem(404, "subject_link_invalid");
    let shown = asked(&anybody, &token, "en").await;
    assert_eq!((&shown["clone_name"], &shown["memory_count"]), (&json!("Rosa"), &json!(2)));
    assert!(text(&shown["about"]["text"]).contains("always says that it is an AI"));
    assert!(text(&asked(&anybody, &token, "fr").await["about"]["text"]).contains("une IA"));
    assert!(house.stands().await["asked_until"].is_string());
    let wrong = json!({"token": token, "agreed": true, "name": "R", "text_sha256": "0"});
    anybody.post("/subject-consents/answer", wrong).await.invalid(&["/text_sha256"]);
    let said = answers(&anybody, &token, true).await;
    assert_eq!((&said["agreed"], &said["expires_at"]), (&json!(true), &Value::Null));
    assert_eq!(topics(ada).await, ["subject_agreed"]);
    let stands = house.stands().await;
    assert_eq!((&stands["ground"], &stands["may_be_opened"]), (&json!("agreed"), &json!(true)));
    assert_eq!(
        (&stands["answers"][0]["name"], &stands["answers"][0]["locale"]),
        (&json!("Rosa Meyer"), &json!("fr"))
    );
    house.open().await;
    house.chat(ben).await.is(201);
    let said = ben.get(&house.at("/standing")).await.is(200);
    assert_eq!(said["answers"], json!([]), "what she said is for those who look after it");
}

#[tokio::test]
async fn what_the_living_take_back_pauses_their_clone_at_once_and_nobody_else_wakes_it() {
    let llm = Llm::start().await;
    let hang = Answer::of(&["We swam"]).ending(End::Hang);
    let server = Server::answering_from(&llm.base_url()).await;
    let house = House::on(server, "living").await;
    let anybody = house.server.client();
    let made = house.ada.ask(Method::POST, &house.at("/subject-consent")).await.is(201);
    let token = text(&made["token"]);
    answers(&anybody, &token, true).await;
    house.open().await;
    // Long after the link could be answered for the first time.
    house.server.advance(60 * DAY).await;
    let ada = house.server.signed_in("admin@example.org").await;
    let ben = house.server.signed_in("ben@example.org").await;
    let link = ada.post(&house.at("/share-links"), json!({})).await.is(201);
    let share = format!("Share {}", text(&link["token"]));
    anybody.get("/share").header("authorization", &share).await.is(200);
    let talk = ada.converse(&house.clone).await;
    llm.then(Act::Answer(hang));
    let mut events = ada.say_streaming(&talk, "Where did you swim?").await;
    while events.next().await.expect("a delta").name != "delta" {}
    let since = Instant::now();
    answers(&anybody, &token, false).await;
    let last = events.next().await.expect("a last word");
    assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!("clone_paused")));
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    drop(events);

    let stopped = anybody.get("/share").header("authorization", &share).await;
    stopped.problem(409, "clone_paused");
    house.chat(&ada).await.problem(409, "clone_paused");
    ben.get(&house.at("")).await.problem(404, "not_found");
    for (verb, path, body) in [
        (Method::PUT, "/state", json!({"state": "active"})),
        (Method::POST, "/subject-consent", json!({})),
        (Method::PATCH, "", json!({"subject": "fictional"})),
    ] {
        let asked = ada.ask(verb, &house.at(path));
        let asked = if path == "/subject-consent" { asked } else { asked.json(&body) };
        asked.await.problem(409, "subject_refused");
    }
    let stands = ada.get(&house.at("/standing")).await.is(200);
    let text_sha256 = stands["texts"][2]["text_sha256"].clone();
    let dead = json!({"subject": "deceased", "text_sha256": text_sha256, "relation": "aunt",
        "own_words": "She was mine."});
    ada.post(&house.at("/declarations"), dead).await.problem(409, "subject_refused");
    assert_eq!(
        (&stands["state"], &stands["rests_because"]),
        (&json!("paused"), &json!(["subject"]))
    );
    // What was told stays readable, and more can be told.
    ada.get(&house.at("/memories")).await.is(200);
    ada.remember(&house.clone, "It rained.").await;
    answers(&anybody, &token, true).await;
    assert_eq!(ben.get(&house.at("")).await.is(200)["state"], "active");
    anybody.get("/share").header("authorization", &share).await.is(200);
}

#[tokio::test]
async fn who_vouches_for_a_clone_is_kept_with_the_words_that_they_read() {
    let house = House::with_clone_of("living").await;
    let House { ada, sam, ben, .. } = &house;
    let declare = |subject: &str, sha: &Value| {
        json!({"subject": subject, "text_sha256": sha, "relation": "aunt",
            "own_words": "We lived in one house."})
    };
    let texts = sam.get(&house.at("/standing?locale=fr")).await.is(200)["texts"].clone();
    let of = |subject: &str| {
        let mut texts = texts.as_array().unwrap().iter();
        texts.find(|shown| shown["subject"] == subject).unwrap().clone()
    };
    let (own, dead) = (of("self"), of("deceased"));
    let path = house.at("/declarations");
    let claim = declare("self", &own["text_sha256"]);
    sam.post(&path, claim.clone()).await.problem(403, "not_oneself");
    ben.post(&path, claim.clone()).await.problem(404, "not_found");
    ada.post(&path, declare("self", &dead["text_sha256"])).await.invalid(&["/text_sha256"]);
    let bare = json!({"subject": "deceased", "text_sha256": dead["text_sha256"]});
    sam.post(&path, bare).await.invalid(&["/relation", "/own_words"]);
    let said = ada.post(&path, claim).await.is(201);
    assert_eq!((&said["subject"], &said["ground"]), (&json!("self"), &json!("declared")));
    // What is said of another subject says nothing of this one.
    ada.patch(&house.at(""), json!({"subject": "deceased"})).await.is(200);
    assert_eq!(house.stands().await["ground"], "not_said");
    let said = sam.post(&path, declare("deceased", &dead["text_sha256"])).await.is(201);
    let kept = said["declarations"].as_array().unwrap();
    assert_eq!((&kept[0]["number"], &kept[1]["number"]), (&json!(2), &json!(1)));
    assert_eq!(kept[0]["about"], dead, "word for word, in the language that was read");
    assert_eq!(
        (&kept[0]["relation"], &kept[0]["declared_by_name"]),
        (&json!("aunt"), &json!("sam"))
    );
    house.open().await;
    let change = json!({"subject": "living"});
    ada.patch(&house.at(""), change).await.problem(409, "standing_required");
}

#[tokio::test]
async fn an_objection_lets_a_clone_rest_until_who_made_it_takes_it_back() {
    let house = House::with_clone_of("deceased").await;
    let House { ada, sam, ben, .. } = &house;
    let objection = json!({"relation": "grandson", "own_words": "She would have hated it."});
    ben.post(&house.at("/objections"), objection.clone()).await.problem(404, "not_found");
    ada.vouches(&house.clone, "deceased").await;
    house.open().await;
    ada.patch(&house.at(""), json!({"visibility": "public"})).await.is(200);
    let stranger = house.server.account("stranger").await;
    let refused = stranger.post(&house.at("/objections"), objection.clone()).await;
    refused.problem(403, "forbidden");
    house.open().await;
    let said = ben.post(&house.at("/objections"), objection.clone()).await.is(201);
    assert_eq!((&said["state"], &said["rests_because"]), (&json!("paused"), &json!(["objection"])));
    ben.post(&house.at("/objections"), objection).await.is(201);
    assert!(topics(ada).await.contains(&"clone_objected".to_owned()), "its keepers are told");
    let seen = ada.get(&house.at("/standing")).await.is(200)["objections"].clone();
    assert_eq!(seen.as_array().unwrap().len(), 1, "said twice, it is one");
    assert_eq!((&seen[0]["own"], &seen[0]["made_by_name"]), (&json!(false), &json!("ben")));
    for who in [ada, sam, ben] {
        house.chat(who).await.problem(409, "clone_paused");
    }
    house.sets(ada, "active").await.problem(409, "clone_objected");
    let theirs = house.at(&format!("/objections/{}", id(&seen[0])));
    for other in [ada, sam, &stranger] {
        other.delete(&theirs).await.problem(404, "not_found");
    }
    // Whoever is taken out of the space is not silenced by that, and can still take it back.
    let me = id(&ben.get("/auth/me").await.is(200));
    ada.delete(&format!("/spaces/{}/members/{me}", house.space)).await.is(204);
    house.chat(ada).await.problem(409, "clone_paused");
    ben.delete(&theirs).await.is(204);
    house.chat(ada).await.is(201);
    assert!(topics(sam).await.contains(&"objection_withdrawn".to_owned()));
    let fictional = ada.new_clone("Nobody").await;
    let body = json!({"relation": "niece"});
    let path = format!("/clones/{fictional}/objections");
    ada.post(&path, body).await.problem(409, "objection_not_possible");
}

#[tokio::test]
async fn a_clone_that_rests_is_read_and_told_more_and_talks_with_nobody() {
    let house = House::with_clone_of("fictional").await;
    let House { ada, sam, ben, .. } = &house;
    house.open().await;
    let talk = ben.converse(&house.clone).await;
    ben.say(&talk, "Where did you swim?").await;
    let link = sam.post(&house.at("/share-links"), json!({})).await.is(201);
    let share = format!("Share {}", text(&link["token"]));
    house.sets(ben, "paused").await.problem(403, "forbidden");
    assert_eq!(house.sets(sam, "paused").await.is(200)["rests_because"], json!(["chosen"]));
    assert_eq!(topics(ben).await, ["clone_paused"]);
    house.chat(ben).await.problem(409, "clone_paused");
    let begin = json!({});
    ben.post(&house.at("/conversations"), begin).await.problem(409, "clone_paused");
    let say = format!("/conversations/{talk}/messages");
    ben.post(&say, json!({"content": "And then?"})).await.problem(409, "clone_paused");
    let visitor = house.server.client();
    let visit = |path: &str| visitor.get(path).header("authorization", &share);
    visit("/share").await.problem(409, "clone_paused");
    assert_eq!(ben.messages(&talk).await.len(), 2, "what was said can be read");
    sam.remember(&house.clone, "It rained on Sundays.").await;
    ada.get("/auth/me/export?format=json").await.is(200);
    let links = items(&ada.get(&house.at("/share-links")).await.is(200));
    assert_eq!(links[0]["state"], "paused");
    house.sets(sam, "active").await.problem(403, "forbidden");
    house.sets(ada, "active").await.is(200);
    house.chat(ben).await.is(201);
    visit("/share").await.is(200);
    assert!(topics(ben).await.contains(&"clone_woken".to_owned()));
}

#[tokio::test]
async fn a_clone_that_was_retired_wakes_within_thirty_days_or_for_who_proves_who_they_are() {
    let house = House::with_clone_of("fictional").await;
    let House { ada, sam, ben, .. } = &house;
    house.open().await;
    let farewell = json!({"state": "retired", "farewell": "She told us all she could."});
    sam.put(&house.at("/state"), farewell.clone()).await.problem(403, "forbidden");
    ada.put(&house.at("/state"), farewell.clone()).await.is(200);
    let seen = ben.get(&house.at("")).await.is(200);
    assert_eq!(
        (&seen["state"], &seen["farewell"]),
        (&json!("retired"), &json!("She told us all she could."))
    );
    house.chat(ben).await.problem(409, "clone_retired");
    ada.post(&house.at("/share-links"), json!({})).await.problem(409, "clone_retired");
    let more = json!({"content": "More."});
    sam.post(&house.at("/memories"), more.clone()).await.problem(409, "clone_retired");
    let many = json!({"memories": [more]});
    sam.post(&house.at("/memories/batch"), many).await.problem(409, "clone_retired");
    let person = json!({"name": "Paul"});
    sam.post(&house.at("/people"), person).await.problem(409, "clone_retired");
    assert_eq!(items(&ben.get(&house.at("/memories")).await.is(200)).len(), 1);
    house.server.advance(29 * DAY).await;
    let again = || async { house.server.signed_in("admin@example.org").await };
    house.sets(&again().await, "active").await.is(200);
    let ada = again().await;
    ada.put(&house.at("/state"), farewell).await.is(200);
    house.server.advance(31 * DAY).await;
    let ada = again().await;
    house.server.advance(Duration::from_secs(6 * 60)).await;
    house.sets(&ada, "paused").await.problem(401, "reauth_required");
    house.sets(&ada, "active").await.problem(401, "reauth_required");
    house.sets(&again().await, "active").await.is(200);
    assert_eq!(again().await.get(&house.at("")).await.is(200)["farewell"], Value::Null);
}
