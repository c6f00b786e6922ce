//! What is on a disk: files by their names, in pages that copies share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the database's file is.
const DATABASE: &str = "data/database";
const PAGE: usize = 4096;

/// The bytes of one file.
#[derive(Clone, Default)]
pub struct Content {
    length: usize,
    pages: Vec<Arc<[u8; PAGE]>>,
}

impl Content {
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn read(&self, offset: usize, out: &mut [u8]) -> bool {
        if offset + out.len() > self.length {
            return false;
        }
        let mut done = 0;
        while done < out.len() {
            let (page, within) = ((offset + done) / PAGE, (offset + done) % PAGE);
            let count = (PAGE - within).min(out.len() - done);
            out[done..done + count].copy_from_slice(&self.pages[page][within..within + count]);
            done += count;
        }
        true
    }

    pub fn all(&self) -> Vec<u8> {
        let mut all = vec![0; self.length];
        assert!(self.read(0, &mut all));
        all
    }

    /// New bytes are zeros; bytes that were cut off do not come back.
    pub fn set_len(&mut self, length: usize) {
        if length < self.length && !length.is_multiple_of(PAGE) {
            Arc::make_mut(&mut self.pages[length / PAGE])[length % PAGE..].fill(0);
        }
        self.pages.resize_with(length.div_ceil(PAGE), || Arc::new([0; PAGE]));
        self.length = length;
    }

    /// Writes; what is beyond the end makes the file longer.
    pub fn write(&mut self, offset: usize, data: &[u8]) {
        if offset + data.len() > self.length {
            self.set_len(offset + data.len());
        }
        let mut done = 0;
        while done < data.len() {
            let (page, within) = ((offset + done) / PAGE, (offset + done) % PAGE);
            let count = (PAGE - within).min(data.len() - done);
            let page = Arc::make_mut(&mut self.pages[page]);
            page[within..within + count].copy_from_slice(&data[done..done + count]);
            done += count;
        }
    }

    /// Writes what lies within the file; the rest is lost.
    pub fn write_within(&mut self, offset: usize, data: &[u8]) {
        let fits = self.length.saturating_sub(offset).min(data.len());
        self.write(offset.min(self.length), &data[..fits]);
    }
}

/// A whole disk. A file is named by its place in `files`, whatever names it has.
#[derive(Clone, Default)]
pub struct Image {
    pub names: BTreeMap<PathBuf, usize>,
    pub files: Vec<Content>,
}

impl Image {
    /// A disk with an empty file for the database, which is the first.
    pub fn empty() -> Self {
        Self { names: [(DATABASE.into(), 0)].into(), files: vec![Content::default()] }
    }

    pub fn named(&self, path: &Path) -> Option<&Content> {
        self.names.get(path).map(|file| &self.files[*file])
    }

    /// Files that have no name any more, but may still be read off the disk.
    pub fn nameless(&self) -> impl Iterator<Item = &Content> {
        let named: Vec<usize> = self.names.values().copied().collect();
        let each = self.files.iter().enumerate();
        each.filter(move |(file, _)| !named.contains(file)).map(|(_, content)| content)
    }
}
