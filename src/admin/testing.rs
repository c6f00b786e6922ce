//! What only tests ask for: notices without their cause, tokens for others.

use super::{Admin, Operation, Outcome, address};
use crate::kernel::{Fault, FieldProblem, points};
use crate::notifications::{Notice, Topic};

pub(super) async fn run(admin: &Admin, operation: Operation) -> Result<Outcome, Fault> {
    match operation {
        Operation::Tell { email, topic, detail } => tell(admin, &email, &topic, detail).await,
        Operation::TokenFor { token, audience } => {
            let again = admin.sessions.signed_again(&token, audience)?;
            Ok(Outcome::Token(again.reveal().clone()))
        }
        Operation::KillAt { point, passage } => {
            if !points::Point::ALL.iter().any(|known| known.word() == point) {
                return Err(Fault::field(FieldProblem::Unknown, "/point", "is no point"));
            }
            points::arm(&point, passage);
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Done),
    }
}

async fn tell(admin: &Admin, email: &str, topic: &str, detail: String) -> Result<Outcome, Fault> {
    let topic = Topic::of(topic)
        .ok_or_else(|| Fault::field(FieldProblem::Unknown, "/topic", "is no topic"))?;
    let account = admin.accounts.by_email(&address(email)?)?.ok_or_else(Fault::not_found)?.id;
    let (notice, now) = (Notice::on(topic, detail), admin.clock.now());
    let notifications = admin.notifications.clone();
    admin.store.write(move |tx| notifications.tell_in(tx, account, &notice, now)).await?;
    Ok(Outcome::Done)
}
