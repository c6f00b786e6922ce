//! `clonememoria import-export`: what somebody took along elsewhere, into an account here.

use std::path::PathBuf;

use clap::Args;

use super::line::Line;
use super::{ConfigArgs, Failure, runtime, say};
use crate::admin::{Operation, Outcome};

#[derive(Debug, Args)]
pub struct ImportExportArgs {
    /// The ZIP that the account page, or `GET /auth/me/export`, gave
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The address of the account that gets it; it must have no clones yet
    #[arg(long)]
    email: String,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &ImportExportArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let path = std::path::absolute(&args.file).map_err(Failure::io("the file cannot be found"))?;
    let operation = Operation::ImportExport { path, email: args.email.clone() };
    let outcome = runtime()?.block_on(async {
        let mut line = Line::open(&config).await?;
        let outcome = line.operate(&operation).await;
        line.close().await;
        outcome
    })?;
    if let Outcome::Imported(counts) = outcome {
        for (record, count) in counts {
            say(format_args!("{record}: {count}"));
        }
        say("It is all there.");
    }
    Ok(())
}
