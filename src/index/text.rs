//! The words of one clone's passages: a tantivy index of hashed terms.
//!
//! tantivy supplies postings and durability of the files; scores are ours (`bm25.rs`).
//! There is no text in it, no positions, no names of people. Any trouble on opening means
//! the folder is wiped and built again from the store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::analysis::{ANALYSIS_VERSION, Query, TermKey};
use super::bm25::{self, Boosts, TextScores};
use super::snapshot::{NO_LABEL, Snapshot};
use super::tail::{Change, Entry, Op, Tail};
use crate::kernel::points::{Point, pass};

/// Changes with the fields below.
const SCHEMA_VERSION: u32 = 2;
/// Memory of the one indexing thread, in bytes: tantivy's least.
const WRITER_BYTES: usize = 15_000_000;
/// Share of deleted passages at which a segment is rewritten: deletes must not linger.
const DELETED_SHARE: f32 = 0.2;

/// Why a text index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The files are of another version of the schema or the analysis: rebuild.
    #[error("the text index was built by another version")]
    Outdated,
    /// The files are another clone's: rebuild.
    #[error("the text index belongs to something else")]
    Foreign,
    /// What is in the files is not what was written: rebuild.
    #[error("the text index is damaged")]
    Changed,
    /// The files are damaged or unreadable: rebuild.
    #[error("the text index cannot be read or written")]
    Damaged(#[from] tantivy::TantivyError),
    /// The folder cannot be made, read or removed.
    #[error("the folder of the text index cannot be used")]
    Folder(#[from] std::io::Error),
}

#[derive(Clone, Copy)]
pub(super) struct Fields {
    passage: Field,
    length: Field,
    thread: Field,
    order: Field,
    pub(super) terms: Field,
    pub(super) prefixes: Field,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    /// The name of the folder it was made in.
    of: String,
    seq: u64,
    schema: u32,
    analysis: u32,
}

/// Which passages a reader may know of: statistics and scores come from these alone.
#[derive(Clone, Copy)]
pub enum Seen<'a> {
    /// All of the clone's.
    All,
    /// Those for which this holds.
    Only(&'a dyn Fn(u64) -> bool),
}

struct Current {
    searcher: Searcher,
    seq: u64,
    /// Built on the first search after a commit, so that a bulk load pays nothing for it.
    snapshot: Option<Arc<Snapshot>>,
}

/// One clone's text index.
pub struct TextIndex {
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
    writer: Mutex<Option<IndexWriter>>,
    current: Mutex<Current>,
}

impl Drop for TextIndex {
    /// Merges go on in threads of their own: nobody may remove the folder under them.
    fn drop(&mut self) {
        if let Err(error) = self.rest() {
            tracing::debug!(%error, "a text index was closed in the middle of a merge");
        }
    }
}

impl std::fmt::Debug for TextIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextIndex").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl TextIndex {
    /// Opens the index in `folder`, or makes an empty one there.
    ///
    /// # Errors
    /// Any error means: call `wipe` on the folder, open again and rebuild from the store.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        std::fs::create_dir_all(folder)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let index = if Index::exists(&directory).map_err(tantivy::TantivyError::from)? {
            Index::open(directory)?
        } else {
            Index::create(directory, schema.clone(), tantivy::IndexSettings::default())?
        };
        if index.schema() != schema {
            return Err(IndexError::Outdated);
        }
        let seq = committed(&index, &name_of(folder))?;
        if !index.validate_checksum()?.is_empty() {
            return Err(IndexError::Changed);
        }
        Self::over(index, folder, fields, seq)
    }

    /// The last outbox number that is in the index in `folder`; nothing is written there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn look(folder: &Path) -> Result<u64, IndexError> {
        let look = || {
            let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            let index = Index::open(directory)?;
            let seq = committed(&index, &name_of(folder))?;
            let sound = index.schema() == schema().0 && index.validate_checksum()?.is_empty();
            if sound { Ok(seq) } else { Err(IndexError::Changed) }
        };
        // tantivy may panic over files that are not what they were.
        std::panic::catch_unwind(look).unwrap_or(Err(IndexError::Changed))
    }

    /// An empty one in memory: what is searched while there is no other.
    ///
    /// # Errors
    /// When tantivy refuses its own schema.
    pub fn nowhere() -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        Self::over(Index::create_in_ram(schema), Path::new(""), fields, 0)
    }

    fn over(index: Index, folder: &Path, fields: Fields, seq: u64) -> Result<Self, IndexError> {
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let current = Current { searcher: reader.searcher(), seq, snapshot: None };
        Ok(Self {
            folder: folder.to_owned(),
            index,
            reader,
            fields,
            writer: Mutex::new(None),
            current: Mutex::new(current),
        })
    }

    /// Removes a folder and all that is in it; nothing to remove is no error.
    ///
    /// # Errors
    /// When the folder exists and cannot be removed.
    pub fn wipe(folder: &Path) -> Result<(), IndexError> {
        let is_file = std::fs::symlink_metadata(folder).is_ok_and(|about| !about.is_dir());
        let removed = match is_file {
            true => std::fs::remove_file(folder),
            false => std::fs::remove_dir_all(folder),
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The last outbox number that is in the index; 0 for an empty one.
    #[must_use]
    pub fn committed_seq(&self) -> u64 {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).seq
    }

    /// Whether a writer is open (it costs some threads and 15 MB).
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Hands changes to the writer; nothing is durable or visible before `commit`. Applying
    /// the same changes again after a crash does no harm.
    ///
    /// # Errors
    /// When the writer cannot be opened or has failed: drop this index and open it again.
    pub fn apply(&self, changes: &[Change]) -> Result<(), IndexError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = opened(&mut writer, &self.index)?;
        for change in changes {
            writer.delete_term(Term::from_field_u64(self.fields.passage, change.passage));
            if let Op::Upsert(entry) = &change.op {
                writer.add_document(document(self.fields, change.passage, entry))?;
            }
        }
        pass(Point::IndexApplied);
        Ok(())
    }

    /// Makes all that was applied durable and visible, up to outbox number `seq`.
    ///
    /// # Errors
    /// When the files cannot be written: drop this index and open it again.
    pub fn commit(&self, seq: u64) -> Result<(), IndexError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = opened(&mut writer, &self.index)?;
        let of = name_of(&self.folder);
        let payload = Payload { of, seq, schema: SCHEMA_VERSION, analysis: ANALYSIS_VERSION };
        let payload = serde_json::to_string(&payload).map_err(std::io::Error::from)?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        pass(Point::IndexCommitted);
        self.reader.reload()?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Current { searcher: self.reader.searcher(), seq, snapshot: None };
        Ok(())
    }

    /// Ends the writer after its merges; the next change opens another one.
    ///
    /// # Errors
    /// When a merge has failed; the committed index is whole nevertheless.
    pub fn rest(&self) -> Result<(), IndexError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        writer.map_or(Ok(()), |writer| Ok(writer.wait_merging_threads()?))
    }

    /// Rewrites all segments that hold deleted passages, so that no trace of an erased one
    /// stays in the files.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn purge(&self) -> Result<(), IndexError> {
        let seq = self.committed_seq();
        // A merge already running would take the segments from under this one.
        self.rest()?;
        {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let writer = opened(&mut writer, &self.index)?;
            let metas = self.index.searchable_segment_metas()?;
            let touched: Vec<_> =
                metas.iter().filter(|m| m.has_deletes()).map(tantivy::SegmentMeta::id).collect();
            if !touched.is_empty() {
                writer.merge(&touched).wait()?;
            }
        }
        self.commit(seq)?;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.as_ref() {
            writer.garbage_collect_files().wait()?;
        }
        Ok(())
    }

    /// Scores every passage for `query`, the tail included, as if all were in one index.
    ///
    /// Take the tail's lock before calling: a commit in between then loses nothing.
    ///
    /// # Errors
    /// When the files cannot be read: drop this index, wipe and rebuild.
    pub fn search(
        &self,
        query: &Query,
        tail: &Tail,
        seen: Seen<'_>,
        boosts: Boosts,
    ) -> Result<TextScores, IndexError> {
        bm25::score(self.snapshot()?, tail, query, seen, boosts)
    }

    /// Live passages in the committed index.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn documents(&self) -> Result<u64, IndexError> {
        Ok(self.snapshot()?.documents)
    }

    fn snapshot(&self) -> Result<Arc<Snapshot>, IndexError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = &current.snapshot {
            return Ok(Arc::clone(snapshot));
        }
        let snapshot = Arc::new(Snapshot::read(&current.searcher, self.fields, current.seq)?);
        current.snapshot = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }
}

fn schema() -> (Schema, Fields) {
    let text = |option| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(option);
        TextOptions::default().set_indexing_options(indexing)
    };
    let mut builder = Schema::builder();
    let fields = Fields {
        passage: builder.add_u64_field("passage", INDEXED | FAST),
        length: builder.add_u64_field("length", FAST),
        thread: builder.add_u64_field("thread", FAST),
        order: builder.add_i64_field("order", NumericOptions::default().set_fast()),
        terms: builder.add_text_field("terms", text(IndexRecordOption::WithFreqs)),
        prefixes: builder.add_text_field("prefixes", text(IndexRecordOption::Basic)),
    };
    (builder.build(), fields)
}

/// What tells the index of one clone from that of another.
fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn committed(index: &Index, of: &str) -> Result<u64, IndexError> {
    let Some(payload) = index.load_metas()?.payload else { return Ok(0) };
    let payload: Payload = serde_json::from_str(&payload).map_err(|_| IndexError::Outdated)?;
    if payload.of != of {
        return Err(IndexError::Foreign);
    }
    let current = payload.schema == SCHEMA_VERSION && payload.analysis == ANALYSIS_VERSION;
    current.then_some(payload.seq).ok_or(IndexError::Outdated)
}

fn opened<'w>(
    writer: &'w mut Option<IndexWriter>,
    index: &Index,
) -> Result<&'w mut IndexWriter, IndexError> {
    if writer.is_none() {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        let new: IndexWriter = index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
        new.set_merge_policy(Box::new(policy));
        *writer = Some(new);
    }
    writer.as_mut().ok_or_else(|| IndexError::Folder(std::io::ErrorKind::NotFound.into()))
}

fn document(fields: Fields, passage: u64, entry: &Entry) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    document.add_u64(fields.passage, passage);
    document.add_u64(fields.length, u64::from(entry.terms.length));
    document.add_u64(fields.thread, entry.thread.unwrap_or(NO_LABEL));
    document.add_i64(fields.order, entry.order);
    let names = entry.names.iter().map(|name| (*name, 1));
    let terms = entry.terms.terms.iter().copied().chain(names);
    document.add_pre_tokenized_text(fields.terms, hashed(terms));
    let prefixes = entry.terms.prefixes.iter().map(|prefix| (*prefix, 1));
    document.add_pre_tokenized_text(fields.prefixes, hashed(prefixes));
    document
}

fn hashed(terms: impl Iterator<Item = (TermKey, u32)>) -> PreTokenizedString {
    let tokens = terms.flat_map(|(term, count)| {
        let token = Token { text: encoded(term), position: 0, ..Token::default() };
        std::iter::repeat_n(token, count as usize)
    });
    PreTokenizedString { text: String::new(), tokens: tokens.collect() }
}

/// A hashed term as tantivy wants it, as text: eleven letters of six bits.
pub(super) fn encoded(term: TermKey) -> String {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
    (0..11).map(|at| char::from(LETTERS[(term >> (6 * at)) as usize & 63])).collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
