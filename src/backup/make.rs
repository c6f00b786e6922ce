//! Making one backup: onto the disk of the data directory, then to where it shall lie.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{
    BackupError, Backups, Copy, Destination, ENDING, FILES, Footer, Header, Made, TMP, backups_at,
    crypt, recovery_in, write,
};
use crate::jobs::blocking;
use crate::store::Store;

/// A file on its way, gone when dropped.
struct Spool(PathBuf);

impl Drop for Spool {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

impl Backups {
    pub(super) async fn made(&self, to: Option<PathBuf>) -> Result<Made, BackupError> {
        let once = to.map(|path| vec![Destination::Directory(path)]);
        let places = once.as_ref().unwrap_or(&self.0.places);
        if places.is_empty() {
            return Err(BackupError::Nowhere);
        }
        let this = self.clone();
        let written = blocking(move || this.spool()).await.map_err(|_| BackupError::Broken)?;
        let (spool, header, footer) = written?;
        let size = spool.0.metadata().map_err(BackupError::io("the backup cannot be read"))?.len();
        let name = self.name_of(&header)?;
        let mut made = Made {
            name: name.clone(),
            size,
            rows: footer.rows(),
            files: footer.files,
            places: Vec::new(),
            failed: Vec::new(),
            is_restorable: false,
        };
        for place in places {
            let stop = &self.0.stop;
            let put = async {
                if once.is_none() {
                    place.sweep(&format!("clonememoria-{}", self.0.instance)).await?;
                    self.copy_to(place).await?;
                }
                place.put_file(&name, &spool.0, stop).await?;
                if once.is_none() { self.prune(place).await } else { Ok(()) }
            };
            let put = tokio::select! {
                () = stop.cancelled() => Err(BackupError::Stopped),
                put = put => put,
            };
            match put {
                Ok(()) => made.places.push(place.label()),
                Err(BackupError::Place { place, what }) => made.failed.push((place, what)),
                Err(error) => made.failed.push((place.label(), error.to_string())),
            }
        }
        let has_keys = |copy: &Copy| copy.generation.is_some_and(|found| found >= header.keyring);
        made.is_restorable = !made.places.is_empty() && self.copies().iter().any(has_keys);
        Ok(made)
    }

    fn name_of(&self, header: &Header) -> Result<String, BackupError> {
        let mut salt = [0; 2];
        getrandom::fill(&mut salt).map_err(|_| BackupError::Broken)?;
        let moment = jiff::Timestamp::from_microsecond(header.created);
        let moment = moment.map_err(|_| BackupError::Broken)?.strftime("%Y%m%dT%H%M%SZ");
        let (instance, [one, two]) = (&header.instance, salt);
        Ok(format!("clonememoria-{instance}-{moment}-{one:02x}{two:02x}{ENDING}"))
    }

    /// Writes the backup into the data directory.
    fn spool(&self) -> Result<(Spool, Header, Footer), BackupError> {
        let tmp = self.0.directory.join(TMP);
        std::fs::create_dir_all(&tmp).map_err(BackupError::io("tmp cannot be made"))?;
        self.has_room(&tmp)?;
        let spool = Spool(tmp.join(format!("backup-{}", std::process::id())));
        let failed = BackupError::io("the backup cannot be written to the data directory");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&spool.0)
            .map_err(&failed)?;
        let recovery = recovery_in(&self.0.directory, &self.0.seals)?;
        let sealing = crypt::seal(
            &self.0.seals,
            recovery.as_ref().map(|recovery| &recovery.key),
            BufWriter::with_capacity(1 << 18, file),
        )?;
        let source = write::Source {
            store: &self.0.store,
            seals: &self.0.seals,
            tables: &self.0.tables,
            directory: &self.0.directory,
            instance: &self.0.instance,
            now: self.0.clock.now(),
            stop: &self.0.stop,
        };
        let (header, footer, sealing) = write::write(&source, sealing)?;
        let mut out = sealing.finish().map_err(&failed)?;
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(&failed)?;
        Ok((spool, header, footer))
    }

    /// A backup is hardly larger than what it is of.
    fn has_room(&self, tmp: &Path) -> Result<(), BackupError> {
        let mut files = write::files_below(&self.0.directory.join(FILES))?;
        files.push(Store::file_in(&self.0.directory));
        let needed = files.iter().map(size_of).sum();
        room_for(needed, tmp)
    }

    /// Removes the oldest of this instance beyond those that are kept.
    async fn prune(&self, place: &Destination) -> Result<(), BackupError> {
        let mut found = backups_at(place, &format!("clonememoria-{}-", self.0.instance)).await?;
        found.truncate(found.len().saturating_sub(self.0.keep));
        for old in found {
            place.remove(&old.name).await?;
        }
        Ok(())
    }
}

fn size_of(path: impl AsRef<Path>) -> u64 {
    path.as_ref().metadata().map(|meta| meta.len()).unwrap_or_default()
}

/// Refuses what is not sure to fit where a folder is.
pub(super) fn room_for(bytes: u64, folder: &Path) -> Result<(), BackupError> {
    let needed = bytes / 8 * 9;
    let free = rustix::fs::statvfs(folder).map_err(std::io::Error::from);
    let free = free.map_err(BackupError::io("the free space cannot be asked for"))?;
    let free = free.f_bavail.saturating_mul(free.f_frsize);
    if free < needed { Err(BackupError::NoRoom { needed, free }) } else { Ok(()) }
}
