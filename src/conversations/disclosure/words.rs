//! The truth about who answers, in the languages that the server answers in by itself.

/// That an AI answers and not the person; `{}` is the clone's name.
const STATEMENTS: &[(&str, &str)] = &[
    ("en", "I am an AI, the clone of {}, and not {} in person. I answer from memories."),
    (
        "fr",
        "Je suis une IA, le clone de {}, et non {} en personne. Je réponds à partir de souvenirs.",
    ),
    ("de", "Ich bin eine KI, der Klon von {}, und nicht {} selbst. Ich antworte aus Erinnerungen."),
    ("es", "Soy una IA, el clon de {}, y no {} en persona. Respondo a partir de recuerdos."),
    ("it", "Sono un’IA, il clone di {}, e non {} in persona. Rispondo a partire da ricordi."),
    ("pt", "Sou uma IA, o clone de {}, e não {} em pessoa. Respondo a partir de memórias."),
    ("nl", "Ik ben een AI, de kloon van {}, en niet {} zelf. Ik antwoord uit herinneringen."),
    ("sv", "Jag är en AI, klonen av {}, och inte {} själv. Jag svarar utifrån minnen."),
    ("da", "Jeg er en AI, klonen af {}, og ikke {} selv. Jeg svarer ud fra minder."),
    ("nb", "Jeg er en KI, klonen av {}, og ikke {} selv. Jeg svarer ut fra minner."),
    ("pl", "Jestem AI, klonem ({}), a nie tą osobą ({}). Odpowiadam na podstawie wspomnień."),
    ("cs", "Jsem AI, klon ({}), a ne ten člověk sám ({}). Odpovídám ze vzpomínek."),
    ("ru", "Я ИИ, клон ({}), а не сам человек ({}). Я отвечаю по воспоминаниям."),
    ("uk", "Я ШІ, клон ({}), а не сама людина ({}). Я відповідаю зі спогадів."),
    ("tr", "Ben bir yapay zekâyım, {} klonuyum, {} değilim. Anılardan yanıt veriyorum."),
    ("ar", "أنا ذكاء اصطناعي، نسخة من {}، ولست {} نفسه. أجيب من الذكريات."),
    ("hi", "मैं एक एआई हूँ, {} का क्लोन, स्वयं {} नहीं। मैं यादों से उत्तर देता हूँ।"),
    ("ja", "私はAIで、{}のクローンです。{}本人ではありません。思い出をもとに答えています。"),
    ("zh", "我是人工智能，是{}的克隆，不是{}本人。我根据记忆回答。"),
    ("ko", "저는 AI이며 {}의 클론이고, {} 본인이 아닙니다. 기억을 바탕으로 답합니다."),
];

/// The truth in a language (BCP 47), in English when it is not known.
pub fn statement(language: &str, name: &str) -> String {
    let language = language.to_ascii_lowercase();
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let primary = if matches!(primary, "no" | "nn") { "nb" } else { primary };
    let found = STATEMENTS.iter().find(|(code, _)| *code == primary).unwrap_or(&STATEMENTS[0]);
    // A name with marks in it must not become a second one.
    found.1.replace("{}", name.trim())
}
