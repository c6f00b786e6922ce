//! The disk as the keyring needs it. There is the real one, and one that tests take the power from.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::kernel::faults::{Planted, planted};

/// Files by their names.
pub(crate) trait Disk: Send + Sync {
    /// All of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// A file that is there, to write in it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// An empty file for its owner alone; what had this name is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns when the names in a directory are on the disk.
    fn sync_names(&self, directory: &Path) -> io::Result<()>;
}

/// An open file. It stays the same one when its name goes to another.
pub(crate) trait DiskFile {
    /// How long it is, in bytes.
    fn length(&self) -> io::Result<usize>;

    /// Writes at its beginning.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when what was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// The real one.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().write(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut how = OpenOptions::new();
        how.write(true).create(true).truncate(true).mode(0o600);
        Ok(Box::new(how.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_names(&self, directory: &Path) -> io::Result<()> {
        if planted(Planted::DiskNotSynced) {
            return Ok(());
        }
        File::open(directory)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<usize> {
        usize::try_from(self.metadata()?.len()).map_err(io::Error::other)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rewind()?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if planted(Planted::DiskNotSynced) {
            return Ok(());
        }
        self.sync_all()
    }
}
