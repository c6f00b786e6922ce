//! Giving a backup back to a server that has nothing yet, by whoever holds the link for its first
//! account: from a place for backups or as a file that is brought along. It is tried out beside
//! what is there; when they want it, the server stops and opens again with what came.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use super::Complaint;
use crate::accounts::Accounts;
use crate::backup::{Backups, Listed, RecoveryKey, TMP, Tried, Wanted, is_name};
use crate::jobs::Tasks;
use crate::kernel::{Fault, Kind, Token, TokenHash};
use crate::store::{Store, StoreError};

/// Tries a backup out and has it ready; whether an older ledger of erasures is accepted.
pub type Prepare =
    Arc<dyn Fn(Wanted, bool) -> BoxFuture<'static, Result<Ready, Fault>> + Send + Sync>;
/// Pieces in which a file is taken in.
const PIECE: usize = 1 << 20;

/// A backup that lies ready beside what is there; it is gone when this is dropped.
pub struct Ready {
    /// What was found in it.
    pub tried: Tried,
    /// Has the next start put it in place.
    pub leave: Box<dyn FnOnce() -> Result<(), Fault> + Send>,
}

/// A file that is brought along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The backup.
    Backup,
    /// The copy of the keyring that lay beside it.
    Keyring,
}

impl Part {
    const fn file(self) -> &'static str {
        match self {
            Self::Backup => "brought.cmb",
            Self::Keyring => "brought.keyring",
        }
    }
}

/// How far a restore is.
#[derive(Clone, Debug)]
pub enum Stage {
    /// For files, or for the choice of a backup.
    Waiting,
    /// It is being tried out.
    Trying,
    /// It was tried out, and cannot be given back.
    Refused(Complaint),
    /// It can be given back.
    Ready(Tried),
    /// The server is about to open again with it.
    Going,
}

/// How far a restore is, with what was brought.
#[derive(Clone, Debug)]
pub struct Progress {
    /// How far.
    pub stage: Stage,
    /// Bytes of the backup that was brought along.
    pub backup: Option<u64>,
    /// Bytes of the copy of the keyring.
    pub keyring: Option<u64>,
}

enum Phase {
    Waiting,
    Trying,
    Refused(Complaint),
    Ready(Ready),
    Going,
}

/// One restore; its files go with it.
struct Session {
    id: TokenHash,
    folder: PathBuf,
    backup: Option<u64>,
    keyring: Option<u64>,
    is_taking: bool,
    phase: Phase,
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// What it stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub accounts: Accounts,
    pub backups: Backups,
    pub data_dir: PathBuf,
    pub tasks: Tasks,
    pub prepare: Prepare,
}

/// Restores of a server without an account. Cheap to clone.
#[derive(Clone)]
pub struct Restores(Arc<Inner>);

struct Inner {
    parts: Parts,
    session: Mutex<Option<Session>>,
    again: CancellationToken,
}

fn busy() -> Fault {
    let detail = "A backup is being taken in or tried out; wait until that has ended.";
    Fault::new(Kind::Conflict, "restore_running", detail)
}

impl Restores {
    /// Over these services.
    pub fn new(parts: Parts) -> Self {
        let (session, again) = (Mutex::default(), CancellationToken::new());
        Self(Arc::new(Inner { parts, session, again }))
    }

    /// Resolves when the server is to stop and open again.
    pub async fn again(&self) {
        self.0.again.cancelled().await;
    }

    fn held(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a session, or does something to it.
    fn with<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let asked = TokenHash::of(id);
        let mut held = self.held();
        let session = held.as_mut().filter(|session| session.id.same_as(&asked));
        act(session.ok_or_else(Fault::not_found)?)
    }

    /// Begins one with the token for the first account; what opens it from then on.
    ///
    /// # Errors
    /// When the token is not good, there is an account already, or one is being tried out.
    pub fn begin(&self, token: &str) -> Result<Token, Fault> {
        self.0.parts.accounts.may_set_up(token)?;
        let id = Token::fresh().map_err(Fault::internal)?;
        let name: String = id.hash().0[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.0.parts.data_dir.join(TMP).join(format!("restore-{name}"));
        let mut held = self.held();
        if held.as_ref().is_some_and(|session| {
            session.is_taking || matches!(session.phase, Phase::Trying | Phase::Going)
        }) {
            return Err(busy());
        }
        std::fs::create_dir_all(&folder).map_err(Fault::internal)?;
        *held = Some(Session {
            id: id.hash(),
            folder,
            backup: None,
            keyring: None,
            is_taking: false,
            phase: Phase::Waiting,
        });
        Ok(id)
    }

    /// The backups at the places that are set, whoever's they are, or why a place does not tell.
    pub async fn found(&self) -> Vec<(String, Result<Vec<Listed>, String>)> {
        self.0.parts.backups.anybodys().await
    }

    /// How far one is.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn progress(&self, id: &str) -> Result<Progress, Fault> {
        self.with(id, |session| {
            let stage = match &session.phase {
                Phase::Waiting => Stage::Waiting,
                Phase::Trying => Stage::Trying,
                Phase::Refused(complaint) => Stage::Refused(complaint.clone()),
                Phase::Ready(ready) => Stage::Ready(ready.tried.clone()),
                Phase::Going => Stage::Going,
            };
            Ok(Progress { stage, backup: session.backup, keyring: session.keyring })
        })
    }

    /// Takes a file in, as long as the disk has room.
    ///
    /// # Errors
    /// When there is no such restore, it is busy, the body breaks off or the disk is full.
    pub async fn take_in(
        &self,
        id: &str,
        part: Part,
        body: impl AsyncRead + Unpin,
    ) -> Result<(), Fault> {
        let path = self.with(id, |session| {
            if session.is_taking || matches!(session.phase, Phase::Trying | Phase::Going) {
                return Err(busy());
            }
            session.is_taking = true;
            // What was ready is of something else.
            session.phase = Phase::Waiting;
            Ok(session.folder.join(part.file()))
        })?;
        // Also when whoever sends it goes away and this is dropped.
        let _taking = Taking(self.clone(), id);
        let taken = self.written(&path, body).await;
        if taken.is_err() {
            drop(std::fs::remove_file(&path));
        }
        self.with(id, |session| {
            let size = taken.as_ref().ok().copied();
            match part {
                Part::Backup => session.backup = size,
                Part::Keyring => session.keyring = size,
            }
            Ok(())
        })?;
        taken.map(drop)
    }

    async fn written(
        &self,
        path: &std::path::Path,
        mut body: impl AsyncRead + Unpin,
    ) -> Result<u64, Fault> {
        let (mut piece, mut size) = (vec![0; PIECE], 0);
        let mut options = tokio::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(path).await.map_err(unwritten)?;
        loop {
            let read = body.read(&mut piece).await.map_err(broken_off)?;
            if read == 0 {
                file.flush().await.map_err(unwritten)?;
                return Ok(size);
            }
            if !self.0.parts.store.disk().has_room() {
                return Err(StoreError::Full.into());
            }
            file.write_all(&piece[..read]).await.map_err(unwritten)?;
            size += read as u64;
        }
    }

    /// Begins to try out what was brought along, or the backup of a name at one of the places.
    ///
    /// # Errors
    /// When there is no such restore, it is busy, or the key is none.
    pub fn try_out(
        &self,
        id: &str,
        name: Option<String>,
        key: &str,
        accept_stale_ledger: bool,
    ) -> Result<(), Fault> {
        let recovery = RecoveryKey::read(key)?;
        if name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Fault::not_found());
        }
        let wanted = self.with(id, |session| {
            if session.is_taking || matches!(session.phase, Phase::Trying | Phase::Going) {
                return Err(busy());
            }
            let file = |part: Part| session.folder.join(part.file());
            let brought = session.backup.map(|_| file(Part::Backup).display().to_string());
            let backup = name.or(brought).ok_or_else(|| {
                let detail = "Choose a backup, or bring the file of one along.";
                Fault::new(Kind::Conflict, "no_backup_chosen", detail)
            })?;
            let keyring = session.keyring.map(|_| file(Part::Keyring));
            // What was ready before goes.
            session.phase = Phase::Trying;
            Ok(Wanted { backup: Some(backup), recovery: Some(recovery), keyring })
        })?;
        let (this, id) = (self.clone(), id.to_owned());
        self.0.parts.tasks.spawn("restore", async move {
            let prepared = (this.0.parts.prepare)(wanted, accept_stale_ledger).await;
            let phase = match prepared {
                Ok(ready) => Phase::Ready(ready),
                Err(fault) => {
                    tracing::warn!(code = fault.code, "a backup cannot be given back");
                    Phase::Refused(fault.into())
                }
            };
            // Nobody else ends a session while it is tried out.
            drop(this.with(&id, |session| {
                session.phase = phase;
                Ok(())
            }));
        });
        Ok(())
    }

    /// Has the server stop and open again with what is ready.
    ///
    /// # Errors
    /// When nothing is ready, or somebody has made the first account meanwhile.
    pub fn carry_out(&self, id: &str) -> Result<(), Fault> {
        self.with(id, |session| {
            if !self.0.parts.accounts.setup_needed()? {
                return Err(crate::accounts::AccountError::SetUpAlready.into());
            }
            match std::mem::replace(&mut session.phase, Phase::Going) {
                Phase::Ready(ready) => (ready.leave)(),
                other => {
                    session.phase = other;
                    let detail = "No backup was tried out that could be given back.";
                    Err(Fault::new(Kind::Conflict, "restore_not_ready", detail))
                }
            }
        })?;
        tracing::info!("the server opens again with what is given back");
        self.0.again.cancel();
        Ok(())
    }

    /// Ends one: what was brought along goes.
    ///
    /// # Errors
    /// When there is none of this name, or it is being tried out.
    pub fn give_up(&self, id: &str) -> Result<(), Fault> {
        self.with(id, |session| match (session.is_taking, &session.phase) {
            (true, _) | (_, Phase::Trying | Phase::Going) => Err(busy()),
            _ => Ok(()),
        })?;
        *self.held() = None;
        Ok(())
    }
}

/// A file is being taken in.
struct Taking<'a>(Restores, &'a str);

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        drop(self.0.with(self.1, |session| {
            session.is_taking = false;
            Ok(())
        }));
    }
}

fn unwritten(error: std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full.into(),
        _ => Fault::internal(error),
    }
}

fn broken_off(error: std::io::Error) -> Fault {
    let detail = "The file did not arrive whole; send it again.";
    Fault::new(Kind::Malformed, "upload_broken_off", detail).because(error)
}
