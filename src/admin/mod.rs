//! What the operator of the machine can do, with the server running or not.
//!
//! Commands send an [`Operation`] over the control socket, which only the account that runs the
//! server can open. None of them shows anybody's content.

mod people;
#[cfg(feature = "testing")]
mod testing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::accounts::{AccountError, Accounts, Email, NewAccount, NewPassword};
use crate::audit::{Audit, Chain};
use crate::clones;
use crate::consents::{Channel, Consents};
use crate::factors::{FactorError, Factors};
use crate::identities::Identities;
use crate::kernel::{Clock, CloneId, Fault, FieldProblem, Text, Timestamp, Token};
use crate::notifications::Notifications;
use crate::privacy::Imports;
use crate::sessions::{COMMAND_LINE, Device, Sessions, SignInBy};
use crate::store::Store;

pub use people::{Figures, Overview};

/// Something the operator wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A link for the first account.
    SetupLink,
    /// An invitation for one more account.
    Invite,
    /// The address at which links to this server begin.
    Front,
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
    /// What somebody took along elsewhere, into their account here.
    ImportExport {
        /// The file, as the server sees it.
        path: PathBuf,
        /// The account's address.
        email: String,
    },
    /// A mail that shows whether mails arrive.
    TestMail {
        /// The address to send it to.
        to: String,
    },
    /// An account is told something, without a cause.
    #[cfg(feature = "testing")]
    Tell {
        /// The account's address.
        email: String,
        /// The word of the topic.
        topic: String,
        /// What the notice names.
        detail: String,
    },
    /// An access token signed anew by the right key.
    #[cfg(feature = "testing")]
    TokenFor {
        /// The token.
        token: String,
        /// For whose ears; ours if nothing is said.
        audience: Option<String>,
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
    /// What has waited long enough in the trash is erased, as it is every hour; the edge does it.
    #[cfg(feature = "testing")]
    SweepTrash,
    /// Each search takes so much longer from now on; the edge sees to it.
    #[cfg(feature = "testing")]
    SlowSearches {
        /// How much longer, in milliseconds.
        millis: u64,
    },
    /// What every part knows of an account is erased; the edge does it.
    #[cfg(feature = "testing")]
    EraseAccount {
        /// The account.
        account: crate::kernel::AccountId,
    },
    /// A piece of code fails as it never should, to see that everything else goes on.
    #[cfg(feature = "testing")]
    Panic {
        /// Whether it holds a transaction.
        while_writing: bool,
    },
    /// A look through the audit log: whether every entry is as it was written.
    VerifyAudit,
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
    /// Where links begin, without a slash at the end; nothing where no browser finds the server.
    Front(Option<String>),
    /// It is done.
    Done,
    /// So many of each record were taken in.
    Imported(BTreeMap<String, u64>),
    /// How many entries of the audit log fit, and the number of the first that does not.
    Audit {
        /// How many.
        entries: u64,
        /// The first that does not fit.
        broken_at: Option<u64>,
    },
}

fn token(token: &Token) -> Outcome {
    Outcome::Token(token.reveal().to_owned())
}

impl Operation {
    /// The name under which it is written down, if it is.
    fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::SetupLink => "link",
            Self::Invite => "invite",
            Self::CreateAccount { .. } => "create",
            Self::ResetPassword { .. } => "reset_password",
            Self::ResetFactors { .. } => "reset_factors",
            Self::ImportExport { .. } => "import_export",
            Self::TestMail { .. } => "test_mail",
            Self::ActForClone { .. } => "act_for_clone",
            _ => return None,
        })
    }
}

/// Carries operations out.
#[derive(Clone)]
pub struct Admin {
    store: Store,
    accounts: Accounts,
    sessions: Sessions,
    factors: Factors,
    consents: Consents,
    notifications: Notifications,
    identities: Identities,
    audit: Audit,
    clock: Clock,
    data_dir: PathBuf,
    imports: Imports,
    started_at: Timestamp,
    front: Arc<OnceLock<String>>,
}

/// What the operations are carried out with.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub factors: Factors,
    pub consents: Consents,
    pub notifications: Notifications,
    pub identities: Identities,
    pub audit: Audit,
    pub clock: Clock,
    pub data_dir: PathBuf,
    pub imports: Imports,
}

impl Admin {
    /// Over these services.
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            accounts: parts.accounts,
            sessions: parts.sessions,
            consents: parts.consents,
            notifications: parts.notifications,
            factors: parts.factors,
            identities: parts.identities,
            audit: parts.audit,
            started_at: parts.clock.now(),
            clock: parts.clock,
            data_dir: parts.data_dir,
            imports: parts.imports,
            front: Arc::default(),
        }
    }

    /// Notes where links to the server begin that was just started.
    pub fn is_found_at(&self, front: &str) {
        // It is started once.
        self.front.get_or_init(|| front.to_owned());
    }

    /// Carries an operation out.
    ///
    /// # Errors
    /// When it cannot be done; the fault says why.
    pub async fn run(&self, operation: Operation) -> Result<Outcome, Fault> {
        let word = operation.word();
        let outcome = self.carry_out(operation).await?;
        if let Some(word) = word {
            self.audit.note_command(word).await?;
        }
        Ok(outcome)
    }

    async fn carry_out(&self, operation: Operation) -> Result<Outcome, Fault> {
        match operation {
            Operation::SetupLink => Ok(token(&self.accounts.setup_link()?)),
            Operation::Front => Ok(Outcome::Front(self.front.get().cloned())),
            Operation::Invite => Ok(token(&self.accounts.invite().await?.token)),
            Operation::CreateAccount { email, password, display_name, admin } => {
                self.create_account(email, password, display_name, admin).await
            }
            Operation::ResetPassword { email, password } => {
                let password = checked(password, &[&email])?;
                let email = address(&email)?;
                match self.accounts.reset_password(&email, password).await {
                    Err(AccountError::Missing) => {
                        Err(Fault::field(FieldProblem::Unknown, "/email", "belongs to no account"))
                    }
                    outcome => outcome.map(|()| Outcome::Done).map_err(Fault::from),
                }
            }
            Operation::ImportExport { path, email } => {
                let account = self.accounts.by_email(&address(&email)?)?.ok_or_else(|| {
                    Fault::field(FieldProblem::Unknown, "/email", "belongs to no account")
                })?;
                Ok(Outcome::Imported(self.imports.take_in(account.id, &path).await?))
            }
            Operation::TestMail { to } => {
                let to = Email::new(&to).ok_or_else(|| {
                    Fault::field(FieldProblem::NotAnAddress, "/to", "must be an e-mail address")
                })?;
                self.notifications.send_test(&to).await?;
                Ok(Outcome::Done)
            }
            #[cfg(feature = "testing")]
            Operation::Tell { .. }
            | Operation::TokenFor { .. }
            | Operation::SweepTrash
            | Operation::SlowSearches { .. }
            | Operation::EraseAccount { .. } => testing::run(self, operation).await,
            Operation::ResetFactors { email } => {
                match self.factors.reset(&address(&email)?).await {
                    Err(FactorError::Account(AccountError::Missing)) => {
                        Err(Fault::field(FieldProblem::Unknown, "/email", "belongs to no account"))
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
            Operation::VerifyAudit => {
                let Chain { entries, broken_at } = self.audit.verify().await?;
                Ok(Outcome::Audit { entries, broken_at })
            }
        }
    }

    async fn create_account(
        &self,
        email: String,
        password: String,
        display_name: String,
        admin: bool,
    ) -> Result<Outcome, Fault> {
        let display_name = Text::new(display_name)
            .map_err(|error| Fault::field(error.into(), "/display_name", error.to_string()))?;
        let new = NewAccount {
            password: Some(checked(password, &[&email, &display_name])?),
            email: address(&email)?,
            email_verified: false,
            display_name,
            locale: "en".to_owned(),
            also: Some(self.consents.with_sign_up(Vec::new(), Channel::Cli)),
        };
        self.accounts.create(new, admin).await?;
        Ok(Outcome::Done)
    }

    async fn act_for(&self, clone: &str) -> Result<Outcome, Fault> {
        let id: CloneId = clone.parse().map_err(|_| Fault::not_found())?;
        let owner = self
            .store
            .read(|tx| clones::owner_of(tx, id))
            .map_err(Fault::from)?
            .ok_or_else(Fault::not_found)?;
        let device = Device { label: COMMAND_LINE.to_owned(), ..Device::default() };
        let owner = self.accounts.account(owner)?;
        let session = self.sessions.start(&owner, SignInBy::Tokens, device).await?;
        Ok(Outcome::Token(session.access.reveal().clone()))
    }
}

#[cfg(feature = "testing")]
#[expect(clippy::panic, reason = "a test wants it")]
fn fail<T>() -> T {
    panic!("a test wants it");
}

fn address(text: &str) -> Result<Email, Fault> {
    Email::new(text).ok_or_else(|| {
        Fault::field(FieldProblem::NotAnAddress, "/email", "must be an e-mail address")
    })
}

fn checked(password: String, known: &[&str]) -> Result<NewPassword, Fault> {
    NewPassword::new(password, known)
        .map_err(|error| Fault::field(error.into(), "/password", error.to_string()))
}
