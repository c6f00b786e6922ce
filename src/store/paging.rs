//! A page of a range: how lists are read without reading all of them.

use std::ops::ControlFlow;

use crate::kernel::{Cursor, Page, PageRequest};

use super::{Direction, Key, Range, Row, Rows, StoreError, Table};

/// Reads a page of rows. `take` turns a row into an item or leaves it out; rows that are left
/// out do not count, so a page is full unless the list ends.
///
/// # Errors
/// Whatever `take` returns, or that a row cannot be read.
pub fn page_of<K: Key, R: Row<K>, T, E: From<StoreError>>(
    tx: &impl Rows,
    table: &Table<K, R>,
    range: Range,
    direction: Direction,
    request: &PageRequest,
    mut take: impl FnMut(K, R) -> Result<Option<T>, E>,
) -> Result<Page<T>, E> {
    let range = match &request.after {
        Some(cursor) => range.after(&cursor.0, direction),
        None => range,
    };
    let mut items = Vec::new();
    let mut last = Vec::new();
    let mut more = false;
    tx.scan(table, &range, direction, |key, row| {
        let bytes = key.to_bytes();
        let Some(item) = take(key, row)? else {
            return Ok(ControlFlow::Continue(()));
        };
        if items.len() == request.limit {
            more = true;
            return Ok::<_, E>(ControlFlow::Break(()));
        }
        items.push(item);
        last = bytes;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page { items, next: more.then_some(Cursor(last)) })
}
