//! `clonememoria verify-erasure`: whether what a receipt says was erased is gone.

use std::path::PathBuf;

use clap::Args;

use super::line::Line;
use super::{ConfigArgs, Failure, runtime, say};
use crate::admin::{Operation, Outcome};
use crate::privacy::Claim;

#[derive(Debug, Args)]
pub struct VerifyErasureArgs {
    /// The receipt, as it was saved
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &VerifyErasureArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let path = args.receipt.display();
    let bytes =
        std::fs::read(&args.receipt).map_err(Failure::io(format!("{path} cannot be read")))?;
    let claim: Claim = serde_json::from_slice(&bytes).map_err(|_| Failure::Refused {
        message: format!("{path} is no receipt of an erasure"),
        code: 65,
    })?;
    runtime()?.block_on(async {
        let mut line = Line::open(&config).await?;
        let outcome = line.operate(&Operation::VerifyErasure { claim }).await;
        line.close().await;
        let Outcome::Erasure(looked) = outcome? else { return Ok(()) };
        for looked in &looked {
            say(format_args!("{} {}", if looked.good { "ok  " } else { "BAD " }, looked.text));
        }
        match looked.iter().filter(|looked| !looked.good).count() {
            0 => Ok(()),
            bad => {
                Err(Failure::Refused { message: format!("{bad} thing(s) are not gone"), code: 1 })
            }
        }
    })
}
