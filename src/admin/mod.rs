//! What the operator of the machine can do, with the server running or not.
//!
//! Commands send an [`Operation`] over the control socket, which only the account that runs the
//! server can open. None of them shows anybody's content.

mod backing;
mod operation;
mod people;
mod restores;
#[cfg(feature = "testing")]
mod testing;
mod trials;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::accounts::{AccountError, Accounts, Email, NewAccount, NewPassword, Watchers};
use crate::audit::{Audit, Chain};
use crate::backup::Backups;
use crate::clones;
use crate::consents::{Channel, Consents};
use crate::factors::{FactorError, Factors};
use crate::identities::Identities;
use crate::jobs::{self, Tasks};
use crate::kernel::{Clock, CloneId, Fault, FieldProblem, Text, Timestamp, Token};
use crate::notifications::Notifications;
use crate::privacy::{self, Imports};
use crate::sessions::{COMMAND_LINE, Device, Sessions, SignInBy};
use crate::store::Store;

pub use backing::{Backing, NewRecoveryKey, RecoveryState};
pub use operation::{Operation, Outcome};
pub use people::{Figures, Overview};
pub use restores::{Part, Parts as RestoreParts, Prepare, Progress, Ready, Restores, Stage};
pub use trials::{Complaint, Trial, TryOut};

fn token(token: &Token) -> Outcome {
    Outcome::Token(token.reveal().to_owned())
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
    backups: Backups,
    clock: Clock,
    data_dir: PathBuf,
    imports: Imports,
    started_at: Timestamp,
    front: Arc<OnceLock<String>>,
    watchers: Watchers,
    trials: trials::Trials,
    pending: Arc<Mutex<Option<backing::Pending>>>,
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
    pub backups: Backups,
    pub clock: Clock,
    pub data_dir: PathBuf,
    pub imports: Imports,
    pub watchers: Watchers,
    pub tasks: Tasks,
    pub try_out: TryOut,
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
            backups: parts.backups,
            started_at: parts.clock.now(),
            watchers: parts.watchers,
            trials: trials::Trials::new(
                parts.try_out,
                parts.tasks,
                parts.clock.clone(),
                parts.data_dir.clone(),
            ),
            pending: Arc::default(),
            clock: parts.clock,
            data_dir: parts.data_dir,
            imports: parts.imports,
            front: Arc::default(),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Option<backing::Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
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
                self.reset_password(email, password).await
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
            | Operation::Rewrite
            | Operation::Scan { .. }
            | Operation::Stored { .. }
            | Operation::SlowSearches { .. }
            | Operation::AdvanceClock { .. }
            | Operation::TurnClockBack { .. }
            | Operation::FailDisk { .. }
            | Operation::SayFree { .. }
            | Operation::KillAt { .. }
            | Operation::SweepLegacies
            | Operation::EraseAccount { .. } => testing::run(self, operation).await,
            Operation::ResetFactors { email } => self.reset_factors(&email).await,
            #[cfg(feature = "testing")]
            Operation::Panic { while_writing: false } => fail(),
            #[cfg(feature = "testing")]
            Operation::Panic { while_writing: true } => Ok(self
                .store
                .write(|_| -> Result<Outcome, crate::store::StoreError> { fail() })
                .await?),
            Operation::BackUp { .. }
            | Operation::Backups
            | Operation::RecoveryState
            | Operation::KeepRecoveryKey { .. } => self.back_up(operation).await,
            Operation::ActForClone { clone } => self.act_for(&clone).await,
            Operation::VerifyErasure { claim } => self.verify_erasure(claim).await,
            Operation::VerifyAudit => {
                let Chain { entries, broken_at } = self.audit.verify().await?;
                Ok(Outcome::Audit { entries, broken_at })
            }
        }
    }

    async fn reset_password(&self, email: String, password: String) -> Result<Outcome, Fault> {
        let password = checked(password, &[&email])?;
        let email = address(&email)?;
        match self.accounts.reset_password(&email, password).await {
            Err(AccountError::Missing) => {
                Err(Fault::field(FieldProblem::Unknown, "/email", "belongs to no account"))
            }
            outcome => outcome.map(|()| Outcome::Done).map_err(Fault::from),
        }
    }

    async fn reset_factors(&self, email: &str) -> Result<Outcome, Fault> {
        match self.factors.reset(&address(email)?).await {
            Err(FactorError::Account(AccountError::Missing)) => {
                Err(Fault::field(FieldProblem::Unknown, "/email", "belongs to no account"))
            }
            outcome => outcome.map(|()| Outcome::Done).map_err(Fault::from),
        }
    }

    async fn verify_erasure(&self, claim: privacy::Claim) -> Result<Outcome, Fault> {
        let (store, directory) = (self.store.clone(), self.data_dir.clone());
        let look = move || privacy::verify(&store, &directory, &claim);
        let looked = jobs::blocking(look).await.map_err(Fault::internal)?;
        Ok(Outcome::Erasure(looked.map_err(Fault::from)?))
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
