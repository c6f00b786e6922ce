//! Notices without their cause, which only tests ask for.

use super::model::Notice;
use super::topic::Topic;
use crate::kernel::Timestamp;
use crate::spaces::Role;

impl Notice {
    /// A notice on a topic, for tests that have no cause to give one.
    #[expect(clippy::too_many_lines, reason = "a line for each")]
    pub fn on(topic: Topic, detail: String) -> Self {
        match topic {
            Topic::NewDevice => Self::NewDevice { device: detail },
            Topic::PasswordChanged => Self::PasswordChanged,
            Topic::PasswordReset => Self::PasswordReset,
            Topic::EmailChanged => Self::EmailChanged { before: detail },
            Topic::SecondFactorAdded => Self::SecondFactorAdded,
            Topic::SecondFactorRemoved => Self::SecondFactorRemoved,
            Topic::PasskeyAdded => Self::PasskeyAdded,
            Topic::PasskeyRemoved => Self::PasskeyRemoved,
            Topic::PasskeyCopied => Self::PasskeyCopied,
            Topic::IdentityLinked => Self::IdentityLinked { provider: detail },
            Topic::IdentityUnlinked => Self::IdentityUnlinked { provider: detail },
            Topic::ApiKeyCreated => Self::ApiKeyCreated { label: detail },
            Topic::SignInReused => Self::SignInReused,
            Topic::RecoveryCodeUsed => Self::RecoveryCodeUsed,
            Topic::RecoveryCodesRenewed => Self::RecoveryCodesRenewed,
            Topic::ShareLinkCreated => Self::ShareLinkCreated { clone: detail },
            Topic::CloneShared => Self::CloneShared { clone: detail },
            Topic::DataExported => Self::DataExported,
            Topic::BreakGlass => {
                let until = Timestamp::default();
                Self::BreakGlass { by: "The Admin".to_owned(), reason: detail, until }
            }
            Topic::BreakGlassEnded => {
                Self::BreakGlassEnded { by: "The Admin".to_owned(), opened: vec![detail] }
            }
            Topic::SpaceInvitation => Self::SpaceInvitation { space: detail },
            Topic::RoleChanged => Self::RoleChanged { space: detail, role: Role::Steward.name() },
            Topic::SpaceHandedOver => Self::SpaceHandedOver { space: detail },
            Topic::RemovedFromSpace => Self::RemovedFromSpace { space: detail },
            Topic::CloneMoved => Self::CloneMoved { clone: detail },
            Topic::SubjectAgreed => Self::SubjectAgreed { clone: detail },
            Topic::SubjectDeclined => Self::SubjectDeclined { clone: detail },
            Topic::CloneObjected => Self::CloneObjected { clone: detail },
            Topic::ObjectionWithdrawn => Self::ObjectionWithdrawn { clone: detail },
            Topic::ClonePaused => Self::ClonePaused { clone: detail },
            Topic::CloneRetired => Self::CloneRetired { clone: detail },
            Topic::CloneWoken => Self::CloneWoken { clone: detail },
            Topic::ContributionWaits => Self::ContributionWaits { clone: detail },
            Topic::ContributionApproved => Self::ContributionApproved { clone: detail },
            Topic::ContributionDeclined => Self::ContributionDeclined { clone: detail },
            Topic::LegacyContactSet => Self::LegacyContactSet { name: detail },
            Topic::LegacyContactRemoved => Self::LegacyContactRemoved,
            Topic::LegacyClaimed => {
                let until = Timestamp::default();
                Self::LegacyClaimed { by: "The Contact".to_owned(), until }
            }
            Topic::LegacyClaimRuns => {
                Self::LegacyClaimRuns { name: detail, until: Timestamp::default() }
            }
            Topic::LegacyClaimStopped => Self::LegacyClaimStopped { name: detail },
            Topic::LegacyCarriedOut => Self::LegacyCarriedOut { name: detail },
            Topic::AdminGranted => Self::AdminGranted,
            Topic::AdminRevoked => Self::AdminRevoked,
            Topic::LockedOut => Self::LockedOut,
            Topic::Suspended => Self::Suspended,
            Topic::Unsuspended => Self::Unsuspended,
            Topic::RecoveryKeySet => Self::RecoveryKeySet,
            Topic::BackupFailed => Self::BackupFailed { what: detail },
            Topic::BackupOverdue => Self::BackupOverdue,
        }
    }
}
