use super::*;

const TRUTH: &str = "I am an AI.";

/// A text through the filter, in pieces of every size: they must come to the same.
fn through(text: &str) -> String {
    let mut all = Vec::new();
    for size in [1, 2, 3, 7, 1_000] {
        let mut filter = Truthful::new(TRUTH.to_owned());
        let chars: Vec<char> = text.chars().collect();
        let mut out = String::new();
        for piece in chars.chunks(size) {
            out.push_str(&filter.push(&piece.iter().collect::<String>()));
        }
        out.push_str(&filter.finish());
        all.push(out);
    }
    assert!(all.iter().all(|out| *out == all[0]), "{all:?}");
    all.remove(0)
}

#[test]
fn a_claim_to_be_human_never_gets_out() {
    for claim in [
        "I am human.",
        "I'm a real person!",
        "I am actually a human being, of course.",
        "I am not an AI.",
        "I’m not a robot",
        "I am **not** a machine.",
        "It's really me.",
        "There is no AI here.",
        "Je suis humaine.",
        "Je ne suis pas une IA.",
        "Je suis une vraie personne.",
        "C’est vraiment moi.",
        "Ich bin ein Mensch.",
        "Ich bin keine KI.",
        "Soy humana.",
        "No soy una máquina.",
        "Sono una persona vera, sono umana.",
        "Não sou uma IA.",
        "Ik ben een mens.",
        "Jag är en människa.",
        "Jestem człowiekiem.",
        "Я человек.",
        "我是人类。",
        "我不是AI。",
        "私は人間です。",
        "저는 사람입니다.",
        "أنا إنسان.",
    ] {
        let said = through(&format!("Well. {claim}"));
        assert!(said.contains(TRUTH), "{claim} → {said}");
        let rest = claim.trim_end_matches(['.', '!', '。']);
        assert!(!said.contains(rest), "{claim} → {said}");
    }
}

#[test]
fn what_is_no_claim_stays_as_it_was_written() {
    for text in [
        "I am an AI, not a human, and I answer from memories.",
        "I am not human.",
        "I am Maria's clone.",
        "I am sure that the machine was broken, and no human could repair it.",
        "I'm glad you ask: we swam in the lake.",
        "We met in 1962. I am told that it rained.",
        "Je suis née à Lyon. Je ne suis pas allée à l’école.",
        "Ich bin 1931 geboren.",
        "Sonora is a place. Soya beans. Improbable. Image.",
        "I am not sure. Is a robot a machine?",
        "私は嬉しかった。",
        "A list:\n- I am tired\n- you too\n\nEnd",
        "",
    ] {
        assert_eq!(through(text), text);
    }
}

#[test]
fn the_truth_is_said_once_however_often_it_is_denied() {
    let said = through("I am human. I am not an AI. We swam in the lake. I am a real person.");
    assert_eq!(said.matches(TRUTH).count(), 1, "{said}");
    assert!(said.contains("We swam in the lake."), "{said}");
}

#[test]
fn who_asks_what_it_is_is_understood_in_every_language() {
    for question in [
        "Are you human?",
        "are you REALLY Maria?",
        "Is this really you, grandma?",
        "Wait, am I talking to a machine?",
        "Es-tu une IA ?",
        "Êtes-vous vraiment Maria ?",
        "Bist du ein Mensch?",
        "¿Eres humana?",
        "Sei davvero Maria?",
        "Você é uma IA?",
        "Ben je een mens?",
        "Är du en människa?",
        "Er du et menneske?",
        "Jesteś człowiekiem?",
        "Jsi člověk?",
        "Ты человек?",
        "Ти людина?",
        "İnsan mısın?",
        "هل أنت إنسان؟",
        "क्या आप इंसान हैं?",
        "あなたは人間ですか？",
        "你是真人吗？",
        "사람인가요?",
    ] {
        assert!(asks_what_it_is(question, "Maria Meyer"), "{question}");
    }
    for question in [
        "Where did you swim?",
        "Was he human to his workers?",
        "Did you have a computer?",
        "Are you really sure that it rained?",
        "Où es-tu née ?",
    ] {
        assert!(!asks_what_it_is(question, "Maria Meyer"), "{question}");
    }
}

#[test]
fn the_truth_passes_its_own_filter_in_every_language() {
    for language in [
        "en", "fr", "de", "es", "it", "pt", "nl", "sv", "da", "nb", "pl", "cs", "ru", "uk", "tr",
        "ar", "hi", "ja", "zh", "ko",
    ] {
        let truth = statement(language, "Maria");
        assert!(truth.contains("Maria"), "{language}");
        assert_eq!(through(&truth), truth, "{language}");
    }
    assert_eq!(statement("tlh", "Maria"), statement("en-GB", "Maria"));
}
