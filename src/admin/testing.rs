//! What only tests ask for: notices without their cause, tokens for others, a sick disk.

use std::time::Duration;

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
        Operation::Rewrite => {
            admin.store.rewrite().await?;
            Ok(Outcome::Done)
        }
        Operation::Scan { words } => Ok(Outcome::Found(admin.store.tables_with(&words)?)),
        Operation::Stored { table } => {
            let hex = |value: Vec<u8>| value.iter().map(|byte| format!("{byte:02x}")).collect();
            let stored = admin.store.stored_in(&table)?;
            Ok(Outcome::Stored(stored.into_iter().map(hex).collect()))
        }
        Operation::AdvanceClock { seconds } => {
            admin.clock.advance(Duration::from_secs(seconds));
            Ok(Outcome::Done)
        }
        Operation::TurnClockBack { seconds } => {
            admin.clock.turn_back(Duration::from_secs(seconds));
            Ok(Outcome::Done)
        }
        Operation::FailDisk { call, way, after } => {
            admin.store.disk().faults().fail(call, way, after);
            Ok(Outcome::Done)
        }
        Operation::SayFree { megabytes } => {
            let disk = admin.store.disk();
            disk.faults().say_free(megabytes.map(|megabytes| megabytes << 20));
            disk.look();
            Ok(Outcome::Done)
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
