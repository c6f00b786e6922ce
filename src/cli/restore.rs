//! `clonememoria restore`: gives a backup back.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;

use super::backup::{KeyArgs, describe, tell};
use super::{ConfigArgs, Failure, runtime, say};
use crate::app::Restore;

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A file, or the name of a backup; the newest if nothing is said
    backup: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Go on though the ledger of erasures here is older than the backup
    #[arg(long)]
    accept_stale_ledger: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &RestoreArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let wanted = args.keys.wanted(args.backup.as_deref())?;
    runtime()?.block_on(async {
        let restore = Restore::take(&config, wanted).await?;
        describe(&restore);
        restore.can_be_read()?;
        if !args.yes {
            agreed(&restore)?;
        }
        let (findings, root_key) = restore.carry_out(args.accept_stale_ledger).await?;
        tell(&findings)?;
        say("It is in place. What was here before is kept until the server has started with it:");
        say("  clonememoria serve");
        if let Some(path) = root_key {
            say("");
            say("This machine has a root key of its own now. Keep a copy apart from the data:");
            say(format_args!("  {}", path.display()));
        }
        Ok(())
    })
}

fn agreed(restore: &Restore) -> Result<(), Failure> {
    let what = match restore.replaces() {
        true => "It takes the place of what is here now.",
        false => "There is no data here yet.",
    };
    confirmed(&format!("{what} It is tried out first. Type yes and press Enter to go on:"))
}

/// Asks, and goes on with a yes only.
pub fn confirmed(question: &str) -> Result<(), Failure> {
    say(question);
    let input = std::io::stdin();
    let mut line = String::new();
    let failed = Failure::io("the answer cannot be read from standard input");
    input.lock().read_line(&mut line).map_err(failed)?;
    if line.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    let hint = if input.is_terminal() { "" } else { "; without a terminal, say --yes" };
    Err(Failure::Refused { message: format!("nothing was changed{hint}"), code: 65 })
}
