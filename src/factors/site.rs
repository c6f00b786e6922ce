//! What passkeys belong to: the name under which browsers know this server. A passkey works
//! under that name only, which is what makes it useless to a page that imitates ours.

use url::{Host, Url};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::{FactorError, NoPasskeys};

/// The name and the origin that passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    name: String,
    origin: Url,
}

impl Site {
    /// The site of the public address; without one, of the address that a request was sent to,
    /// if that is this machine's own name. Any other could have been made up.
    ///
    /// # Errors
    /// Why browsers have no passkeys there.
    pub fn of(public: Option<&Url>, addressed: Option<&Url>) -> Result<Self, NoPasskeys> {
        let own = addressed.filter(|url| url.host() == Some(Host::Domain("localhost")));
        let url = public.or(own).ok_or(NoPasskeys::Unnamed)?;
        let Some(Host::Domain(name)) = url.host() else {
            return Err(NoPasskeys::Bare);
        };
        if url.scheme() != "https" && name != "localhost" {
            return Err(NoPasskeys::Plain);
        }
        let origin = Url::parse(&url.origin().ascii_serialization());
        Ok(Self { name: name.to_owned(), origin: origin.map_err(|_| NoPasskeys::Unnamed)? })
    }

    /// What asks and checks.
    pub(super) fn webauthn(&self, title: &str) -> Result<Webauthn, FactorError> {
        WebauthnBuilder::new(&self.name, &self.origin)
            .and_then(|builder| builder.rp_name(title).build())
            .map_err(|error| FactorError::Library(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(public: &str, addressed: &str) -> Result<(String, String), NoPasskeys> {
        let (public, addressed) = (Url::parse(public).ok(), Url::parse(addressed).ok());
        let site = Site::of(public.as_ref(), addressed.as_ref())?;
        Ok((site.name, site.origin.to_string()))
    }

    #[test]
    fn passkeys_are_bound_to_the_name_that_people_use() {
        let named = |name: &str, origin: &str| Ok((name.to_owned(), origin.to_owned()));
        for (public, addressed, expected) in [
            ("https://a.example/memoria", "", named("a.example", "https://a.example/")),
            ("https://a.example:8443", "x", named("a.example", "https://a.example:8443/")),
            ("https://a.example", "http://localhost:1", named("a.example", "https://a.example/")),
            ("", "http://localhost:8787", named("localhost", "http://localhost:8787/")),
            ("http://localhost", "", named("localhost", "http://localhost/")),
            ("", "http://127.0.0.1:8787", Err(NoPasskeys::Unnamed)),
            ("", "https://evil.example", Err(NoPasskeys::Unnamed)),
            ("", "http://localhost.evil.example", Err(NoPasskeys::Unnamed)),
            ("", "", Err(NoPasskeys::Unnamed)),
            ("https://192.168.1.5", "http://localhost", Err(NoPasskeys::Bare)),
            ("https://[::1]", "", Err(NoPasskeys::Bare)),
            ("http://a.example", "", Err(NoPasskeys::Plain)),
        ] {
            assert_eq!(of(public, addressed), expected, "{public} {addressed}");
        }
    }
}
