//! The server under test: a real process on a directory of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::{Outcome, Plan};

/// The setting of a server that understands words alone.
pub const WORDS_ONLY: (&str, &str) = ("CLONEMEMORIA_EMBEDDING_PROVIDER", "none");

const EMAIL: &str = "bench@example.org";
const PASSWORD: &str = "a long pass phrase for one benchmark";
/// Access tokens live ten minutes.
const FRESH: Duration = Duration::from_secs(240);

/// A process that listens, killed when dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it printed up to its being ready, and the link it may have printed.
    pub token: Option<String>,
    /// From the start of the process to its first good answer.
    pub took: Duration,
}

impl Process {
    /// Starts a program that prints `listening on http://ADDRESS`, and waits until `/healthz`
    /// answers.
    pub async fn start(command: &mut Command, wants_link: bool) -> Outcome<Self> {
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines.next().ok_or("the server did not start")??;
            let said = line.strip_prefix("listening on http");
            if let Some((_, address)) = said.and_then(|said| said.split_once("://")) {
                break address.parse()?;
            }
        };
        let mut process = Self { child, address, token: None, took: Duration::ZERO };
        let mut client = Client::connect(address, None).await?;
        client.bytes(Method::GET, "/healthz", Bytes::new()).await?;
        process.took = started.elapsed();
        while wants_link && process.token.is_none() {
            let line = lines.next().ok_or("the server printed no link")??;
            process.token = line.split_once("/welcome?token=").map(|(_, token)| token.into());
        }
        std::thread::spawn(move || lines.count());
        Ok(process)
    }

    /// Kilobytes: resident, and its fair share of what is shared.
    pub fn memory(&self) -> Outcome<Memory> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let read = |name: &str| -> Outcome<u64> {
            let line = text.lines().find(|line| line.starts_with(name)).ok_or("no such line")?;
            Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
        };
        Ok(Memory { resident: read("Rss:")?, proportional: read("Pss:")? })
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> Outcome<()> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Kilobytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Resident.
    pub resident: u64,
    /// With its share of what is shared.
    pub proportional: u64,
}

impl Memory {
    /// In megabytes.
    pub fn text(self) -> String {
        let mb = |kb: u64| kb as f64 / 1024.0;
        format!("{:.1} / {:.1}", mb(self.resident), mb(self.proportional))
    }
}

/// The server, set up and signed in.
pub struct Appliance {
    directory: TempDir,
    /// The running process.
    pub process: Process,
    session: Mutex<(Value, Instant)>,
    settings: Vec<(String, String)>,
    embeds: bool,
}

impl Appliance {
    /// On an empty directory.
    pub async fn start(plan: &Plan, settings: &[(&str, &str)]) -> Outcome<Self> {
        let directory = tempfile::tempdir()?;
        let kept = owned(settings);
        let process = Process::start(&mut command(plan, directory.path(), &kept), true).await?;
        let mut client = Client::connect(process.address, None).await?;
        let body = json!({
            "token": process.token, "email": EMAIL, "password": PASSWORD, "display_name": "Bench"
        });
        let session = client.json(Method::POST, "/api/v1/setup", bytes(&body)).await?;
        let embeds = !settings.contains(&WORDS_ONLY);
        Ok(Self {
            directory,
            process,
            session: Mutex::new((session, Instant::now())),
            settings: kept,
            embeds,
        })
    }

    /// Stops it in order and starts it on the same directory.
    pub async fn restart(&mut self, plan: &Plan) -> Outcome<Duration> {
        self.process.stop()?;
        let command = &mut command(plan, self.directory.path(), &self.settings);
        self.process = Process::start(command, false).await?;
        Ok(self.process.took)
    }

    /// A signed-in connection.
    pub async fn client(&self) -> Outcome<Client> {
        let mut client = Client::connect(self.process.address, None).await?;
        let (mut session, since) = self.session.lock().expect("no panic").clone();
        if since.elapsed() > FRESH {
            let body = json!({"refresh_token": session["refresh_token"]});
            session = client.json(Method::POST, "/api/v1/auth/refresh", bytes(&body)).await?;
            *self.session.lock().expect("no panic") = (session.clone(), Instant::now());
        }
        client.token = session["access_token"].as_str().map(str::to_owned);
        Ok(client)
    }

    /// Makes a clone and says its id.
    pub async fn clone_named(&self, name: &str) -> Outcome<String> {
        let body = json!({"name": name, "subject": "fictional"});
        let made = self.client().await?.json(Method::POST, "/api/v1/clones", bytes(&body)).await?;
        Ok(made["id"].as_str().ok_or("a clone without id")?.to_owned())
    }

    /// Changes for the text index and passages for a vector that wait.
    pub async fn pending(&self) -> Outcome<(usize, usize)> {
        let page = "/metrics/prometheus";
        let text = self.client().await?.bytes(Method::GET, page, Bytes::new()).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let read = |name: &str| -> Outcome<usize> {
            let line = text.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.rsplit(' ').next());
            Ok(number.ok_or_else(|| format!("no gauge {name}"))?.parse()?)
        };
        Ok((read("clonememoria_index_pending ")?, read("clonememoria_embedding_pending ")?))
    }

    /// Waits until nothing waits. Counting what waits costs the server time: the more there is,
    /// the less often it is asked.
    pub async fn quiet(&self) -> Outcome<()> {
        let mut calm = 0;
        while calm < 2 {
            let (index, embedding) = self.pending().await?;
            // Without a model they wait for one.
            let embedding = if self.embeds { embedding } else { 0 };
            let waiting = u64::try_from(index + embedding)?;
            calm = if waiting == 0 { calm + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(50 + (waiting / 2).min(5_000))).await;
        }
        Ok(())
    }

    /// Where it keeps everything.
    pub fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    /// Megabytes on disk.
    pub fn disk(&self) -> Outcome<f64> {
        let output = Command::new("du").arg("-sk").arg(self.directory.path()).output()?;
        let text = String::from_utf8(output.stdout)?;
        let kilobytes: f64 = text.split_whitespace().next().ok_or("no number")?.parse()?;
        Ok(kilobytes / 1024.0)
    }
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn command(plan: &Plan, directory: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(&plan.binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CLONEMEMORIA_") {
            command.env_remove(name);
        }
    }
    command
        .arg("serve")
        .env("CLONEMEMORIA_DATA_DIR", directory.join("data"))
        .env("CLONEMEMORIA_LISTEN", "127.0.0.1:0")
        .env("CLONEMEMORIA_LOG_LEVEL", "warn")
        .envs(settings.iter().cloned());
    command
}

/// JSON as it is sent.
pub fn bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}
