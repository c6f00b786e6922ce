//! Single moments at which a server must not die without care, one by one: between an effect and
//! the memory of it, between a promise and its keeping, between an erasure and its files.

use std::path::Path;
use std::time::Duration;

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, TableHandle as _};
use serde_json::json;

use super::shelf::listed;
use crate::erasure::{erased, receipt_of};
use crate::support::client::{Client, id};
use crate::support::server::Server;
use crate::support::smtp::{Offer, Smtp};
use crate::support::{files_below, until};

const PATIENCE: Duration = Duration::from_secs(30);

async fn kill_at(server: &Server, point: &str) {
    let order = json!({"do": "kill_at", "point": point, "passage": 1});
    assert_eq!(server.operate(order).await.0, 200);
}

async fn comes_back(server: &mut Server, ada: &Client) -> Client {
    assert!(server.dies(PATIENCE).await, "it does not die");
    server.run().await;
    server.again(ada)
}

#[tokio::test]
async fn what_was_done_when_the_server_died_is_not_done_again() {
    let mut server = Server::start().await;
    let mut ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}/memories");
    let mut done = 0;
    for round in 0..4 {
        let wish = |ada: &Client| {
            let ask = ada.post(&path, json!({"content": format!("wish{round}")}));
            ask.header("idempotency-key", &format!("wish{round}"))
        };
        let before = listed(&ada, &path).await.len();
        kill_at(&server, "writer.told").await;
        drop(wish(&ada).attempt().await);
        ada = comes_back(&mut server, &ada).await;
        done += listed(&ada, &path).await.len() - before;
        let first = wish(&ada).await.is(201);
        assert_eq!(wish(&ada).await.is(201)["id"], first["id"]);
        assert_eq!(listed(&ada, &path).await.len(), before + 1, "it was done again");
    }
    assert!(done > 0, "it always died before");
}

#[tokio::test]
async fn a_mail_that_was_begun_is_sent_after_a_crash() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut server = Server::with(&settings).await;
    let mut ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "We"})).await.is(201));
    for (round, point) in ["jobs.claimed", "jobs.done", "writer.committed"].iter().enumerate() {
        let address = format!("cleo{round}@example.org");
        kill_at(&server, point).await;
        let (path, body) =
            (format!("/spaces/{space}/invitations"), json!({"role": "visitor", "email": address}));
        drop(ada.post(&path, body.clone()).attempt().await);
        ada = comes_back(&mut server, &ada).await;
        let made = listed(&ada, &path).await.iter().any(|one| one["email"] == address);
        // Without jobs of before, only its own can be what is begun.
        assert!(made || round > 0, "it died too early");
        if !made {
            // Something else passed there, and it was never asked for.
            ada.post(&path, body).await.is(201);
        }
        until("the mail arrives", || async {
            smtp.mails().iter().any(|mail| mail.to.contains(&address)).then_some(())
        })
        .await;
    }
}

/// The tables with a key in which a clone's identifier stands.
fn tables_that_know(data: &Path, clone: &str) -> Vec<String> {
    let number = u128::from_str_radix(&clone.replace('-', ""), 16).expect("an identifier");
    let bytes = number.to_be_bytes();
    let database = redb::Database::open(data.join("clonememoria.redb")).expect("a database");
    let tx = database.begin_read().expect("a snapshot");
    let mut found = Vec::new();
    for table in tx.list_tables().expect("tables") {
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table.name());
        let rows = tx.open_table(definition).expect("a table");
        for row in rows.iter().expect("rows") {
            let (key, _) = row.expect("a row");
            if key.value().windows(16).any(|at| at == bytes) {
                found.push(table.name().to_owned());
                break;
            }
        }
    }
    found
}

/// A clone with something of everything, found by words and by meaning.
async fn full_clone(ada: &Client) -> String {
    let clone = ada.new_clone("Maria").await;
    let memory = json!({"content": "We swam in the lake.", "people": ["Nina"], "thread": "t"});
    let memory = ada.remember_as(&clone, memory).await;
    let path = format!("/clones/{clone}/memories/{}", id(&memory));
    ada.patch(&path, json!({"content": "We swam in the cold lake."})).await.is(200);
    ada.post(&format!("/clones/{clone}/people"), json!({"name": "Ben"})).await.is(201);
    ada.post(&format!("/clones/{clone}/share-links"), json!({})).await.is(201);
    let talk = ada.converse(&clone).await;
    ada.say(&talk, "Where did you swim?").await;
    clone
}

/// Whether there is a file of a clone's index.
fn has_index(server: &Server, clone: &str) -> bool {
    let folder = server.data().join("index");
    folder.exists() && files_below(&folder).iter().any(|(path, _)| path.contains(clone))
}

async fn is_indexed(server: &Server, clone: &str) {
    until("it is in the index", || async { has_index(server, clone).then_some(()) }).await;
}

#[tokio::test]
async fn what_is_erased_leaves_no_row_and_no_file() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = full_clone(&ada).await;
    is_indexed(&server, &clone).await;
    assert_eq!(server.stop().await, 0);
    assert!(tables_that_know(&server.data(), &clone).len() > 8, "the search finds too little");
    server.run().await;
    let ada = server.again(&ada);
    ada.delete(&format!("/clones/{clone}")).await.is(204);
    let begun = ada.delete(&format!("/trash/{clone}")).await.is(202);
    erased(&server, &receipt_of(&begun)).await;
    assert!(!has_index(&server, &clone), "its index is there");
    assert_eq!(server.stop().await, 0);
    assert_eq!(tables_that_know(&server.data(), &clone), Vec::<String>::new());
}

#[tokio::test]
async fn an_erasure_that_dies_before_the_files_leaves_none() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = full_clone(&ada).await;
    let other = full_clone(&ada).await;
    is_indexed(&server, &clone).await;
    is_indexed(&server, &other).await;
    ada.delete(&format!("/clones/{clone}")).await.is(204);
    kill_at(&server, "forget.begun").await;
    drop(ada.delete(&format!("/trash/{clone}")).attempt().await);
    assert!(server.dies(PATIENCE).await, "it does not die");
    assert!(has_index(&server, &clone), "there is nothing to be forgotten");
    server.run().await;
    assert!(!has_index(&server, &clone), "its index is there");
    assert!(has_index(&server, &other), "another's index is gone");
}
