//! An index that says more than the truth: it finds, and the store decides what is shown, told to
//! a model, or not there at all (TEN-2).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::isolation::is_settled;
use crate::support::client::{Client, id, items};
use crate::support::llm::{Act, Answer, Llm};
use crate::support::server::Server;

const MEMORIES: usize = 120;
const QUESTIONS: usize = 40;

/// What each memory has and no other: three letters of nonsense at the most are alike.
fn word(n: usize) -> String {
    let letter = |at: u32| char::from(b'a' + (n / 5_usize.pow(at) % 5) as u8);
    format!("zq{}{}{}xu", letter(2), letter(1), letter(0))
}

fn told(n: usize) -> String {
    format!("The {} stood beside the lake, where the boat was in summer.", word(n))
}

async fn keep(who: &Client, clone: &str, numbers: std::ops::Range<usize>) {
    let count = numbers.len();
    let memories: Vec<Value> = numbers.map(|n| json!({"content": told(n)})).collect();
    let path = format!("/clones/{clone}/memories/batch");
    let kept = who.post(&path, json!({"memories": memories})).await.is(200);
    assert_eq!(kept["created"], count);
}

fn folder(server: &Server, clone: &str) -> PathBuf {
    server.data().join("index").join(clone)
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in std::fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

/// Puts another index in the place of a clone's, and has it say that it is up to date.
fn exchanged(server: &Server, clone: &str, other: &Path) {
    let place = folder(server, clone);
    let meta = |folder: &Path| -> Value {
        serde_json::from_slice(&std::fs::read(folder.join("meta.json")).expect("read"))
            .expect("JSON")
    };
    let (now, mut old) = (meta(&place), meta(other));
    assert_ne!(now["payload"], old["payload"], "something has happened since");
    old["payload"] = now["payload"].clone();
    std::fs::remove_dir_all(&place).expect("removed");
    copied(other, &place);
    std::fs::write(place.join("meta.json"), old.to_string()).expect("written");
}

/// All that somebody finds of a clone, in every way, as it was answered but for the time; what is
/// said to the clone is asked of a model.
async fn all_found(who: &Client, clone: &str) -> Vec<String> {
    let mut all = Vec::new();
    let conversation = who.converse(clone).await;
    for n in 0..QUESTIONS {
        let question = format!("{}+{}+{}+boat", word(3 * n), word(3 * n + 1), word(3 * n + 2));
        for mode in ["text", "vector", "hybrid"] {
            let path = format!("/clones/{clone}/search?q={question}&mode={mode}&limit=30");
            let mut found = who.get(&path).await.is(200);
            assert_eq!(found["degraded"], false, "{found}");
            found.as_object_mut().expect("an object").remove("took_ms");
            all.push(found["hits"].to_string());
        }
        who.say(&conversation, &question.replace('+', " ")).await;
    }
    all
}

/// The words of memories that texts have.
fn words_in<'t>(texts: impl Iterator<Item = &'t String>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for text in texts {
        let told = |n: &usize| text.contains(&format!("The {} stood", word(*n)));
        all.extend((0..MEMORIES + 5).filter(told));
    }
    all
}

#[tokio::test]
async fn an_index_that_says_more_than_the_truth_is_not_believed() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["It was there [1]."])));
    let mut server = Server::answering_from(&llm.base_url()).await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    ben.joins(&ada, &space, "visitor").await;
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    keep(&ada, &clone, 0..MEMORIES).await;
    is_settled(&server).await;
    let eve = server.account("eve").await;
    let foreign = eve.new_clone("Rosa").await;
    keep(&eve, &foreign, MEMORIES..MEMORIES + 5).await;
    is_settled(&server).await;
    assert_eq!(server.stop().await, 0);
    let past = server.beside("past");
    copied(&folder(&server, &clone), &past);
    let elsewhere = server.beside("elsewhere");
    copied(&folder(&server, &foreign), &elsewhere);
    server.run().await;

    // One in three goes into the trash, one becomes its author's own, one stays.
    let (ada, ben) = (server.again(&ada), server.again(&ben));
    let all = ada.get(&format!("/clones/{clone}/memories?limit=200")).await.is(200);
    for memory in items(&all) {
        let path = format!("/clones/{clone}/memories/{}", id(&memory));
        let number = (0..MEMORIES).find(|n| memory["content"] == told(*n)).expect("a number");
        match number % 3 {
            0 => drop(ada.delete(&path).await.is(204)),
            1 => drop(ada.patch(&path, json!({"visibility": "author"})).await.is(200)),
            _ => {}
        }
    }
    is_settled(&server).await;
    let truth = all_found(&ben, &clone).await;
    let stays: BTreeSet<usize> = (0..MEMORIES).filter(|n| n % 3 == 2).collect();
    assert_eq!(words_in(truth.iter()), stays);
    for (name, other) in [("of the past", &past), ("of another clone", &elsewhere)] {
        assert_eq!(server.stop().await, 0);
        exchanged(&server, &clone, other);
        server.run().await;
        let ben = server.again(&ben);
        let asked = llm.asked().len();
        let found = all_found(&ben, &clone).await;
        assert_ne!(found, truth, "the index {name} is the one that is asked");
        let shown = words_in(found.iter());
        assert!(!shown.is_empty() && shown.is_subset(&stays), "by the index {name}: {shown:?}");
        let prompts: Vec<String> =
            llm.asked().iter().skip(asked).map(|asked| asked.body.to_string()).collect();
        assert!(!prompts.is_empty(), "the model is asked");
        let told = words_in(prompts.iter());
        assert!(told.is_subset(&stays), "told to the model by the index {name}: {told:?}");
        let list = ben.get(&format!("/clones/{clone}/memories?limit=200")).await.is(200);
        assert_eq!(items(&list).len(), stays.len());
    }
}
