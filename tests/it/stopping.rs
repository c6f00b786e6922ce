//! Stopping in order (DUR-11): with fifty answers being written, people who write and jobs that
//! run, the server says goodbye to everybody, keeps what was written so far, and ends with 0 in
//! time.
//!
//! `TORTURE_ROUNDS` sets how often.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::kill::rounds;
use crate::support::client::{Client, id, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::reply::{Event, deltas};
use crate::support::server::Server;

const STREAMS: usize = 50;
const WRITERS: usize = 4;
/// How long an orderly stop may take, and one after a second signal.
const IN_ORDER: Duration = Duration::from_secs(30);
const IN_A_HURRY: Duration = Duration::from_secs(2);

async fn answering(llm: &Llm) -> Server {
    llm.always(Act::Answer(Answer::of(&["Half ", "an answer "]).ending(End::Hang)));
    Server::with(&[
        ("CLONEMEMORIA_LLM_BASE_URL", &llm.base_url()),
        ("CLONEMEMORIA_LLM_MODEL", "small"),
        ("CLONEMEMORIA_LLM_IDLE_SECONDS", "120"),
        // Fifty questions at once, on a machine that does other things too.
        ("CLONEMEMORIA_LLM_FIRST_TOKEN_SECONDS", "120"),
        ("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "60"),
    ])
    .await
}

/// Writes many memories at a time until nobody is there any more.
async fn write(ada: Client, clone: String, name: String, kept: Arc<Mutex<BTreeSet<String>>>) {
    for batch in 0.. {
        let memory = |n: usize| {
            let external = format!("{name}b{batch}n{n}");
            json!({"content": format!("On that day {external} came by."), "external_id": external})
        };
        let memories: Vec<_> = (0..20).map(memory).collect();
        let path = format!("/clones/{clone}/memories/batch");
        let reply = ada.post(&path, json!({"memories": memories})).attempt().await;
        let Some(reply) = reply.filter(|reply| reply.status == 200) else { return };
        assert_eq!(reply.json()["created"], 20);
        let mut kept = kept.lock().unwrap();
        kept.extend((0..20).map(|n| format!("{name}b{batch}n{n}")));
    }
}

/// An answer that was being written when the server stopped.
struct Cut {
    conversation: String,
    message: String,
    events: Vec<Event>,
}

#[tokio::test]
async fn a_stop_says_goodbye_keeps_what_there_is_and_ends_in_time() {
    let llm = Llm::start().await;
    let mut server = answering(&llm).await;
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let quiet = admin.new_clone("Quiet").await;
    let kept = Arc::new(Mutex::new(BTreeSet::new()));
    let mut longest = Duration::ZERO;
    let rounds = rounds(3);
    for round in 0..rounds {
        // An access token lives ten minutes.
        let ada = server.admin_again().await;
        let mut reading = tokio::task::JoinSet::new();
        for _ in 0..STREAMS {
            let conversation = ada.converse(&clone).await;
            let mut stream = ada.say_streaming(&conversation, "Where did you swim?").await;
            let mut events = Vec::new();
            while events.last().is_none_or(|event: &Event| event.name != "delta") {
                let Some(event) = stream.next().await else { panic!("it ended: {events:?}") };
                events.push(event);
            }
            let message = text(&events[0].data["message_id"]);
            reading.spawn(async move {
                events.extend(stream.rest().await);
                Cut { conversation, message, events }
            });
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let name = format!("r{round}w{writer}");
            writers.spawn(write(ada.clone(), quiet.clone(), name, Arc::clone(&kept)));
        }
        tokio::time::sleep(Duration::from_millis(50 + round * 31 % 150)).await;
        let at = Instant::now();
        server.signal(if round % 2 == 0 { Signal::TERM } else { Signal::INT });
        let code = server.ended().await;
        longest = longest.max(at.elapsed());
        assert_eq!(code, 0, "{}", server.log_end());
        while writers.join_next().await.is_some() {}
        let cut = reading.join_all().await;
        server.run().await;
        let ada = server.admin_again().await;
        for one in cut.iter().step_by(if rounds > 10 { 10 } else { 5 }) {
            resumed(&ada, one).await;
        }
        assert!(cut.iter().all(|cut| says_goodbye(&cut.events)), "a stream was cut");
    }
    let ada = server.admin_again().await;
    let path = format!("/clones/{quiet}/memories/batch");
    let kept = std::mem::take(&mut *kept.lock().unwrap());
    println!("{rounds} stops, {longest:?} at most; {} memories kept", kept.len());
    for some in kept.iter().collect::<Vec<_>>().chunks(1_000) {
        let content =
            |n: &String| json!({"content": format!("On that day {n} came by."), "external_id": n});
        let memories: Vec<_> = some.iter().map(|n| content(n)).collect();
        let again = ada.post(&path, json!({"memories": memories})).await.is(200);
        assert_eq!(again["unchanged"], some.len(), "acknowledged and lost: {again}");
    }
    assert!(longest <= IN_ORDER, "{longest:?}");
}

/// The last event, without a number, so that whoever comes back asks for what comes after the one
/// before; or the answer ended for good while the server stopped.
fn says_goodbye(events: &[Event]) -> bool {
    matches!(events.last(), Some(event) if ["shutdown", "error"].contains(&event.name.as_str()))
}

async fn resumed(ada: &Client, cut: &Cut) {
    let Cut { conversation, message, events } = cut;
    let path = format!("/conversations/{conversation}/messages/{message}/events");
    let numbered: Vec<&Event> = events.iter().filter(|event| event.id > 0).collect();
    let last = numbered.last().expect("an event").id.to_string();
    let rest = ada.get(&path).header("last-event-id", &last).events().await.rest().await;
    let end = rest.last().expect("an end");
    assert_eq!(end.name, "done", "{rest:?}");
    let kept = &end.data["message"];
    assert_eq!(kept["status"], "incomplete", "{kept}");
    // What was read is kept, whatever else came.
    assert!(text(&kept["content"]).starts_with(deltas(events).trim_end()), "{kept} {events:?}");
    let whole = ada.get(&path).events().await.rest().await;
    let names: Vec<&str> = whole.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["start", "sources", "delta", "done"]);
}

#[tokio::test]
async fn an_answer_that_was_cut_off_can_be_asked_for_again() {
    let llm = Llm::start().await;
    let mut server = answering(&llm).await;
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let conversation = admin.converse(&clone).await;
    let mut stream = admin.say_streaming(&conversation, "Where did you swim?").await;
    while stream.next().await.expect("an event").name != "delta" {}
    assert_eq!(server.stop().await, 0);
    server.run().await;
    let ada = server.again(&admin);
    let cut = ada.messages(&conversation).await.pop().expect("an answer");
    assert_eq!(
        (&cut["status"], &cut["content"]),
        (&json!("incomplete"), &json!("Half an answer "))
    );
    llm.always(Act::Answer(Answer::of(&["In ", "the lake."])));
    let path = format!("/conversations/{conversation}/messages");
    let again = ada.post(&path, json!({"regenerate_of": id(&cut)})).await.is(201);
    assert_eq!(again["message"]["content"], "In the lake.");
    assert_eq!(again["message"]["status"], "complete");
}

#[tokio::test]
async fn who_loses_patience_waits_two_seconds_at_most() {
    let llm = Llm::start().await;
    let mut server = answering(&llm).await;
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let conversation = admin.converse(&clone).await;
    let path = format!("/conversations/{conversation}/messages");
    // Waits for an answer that never ends.
    let asking = admin.post(&path, json!({"content": "Where did you swim?"}));
    let asking = tokio::spawn(asking.attempt());
    crate::support::until("it is being written", || async {
        let last = admin.messages(&conversation).await.pop()?;
        (last["status"] == "generating").then_some(())
    })
    .await;
    server.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!server.has_ended(), "it waits for the answer");
    let at = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.ended().await, 0);
    let took = at.elapsed();
    assert!(took <= IN_A_HURRY, "{took:?}");
    drop(asking.await);
    server.run().await;
    let kept = server.again(&admin).messages(&conversation).await.pop().expect("an answer");
    assert_eq!(kept["status"], "incomplete");
}
