//! How a row becomes bytes and back: one envelope for every table.
//!
//! The first byte says how the rest is protected (0: in the clear), the second which version of
//! the row it is, the rest is the row in CBOR. Sealing (a later step) changes the first byte and
//! binds table and key, which is why they are handed in everywhere already.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

const CLEAR: u8 = 0;

/// A value of a table. A version that shipped never changes; a new shape is a new version, and
/// [`Row::upgrade`] reads the old ones.
pub trait Row: Serialize + DeserializeOwned {
    /// The version that is written.
    const VERSION: u8 = 1;

    /// Reads an older version from its CBOR.
    ///
    /// # Errors
    /// When the version is unknown or the bytes are not such a row.
    fn upgrade(version: u8, _cbor: &[u8]) -> Result<Self, String> {
        Err(format!("version {version} is unknown"))
    }
}

/// Reads a row from the CBOR of a version, for [`Row::upgrade`].
///
/// # Errors
/// When the bytes are not such a row.
pub fn from_cbor<R: DeserializeOwned>(cbor: &[u8]) -> Result<R, String> {
    ciborium::from_reader(cbor).map_err(|error| kind_of(&error))
}

impl Row for () {}
impl Row for u64 {}
impl<T> Row for crate::kernel::Id<T> {}

/// Turns rows into stored bytes and back.
#[derive(Clone, Debug, Default)]
pub struct Codec {}

impl Codec {
    /// Rows are stored as they are.
    pub fn clear() -> Self {
        Self {}
    }

    /// The bytes to store for a row.
    ///
    /// # Errors
    /// When the row cannot be written as CBOR.
    pub fn encode<R: Row>(
        &self,
        table: &'static str,
        _key: &[u8],
        row: &R,
    ) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![CLEAR, R::VERSION];
        ciborium::into_writer(row, &mut bytes)
            .map_err(|error| damaged(table, &error.to_string()))?;
        Ok(bytes)
    }

    /// The row in stored bytes.
    ///
    /// # Errors
    /// When the bytes are damaged or of an unknown version.
    pub fn decode<R: Row>(
        &self,
        table: &'static str,
        _key: &[u8],
        bytes: &[u8],
    ) -> Result<R, StoreError> {
        let [CLEAR, version, cbor @ ..] = bytes else {
            return Err(damaged(table, "unknown envelope"));
        };
        if *version != R::VERSION {
            return R::upgrade(*version, cbor).map_err(|reason| damaged(table, &reason));
        }
        ciborium::from_reader(cbor).map_err(|error| damaged(table, &kind_of(&error)))
    }

    /// The bytes to store for a value that never passes through CBOR (vectors).
    pub fn encode_raw(&self, _table: &'static str, _key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(value.len() + 1);
        bytes.push(CLEAR);
        bytes.extend_from_slice(value);
        bytes
    }

    /// The value in bytes that never passed through CBOR.
    ///
    /// # Errors
    /// When the envelope is unknown.
    pub fn decode_raw(
        &self,
        table: &'static str,
        _key: &[u8],
        bytes: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        match bytes {
            [CLEAR, value @ ..] => Ok(value.to_vec()),
            _ => Err(damaged(table, "unknown envelope")),
        }
    }
}

pub(super) fn damaged(table: &'static str, reason: &str) -> StoreError {
    StoreError::Damaged { table, reason: reason.to_owned() }
}

/// The kind of a CBOR error without the values that its message may carry.
fn kind_of<T>(error: &ciborium::de::Error<T>) -> String {
    match error {
        ciborium::de::Error::Io(_) => "it ends too early".to_owned(),
        ciborium::de::Error::Syntax(at) => format!("no CBOR at byte {at}"),
        ciborium::de::Error::Semantic(..) => "not the expected shape".to_owned(),
        ciborium::de::Error::RecursionLimitExceeded => "nested too deeply".to_owned(),
    }
}
