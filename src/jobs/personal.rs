//! What each slice keeps of people, table by table, and how it hands it out: the contract beside
//! [`Eraser`]. A table that no slice declares, or a field of a row that no record names, fails a
//! test, so nothing is stored that nobody could take along.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::Eraser;
pub use super::arrival::{Arrival, ImportError, Line};
use crate::kernel::{AccountId, Timestamp};
use crate::store::{Direction, Key, Range, ReadTx, Row, Rows as _, StoreError, Table};

/// What a field of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// Words.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A moment (RFC 3339).
    Time,
    /// An identifier.
    Id,
    /// Several of anything.
    List,
    /// An object of any form.
    Object,
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub is: Is,
    /// Whether it says something about somebody: what they wrote, are called, or did.
    pub personal: bool,
}

/// A field that says something about somebody.
pub const fn personal(name: &'static str, is: Is) -> Field {
    Field { name, is, personal: true }
}

/// A field that only orders, counts or refers.
pub const fn plain(name: &'static str, is: Is) -> Field {
    Field { name, is, personal: false }
}

/// Records of one form, as they are handed out: a file of an export.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The name, also of its file.
    pub name: &'static str,
    /// What the records are, in a sentence.
    pub meaning: &'static str,
    /// Every field that is handed out.
    pub fields: &'static [Field],
    /// Fields of the stored row that are not: hashes, and numbers of the machine's own.
    pub withheld: &'static [&'static str],
    /// Fields of the stored row whose own fields stand in their place.
    pub unfolded: &'static [&'static str],
    /// Hands out what is an account's.
    pub given: HandOut,
}

/// What becomes of a table when somebody takes along what is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its rows are handed out as this record.
    Given(&'static str),
    /// It only leads to what is handed out as this record.
    Leads(&'static str),
    /// It is made from what is handed out, and can be made again.
    Derived,
    /// It proves who somebody is: whoever had it could come in.
    Secret,
    /// It goes by itself after a while; what it is.
    Passing(&'static str),
    /// It is of nobody in particular; whose it is then.
    Common(&'static str),
}

/// A table and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The name of the table.
    pub table: &'static str,
    /// What becomes of it.
    pub how: How,
}

/// A table and what becomes of it.
pub const fn kept(table: &'static str, how: How) -> Kept {
    Kept { table, how }
}

/// Why something could not be handed out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nobody takes it any more.
    #[error("nobody takes it any more")]
    Gone,
    /// A stored row has a field of which no record says what it is.
    #[error("the record {record} does not say what its field {field} is")]
    Undeclared {
        /// The record.
        record: &'static str,
        /// The field.
        field: String,
    },
    /// A row is no object.
    #[error("a row of {record} cannot be shown: {reason}")]
    Unshowable {
        /// The record.
        record: &'static str,
        /// Why.
        reason: String,
    },
    /// Writing failed.
    #[error("it cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes records.
pub trait Out {
    /// Takes one.
    ///
    /// # Errors
    /// When nobody takes more.
    fn row(&mut self, row: Map<String, Value>) -> Result<(), ExportError>;
}

/// Hands out what is an account's, of one record.
pub type HandOut = fn(&mut Giving<'_>) -> Result<(), ExportError>;

/// What a slice keeps of people.
#[derive(Debug)]
pub struct Personal {
    /// Every table of the slice.
    pub kept: &'static [Kept],
    /// What it hands out; what others refer to comes first.
    pub records: &'static [Record],
}

/// A slice that keeps something of people; who hands it out also erases it.
pub trait PrivacyProvider: Eraser {
    /// What it keeps.
    fn personal(&self) -> &'static Personal;
}

/// Records of one form while they are handed out.
pub struct Giving<'a> {
    /// What they are read from.
    pub tx: &'a ReadTx,
    /// Whose they are.
    pub account: AccountId,
    record: &'static Record,
    out: &'a mut dyn Out,
}

impl Giving<'_> {
    /// Hands out the rows of a table whose key begins with the account. `named` gives what is only
    /// in the key.
    ///
    /// # Errors
    /// When nobody takes them, a field is not declared, or the store fails.
    pub fn own<K: Key, R: Row<K>>(
        &mut self,
        table: &Table<K, R>,
        named: impl Fn(&K) -> Vec<(&'static str, Value)>,
    ) -> Result<(), ExportError> {
        self.rows(table, &Range::prefix(&self.account), |_, _| true, named)
    }

    /// Hands out the rows of a table that are wanted; all of them are looked at.
    ///
    /// # Errors
    /// When nobody takes them, a field is not declared, or the store fails.
    pub fn wanted<K: Key, R: Row<K>>(
        &mut self,
        table: &Table<K, R>,
        wanted: impl Fn(&K, &R) -> bool,
        named: impl Fn(&K) -> Vec<(&'static str, Value)>,
    ) -> Result<(), ExportError> {
        self.rows(table, &Range::all(), wanted, named)
    }

    fn rows<K: Key, R: Row<K>>(
        &mut self,
        table: &Table<K, R>,
        range: &Range,
        wanted: impl Fn(&K, &R) -> bool,
        named: impl Fn(&K) -> Vec<(&'static str, Value)>,
    ) -> Result<(), ExportError> {
        let tx = self.tx;
        tx.scan(table, range, Direction::Up, |key, row| {
            if wanted(&key, &row) {
                self.give(&row, named(&key))?;
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Hands out one row; `named` is what is only in its key.
    ///
    /// # Errors
    /// When nobody takes it, or a field is not declared.
    pub fn give(
        &mut self,
        row: &impl serde::Serialize,
        named: Vec<(&'static str, Value)>,
    ) -> Result<(), ExportError> {
        let value = serde_json::to_value(row).map_err(|error| ExportError::Unshowable {
            record: self.record.name,
            reason: error.to_string(),
        })?;
        let mut value = if value.is_null() { Value::Object(Map::new()) } else { value };
        if let Value::Object(fields) = &mut value {
            fields.extend(named.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        self.out.row(self.record.shown(value)?)
    }
}

impl Record {
    /// The fields of a row, in the form in which they are handed out. `row` has the names of the
    /// stored fields and of those that are in its key.
    ///
    /// # Errors
    /// When it has a field of which this record says nothing.
    pub fn shown(&'static self, row: Value) -> Result<Map<String, Value>, ExportError> {
        let reason = "it is no object".to_owned();
        let Value::Object(mut row) = row else {
            return Err(ExportError::Unshowable { record: self.name, reason });
        };
        for name in self.unfolded {
            if let Some(Value::Object(inner)) = row.remove(*name) {
                row.extend(inner);
            }
        }
        let mut shown = Map::new();
        for field in self.fields {
            let value = row.remove(field.name).unwrap_or(Value::Null);
            let value = match (field.is, value.as_i64()) {
                (Is::Time, Some(micros)) => Value::String(Timestamp(micros).to_string()),
                _ => value,
            };
            shown.insert(field.name.to_owned(), value);
        }
        match row.into_iter().find(|(name, _)| !self.withheld.contains(&name.as_str())) {
            Some((field, _)) => Err(ExportError::Undeclared { record: self.name, field }),
            None => Ok(shown),
        }
    }

    /// Hands out what is an account's of it.
    ///
    /// # Errors
    /// When nobody takes it, a field is not declared, or the store fails.
    pub fn hand_out(
        &'static self,
        tx: &ReadTx,
        account: AccountId,
        out: &mut dyn Out,
    ) -> Result<(), ExportError> {
        (self.given)(&mut Giving { tx, account, record: self, out })
    }

    /// Its JSON Schema (2020-12).
    pub fn schema(&self) -> Value {
        let properties = self.fields.iter().map(|field| {
            let form = match field.is {
                Is::Text | Is::Id => serde_json::json!({"type": ["string", "null"]}),
                Is::Time => {
                    serde_json::json!({"type": ["string", "null"], "format": "date-time"})
                }
                Is::Number => serde_json::json!({"type": ["number", "null"]}),
                Is::Flag => serde_json::json!({"type": ["boolean", "null"]}),
                Is::List => serde_json::json!({"type": ["array", "null"]}),
                Is::Object => serde_json::json!({"type": ["object", "null"]}),
            };
            let mut form = form;
            form["x-personal"] = Value::Bool(field.personal);
            (field.name.to_owned(), form)
        });
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "description": self.meaning,
            "type": "object",
            "properties": Value::Object(properties.collect()),
            "required": names,
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LETTERS: Record = Record {
        name: "letters",
        meaning: "Letters.",
        fields: &[personal("text", Is::Text), plain("at", Is::Time), plain("id", Is::Id)],
        withheld: &["hash"],
        unfolded: &["content"],
        given: |_| Ok(()),
    };

    #[test]
    fn a_row_is_shown_as_declared_and_nothing_else_is_passed_on() {
        let row = json!({"id": "7", "content": {"text": "Dear"}, "at": 1_000_000, "hash": [1]});
        let shown = Value::Object(LETTERS.shown(row).unwrap());
        assert_eq!(shown, json!({"id": "7", "text": "Dear", "at": "1970-01-01T00:00:01Z"}));
        let row = json!({"id": "7", "content": {"text": "Dear", "sender": "Ada"}, "at": null});
        assert!(matches!(LETTERS.shown(row), Err(ExportError::Undeclared { field, .. })
            if field == "sender"));
        assert_eq!(LETTERS.schema()["properties"]["text"]["x-personal"], true);
    }
}
