//! What second factors are.

use serde_json::Value;

use crate::kernel::{PasskeyId, Secret, Text, Timestamp, Token, TokenHash};

/// What a person calls a passkey.
pub type Label = Text<1, 100>;

/// Which factors can be set up on this instance, and under which name.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether authenticator apps can be set up.
    pub totp: bool,
    /// Whether passkeys can be made and used.
    pub passkeys: bool,
    /// What authenticator apps call the instance.
    pub issuer: String,
}

/// A secret for an authenticator app that waits to be confirmed.
pub struct NewTotp {
    /// The secret in base32, to be typed.
    pub secret: Secret<String>,
    /// The same as an address, to be shown as a square of dots.
    pub uri: Secret<String>,
}

/// What an account proves itself with besides its password.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Since when an authenticator app is set up.
    pub totp_since: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// Its passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Its identifier.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub label: Label,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last opened the account.
    pub used_at: Option<Timestamp>,
}

/// Where a request comes from, as far as a passkey's question is bound to it.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// The network address.
    pub address: Option<String>,
    /// The hash of the cookie that the browser got with the question.
    pub browser: Option<TokenHash>,
}

/// A question to a browser's passkeys.
pub struct Question {
    /// Names it, once and for five minutes.
    pub id: Token,
    /// What `navigator.credentials` takes, in the JSON form of the WebAuthn specification.
    pub options: Value,
}

/// A browser's answer to a [`Question`].
pub struct Reply {
    /// The question.
    pub id: String,
    /// Who answers.
    pub asker: Asker,
    /// What `navigator.credentials` gave, in the JSON form of the WebAuthn specification.
    pub credential: Value,
}
