//! What may be on a disk whose power went at a moment: what was synced, and of the rest whatever
//! chance has left.

use std::sync::Arc;

use super::history::Random;
use super::image::Image;
use super::medium::{DATABASE, Op, rename};

/// The length of redb's header, in bytes: its first page.
pub const HEADER: usize = 4096;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it comes through: the process was killed, not the power.
    All,
    /// Nothing does.
    None,
    /// Only what was written to the database's header.
    Header,
    /// Everything else.
    NoHeader,
    /// Files have their new lengths, and names are new; no bytes.
    Lengths,
    /// Bytes that fit into the old lengths.
    NoLengths,
    /// Some of it, each write whole.
    Some,
    /// Some of it, writes torn at this many bytes.
    Torn(usize),
}

/// Every fate.
pub const FATES: [Fate; 10] = [
    Fate::All,
    Fate::None,
    Fate::Header,
    Fate::NoHeader,
    Fate::Lengths,
    Fate::NoLengths,
    Fate::Some,
    Fate::Torn(1),
    Fate::Torn(512),
    Fate::Torn(4096),
];

/// A moment in what was done to a disk.
#[derive(Clone)]
pub struct Moment {
    durable: Image,
    pending: Vec<Op>,
    /// The last change that was handed in.
    pub started: u64,
    /// The last change that was acknowledged.
    pub acknowledged: u64,
}

impl Moment {
    /// Before anything was done.
    pub fn first(base: &Image) -> Self {
        Self { durable: base.clone(), pending: Vec::new(), started: 0, acknowledged: 0 }
    }

    /// After one thing more.
    pub fn step(&mut self, op: &Op) {
        match op {
            Op::Started(number) => self.started = self.started.max(*number),
            Op::Acknowledged(number) => self.acknowledged = self.acknowledged.max(*number),
            Op::Sync { file } => self.settle(|op| match op {
                Op::Write { file: other, .. } | Op::SetLen { file: other, .. } => other == file,
                _ => false,
            }),
            Op::SyncNames => self.settle(|op| matches!(op, Op::Name { .. } | Op::Rename { .. })),
            other => self.pending.push(other.clone()),
        }
    }

    fn settle(&mut self, which: impl Fn(&Op) -> bool) {
        let (synced, rest): (Vec<Op>, Vec<Op>) = self.pending.drain(..).partition(|op| which(op));
        synced.iter().for_each(|op| apply(&mut self.durable, op, true));
        self.pending = rest;
    }

    /// How much was not synced.
    pub fn open(&self) -> usize {
        self.pending.len()
    }

    /// What of the database's header would be read now.
    pub fn header(&self, at: usize) -> Option<u8> {
        let mut byte = [0];
        let image = self.image(Fate::All, &mut Random(0));
        image.files.get(DATABASE)?.read(at, &mut byte).then_some(byte[0])
    }

    /// The disk as it is found afterwards.
    pub fn image(&self, fate: Fate, random: &mut Random) -> Image {
        let mut image = self.durable.clone();
        let share = [1, 4, 8, 12, 15][random.below(5)];
        let grows = random.one_in(2) && fate != Fate::NoLengths;
        for op in &self.pending {
            let header = matches!(op, Op::Write { file, offset, .. }
                if *file == DATABASE && *offset < HEADER);
            let keeps = match fate {
                Fate::All => true,
                Fate::None => false,
                Fate::Header => header,
                Fate::NoHeader => !header,
                Fate::Lengths => !matches!(op, Op::Write { .. }),
                Fate::NoLengths => !matches!(op, Op::SetLen { .. }),
                Fate::Some | Fate::Torn(_) => random.below(16) < share,
            };
            match (keeps, fate) {
                (false, _) => {}
                (true, Fate::Torn(unit)) if random.one_in(3) => {
                    torn(op, unit, random).iter().for_each(|op| apply(&mut image, op, grows));
                }
                (true, _) => apply(&mut image, op, grows || fate == Fate::All),
            }
        }
        image
    }
}

fn apply(image: &mut Image, op: &Op, grows: bool) {
    let mut there = |file: &usize| {
        let files = image.files.len().max(file + 1);
        image.files.resize_with(files, Default::default);
    };
    match op {
        Op::Write { file, offset, data } => {
            there(file);
            match grows {
                true => image.files[*file].write(*offset, data),
                false => image.files[*file].write_within(*offset, data),
            }
        }
        Op::SetLen { file, length } => {
            there(file);
            image.files[*file].set_len(*length);
        }
        Op::Name { path, file } => {
            there(file);
            image.names.insert(path.clone(), *file);
        }
        Op::Rename { from, to } => rename(image, from, to),
        Op::Sync { .. } | Op::SyncNames | Op::Started(_) | Op::Acknowledged(_) => {}
    }
}

/// What is left of a write: its beginning or its end, or some of its sectors.
fn torn(op: &Op, unit: usize, random: &mut Random) -> Vec<Op> {
    let Op::Write { file, offset, data } = op else { return vec![op.clone()] };
    let part = |from: usize, to: usize| Op::Write {
        file: *file,
        offset: offset + from,
        data: Arc::from(&data[from..to]),
    };
    if unit == 1 {
        let at = random.below(data.len() + 1);
        return vec![if random.one_in(2) { part(0, at) } else { part(at, data.len()) }];
    }
    // Sectors lie on the disk, not in the write.
    let mut parts = Vec::new();
    let mut from = 0;
    while from < data.len() {
        let to = ((offset + from) / unit + 1) * unit - offset;
        let to = to.min(data.len());
        if random.one_in(2) {
            parts.push(part(from, to));
        }
        from = to;
    }
    parts
}
