//! Memories become passages, in the transaction that writes them: cut up, numbered, and put into
//! the queues of the two indexes.

use crate::index::analysis::Analyzer;
use crate::index::language;
use crate::kernel::{CloneId, MemoryId};
use crate::memories::{Happened, Memory};
use crate::store::{StoreError, WriteTx};

use super::chunk::{Size, chunks};
use super::rows::{self, PassageRow, ScopeRow};

/// Counts the word pieces of a text, or a bound on them.
pub(super) type CountTokens<'a> = &'a dyn Fn(&str) -> usize;

/// Keeps the passages in step with what happened to a memory.
pub(super) fn follow_in(
    tx: &mut WriteTx<'_>,
    happened: Happened<'_>,
    tokens: CountTokens<'_>,
) -> Result<(), StoreError> {
    match happened {
        Happened::Saved { before, memory } => {
            if before.is_some_and(|before| reads_the_same(before, memory)) {
                return Ok(());
            }
            let mut scope = rows::scope_in(tx, memory.clone)?;
            if before.is_some() {
                rows::remove_in(tx, memory.clone, &mut scope, memory.id)?;
            }
            add_in(tx, memory, &mut scope, tokens)?;
            rows::put_scope_in(tx, memory.clone, &scope)
        }
        Happened::Removed(memory) => forget_in(tx, memory.clone, memory.id),
        Happened::Withdrawn(..) => Ok(()),
    }
}

/// Removes the passages of a memory.
pub(super) fn forget_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    memory: MemoryId,
) -> Result<(), StoreError> {
    let Some(mut scope) = rows::scope(tx, clone)? else { return Ok(()) };
    rows::remove_in(tx, clone, &mut scope, memory)?;
    rows::put_scope_in(tx, clone, &scope)
}

/// Whether nothing that is indexed, embedded or checked for permission has changed.
fn reads_the_same(a: &Memory, b: &Memory) -> bool {
    let key = |memory: &Memory| {
        let c = memory.content.clone();
        let said = (c.text, c.title, c.occurred_at, c.speaker, c.place, c.people);
        (said, c.visibility, c.thread, c.sequence)
    };
    key(a) == key(b)
}

fn add_in(
    tx: &mut WriteTx<'_>,
    memory: &Memory,
    scope: &mut ScopeRow,
    tokens: CountTokens<'_>,
) -> Result<(), StoreError> {
    let content = &memory.content;
    let pieces = chunks(&content.text, Size::DEFAULT, tokens);
    let thread = thread_of(memory, scope, pieces.len());
    for (at, piece) in pieces.into_iter().enumerate() {
        let number = content.sequence.unwrap_or(0);
        let row = PassageRow {
            memory: memory.id,
            author: memory.author,
            visibility: content.visibility,
            from: piece.bytes.start,
            to: piece.bytes.end,
            from_char: piece.chars.start,
            language: language::detect(&content.text[piece.bytes.clone()], None)
                .map(|language| language.code().to_owned()),
            thread,
            // A memory has fewer than 2^12 passages: 50,000 characters of at least some tens.
            order: (number << 12).saturating_add(i64::try_from(at).unwrap_or(0)),
        };
        rows::add_in(tx, memory.clone, scope, &row)?;
    }
    Ok(())
}

/// The thread that a memory's passages stand in: the one it names, or the memory itself when it
/// has several passages, which follow each other.
fn thread_of(memory: &Memory, scope: &ScopeRow, pieces: usize) -> Option<u64> {
    let analyzer = Analyzer::new(scope.index_key);
    match &memory.content.thread {
        Some(thread) => Some(analyzer.label(&format!("thread {}", &**thread))),
        None if pieces > 1 => Some(analyzer.label(&format!("memory {}", memory.id))),
        None => None,
    }
}

/// The name of a clone's folder below `index/`.
pub(super) fn folder_of(clone: CloneId) -> String {
    clone.to_string()
}
