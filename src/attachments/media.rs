//! What a file is: found from its bytes, and compared with what it is called and said to be. What
//! browsers would run (HTML, SVG, scripts) is none of it.

use serde::{Deserialize, Serialize};

/// The kinds of files that a memory can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the media type that it is stored as")]
pub enum Media {
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "image/webp")]
    WebP,
    #[serde(rename = "application/pdf")]
    Pdf,
    #[serde(rename = "text/plain")]
    Text,
    #[serde(rename = "audio/mpeg")]
    Mp3,
    #[serde(rename = "audio/wav")]
    Wav,
    #[serde(rename = "audio/mp4")]
    M4a,
    #[serde(rename = "audio/ogg")]
    Ogg,
}

/// What is done with it in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is seen.
    Picture,
    /// It is heard.
    Sound,
    /// It is saved and opened elsewhere.
    File,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It is of no kind that is taken.
    #[error("no kind of file that is taken")]
    Unknown,
    /// It is called something else than it is.
    #[error("its name says that it is something else")]
    OtherName,
    /// It is said to be something else than it is.
    #[error("it is said to be something else")]
    OtherType,
    /// It is a picture of which the parts cannot be told apart.
    #[error("a picture that is not whole")]
    Broken,
    /// There is nothing in it.
    #[error("nothing is in it")]
    Empty,
}

/// Each kind with its media type, the endings of its names, the best first, and other names of its
/// type.
type Row = (Media, &'static str, &'static [&'static str], &'static [&'static str]);

const KINDS: [Row; 10] = [
    (Media::Jpeg, "image/jpeg", &["jpg", "jpeg", "jpe", "jfif"], &["image/jpg", "image/pjpeg"]),
    (Media::Png, "image/png", &["png"], &["image/x-png"]),
    (Media::Gif, "image/gif", &["gif"], &[]),
    (Media::WebP, "image/webp", &["webp"], &[]),
    (Media::Pdf, "application/pdf", &["pdf"], &["application/x-pdf"]),
    (Media::Text, "text/plain", &["txt", "text"], &[]),
    (Media::Mp3, "audio/mpeg", &["mp3"], &["audio/mp3", "audio/x-mp3", "audio/mpeg3"]),
    (Media::Wav, "audio/wav", &["wav"], &["audio/x-wav", "audio/wave", "audio/vnd.wave"]),
    (
        Media::M4a,
        "audio/mp4",
        &["m4a"],
        &["audio/m4a", "audio/x-m4a", "audio/mp4a-latm", "video/mp4", "audio/aac"],
    ),
    (
        Media::Ogg,
        "audio/ogg",
        &["ogg", "oga", "opus"],
        &["audio/opus", "application/ogg", "audio/vorbis", "video/ogg"],
    ),
];

impl Media {
    fn row(self) -> &'static Row {
        // Every kind has its row; a test sees to it.
        KINDS.iter().find(|(media, ..)| *media == self).unwrap_or(&KINDS[0])
    }

    /// Its media type.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// How the names of such files end.
    pub fn ending(self) -> &'static str {
        self.row().2[0]
    }

    /// What is done with it in a page.
    pub fn shown(self) -> Shown {
        match self {
            Self::Jpeg | Self::Png | Self::Gif | Self::WebP => Shown::Picture,
            Self::Mp3 | Self::Wav | Self::M4a | Self::Ogg => Shown::Sound,
            Self::Pdf | Self::Text => Shown::File,
        }
    }

    /// What a file is, if its bytes, its name and what it is said to be agree.
    ///
    /// # Errors
    /// When they do not, or it is nothing that is taken.
    pub(super) fn of(
        bytes: &[u8],
        ending: Option<&str>,
        declared: Option<&str>,
    ) -> Result<Self, MediaError> {
        if bytes.is_empty() {
            return Err(MediaError::Empty);
        }
        let found = found_in(bytes).ok_or(MediaError::Unknown)?;
        let (_, name, endings, others) = found.row();
        if ending.is_some_and(|ending| !endings.iter().any(|one| one.eq_ignore_ascii_case(ending)))
        {
            return Err(MediaError::OtherName);
        }
        let declared = declared.map(|declared| {
            declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
        });
        let says_nothing = |declared: &str| {
            declared.is_empty() || declared == "application/octet-stream" || declared == *name
        };
        match declared.filter(|declared| !says_nothing(declared)) {
            Some(declared) if !others.contains(&declared.as_str()) => Err(MediaError::OtherType),
            _ => Ok(found),
        }
    }
}

fn found_in(bytes: &[u8]) -> Option<Media> {
    let Some(found) = infer::get(bytes) else {
        return is_text(bytes).then_some(Media::Text);
    };
    Some(match found.mime_type() {
        "image/jpeg" => Media::Jpeg,
        "image/png" => Media::Png,
        "image/gif" => Media::Gif,
        "image/webp" => Media::WebP,
        "application/pdf" => Media::Pdf,
        "audio/mpeg" => Media::Mp3,
        "audio/x-wav" => Media::Wav,
        "audio/m4a" => Media::M4a,
        "audio/ogg" | "audio/opus" => Media::Ogg,
        _ => return None,
    })
}

/// UTF-8 without anything that no text has, and nothing that a browser could take for a page.
fn is_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    let is_markup = begins.starts_with('<');
    !is_markup && !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn every_kind_has_its_row() {
        for (media, name, ..) in KINDS {
            assert_eq!(media.as_str(), name);
            assert_eq!(serde_json::to_value(media).unwrap(), name);
        }
    }

    #[test]
    fn bytes_name_and_type_must_agree() {
        let jpeg: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
        assert_eq!(Media::of(jpeg, Some("JPG"), Some("image/jpeg")), Ok(Media::Jpeg));
        assert_eq!(Media::of(jpeg, None, Some("application/octet-stream")), Ok(Media::Jpeg));
        assert_eq!(Media::of(PNG, Some("jpg"), None), Err(MediaError::OtherName));
        assert_eq!(Media::of(PNG, Some("png"), Some("text/html")), Err(MediaError::OtherType));
        assert_eq!(
            Media::of("Grüße".as_bytes(), Some("txt"), Some("text/plain; charset=utf-8")),
            Ok(Media::Text)
        );
        assert_eq!(Media::of(b"", Some("txt"), None), Err(MediaError::Empty));
    }

    #[test]
    fn what_a_browser_would_run_is_not_taken() {
        for bytes in [
            "<!DOCTYPE html><script>alert(1)</script>",
            "<html><body>",
            "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "\u{feff}  <?xml version='1.0'?><svg/>",
            "#!/bin/sh\nrm -rf ~",
            "MZ\u{0}\u{1}",
            "a\u{0}b",
        ] {
            let found = Media::of(bytes.as_bytes(), Some("txt"), Some("text/plain"));
            assert_eq!(found, Err(MediaError::Unknown), "{bytes}");
        }
        assert_eq!(Media::of(b"\xff\xfe\x00\x01", None, None), Err(MediaError::Unknown));
    }
}
