//! The root key: what opens the keyring. It lies apart from the data, so that a copy of the data
//! alone is unreadable.

use std::fs::{DirBuilder, OpenOptions, metadata, read_to_string};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SealError;
use super::cipher::Cipher;
use crate::kernel::Secret;

/// Before the key in its file.
const PREFIX: &str = "clonememoria-root-1 ";

/// Where the root key comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file; made when there is no keyring yet.
    File(PathBuf),
    /// A file that somebody else provides, such as a credential of systemd; never made.
    Provided(PathBuf),
    /// Words that somebody keeps.
    Passphrase(Secret<String>),
}

/// How a root key is made of what is given; stands in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Made {
    /// It is what stands in the file.
    Random,
    /// argon2id of a passphrase.
    Argon2id {
        salt: [u8; 16],
        /// KiB.
        memory: u32,
        passes: u32,
        lanes: u32,
    },
}

/// As OWASP and RFC 9106 ask for where it is done once a start.
const MEMORY: u32 = 256 * 1024;
const PASSES: u32 = 3;

/// The root key.
pub(super) struct Root {
    key: Zeroizing<[u8; 32]>,
    pub(super) made: Made,
}

impl Root {
    /// The one for a new keyring, and where it lies if it was made for that.
    pub(super) fn create(source: &Source) -> Result<(Self, Option<PathBuf>), SealError> {
        match source {
            Source::File(path) if !path.exists() => {
                let mut key = Zeroizing::new([0; 32]);
                getrandom::fill(&mut key[..]).map_err(SealError::Random)?;
                keep(path, &key)?;
                Ok((Self { key, made: Made::Random }, Some(path.clone())))
            }
            Source::File(path) => Ok((Self { key: read_own(path)?, made: Made::Random }, None)),
            Source::Provided(path) => Ok((Self { key: read(path)?, made: Made::Random }, None)),
            Source::Passphrase(words) => {
                let mut salt = [0; 16];
                getrandom::fill(&mut salt).map_err(SealError::Random)?;
                let made = Made::Argon2id { salt, memory: MEMORY, passes: PASSES, lanes: 1 };
                Ok((Self { key: of_words(words, &made)?, made }, None))
            }
        }
    }

    /// The one that a keyring was sealed with.
    pub(super) fn open(source: &Source, made: &Made, keyring: &Path) -> Result<Self, SealError> {
        let key = match (source, made) {
            (Source::File(path), Made::Random) => read_own(path)?,
            (Source::Provided(path), Made::Random) => read(path)?,
            (Source::Passphrase(words), Made::Argon2id { .. }) => of_words(words, made)?,
            (_, Made::Random) => {
                return Err(SealError::content(keyring, "was sealed with a root key of a file"));
            }
            (_, Made::Argon2id { .. }) => {
                return Err(SealError::content(keyring, "was sealed with a passphrase"));
            }
        };
        Ok(Self { key, made: made.clone() })
    }

    /// The key for one use.
    pub(super) fn draw(&self, label: &[u8]) -> Cipher {
        Cipher::drawn(&self.key[..], label)
    }
}

/// A key in a file of ours, which nobody else may read.
fn read_own(path: &Path) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mode = metadata(path).map_err(|error| unread(path, error))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SealError::OpenToOthers { path: path.to_owned(), mode });
    }
    read(path)
}

fn unread(path: &Path, error: std::io::Error) -> SealError {
    match error.kind() {
        std::io::ErrorKind::NotFound => SealError::NoRoot(path.to_owned()),
        _ => SealError::file(path, error),
    }
}

/// Who may read what systemd provides is its own matter, and stands in an access list.
fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let text = Zeroizing::new(read_to_string(path).map_err(|error| unread(path, error))?);
    let coded = text.trim_end().strip_prefix(PREFIX);
    let mut key = Zeroizing::new([0; 32]);
    let length = coded.and_then(|coded| BASE64.decode_slice(coded, &mut key[..]).ok());
    match length {
        Some(32) => Ok(key),
        _ => Err(SealError::content(path, "is no root key")),
    }
}

/// Writes the key for its owner alone, on the disk before anything is sealed with it.
fn keep(path: &Path, key: &[u8; 32]) -> Result<(), SealError> {
    let failed = |source| SealError::file(path, source);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let text = Zeroizing::new(format!("{PREFIX}{}\n", BASE64.encode(key)));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o400).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn of_words(words: &Secret<String>, made: &Made) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let Made::Argon2id { salt, memory, passes, lanes } = made else {
        return Err(SealError::Damaged);
    };
    let mut key = Zeroizing::new([0; 32]);
    Params::new(*memory, *passes, *lanes, Some(32))
        .and_then(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                words.reveal().as_bytes(),
                salt,
                &mut key[..],
            )
        })
        .map_err(|_| SealError::Damaged)?;
    Ok(key)
}
