//! What people are told.

use std::borrow::Cow;

use crate::accounts::SecurityEvent;
use crate::kernel::{NoticeId, Timestamp};

/// Something that an account is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody signed in where nobody had before.
    NewDevice {
        /// A few words for the device, such as "Firefox on Linux".
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
    },
}

impl Notice {
    /// What is said of an event; nothing of those that are no surprise to their owner.
    pub(super) fn of(event: &SecurityEvent) -> Option<Self> {
        use SecurityEvent as E;
        Some(match event.clone() {
            E::SignedIn { new_device: Some(device), .. } => Self::NewDevice { device },
            E::PasswordChanged => Self::PasswordChanged,
            E::PasswordReset { .. } => Self::PasswordReset,
            E::EmailChanged { before } => Self::EmailChanged { before },
            E::SecondFactorAdded => Self::SecondFactorAdded,
            E::SecondFactorRemoved | E::SecondFactorsReset => Self::SecondFactorRemoved,
            E::RecoveryCodeUsed => Self::RecoveryCodeUsed,
            E::PasskeyAdded => Self::PasskeyAdded,
            E::PasskeyRemoved => Self::PasskeyRemoved,
            E::IdentityLinked { provider } => Self::IdentityLinked { provider },
            E::IdentityUnlinked { provider } => Self::IdentityUnlinked { provider },
            E::ApiKeyCreated { label, .. } => Self::ApiKeyCreated { label },
            E::RefreshReused => Self::SignInReused,
            E::PasskeyCopied => Self::PasskeyCopied,
            E::BreakGlassBegun { name: by, reason, until, .. } => {
                Self::BreakGlass { by, reason, until }
            }
            E::BreakGlassEnded { name: by, opened, .. } => Self::BreakGlassEnded { by, opened },
            _ => return None,
        })
    }
}

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
    ShareLinkCreated,
    CloneShared,
    DataExported,
    BreakGlass,
    BreakGlassEnded,
    SpaceInvitation,
    RoleChanged,
}

/// The topics and the words by which they are stored; a word is never reused.
const WORDS: [(Topic, &str); 21] = [
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
    (Topic::ShareLinkCreated, "share_link_created"),
    (Topic::CloneShared, "clone_shared"),
    (Topic::DataExported, "data_exported"),
    (Topic::BreakGlass, "break_glass"),
    (Topic::BreakGlassEnded, "break_glass_ended"),
    (Topic::SpaceInvitation, "space_invitation"),
    (Topic::RoleChanged, "role_changed"),
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

    /// Whether somebody else might have done it in the account's name. Of this people are told
    /// by mail even at an address that was never proven: it is all there is.
    pub fn is_about_security(self) -> bool {
        !matches!(self, Self::SpaceInvitation | Self::RoleChanged | Self::CloneShared)
    }
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
            Self::ShareLinkCreated { .. } => Topic::ShareLinkCreated,
            Self::CloneShared { .. } => Topic::CloneShared,
            Self::DataExported => Topic::DataExported,
            Self::BreakGlass { .. } => Topic::BreakGlass,
            Self::BreakGlassEnded { .. } => Topic::BreakGlassEnded,
            Self::SpaceInvitation { .. } => Topic::SpaceInvitation,
            Self::RoleChanged { .. } => Topic::RoleChanged,
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
            | Self::BreakGlass { reason: detail, .. }
            | Self::SpaceInvitation { space: detail }
            | Self::RoleChanged { space: detail } => Some(detail.into()),
            Self::BreakGlassEnded { opened, .. } if !opened.is_empty() => {
                Some(opened.join(", ").into())
            }
            _ => None,
        }
    }

    /// Who did it, if it was not the account's owner and is to be known.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::BreakGlass { by, .. } | Self::BreakGlassEnded { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Until when it goes on.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::BreakGlass { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// A notice on a topic, for tests that have no cause to give one.
    #[cfg(feature = "testing")]
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
            Topic::RoleChanged => Self::RoleChanged { space: detail },
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
    fn every_topic_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Topic::all().map(Topic::word).collect();
        assert_eq!(words.len(), WORDS.len());
        for topic in Topic::all() {
            assert_eq!(Topic::of(topic.word()), Some(topic));
        }
    }

    #[test]
    fn details_stay_on_one_line_and_short() {
        assert_eq!(on_one_line(" a\r\nSubject: b\t c\0"), "a Subject: b c");
        assert_eq!(on_one_line(&"ä".repeat(5000)).chars().count(), LONGEST_DETAIL);
    }
}
