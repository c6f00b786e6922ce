//! What people keep is unreadable without the keys, and the keys are not with the data.

use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::json;

use crate::isolation::is_settled;
use crate::support::client::{Client, id, items};
use crate::support::server::Server;
use crate::support::{files_below, until};

/// Words that stand nowhere else, each for one place.
#[derive(Default)]
pub struct Canaries(pub Vec<(&'static str, String)>);

impl Canaries {
    /// A word for a place.
    pub fn at(&mut self, place: &'static str) -> String {
        let letters = |mut number: usize| {
            std::iter::repeat_with(move || {
                let letter = char::from(b'a' + u8::try_from(number % 20).unwrap());
                number = number / 20 + 7;
                letter
            })
        };
        let word: String = letters(self.0.len()).take(6).collect();
        let word = format!("qvz{word}xkw");
        self.0.push((place, word.clone()));
        word
    }

    /// The places whose words stand in a file below a directory.
    pub fn found(&self, directory: &Path) -> Vec<String> {
        let all = files_below(directory);
        assert!(all.len() >= 3, "{}", all.len());
        let mut found = Vec::new();
        for (place, word) in &self.0 {
            let other: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for (path, bytes) in &all {
                let lower = bytes.to_ascii_lowercase();
                let holds = |part: &[u8]| lower.windows(part.len()).any(|at| at == part);
                if holds(word.as_bytes()) || holds(&other) {
                    found.push(format!("{place} in {path}"));
                }
            }
        }
        found
    }
}

/// A clone about whom everything is said that can be.
pub async fn clone_with_all(ada: &Client, words: &mut Canaries) -> String {
    let profile = json!({
        "name": words.at("name"), "description": words.at("description"),
        "relationship": words.at("relationship"), "biography": words.at("biography"),
        "style": words.at("style"), "greeting": words.at("greeting"),
        "instructions": words.at("instructions"), "traits": [words.at("trait")],
        "tags": [words.at("tag")], "category": words.at("category"), "subject": "deceased",
    });
    let clone = id(&ada.post("/clones", profile).await.is(201));
    let stands = ada.get(&format!("/clones/{clone}/standing")).await.is(200);
    let declared = json!({
        "subject": "deceased", "text_sha256": stands["texts"][2]["text_sha256"],
        "relation": words.at("relation"), "own_words": words.at("own words"),
    });
    ada.post(&format!("/clones/{clone}/declarations"), declared).await.is(201);
    let memory = json!({
        "content": format!("We swam in the lake, said {}.", words.at("content")),
        "title": words.at("title"), "place": words.at("place"), "people": [words.at("people")],
        "tags": [words.at("tag of a memory")], "external_id": words.at("external id"),
        "source": words.at("source"), "speaker": words.at("speaker"),
        "thread": words.at("thread"), "metadata": {"note": words.at("metadata")},
    });
    let path = format!("/clones/{clone}/memories");
    let made = ada.post(&path, memory).await.is(201);
    let changed = json!({"content": format!("We swam, said {}.", words.at("other wording"))});
    ada.patch(&format!("{path}/{}", id(&made)), changed).await.is(200);
    let letter = format!("Dear {}, we swam.", words.at("content of a file"));
    let file = format!("{}.txt", words.at("name of a file"));
    let caption = words.at("caption");
    ada.ask(http::Method::POST, &format!("{path}/{}/attachments", id(&made)))
        .form(&file, "text/plain", letter.as_bytes(), Some(("caption", &caption)))
        .await
        .is(201);
    let gone = json!({"content": words.at("content in the trash")});
    let gone = id(&ada.post(&path, gone).await.is(201));
    ada.delete(&format!("{path}/{gone}")).await.is(204);
    let person = json!({
        "name": words.at("person"), "aliases": [words.at("alias")],
        "relation": words.at("relation"), "notes": words.at("notes"),
    });
    ada.post(&format!("/clones/{clone}/people"), person).await.is(201);
    clone
}

/// What else one says to a server.
pub async fn everything_else(ada: &Client, clone: &str, words: &mut Canaries) {
    let conversation = ada.converse(clone).await;
    ada.say(&conversation, &format!("Where did you swim, {}?", words.at("question"))).await;
    let title = json!({"title": words.at("title of a conversation")});
    ada.patch(&format!("/conversations/{conversation}"), title).await.is(200);
    let key = json!({"label": words.at("label of a key"), "scopes": ["read"]});
    ada.post("/api-keys", key).await.is(201);
    let space = json!({"name": words.at("space")});
    let space = id(&ada.post("/spaces", space).await.is(201));
    let email = format!("{}@example.org", words.at("address of an invitation"));
    let invitation = json!({"role": "visitor", "email": email});
    ada.post(&format!("/spaces/{space}/invitations"), invitation).await.is(201);
    let link = json!({"label": words.at("label of a share link"), "message_budget": 3});
    ada.post(&format!("/clones/{clone}/share-links"), link).await.is(201);
    let me = json!({"display_name": words.at("own name")});
    ada.patch("/auth/me", me).await.is(200);
    let address = format!("{}@example.org", words.at("own address"));
    ada.post("/auth/email/change", json!({"email": address})).await;
}

#[tokio::test]
async fn what_people_keep_is_in_no_file_without_the_keys() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let mut words = Canaries::default();
    let clone = clone_with_all(&ada, &mut words).await;
    everything_else(&ada, &clone, &mut words).await;
    is_settled(&server).await;
    for running in [true, false] {
        if !running {
            assert_eq!(server.stop().await, 0);
        }
        assert_eq!(words.found(&server.data()), Vec::<String>::new(), "{running}");
    }
    // The search sees what is there.
    std::fs::write(server.data().join("tmp-note"), words.0[3].1.to_uppercase()).unwrap();
    assert_eq!(words.found(&server.data()).len(), 1);
    assert!(words.0.len() >= 30, "{}", words.0.len());
    println!("{} words are in no file", words.0.len());
}

#[tokio::test]
async fn without_its_keys_a_server_does_not_start_and_makes_no_others() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    assert_eq!(server.stop().await, 0);
    let (root, keyring) = (server.beside("data.root-key"), server.data().join("keyring"));
    let (key, ring) = (std::fs::read(&root).unwrap(), std::fs::read(&keyring).unwrap());
    let refused = |saying: &str| drop(server.command(&["serve"], "").fails(78, &[saying]));
    let name = root.display().to_string();

    std::fs::remove_file(&root).unwrap();
    refused(&format!("the root key `{name}` is missing"));
    assert!(!root.exists());
    std::fs::write(&root, "clonememoria-root-1 AAAA\n").unwrap();
    refused("others can read the root key");
    std::fs::set_permissions(&root, Permissions::from_mode(0o400)).unwrap();
    refused(&format!("`{name}` is no root key"));
    let other = String::from_utf8(key.clone()).unwrap();
    let (head, _) = other.split_at(other.len() - 8);
    std::fs::remove_file(&root).unwrap();
    std::fs::write(&root, format!("{head}AAAAAAA\n")).unwrap();
    std::fs::set_permissions(&root, Permissions::from_mode(0o400)).unwrap();
    refused("is not the one that the keyring");
    std::fs::remove_file(&root).unwrap();
    std::fs::write(&root, &key).unwrap();
    std::fs::set_permissions(&root, Permissions::from_mode(0o400)).unwrap();

    std::fs::remove_file(&keyring).unwrap();
    refused("is missing, and without it nothing here can be read");
    assert!(!keyring.exists());
    std::fs::write(&keyring, &ring[..ring.len() - 1]).unwrap();
    refused("is damaged");
    std::fs::write(&keyring, &ring).unwrap();
    server.run().await;
    let ada = server.admin_again().await;
    let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(kept[0]["content"], "We swam in the lake.");
}

/// A database of an earlier version, as it was left.
pub fn put_golden(server: &Server, name: &str) {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(format!("tests/golden/{name}.gz")).unwrap();
    GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    std::fs::create_dir(server.data()).unwrap();
    std::fs::set_permissions(server.data(), Permissions::from_mode(0o700)).unwrap();
    std::fs::write(server.data().join("clonememoria.redb"), bytes).unwrap();
}

#[tokio::test]
async fn a_database_from_before_sealing_is_sealed_and_keeps_everything() {
    let mut server = Server::prepared(&[]);
    put_golden(&server, "schema-1.redb");
    let file = server.data().join("clonememoria.redb");
    let holds = |word: &str| {
        let bytes = std::fs::read(&file).unwrap();
        bytes.windows(word.len()).any(|at| at == word.as_bytes())
    };
    let words = ["cold lake", "Maria Keller", "Ada Lovelace", "Lake Como", "Backup at home"];
    assert!(words.into_iter().all(holds), "it was in the clear");
    for _ in 0..2 {
        server.run().await;
        let ada = server.signed_in("ada@example.org").await;
        let clones = items(&ada.get("/clones").await.is(200));
        assert_eq!((clones.len(), &clones[0]["name"]), (1, &json!("Maria Keller")));
        let clone = id(&clones[0]);
        let memories = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
        assert_eq!(memories.len(), 2);
        let swam = memories.iter().find(|one| one["title"] == "Mornings").unwrap();
        assert_eq!(swam["content"], "We swam in the cold lake every single morning.");
        assert_eq!(
            (&swam["place"], &swam["occurred_at"]),
            (&json!("Lake Como"), &json!("1968-07"))
        );
        let past = format!("/clones/{clone}/memories/{}/revisions", id(swam));
        let past = items(&ada.get(&past).await.is(200));
        assert_eq!(past[0]["content"], "We swam in the cold lake every morning.");
        // The index is built again meanwhile.
        let found = until("it is found by meaning", || async {
            let search = format!("/clones/{clone}/search?q=swimming+in+a+lake&mode=vector");
            let found = ada.get(&search).await.is(200);
            (found["degraded"] == false).then_some(found)
        });
        assert_eq!(found.await["hits"][0]["id"], swam["id"]);
        let talks = items(&ada.get("/conversations").await.is(200));
        let said = format!("/conversations/{}/messages", id(&talks[0]));
        let said = items(&ada.get(&said).await.is(200));
        assert!(said.iter().any(|one| one["content"] == "Where did you swim?"), "{said:?}");
        let key = items(&ada.get("/api-keys").await.is(200));
        assert_eq!(key[0]["label"], "Backup at home");
        assert_eq!(server.stop().await, 0);
        assert!(!words.into_iter().any(holds), "nothing is left of how it was");
    }
}
