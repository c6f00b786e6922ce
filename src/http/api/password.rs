//! Changing one's password or address, and getting in again without the password.

use std::time::Duration;

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use tokio::time::Instant;

use super::auth::{SignedIn, carried_over};
use super::fields::Fields;
use super::trash::Done;
use super::{Group, Services};
use crate::accounts::Email;
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Open, Owning, OwningFresh};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem, Kind};

/// An answer that must not tell whether there is such an account comes after so long: what is done
/// for one and for none is nearly the same, but not to the tenth of a millisecond.
const STEADY: Duration = Duration::from_millis(25);

pub struct PasswordApi;

/// Another password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The present one, where there is one.
    #[serde(default)]
    current_password: Option<String>,
    /// The new one: 12 to 128 characters, not easy to guess.
    new_password: String,
}

/// An address.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct AddressOnly {
    /// The address.
    email: String,
}

/// A new password, by a link from a mail.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordReset {
    /// The token of the link.
    token: String,
    /// The new password: 12 to 128 characters, not easy to guess.
    new_password: String,
}

/// The token of a link from a mail.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct AddressProof {
    /// The token.
    token: String,
}

/// An account's address.
#[derive(Object)]
struct AddressView {
    email: String,
    email_verified: bool,
    /// An address that a mail was sent to; it becomes the account's when its link is followed.
    pending_email: Option<String>,
}

/// A mail is on its way, if there is anybody to write to.
#[derive(ApiResponse)]
enum MailSent {
    /// Done, as far as anybody may know.
    #[oai(status = 202)]
    Accepted,
}

#[OpenApi]
impl PasswordApi {
    /// Change the password
    ///
    /// Every other sign-in ends, and API keys stop working. The caller's goes on, with the
    /// tokens or the cookie of the answer.
    #[oai(
        path = "/auth/password/change",
        method = "post",
        operation_id = "change_password",
        tag = "Group::Identity"
    )]
    async fn change(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        body: Body<PasswordChange>,
    ) -> Answer<SignedIn> {
        let PasswordChange { current_password, new_password } = body.0;
        let account = ask.accounts.account(ask.who.account).map_err(Fault::from)?;
        let mut fields = Fields::default();
        let known = [account.email.as_str(), &*account.display_name];
        let password = fields.password("/new_password", new_password, &known);
        let password = fields.with(password)?;
        let current = current_password.map(Into::into);
        ask.accounts.change_password(&account, current, password).await.map_err(Fault::from)?;
        let (view, cookies) = carried_over(&ask, &asked).await?;
        Ok(SignedIn::Renewed(view, cookies))
    }

    /// Ask for a link that sets a new password
    ///
    /// The answer is the same whether there is such an account or not.
    #[oai(
        path = "/auth/password/forgot",
        method = "post",
        operation_id = "forgot_password",
        tag = "Group::Identity"
    )]
    async fn forgot(
        &self,
        services: Open,
        gate: Gate,
        body: Body<AddressOnly>,
    ) -> Answer<MailSent> {
        let _pass = gate.admit()?;
        require_mail(&services)?;
        let email = address(&body.0.email)?;
        let answer_at = Instant::now() + STEADY;
        let post = services.notifications.posts_resets();
        services.accounts.begin_reset(&email, post).await.map_err(Fault::from)?;
        tokio::time::sleep_until(answer_at).await;
        Ok(MailSent::Accepted)
    }

    /// Set a new password by a link
    ///
    /// Every sign-in ends and API keys stop working. This signs nobody in: a second factor is
    /// asked for as always.
    #[oai(
        path = "/auth/password/reset",
        method = "post",
        operation_id = "reset_password",
        tag = "Group::Identity"
    )]
    async fn reset(&self, services: Open, gate: Gate, body: Body<PasswordReset>) -> Answer<Done> {
        let pass = gate.admit()?;
        let PasswordReset { token, new_password } = body.0;
        services.accounts.finish_reset(&token, new_password).await.map_err(Fault::from)?;
        pass.refund();
        Ok(Done::Done)
    }

    /// Ask for another mail that proves the address
    #[oai(
        path = "/auth/email/verification",
        method = "post",
        operation_id = "send_verification",
        tag = "Group::Identity"
    )]
    async fn verification(&self, ask: Ask<Owning>, gate: Gate) -> Answer<MailSent> {
        let _pass = gate.admit()?;
        require_mail(&ask)?;
        let account = ask.accounts.account(ask.who.account).map_err(Fault::from)?;
        let post = ask.notifications.posts_verifications();
        let posted = ask.accounts.begin_address(account.id, account.email, post).await;
        posted.map_err(Fault::from)?;
        Ok(MailSent::Accepted)
    }

    /// Prove that an address is read
    #[oai(
        path = "/auth/email/verify",
        method = "post",
        operation_id = "verify_email",
        tag = "Group::Identity"
    )]
    async fn verify(
        &self,
        services: Open,
        gate: Gate,
        body: Body<AddressProof>,
    ) -> Answer<Json<AddressView>> {
        let pass = gate.admit()?;
        let account = services.accounts.prove_address(&body.0.token).await.map_err(Fault::from)?;
        pass.refund();
        Ok(Json(AddressView {
            email: account.email.as_str().to_owned(),
            email_verified: account.email_verified,
            pending_email: None,
        }))
    }

    /// Change the address
    ///
    /// A mail goes to the new address; the account has it when the link in the mail is followed.
    /// Where no mail can be sent, it changes at once and stays unproven.
    #[oai(
        path = "/auth/email/change",
        method = "post",
        operation_id = "change_email",
        tag = "Group::Identity"
    )]
    async fn change_email(
        &self,
        ask: Ask<OwningFresh>,
        gate: Gate,
        body: Body<AddressOnly>,
    ) -> Answer<Json<AddressView>> {
        let _pass = gate.admit()?;
        let wanted = address(&body.0.email)?;
        let id = ask.who.account;
        let mut pending_email = None;
        if ask.notifications.has_mail() {
            pending_email = Some(wanted.as_str().to_owned());
            let post = ask.notifications.posts_verifications();
            ask.accounts.begin_address(id, wanted, post).await.map_err(Fault::from)?;
        } else {
            ask.accounts.set_email(id, wanted).await.map_err(Fault::from)?;
        }
        let account = ask.accounts.account(id).map_err(Fault::from)?;
        Ok(Json(AddressView {
            email: account.email.as_str().to_owned(),
            email_verified: account.email_verified,
            pending_email,
        }))
    }
}

fn address(text: &str) -> Answer<Email> {
    let email = Email::new(text);
    Ok(email.ok_or_else(|| {
        Fault::field(FieldProblem::NotAnAddress, "/email", "must be an e-mail address")
    })?)
}

fn require_mail(services: &Services) -> Answer<()> {
    if services.notifications.has_mail() {
        return Ok(());
    }
    let detail = "This server sends no mail; whoever runs it can help: `clonememoria admin \
                  reset-password`.";
    Err(Fault::new(Kind::NotImplemented, "no_mail", detail).into())
}
