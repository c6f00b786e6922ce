//! The binary as a command that ends by itself.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_clonememoria");

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Ended {
    /// The standard output of a success.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// A failure with this code that says this, in words for people.
    #[track_caller]
    pub fn fails(self, code: i32, saying: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for words in saying {
            assert!(self.err.contains(words), "not said: {words}: {self:?}");
        }
        for noise in ["panicked", "RUST_BACKTRACE", "Os {", "Error {"] {
            assert!(!self.err.contains(noise), "{noise} in {self:?}");
        }
        self
    }
}

/// Runs a command, in an environment of its own.
pub fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ended {
    let mut child = prepared(arguments, environment).spawn().expect("the binary");
    // A command that wants no input may be gone already.
    drop(child.stdin.take().expect("piped").write_all(input.as_bytes()));
    ended(child)
}

/// Runs a command as somebody for whom permissions hold; nothing when that is not possible here.
pub fn run_unprivileged(arguments: &[&str]) -> Option<Ended> {
    use std::os::unix::process::CommandExt as _;
    let mut command = prepared(arguments, &[]);
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    // The folder of the binary may be closed to others.
    command.spawn().ok().map(ended)
}

fn prepared(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().expect("an end");
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
