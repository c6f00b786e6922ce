//! A history is written to a disk that remembers; then the power goes, and what a start finds is
//! compared with what was there after some change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use tempfile::TempDir;

use super::crash::{FATES, Fate, Moment};
use super::history::{Change, Contents, Holder, Random, Step, TABLES, dump, history};
use super::image::Image;
use super::medium::{DIRECTORY, Lie, Medium, Op};
use crate::seal::{Disk, Seals, Source};
use crate::store::{Codec, Options, Rows as _, Store, StoreError, WriteTx};

/// How often the power goes again while it recovers.
pub const DEPTH: usize = 3;

/// A root key, beside every disk.
static ROOT: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root-key");
    std::fs::write(&path, format!("clonememoria-root-1 {}\n", "A".repeat(43))).unwrap();
    (folder, path)
});

fn options<'a>() -> Options<'a> {
    Options { tables: TABLES, upgrades: &[], cache_bytes: 1 << 20 }
}

fn source() -> Source {
    Source::Provided(ROOT.1.clone())
}

/// Opens what is on a disk, as the program does at its start.
fn start(medium: &Medium) -> Result<(Store, Seals), String> {
    let disk: Arc<dyn Disk> = Arc::new(medium.clone());
    let said = |error: &dyn std::error::Error| format!("{error}: {:?}", error.source());
    let seals = Seals::open_on(disk, Path::new(DIRECTORY), &source());
    let seals = seals.map_err(|error| said(&error))?.ok_or("the keyring is gone")?;
    let store = Store::on(medium.database(), Codec::new(seals.clone()), &options());
    Ok((store.map_err(|error| said(&error))?, seals))
}

/// What was sealed for somebody when they were first written for, as a thief has it.
type Stolen = Arc<Mutex<BTreeMap<Holder, Vec<u8>>>>;

/// A history that was written.
pub struct Told {
    /// What makes it again.
    pub seed: u64,
    pub log: Vec<Op>,
    base: Image,
    /// What was there after each change, by its number.
    after: Vec<Contents>,
    stolen: BTreeMap<Holder, Vec<u8>>,
}

type Writing = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// Hands changes in so that one commit takes them all, and waits for them. The disk asks for what
/// is acknowledged before it does anything, so that it knows that exactly.
fn together(store: &Store, medium: &Medium, group: Vec<Change>, stolen: &Stolen) {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let wait = store.clone();
    let wait: Writing = Box::pin(async move {
        wait.write(move |_| {
            gate.recv().map_err(|_| StoreError::Stopped).and(Err(StoreError::Stopped))
        })
        .await
    });
    let mut writing: Vec<(Option<u64>, Option<Writing>)> = vec![(None, Some(wait))];
    for change in group {
        let (store, stolen) = (store.clone(), Arc::clone(stolen));
        let number = (!change.fails).then_some(change.number);
        let work = async move { store.write(move |tx| write(&change, tx, &stolen)).await };
        writing.push((number, Some(Box::pin(work))));
    }
    let left = Arc::new(AtomicUsize::new(writing.len()));
    let count = Arc::clone(&left);
    medium.watch(Box::new(move || {
        let mut acknowledged = Vec::new();
        for (number, work) in &mut writing {
            let Some(outcome) = work.as_mut().and_then(|work| work.now_or_never()) else {
                continue;
            };
            *work = None;
            count.fetch_sub(1, Relaxed);
            assert_eq!(outcome.is_ok(), number.is_some(), "{outcome:?}");
            acknowledged.extend(*number);
        }
        acknowledged
    }));
    medium.look();
    open.send(()).unwrap();
    while left.load(Relaxed) > 0 {
        std::thread::sleep(Duration::from_micros(20));
        medium.look();
    }
}

/// Does a change, and takes something away of everybody who is written for.
fn write(change: &Change, tx: &mut WriteTx<'_>, stolen: &Stolen) -> Result<(), StoreError> {
    change.write(tx)?;
    let mut stolen = stolen.lock().unwrap();
    for holder in change.steps.iter().flat_map(Step::written_for) {
        if let Entry::Vacant(entry) = stolen.entry(holder) {
            let place = ("stolen", &b""[..]);
            entry.insert(tx.codec().encode_raw(place, holder.owner(), b"a secret")?);
        }
    }
    Ok(())
}

impl Told {
    /// Writes the history of a seed to a disk that may lie.
    pub fn of(seed: u64, groups: usize, lie: Option<Lie>) -> Self {
        let groups = history(&mut Random(seed), groups);
        let base = Self::base();
        let medium = Medium::of(&base, lie);
        let (store, _) = start(&medium).unwrap();
        let mut after = vec![Contents::default()];
        let stolen = Stolen::default();
        for group in groups {
            for change in group.iter().filter(|change| !change.fails) {
                let mut next = after.last().cloned().unwrap_or_default();
                change.apply(&mut next);
                after.push(next);
                medium.note(Op::Started(change.number));
            }
            together(&store, &medium, group, &stolen);
        }
        drop(store);
        let stolen = std::mem::take(&mut *stolen.lock().unwrap());
        Self { seed, base, log: medium.log(), after, stolen }
    }

    /// A disk with a new keyring and database. They come to a real one whole or not at all, under
    /// another name; `kill` tries that.
    fn base() -> Image {
        let medium = Medium::of(&Image::empty(), None);
        let disk: Arc<dyn Disk> = Arc::new(medium.clone());
        Seals::create_on(disk, Path::new(DIRECTORY), &source()).unwrap();
        drop(start(&medium).unwrap());
        medium.image()
    }

    /// Before anything was done.
    pub fn beginning(&self) -> Moment {
        Moment::first(&self.base)
    }

    /// Opens what is found and compares it with what was there after one of these changes.
    fn found(&self, image: &Image, moment: &Moment) -> Result<(u64, Medium), String> {
        let medium = Medium::of(image, None);
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let (store, seals) = start(&medium)?;
            let found = store.read(|tx| {
                let codec = tx.codec().clone();
                Ok::<_, StoreError>((dump(tx)?, codec))
            });
            let ((number, contents), codec) = found
                .map_err(|error| format!("{error}: {:?}", std::error::Error::source(&error)))?;
            let expected = moment.acknowledged..=moment.started;
            self.compare(number, contents, expected)?;
            self.require_shredded(number, &codec)?;
            drop((store, seals));
            Ok(number)
        }));
        let number = opened.map_err(|_| "it panicked".to_owned()).flatten()?;
        Ok((number, medium))
    }

    fn compare(
        &self,
        number: u64,
        mut contents: Contents,
        expected: RangeInclusive<u64>,
    ) -> Result<(), String> {
        if !expected.contains(&number) {
            return Err(format!("it is as after change {number}, not {expected:?}"));
        }
        let was = &self.after[usize::try_from(number).unwrap()];
        contents.erased.clone_from(&was.erased);
        if contents != *was {
            return Err(format!("it is not as it was after change {number}"));
        }
        Ok(())
    }

    /// Whoever was erased by a change that is there has no key any more; the others have theirs.
    fn require_shredded(&self, number: u64, codec: &Codec) -> Result<(), String> {
        let erased = &self.after[usize::try_from(number).unwrap()].erased;
        for (holder, bytes) in &self.stolen {
            let opens = codec.decode_raw("stolen", b"", bytes).is_ok();
            if opens && erased.contains(holder) {
                return Err(format!("the key of {holder:?} is there after change {number}"));
            }
        }
        Ok(())
    }

    /// After a recovery it can be written again, and redb finds nothing wrong with the file.
    fn goes_on(&self, medium: &Medium, number: u64) -> Result<(), String> {
        let next = number + 1;
        let (store, _) = start(medium)?;
        let change = Change { number: next, steps: vec![], fails: false };
        together(&store, medium, vec![change], &Stolen::default());
        drop(store);
        let (store, _) = start(medium)?;
        let found = store.read(|tx| Ok::<_, StoreError>(dump(tx)?.0));
        drop(store);
        let mut database = redb::Database::builder()
            .create_with_backend(medium.database())
            .map_err(|error| format!("after one change more: {error}"))?;
        match (found, database.check_integrity()) {
            (Ok(found), Ok(true)) if found == next => Ok(()),
            other => Err(format!("after change {number} and one more: {other:?}")),
        }
    }

    /// The power goes at a moment, and then again while that is recovered from. How many images
    /// were opened.
    pub fn survives(
        &self,
        moment: &Moment,
        fate: Fate,
        random: &mut Random,
        depth: usize,
    ) -> Result<usize, String> {
        let image = moment.image(fate, random);
        let (number, medium) = self.found(&image, moment).map_err(|e| format!("{fate:?}: {e}"))?;
        if depth == 0 {
            if random.one_in(16) {
                self.goes_on(&medium, number)?;
            }
            return Ok(1);
        }
        let log = medium.log();
        let mut again = Moment::first(&image);
        // What was once seen to be there must stay.
        (again.started, again.acknowledged) = (number, number);
        log[..random.below(log.len() + 1)].iter().for_each(|op| again.step(op));
        let fate = FATES[random.below(FATES.len())];
        let below = self.survives(&again, fate, random, depth - 1);
        below.map(|count| count + 1).map_err(|error| format!("{fate:?}, then {error}"))
    }
}
