//! Memories that are not for everybody: in every list, search, timeline and answer.

use http::Method;
use serde_json::json;

use super::relations::sees;
use super::table::{Least, Need, TABLE};
use super::world::{Brings, Proof, VISITORS, Visitor, World, bearer, login};
use super::{Outcome, Relation, all_operations, filled, outcome};
use crate::support::client::id;

/// A word of each memory, who wrote it and who may read it.
const MEMORIES: [(&str, &str, &str); 6] = [
    ("walnut", "ada", "author"),
    ("violin", "ada", "stewards"),
    ("lantern", "ada", "space"),
    ("orchard", "cora", "author"),
    ("compass", "cora", "stewards"),
    ("harbour", "cora", "space"),
];

/// Who comes to look, beside those who are tried with one memory at a time.
const LOOKS: [&str; 11] = [
    "owner",
    "steward",
    "contributor",
    "visitor",
    "owner of another space",
    "visitor's cookie",
    "admin before whom Ada's glass is broken",
    "key to read",
    "contributor's key",
    "link",
    "key for another clone",
];

/// Whether somebody may learn of a memory of the clone.
fn learns(visitor: &Visitor, by: &str, visibility: &str) -> bool {
    let Some(role) = Relation::Shared.role_of(visitor) else { return false };
    let by_link = matches!(visitor.brings, Brings::Share | Brings::ShareBare);
    let visitor = Visitor { role: Some(role), ..*visitor };
    if by_link { visibility == "space" } else { sees(&visitor, by, visibility) }
}

async fn written() -> World {
    let world = World::new().await;
    let clone = &world.things["clone_id"];
    for (word, by, visibility) in MEMORIES {
        let writer = bearer(&world.server, &login(&world.server, by).await);
        let memory = json!({
            "content": format!("The {word} stood beside the blue {word} box."),
            "visibility": visibility, "occurred_at": "1954", "title": format!("Of the {word}"),
            "tags": [word], "place": word, "people": [word], "source": word,
        });
        id(&writer.remember_as(clone, memory).await);
    }
    world
}

/// How many answers were looked at, and which told too much or too little.
async fn look(world: &World, visitor: &Visitor, proof: &Proof) -> (usize, Vec<String>) {
    let (mut answers, mut wrong) = (0, Vec::new());
    let reads = all_operations(&world.server.client()).await.into_iter();
    for (_, path, operation) in reads.filter(|(verb, path, operation)| {
        *verb == Method::GET && !path.contains("provider") && operation != "follow_answer"
    }) {
        let shown = ["list_memories", "get_timeline", "list_latest_memories", "search"];
        let is_shown = shown.contains(&operation.as_str());
        let (_, need, least) = TABLE.iter().find(|(name, ..)| *name == operation).expect("a row");
        let open = outcome(visitor, Relation::Shared, &operation, (*need, *least)) == Outcome::Open;
        let path = filled(&path, &world.things);
        let words = MEMORIES.map(|(word, ..)| path.replace("q=lake", &format!("q={word}")));
        let mut shown = String::new();
        for path in if operation == "search" { &words[..] } else { &words[..1] } {
            shown.push_str(&proof.ask(Method::GET, path).await.text());
            answers += 1;
        }
        for (word, by, visibility) in MEMORIES {
            let told = shown.contains(&format!("blue {word}"))
                || shown.contains(&format!("Of the {word}"));
            match (learns(visitor, by, visibility), told) {
                (false, true) => wrong.push(format!("{}: {operation} shows {word}", visitor.name)),
                (true, false) if is_shown && open => {
                    wrong.push(format!("{}: {operation} hides {word}", visitor.name));
                }
                _ => {}
            }
        }
    }
    (answers, wrong)
}

/// The same by what the clone says.
async fn talk(world: &World, visitor: &Visitor, proof: &Proof) -> (usize, Vec<String>) {
    let may = outcome(visitor, Relation::Shared, "chat", (Need::Chat, Least::Visitor));
    if may != Outcome::Open {
        return (0, Vec::new());
    }
    let mut wrong = Vec::new();
    let path = format!("/clones/{}/chat", world.things["clone_id"]);
    for (word, by, visibility) in MEMORIES {
        let question = json!({"content": format!("Where did the {word} stand?")});
        let said = proof.ask(Method::POST, &path).json(&question).await.is(201);
        let answer = said["message"].to_string();
        if answer.contains(&format!("blue {word}")) != learns(visitor, by, visibility) {
            wrong.push(format!("{} asks of the {word}: {answer}", visitor.name));
        }
    }
    (MEMORIES.len(), wrong)
}

#[tokio::test]
async fn a_memory_is_shown_and_said_to_those_it_is_for() {
    let world = written().await;
    let (mut answers, mut wrong) = (0, Vec::new());
    for name in LOOKS {
        let visitor = VISITORS.iter().find(|visitor| visitor.name == name).expect("a visitor");
        let proof = world.proof_of(visitor).await;
        for (count, faults) in
            [look(&world, visitor, &proof).await, talk(&world, visitor, &proof).await]
        {
            answers += count;
            wrong.extend(faults);
        }
    }
    println!("{answers} answers searched for what they may not show");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
