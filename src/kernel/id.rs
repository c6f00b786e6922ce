//! Identifiers that know what they identify.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::fault::FieldProblem;

/// A UUIDv7 of one kind of thing; its order is roughly the order of creation.
pub struct Id<T> {
    uuid: Uuid,
    kind: PhantomData<fn() -> T>,
}

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct IdError;

impl From<IdError> for FieldProblem {
    fn from(_: IdError) -> Self {
        Self::Malformed
    }
}

impl<T> Id<T> {
    /// A fresh identifier, later than every one made before in this process.
    pub fn fresh() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }

    /// The identifier with these sixteen bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes, which sort like the identifier.
    pub fn bytes(self) -> [u8; 16] {
        self.uuid.into_bytes()
    }

    const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.uuid)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.uuid)
    }
}

impl<T> FromStr for Id<T> {
    type Err = IdError;

    /// Accepts the hyphenated form only, so that one thing has one address.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 36 {
            return Err(IdError);
        }
        Uuid::try_parse(text).map(Self::from_uuid).map_err(|_| IdError)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.uuid)
        } else {
            serializer.serialize_bytes(self.uuid.as_bytes())
        }
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<T> serde::de::Visitor<'_> for Visitor<T> {
            type Value = Id<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an identifier")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id<T>, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Id<T>, E> {
                let bytes = bytes.try_into().map_err(|_| E::custom(IdError))?;
                Ok(Id::from_bytes(bytes))
            }
        }

        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Visitor(PhantomData))
        } else {
            deserializer.deserialize_bytes(Visitor(PhantomData))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_give_the_same_identifier_back() {
        let id = Id::<()>::fresh();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(Id::from_bytes(id.bytes()), id);
    }

    #[test]
    fn later_identifiers_sort_later() {
        let first = Id::<()>::fresh();
        let second = Id::<()>::fresh();
        assert!(first < second);
        assert!(first.bytes() < second.bytes());
    }

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        for text in
            ["", "7", "0193f1b2c3d44e5f8a9b0c1d2e3f4a5b", "{0193f1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}"]
        {
            assert_eq!(text.parse::<Id<()>>(), Err(IdError));
        }
    }
}
