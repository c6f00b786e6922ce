//! The server dies at each named point of its code.

use std::time::Duration;

use clonememoria::kernel::points::Point;
use serde_json::json;

use super::{World, seed};
use crate::sealed::put_golden;
use crate::support::PASSWORD;
use crate::support::client::{items, text};
use crate::support::server::Server;

/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(90);

/// Points that only a first start passes.
const FIRST_START: &[Point] = &[
    Point::StoreMade,
    Point::StorePut,
    Point::UpgradeDone,
    Point::UpgradeCommitted,
    Point::KeyringMade,
    Point::KeyringWritten,
    Point::KeyringSynced,
    Point::KeyringRenamed,
    Point::KeyringNamed,
    Point::KeyringBlanked,
];

/// Points that the first start with an older database passes.
const UPGRADE: &[Point] = &[
    Point::UpgradeDone,
    Point::UpgradeCommitted,
    Point::RewriteCopied,
    Point::RewriteReplaced,
    Point::KeyringRenamed,
];

/// Points that a running server does not pass.
const START_ONLY: &[Point] = &[
    Point::StoreMade,
    Point::StorePut,
    Point::UpgradeDone,
    Point::UpgradeCommitted,
    Point::RewriteCopied,
    Point::RewriteReplaced,
];

/// Points that only a wait of weeks leads to; `legacy` kills at each of them.
const LEGACY: &[Point] = &[Point::LegacyClosed, Point::LegacyPassed, Point::LegacyDone];
/// Points that a test of their own tries: `attachments::a_death_in_the_middle…`.
const ELSEWHERE: &[Point] = &[
    Point::AttachmentWritten,
    Point::AttachmentNamed,
    Point::AttachmentsFound,
    Point::AttachmentsSwept,
];

/// The points to try: those that somebody wants, or all.
fn wanted(points: &[Point]) -> Vec<Point> {
    let only = std::env::var("TORTURE_POINT").ok();
    let is_wanted = |point: &&Point| only.as_ref().is_none_or(|only| only == point.word());
    points.iter().filter(is_wanted).copied().collect()
}

#[tokio::test]
async fn a_server_killed_at_a_named_point_keeps_what_it_acknowledged() {
    let seed = seed();
    println!("again with TORTURE_SEED={seed}");
    let mut world = World::new(seed).await;
    // Usually each point once; in a long run at later passages, too.
    let times = crate::kill::rounds(1).div_ceil(20);
    let points = wanted(Point::ALL);
    let here = |point: &&Point| {
        !START_ONLY.contains(point) && !LEGACY.contains(point) && !ELSEWHERE.contains(point)
    };
    for point in points.iter().filter(here) {
        for time in 0..times {
            let passage = 1 + time % 7 * 2;
            let order = json!({"do": "kill_at", "point": point.word(), "passage": passage});
            world
                .work(async |server| {
                    assert_eq!(server.operate(order).await.0, 200);
                    let died = server.dies(PATIENCE).await;
                    assert!(died, "nobody passed {} {passage} times", point.word());
                })
                .await;
            world.check().await;
        }
    }
    if !points.is_empty() && !world.starts.is_empty() {
        world.end("at named points").await;
    }
}

#[tokio::test]
async fn a_first_start_that_dies_anywhere_can_be_made_again() {
    for point in wanted(FIRST_START) {
        let mut server = Server::prepared(&[]);
        server.dies_at_start(point.word()).await;
        server.run().await;
        let ada = server.admin().await;
        let clone = ada.new_clone("Maria").await;
        ada.remember(&clone, "We swam in the lake.").await;
        server.kill().await;
        server.run().await;
        let ada = server.again(&ada);
        let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
        assert_eq!(kept.len(), 1, "after {}", point.word());
    }
}

#[tokio::test]
async fn an_upgrade_that_dies_anywhere_goes_on_at_the_next_start() {
    for point in wanted(UPGRADE) {
        let mut server = Server::prepared(&[]);
        put_golden(&server, "schema-1.redb");
        server.dies_at_start(point.word()).await;
        server.run().await;
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        let session = server.client().post("/auth/login", body).await.is(200);
        let ada = server.client().with_token(&text(&session["access_token"]));
        let clones = items(&ada.get("/clones").await.is(200));
        let clone = text(&clones[0]["id"]);
        let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
        assert_eq!(kept.len(), 2, "after {}", point.word());
        assert_eq!(server.stop().await, 0);
        let bytes = std::fs::read(server.data().join("clonememoria.redb")).expect("a database");
        let in_the_clear = bytes.windows(9).any(|at| at == b"cold lake");
        assert!(!in_the_clear, "after {} words are left as they were", point.word());
    }
}
