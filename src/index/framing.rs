//! Words that say how something is asked, not what: the "tell" and "remember" of "what do you
//! remember of Lyon?".
//!
//! Unlike stop words they may be what a memory is about, so they are looked up like any other
//! word; they only do not count when the clone decides whether it knows enough to answer.
//! Lower case, without the apostrophe and what stands on its shorter side.

use super::language::Language;

const ENGLISH: &str = "call called describe everything explain happen happened happening happens \
info information kind kinds know known knows like memories memory mention mentioned name names \
please recall recalled remember remembered remind said say says share something anything sort \
speak stories story talk talked tell themselves thing things think told type types yourself \
yourselves";

const FRENCH: &str = "appelait appelle appeler arrivé arriver choses chose connais connaissez \
connaître décris décrire décrivez dire dis dit dites explique expliquer expliquez genre histoire \
histoires nom noms parle parler parlez passe passé passer pense penses pensez plaît quelque \
raconte raconter racontez racontes rappelle rappelles rappelez sais savez savoir souvenir \
souvenirs souviens souvenez sorte type veux voudrais";

const GERMAN: &str = "art bescheid beschreib beschreibe beschreiben bitte denkst erinnere erinnern \
erinnerst erinnerung erinnerungen erklär erkläre erklären erzähl erzähle erzählen erzählst \
gesagt geschah geschehen geschichte geschichten hieß hießen heißt kennen kennst name namen \
nannte passiert passierte rede reden sag sagen sage sagst sagte sprechen sprich sache sachen \
weiß weißt wissen";

const SPANISH: &str = "acuerdas acuerda acordar conoces contar cosa cosas cuenta cuéntame \
cuéntanos cuentas decir describe dice dices dime dinos explica favor habla hablar háblame \
hablemos historia historias llama llamaba nombre nombres ocurrió ocurre pasa pasó piensas \
quisiera recuerda recuerdas recuerdo recuerdos sabe saber sabes sucedió tipo";

const ITALIAN: &str = "accadde accaduto chiamava chiama conosci cose descrivi dici dimmi dire \
favore nome nomi parla parlami parlare parli pensi racconta raccontare raccontami raccontaci \
ricorda ricordami ricordi ricordo ricordare sai sapere spiega spiegami storia storie successe \
successo tipo";

const PORTUGUESE: &str = "acontece aconteceu chama chamava coisa coisas conhece conheces conta \
conte contar descreve descreva diga dizer diz explica explique fala falar fale favor história \
histórias lembra lembras lembrança lembranças lembrar memória memórias nome nomes passou pensa \
recorda recordas sabe saber sabes tipo";

const DUTCH: &str = "alsjeblieft beschrijf dingen ding gebeurd gebeurde gebeurt heet heette \
herinner herinneren herinnering herinneringen herinnert ken kent leg naam namen noem praat \
praten soort verhaal verhalen vertel vertellen vertelde weet weten zeg zeggen zei";

const RUSSIAN: &str = "вспомни говори говорил говорила дела дело знаешь знаете знать звали зовут \
имя история истории объясни опиши память помнишь помните помнить пожалуйста произошло \
происходило рассказать расскажи расскажите случилось скажи скажите";

const POLISH: &str = "historia historie imię mów nazywa nazywał nazywała opisz opowiedz pamięta \
pamiętasz pamiętać powiedz proszę przypomnij rzecz rzeczy stało wiesz wydarzyło wyjaśnij znasz";

/// Whether `word` (lower case) only frames a question of `language`.
#[must_use]
pub fn frames(word: &str, language: Language) -> bool {
    let list = match language {
        Language::English => ENGLISH,
        Language::French => FRENCH,
        Language::German => GERMAN,
        Language::Spanish => SPANISH,
        Language::Italian => ITALIAN,
        Language::Portuguese => PORTUGUESE,
        Language::Dutch => DUTCH,
        Language::Russian => RUSSIAN,
        Language::Polish => POLISH,
        _ => "",
    };
    list.split_whitespace().any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_frames_only_in_its_language() {
        assert!(frames("remember", Language::English));
        assert!(frames("souviens", Language::French));
        assert!(!frames("remember", Language::French));
        assert!(!frames("garden", Language::English));
    }
}
