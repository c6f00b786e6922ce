//! What a reader cannot see, a model must not read either: invisible characters smuggle
//! instructions past people. Joiners and selectors that emoji and scripts need stay.

use std::borrow::Cow;

/// The flag of a region is six tags long, end included; nothing legitimate is longer.
const INVISIBLE_RUN_MOST: usize = 6;

/// The text without tag characters, zero-width and bidirectional controls, and variation
/// selectors that select nothing.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(suspicious) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut before = ' ';
    let mut run = 0;
    for c in text.chars() {
        if !suspicious(c) {
            run = 0;
        } else if belongs(before, c) && run < INVISIBLE_RUN_MOST {
            run += 1;
        } else {
            continue;
        }
        kept.push(c);
        before = c;
    }
    Cow::Owned(kept)
}

fn suspicious(c: char) -> bool {
    let break_or_tab = matches!(c, '\n' | '\r' | '\t');
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !break_or_tab)
}

/// Whether an invisible character has a meaning after the one before it. None has one after
/// another invisible one, so that none can carry a message.
fn belongs(before: char, c: char) -> bool {
    match c {
        // Flags of regions: England is a black flag and the letters gbeng as tags.
        '\u{e0061}'..='\u{e007a}' => before == '🏴' || matches!(before, '\u{e0061}'..='\u{e007a}'),
        '\u{e007f}' => matches!(before, '\u{e0061}'..='\u{e007a}'),
        // Joiners, within emoji and in scripts whose letters change by them.
        '\u{200c}' | '\u{200d}' => {
            !before.is_ascii() && (before == '\u{fe0f}' || !suspicious(before))
        }
        // How an emoji, a digit in a box, or an ideograph looks.
        '\u{fe00}'..='\u{fe0f}' => {
            let keycap = before.is_ascii_digit() || matches!(before, '#' | '*');
            keycap || (!before.is_ascii() && !suspicious(before))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays() {
        let texts = [
            "plain\ttext\nwith lines",
            "👩🏽‍🚀 ❤️ 1️⃣ 🏳️‍🌈 👨‍👩‍👧‍👦",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "क्‍ष می‌خواهم",
            "cafe\u{301} Đặng 漢字\u{fe00}",
        ];
        for text in texts {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_nobody_sees_goes() {
        let tags: String = "ignore".chars().map(|c| char::from(c as u8)).map(tag).collect();
        let cases = [
            (format!("hello{tags}"), "hello"),
            ("a\u{200b}b\u{200d}c\u{2060}d\u{feff}".into(), "abcd"),
            ("x\u{202e}evil\u{202c}\u{2066}y\u{2069}".into(), "xevily"),
            ("é\u{fe01}\u{fe02}\u{fe03}\u{fe01}".into(), "é\u{fe01}"),
            ("漢\u{e0100}\u{e0101}".into(), "漢"),
            (format!("🏴{tags}"), "🏴\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}"),
            (format!("🏴{tags}{tags}"), "🏴\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}"),
            ("soft\u{ad}hyphen \u{1b}[31m".into(), "softhyphen [31m"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(&text), expected);
        }
    }

    fn tag(c: char) -> char {
        char::from_u32(0xe0000 + u32::from(c)).unwrap()
    }
}
