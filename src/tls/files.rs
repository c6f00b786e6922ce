//! A certificate and its key from files that somebody else renews.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{Look, TlsError, provider};

/// When a file was changed, and how long it is: enough to notice that it is another.
type Stamp = Option<(SystemTime, u64)>;

/// The files, as they were when they were last looked at.
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    seen: [Stamp; 2],
}

impl Files {
    pub(super) fn open(cert: &Path, key: &Path) -> Result<(Self, CertifiedKey), TlsError> {
        let seen = [stamp(cert), stamp(key)];
        let first = read(cert, key)?;
        Ok((Self { cert: cert.to_owned(), key: key.to_owned(), seen }, first))
    }

    /// A pair that is broken is looked at again when it changes again: whoever replaces two files
    /// replaces one first.
    pub(super) fn refresh(&mut self, look: Look) -> Result<Option<CertifiedKey>, TlsError> {
        let seen = [stamp(&self.cert), stamp(&self.key)];
        if look == Look::Now && seen == self.seen {
            return Ok(None);
        }
        self.seen = seen;
        read(&self.cert, &self.key).map(Some)
    }
}

fn stamp(path: &Path) -> Stamp {
    let facts = fs::metadata(path).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let content = |path: &Path, what| TlsError::Content { path: path.to_owned(), what };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes(cert)?)
        .collect::<Result<_, _>>()
        .map_err(|_| content(cert, "is not a PEM file"))?;
    if chain.is_empty() {
        return Err(content(cert, "holds no certificate"));
    }
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|_| content(key, "holds no private key in PEM form"))?;
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|source| TlsError::Pair {
        cert: cert.to_owned(),
        key: key.to_owned(),
        source,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}
