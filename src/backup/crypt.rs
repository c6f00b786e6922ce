//! The outside of a backup: an `age` file (age-encryption.org/v1) that two keys open, that of this
//! instance, which is drawn from its keyring, and the recovery key, which nobody here has.
//!
//! A passphrase could only stand in the place of both: age does not mix them with keys. So the
//! recovery key can be kept in a file of age that a passphrase opens, and that is all.

use std::io::{BufRead, Write};
use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use age::stream::{StreamReader, StreamWriter};
use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};
use bech32::{ToBase32 as _, Variant};
use zeroize::Zeroizing;

use super::BackupError;
use crate::kernel::Secret;
use crate::seal::Seals;

/// A recovery key: whoever has it can give everything back.
pub struct RecoveryKey(Identity);

/// What is sealed for a recovery key, without being able to open it.
#[derive(Clone, Debug)]
pub struct PublicKey(Recipient);

impl RecoveryKey {
    /// One that nobody has.
    pub fn generate() -> Self {
        Self(Identity::generate())
    }

    /// Reads one as it was shown, or from a file of age: the line that begins as a key does.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(text: &str) -> Result<Self, BackupError> {
        let mut lines = text.lines().map(str::trim);
        let line = lines.rfind(|line| !line.is_empty() && !line.starts_with('#'));
        let identity = line.and_then(|line| Identity::from_str(&line.to_uppercase()).ok());
        identity.map(Self).ok_or(BackupError::NoRecoveryKey)
    }

    /// As it is shown to the one who keeps it.
    pub fn reveal(&self) -> Secret<String> {
        Secret::new(self.0.to_string().expose_secret().to_owned())
    }

    /// What is kept of it here.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_public())
    }
}

impl PublicKey {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, BackupError> {
        let key = Recipient::from_str(text.trim()).map_err(|_| BackupError::NoRecipient)?;
        Ok(Self(key))
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// What opens backups. Cheap to clone.
#[derive(Clone)]
pub struct Openers(Vec<Identity>);

impl Openers {
    /// The key of the instance itself.
    ///
    /// # Errors
    /// When the keyring has no key of the instance.
    pub fn own(seals: &Seals) -> Result<Self, BackupError> {
        Ok(Self(vec![own(seals)?]))
    }

    /// A recovery key.
    pub fn recovery(key: &RecoveryKey) -> Self {
        Self(vec![key.0.clone()])
    }
}

/// The key of this instance for its own backups.
fn own(seals: &Seals) -> Result<Identity, BackupError> {
    let secret = seals.drawn("clonememoria backups")?;
    let words = secret.to_base32();
    let text = bech32::encode("age-secret-key-", words, Variant::Bech32);
    let text = Zeroizing::new(text.map_err(|_| BackupError::NoRecoveryKey)?.to_uppercase());
    Identity::from_str(&text).map_err(|_| BackupError::NoRecoveryKey)
}

/// Seals what is written for the instance and, if there is one, for the recovery key.
///
/// # Errors
/// When the keyring has no key of the instance, or it cannot be written.
pub fn seal<W: Write>(
    seals: &Seals,
    recovery: Option<&PublicKey>,
    out: W,
) -> Result<StreamWriter<W>, BackupError> {
    let mut keys = vec![own(seals)?.to_public()];
    keys.extend(recovery.map(|key| key.0.clone()));
    wrap(&keys, out)
}

/// Seals bytes for a recovery key alone.
///
/// # Errors
/// When it cannot be done at all.
pub fn seal_for(key: &PublicKey, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    let mut out = wrap(std::slice::from_ref(&key.0), Vec::new())?;
    let sealed = out.write_all(bytes).and_then(|()| out.finish());
    sealed.map_err(BackupError::io("it cannot be sealed"))
}

fn wrap<W: Write>(keys: &[Recipient], out: W) -> Result<StreamWriter<W>, BackupError> {
    let keys = keys.iter().map(|key| key as &dyn age::Recipient);
    let sealing = Encryptor::with_recipients(keys).map_err(|_| BackupError::NoRecipient)?;
    sealing.wrap_output(out).map_err(BackupError::io("the backup cannot be written"))
}

/// Opens what was sealed.
///
/// # Errors
/// [`BackupError::OtherKeys`] when it was sealed for others, [`BackupError::Damaged`] when it is
/// not what was sealed.
pub fn open<R: BufRead>(openers: &Openers, sealed: R) -> Result<StreamReader<R>, BackupError> {
    let refused = |error| match error {
        DecryptError::NoMatchingKeys => BackupError::OtherKeys,
        DecryptError::Io(error) => BackupError::reading(error),
        _ => BackupError::Damaged("it is no file of age, or was changed"),
    };
    let opening = Decryptor::new_buffered(sealed).map_err(refused)?;
    let keys = openers.0.iter().map(|key| key as &dyn age::Identity);
    opening.decrypt(keys).map_err(refused)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn opened(openers: &Openers, sealed: &[u8]) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        open(openers, sealed)?.read_to_end(&mut bytes).map_err(BackupError::reading)?;
        Ok(bytes)
    }

    #[test]
    fn the_instance_and_the_recovery_key_open_it_and_no_other() {
        let (seals, key) = (Seals::in_memory(), RecoveryKey::generate());
        let mut out = seal(&seals, Some(&key.public()), Vec::new()).unwrap();
        out.write_all(b"what is kept").unwrap();
        let sealed = out.finish().unwrap();
        let shown = RecoveryKey::read(key.reveal().reveal()).unwrap();
        for openers in [Openers::own(&seals).unwrap(), Openers::recovery(&shown)] {
            assert_eq!(opened(&openers, &sealed).unwrap(), b"what is kept");
        }
        let others = [
            Openers::own(&Seals::in_memory()).unwrap(),
            Openers::recovery(&RecoveryKey::generate()),
        ];
        for openers in others {
            assert!(matches!(opened(&openers, &sealed), Err(BackupError::OtherKeys)));
        }
    }

    #[test]
    fn what_is_for_the_recovery_key_alone_is_not_for_the_instance() {
        let (seals, key) = (Seals::in_memory(), RecoveryKey::generate());
        let sealed = seal_for(&key.public(), b"keys").unwrap();
        assert_eq!(opened(&Openers::recovery(&key), &sealed).unwrap(), b"keys");
        let own = Openers::own(&seals).unwrap();
        assert!(matches!(opened(&own, &sealed), Err(BackupError::OtherKeys)));
    }

    #[test]
    fn keys_are_read_as_people_keep_them() {
        let key = RecoveryKey::generate();
        let text = key.reveal().reveal().clone();
        let public = key.public().to_string();
        let file = format!("# created: today\n# public key: {public}\n{text}\n\n");
        for kept in [text.clone(), format!("  {}\n", text.to_lowercase()), file] {
            assert_eq!(RecoveryKey::read(&kept).unwrap().public().to_string(), public);
        }
        for wrong in ["", "# nothing", &public, &text[..text.len() - 1]] {
            assert!(RecoveryKey::read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(PublicKey::read(&public).unwrap().to_string(), public);
        assert!(PublicKey::read(&text).is_err());
    }
}
