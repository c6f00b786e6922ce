//! `clonememoria rollback`: back to how it was before an upgrade.

use clap::Args;

use super::restore::confirmed;
use super::{ConfigArgs, Failure, say};
use crate::app::Rollback;

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &RollbackArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let rollback = Rollback::take(&config)?;
    let made_at = rollback.snapshot().made_at;
    say(format_args!("The database as it was before the upgrade, at {made_at}."));
    if !args.yes {
        confirmed("What was written down since then is lost. Type yes and press Enter to go on:")?;
    }
    rollback.carry_out()?;
    say("It is in place. Now start the server: clonememoria serve");
    Ok(())
}
