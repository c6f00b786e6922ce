//! What is measured, a file a question.

pub mod backup;
pub mod erasing;
pub mod floods;
mod healthy;
pub mod hostile;
pub mod sealing;
pub mod search;
pub mod sign_ins;
pub mod stalls;
pub mod start;
pub mod streams;
pub mod timing;
pub mod writes;

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::Outcome;
use crate::appliance::{Appliance, bytes};

/// What the batch call takes at once.
pub const BATCH: usize = 1_000;

/// Sends memories by the batch call and says how long until the last acknowledgement.
async fn load(server: &Appliance, clone: &str, memories: Vec<Value>) -> Outcome<Duration> {
    let path = format!("/api/v1/clones/{clone}/memories/batch");
    let mut took = Duration::ZERO;
    for part in memories.chunks(BATCH) {
        let body = bytes(&json!({"memories": part}));
        let mut client = server.client().await?;
        let started = Instant::now();
        let done = client.json(Method::POST, &path, body).await?;
        took += started.elapsed();
        if done["created"] != part.len() {
            return Err(format!("not everything was taken: {done}").into());
        }
    }
    Ok(took)
}
