//! Everyone whom a request can come from.

use crate::accounts::{SignInBy, SignedIn};
use crate::kernel::{AccountId, SessionId};

/// The account behind a request, checked for this request.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Whose account it is.
    pub account: AccountId,
    /// Whether the account administers the instance. That alone opens nobody's content.
    pub is_admin: bool,
    /// The sign-in it belongs to.
    pub session: SessionId,
    /// How it was proven.
    pub by: SignInBy,
    /// The account's language (BCP 47).
    pub locale: String,
}

impl From<SignedIn> for Principal {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            account: signed_in.account,
            is_admin: signed_in.is_admin,
            session: signed_in.session,
            by: signed_in.by,
            locale: signed_in.locale,
        }
    }
}
