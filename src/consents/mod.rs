//! Agreed to what: versioned, timed, withdrawable records, never overwritten.
//!
//! The texts are in the program. Each statement keeps the words that were shown, their hash, and
//! how it came. What a missing consent forbids is asked by whoever would process something, in
//! the transaction in which it happens, and again twice a second while it goes on.

mod model;
mod personal;
mod rows;
mod rules;
mod texts;

use crate::accounts::{OnCreated, SecurityEvent, Watchers};
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Clock, Fault, Kind, Page, PageRequest, Timestamp};
use crate::store::{Portion, Store, StoreError, WriteTx};

pub use model::{Channel, Consent, Said, Saying, Statement};
pub use rows::TABLES;
pub use rules::{Reserved, may_leave_in, require_awake_in, require_in, reserved_in};
pub use texts::{Recipient, Text, Texts, VERSION};

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// A consent that is needed was not given or was withdrawn.
    #[error("the consent {} is missing", .0.name())]
    Required(Consent),
    /// What is the account's is only stored, as its owner wanted.
    #[error("the account is restricted to storage")]
    Restricted,
    /// The owner of the clone wanted that what is theirs is only stored.
    #[error("the clone's owner is restricted to storage")]
    Resting,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ConsentError> for Fault {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::Required(consent) => Self::new(
                Kind::Forbidden,
                "consent_required",
                format!(
                    "This needs the consent `{}`; it can be given in the account.",
                    consent.name()
                ),
            )
            .consent(consent.name()),
            ConsentError::Restricted => Self::new(
                Kind::Forbidden,
                "processing_restricted",
                "What is yours is only stored, as you wanted; that can be ended in the account.",
            ),
            ConsentError::Resting => Self::new(
                Kind::Conflict,
                "clone_resting",
                "Nobody can talk with this clone now: what is its owner's is only stored.",
            ),
            ConsentError::Store(error) => error.into(),
        }
    }
}

/// The consents of this instance.
#[derive(Clone)]
pub struct Consents {
    store: Store,
    clock: Clock,
    watchers: Watchers,
    texts: Texts,
}

impl Consents {
    /// The consents in a store, and the texts that are agreed to.
    pub fn new(store: Store, clock: Clock, watchers: Watchers, texts: Texts) -> Self {
        Self { store, clock, watchers, texts }
    }

    /// The texts that are agreed to now.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// What an account last said about each consent; those it never spoke about are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn current(&self, account: AccountId) -> Result<Vec<Statement>, ConsentError> {
        Ok(self.store.read(|tx| rows::current(tx, account))?)
    }

    /// Whether what was agreed to reads otherwise now, so that it must be asked anew.
    pub fn needs_renewal(&self, statement: &Statement) -> bool {
        statement.granted
            && statement.said.as_ref().is_none_or(|said| {
                self.texts.of(statement.consent, &said.locale).hash() != said.hash
            })
    }

    /// Everything an account ever said about consents, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn history(
        &self,
        account: AccountId,
        page: &PageRequest,
    ) -> Result<Page<Statement>, ConsentError> {
        Ok(self.store.read(|tx| rows::history(tx, account, page))?)
    }

    /// Whether all that an account said is there as it was said.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_whole(&self, account: AccountId) -> Result<bool, ConsentError> {
        Ok(self.store.read(|tx| rows::is_whole(tx, account))?)
    }

    /// Records what an account says now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn state(
        &self,
        account: AccountId,
        said: Vec<(Consent, bool)>,
        saying: Saying,
    ) -> Result<Vec<Statement>, ConsentError> {
        let (now, this) = (self.clock.now(), self.clone());
        self.store
            .write(move |tx| {
                this.state_in(tx, account, (&said, &saying), now)?;
                Ok(rows::current(tx, account)?)
            })
            .await
    }

    /// What a new account says while it is made, as a listener of its creation. Signing up below
    /// the shown text grants data processing, unless it is refused explicitly.
    pub fn with_sign_up(&self, said: Vec<(Consent, bool)>, channel: Channel) -> OnCreated {
        let mut said = said;
        if !said.iter().any(|(consent, _)| *consent == Consent::DataProcessing) {
            said.push((Consent::DataProcessing, true));
        }
        let this = self.clone();
        std::sync::Arc::new(move |tx, account| {
            let saying = Saying { channel, session: None, locale: account.locale.clone() };
            Ok(this.state_in(tx, account.id, (&said, &saying), account.created_at)?)
        })
    }

    fn state_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        (said, saying): (&[(Consent, bool)], &Saying),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for (consent, granted) in said {
            let text = self.texts.of(*consent, &saying.locale);
            let statement = Statement {
                number: 0,
                consent: *consent,
                granted: *granted,
                version: text.version.to_owned(),
                at,
                said: Some(Said {
                    channel: saying.channel,
                    session: saying.session,
                    locale: text.locale.to_owned(),
                    hash: text.hash(),
                    text: text.body,
                    recipients: text.recipients,
                }),
            };
            rows::append_in(tx, account, &statement)?;
            let event =
                SecurityEvent::ConsentChanged { consent: consent.name(), granted: *granted };
            self.watchers.tell_in(tx, account, &event, at)?;
        }
        Ok(())
    }
}

/// Removes what this slice knows of an account.
pub struct ConsentEraser;

impl Eraser for ConsentEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            _ => Ok(()),
        }
    }
}
