//! Accounts, sign-ins and consents as the API shows them.

use std::time::Duration;

use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::super::Services;
use super::super::consents::{ConsentsView, consents_view};
use crate::accounts::{Account, Registration};
use crate::http::problem::Answer;
use crate::kernel::Fault;
use crate::sessions::{NewSession, SignInBy};

/// Whether the server still waits for its first account.
#[derive(Object)]
pub struct SetupView {
    /// True until the first account exists.
    pub(super) needed: bool,
    /// Who may register.
    pub(super) registration: RegistrationWord,
    /// Whether mail can be sent: a forgotten password can be replaced by mail only then.
    pub(super) mail: bool,
    /// Whether passkeys may sign somebody in here.
    pub(super) passkeys: bool,
    /// The address at which people are to open the app, if one is configured
    /// (`server.public_url`). At another that is plain HTTP nobody can sign in.
    pub(super) public_url: Option<String>,
    /// The version of the server.
    pub(super) version: String,
}

/// Who may make an account.
#[derive(Clone, Copy, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum RegistrationWord {
    /// Who has an invitation.
    Invite,
    /// Everyone.
    Open,
    /// Nobody.
    Closed,
}

impl From<Registration> for RegistrationWord {
    fn from(registration: Registration) -> Self {
        match registration {
            Registration::Invite => Self::Invite,
            Registration::Open => Self::Open,
            Registration::Closed => Self::Closed,
        }
    }
}

impl From<RegistrationWord> for Registration {
    fn from(word: RegistrationWord) -> Self {
        match word {
            RegistrationWord::Invite => Self::Invite,
            RegistrationWord::Open => Self::Open,
            RegistrationWord::Closed => Self::Closed,
        }
    }
}

/// A sign-in. Our own pages get a cookie instead of the tokens.
#[derive(Object)]
pub struct SessionView {
    /// Opens the API, as `Authorization: Bearer …`.
    pub(super) access_token: Option<String>,
    /// Always `Bearer`.
    pub(super) token_type: Option<String>,
    /// For how many seconds it opens.
    pub(super) expires_in: u64,
    /// Renews the sign-in; good once.
    pub(super) refresh_token: Option<String>,
    /// Who signed in.
    pub(super) account: Option<AccountView>,
}

/// An account, as its owner sees it.
#[derive(Object)]
pub struct AccountView {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) display_name: String,
    /// BCP 47 language tag.
    pub(super) locale: String,
    /// IANA time zone.
    pub(super) time_zone: String,
    pub(super) is_admin: bool,
    pub(super) plan: String,
    pub(super) consents: ConsentsView,
    pub(super) email_verified: bool,
    pub(super) created_at: String,
    pub(super) last_data_export_at: Option<String>,
    /// Since when what is the account's is only stored, if it is.
    pub(super) restricted_since: Option<String>,
}

pub(super) fn session_view(
    services: &Services,
    session: NewSession,
    by: SignInBy,
) -> Answer<SessionView> {
    let tokens = by == SignInBy::Tokens;
    Ok(SessionView {
        access_token: tokens.then(|| session.access.reveal().clone()),
        token_type: tokens.then(|| "Bearer".to_owned()),
        expires_in: Duration::as_secs(&session.expires_in),
        refresh_token: session.refresh.map(|token| token.reveal().to_owned()),
        account: Some(account_view(services, &session.account)?),
    })
}

pub(super) fn account_view(services: &Services, account: &Account) -> Result<AccountView, Fault> {
    let current = services.consents.current(account.id).map_err(Fault::from)?;
    let restricted = services.restrictions.since(account.id).map_err(Fault::from)?;
    Ok(AccountView {
        id: account.id.to_string(),
        email: account.email.as_str().to_owned(),
        display_name: account.display_name.to_string(),
        locale: account.locale.clone(),
        time_zone: account.time_zone.clone(),
        is_admin: account.is_admin,
        plan: "unlimited".to_owned(),
        consents: consents_view(&services.consents, &current),
        email_verified: account.email_verified,
        created_at: account.created_at.to_string(),
        last_data_export_at: account.exported_at.map(|at| at.to_string()),
        restricted_since: restricted.map(|at| at.to_string()),
    })
}
