//! Reading through memories: the newest, those a filter admits, and in the order in which they
//! happened.

use std::ops::ControlFlow;

use crate::access::{Action, Principal, Role};
use crate::accounts::Hidden;
use crate::clones;
use crate::kernel::{CloneId, Cursor, Page, PageRequest};
use crate::store::{Direction, Key as _, Range, Rows, StoreError, page_of};

use super::{Filter, Memories, Memory, MemoryError, Timeline, may_read, rows};

impl Memories {
    /// The memories of a clone that the asker may read, newest first.
    ///
    /// # Errors
    /// When the clone is not theirs to see, or the store fails.
    pub fn list(
        &self,
        who: &Principal,
        clone: CloneId,
        filter: &Filter,
        page: &PageRequest,
    ) -> Result<Page<Memory>, MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let (range, hidden) = (Range::prefix(&clone), Hidden::of(tx)?);
            page_of(tx, &rows::MEMORIES, range, Direction::Down, page, |(_, id), row| {
                let hidden = hidden.since(row.author);
                let memory = rows::memory_of(clone, id, row, hidden);
                let wanted = may_read(who, role, &memory) && filter.admits(&memory);
                Ok(wanted.then(|| memory.seen_by(who, role)))
            })
        })
    }

    /// The newest memories of all clones the asker can see.
    ///
    /// # Errors
    /// When the store fails.
    pub fn latest(&self, who: &Principal, page: &PageRequest) -> Result<Page<Memory>, MemoryError> {
        self.store.read(|tx| {
            let mut found = Vec::new();
            for (clone, role) in clones::visible_to(tx, who)? {
                newest_below(tx, who, (clone, role), page, &mut found)?;
            }
            found.sort_by_key(|memory| std::cmp::Reverse(memory.id));
            let more = found.len() > page.limit;
            found.truncate(page.limit);
            let last = found.last().filter(|_| more);
            let next = last.map(|memory| Cursor(memory.id.to_bytes()));
            Ok(Page { items: found, next })
        })
    }

    /// The memories in the order in which they happened.
    ///
    /// # Errors
    /// When the clone is not the asker's to see, or the store fails.
    pub fn timeline(
        &self,
        who: &Principal,
        clone: CloneId,
        page: &PageRequest,
    ) -> Result<Timeline, MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let shown = |id| -> Result<Option<Memory>, StoreError> {
                let memory = rows::memory(tx, clone, id)?;
                let shown = memory.filter(|memory| may_read(who, role, memory));
                Ok(shown.map(|memory| memory.seen_by(who, role)))
            };
            let range = Range::prefix(&clone);
            let dated = page_of(
                tx,
                &rows::BY_DATE,
                range.clone(),
                Direction::Up,
                page,
                |(_, _, _, id), ()| shown(id),
            )?;
            let mut undated = Vec::new();
            if dated.next.is_none() {
                tx.scan_keys(&rows::UNDATED, &range, Direction::Up, |(_, id)| {
                    undated.extend(shown(id)?);
                    let full = undated.len() == UNDATED_SHOWN;
                    Ok::<_, StoreError>(match full {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    })
                })?;
            }
            Ok(Timeline { dated, undated })
        })
    }
}

/// How many memories without a date the last page of a timeline shows.
const UNDATED_SHOWN: usize = 200;

fn newest_below(
    tx: &impl Rows,
    who: &Principal,
    (clone, role): (CloneId, Role),
    page: &PageRequest,
    found: &mut Vec<Memory>,
) -> Result<(), StoreError> {
    let mut range = Range::prefix(&clone);
    if let Some(after) = &page.after {
        let key = [&clone.bytes(), after.0.as_slice()].concat();
        range = range.after(&key, Direction::Down);
    }
    let hidden = Hidden::of(tx)?;
    // One more than asked for tells whether there is another page.
    let mut left = page.limit + 1;
    tx.scan(&rows::MEMORIES, &range, Direction::Down, |(_, id), row| {
        let hidden = hidden.since(row.author);
        let memory = rows::memory_of(clone, id, row, hidden);
        if may_read(who, role, &memory) {
            found.push(memory.seen_by(who, role));
            left -= 1;
        }
        Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
}
