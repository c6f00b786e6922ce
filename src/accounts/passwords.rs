//! Password hashing: argon2id, as slow as this machine can afford, and bounded in how much of it
//! runs at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::jobs::blocking;
use crate::kernel::Secret;

use super::{AccountError, NewPassword};

/// How many may wait for their turn before new ones are told to come back.
const QUEUE: usize = 32;
/// How often a hash is timed at the first start.
const MEASURED: usize = 6;

/// What a hash costs: KiB of memory and passes over it; always one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes.
    pub passes: u32,
}

impl Cost {
    /// 19 MiB, two passes: the floor that OWASP names for argon2id.
    pub const FLOOR: Self = Self { memory: 19 * 1024, passes: 2 };
    /// More memory than this would hurt a small home server.
    const MOST_MEMORY: u32 = 64 * 1024;
    /// How long a hash shall take.
    const WANTED: Duration = Duration::from_millis(250);

    /// The cost that takes about as long as wanted, when the floor takes this long: memory
    /// first, which hurts a guesser most, then passes.
    fn for_machine(floor: Duration) -> Self {
        let factor = Self::WANTED.as_secs_f64() / floor.as_secs_f64().max(1e-3);
        let most = f64::from(Self::MOST_MEMORY) / f64::from(Self::FLOOR.memory);
        let memory = factor.clamp(1.0, most);
        let passes = (f64::from(Self::FLOOR.passes) * factor / memory).clamp(2.0, 12.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are clamped to small positive numbers"
        )]
        Self { memory: (f64::from(Self::FLOOR.memory) * memory) as u32, passes: passes as u32 }
    }

    /// Measures this machine. Takes some tenths of a second, on the calling thread. What else
    /// runs can only slow a hash down, so the fastest counts: the cost is kept for good.
    ///
    /// # Errors
    /// When hashing fails.
    pub(super) fn measure() -> Result<Self, AccountError> {
        if cfg!(feature = "testing") {
            return Ok(Self::cheapest());
        }
        let mut fastest = Duration::MAX;
        for _ in 0..MEASURED {
            let started = Instant::now();
            hash(b"measured", Self::FLOOR)?;
            fastest = fastest.min(started.elapsed());
        }
        Ok(Self::for_machine(fastest))
    }

    /// The floor; for tests as cheap as argon2 allows, so that they spend their time elsewhere.
    fn cheapest() -> Self {
        if cfg!(feature = "testing") { Self { memory: 8, passes: 1 } } else { Self::FLOOR }
    }
}

/// A password's PHC string.
#[derive(Clone)]
pub struct PasswordHash(pub(super) String);

/// What came of comparing a password with a hash.
pub(super) enum Verdict {
    /// It does not fit, or there is no hash.
    Wrong,
    /// It fits.
    Right,
    /// It fits, and here is a hash with today's cost to keep instead.
    Outdated(PasswordHash),
}

/// Hashes and verifies, a few at a time, away from the threads that serve requests.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    now: Arc<Mutex<Now>>,
}

/// The present cost.
#[derive(Clone)]
struct Now {
    cost: Cost,
    /// The hash of a random password, verified against when there is no account, so that the
    /// answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    pub(super) fn new(cost: Option<Cost>) -> Result<Self, AccountError> {
        let turns = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).max(1));
        Ok(Self {
            turns: Arc::new(Semaphore::new(turns)),
            queue: Arc::new(Semaphore::new(turns + QUEUE)),
            now: Arc::new(Mutex::new(Now::of(cost.unwrap_or_else(Cost::cheapest))?)),
        })
    }

    fn now(&self) -> Now {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hashes with another cost from now on.
    pub(super) async fn set(&self, cost: Cost) -> Result<(), AccountError> {
        let now = self.in_turn(move || Now::of(cost)).await?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When too many wait already.
    pub(super) async fn hash(&self, password: NewPassword) -> Result<PasswordHash, AccountError> {
        let (password, cost) = (password.into_secret(), self.now().cost);
        let hashed = self.in_turn(move || hash(password.reveal().as_bytes(), cost)).await;
        hashed.map(PasswordHash)
    }

    /// Whether a password fits a hash; without a hash it never does, in the same time.
    ///
    /// # Errors
    /// When too many wait already.
    pub(super) async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict, AccountError> {
        let Now { cost, nobody } = self.now();
        self.in_turn(move || {
            let password = password.reveal().as_bytes();
            let Some(stored) = stored else {
                fits(password, &nobody)?;
                return Ok(Verdict::Wrong);
            };
            if !fits(password, &stored.0)? {
                return Ok(Verdict::Wrong);
            }
            if cost_of(&stored.0)? == cost {
                return Ok(Verdict::Right);
            }
            Ok(Verdict::Outdated(PasswordHash(hash(password, cost)?)))
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let _place = self.queue.try_acquire().map_err(|_| AccountError::Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| AccountError::Busy)?;
        blocking(work).await.map_err(|error| AccountError::Hashing(error.to_string()))?
    }
}

impl Now {
    fn of(cost: Cost) -> Result<Self, AccountError> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(AccountError::Random)?;
        Ok(Self { cost, nobody: hash(&random, cost)?.into() })
    }
}

fn argon2(cost: Cost) -> Result<Argon2<'static>, AccountError> {
    let params = Params::new(cost.memory, cost.passes, 1, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8], cost: Cost) -> Result<String, AccountError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(AccountError::Random)?;
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(argon2(cost)?.hash_password(password, &salt).map_err(failed)?.to_string())
}

fn fits(password: &[u8], stored: &str) -> Result<bool, AccountError> {
    let stored = argon2::PasswordHash::new(stored).map_err(failed)?;
    // The stored string names its own cost; ours only brings the algorithm.
    Ok(argon2(Cost::FLOOR)?.verify_password(password, &stored).is_ok())
}

fn cost_of(stored: &str) -> Result<Cost, AccountError> {
    let stored = argon2::PasswordHash::new(stored).map_err(failed)?;
    let params = Params::try_from(&stored).map_err(failed)?;
    Ok(Cost { memory: params.m_cost(), passes: params.t_cost() })
}

fn failed(error: impl std::fmt::Display) -> AccountError {
    AccountError::Hashing(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> NewPassword {
        NewPassword::new(text.to_owned(), &[]).unwrap()
    }

    async fn verdict(
        passwords: &Passwords,
        text: &str,
        hash: Option<PasswordHash>,
    ) -> &'static str {
        match passwords.verify(text.to_owned().into(), hash).await.unwrap() {
            Verdict::Wrong => "wrong",
            Verdict::Right => "right",
            Verdict::Outdated(_) => "outdated",
        }
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new(None).unwrap();
        let hash = passwords.hash(new("meadow copper violin")).await.unwrap();
        let text = "meadow copper violin";
        assert_eq!(verdict(&passwords, text, Some(hash.clone())).await, "right");
        assert_eq!(verdict(&passwords, "wrong", Some(hash)).await, "wrong");
        assert_eq!(verdict(&passwords, "anything", None).await, "wrong");
    }

    #[tokio::test]
    async fn nothing_is_cut_off_after_seventy_two_bytes() {
        let passwords = Passwords::new(None).unwrap();
        let long: String = ('a'..='z').cycle().step_by(7).take(72).collect();
        let hash = passwords.hash(new(&format!("{long}a"))).await.unwrap();
        assert_eq!(verdict(&passwords, &format!("{long}b"), Some(hash)).await, "wrong");
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_renewed() {
        let passwords = Passwords::new(None).unwrap();
        let text = "meadow copper violin";
        let old = passwords.hash(new(text)).await.unwrap();
        passwords.set(Cost { memory: 16, passes: 2 }).await.unwrap();
        let renewed = match passwords.verify(text.to_owned().into(), Some(old)).await.unwrap() {
            Verdict::Outdated(renewed) => renewed,
            _ => panic!("its cost is another"),
        };
        assert!(renewed.0.contains("m=16,t=2,p=1"));
        assert_eq!(verdict(&passwords, text, Some(renewed)).await, "right");
    }

    #[test]
    fn the_cost_follows_the_machine_and_never_falls_below_the_floor() {
        let slow = Cost::for_machine(Duration::from_secs(2));
        assert_eq!(slow, Cost::FLOOR);
        let usual = Cost::for_machine(Duration::from_millis(100));
        assert!(usual.memory > Cost::FLOOR.memory && usual.passes == 2, "{usual:?}");
        let fast = Cost::for_machine(Duration::from_millis(20));
        assert!(fast.memory == Cost::MOST_MEMORY && fast.passes > 2, "{fast:?}");
        assert!(Cost::for_machine(Duration::ZERO).passes <= 12);
    }
}
