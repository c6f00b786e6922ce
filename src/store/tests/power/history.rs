//! Histories of changes, made of a seed, and what must be there after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, CloneId};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Portion, Range, RawTable, Row, Rows, StoreError, Table, TableInfo, WriteTx,
};

/// A text of somebody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note(String);

impl Row<(AccountId, u64)> for Note {
    fn owner(&self, (account, _): &(AccountId, u64)) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<(CloneId, u64)> for Note {
    fn owner(&self, (clone, _): &(CloneId, u64)) -> Owner {
        Owner::Clone(*clone)
    }
}

/// The number of the last change.
const LAST: Table<u64, u64> = Table::new("last", Holds::Nothing);
const NUMBERS: Table<u64, u64> = Table::new("numbers", Holds::Nothing);
const NOTES: Table<(AccountId, u64), Note> = Table::new("notes", Holds::Account);
const PLACES: Table<(CloneId, u64), Note> = Table::new("places", Holds::Clone);
const VECTORS: RawTable<(CloneId, u64)> = RawTable::of_many("vectors", Holds::Clone);

pub const TABLES: &[TableInfo] =
    &[LAST.info(), NUMBERS.info(), NOTES.info(), PLACES.info(), VECTORS.info()];

/// Numbers that anybody can draw again.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// Something that a change does.
#[derive(Clone, Debug)]
pub enum Step {
    Numbers { from: u64, count: u64 },
    RemoveNumbers { from: u64, to: u64 },
    Note { account: AccountId, at: u64, size: usize },
    RemoveNote { account: AccountId, at: u64 },
    Place { clone: CloneId, at: u64, size: usize },
    Vector { author: AccountId, clone: CloneId, at: u64, size: usize },
    EraseAccount(AccountId),
    EraseClone(CloneId),
}

/// Changes that are handed in together, so that one commit takes them all. What fails is among
/// them.
#[derive(Clone, Debug)]
pub struct Change {
    pub number: u64,
    pub steps: Vec<Step>,
    pub fails: bool,
}

/// What is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    numbers: BTreeMap<u64, u64>,
    notes: BTreeMap<(AccountId, u64), Note>,
    places: BTreeMap<(CloneId, u64), Note>,
    vectors: BTreeMap<(CloneId, u64), (AccountId, Vec<u8>)>,
    /// Whose keys are to be gone.
    pub erased: BTreeSet<Holder>,
}

/// Who may be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Account(AccountId),
    Clone(CloneId),
}

impl Holder {
    pub fn owner(self) -> Owner {
        match self {
            Self::Account(account) => Owner::Account(account),
            Self::Clone(clone) => Owner::Clone(clone),
        }
    }
}

fn text(number: u64, size: usize) -> Note {
    Note(format!("change {number} ").repeat(size / 10 + 1))
}

/// A vector tells who wrote it, to be compared.
fn vector(author: AccountId, number: u64, size: usize) -> Vec<u8> {
    let tail = number.to_be_bytes().into_iter().cycle().take(size);
    author.bytes().into_iter().chain(tail).collect()
}

impl Change {
    /// Does it in the store.
    pub fn write(&self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        self.steps.iter().try_for_each(|step| step.write(self.number, tx))?;
        if self.fails {
            return Err(StoreError::Stopped);
        }
        tx.put(&LAST, &0, &self.number)
    }

    /// What is there after it.
    pub fn apply(&self, contents: &mut Contents) {
        if !self.fails {
            self.steps.iter().for_each(|step| step.apply(self.number, contents));
        }
    }
}

impl Step {
    /// Whose keys it takes.
    pub fn written_for(&self) -> Vec<Holder> {
        match self {
            Self::Note { account, .. } => vec![Holder::Account(*account)],
            Self::Place { clone, .. } => vec![Holder::Clone(*clone)],
            Self::Vector { author, clone, .. } => {
                vec![Holder::Account(*author), Holder::Clone(*clone)]
            }
            _ => Vec::new(),
        }
    }

    fn write(&self, number: u64, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        match self {
            Self::Numbers { from, count } => {
                (*from..from + count).try_for_each(|at| tx.put(&NUMBERS, &at, &number))
            }
            Self::RemoveNumbers { from, to } => {
                tx.remove_range(&NUMBERS, &Range::between(from, to)).map(|_| ())
            }
            Self::Note { account, at, size } => {
                tx.put(&NOTES, &(*account, *at), &text(number, *size))
            }
            Self::RemoveNote { account, at } => {
                tx.remove(&NOTES, &(*account, *at));
                Ok(())
            }
            Self::Place { clone, at, size } => {
                tx.put(&PLACES, &(*clone, *at), &text(number, *size))
            }
            Self::Vector { author, clone, at, size } => {
                let owner = Owner::Derived { author: *author, clone: *clone };
                tx.put_raw_of(&VECTORS, &(*clone, *at), owner, &vector(*author, number, *size))
            }
            Self::EraseAccount(account) => {
                tx.remove_range(&NOTES, &Range::prefix(account))?;
                let theirs = vectors(tx)?.into_iter().filter(|(_, (author, _))| author == account);
                theirs.for_each(|(key, _)| tx.remove_raw(&VECTORS, &key));
                tx.shred(Owner::Account(*account))
            }
            Self::EraseClone(clone) => {
                tx.remove_range(&PLACES, &Range::prefix(clone))?;
                tx.remove_raw_within(&VECTORS, &Range::prefix(clone), &mut Portion::unlimited())?;
                tx.shred(Owner::Clone(*clone))
            }
        }
    }

    fn apply(&self, number: u64, all: &mut Contents) {
        match self {
            Self::Numbers { from, count } => {
                all.numbers.extend((*from..from + count).map(|at| (at, number)));
            }
            Self::RemoveNumbers { from, to } => all.numbers.retain(|at, _| at < from || at >= to),
            Self::Note { account, at, size } => {
                all.notes.insert((*account, *at), text(number, *size));
            }
            Self::RemoveNote { account, at } => {
                all.notes.remove(&(*account, *at));
            }
            Self::Place { clone, at, size } => {
                all.places.insert((*clone, *at), text(number, *size));
            }
            Self::Vector { author, clone, at, size } => {
                let vector = vector(*author, number, *size);
                all.vectors.insert((*clone, *at), (*author, vector));
            }
            Self::EraseAccount(account) => {
                all.notes.retain(|(whose, _), _| whose != account);
                all.vectors.retain(|_, (author, _)| author != account);
                all.erased.insert(Holder::Account(*account));
            }
            Self::EraseClone(clone) => {
                all.places.retain(|(where_, _), _| where_ != clone);
                all.vectors.retain(|(where_, _), _| where_ != clone);
                all.erased.insert(Holder::Clone(*clone));
            }
        }
    }
}

type Vectors = BTreeMap<(CloneId, u64), (AccountId, Vec<u8>)>;

fn vectors(tx: &impl Rows) -> Result<Vectors, StoreError> {
    let mut found = Vectors::new();
    tx.scan_raw(&VECTORS, &Range::all(), Direction::Up, |key, bytes| {
        let author = bytes.first_chunk().copied().unwrap_or_default();
        found.insert(key, (AccountId::from_bytes(author), bytes.to_vec()));
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Everything in the store, and the number of the last change.
pub fn dump(tx: &impl Rows) -> Result<(u64, Contents), StoreError> {
    let contents = Contents {
        numbers: tx.list(&NUMBERS, &Range::all())?.into_iter().collect(),
        notes: tx.list(&NOTES, &Range::all())?.into_iter().collect(),
        places: tx.list(&PLACES, &Range::all())?.into_iter().collect(),
        vectors: vectors(tx)?,
        erased: BTreeSet::new(),
    };
    Ok((tx.get(&LAST, &0)?.unwrap_or(0), contents))
}

/// Who is there while a history is made up.
struct People {
    accounts: Vec<AccountId>,
    clones: Vec<CloneId>,
    made: u8,
}

impl People {
    fn fresh(&mut self) -> [u8; 16] {
        self.made += 1;
        [self.made; 16]
    }

    fn account(&mut self, random: &mut Random) -> AccountId {
        if self.accounts.is_empty() || random.one_in(12) {
            let id = AccountId::from_bytes(self.fresh());
            self.accounts.push(id);
        }
        self.accounts[random.below(self.accounts.len())]
    }

    fn clone(&mut self, random: &mut Random) -> CloneId {
        if self.clones.is_empty() || random.one_in(12) {
            let id = CloneId::from_bytes(self.fresh());
            self.clones.push(id);
        }
        self.clones[random.below(self.clones.len())]
    }
}

fn size(random: &mut Random) -> usize {
    match random.below(20) {
        0 => 20_000 + random.below(20_000),
        1..4 => random.below(6_000),
        _ => random.below(300),
    }
}

fn step(random: &mut Random, people: &mut People) -> Step {
    let at = random.next() % 6;
    match random.below(100) {
        0..20 => Step::Numbers { from: random.next() % 200, count: 1 + random.next() % 20 },
        20..30 => {
            let from = random.next() % 200;
            Step::RemoveNumbers { from, to: from + random.next() % 40 }
        }
        30..50 => Step::Note { account: people.account(random), at, size: size(random) },
        50..58 => Step::RemoveNote { account: people.account(random), at },
        58..74 => Step::Place { clone: people.clone(random), at, size: size(random) },
        74..92 => {
            let (author, clone) = (people.account(random), people.clone(random));
            Step::Vector { author, clone, at, size: size(random) / 4 }
        }
        92..96 => {
            let account = people.account(random);
            people.accounts.retain(|other| *other != account);
            Step::EraseAccount(account)
        }
        _ => {
            let clone = people.clone(random);
            people.clones.retain(|other| *other != clone);
            Step::EraseClone(clone)
        }
    }
}

/// A history: groups of changes. Nobody is written for after they were erased.
pub fn history(random: &mut Random, groups: usize) -> Vec<Vec<Change>> {
    let mut people = People { accounts: Vec::new(), clones: Vec::new(), made: 0 };
    let mut number = 0;
    let mut group = || {
        let many = if random.one_in(8) { 12 } else { 1 + random.below(4) };
        let each = (0..many).map(|_| {
            let steps: Vec<Step> =
                (0..=random.below(4)).map(|_| step(random, &mut people)).collect();
            // What fails erases nobody: they would be written for no more.
            let erases = |step: &Step| matches!(step, Step::EraseAccount(_) | Step::EraseClone(_));
            let fails = random.one_in(10) && !steps.iter().any(erases);
            number += u64::from(!fails);
            Change { number, steps, fails }
        });
        each.collect()
    };
    (0..groups).map(|_| group()).collect()
}
