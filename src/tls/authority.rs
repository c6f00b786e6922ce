//! The server's own certificate authority, which people tell their devices to trust.
//!
//! Whoever has its key could pretend to be anybody to those devices, so it vouches for nothing
//! beyond this machine and home networks: its certificate has name constraints, marked critical.
//! Verifiers that do not know them refuse the certificate instead of trusting it for everything.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use super::stored::{AuthorityFile, keep, load};
use super::{TlsError, names};
use crate::kernel::{Network, Timestamp};

const DAY: i64 = 24 * 60 * 60;

/// Ten years.
const LASTS: i64 = 3_652 * DAY;

/// Names that never belong to anybody on the internet: RFC 6761, RFC 6762, RFC 8375, and what
/// ICANN reserved or routers hand out.
const HOME_NAMES: [&str; 5] = ["localhost", "local", "home.arpa", "internal", "lan"];

/// Networks that never leave a house: RFC 1918, RFC 3927, RFC 6598, RFC 4193, and the machine.
const HOME_NETWORKS: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// The authority's certificate and what is public about it.
#[derive(Clone, Debug)]
pub struct Authority {
    /// What devices show it as.
    pub name: String,
    /// The certificate.
    pub der: Vec<u8>,
    /// The certificate as text.
    pub pem: String,
    /// SHA-256 of the certificate, as devices show it.
    pub fingerprint: String,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// The authority with its key.
pub(super) struct Signer {
    pub(super) public: Authority,
    pub(super) issuer: Issuer<'static, KeyPair>,
    permitted: Vec<Permitted>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Permitted {
    Name(String),
    Network(Network),
}

impl Authority {
    /// The authority of a folder, if one was made there.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn stored_in(folder: &Path) -> Result<Option<Self>, TlsError> {
        let path = folder.join("authority.json");
        let Some(file) = load::<AuthorityFile>(&path)? else { return Ok(None) };
        Self::of(&file, &path).map(Some)
    }

    fn of(file: &AuthorityFile, path: &Path) -> Result<Self, TlsError> {
        let der = CertificateDer::from_pem_slice(file.certificate.as_bytes())
            .map_err(|_| TlsError::Content { path: path.to_owned(), what: "is damaged" })?;
        Ok(Self {
            name: file.name.clone(),
            fingerprint: fingerprint(&der),
            der: der.to_vec(),
            pem: file.certificate.clone(),
            ends_at: Timestamp(file.not_after.saturating_mul(1_000_000)),
        })
    }
}

impl Signer {
    /// The authority of a folder; a new one if there is none or its time is over.
    pub(super) fn open(
        folder: &Path,
        public_host: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let path = folder.join("authority.json");
        let seconds = now.0 / 1_000_000;
        let file = match load::<AuthorityFile>(&path)? {
            Some(file) if file.not_after > seconds + DAY => file,
            _ => {
                let file = make(public_host, seconds)?;
                keep(&path, &file)?;
                file
            }
        };
        let public = Authority::of(&file, &path)?;
        let issuer = Issuer::from_ca_cert_pem(&file.certificate, KeyPair::from_pem(&file.key)?)?;
        let permitted = file.permitted.iter().map(|text| Permitted::of(text)).collect();
        Ok(Self { public, issuer, permitted })
    }

    /// Whether devices accept its word for a name or an address.
    pub(super) fn can_vouch_for(&self, name: &str) -> bool {
        self.permitted.iter().any(|permitted| permitted.contains(name))
    }
}

impl Permitted {
    fn of(text: &str) -> Self {
        let network = text.contains('/').then(|| text.parse().ok().map(Self::Network)).flatten();
        network.unwrap_or_else(|| Self::Name(text.to_owned()))
    }

    fn contains(&self, name: &str) -> bool {
        match (self, name.parse::<IpAddr>()) {
            (Self::Network(network), Ok(address)) => network.contains(address),
            (Self::Name(own), Err(_)) => {
                name.strip_suffix(&**own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        }
    }

    fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Name(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Network(network) => {
                let subnet = CidrSubnet::from_addr_prefix(network.address(), network.length());
                GeneralSubtree::IpAddress(subnet)
            }
        }
    }
}

fn make(public_host: Option<&str>, now: i64) -> Result<AuthorityFile, TlsError> {
    let host = names::host();
    let name = format!("CloneMemoria {}", host.as_deref().unwrap_or("at home"));
    let permitted = permitted(host.as_deref(), public_host);
    let (not_before, not_after) = (now - DAY, now + LASTS);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, &*name);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_before);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_after);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.iter().map(|text| Permitted::of(text).subtree()).collect(),
        excluded_subtrees: Vec::new(),
    });
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    Ok(AuthorityFile {
        version: 1,
        name,
        permitted,
        not_after,
        certificate,
        key: key.serialize_pem(),
    })
}

/// Home networks, and what this machine is known by beyond them when the authority is made.
fn permitted(host: Option<&str>, public_host: Option<&str>) -> Vec<String> {
    let mut all: Vec<String> =
        HOME_NAMES.iter().chain(&HOME_NETWORKS).map(|text| (*text).to_owned()).collect();
    let own = names::addresses().into_iter().filter(IpAddr::is_ipv4).map(|own| own.to_string());
    let short = host.and_then(|host| host.split('.').next());
    let named = [host, short, public_host].into_iter().flatten().map(str::to_owned);
    for name in named.chain(own) {
        if all.iter().any(|known| Permitted::of(known).contains(&name)) {
            continue;
        }
        all.push(match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => format!("{address}/32"),
            Ok(IpAddr::V6(address)) => format!("{address}/128"),
            Err(_) => name,
        });
    }
    all
}

pub(super) fn since_1970(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn fingerprint(der: &[u8]) -> String {
    let mut text = String::with_capacity(95);
    for byte in Sha256::digest(der) {
        let colon = if text.is_empty() { "" } else { ":" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}
