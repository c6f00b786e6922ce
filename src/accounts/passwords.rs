//! Password hashing: argon2id, bounded in how much of it runs at once.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::kernel::Secret;

use super::AccountError;

/// 19 MiB, two passes, one lane: the floor that OWASP names for argon2id.
#[cfg(not(feature = "testing"))]
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// As cheap as argon2 allows, so that tests spend their time elsewhere.
#[cfg(feature = "testing")]
const COST: (u32, u32, u32) = (8, 1, 1);

/// How many may wait for their turn before new ones are told to come back.
const QUEUE: usize = 32;

/// A password's PHC string.
#[derive(Clone)]
pub struct PasswordHash(pub(super) String);

/// Hashes and verifies, a few at a time, away from the threads that serve requests.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a random password, verified against when there is no account, so that the
    /// answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> Result<Self, AccountError> {
        let turns = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).max(1));
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(AccountError::Random)?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(turns)),
            queue: Arc::new(Semaphore::new(turns + QUEUE)),
            nobody: hash(&random)?.into(),
        })
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn hash(&self, password: Secret<String>) -> Result<PasswordHash, AccountError> {
        self.in_turn(move || hash(password.reveal().as_bytes())).await.map(PasswordHash)
    }

    /// Whether a password fits a hash; without a hash it never does, in the same time.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn verify(
        &self,
        password: Secret<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, AccountError> {
        let known = hash.is_some();
        let stored = hash.map_or_else(|| self.nobody.to_string(), |hash| hash.0);
        let fits = self.in_turn(move || fits(password.reveal().as_bytes(), &stored)).await?;
        Ok(fits && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let _place = self.queue.try_acquire().map_err(|_| AccountError::Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| AccountError::Busy)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| AccountError::Hashing(error.to_string()))?
    }
}

fn argon2() -> Result<Argon2<'static>, AccountError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8]) -> Result<String, AccountError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(AccountError::Random)?;
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(argon2()?.hash_password(password, &salt).map_err(failed)?.to_string())
}

fn fits(password: &[u8], stored: &str) -> Result<bool, AccountError> {
    let stored = argon2::PasswordHash::new(stored).map_err(failed)?;
    // The stored string names its own cost; `argon2()` only brings the algorithm.
    Ok(argon2()?.verify_password(password, &stored).is_ok())
}

fn failed(error: impl std::fmt::Display) -> AccountError {
    AccountError::Hashing(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse battery".to_owned().into()).await.unwrap();
        let right = "correct horse battery".to_owned().into();
        assert!(passwords.verify(right, Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong".to_owned().into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("anything".to_owned().into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn nothing_is_cut_off_after_seventy_two_bytes() {
        let passwords = Passwords::new().unwrap();
        let long = "x".repeat(72);
        let hash = passwords.hash(format!("{long}a").into()).await.unwrap();
        assert!(!passwords.verify(format!("{long}b").into(), Some(hash)).await.unwrap());
    }
}
