//! The words that are declared or agreed to, in English and French, kept in the program. What is
//! said about them keeps them, and their hash.

use sha2::{Digest as _, Sha256};

use super::model::Shown;
use crate::clones::Subject;

/// The version of the texts now; it changes with their meaning.
const VERSION: &str = "2026-12";

/// The text that is declared, or agreed to, about a subject: nothing is for a made-up character.
pub fn text(subject: Subject, locale: &str) -> Option<Shown> {
    let french = locale.to_ascii_lowercase().split('-').next() == Some("fr");
    let text = if french { fr(subject)? } else { en(subject)? };
    let sha256 = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Shown {
        version: VERSION.to_owned(),
        locale: if french { "fr" } else { "en" }.to_owned(),
        text: text.to_owned(),
        sha256,
    })
}

/// The text with this hash, if it is one of the subject's.
pub(super) fn known(subject: Subject, sha256: &str) -> Option<Shown> {
    ["en", "fr"].into_iter().filter_map(|l| text(subject, l)).find(|shown| shown.sha256 == sha256)
}

fn en(subject: Subject) -> Option<&'static str> {
    Some(match subject {
        Subject::Oneself => {
            "This clone is about me, and I make it myself. I know that others who may see it can \
             talk with it, that it is an AI that answers from what is written here and can be \
             wrong, and that I can pause it, retire it or erase it at any time."
        }
        Subject::Living => {
            "Somebody has made a clone of you: an AI that answers questions from memories that \
             people wrote down about you. It is not you, it can be wrong, and it always says that \
             it is an AI. If you agree, those who look after it may open it to others. If you do \
             not, it is paused at once and nobody talks with it; what was written down stays with \
             those who wrote it, and you can ask them to erase it. You can come back to this link \
             and change your answer at any time."
        }
        Subject::Deceased => {
            "The person this clone is about has died. I was close to them, as I say below. I know \
             of no will of theirs against it, written or spoken, and of nobody close to them who \
             is against it. I know that anybody close to them who is in this space may object, and \
             that the clone rests until that is settled. It is an AI that answers from memories; \
             it is not them, and it says so."
        }
        Subject::Fictional => return None,
    })
}

fn fr(subject: Subject) -> Option<&'static str> {
    Some(match subject {
        Subject::Oneself => {
            "Ce clone parle de moi, et je le crée moi-même. Je sais que les personnes qui peuvent \
             le voir peuvent lui parler, que c’est une IA qui répond à partir de ce qui est écrit \
             ici et peut se tromper, et que je peux à tout moment le mettre en pause, le retirer \
             ou l’effacer."
        }
        Subject::Living => {
            "Quelqu’un a créé un clone de vous : une IA qui répond aux questions à partir de \
             souvenirs que des personnes ont écrits à votre sujet. Ce n’est pas vous, elle peut se \
             tromper, et elle dit toujours qu’elle est une IA. Si vous êtes d’accord, les \
             personnes qui s’en occupent pourront l’ouvrir à d’autres. Sinon, le clone est mis en \
             pause aussitôt et personne ne lui parle ; ce qui a été écrit reste à celles et ceux \
             qui l’ont écrit, et vous pouvez leur demander de l’effacer. Vous pouvez revenir à ce \
             lien et changer de réponse à tout moment."
        }
        Subject::Deceased => {
            "La personne dont parle ce clone est décédée. J’étais proche d’elle, comme je le dis \
             ci-dessous. Je n’ai connaissance d’aucune volonté contraire de sa part, écrite ou \
             orale, ni d’un proche qui y soit opposé. Je sais que tout proche membre de cet espace \
             peut s’y opposer, et que le clone se repose alors jusqu’à ce que ce soit réglé. C’est \
             une IA qui répond à partir de souvenirs ; ce n’est pas cette personne, et elle le dit."
        }
        Subject::Fictional => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_that_somebody_must_speak_for_has_words_in_both_languages() {
        for subject in [Subject::Oneself, Subject::Living, Subject::Deceased] {
            let [en, fr] = ["en-GB", "fr-CA"].map(|locale| text(subject, locale).unwrap());
            assert_eq!((en.locale.as_str(), fr.locale.as_str()), ("en", "fr"));
            assert_ne!(en.text, fr.text);
            assert_eq!(known(subject, &fr.sha256), Some(fr.clone()));
            let others = [Subject::Oneself, Subject::Living, Subject::Deceased];
            let others = others.into_iter().filter(|other| *other != subject);
            assert!(others.map(|other| known(other, &en.sha256)).all(|found| found.is_none()));
        }
        assert_eq!(text(Subject::Fictional, "en"), None);
    }
}
