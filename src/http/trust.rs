//! What helps people to trust the server's own certificate authority: its certificate in the
//! forms that devices take, and what to compare it with. All of it is public.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::Method;
use poem::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use poem::{Endpoint, Request, Response};
use serde_json::{Value, json};

use crate::tls::{Authority, Tls};

/// How this server proves that it is itself.
#[derive(Clone, Default)]
pub struct Trust {
    tls: Option<Arc<Tls>>,
    only_here: bool,
}

impl Trust {
    /// By this certificate, or not at all, where it listens.
    pub const fn new(tls: Option<Arc<Tls>>, listen: IpAddr) -> Self {
        Self { tls, only_here: listen.is_loopback() }
    }

    /// Whether there is a certificate.
    pub(super) const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    fn authority(&self) -> Option<Arc<Authority>> {
        self.tls.as_ref()?.authority()
    }

    /// Addresses are shown where the certificate has them anyway. `only_here` says that other
    /// machines reach none of them: the server listens on this one alone.
    fn info(&self) -> Value {
        let without = |tls: &str| {
            json!({
                "tls": tls,
                "only_here": self.only_here,
                "names": [],
                "addresses": [],
                "authority": null,
            })
        };
        let Some(tls) = &self.tls else { return without("off") };
        let Some(authority) = tls.authority() else { return without("files") };
        let (names, addresses) = tls.found_at();
        json!({
            "tls": "local",
            "only_here": self.only_here,
            "names": names,
            "addresses": addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>(),
            "authority": {
                "name": authority.name,
                "fingerprint": authority.fingerprint,
                "ends_at": authority.ends_at.to_string(),
            },
        })
    }
}

impl Endpoint for Trust {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(MethodNotAllowedError.into());
        }
        let path = request.uri().path();
        if path == "/trust/info" {
            let body = self.info().to_string();
            return Ok(file("application/json", "", body.into()));
        }
        let authority = self.authority().ok_or(NotFoundError)?;
        Ok(match path {
            "/trust/ca.crt" => {
                let der = authority.der.clone();
                file("application/x-x509-ca-cert", "clonememoria-ca.crt", der.into())
            }
            "/trust/ca.pem" => {
                let pem = authority.pem.clone();
                file("application/x-pem-file", "clonememoria-ca.pem", pem.into())
            }
            "/trust/ca.mobileconfig" => {
                let profile = profile(&authority);
                file(
                    "application/x-apple-aspen-config",
                    "clonememoria.mobileconfig",
                    profile.into(),
                )
            }
            _ => return Err(NotFoundError.into()),
        })
    }
}

fn file(media: &str, name: &str, body: Bytes) -> Response {
    let mut response =
        Response::builder().header(CONTENT_TYPE, media).header(CACHE_CONTROL, "no-cache");
    if !name.is_empty() {
        let disposition = format!("attachment; filename=\"{name}\"");
        response = response.header(CONTENT_DISPOSITION, disposition);
    }
    response.body(body)
}

/// A configuration profile with one root certificate, as iPhones, iPads and Macs install it.
fn profile(authority: &Authority) -> String {
    let name = escaped(&authority.name);
    let mut lines = String::new();
    for line in STANDARD.encode(&authority.der).as_bytes().chunks(64) {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{}", String::from_utf8_lossy(line));
    }
    let [inner, outer] = ["certificate", "profile"].map(|part| identifier(authority, part));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>PayloadContent</key>
<array>
<dict>
<key>PayloadCertificateFileName</key><string>clonememoria-ca.crt</string>
<key>PayloadContent</key>
<data>
{lines}</data>
<key>PayloadDisplayName</key><string>{name}</string>
<key>PayloadIdentifier</key><string>clonememoria.authority.{inner}</string>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadUUID</key><string>{inner}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict>
</array>
<key>PayloadDisplayName</key><string>{name}</string>
<key>PayloadIdentifier</key><string>clonememoria.profile.{outer}</string>
<key>PayloadRemovalDisallowed</key><false/>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>{outer}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict>
</plist>
"#
    )
}

/// The same for the same authority, so that installing it twice leaves one.
fn identifier(authority: &Authority, part: &str) -> String {
    let hash = blake3::hash(format!("{part} {}", authority.fingerprint).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string().to_uppercase()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::guard::testing::ask;
    use crate::kernel::Clock;

    async fn get(trust: &Trust, path: &str) -> Response {
        ask(Arc::new(trust.clone()), Method::GET, path, &[], "").await
    }

    #[tokio::test]
    async fn the_authority_is_given_in_the_forms_that_devices_take() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Arc::new(Tls::local(folder.path(), None, Clock::system().now()).unwrap());
        let (authority, trust) =
            (tls.authority().unwrap(), Trust::new(Some(tls), IpAddr::from([0, 0, 0, 0])));
        let info: Value = get(&trust, "/trust/info").await.into_body().into_json().await.unwrap();
        assert_eq!(info["tls"], "local");
        assert_eq!(info["authority"]["fingerprint"], authority.fingerprint);
        let der = get(&trust, "/trust/ca.crt").await;
        assert_eq!(der.header("content-type"), Some("application/x-x509-ca-cert"));
        assert_eq!(der.into_body().into_bytes().await.unwrap(), authority.der);
        let profile = get(&trust, "/trust/ca.mobileconfig").await;
        assert_eq!(profile.header("content-type"), Some("application/x-apple-aspen-config"));
        let profile = profile.into_body().into_string().await.unwrap();
        let (_, data) = profile.split_once("<data>\n").unwrap();
        let data: String = data.split("</data>").next().unwrap().split('\n').collect();
        assert_eq!(STANDARD.decode(data).unwrap(), authority.der);
        for path in ["/trust/ca.key", "/trust/authority.json", "/trust/x"] {
            assert_eq!(get(&trust, path).await.status().as_u16(), 404, "{path}");
        }
        let all = info.to_string() + &authority.pem + &profile;
        assert!(!all.contains("PRIVATE"));
    }

    #[tokio::test]
    async fn without_tls_there_is_nothing_to_trust() {
        let off = Trust::default();
        let info: Value = get(&off, "/trust/info").await.into_body().into_json().await.unwrap();
        assert_eq!((&info["tls"], &info["only_here"]), (&json!("off"), &json!(false)));
        assert_eq!((&info["names"], &info["addresses"]), (&json!([]), &json!([])));
        assert!(info["authority"].is_null());
        let here = Trust::new(None, IpAddr::from([127, 0, 0, 1]));
        let info: Value = get(&here, "/trust/info").await.into_body().into_json().await.unwrap();
        assert_eq!(info["only_here"], true);
        assert_eq!(get(&off, "/trust/ca.crt").await.status().as_u16(), 404);
    }
}
