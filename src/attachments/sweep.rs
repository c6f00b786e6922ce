//! Removing files that no row names: what is left of erased memories, and of what a crash broke
//! off.

use std::collections::HashSet;
use std::sync::PoisonError;

use super::model::{FOLDER, place};
use super::{AttachmentError, Attachments, rows};
use crate::kernel::points::{Point, pass};

impl Attachments {
    /// Removes what a crash has left.
    pub fn start(&self) {
        let this = self.clone();
        self.tasks.spawn("attachments", async move {
            match this.sweep().await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "files that nothing named were removed"),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "files that nothing names could not be removed"
                ),
            }
        });
    }

    /// Removes the files that no row names; how many.
    ///
    /// # Errors
    /// When the disk or the store fails; what is left then goes the next time.
    pub async fn sweep(&self) -> Result<usize, AttachmentError> {
        // In this order: a file that is listed and was coming then, or is committed by now, stays.
        let found = self.blobs.names_below(FOLDER).await?;
        if found.is_empty() {
            return Ok(0);
        }
        let coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = self.store.read(rows::all_places)?;
        let known: HashSet<String> =
            known.into_iter().map(|(id, clone)| place(clone, id)).collect();
        let nobodys = |name: &String| !known.contains(name) && !coming.contains(name);
        let nobodys: Vec<String> = found.into_iter().filter(nobodys).collect();
        if !nobodys.is_empty() {
            pass(Point::AttachmentsFound);
        }
        for name in &nobodys {
            self.blobs.remove(name).await?;
        }
        if !nobodys.is_empty() {
            pass(Point::AttachmentsSwept);
        }
        Ok(nobodys.len())
    }
}
