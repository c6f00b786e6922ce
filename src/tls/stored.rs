//! What is kept of the authority and of its certificate: a file each, so that a certificate and
//! its key are never of different ages.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::TlsError;

/// The authority.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AuthorityFile {
    pub(super) version: u8,
    pub(super) name: String,
    /// Names and networks that it can vouch for.
    pub(super) permitted: Vec<String>,
    /// Seconds since 1970.
    pub(super) not_after: i64,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// The certificate that the server shows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeafFile {
    pub(super) version: u8,
    pub(super) names: Vec<String>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// The fingerprint of the authority that vouches for it.
    pub(super) authority: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, TlsError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TlsError::File { path: path.to_owned(), source }),
    };
    let damaged = TlsError::Content { path: path.to_owned(), what: "is damaged" };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| damaged)
}

/// Replaces a file as a whole, for the account that runs the server alone.
pub(super) fn keep(path: &Path, value: &impl Serialize) -> Result<(), TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    replace(path, &bytes).map_err(failed)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
