//! Adding a file to a memory: its bytes first, then the row that names them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::model::{Brought, FileName, place};
use super::{
    Attachment, AttachmentError, Attachments, Media, file, one, present, require_changeable, rows,
    strip,
};
use crate::access::Principal;
use crate::jobs::Once;
use crate::kernel::points::{Point, pass};
use crate::kernel::{AttachmentId, CloneId, MemoryId};
use crate::seal::FileKey;

/// Leave to have a file in memory.
pub struct Turn(
    #[expect(dead_code, reason = "it is given back when dropped")] OwnedSemaphorePermit,
);

/// A file that was looked at.
pub(super) struct Checked {
    pub(super) name: FileName,
    pub(super) media: Media,
    pub(super) bytes: bytes::Bytes,
}

/// That a file is being put somewhere, until dropped: then its row is committed, or it is nobody's.
pub(super) struct Coming(Arc<Mutex<HashSet<String>>>, String);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Attachments {
    /// Waits until there is room in memory for another file.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn turn(&self) -> Result<Turn, AttachmentError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.map(Turn).map_err(|_| AttachmentError::Stopping)
    }

    /// Whether somebody may add a file to a memory, before they send it.
    ///
    /// # Errors
    /// When they may not, the memory has enough, or the store fails.
    pub fn may_add(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
    ) -> Result<(), AttachmentError> {
        self.store.read(|tx| {
            require_changeable(tx, who, clone, memory)?;
            Ok(())
        })
    }

    /// Adds a file to a memory.
    ///
    /// # Errors
    /// When the asker may not, it is no file that is taken, the memory has enough, or the disk or
    /// the store fails; then nothing of it stays.
    pub async fn add(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
        brought: Brought,
        once: Option<Once>,
    ) -> Result<Attachment, AttachmentError> {
        let caption = brought.caption.clone();
        let checked = checked(brought, self.bounds.bytes)?;
        let id = AttachmentId::fresh();
        let attachment = Attachment {
            id,
            clone,
            memory,
            // Whose it is stands in the memory.
            author: who.account,
            name: checked.name,
            media: checked.media,
            size: checked.bytes.len() as u64,
            sha256: file::sha256(&checked.bytes),
            caption,
            added_by: who.account,
            created_at: self.clock.now(),
            deleted_at: None,
            version: 1,
            key: FileKey::fresh()?,
        };
        // A caller who leaves in the middle leaves no file without a row, and no row without one.
        let (this, who) = (self.clone(), who.clone());
        let (done, result) = oneshot::channel();
        self.tasks.spawn("attachment", async move {
            let kept = this.keep(attachment, checked.bytes, (who, once)).await;
            // Nobody may wait for it any more.
            drop(done.send(kept));
        });
        result.await.map_err(|_| AttachmentError::Stopping)?
    }

    async fn keep(
        &self,
        mut attachment: Attachment,
        bytes: bytes::Bytes,
        (who, once): (Principal, Option<Once>),
    ) -> Result<Attachment, AttachmentError> {
        let (id, place) = (attachment.id, attachment.place());
        let coming = self.coming(&place);
        file::write(&self.blobs, (&place, &attachment.key), &bytes).await?;
        pass(Point::AttachmentWritten);
        let (most, memories) = (self.bounds.per_memory, self.memories.clone());
        let kept = self
            .store
            .write(move |tx| {
                let (clone, memory) = (attachment.clone, attachment.memory);
                let (found, role) = require_changeable(tx, &who, clone, memory)?;
                attachment.author = found.author;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    return one(tx, (clone, memory, AttachmentId::from_bytes(made)));
                }
                if present(tx, clone, memory)?.len() >= most {
                    return Err(AttachmentError::TooMany(most));
                }
                let found = memories.note_file_in(tx, (who.account, role), found)?;
                // What was begun before it began to wait waits all the same.
                let since = found.waiting.as_ref().map(|waiting| waiting.since);
                attachment.created_at = attachment.created_at.max(since.unwrap_or_default());
                rows::put_in(tx, &attachment)?;
                Once::record_in(once.as_ref(), tx, &attachment.id.bytes())?;
                Ok(attachment)
            })
            .await;
        pass(Point::AttachmentNamed);
        if !kept.as_ref().is_ok_and(|kept| kept.id == id) {
            self.blobs.remove(&place).await?;
        }
        drop(coming);
        kept
    }

    /// Says that a file is being put somewhere.
    pub(super) fn coming(&self, place: &str) -> Coming {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        coming.insert(place.to_owned());
        Coming(Arc::clone(&self.coming), place.to_owned())
    }

    /// Puts the bytes of a file that is taken in from an export where they belong, sealed with a
    /// key of their own, which is given back with what says that they are coming.
    pub(super) async fn put(
        &self,
        (clone, id): (CloneId, AttachmentId),
        bytes: &[u8],
    ) -> Result<(FileKey, Coming), AttachmentError> {
        let (key, place) = (FileKey::fresh()?, place(clone, id));
        let coming = self.coming(&place);
        file::write(&self.blobs, (&place, &key), bytes).await?;
        Ok((key, coming))
    }
}

/// Looks at a file: that it is what it seems to be, and is called so; without what the camera
/// wrote.
///
/// # Errors
/// When it is nothing that is taken.
pub(super) fn checked(brought: Brought, most: u64) -> Result<Checked, AttachmentError> {
    let Brought { name, declared, bytes, .. } = brought;
    if bytes.len() as u64 > most {
        return Err(AttachmentError::TooLarge(most));
    }
    let (stem, ending) = parts_of(&name);
    let media = Media::of(&bytes, ending.as_deref(), declared.as_deref())?;
    let bytes = strip::stripped(media, bytes)?;
    let ending = ending.unwrap_or_else(|| media.ending().to_owned());
    let stem = if stem.is_empty() { "file".to_owned() } else { stem };
    let name = FileName::new(format!("{stem}.{ending}"));
    Ok(Checked { name: name.map_err(|_| AttachmentError::Nameless)?, media, bytes })
}

/// The longest name without its ending, in characters.
const STEM: usize = 150;
/// The longest ending, in characters; what is longer is a part of the name.
const ENDING: usize = 8;

/// A name without folders and without what no file system or page takes well, and its ending.
fn parts_of(name: &str) -> (String, Option<String>) {
    let seen: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let name = seen.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_ending = |ending: &&str| {
        (1..=ENDING).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    let ending = ending.filter(is_ending);
    let stem = match ending {
        Some(ending) => &name[..name.len() - ending.len() - 1],
        None => name,
    };
    let cleaned: String = stem
        .chars()
        .map(|c| if c.is_control() || "<>:\"|?*".contains(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(STEM).collect();
    let stem = short.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned();
    (stem, ending.map(str::to_ascii_lowercase))
}

/// What turns the direction of writing or is not seen: a name could look like another with it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn name_of(name: &str) -> String {
        let bytes = Bytes::from_static(b"Words.");
        let brought = Brought { name: name.to_owned(), declared: None, caption: None, bytes };
        checked(brought, 1_000).unwrap().name.to_string()
    }

    #[test]
    fn names_lead_nowhere_and_look_like_nothing_else() {
        for (name, cleaned) in [
            ("Brief an Oma.TXT", "Brief an Oma.txt"),
            ("../../etc/passwd", "passwd.txt"),
            ("C:\\letters\\one.txt", "one.txt"),
            ("gpj.\u{202e}txt", "gpj.txt"),
            ("a\r\nSet-Cookie: x\".txt", "a Set-Cookie x.txt"),
            (".txt", ".txt.txt"),
            ("", "file.txt"),
            ("...", "file.txt"),
        ] {
            let found = name_of(name);
            assert!(found == cleaned || (name == ".txt" && found == "txt.txt"), "{name}: {found}");
        }
        assert_eq!(name_of(&"é".repeat(400)).chars().count(), STEM + 4);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let bytes = Bytes::from_static(b"Words.");
        let brought = Brought { name: "a.txt".into(), declared: None, caption: None, bytes };
        assert!(matches!(checked(brought, 5), Err(AttachmentError::TooLarge(5))));
    }
}
