//! What notices are about, and the words for it.

/// What a notice is about, without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the variant of `Notice` of the same name")]
pub enum Topic {
    NewDevice,
    PasswordChanged,
    PasswordReset,
    EmailChanged,
    SecondFactorAdded,
    SecondFactorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    PasskeyCopied,
    IdentityLinked,
    IdentityUnlinked,
    ApiKeyCreated,
    SignInReused,
    RecoveryCodeUsed,
    RecoveryCodesRenewed,
    ShareLinkCreated,
    CloneShared,
    DataExported,
    BreakGlass,
    BreakGlassEnded,
    SpaceInvitation,
    RoleChanged,
    SpaceHandedOver,
    RemovedFromSpace,
    CloneMoved,
    SubjectAgreed,
    SubjectDeclined,
    CloneObjected,
    ObjectionWithdrawn,
    ClonePaused,
    CloneRetired,
    CloneWoken,
    ContributionWaits,
    ContributionApproved,
    ContributionDeclined,
    LegacyContactSet,
    LegacyContactRemoved,
    LegacyClaimed,
    LegacyClaimRuns,
    LegacyClaimStopped,
    LegacyCarriedOut,
    AdminGranted,
    AdminRevoked,
    LockedOut,
    Suspended,
    Unsuspended,
    RecoveryKeySet,
    BackupFailed,
    BackupOverdue,
}

/// The topics and the words by which they are stored; a word is never reused.
const WORDS: [(Topic, &str); 49] = [
    (Topic::NewDevice, "new_device"),
    (Topic::PasswordChanged, "password_changed"),
    (Topic::PasswordReset, "password_reset"),
    (Topic::EmailChanged, "email_changed"),
    (Topic::SecondFactorAdded, "second_factor_added"),
    (Topic::SecondFactorRemoved, "second_factor_removed"),
    (Topic::PasskeyAdded, "passkey_added"),
    (Topic::PasskeyRemoved, "passkey_removed"),
    (Topic::PasskeyCopied, "passkey_copied"),
    (Topic::IdentityLinked, "identity_linked"),
    (Topic::IdentityUnlinked, "identity_unlinked"),
    (Topic::ApiKeyCreated, "api_key_created"),
    (Topic::SignInReused, "sign_in_reused"),
    (Topic::RecoveryCodeUsed, "recovery_code_used"),
    (Topic::RecoveryCodesRenewed, "recovery_codes_renewed"),
    (Topic::ShareLinkCreated, "share_link_created"),
    (Topic::CloneShared, "clone_shared"),
    (Topic::DataExported, "data_exported"),
    (Topic::BreakGlass, "break_glass"),
    (Topic::BreakGlassEnded, "break_glass_ended"),
    (Topic::SpaceInvitation, "space_invitation"),
    (Topic::RoleChanged, "role_changed"),
    (Topic::SpaceHandedOver, "space_handed_over"),
    (Topic::RemovedFromSpace, "removed_from_space"),
    (Topic::CloneMoved, "clone_moved"),
    (Topic::SubjectAgreed, "subject_agreed"),
    (Topic::SubjectDeclined, "subject_declined"),
    (Topic::CloneObjected, "clone_objected"),
    (Topic::ObjectionWithdrawn, "objection_withdrawn"),
    (Topic::ClonePaused, "clone_paused"),
    (Topic::CloneRetired, "clone_retired"),
    (Topic::CloneWoken, "clone_woken"),
    (Topic::ContributionWaits, "contribution_waits"),
    (Topic::ContributionApproved, "contribution_approved"),
    (Topic::ContributionDeclined, "contribution_declined"),
    (Topic::LegacyContactSet, "legacy_contact_set"),
    (Topic::LegacyContactRemoved, "legacy_contact_removed"),
    (Topic::LegacyClaimed, "legacy_claimed"),
    (Topic::LegacyClaimRuns, "legacy_claim_runs"),
    (Topic::LegacyClaimStopped, "legacy_claim_stopped"),
    (Topic::LegacyCarriedOut, "legacy_carried_out"),
    (Topic::AdminGranted, "admin_granted"),
    (Topic::AdminRevoked, "admin_revoked"),
    (Topic::LockedOut, "locked_out"),
    (Topic::Suspended, "suspended"),
    (Topic::Unsuspended, "unsuspended"),
    (Topic::RecoveryKeySet, "recovery_key_set"),
    (Topic::BackupFailed, "backup_failed"),
    (Topic::BackupOverdue, "backup_overdue"),
];

impl Topic {
    /// The word for it.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(topic, _)| *topic == self).map_or("", |(_, word)| word)
    }

    /// The topic of a word.
    pub fn of(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, known)| *known == word).map(|(topic, _)| *topic)
    }

    /// Every topic.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(topic, _)| *topic)
    }

    /// Whether somebody else might have done it in the account's name.
    pub fn is_about_security(self) -> bool {
        let of_others = matches!(
            self,
            Self::SpaceInvitation
                | Self::RoleChanged
                | Self::SpaceHandedOver
                | Self::RemovedFromSpace
                | Self::CloneShared
                | Self::CloneMoved
                | Self::BackupFailed
                | Self::BackupOverdue
                | Self::SubjectAgreed
                | Self::SubjectDeclined
                | Self::CloneObjected
                | Self::ObjectionWithdrawn
                | Self::ClonePaused
                | Self::CloneRetired
                | Self::CloneWoken
                | Self::ContributionWaits
                | Self::ContributionApproved
                | Self::ContributionDeclined
                | Self::LegacyClaimRuns
                | Self::LegacyClaimStopped
                | Self::LegacyCarriedOut
        );
        !of_others && !self.is_by_admins()
    }

    /// Whether people are told by mail wherever they are: at an address that was never proven,
    /// which is all there is, and while the account is suspended. That is what concerns who can
    /// get at the account; the rest is for those who can look.
    pub fn reaches_everybody(self) -> bool {
        self.is_about_security() || self.is_by_admins()
    }

    fn is_by_admins(self) -> bool {
        matches!(
            self,
            Self::AdminGranted
                | Self::AdminRevoked
                | Self::LockedOut
                | Self::Suspended
                | Self::Unsuspended
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Topic::all().map(Topic::word).collect();
        assert_eq!(words.len(), WORDS.len());
        for topic in Topic::all() {
            assert_eq!(Topic::of(topic.word()), Some(topic));
        }
    }
}
