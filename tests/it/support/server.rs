//! The real server on a temporary data directory.
//!
//! When it is dropped it must not have logged an error, and nothing that was sent to it may stand
//! in its log.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Client, Sent, text};
use super::command::{BINARY, Ended, run};
use super::small_disk::SmallDisk;
use super::{PASSWORD, PATIENCE, until};

/// A server, running or between two runs.
pub struct Server {
    directory: TempDir,
    environment: Vec<(String, String)>,
    process: Option<Process>,
    address: SocketAddr,
    base: String,
    setup_token: Option<String>,
    log: Arc<Mutex<String>>,
    excused: Vec<&'static str>,
    sent: Sent,
    disk: Option<SmallDisk>,
    watched: Vec<String>,
}

struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// A fresh server on which everybody may register.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A fresh server with these settings (environment variables).
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let mut server = Self::prepared(settings);
        server.run().await;
        server
    }

    /// A server whose answers are written by an upstream, impatient with silence.
    pub async fn answering_from(base_url: &str) -> Self {
        Self::with(&[
            ("CLONEMEMORIA_LLM_BASE_URL", base_url),
            ("CLONEMEMORIA_LLM_MODEL", "small"),
            ("CLONEMEMORIA_LLM_API_KEY", "sk-c4n4ry-never-shown"),
            ("CLONEMEMORIA_LLM_FIRST_TOKEN_SECONDS", "1"),
            ("CLONEMEMORIA_LLM_IDLE_SECONDS", "1"),
        ])
        .await
    }

    /// A data directory and settings, with no server running yet.
    pub fn prepared(settings: &[(&str, &str)]) -> Self {
        let mut environment = vec![
            ("CLONEMEMORIA_REGISTRATION".to_owned(), "open".to_owned()),
            // Many servers run at a time, on machines of all sizes.
            ("CLONEMEMORIA_LIMITS_FREE_DISK_MB".to_owned(), "16".to_owned()),
            ("CLONEMEMORIA_LIMITS_RESERVE_MB".to_owned(), "1".to_owned()),
        ];
        for (name, value) in settings {
            environment.retain(|(known, _)| known != name);
            environment.push(((*name).to_owned(), (*value).to_owned()));
        }
        let sent = Sent::default();
        sent.lock().expect("no panic").insert("c4n4ry".to_owned());
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            environment,
            process: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            base: String::new(),
            setup_token: None,
            log: Arc::default(),
            excused: Vec::new(),
            sent,
            disk: None,
            watched: Vec::new(),
        }
    }

    /// The same on a disk of its own, of so many megabytes; nothing where none can be made.
    pub fn on_small_disk(megabytes: u64, settings: &[(&str, &str)]) -> Option<Self> {
        let mut server = Self::prepared(settings);
        server.disk = Some(SmallDisk::at(server.directory.path(), megabytes)?);
        Some(server)
    }

    /// The disk of its own.
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("a small disk")
    }

    /// From its next run on a setting has this value, or none.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// From the next run on it runs under another program, such as one that makes its calls fail.
    pub fn under(&mut self, program: &[&str]) {
        self.watched = program.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Starts it and waits until it dies at a point of its start.
    pub async fn dies_at_start(&mut self, point: &str) {
        self.environment.push(("TESTING_KILL_AT".to_owned(), format!("{point}:1")));
        self.begin();
        let died = self.dies(PATIENCE).await;
        assert!(died, "nobody passed {point}");
        self.environment.pop();
    }

    /// Whether it dies by itself within a time.
    pub async fn dies(&mut self, within: Duration) -> bool {
        let begun = std::time::Instant::now();
        while begun.elapsed() < within {
            let child = &mut self.process.as_mut().expect("it runs").child;
            if child.try_wait().expect("a child").is_some() {
                self.ended().await;
                return true;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        false
    }

    /// Starts it (again) and waits until it answers.
    pub async fn run(&mut self) {
        if let Err(code) = self.run_or_end().await {
            panic!("it ended with {code}");
        }
    }

    /// Starts it (again) and waits until it answers, or has ended with this exit code.
    pub async fn run_or_end(&mut self) -> Result<(), i32> {
        let said = self.begin();
        let url = until("the server listens", || async {
            if self.has_ended() {
                return Some(None);
            }
            let said = said.lock().expect("no panic");
            let url = said.lines().find_map(|line| line.strip_prefix("listening on http"));
            url.map(|url| Some(url.to_owned()))
        });
        let Some(url) = url.await else { return Err(self.ended().await) };
        let (_, url) = url.split_once("://").expect("a scheme");
        let url = url.to_owned();
        let (address, base) = match url.find('/') {
            Some(at) => url.split_at(at),
            None => (url.as_str(), ""),
        };
        self.address = address.parse().expect("an address");
        self.base = base.to_owned();
        until("the server is healthy", || async {
            let reply = self.client().page("/healthz").attempt().await?;
            (reply.status == 200).then_some(())
        })
        .await;
        if self.client().get("/setup").await.is(200)["needed"] == true {
            let token = until("the link is printed", || async {
                let said = said.lock().expect("no panic");
                let (_, after) = said.split_once("/welcome?token=")?;
                after.split_once('\n').map(|(token, _)| token.trim().to_owned())
            });
            self.setup_token = Some(token.await);
        }
        Ok(())
    }

    fn begin(&mut self) -> Arc<Mutex<String>> {
        assert!(self.process.is_none(), "it runs already");
        let inside = self.disk.as_ref().map(SmallDisk::enter).unwrap_or_default();
        let before = [inside, self.watched.clone(), vec![BINARY.to_owned()]].concat();
        let mut child = Command::new(&before[0])
            .args(&before[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.directory.path().join("data"))
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(std::env::var_os("TESTING_FAULT").map(|fault| ("TESTING_FAULT", fault)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let said: Arc<Mutex<String>> = Arc::default();
        let readers = vec![
            gather(child.stdout.take().expect("piped"), Arc::clone(&said)),
            gather(child.stderr.take().expect("piped"), Arc::clone(&self.log)),
        ];
        self.process = Some(Process { child, said: Arc::clone(&said), readers });
        said
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        let process = self.process.as_ref().expect("it was started");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.child.id()));
        stat.map_or(true, |stat| stat.rsplit(')').next().is_some_and(|s| s.starts_with(" Z")))
    }

    /// Errors of the log that say this are what the test wants.
    pub fn excuse(&mut self, words: &'static str) {
        self.excused.push(words);
    }

    /// The data directory, as it is reached from here.
    pub fn data(&self) -> PathBuf {
        let directory = self.directory.path();
        self.disk.as_ref().map_or(directory.to_owned(), |disk| disk.seen(directory)).join("data")
    }

    /// A place beside the data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token of the printed link.
    pub fn setup_token(&self) -> &str {
        self.setup_token.as_deref().expect("a link was printed")
    }

    /// Everything it printed in this run.
    pub fn said(&self) -> String {
        self.process.as_ref().expect("it runs").said.lock().expect("no panic").clone()
    }

    /// Its log so far, of all runs.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// The last of it.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Somebody who is not signed in.
    pub fn client(&self) -> Client {
        Client {
            address: self.address,
            base: self.base.clone(),
            token: None,
            sent: Arc::clone(&self.sent),
        }
    }

    /// The same person at this run's address.
    pub fn again(&self, client: &Client) -> Client {
        self.client().with_token(client.token())
    }

    /// Makes the first account and signs in.
    pub async fn admin(&self) -> Client {
        let body = json!({
            "token": self.setup_token(),
            "email": "admin@example.org",
            "password": PASSWORD,
            "display_name": "The Admin",
        });
        let session = self.client().post("/setup", body).await.is(201);
        self.client().with_token(&text(&session["access_token"]))
    }

    /// The same person, signed in anew: an access token lives ten minutes.
    pub async fn admin_again(&self) -> Client {
        self.signed_in("admin@example.org").await
    }

    /// Somebody with the usual password, signed in.
    pub async fn signed_in(&self, email: &str) -> Client {
        let body = json!({"email": email, "password": PASSWORD});
        let session = self.client().post("/auth/login", body).await.is(200);
        self.client().with_token(&text(&session["access_token"]))
    }

    /// Makes an account and signs in; the first account exists already.
    pub async fn account(&self, name: &str) -> Client {
        let body = json!({
            "email": format!("{name}@example.org"),
            "password": PASSWORD,
            "display_name": name,
        });
        let session = self.client().post("/auth/register", body).await.is(201);
        self.client().with_token(&text(&session["access_token"]))
    }

    /// Asks over the control socket; status and body.
    pub async fn operate(&self, operation: Value) -> (u16, Value) {
        let path = self.data().join("control.sock");
        let stream = tokio::net::UnixStream::connect(path).await;
        let mut stream = stream.unwrap_or_else(|error| panic!("{error}: {}", self.log_end()));
        let body = operation.to_string();
        let request = format!(
            "POST /control HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("a control socket that reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status.expect("a status"), serde_json::from_str(body).unwrap_or_default())
    }

    /// Lets time pass for the server without waiting for it.
    pub async fn advance(&self, time: Duration) {
        let operation = json!({"do": "advance_clock", "seconds": time.as_secs()});
        assert_eq!(self.operate(operation).await.0, 200);
    }

    /// Runs a command on the data directory.
    pub fn command(&self, arguments: &[&str], input: &str) -> Ended {
        let data = self.data();
        let data = data.to_str().expect("UTF-8");
        let listen = self.address.to_string();
        let listen = if self.address.port() == 0 { "127.0.0.1:8787" } else { &listen };
        let mut all = arguments.to_vec();
        all.extend(["--data-dir", data, "--listen", listen]);
        run(&all, &[], input)
    }

    /// Ends it as an operator does; the exit code.
    pub async fn stop(&mut self) -> i32 {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("a process");
    }

    /// Its own process, whatever it runs under.
    fn id(&self) -> Pid {
        let process = self.process.as_ref().expect("it runs");
        let mut id = process.child.id();
        if !self.watched.is_empty() {
            let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            let child = children.unwrap_or_default();
            id = child.split(' ').next().and_then(|id| id.parse().ok()).unwrap_or(id);
        }
        i32::try_from(id).ok().and_then(Pid::from_raw).expect("an id")
    }

    /// What the system says of its process.
    pub fn process_file(&self, name: &str) -> PathBuf {
        let process = self.process.as_ref().expect("it runs");
        format!("/proc/{}/{name}", process.child.id()).into()
    }

    /// Bytes of memory that it uses.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(self.process_file("status")).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kilobytes * 1024
    }

    /// Waits until it has ended; the exit code.
    pub async fn ended(&mut self) -> i32 {
        let mut process = self.process.take().expect("it runs");
        let status = loop {
            if let Some(status) = process.child.try_wait().expect("a child") {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        for reader in process.readers {
            reader.join().expect("a reader");
        }
        status.code().unwrap_or(-1)
    }

    /// Ends it as a power cut does.
    pub async fn kill(&mut self) {
        self.process.as_mut().expect("it runs").child.kill().expect("a process");
        self.ended().await;
    }

    /// Stops it in order and starts it again.
    pub async fn restart(&mut self) {
        assert_eq!(self.stop().await, 0, "{}", self.log());
        self.run().await;
    }

    fn inspect(&self) {
        let log = self.log();
        for line in log.lines() {
            let bad = line.contains("\"level\":\"ERROR\"") || line.contains("panicked");
            let excused = self.excused.iter().any(|words| line.contains(words));
            assert!(!bad || excused, "an error was logged: {line}");
        }
        for text in self.sent.lock().expect("no panic").iter() {
            let found = log.lines().find(|line| line.contains(text.as_str()));
            assert!(found.is_none(), "what was sent stands in the log: {text}: {found:?}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            let _gone = kill_process(self.id(), Signal::KILL);
        }
        if let Some(mut process) = self.process.take() {
            drop(process.child.kill());
            drop(process.child.wait());
            for reader in process.readers {
                drop(reader.join());
            }
        }
        if std::thread::panicking() {
            let log = self.log();
            let at = log.len().saturating_sub(4_000);
            println!("the end of the server's log:\n{}", log.get(at..).unwrap_or(&log));
            return;
        }
        self.inspect();
    }
}

fn gather(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let mut into = into.lock().expect("no panic");
            into.push_str(&String::from_utf8_lossy(&line));
            into.push('\n');
        }
    })
}
