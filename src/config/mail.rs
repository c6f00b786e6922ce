//! `[mail]`: the server that mails go out through, if there is one.

use std::time::Duration;

use super::{ConfigError, Reader};
use crate::accounts::Email;
use crate::providers::{Encryption, MailSettings};

/// Without `mail.host` there is no mail.
pub(super) fn check(read: &Reader<'_>) -> Result<Option<MailSettings>, ConfigError> {
    let encryption = match read.one_of("mail.encryption", &["starttls", "tls", "none"])? {
        "tls" => Encryption::Tls,
        "none" => Encryption::None,
        _ => Encryption::StartTls,
    };
    let Some(host) = read.optional("mail.host", "must be a host name or an address", host)? else {
        return Ok(None);
    };
    let expected = "must be a port";
    let port = read.optional("mail.port", expected, |text| text.parse().ok())?;
    if port == Some(0) {
        return Err(read.invalid("mail.port", expected));
    }
    let expected = "must be an e-mail address, and be set when `mail.host` is";
    let Some(from) = Email::new(read.text("mail.from")) else {
        return Err(read.invalid("mail.from", expected));
    };
    let name = read.text("mail.username");
    let login = match (name.is_empty(), read.secret("mail.password")) {
        (true, None) => None,
        (false, Some(password)) => Some((name.to_owned(), password)),
        (true, Some(_)) => {
            return Err(read.invalid("mail.username", "must be set when `mail.password` is"));
        }
        (false, None) => {
            return Err(read.invalid("mail.password", "must be set when `mail.username` is"));
        }
    };
    Ok(Some(MailSettings {
        host,
        port: port.unwrap_or(encryption.port()),
        encryption,
        login,
        from: from.as_str().to_owned(),
        from_name: read.text("mail.from_name").to_owned(),
        within: Duration::from_secs(read.number("mail.seconds")? as u64),
    }))
}

fn host(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    text.chars().all(good).then(|| text.to_owned())
}
