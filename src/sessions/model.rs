//! What a sign-in is.

use std::time::Duration;

use crate::accounts::Account;
use crate::kernel::{AccountId, SessionId, Timestamp, Token, TokenHash};

/// How a sign-in proves itself afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInBy {
    /// By a cookie (the web app).
    Cookie,
    /// By access and refresh tokens (everything else).
    Tokens,
}

/// What a device is called that says nothing of itself that makes sense; whoever shows it says it
/// in the reader's language.
pub const UNKNOWN_DEVICE: &str = "Unknown device";
/// What commands of the server's operator are called; the same goes for it.
pub const COMMAND_LINE: &str = "Command line";

/// What is known of the device that somebody signs in on.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What it calls itself, shortened: "Firefox (Linux)".
    pub label: String,
    /// The network address it came from.
    pub address: Option<String>,
    /// Recognises it: the hash of the cookie we gave it, or of what it calls itself.
    pub mark: Option<TokenHash>,
    /// The session cookie that it holds: a sign-in by cookie takes its place.
    pub holds: Option<TokenHash>,
}

/// Who a cookie or an access token belongs to.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// Whether it administers the instance.
    pub is_admin: bool,
    /// The sign-in.
    pub session: SessionId,
    /// How it is proven.
    pub by: SignInBy,
    /// When the person last proved who they are.
    pub proven_at: Timestamp,
    /// The security epoch in which it was proven.
    pub epoch: u64,
    /// The account's language (BCP 47).
    pub locale: String,
}

/// A sign-in that was just made or renewed.
pub struct NewSession {
    /// What opens: a cookie's value or an access token.
    pub access: crate::kernel::Secret<String>,
    /// How long it opens; a cookie, if it is not used meanwhile.
    pub expires_in: Duration,
    /// How long a cookie opens at the most, however much it is used.
    pub ends_in: Duration,
    /// What renews it; none for cookies, which renew themselves.
    pub refresh: Option<Token>,
    /// Who signed in.
    pub account: Account,
}

/// A sign-in as its owner sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// How it is proven.
    pub by: SignInBy,
    /// What the device calls itself.
    pub label: String,
    /// The address it was signed in from.
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
}
