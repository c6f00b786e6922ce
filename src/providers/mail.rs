//! Mail goes out through one server that the admin configured, over SMTP.
//!
//! Names are resolved by `names`, because a static binary has no system resolver, and the
//! certificate is checked against the configured name. One connection a mail: there are few.
//! What a mail server says never gets into an error; its three digits do.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::{AddressError, Envelope};
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, RootCertStore};

use super::names::Names;
use crate::kernel::{Secret, Timestamp};

/// Longest wait for one address of the server to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait for the server's goodbye after it took the mail.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// How the connection is kept from being read on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It begins in the clear and must change to TLS before anything is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all; for a server on this machine.
    None,
}

impl Encryption {
    /// The usual port.
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// What the admin configured.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Name and password, if the server asks for them.
    pub login: Option<(String, Secret<String>)>,
    /// The address that mails come from.
    pub from: String,
    /// The name that stands beside it.
    pub from_name: String,
    /// How long sending one mail may take in all.
    pub within: Duration,
}

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text, plain.
    pub text: String,
    /// Names the mail, the same at each attempt: a server that got it twice can tell.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(&'static str),
    /// The server's name leads nowhere.
    #[error("the mail server's name could not be resolved")]
    Unresolved,
    /// No connection to the server.
    #[error("the mail server could not be reached")]
    Unreachable(#[source] smtp::Error),
    /// The server offers no encryption, or its certificate is not trusted.
    #[error("no trusted encrypted connection to the mail server: {0}")]
    Tls(&'static str),
    /// It took too long.
    #[error("the mail server did not answer in time")]
    Timeout,
    /// Name and password were refused.
    #[error("the mail server refused the sign-in (status {})", digits(*.0))]
    Login(Option<u16>),
    /// The server does not take the mail now.
    #[error("the mail server did not take the mail now (status {})", digits(*.0))]
    Later(Option<u16>),
    /// The server will never take the mail.
    #[error("the mail server refused the mail (status {0})")]
    Refused(u16),
    /// The connection broke or stopped speaking SMTP.
    #[error("the connection to the mail server broke")]
    Broken,
    /// Mail cannot be sent to this address.
    #[error("mail cannot be sent to this address")]
    Address,
}

fn digits(status: Option<u16>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

impl MailError {
    /// A stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Settings(_) => "mail_settings",
            Self::Unresolved => "mail_server_unresolved",
            Self::Unreachable(_) => "mail_server_unreachable",
            Self::Tls(_) => "mail_server_untrusted",
            Self::Timeout => "mail_server_timeout",
            Self::Login(_) => "mail_login_refused",
            Self::Later(_) => "mail_deferred",
            Self::Refused(_) => "mail_refused",
            Self::Broken => "mail_connection_broke",
            Self::Address => "mail_address_unusable",
        }
    }

    /// Whether trying again is of no use. What is wrong with the server or the sign-in to it the
    /// admin can put right, so only what is wrong with the mail itself lasts.
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Address)
    }
}

/// Sends mails; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    inner: Arc<Inner>,
}

struct Inner {
    settings: MailSettings,
    from: Mailbox,
    hello: ClientId,
    tls: TlsParameters,
    names: Names,
}

impl Mailer {
    /// Over these settings. Trusts Mozilla's roots and those in the PEM file `extra_roots`.
    ///
    /// # Errors
    /// [`MailError::Settings`] when the sender or the file with roots cannot be used.
    pub fn new(settings: MailSettings, extra_roots: Option<&Path>) -> Result<Self, MailError> {
        let from = settings.from.parse();
        let from = from.map_err(|_: AddressError| {
            MailError::Settings("the sender is not an address that mail can come from")
        })?;
        let name = Some(settings.from_name.clone()).filter(|name| !name.is_empty());
        let from = Mailbox::new(name, from);
        let tls = trust(&settings.host, extra_roots)?;
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let inner = Inner { settings, from, hello, tls, names: Names::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// Any variant but [`MailError::Settings`].
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let (envelope, bytes) = self.written(letter)?;
        let sending = async {
            let mut line = self.connect().await?;
            let sent = line.send(&envelope, &bytes).await;
            sent.map(|_| line).map_err(sending_failed)
        };
        let within = self.inner.settings.within;
        let mut line =
            tokio::time::timeout(within, sending).await.map_err(|_| MailError::Timeout)??;
        // The mail is theirs now; whatever happens to the goodbye changes nothing.
        let _goodbye = tokio::time::timeout(GOODBYE_WITHIN, line.abort()).await;
        Ok(())
    }

    /// Whether the server answers and lets us in.
    ///
    /// # Errors
    /// Any variant that [`Mailer::send`] has.
    pub async fn check(&self) -> Result<(), MailError> {
        let within = self.inner.settings.within;
        let connecting = tokio::time::timeout(within, self.connect());
        let mut line = connecting.await.map_err(|_| MailError::Timeout)??;
        let _goodbye = tokio::time::timeout(GOODBYE_WITHIN, line.abort()).await;
        Ok(())
    }

    fn written(&self, letter: &Letter) -> Result<(Envelope, Vec<u8>), MailError> {
        let to = letter.to.parse().map_err(|_: AddressError| MailError::Address)?;
        let from = &self.inner.from;
        let micros = u64::try_from(letter.at.0).unwrap_or_default();
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            // RFC 3834: whoever is away does not answer to a machine.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .body(letter.text.replace('\n', "\r\n"))
            .map_err(|_| MailError::Address)?;
        Ok((message.envelope().clone(), message.formatted()))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let mut failure = MailError::Unresolved;
        for address in self.addresses().await? {
            match self.connect_to(address).await {
                Ok(line) => return self.let_in(line).await,
                // Nobody there; perhaps at the next address.
                Err(error @ (MailError::Unreachable(_) | MailError::Timeout)) => failure = error,
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    async fn addresses(&self) -> Result<Vec<IpAddr>, MailError> {
        let host = &self.inner.settings.host;
        if let Ok(literal) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![literal]);
        }
        self.inner.names.addresses(host).await.map_err(|_| MailError::Unresolved)
    }

    async fn connect_to(&self, address: IpAddr) -> Result<AsyncSmtpConnection, MailError> {
        let Inner { settings, hello, tls, .. } = &*self.inner;
        let wrapped = (settings.encryption == Encryption::Tls).then(|| tls.clone());
        // An address needs no look-up.
        let server = SocketAddr::new(address, settings.port);
        let line =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_WITHIN), hello, wrapped, None);
        let mut line = line.await.map_err(connecting_failed)?;
        if settings.encryption == Encryption::StartTls {
            if !line.can_starttls() {
                return Err(MailError::Tls("it offers no STARTTLS"));
            }
            line.starttls(tls.clone(), hello).await.map_err(connecting_failed)?;
        }
        Ok(line)
    }

    async fn let_in(
        &self,
        mut line: AsyncSmtpConnection,
    ) -> Result<AsyncSmtpConnection, MailError> {
        let Some((name, password)) = &self.inner.settings.login else { return Ok(line) };
        let credentials = Credentials::new(name.clone(), password.reveal().clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        match line.auth(&mechanisms, &credentials).await {
            Ok(_) => Ok(line),
            Err(error) if error.is_permanent() || error.is_client() => {
                Err(MailError::Login(status(&error)))
            }
            Err(error) if error.is_transient() => Err(MailError::Later(status(&error))),
            Err(_) => Err(MailError::Broken),
        }
    }
}

fn trust(host: &str, extra_roots: Option<&Path>) -> Result<TlsParameters, MailError> {
    let mut tls = TlsParameters::builder(host.trim_matches(['[', ']']).to_owned());
    if let Some(path) = extra_roots {
        let unreadable = MailError::Settings("the trusted certificates cannot be read");
        let Ok(pem) = std::fs::read(path) else { return Err(unreadable) };
        let mut found = false;
        for root in CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok) {
            // A bundle may have one that nobody can use; the others are still good.
            let usable = RootCertStore::empty().add(root.clone()).is_ok();
            if let (true, Ok(root)) = (usable, Certificate::from_der(root.to_vec())) {
                tls = tls.add_root_certificate(root);
                found = true;
            }
        }
        if !found {
            return Err(unreadable);
        }
    }
    tls.build().map_err(|_| MailError::Settings("TLS cannot be set up"))
}

fn status(error: &smtp::Error) -> Option<u16> {
    error.status().map(u16::from)
}

/// What the server says before it has seen a mail is about the server: it may change.
fn connecting_failed(error: smtp::Error) -> MailError {
    if error.status().is_some() {
        MailError::Later(status(&error))
    } else if error.is_timeout() {
        MailError::Timeout
    } else if let Some(reason) = tls_reason(&error) {
        MailError::Tls(reason)
    } else if error.is_response() {
        MailError::Broken
    } else {
        MailError::Unreachable(error)
    }
}

fn sending_failed(error: smtp::Error) -> MailError {
    match status(&error) {
        Some(code) if error.is_permanent() => MailError::Refused(code),
        code @ Some(_) => MailError::Later(code),
        // The server takes no addresses beyond ASCII.
        None if error.is_client() => MailError::Address,
        None if error.is_timeout() => MailError::Timeout,
        None => MailError::Broken,
    }
}

/// What was wrong with TLS, if it was TLS that failed.
fn tls_reason(error: &smtp::Error) -> Option<&'static str> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(link) = next {
        if let Some(reason) = link.downcast_ref::<rustls::Error>() {
            return Some(in_our_words(reason));
        }
        // An io::Error skips the error it wraps when it is asked for its source.
        let wrapped = link.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => link.source(),
        };
    }
    None
}

fn in_our_words(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(reason) = error else { return "TLS failed" };
    match reason {
        CertificateError::UnknownIssuer => "its certificate was issued by nobody we trust",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        _ => "its certificate is not good",
    }
}
