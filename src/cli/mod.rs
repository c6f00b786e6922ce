//! The command line: one file a command.
//!
//! Commands on a data directory speak with its server over `control.sock`; without a server they
//! take the directory themselves, so that both ways do the same (`line`).

mod admin;
mod backup;
mod config_show;
mod doctor;
mod fsck;
mod healthcheck;
mod import_export;
mod import_memories;
mod line;
mod logging;
mod memory;
mod openapi;
mod restore;
mod rollback;
mod serve;
mod verify_erasure;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::StartError;
use crate::config::{Config, ConfigError, Layers};

/// Keep the memories of a person, and let the people they chose talk with an AI clone that
/// answers from them and says which ones.
#[derive(Debug, Parser)]
#[command(name = "clonememoria", version, disable_help_subcommand = true)]
#[command(after_help = "First time? Run `clonememoria serve` and open the link it prints.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(ConfigArgs),
    /// Make accounts and links
    Admin {
        #[command(subcommand)]
        command: admin::AdminCommand,
    },
    /// Make a backup, or look after backups
    Backup(backup::BackupArgs),
    /// Give a backup back
    Restore(restore::RestoreArgs),
    /// Go back to how it was before an upgrade
    Rollback(rollback::RollbackArgs),
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Check that this machine and its data are fine
    Doctor(doctor::DoctorArgs),
    /// Look through all data of a server that is stopped
    Fsck(fsck::FsckArgs),
    /// Ask a running server whether it is ready (for containers)
    Healthcheck(ConfigArgs),
    /// Bring memories in from a file with one JSON object a line
    ImportMemories(import_memories::ImportArgs),
    /// Check that what a receipt says was erased is gone
    VerifyErasure(verify_erasure::VerifyErasureArgs),
    /// Bring in what somebody took along from another server
    ImportExport(import_export::ImportExportArgs),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every setting, its value and where it comes from
    Show(ConfigArgs),
}

/// Where the configuration comes from, and what overrides it.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// Where everything is kept [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address and port to serve on [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "CLONEMEMORIA_CONFIG")]
    config: Option<PathBuf>,
    /// Any setting, as `section.key=value`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The program cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Something was asked that cannot be done; the exit code says what kind.
    #[error("{message}")]
    Refused {
        /// What cannot be done.
        message: String,
        /// The exit code.
        code: u8,
    },
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Failure {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::Start(error) => error.exit_code(),
            Self::Refused { code, .. } => *code,
            Self::Io { .. } => 74,
        }
    }
}

impl ConfigArgs {
    fn load(&self) -> Result<(Config, Layers), Failure> {
        let mut flags = Vec::new();
        if let Some(directory) = &self.data_dir {
            flags.push(("server.data_dir", "--data-dir", directory.display().to_string()));
        }
        if let Some(listen) = &self.listen {
            flags.push(("server.listen", "--listen", listen.clone()));
        }
        for setting in &self.set {
            let known = setting.split_once('=').and_then(|(key, value)| {
                let key = crate::config::KEYS.iter().find(|info| info.name == key.trim())?;
                Some((key.name, "--set", value.to_owned()))
            });
            let Some(flag) = known else {
                let key = setting.split('=').next().unwrap_or_default().to_owned();
                return Err(ConfigError::UnknownKey { key, path: None }.into());
            };
            flags.push(flag);
        }
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Config::load(self.config.as_deref(), environment, &flags)?)
    }
}

/// Runs the command that was given and says how it went.
pub fn run() -> ExitCode {
    memory::give_back_large_pieces();
    let private = memory::keep_private();
    let cli = Cli::parse();
    // Whatever is written is for the account that runs the server and for nobody else.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let outcome = match cli.command {
        Command::Serve(args) => serve::run(&args, private.is_ok()),
        Command::Admin { command } => admin::run(&command),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Rollback(args) => rollback::run(&args),
        Command::Config { command: ConfigCommand::Show(args) } => config_show::run(&args),
        Command::Openapi => openapi::run(),
        Command::Doctor(args) => doctor::run(&args),
        Command::Fsck(args) => fsck::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::ImportMemories(args) => import_memories::run(&args),
        Command::VerifyErasure(args) => verify_erasure::run(&args),
        Command::ImportExport(args) => import_export::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "clonememoria: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints a line on standard output. A reader that went away is no reason to fail.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The runtime that commands run on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("clonememoria")
        .build()
        .map_err(Failure::io("the threads cannot be started"))
}
