//! What happens to the safety of an account, told to whoever must know: the person's
//! notifications and the audit log. The telling is part of the transaction in which it happens.

use std::sync::{Arc, OnceLock};

use crate::kernel::{AccountId, Timestamp};
use crate::store::{StoreError, WriteTx};

/// Something that changes who can get at an account, or shows that somebody tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SecurityEvent {
    /// Signed in; `device` is a short text of what is known, if it was not known before.
    SignedIn {
        new_device: Option<String>,
    },
    SignedOut,
    PasswordChanged,
    PasswordReset,
    /// The account has another address; `before` is the former one.
    EmailChanged {
        before: String,
    },
    EmailVerified,
    SecondFactorAdded,
    SecondFactorRemoved,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    PasskeyAdded,
    PasskeyRemoved,
    /// A passkey counted backwards: there seem to be two of it. It did not open the account.
    PasskeyCopied,
    IdentityLinked {
        provider: String,
    },
    IdentityUnlinked {
        provider: String,
    },
    ApiKeyCreated {
        label: String,
    },
    ApiKeyRevoked {
        label: String,
    },
    /// A refresh token came back after it was used: one of its two holders has stolen it.
    RefreshReused,
    SessionEnded,
    AllSessionsEnded,
    Suspended,
    Unsuspended,
    AdminGranted,
    AdminRevoked,
}

/// Hears of an event, in the transaction in which it happens.
pub type OnSecurity = Arc<
    dyn Fn(&mut WriteTx<'_>, AccountId, &SecurityEvent, Timestamp) -> Result<(), StoreError>
        + Send
        + Sync,
>;

/// Everybody who must hear of events. Slices that tell hold a copy before those that listen are
/// built, so the listeners are named once, a little later. Cheap to clone.
#[derive(Clone, Default)]
pub struct Watchers(Arc<OnceLock<Vec<OnSecurity>>>);

impl Watchers {
    /// Names those who listen; what happened before is not told again. A second call is ignored.
    pub fn register(&self, watchers: Vec<OnSecurity>) {
        let _ = self.0.set(watchers);
    }

    /// Tells them all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        event: &SecurityEvent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut watchers = self.0.get().into_iter().flatten();
        watchers.try_for_each(|watcher| watcher(tx, account, event, at))
    }
}
