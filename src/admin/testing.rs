//! What only tests ask for: notices without their cause.

use super::{Admin, Outcome, address};
use crate::kernel::Fault;
use crate::notifications::{Notice, Topic};

pub(super) async fn tell(
    admin: &Admin,
    email: &str,
    topic: &str,
    detail: String,
) -> Result<Outcome, Fault> {
    let topic = Topic::of(topic).ok_or_else(|| Fault::field("/topic", "is no topic"))?;
    let account = admin.accounts.by_email(&address(email)?)?.ok_or_else(Fault::not_found)?.id;
    let (notice, now) = (Notice::on(topic, detail), admin.clock.now());
    let tell = admin.notifications.listener();
    admin.store.write(move |tx| tell(tx, account, &notice, now)).await?;
    Ok(Outcome::Done)
}
