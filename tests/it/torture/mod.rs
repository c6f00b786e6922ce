//! The kill harness: sixteen clients write whatever can be written, the server is killed at a
//! random moment or at a named point, and starts again. Every client knows exactly what it was
//! told; all of that must be there, byte by byte, and of the one thing that was under way all or
//! nothing.
//!
//! `TORTURE_ROUNDS` says how often, `TORTURE_SEED` draws the same again, `TORTURE_POINT` takes one
//! point only. `docs/durability.md` has the figures.

mod flows;
mod moments;
mod points;
mod random;
mod shelf;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use self::flows::{Flow, Worker};
use self::random::Random;
use self::shelf::{Kind, Shelf};
use crate::support::client::{Client, id};
use crate::support::server::Server;
use crate::support::smtp::{Offer, Smtp};
use crate::support::until;

/// The seed: the same one, unless somebody wants others, or another run.
fn seed() -> u64 {
    let set = std::env::var("TORTURE_SEED").ok().map(|seed| seed.parse().expect("a number"));
    set.unwrap_or_else(|| match std::env::var_os("TORTURE_ROUNDS") {
        None => 1,
        Some(_) => u64::from(std::process::id()),
    })
}

/// So many things a client does one after the other without a pause.
const HASTE: u32 = 40;
/// Between the others.
const PAUSE: Duration = Duration::from_millis(300);

/// One of the sixteen.
enum Someone {
    Shelf(Shelf),
    Worker(Worker),
}

impl Someone {
    async fn work(mut self, ada: Client) -> Self {
        for step in 0_u32.. {
            // What follows behind (indexes, vectors, jobs) must come to its points, too, on a
            // machine that is busy with other things.
            if step >= HASTE {
                tokio::time::sleep(PAUSE).await;
            }
            let alive = match &mut self {
                Self::Shelf(shelf) => shelf.step(&ada).await,
                Self::Worker(worker) => worker.step(&ada).await,
            };
            if !alive {
                break;
            }
        }
        self
    }

    async fn check(&mut self, ada: &Client) {
        match self {
            Self::Shelf(shelf) => shelf.check(ada).await,
            Self::Worker(worker) => worker.check(ada).await,
        }
    }

    fn acknowledged(&self) -> u64 {
        match self {
            Self::Shelf(shelf) => shelf.acknowledged(),
            Self::Worker(worker) => worker.acknowledged(),
        }
    }
}

/// A server and everybody who writes to it.
struct World {
    server: Server,
    smtp: Smtp,
    everybody: Vec<Someone>,
    /// How long each start took until it was ready.
    starts: Vec<Duration>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let smtp = Smtp::start(Offer::StartTls).await;
        let mut settings = smtp.settings();
        settings.push(("CLONEMEMORIA_LIMITS_CONNECTIONS_PER_ADDRESS", "1000".to_owned()));
        settings.push(("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "100000".to_owned()));
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::with(&settings).await;
        let ada = server.admin().await;
        let everybody = everybody(&ada, seed).await;
        Self { server, smtp, everybody, starts: Vec::new() }
    }

    /// Everybody works until the server dies, by itself or of `end`.
    async fn work(&mut self, end: impl AsyncFnOnce(&mut Server)) {
        let ada = self.server.admin_again().await;
        let mut working = tokio::task::JoinSet::new();
        for someone in std::mem::take(&mut self.everybody) {
            working.spawn(someone.work(ada.clone()));
        }
        end(&mut self.server).await;
        self.everybody = working.join_all().await;
    }

    /// Starts again and compares.
    async fn check(&mut self) {
        let begun = Instant::now();
        self.server.run().await;
        self.starts.push(begun.elapsed());
        let ada = self.server.admin_again().await;
        join_all(self.everybody.iter_mut().map(|someone| someone.check(&ada))).await;
        let (status, audit) = self.server.operate(json!({"do": "verify_audit"})).await;
        assert_eq!(status, 200);
        assert!(audit.to_string().contains("\"broken_at\":null"), "the audit log: {audit}");
    }

    /// Who was invited by mail gets it, though the server died meanwhile. Then what it all was.
    async fn end(self, what: &str) -> u64 {
        for someone in &self.everybody {
            let Someone::Shelf(shelf) = someone else { continue };
            for address in shelf.invited() {
                until("an invitation arrives by mail", || async {
                    self.smtp.mails().iter().any(|mail| mail.to.contains(&address)).then_some(())
                })
                .await;
            }
        }
        let mut starts = self.starts;
        starts.sort_unstable();
        let at = |share: usize| starts[(starts.len() * share / 100).min(starts.len() - 1)];
        let acknowledged: u64 = self.everybody.iter().map(Someone::acknowledged).sum();
        println!(
            "{what}: {} deaths, {acknowledged} acknowledged changes, none lost; ready again after \
             {:?} (half), {:?} (99 of 100), {:?} (all)",
            starts.len(),
            at(50),
            at(99),
            at(100)
        );
        acknowledged
    }
}

async fn everybody(ada: &Client, seed: u64) -> Vec<Someone> {
    let mut all = Vec::new();
    let mut clones = Vec::new();
    for number in 0..10 {
        clones.push(ada.new_clone(&format!("Clone {number}")).await);
    }
    for (number, clone) in clones.iter().take(4).enumerate() {
        let list = format!("/clones/{clone}/memories");
        all.push(Shelf::new(
            &format!("memories{number}"),
            Kind::Memories,
            list.clone(),
            &list,
            seed,
        ));
    }
    let space = id(&ada.post("/spaces", json!({"name": "We"})).await.is(201));
    for (name, kind, list, item) in [
        ("people", Kind::People, format!("/clones/{}/people", clones[4]), None),
        ("keys", Kind::Keys, "/api-keys".to_owned(), None),
        ("spaces", Kind::Spaces, "/spaces".to_owned(), None),
        ("invited", Kind::Invitations, format!("/spaces/{space}/invitations"), None),
        ("links", Kind::Links, format!("/clones/{}/share-links", clones[5]), None),
        (
            "talks",
            Kind::Conversations,
            format!("/clones/{}/conversations", clones[5]),
            Some("/conversations"),
        ),
    ] {
        let item = item.map_or(list.clone(), str::to_owned);
        let mut shelf = Shelf::new(name, kind, list, &item, seed);
        shelf.begin(ada).await;
        all.push(shelf);
    }
    let talk = ada.converse(&clones[6]).await;
    let mut everybody: Vec<Someone> = all.into_iter().map(Someone::Shelf).collect();
    for (name, flow, place) in [
        ("batch", Flow::Batch, &clones[7]),
        ("talk", Flow::Talk, &talk),
        ("consent", Flow::Consent, &clones[6]),
        ("trash", Flow::Trash, &clones[8]),
        ("purge", Flow::Purge, &clones[8]),
        ("once", Flow::Once, &clones[9]),
    ] {
        everybody.push(Someone::Worker(Worker::new(name, flow, place, seed)));
    }
    assert_eq!(everybody.len(), 16);
    everybody
}

#[tokio::test]
async fn a_server_killed_at_any_moment_keeps_what_it_acknowledged() {
    let seed = seed();
    println!("again with TORTURE_SEED={seed}");
    let mut random = Random::of(seed, "moments");
    let mut world = World::new(seed).await;
    let rounds = crate::kill::rounds(6);
    for _ in 0..rounds {
        let after = Duration::from_millis(30 + random.next() % 700);
        world
            .work(async |server| {
                tokio::time::sleep(after).await;
                server.kill().await;
            })
            .await;
        world.check().await;
    }
    assert!(world.end("at any moment").await > rounds * 16, "too little was written");
}
