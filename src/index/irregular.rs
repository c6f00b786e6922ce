//! English words whose forms no stemmer brings together: people ask "how did you meet" of a
//! memory that says "we met".

/// Base forms with what they become; frequent verbs and a few nouns of family stories.
const FORMS: &[(&str, &[&str])] = &[
    ("be", &["been"]),
    ("become", &["became"]),
    ("begin", &["began", "begun"]),
    ("break", &["broke", "broken"]),
    ("bring", &["brought"]),
    ("build", &["built"]),
    ("buy", &["bought"]),
    ("catch", &["caught"]),
    ("child", &["children"]),
    ("choose", &["chose", "chosen"]),
    ("come", &["came"]),
    ("draw", &["drew", "drawn"]),
    ("dream", &["dreamt"]),
    ("drink", &["drank", "drunk"]),
    ("drive", &["drove", "driven"]),
    ("eat", &["ate", "eaten"]),
    ("fall", &["fell", "fallen"]),
    ("feel", &["felt"]),
    ("fight", &["fought"]),
    ("find", &["found"]),
    ("fly", &["flew", "flown"]),
    ("foot", &["feet"]),
    ("forget", &["forgot", "forgotten"]),
    ("forgive", &["forgave", "forgiven"]),
    ("freeze", &["froze", "frozen"]),
    ("get", &["got", "gotten"]),
    ("give", &["gave", "given"]),
    ("go", &["went", "gone"]),
    ("grow", &["grew", "grown"]),
    ("hear", &["heard"]),
    ("hide", &["hid", "hidden"]),
    ("hold", &["held"]),
    ("keep", &["kept"]),
    ("know", &["knew", "known"]),
    ("lead", &["led"]),
    ("learn", &["learnt"]),
    ("leave", &["left"]),
    ("lend", &["lent"]),
    ("lose", &["lost"]),
    ("make", &["made"]),
    ("man", &["men"]),
    ("marry", &["marriage"]),
    ("mean", &["meant"]),
    ("meet", &["met"]),
    ("mouse", &["mice"]),
    ("pay", &["paid"]),
    ("person", &["people"]),
    ("ride", &["rode", "ridden"]),
    ("ring", &["rang", "rung"]),
    ("rise", &["rose", "risen"]),
    ("run", &["ran"]),
    ("say", &["said"]),
    ("see", &["saw", "seen"]),
    ("sell", &["sold"]),
    ("send", &["sent"]),
    ("shoot", &["shot"]),
    ("sing", &["sang", "sung"]),
    ("sit", &["sat"]),
    ("sleep", &["slept"]),
    ("speak", &["spoke", "spoken"]),
    ("spend", &["spent"]),
    ("stand", &["stood"]),
    ("steal", &["stole", "stolen"]),
    ("swim", &["swam", "swum"]),
    ("take", &["took", "taken"]),
    ("teach", &["taught"]),
    ("tell", &["told"]),
    ("think", &["thought"]),
    ("throw", &["threw", "thrown"]),
    ("tooth", &["teeth"]),
    ("understand", &["understood"]),
    ("wake", &["woke", "woken"]),
    ("wear", &["wore", "worn"]),
    ("wife", &["wives"]),
    ("win", &["won"]),
    ("woman", &["women"]),
    ("write", &["wrote", "written"]),
];

/// The base form of an irregular English form, if it is one.
pub(super) fn base(word: &str) -> Option<&'static str> {
    FORMS.iter().find(|(_, forms)| forms.contains(&word)).map(|(base, _)| *base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_their_base_and_other_words_nowhere() {
        assert_eq!(base("met"), Some("meet"));
        assert_eq!(base("children"), Some("child"));
        assert_eq!(base("meet"), None);
        assert_eq!(base("grandfather"), None);
    }

    #[test]
    fn the_table_is_sorted_and_no_form_stands_twice() {
        assert!(FORMS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut forms: Vec<_> = FORMS.iter().flat_map(|(_, forms)| *forms).collect();
        let count = forms.len();
        forms.sort();
        forms.dedup();
        assert_eq!(forms.len(), count);
    }
}
