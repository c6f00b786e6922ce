//! The trash while it is emptied: what somebody brings back at that moment is back, or was gone
//! before; it is never brought back and lost.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::{PASSWORD, until};

const ROUNDS: usize = 12;
const THINGS: usize = 24;
const A_MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

async fn login(server: &Server) -> Client {
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let session = server.client().post("/auth/login", body).await.is(200);
    server.client().with_token(&text(&session["access_token"]))
}

/// Brings things back while the trash is swept, at once or as soon as the sweep has erased
/// something; what came of each.
async fn race(
    server: &Server,
    ada: &Client,
    things: &[String],
    head_start: bool,
) -> Vec<(String, u16)> {
    let sweep = server.operate(json!({"do": "sweep_trash"}));
    let restoring = async {
        if head_start {
            until("the sweep has begun", || async {
                let left = items(&ada.get("/trash").await.is(200)).len();
                (left < things.len()).then_some(())
            })
            .await;
        }
        let mut asking = tokio::task::JoinSet::new();
        // The sweep begins with the oldest; they meet somewhere.
        for thing in things.iter().rev() {
            let ask = ada.ask(Method::POST, &format!("/trash/{thing}/restore"));
            let thing = thing.clone();
            asking.spawn(async move { (thing, ask.await.status) });
        }
        asking.join_all().await
    };
    let (swept, outcomes) = tokio::join!(sweep, restoring);
    assert_eq!(swept.0, 200);
    outcomes
}

#[tokio::test]
async fn what_is_brought_back_while_the_trash_is_emptied_is_not_lost() {
    let server = Server::start().await;
    let clone = server.admin().await.new_clone("Maria").await;
    let path = format!("/clones/{clone}/memories");
    let (mut back, mut gone) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let ada = login(&server).await;
        let mut things = Vec::new();
        for number in 0..THINGS {
            let words = format!("Marker r{round}n{number} came by.");
            things.push(id(&ada.remember(&clone, &words).await));
        }
        for thing in &things {
            ada.delete(&format!("{path}/{thing}")).await.is(204);
        }
        server.advance(A_MONTH).await;
        let ada = login(&server).await;
        for (thing, status) in race(&server, &ada, &things, round % 2 == 1).await {
            let memory = ada.get(&format!("{path}/{thing}")).await;
            match status {
                204 => {
                    let content = text(&memory.is(200)["content"]);
                    let word = content.split(' ').nth(1).expect("a word");
                    let hits = ada.search(&clone, word, "&mode=text&limit=5").await;
                    assert!(hits.iter().any(|hit| hit["id"] == *thing), "{content}: {hits:?}");
                    back.push(thing);
                }
                404 => {
                    memory.problem(404, "not_found");
                    gone += 1;
                }
                other => panic!("{other}"),
            }
        }
        assert!(items(&ada.get("/trash").await.is(200)).is_empty());
        // A second sweep takes nothing of what is back.
        assert_eq!(server.operate(json!({"do": "sweep_trash"})).await.0, 200);
    }
    let ada = login(&server).await;
    let mut kept = Vec::new();
    let mut page = ada.get(&format!("{path}?limit=200")).await.is(200);
    loop {
        kept.extend(each(&items(&page), "id").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        page = ada.get(&format!("{path}?limit=200&cursor={cursor}")).await.is(200);
    }
    kept.sort_unstable();
    back.sort_unstable();
    assert_eq!(kept, back);
    let count = ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"].as_u64();
    assert_eq!(count, u64::try_from(back.len()).ok());
    println!("{} brought back, {gone} gone before", back.len());
    assert!(!back.is_empty() && gone > 0, "they never met");
}
