//! A bucket: storage that speaks the protocol of S3, for whole files under names.
//!
//! Requests go out through [`Outbound`], to the one origin that whoever runs the machine set. What
//! the storage says about a failure may have an access key in it, so none of it gets into an error.

mod carrier;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Name;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, MultipartUpload, ObjectStore as _,
    ObjectStoreExt as _, RetryConfig,
};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use self::carrier::{Carrier, Denied};
use super::{Base, Outbound, OutboundError};
use crate::kernel::Secret;

/// How much is sent or fetched at a time; what is smaller goes at once.
const PIECE: u64 = 8 << 20;
/// In how many pieces the protocol lets a file come, with some to spare.
const PIECES: u64 = 9_000;

/// Where a bucket is and what opens it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the setting of the same name")]
pub struct BucketSettings {
    pub bucket: String,
    /// What all names begin with; may be empty.
    pub prefix: String,
    pub endpoint: url::Url,
    pub region: String,
    pub access_key_id: Secret<String>,
    pub secret_access_key: Secret<String>,
}

/// A failure of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// There is no such file, or no such bucket.
    #[error("there is no such file or bucket")]
    Missing,
    /// The key is not one that may do this.
    #[error("the storage refuses the access key, or what it may do")]
    Refused,
    /// No connection, or it broke off.
    #[error("the storage cannot be reached")]
    Unreachable,
    /// The storage failed.
    #[error("the storage failed")]
    Failed,
    /// A file on this machine cannot be read or written.
    #[error("the file on this machine cannot be read or written")]
    Local,
    /// The settings make no client.
    #[error("the settings of the storage cannot be used: {0}")]
    Settings(&'static str),
}

/// Storage for whole files. Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    storage: Arc<AmazonS3>,
    prefix: String,
    label: String,
}

fn failed(error: object_store::Error) -> BucketError {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => BucketError::Missing,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => BucketError::Refused,
        Error::Generic { source, .. } => {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*source);
            while let Some(link) = cause {
                if link.is::<Denied>() {
                    return BucketError::Refused;
                }
                if link.is::<OutboundError>() {
                    return BucketError::Unreachable;
                }
                cause = link.source();
            }
            BucketError::Failed
        }
        _ => BucketError::Failed,
    }
}

fn local(_: std::io::Error) -> BucketError {
    BucketError::Local
}

impl Bucket {
    /// A client for a bucket; nothing is asked yet.
    ///
    /// # Errors
    /// [`BucketError::Settings`] when it cannot be made.
    pub fn new(outbound: Outbound, settings: &BucketSettings) -> Result<Self, BucketError> {
        let endpoint = settings.endpoint.as_str().trim_end_matches('/');
        let base = Base::parse(endpoint)
            .map_err(|_| BucketError::Settings("the endpoint is no http or https URL"))?;
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(200),
                max_backoff: Duration::from_secs(5),
                base: 2.0,
            },
            max_retries: 4,
            retry_timeout: Duration::from_secs(60),
        };
        let storage = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_endpoint(endpoint)
            .with_region(&settings.region)
            .with_access_key_id(settings.access_key_id.reveal())
            .with_secret_access_key(settings.secret_access_key.reveal())
            .with_virtual_hosted_style_request(false)
            .with_disable_bulk_delete(true)
            .with_allow_http(true)
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_retry(retry)
            .with_http_connector(Carrier::new(outbound, base))
            .build()
            .map_err(|_| BucketError::Settings("they do not fit together"))?;
        let prefix = settings.prefix.trim_matches('/').to_owned();
        let label = format!("s3://{}/{prefix}", settings.bucket);
        let label = label.trim_end_matches('/').to_owned();
        Ok(Self { storage: Arc::new(storage), prefix, label })
    }

    /// Where it is, for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    fn name(&self, name: &str) -> Name {
        match self.prefix.as_str() {
            "" => Name::from(name),
            prefix => Name::from(format!("{prefix}/{name}")),
        }
    }

    /// Stores bytes under a name, in the place of what is there.
    ///
    /// # Errors
    /// When the storage does not take them; then what was there still is.
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), BucketError> {
        self.storage.put(&self.name(name), bytes.into()).await.map(drop).map_err(failed)
    }

    /// Stores a file under a name, whole or not at all.
    ///
    /// # Errors
    /// When the storage does not take it, or it cannot be read.
    pub async fn put_file(&self, name: &str, path: &Path) -> Result<(), BucketError> {
        let mut file = File::open(path).await.map_err(local)?;
        let size = file.metadata().await.map_err(local)?.len();
        if size <= PIECE {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await.map_err(local)?;
            return self.put(name, bytes).await;
        }
        let name = self.name(name);
        let mut upload = self.storage.put_multipart(&name).await.map_err(failed)?;
        let sent = send(&mut file, upload.as_mut(), PIECE.max(size.div_ceil(PIECES))).await;
        if let Err(error) = sent {
            // What was sent so far costs whoever pays for the storage.
            drop(upload.abort().await);
            return Err(error);
        }
        let stored = self.storage.head(&name).await.map_err(failed)?;
        if stored.size == size { Ok(()) } else { Err(BucketError::Failed) }
    }

    /// The files whose names begin so: their names and sizes.
    ///
    /// # Errors
    /// When the storage does not tell.
    pub async fn list(&self, beginning: &str) -> Result<Vec<(String, u64)>, BucketError> {
        let prefix = (!self.prefix.is_empty()).then(|| Name::from(self.prefix.as_str()));
        let found: Vec<_> =
            self.storage.list(prefix.as_ref()).try_collect().await.map_err(failed)?;
        let named = found.into_iter().filter_map(|object| {
            let name = object.location.filename()?.to_owned();
            let is_here = self.name(&name) == object.location;
            (is_here && name.starts_with(beginning)).then_some((name, object.size))
        });
        Ok(named.collect())
    }

    /// The bytes under a name.
    ///
    /// # Errors
    /// [`BucketError::Missing`] when there are none.
    pub async fn get(&self, name: &str) -> Result<Bytes, BucketError> {
        let found = self.storage.get(&self.name(name)).await.map_err(failed)?;
        found.bytes().await.map_err(failed)
    }

    /// Fetches what lies under a name into a file that is not there yet.
    ///
    /// # Errors
    /// When there is nothing, or it cannot be fetched or written.
    pub async fn fetch(&self, name: &str, into: &Path) -> Result<(), BucketError> {
        let name = self.name(name);
        let meta = self.storage.head(&name).await.map_err(failed)?;
        let mut file = File::create_new(into).await.map_err(local)?;
        let mut at = 0;
        while at < meta.size {
            let range = Some(GetRange::Bounded(at..meta.size.min(at + PIECE)));
            // Only pieces of one and the same file belong together.
            let options = GetOptions { range, if_match: meta.e_tag.clone(), ..GetOptions::new() };
            let piece = self.storage.get_opts(&name, options).await.map_err(failed)?;
            let piece = piece.bytes().await.map_err(failed)?;
            if piece.is_empty() {
                return Err(BucketError::Failed);
            }
            file.write_all(&piece).await.map_err(local)?;
            at += piece.len() as u64;
        }
        file.sync_all().await.map_err(local)
    }

    /// Removes what lies under a name; nothing there is fine.
    ///
    /// # Errors
    /// When the storage does not do it.
    pub async fn remove(&self, name: &str) -> Result<(), BucketError> {
        match self.storage.delete(&self.name(name)).await.map_err(failed) {
            Err(BucketError::Missing) => Ok(()),
            outcome => outcome,
        }
    }
}

async fn send(
    file: &mut File,
    upload: &mut dyn MultipartUpload,
    piece: u64,
) -> Result<(), BucketError> {
    loop {
        let mut bytes = Vec::with_capacity(usize::try_from(piece).unwrap_or_default());
        let read = (&mut *file).take(piece).read_to_end(&mut bytes).await.map_err(local)?;
        if read == 0 {
            return upload.complete().await.map(drop).map_err(failed);
        }
        upload.put_part(bytes.into()).await.map_err(failed)?;
    }
}
