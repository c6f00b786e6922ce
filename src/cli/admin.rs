//! `clonememoria admin …`: accounts and links, on the operator's word.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};

use super::line::Line;
use super::{ConfigArgs, Failure, runtime, say};
use crate::admin::{Operation, Outcome};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make an account that administers the instance
    Create(CreateArgs),
    /// Set a new password for an account; all its sign-ins end
    ResetPassword(AddressArgs),
    /// Take the authenticator app, recovery codes and passkeys from an account that lost them
    ResetFactors(AddressArgs),
    /// Print a new link for the first account
    Link(ConfigArgs),
    /// Print a link with which one more person can make an account
    Invite(ConfigArgs),
    /// Send a mail that shows whether mails arrive
    TestMail(TestMailArgs),
    /// Check that nobody changed the audit log
    VerifyAudit(ConfigArgs),
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The address to sign in with
    #[arg(long)]
    email: String,
    /// How the person wants to be called
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// Make an ordinary account instead of an administrator's
    #[arg(long)]
    ordinary: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
pub struct AddressArgs {
    /// The address of the account
    #[arg(long)]
    email: String,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
pub struct TestMailArgs {
    /// The address to send it to
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(command: &AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::Create(args) => create(args),
        AdminCommand::ResetPassword(args) => reset(args),
        AdminCommand::ResetFactors(args) => reset_factors(args),
        AdminCommand::Link(args) => link(args, &Operation::SetupLink, "welcome?token"),
        AdminCommand::Invite(args) => link(args, &Operation::Invite, "register?invite"),
        AdminCommand::TestMail(args) => test_mail(args),
        AdminCommand::VerifyAudit(args) => verify_audit(args),
    }
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let name = args.display_name.clone();
    let operation = Operation::CreateAccount {
        email: args.email.clone(),
        password: password()?,
        display_name: name.unwrap_or_else(|| local_part(&args.email)),
        admin: !args.ordinary,
    };
    operate(&config, &operation)?;
    say("The account is made.");
    Ok(())
}

fn reset(args: &AddressArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    let operation = Operation::ResetPassword { email: args.email.clone(), password: password()? };
    operate(&config, &operation)?;
    say("The new password is set, and all sign-ins of the account have ended.");
    Ok(())
}

fn test_mail(args: &TestMailArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    operate(&config, &Operation::TestMail { to: args.to.clone() })?;
    say("The mail server has taken the mail. Whether it arrives, the inbox shows.");
    Ok(())
}

fn reset_factors(args: &AddressArgs) -> Result<(), Failure> {
    let (config, _) = args.config.load()?;
    operate(&config, &Operation::ResetFactors { email: args.email.clone() })?;
    say("No code is asked for any more, its passkeys are gone, and all its sign-ins have ended.");
    Ok(())
}

fn verify_audit(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    match operate(&config, &Operation::VerifyAudit)? {
        Outcome::Audit { entries, broken_at: Some(number) } => Err(Failure::Refused {
            message: format!(
                "the audit log was changed: {entries} entries are as they were written, number \
                 {number} was changed or is missing"
            ),
            code: 65,
        }),
        Outcome::Audit { entries, broken_at: None } => {
            say(format_args!("The audit log holds: {entries} entries are as they were written."));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn link(args: &ConfigArgs, operation: &Operation, page: &str) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    let (token, front) = runtime()?.block_on(async {
        let mut line = Line::open(&config).await?;
        let found = line.operate(operation).await;
        let front = line.operate(&Operation::Front).await;
        line.close().await;
        Ok::<_, Failure>((found?, front?))
    })?;
    // Unless it was told, a server that runs knows better than this command where it is.
    let front = match front {
        Outcome::Front(Some(front)) if config.public_url.is_none() => front,
        _ => super::serve::page(&config, config.listen),
    };
    if let Outcome::Token(token) = token {
        say(format_args!("{front}/{page}={token}"));
    }
    Ok(())
}

fn operate(config: &Config, operation: &Operation) -> Result<Outcome, Failure> {
    runtime()?.block_on(async {
        let mut line = match operation {
            Operation::CreateAccount { .. } => Line::open_or_found(config).await?,
            _ => Line::open(config).await?,
        };
        let outcome = line.operate(operation).await;
        line.close().await;
        outcome
    })
}

fn local_part(email: &str) -> String {
    email.split('@').next().unwrap_or_default().to_owned()
}

/// A password from the environment or, a line, from standard input; never from an argument,
/// which other users of the machine could see.
fn password() -> Result<String, Failure> {
    if let Ok(password) = std::env::var("CLONEMEMORIA_PASSWORD") {
        return Ok(password);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        say("Type the password (12 to 128 characters; it is shown) and press Enter:");
    }
    let mut line = String::new();
    input
        .lock()
        .read_line(&mut line)
        .map_err(Failure::io("the password cannot be read from standard input"))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
