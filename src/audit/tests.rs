//! Whoever changes the log is found out, whatever they change.

use super::chain::End;
use super::rows::{DROPPED, ENDS, LAST, LOG};
use super::*;
use crate::seal::Seals;
use crate::store::{Codec, Options, Range, Rows as _};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn at(n: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(n))
}

fn store() -> Store {
    let options = Options { tables: TABLES, upgrades: &[], cache_bytes: 1 << 20 };
    Store::in_memory(Codec::new(Seals::in_memory()), &options).unwrap()
}

async fn written(entries: u64) -> (Store, AccountId) {
    let (store, account) = (store(), AccountId::fresh());
    for n in 0..entries {
        let entry = words::entry(account, &SecurityEvent::SignedOut);
        store.write(move |tx| rows::append_in(tx, entry, at(n))).await.unwrap();
    }
    (store, account)
}

fn chain(store: &Store) -> Chain {
    store.read(rows::verify).unwrap()
}

async fn change(store: &Store, change: impl Fn(&mut WriteTx<'_>) + Send + 'static) {
    let done = store.write(move |tx| {
        change(tx);
        Ok::<_, StoreError>(())
    });
    done.await.unwrap();
}

fn values(store: &Store) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    let found = store.read(|tx| {
        tx.scan_raw(&LOG, &Range::all(), crate::store::Direction::Up, |number, value| {
            all.push((number, value));
            Ok::<_, StoreError>(std::ops::ControlFlow::Continue(()))
        })
    });
    found.unwrap();
    all
}

#[tokio::test]
async fn every_flipped_bit_of_every_entry_is_found() {
    let (store, _) = written(3).await;
    assert_eq!(chain(&store), Chain { entries: 3, broken_at: None });
    let mut flips = 0;
    for (number, value) in values(&store) {
        for bit in 0..value.len() * 8 {
            let (good, mut bad) = (value.clone(), value.clone());
            bad[bit / 8] ^= 1 << (bit % 8);
            change(&store, move |tx| tx.put_raw(&LOG, &number, &bad).unwrap()).await;
            assert_eq!(chain(&store).broken_at, Some(number), "bit {bit} of entry {number}");
            change(&store, move |tx| tx.put_raw(&LOG, &number, &good).unwrap()).await;
            flips += 1;
        }
    }
    assert!(flips > 3_000, "{flips}");
    assert_eq!(chain(&store).broken_at, None);
}

#[tokio::test]
async fn an_entry_that_is_taken_out_put_in_or_moved_is_found() {
    let (store, _) = written(4).await;
    let all = values(&store);
    for (number, value) in all.clone() {
        change(&store, move |tx| tx.remove_raw(&LOG, &number)).await;
        assert_eq!(chain(&store).broken_at, Some(number), "without entry {number}");
        change(&store, move |tx| tx.put_raw(&LOG, &number, &value).unwrap()).await;
    }
    for (number, other) in [(1, 1), (2, 2), (3, 0)] {
        let (good, copy) = (all[number - 1].clone(), all[other].1.clone());
        let back = all[other].clone();
        let swapped = good.1.clone();
        change(&store, move |tx| {
            tx.put_raw(&LOG, &good.0, &copy).unwrap();
            tx.put_raw(&LOG, &back.0, &swapped).unwrap();
        })
        .await;
        assert!(chain(&store).broken_at.is_some(), "{number} and {other} changed places");
        let restored = all.clone();
        change(&store, move |tx| {
            restored.iter().for_each(|(number, value)| tx.put_raw(&LOG, number, value).unwrap());
        })
        .await;
    }
    let (_, forged) = End::BEGINNING.extend(b"\x01{}");
    change(&store, move |tx| tx.put_raw(&LOG, &5, &forged).unwrap()).await;
    assert_eq!(chain(&store).broken_at, Some(5));
    change(&store, |tx| tx.remove_raw(&LOG, &5)).await;
    assert_eq!(chain(&store).broken_at, None);
}

#[tokio::test]
async fn where_the_log_ends_cannot_be_changed_either() {
    for which in [LAST, DROPPED] {
        let (store, _) = written(4).await;
        let prune = store.write(|tx| rows::prune_in(tx, |time| time < at(2)));
        prune.await.unwrap();
        let good = store.read(|tx| tx.get_raw(&ENDS, &which)).unwrap().unwrap();
        for byte in 0..good.len() {
            let mut bad = good.clone();
            bad[byte] ^= 1;
            change(&store, move |tx| tx.put_raw(&ENDS, &which, &bad).unwrap()).await;
            assert!(chain(&store).broken_at.is_some(), "byte {byte} of {which}");
        }
        change(&store, move |tx| tx.put_raw(&ENDS, &which, b"short").unwrap()).await;
        assert!(chain(&store).broken_at.is_some());
        // It goes on all the same, and stays broken.
        let entry = words::entry(AccountId::fresh(), &SecurityEvent::SignedOut);
        store.write(move |tx| rows::append_in(tx, entry, NOW)).await.unwrap();
        assert_eq!(values(&store).len(), 3);
        assert!(chain(&store).broken_at.is_some());
    }
}

#[tokio::test]
async fn what_is_left_after_dropping_the_old_still_fits() {
    let (store, account) = written(10).await;
    store.write(|tx| rows::prune_in(tx, |time| time < at(6))).await.unwrap();
    assert_eq!(chain(&store), Chain { entries: 4, broken_at: None });
    let filter = Filter { account: Some(account), ..Filter::default() };
    let page = PageRequest { limit: 3, after: None };
    let found = store.read(|tx| rows::page(tx, &filter, &page)).unwrap();
    assert_eq!(found.items.iter().map(|entry| entry.number).collect::<Vec<_>>(), [10, 9, 8]);
    let page = PageRequest { limit: 3, after: found.next };
    let found = store.read(|tx| rows::page(tx, &filter, &page)).unwrap();
    assert_eq!(found.items.iter().map(|entry| entry.number).collect::<Vec<_>>(), [7]);
    assert_eq!(found.next, None);
    store.write(|tx| rows::prune_in(tx, |_| true)).await.unwrap();
    assert_eq!(chain(&store), Chain { entries: 0, broken_at: None });
    let entry = words::entry(account, &SecurityEvent::SignedOut);
    store.write(move |tx| rows::append_in(tx, entry, NOW)).await.unwrap();
    assert_eq!(values(&store)[0].0, 11);
    assert_eq!(chain(&store), Chain { entries: 1, broken_at: None });
}

#[tokio::test]
async fn dropping_the_old_does_not_hide_what_was_changed() {
    let (store, _) = written(5).await;
    let mut bad = values(&store)[2].1.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    change(&store, move |tx| tx.put_raw(&LOG, &3, &bad).unwrap()).await;
    store.write(|tx| rows::prune_in(tx, |_| true)).await.unwrap();
    assert_eq!(chain(&store), Chain { entries: 0, broken_at: Some(3) });
}

#[tokio::test]
async fn an_erased_account_is_not_listed_and_the_log_still_fits() {
    let (store, account) = written(2).await;
    store
        .write(move |tx| {
            AuditEraser.erase_in(tx, Subject::Account(account), &mut Portion::unlimited())
        })
        .await
        .unwrap();
    let filter = Filter { account: Some(account), ..Filter::default() };
    let page = PageRequest { limit: 3, after: None };
    assert!(store.read(|tx| rows::page(tx, &filter, &page)).unwrap().items.is_empty());
    assert_eq!(chain(&store), Chain { entries: 2, broken_at: None });
}
