//! Giving a backup back: found, opened, tried out beside what is there, and only then put into its
//! place. Whatever goes wrong before that leaves everything as it was.

use std::path::{Path, PathBuf};

use super::StartError;
use super::data_dir::{fresh_tmp, prepare};
use super::giving_back::places;
use super::open::known_schema;
use super::rehearse::rehearse;
use crate::backup::{
    self, BackupError, Destination, ENDING, FILES, Findings, Footer, Header, Keep, Kept, Opened,
    Openers, RECOVERY, Recovery, Swap, TMP, Wanted, backups_at, beginning, copy_name, header_of,
    keep_recovery, ledger_in, open_copy, unpack, which,
};
use crate::config::Config;
use crate::kernel::Timestamp;
use crate::seal::{SealError, Seals};
use crate::store::{DataLock, LEDGER, Store};

/// A backup that can be given back.
pub struct Restore {
    config: Config,
    file: PathBuf,
    name: String,
    openers: Openers,
    seals: Seals,
    header: Header,
    /// What came with a copy of the keyring; nothing where the keys are here.
    brought: Option<Brought>,
    // Files that were fetched go with it.
    _fetched: Option<Fetched>,
    // Nobody else has the data directory meanwhile, unless it is only looked at.
    _lock: Option<DataLock>,
}

struct Brought {
    ledger: Vec<u8>,
    recovery: Recovery,
}

/// A folder that is gone when dropped.
struct Fetched(PathBuf);

impl Drop for Fetched {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Fetched {
    fn new(directory: &Path, name: &str) -> Result<Self, BackupError> {
        let folder = directory.join(TMP).join(format!("{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|source| BackupError::Io { what: "tmp cannot be made".to_owned(), source })?;
        Ok(Self(folder))
    }
}

impl Restore {
    /// Finds a backup and what opens it, to look at it only: a server may run meanwhile.
    ///
    /// # Errors
    /// When there is none, or nothing here opens it.
    pub async fn look(config: &Config, wanted: Wanted) -> Result<Self, StartError> {
        Self::found(config, wanted, None).await
    }

    /// Finds a backup that is to be given back, and takes the data directory for it.
    ///
    /// # Errors
    /// When there is none, nothing here opens it, or a server has the data directory.
    pub async fn take(config: &Config, wanted: Wanted) -> Result<Self, StartError> {
        let lock = prepare(&config.data_dir, config.accept_open_data_dir)?;
        backup::settle(&config.data_dir)?;
        fresh_tmp(&config.data_dir)?;
        Self::found(config, wanted, Some(lock)).await
    }

    async fn found(
        config: &Config,
        wanted: Wanted,
        lock: Option<DataLock>,
    ) -> Result<Self, StartError> {
        let places = places(config)?;
        let here = Seals::open(&config.data_dir, &config.root_key);
        let own = here.as_ref().ok().and_then(Option::as_ref);
        // Who brings a recovery key may have started a server here already, for which it is not.
        let only = own.filter(|_| wanted.recovery.is_none());
        let (file, name, fetched) = fetch(config, &places, wanted.backup.as_deref(), only).await?;
        let is_own =
            |seals: &&Seals| Openers::own(seals).is_ok_and(|own| header_of(&own, &file).is_ok());
        if let Some(seals) = own.filter(is_own) {
            let openers = Openers::own(seals)?;
            let header = header_of(&openers, &file)?;
            let (config, seals) = (config.clone(), seals.clone());
            let (brought, _fetched) = (None, fetched);
            return Ok(Self {
                config,
                file,
                name,
                openers,
                seals,
                header,
                brought,
                _fetched,
                _lock: lock,
            });
        }
        let Some(key) = wanted.recovery else {
            return Err(match here {
                Err(error) => error.into(),
                // It is damaged, rather than somebody else's.
                Ok(Some(seals)) => match header_of(&Openers::own(&seals)?, &file) {
                    Err(error) => error.into(),
                    Ok(_) => BackupError::OtherKeys.into(),
                },
                Ok(None) => BackupError::OtherKeys.into(),
            });
        };
        let openers = Openers::recovery(&key);
        let header = header_of(&openers, &file)?;
        let Opened { seals, ledger } =
            open_copy(&openers, &keyring_of(&header, &file, &places, wanted.keyring).await?)?;
        // What was made before may have been for another key; names have no parts of seconds.
        let since = Timestamp(header.created - header.created.rem_euclid(1_000_000));
        let recovery = Recovery { key: key.public(), since };
        let brought = Some(Brought { ledger, recovery });
        let (config, _fetched) = (config.clone(), fetched);
        Ok(Self { config, file, name, openers, seals, header, brought, _fetched, _lock: lock })
    }

    /// The name of the backup.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        Timestamp(self.header.created)
    }

    /// Refuses what this version cannot read.
    ///
    /// # Errors
    /// [`BackupError::Newer`].
    pub fn can_be_read(&self) -> Result<(), StartError> {
        let (app, found) = (self.header.app.clone(), self.header.schema);
        let known = known_schema();
        match found > known {
            true => Err(BackupError::Newer { app, found, known }.into()),
            false => Ok(()),
        }
    }

    /// Tries it out in a folder of its own and removes that again.
    ///
    /// # Errors
    /// When it is damaged or cannot be opened.
    pub async fn verify(&self) -> Result<(Footer, Findings), StartError> {
        self.can_be_read()?;
        let folder = Fetched::new(&self.config.data_dir, "verify")?;
        let footer = self.unpack(&folder.0).await?;
        let findings = rehearse(&self.config, &folder.0, self.seals.apart()).await?;
        Ok((footer, findings))
    }

    async fn unpack(&self, into: &Path) -> Result<Footer, StartError> {
        let (into, file) = (into.to_owned(), self.file.clone());
        let (seals, openers) = (self.seals.clone(), self.openers.clone());
        let unpacked = crate::jobs::blocking(move || unpack(&openers, &file, &seals, &into)).await;
        Ok(unpacked.map_err(|_| BackupError::Broken)??.1)
    }

    /// Tries it out and puts it into the place of what is there. Where the root key lies, if it
    /// was made for this.
    ///
    /// # Errors
    /// When it cannot be given back; then what is there is as it was.
    pub async fn carry_out(
        self,
        accept_stale_ledger: bool,
    ) -> Result<(Findings, Option<PathBuf>), StartError> {
        let prepared = self.prepare(accept_stale_ledger).await?;
        let found = (prepared.findings, prepared.root.clone());
        prepared.carry_out()?;
        Ok(found)
    }

    /// Tries it out and has it ready beside what is there.
    ///
    /// # Errors
    /// When it cannot be given back; then what is there is as it was.
    pub async fn prepare(self, accept_stale_ledger: bool) -> Result<Prepared, StartError> {
        self.can_be_read()?;
        let mut prepared = Prepared {
            swap: Some(backup::begin(&self.config.data_dir)?),
            names: vec!["clonememoria.redb", FILES, "index"],
            findings: Findings::default(),
            root: None,
        };
        let folder = prepared.folder();
        self.unpack(&folder).await?;
        let ledger = self.ledger(&folder, accept_stale_ledger)?;
        prepared.findings = self.tried(&folder).await?;
        if ledger == Keep::Other {
            prepared.names.push(LEDGER);
        } else {
            drop(std::fs::remove_file(folder.join(LEDGER)));
        }
        if let Some(brought) = &self.brought {
            prepared.root = self.seals.found(&folder, &self.config.root_key)?;
            keep_recovery(&folder, &self.seals, &brought.recovery)?;
            prepared.names.extend(["keyring", RECOVERY]);
        }
        Ok(prepared)
    }

    /// Opens a copy of the database, because a trial leaves traces in it: what it notes as done
    /// was done with keys in memory only.
    async fn tried(&self, folder: &Path) -> Result<Findings, StartError> {
        let trial = Fetched::new(&self.config.data_dir, "trial")?;
        for path in [Store::file_in(folder), folder.join(LEDGER)] {
            let to = trial.0.join(path.file_name().unwrap_or_default());
            if path.exists() {
                let copied = tokio::fs::copy(&path, to).await;
                copied
                    .map_err(|source| BackupError::Io { what: "the trial".to_owned(), source })?;
            }
        }
        rehearse(&self.config, &trial.0, self.seals.apart()).await
    }

    /// Puts the ledger of erasures that goes on into the folder; which one it is.
    fn ledger(&self, folder: &Path, accept_stale: bool) -> Result<Keep, StartError> {
        let backed = ledger_in(folder)?.unwrap_or_default();
        // What came with the keys counts as what is here.
        let own = match &self.brought {
            Some(brought) => Some(brought.ledger.clone()),
            None => ledger_in(&self.config.data_dir)?.or_else(|| Some(Vec::new())),
        };
        let keep = which(own.as_deref(), &backed, accept_stale).map_err(BackupError::from)?;
        let kept = match keep {
            Keep::Own => own.unwrap_or_default(),
            Keep::Other => backed,
        };
        // The trial applies it as the start will.
        if !kept.is_empty() {
            let written = std::fs::write(folder.join(LEDGER), kept);
            written.map_err(|source| BackupError::Io { what: "the ledger".to_owned(), source })?;
        }
        Ok(if self.brought.is_some() { Keep::Other } else { keep })
    }

    /// Whether a server has data here already.
    pub fn replaces(&self) -> bool {
        Store::is_in(&self.config.data_dir)
    }
}

/// What was tried out and lies beside what is there; gone when it is dropped.
pub struct Prepared {
    // There until it is used.
    swap: Option<Swap>,
    names: Vec<&'static str>,
    findings: Findings,
    /// Where the root key lies, if it was made for this.
    root: Option<PathBuf>,
}

impl Prepared {
    fn folder(&self) -> PathBuf {
        self.swap.as_ref().map(Swap::folder).unwrap_or_default()
    }

    /// What was found in it.
    pub fn findings(&self) -> Findings {
        self.findings
    }

    /// Puts it into the place of what is there, which nobody uses.
    ///
    /// # Errors
    /// When the disk fails; the next start goes on with it then.
    pub fn carry_out(mut self) -> Result<(), BackupError> {
        self.swap.take().map_or(Ok(()), |swap| swap.carry_out(&self.names))
    }

    /// Has the next start put it into the place of what is there.
    ///
    /// # Errors
    /// When the disk fails; then it may or may not happen.
    pub fn leave(mut self) -> Result<(), BackupError> {
        self.swap.take().map_or(Ok(()), |swap| swap.leave(&self.names))
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(swap) = self.swap.take() {
            swap.give_up();
        }
    }
}

/// The backup as a file of this machine, and its name.
async fn fetch(
    config: &Config,
    places: &[Destination],
    wanted: Option<&str>,
    own: Option<&Seals>,
) -> Result<(PathBuf, String, Option<Fetched>), StartError> {
    if let Some(path) = wanted.map(Path::new).filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok((path.to_owned(), name, None));
    }
    if let Some(path) = wanted.filter(|wanted| wanted.contains('/') || places.is_empty()) {
        return Err(BackupError::Missing(path.to_owned()).into());
    }
    if places.is_empty() {
        return Err(BackupError::Nowhere.into());
    }
    let start = match own {
        Some(seals) => beginning(seals)?,
        None => "clonememoria-".to_owned(),
    };
    let mut found: Vec<(Kept, &Destination)> = Vec::new();
    for place in places {
        let start = wanted.unwrap_or(&start);
        found.extend(backups_at(place, start).await?.into_iter().map(|kept| (kept, place)));
    }
    if let Some(wanted) = wanted {
        found.retain(|(kept, _)| kept.name == wanted);
    }
    found.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let of = |name: &str| name.rsplitn(3, '-').last().unwrap_or_default().to_owned();
    if own.is_none() && found.windows(2).any(|two| of(&two[0].0.name) != of(&two[1].0.name)) {
        let what = "backups of several servers lie there: say which one".to_owned();
        return Err(BackupError::Place { place: places[0].label(), what }.into());
    }
    let missing = || BackupError::Missing(wanted.unwrap_or(&format!("*{ENDING}")).to_owned());
    let (kept, place) = found.last().ok_or_else(missing)?;
    let folder = Fetched::new(&config.data_dir, "fetched")?;
    let path = folder.0.join(&kept.name);
    place.fetch(&kept.name, &path).await?;
    Ok((path, kept.name.clone(), Some(folder)))
}

/// The copy of the keyring that belongs to a backup: the one that is named, one beside the file,
/// or one at a place.
async fn keyring_of(
    header: &Header,
    file: &Path,
    places: &[Destination],
    named: Option<PathBuf>,
) -> Result<Vec<u8>, StartError> {
    let name = copy_name(&header.instance);
    let beside = file.parent().map(|folder| folder.join(&name));
    if let Some(path) = named.or(beside.filter(|path| path.is_file())) {
        let read = std::fs::read(&path);
        return read.map_err(|source| SealError::File { path, source }.into());
    }
    for place in places {
        if let Some(bytes) = place.get(&name).await? {
            return Ok(bytes);
        }
    }
    Err(BackupError::NoCopy(name).into())
}
