//! Copies of the keys, for those who keep them elsewhere, and secrets drawn from the instance's.
//!
//! A copy holds every key and nothing that guards them: who asks for one seals it before it goes
//! anywhere. It can be taken in on a machine that knows nothing of the root key it came from.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::disk::RealDisk;
use super::keyring::{Holder, Keyring, as_bytes, of_bytes};
use super::{SealError, Seals, Source};

impl Seals {
    /// How often the keyring was written. What is on the disk was sealed with keys of this one or
    /// of an earlier one.
    pub fn generation(&self) -> u64 {
        *self.0.generation.borrow()
    }

    /// Tells when the keyring is written again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.generation.subscribe()
    }

    /// Every key, in the clear, and the generation that this is at least.
    pub fn copied(&self) -> (u64, Zeroizing<Vec<u8>>) {
        // While it is held no key is being destroyed in the file that is in memory still.
        let _file = self.file();
        let generation = self.generation();
        let keys = as_bytes(&self.known().keys);
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 + keys.len()));
        bytes.extend_from_slice(&generation.to_be_bytes());
        bytes.extend_from_slice(&keys);
        (generation, bytes)
    }

    /// The keys of a copy, in memory only: what is sealed with new ones is lost with them.
    ///
    /// # Errors
    /// When it is no copy.
    pub fn of_copy(copy: &[u8]) -> Result<Self, SealError> {
        let (generation, keys) = copy.split_first_chunk().ok_or(SealError::Damaged)?;
        let seals = Self::with(None, of_bytes(keys).ok_or(SealError::Damaged)?);
        seals.0.generation.send_replace(u64::from_be_bytes(*generation));
        Ok(seals)
    }

    /// The same keys in memory only, for looking at a copy of what was sealed with them.
    pub fn apart(&self) -> Self {
        let keys = self.known().keys.clone();
        Self::with(None, keys)
    }

    /// Writes these keys as the keyring of a data directory that has none, and where the root key
    /// lies if it was made as well.
    ///
    /// # Errors
    /// When the keyring or the root key cannot be written, or a root key is not good.
    pub fn found(&self, directory: &Path, source: &Source) -> Result<Option<PathBuf>, SealError> {
        let (mut file, made) = Keyring::create(Arc::new(RealDisk), directory, source)?;
        file.follows(self.generation());
        file.write(&self.known().keys)?;
        Ok(made)
    }

    /// A secret for one use, drawn from the key of the instance: the same wherever that key is.
    ///
    /// # Errors
    /// When the instance has no key yet and none can be made.
    pub fn drawn(&self, label: &'static str) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let instance = self.cipher_of(Holder::Instance)?;
        Ok(instance.drawn_secret(label.as_bytes()))
    }

    /// Whether two keyrings are of one instance, whatever else is in them.
    pub fn are_of(&self, other: &Self) -> bool {
        let key = |seals: &Self| {
            let known = seals.0.known.read().unwrap_or_else(PoisonError::into_inner);
            known.keys.get(&Holder::Instance).map(Arc::clone)
        };
        matches!((key(self), key(other)), (Some(one), Some(two)) if one.id == two.id)
    }
}
