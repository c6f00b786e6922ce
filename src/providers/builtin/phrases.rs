//! The clone's frame around quotes, in the asker's language.

/// What the clone says itself.
pub(super) struct Phrases {
    code: &'static str,
    /// Before memories that the subject told.
    pub(super) remember: &'static str,
    /// Before memories that others told; `{}` is the clone's name.
    says: &'static str,
    /// When there is nothing.
    pub(super) nothing: &'static str,
    /// What to do about it.
    pub(super) invitation: &'static str,
}

impl Phrases {
    pub(super) fn says(&self, name: &str) -> String {
        let name = name.trim();
        let says = if self.code == "fr" && starts_with_vowel(name) {
            self.says.replace("de {}", "d’{}")
        } else {
            self.says.to_owned()
        };
        says.replace("{}", name)
    }
}

fn starts_with_vowel(name: &str) -> bool {
    let vowels = "aeiouyàâäéèêëîïôöùûüœh";
    name.chars().next().is_some_and(|first| first.to_lowercase().all(|c| vowels.contains(c)))
}

/// The language of a tag without region and script; the forms of Norwegian are one.
fn primary_language(tag: &str) -> &str {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    if matches!(primary, "no" | "nn") { "nb" } else { primary }
}

/// The phrases of a language (BCP 47); English when it is not known.
pub(super) fn phrases(language: &str) -> &'static Phrases {
    let language = language.to_ascii_lowercase();
    let code = primary_language(&language);
    PHRASES.iter().find(|phrases| phrases.code == code).unwrap_or(&PHRASES[0])
}

static PHRASES: &[Phrases] = &[
    Phrases {
        code: "en",
        remember: "I remember:",
        says: "Here is what {}’s memories say:",
        nothing: "I have no memory of that.",
        invitation: "If you know more about it, you can add it as a memory.",
    },
    Phrases {
        code: "fr",
        remember: "Je me souviens :",
        says: "Voici ce que disent les souvenirs de {} :",
        nothing: "Je n’en ai aucun souvenir.",
        invitation: "Si vous en savez plus, vous pouvez l’ajouter comme souvenir.",
    },
    Phrases {
        code: "de",
        remember: "Ich erinnere mich:",
        says: "Das sagen die Erinnerungen von {}:",
        nothing: "Daran habe ich keine Erinnerung.",
        invitation: "Wenn Sie mehr darüber wissen, können Sie es als Erinnerung hinzufügen.",
    },
    Phrases {
        code: "es",
        remember: "Recuerdo lo siguiente:",
        says: "Esto dicen los recuerdos de {}:",
        nothing: "No tengo ningún recuerdo de eso.",
        invitation: "Si sabe algo más, puede añadirlo como recuerdo.",
    },
    Phrases {
        code: "it",
        remember: "Ricordo questo:",
        says: "Ecco che cosa dicono i ricordi di {}:",
        nothing: "Non ne ho alcun ricordo.",
        invitation: "Se ne sa di più, può aggiungerlo come ricordo.",
    },
    Phrases {
        code: "pt",
        remember: "Eu me lembro:",
        says: "Isto é o que dizem as memórias de {}:",
        nothing: "Não tenho nenhuma memória disso.",
        invitation: "Se souber mais, pode acrescentá-lo como memória.",
    },
    Phrases {
        code: "nl",
        remember: "Ik herinner me:",
        says: "Dit zeggen de herinneringen van {}:",
        nothing: "Daar heb ik geen herinnering aan.",
        invitation: "Als u er meer over weet, kunt u het als herinnering toevoegen.",
    },
    Phrases {
        code: "sv",
        remember: "Jag minns:",
        says: "Så här säger minnena av {}:",
        nothing: "Det har jag inget minne av.",
        invitation: "Om du vet mer kan du lägga till det som ett minne.",
    },
    Phrases {
        code: "da",
        remember: "Jeg husker:",
        says: "Dette siger {}s minder:",
        nothing: "Det har jeg intet minde om.",
        invitation: "Hvis du ved mere, kan du tilføje det som et minde.",
    },
    Phrases {
        code: "nb",
        remember: "Jeg husker:",
        says: "Dette sier minnene til {}:",
        nothing: "Det har jeg ikke noe minne om.",
        invitation: "Hvis du vet mer, kan du legge det til som et minne.",
    },
    Phrases {
        code: "pl",
        remember: "Pamiętam:",
        says: "Oto, co mówią wspomnienia ({}):",
        nothing: "Nie mam o tym żadnego wspomnienia.",
        invitation: "Jeśli wiesz o tym więcej, możesz dodać to jako wspomnienie.",
    },
    Phrases {
        code: "cs",
        remember: "Vzpomínám si:",
        says: "Vzpomínky ({}) říkají:",
        nothing: "Na to nemám žádnou vzpomínku.",
        invitation: "Pokud o tom víte víc, můžete to přidat jako vzpomínku.",
    },
    Phrases {
        code: "ru",
        remember: "Я помню:",
        says: "Вот что говорится в воспоминаниях ({}):",
        nothing: "У меня нет воспоминаний об этом.",
        invitation: "Если вы знаете об этом больше, вы можете добавить воспоминание.",
    },
    Phrases {
        code: "uk",
        remember: "Я пам’ятаю:",
        says: "Ось що кажуть спогади ({}):",
        nothing: "У мене немає спогадів про це.",
        invitation: "Якщо ви знаєте про це більше, ви можете додати спогад.",
    },
    Phrases {
        code: "tr",
        remember: "Hatırlıyorum:",
        says: "Anılarda şunlar yazıyor ({}):",
        nothing: "Bununla ilgili bir anım yok.",
        invitation: "Daha fazlasını biliyorsanız anı olarak ekleyebilirsiniz.",
    },
    Phrases {
        code: "ar",
        remember: "أتذكّر:",
        says: "هذا ما تقوله ذكريات {}:",
        nothing: "ليست لديّ أي ذكرى عن ذلك.",
        invitation: "إذا كنت تعرف المزيد، يمكنك إضافته كذكرى.",
    },
    Phrases {
        code: "hi",
        remember: "मुझे याद है:",
        says: "{} की यादें यह कहती हैं:",
        nothing: "मुझे इसकी कोई याद नहीं है।",
        invitation: "अगर आप इसके बारे में और जानते हैं, तो इसे याद के रूप में जोड़ सकते हैं।",
    },
    Phrases {
        code: "ja",
        remember: "覚えています：",
        says: "{}の思い出にはこうあります：",
        nothing: "それについての記憶はありません。",
        invitation: "ご存じのことがあれば、思い出として追加できます。",
    },
    Phrases {
        code: "zh",
        remember: "我记得：",
        says: "{}的记忆里是这样说的：",
        nothing: "我没有关于这件事的记忆。",
        invitation: "如果您知道更多，可以把它添加为一条记忆。",
    },
    Phrases {
        code: "ko",
        remember: "기억합니다:",
        says: "{}의 기억에는 이렇게 적혀 있습니다:",
        nothing: "그것에 대한 기억이 없습니다.",
        invitation: "더 알고 계신 것이 있다면 기억으로 추가하실 수 있습니다.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_complete_and_names_the_clone_once() {
        for phrases in PHRASES {
            assert_eq!(phrases.says.matches("{}").count(), 1, "{}", phrases.code);
            let mine = [phrases.remember, phrases.nothing, phrases.invitation];
            assert!(mine.iter().all(|phrase| !phrase.is_empty() && !phrase.contains('{')));
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        for (tag, code) in [("de-AT", "de"), ("FR", "fr"), ("no", "nb"), ("tlh", "en"), ("", "en")]
        {
            assert_eq!(phrases(tag).code, code);
        }
    }

    #[test]
    fn french_elides() {
        let says = |name| phrases("fr").says(name);
        assert_eq!(says("Anna"), "Voici ce que disent les souvenirs d’Anna :");
        assert_eq!(says("Maria"), "Voici ce que disent les souvenirs de Maria :");
    }
}
