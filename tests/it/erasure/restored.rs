//! What was erased does not come back with an old copy of the database.

use serde_json::{Value, json};

use super::{erase, erased, receipt_of, scan};
use crate::isolation::is_settled;
use crate::sealed::{Canaries, clone_with_all, everything_else};
use crate::support::client::{id, items};
use crate::support::server::Server;
use crate::support::{PASSWORD, until};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn an_old_copy_of_the_database_brings_nothing_back() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let kept = admin.new_clone("Vera").await;
    admin.remember(&kept, "We danced in the kitchen.").await;
    let gone = admin.remember(&kept, "We swam in lake Quetzal every summer.").await;
    let talk = admin.converse(&kept).await;
    admin.say(&talk, "Where did you swim every summer?").await;
    let ada = server.account("ada").await;
    let mut words = Canaries::default();
    let clone = clone_with_all(&ada, &mut words).await;
    everything_else(&ada, &clone, &mut words).await;
    let space = id(&admin.post("/spaces", json!({"name": "All of us"})).await.is(201));
    ada.joins(&admin, &space, "contributor").await;
    let shared =
        json!({"name": "Oma", "subject": "deceased", "space_id": space, "visibility": "space"});
    let shared = admin.new_vouched(shared).await;
    let hers = json!({
        "content": format!("She sang {}.", words.at("a memory in a clone of others")),
        "people": ["Xanthippe"], "occurred_at": "1961", "external_id": "x-1",
        "thread": "letters", "sequence": 1, "speaker": "Ada",
    });
    let hers = ada.remember_as(&shared, hers).await;
    let path = format!("/clones/{shared}/memories/{}", id(&hers));
    admin.post(&format!("{path}/approve"), json!({"revision": 1})).await.is(200);
    let change = format!("She sang {}.", words.at("a change that waits"));
    ada.patch(&path, json!({"content": change})).await.is(200);
    admin.remember(&shared, "She baked bread.").await;
    is_settled(&server).await;
    assert_eq!(server.stop().await, 0);
    let file = server.data().join("clonememoria.redb");
    let backup = std::fs::read(&file).unwrap();
    server.run().await;
    let (admin, ada) = (server.again(&admin), server.again(&ada));
    assert!(scan(&server, &words).await.len() >= 30);
    let receipts = [
        {
            admin.delete(&format!("/clones/{kept}/memories/{}", id(&gone))).await.is(204);
            receipt_of(&admin.delete(&format!("/trash/{}", id(&gone))).await.is(202))
        },
        erase(&ada).await,
    ];
    let mut papers = Vec::new();
    for receipt in &receipts {
        papers.push(erased(&server, receipt).await);
    }
    assert_eq!(server.stop().await, 0);

    std::fs::write(&file, backup).unwrap();
    std::fs::remove_dir_all(server.data().join("index")).unwrap();
    server.excuse("the database is older than the ledger of erasures");
    server.run().await;
    words.0.push(("a memory", "Quetzal".to_owned()));
    until("answers forget it too", || async {
        scan(&server, &words).await.is_empty().then_some(())
    })
    .await;
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    server.client().post("/auth/login", login).await.problem(401, "invalid_credentials");
    for paper in papers {
        let path = server.beside("receipt.json");
        std::fs::write(&path, paper.to_string()).unwrap();
        // What quoted it is cleaned up while the server runs already.
        let verify = ["verify-erasure", path.to_str().unwrap()];
        let said = until("it is all gone", || async {
            let ended = server.command(&verify, "");
            if ended.code != 0 {
                println!("not yet: {}", ended.out);
            }
            (ended.code == 0).then_some(ended.out)
        })
        .await;
        assert!(said.contains("in the ledger says so"), "{said}");
    }
    let admin = server.admin_again().await;
    let left = items(&admin.get(&format!("/clones/{kept}/memories")).await.is(200));
    assert_eq!(left.len(), 1, "{left:?}");
    let said = admin.messages(&talk).await;
    assert!(!said[1].to_string().contains("Quetzal"), "{}", said[1]);
    for path in ["/memories", "/timeline"] {
        let seen = admin.get(&format!("/clones/{shared}{path}")).await.is(200).to_string();
        assert!(seen.contains("baked") && !seen.contains("sang"), "{seen}");
    }
    until("its index is made anew", || async {
        (admin.finds(&shared, "bread", "").await == ["She baked bread."]).then_some(())
    })
    .await;
    assert_eq!(admin.get(&format!("/clones/{shared}")).await.is(200)["memory_count"], 1);
    server.account("ada").await;
}

#[tokio::test]
async fn a_backup_from_before_brings_nothing_back() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let kept = admin.new_clone("Vera").await;
    admin.remember(&kept, "We danced in the kitchen.").await;
    let ada = server.account("ada").await;
    let mut words = Canaries::default();
    clone_with_all(&ada, &mut words).await;
    is_settled(&server).await;
    let to = server.beside("backups");
    std::fs::create_dir(&to).unwrap();
    server.command(&["backup", "--to", to.to_str().unwrap()], "").ok();
    let receipt = erased(&server, &erase(&ada).await).await;
    admin.remember(&kept, "We sang in the new year.").await;
    assert_eq!(server.stop().await, 0);
    let file = std::fs::read_dir(&to).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|e| e == "cmb")).unwrap();
    server.command(&["restore", "--yes", file.to_str().unwrap()], "").ok();
    server.excuse("the database is older than the ledger of erasures");
    server.run().await;
    assert_eq!(scan(&server, &words).await, Vec::<String>::new());
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    server.client().post("/auth/login", login).await.problem(401, "invalid_credentials");
    let paper = server.beside("receipt.json");
    std::fs::write(&paper, receipt.to_string()).unwrap();
    server.command(&["verify-erasure", paper.to_str().unwrap()], "").ok();
    let admin = server.admin_again().await;
    let left = items(&admin.get(&format!("/clones/{kept}/memories")).await.is(200));
    assert_eq!(left.len(), 1, "as it was at the time of the backup: {left:?}");
}

#[tokio::test]
async fn a_ledger_that_somebody_changed_is_not_believed() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for text in ["One.", "Two.", "Three."] {
        let memory = ada.remember(&clone, text).await;
        ada.delete(&format!("/clones/{clone}/memories/{}", id(&memory))).await.is(204);
        let begun = ada.delete(&format!("/trash/{}", id(&memory))).await.is(202);
        erased(&server, &receipt_of(&begun)).await;
    }
    assert_eq!(server.stop().await, 0);
    let path = server.data().join("erasures");
    let ledger = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = ledger.lines().collect();
    assert_eq!(lines.len(), 3, "{ledger}");
    for (at, line) in lines.iter().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["number"], &line["erased"]["kind"]), (&json!(at + 1), &json!("memory")));
    }
    let damaged = [
        (ledger.replacen("\"memory\"", "\"person\"", 1), "is damaged in line 1"),
        (lines[1..].join("\n") + "\n", "is damaged in line 1"),
        (format!("{}\n{}\n", lines[0], lines[2]), "is damaged in line 2"),
        (ledger.clone() + "nonsense\n", "is damaged in line 4"),
    ];
    for (text, saying) in damaged {
        std::fs::write(&path, &text).unwrap();
        server.command(&["serve"], "").fails(78, &[saying]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is left as it is");
    }
    // A line that a crash cut, lines that are missing at the end, no file at all: the database
    // has them.
    let cut = ledger[..ledger.len() - 20].to_owned();
    for text in [Some(cut), Some(lines[0].to_owned() + "\n"), None] {
        match text {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        server.run().await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), ledger);
        assert_eq!(server.stop().await, 0);
    }
}
