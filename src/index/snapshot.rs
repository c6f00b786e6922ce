//! What the text index holds at one commit, laid out for scoring: lengths, threads and
//! neighbours of all passages by a dense number (*ordinal*), 36 bytes a passage.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{SegmentReader, Term};

use super::analysis::TermKey;
use super::bits::Bits;
use super::text::{Fields, IndexError, encoded};

/// The thread of a passage that is in none.
pub(super) const NO_THREAD: u32 = u32::MAX;
/// The stored thread label of a passage that is in none.
pub(super) const NO_LABEL: u64 = 0;

/// One segment and the ordinal of its first passage.
struct Leaf {
    base: u32,
    reader: SegmentReader,
}

/// All committed passages at one moment.
pub(super) struct Snapshot {
    /// Last outbox number that is in.
    pub(super) seq: u64,
    fields: Fields,
    leaves: Vec<Leaf>,
    /// Which ordinals are not deleted.
    pub(super) alive: Bits,
    pub(super) passage: Vec<u64>,
    pub(super) length: Vec<u32>,
    pub(super) order: Vec<i64>,
    /// Thread number of each ordinal, `NO_THREAD` for none.
    pub(super) thread: Vec<u32>,
    /// Thread number by label.
    pub(super) threads: HashMap<u64, u32>,
    /// Live ordinals by thread, then place, then passage.
    in_order: Vec<u32>,
    /// Where each ordinal is in `in_order`.
    position: Vec<u32>,
    /// Where each thread begins in `in_order`; one more than there are threads.
    starts: Vec<u32>,
    /// Length of each thread's passages together.
    pub(super) session_length: Vec<u32>,
    /// Live ordinals by passage number.
    by_passage: Vec<u32>,
    /// Live passages.
    pub(super) documents: u64,
    /// Their length together.
    pub(super) total_length: u64,
}

impl Snapshot {
    /// Reads the columns of all segments.
    ///
    /// # Errors
    /// When the index cannot be read: the caller rebuilds it.
    pub(super) fn read(
        searcher: &tantivy::Searcher,
        fields: Fields,
        seq: u64,
    ) -> Result<Self, IndexError> {
        let mut columns = Columns::default();
        let mut leaves = Vec::new();
        for reader in searcher.segment_readers() {
            let base = columns.passage.len() as u32;
            columns.read(reader)?;
            leaves.push(Leaf { base, reader: reader.clone() });
        }
        let mut alive = Bits::none(columns.passage.len());
        for leaf in &leaves {
            leaf.reader.doc_ids_alive().for_each(|doc| alive.set(leaf.base + doc));
        }
        Ok(Self::link(columns, leaves, alive, fields, seq))
    }

    fn link(columns: Columns, leaves: Vec<Leaf>, alive: Bits, fields: Fields, seq: u64) -> Self {
        let Columns { passage, length, label, order } = columns;
        let mut threads = HashMap::new();
        let mut thread = vec![NO_THREAD; passage.len()];
        for at in alive.iter().filter(|at| label[*at as usize] != NO_LABEL) {
            let next = threads.len() as u32;
            thread[at as usize] = *threads.entry(label[at as usize]).or_insert(next);
        }
        let key = |at: &u32| (order[*at as usize], passage[*at as usize]);
        let mut in_order: Vec<u32> =
            alive.iter().filter(|at| thread[*at as usize] != NO_THREAD).collect();
        in_order.sort_unstable_by_key(|at| (thread[*at as usize], key(at)));
        let mut position = vec![0; passage.len()];
        let mut starts = vec![0; threads.len() + 1];
        for (place, &at) in in_order.iter().enumerate() {
            position[at as usize] = place as u32;
            starts[thread[at as usize] as usize + 1] = place as u32 + 1;
        }
        let mut session_length = vec![0; threads.len()];
        for &at in &in_order {
            session_length[thread[at as usize] as usize] += length[at as usize];
        }
        let mut by_passage: Vec<u32> = alive.iter().collect();
        by_passage.sort_unstable_by_key(|at| passage[*at as usize]);
        let documents = by_passage.len() as u64;
        let total_length = by_passage.iter().map(|at| u64::from(length[*at as usize])).sum();
        Self {
            seq,
            fields,
            leaves,
            alive,
            passage,
            length,
            order,
            thread,
            threads,
            in_order,
            position,
            starts,
            session_length,
            by_passage,
            documents,
            total_length,
        }
    }

    /// Ordinals in use, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.passage.len()
    }

    /// The ordinal of a live passage.
    pub(super) fn find(&self, passage: u64) -> Option<u32> {
        let place = |at: &u32| self.passage[*at as usize];
        let found = self.by_passage.binary_search_by_key(&passage, place).ok()?;
        Some(self.by_passage[found])
    }

    /// The ordinals of a thread, in order.
    pub(super) fn members(&self, thread: u32) -> &[u32] {
        let range = self.range(thread);
        &self.in_order[range]
    }

    /// Passages in each thread.
    pub(super) fn member_counts(&self) -> Vec<u32> {
        self.starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    fn range(&self, thread: u32) -> Range<usize> {
        let at = thread as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    /// The ordinals before and after this one in its thread.
    pub(super) fn neighbours(&self, at: u32) -> [Option<u32>; 2] {
        let thread = self.thread[at as usize];
        if thread == NO_THREAD {
            return [None; 2];
        }
        let range = self.range(thread);
        let place = self.position[at as usize] as usize;
        let before = (place > range.start).then(|| self.in_order[place - 1]);
        let after = (place + 1 < range.end).then(|| self.in_order[place + 1]);
        [before, after]
    }

    /// Appends the passages that have the term, with their counts, in ascending order.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn postings(
        &self,
        term: TermKey,
        into: &mut Vec<(u32, u32)>,
    ) -> Result<(), IndexError> {
        self.read_field(self.fields.terms, term, IndexRecordOption::WithFreqs, into)
    }

    /// Appends the passages that have a word with this beginning, each with count 1.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn beginning_with(
        &self,
        prefix: TermKey,
        into: &mut Vec<(u32, u32)>,
    ) -> Result<(), IndexError> {
        self.read_field(self.fields.prefixes, prefix, IndexRecordOption::Basic, into)
    }

    fn read_field(
        &self,
        field: Field,
        key: TermKey,
        option: IndexRecordOption,
        into: &mut Vec<(u32, u32)>,
    ) -> Result<(), IndexError> {
        let term = Term::from_field_text(field, &encoded(key));
        for leaf in &self.leaves {
            let inverted = leaf.reader.inverted_index(field)?;
            let Some(mut block) = inverted.read_block_postings(&term, option)? else { continue };
            while block.block_len() > 0 {
                let counts = option.has_freq().then(|| block.freqs());
                for (at, doc) in block.docs().iter().enumerate() {
                    let count = counts.map_or(1, |counts| counts[at]);
                    into.push((leaf.base + doc, count));
                }
                block.advance();
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Columns {
    passage: Vec<u64>,
    length: Vec<u32>,
    label: Vec<u64>,
    order: Vec<i64>,
}

impl Columns {
    fn read(&mut self, reader: &SegmentReader) -> Result<(), IndexError> {
        let count = reader.max_doc() as usize;
        let fast = reader.fast_fields();
        let mut numbers = vec![0u64; count];
        let column = |name: &str, numbers: &mut Vec<u64>| -> Result<(), IndexError> {
            fast.u64(name)?.first_or_default_col(0).get_range(0, numbers);
            Ok(())
        };
        column("passage", &mut numbers)?;
        self.passage.extend_from_slice(&numbers);
        column("length", &mut numbers)?;
        self.length.extend(numbers.iter().map(|n| *n as u32));
        column("thread", &mut numbers)?;
        self.label.extend_from_slice(&numbers);
        let mut places = vec![0i64; count];
        fast.i64("order")?.first_or_default_col(0).get_range(0, &mut places);
        self.order.extend_from_slice(&places);
        Ok(())
    }
}
