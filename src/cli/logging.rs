//! Where log lines go: standard error, for people or for programs.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts logging. Libraries are kept to warnings, so that none of them can log content; the one
/// that reads passkeys is silent, since it repeats what was sent and takes refusals for errors.
pub fn start(config: &Config) {
    let filter = EnvFilter::new(format!(
        "warn,webauthn_rs=off,webauthn_rs_core=off,clonememoria={level},access={level}",
        level = config.log_level
    ));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    let pretty = match config.log_format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => terminal,
    };
    // Fails only when logging was started before, as several tests in one process do.
    let _ = if pretty {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}
