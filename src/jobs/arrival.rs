//! Records that somebody took along elsewhere, on their way in: read line by line, and believed in
//! nothing.

use serde_json::{Map, Value};

use super::personal::{Is, Record};
use crate::kernel::{AccountId, SpaceId};
use crate::store::StoreError;

/// Why a record that was handed out cannot be taken in again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is not of the form that its record has. What stands there is not repeated.
    #[error("{record}, line {line}: {reason}")]
    Malformed {
        /// The record.
        record: &'static str,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// Something of the kind is here already, and is somebody else's.
    #[error("{record}, line {line}: it is here already")]
    Taken {
        /// The record.
        record: &'static str,
        /// The line, from 1.
        line: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A record that is taken in, and where it stood.
#[derive(Clone, Debug)]
pub struct Line {
    record: &'static Record,
    number: u64,
    row: Map<String, Value>,
}

impl Line {
    /// A line of a file, if it has the fields of its record and no others.
    ///
    /// # Errors
    /// When it has not.
    pub fn read(record: &'static Record, number: u64, text: &str) -> Result<Self, ImportError> {
        let bad = |reason| ImportError::Malformed { record: record.name, line: number, reason };
        let row: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| bad("is not a JSON object"))?;
        if row.len() != record.fields.len() {
            return Err(bad("has other fields than its record"));
        }
        let mut line = Self { record, number, row };
        for field in record.fields {
            let value = line.row.get_mut(field.name);
            let value = value.ok_or_else(|| bad("has other fields than its record"))?;
            if field.is == Is::Time && !value.is_null() {
                let moment = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
                *value =
                    moment.ok_or_else(|| bad("has a time that is none"))?.as_microsecond().into();
            }
        }
        Ok(line)
    }

    /// The name of its record.
    pub fn record(&self) -> &'static str {
        self.record.name
    }

    /// What is wrong with it.
    pub fn wrong(&self, reason: &'static str) -> ImportError {
        ImportError::Malformed { record: self.record.name, line: self.number, reason }
    }

    /// That something else has its place.
    pub fn taken(&self) -> ImportError {
        ImportError::Taken { record: self.record.name, line: self.number }
    }

    /// A field as what it should be.
    ///
    /// # Errors
    /// When it is something else.
    pub fn field<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, ImportError> {
        let value = self.row.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value)
            .map_err(|_| self.wrong("has a field that is not what it must be"))
    }

    /// The stored row: all fields, and those that are known otherwise. With `folded`, fields that
    /// belong into that one are put there.
    ///
    /// # Errors
    /// When it cannot be such a row.
    pub fn row<R: serde::de::DeserializeOwned>(
        &self,
        known: Vec<(&str, Value)>,
        folded: Option<(&str, &[&str])>,
    ) -> Result<R, ImportError> {
        let mut row = self.row.clone();
        row.extend(known.into_iter().map(|(name, value)| (name.to_owned(), value)));
        if let Some((into, outside)) = folded {
            let (kept, inner) =
                row.into_iter().partition(|(name, _)| outside.contains(&name.as_str()));
            row = kept;
            row.insert(into.to_owned(), Value::Object(inner));
        }
        serde_json::from_value(Value::Object(row))
            .map_err(|_| self.wrong("has a field that is not what it must be"))
    }
}

/// Into whose hands records are taken in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The account that gets them.
    pub account: AccountId,
    /// The account that they were handed out to.
    pub from: AccountId,
    /// The personal space of the account that gets them.
    pub space: SpaceId,
    /// The personal space that they come from.
    pub from_space: Option<SpaceId>,
}

impl Arrival {
    /// The account that now stands where one stood.
    pub fn account(&self, then: AccountId) -> AccountId {
        if then == self.from { self.account } else { then }
    }

    /// The space that now stands where one stood.
    pub fn space(&self, then: SpaceId) -> SpaceId {
        if Some(then) == self.from_space { self.space } else { then }
    }
}
