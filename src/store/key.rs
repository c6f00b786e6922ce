//! Keys as bytes that sort like the keys.

use crate::kernel::{Id, Timestamp, TokenHash};

/// The bytes are not a key of the expected shape.
#[derive(Debug, thiserror::Error)]
#[error("not a key of this table")]
pub struct KeyError;

/// A key, or a part of one. A key's bytes begin with those of its first parts, so that "all of
/// one clone's" is the range of a prefix.
pub trait Key: Sized {
    /// Appends the bytes of this key.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a key from the front of `bytes` and moves past it.
    ///
    /// # Errors
    /// When the bytes are not such a key.
    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError>;

    /// The bytes of this key alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        self.write(&mut out);
        out
    }
}

/// Text in a key: ends in a zero byte, zero bytes inside are escaped, so that `a` sorts before
/// `ab` and no text runs into the next part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Words(pub String);

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], KeyError> {
    let (head, tail) = bytes.split_at_checked(count).ok_or(KeyError)?;
    *bytes = tail;
    Ok(head)
}

impl Key for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(())
    }
}

impl<T> Key for Id<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        let head = take(bytes, 16)?.try_into().map_err(|_| KeyError)?;
        Ok(Self::from_bytes(head))
    }
}

impl Key for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        let head = take(bytes, 8)?.try_into().map_err(|_| KeyError)?;
        Ok(Self::from_be_bytes(head))
    }
}

impl Key for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        let head = take(bytes, 4)?.try_into().map_err(|_| KeyError)?;
        Ok(Self::from_be_bytes(head))
    }
}

impl Key for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        take(bytes, 1)?.first().copied().ok_or(KeyError)
    }
}

impl Key for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        // Flipping the sign bit makes negative numbers sort before positive ones.
        (self.cast_unsigned() ^ (1 << 63)).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        Ok((u64::read(bytes)? ^ (1 << 63)).cast_signed())
    }
}

impl Key for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        i64::read(bytes).map(Self)
    }
}

impl Key for TokenHash {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(Self(take(bytes, 32)?.try_into().map_err(|_| KeyError)?))
    }
}

impl Key for Words {
    fn write(&self, out: &mut Vec<u8>) {
        for byte in self.0.bytes() {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        let mut text = Vec::new();
        loop {
            let byte = u8::read(bytes)?;
            if byte != 0 {
                text.push(byte);
                continue;
            }
            match u8::read(bytes)? {
                0xFF => text.push(0),
                0 => break,
                _ => return Err(KeyError),
            }
        }
        String::from_utf8(text).map(Self).map_err(|_| KeyError)
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        Ok((A::read(bytes)?, B::read(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        Ok((A::read(bytes)?, B::read(bytes)?, C::read(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key, D: Key> Key for (A, B, C, D) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
        self.3.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Result<Self, KeyError> {
        Ok((A::read(bytes)?, B::read(bytes)?, C::read(bytes)?, D::read(bytes)?))
    }
}
