//! `clonememoria fsck`: a directory that was used for everything has nothing wrong with it, and
//! whatever is damaged is named.

use std::path::{Path, PathBuf};

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde_json::json;

use crate::isolation::is_settled;
use crate::support::client::id;
use crate::support::command::Ended;
use crate::support::server::Server;

const FILE: &str = "clonememoria.redb";

fn table(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// A stopped server that was used for a bit of everything, and was killed in between.
async fn used() -> Server {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&admin.post("/spaces", json!({"name": "Family"})).await.is(201));
    ben.joins(&admin, &space, "contributor").await;
    let clone = id(&admin
        .post(
            "/clones",
            json!({
                "name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space",
            }),
        )
        .await
        .is(201));
    let own = admin.new_clone("Own").await;
    for number in 0..12 {
        let who = if number % 3 == 0 { &ben } else { &admin };
        let memory = who
            .remember_as(
                &clone,
                json!({
                    "content": format!("On that day number {number} she swam in the lake."),
                    "occurred_at": if number % 2 == 0 { json!("1962-07") } else { json!(null) },
                    "people": ["Anna", format!("Person {number}")],
                    "external_id": format!("e{number}"),
                    "thread": if number < 6 { json!("walk") } else { json!(null) },
                    "sequence": number,
                    "visibility": if number % 4 == 0 { "author" } else { "space" },
                }),
            )
            .await;
        let path = format!("/clones/{clone}/memories/{}", id(&memory));
        match number {
            3 | 4 => drop(who.patch(&path, json!({"content": "She did not."})).await.is(200)),
            5 | 6 => drop(who.delete(&path).await.is(204)),
            _ => {}
        }
    }
    admin.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await.is(201);
    let conversation = admin.converse(&clone).await;
    admin.say(&conversation, "Did she swim?").await;
    let other = ben.converse(&clone).await;
    ben.say(&other, "Where?").await;
    ben.delete(&format!("/conversations/{other}")).await.is(204);
    admin.post(&format!("/clones/{own}/share-links"), json!({})).await.is(201);
    admin.post("/api-keys", json!({"label": "mine", "scopes": ["read"]})).await.is(201);
    server.kill().await;
    server.run().await;
    let admin = server.again(&admin);
    admin.remember(&own, "After the power cut the kettle sang.").await;
    admin.delete(&format!("/clones/{own}")).await.is(204);
    is_settled(&server).await;
    assert_eq!(server.stop().await, 0);
    server
}

fn fsck(server: &Server) -> Ended {
    server.command(&["fsck"], "")
}

/// A copy of a data directory with its key.
struct Copy {
    _folder: tempfile::TempDir,
    data: PathBuf,
}

impl Copy {
    fn of(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        copied(&server.data(), &data);
        let mut key = server.data().into_os_string();
        key.push(".root-key");
        let mut beside = data.clone().into_os_string();
        beside.push(".root-key");
        std::fs::copy(key, beside).expect("a key");
        Self { _folder: folder, data }
    }

    fn database(&self) -> PathBuf {
        self.data.join(FILE)
    }

    fn change(&self, change: impl FnOnce(&redb::WriteTransaction)) {
        let database = redb::Database::open(self.database()).expect("a database");
        let mut tx = database.begin_write().expect("a transaction");
        tx.set_two_phase_commit(true);
        tx.set_quick_repair(true);
        change(&tx);
        tx.commit().expect("a commit");
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = arguments.to_vec();
        all.extend(["--data-dir", self.data.to_str().expect("UTF-8")]);
        crate::support::command::run(&all, &[], "")
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("permissions");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copied(&path, &place);
        } else if path.is_file() {
            std::fs::copy(&path, &place).expect("a copy");
        }
    }
}

#[tokio::test]
async fn a_directory_that_was_used_for_everything_has_nothing_wrong_with_it() {
    let mut server = used().await;
    let before = std::fs::read(server.data().join(FILE)).expect("a file");
    let said = fsck(&server).ok();
    assert!(!said.contains("BAD") && !said.contains("OLD"), "{said}");
    for words in ["the root key opens it", "every page is as written", "nothing is missing"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(before == std::fs::read(server.data().join(FILE)).expect("a file"), "it was touched");
    server.run().await;
    fsck(&server).fails(75, &["another process is using this data directory"]);
}

#[tokio::test]
async fn whatever_is_damaged_is_named() {
    let server = used().await;
    // Of each table one row is gone: what must be said.
    let cases = [
        ("accounts_by_email", "not found by one address"),
        ("accounts", "an address of no account"),
        ("space_members", "a space that does not know of it"),
        ("spaces_of_account", "a member who does not know of it"),
        ("spaces", "a member of no space"),
        ("clones_in_space", "a clone that its space does not know"),
        ("clones", "of no clone"),
        ("clone_counts", "a count that is not right"),
        ("memories", "it finds what is not there"),
        ("memories_by_date", "a memory is not found by it"),
        ("memories_undated", "a memory is not found by it"),
        ("memories_by_person", "a memory is not found by it"),
        ("memories_by_external_id", "a memory is not found by it"),
        ("people", "a count of what is not there"),
        ("passages", "it finds what is not there"),
        ("passages_of_memory", "a passage is not found by it"),
        ("passages_in_thread", "a passage is not found by it"),
        ("vectors", "a passage without vector"),
        ("conversations", "a message in no conversation"),
        ("conversations_of_account", "a conversation is not found"),
        ("conversations_of_clone", "a conversation is not found"),
        ("messages", "messages are not counted right"),
        ("audit_log", "an entry does not fit the one before"),
    ];
    for (name, words) in cases {
        let copy = Copy::of(&server);
        copy.change(|tx| {
            let mut rows = tx.open_table(table(name)).expect("a table");
            let first = rows.first().expect("a table").expect("a row").0.value().to_vec();
            rows.remove(&first[..]).expect("removed");
        });
        let ended = copy.run(&["fsck"]);
        assert_eq!(ended.code, 65, "{name}: {ended:?}");
        let line = ended.out.lines().find(|line| line.starts_with("BAD") && line.contains(words));
        assert!(line.is_some(), "{name}: not said: {words}: {}", ended.out);
        assert!(ended.err.contains(FILE) && ended.err.contains("backup"), "{}", ended.err);
    }
}

#[tokio::test]
async fn rows_and_pages_that_were_changed_are_named() {
    let server = used().await;
    let names = {
        let copy = Copy::of(&server);
        let database = redb::Database::open(copy.database()).expect("a database");
        let tx = database.begin_read().expect("a transaction");
        let names = tx.list_tables().expect("tables");
        names.map(|table| redb::TableHandle::name(&table).to_owned()).collect::<Vec<_>>()
    };
    let mut tried = 0;
    for name in &names {
        let copy = Copy::of(&server);
        let mut has_rows = false;
        copy.change(|tx| {
            let mut rows = tx.open_table(table(name)).expect("a table");
            let Some((key, mut value)) = rows
                .last()
                .expect("a table")
                .map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
            else {
                return;
            };
            // Sealed values begin with something else.
            has_rows = value.first().is_some_and(|first| *first != 0) && value.len() > 40;
            let last = value.len().saturating_sub(1);
            if has_rows {
                value[last] ^= 1;
                rows.insert(&key[..], &value[..]).expect("changed");
            }
        });
        if has_rows {
            tried += 1;
            let ended = copy.run(&["fsck"]);
            let words = format!("table {name}: 1 rows cannot be read, the first: ");
            assert!(ended.code == 65 && ended.out.contains(&words), "{name}: {ended:?}");
        }
    }
    assert!(tried > 8, "{tried} of {names:?}");
    let copy = Copy::of(&server);
    let mut bytes = std::fs::read(copy.database()).expect("a file");
    for byte in &mut bytes[8_192..] {
        *byte ^= 0x55;
    }
    std::fs::write(copy.database(), &bytes).expect("written");
    let ended = copy.run(&["fsck"]);
    assert!(ended.code == 65 && ended.out.contains("is damaged"), "{ended:?}");
    // The server says the same, once, and touches nothing.
    let started = copy.run(&["serve", "--listen", "127.0.0.1:0"]);
    started.fails(74, &[FILE, "is damaged", "backup", "fsck"]);
    assert!(std::fs::read(copy.database()).expect("a file") == bytes, "it was touched");
}

#[tokio::test]
async fn what_is_derived_is_repaired_and_found_as_before() {
    let mut server = used().await;
    let index = server.data().join("index");
    let folders: Vec<PathBuf> =
        std::fs::read_dir(&index).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    assert!(!folders.is_empty());
    for folder in &folders {
        let files = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("one").path());
        let largest = files.max_by_key(|path| path.metadata().expect("a file").len());
        let largest = largest.expect("a file");
        let mut bytes = std::fs::read(&largest).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        std::fs::write(&largest, bytes).expect("written");
    }
    std::fs::write(server.data().join("keyring.partial"), "half").expect("written");
    let ended = fsck(&server).fails(65, &["--repair"]);
    assert_eq!(ended.out.matches("OLD").count(), folders.len() + 1, "{}", ended.out);
    let repaired = server.command(&["fsck", "--repair"], "").ok();
    assert_eq!(repaired.matches("fixed").count(), folders.len() + 1, "{repaired}");
    let said = fsck(&server).ok();
    assert!(!said.contains("OLD"), "{said}");
    server.run().await;
}

#[tokio::test]
async fn without_keyring_or_database_it_is_said_and_nothing_is_made() {
    let server = used().await;
    let copy = Copy::of(&server);
    std::fs::remove_file(copy.data.join("keyring")).expect("removed");
    let ended = copy.run(&["doctor"]);
    assert_eq!(ended.code, 78, "{ended:?}");
    let line = ended.out.lines().find(|line| line.contains(" keys: ")).expect("a line");
    assert!(line.starts_with("BAD") && line.contains("is missing"), "{line}");
    assert!(copy.run(&["fsck"]).out.contains("BAD   "), "the keyring");
    let copy = Copy::of(&server);
    for empty in [false, true] {
        std::fs::remove_file(copy.database()).expect("removed");
        if empty {
            std::fs::write(copy.database(), "").expect("written");
        }
        let started = copy.run(&["serve", "--listen", "127.0.0.1:0"]);
        started.fails(74, &[FILE, "it is gone", "backup"]);
        assert_eq!(copy.database().exists(), empty, "another was begun");
        assert_eq!(copy.run(&["fsck"]).code, 65);
        std::fs::write(copy.database(), "").expect("written");
    }
}
