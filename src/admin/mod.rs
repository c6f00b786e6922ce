//! What the operator of the machine can do, with the server running or not.
//!
//! Commands send an [`Operation`] over the control socket, which only the account that runs the
//! server can open. None of them shows anybody's content.

use serde::{Deserialize, Serialize};

use crate::accounts::{AccountError, Accounts, Email, NewAccount, NewPassword};
use crate::clones;
use crate::consents::Consents;
use crate::factors::{FactorError, Factors};
use crate::kernel::{CloneId, Fault, Text};
use crate::sessions::{Device, Sessions, SignInBy};
use crate::store::Store;

/// Something the operator wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A link for the first account.
    SetupLink,
    /// An invitation for one more account.
    Invite,
    /// An account.
    CreateAccount {
        /// The address to sign in with.
        email: String,
        /// The password.
        password: String,
        /// How the person wants to be called.
        display_name: String,
        /// Whether it administers the instance.
        admin: bool,
    },
    /// A new password for an account; its sign-ins end.
    ResetPassword {
        /// The account's address.
        email: String,
        /// The new password.
        password: String,
    },
    /// Takes the authenticator app, the recovery codes and the passkeys from an account that lost
    /// them; its sign-ins end.
    ResetFactors {
        /// The account's address.
        email: String,
    },
    /// Time passes without waiting for it.
    #[cfg(feature = "testing")]
    AdvanceClock {
        /// How much.
        seconds: u64,
    },
    /// A sign-in as the owner of a clone, to bring memories in.
    ActForClone {
        /// The clone.
        clone: String,
    },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The token of a link.
    Token(String),
    /// It is done.
    Done,
}

/// Carries operations out.
#[derive(Clone)]
pub struct Admin {
    store: Store,
    accounts: Accounts,
    sessions: Sessions,
    factors: Factors,
    consents: Consents,
    #[cfg(feature = "testing")]
    clock: crate::kernel::Clock,
}

impl Admin {
    /// Over these services.
    pub fn new(
        store: Store,
        accounts: Accounts,
        (sessions, factors): (Sessions, Factors),
        consents: Consents,
        #[cfg(feature = "testing")] clock: crate::kernel::Clock,
    ) -> Self {
        Self {
            store,
            accounts,
            sessions,
            factors,
            consents,
            #[cfg(feature = "testing")]
            clock,
        }
    }

    /// Carries an operation out.
    ///
    /// # Errors
    /// When it cannot be done; the fault says why.
    pub async fn run(&self, operation: Operation) -> Result<Outcome, Fault> {
        match operation {
            Operation::SetupLink => {
                Ok(Outcome::Token(self.accounts.setup_link()?.reveal().to_owned()))
            }
            Operation::Invite => {
                Ok(Outcome::Token(self.accounts.invite().await?.token.reveal().to_owned()))
            }
            Operation::CreateAccount { email, password, display_name, admin } => {
                let display_name = Text::new(display_name)
                    .map_err(|error| Fault::field("/display_name", error.to_string()))?;
                let new = NewAccount {
                    password: Some(checked(password, &[&email, &display_name])?),
                    email: address(&email)?,
                    email_verified: false,
                    display_name,
                    locale: "en".to_owned(),
                    also: Some(self.consents.with_sign_up(Vec::new())),
                };
                self.accounts.create(new, admin).await?;
                Ok(Outcome::Done)
            }
            Operation::ResetPassword { email, password } => {
                let password = checked(password, &[&email])?;
                let email = address(&email)?;
                match self.accounts.reset_password(&email, password).await {
                    Err(AccountError::Missing) => {
                        Err(Fault::field("/email", "belongs to no account"))
                    }
                    outcome => outcome.map(|()| Outcome::Done).map_err(Fault::from),
                }
            }
            Operation::ResetFactors { email } => {
                match self.factors.reset(&address(&email)?).await {
                    Err(FactorError::Account(AccountError::Missing)) => {
                        Err(Fault::field("/email", "belongs to no account"))
                    }
                    outcome => outcome.map(|()| Outcome::Done).map_err(Fault::from),
                }
            }
            #[cfg(feature = "testing")]
            Operation::AdvanceClock { seconds } => {
                self.clock.advance(std::time::Duration::from_secs(seconds));
                Ok(Outcome::Done)
            }
            Operation::ActForClone { clone } => self.act_for(&clone).await,
        }
    }

    async fn act_for(&self, clone: &str) -> Result<Outcome, Fault> {
        let id: CloneId = clone.parse().map_err(|_| Fault::not_found())?;
        let owner = self
            .store
            .read(|tx| clones::owner_of(tx, id))
            .map_err(Fault::from)?
            .ok_or_else(Fault::not_found)?;
        let device = Device { label: "Command line".to_owned(), ..Device::default() };
        let session = self.sessions.start(owner, SignInBy::Tokens, device).await?;
        Ok(Outcome::Token(session.access.reveal().clone()))
    }
}

fn address(text: &str) -> Result<Email, Fault> {
    Email::new(text).ok_or_else(|| Fault::field("/email", "must be an e-mail address"))
}

fn checked(password: String, known: &[&str]) -> Result<NewPassword, Fault> {
    NewPassword::new(password, known).map_err(|error| Fault::field("/password", error.to_string()))
}
