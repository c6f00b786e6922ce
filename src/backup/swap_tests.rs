//! Wherever putting a restore in place breaks off, it is the one or the other.

use super::*;

const NAMES: [&str; 4] = ["clonememoria.redb", "blobs", "index", "keyring"];

/// A directory with old data, and new data in its folder: no keyring comes, no index either.
fn prepared() -> (tempfile::TempDir, Swap) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("clonememoria.redb"), "old").unwrap();
    std::fs::create_dir_all(path.join("index/a")).unwrap();
    std::fs::write(path.join("index/a/b"), "old index").unwrap();
    std::fs::write(path.join("keyring"), "keys").unwrap();
    let swap = begin(path).unwrap();
    std::fs::write(swap.folder().join("clonememoria.redb"), "new").unwrap();
    std::fs::create_dir(swap.folder().join("blobs")).unwrap();
    std::fs::write(swap.folder().join("blobs/one"), "new blob").unwrap();
    (directory, swap)
}

fn is_old(path: &Path) -> bool {
    let read = |name: &str| std::fs::read_to_string(path.join(name)).ok();
    read("clonememoria.redb").as_deref() == Some("old")
        && read("index/a/b").as_deref() == Some("old index")
        && read("keyring").as_deref() == Some("keys")
        && !path.join("blobs").exists()
}

fn is_new(path: &Path) -> bool {
    let read = |name: &str| std::fs::read_to_string(path.join(name)).ok();
    read("clonememoria.redb").as_deref() == Some("new")
        && read("blobs/one").as_deref() == Some("new blob")
        && read("keyring").as_deref() == Some("keys")
        && !path.join("index").exists()
}

fn is_tidy(path: &Path) -> bool {
    [FRESH, ASIDE, JOURNAL].iter().all(|name| !path.join(name).exists())
}

#[test]
fn what_came_stays_when_it_has_started_once() {
    let (directory, swap) = prepared();
    let path = directory.path();
    swap.carry_out(&NAMES[..3]).unwrap();
    assert!(is_new(path));
    assert_eq!(settle(path).unwrap(), Begun::Restored);
    opened(path).unwrap();
    assert!(path.join(ASIDE).join("clonememoria.redb").exists(), "kept until it has started");
    assert!(started(path).unwrap());
    assert!(is_new(path) && is_tidy(path));
    assert!(!revert(path).unwrap() && is_new(path), "there is no way back any more");
    assert_eq!(settle(path).unwrap(), Begun::Usual);
}

#[test]
fn what_was_left_is_put_in_place_at_the_next_start() {
    let (directory, swap) = prepared();
    let path = directory.path();
    swap.leave(&NAMES[..3]).unwrap();
    assert!(is_old(path), "whoever runs still has what is there");
    assert!(!started(path).unwrap() && !revert(path).unwrap());
    assert_eq!(settle(path).unwrap(), Begun::Restored);
    assert!(is_new(path));
    assert!(revert(path).unwrap());
    assert!(is_old(path) && is_tidy(path));
}

#[test]
fn what_does_not_start_goes() {
    let (directory, swap) = prepared();
    let path = directory.path();
    swap.carry_out(&NAMES[..3]).unwrap();
    assert_eq!(settle(path).unwrap(), Begun::Restored);
    // A start makes an index before it fails.
    std::fs::create_dir(path.join("index")).unwrap();
    assert!(revert(path).unwrap());
    assert!(is_old(path) && is_tidy(path));
}

#[test]
fn what_dies_again_and_again_goes_too() {
    let (directory, swap) = prepared();
    let path = directory.path();
    swap.carry_out(&NAMES[..3]).unwrap();
    for _ in 0..ATTEMPTS {
        assert_eq!(settle(path).unwrap(), Begun::Restored);
    }
    assert_eq!(settle(path).unwrap(), Begun::Reverted);
    assert!(is_old(path) && is_tidy(path));
}

/// Breaks off after each rename that there is, both ways, and starts again.
#[test]
fn wherever_it_breaks_off_it_is_the_one_or_the_other() {
    for cut in 0..8 {
        let (directory, swap) = prepared();
        let path = directory.path();
        let (fresh, aside) = (path.join(FRESH), path.join(ASIDE));
        let journal = Journal {
            phase: Phase::Swapping,
            fresh: ["clonememoria.redb", "blobs"].map(str::to_owned).to_vec(),
            aside: ["clonememoria.redb", "index"].map(str::to_owned).to_vec(),
            attempts: 0,
        };
        keep(path, &journal).unwrap();
        std::fs::create_dir(&aside).unwrap();
        for (at, (from, to, name)) in [
            (path, &*aside, "clonememoria.redb"),
            (path, &*aside, "index"),
            (&*fresh, path, "clonememoria.redb"),
            (&*fresh, path, "blobs"),
        ]
        .into_iter()
        .enumerate()
        {
            if at < cut {
                rename(from, to, name).unwrap();
            }
        }
        drop(swap);
        assert_eq!(settle(path).unwrap(), Begun::Restored, "{cut}");
        assert!(is_new(path), "{cut}");
        // And half of the way back.
        keep(path, &Journal { phase: Phase::Reverting, ..journal }).unwrap();
        for (at, (from, to, name)) in [
            (path, &*fresh, "clonememoria.redb"),
            (path, &*fresh, "blobs"),
            (&*aside, path, "clonememoria.redb"),
            (&*aside, path, "index"),
        ]
        .into_iter()
        .enumerate()
        {
            if at < cut {
                rename(from, to, name).unwrap();
            }
        }
        assert_eq!(settle(path).unwrap(), Begun::Reverted, "{cut}");
        assert!(is_old(path) && is_tidy(path), "{cut}");
    }
}
