use std::sync::atomic::AtomicUsize;

use serde::Deserialize;

use super::*;
use crate::kernel::AccountId;
use crate::seal::Seals;
use crate::store::{Codec, Options};

const COUNT: JobName<Count> = JobName::new("count");

#[derive(Serialize, Deserialize)]
struct Count {
    to: usize,
}

fn memory() -> Store {
    let options = Options { tables: TABLES, upgrades: &[], cache_bytes: 1 << 20 };
    Store::in_memory(Codec::new(Seals::in_memory()), &options).unwrap()
}

async fn enqueue(queue: &Queue, store: &Store, about: Option<Subject>, due: Timestamp) {
    let queue = queue.clone();
    store
        .write(move |tx| {
            let (until, payload) = (None, &Count { to: 1 });
            queue.enqueue_in(tx, &NewJob { name: &COUNT, payload, about, due, until })
        })
        .await
        .unwrap();
}

/// Waits for a figure, which another task changes.
async fn reaches(queue: &Queue, what: impl Fn(QueueFigures) -> bool) {
    let waiting = async {
        while !what(queue.figures().unwrap()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the figure");
}

#[tokio::test]
async fn a_job_runs_once_when_it_works() {
    let (store, clock, tasks) = (memory(), Clock::system(), Tasks::new());
    let queue = Queue::new(store.clone(), clock.clone());
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    queue.register(&COUNT, 2, move |_, count| {
        counted.fetch_add(count.to, Relaxed);
        async { Ok(()) }
    });
    queue.start(&tasks);
    for _ in 0..10 {
        enqueue(&queue, &store, None, clock.now()).await;
    }
    reaches(&queue, |figures| figures.done == 10 && figures.waiting == 0).await;
    assert_eq!(ran.load(Relaxed), 10);
    tasks.join_all(Duration::from_secs(5)).await.unwrap();
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn what_fails_comes_again_with_growing_pauses_and_is_given_up() {
    let (store, clock, tasks) = (memory(), Clock::system(), Tasks::new());
    let queue = Queue::new(store.clone(), clock.clone());
    queue.register(&COUNT, 1, |_, _| async { Err(JobError::Later("not_today")) });
    queue.start(&tasks);
    enqueue(&queue, &store, None, clock.now()).await;
    for attempt in 1..=u64::from(MOST_ATTEMPTS) {
        reaches(&queue, |figures| figures.failed == attempt).await;
        clock.advance(LONGEST_PAUSE * 2);
    }
    reaches(&queue, |figures| figures.parked == 1 && figures.waiting == 0).await;
    tasks.join_all(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_a_failure_and_what_can_never_work_is_given_up_at_once() {
    let (store, clock, tasks) = (memory(), Clock::system(), Tasks::new());
    let queue = Queue::new(store.clone(), clock.clone());
    queue.register(&COUNT, 1, |_, _| async { panic!("no") });
    queue.start(&tasks);
    enqueue(&queue, &store, None, clock.now()).await;
    reaches(&queue, |figures| figures.failed == 1 && figures.waiting == 1).await;
    queue.register(&COUNT, 1, |_, _| async { Err(JobError::Never("no_such_thing")) });
    enqueue(&queue, &store, None, clock.now()).await;
    reaches(&queue, |figures| figures.parked == 1).await;
    tasks.join_all(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn jobs_go_with_their_subject() {
    let (store, clock) = (memory(), Clock::system());
    let queue = Queue::new(store.clone(), clock.clone());
    let (ada, ben) = (AccountId::fresh(), AccountId::fresh());
    for about in [Some(Subject::Account(ada)), Some(Subject::Account(ben)), None] {
        enqueue(&queue, &store, about, clock.now()).await;
    }
    store
        .write(move |tx| QueueEraser.erase_in(tx, Subject::Account(ada), &mut Portion::unlimited()))
        .await
        .unwrap();
    assert_eq!(queue.figures().unwrap().waiting, 2);
}

#[test]
fn pauses_double_up_to_an_hour_and_differ_between_jobs() {
    let id = JobId::fresh();
    assert!((30..38).contains(&pause_after(1, id).as_secs()));
    assert!((60..76).contains(&pause_after(2, id).as_secs()));
    assert!((3600..4501).contains(&pause_after(40, id).as_secs()));
    let pauses: std::collections::BTreeSet<_> =
        (0..50).map(|_| pause_after(1, JobId::fresh())).collect();
    assert!(pauses.len() > 20);
}
