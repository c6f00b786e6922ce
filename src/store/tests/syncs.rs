//! What the storage model takes for granted: the real disk is told to sync, files before they get
//! their names and names before anybody relies on them. A library that is loaded before the
//! system's writes the calls down; it is compiled here with the compiler that links this test.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::seal::Source;

/// Where the other process is to write.
const PLACE: &str = "SYNCS_PLACE";

/// Writes what a server writes, in this process or in another.
#[tokio::test]
async fn keys_rows_and_files_can_be_written() {
    let own = tempfile::tempdir().unwrap();
    let place = std::env::var_os(PLACE).map_or(own.path().to_owned(), PathBuf::from);
    let source = Source::File(place.join("root-key"));
    let (seals, _) = Seals::create(&place, &source).unwrap();
    let store = Store::open(&place, Codec::new(seals), &options()).unwrap();
    store.write(|tx| tx.put(&NUMBERS, &1, &1)).await.unwrap();
    let blobs = Blobs::local(&place).unwrap();
    blobs.put("clones/a/one", bytes::Bytes::from_static(b"1")).await.unwrap();
}

/// Which syncs and renames that takes, in their order, without the place.
fn calls() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    let (library, log) = (folder.path().join("syncs.so"), folder.path().join("log"));
    std::fs::create_dir(&place).unwrap();
    let source = folder.path().join("syncs.c");
    std::fs::write(&source, include_str!("syncs.c")).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(cc.status().unwrap().success(), "a C compiler links this test, too");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["store::tests::syncs::keys_rows_and_files_can_be_written", "--exact"])
        .env("LD_PRELOAD", &library)
        .env("SYNCS_LOG", &log)
        .env(PLACE, &place)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let log = std::fs::read_to_string(&log).unwrap();
    log.lines().map(|line| shortened(line, &place)).collect()
}

fn shortened(line: &str, place: &Path) -> String {
    let place = place.canonicalize().unwrap();
    line.replace(&format!("{}/", place.display()), "").replace(place.to_str().unwrap(), ".")
}

#[test]
fn what_gets_a_name_is_on_the_disk_before_and_the_name_after() {
    let calls = calls();
    let at = |call: &dyn Fn(&str) -> bool, from: usize| {
        let found = calls[from..].iter().position(|line| call(line));
        found.map(|at| from + at).unwrap_or_else(|| panic!("something is not done: {calls:#?}"))
    };
    for (before, after, folder) in
        [("keyring.partial", "keyring", "."), ("clonememoria.partial", "clonememoria.redb", ".")]
    {
        let synced = at(&|line| line == format!("sync {before} -"), 0);
        let renamed = at(&|line| line == format!("rename {before} {after}"), synced);
        at(&|line| line == format!("sync {folder} -"), renamed);
    }
    let name = "blobs/clones/a/one";
    let synced = at(&|line| line.starts_with(&format!("sync {name}")), 0);
    let renamed = at(&|line| line.starts_with("rename") && line.ends_with(name), synced);
    at(&|line| line == "sync blobs/clones/a -", renamed);
    at(&|line| line == "sync clonememoria.redb -", 0);
}
