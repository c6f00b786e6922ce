//! Why something with notices or mails could not be done.

use crate::accounts::AccountError;
use crate::kernel::{Fault, Kind};
use crate::providers::MailError;
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// There is no such notice, or it is not the asker's.
    #[error("there is no such notice")]
    Missing,
    /// No mail server is configured.
    #[error("no mail server is configured")]
    NoMail,
    /// A mail was not sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The accounts cannot be had.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotificationError> for Fault {
    fn from(error: NotificationError) -> Self {
        match error {
            NotificationError::Account(error) => error.into(),
            NotificationError::Missing => Self::not_found(),
            NotificationError::NoMail => Self::new(
                Kind::NotImplemented,
                "mail_not_configured",
                "No mail server is configured: set mail.host and mail.from.",
            ),
            // Without its cause: what the server said may repeat an address.
            NotificationError::Mail(error) => {
                Self::new(Kind::Upstream, error.code(), format!("The mail was not sent: {error}."))
            }
            NotificationError::Store(error) => error.into(),
        }
    }
}
