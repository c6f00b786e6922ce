//! Files, by generated names below `blobs/`, through one interface for local disk and (later)
//! object stores. What is acknowledged is synced.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};

use crate::kernel::faults::{Planted, planted};

/// A failure of the file store.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The disk or service failed.
    #[error("a file could not be read or written")]
    Failed(#[source] object_store::Error),
    /// The directory cannot be made.
    #[error("the directory for files cannot be made")]
    Directory(#[source] std::io::Error),
}

impl BlobError {
    /// Whether there was no room for it.
    pub fn is_full(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            let io = error.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull) {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// The files of an instance. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    files: Arc<dyn ObjectStore>,
    /// The folder, as a name.
    root: Name,
}

impl Blobs {
    /// Files below `directory/blobs`, made if missing.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn local(directory: &Path) -> Result<Self, BlobError> {
        let root = directory.join("blobs");
        std::fs::create_dir_all(&root).map_err(BlobError::Directory)?;
        // Not resolved any further: a folder may be reached by a way that only the system knows.
        let root = std::path::absolute(&root).map_err(BlobError::Directory)?;
        let root = Name::from_absolute_path(root).map_err(|error| {
            BlobError::Directory(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
        })?;
        let files = LocalFileSystem::new()
            .with_fsync(!planted(Planted::BlobNotSynced))
            .with_automatic_cleanup(true);
        Ok(Self { files: Arc::new(files), root })
    }

    /// Removes what a crash has left of files that were being stored, below `directory/blobs`.
    ///
    /// # Errors
    /// When a folder cannot be read, or a file not be removed.
    pub fn forget_unfinished(directory: &Path) -> Result<(), BlobError> {
        fn below(folder: &Path) -> std::io::Result<()> {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    below(&entry.path())?;
                } else if is_unfinished(&entry.file_name().to_string_lossy()) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        }
        match below(&directory.join("blobs")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(BlobError::Directory(error))
            }
            _ => Ok(()),
        }
    }

    fn name(&self, name: &str) -> Name {
        name.split('/').fold(self.root.clone(), |path, part| path.join(part))
    }

    /// Stores a file whole, or not at all.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.files.put(&self.name(name), bytes.into()).await.map_err(BlobError::Failed)?;
        Ok(())
    }

    /// Begins a file that is stored piece by piece: whole when it is ended, and else not at all.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn begin(&self, name: &str) -> Result<NewBlob, BlobError> {
        let parts = self.files.put_multipart(&self.name(name)).await;
        Ok(NewBlob { parts: parts.map_err(BlobError::Failed)? })
    }

    /// Reads a part of a file, by the places of its bytes.
    ///
    /// # Errors
    /// When there is none, it is not that long, or the disk or service fails.
    pub async fn part(&self, name: &str, bytes: Range<u64>) -> Result<Bytes, BlobError> {
        let found = self.files.get_range(&self.name(name), bytes).await;
        found.map_err(missing_or_failed)
    }

    /// How many bytes a file has.
    ///
    /// # Errors
    /// When there is none, or the disk or service fails.
    pub async fn size(&self, name: &str) -> Result<u64, BlobError> {
        let found = self.files.head(&self.name(name)).await.map_err(missing_or_failed)?;
        Ok(found.size)
    }

    /// The names of all files below a name.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn names_below(&self, name: &str) -> Result<Vec<String>, BlobError> {
        use futures_util::TryStreamExt as _;
        let found = self.files.list(Some(&self.name(name)));
        let all: Vec<_> = found.try_collect().await.map_err(missing_or_failed)?;
        let below = |location: &Name| {
            let parts = location.prefix_match(&self.root)?;
            Some(parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
        };
        Ok(all.iter().filter_map(|file| below(&file.location)).collect())
    }

    /// Removes a file; that it is gone already is as good.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match self.files.delete(&self.name(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::Failed(error)),
        }
    }

    /// Reads a file whole.
    ///
    /// # Errors
    /// When there is none, or the disk or service fails.
    pub async fn get(&self, name: &str) -> Result<Bytes, BlobError> {
        let found = self.files.get(&self.name(name)).await.map_err(missing_or_failed)?;
        found.bytes().await.map_err(BlobError::Failed)
    }

    /// Removes every file below a name.
    ///
    /// # Errors
    /// When the disk or service fails; some may be gone by then, and it can be tried again.
    pub async fn remove_below(&self, name: &str) -> Result<(), BlobError> {
        use futures_util::TryStreamExt as _;
        let found: Vec<_> = self
            .files
            .list(Some(&self.name(name)))
            .try_collect()
            .await
            .map_err(missing_or_failed)?;
        for file in found {
            match self.files.delete(&file.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(BlobError::Failed(error)),
            }
        }
        Ok(())
    }
}

/// A file that is being stored.
pub struct NewBlob {
    parts: Box<dyn MultipartUpload>,
}

impl NewBlob {
    /// Adds bytes at its end.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn add(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.parts.put_part(bytes.into()).await.map_err(BlobError::Failed)
    }

    /// Ends it: from then on it is there, and on the disk.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn end(mut self) -> Result<(), BlobError> {
        self.parts.complete().await.map_err(BlobError::Failed)?;
        Ok(())
    }

    /// Gives it up: nothing of it stays.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn abandon(mut self) -> Result<(), BlobError> {
        self.parts.abort().await.map_err(BlobError::Failed)
    }
}

/// What a file is called while it is being stored by [`Blobs::begin`]; a crash may leave it.
pub fn is_unfinished(name: &str) -> bool {
    name.rsplit('/').next().unwrap_or(name).contains('#')
}

fn missing_or_failed(error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::Missing,
        other => BlobError::Failed(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_put_is_read_back_and_goes_with_its_folder() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::local(directory.path()).unwrap();
        blobs.put("clones/a/one", Bytes::from_static(b"1")).await.unwrap();
        blobs.put("clones/b/two", Bytes::from_static(b"2")).await.unwrap();
        assert_eq!(blobs.get("clones/a/one").await.unwrap(), "1");
        let mut begun = blobs.begin("clones/b/three").await.unwrap();
        begun.add(Bytes::from_static(b"ab")).await.unwrap();
        begun.add(Bytes::from_static(b"cd")).await.unwrap();
        assert!(matches!(blobs.size("clones/b/three").await, Err(BlobError::Missing)));
        let names = blobs.names_below("clones/b").await.unwrap();
        assert_eq!(names, ["clones/b/two"], "what is being stored is not there yet");
        begun.end().await.unwrap();
        assert_eq!(blobs.part("clones/b/three", 1..3).await.unwrap(), "bc");
        assert_eq!(blobs.size("clones/b/three").await.unwrap(), 4);
        let mut begun = blobs.begin("clones/b/four").await.unwrap();
        begun.add(Bytes::from_static(b"ab")).await.unwrap();
        begun.abandon().await.unwrap();
        blobs.remove("clones/b/three").await.unwrap();
        blobs.remove("clones/b/three").await.unwrap();
        let left: Vec<_> = std::fs::read_dir(directory.path().join("blobs/clones/b"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["two"]);
        blobs.remove_below("clones/a").await.unwrap();
        assert!(matches!(blobs.get("clones/a/one").await, Err(BlobError::Missing)));
        assert_eq!(blobs.get("clones/b/two").await.unwrap(), "2");
    }
}
