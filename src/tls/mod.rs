//! How the server proves to browsers that it is itself: a certificate from files, or one from a
//! small authority of its own that people tell their phones to trust.
//!
//! The certificate in use can be replaced while connections are open. What is broken never
//! replaces what works.

mod authority;
mod files;
mod leaf;
mod names;
mod stored;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use authority::Authority;
pub use names::addresses;

use self::files::Files;
use self::leaf::Local;
use crate::kernel::Timestamp;

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path} cannot be used: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} {what}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Certificate and key do not belong together, or are of a kind that is not understood.
    #[error("{cert} and {key} cannot be used together: {source}",
        cert = cert.display(), key = key.display())]
    Pair {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Made(#[from] rcgen::Error),
    /// The protocol's library refuses.
    #[error("TLS cannot be set up: {0}")]
    Protocol(#[from] rustls::Error),
}

/// The server's certificate, and where the next one comes from.
pub struct Tls {
    source: Mutex<Source>,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

enum Source {
    Files(Files),
    Local(Box<Local>),
}

/// Whether to look closely although nothing seems to have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Only if something has changed.
    Now,
    /// In any case: somebody asked for it.
    Closely,
}

impl Tls {
    /// A certificate from files.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let (files, first) = Files::open(cert, key)?;
        Self::over(Source::Files(files), first)
    }

    /// A certificate from the server's own authority, which is made in `folder` if there is none
    /// yet. `public_host` is the name that people use beside those the machine knows itself by.
    ///
    /// # Errors
    /// When the folder cannot be used or what is in it is damaged.
    pub fn local(
        folder: &Path,
        public_host: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let (local, first) = Local::open(folder, public_host, now)?;
        Self::over(Source::Local(Box::new(local)), first)
    }

    fn over(source: Source, first: CertifiedKey) -> Result<Self, TlsError> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(first))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { source: Mutex::new(source), shown, config: Arc::new(config) })
    }

    /// What connections are opened with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The server's own authority, if it has one.
    pub fn authority(&self) -> Option<Arc<Authority>> {
        match &*self.source.lock().unwrap_or_else(PoisonError::into_inner) {
            Source::Files(_) => None,
            Source::Local(local) => Some(local.authority()),
        }
    }

    /// Names and addresses at which other machines find this one; none with files.
    pub fn found_at(&self) -> (Vec<String>, Vec<IpAddr>) {
        match &*self.source.lock().unwrap_or_else(PoisonError::into_inner) {
            Source::Files(_) => Default::default(),
            Source::Local(local) => local.found_at(),
        }
    }

    /// Replaces the certificate if it is time: files that changed, an end that comes near, other
    /// names or addresses. Says whether it did. Reads and writes files.
    ///
    /// # Errors
    /// When the new one cannot be had; the old one stays in use.
    pub fn refresh(&self, look: Look, now: Timestamp) -> Result<bool, TlsError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = match &mut *source {
            Source::Files(files) => files.refresh(look)?,
            Source::Local(local) => local.refresh(now)?,
        };
        let Some(fresh) = fresh else { return Ok(false) };
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(true)
    }
}

/// The certificate that new connections are shown.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

#[cfg(test)]
mod tests;
