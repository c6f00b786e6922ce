//! Backups: made while everything goes on, whole or not there at all, with the keys beside them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::support::client::{items, text};
use crate::support::command::{BINARY, Ended, run};
use crate::support::s3::{Fault, KEY_ID, S3, SECRET};
use crate::support::server::Server;
use crate::support::{files_below, until};

/// No backup is made by itself.
pub const BY_HAND: (&str, &str) = ("CLONEMEMORIA_BACKUP_EVERY_HOURS", "0");

/// A directory for backups, which can be unplugged.
pub struct Disk {
    _root: TempDir,
    path: PathBuf,
}

impl Disk {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("backups");
        std::fs::create_dir(&path).unwrap();
        Self { _root: root, path }
    }

    pub fn unplug(&self) {
        std::fs::rename(&self.path, self.path.with_extension("unplugged")).unwrap();
    }

    pub fn plug(&self) {
        std::fs::rename(self.path.with_extension("unplugged"), &self.path).unwrap();
    }
}

impl std::ops::Deref for Disk {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// A server whose backups go to a directory beside its data.
pub async fn with_directory() -> (Server, Disk) {
    let disk = Disk::new();
    let server = Server::with(&[("CLONEMEMORIA_BACKUP_DIRECTORY", path(&disk)), BY_HAND]).await;
    (server, disk)
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files of a directory whose names end so, the oldest first.
pub fn named(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = files_below(directory)
        .into_iter()
        .map(|(path, _)| PathBuf::from(path))
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    found.sort();
    found
}

/// Makes a recovery key as a person does, who reads it and types its end; the file it is kept in.
pub fn recovery_key(
    server: &Server,
    more: &[&str],
    typed: impl Fn(&str) -> String,
) -> (Ended, PathBuf) {
    let data = server.data();
    let mut child = Command::new(BINARY)
        .args(["backup", "recovery-key", "--data-dir", path(&data)])
        .args(more)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut said, mut out) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    let key = loop {
        let mut line = String::new();
        assert!(out.read_line(&mut line).unwrap() > 0, "{said}");
        said.push_str(&line);
        if line.trim().starts_with("AGE-SECRET-KEY-1") {
            break line.trim().to_owned();
        }
    };
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", typed(&key)).unwrap();
    drop(input);
    std::io::Read::read_to_string(&mut out, &mut said).unwrap();
    let end = child.wait_with_output().unwrap();
    let err = String::from_utf8(end.stderr).unwrap();
    let file = server.beside("recovery-key.txt");
    std::fs::write(&file, &key).unwrap();
    (Ended { code: end.status.code().unwrap(), out: said, err }, file)
}

pub fn last(key: &str) -> String {
    key[key.len() - 8..].to_owned()
}

#[tokio::test]
async fn the_copy_of_the_keys_follows_them_and_is_only_one() {
    let (server, place) = with_directory().await;
    let admin = server.admin().await;
    let (made, _) = recovery_key(&server, &[], last);
    made.ok();
    let copy = named(&place, ".keyring").pop().unwrap();
    let mut before = std::fs::read(&copy).unwrap();
    // New keys come with a clone; one goes with an account.
    admin.new_clone("Maria").await;
    let ben = server.account("ben").await;
    let account = text(&ben.get("/auth/me").await.is(200)["id"]);
    for erases in [false, true] {
        if erases {
            let erase = json!({"do": "erase_account", "account": account});
            assert_eq!(server.operate(erase).await.0, 200);
        }
        before = until("the copy follows", || async {
            let now = std::fs::read(&copy).ok()?;
            let state = server.operate(json!({"do": "recovery_state"})).await.1;
            let state = &state["recovery"];
            let is_there = state["copies"][0]["generation"] == state["generation"];
            (now != before && is_there).then_some(now)
        })
        .await;
    }
    assert_eq!(named(&place, "").len(), 1, "nothing else lies there");
    let old = std::fs::metadata(&copy).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&old.permissions()) & 0o077, 0);
    // Without the place the server goes on, and says so when it is asked.
    place.unplug();
    admin.new_clone("Second").await;
    let shown = ["backup", "recovery-key", "--show"];
    until("it is seen", || async {
        let shown = server.command(&shown, "");
        shown.out.contains("it is not there").then_some(())
    })
    .await;
    server.command(&shown, "").fails(74, &["cannot be given back elsewhere"]);
    server.command(&["backup"], "").fails(74, &["1 place(s) failed"]);
    place.plug();
    until("it is caught up", || async { (server.command(&shown, "").code == 0).then_some(()) })
        .await;
}

#[tokio::test]
async fn backups_are_made_by_themselves_and_what_fails_is_seen() {
    let place = Disk::new();
    let server = Server::with(&[
        ("CLONEMEMORIA_BACKUP_DIRECTORY", path(&place)),
        ("CLONEMEMORIA_BACKUP_KEEP", "2"),
    ])
    .await;
    let has = async |count: usize, oldest_gone: Option<&PathBuf>| {
        until("a backup is made", || async {
            let there = named(&place, ".cmb");
            let gone = oldest_gone.is_none_or(|old| !there.contains(old));
            (there.len() == count && gone).then_some(there)
        })
        .await
    };
    let first = has(1, None).await.remove(0);
    server.advance(Duration::from_secs(23 * 60 * 60)).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(named(&place, ".cmb").len(), 1, "none is due");
    server.advance(Duration::from_secs(2 * 60 * 60)).await;
    has(2, None).await;
    server.advance(Duration::from_secs(25 * 60 * 60)).await;
    has(2, Some(&first)).await;
    let health = server.client().page("/readyz").await.is(200);
    assert_eq!(health["checks"]["backup"]["status"], "ok", "{health}");
    place.unplug();
    server.advance(Duration::from_secs(25 * 60 * 60)).await;
    until("it is seen", || async {
        let health = server.client().page("/readyz").await.is(200);
        (health["checks"]["backup"]["status"] == "degraded").then_some(())
    })
    .await;
    place.plug();
    server.advance(Duration::from_secs(2 * 60 * 60)).await;
    until("it is well again", || async {
        let health = server.client().page("/readyz").await.is(200);
        (health["checks"]["backup"]["status"] == "ok").then_some(())
    })
    .await;
}

fn to_s3(s3: &S3) -> Vec<(String, String)> {
    let variable = |key: &str| format!("CLONEMEMORIA_{}", key.replace('.', "_").to_uppercase());
    s3.settings().into_iter().map(|(key, value)| (variable(&key), value)).collect()
}

async fn with_s3(s3: &S3, keep: &str) -> Server {
    let mut settings = to_s3(s3);
    for (name, value) in [("CLONEMEMORIA_BACKUP_KEEP", keep), BY_HAND] {
        settings.push((name.to_owned(), value.to_owned()));
    }
    let settings: Vec<_> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    Server::with(&settings).await
}

fn backups_in(s3: &S3) -> Vec<String> {
    s3.names().into_iter().filter(|name| name.ends_with(".cmb")).collect()
}

#[tokio::test]
async fn storage_of_the_protocol_s3_keeps_backups_and_gives_them_back() {
    let s3 = S3::start();
    let mut server = with_s3(&s3, "2").await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    // Large enough to go in several pieces.
    std::fs::create_dir_all(server.data().join("blobs")).unwrap();
    let blob: Vec<u8> =
        (0..20 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(server.data().join("blobs/film"), &blob).unwrap();
    let (made, key) = recovery_key(&server, &[], last);
    made.ok();
    for _ in 0..3 {
        server.command(&["backup"], "").ok();
        // Names have seconds in them.
        server.advance(Duration::from_secs(60)).await;
    }
    let names = s3.names();
    assert_eq!(backups_in(&s3).len(), 2, "the oldest is gone: {names:?}");
    assert!(names.iter().all(|name| name.starts_with("of/us/clonememoria-")), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.ends_with(".keyring")).count(), 1);
    assert_eq!((s3.unfinished(), s3.unsigned()), (0, 0));
    let listed = server.command(&["backup", "list"], "").ok();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(s3.seen().iter().any(|seen| seen.contains("partNumber=3")), "{:?}", s3.seen());

    let mut other = Server::prepared(&[]);
    let environment = to_s3(&s3);
    let mut environment: Vec<_> =
        environment.iter().map(|(name, value)| (&**name, &**value)).collect();
    let data = other.data();
    let arguments = ["restore", "--yes", "--recovery-key", path(&key), "--data-dir", path(&data)];
    run(&arguments, &environment, "").ok();
    assert_eq!(std::fs::read(other.data().join("blobs/film")).unwrap(), blob);
    other.run().await;
    let ada = other.admin_again().await;
    let found = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(found[0]["content"], "We swam in the cold lake.");
    // A byte that was changed in the storage is found.
    let secret = "CLONEMEMORIA_BACKUP_S3_SECRET_ACCESS_KEY";
    environment.iter_mut().filter(|(name, _)| *name == secret).for_each(|pair| pair.1 = "wrong");
    let arguments = ["backup", "verify", "--data-dir", path(&data)];
    run(&arguments, &environment, "").fails(74, &["refuses the access key"]);
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn storage_that_fails_leaves_nothing_that_looks_whole() {
    let s3 = S3::start();
    let server = with_s3(&s3, "5").await;
    server.admin().await;
    std::fs::create_dir_all(server.data().join("blobs")).unwrap();
    std::fs::write(server.data().join("blobs/film"), vec![1; 18 << 20]).unwrap();
    // What passes is tried again.
    s3.once(&[Fault::Status(500), Fault::Status(503), Fault::Slow(Duration::from_millis(400))]);
    server.command(&["backup"], "").ok();
    let good = backups_in(&s3);
    assert_eq!(good.len(), 1);
    for (fault, said) in [
        (Fault::Status(403), "refuses the access key"),
        (Fault::Status(400), "the storage failed"),
        (Fault::Cut, "cannot be reached"),
    ] {
        s3.always(Some(fault));
        let ended = server.command(&["backup"], "").fails(74, &["1 place(s) failed"]);
        assert!(ended.out.contains(said), "{fault:?}: {ended:?}");
        s3.always(None);
        assert_eq!(backups_in(&s3), good, "{fault:?}");
        for shown in [&ended.out, &ended.err, &server.log()] {
            assert!(!shown.contains(SECRET) && !shown.contains(KEY_ID), "{fault:?}: {shown}");
        }
    }
    assert!(files_below(&server.data().join("tmp")).is_empty(), "nothing is left on the way");
    server.command(&["backup"], "").ok();
    assert_eq!(backups_in(&s3).len(), 2);
}

#[tokio::test]
async fn a_backup_that_is_broken_off_never_looks_whole() {
    let (mut server, place) = with_directory().await;
    server.admin().await;
    std::fs::create_dir_all(server.data().join("blobs")).unwrap();
    std::fs::write(server.data().join("blobs/film"), vec![1; 24 << 20]).unwrap();
    server.command(&["backup"], "").ok();
    let mut known: BTreeSet<PathBuf> = named(&place, ".cmb").into_iter().collect();
    let first = known.first().unwrap().clone();
    let bytes = std::fs::read(&first).unwrap();
    let mut broken = 0;
    for round in 0..crate::kill::rounds(8) {
        let data = server.data();
        let command =
            std::thread::spawn(move || run(&["backup", "--data-dir", path(&data)], &[], ""));
        tokio::time::sleep(Duration::from_millis(15 + round * 61 % 400)).await;
        server.kill().await;
        broken += u32::from(command.join().unwrap().code != 0);
        let there: BTreeSet<PathBuf> = named(&place, ".cmb").into_iter().collect();
        for new in there.difference(&known) {
            server.command(&["backup", "verify", path(new)], "").ok();
        }
        known = there;
        server.run().await;
        assert!(files_below(&server.data().join("tmp")).is_empty(), "{round}");
    }
    assert!(broken > 0, "none was broken off");
    assert_eq!(std::fs::read(&first).unwrap(), bytes, "the old one is as it was");
    server.command(&["backup"], "").ok();
    assert!(named(&place, ".partial").is_empty(), "what was broken off is swept away");
    println!("{broken} were broken off");
}
