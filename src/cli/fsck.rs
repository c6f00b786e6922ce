//! `clonememoria fsck`: looks through all data of a server that is stopped.

use clap::Args;

use super::{ConfigArgs, Failure, say};
use crate::app::{Verdict, fsck};
use crate::store::Store;

#[derive(Debug, Args)]
pub struct FsckArgs {
    /// Remove what is damaged and only derived: it is made anew at the next start
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &FsckArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    if !config.data_dir.exists() {
        let message = format!("there is no data directory {}", config.data_dir.display());
        return Err(Failure::Refused { message, code: 66 });
    }
    let (mut damaged, mut derived) = (0, 0);
    for thing in fsck(&config, args.repair)? {
        let mark = match thing.verdict {
            Verdict::Sound => "ok   ",
            Verdict::Repaired => "fixed",
            Verdict::Derived => {
                derived += 1;
                "OLD  "
            }
            Verdict::Damaged => {
                damaged += 1;
                "BAD  "
            }
        };
        say(format_args!("{mark} {}: {}", thing.name, thing.detail));
    }
    let message = match (damaged, derived) {
        (0, 0) => return Ok(()),
        (0, derived) => format!(
            "{derived} derived things are damaged and made anew by the server; --repair removes \
             them now"
        ),
        (damaged, _) => format!(
            "{damaged} things are damaged; nothing was changed. Put the data directory back from \
             a backup ({} and the keyring together), or keep a copy of it and ask for help; see \
             \"A damaged database\" in the manual",
            Store::file_in(&config.data_dir).display()
        ),
    };
    Err(Failure::Refused { message, code: 65 })
}
