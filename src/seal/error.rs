//! What can go wrong with keys.

use std::path::{Path, PathBuf};

/// A failure of sealing or of the keyring.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// More than 256 GiB in one value.
    #[error("it is too long to be sealed")]
    TooLong,
    /// The bytes are not what was sealed, or not here.
    #[error("it is not what was sealed")]
    Damaged,
    /// The key it was sealed with is not in the keyring: it was destroyed, or this is not the
    /// keyring it belongs to.
    #[error("its key is not in the keyring")]
    NoKey,
    /// A key was asked for whose owner was erased.
    #[error("its owner was erased")]
    Erased,
    /// A file of keys cannot be read or written.
    #[error("the file of keys `{}` cannot be read or written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of keys is not what it should be.
    #[error("the file of keys `{}` {what}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is data, and the keyring is gone.
    #[error(
        "the keyring `{}` is missing, and without it nothing here can be read; put it back from a \
        copy of the data directory",
        .0.display()
    )]
    NoKeyring(PathBuf),
    /// There is a keyring, and the root key is gone.
    #[error(
        "the root key `{}` is missing, and without it nothing here can be read; put the copy back \
        that was kept, or set server.root_key_file to where it is",
        .0.display()
    )]
    NoRoot(PathBuf),
    /// The root key is another than the keyring was sealed with.
    #[error(
        "the root key is not the one that the keyring `{}` was sealed with; set \
        server.root_key_file to where that one is",
        .0.display()
    )]
    WrongRoot(PathBuf),
    /// Others on this machine can read the root key.
    #[error("others can read the root key (mode {mode:o}); run: chmod 400 {}", path.display())]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

impl SealError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(super) fn content(path: &Path, what: &'static str) -> Self {
        Self::Content { path: path.to_owned(), what }
    }
}
