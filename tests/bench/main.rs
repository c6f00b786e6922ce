//! The load generator of `make bench`: starts the real server and measures it from outside,
//! over HTTP, beside something to compare with in the same run. See `docs/performance.md`.
//!
//! `load --bin PROGRAM [--testing PROGRAM] [--quick] [--words-only] [--only NAME]...`

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program of its own, for developers, whose tasks nothing has to wait for"
)]

mod appliance;
mod client;
mod figures;
mod steps;
mod text;
mod upstream;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What to measure.
#[derive(Clone)]
pub struct Plan {
    /// The server's program.
    pub binary: PathBuf,
    /// The same, built with the feature `testing`.
    pub testing: Option<PathBuf>,
    /// Fewer rounds, and no store of 100,000 memories.
    pub quick: bool,
    /// Searches in large stores by words alone: no half an hour of embedding on a slow machine.
    pub words_only: bool,
    only: Vec<String>,
}

impl Plan {
    fn from_arguments() -> Outcome<Self> {
        let mut plan = Self {
            binary: PathBuf::new(),
            testing: None,
            quick: false,
            words_only: false,
            only: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bin" => plan.binary = arguments.next().unwrap_or_default().into(),
                "--testing" => plan.testing = arguments.next().map(PathBuf::from),
                "--quick" => plan.quick = true,
                "--words-only" => plan.words_only = true,
                "--only" => plan.only.extend(arguments.next()),
                // Added by `cargo bench`.
                "--bench" => {}
                other => return Err(format!("{other} is not known").into()),
            }
        }
        if plan.binary.is_file() { Ok(plan) } else { Err("--bin must name the server".into()) }
    }

    /// The same with another program.
    pub fn with(&self, binary: &std::path::Path) -> Self {
        Self { binary: binary.to_owned(), ..self.clone() }
    }

    fn wants(&self, step: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == step)
    }

    /// One number for a real run, another for a quick one.
    pub fn rounds(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    if std::env::args().nth(1).as_deref() == Some("hello") {
        return match runtime.block_on(upstream::hello()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match Plan::from_arguments().and_then(|plan| runtime.block_on(measure(&plan))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(plan: &Plan) -> Outcome<()> {
    if plan.wants("start") {
        steps::start::measure(plan).await?;
    }
    if plan.wants("writes") {
        steps::writes::measure(plan).await?;
    }
    if plan.wants("sealing") {
        steps::sealing::measure(plan).await?;
    }
    if plan.wants("erasing") {
        steps::erasing::measure(plan).await?;
    }
    if plan.wants("backup") {
        steps::backup::measure(plan).await?;
    }
    if plan.wants("streams") {
        steps::streams::measure(plan).await?;
    }
    if plan.wants("floods") {
        steps::floods::measure(plan).await?;
    }
    if plan.wants("stalls") {
        steps::stalls::measure(plan).await?;
    }
    if plan.wants("signins") {
        steps::sign_ins::measure(plan).await?;
    }
    if plan.wants("timing") {
        steps::timing::measure(plan).await?;
    }
    if plan.wants("hostile") {
        steps::hostile::measure(plan).await?;
    }
    if plan.wants("search") {
        steps::search::measure(plan).await?;
    }
    Ok(())
}
