//! How long a backup takes, and giving it back, beside copying the files with `cp`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::appliance::{Appliance, WORDS_ONLY};
use crate::figures::{table, times};
use crate::text::Writer;
use crate::{Outcome, Plan};

/// About so many bytes a memory, which is what makes a gigabyte in a few minutes.
const LONG: usize = 40_000;
/// Kept in a batch at once.
const BATCH: usize = 100;
/// No other backup beside the one that is measured.
const BY_HAND: (&str, &str) = ("CLONEMEMORIA_BACKUP_EVERY_HOURS", "0");

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let mut server = Appliance::start(plan, &[WORDS_ONLY, BY_HAND]).await?;
    let clone = server.clone_named("Long memories").await?;
    let mut writer = Writer::new(11);
    let count = plan.rounds(10_000, 300);
    for _ in 0..count / BATCH {
        super::load(&server, &clone, (0..BATCH).map(|_| long(&mut writer)).collect()).await?;
    }
    server.quiet().await?;
    let data = server.data();
    let database = data.join("clonememoria.redb");
    let size = database.metadata()?.len() as f64 / f64::from(1 << 20);
    let beside = tempfile::tempdir()?;
    let before = server.process.memory()?.resident;
    let rounds = plan.rounds(3, 1);
    let mut took = Vec::new();
    for _ in 0..rounds {
        let made = timed(run(plan, &data, &["backup", "--to"], beside.path()))?;
        let after = server.process.memory()?.resident;
        // Something is written in between, or the disk is not asked.
        let copied = timed(copy(&database, &beside.path().join("copy")))?;
        took.push((made, copied, after.saturating_sub(before)));
    }
    server.process.stop()?;
    let file = newest(beside.path())?;
    let verified = timed(run(plan, &data, &["backup", "verify"], &file))?;
    let restored = timed(run(plan, &data, &["restore", "--yes"], &file))?;
    took.sort_by_key(|(made, ..)| *made);
    let (made, copied, grown) = took[took.len() / 2];
    let told = |what: &str, time: Duration| {
        let rate = size / time.as_secs_f64();
        let slower = times(time.as_secs_f64(), copied.as_secs_f64());
        vec![what.to_owned(), format!("{:.1} s", time.as_secs_f64()), format!("{rate:.0}"), slower]
    };
    let rows = [
        told("`cp` of the database file, synced", copied),
        told("`backup`, while the server runs", made),
        told("`backup verify`", verified),
        told("`restore`, tried out and in place", restored),
    ];
    let head = ["", "time", "MB a second", "times `cp`"];
    table(&format!("Backup of {size:.0} MB in {count} memories"), &head, &rows);
    println!("The server's memory grew by {} MB meanwhile.", grown / 1024);
    Ok(())
}

fn long(writer: &mut Writer) -> Value {
    let mut content = String::with_capacity(LONG + 400);
    while content.len() < LONG {
        content.push_str(writer.memory()["content"].as_str().unwrap_or("."));
        content.push(' ');
    }
    json!({"content": content})
}

fn run(plan: &Plan, data: &Path, command: &[&str], argument: &Path) -> Command {
    let mut run = Command::new(&plan.binary);
    run.args(command).arg(argument).arg("--data-dir").arg(data).stdout(Stdio::null());
    run
}

fn copy(from: &Path, to: &Path) -> Command {
    let mut copy = Command::new("sh");
    copy.arg("-c").arg("cp --reflink=never \"$0\" \"$1\" && sync \"$1\"").arg(from).arg(to);
    copy
}

fn timed(mut command: Command) -> Outcome<Duration> {
    let started = Instant::now();
    let status = command.status()?;
    let took = started.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?} failed").into()) }
}

fn newest(folder: &Path) -> Outcome<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "cmb"))
        .collect();
    found.sort();
    found.pop().ok_or_else(|| "there is no backup".into())
}
