//! Takes out of a picture what its camera wrote about where, when and with what it was taken: EXIF
//! with its coordinates, XMP, IPTC, comments, and whatever follows the picture. The picture itself
//! is not encoded anew; which way up it is stays, because without that it would lie on its side.

use bytes::Bytes;
use img_parts::ImageEXIF as _;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::Png;
use img_parts::webp::{CHUNK_XMP, WebP};

use super::media::{Media, MediaError};

/// Chunks of a PNG that say something about it and are no part of it.
const OF_PNG: [[u8; 4]; 5] = [*b"eXIf", *b"tEXt", *b"zTXt", *b"iTXt", *b"tIME"];

/// The file without it.
///
/// # Errors
/// When the parts of a picture cannot be told apart.
pub(super) fn stripped(media: Media, bytes: Bytes) -> Result<Bytes, MediaError> {
    let broken = |_| MediaError::Broken;
    match media {
        Media::Jpeg => jpeg(bytes),
        Media::Png => {
            let mut png = Png::from_bytes(bytes).map_err(broken)?;
            OF_PNG.into_iter().for_each(|kind| png.remove_chunks_by_type(kind));
            Ok(png.encoder().bytes())
        }
        Media::WebP => {
            let mut webp = WebP::from_bytes(bytes).map_err(broken)?;
            webp.remove_chunks_by_id(CHUNK_XMP);
            webp.set_exif(None);
            Ok(webp.encoder().bytes())
        }
        _ => Ok(bytes),
    }
}

fn jpeg(bytes: Bytes) -> Result<Bytes, MediaError> {
    let mut jpeg = Jpeg::from_bytes(bytes).map_err(|_| MediaError::Broken)?;
    let way_up = jpeg.exif().and_then(|exif| orientation(&exif));
    jpeg.segments_mut().retain(is_of_the_picture);
    if let Some(last) = jpeg.segments_mut().last_mut().filter(|last| last.has_entropy()) {
        let mut whole = last.clone().encoder().bytes();
        // The marker and its length are written anew.
        let entropy = whole.split_off((last.len()).min(whole.len()));
        let entropy = entropy.slice(..end_of_picture(&entropy));
        *last = JpegSegment::new_with_entropy(last.marker(), last.contents().clone(), entropy);
    }
    if let Some(way_up) = way_up.filter(|way_up| (2..=8).contains(way_up)) {
        jpeg.set_exif(Some(exif_with(way_up)));
    }
    Ok(jpeg.encoder().bytes())
}

/// Colours and how they are coded are; what applications wrote is not.
fn is_of_the_picture(segment: &JpegSegment) -> bool {
    match segment.marker() {
        markers::APP0 => segment.contents().starts_with(b"JFIF\0"),
        markers::APP2 => segment.contents().starts_with(b"ICC_PROFILE\0"),
        markers::APP14 => segment.contents().starts_with(b"Adobe"),
        markers::APP1 | markers::APP3..=markers::APP13 | markers::APP15 | markers::COM => false,
        _ => true,
    }
}

/// Where the picture ends in what follows the header of its first scan. More scans may come, and
/// tables between them, which have a length.
fn end_of_picture(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some([first, second]) = data.get(at..at + 2) {
        at += match (*first, *second) {
            (markers::P, markers::EOI) => return at + 2,
            (markers::P, markers::P) => 1,
            (markers::P, 0 | 1 | markers::RST0..=markers::SOI) => 2,
            (markers::P, _) => match data.get(at + 2..at + 4) {
                Some([high, low]) => 2 + usize::from(u16::from_be_bytes([*high, *low])),
                _ => return data.len(),
            },
            _ => 1,
        };
    }
    data.len()
}

/// Which way up a picture is, as EXIF (TIFF) says it: the tag 0x0112 of the first directory.
fn orientation(exif: &[u8]) -> Option<u8> {
    let is_little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| -> Option<usize> {
        let (one, other) = (short(at)?, short(at + 2)?);
        let (high, low) = if is_little { (other, one) } else { (one, other) };
        Some(usize::from(high) << 16 | usize::from(low))
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    (0..entries).find_map(|number| {
        let entry = directory.checked_add(2 + number * 12)?;
        let is_it = short(entry)? == 0x0112;
        if is_it { short(entry + 8).and_then(|way_up| u8::try_from(way_up).ok()) } else { None }
    })
}

/// EXIF that says which way up a picture is, and nothing else.
fn exif_with(way_up: u8) -> Bytes {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[way_up, 0, 0, 0, 0, 0, 0]);
    exif.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, contents].concat()
    }

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    /// A picture with everything that a telephone writes, and another one behind it.
    fn of_a_telephone(way_up: u8) -> Bytes {
        let mut exif = b"Exif\0\0".to_vec();
        exif.extend_from_slice(&exif_with(way_up));
        exif.extend_from_slice(b"GPS 48.2082 16.3738");
        let parts = [
            vec![0xff, 0xd8],
            segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xe1, &exif),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:GPS/>"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"),
            segment(0xe2, b"MPF\0more"),
            segment(0xed, b"Photoshop 3.0\0IPTC GPS"),
            segment(0xfe, b"comment GPS"),
            segment(0xdb, &[0; 65]),
            segment(0xda, b"\x01\x01\0\0\x3f\0"),
            b"\x12\xff\0\x34\xff\xd0\x56".to_vec(),
            segment(0xc4, b"\xff\xd9 a table"),
            segment(0xda, b"\x01\x01\0\0\x3f\0"),
            b"\x78\xff\xd9".to_vec(),
            b"\xff\xd8\xff\xe1 behind it GPS".to_vec(),
        ];
        parts.concat().into()
    }

    #[test]
    fn a_jpeg_keeps_its_picture_and_which_way_up_it_is() {
        let whole = stripped(Media::Jpeg, of_a_telephone(6)).unwrap();
        for gone in ["GPS", "adobe", "MPF", "behind", "comment"] {
            assert!(!has(&whole, gone.as_bytes()), "{gone}");
        }
        assert!(has(&whole, b"colours") && has(&whole, b"\xff\xd9 a table\xff\xda"));
        assert!(whole.ends_with(b"\x78\xff\xd9"));
        let jpeg = Jpeg::from_bytes(whole.clone()).unwrap();
        assert_eq!(orientation(&jpeg.exif().unwrap()), Some(6));
        assert_eq!(stripped(Media::Jpeg, whole.clone()).unwrap(), whole, "again changes nothing");
        let upright = stripped(Media::Jpeg, of_a_telephone(1)).unwrap();
        assert!(Jpeg::from_bytes(upright).unwrap().exif().is_none());
    }

    #[test]
    fn orientation_is_read_in_both_orders_of_bytes() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
        assert_eq!(orientation(little), Some(8));
        assert_eq!(orientation(&exif_with(3)), Some(3));
        for end in 0..little.len() {
            let _ = orientation(&little[..end]);
        }
        assert_eq!(orientation(b"MM\0*\xff\xff\xff\xff"), None);
    }

    #[test]
    fn a_png_loses_its_words() {
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", &b"\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0"[..]),
            (b"tEXt", b"Comment\0GPS"),
            (b"eXIf", b"MM\0*GPS"),
            (b"IDAT", b"picture"),
            (b"IEND", b""),
        ] {
            let chunk = img_parts::png::PngChunk::new(*kind, Bytes::copy_from_slice(data));
            png.extend_from_slice(&chunk.encoder().bytes());
        }
        png.extend_from_slice(b"behind it GPS");
        let whole = stripped(Media::Png, png.into()).unwrap();
        assert!(has(&whole, b"picture") && !has(&whole, b"GPS"));
    }

    #[test]
    fn what_is_cut_short_is_refused_or_kept_but_never_a_panic() {
        let whole = of_a_telephone(6);
        for end in 0..whole.len() {
            let _ = stripped(Media::Jpeg, whole.slice(..end));
        }
        assert_eq!(stripped(Media::Jpeg, Bytes::from_static(b"x")), Err(MediaError::Broken));
        assert_eq!(stripped(Media::Png, Bytes::from_static(b"x")), Err(MediaError::Broken));
        assert_eq!(stripped(Media::WebP, Bytes::from_static(b"x")), Err(MediaError::Broken));
    }
}
