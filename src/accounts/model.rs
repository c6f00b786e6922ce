//! What an account is.

use std::time::Duration;

use crate::kernel::{AccountId, Text, Timestamp, Token};

use super::{NewPassword, OnCreated};

/// How long an invitation is good.
pub(super) const INVITE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// Where mail goes.
    pub email: Email,
    /// How the person wants to be called.
    pub display_name: Text<1, 100>,
    /// BCP 47 language tag.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Whether the account administers the instance.
    pub is_admin: bool,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it may not be used, if an admin has suspended it.
    pub suspended_at: Option<Timestamp>,
    /// Since when it is kept in memory of somebody who has died: nobody signs in to it again.
    pub in_memory_at: Option<Timestamp>,
    /// The security epoch. Everything that opens the account names the epoch it was made in and
    /// opens nothing any more once the account is in a later one.
    pub epoch: u64,
    /// When everything of the account was last taken along.
    pub exported_at: Option<Timestamp>,
}

/// An e-mail address as typed; compared without case and in one Unicode form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks the shape: something, an at sign, a domain; at most 254 bytes, no white space.
    ///
    /// Whether mail arrives there only mail can tell.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
        let good = text.len() <= 254
            && (1..=64).contains(&local.len())
            && !domain.is_empty()
            && !text.contains(odd)
            && !local.contains('@')
            && domain.split('.').all(|part| !part.is_empty() && !part.starts_with('-'));
        good.then(|| Self(text.to_owned()))
    }

    /// The address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether mail to both goes to the same box, as far as the spelling tells.
    pub fn same_as(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// The form under which addresses are the same.
    pub(super) fn folded(&self) -> String {
        use unicode_normalization::UnicodeNormalization as _;
        self.0.nfkc().collect::<String>().to_lowercase()
    }
}

/// What is needed to make an account.
pub struct NewAccount {
    /// The address to sign in with.
    pub email: Email,
    /// The password; none for somebody who signs in elsewhere.
    pub password: Option<NewPassword>,
    /// Whether the address was proven already.
    pub email_verified: bool,
    /// How the person wants to be called.
    pub display_name: Text<1, 100>,
    /// BCP 47 language tag.
    pub locale: String,
    /// What else happens in the same transaction (the consents given with it).
    pub also: Option<OnCreated>,
}

/// What a person can change of their account.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A new name.
    pub display_name: Option<Text<1, 100>>,
    /// Another language.
    pub locale: Option<String>,
    /// Another time zone.
    pub time_zone: Option<String>,
}

impl AccountChange {
    pub(super) fn apply(self, account: &mut Account) {
        if let Some(name) = self.display_name {
            account.display_name = name;
        }
        if let Some(locale) = self.locale {
            account.locale = locale;
        }
        if let Some(zone) = self.time_zone {
            account.time_zone = zone;
        }
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Who has an invitation.
    Invite,
    /// Everyone.
    Open,
    /// Nobody.
    Closed,
}

impl Registration {
    /// Its word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// What a word of the configuration stands for.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Invite, Self::Open, Self::Closed].into_iter().find(|one| one.word() == word)
    }
}

/// An invitation, to be handed out once.
pub struct Invite {
    /// The token in the link.
    pub token: Token,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case() {
        let a = Email::new("Ada@Example.org").unwrap();
        let b = Email::new(" ada@example.ORG ").unwrap();
        assert_eq!(a.folded(), b.folded());
        assert_eq!(a.as_str(), "Ada@Example.org");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@b..c", "a@.b", "<a@b.c>", "a\n@b.c"]
        {
            assert!(Email::new(text).is_none(), "{text:?}");
        }
        assert!(Email::new(&format!("{}@example.org", "a".repeat(65))).is_none());
        assert!(Email::new("root@localhost").is_some());
    }
}
