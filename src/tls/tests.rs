//! The authority against the verifier that clients use, and files that change.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn shown(tls: &Tls) -> CertificateDer<'static> {
    tls.shown.0.read().unwrap().cert[0].clone().into_owned()
}

fn accepted(tls: &Tls, name: &str, at: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(tls.authority().unwrap().der.clone().into()).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
            .build()
            .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_micros(at.0.cast_unsigned()));
    verifier.verify_server_cert(&shown(tls), &[], &name, &[], at).is_ok()
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

#[test]
fn who_trusts_the_authority_trusts_this_machine_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::local(folder.path(), Some("memories.example.org"), NOW).unwrap();
    let (names, addresses) = tls.found_at();
    for name in ["localhost", "127.0.0.1", "::1", "memories.example.org"] {
        assert!(accepted(&tls, name, NOW), "{name}");
    }
    for name in names.into_iter().chain(addresses.iter().map(ToString::to_string)) {
        assert!(accepted(&tls, &name, NOW), "{name}");
    }
    for name in ["example.org", "bank.example", "x.memories.example.org", "192.0.2.77"] {
        assert!(!accepted(&tls, name, NOW), "{name}");
    }
}

#[test]
fn the_authority_can_vouch_for_home_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let signer = authority::Signer::open(folder.path(), Some("Memo.example"), NOW).unwrap();
    for name in ["localhost", "nas.local", "192.168.7.9", "10.1.2.3", "fd00::9", "a.home.arpa"] {
        assert!(signer.can_vouch_for(name), "{name}");
    }
    for name in ["bank.example", "notlocal", "8.8.8.8", "2001:db8::1", "172.32.0.1"] {
        assert!(!signer.can_vouch_for(name), "{name}");
    }
}

#[test]
fn authority_and_certificate_stay_the_same_and_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tls");
    let first = Tls::local(&folder, None, NOW).unwrap();
    let again = Tls::local(&folder, None, NOW).unwrap();
    assert_eq!(shown(&first), shown(&again));
    let fingerprint = first.authority().unwrap().fingerprint.clone();
    assert_eq!(Authority::stored_in(&folder).unwrap().unwrap().fingerprint, fingerprint);
    assert_eq!(fingerprint.len(), 95);
    for (path, mode) in [("", 0o700), ("authority.json", 0o600), ("server.json", 0o600)] {
        let found = std::fs::metadata(folder.join(path)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path}");
    }
    let other = Tls::local(&folder, Some("other.local"), NOW).unwrap();
    assert_ne!(shown(&first), shown(&other), "another name");
    assert_eq!(other.authority().unwrap().fingerprint, fingerprint);
    assert!(accepted(&other, "other.local", NOW));
}

#[test]
fn the_certificate_is_made_again_long_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::local(folder.path(), None, NOW).unwrap();
    let first = shown(&tls);
    assert!(!tls.refresh(Look::Now, NOW.plus(days(100))).unwrap());
    assert!(tls.refresh(Look::Now, NOW.plus(days(130))).unwrap());
    assert_ne!(shown(&tls), first);
    assert!(accepted(&tls, "localhost", NOW.plus(days(300))));
    assert!(!accepted(&tls, "localhost", NOW.plus(days(400))), "397 days at most");
    // A machine whose clock stood in the future once.
    assert!(tls.refresh(Look::Now, NOW).unwrap());
}

#[test]
fn a_damaged_authority_is_named_and_a_damaged_certificate_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Tls::local(folder.path(), None, NOW).unwrap();
    std::fs::write(folder.path().join("server.json"), "{").unwrap();
    let second = Tls::local(folder.path(), None, NOW).unwrap();
    assert_ne!(shown(&first), shown(&second));
    std::fs::write(folder.path().join("authority.json"), "{").unwrap();
    let error = Tls::local(folder.path(), None, NOW).err().unwrap().to_string();
    assert!(error.contains("authority.json is damaged"), "{error}");
}

fn pair(folder: &Path, name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    std::fs::write(folder.join("cert.pem"), &cert).unwrap();
    std::fs::write(folder.join("key.pem"), &key).unwrap();
    (cert, key)
}

#[test]
fn files_that_change_are_read_again_and_broken_ones_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    pair(folder.path(), "a.example");
    let tls = Tls::from_files(&cert, &key).unwrap();
    let first = shown(&tls);
    assert!(!tls.refresh(Look::Now, NOW).unwrap());
    std::fs::write(&cert, "no certificate any more").unwrap();
    assert!(tls.refresh(Look::Now, NOW).is_err());
    assert!(!tls.refresh(Look::Now, NOW).unwrap(), "said once");
    assert!(tls.refresh(Look::Closely, NOW).is_err());
    assert_eq!(shown(&tls), first);
    pair(folder.path(), "longer-name.example");
    assert!(tls.refresh(Look::Now, NOW).unwrap());
    assert_ne!(shown(&tls), first);
}

#[test]
fn what_is_wrong_with_files_is_said_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let said = || Tls::from_files(&cert, &key).err().unwrap().to_string();
    assert!(said().contains("cert.pem cannot be used"), "{}", said());
    let (other_cert, good_key) = pair(folder.path(), "a.example");
    pair(folder.path(), "a.example");
    std::fs::write(&cert, &other_cert).unwrap();
    let mismatch = said();
    assert!(mismatch.contains("cert.pem") && mismatch.contains("key.pem"), "{mismatch}");
    std::fs::write(&key, "").unwrap();
    assert!(said().contains("key.pem holds no private key"), "{}", said());
    std::fs::write(&cert, &good_key).unwrap();
    assert!(said().contains("cert.pem holds no certificate"), "{}", said());
}
