//! The storage model: the power goes at any moment, and again while that is recovered from.
//!
//! Histories of changes are written through the store as it is, with keys in a keyring, to a disk
//! that writes down what is done to it (`medium`). Of every moment of that, images are made of
//! what a disk may hold after a power cut (`crash`): what was synced, and of the rest any part,
//! torn anywhere. Each image is opened as a start does, and must hold what was there after one
//! change, no earlier than the last that was acknowledged, no later than the last that was handed
//! in (`recover`). `docs/durability.md` says how to run more of it.
//!
//! `TORTURE_IMAGES` sets how many images; `TORTURE_SEED` writes the history of one seed.

mod crash;
mod history;
mod image;
mod medium;
mod recover;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use self::crash::{FATES, Fate, HEADER};
use self::history::Random;
use self::medium::{DATABASE, Lie, Op};
use self::recover::{DEPTH, Told};

/// Images of one history.
const EACH: usize = 600;
/// Groups of changes in a history.
const LONG: usize = 12;
const SHORT: usize = 3;

fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// How many images: as many as usual, or as somebody wants.
fn wanted(usual: usize) -> usize {
    set("TORTURE_IMAGES").map_or(usual, |many| usize::try_from(many).unwrap())
}

/// The first of the seeds: always the same ones, but in a long run others each time.
fn first_seed() -> u64 {
    let is_long = set("TORTURE_IMAGES").is_some();
    set("TORTURE_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 4];
        if is_long {
            getrandom::fill(&mut bytes).unwrap();
        }
        u32::from_be_bytes(bytes).into()
    })
}

/// Runs `work` on one seed after the other, on all processors, until it is enough.
fn over_seeds(images: usize, work: impl Fn(u64) -> Result<usize, String> + Sync) -> (u64, usize) {
    let (first, count) = (first_seed(), AtomicUsize::new(0));
    let next = AtomicU64::new(first);
    let only = set("TORTURE_SEED").is_some();
    let run = || {
        while count.load(Relaxed) < images {
            let seed = next.fetch_add(1, Relaxed);
            if only && seed > first {
                return;
            }
            let done = work(seed);
            let failed = |error| panic!("{error}\nagain with TORTURE_SEED={seed}");
            count.fetch_add(done.unwrap_or_else(failed), Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).map(|_| scope.spawn(run)).collect::<Vec<_>>().into_iter().for_each(|thread| {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        });
    });
    (next.load(Relaxed) - first, count.load(Relaxed))
}

/// Images of moments that chance picks.
fn some_moments(told: &Told, images: usize) -> Result<usize, String> {
    let mut random = Random(!told.seed);
    let mut count = 0;
    while count < images {
        let mut cuts: Vec<usize> =
            (0..images / 8).map(|_| random.below(told.log.len() + 1)).collect();
        cuts.sort_unstable();
        let mut moment = told.beginning();
        let mut at = 0;
        for cut in cuts {
            told.log[at..cut].iter().for_each(|op| moment.step(op));
            at = cut;
            let fate = FATES[random.below(FATES.len())];
            let depth = random.below(DEPTH + 1);
            let survived = told.survives(&moment, fate, &mut random, depth);
            count += survived.map_err(|error| format!("seed {}, cut {cut}: {error}", told.seed))?;
        }
    }
    Ok(count)
}

/// Every moment with every fate.
fn all_moments(told: &Told) -> Result<usize, String> {
    let mut random = Random(!told.seed);
    let mut moment = told.beginning();
    let mut count = 0;
    for (cut, op) in told.log.iter().enumerate() {
        // Without anything open all fates are one.
        let fates = if moment.open() == 0 { &FATES[..1] } else { &FATES[..] };
        for fate in fates {
            let survived = told.survives(&moment, *fate, &mut random, 0);
            count += survived.map_err(|error| format!("seed {}, cut {cut}: {error}", told.seed))?;
        }
        moment.step(op);
    }
    Ok(count)
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_and_leaves_nothing_half_done() {
    let work = |seed| some_moments(&Told::of(seed, LONG, None), EACH);
    let (histories, images) = over_seeds(wanted(4_000), work);
    println!("{images} images of {histories} histories from seed {}", first_seed());
}

#[test]
fn a_power_cut_at_every_moment_of_short_histories_is_survived() {
    let work = |seed| all_moments(&Told::of(seed, SHORT, None));
    let (histories, images) = over_seeds(wanted(4_000), work);
    println!("{images} images of {histories} short histories from seed {}", first_seed());
}

/// Whether a disk that lies so is found out.
fn is_found_out(lie: Lie) -> Option<String> {
    (0..20).find_map(|seed| some_moments(&Told::of(seed, LONG, Some(lie)), EACH).err())
}

#[test]
fn a_disk_that_lies_is_found_out() {
    for lie in [
        Lie::Database,
        Lie::EveryOther { first: true },
        Lie::EveryOther { first: false },
        Lie::Keyring,
        Lie::Names,
    ] {
        let found = is_found_out(lie);
        println!("{lie:?}: {found:?}");
        assert!(found.is_some(), "nobody notices {lie:?}");
    }
}

/// Where redb's header says which of its two roots is good.
const WHICH_ROOT: usize = 9;

#[test]
fn a_commit_is_seen_only_when_all_it_needs_is_on_the_disk() {
    for seed in 0..4 {
        let told = Told::of(seed, LONG, None);
        let mut moment = told.beginning();
        let (mut commits, mut is_seen, mut has_pages) = (0, false, false);
        for (at, op) in told.log.iter().enumerate() {
            let before = moment.header(WHICH_ROOT).map(|byte| byte & 1);
            moment.step(op);
            is_seen |= before != moment.header(WHICH_ROOT).map(|byte| byte & 1);
            match op {
                Op::Write { file, offset, .. } if *file == DATABASE => {
                    has_pages |= *offset >= HEADER;
                }
                Op::Sync { file } if *file == DATABASE => {
                    // Between two syncs the disk may do everything in any order.
                    assert!(!(is_seen && has_pages), "seed {seed}, at {at}: in one phase");
                    commits += usize::from(is_seen);
                    (is_seen, has_pages) = (false, false);
                }
                _ => {}
            }
        }
        assert!(commits > LONG, "{commits}");
    }
}

#[test]
fn a_seed_makes_the_same_history_again() {
    let shape = |seed| {
        let log = Told::of(seed, LONG, None).log.into_iter();
        let each = log.map(|op| match op {
            // The keyring's length is chance.
            Op::Write { file, offset, data } if file == DATABASE => {
                format!("write {offset} {}", data.len())
            }
            Op::Write { file, .. } => format!("write the file {file}"),
            Op::SetLen { file, length } => format!("set_len {file} {length}"),
            Op::Sync { file } => format!("sync {file}"),
            Op::Name { path, file } => format!("name {} {file}", path.display()),
            Op::Rename { from, to } => format!("rename {} {}", from.display(), to.display()),
            Op::SyncNames => "sync names".to_owned(),
            Op::Started(number) => format!("started {number}"),
            Op::Acknowledged(number) => format!("acknowledged {number}"),
        });
        each.collect::<Vec<_>>()
    };
    for seed in 0..3 {
        assert_eq!(shape(seed), shape(seed));
    }
    assert_ne!(shape(0), shape(1));
}

#[test]
fn a_keyring_that_was_replaced_is_blank() {
    let told = Told::of(1, LONG, None);
    let mut moment = told.beginning();
    told.log.iter().for_each(|op| moment.step(op));
    let image = moment.image(Fate::None, &mut Random(0));
    let old: Vec<_> = image.nameless().collect();
    assert!(old.len() > 3, "{}", old.len());
    assert!(old.iter().all(|content| content.len() > 0 && content.all().iter().all(|b| *b == 0)));
}
