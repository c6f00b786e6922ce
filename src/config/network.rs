//! Where the server is found, and how it proves that it is itself: parts of the section `server`.

use std::path::PathBuf;

use super::{ConfigError, Reader};
use crate::providers::address::is_global_unicast;

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Nowhere: plain HTTP.
    Off,
    /// From files of the operator.
    Files {
        /// The certificate and those that vouch for it.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// From an authority that the server makes for itself.
    Local,
}

impl Tls {
    pub(super) fn check(read: &Reader<'_>) -> Result<Self, ConfigError> {
        let (cert, key) = (read.text("server.tls_cert"), read.text("server.tls_key"));
        let mode = read.one_of("server.tls", &["off", "files", "local"])?;
        if mode == "files" {
            for (name, path) in [("server.tls_cert", cert), ("server.tls_key", key)] {
                if path.is_empty() {
                    return Err(read.invalid(name, "must name a file when `server.tls` is files"));
                }
            }
            return Ok(Self::Files { cert: cert.into(), key: key.into() });
        }
        for (name, path) in [("server.tls_cert", cert), ("server.tls_key", key)] {
            if !path.is_empty() {
                return Err(read.invalid(name, "is used only when `server.tls` is files"));
            }
        }
        Ok(if mode == "local" { Self::Local } else { Self::Off })
    }
}

/// Origins as browsers send them: scheme, host, and a port that is not the usual one.
pub(super) fn origins(read: &Reader<'_>) -> Result<Vec<String>, ConfigError> {
    const KEY: &str = "server.cors_origins";
    let parts = read.text(KEY).split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            web(part)
                .map(|url| url.origin().ascii_serialization())
                .filter(|origin| *origin == part.to_ascii_lowercase() && !part.contains('*'))
                .ok_or_else(|| {
                    read.invalid(KEY, "must be origins such as https://app.example.org, exactly")
                })
        })
        .collect()
}

/// An address of the web.
pub(super) fn web(text: &str) -> Option<url::Url> {
    url::Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whether a server is one of others, as far as its address tells: not on this machine, nor in a
/// private network. A name is not looked up; one that is no public name is that of a neighbour.
pub(super) fn is_of_others(url: &url::Url) -> bool {
    const NEIGHBOURS: [&str; 5] = [".localhost", ".local", ".internal", ".home.arpa", ".lan"];
    match url.host() {
        Some(url::Host::Ipv4(address)) => is_global_unicast(address.into()),
        Some(url::Host::Ipv6(address)) => {
            is_global_unicast(std::net::IpAddr::from(address).to_canonical())
        }
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name.contains('.') && !NEIGHBOURS.iter().any(|end| name.ends_with(end))
        }
        None => true,
    }
}

/// The address that people use: an origin, because links and provider addresses begin with it.
pub(super) fn public_url(read: &Reader<'_>) -> Result<Option<url::Url>, ConfigError> {
    const KEY: &str = "server.public_url";
    let Some(url) = read.optional(KEY, "must be an http or https URL", web)? else {
        return Ok(None);
    };
    let expected = if !url.username().is_empty() || url.password().is_some() {
        "must have no user and no password: everybody sees it"
    } else if url.query().is_some() || url.fragment().is_some() {
        "must have no `?` and no `#`: links are made by adding to it"
    } else if url.path() != "/" {
        "must have no path: a path belongs in `server.base_path`"
    } else {
        return Ok(Some(url));
    };
    Err(read.invalid(KEY, expected))
}

/// A path such as `/memoria`, without a slash at its end; empty for the root.
pub(super) fn base_path(read: &Reader<'_>) -> Result<String, ConfigError> {
    let path = read.text("server.base_path").trim_end_matches('/');
    let good = path.is_empty()
        || path.starts_with('/')
            && !path.contains("//")
            && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c))
            && !path.split('/').any(|part| part == "." || part == "..");
    if good {
        return Ok(path.to_owned());
    }
    Err(read.invalid("server.base_path", "must be a path such as /memoria"))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigError, Tls};

    fn load(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let settings = settings
            .iter()
            .map(|(name, value)| (format!("CLONEMEMORIA_SERVER_{name}"), (*value).to_owned()));
        Config::load(None, settings, &[]).map(|(config, _)| config)
    }

    #[test]
    fn a_certificate_needs_its_key_and_a_reason() {
        assert_eq!(load(&[]).unwrap().tls, Tls::Off);
        assert_eq!(load(&[("TLS", "local")]).unwrap().tls, Tls::Local);
        let both = [("TLS", "files"), ("TLS_CERT", "/c.pem"), ("TLS_KEY", "/k.pem")];
        let files = Tls::Files { cert: "/c.pem".into(), key: "/k.pem".into() };
        assert_eq!(load(&both).unwrap().tls, files);
        for wrong in [&both[..2], &both[1..], &[("TLS", "on")]] {
            assert!(load(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_public_address_is_an_origin() {
        for good in ["https://m.example", "https://m.example/", "http://localhost:8787"] {
            assert!(load(&[("PUBLIC_URL", good)]).unwrap().public_url.is_some(), "{good}");
        }
        for (wrong, advice) in [
            ("https://m.example/memoria", "server.base_path"),
            ("https://m.example/?", "`?`"),
            ("https://m.example?s3cret=1", "`?`"),
            ("https://m.example#s3cret", "`#`"),
            ("https://ada:s3cret@m.example", "password"),
            ("https://s3cret@m.example", "user"),
            ("m.example", "http or https"),
            ("ftp://m.example", "http or https"),
        ] {
            let error = load(&[("PUBLIC_URL", wrong)]).unwrap_err().to_string();
            assert!(error.contains("server.public_url") && error.contains(advice), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_server_of_others_is_known_by_its_address() {
        for (address, outside) in [
            ("http://127.0.0.1:11434/v1", false),
            ("http://[::1]/v1", false),
            ("http://[::ffff:192.168.1.5]/v1", false),
            ("http://192.168.1.5:8000/v1", false),
            ("http://100.101.102.103/v1", false),
            ("http://[fd00::5]/v1", false),
            ("http://localhost:11434/v1", false),
            ("http://ollama:11434/v1", false),
            ("http://gpu.lan/v1", false),
            ("https://llm.home.arpa./v1", false),
            ("https://api.example.com/v1", true),
            ("https://localhost.example.com/v1", true),
            ("https://8.8.8.8/v1", true),
            ("https://[2606:4700::1111]/v1", true),
        ] {
            let url = url::Url::parse(address).unwrap();
            assert_eq!(super::is_of_others(&url), outside, "{address}");
        }
    }

    #[test]
    fn origins_are_exact() {
        let good = load(&[("CORS_ORIGINS", "https://a.example, http://b.example:8080")]).unwrap();
        assert_eq!(good.cors_origins, ["https://a.example", "http://b.example:8080"]);
        for wrong in ["*", "null", "https://*.a.example", "https://a.example/", "a.example"] {
            assert!(load(&[("CORS_ORIGINS", wrong)]).is_err(), "{wrong}");
        }
    }
}
