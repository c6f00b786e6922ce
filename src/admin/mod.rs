//! What the operator of the machine can do, with the server running or not.
//!
//! Commands send an [`Operation`] over the control socket, which only the account that runs the
//! server can open. None of them shows anybody's content.

use serde::{Deserialize, Serialize};

use crate::accounts::{
    AccountError, Accounts, Email, NewAccount, PASSWORD_LENGTH, Sessions, SignInBy,
};
use crate::clones;
use crate::consents::Consents;
use crate::kernel::{CloneId, Fault, Secret, Text, code_points};
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
    /// Time passes without waiting for it.
    #[cfg(feature = "testing")]
    AdvanceClock {
        /// How much.
        seconds: u64,
    },
    /// A piece of code fails as it never should, to see that everything else goes on.
    #[cfg(feature = "testing")]
    Panic {
        /// Whether it holds a transaction.
        while_writing: bool,
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
    consents: Consents,
    #[cfg(feature = "testing")]
    clock: crate::kernel::Clock,
}

impl Admin {
    /// Over these services.
    pub fn new(
        store: Store,
        accounts: Accounts,
        sessions: Sessions,
        consents: Consents,
        #[cfg(feature = "testing")] clock: crate::kernel::Clock,
    ) -> Self {
        Self {
            store,
            accounts,
            sessions,
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
                    email: address(&email)?,
                    password: checked(password)?,
                    display_name,
                    locale: "en".to_owned(),
                    also: Some(self.consents.with_sign_up(Vec::new())),
                };
                self.accounts.create(new, admin).await?;
                Ok(Outcome::Done)
            }
            Operation::ResetPassword { email, password } => {
                let email = address(&email)?;
                match self.accounts.reset_password(&email, checked(password)?).await {
                    Err(AccountError::Missing) => {
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
            #[cfg(feature = "testing")]
            Operation::Panic { while_writing: false } => fail(),
            #[cfg(feature = "testing")]
            Operation::Panic { while_writing: true } => Ok(self
                .store
                .write(|_| -> Result<Outcome, crate::store::StoreError> { fail() })
                .await?),
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
        let account = self.accounts.account(owner)?;
        let session = self.sessions.start(account, SignInBy::Tokens).await?;
        Ok(Outcome::Token(session.access.reveal().to_owned()))
    }
}

#[cfg(feature = "testing")]
#[expect(clippy::panic, reason = "a test wants it")]
fn fail<T>() -> T {
    panic!("a test wants it");
}

fn address(text: &str) -> Result<Email, Fault> {
    Email::new(text).ok_or_else(|| Fault::field("/email", "must be an e-mail address"))
}

fn checked(password: String) -> Result<Secret<String>, Fault> {
    if PASSWORD_LENGTH.contains(&code_points(&password)) {
        return Ok(password.into());
    }
    Err(Fault::field("/password", "must have 12 to 128 characters"))
}
