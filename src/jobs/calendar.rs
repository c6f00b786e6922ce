//! Whether the machine's clock can be believed when something is to be erased because its time is
//! over.
//!
//! A machine without a battery for its clock begins in 1970 and is put right by the network a
//! little later; another is put ten years ahead by mistake. What is refused because its time is
//! over can be asked for again when the clock is right, but what was erased is gone. So the moment
//! of each sweep is written down, and one that lies far after the last is waited out: only when the
//! clock has said so for a day, by the process's own count, is it believed.

use std::time::Duration;

use crate::kernel::Timestamp;
use crate::store::{Holds, Rows, StoreError, Table, TableInfo, WriteTx};

/// Until when the clock was believed, in microseconds since 1970.
const CALENDAR: Table<u64, u64> = Table::new("calendar", Holds::Nothing);
const BELIEVED: u64 = 0;

/// The tables of this module.
pub const TABLES: &[TableInfo] = &[CALENDAR.info()];

/// So much may have passed since the last sweep: a weekend without power.
const USUAL: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// A longer time is believed after the clock has said so for so long.
const BELIEVED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is made of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It is as expected.
    Right,
    /// It says that more time has passed than is likely: nothing is erased for now.
    Ahead(Duration),
}

/// The last moment that was believed, if there was one.
///
/// # Errors
/// When the database cannot be read.
pub fn believed(tx: &impl Rows) -> Result<Option<Timestamp>, StoreError> {
    let micros = tx.get(&CALENDAR, &BELIEVED)?;
    Ok(micros.map(|micros| Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))))
}

/// Whether to believe that it is `now`, when the clock has said so, or something later than is
/// likely, for the time `said_for`; writes it down then.
///
/// # Errors
/// When the database fails.
pub fn believe_in(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    said_for: Duration,
) -> Result<Belief, StoreError> {
    let passed = believed(tx)?.map(|last| now.since(last)).unwrap_or_default();
    if passed > USUAL && said_for < BELIEVED_AFTER {
        return Ok(Belief::Ahead(passed));
    }
    tx.put(&CALENDAR, &BELIEVED, &u64::try_from(now.0).unwrap_or_default())?;
    Ok(Belief::Right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Seals;
    use crate::store::{Codec, Options, Store};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    async fn believe(store: &Store, now: Timestamp, said_for: Duration) -> Belief {
        store.write(move |tx| believe_in(tx, now, said_for)).await.unwrap()
    }

    #[tokio::test]
    async fn a_clock_far_ahead_is_believed_after_a_day() {
        let options = Options { tables: TABLES, upgrades: &[], cache_bytes: 1 << 20 };
        let store = Store::in_memory(Codec::new(Seals::in_memory()), &options).unwrap();
        let start = Timestamp(1_800_000_000_000_000);
        assert_eq!(believe(&store, start, Duration::ZERO).await, Belief::Right, "the first");
        let weekend = start.plus(DAY * 3);
        assert_eq!(believe(&store, weekend, Duration::ZERO).await, Belief::Right);
        for years in [1, 10, 30] {
            let then = weekend.plus(DAY * 365 * years);
            let ahead = Belief::Ahead(DAY * 365 * years);
            assert_eq!(believe(&store, then, Duration::ZERO).await, ahead);
            assert_eq!(believe(&store, then, DAY - Duration::from_secs(1)).await, ahead);
        }
        assert_eq!(store.read(believed).unwrap(), Some(weekend));
        let year = weekend.plus(DAY * 365);
        assert_eq!(believe(&store, year, DAY).await, Belief::Right);
        assert_eq!(store.read(believed).unwrap(), Some(year));
    }
}
