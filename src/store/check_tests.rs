//! Databases of which bytes and pages were changed: what is read afterwards is what was written, or
//! it is said that the file is damaged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::*;
use crate::kernel::AccountId;
use crate::seal::{Owner, Seals};
use crate::store::{Codec, Holds, Options, Range, Row, Rows as _, Store, Table};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    text: String,
    open: bool,
}

impl Row<u64> for Note {
    fn owner(&self, key: &u64) -> Owner {
        // Some are sealed, some are nobody's.
        match self.open {
            true => Owner::Nobody,
            false => Owner::Account(AccountId::from_bytes([(key % 7) as u8; 16])),
        }
    }
}

const ONE: Table<u64, Note> = Table::new("one", Holds::Account);
const TWO: Table<u64, Note> = Table::new("two", Holds::Account);

type Model = BTreeMap<(&'static str, u64), Note>;

struct Made {
    _folder: tempfile::TempDir,
    path: PathBuf,
    codec: Codec,
    model: Model,
}

fn options() -> Options<'static> {
    Options { tables: &const { [ONE.info(), TWO.info()] }, upgrades: &[], cache_bytes: 1 << 20 }
}

/// A database with a history: rows written, changed and removed in many commits.
async fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let codec = Codec::new(Seals::in_memory());
    let mut model = Model::new();
    let store = Store::open(folder.path(), codec.clone(), &options()).unwrap();
    let mut random = Random(7);
    for commit in 0..60_u64 {
        let mut batch = Vec::new();
        for _ in 0..20 {
            let (key, table) = (random.below(700), if random.below(2) == 0 { ONE } else { TWO });
            let longest = if random.below(20) == 0 { 9_000 } else { 400 };
            let length = random.below(longest) as usize;
            let text = format!("{commit} {}", "x".repeat(length));
            let note = Note { text, open: key % 5 == 0 };
            let note = (random.below(6) > 0).then_some(note);
            match &note {
                Some(note) => drop(model.insert((table.info().name, key), note.clone())),
                None => drop(model.remove(&(table.info().name, key))),
            }
            batch.push((table, key, note));
        }
        let change = store.write(move |tx| {
            for (table, key, note) in &batch {
                match note {
                    Some(note) => tx.put(table, key, note)?,
                    None => tx.remove(table, key),
                }
            }
            Ok::<_, StoreError>(())
        });
        change.await.unwrap();
    }
    drop(store);
    Made { path: folder.path().join("clonememoria.redb"), _folder: folder, codec, model }
}

/// A generator whose numbers come again with its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Changes some of the bytes.
fn damage(bytes: &mut [u8], seed: u64) {
    let mut random = Random(seed);
    let times = 1 + random.below(64);
    for _ in 0..times {
        let at = random.below(bytes.len() as u64) as usize;
        match seed % 4 {
            // One bit, and more often where everything begins.
            0 => bytes[at % 512] ^= 1 << random.below(8),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            // A page in the place of another.
            _ => {
                let from = at / 4096 * 4096;
                let to = random.below(bytes.len() as u64 / 4096) as usize * 4096;
                bytes.copy_within(from..(from + 4096).min(bytes.len()), to);
            }
        }
        if seed % 8 < 4 {
            return;
        }
    }
}

/// What is read of a database: all of it, in both ways.
fn read(store: &Store, model: &Model) -> Result<Model, StoreError> {
    store.read(|tx| {
        let mut found = Model::new();
        for table in [ONE, TWO] {
            for (key, note) in tx.list(&table, &Range::all())? {
                found.insert((table.info().name, key), note);
            }
            for (name, key) in model.keys() {
                if *name == table.info().name
                    && tx.get(&table, key)?.as_ref() != model.get(&(name, *key))
                {
                    found.remove(&(*name, *key));
                }
            }
        }
        Ok(found)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_on_the_disk_is_noticed_or_does_no_harm() {
    let rounds = std::env::var("TORTURE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let rounds: u64 = rounds.map_or(400, |rounds: u64| rounds * 20);
    let made = made().await;
    let whole = std::fs::read(&made.path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clonememoria.redb");
    let (mut harmless, mut named) = (0, BTreeMap::<String, usize>::new());
    for seed in 0..rounds {
        let mut bytes = whole.clone();
        damage(&mut bytes, seed);
        std::fs::write(&path, &bytes).unwrap();
        match Store::open(folder.path(), made.codec.clone(), &options()) {
            Ok(store) => {
                let found = read(&store, &made.model).map_err(|error| error.to_string());
                assert!(found.as_ref() == Ok(&made.model), "seed {seed}: silently wrong");
                harmless += 1;
            }
            Err(StoreError::Broken { path: named_path, reason }) => {
                assert_eq!(named_path, path);
                let now = std::fs::read(&path).unwrap();
                assert!(now == bytes, "seed {seed}: the damaged file was touched");
                *named.entry(reason.chars().take(40).collect()).or_default() += 1;
            }
            Err(error) => panic!("seed {seed}: not named: {error:?}"),
        }
    }
    println!("{rounds} damaged copies: {harmless} harmless, the others: {named:#?}");
    assert!(harmless > 0 && !named.is_empty());
}

#[tokio::test]
async fn a_database_that_was_cut_short_or_replaced_is_named() {
    let made = made().await;
    let whole = std::fs::read(&made.path).unwrap();
    let cuts = [0, 1, 8, 100, 4095, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1];
    for cut in cuts {
        std::fs::write(&made.path, &whole[..cut]).unwrap();
        let opened = Store::open(made._folder.path(), made.codec.clone(), &options());
        let error = opened.err().unwrap_or_else(|| panic!("cut at {cut}"));
        assert!(matches!(error, StoreError::Broken { .. }), "{cut}: {error:?}");
        let said = error.to_string();
        assert!(said.contains("clonememoria.redb") && said.contains("backup"), "{said}");
        assert_eq!(std::fs::read(&made.path).unwrap(), &whole[..cut], "it was touched");
    }
    std::fs::write(&made.path, vec![0; whole.len()]).unwrap();
    let opened = Store::open(made._folder.path(), made.codec.clone(), &options());
    assert!(matches!(opened.err(), Some(StoreError::Broken { .. })));
}

#[tokio::test]
async fn checking_changes_nothing_not_even_after_a_crash() {
    let made = made().await;
    // As a process leaves it that was killed: with what says that it was open.
    let store = Store::open(made._folder.path(), made.codec.clone(), &options()).unwrap();
    let change = store.write(|tx| tx.put(&ONE, &1, &Note { text: String::new(), open: true }));
    change.await.unwrap();
    let open = std::fs::read(&made.path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clonememoria.redb");
    std::fs::write(&path, &open).unwrap();
    check(&path).unwrap();
    assert!(std::fs::read(&path).unwrap() == open);
}
