//! The keyring: one small file with every key, written anew as a whole and never in the database,
//! whose freed pages would remember the keys that were destroyed.
//!
//! ```text
//! clonememoria keyring 1\n
//! CBOR { generation, made, check, nonce, sealed, tag }
//! ```
//!
//! `sealed` is the CBOR of all keys under a key drawn from the root key; the first line and the
//! generation are bound to it. `check` tells a wrong root key from a damaged file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SealError;
use super::cipher::{Cipher, NONCE, TAG};
use super::disk::Disk;
use super::root::{Made, Root, Source};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};

/// The file within a data directory.
const FILE: &str = "keyring";
const MAGIC: &[u8] = b"clonememoria keyring 1\n";

/// Who has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Holder {
    /// The instance.
    Instance,
    /// An account, by its identifier.
    Account([u8; 16]),
    /// A clone, by its identifier.
    Clone([u8; 16]),
}

/// Every key.
pub(super) type Keys = BTreeMap<Holder, Arc<Cipher>>;

#[derive(Serialize, Deserialize)]
struct FileRow {
    generation: u64,
    made: Made,
    check: [u8; 16],
    nonce: [u8; NONCE],
    sealed: Vec<u8>,
    tag: [u8; TAG],
}

/// Whose key, and the key.
type KeyRow = (Holder, [u8; 32]);

/// The file of the keys.
pub(super) struct Keyring {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    root: Root,
    generation: u64,
}

impl Keyring {
    pub(super) fn path_in(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// A new one, with nothing in it, and where the root key lies if it was made as well.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        directory: &Path,
        source: &Source,
    ) -> Result<(Self, Option<PathBuf>), SealError> {
        let (root, made) = Root::create(source)?;
        Ok((Self { disk, path: Self::path_in(directory), root, generation: 0 }, made))
    }

    /// The one of a data directory with its keys, if there is one.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        source: &Source,
    ) -> Result<Option<(Self, Keys)>, SealError> {
        let path = Self::path_in(directory);
        let bytes = match disk.read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| SealError::file(&path, source))?,
        };
        let damaged = || SealError::content(&path, "is damaged");
        let body = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let row: FileRow = ciborium::from_reader(body).map_err(|_| damaged())?;
        let root = Root::open(source, &row.made, &path)?;
        if check(&root) != row.check {
            return Err(SealError::WrongRoot(path));
        }
        let mut text = Zeroizing::new(row.sealed);
        let bound = bound(row.generation);
        wrapping(&root).open(&bound, (row.nonce, row.tag), &mut text).map_err(|_| damaged())?;
        let keys = of_bytes(&text).ok_or_else(damaged)?;
        Ok(Some((Self { disk, path, root, generation: row.generation }, keys)))
    }

    /// How often it was written; a copy says which one it is of.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Goes on counting where another one was.
    pub(super) fn follows(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// Writes all keys, whole or not at all. What stood there before is overwritten, since it may
    /// hold a key that is to be gone.
    pub(super) fn write(&mut self, keys: &Keys) -> Result<(), SealError> {
        let generation = self.generation + 1;
        let damaged = |_| SealError::content(&self.path, "cannot be written");
        let mut sealed = as_bytes(keys).to_vec();
        let (nonce, tag) = wrapping(&self.root).seal(&bound(generation), &mut sealed)?;
        let (made, check) = (self.root.made.clone(), check(&self.root));
        let mut bytes = MAGIC.to_vec();
        let row = FileRow { generation, made, check, nonce, sealed, tag };
        ciborium::into_writer(&row, &mut bytes).map_err(damaged)?;
        let failed = |source| SealError::file(&self.path, source);
        replace(&*self.disk, &self.path, &bytes).map_err(failed)?;
        self.generation = generation;
        Ok(())
    }
}

/// Every key and whose it is; nothing guards them in this.
pub(super) fn as_bytes(keys: &Keys) -> Zeroizing<Vec<u8>> {
    let rows: Vec<KeyRow> = keys.iter().map(|(who, cipher)| (*who, *cipher.secret())).collect();
    // A vector takes all that is written to it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + rows.len() * 80));
    drop(ciborium::into_writer(&rows, &mut *bytes));
    bytes
}

/// The keys in such bytes.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<Keys> {
    let rows: Vec<KeyRow> = ciborium::from_reader(bytes).ok()?;
    let keys = rows.into_iter().map(|(who, key)| (who, Arc::new(Cipher::new(key.into()))));
    Some(keys.collect())
}

fn wrapping(root: &Root) -> Cipher {
    root.draw(b"clonememoria keyring")
}

fn check(root: &Root) -> [u8; 16] {
    root.draw(b"clonememoria keyring check").id.0
}

fn bound(generation: u64) -> Vec<u8> {
    [MAGIC, &generation.to_be_bytes()].concat()
}

/// Puts a file in the place of another: written beside it, on the disk, then renamed.
fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if planted(Planted::KeyringInPlace) {
        let mut file = disk.create(path)?;
        pass(Point::KeyringMade);
        file.write(bytes)?;
        return file.sync();
    }
    let beside = path.with_extension("partial");
    let old = match disk.open(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut new = disk.create(&beside)?;
    pass(Point::KeyringMade);
    new.write(bytes)?;
    pass(Point::KeyringWritten);
    if !planted(Planted::KeyringNotSynced) {
        new.sync()?;
    }
    pass(Point::KeyringSynced);
    disk.rename(&beside, path)?;
    pass(Point::KeyringRenamed);
    if !planted(Planted::KeyringNameNotSynced) {
        disk.sync_names(path.parent().unwrap_or(Path::new(".")))?;
    }
    pass(Point::KeyringNamed);
    if let Some(mut old) = old.filter(|_| !planted(Planted::KeyringNotBlanked)) {
        let nothing = vec![0; old.length()?];
        old.write(&nothing)?;
        old.sync()?;
    }
    pass(Point::KeyringBlanked);
    Ok(())
}
