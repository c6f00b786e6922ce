//! The bytes of files: sealed piece by piece on their way to the disk, opened piece by piece on
//! their way back.

use std::io;
use std::ops::Range;

use bytes::Bytes;
use futures_util::Stream;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{Attachment, AttachmentError};
use crate::seal::{FileKey, PIECE, SEALED_PIECE, SealError, sealed_size};
use crate::store::{Blobs, NewBlob};

/// The SHA-256 of bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seals bytes and puts them where they belong: there and on the disk when this returns, or not
/// at all.
pub(super) async fn write(
    blobs: &Blobs,
    (place, key): (&str, &FileKey),
    bytes: &[u8],
) -> Result<(), AttachmentError> {
    let mut file = blobs.begin(place).await?;
    match add_pieces(&mut file, key, bytes).await {
        Ok(()) => Ok(file.end().await?),
        Err(error) => {
            // It was never there under its name; what is left of it goes at the next start.
            drop(file.abandon().await);
            Err(error)
        }
    }
}

async fn add_pieces(
    file: &mut NewBlob,
    key: &FileKey,
    bytes: &[u8],
) -> Result<(), AttachmentError> {
    let last = bytes.len().div_ceil(PIECE).saturating_sub(1);
    for (number, piece) in bytes.chunks(PIECE).enumerate() {
        let sealed = key.seal(number as u64, number == last, piece)?;
        file.add(sealed.into()).await?;
    }
    Ok(())
}

/// One piece, opened.
async fn piece(
    blobs: &Blobs,
    attachment: &Attachment,
    number: u64,
) -> Result<Vec<u8>, AttachmentError> {
    let begin = number * SEALED_PIECE as u64;
    let end = (begin + SEALED_PIECE as u64).min(sealed_size(attachment.size));
    let is_last = number + 1 == attachment.size.div_ceil(PIECE as u64);
    let sealed = blobs.part(&attachment.place(), begin..end).await?;
    match attachment.key.open(number, is_last, &sealed) {
        Err(SealError::Damaged) => Err(AttachmentError::Damaged),
        other => Ok(other?),
    }
}

/// The numbers of the pieces in which some bytes lie.
fn pieces_of(bytes: &Range<u64>) -> Range<u64> {
    let size = PIECE as u64;
    if bytes.is_empty() { 0..0 } else { bytes.start / size..(bytes.end - 1) / size + 1 }
}

async fn require_size(blobs: &Blobs, attachment: &Attachment) -> Result<(), AttachmentError> {
    match blobs.size(&attachment.place()).await? == sealed_size(attachment.size) {
        true => Ok(()),
        false => Err(AttachmentError::Damaged),
    }
}

/// Some bytes of a file, as they are read. All of them are looked at before the first is given, so
/// that a damaged file is said to be one instead of ending early.
pub(super) async fn read(
    blobs: Blobs,
    attachment: Attachment,
    bytes: Range<u64>,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, AttachmentError> {
    require_size(&blobs, &attachment).await?;
    for number in pieces_of(&bytes) {
        piece(&blobs, &attachment, number).await?;
    }
    let numbers = pieces_of(&bytes);
    let begun = (blobs, attachment, numbers);
    Ok(futures_util::stream::unfold(begun, move |(blobs, attachment, mut numbers)| {
        let bytes = bytes.clone();
        async move {
            let number = numbers.next()?;
            let begin = number * PIECE as u64;
            let opened = piece(&blobs, &attachment, number).await.map(|whole| {
                let from = bytes.start.saturating_sub(begin) as usize;
                let to = ((bytes.end - begin) as usize).min(whole.len());
                Bytes::from(whole).slice(from..to)
            });
            Some((opened.map_err(io::Error::other), (blobs, attachment, numbers)))
        }
    }))
}

/// A file that is read piece by piece where one may wait; it was compared with what was stored
/// before the first.
pub struct Whole {
    blobs: Blobs,
    attachment: Attachment,
    next: u64,
    runtime: Handle,
}

impl Whole {
    pub(super) fn of(blobs: Blobs, attachment: Attachment) -> Result<Self, AttachmentError> {
        let runtime = Handle::current();
        runtime.block_on(check(&blobs, &attachment))?;
        Ok(Self { blobs, attachment, next: 0, runtime })
    }
}

impl Iterator for Whole {
    type Item = Result<Vec<u8>, AttachmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.attachment.size.div_ceil(PIECE as u64) {
            return None;
        }
        self.next += 1;
        let opened = piece(&self.blobs, &self.attachment, self.next - 1);
        Some(self.runtime.block_on(opened))
    }
}

/// Reads a file to its end and compares it with what was stored.
pub(super) async fn check(blobs: &Blobs, attachment: &Attachment) -> Result<(), AttachmentError> {
    require_size(blobs, attachment).await?;
    let mut hash = Sha256::new();
    for number in pieces_of(&(0..attachment.size)) {
        hash.update(piece(blobs, attachment, number).await?);
    }
    match hexadecimal(&hash.finalize()) == attachment.sha256 {
        true => Ok(()),
        false => Err(AttachmentError::Damaged),
    }
}
