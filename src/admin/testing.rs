//! What only tests ask for: notices and mails without their cause, tokens for others.

use std::time::Duration;

use super::{Admin, Operation, Outcome, address};
use crate::accounts::Email;
use crate::kernel::{AccountId, Fault, Token};
use crate::notifications::{Notice, Topic};

pub(super) async fn run(admin: &Admin, operation: Operation) -> Result<Outcome, Fault> {
    match operation {
        Operation::Tell { email, topic, detail } => tell(admin, &email, &topic, detail).await,
        Operation::MailLink { email, kind, seconds } => {
            mail_link(admin, &email, kind, Duration::from_secs(seconds)).await
        }
        Operation::TokenFor { token, audience } => {
            let again = admin.sessions.signed_again(&token, audience)?;
            Ok(Outcome::Token(again.reveal().clone()))
        }
        _ => Ok(Outcome::Done),
    }
}

async fn tell(admin: &Admin, email: &str, topic: &str, detail: String) -> Result<Outcome, Fault> {
    let topic = Topic::of(topic).ok_or_else(|| Fault::field("/topic", "is no topic"))?;
    let account = known(admin, &address(email)?)?;
    let (notice, now) = (Notice::on(topic, detail), admin.clock.now());
    let tell = admin.notifications.listener();
    admin.store.write(move |tx| tell(tx, account, &notice, now)).await?;
    Ok(Outcome::Done)
}

async fn mail_link(
    admin: &Admin,
    email: &str,
    kind: String,
    good_for: Duration,
) -> Result<Outcome, Fault> {
    let to = address(email)?;
    let account = known(admin, &to)?;
    let token = Token::fresh().map_err(Fault::internal)?;
    let shown = token.reveal().to_owned();
    let now = admin.clock.now();
    let good = (now, now.plus(good_for));
    let notifications = admin.notifications.clone();
    admin
        .store
        .write(move |tx| match kind.as_str() {
            "reset" => notifications.send_reset_in(tx, account, &token, good),
            "verification" => notifications.send_verification_in(tx, (account, &to), &token, good),
            _ => notifications.send_invitation_in(tx, (&to, "fr", "Les Martin"), &token, good),
        })
        .await?;
    Ok(Outcome::Token(shown))
}

fn known(admin: &Admin, email: &Email) -> Result<AccountId, Fault> {
    let account = admin.accounts.by_email(email)?.ok_or_else(Fault::not_found)?;
    Ok(account.id)
}
