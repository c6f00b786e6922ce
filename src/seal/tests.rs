//! Sealed is unreadable without its key, elsewhere than in its place, and when touched; keys are
//! there after a start, and for nobody without the root key.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::kernel::Secret;

const PLACE: Place<'static> = Place { table: "letters", key: b"one" };

fn sealed(seals: &Seals, owner: Owner, text: &[u8]) -> Vec<u8> {
    seals.seal(owner, PLACE, 3, text).unwrap()
}

fn opened(seals: &Seals, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    seals.open_value(PLACE, bytes).map(|opened| opened.value)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_is_sealed_is_unreadable_and_opens_in_its_place() {
    let seals = Seals::in_memory();
    let (author, clone) = (AccountId::fresh(), CloneId::fresh());
    for owner in [
        Owner::Instance,
        Owner::Account(author),
        Owner::Clone(clone),
        Owner::Derived { author, clone },
    ] {
        for length in [0, 1, 15, 16, 100, 5_000] {
            let text = vec![b'x'; length];
            let bytes = sealed(&seals, owner, &text);
            assert!(length < 15 || !holds(&bytes, &text), "{owner:?}");
            let was = Opened { version: 3, value: text, was_sealed: true };
            assert_eq!(seals.open_value(PLACE, &bytes).unwrap(), was);
        }
    }
    let bytes = sealed(&seals, Owner::Nobody, b"of nobody");
    let was = Opened { version: 3, value: b"of nobody".to_vec(), was_sealed: false };
    assert_eq!(seals.open_value(PLACE, &bytes).unwrap(), was);
}

#[test]
fn the_same_text_is_never_sealed_the_same_and_its_length_tells_little() {
    let seals = Seals::in_memory();
    let one = sealed(&seals, Owner::Instance, b"the same");
    assert_ne!(one, sealed(&seals, Owner::Instance, b"the same"));
    assert_eq!(one.len(), sealed(&seals, Owner::Instance, b"not the same").len());
}

#[test]
fn whatever_is_touched_or_moved_does_not_open() {
    let seals = Seals::in_memory();
    let (author, clone) = (AccountId::fresh(), CloneId::fresh());
    for owner in [Owner::Account(author), Owner::Derived { author, clone }] {
        let bytes = sealed(&seals, owner, b"We swam in the lake.");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut touched = bytes.clone();
                touched[at] ^= 1 << bit;
                let found = seals.open_value(PLACE, &touched);
                // In the clear it may be something; then it says so, and is not believed.
                let refused = found.is_err() || found.is_ok_and(|found| !found.was_sealed);
                assert!(refused, "bit {bit} of byte {at}");
            }
            assert!(opened(&seals, &bytes[..at]).is_err(), "the first {at} bytes");
        }
        for place in [
            Place { table: "letters", key: b"two" },
            Place { table: "letter", key: b"sone" },
            Place { table: "letters", key: b"" },
        ] {
            assert!(matches!(seals.open_value(place, &bytes), Err(SealError::Damaged)));
        }
    }
}

#[test]
fn what_takes_two_keys_opens_with_neither_alone() {
    let seals = Seals::in_memory();
    let (author, clone) = (AccountId::fresh(), CloneId::fresh());
    let bytes = sealed(&seals, Owner::Derived { author, clone }, b"We swam in the lake.");
    let known = |keep: Holder| {
        let mut keys = seals.known().keys.clone();
        keys.retain(|holder, _| *holder == keep);
        Seals::with(None, keys)
    };
    for keep in [Holder::Account(author.bytes()), Holder::Clone(clone.bytes())] {
        assert!(matches!(opened(&known(keep), &bytes), Err(SealError::NoKey)));
    }
    assert!(matches!(opened(&Seals::in_memory(), &bytes), Err(SealError::NoKey)));
}

/// As an instance is opened that may be new.
fn open(data: &Path, source: &Source) -> Result<Seals, SealError> {
    match Seals::open(data, source)? {
        Some(seals) => Ok(seals),
        None => Ok(Seals::create(data, source)?.0),
    }
}

/// A data directory with a root key beside it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.data()).unwrap();
        home
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("keys/root-key")
    }

    fn open(&self) -> Result<Seals, SealError> {
        open(&self.data(), &Source::File(self.root()))
    }
}

#[test]
fn keys_are_there_after_a_start_and_in_no_file_in_the_clear() {
    let home = Home::new();
    let seals = home.open().unwrap();
    let owner = Owner::Account(AccountId::fresh());
    let bytes = sealed(&seals, owner, b"We swam in the lake.");
    assert!(matches!(opened(&home.open().unwrap(), &bytes), Err(SealError::NoKey)));
    seals.settle().unwrap();
    let again = home.open().unwrap();
    assert_eq!(opened(&again, &bytes).unwrap(), b"We swam in the lake.");
    assert_eq!(again.known().keys.len(), 2);
    let file = std::fs::read(home.data().join("keyring")).unwrap();
    for cipher in again.known().keys.values() {
        assert!(!holds(&file, cipher.secret()));
    }
    for path in [home.root(), home.data().join("keyring")] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
fn without_its_root_key_a_keyring_opens_for_nobody() {
    let home = Home::new();
    drop(home.open().unwrap());
    std::fs::set_permissions(home.root(), Permissions::from_mode(0o440)).unwrap();
    assert!(matches!(home.open(), Err(SealError::OpenToOthers { mode: 0o440, .. })));
    // What systemd provides has the mode that its access list gives it.
    assert!(open(&home.data(), &Source::Provided(home.root())).is_ok());
    std::fs::remove_file(home.root()).unwrap();
    assert!(matches!(home.open(), Err(SealError::NoRoot(_))));
    assert!(!home.root().exists(), "no other is made");
    drop(Root::create(&Source::File(home.root())).unwrap());
    assert!(matches!(home.open(), Err(SealError::WrongRoot(_))));
}

#[test]
fn a_damaged_keyring_is_said_to_be_one() {
    let home = Home::new();
    let seals = home.open().unwrap();
    let path = home.data().join("keyring");
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, &bad).unwrap();
        assert!(home.open().is_err(), "byte {at}");
    }
    std::fs::write(&path, &good).unwrap();
    let bytes = sealed(&seals, Owner::Instance, b"We swam in the lake.");
    assert_eq!(opened(&home.open().unwrap(), &bytes).unwrap(), b"We swam in the lake.");
}

#[test]
fn words_can_be_the_root_key() {
    let home = Home::new();
    let words = |words: &str| Source::Passphrase(Secret::new(words.to_owned()));
    let seals = open(&home.data(), &words("lake copper violin harvest")).unwrap();
    let bytes = sealed(&seals, Owner::Instance, b"We swam in the lake.");
    let open = |source| open(&home.data(), &source);
    let again = open(words("lake copper violin harvest")).unwrap();
    assert_eq!(opened(&again, &bytes).unwrap(), b"We swam in the lake.");
    assert!(matches!(open(words("lake copper violin")), Err(SealError::WrongRoot(_))));
    assert!(matches!(home.open(), Err(SealError::Content { .. })));
}

#[test]
fn a_keyring_that_cannot_be_written_is_written_the_next_time() {
    let home = Home::new();
    let seals = home.open().unwrap();
    let bytes = sealed(&seals, Owner::Account(AccountId::fresh()), b"We swam in the lake.");
    let beside = home.data().join("keyring.partial");
    std::fs::create_dir(&beside).unwrap();
    assert!(matches!(seals.settle(), Err(SealError::File { .. })));
    assert!(matches!(opened(&home.open().unwrap(), &bytes), Err(SealError::NoKey)));
    std::fs::remove_dir(&beside).unwrap();
    seals.settle().unwrap();
    assert_eq!(opened(&home.open().unwrap(), &bytes).unwrap(), b"We swam in the lake.");
}

#[test]
fn what_a_destroyed_key_sealed_opens_nowhere_any_more() {
    let home = Home::new();
    let seals = home.open().unwrap();
    let (author, clone, other) = (AccountId::fresh(), CloneId::fresh(), CloneId::fresh());
    let all = [
        (Owner::Account(author), true),
        (Owner::Clone(clone), false),
        (Owner::Clone(other), true),
        (Owner::Derived { author, clone }, false),
        (Owner::Derived { author, clone: other }, true),
    ];
    let all = all.map(|(owner, stays)| (sealed(&seals, owner, b"We swam."), stays));
    seals.settle().unwrap();
    let before = std::fs::read(home.data().join("keyring")).unwrap();
    seals.destroy(&[Owner::Clone(clone)]).unwrap();
    for seals in [&seals, &home.open().unwrap()] {
        for (bytes, stays) in &all {
            assert_eq!(opened(seals, bytes).is_ok(), *stays);
        }
    }
    let again = seals.seal(Owner::Clone(clone), PLACE, 1, b"Nothing more is kept.");
    assert!(matches!(again, Err(SealError::Erased)));
    assert!(std::fs::read(home.data().join("keyring")).unwrap().len() < before.len());
}
