//! `clonememoria import-memories`: memories from a file, one JSON object a line, through the same
//! call that every other program uses.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::line::{Line, refused};
use super::{ConfigArgs, Failure, runtime, say};
use crate::admin::{Operation, Outcome};

/// How many memories one call brings in.
const BATCH: usize = 500;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file: one JSON object a line, as in the memories of the HTTP API
    file: PathBuf,
    /// The clone they belong to
    #[arg(long, value_name = "ID")]
    clone: String,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What came of all batches.
#[derive(Default)]
struct Tally {
    created: u64,
    updated: u64,
    unchanged: u64,
    failed: u64,
}

pub fn run(args: &ImportArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let memories = read(&args.file)?;
    let tally = runtime()?.block_on(async {
        let mut line = Line::open(&config).await?;
        let outcome = import(&mut line, &args.clone, &memories).await;
        line.close().await;
        outcome
    })?;
    let Tally { created, updated, unchanged, failed } = tally;
    say(format_args!("{created} new, {updated} changed, {unchanged} the same, {failed} refused"));
    if failed > 0 {
        let message = format!("{failed} line(s) were refused");
        return Err(Failure::Refused { message, code: 65 });
    }
    Ok(())
}

/// The lines of the file with their numbers.
fn read(path: &Path) -> Result<Vec<(usize, Value)>, Failure> {
    let what = format!("{} cannot be read", path.display());
    let file = File::open(path).map_err(Failure::io(what.clone()))?;
    let mut memories = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(Failure::io(what.clone()))?;
        if line.trim().is_empty() {
            continue;
        }
        let memory = serde_json::from_str(&line).map_err(|_| Failure::Refused {
            message: format!("{}, line {}: not a JSON object", path.display(), at + 1),
            code: 65,
        })?;
        memories.push((at + 1, memory));
    }
    Ok(memories)
}

async fn import(
    line: &mut Line,
    clone: &str,
    memories: &[(usize, Value)],
) -> Result<Tally, Failure> {
    let act = Operation::ActForClone { clone: clone.to_owned() };
    let Outcome::Token(token) = line.operate(&act).await? else {
        return Err(Failure::Refused { message: "there is no such clone".to_owned(), code: 66 });
    };
    let mut tally = Tally::default();
    for batch in memories.chunks(BATCH) {
        let body = json!({"memories": batch.iter().map(|(_, memory)| memory).collect::<Vec<_>>()});
        let path = format!("/api/v1/clones/{clone}/memories/batch");
        let sent = body.to_string().into_bytes();
        let reply = line.send(Method::POST, &path, Some(&token), sent).await?;
        if !reply.good {
            return Err(refused(&reply.body));
        }
        let count = |key: &str| reply.body[key].as_u64().unwrap_or(0);
        tally.created += count("created");
        tally.updated += count("updated");
        tally.unchanged += count("unchanged");
        for failed in reply.body["failed"].as_array().into_iter().flatten() {
            tally.failed += 1;
            let at = failed["index"].as_u64().and_then(|at| usize::try_from(at).ok());
            let number = at.and_then(|at| batch.get(at)).map_or(0, |(number, _)| *number);
            say(format_args!("line {number}: {}", refused(&failed["problem"])));
        }
    }
    line.send(Method::POST, "/api/v1/auth/logout", Some(&token), Vec::new()).await?;
    Ok(tally)
}
