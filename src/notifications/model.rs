//! What people are told.

use std::borrow::Cow;

use crate::kernel::{NoticeId, Timestamp};
use crate::spaces::Role;

use super::topic::Topic;

/// Something that an account is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody signed in where nobody had before.
    NewDevice {
        /// A few words for the device, such as "Firefox (Linux)".
        device: String,
    },
    /// The password was changed.
    PasswordChanged,
    /// A forgotten password was replaced.
    PasswordReset,
    /// The account has another address; the former one is told as well.
    EmailChanged {
        /// The former address.
        before: String,
    },
    /// A second factor is needed from now on.
    SecondFactorAdded,
    /// A second factor is not needed any more.
    SecondFactorRemoved,
    /// A passkey opens the account.
    PasskeyAdded,
    /// A passkey does not open the account any more.
    PasskeyRemoved,
    /// Somebody came with a passkey that seems to be a copy, and was refused.
    PasskeyCopied,
    /// Signing in elsewhere opens the account.
    IdentityLinked {
        /// What the other place is called.
        provider: String,
    },
    /// Signing in elsewhere does not open the account any more.
    IdentityUnlinked {
        /// What the other place is called.
        provider: String,
    },
    /// An API key was made.
    ApiKeyCreated {
        /// What it is called.
        label: String,
    },
    /// A refresh token came back that was used already: it had been stolen.
    SignInReused,
    /// A recovery code stood in for the second factor.
    RecoveryCodeUsed,
    /// There are other recovery codes; those from before are worth nothing.
    RecoveryCodesRenewed,
    /// A link lets people talk with a clone without an account.
    ShareLinkCreated {
        /// What the clone is called.
        clone: String,
    },
    /// Somebody who may made such a link to a clone in a space of the account's.
    CloneShared {
        /// What the clone is called.
        clone: String,
    },
    /// Everything the account has was taken out.
    DataExported,
    /// An administrator looked at what is not theirs.
    BreakGlass {
        /// Who.
        by: String,
        /// The reason they gave.
        reason: String,
        /// How long they may at most.
        until: Timestamp,
    },
    /// They may no more.
    BreakGlassEnded {
        /// Who.
        by: String,
        /// What they opened.
        opened: Vec<String>,
    },
    /// Somebody invites the account into a space.
    SpaceInvitation {
        /// What the space is called.
        space: String,
    },
    /// The account may do other things in a space than before.
    RoleChanged {
        /// What the space is called.
        space: String,
        /// The name of the role it has now.
        role: &'static str,
    },
    /// The account owns a space from now on.
    SpaceHandedOver {
        /// What the space is called.
        space: String,
    },
    /// Somebody took the account out of a space.
    RemovedFromSpace {
        /// What the space is called.
        space: String,
    },
    /// A clone that the account could see is in another space now, where it cannot.
    CloneMoved {
        /// What the clone is called.
        clone: String,
    },
    /// The person of whom a clone is has agreed to it.
    SubjectAgreed {
        /// What the clone is called.
        clone: String,
    },
    /// The person of whom a clone is does not want it, or not any more.
    SubjectDeclined {
        /// What the clone is called.
        clone: String,
    },
    /// Somebody close to the person objects to a clone.
    CloneObjected {
        /// What the clone is called.
        clone: String,
    },
    /// Somebody took their objection to a clone back.
    ObjectionWithdrawn {
        /// What the clone is called.
        clone: String,
    },
    /// A clone rests for now.
    ClonePaused {
        /// What the clone is called.
        clone: String,
    },
    /// A clone is kept for reading from now on.
    CloneRetired {
        /// What the clone is called.
        clone: String,
    },
    /// A clone can be talked with again.
    CloneWoken {
        /// What the clone is called.
        clone: String,
    },
    /// Something waits to be let in among the memories of a clone that the account looks after.
    ContributionWaits {
        /// What the clone is called.
        clone: String,
    },
    /// What the account wrote was let in.
    ContributionApproved {
        /// What the clone is called.
        clone: String,
    },
    /// What the account wrote was not let in.
    ContributionDeclined {
        /// What the clone is called.
        clone: String,
    },
    /// The account says who receives what is its own after its person's death: this name.
    LegacyContactSet {
        /// What they are called.
        name: String,
    },
    /// Nobody does any more.
    LegacyContactRemoved,
    /// Somebody says that the account's person has died.
    LegacyClaimed {
        /// What they are called.
        by: String,
        /// Until when it can be stopped.
        until: Timestamp,
    },
    /// The same, for those who administer the server.
    LegacyClaimRuns {
        /// Of whom it is said.
        name: String,
        /// Until when it can be stopped.
        until: Timestamp,
    },
    /// It was stopped.
    LegacyClaimStopped {
        /// Of whom it was said.
        name: String,
    },
    /// What they had chosen was carried out.
    LegacyCarriedOut {
        /// Of whom it was said.
        name: String,
    },
    /// The account administers the instance from now on.
    AdminGranted,
    /// It does not any more.
    AdminRevoked,
    /// An admin ended everything that opened the account.
    LockedOut,
    /// An admin said that the account may not be used.
    Suspended,
    /// It may be used again.
    Unsuspended,
    /// The account made the recovery key that backups are sealed for from now on.
    RecoveryKeySet,
    /// A backup that was due could not be made, or is not at every place.
    BackupFailed {
        /// What failed, place by place.
        what: String,
    },
    /// No backup was made for longer than twice the time between two.
    BackupOverdue,
}

impl Notice {
    /// What it is about.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::NewDevice { .. } => Topic::NewDevice,
            Self::PasswordChanged => Topic::PasswordChanged,
            Self::PasswordReset => Topic::PasswordReset,
            Self::EmailChanged { .. } => Topic::EmailChanged,
            Self::SecondFactorAdded => Topic::SecondFactorAdded,
            Self::SecondFactorRemoved => Topic::SecondFactorRemoved,
            Self::PasskeyAdded => Topic::PasskeyAdded,
            Self::PasskeyRemoved => Topic::PasskeyRemoved,
            Self::PasskeyCopied => Topic::PasskeyCopied,
            Self::IdentityLinked { .. } => Topic::IdentityLinked,
            Self::IdentityUnlinked { .. } => Topic::IdentityUnlinked,
            Self::ApiKeyCreated { .. } => Topic::ApiKeyCreated,
            Self::SignInReused => Topic::SignInReused,
            Self::RecoveryCodeUsed => Topic::RecoveryCodeUsed,
            Self::RecoveryCodesRenewed => Topic::RecoveryCodesRenewed,
            Self::ShareLinkCreated { .. } => Topic::ShareLinkCreated,
            Self::CloneShared { .. } => Topic::CloneShared,
            Self::DataExported => Topic::DataExported,
            Self::BreakGlass { .. } => Topic::BreakGlass,
            Self::BreakGlassEnded { .. } => Topic::BreakGlassEnded,
            Self::SpaceInvitation { .. } => Topic::SpaceInvitation,
            Self::RoleChanged { .. } => Topic::RoleChanged,
            Self::SpaceHandedOver { .. } => Topic::SpaceHandedOver,
            Self::RemovedFromSpace { .. } => Topic::RemovedFromSpace,
            Self::CloneMoved { .. } => Topic::CloneMoved,
            Self::SubjectAgreed { .. } => Topic::SubjectAgreed,
            Self::SubjectDeclined { .. } => Topic::SubjectDeclined,
            Self::CloneObjected { .. } => Topic::CloneObjected,
            Self::ObjectionWithdrawn { .. } => Topic::ObjectionWithdrawn,
            Self::ClonePaused { .. } => Topic::ClonePaused,
            Self::CloneRetired { .. } => Topic::CloneRetired,
            Self::CloneWoken { .. } => Topic::CloneWoken,
            Self::ContributionWaits { .. } => Topic::ContributionWaits,
            Self::ContributionApproved { .. } => Topic::ContributionApproved,
            Self::ContributionDeclined { .. } => Topic::ContributionDeclined,
            Self::LegacyContactSet { .. } => Topic::LegacyContactSet,
            Self::LegacyContactRemoved => Topic::LegacyContactRemoved,
            Self::LegacyClaimed { .. } => Topic::LegacyClaimed,
            Self::LegacyClaimRuns { .. } => Topic::LegacyClaimRuns,
            Self::LegacyClaimStopped { .. } => Topic::LegacyClaimStopped,
            Self::LegacyCarriedOut { .. } => Topic::LegacyCarriedOut,
            Self::AdminGranted => Topic::AdminGranted,
            Self::AdminRevoked => Topic::AdminRevoked,
            Self::LockedOut => Topic::LockedOut,
            Self::Suspended => Topic::Suspended,
            Self::Unsuspended => Topic::Unsuspended,
            Self::RecoveryKeySet => Topic::RecoveryKeySet,
            Self::BackupFailed { .. } => Topic::BackupFailed,
            Self::BackupOverdue => Topic::BackupOverdue,
        }
    }

    /// The device, the provider, the reason, or whatever else it names.
    pub fn detail(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NewDevice { device: detail }
            | Self::EmailChanged { before: detail }
            | Self::IdentityLinked { provider: detail }
            | Self::IdentityUnlinked { provider: detail }
            | Self::ApiKeyCreated { label: detail }
            | Self::ShareLinkCreated { clone: detail }
            | Self::CloneShared { clone: detail }
            | Self::CloneMoved { clone: detail }
            | Self::SubjectAgreed { clone: detail }
            | Self::SubjectDeclined { clone: detail }
            | Self::CloneObjected { clone: detail }
            | Self::ObjectionWithdrawn { clone: detail }
            | Self::ClonePaused { clone: detail }
            | Self::CloneRetired { clone: detail }
            | Self::CloneWoken { clone: detail }
            | Self::ContributionWaits { clone: detail }
            | Self::ContributionApproved { clone: detail }
            | Self::ContributionDeclined { clone: detail }
            | Self::BreakGlass { reason: detail, .. }
            | Self::LegacyContactSet { name: detail }
            | Self::LegacyClaimRuns { name: detail, .. }
            | Self::LegacyClaimStopped { name: detail }
            | Self::LegacyCarriedOut { name: detail }
            | Self::BackupFailed { what: detail }
            | Self::SpaceInvitation { space: detail }
            | Self::RoleChanged { space: detail, .. }
            | Self::SpaceHandedOver { space: detail }
            | Self::RemovedFromSpace { space: detail } => Some(detail.into()),
            Self::BreakGlassEnded { opened, .. } if !opened.is_empty() => {
                Some(opened.join(", ").into())
            }
            _ => None,
        }
    }

    /// Who did it, if it was not the account's owner and is to be known.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::BreakGlass { by, .. }
            | Self::BreakGlassEnded { by, .. }
            | Self::LegacyClaimed { by, .. } => Some(by),
            _ => None,
        }
    }

    /// The name of the role that the account has now.
    pub fn role(&self) -> Option<&'static str> {
        match self {
            Self::RoleChanged { role, .. } => Some(role),
            _ => None,
        }
    }

    /// Until when it goes on.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::BreakGlass { until, .. }
            | Self::LegacyClaimed { until, .. }
            | Self::LegacyClaimRuns { until, .. } => Some(*until),
            _ => None,
        }
    }
}

/// A notice in somebody's inbox.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Its identifier.
    pub id: NoticeId,
    /// What it is about.
    pub topic: Topic,
    /// What it names, on one line.
    pub detail: Option<String>,
    /// Who did it, if it was somebody else.
    pub by: Option<String>,
    /// Until when it goes on.
    pub until: Option<Timestamp>,
    /// What the account is in the space from now on.
    pub role: Option<Role>,
    /// When it happened.
    pub at: Timestamp,
    /// Whether the person has read it.
    pub read: bool,
}

/// Longest detail, in Unicode code points: an address must fit, and a reason.
const LONGEST_DETAIL: usize = 500;

/// A text on one line, not too long: what others wrote must not rearrange what we say.
pub(super) fn on_one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let visible: String = visible.take(4 * LONGEST_DETAIL).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST_DETAIL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_stay_on_one_line_and_short() {
        assert_eq!(on_one_line(" a\r\nSubject: b\t c\0"), "a Subject: b c");
        assert_eq!(on_one_line(&"ä".repeat(5000)).chars().count(), LONGEST_DETAIL);
    }
}
