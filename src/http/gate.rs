//! How often one network address may try to get in: a bucket of tries that refills slowly.
//!
//! The ladder of `accounts` holds up guesses at one account; this holds up one guesser who goes
//! through many. A try that succeeded is given back, so that a family behind one address does
//! not lock itself out. Loopback is not counted, nor is a trusted proxy itself: behind one, the
//! client that it names is.
//!
//! Every answer behind a gate says how much of the bucket is left, as `RateLimit` says it of
//! windows: so many tries at once, all of them again after so many refills. It says nothing of
//! any account, only of what came from this network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use poem::{FromRequest, Request, RequestBody};

use super::client::Client;
use super::footnotes::Footnotes;
use crate::api_keys::{Left, Rate};
use crate::kernel::{Allowance, Clock, Fault, Kind, Timestamp};

/// Buckets kept; beyond that, full ones are forgotten.
const KEPT: usize = 50_000;

/// The buckets of all addresses. Cheap to clone.
#[derive(Clone)]
pub struct Gates {
    clock: Clock,
    allowance: Allowance,
    buckets: Arc<Mutex<HashMap<IpAddr, Bucket>>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: u32,
    /// When `left` was right.
    at: Timestamp,
}

/// The gate that one request stands before.
pub struct Gate {
    gates: Option<Gates>,
    address: Option<IpAddr>,
    notes: Option<Footnotes>,
}

/// A try that was admitted.
#[must_use]
pub struct Pass {
    gates: Option<Gates>,
    address: Option<IpAddr>,
}

impl Gates {
    /// Nobody has tried yet.
    pub fn new(clock: Clock, allowance: Allowance) -> Self {
        Self { clock, allowance, buckets: Arc::default() }
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<IpAddr, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, address: IpAddr) -> Result<(), Duration> {
        let now = self.clock.now();
        let Allowance { burst, refill } = self.allowance;
        let mut buckets = self.buckets();
        if buckets.len() >= KEPT {
            let full = refill.saturating_mul(burst);
            buckets.retain(|_, bucket| now.since(bucket.at) < full);
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: burst, at: now });
        *bucket = bucket.refilled(self.allowance, now);
        if bucket.left == 0 {
            return Err(bucket.at.plus(refill).since(now));
        }
        bucket.left -= 1;
        Ok(())
    }

    /// What an address has left, and when it has all again.
    fn left(&self, address: IpAddr) -> Left {
        let now = self.clock.now();
        let Allowance { burst, refill } = self.allowance;
        let full = Bucket { left: burst, at: now };
        let bucket = self.buckets().get(&address).copied().unwrap_or(full);
        let bucket = bucket.refilled(self.allowance, now);
        let missing = refill.saturating_mul(burst.saturating_sub(bucket.left));
        Left {
            rate: Rate { requests: burst, window: refill.saturating_mul(burst) },
            requests: bucket.left,
            resets_in: bucket.at.plus(missing).since(now),
        }
    }

    fn give_back(&self, address: IpAddr) {
        if let Some(bucket) = self.buckets().get_mut(&address) {
            bucket.left = (bucket.left + 1).min(self.allowance.burst);
        }
    }
}

impl Bucket {
    /// The same at a later moment.
    fn refilled(self, Allowance { burst, refill }: Allowance, now: Timestamp) -> Self {
        let refilled = now.since(self.at).as_micros() / refill.as_micros().max(1);
        let refilled = u32::try_from(refilled).unwrap_or(u32::MAX);
        if self.left.saturating_add(refilled) >= burst {
            return Self { left: burst, at: now };
        }
        let at = self.at.plus(refill.saturating_mul(refilled));
        Self { left: self.left + refilled, at }
    }
}

impl Gate {
    /// Takes one try.
    ///
    /// # Errors
    /// `rate_limited` when the address has none left.
    pub fn admit(self) -> Result<Pass, Fault> {
        if let (Some(gates), Some(address)) = (&self.gates, self.address) {
            if let Some(notes) = &self.notes {
                let gates = gates.clone();
                notes.rate_when_answered("address", move || Some(gates.left(address)));
            }
            gates.take(address).map_err(|wait| {
                let detail = "Too many tries from this network; wait a little.";
                Fault::new(Kind::Limited, "rate_limited", detail).retry_after(wait)
            })?;
        }
        Ok(Pass { gates: self.gates, address: self.address })
    }

    /// Gives back a try that was admitted in an earlier request and has succeeded now.
    pub fn refund_earlier(self) {
        Pass { gates: self.gates, address: self.address }.refund();
    }
}

impl Pass {
    /// The try succeeded and does not count.
    pub fn refund(self) {
        if let (Some(gates), Some(address)) = (&self.gates, self.address) {
            gates.give_back(address);
        }
    }
}

impl<'a> FromRequest<'a> for Gate {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let client = request.data::<Client>();
        let counted = client.and_then(Client::counted_by);
        let gates = request.data::<Gates>().cloned();
        Ok(Self { gates, address: counted, notes: request.data::<Footnotes>().cloned() })
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_burst_and_then_one_at_a_time() {
        let clock = Clock::system();
        let allowance = Allowance { burst: 10, refill: Duration::from_secs(60) };
        let gates = Gates::new(clock.clone(), allowance);
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let gate = || Gate { gates: Some(gates.clone()), address: Some(address), notes: None };
        for _ in 0..10 {
            drop(gate().admit().unwrap());
        }
        let fault = gate().admit().err().unwrap();
        assert!(fault.retry_after.unwrap() <= Duration::from_secs(60));
        let left = gates.left(address);
        assert_eq!((left.requests, left.resets_in.as_secs().div_ceil(60)), (0, 10));
        assert!(gates.take("192.0.2.8".parse().unwrap()).is_ok(), "another address");
        clock.advance(Duration::from_secs(60));
        gate().admit().unwrap().refund();
        drop(gate().admit().unwrap());
        assert!(gate().admit().is_err());
        clock.advance(Duration::from_secs(60 * 60));
        let admitted = (0..20).filter(|_| gate().admit().is_ok()).count();
        assert_eq!(admitted, 10);
    }
}
