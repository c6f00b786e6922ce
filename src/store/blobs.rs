//! Files, by generated names below `blobs/`, through one interface for local disk and (later)
//! object stores. What is acknowledged is synced.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt as _};

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

/// The files of an instance. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    files: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Files below `directory/blobs`, made if missing.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn local(directory: &Path) -> Result<Self, BlobError> {
        let root = directory.join("blobs");
        std::fs::create_dir_all(&root).map_err(BlobError::Directory)?;
        let files = LocalFileSystem::new_with_prefix(root)
            .map_err(BlobError::Failed)?
            .with_fsync(!planted(Planted::BlobNotSynced))
            .with_automatic_cleanup(true);
        Ok(Self { files: Arc::new(files) })
    }

    /// Stores a file whole, or not at all.
    ///
    /// # Errors
    /// When the disk or service fails.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.files.put(&Name::from(name), bytes.into()).await.map_err(BlobError::Failed)?;
        Ok(())
    }

    /// Reads a file whole.
    ///
    /// # Errors
    /// When there is none, or the disk or service fails.
    pub async fn get(&self, name: &str) -> Result<Bytes, BlobError> {
        let found = self.files.get(&Name::from(name)).await.map_err(missing_or_failed)?;
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
            .list(Some(&Name::from(name)))
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
        blobs.remove_below("clones/a").await.unwrap();
        assert!(matches!(blobs.get("clones/a/one").await, Err(BlobError::Missing)));
        assert_eq!(blobs.get("clones/b/two").await.unwrap(), "2");
    }
}
