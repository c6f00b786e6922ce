//! A mail server for tests: a real one on a real port that speaks SMTP with STARTTLS, TLS and
//! AUTH, keeps what it was given, or fails as mail servers fail.
//!
//! What a session gets is an [`Act`]: the next one of the script, or [`Act::Take`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::until;

/// The name and password that open it.
pub const LOGIN: (&str, &str) = ("memoria", "c4n4ry mail password");

/// What a session gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The mail is taken.
    Take,
    /// The connection is closed before a word.
    HangUp,
    /// This status as greeting.
    Greet(u16),
    /// This status for the recipient.
    Recipient(u16),
    /// This status for the whole mail.
    Mail(u16),
    /// The connection breaks in the middle of the mail.
    BreakInMail,
    /// The mail is read and never answered.
    Silence,
}

/// How connections are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Nothing,
    StartTls,
    Tls,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub raw: String,
    pub encrypted: bool,
    pub login: Option<(String, String)>,
}

#[derive(Default)]
struct Log {
    script: VecDeque<Act>,
    mails: Vec<Received>,
    /// Commands of all sessions, without what follows the verb.
    verbs: Vec<String>,
}

/// The server.
pub struct Smtp {
    address: SocketAddr,
    offer: Offer,
    log: Arc<Mutex<Log>>,
    roots: TempDir,
    accepting: JoinHandle<()>,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Smtp {
    /// A server whose certificate is for `localhost`.
    pub async fn start(offer: Offer) -> Self {
        Self::with(offer, "localhost", 0).await
    }

    /// A server with a certificate for a name, on a port; zero picks one.
    pub async fn with(offer: Offer, name: &str, port: u16) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a key");
        let roots = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(roots.path().join("roots.pem"), made.cert.pem()).expect("a file");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate");
        let tls = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let log: Arc<Mutex<Log>> = Arc::default();
        let shared = Arc::clone(&log);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    // A client that leaves in the middle is part of the game.
                    drop(session(stream, offer, tls, log).await);
                });
            }
        });
        Self { address, offer, log, roots, accepting }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the next sessions get.
    pub fn then(&self, acts: &[Act]) {
        self.log().script.extend(acts);
    }

    /// The rest of the script is dropped: mails are taken from now on.
    pub fn relents(&self) {
        self.log().script.clear();
    }

    /// The settings with which a server of ours sends through this one.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let encryption = match self.offer {
            Offer::Nothing => "none",
            Offer::StartTls => "starttls",
            Offer::Tls => "tls",
        };
        vec![
            ("CLONEMEMORIA_MAIL_HOST", "localhost".to_owned()),
            ("CLONEMEMORIA_MAIL_PORT", self.port().to_string()),
            ("CLONEMEMORIA_MAIL_ENCRYPTION", encryption.to_owned()),
            ("CLONEMEMORIA_MAIL_USERNAME", LOGIN.0.to_owned()),
            ("CLONEMEMORIA_MAIL_PASSWORD", LOGIN.1.to_owned()),
            ("CLONEMEMORIA_MAIL_FROM", "memoria@home.example".to_owned()),
            ("CLONEMEMORIA_SERVER_PUBLIC_URL", "https://memoria.example".to_owned()),
            ("SSL_CERT_FILE", self.roots().display().to_string()),
        ]
    }

    /// The certificate to trust.
    pub fn roots(&self) -> PathBuf {
        self.roots.path().join("roots.pem")
    }

    /// The mails so far.
    pub fn mails(&self) -> Vec<Received> {
        self.log().mails.clone()
    }

    /// The commands so far.
    pub fn verbs(&self) -> Vec<String> {
        self.log().verbs.clone()
    }

    /// Waits for so many mails.
    pub async fn arrived(&self, count: usize) -> Vec<Received> {
        until("the mails arrive", || async {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// Waits until a client has said this so often.
    pub async fn heard(&self, verb: &str, times: usize) {
        until("the command is heard", || async {
            let count = self.verbs().iter().filter(|heard| *heard == verb).count();
            (count >= times).then_some(())
        })
        .await;
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("no panic")
    }
}

impl Received {
    /// A header, unfolded and decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.raw.split_once("\r\n\r\n")?.0.replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(line.split(' ').map(word).collect::<Vec<_>>().join(" "))
    }

    /// The text, decoded.
    pub fn text(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let text = match self.header("Content-Transfer-Encoding").as_deref() {
            Some("quoted-printable") => quoted_printable(body),
            Some("base64") => decoded(&body.replace("\r\n", "")),
            _ => body.to_owned(),
        };
        text.replace("\r\n", "\n")
    }
}

fn decoded(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).expect("base64")).expect("UTF-8")
}

/// A word of a header, which may be encoded (RFC 2047).
fn word(text: &str) -> String {
    let inner = text.strip_prefix("=?utf-8?b?").and_then(|text| text.strip_suffix("?="));
    inner.map_or_else(|| text.to_owned(), decoded)
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'=', [high, low, tail @ ..]) => {
                let hex = [*high, *low];
                let hex = std::str::from_utf8(&hex).expect("ASCII");
                bytes.push(u8::from_str_radix(hex, 16).expect("a byte"));
                tail
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8(bytes).expect("UTF-8")
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// One side of a conversation, line by line.
struct Line(BufStream<Box<dyn Wire>>);

impl Line {
    fn new(wire: impl Wire + 'static) -> Self {
        Self(BufStream::new(Box::new(wire)))
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.0.flush().await
    }

    /// The next line without its end; an error when there is none.
    async fn hear(&mut self) -> std::io::Result<String> {
        let mut text = String::new();
        match self.0.read_line(&mut text).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }
}

/// What is known in a session so far.
struct Session {
    line: Line,
    act: Act,
    offer: Offer,
    log: Arc<Mutex<Log>>,
    encrypted: bool,
    login: Option<(String, String)>,
    from: String,
    to: String,
}

async fn session(
    stream: TcpStream,
    offer: Offer,
    tls: TlsAcceptor,
    log: Arc<Mutex<Log>>,
) -> std::io::Result<()> {
    let act = log.lock().expect("no panic").script.pop_front().unwrap_or(Act::Take);
    let encrypted = offer == Offer::Tls;
    let line = match encrypted {
        true => Line::new(tls.accept(stream).await?),
        false => Line::new(stream),
    };
    let (from, to) = (String::new(), String::new());
    let mut it = Session { line, act, offer, log, encrypted, login: None, from, to };
    match act {
        Act::HangUp => return Ok(()),
        Act::Greet(status) => return it.line.say(&format!("{status} go away")).await,
        _ => it.line.say("220 localhost ESMTP").await?,
    }
    loop {
        let said = it.line.hear().await?;
        let verb = said.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        it.log.lock().expect("no panic").verbs.push(verb.clone());
        let argument = said.get(verb.len()..).unwrap_or_default().trim();
        match verb.as_str() {
            "STARTTLS" => {
                it.line.say("220 go ahead").await?;
                it.line = Line::new(tls.accept(it.line.0.into_inner()).await?);
                it.encrypted = true;
            }
            "DATA" => it.take().await?,
            "QUIT" => return it.line.say("221 bye").await,
            verb => it.obey(verb, argument).await?,
        }
    }
}

impl Session {
    async fn obey(&mut self, verb: &str, argument: &str) -> std::io::Result<()> {
        let answer = match verb {
            "EHLO" => {
                self.line.say("250-localhost").await?;
                if self.offer == Offer::StartTls && !self.encrypted {
                    self.line.say("250-STARTTLS").await?;
                }
                self.line.say("250-AUTH PLAIN LOGIN").await?;
                "250 8BITMIME".to_owned()
            }
            "AUTH" => {
                self.login = plain(argument);
                let good = (LOGIN.0.to_owned(), LOGIN.1.to_owned());
                let good = self.login.as_ref() == Some(&good);
                if good { "235 welcome" } else { "535 wrong" }.to_owned()
            }
            "MAIL" => {
                self.from = within(argument);
                "250 ok".to_owned()
            }
            "RCPT" => {
                self.to = within(argument);
                match self.act {
                    // Servers like to repeat whom they refuse.
                    Act::Recipient(status) => format!("{status} <{}> no", self.to),
                    _ => "250 ok".to_owned(),
                }
            }
            _ => "502 what?".to_owned(),
        };
        self.line.say(&answer).await
    }

    /// Reads the mail and answers as told.
    async fn take(&mut self) -> std::io::Result<()> {
        self.line.say("354 go ahead").await?;
        if self.act == Act::BreakInMail {
            self.line.hear().await?;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        let raw = read_mail(&mut self.line).await?;
        self.log.lock().expect("no panic").verbs.push("END".to_owned());
        match self.act {
            Act::Silence => std::future::pending().await,
            Act::Mail(status) => self.line.say(&format!("{status} no")).await,
            _ => {
                let (from, to, login) = (self.from.clone(), self.to.clone(), self.login.clone());
                let mail = Received { from, to, raw, encrypted: self.encrypted, login };
                self.log.lock().expect("no panic").mails.push(mail);
                self.line.say("250 taken").await
            }
        }
    }
}

async fn read_mail(line: &mut Line) -> std::io::Result<String> {
    let mut raw = String::new();
    loop {
        let text = line.hear().await?;
        if text == "." {
            return Ok(raw);
        }
        raw.push_str(text.strip_prefix('.').unwrap_or(&text));
        raw.push_str("\r\n");
    }
}

/// Name and password of `PLAIN`.
fn plain(argument: &str) -> Option<(String, String)> {
    let words = decoded(argument.strip_prefix("PLAIN ")?);
    let mut parts = words.split('\0').skip(1).map(str::to_owned);
    Some((parts.next()?, parts.next()?))
}

/// The address of `FROM:<a@b>`.
fn within(argument: &str) -> String {
    let (_, after) = argument.split_once('<').unwrap_or_default();
    after.split('>').next().unwrap_or_default().to_owned()
}
