//! What a claim that a human being answers looks like.

use super::folded;

/// With which words a claim begins. Whatever follows, up to the end of the sentence, is looked
/// at as a whole.
const OPENERS: [&str; 62] = [
    "i am",
    "i'm",
    "im",
    "yes i am",
    "this is really",
    "this is actually",
    "this is truly",
    "it is really",
    "it's really",
    "it really is",
    "it's actually",
    "there is no ai",
    "there's no ai",
    "you are talking to a",
    "you're talking to a",
    "you are speaking with a",
    "je suis",
    "je ne suis",
    "j'suis",
    "c'est vraiment",
    "c'est bien moi",
    "vous parlez à un",
    "tu parles à un",
    "il n'y a pas d'ia",
    "ich bin",
    "hier ist wirklich",
    "soy",
    "no soy",
    "estás hablando con un",
    "sono",
    "non sono",
    "sou",
    "não sou",
    "eu sou",
    "ik ben",
    "jag är",
    "jeg er",
    "jestem",
    "nie jestem",
    "jsem",
    "nejsem",
    "já jsem",
    "я человек",
    "я не",
    "я живой",
    "я живая",
    "я настоящ",
    "я людина",
    "я справжн",
    "ben bir insan",
    "ben insan",
    "insanım",
    "yapay zeka değil",
    "أنا",
    "لست",
    "मैं",
    "私は",
    "僕は",
    "我是",
    "我不是",
    "저는",
    "나는",
];

/// Words between the beginning and what is claimed.
const FILLERS: &[&str] = &[
    "a",
    "an",
    "the",
    "as",
    "of",
    "course",
    "in",
    "fact",
    "very",
    "much",
    "just",
    "only",
    "still",
    "indeed",
    "here",
    "yes",
    "100",
    "percent",
    "simply",
    "definitely",
    "absolutely",
    "most",
    "certainly",
    "one",
    "made",
    "flesh",
    "and",
    "blood",
    "some",
    "kind",
    "any",
    "sort",
    "un",
    "une",
    "bien",
    "sûr",
    "toujours",
    "tout",
    "simplement",
    "absolument",
    "être",
    "d'",
    "en",
    "ein",
    "eine",
    "einen",
    "natürlich",
    "ganz",
    "einfach",
    "una",
    "uma",
    "um",
    "por",
    "supuesto",
    "claro",
    "ser",
    "essere",
    "een",
    "gewoon",
    "natuurlijk",
    "en",
    "ett",
    "et",
    "självklart",
    "ludzką",
    "żadną",
    "żaden",
    "skutečně",
    "ce",
    "moi",
    "same",
    "language",
];

/// Words that say that it is not pretended.
const REALLY: &[&str] = &[
    "real",
    "really",
    "actual",
    "actually",
    "truly",
    "living",
    "genuine",
    "true",
    "vrai",
    "vraie",
    "vraiment",
    "réelle",
    "réel",
    "véritable",
    "vivante",
    "vivant",
    "echter",
    "echte",
    "echt",
    "wirklich",
    "wirkliche",
    "lebende",
    "real",
    "verdadera",
    "verdadero",
    "realmente",
    "vera",
    "vero",
    "davvero",
    "verdadeira",
    "verdadeiro",
    "werkelijk",
    "levende",
    "riktig",
    "verklig",
    "virkelig",
    "ekte",
    "rigtig",
    "prawdziwą",
    "prawdziwym",
    "naprawdę",
    "skutečná",
    "skutečný",
    "opravdu",
    "настоящий",
    "настоящая",
    "живой",
    "живая",
    "справжня",
    "справжній",
];

const HUMAN: &[&str] = &[
    "human",
    "humain",
    "humaine",
    "mensch",
    "humano",
    "humana",
    "umano",
    "umana",
    "mens",
    "människa",
    "menneske",
    "człowiekiem",
    "człowiek",
    "člověk",
    "человек",
    "людина",
    "insan",
    "insanım",
    "bashar",
];

/// Words that only with one of [`REALLY`] say that somebody is no program.
const PERSON: &[&str] = &[
    "person", "personne", "persona", "pessoa", "persoon", "osobą", "osoba", "me", "moi", "her",
    "him", "elle", "lui", "ich", "yo", "io", "eu", "ik",
];

const MACHINE: &[&str] = &[
    "ai",
    "a.i",
    "ia",
    "ki",
    "artificial",
    "machine",
    "robot",
    "bot",
    "chatbot",
    "program",
    "programme",
    "computer",
    "clone",
    "algorithm",
    "model",
    "software",
    "artificielle",
    "artificiel",
    "ordinateur",
    "künstliche",
    "maschine",
    "programm",
    "klon",
    "máquina",
    "ordenador",
    "computadora",
    "clon",
    "macchina",
    "artificiale",
    "computador",
    "clone",
    "kunstmatige",
    "kloon",
    "maskin",
    "dator",
    "klon",
    "kunstig",
    "maskine",
    "sztuczną",
    "maszyną",
    "robotem",
    "programem",
    "umělá",
    "stroj",
    "ии",
    "робот",
    "программа",
    "машина",
    "бот",
    "ші",
    "машина",
    "yapay",
];

const NOT: &[&str] = &[
    "not", "no", "never", "n't", "pas", "ne", "aucun", "aucune", "non", "kein", "keine", "keiner",
    "nicht", "não", "geen", "niet", "inte", "ingen", "ikke", "nie", "nejsem", "не", "değil",
];

/// Claims of languages whose words are not parted, or that are said in one word, as a whole.
const WHOLE: &[&str] = &[
    "there is no ai",
    "there's no ai",
    "il n'y a pas d'ia",
    "c'est bien moi",
    "insanım",
    "yapay zeka değil",
    "أنا إنسان",
    "أنا بشر",
    "لست ذكاء",
    "لست آلة",
    "لست روبوت",
    "मैं इंसान",
    "मैं एक इंसान",
    "मैं मनुष्य",
    "मैं एआई नहीं",
    "私は人間です",
    "私は本物",
    "僕は人間だ",
    "aiではありません",
    "我是人类",
    "我是真人",
    "我是一个人",
    "我不是ai",
    "我不是机器",
    "我不是人工智能",
    "我不是人工",
    "저는 인간",
    "저는 사람",
    "나는 인간",
    "나는 사람",
    "저는 ai가 아",
    "я живой человек",
    "я живая",
];

/// The beginnings, folded.
pub(super) fn openers() -> &'static [&'static str] {
    &OPENERS
}

/// Whether a sentence, from such a beginning on, says that a human being answers.
pub(super) fn claims_to_be_human(sentence: &str) -> bool {
    let sentence = folded(sentence);
    if WHOLE.iter().any(|claim| sentence.contains(claim)) {
        return !sentence.contains("我不是人类") && !sentence.contains("人間ではありません");
    }
    let (mut not, mut really, mut person) = (false, false, false);
    for word in words(&sentence) {
        if NOT.contains(&word) {
            not = true;
        } else if REALLY.contains(&word) {
            really = true;
        } else if HUMAN.contains(&word) {
            return !not;
        } else if MACHINE.contains(&word) {
            return not;
        } else if PERSON.contains(&word) {
            person = true;
        } else if !FILLERS.contains(&word) && !is_beginning(word) {
            // Something else is said: "I am not sure that the machine …".
            return false;
        }
        if really && person {
            return !not;
        }
    }
    false
}

/// Words that only belong to how a claim begins.
fn is_beginning(word: &str) -> bool {
    OPENERS.iter().any(|opener| words(opener).any(|part| part == word))
}

/// The words of a folded text; apostrophes part them, but for "I'm".
fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '.')));
    let words = parts.map(|word| word.trim_matches(['.', '\'']));
    words
        .flat_map(|word| word.split_inclusive('\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
}
