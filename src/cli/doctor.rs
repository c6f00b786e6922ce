//! `clonememoria doctor`: looks at everything that can be wrong before it is.

use std::path::Path;

use clap::Args;

use super::{ConfigArgs, Failure, runtime, say};
use crate::app::{extra_roots, is_sealed, open_to_others};
use crate::config::{self, Config};
use crate::embed::Embedder;
use crate::providers::{Encryption, MailError, MailSettings, Mailer};
use crate::seal::{SealError, Seals};
use crate::store::{DataLock, LockError, Store};
use crate::tls::{Authority, Tls};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also ask the mail server whether it lets us in
    #[arg(long)]
    connect: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What was found about one thing.
enum Finding {
    Good(String),
    Worth(String),
    Bad(String),
}

pub fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let findings = [
        ("configuration", configuration(&config)),
        ("data directory", directory(&config.data_dir)),
        ("permissions", permissions(&config.data_dir, config.accept_open_data_dir)),
        ("keys", keys(&config)),
        ("server", server(&config.data_dir)),
        ("TLS", tls(&config)),
        ("embedding model", embedding(&config)),
        ("language model", language_model(&config)),
        ("mail", mail(config.mail.as_ref(), args.connect)?),
    ];
    let mut bad = 0;
    for (name, finding) in findings {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok  ", text),
            Finding::Worth(text) => ("note", text),
            Finding::Bad(text) => {
                bad += 1;
                ("BAD ", text)
            }
        };
        say(format_args!("{mark} {name}: {text}"));
    }
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::Refused { message: format!("{bad} thing(s) need attention"), code: 78 })
}

fn configuration(config: &Config) -> Finding {
    if config.mistaken_variables.is_empty() {
        return Finding::Good("read and checked".to_owned());
    }
    let names = config.mistaken_variables.join(", ");
    Finding::Bad(format!("no setting is called so: {names}; `config show` lists them all"))
}

fn directory(path: &Path) -> Finding {
    if !path.exists() {
        let text = format!("{} does not exist yet; `serve` makes it", path.display());
        return Finding::Worth(text);
    }
    let probe = path.join(".doctor");
    match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => Finding::Good(format!("{} can be written", path.display())),
        Err(error) => Finding::Bad(format!("{} cannot be written: {error}", path.display())),
    }
}

fn permissions(path: &Path, accepted: bool) -> Finding {
    match (path.exists(), open_to_others(path)) {
        (false, _) => Finding::Good("nothing there yet".to_owned()),
        (true, None) => Finding::Good("only its owner can enter".to_owned()),
        (true, Some(mode)) if accepted => {
            Finding::Good(format!("others can enter ({mode:o}), as accepted"))
        }
        (true, Some(mode)) => {
            Finding::Bad(format!("others can enter ({mode:o}); run: chmod 700 {}", path.display()))
        }
    }
}

fn keys(config: &Config) -> Finding {
    match Seals::open(&config.data_dir, &config.root_key) {
        Ok(Some(_)) => Finding::Good("the root key opens the keyring".to_owned()),
        Ok(None) if Store::is_in(&config.data_dir) => {
            let keyring = Seals::keyring_in(&config.data_dir);
            match is_sealed(&config.data_dir) {
                Ok(true) => Finding::Bad(SealError::NoKeyring(keyring).to_string()),
                Ok(false) => {
                    Finding::Worth(format!("there is no keyring {} yet", keyring.display()))
                }
                Err(error) => Finding::Bad(error.to_string()),
            }
        }
        Ok(None) => Finding::Good("none yet; `serve` makes them".to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

fn server(path: &Path) -> Finding {
    if !path.exists() {
        return Finding::Good("not running".to_owned());
    }
    match DataLock::take(path) {
        Ok(_) => Finding::Good("not running".to_owned()),
        Err(LockError::Taken) => Finding::Good("running on this data directory".to_owned()),
        Err(LockError::Io(error)) => Finding::Bad(format!("the lock cannot be read: {error}")),
    }
}

fn tls(config: &Config) -> Finding {
    match &config.tls {
        config::Tls::Off if config.listen.ip().is_loopback() => {
            Finding::Good("off; only this machine can reach the server".to_owned())
        }
        config::Tls::Off => Finding::Worth(
            "off: others on the network can read along, unless a proxy speaks TLS".to_owned(),
        ),
        config::Tls::Files { cert, key } => match Tls::from_files(cert, key) {
            Ok(_) => Finding::Good(format!("with the certificate in {}", cert.display())),
            Err(error) => Finding::Bad(error.to_string()),
        },
        config::Tls::Local => match Authority::stored_in(&config.data_dir.join("tls")) {
            Ok(Some(own)) => Finding::Good(format!(
                "with an authority of its own, \"{}\"; compare on other devices: SHA-256 {}",
                own.name, own.fingerprint
            )),
            Ok(None) => Finding::Worth("`serve` will make an authority of its own".to_owned()),
            Err(error) => Finding::Bad(error.to_string()),
        },
    }
}

fn embedding(config: &Config) -> Finding {
    match (config.builtin_embedding, Embedder::builtin()) {
        (false, _) => Finding::Worth("switched off: searching by words only".to_owned()),
        (true, Some(embedder)) => Finding::Good(format!("{} inside", embedder.model())),
        (true, None) => Finding::Bad(
            "this build has none: searching by words only; `make` fetches it".to_owned(),
        ),
    }
}

fn language_model(config: &Config) -> Finding {
    match &config.llm {
        None => Finding::Good("none configured: answers are quotes, nothing leaves".to_owned()),
        Some(llm) => Finding::Good(format!(
            "{} at {}",
            llm.model,
            llm.base_url.host_str().unwrap_or_default()
        )),
    }
}

fn mail(settings: Option<&MailSettings>, connect: bool) -> Result<Finding, Failure> {
    let Some(settings) = settings else {
        let text = "none configured: forgotten passwords are for the command line";
        return Ok(Finding::Good(text.to_owned()));
    };
    let server = format!("{} at port {}", settings.host, settings.port);
    if settings.encryption == Encryption::None && settings.login.is_some() {
        let text = format!("{server}: the password travels unencrypted (mail.encryption)");
        return Ok(Finding::Worth(text));
    }
    let asked = match Mailer::new(settings.clone(), extra_roots().as_deref()) {
        Ok(mailer) if connect => runtime()?.block_on(mailer.check()),
        made => made.map(|_| ()),
    };
    Ok(match asked {
        Ok(()) if connect => Finding::Good(format!("{server} lets us in")),
        Ok(()) => Finding::Good(format!("{server}; `doctor --connect` asks it")),
        Err(error @ MailError::Settings(_)) => Finding::Bad(error.to_string()),
        Err(error) => Finding::Bad(format!("{server}: {error}")),
    })
}
