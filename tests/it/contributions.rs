//! What contributors write waits until somebody who looks after the clone lets it in.

use hyper::Method;
use serde_json::{Value, json};

use crate::isolation::is_settled;
use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;

/// A clone in a space: its owner, a steward, two contributors and a visitor.
struct House {
    server: Server,
    ada: Client,
    sam: Client,
    ben: Client,
    eve: Client,
    vic: Client,
    clone: String,
}

impl House {
    async fn new() -> Self {
        let server = Server::start().await;
        let ada = server.admin().await;
        let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
        let maria = json!({
            "name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space",
        });
        let clone = id(&ada.post("/clones", maria).await.is(201));
        let joined = async |name, role| {
            let other = server.account(name).await;
            other.joins(&ada, &space, role).await;
            other
        };
        let sam = joined("sam", "steward").await;
        let ben = joined("ben", "contributor").await;
        let eve = joined("eve", "contributor").await;
        let vic = joined("vic", "visitor").await;
        Self { server, ada, sam, ben, eve, vic, clone }
    }

    fn memory(&self, id: &str) -> String {
        format!("/clones/{}/memories/{id}", self.clone)
    }

    async fn waiting(&self, who: &Client) -> Vec<String> {
        let path = format!("/clones/{}/contributions", self.clone);
        items(&who.get(&path).await.is(200)).iter().map(id).collect()
    }

    async fn decides(&self, who: &Client, memory: &str, word: &str, more: Value) -> Value {
        let path = self.memory(memory);
        let mut body = json!({"revision": who.get(&path).await.is(200)["revision"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let status = if word == "approve" { 200 } else { 204 };
        who.post(&format!("{path}/{word}"), body).await.is(status)
    }

    /// Whether somebody sees a memory in every way there is to see one, and finds these words.
    async fn sees(&self, who: &Client, memory: &str, words: &str) -> (bool, bool) {
        is_settled(&self.server).await;
        let clone = format!("/clones/{}", self.clone);
        let own = who.get(&self.memory(memory)).await.status == 200;
        let timeline = who.get(&format!("{clone}/timeline")).await.is(200);
        for list in [
            who.get(&format!("{clone}/memories")).await.is(200),
            who.get("/memories").await.is(200),
            timeline,
        ] {
            assert_eq!(list.to_string().contains(memory), own);
        }
        let revisions = who.get(&format!("{}/revisions", self.memory(memory))).await.status;
        assert_eq!(revisions == 200, own);
        let mut found = false;
        for mode in ["text", "vector", "hybrid"] {
            let q = words.replace(' ', "+");
            let path = format!("{clone}/search?q={q}&mode={mode}");
            let hits = who.get(&path).await.is(200).to_string();
            found |= hits.contains(words);
        }
        let conversation = who.converse(&self.clone).await;
        let (_, answer) = who.say(&conversation, &format!("{words}?")).await;
        assert_eq!(answer["citations"].to_string().contains(words), found, "{answer}");
        (own, found)
    }
}

async fn topics(client: &Client) -> Vec<String> {
    let inbox = client.get("/notifications").await.is(200);
    each(&items(&inbox), "topic").into_iter().map(str::to_owned).collect()
}

async fn attach(who: &Client, memory: &str, name: &str) -> String {
    let asked = who.ask(Method::POST, &format!("{memory}/attachments"));
    id(&asked.form(name, "text/plain", format!("This is {name}.").as_bytes(), None).await.is(201))
}

fn count(of: &Value) -> i64 {
    of["memory_count"].as_i64().unwrap()
}

#[tokio::test]
async fn a_contribution_answers_nothing_until_it_is_let_in() {
    let house = House::new().await;
    let House { ada, sam, ben, eve, vic, .. } = &house;
    let words = "zeppelin over Friedrichshafen";
    let told = json!({
        "content": format!("She saw the {words}."), "people": ["Hugo"], "occurred_at": "1936",
    });
    let made = ben.remember_as(&house.clone, told).await;
    assert_eq!(made["waiting"]["state"], "waiting");
    let memory = id(&made);
    for (who, sees) in [(ben, true), (sam, true), (ada, true), (eve, false), (vic, false)] {
        assert_eq!(house.sees(who, &memory, words).await, (sees, false));
        let clone = who.get(&format!("/clones/{}", house.clone)).await.is(200);
        assert_eq!(count(&clone), i64::from(sees), "{clone}");
        assert_eq!(house.waiting(who).await.contains(&memory), sees);
    }
    assert_eq!(topics(sam).await, ["contribution_waits"]);
    // One more tells nobody again.
    let second = id(&ben.remember(&house.clone, "She sang in a choir.").await);
    assert_eq!(topics(ada).await, ["contribution_waits"]);

    let path = house.memory(&memory);
    for (who, status) in [(ben, 403), (eve, 404), (vic, 404)] {
        let refused = who.post(&format!("{path}/approve"), json!({"revision": 1})).await;
        assert_eq!(refused.status, status);
    }
    // What was changed since somebody looked is not let in unseen.
    ben.patch(&path, json!({"place": "Lake Constance"})).await.is(200);
    let late = sam.post(&format!("{path}/approve"), json!({"revision": 1})).await;
    late.problem(412, "stale");
    let let_in = house.decides(sam, &memory, "approve", json!({})).await;
    assert_eq!(let_in["waiting"], json!(null));
    for who in [ben, sam, ada, eve, vic] {
        assert_eq!(house.sees(who, &memory, words).await, (true, true));
    }
    // What it said before that is not for those who were not shown it then.
    for (who, shown) in [(ben, 1), (sam, 1), (eve, 0), (vic, 0)] {
        let before = items(&who.get(&format!("{path}/revisions")).await.is(200));
        assert_eq!(before.len(), shown);
    }
    assert_eq!(topics(ben).await, ["contribution_approved"]);
    assert_eq!(house.waiting(ada).await, [second]);
    let again = sam.post(&format!("{path}/approve"), json!({"revision": 2})).await;
    again.problem(409, "nothing_waits");
}

#[tokio::test]
async fn a_change_waits_and_what_was_there_stays() {
    let house = House::new().await;
    let House { ada, sam, ben, vic, .. } = &house;
    let memory = id(&ben.remember(&house.clone, "They met at the harvest festival.").await);
    house.decides(ada, &memory, "approve", json!({})).await;
    let path = house.memory(&memory);
    let other = "masquerade ball in Venice";
    let before = vic.get(&path).await.is(200);
    let changed = json!({"content": format!("They met at the {other}."), "tags": ["love"]});
    let asked = ben.patch(&path, changed).await.is(200);
    assert_eq!(asked["content"], "They met at the harvest festival.");
    assert_eq!(asked["waiting"]["change"]["content"], format!("They met at the {other}."));
    for who in [ben, sam, vic] {
        assert_eq!(house.sees(who, &memory, other).await, (true, false));
        assert_eq!(house.sees(who, &memory, "harvest festival").await, (true, true));
    }
    let seen = vic.get(&path).await.is(200);
    for field in ["content", "tags", "updated_at", "waiting"] {
        assert_eq!(seen[field], before[field], "{field}");
    }
    // More of it is written onto what waits.
    let more = ben.patch(&path, json!({"place": "Venice"})).await.is(200);
    assert_eq!(more["waiting"]["change"]["tags"], json!(["love"]));
    assert_eq!(house.waiting(sam).await, std::slice::from_ref(&memory));

    house.decides(sam, &memory, "decline", json!({"reason": "It was the harvest."})).await;
    assert_eq!(topics(ben).await[0], "contribution_declined");
    let declined = ben.get(&path).await.is(200);
    assert_eq!(declined["waiting"]["state"], "declined");
    assert_eq!(declined["waiting"]["reason"], "It was the harvest.");
    assert_eq!(sam.get(&path).await.is(200)["waiting"], json!(null));
    assert!(house.waiting(sam).await.is_empty());
    assert_eq!(house.sees(vic, &memory, other).await, (true, false));

    // Changed once more it waits again, and is let in.
    ben.patch(&path, json!({"content": format!("They met at the {other}!")})).await.is(200);
    house.decides(ada, &memory, "approve", json!({})).await;
    let now = vic.get(&path).await.is(200);
    assert_eq!((&now["place"], &now["waiting"]), (&json!("Venice"), &json!(null)));
    assert_eq!(house.sees(vic, &memory, other).await, (true, true));
    assert_eq!(house.sees(vic, &memory, "harvest festival").await, (true, false));
    let revisions = items(&ben.get(&format!("{path}/revisions")).await.is(200));
    assert_eq!(each(&revisions, "content"), ["They met at the harvest festival."]);

    // What is not wanted any more is taken back.
    ben.patch(&path, json!({"content": "They never met."})).await.is(200);
    sam.delete(&format!("{path}/change")).await.problem(403, "forbidden");
    ben.delete(&format!("{path}/change")).await.is(204);
    ben.delete(&format!("{path}/change")).await.problem(409, "nothing_waits");
    assert!(house.waiting(sam).await.is_empty());
}

#[tokio::test]
async fn what_only_its_author_sees_waits_for_nobody_and_what_is_shown_less_is_so_at_once() {
    let house = House::new().await;
    let House { sam, ben, vic, .. } = &house;
    let own = json!({"content": "A secret orchard in Meran.", "visibility": "author"});
    let own = ben.remember_as(&house.clone, own).await;
    assert_eq!(own["waiting"], json!(null));
    let own = id(&own);
    assert_eq!(house.sees(ben, &own, "secret orchard").await, (true, true));
    assert_eq!(house.sees(sam, &own, "secret orchard").await, (false, false));
    let path = house.memory(&own);
    let wider = ben.patch(&path, json!({"visibility": "space"})).await.is(200);
    assert_eq!(wider["waiting"]["state"], "waiting");
    assert_eq!(house.sees(ben, &own, "secret orchard").await, (true, false));
    house.decides(sam, &own, "decline", json!({})).await;
    assert_eq!(house.sees(sam, &own, "secret orchard").await, (false, false));
    let back = ben.patch(&path, json!({"visibility": "author"})).await.is(200);
    assert_eq!(back["waiting"], json!(null));
    assert_eq!(house.sees(ben, &own, "secret orchard").await, (true, true));

    ben.patch(&path, json!({"visibility": "space"})).await.is(200);
    house.decides(sam, &own, "approve", json!({})).await;
    assert_eq!(house.sees(vic, &own, "secret orchard").await, (true, true));
    let narrower = ben.patch(&path, json!({"visibility": "stewards"})).await.is(200);
    assert_eq!(narrower["waiting"], json!(null));
    assert_eq!(house.sees(vic, &own, "secret orchard").await, (false, false));
}

#[tokio::test]
async fn many_at_once_wait_the_trash_keeps_them_waiting_and_a_clone_can_be_open() {
    let house = House::new().await;
    let House { ada, sam, ben, vic, .. } = &house;
    let batch = |from: usize| {
        let told = (from..from + 3).map(|n| {
            let content = format!("Number {n} was a tramway ride.");
            json!({"content": content, "external_id": n.to_string()})
        });
        json!({"memories": told.collect::<Vec<_>>()})
    };
    let path = format!("/clones/{}/memories/batch", house.clone);
    assert_eq!(ben.post(&path, batch(0)).await.is(200)["created"], 3);
    assert_eq!(ben.post(&path, batch(0)).await.is(200)["unchanged"], 3);
    let waiting = house.waiting(sam).await;
    assert_eq!((waiting.len(), topics(sam).await.len()), (3, 1));
    let first = house.memory(&waiting[0]);
    ben.delete(&first).await.is(204);
    assert_eq!(house.waiting(sam).await.len(), 2);
    ben.post(&format!("/trash/{}/restore", waiting[0]), json!({})).await.is(204);
    assert_eq!(house.waiting(sam).await, waiting);
    assert_eq!(house.sees(vic, &waiting[0], "tramway ride").await, (false, false));
    // Who may let it in and changes it has let it in.
    sam.patch(&first, json!({"place": "Vienna"})).await.is(200);
    assert_eq!(house.sees(vic, &waiting[0], "tramway ride").await, (true, true));

    let settings = format!("/clones/{}/settings", house.clone);
    ben.patch(&settings, json!({"contributions": "open"})).await.problem(403, "forbidden");
    let open = sam.patch(&settings, json!({"contributions": "open"})).await.is(200);
    assert_eq!(open["contributions"], "open");
    assert_eq!(ben.post(&path, batch(10)).await.is(200)["created"], 3);
    assert_eq!(house.waiting(sam).await.len(), 2);
    assert_eq!(
        items(&vic.get(&format!("/clones/{}/memories", house.clone)).await.is(200)).len(),
        4
    );
    // What waited before still does; it can be let in by somebody who owns the space as well.
    house.decides(ada, &waiting[1], "approve", json!({})).await;
    assert_eq!(house.waiting(ben).await, [text(&json!(waiting[2]))]);
    let mut house = house;
    assert_eq!(house.server.stop().await, 0);
    house.server.command(&["fsck"], "").ok();
}

#[tokio::test]
async fn what_is_sent_with_a_memory_waits_with_it() {
    let house = House::new().await;
    let House { sam, ben, vic, .. } = &house;
    let memory = id(&ben.remember(&house.clone, "A photograph of the tramway.").await);
    house.decides(sam, &memory, "approve", json!({})).await;
    let path = house.memory(&memory);
    let names = async |who: &Client| {
        let seen = who.get(&path).await.is(200);
        let files = items(&who.get(&format!("{path}/attachments")).await.is(200));
        assert_eq!(seen["attachments"], json!(files));
        each(&files, "name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = attach(ben, &path, "first.txt").await;
    for (who, shown) in [(ben, true), (sam, true), (vic, false)] {
        assert_eq!(names(who).await.len(), usize::from(shown));
        let file = who.get(&format!("{path}/attachments/{first}")).await;
        assert_eq!(file.status == 200, shown);
    }
    assert_eq!(house.waiting(sam).await, std::slice::from_ref(&memory));
    // What was sent after somebody looked is not let in unseen.
    let revision = sam.get(&path).await.is(200)["revision"].clone();
    attach(ben, &path, "second.txt").await;
    let late = sam.post(&format!("{path}/approve"), json!({"revision": revision})).await;
    late.problem(412, "stale");
    house.decides(sam, &memory, "approve", json!({})).await;
    assert_eq!(names(vic).await, ["first.txt", "second.txt"]);
    let caption = json!({"caption": "Another word."});
    let captioned = ben.patch(&format!("{path}/attachments/{first}"), caption.clone()).await;
    captioned.problem(409, "caption_is_in");
    sam.patch(&format!("{path}/attachments/{first}"), caption).await.is(200);

    // What is taken back goes to the trash, and waits again when it comes back.
    let third = attach(ben, &path, "third.txt").await;
    ben.delete(&format!("{path}/change")).await.is(204);
    for who in [ben, sam, vic] {
        assert_eq!(names(who).await, ["first.txt", "second.txt"]);
    }
    ben.post(&format!("/trash/{third}/restore"), json!({})).await.is(204);
    assert_eq!(names(ben).await.len(), 3);
    assert_eq!(names(vic).await.len(), 2);
    house.decides(sam, &memory, "decline", json!({})).await;
    assert_eq!((names(ben).await.len(), names(sam).await.len()), (3, 2));
    // What a steward sends waits for nobody.
    attach(sam, &path, "fourth.txt").await;
    assert_eq!(names(vic).await, ["first.txt", "second.txt", "fourth.txt"]);
}
