//! Everything of an account, to take along: a ZIP or one JSON document, written while it is read,
//! from one snapshot, with little in memory and nothing on the disk.

mod archive;
mod page;
mod words;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, mpsc};

use crate::access::Principal;
use crate::accounts::{AccountError, SecurityEvent, Watchers, note_export_in};
use crate::attachments::Attachments;
use crate::clones::Providers;
use crate::jobs::personal::{ExportError, Out, PrivacyProvider, Record};
use crate::jobs::{Tasks, blocking};
use crate::kernel::{AccountId, Clock, Fault, Kind, Timestamp};
use crate::store::{ReadTx, Store, StoreError};

pub(super) use self::archive::{DAMAGED, FORMAT, VERSION};

/// How many are written at once on this server.
const AT_ONCE: usize = 4;
/// How long one may take: it holds a snapshot of the database, which grows meanwhile.
const WITHIN: Duration = Duration::from_secs(60 * 60);
/// How much is gathered before it is sent.
const PIECE: usize = 64 * 1024;

/// As what everything is taken along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A ZIP with JSON Lines, their schemas and a page to read.
    Zip,
    /// One JSON document.
    Json,
}

/// Why nothing can be taken along.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Too many do so already.
    #[error("too many exports at once")]
    TooMany,
    /// There is no such account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TakeError> for Fault {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::TooMany => Self::new(
                Kind::Limited,
                "too_many_exports",
                "Others are taking their data along just now; wait for one to end.",
            )
            .retry_after(Duration::from_secs(30)),
            TakeError::Account(error) => error.into(),
            TakeError::Store(error) => error.into(),
        }
    }
}

/// What is written of an account, piece by piece. It ends with an error if it broke off.
pub type Pieces = mpsc::Receiver<std::io::Result<Bytes>>;

/// What exports are made with.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Who starts tasks.
    pub tasks: Tasks,
    /// Who hears of it.
    pub watchers: Watchers,
    /// The providers of this instance.
    pub providers: Providers,
    /// The files of memories.
    pub attachments: Attachments,
    /// What all slices keep of people.
    pub slices: Vec<Box<dyn PrivacyProvider>>,
}

/// Exports of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Exports {
    parts: Arc<Parts>,
    turns: Arc<Semaphore>,
}

/// What one export is made of.
struct Taking {
    parts: Arc<Parts>,
    account: AccountId,
    locale: String,
    at: Timestamp,
}

impl Exports {
    /// Exports made with these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Begins to write everything of the asker's account.
    ///
    /// # Errors
    /// When too many do so already, or the store fails.
    pub async fn take(&self, who: &Principal, format: ExportFormat) -> Result<Pieces, TakeError> {
        let turn = Arc::clone(&self.turns).try_acquire_owned().map_err(|_| TakeError::TooMany)?;
        let (account, at) = (who.account, self.parts.clock.now());
        let watchers = self.parts.watchers.clone();
        self.parts
            .store
            .write(move |tx| {
                note_export_in(tx, account, at)?;
                watchers.tell_in(tx, account, &SecurityEvent::DataExported, at)?;
                Ok::<_, TakeError>(())
            })
            .await?;
        let taking =
            Taking { parts: Arc::clone(&self.parts), account, locale: who.locale.clone(), at };
        let (to, pieces) = mpsc::channel(2);
        self.parts.tasks.spawn("export", async move {
            let written = blocking(move || taking.write(format, to)).await;
            if written.is_err() {
                tracing::error!("an export panicked");
            }
            drop(turn);
        });
        Ok(pieces)
    }
}

impl Taking {
    fn write(&self, format: ExportFormat, to: mpsc::Sender<std::io::Result<Bytes>>) {
        let mut pipe = Pipe {
            to,
            gathered: Vec::with_capacity(PIECE),
            begun: self.at,
            clock: self.parts.clock.clone(),
        };
        let written = self.parts.store.read(|tx| match format {
            ExportFormat::Zip => self.write_zip(tx, &mut pipe),
            ExportFormat::Json => self.write_json(tx, &mut pipe),
        });
        match written.and_then(|()| Ok(pipe.send()?)) {
            Ok(()) => {}
            Err(ExportError::Gone) => tracing::debug!("an export was not taken to its end"),
            Err(error) => {
                // Whoever left closed the pipe, which looks like any other failure to write.
                if !pipe.to.is_closed() {
                    tracing::error!(%error, "an export broke off");
                }
                let broken = std::io::Error::other("the export broke off");
                // Nobody may be there to hear it.
                let _ = pipe.to.blocking_send(Err(broken));
            }
        }
    }

    /// Every record of every slice.
    fn records(&self) -> impl Iterator<Item = &'static Record> {
        self.parts.slices.iter().flat_map(|slice| slice.personal().records)
    }

    /// Hands out one record.
    fn each(
        &self,
        tx: &ReadTx,
        name: &str,
        visit: &mut dyn FnMut(Map<String, Value>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        match self.records().find(|record| record.name == name) {
            Some(record) => record.hand_out(tx, self.account, &mut Visiting(visit)),
            None => Ok(()),
        }
    }
}

struct Visiting<'a>(&'a mut dyn FnMut(Map<String, Value>) -> Result<(), ExportError>);

impl Out for Visiting<'_> {
    fn row(&mut self, row: Map<String, Value>) -> Result<(), ExportError> {
        (self.0)(row)
    }
}

/// Where what is written goes: to whoever reads, as fast as they read.
struct Pipe {
    to: mpsc::Sender<std::io::Result<Bytes>>,
    gathered: Vec<u8>,
    begun: Timestamp,
    clock: Clock,
}

impl Pipe {
    fn send(&mut self) -> std::io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        if self.clock.now().since(self.begun) > WITHIN {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let full = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        let sent = self.to.blocking_send(Ok(full.into()));
        sent.map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
