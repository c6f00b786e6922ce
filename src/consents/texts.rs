//! The words that are agreed to, in English and French, kept in the program. Whoever agrees
//! agrees to exactly these, so each statement keeps them, and their hash.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::model::Consent;

/// The version of the texts that are agreed to now; it changes with their meaning.
pub const VERSION: &str = "2026-12";

/// A service of others that this server is set up to send something to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The provider's name in settings.
    pub id: String,
    /// The host that it is reached at.
    pub host: String,
}

/// A text that can be agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it is about.
    pub consent: Consent,
    /// Its version.
    pub version: &'static str,
    /// Its language: `en` or `fr`.
    pub locale: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The words themselves.
    pub body: String,
    /// The hosts that it names.
    pub recipients: Vec<String>,
}

impl Text {
    /// The SHA-256 of the words in UTF-8, in hexadecimal.
    pub fn hash(&self) -> String {
        hash(&self.body)
    }
}

/// The SHA-256 of a text in UTF-8, in hexadecimal.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All texts, with the outside services of this instance in them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Texts(Arc<[Recipient]>);

impl Texts {
    /// The texts of an instance that sends to these.
    pub fn new(recipients: Vec<Recipient>) -> Self {
        Self(recipients.into())
    }

    /// The services of others that this instance is set up with.
    pub fn recipients(&self) -> &[Recipient] {
        &self.0
    }

    /// The text about a consent in the language nearest to `locale`.
    pub fn of(&self, consent: Consent, locale: &str) -> Text {
        let french = locale.to_ascii_lowercase().split('-').next() == Some("fr");
        let (locale, (title, words)) =
            if french { ("fr", fr(consent)) } else { ("en", en(consent)) };
        let mut recipients: Vec<String> = Vec::new();
        let mut body = words.to_owned();
        if consent == Consent::ThirdPartyApis {
            recipients.extend(self.0.iter().map(|recipient| recipient.host.clone()));
            recipients.sort();
            recipients.dedup();
            body.push(' ');
            body.push_str(&named(&recipients, french));
        }
        Text { consent, version: VERSION, locale, title, body, recipients }
    }
}

/// The sentence that names the services.
fn named(hosts: &[String], french: bool) -> String {
    let hosts = hosts.join(", ");
    match (hosts.is_empty(), french) {
        (true, false) => "No such service is set up now; when one is, you are asked again.".into(),
        (true, true) => {
            "Aucun service de ce genre n’est configuré pour l’instant ; s’il y en a un, la \
             question vous sera posée de nouveau."
                .into()
        }
        (false, false) => format!("These services are: {hosts}. For others you are asked again."),
        (false, true) => {
            format!("Ces services sont : {hosts}. Pour d’autres, la question vous sera reposée.")
        }
    }
}

fn en(consent: Consent) -> (&'static str, &'static str) {
    match consent {
        Consent::DataProcessing => (
            "Keeping your memories",
            "What you write here is stored on this server and searched in order to answer \
             questions. It is not sent anywhere else unless you allow it. You can delete it and \
             take this consent back at any time: then nothing new is taken in, and no clone \
             answers you. What you wrote in spaces that you share stays there for the others \
             until you delete it.",
        ),
        Consent::VoiceProcessing => (
            "Voice",
            "Recordings of your voice may be kept and processed, and answers may be spoken. You \
             can take this consent back at any time.",
        ),
        Consent::VideoProcessing => (
            "Pictures and video",
            "A likeness of you may be made from pictures and video. You can take this consent \
             back at any time.",
        ),
        Consent::ThirdPartyApis => (
            "Outside services",
            "So that answers are written in a clone's own words, your questions, what was said \
             before in the conversation, and memories that you wrote and that fit the question \
             may be sent to services that others run. Without this consent nothing of yours is \
             sent there, and answers are quotes made on this server. You can take it back at any \
             time; what was sent before cannot be called back from here.",
        ),
        Consent::WhatsappIngestion => (
            "Chat archives",
            "WhatsApp and similar chat archives that you upload may be read and kept as memories. \
             You can take this consent back at any time.",
        ),
    }
}

fn fr(consent: Consent) -> (&'static str, &'static str) {
    match consent {
        Consent::DataProcessing => (
            "Conserver vos souvenirs",
            "Ce que vous écrivez ici est conservé sur ce serveur et parcouru pour répondre aux \
             questions. Rien n’est envoyé ailleurs sans votre accord. Vous pouvez l’effacer et \
             retirer cet accord à tout moment : plus rien de nouveau n’est alors recueilli, et \
             aucun clone ne vous répond. Ce que vous avez écrit dans des espaces partagés y reste \
             pour les autres jusqu’à ce que vous l’effaciez.",
        ),
        Consent::VoiceProcessing => (
            "Voix",
            "Des enregistrements de votre voix peuvent être conservés et traités, et les réponses \
             peuvent être lues à voix haute. Vous pouvez retirer cet accord à tout moment.",
        ),
        Consent::VideoProcessing => (
            "Images et vidéo",
            "Une représentation de vous peut être créée à partir d’images et de vidéos. Vous \
             pouvez retirer cet accord à tout moment.",
        ),
        Consent::ThirdPartyApis => (
            "Services extérieurs",
            "Pour que les réponses soient écrites avec les mots du clone, vos questions, ce qui a \
             été dit auparavant dans la conversation, et les souvenirs écrits par vous qui \
             répondent à la question peuvent être envoyés à des services gérés par d’autres. Sans \
             cet accord, rien de vous n’y est envoyé, et les réponses sont des citations faites \
             sur ce serveur. Vous pouvez le retirer à tout moment ; ce qui a été envoyé avant ne \
             peut pas être rappelé d’ici.",
        ),
        Consent::WhatsappIngestion => (
            "Archives de discussions",
            "Les archives WhatsApp et semblables que vous envoyez peuvent être lues et gardées \
             comme souvenirs. Vous pouvez retirer cet accord à tout moment.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(hosts: &[&str]) -> Texts {
        let recipient =
            |host: &&str| Recipient { id: "openai".to_owned(), host: (*host).to_owned() };
        Texts::new(hosts.iter().map(recipient).collect())
    }

    #[test]
    fn every_consent_has_words_in_both_languages() {
        let texts = texts(&["api.example"]);
        for consent in Consent::ALL {
            let (en, fr) = (texts.of(consent, "en-GB"), texts.of(consent, "fr-CA"));
            assert_eq!((en.locale, fr.locale), ("en", "fr"));
            assert!(en.body != fr.body && en.title != fr.title, "{consent:?}");
            assert_eq!(texts.of(consent, "de").body, en.body, "others read English");
            assert_eq!(en.hash().len(), 64);
        }
    }

    #[test]
    fn another_outside_service_changes_what_is_agreed_to_and_nothing_else() {
        let (none, one, two) =
            (texts(&[]), texts(&["a.example"]), texts(&["b.example", "a.example"]));
        for consent in Consent::ALL {
            let hash = |texts: &Texts| texts.of(consent, "en").hash();
            let changes = hash(&none) != hash(&one) && hash(&one) != hash(&two);
            assert_eq!(changes, consent == Consent::ThirdPartyApis, "{consent:?}");
        }
        assert_eq!(two.of(Consent::ThirdPartyApis, "fr").recipients, ["a.example", "b.example"]);
    }
}
