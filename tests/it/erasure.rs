//! Being forgotten: what is erased is gone from everything that is stored, from what others were
//! told, from old copies of the database, whatever happens on the way; and what is others' stays.

mod restored;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::isolation::is_settled;
use crate::sealed::{Canaries, clone_with_all, everything_else};
use crate::support::client::{Client, id, items, text};
use crate::support::server::Server;
use crate::support::{PASSWORD, files_below, until};

/// Asks for everything of an account to be erased, and gives the address of the receipt.
async fn erase(person: &Client) -> String {
    let email = person.get("/auth/me").await.is(200)["email"].clone();
    let begun = person.delete("/auth/me/data").json(&json!({"confirm": email})).await.is(202);
    receipt_of(&begun)
}

pub fn receipt_of(begun: &Value) -> String {
    let url = text(&begun["status_url"]);
    assert_eq!(url, format!("/api/v1/auth/erasures/{}", text(&begun["erasure_id"])));
    url.strip_prefix("/api/v1").unwrap().to_owned()
}

/// The receipt, once it is done.
pub async fn erased(server: &Server, receipt: &str) -> Value {
    until("it is erased", || async {
        let receipt = server.client().get(receipt).await.is(200);
        (receipt["state"] == "erased").then_some(receipt)
    })
    .await
}

/// The words that stand in some row once it is unsealed, and the tables of each.
async fn scan(server: &Server, words: &Canaries) -> Vec<String> {
    let all: Vec<&String> = words.0.iter().map(|(_, word)| word).collect();
    let (status, outcome) = server.operate(json!({"do": "scan", "words": all})).await;
    assert_eq!(status, 200, "{outcome}");
    let found = outcome["found"].as_object().unwrap();
    let place = |word: &str| words.0.iter().find(|(_, other)| other == word).unwrap().0;
    found.iter().map(|(word, tables)| format!("{} in {tables}", place(word))).collect()
}

async fn rewrite(server: &Server) {
    assert_eq!(server.operate(json!({"do": "rewrite"})).await.0, 200);
}

/// Everything that somebody sees of clones, memories and conversations.
async fn view(person: &Client, clones: &[&str]) -> Vec<Value> {
    let mut seen = Vec::new();
    for clone in clones {
        for path in ["", "/memories?limit=200", "/people", "/timeline", "/settings"] {
            seen.push(person.get(&format!("/clones/{clone}{path}")).await.is(200));
        }
    }
    let talks = person.get("/conversations").await.is(200);
    for talk in items(&talks) {
        seen.push(person.get(&format!("/conversations/{}/messages", id(&talk))).await.is(200));
    }
    seen.push(talks);
    seen
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn everything_of_an_account_is_erased_and_nothing_of_others() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let hers = admin.new_clone("Maria").await;
    admin.remember(&hers, "We danced in the kitchen.").await;
    let talk = admin.converse(&hers).await;
    admin.say(&talk, "Where did you dance?").await;
    let mut others = Canaries::default();
    let other = server.account("olga").await;
    // Words are numbered from the start in each set; these are made apart from those below.
    for _ in 0..260 {
        others.at("a place that is not used");
    }
    others.0.clear();
    let kept = other.new_clone("Vera").await;
    for word in ["zzkeptonezz", "zzkepttwozz"] {
        others.0.push(("of others", word.to_owned()));
        other.remember(&kept, &format!("It was {word}.")).await;
    }
    let before = (view(&admin, &[&hers]).await, view(&other, &[&kept]).await);

    let ada = server.account("ada").await;
    let mut words = Canaries::default();
    let mut own = Vec::new();
    for _ in 0..7 {
        own.push(clone_with_all(&ada, &mut words).await);
    }
    for clone in own.iter().take(4) {
        everything_else(&ada, clone, &mut words).await;
    }
    assert!(words.0.len() >= 200, "{}", words.0.len());
    let me = ada.get("/auth/me").await.is(200)["id"].clone();
    is_settled(&server).await;
    // The scan sees what it is to see: all but what is not kept as it was said.
    let found = scan(&server, &words).await;
    // The second is in no row: it is sealed in a file.
    let hashed = ["external id", "thread", "content of a file"];
    let blobs = server.data().join("blobs");
    let files = || if blobs.exists() { files_below(&blobs).len() } else { 0 };
    assert_eq!(files(), 7);
    let seen = |place: &str| found.iter().any(|found| found.starts_with(place));
    let blind: BTreeSet<_> = words.0.iter().map(|(place, _)| *place).filter(|p| !seen(p)).collect();
    assert!(blind.iter().all(|place| hashed.contains(place)), "not found before: {blind:?}");
    assert!(found.len() * 100 >= words.0.len() * 95, "{} of {}", found.len(), words.0.len());

    let receipt = erase(&ada).await;
    // At once: nothing opens it, and nobody sees any of it.
    ada.get("/auth/me").await.problem(401, "unauthenticated");
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    server.client().post("/auth/login", login).await.problem(401, "invalid_credentials");
    for clone in &own {
        admin.get(&format!("/clones/{clone}")).await.problem(404, "not_found");
    }
    let receipt = erased(&server, &receipt).await;
    assert_eq!((&receipt["scope"], &receipt["subject"]), (&json!("account"), &me));
    assert_eq!((&receipt["key_destroyed"], &receipt["clones"]), (&json!(true), &json!(7)));
    assert_eq!(receipt["removed"]["memories"], 14, "{receipt}");
    assert_eq!((&receipt["removed"]["attachments"], files()), (&json!(7), 0), "{receipt}");
    assert_eq!(scan(&server, &words).await, Vec::<String>::new());
    assert_eq!(scan(&server, &others).await.len(), 2, "those of others are found");
    assert_eq!(before, (view(&admin, &[&hers]).await, view(&other, &[&kept]).await));
    let indexes = std::fs::read_dir(server.data().join("index")).unwrap().count();
    assert_eq!(indexes, 2, "each clone's index goes with it");

    // The receipt can be held against what is stored, with the server running and without.
    let paper = server.beside("receipt.json");
    std::fs::write(&paper, receipt.to_string()).unwrap();
    let verify = ["verify-erasure", paper.to_str().unwrap()];
    let good = server.command(&verify, "").ok();
    assert!(good.contains("its key is destroyed") && good.contains("no row"), "{good}");
    rewrite(&server).await;
    assert_eq!(server.stop().await, 0);
    let good = server.command(&verify, "").ok();
    assert!(good.contains("was written anew since"), "{good}");
    assert_eq!(words.found(&server.data()), Vec::<String>::new());
    // One that claims what did not happen does not hold.
    server.run().await;
    let forged = receipt.to_string().replace(&text(&me), &account_of(&server, &other).await);
    std::fs::write(&paper, forged).unwrap();
    server.command(&verify, "").fails(1, &["not gone"]);
    // The address is free again.
    server.account("ada").await;
}

async fn account_of(server: &Server, person: &Client) -> String {
    text(&server.again(person).get("/auth/me").await.is(200)["id"])
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_member_who_is_erased_leaves_what_others_wrote_and_no_quote_of_theirs() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (ada, ben) = (server.account("ada").await, server.account("ben").await);
    let space = id(&ada.post("/spaces", json!({"name": "The Lovelaces"})).await.is(201));
    admin.joins(&ada, &space, "visitor").await;
    ben.joins(&ada, &space, "contributor").await;
    let clone =
        json!({"name": "Maria", "subject": "deceased", "space_id": space, "visibility": "space"});
    let clone = ada.new_vouched(clone).await;
    let her_own = json!({"name": "Ada", "subject": "self", "space_id": space, "visibility": "space",
        "biography": "Born."});
    let her_own = ada.new_vouched(her_own).await;
    ben.remember(&her_own, "She taught me to swim.").await;
    let alone = json!({"name": "Ada alone", "subject": "self", "space_id": space,
        "visibility": "space"});
    let alone = ada.new_vouched(alone).await;
    let gone = ada.remember(&clone, "We swam in lake Quetzal every summer.").await;
    let stays = ben.remember(&clone, "We hiked on mount Brenner in autumn.").await;
    let person = json!({"name": "Aunt Xanthippe"});
    ada.post(&format!("/clones/{clone}/people"), person).await.is(201);
    let talk = ben.converse(&clone).await;
    let (_, swam) = ben.say(&talk, "Where did you swim in lake Quetzal?").await;
    let (_, hiked) = ben.say(&talk, "Where did you hike on mount Brenner?").await;
    for _ in 0..12 {
        ben.say(&talk, "Where did you swim in lake Quetzal?").await;
    }
    assert!(text(&swam["content"]).contains("Quetzal"), "{swam}");
    is_settled(&server).await;
    let mut words = Canaries::default();
    for word in ["Quetzal", "Xanthippe"] {
        words.0.push(("hers", word.to_owned()));
    }
    assert_eq!(scan(&server, &words).await.len(), 2);
    let (_, stored) = server.operate(json!({"do": "stored", "table": "messages"})).await;
    let quotes: Vec<Vec<u8>> = stored["stored"].as_array().unwrap().iter().map(bytes).collect();

    assert_eq!(still(&server, &quotes), quotes.len(), "the search sees what is stored");

    let preview = ada.get("/auth/me/data").await.is(200);
    let passing = json!([{"name": "The Lovelaces", "to": "ben"}]);
    assert_eq!(preview, json!({"clones": 1, "passing": passing}), "{preview}");
    let receipt = erase(&ada).await;
    let listed = items(&ben.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), [id(&stays)], "invisible at once");
    ben.get(&format!("/clones/{clone}/memories/{}", id(&gone))).await.problem(404, "not_found");
    ben.get(&format!("/clones/{alone}")).await.problem(404, "not_found");
    let receipt = erased(&server, &receipt).await;
    assert_eq!(receipt["pages_overwritten"], false);
    // The question is ben's own and stays; the answer has nothing of hers.
    let said = ben.messages(&talk).await;
    assert!(!text(&said[1]["content"]).contains("Quetzal"), "{}", said[1]);
    assert_eq!(text(&said[3]["content"]), text(&hiked["content"]), "{}", said[3]);
    assert_eq!(
        scan(&server, &words).await,
        ["hers in [\"conversations\",\"messages\"]"],
        "what ben asked"
    );
    assert_eq!(items(&ben.get(&format!("/spaces/{space}/members")).await.is(200)).len(), 2);
    assert_eq!(ben.get(&format!("/spaces/{space}")).await.is(200)["role"], "owner");
    let told = ben.get("/notifications").await.is(200);
    assert!(told.to_string().contains("The Lovelaces"), "{told}");
    let nameless = ben.get(&format!("/clones/{her_own}")).await.is(200);
    assert_eq!((&nameless["name"], &nameless["biography"]), (&json!("…"), &Value::Null));
    assert_eq!(nameless["memory_count"], 1);
    assert_eq!(ben.get(&format!("/clones/{clone}")).await.is(200)["memory_count"], 1);
    // The answers are sealed with ben's key, which lives on: how they were before may be in freed
    // pages until the file is written anew.
    rewrite(&server).await;
    assert_eq!(still(&server, &quotes), quotes.len() - 13, "those that were not changed");
    // Everything goes on in the new file.
    ben.remember(&clone, "We sang in the new year.").await;
    let hits = ben.finds(&clone, "sang", "&mode=text").await;
    assert_eq!(hits, ["We sang in the new year."]);
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// How many of these values are in some file.
fn still(server: &Server, values: &[Vec<u8>]) -> usize {
    let all = files_below(&server.data());
    let holds = |part: &Vec<u8>| all.iter().any(|(_, file)| has(file, part));
    values.iter().filter(|value| holds(value)).count()
}

fn has(file: &[u8], part: &[u8]) -> bool {
    file.windows(part.len()).any(|at| at == part)
}

#[tokio::test]
async fn nobody_is_erased_by_mistake() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let path = "/auth/me/data";
    ada.delete(path).await.problem(422, "not_confirmed");
    ada.delete(path)
        .json(&json!({"confirm": "olga@example.org"}))
        .await
        .problem(422, "not_confirmed");
    server.advance(Duration::from_secs(6 * 60)).await;
    let right = json!({"confirm": "ada@example.org"});
    ada.delete(path).json(&right).await.problem(401, "reauth_required");
    let wrong = json!({"confirm": "ada@example.org", "password": "not her password at all"});
    ada.delete(path).json(&wrong).await.problem(401, "invalid_credentials");
    ada.get("/auth/me").await.is(200);
    // Others would be left alone.
    let admin = server.signed_in(&text(&admin.get("/auth/me").await.is(200)["email"])).await;
    let own = json!({"confirm": "admin@example.org"});
    admin.delete(path).json(&own).await.problem(409, "last_admin");
    server.client().get("/auth/erasures/nonsense").await.problem(404, "not_found");
    // The address in the header, and the password with it; a wrong one costs a while.
    server.advance(Duration::from_secs(60)).await;
    let right = json!({"password": PASSWORD});
    let begun =
        ada.delete(path).header("X-Confirm", " ADA@example.org ").json(&right).await.is(202);
    erased(&server, &receipt_of(&begun)).await;
    // The last of all goes, and the server can be set up again.
    let begun = admin.delete(path).json(&own).await.is(202);
    erased(&server, &receipt_of(&begun)).await;
    assert_eq!(server.client().get("/setup").await.is(200)["needed"], true);
}

#[tokio::test]
async fn one_memory_is_erased_with_all_that_came_of_it() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let gone = ada.remember(&clone, "We swam in lake Quetzal every summer.").await;
    ada.remember(&clone, "We hiked on mount Brenner in autumn.").await;
    let talk = ada.converse(&clone).await;
    ada.say(&talk, "Where did you swim every summer?").await;
    is_settled(&server).await;
    let mut words = Canaries::default();
    words.0.push(("hers", "Quetzal".to_owned()));
    assert_eq!(scan(&server, &words).await.len(), 1);
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&gone))).await.is(204);
    assert_eq!(scan(&server, &words).await.len(), 1, "it is in the trash");
    let begun = ada.delete(&format!("/trash/{}", id(&gone))).await.is(202);
    let receipt = erased(&server, &receipt_of(&begun)).await;
    assert_eq!((&receipt["scope"], &receipt["subject"]), (&json!("memory"), &gone["id"]));
    assert_eq!(receipt["key_destroyed"], Value::Null);
    assert_eq!(scan(&server, &words).await, Vec::<String>::new());
    assert_eq!(receipt["pages_overwritten"], false);
    rewrite(&server).await;
    let receipt = server.client().get(&receipt_of(&begun)).await.is(200);
    assert_eq!(receipt["pages_overwritten"], true);
    let paper = server.beside("receipt.json");
    std::fs::write(&paper, receipt.to_string()).unwrap();
    server.command(&["verify-erasure", paper.to_str().unwrap()], "").ok();
    let said = ada.messages(&talk).await;
    assert!(!said[1].to_string().contains("Quetzal"), "{}", said[1]);
}

#[tokio::test]
async fn an_erasure_that_the_power_interrupts_is_finished() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let kept = admin.new_clone("Vera").await;
    admin.remember(&kept, "We danced in the kitchen.").await;
    for round in 0..3_u64 {
        let name = format!("ada{round}");
        let ada = server.account(&name).await;
        let clone = ada.new_clone("Maria").await;
        let many: Vec<Value> =
            (0..900).map(|n| json!({"content": format!("Story {n} of {name}.")})).collect();
        let path = format!("/clones/{clone}/memories/batch");
        ada.post(&path, json!({"memories": many})).await.is(200);
        let receipt = erase(&ada).await;
        for wait in 0..4 {
            tokio::time::sleep(Duration::from_millis(round * 17 + wait * 23)).await;
            server.kill().await;
            server.run().await;
            let login = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
            server.client().post("/auth/login", login).await.problem(401, "invalid_credentials");
        }
        let receipt = erased(&server, &receipt).await;
        assert_eq!(receipt["removed"]["memories"], 900, "{receipt}");
        let paper = server.beside("receipt.json");
        std::fs::write(&paper, receipt.to_string()).unwrap();
        server.command(&["verify-erasure", paper.to_str().unwrap()], "").ok();
    }
    let admin = server.again(&admin);
    assert_eq!(admin.get(&format!("/clones/{kept}")).await.is(200)["memory_count"], 1);
}
