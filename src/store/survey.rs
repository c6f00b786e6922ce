//! Looking through everything that is stored, whatever it is: what of it can never be read again,
//! and where an identifier occurs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::overlay::WriteTx;
use super::{Direction, Range, Rows, Store, StoreError};

/// How many rows one step removes.
const STEP: usize = 4_000;

impl Store {
    /// Removes all rows whose keys are gone for good, and says how many there were.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn remove_unreadable(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for table in self.inner.tables.iter().map(|info| info.name) {
            loop {
                let removed = self.write(move |tx| tx.remove_unreadable_in(table)).await?;
                count += removed as u64;
                if removed < STEP {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// In how many rows of each table an identifier occurs, in their keys or in what they say;
    /// and how many rows of each cannot be read because their key is gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn occurrences(&self, id: [u8; 16]) -> Result<Occurrences, StoreError> {
        let mut found = Occurrences::default();
        self.each(|table, key, value| {
            if value.is_none() {
                *found.unreadable.entry(table.to_owned()).or_default() += 1;
            }
            if names(key, id) || value.is_some_and(|value| names(value, id)) {
                *found.rows.entry(table.to_owned()).or_default() += 1;
            }
        })?;
        Ok(found)
    }

    /// Visits every row of every table: its key, and what it says unless that cannot be read.
    fn each(&self, mut visit: impl FnMut(&str, &[u8], Option<&[u8]>)) -> Result<(), StoreError> {
        self.read(|tx| {
            for table in self.inner.tables.iter().map(|info| info.name) {
                tx.scan_bytes(table, &Range::all(), Direction::Up, &mut |key, value| {
                    let said = tx.codec().decode_raw(table, key, value).ok();
                    visit(table, key, said.as_deref());
                    ControlFlow::Continue(())
                })?;
            }
            Ok(())
        })
    }
}

#[cfg(feature = "testing")]
impl Store {
    /// In which tables words occur, in keys or in what rows say.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tables_with(
        &self,
        words: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        self.each(|table, key, value| {
            for word in words {
                let holds =
                    |bytes: &[u8]| bytes.windows(word.len()).any(|at| at == word.as_bytes());
                if holds(key) || value.is_some_and(holds) {
                    let tables = found.entry(word.clone()).or_default();
                    if tables.last().is_none_or(|last| last != table) {
                        tables.push(table.to_owned());
                    }
                }
            }
        })?;
        Ok(found)
    }

    /// The values of a table as they are stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stored_in(&self, table: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        let info = self.inner.tables.iter().find(|info| info.name == table);
        if let Some(info) = info {
            self.read(|tx| {
                tx.scan_bytes(info.name, &Range::all(), Direction::Up, &mut |_, value| {
                    found.push(value.to_vec());
                    ControlFlow::Continue(())
                })
            })?;
        }
        Ok(found)
    }
}

/// Where an identifier occurs.
#[derive(Clone, Debug, Default)]
pub struct Occurrences {
    /// In how many rows of which table.
    pub rows: BTreeMap<String, u64>,
    /// How many rows of which table cannot be read.
    pub unreadable: BTreeMap<String, u64>,
}

/// Whether an identifier stands there, as it is or as text.
fn names(bytes: &[u8], id: [u8; 16]) -> bool {
    let text = uuid::Uuid::from_bytes(id).to_string();
    bytes.windows(id.len()).any(|window| window == id)
        || bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

impl WriteTx<'_> {
    fn remove_unreadable_in(&mut self, table: &'static str) -> Result<usize, StoreError> {
        let mut gone = Vec::new();
        self.scan_bytes(table, &Range::all(), Direction::Up, &mut |key, value| {
            if !self.codec().has_key_of(value) {
                gone.push(key.to_vec());
            }
            if gone.len() < STEP { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let count = gone.len();
        gone.into_iter().for_each(|key| self.remove_bytes_at(table, key));
        Ok(count)
    }
}
