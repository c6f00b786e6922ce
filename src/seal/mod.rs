//! Sealing: what is personal cannot be read without a key that lies elsewhere.
//!
//! Every account, every clone and the instance itself have a random key of 256 bits. What belongs
//! to one is sealed with its key; what was made of a memory for searching takes the key of its
//! author and that of its clone, so that without either of them nobody reads it. The keys lie in
//! the keyring, one small file that is written anew as a whole whenever a key comes or goes, and
//! that is sealed itself with the root key, which lies in another place. Destroying a key makes
//! everything that was sealed with it unreadable, wherever a copy of it still is.

mod cipher;
mod copy;
mod disk;
mod envelope;
mod error;
mod file;
mod keyring;
mod root;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use crate::kernel::{AccountId, CloneId};

use self::cipher::{Cipher, KeyId};
use self::disk::RealDisk;
use self::envelope::Sealed;
use self::keyring::{Holder, Keyring, Keys};
#[cfg(test)]
use self::root::Root;

pub(crate) use disk::Disk;
#[cfg(test)]
pub(crate) use disk::DiskFile;
pub use envelope::Place;
pub use error::SealError;
pub use file::{FileKey, PIECE, SEALED_PIECE, sealed_size};
pub use root::Source;

/// Whose key something is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Nobody's: it tells nothing of anybody and is stored as it is.
    Nobody,
    /// The instance's: its own secrets, and what concerns nobody alone.
    Instance,
    /// An account's.
    Account(AccountId),
    /// A clone's.
    Clone(CloneId),
    /// Made of what an account wrote down in a clone: it takes the keys of both.
    Derived {
        /// Who wrote it.
        author: AccountId,
        /// Where.
        clone: CloneId,
    },
}

/// A value as it was before it was sealed.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which version of the row it is.
    pub version: u8,
    /// The row.
    pub value: Vec<u8>,
    /// Whether it was sealed, or in the clear.
    pub was_sealed: bool,
}

/// The keys of an instance, and what is done with them. Cheap to clone.
#[derive(Clone)]
pub struct Seals(Arc<Inner>);

struct Inner {
    /// Held while the file is written, so that it is never older than what was promised.
    file: Mutex<Option<Keyring>>,
    known: RwLock<Known>,
    /// The generation of the file, told to whoever keeps copies of it.
    generation: watch::Sender<u64>,
}

/// The keys in memory.
#[derive(Default)]
struct Known {
    keys: Keys,
    by_id: HashMap<KeyId, Arc<Cipher>>,
    both: HashMap<(KeyId, KeyId), Arc<Cipher>>,
    /// What sealing for an owner takes, once it was looked up.
    ready: HashMap<Owner, Named>,
    /// Who was erased since the start: nothing is sealed for them any more.
    destroyed: HashSet<Holder>,
    /// Their keys, for those who still look at how it was before.
    gone: HashSet<KeyId>,
    /// Whether keys came or went since the file was written.
    is_ahead: bool,
}

impl Known {
    fn of(keys: Keys) -> Self {
        let by_id = keys.values().map(|cipher| (cipher.id, Arc::clone(cipher))).collect();
        Self { keys, by_id, ..Self::default() }
    }

    /// Draws the key that takes two others, once.
    fn draw(&mut self, one: KeyId, other: KeyId) -> Option<Arc<Cipher>> {
        let drawn = Cipher::of_both(self.by_id.get(&one)?, self.by_id.get(&other)?);
        Some(Arc::clone(self.both.entry((one, other)).or_insert_with(|| Arc::new(drawn))))
    }

    fn found(&self, (one, other): (KeyId, Option<KeyId>)) -> Option<Arc<Cipher>> {
        match other {
            None => self.by_id.get(&one).cloned(),
            Some(other) => self.both.get(&(one, other)).cloned(),
        }
    }

    /// Why there is no such key.
    fn why_not(&self, (one, other): (KeyId, Option<KeyId>)) -> SealError {
        let was_destroyed = [Some(one), other].iter().flatten().any(|id| self.gone.contains(id));
        if was_destroyed { SealError::Erased } else { SealError::NoKey }
    }
}

type Named = (Arc<Cipher>, (KeyId, Option<KeyId>));

impl Seals {
    /// The file of the keys of a data directory.
    pub fn keyring_in(directory: &Path) -> PathBuf {
        Keyring::path_in(directory)
    }

    /// The keys of a data directory, if it has a keyring.
    ///
    /// # Errors
    /// When the keyring is damaged, the root key is missing or another one, or others can read it.
    pub fn open(directory: &Path, source: &Source) -> Result<Option<Self>, SealError> {
        Self::open_on(Arc::new(RealDisk), directory, source)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        source: &Source,
    ) -> Result<Option<Self>, SealError> {
        let found = Keyring::open(disk, directory, source)?;
        Ok(found.map(|(file, keys)| Self::with(Some(file), keys)))
    }

    /// The keys of a data directory that has none yet, and where the root key lies if it was made
    /// as well.
    ///
    /// # Errors
    /// When the keyring or the root key cannot be written, or a root key is not good.
    pub fn create(directory: &Path, source: &Source) -> Result<(Self, Option<PathBuf>), SealError> {
        Self::create_on(Arc::new(RealDisk), directory, source)
    }

    pub(crate) fn create_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        source: &Source,
    ) -> Result<(Self, Option<PathBuf>), SealError> {
        let (mut file, made) = Keyring::create(disk, directory, source)?;
        let mut keys = Keys::default();
        keys.insert(Holder::Instance, Arc::new(Cipher::random()?));
        file.write(&keys)?;
        Ok((Self::with(Some(file), keys), made))
    }

    /// Whether there is a key of anybody: then something was sealed with it.
    pub fn are_used(&self) -> bool {
        self.known().keys.keys().any(|holder| *holder != Holder::Instance)
    }

    /// Keys that live in memory and are gone when dropped.
    pub fn in_memory() -> Self {
        Self::with(None, Keys::default())
    }

    fn with(file: Option<Keyring>, keys: Keys) -> Self {
        let generation = file.as_ref().map_or(0, Keyring::generation);
        Self(Arc::new(Inner {
            file: Mutex::new(file),
            known: RwLock::new(Known::of(keys)),
            generation: watch::Sender::new(generation),
        }))
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, Option<Keyring>> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals a value of somebody's for a place. Somebody who has no key yet gets one, which is not
    /// on the disk before [`Seals::settle`].
    ///
    /// # Errors
    /// When the owner was erased, or the system gives no random bytes.
    pub fn seal(
        &self,
        owner: Owner,
        place: Place<'_>,
        version: u8,
        value: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        if owner == Owner::Nobody {
            return Ok(envelope::clear(version, value));
        }
        let ready = self.known().ready.get(&owner).cloned();
        let (cipher, keys) = match ready {
            Some(named) => named,
            None => self.make_ready(owner)?,
        };
        envelope::seal(&cipher, keys, place, version, value)
    }

    fn make_ready(&self, owner: Owner) -> Result<Named, SealError> {
        let named = match owner {
            Owner::Nobody | Owner::Instance => self.one(Holder::Instance)?,
            Owner::Account(account) => self.one(Holder::Account(account.bytes()))?,
            Owner::Clone(clone) => self.one(Holder::Clone(clone.bytes()))?,
            Owner::Derived { author, clone } => self.both(author, clone)?,
        };
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        known.ready.insert(owner, named.clone());
        Ok(named)
    }

    /// Opens a value of a place.
    ///
    /// # Errors
    /// [`SealError::Erased`] when its key was destroyed since the start, [`SealError::NoKey`] when
    /// it is not here, [`SealError::Damaged`] when it is not what was sealed for this place.
    pub fn open_value(&self, place: Place<'_>, bytes: &[u8]) -> Result<Opened, SealError> {
        if let Some((version, value)) = envelope::in_the_clear(bytes) {
            return Ok(Opened { version, value: value.to_vec(), was_sealed: false });
        }
        let sealed = Sealed::of(bytes).ok_or(SealError::Damaged)?;
        let found = self.known().found(sealed.keys);
        let cipher = match found {
            Some(cipher) => cipher,
            None => self.draw(sealed.keys)?,
        };
        let value = sealed.open(&cipher, place)?;
        Ok(Opened { version: sealed.version, value, was_sealed: true })
    }

    /// What a text of somebody's is found by in a key of a table, which is in the clear: the same
    /// for the same text, and nothing to whoever has not their key.
    ///
    /// # Errors
    /// When the owner was erased, or the system gives no random bytes.
    pub fn blind(&self, owner: Owner, text: &[u8]) -> Result<[u8; 32], SealError> {
        let ready = self.known().ready.get(&owner).cloned();
        let (cipher, _) = match ready {
            Some(named) => named,
            None => self.make_ready(owner)?,
        };
        Ok(cipher.blind(text))
    }

    /// Whether the keys are here that a value was sealed with; also if it needs none.
    pub fn has_key_of(&self, bytes: &[u8]) -> bool {
        let Some(Sealed { keys: (one, other), .. }) = Sealed::of(bytes) else { return true };
        let known = self.known();
        [Some(one), other].iter().flatten().all(|id| known.by_id.contains_key(id))
    }

    /// Whether an owner has a key; who was erased has none any more.
    pub fn has_key(&self, owner: Owner) -> bool {
        let holder = match owner {
            Owner::Account(account) => Holder::Account(account.bytes()),
            Owner::Clone(clone) => Holder::Clone(clone.bytes()),
            Owner::Instance => Holder::Instance,
            Owner::Derived { .. } | Owner::Nobody => return false,
        };
        self.known().keys.contains_key(&holder)
    }

    fn one(&self, holder: Holder) -> Result<Named, SealError> {
        let cipher = self.cipher_of(holder)?;
        let id = cipher.id;
        Ok((cipher, (id, None)))
    }

    fn both(&self, author: AccountId, clone: CloneId) -> Result<Named, SealError> {
        let author = self.cipher_of(Holder::Account(author.bytes()))?.id;
        let clone = self.cipher_of(Holder::Clone(clone.bytes()))?.id;
        let keys = (author, Some(clone));
        Ok((self.draw(keys)?, keys))
    }

    fn draw(&self, keys: (KeyId, Option<KeyId>)) -> Result<Arc<Cipher>, SealError> {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let drawn = keys.1.and_then(|other| known.draw(keys.0, other));
        drawn.ok_or_else(|| known.why_not(keys))
    }

    fn cipher_of(&self, holder: Holder) -> Result<Arc<Cipher>, SealError> {
        if let Some(cipher) = self.known().keys.get(&holder) {
            return Ok(Arc::clone(cipher));
        }
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.destroyed.contains(&holder) {
            return Err(SealError::Erased);
        }
        if let Some(cipher) = known.keys.get(&holder) {
            return Ok(Arc::clone(cipher));
        }
        let cipher = Arc::new(Cipher::random()?);
        known.by_id.insert(cipher.id, Arc::clone(&cipher));
        known.keys.insert(holder, Arc::clone(&cipher));
        known.is_ahead = true;
        Ok(cipher)
    }

    /// Destroys the keys of accounts and clones: what was sealed with them opens no more, here or
    /// in any copy.
    ///
    /// # Errors
    /// When the file cannot be written; then they open nothing here any more, but are in it still.
    pub fn destroy(&self, owners: &[Owner]) -> Result<(), SealError> {
        {
            let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
            for owner in owners {
                let holder = match owner {
                    Owner::Account(account) => Holder::Account(account.bytes()),
                    Owner::Clone(clone) => Holder::Clone(clone.bytes()),
                    Owner::Derived { .. } | Owner::Instance | Owner::Nobody => continue,
                };
                known.destroyed.insert(holder);
                known.ready.clear();
                if let Some(cipher) = known.keys.remove(&holder) {
                    known.by_id.remove(&cipher.id);
                    known.gone.insert(cipher.id);
                    known.both.retain(|(one, other), _| ![*one, *other].contains(&cipher.id));
                    known.is_ahead = true;
                }
            }
        }
        self.settle()
    }

    /// Writes the keyring if keys came or went. Nothing that was sealed with new ones may be on the
    /// disk before.
    ///
    /// # Errors
    /// When the file cannot be written; the keys are written the next time then.
    pub fn settle(&self) -> Result<(), SealError> {
        let mut file = self.file();
        if !self.known().is_ahead {
            return Ok(());
        }
        let keys = {
            let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
            known.is_ahead = false;
            known.keys.clone()
        };
        let written = file.as_mut().map_or(Ok(()), |file| file.write(&keys));
        if written.is_err() {
            let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
            known.is_ahead = true;
        }
        self.0.generation.send_replace(file.as_ref().map_or(0, Keyring::generation));
        written
    }
}
