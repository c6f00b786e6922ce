//! Dates as people write them, in the language of the passage, so that a question about
//! May finds what happened in the fifth month.

use crate::index::language::Language;

use super::passage::WrittenDate;

const ENGLISH: &str = "January February March April May June July August September October \
November December";
const FRENCH: &str = "janvier février mars avril mai juin juillet août septembre octobre \
novembre décembre";
const GERMAN: &str = "Januar Februar März April Mai Juni Juli August September Oktober \
November Dezember";
const SPANISH: &str = "enero febrero marzo abril mayo junio julio agosto septiembre octubre \
noviembre diciembre";
const ITALIAN: &str = "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre \
ottobre novembre dicembre";
const PORTUGUESE: &str = "janeiro fevereiro março abril maio junho julho agosto setembro \
outubro novembro dezembro";
const DUTCH: &str = "januari februari maart april mei juni juli augustus september oktober \
november december";
const RUSSIAN: &str = "января февраля марта апреля мая июня июля августа сентября октября \
ноября декабря";
const SWEDISH: &str = "januari februari mars april maj juni juli augusti september oktober \
november december";
const DANISH: &str = "januar februar marts april maj juni juli august september oktober \
november december";
const NORWEGIAN: &str = "januar februar mars april mai juni juli august september oktober \
november desember";
const FINNISH: &str = "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta \
heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta";
const TURKISH: &str = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım \
Aralık";
const ARABIC: &str = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر \
ديسمبر";
const HINDI: &str = "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर";
const POLISH: &str = "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września \
października listopada grudnia";
const CZECH: &str = "ledna února března dubna května června července srpna září října \
listopadu prosince";
const UKRAINIAN: &str = "січня лютого березня квітня травня червня липня серпня вересня жовтня \
листопада грудня";
const GREEK: &str = "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου \
Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου";
const HUNGARIAN: &str = "január február március április május június július augusztus \
szeptember október november december";
const ROMANIAN: &str = "ianuarie februarie martie aprilie mai iunie iulie august septembrie \
octombrie noiembrie decembrie";
const CATALAN: &str = "gener febrer març abril maig juny juliol agost setembre octubre \
novembre desembre";
const INDONESIAN: &str = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober \
November Desember";
const HEBREW: &str = "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר";
const THAI: &str = "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน \
ตุลาคม พฤศจิกายน ธันวาคม";

fn names(language: Option<Language>) -> &'static str {
    match language {
        Some(Language::French) => FRENCH,
        Some(Language::German) => GERMAN,
        Some(Language::Spanish) => SPANISH,
        Some(Language::Italian) => ITALIAN,
        Some(Language::Portuguese) => PORTUGUESE,
        Some(Language::Dutch) => DUTCH,
        Some(Language::Russian) => RUSSIAN,
        Some(Language::Swedish) => SWEDISH,
        Some(Language::Danish) => DANISH,
        Some(Language::Norwegian) => NORWEGIAN,
        Some(Language::Finnish) => FINNISH,
        Some(Language::Turkish) => TURKISH,
        Some(Language::Arabic) => ARABIC,
        Some(Language::Hindi) => HINDI,
        Some(Language::Polish) => POLISH,
        Some(Language::Czech) => CZECH,
        Some(Language::Ukrainian) => UKRAINIAN,
        Some(Language::Greek) => GREEK,
        Some(Language::Hungarian) => HUNGARIAN,
        Some(Language::Romanian) => ROMANIAN,
        Some(Language::Catalan) => CATALAN,
        Some(Language::Indonesian) => INDONESIAN,
        Some(Language::Hebrew) => HEBREW,
        Some(Language::Thai) => THAI,
        _ => ENGLISH,
    }
}

/// `date` in words, as exact as it is known; a language without month names here is
/// written in English, which the clone's people at least can read.
pub(super) fn written(date: WrittenDate, language: Option<Language>) -> String {
    let year = date.year;
    let Some(month) = date.month.filter(|month| (1..=12).contains(month)) else {
        return year.to_string();
    };
    let day = date.day;
    if let Some(Language::Chinese | Language::Japanese) = language {
        let day = day.map_or_else(String::new, |day| format!("{day}日"));
        return format!("{year}年{month}月{day}");
    }
    match language {
        Some(Language::Korean) => {
            let day = day.map_or_else(String::new, |day| format!(" {day}일"));
            return format!("{year}년 {month}월{day}");
        }
        Some(Language::Vietnamese) => {
            let day = day.map_or_else(String::new, |day| format!("ngày {day} "));
            return format!("{day}tháng {month} năm {year}");
        }
        _ => {}
    }
    let name = names(language).split_whitespace().nth(usize::from(month) - 1).unwrap_or("");
    match (day, language) {
        (None, _) => format!("{name} {year}"),
        (Some(day), Some(Language::Spanish | Language::Portuguese)) => {
            format!("{day} de {name} de {year}")
        }
        (Some(day), Some(Language::German | Language::Danish | Language::Norwegian)) => {
            format!("{day}. {name} {year}")
        }
        (Some(day), _) => format!("{day} {name} {year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_the_language() {
        let date = WrittenDate { year: 1962, month: Some(5), day: Some(8) };
        assert_eq!(written(date, None), "8 May 1962");
        assert_eq!(written(date, Some(Language::German)), "8. Mai 1962");
        assert_eq!(written(date, Some(Language::Spanish)), "8 de mayo de 1962");
        assert_eq!(written(date, Some(Language::Japanese)), "1962年5月8日");
        assert_eq!(written(WrittenDate { day: None, ..date }, None), "May 1962");
        assert_eq!(written(WrittenDate { month: None, ..date }, None), "1962");
    }

    #[test]
    fn every_language_has_twelve_months() {
        for code in "en fr de es it pt nl ru sv da no fi tr ar hi pl cs uk el hu ro ca id he th"
            .split_whitespace()
        {
            let count = names(Language::from_tag(code)).split_whitespace().count();
            assert_eq!(count, 12, "{code}");
        }
    }
}
