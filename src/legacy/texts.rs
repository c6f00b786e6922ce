//! The words with which somebody says that a person has died, in English and French, kept in the
//! program. What is said keeps them, and their hash.

use sha2::{Digest as _, Sha256};

use crate::clones::Shown;

/// The version of the text now; it changes with its meaning.
const VERSION: &str = "2026-12";

const EN: &str = "The person who gave me this key has died. I was close to them, as I say below. \
    I know that from now on they are told by every way there is that I say so, and everybody who \
    looks after this server too; that a wait begins in which they, or those, can stop it; and that \
    what they chose for after their death is carried out when it is over. To say this of somebody \
    who lives is a serious breach of their trust, and may be an offence.";

const FR: &str = "La personne qui m’a donné cette clé est décédée. J’étais proche d’elle, comme \
    je le dis ci-dessous. Je sais qu’à partir de maintenant elle est avertie par tous les moyens \
    que je le dis, ainsi que celles et ceux qui s’occupent de ce serveur ; qu’un délai commence, \
    pendant lequel elle, ou eux, peuvent l’arrêter ; et que ce qu’elle a choisi pour après sa mort \
    est exécuté à son terme. Le dire d’une personne vivante est un grave abus de sa confiance, et \
    peut être un délit.";

/// The text in a language.
pub fn text(locale: &str) -> Shown {
    let french = locale.to_ascii_lowercase().split('-').next() == Some("fr");
    let text = if french { FR } else { EN };
    let sha256 = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Shown {
        version: VERSION.to_owned(),
        locale: if french { "fr" } else { "en" }.to_owned(),
        text: text.to_owned(),
        sha256,
    }
}

/// The text with this hash.
pub(super) fn known(sha256: &str) -> Option<Shown> {
    ["en", "fr"].into_iter().map(text).find(|shown| shown.sha256 == sha256)
}
