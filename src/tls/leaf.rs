//! The certificate that the authority makes for this server, and makes again in time.

use std::fs::DirBuilder;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::authority::{Authority, Signer, since_1970};
use super::stored::{LeafFile, keep, load};
use super::{TlsError, names, provider};
use crate::kernel::Timestamp;

const DAY: i64 = 24 * 60 * 60;

/// Browsers refuse more than 397 days; shorter, because nobody has to do anything for the next.
const LASTS: i64 = 180 * DAY;

/// How long before its end the next is made.
const EARLY: i64 = 60 * DAY;

/// The authority and the certificate in use.
pub(super) struct Local {
    folder: PathBuf,
    public_host: Option<String>,
    signer: Signer,
    authority: Arc<Authority>,
    leaf: LeafFile,
}

impl Local {
    pub(super) fn open(
        folder: &Path,
        public_host: Option<&str>,
        now: Timestamp,
    ) -> Result<(Self, CertifiedKey), TlsError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| TlsError::File { path: folder.to_owned(), source })?;
        let signer = Signer::open(folder, public_host, now)?;
        let authority = Arc::new(signer.public.clone());
        // It can be made again at any time, so a damaged one is no reason not to start.
        let path = folder.join("server.json");
        let stored = load::<LeafFile>(&path).unwrap_or_default();
        let usable = |leaf: &LeafFile| {
            is_current(leaf, &signer, public_host, seconds(now)) && leaf.certified().is_ok()
        };
        let leaf = match stored.filter(usable) {
            Some(leaf) => leaf,
            None => issue(&signer, public_host, seconds(now))?,
        };
        keep(&path, &leaf)?;
        let first = leaf.certified()?;
        let public_host = public_host.map(str::to_owned);
        Ok((Self { folder: folder.to_owned(), public_host, signer, authority, leaf }, first))
    }

    pub(super) fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Names and addresses of the certificate that another machine can use.
    pub(super) fn found_at(&self) -> (Vec<String>, Vec<IpAddr>) {
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        for name in self.leaf.names.iter().filter(|name| *name != "localhost") {
            match name.parse::<IpAddr>() {
                Ok(address) if address.is_loopback() => {}
                Ok(address) => addresses.push(address),
                Err(_) => names.push(name.clone()),
            }
        }
        (names, addresses)
    }

    pub(super) fn refresh(&mut self, now: Timestamp) -> Result<Option<CertifiedKey>, TlsError> {
        let (public_host, now) = (self.public_host.as_deref(), seconds(now));
        if is_current(&self.leaf, &self.signer, public_host, now) {
            return Ok(None);
        }
        let leaf = issue(&self.signer, public_host, now)?;
        keep(&self.folder.join("server.json"), &leaf)?;
        let fresh = leaf.certified()?;
        self.leaf = leaf;
        Ok(Some(fresh))
    }
}

/// Whether it is this authority's, has time left, and names what this machine is called now.
fn is_current(leaf: &LeafFile, signer: &Signer, public_host: Option<&str>, now: i64) -> bool {
    // It cannot outlive the authority, so in the end there is no later one to be had.
    let last = leaf.not_after >= seconds(signer.public.ends_at);
    leaf.authority == signer.public.fingerprint
        && leaf.not_before <= now
        && (last || now < leaf.not_after - EARLY)
        && leaf.names == wanted(signer, public_host)
}

impl LeafFile {
    fn certified(&self) -> Result<CertifiedKey, TlsError> {
        let broken = |_| TlsError::Protocol(rustls::Error::General("no PEM".to_owned()));
        let certificate =
            CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(broken)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(broken)?;
        Ok(CertifiedKey::from_der(vec![certificate], key, &provider())?)
    }
}

fn seconds(now: Timestamp) -> i64 {
    now.0 / 1_000_000
}

/// Everything that this machine is called by, as far as devices accept it from this authority:
/// one name too many would make them refuse the whole certificate.
fn wanted(signer: &Signer, public_host: Option<&str>) -> Vec<String> {
    let host = names::host();
    let short = host.as_deref().and_then(|host| host.split('.').next()).map(str::to_owned);
    let local = short.as_deref().map(|short| format!("{short}.local"));
    let names = [public_host.map(str::to_owned), local, host, short, Some("localhost".to_owned())];
    let own = names::addresses().into_iter().map(|address| address.to_string());
    let loopback = ["127.0.0.1", "::1"].map(str::to_owned);
    let mut wanted: Vec<String> = Vec::new();
    for name in names.into_iter().flatten().chain(own).chain(loopback) {
        if !wanted.contains(&name) && signer.can_vouch_for(&name) {
            wanted.push(name);
        }
    }
    wanted
}

fn issue(signer: &Signer, public_host: Option<&str>, now: i64) -> Result<LeafFile, TlsError> {
    let names = wanted(signer, public_host);
    let authority_ends = seconds(signer.public.ends_at);
    let (not_before, not_after) = (now - DAY, (now + LASTS).min(authority_ends));
    let mut params = CertificateParams::default();
    for name in &names {
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    params.distinguished_name.push(DnType::CommonName, "CloneMemoria");
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_before);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_after);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &signer.issuer)?.pem();
    let authority = signer.public.fingerprint.clone();
    let key = key.serialize_pem();
    Ok(LeafFile { version: 1, names, not_before, not_after, authority, certificate, key })
}
