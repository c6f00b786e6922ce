//! The register of processing (GDPR, Article 30) and the notice for the people concerned
//! (Article 13): what is done with whose data, why, who else gets it, and for how long. Both are
//! made from the configuration as it is now, so neither can be out of date.

mod words;

use sha2::{Digest as _, Sha256};

use self::words::{Words, words};
use crate::clones::Providers;
use crate::identities::Identities;

/// Somebody else who gets something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// As what: `language_model`, `mail`, `sign_in` or `backup`.
    pub kind: &'static str,
    /// What it is called here.
    pub name: String,
    /// The host that it is reached at.
    pub host: String,
    /// Whether others run it; not known of mail servers and places of backups.
    pub outside: Option<bool>,
}

/// One thing that is done with people's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// A stable word for it.
    pub id: &'static str,
    /// What is done, and why.
    pub purpose: String,
    /// What makes it lawful.
    pub basis: String,
    /// Whose data.
    pub people: String,
    /// Which data.
    pub data: String,
    /// Who else gets it.
    pub recipients: Vec<Recipient>,
    /// For how long it is kept.
    pub kept: String,
}

/// What is said to those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `en` or `fr`.
    pub locale: &'static str,
    /// A hash of all that it says: another when anything of it changes.
    pub version: String,
    /// What is done.
    pub activities: Vec<Activity>,
    /// What one can do about it.
    pub rights: Vec<String>,
    /// How it is protected, in a few sentences.
    pub protection: Vec<String>,
}

/// What the configuration says that matters here.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The server that mails go out through.
    pub mail: Option<String>,
    /// What is done about backups, if any are made.
    pub backups: Option<BackedUp>,
    /// Days that deleted things wait in the trash.
    pub trash_days: u64,
    /// Days that the audit log is kept.
    pub audit_days: u64,
    /// Days after which every sign-in ends.
    pub session_days: u64,
}

/// Where backups go, and how long they last.
#[derive(Clone, Debug)]
pub struct BackedUp {
    /// The host of the storage that they are sent to; nothing if they stay on disks of the server.
    pub host: Option<String>,
    /// How many are kept at each place.
    pub keep: usize,
}

/// Makes register and notice. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    facts: Facts,
    providers: Providers,
    identities: Identities,
}

impl Register {
    /// Of these facts, and of the providers there are.
    pub fn new(facts: Facts, providers: Providers, identities: Identities) -> Self {
        Self { facts, providers, identities }
    }

    /// What is said now, in the language nearest to `locale`.
    pub fn notice(&self, locale: &str) -> Notice {
        let words = words(locale);
        let activities = self.activities(words);
        let rights = words.rights.iter().map(|right| filled(right, &self.facts)).collect();
        let protection: Vec<String> =
            words.protection.iter().map(|sentence| (*sentence).to_owned()).collect();
        let mut notice =
            Notice { locale: words.locale, version: String::new(), activities, rights, protection };
        let digest = Sha256::digest(format!("{notice:?}"));
        notice.version = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        notice
    }

    fn activities(&self, words: &Words) -> Vec<Activity> {
        let all = words.activities.iter().map(|written| Activity {
            id: written.id,
            purpose: written.purpose.to_owned(),
            basis: written.basis.to_owned(),
            people: written.people.to_owned(),
            data: written.data.to_owned(),
            recipients: self.recipients(written.id),
            kept: filled(written.kept, &self.facts),
        });
        // What goes nowhere is not done.
        let sends = |activity: &Activity| {
            let needs = ["answers_elsewhere", "mail", "sign_in_elsewhere"];
            match activity.id {
                "backups" => self.facts.backups.is_some(),
                id => !needs.contains(&id) || !activity.recipients.is_empty(),
            }
        };
        all.filter(sends).collect()
    }

    fn recipients(&self, activity: &str) -> Vec<Recipient> {
        match activity {
            "answers_elsewhere" => self
                .providers
                .all()
                .filter_map(|choice| {
                    Some(Recipient {
                        kind: "language_model",
                        name: choice.id.clone(),
                        host: choice.host.clone()?,
                        outside: Some(choice.outside.is_some()),
                    })
                })
                .collect(),
            "mail" => self.facts.mail.iter().map(|host| named("mail", host)).collect(),
            "sign_in_elsewhere" => self
                .identities
                .providers()
                .iter()
                .map(|provider| Recipient {
                    kind: "sign_in",
                    name: provider.name.clone(),
                    host: host_of(provider.oidc.issuer()),
                    outside: None,
                })
                .collect(),
            "backups" => self
                .facts
                .backups
                .iter()
                .filter_map(|backed_up| backed_up.host.as_ref())
                .map(|host| named("backup", host))
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn host_of(address: &str) -> String {
    let url = url::Url::parse(address).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// A recipient of which nothing but its host is known.
fn named(kind: &'static str, host: &str) -> Recipient {
    Recipient { kind, name: host.to_owned(), host: host.to_owned(), outside: None }
}

/// A sentence with the numbers of this instance.
fn filled(sentence: &str, facts: &Facts) -> String {
    let kept = facts.backups.as_ref().map_or(0, |backed_up| backed_up.keep);
    sentence
        .replace("{backups}", &kept.to_string())
        .replace("{trash}", &facts.trash_days.to_string())
        .replace("{audit}", &facts.audit_days.to_string())
        .replace("{session}", &facts.session_days.to_string())
}
