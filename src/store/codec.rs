//! How a row becomes bytes and back: CBOR, sealed for whom it belongs to.
//!
//! The envelope is `seal`'s; it carries the version of the row.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::kernel::TokenHash;
use crate::seal::{Opened, Owner, Place, SealError, Seals};

/// A value of a table with keys `K`. A version that shipped never changes; a new shape is a new
/// version, and [`Row::upgrade`] reads the old ones.
pub trait Row<K>: Serialize + DeserializeOwned {
    /// The version that is written.
    const VERSION: u8 = 1;

    /// Whose it is, and with whose key it is sealed. A row with anything in it that a person said,
    /// is called or is known by is somebody's.
    fn owner(&self, key: &K) -> Owner;

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

impl<K> Row<K> for () {
    fn owner(&self, _: &K) -> Owner {
        Owner::Nobody
    }
}

impl<K> Row<K> for u64 {
    fn owner(&self, _: &K) -> Owner {
        Owner::Nobody
    }
}

impl<K, T> Row<K> for crate::kernel::Id<T> {
    fn owner(&self, _: &K) -> Owner {
        Owner::Nobody
    }
}

/// Before bytes that are nobody's and never pass through CBOR.
const CLEAR: u8 = 0;
/// The version of sealed bytes that never pass through CBOR.
const RAW_VERSION: u8 = 1;

/// Turns rows into stored bytes and back.
#[derive(Clone)]
pub struct Codec {
    seals: Seals,
    /// Whether rows that should be sealed may be in the clear: while they are being sealed.
    trusts_clear: bool,
    /// Whether nothing is sealed at all.
    is_plain: bool,
}

impl Codec {
    /// Rows are sealed with these keys.
    pub fn new(seals: Seals) -> Self {
        Self { seals, trusts_clear: false, is_plain: false }
    }

    /// Seals nothing: for measuring what sealing costs.
    #[cfg(feature = "testing")]
    pub fn plain() -> Self {
        Self { seals: Seals::in_memory(), trusts_clear: true, is_plain: true }
    }

    /// Reads rows from a time when nothing was sealed, too.
    pub(super) fn trusting_clear(&self) -> Self {
        Self { trusts_clear: true, ..self.clone() }
    }

    /// The bytes to store for a row.
    ///
    /// # Errors
    /// When the row cannot be written as CBOR, or its owner was erased.
    pub fn encode<K, R: Row<K>>(
        &self,
        (table, key): (&'static str, &[u8]),
        whose: &K,
        row: &R,
    ) -> Result<Vec<u8>, StoreError> {
        let mut cbor = Vec::new();
        ciborium::into_writer(row, &mut cbor)
            .map_err(|error| damaged(table, &error.to_string()))?;
        let owner = self.sealed_for(row.owner(whose));
        self.seal((table, key), owner, R::VERSION, &cbor)
    }

    fn sealed_for(&self, owner: Owner) -> Owner {
        if self.is_plain { Owner::Nobody } else { owner }
    }

    fn seal(
        &self,
        (table, key): (&'static str, &[u8]),
        owner: Owner,
        version: u8,
        value: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let sealed = self.seals.seal(owner, Place { table, key }, version, value);
        sealed.map_err(|source| StoreError::Seal { table, source })
    }

    /// The row in stored bytes.
    ///
    /// # Errors
    /// When the bytes are damaged, of an unknown version, or their key is gone; when they should be
    /// sealed and are not.
    pub fn decode<K, R: Row<K>>(
        &self,
        (table, key): (&'static str, &[u8]),
        whose: &K,
        bytes: &[u8],
    ) -> Result<R, StoreError> {
        let Opened { version, value, was_sealed } = self.open(table, key, bytes)?;
        let row = match version == R::VERSION {
            true => ciborium::from_reader(&value[..]).map_err(|error| kind_of(&error)),
            false => R::upgrade(version, &value),
        };
        let row: R = row.map_err(|reason| damaged(table, &reason))?;
        if !was_sealed && !self.trusts_clear && row.owner(whose) != Owner::Nobody {
            return Err(damaged(table, "it is not sealed"));
        }
        Ok(row)
    }

    /// The bytes to store for a value that never passes through CBOR (vectors).
    ///
    /// # Errors
    /// When its owner was erased.
    pub fn encode_raw(
        &self,
        (table, key): (&'static str, &[u8]),
        owner: Owner,
        value: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        match self.sealed_for(owner) {
            Owner::Nobody => Ok([&[CLEAR], value].concat()),
            owner => self.seal((table, key), owner, RAW_VERSION, value),
        }
    }

    /// The value in bytes that never passed through CBOR; of others what they say before they are
    /// read as anything.
    ///
    /// # Errors
    /// When the bytes are damaged, or their key is gone.
    pub fn decode_raw(
        &self,
        table: &'static str,
        key: &[u8],
        bytes: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        match bytes {
            [CLEAR, value @ ..] => Ok(value.to_vec()),
            _ => self.open(table, key, bytes).map(|opened| opened.value),
        }
    }

    fn open(&self, table: &'static str, key: &[u8], bytes: &[u8]) -> Result<Opened, StoreError> {
        self.seals.open_value(Place { table, key }, bytes).map_err(|source| match source {
            SealError::Damaged => damaged(table, "it is not what was stored here"),
            source => StoreError::Seal { table, source },
        })
    }

    /// What a text of somebody's is found by in a key of a table.
    ///
    /// # Errors
    /// When its owner was erased.
    pub fn blind(
        &self,
        table: &'static str,
        owner: Owner,
        text: &[u8],
    ) -> Result<TokenHash, StoreError> {
        let blind = self.seals.blind(owner, text);
        blind.map(TokenHash).map_err(|source| StoreError::Seal { table, source })
    }

    pub(super) fn has_key(&self, owner: Owner) -> bool {
        self.seals.has_key(owner)
    }

    /// Whether the key is here that a stored value was sealed with; also if it needs none.
    pub(super) fn has_key_of(&self, bytes: &[u8]) -> bool {
        self.seals.has_key_of(bytes)
    }

    /// Puts the keys onto the disk that were made since the last time; to be done before anything
    /// is that was sealed with them.
    ///
    /// # Errors
    /// When the keyring cannot be written.
    pub(super) fn settle(&self) -> Result<(), SealError> {
        self.seals.settle()
    }

    /// Destroys the keys of these owners.
    ///
    /// # Errors
    /// When the keyring cannot be written; they open nothing here any more, but are on the disk.
    pub(super) fn destroy(&self, owners: &[Owner]) -> Result<(), SealError> {
        self.seals.destroy(owners)
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
