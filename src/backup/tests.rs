//! A backup gives back what was stored, and nothing that was changed passes for one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::crypt::{open, seal};
use super::format::Unframed;
use super::write::Source;
use super::*;
use crate::kernel::{AccountId, Subject};
use crate::seal::Owner;
use crate::store::{
    Codec, Holds, LEDGER, OWN_TABLES, Options, Range, Row, Rows as _, StoreError, Table,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct NoteRow {
    text: String,
}

impl Row<u64> for NoteRow {
    fn owner(&self, key: &u64) -> Owner {
        Owner::Account(AccountId::from_bytes([u8::try_from(key % 5).unwrap() + 1; 16]))
    }
}

const NOTES: Table<u64, NoteRow> = Table::new("notes", Holds::Account);
const SIGN_INS: Table<u64, NoteRow> = Table::new("sign_ins", Holds::Account).passing();
const TABLES: [TableInfo; 2] = [NOTES.info(), SIGN_INS.info()];
const OPTIONS: Options<'_> = Options { tables: &TABLES, upgrades: &[], cache_bytes: 1 << 20 };

struct World {
    directory: tempfile::TempDir,
    seals: Seals,
    store: Store,
}

impl World {
    async fn with(notes: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seals = Seals::in_memory();
        let store = Store::in_memory(Codec::new(seals.clone()), &OPTIONS).unwrap();
        let put = store.write(move |tx| {
            for number in 0..notes {
                let text = format!("note {number} {}", "x".repeat(number as usize % 300));
                tx.put(&NOTES, &number, &NoteRow { text })?;
            }
            for byte in [8, 9] {
                let erased = Subject::Account(AccountId::from_bytes([byte; 16]));
                tx.record_erasure(erased, Timestamp(1), BTreeMap::new())?;
            }
            tx.put(&SIGN_INS, &1, &NoteRow { text: "a sign-in".to_owned() })
        });
        put.await.unwrap();
        let blobs = directory.path().join(FILES).join("clones/a");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join("one"), vec![7; 300_000]).unwrap();
        std::fs::write(blobs.join("two"), "").unwrap();
        let lines = store.erasures().unwrap();
        let ledger: String = lines.iter().map(|line| line.text().to_owned() + "\n").collect();
        std::fs::write(directory.path().join(LEDGER), ledger).unwrap();
        Self { directory, seals, store }
    }

    /// The inside of a backup.
    fn inside(&self) -> Vec<u8> {
        let stop = CancellationToken::new();
        let source = Source {
            store: &self.store,
            seals: &self.seals,
            tables: &TABLES,
            directory: self.directory.path(),
            instance: "abc",
            now: Timestamp(1),
            stop: &stop,
        };
        write::write(&source, Vec::new()).unwrap().2
    }

    fn sealed(&self) -> Vec<u8> {
        sealed_by(&self.seals, &self.inside())
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.directory.path().join("backup.cmb");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What comes of a file, in an empty folder.
    fn unpacked(&self, bytes: &[u8], into: &Path) -> Result<(Header, Footer), BackupError> {
        let openers = Openers::own(&self.seals).unwrap();
        unpack(&openers, &self.file(bytes), &self.seals, into)
    }
}

fn sealed_by(seals: &Seals, inside: &[u8]) -> Vec<u8> {
    let mut out = seal(seals, None, Vec::new()).unwrap();
    out.write_all(inside).unwrap();
    out.finish().unwrap()
}

fn notes(store: &Store) -> Vec<(u64, NoteRow)> {
    store.read(|tx| tx.list(&NOTES, &Range::all())).unwrap()
}

#[tokio::test]
async fn a_backup_gives_back_what_was_stored_and_no_sign_ins() {
    let world = World::with(2_000).await;
    let into = tempfile::tempdir().unwrap();
    let (header, footer) = world.unpacked(&world.sealed(), into.path()).unwrap();
    assert_eq!((header.format.as_str(), header.schema, header.erasures), (FORMAT_NAME, 1, 2));
    assert_eq!((footer.tables["notes"], footer.files, footer.file_bytes), (2_000, 2, 300_000));
    assert!(!footer.tables.contains_key("sign_ins"));
    let restored = Store::open(into.path(), Codec::new(world.seals.apart()), &OPTIONS).unwrap();
    assert_eq!(notes(&restored), notes(&world.store));
    restored
        .read(|tx| {
            for table in OWN_TABLES.iter().chain(&TABLES) {
                table.read_all(tx)?;
            }
            assert!(!tx.has(&SIGN_INS, &1)?);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let same = |name: &str| {
        let read = |root: &Path| std::fs::read(root.join(name)).unwrap();
        assert_eq!(read(into.path()), read(world.directory.path()), "{name}");
    };
    ["blobs/clones/a/one", "blobs/clones/a/two", LEDGER].into_iter().for_each(same);
}

const FORMAT_NAME: &str = "cmb/1";

#[tokio::test]
async fn what_was_erased_since_is_counted_and_not_read() {
    let world = World::with(50).await;
    let sealed = world.sealed();
    let gone = Owner::Account(AccountId::from_bytes([2; 16]));
    world.seals.destroy(&[gone]).unwrap();
    let into = tempfile::tempdir().unwrap();
    world.unpacked(&sealed, into.path()).unwrap();
    let restored = Store::open(into.path(), Codec::new(world.seals.apart()), &OPTIONS).unwrap();
    let read = restored.read(|tx| TABLES[0].read_all(tx)).unwrap();
    assert_eq!((read.rows, read.erased), (50, 10));
}

#[tokio::test]
async fn no_changed_byte_passes() {
    let world = World::with(400).await;
    let good = world.sealed();
    assert!(good.len() > 300_000, "several pieces of age: {}", good.len());
    let refused = |bytes: &[u8], what: &str| {
        let into = tempfile::tempdir().unwrap();
        assert!(world.unpacked(bytes, into.path()).is_err(), "{what}");
    };
    let mut bytes = good.clone();
    let mut tries = 0;
    // Every byte of the head, and as many anywhere.
    let anywhere = (0..1_500_usize).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % good.len());
    for at in (0..500).chain(anywhere) {
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        refused(&bytes, &format!("a flipped bit at {at}"));
        bytes[at] ^= bit;
        tries += 1;
    }
    for cut in (0..500).map(|at| at * good.len() / 500).chain([good.len() - 1]) {
        refused(&good[..cut], &format!("cut at {cut}"));
        tries += 1;
    }
    refused(&[&good[..], b"\0"].concat(), "a byte more");
    let into = tempfile::tempdir().unwrap();
    world.unpacked(&good, into.path()).unwrap();
    println!("{tries} changes were refused");
}

/// Without age around it, which would find all of it first.
#[tokio::test]
async fn the_inside_stands_by_itself() {
    let world = World::with(40).await;
    let good = world.inside();
    let read = |bytes: &[u8]| -> Result<Footer, BackupError> {
        let (mut frames, _) = Unframed::begin(bytes)?;
        loop {
            let (kind, payload) = frames.next()?;
            if kind == super::format::Kind::Footer {
                return frames.end(&world.seals, &payload);
            }
        }
    };
    assert!(read(&good).is_ok());
    let footer = good.len() - 700;
    let mut bytes = good.clone();
    for at in (0..good.len()).step_by(97).chain(0..100) {
        if at >= footer {
            continue;
        }
        bytes[at] ^= 0x10;
        assert!(read(&bytes).is_err(), "{at}");
        bytes[at] ^= 0x10;
    }
    for cut in (0..good.len()).step_by(997) {
        assert!(read(&good[..cut]).is_err(), "{cut}");
    }
    assert!(read(&[&good[..], b"x"].concat()).is_err());
}

#[tokio::test]
async fn who_knows_for_whom_it_is_sealed_still_makes_none() {
    let (world, other) = (World::with(10).await, World::with(10).await);
    // Somebody else's content, sealed so that this instance opens it.
    let forged = sealed_by(&world.seals, &other.inside());
    let into = tempfile::tempdir().unwrap();
    let outcome = world.unpacked(&forged, into.path());
    assert!(matches!(outcome, Err(BackupError::Damaged("it was not made by this instance"))));
    let own = Openers::own(&other.seals).unwrap();
    let refused = open(&own, &*world.sealed()).err();
    assert!(matches!(refused, Some(BackupError::OtherKeys)), "{refused:?}");
}

#[tokio::test]
async fn no_key_and_no_word_is_in_a_backup() {
    let world = World::with(300).await;
    let (_, keys) = world.seals.copied();
    let inside = world.inside();
    let holds = |part: &[u8]| inside.windows(part.len()).any(|at| at == part);
    assert!(!holds(b"note 1"), "rows stay sealed");
    assert!(holds(b"notes"), "the search finds what is there");
    // Each key is 32 bytes in the copy; no run of 16 of them is in the backup.
    let found = keys.chunks(16).filter(|part| part.len() == 16 && holds(part)).count();
    assert_eq!(found, 0);
}
