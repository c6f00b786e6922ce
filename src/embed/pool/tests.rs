//! The threads and their queues, with a model that can be held up.
#![expect(clippy::disallowed_methods, reason = "a test owns the tasks it starts")]

use std::sync::mpsc;

use super::*;

/// Answers each text with its length, tells the order, waits where the text says so.
struct Gate {
    seen: mpsc::Sender<String>,
    open: Mutex<mpsc::Receiver<()>>,
    rested: Arc<Mutex<usize>>,
}

impl Encoder for Gate {
    type Scratch = ();

    fn encode(&self, (): &mut (), texts: &[String]) -> Vectors {
        for text in texts {
            self.seen.send(text.clone()).unwrap();
            if text.starts_with("wait") {
                lock(&self.open).recv().unwrap();
            }
            assert!(!text.starts_with("panic"), "as the test wants");
        }
        texts.iter().map(|text| vec![text.len() as f32]).collect()
    }

    fn rest(&self) {
        *lock(&self.rested) += 1;
    }
}

struct Bench {
    pool: Arc<Pool<Gate>>,
    seen: mpsc::Receiver<String>,
    open: mpsc::Sender<()>,
    rested: Arc<Mutex<usize>>,
}

fn bench(idle: Duration) -> Bench {
    let (tell, seen) = mpsc::channel();
    let (open, wait) = mpsc::channel();
    let rested = Arc::default();
    let gate = Gate { seen: tell, open: Mutex::new(wait), rested: Arc::clone(&rested) };
    let pool = Arc::new(Pool::new(gate, Limits { threads: 1, idle }));
    Bench { pool, seen, open, rested }
}

const LONG: Duration = Duration::from_secs(60);

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

/// A text that fills a unit by itself.
fn unit(start: &str) -> String {
    format!("{start}{}", "x".repeat(UNIT * 4))
}

#[test]
fn passages_come_back_in_their_order() {
    let bench = bench(LONG);
    let texts: Vec<String> = (0..500).map(|len| "x".repeat(len)).collect();
    let vectors = run(bench.pool.passages(texts)).unwrap();
    let want: Vec<Vec<f32>> = (0..500).map(|len| vec![len as f32]).collect();
    assert_eq!(vectors, want);
    assert!(run(bench.pool.passages(Vec::new())).unwrap().is_empty());
}

#[test]
fn a_question_does_not_wait_for_passages() {
    let bench = bench(LONG);
    run(async {
        let pool = Arc::clone(&bench.pool);
        let texts = vec![unit("wait"), unit("b"), unit("c")];
        let passages = tokio::spawn(async move { pool.passages(texts).await });
        while bench.seen.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        // The only thread for passages is held up inside the first of three units.
        let answer = bench.pool.question("why".into()).await.unwrap();
        assert_eq!(answer, [3.0]);
        assert_eq!(bench.seen.try_iter().collect::<Vec<_>>(), ["why"]);
        bench.open.send(()).unwrap();
        assert_eq!(passages.await.unwrap().unwrap().len(), 3);
    });
}

#[test]
fn a_thread_for_passages_takes_waiting_questions_first() {
    let bench = bench(LONG);
    let mut queue = Queue::default();
    let (reply, _answer) = oneshot::channel();
    let progress = Progress { next: 0, vectors: vec![vec![]], missing: 1, reply: None };
    let batch = Batch { texts: vec!["p".into()], progress: Mutex::new(progress) };
    queue.batches.push_back(Arc::new(batch));
    queue.questions.push_back(Question { text: ["q".into()], reply });
    assert!(matches!(queue.take(Role::Passages), Some(Job::Question(_))));
    drop(bench);
}

#[test]
fn a_panic_fails_the_call_and_nothing_else() {
    let bench = bench(LONG);
    run(async {
        let failed = bench.pool.question("panic".into()).await;
        assert!(matches!(failed, Err(EmbedError::Failed)));
        let failed = bench.pool.passages(vec![unit("panic"), unit("b")]).await;
        assert!(matches!(failed, Err(EmbedError::Failed)));
        assert_eq!(bench.pool.question("ok".into()).await.unwrap(), [2.0]);
        assert_eq!(bench.pool.passages(vec!["fine".into()]).await.unwrap(), [[4.0]]);
    });
}

#[test]
fn threads_end_when_idle_and_start_again() {
    let bench = bench(Duration::from_millis(1));
    assert_eq!(bench.pool.running(), 0);
    for round in 1..=3 {
        run(bench.pool.question("a".into())).unwrap();
        run(bench.pool.passages(vec!["b".into()])).unwrap();
        while bench.pool.running() > 0 {
            std::thread::yield_now();
        }
        assert!(*lock(&bench.rested) >= round);
    }
}

#[test]
fn stopping_answers_what_waits_and_joins_the_threads() {
    let bench = bench(LONG);
    run(async {
        let pool = Arc::clone(&bench.pool);
        let texts = vec![unit("wait"), unit("b")];
        let passages = tokio::spawn(async move { pool.passages(texts).await });
        while bench.seen.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        bench.open.send(()).unwrap();
        bench.pool.stop();
        let outcome = passages.await.unwrap();
        // The second unit may have been begun before the stop.
        assert!(matches!(outcome, Err(EmbedError::Stopped)) || outcome.is_ok());
        assert_eq!(bench.pool.running(), 0);
        let late = bench.pool.question("late".into()).await;
        assert!(matches!(late, Err(EmbedError::Stopped)));
        let late = bench.pool.passages(vec!["late".into()]).await;
        assert!(matches!(late, Err(EmbedError::Stopped)));
    });
}

#[test]
fn a_caller_who_left_costs_no_more_units() {
    let bench = bench(LONG);
    run(async {
        let pool = Arc::clone(&bench.pool);
        let texts = vec![unit("wait"), unit("b"), unit("c")];
        let passages = tokio::spawn(async move { pool.passages(texts).await });
        while bench.seen.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        passages.abort();
        assert!(passages.await.unwrap_err().is_cancelled());
        bench.open.send(()).unwrap();
        bench.pool.passages(vec!["next".into()]).await.unwrap();
        assert_eq!(bench.seen.try_iter().collect::<Vec<_>>(), ["next"]);
    });
}
