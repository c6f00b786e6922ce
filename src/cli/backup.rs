//! `clonememoria backup …`: makes backups, looks whether they are good, and sets up the recovery
//! key.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::line::Line;
use super::{ConfigArgs, Failure, runtime, say};
use crate::admin::{Operation, Outcome, RecoveryState};
use crate::app::Restore;
use crate::backup::{Findings, Made, PublicKey, RecoveryKey, Wanted};
use crate::config::Config;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// A directory to put it in, instead of where the settings say
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// List the backups that lie where they go
    List(ConfigArgs),
    /// Try a backup out: decrypt it, open it, read every row, search in it
    Verify(VerifyArgs),
    /// Make a recovery key, without which a backup opens on this machine only
    RecoveryKey(RecoveryArgs),
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A file, or the name of a backup; the newest if nothing is said
    backup: Option<String>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What opens a backup where the keys of its server are not.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The file with the recovery key
    #[arg(long, value_name = "FILE")]
    recovery_key: Option<PathBuf>,
    /// The copy of the keyring, where it does not lie beside the backup
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RecoveryArgs {
    /// Use a key of age that is kept already: its public half, age1…
    #[arg(long, value_name = "AGE1…")]
    public_key: Option<String>,
    /// Only show how it is about the recovery key
    #[arg(long, conflicts_with = "public_key")]
    show: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

impl KeyArgs {
    /// What is asked for with these keys.
    pub fn wanted(&self, backup: Option<&str>) -> Result<Wanted, Failure> {
        let read = |path: &PathBuf| {
            let failed = Failure::io(format!("{} cannot be read", path.display()));
            let text = std::fs::read_to_string(path).map_err(failed)?;
            RecoveryKey::read(&text).map_err(|error| Failure::Start(error.into()))
        };
        Ok(Wanted {
            backup: backup.map(str::to_owned),
            recovery: self.recovery_key.as_ref().map(read).transpose()?,
            keyring: self.keyring.clone(),
        })
    }
}

pub fn run(args: &BackupArgs) -> Result<(), Failure> {
    match &args.command {
        None => make(args),
        Some(BackupCommand::List(config)) => list(config),
        Some(BackupCommand::Verify(args)) => verify(args),
        Some(BackupCommand::RecoveryKey(args)) => recovery_key(args),
    }
}

fn operate(config: &Config, operation: &Operation) -> Result<Outcome, Failure> {
    runtime()?.block_on(async {
        let mut line = Line::open(config).await?;
        let outcome = line.operate(operation).await;
        line.close().await;
        outcome
    })
}

fn make(args: &BackupArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let to = args.to.as_ref().map(std::path::absolute).transpose();
    let to = to.map_err(Failure::io("the directory is none"))?;
    let done = runtime()?.block_on(async {
        let mut line = Line::open(&config).await?;
        let made = line.operate(&Operation::BackUp { to }).await;
        let state = line.operate(&Operation::RecoveryState).await;
        line.close().await;
        Ok::<_, Failure>((made?, state?))
    })?;
    let (Outcome::Backup(made), Outcome::Recovery(state)) = done else { return Ok(()) };
    say(format_args!(
        "{}: {} bytes, {} rows, {} files",
        made.name, made.size, made.rows, made.files
    ));
    for place in &made.places {
        say(format_args!("  is in {place}"));
    }
    for (place, what) in &made.failed {
        say(format_args!("  is not in {place}: {what}"));
    }
    warn_of_keys(&made, &state);
    match made.failed.len() {
        0 => Ok(()),
        some => Err(Failure::Refused { message: format!("{some} place(s) failed"), code: 74 }),
    }
}

/// What a backup is worth depends on where the keys are.
fn warn_of_keys(made: &Made, state: &RecoveryState) {
    if made.is_restorable || made.places.is_empty() {
        return;
    }
    say("");
    if state.key.is_none() {
        say("It opens on this machine only: if the machine is lost, so is everything.");
        say("Make a recovery key with: clonememoria backup recovery-key");
    } else {
        say(
            "The keys that belong to it are copied to no place: set backup.directory or backup.s3,",
        );
        say("or it opens on this machine only.");
    }
}

fn list(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    let Outcome::Backups(kept) = operate(&config, &Operation::Backups)? else { return Ok(()) };
    for one in &kept {
        say(format_args!("{}  {} bytes  in {}", one.name, one.size, one.place));
    }
    if kept.is_empty() {
        say("There is no backup.");
    }
    Ok(())
}

fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let wanted = args.keys.wanted(args.backup.as_deref())?;
    runtime()?.block_on(async {
        let restore = Restore::look(&config, wanted).await?;
        describe(&restore);
        let (footer, findings) = restore.verify().await?;
        say(format_args!("{} rows, {} files: all are there.", footer.rows(), footer.files));
        tell(&findings)
    })
}

/// Says what a backup is of.
pub fn describe(restore: &Restore) {
    let header = restore.header();
    say(format_args!("{}", restore.name()));
    say(format_args!(
        "  made at {} by version {}, schema {}, server {}",
        restore.made_at(),
        header.app,
        header.schema,
        header.instance
    ));
}

/// Says what was found when it was tried out.
pub fn tell(findings: &Findings) -> Result<(), Failure> {
    let Findings { rows, erased, accounts, clones, memories, searches, found, .. } = findings;
    say(format_args!("It opens: {accounts} accounts, {clones} clones, {memories} memories."));
    say(format_args!("{rows} rows were read; {found} of {searches} searches found their memory."));
    let Findings { files, damaged_files, .. } = findings;
    say(format_args!("{files} files of memories were read; {damaged_files} are damaged."));
    if *erased > 0 {
        say(format_args!("{erased} rows belong to what was erased since, and stay unreadable."));
    }
    match found == searches {
        true => Ok(()),
        false => Err(Failure::Refused { message: "not every search found".to_owned(), code: 65 }),
    }
}

fn recovery_state(config: &Config) -> Result<RecoveryState, Failure> {
    match operate(config, &Operation::RecoveryState)? {
        Outcome::Recovery(state) => Ok(state),
        _ => Ok(RecoveryState::default()),
    }
}

fn recovery_key(args: &RecoveryArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    if args.show {
        return tell_state(&config, &recovery_state(&config)?);
    }
    let public = match &args.public_key {
        Some(text) => {
            PublicKey::read(text).map_err(|error| Failure::Start(error.into()))?.to_string()
        }
        None => generated()?,
    };
    match operate(&config, &Operation::KeepRecoveryKey { key: public })? {
        Outcome::Recovery(state) => tell_state(&config, &state),
        _ => Ok(()),
    }
}

/// Shows a new key once and has it proven that it was kept. Only its public half leaves here.
fn generated() -> Result<String, Failure> {
    let key = RecoveryKey::generate();
    let shown = key.reveal();
    say("This is the recovery key. With it and a backup everything can be given back, on any");
    say("machine; without it, only on this one. Nobody can show it again. Write it down or save");
    say("it, apart from this machine and from the backups:");
    say("");
    say(format_args!("  {}", shown.reveal()));
    say("");
    let input = std::io::stdin();
    let last = 8;
    say(format_args!("Type its last {last} characters, or paste all of it, and press Enter:"));
    let mut line = String::new();
    let failed = Failure::io("the answer cannot be read from standard input");
    input.lock().read_line(&mut line).map_err(failed)?;
    let typed = line.trim().to_uppercase();
    let is_proven = typed.len() >= last && shown.reveal().ends_with(&typed);
    if !is_proven {
        let hint = if input.is_terminal() { "; run it again for another one" } else { "" };
        let message = format!("that is not the end of the key: it does not count{hint}");
        return Err(Failure::Refused { message, code: 65 });
    }
    Ok(key.public().to_string())
}

fn tell_state(config: &Config, state: &RecoveryState) -> Result<(), Failure> {
    let Some(key) = &state.key else {
        say("There is no recovery key: backups open on this machine only.");
        return Ok(());
    };
    let since = state.since.map(|since| since.to_string()).unwrap_or_default();
    say(format_args!("The recovery key counts since {since}: {key}"));
    if config.backup.directory.is_none() && config.backup.bucket.is_none() {
        say("The keys are copied nowhere yet: set backup.directory or backup.s3.");
    }
    let mut behind = 0;
    for copy in &state.copies {
        let is_current = copy.generation.is_some_and(|found| found >= state.generation);
        behind += usize::from(!is_current);
        let how = if is_current { "the present keys are" } else { "the present keys are not" };
        let why = copy.failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        say(format_args!("  {how} in {}{why}", copy.place));
    }
    match behind {
        0 => Ok(()),
        _ => Err(Failure::Refused {
            message: "a backup there cannot be given back elsewhere until they are".to_owned(),
            code: 74,
        }),
    }
}
