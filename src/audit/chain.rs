//! How entries hang together: each value begins with a hash over the hash before, its number and
//! the rest of its bytes. Pure.

use sha2::{Digest as _, Sha256};

use crate::kernel::faults::{Planted, planted};

/// The hash that an entry carries.
pub(super) type Link = [u8; 32];

/// Where a walk through the log stands: the number of an entry and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) number: u64,
    pub(super) link: Link,
}

impl End {
    /// Before the first entry.
    pub(super) const BEGINNING: Self = Self { number: 0, link: [0; 32] };

    /// The next entry with this body: where it ends, and the value to store.
    pub(super) fn extend(self, body: &[u8]) -> (Self, Vec<u8>) {
        let number = self.number + 1;
        let link = self.link_to(number, body);
        (Self { number, link }, [&link[..], body].concat())
    }

    /// The body of a stored value, if it is the next entry as it was written.
    pub(super) fn follow(self, number: u64, value: &[u8]) -> Option<(Self, &[u8])> {
        let (link, body) = value.split_first_chunk::<32>()?;
        let holds = *link == self.link_to(number, body) || planted(Planted::AuditBelieved);
        let fits = number == self.number + 1 && holds;
        fits.then_some((Self { number, link: *link }, body))
    }

    fn link_to(self, number: u64, body: &[u8]) -> Link {
        let mut hasher = Sha256::new();
        hasher.update(self.link);
        hasher.update(number.to_be_bytes());
        hasher.update(body);
        hasher.finalize().into()
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        [&self.number.to_be_bytes()[..], &self.link].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (number, link) = bytes.split_first_chunk::<8>()?;
        Some(Self { number: u64::from_be_bytes(*number), link: link.try_into().ok()? })
    }
}

/// The body of a stored value, whether it fits or not.
pub(super) fn body_of(value: &[u8]) -> Option<&[u8]> {
    value.split_first_chunk::<32>().map(|(_, body)| body)
}
