//! Agreed to what: versioned, timed, withdrawable records, never overwritten.

mod rows;

use serde::{Deserialize, Serialize};

use crate::accounts::{OnCreated, SecurityEvent, Watchers};
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Clock, Fault, Kind, Page, PageRequest, Timestamp};
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

pub use rows::TABLES;

/// The version of the texts that are agreed to now; it changes with their meaning.
pub const VERSION: &str = "2026-11";

/// What one can agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// That this server stores and searches what one writes.
    DataProcessing,
    /// That one's voice is recorded and imitated.
    VoiceProcessing,
    /// That one's likeness is animated.
    VideoProcessing,
    /// That memories and questions are sent to services of others.
    ThirdPartyApis,
    /// That chat archives are read in.
    WhatsappIngestion,
}

impl Consent {
    /// Every consent, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::DataProcessing,
        Self::VoiceProcessing,
        Self::VideoProcessing,
        Self::ThirdPartyApis,
        Self::WhatsappIngestion,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataProcessing => "data_processing",
            Self::VoiceProcessing => "voice_processing",
            Self::VideoProcessing => "video_processing",
            Self::ThirdPartyApis => "third_party_apis",
            Self::WhatsappIngestion => "whatsapp_ingestion",
        }
    }
}

/// What an account said about a consent, and when.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it is about.
    pub consent: Consent,
    /// Given or withdrawn.
    pub granted: bool,
    /// The version of the text.
    pub version: String,
    /// When it was said.
    pub at: Timestamp,
}

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// A consent that is needed was not given or was withdrawn.
    #[error("the consent {} is missing", .0.name())]
    Required(Consent),
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
}

impl Consents {
    /// The consents in a store.
    pub fn new(store: Store, clock: Clock, watchers: Watchers) -> Self {
        Self { store, clock, watchers }
    }

    /// What an account last said about each consent; those it never spoke about are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn current(&self, account: AccountId) -> Result<Vec<Statement>, ConsentError> {
        Ok(self.store.read(|tx| rows::current(tx, account))?)
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

    /// Records what an account says now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn state(
        &self,
        account: AccountId,
        said: Vec<(Consent, bool)>,
    ) -> Result<Vec<Statement>, ConsentError> {
        let (now, watchers) = (self.clock.now(), self.watchers.clone());
        self.store
            .write(move |tx| {
                state_in(tx, account, &said, now, &watchers)?;
                Ok(rows::current(tx, account)?)
            })
            .await
    }

    /// What a new account says while it is made, as a listener of its creation. Signing up below
    /// the shown text grants data processing, unless it is refused explicitly.
    pub fn with_sign_up(&self, said: Vec<(Consent, bool)>) -> OnCreated {
        let mut said = said;
        if !said.iter().any(|(consent, _)| *consent == Consent::DataProcessing) {
            said.push((Consent::DataProcessing, true));
        }
        let watchers = self.watchers.clone();
        std::sync::Arc::new(move |tx, account| {
            Ok(state_in(tx, account.id, &said, account.created_at, &watchers)?)
        })
    }
}

/// Fails unless the account has given a consent.
///
/// # Errors
/// When it has not, or the store fails.
pub fn require_in(
    tx: &impl Rows,
    account: AccountId,
    consent: Consent,
) -> Result<(), ConsentError> {
    let current = rows::current(tx, account)?;
    if current.iter().any(|said| said.consent == consent && said.granted) {
        return Ok(());
    }
    Err(ConsentError::Required(consent))
}

fn state_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    said: &[(Consent, bool)],
    at: Timestamp,
    watchers: &Watchers,
) -> Result<(), StoreError> {
    for (consent, granted) in said {
        let statement =
            Statement { consent: *consent, granted: *granted, version: VERSION.to_owned(), at };
        rows::append_in(tx, account, &statement)?;
        let event = SecurityEvent::ConsentChanged { consent: consent.name(), granted: *granted };
        watchers.tell_in(tx, account, &event, at)?;
    }
    Ok(())
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
