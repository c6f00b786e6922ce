//! Where backups lie: a directory, or a bucket. Whatever lies there under its name is whole.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::BackupError;
use crate::jobs::blocking;
use crate::providers::{Bucket, BucketError};

/// What a file is called until it is whole.
const PARTIAL: &str = ".partial";
/// How much is copied between two looks whether it is still wanted.
const PIECE: u64 = 4 << 20;

/// A place for backups. Cheap to clone.
#[derive(Clone)]
pub enum Destination {
    /// A directory, which must be there: one that is missing is a disk that is not plugged in.
    Directory(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

impl Destination {
    /// Which place it is, for people.
    pub fn label(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Bucket(bucket) => bucket.label().to_owned(),
        }
    }

    fn refused(&self, error: &std::io::Error) -> BackupError {
        let what = match error.kind() {
            ErrorKind::NotFound => "it is not there".to_owned(),
            _ => error.to_string(),
        };
        BackupError::Place { place: self.label(), what }
    }

    fn failed(&self, error: BucketError, name: &str) -> BackupError {
        match error {
            BucketError::Missing => BackupError::Missing(name.to_owned()),
            other => BackupError::Place { place: self.label(), what: other.to_string() },
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, BackupError> {
        let done = blocking(work).await.map_err(|_| BackupError::Broken)?;
        done.map_err(|error| self.refused(&error))
    }

    /// Puts a file there under a name that is not there yet.
    ///
    /// # Errors
    /// When it is not taken; then nothing is there under this name.
    pub async fn put_file(
        &self,
        name: &str,
        path: &Path,
        stop: &CancellationToken,
    ) -> Result<(), BackupError> {
        match self {
            Self::Directory(directory) => {
                let (directory, name) = (directory.clone(), name.to_owned());
                let (path, stop) = (path.to_owned(), stop.clone());
                self.on_disk(move || copy(&path, &directory, &name, &stop)).await
            }
            Self::Bucket(bucket) => {
                let stored = bucket.put_file(name, path).await;
                stored.map_err(|error| self.failed(error, name))
            }
        }
    }

    /// Puts bytes there in the place of what was there, of which nothing is left.
    ///
    /// # Errors
    /// When they are not taken; then what was there still is.
    pub async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
        match self {
            Self::Directory(directory) => {
                let (directory, name) = (directory.clone(), name.to_owned());
                self.on_disk(move || replace(&directory, &name, &bytes)).await
            }
            Self::Bucket(bucket) => {
                bucket.put(name, bytes).await.map_err(|error| self.failed(error, name))
            }
        }
    }

    /// The names there that begin so, and how large they are.
    ///
    /// # Errors
    /// When the place does not tell.
    pub async fn list(&self, beginning: &str) -> Result<Vec<(String, u64)>, BackupError> {
        let mut found = match self {
            Self::Directory(directory) => {
                let (directory, beginning) = (directory.clone(), beginning.to_owned());
                self.on_disk(move || names(&directory, &beginning)).await?
            }
            Self::Bucket(bucket) => {
                let found = bucket.list(beginning).await;
                found.map_err(|error| self.failed(error, beginning))?
            }
        };
        found.retain(|(name, _)| !name.ends_with(PARTIAL));
        found.sort();
        Ok(found)
    }

    /// Fetches what lies under a name into a file that is not there yet.
    ///
    /// # Errors
    /// When there is none, or it cannot be had.
    pub async fn fetch(&self, name: &str, into: &Path) -> Result<(), BackupError> {
        match self {
            Self::Directory(directory) => {
                let (from, into) = (directory.join(name), into.to_owned());
                if !from.exists() {
                    return Err(BackupError::Missing(name.to_owned()));
                }
                self.on_disk(move || std::fs::copy(from, into).map(drop)).await
            }
            Self::Bucket(bucket) => {
                bucket.fetch(name, into).await.map_err(|error| self.failed(error, name))
            }
        }
    }

    /// The bytes under a name, if there are any.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BackupError> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                let read = move || match std::fs::read(path) {
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    read => read.map(Some),
                };
                self.on_disk(read).await
            }
            Self::Bucket(bucket) => match bucket.get(name).await {
                Err(BucketError::Missing) => Ok(None),
                got => got.map(|bytes| Some(bytes.to_vec())).map_err(|e| self.failed(e, name)),
            },
        }
    }

    /// Removes what lies under a name; nothing there is fine.
    ///
    /// # Errors
    /// When it stays.
    pub async fn remove(&self, name: &str) -> Result<(), BackupError> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                let remove = move || match std::fs::remove_file(path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                };
                self.on_disk(remove).await
            }
            Self::Bucket(bucket) => {
                bucket.remove(name).await.map_err(|error| self.failed(error, name))
            }
        }
    }

    /// Removes what was left behind when writing was broken off.
    ///
    /// # Errors
    /// When it stays.
    pub async fn sweep(&self, beginning: &str) -> Result<(), BackupError> {
        let Self::Directory(directory) = self else { return Ok(()) };
        let (directory, beginning) = (directory.clone(), beginning.to_owned());
        let sweep = move || {
            for (name, _) in names(&directory, &beginning)? {
                if name.ends_with(PARTIAL) {
                    std::fs::remove_file(directory.join(name))?;
                }
            }
            Ok(())
        };
        self.on_disk(sweep).await
    }
}

fn names(directory: &Path, beginning: &str) -> std::io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(beginning) && entry.file_type()?.is_file() {
            found.push((name, entry.metadata()?.len()));
        }
    }
    Ok(found)
}

fn for_us_alone(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Renames what is whole, on the disk before anybody can see it.
fn finish(file: &File, directory: &Path, name: &str) -> std::io::Result<()> {
    file.sync_all()?;
    std::fs::rename(directory.join(format!("{name}{PARTIAL}")), directory.join(name))?;
    File::open(directory)?.sync_all()
}

fn copy(
    from: &Path,
    directory: &Path,
    name: &str,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let partial = directory.join(format!("{name}{PARTIAL}"));
    let copied = (|| {
        let mut file = for_us_alone(&partial)?;
        let mut from = File::open(from)?;
        // A stop of the server does not wait for a slow disk.
        while std::io::copy(&mut (&mut from).take(PIECE), &mut file)? > 0 {
            if stop.is_cancelled() {
                return Err(std::io::Error::other("the server is being stopped"));
            }
        }
        finish(&file, directory, name)
    })();
    if copied.is_err() {
        // A disk that is full has room again.
        drop(std::fs::remove_file(&partial));
    }
    copied
}

fn replace(directory: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = directory.join(name);
    let old = match OpenOptions::new().write(true).open(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        old => old.ok(),
    };
    let mut file = for_us_alone(&directory.join(format!("{name}{PARTIAL}")))?;
    file.write_all(bytes)?;
    finish(&file, directory, name)?;
    if let Some(mut old) = old {
        let length = old.metadata()?.len();
        old.rewind()?;
        std::io::copy(&mut std::io::repeat(0).take(length), &mut old)?;
        old.sync_all()?;
    }
    Ok(())
}
