//! Conversations: asked, answered with sources, streamed, joined again, stopped, kept.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, each, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::reply::{Event, deltas};
use crate::support::server::Server;
use crate::support::{PATIENCE, slice, until};

const HARBOUR: &str = "I was eleven. We met at the harbour of Łódź 🌊 in July 1962, and it rained \
    all day long. He carried my suitcase.";

async fn begin(server: &Server) -> (Client, String, String) {
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember_as(&clone, json!({"content": HARBOUR, "title": "Harbour"})).await;
    ada.remember(&clone, "Grandfather kept bees behind the barn.").await;
    let conversation = ada.converse(&clone).await;
    (ada, clone, conversation)
}

/// The stream's form: the order of events, their numbers, and that its end says what was sent.
fn well_formed(events: &[Event]) -> Value {
    let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
    let (middle, last) = (&names[2..names.len() - 1], names[names.len() - 1]);
    assert_eq!((names[0], names[1], last), ("start", "sources", "done"), "{names:?}");
    assert!(middle.iter().all(|name| *name == "delta"), "{names:?}");
    let numbers: Vec<u64> = events.iter().map(|event| event.id).collect();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
    let message = &events[events.len() - 1].data["message"];
    assert_eq!(message["content"], deltas(events));
    assert_eq!(message["citations"], events[1].data["citations"].clone_without_cited(message));
    assert_eq!(message["id"], events[0].data["message_id"]);
    message.clone()
}

trait Cited {
    fn clone_without_cited(&self, message: &Value) -> Value;
}

impl Cited for Value {
    /// The sources, with `cited` as the message has it: while they are sent nobody knows yet.
    fn clone_without_cited(&self, message: &Value) -> Value {
        let mut sources = self.clone();
        for (i, source) in sources.as_array_mut().into_iter().flatten().enumerate() {
            source["cited"] = message["citations"][i]["cited"].clone();
        }
        sources
    }
}

#[tokio::test]
async fn an_answer_quotes_what_was_really_said_and_shows_where() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    let (question, answer) = ada.say(&conversation, "Where did you meet?").await;
    assert_eq!(
        (&question["role"], &question["content"]),
        (&json!("user"), &json!("Where did you meet?"))
    );
    assert_eq!((&answer["role"], &answer["status"]), (&json!("assistant"), &json!("complete")));
    assert_eq!((&answer["parent_id"], &answer["error"]), (&question["id"], &Value::Null));
    assert_eq!(
        (&answer["provider"], &answer["grounding"]),
        (&json!("builtin"), &json!("verbatim"))
    );
    assert_eq!((&question["ai_generated"], &answer["ai_generated"]), (&json!(false), &json!(true)));
    let citations = answer["citations"].as_array().unwrap();
    let cited: Vec<&Value> = citations.iter().filter(|one| one["cited"] == true).collect();
    assert!(!cited.is_empty(), "{answer}");
    for citation in &cited {
        let quote = text(&citation["quote"]);
        let start = usize::try_from(citation["text_start"].as_u64().unwrap()).unwrap();
        let original = if citation["title"] == "Harbour" { HARBOUR } else { continue };
        assert_eq!(quote, slice(original, start, quote.chars().count()));
        assert_eq!(citation["kind"], "memory");
        let mark = format!("[{}]", citation["n"]);
        assert!(answer["content"].as_str().unwrap().contains(&mark), "{answer}");
    }
    assert!(cited.iter().any(|one| one["title"] == "Harbour"), "{answer}");
    assert!(answer["content"].as_str().unwrap().contains("harbour of Łódź 🌊"), "{answer}");
    assert_eq!(ada.messages(&conversation).await, [question, answer]);
}

#[tokio::test]
async fn without_a_memory_the_answer_says_so() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    let empty = ada.new_clone("Nobody").await;
    let nowhere = ada.converse(&empty).await;
    for (conversation, question) in [
        (&nowhere, "Where did you meet?"),
        (&conversation, "What is the boiling point of titanium in kelvin?"),
    ] {
        let (_, answer) = ada.say(conversation, question).await;
        let content = answer["content"].as_str().unwrap();
        assert!(content.starts_with("I have no memory of that."), "{content}");
        let cited = answer["citations"].as_array().unwrap();
        assert!(cited.iter().all(|citation| citation["cited"] == false), "{answer}");
        assert_eq!(answer["status"], "complete");
    }
}

/// As people ask, of a clone with a handful of memories: words like "tell", "happened" and
/// "remember" stand in no memory and must not count against it.
#[tokio::test]
async fn everyday_questions_are_answered_and_strange_ones_are_not() {
    let server = Server::start().await;
    let (ada, clone, conversation) = begin(&server).await;
    ada.remember(&clone, "My first job was in the bakery of Madame Petit in Lyon.").await;
    let cited = async |question: &str| {
        let (_, answer) = ada.say(&conversation, question).await;
        answer["citations"].as_array().is_some_and(|citations| !citations.is_empty())
    };
    for question in [
        "What happened in Lyon?",
        "What do you remember of Lyon?",
        "Tell me about the bees",
        "Can you tell me something about the harbour?",
        "Que s'est-il passé à Lyon ?",
        "Erzähl mir von Madame Petit",
        "Tell me a story!",
    ] {
        assert!(cited(question).await, "{question}");
    }
    for question in [
        "What happened in Osaka?",
        "What do you remember of the army?",
        "Tell me about the submarine",
        "Que s'est-il passé à Osaka ?",
        "What is the capital of Mongolia?",
    ] {
        assert!(!cited(question).await, "{question}");
    }
}

#[tokio::test]
async fn a_streamed_answer_is_the_stored_one() {
    let server = Server::start().await;
    let (ada, clone, conversation) = begin(&server).await;
    let events = ada.say_streaming(&conversation, "Where did you meet?").await.rest().await;
    let message = well_formed(&events);
    let start = &events[0].data;
    assert_eq!(start["conversation_id"], json!(conversation));
    let stored = ada.messages(&conversation).await;
    assert_eq!(stored[0]["id"], start["user_message_id"]);
    assert_eq!(stored[1], message);
    assert_eq!(events.last().unwrap().data["finish_reason"], "stop");

    let path = format!("/clones/{clone}/chat");
    let body = json!({"content": "And the bees?", "conversation_id": conversation});
    let events = ada.post(&path, body).events().await.rest().await;
    well_formed(&events);
    assert_eq!(ada.messages(&conversation).await.len(), 4);
}

#[tokio::test]
async fn one_call_begins_a_conversation() {
    let server = Server::start().await;
    let (ada, clone, _) = begin(&server).await;
    let other = ada.new_clone("Other").await;
    let path = format!("/clones/{clone}/chat");
    let said = ada.post(&path, json!({"content": "Where did you meet?"})).await.is(201);
    let conversation = text(&said["message"]["conversation_id"]);
    let found = ada.get(&format!("/conversations/{conversation}")).await.is(200);
    assert_eq!((&found["clone_id"], &found["clone_name"]), (&json!(clone), &json!("Maria")));
    assert_eq!(found["message_count"], 2);
    assert_eq!(found["title"], "Where did you meet?");
    assert!(found["last_message_at"].is_string());
    let body = json!({"content": "And then?", "conversation_id": conversation});
    ada.post(&path, body.clone()).await.is(201);
    ada.post(&format!("/clones/{other}/chat"), body).await.problem(404, "not_found");
    ada.post(&path, json!({"content": " "})).await.invalid(&["/content"]);
    ada.post(&path, json!({"content": "x", "conversation_id": "?"}))
        .await
        .invalid(&["/conversation_id"]);
}

#[tokio::test]
async fn writing_an_answer_again_makes_a_sibling() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    let (question, answer) = ada.say(&conversation, "Where did you meet?").await;
    let path = format!("/conversations/{conversation}/messages");
    let again = ada.post(&path, json!({"regenerate_of": answer["id"]})).await.is(201);
    let sibling = &again["message"];
    assert_eq!(again["user_message"]["id"], question["id"]);
    assert_eq!(sibling["parent_id"], question["id"]);
    assert_ne!(sibling["id"], answer["id"]);
    let messages = ada.messages(&conversation).await;
    assert_eq!(each(&messages, "role"), ["user", "assistant", "assistant"]);
    // A branch goes on where it is told to.
    let body = json!({"content": "And then?", "parent_id": answer["id"]});
    let said = ada.post(&path, body).await.is(201);
    assert_eq!(said["user_message"]["parent_id"], answer["id"]);

    ada.post(&path, json!({"regenerate_of": question["id"]})).await.problem(409, "not_an_answer");
    let unknown = "01900000-0000-7000-8000-000000000000";
    ada.post(&path, json!({"regenerate_of": unknown})).await.problem(404, "not_found");
    ada.post(&path, json!({"content": "x", "parent_id": unknown})).await.invalid(&["/parent_id"]);
    ada.post(&path, json!({})).await.invalid(&[""]);
    let both = json!({"content": "x", "regenerate_of": answer["id"]});
    ada.post(&path, both).await.invalid(&[""]);
}

#[tokio::test]
async fn answers_are_rated() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    let (question, answer) = ada.say(&conversation, "Where did you meet?").await;
    let path = |message: &Value| {
        format!("/conversations/{conversation}/messages/{}/feedback", id(message))
    };
    let good = json!({"rating": 1, "comment": "Yes, that is her."});
    assert_eq!(ada.put(&path(&answer), good.clone()).await.is(200)["feedback"], good);
    let bad = json!({"rating": -1, "comment": null});
    assert_eq!(ada.put(&path(&answer), json!({"rating": -1})).await.is(200)["feedback"], bad);
    assert_eq!(ada.messages(&conversation).await[1]["feedback"], bad);
    ada.put(&path(&answer), json!({"rating": 2})).await.invalid(&["/rating"]);
    ada.put(&path(&question), json!({"rating": 1})).await.problem(409, "not_an_answer");
}

#[tokio::test]
async fn conversations_are_named_pinned_and_listed_newest_first() {
    let server = Server::start().await;
    let (ada, clone, first) = begin(&server).await;
    let second = ada.converse(&clone).await;
    let third = ada.converse(&clone).await;
    ada.say(&first, "Hello again").await;
    let path = format!("/conversations/{second}");
    let change = json!({"title": "About bees", "pinned": true});
    let changed = ada.patch(&path, change).await.is(200);
    assert_eq!((&changed["title"], &changed["pinned"]), (&json!("About bees"), &json!(true)));
    for list in ["/conversations".to_owned(), format!("/clones/{clone}/conversations")] {
        let listed = items(&ada.get(&list).await.is(200));
        assert_eq!(each(&listed, "id"), [&*second, &first, &third]);
    }
    let page = ada.get("/conversations?limit=2").await.is(200);
    let next = format!("/conversations?limit=2&cursor={}", text(&page["next_cursor"]));
    let rest = ada.get(&next).await.is(200);
    assert_eq!(each(&items(&rest), "id"), [&*third]);
    assert_eq!(rest["next_cursor"], Value::Null);
    assert_eq!(ada.patch(&path, json!({"title": null})).await.is(200)["title"], Value::Null);
    ada.patch(&path, json!({"pinned": null})).await.invalid(&["/pinned"]);
    ada.patch(&path, json!({"title": "x".repeat(201)})).await.invalid(&["/title"]);
}

#[tokio::test]
async fn messages_are_read_from_either_end() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    for i in 0..4 {
        ada.say(&conversation, &format!("Question {i} about bees")).await;
    }
    let path = format!("/conversations/{conversation}/messages");
    let newest = items(&ada.get(&path).await.is(200));
    let mut oldest = ada.messages(&conversation).await;
    assert_eq!(oldest[0]["content"], "Question 0 about bees");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ada.get(&format!("{path}?order=asc&limit=3{cursor}")).await.is(200);
        paged.extend(items(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, oldest);
    oldest.reverse();
    assert_eq!(newest, oldest);
}

#[tokio::test]
async fn a_conversation_is_a_file_to_keep() {
    let server = Server::start().await;
    let (ada, _, conversation) = begin(&server).await;
    let (_, answer) = ada.say(&conversation, "Where did you meet?").await;
    let path = |format: &str| format!("/conversations/{conversation}/export?format={format}");
    for (format, media) in [("txt", "text/plain"), ("md", "text/markdown")] {
        let reply = ada.get(&path(format)).await;
        assert!(reply.header("content-type").unwrap().starts_with(media));
        let disposition = reply.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment") && disposition.contains(format));
        let file = reply.text();
        assert!(file.contains("Where did you meet?") && file.contains("Łódź 🌊"), "{file}");
        assert!(file.contains("AI"), "{file}");
    }
    let reply = ada.get(&path("json")).await;
    assert!(reply.header("content-disposition").unwrap().contains("attachment"));
    let file = reply.is(200);
    assert_eq!(file["messages"][1], answer);
    assert_eq!(file["conversation"]["id"], json!(conversation));
    let other = ada.get(&path("docx")).await;
    assert!(matches!(other.status, 400 | 422), "{}", other.text());
}

#[tokio::test]
async fn a_deleted_conversation_waits_in_the_trash() {
    let server = Server::start().await;
    let (ada, clone, conversation) = begin(&server).await;
    ada.say(&conversation, "Where did you meet?").await;
    let path = format!("/conversations/{conversation}");
    ada.delete(&path).await.is(204);
    ada.get(&path).await.problem(404, "not_found");
    ada.delete(&path).await.problem(404, "not_found");
    assert!(items(&ada.get("/conversations").await.is(200)).is_empty());
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["conversation_count"], 0);
    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!(each(&trash, "kind"), ["conversation"]);
    ada.ask(Method::POST, &format!("/trash/{}/restore", id(&trash[0]))).await.is(204);
    assert_eq!(ada.messages(&conversation).await.len(), 2);
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["conversation_count"], 1);
    ada.delete(&path).await.is(204);
    ada.delete(&format!("/trash/{conversation}")).await.is(202);
    assert!(items(&ada.get("/trash").await.is(200)).is_empty());
}

/// What is refused, or was answered before, is no trouble of the server, and its log says so.
#[tokio::test]
async fn what_never_began_did_not_break_off() {
    let mut server = Server::with(&[("CLONEMEMORIA_LOG_LEVEL", "debug")]).await;
    let (ada, _, conversation) = begin(&server).await;
    let ben = server.account("ben").await;
    let path = format!("/conversations/{conversation}/messages");
    let question = json!({"content": "Where did you meet?"});
    let ask = |who: &Client| who.post(&path, question.clone()).header("idempotency-key", "once-1");
    let first = ask(&ada).await.is(201);
    assert_eq!(ask(&ada).await.is(201), first);
    ask(&ben).await.problem(404, "not_found");
    assert_eq!(server.stop().await, 0);
    let log = server.log();
    let wrong = log.lines().find(|line| line.contains("an answer ") || line.contains("\"WARN\""));
    assert_eq!(wrong, None);
}

#[tokio::test]
async fn a_conversation_is_its_accounts_alone() {
    let server = Server::start().await;
    let (ada, clone, conversation) = begin(&server).await;
    let (_, answer) = ada.say(&conversation, "Where did you meet?").await;
    let ben = server.account("ben").await;
    let at = format!("/conversations/{conversation}");
    let one = format!("{at}/messages/{}", id(&answer));
    let refused = [
        ben.get(&at),
        ben.get(&format!("{at}/messages")),
        ben.get(&format!("{at}/export?format=txt")),
        ben.get(&format!("{one}/events")),
        ben.ask(Method::POST, &format!("{one}/stop")),
        ben.put(&format!("{one}/feedback"), json!({"rating": 1})),
        ben.patch(&at, json!({"title": "Mine"})),
        ben.delete(&at),
        ben.post(&format!("{at}/messages"), json!({"content": "Hello?"})),
        ben.post(&format!("/clones/{clone}/chat"), json!({"content": "Hello?"})),
        ben.post(&format!("/clones/{clone}/conversations"), json!({})),
    ];
    for ask in refused {
        ask.await.problem(404, "not_found");
    }
    // With a clone of his own he cannot reach into it either.
    let his = ben.new_clone("His").await;
    let body = json!({"content": "Hello?", "conversation_id": conversation});
    ben.post(&format!("/clones/{his}/chat"), body).await.problem(404, "not_found");
    assert_eq!(ada.messages(&conversation).await.len(), 2);
}

/// A slow answer: twenty words.
fn slowly() -> (Act, String) {
    let words: Vec<String> = (0..20).map(|i| format!("word{i} ")).collect();
    let tokens: Vec<&str> = words.iter().map(String::as_str).collect();
    (Act::Answer(Answer::of(&tokens).every(Duration::from_millis(15))), words.concat())
}

/// The answer that follows a question, when it is no longer being written.
async fn settled(ada: &Client, conversation: &str) -> Value {
    until("the answer is settled", || async {
        let last = ada.messages(conversation).await.pop()?;
        (last["role"] == "assistant" && last["status"] != "generating").then_some(last)
    })
    .await
}

#[tokio::test]
async fn a_client_that_leaves_stops_nothing() {
    let llm = Llm::start().await;
    let (act, whole) = slowly();
    llm.always(act);
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    assert_eq!(stream.next().await.unwrap().name, "start");
    drop(stream);
    let answer = settled(&ada, &conversation).await;
    assert_eq!((&answer["status"], &answer["content"]), (&json!("complete"), &json!(whole)));
    assert_eq!(llm.abandoned(), 0);
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_left() {
    let llm = Llm::start().await;
    llm.always(slowly().0);
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    let mut seen = Vec::new();
    while seen.len() < 5 {
        seen.push(stream.next().await.unwrap());
    }
    drop(stream);
    let message = text(&seen[0].data["message_id"]);
    let path = format!("/conversations/{conversation}/messages/{message}/events");
    let follow = |after: u64| ada.get(&path).header("last-event-id", &after.to_string()).events();
    let rest = follow(5).await.rest().await;
    assert!(rest[0].id > 5, "{rest:?}");
    assert!(rest.windows(2).all(|pair| pair[0].id < pair[1].id), "{rest:?}");
    let stored = settled(&ada, &conversation).await;
    let whole = format!("{}{}", deltas(&seen), deltas(&rest));
    assert_eq!(stored["content"], whole);
    assert_eq!(rest.last().unwrap().data["message"], stored);
    // From the beginning, and after the end.
    let all = ada.get(&path).events().await.rest().await;
    well_formed(&all);
    let end = follow(rest.last().unwrap().id).await.rest().await;
    assert!(end.iter().all(|event| event.name == "done"), "{end:?}");
    ada.get(&format!(
        "/conversations/{conversation}/messages/{}/events",
        id(&json!({"id": conversation}))
    ))
    .await
    .problem(404, "not_found");
}

#[tokio::test]
async fn a_repeated_question_joins_the_running_answer() {
    let llm = Llm::start().await;
    llm.always(slowly().0);
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let path = format!("/conversations/{conversation}/messages");
    let ask = |content: &str| {
        ada.post(&path, json!({"content": content})).header("idempotency-key", "again")
    };
    let mut first = ask("Where did you meet?").events().await;
    let start = first.next().await.unwrap();
    let joined = ask("Where did you meet?").events().await.rest().await;
    let message = well_formed(&joined);
    assert_eq!(joined[0].data, start.data);
    let rest = first.rest().await;
    assert_eq!(rest.last().unwrap().data["message"], message);
    // When it has ended, too, streamed or not.
    assert_eq!(ask("Where did you meet?").await.is(201)["message"], message);
    well_formed(&ask("Where did you meet?").events().await.rest().await);
    ask("Where else?").await.problem(422, "idempotency_key_reused");
    assert_eq!(ada.messages(&conversation).await.len(), 2);
    let asked = llm.asked().iter().filter(|asked| asked.method == Method::POST).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_stop_reaches_the_upstream_and_keeps_what_was_written() {
    let llm = Llm::start().await;
    llm.then(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    let mut seen = Vec::new();
    while deltas(&seen).trim() != "One moment" && deltas(&seen).trim() != "One" {
        seen.push(stream.next().await.unwrap());
    }
    let message = text(&seen[0].data["message_id"]);
    let stop = format!("/conversations/{conversation}/messages/{message}/stop");
    let stopped = ada.ask(Method::POST, &stop).await.is(200);
    assert_eq!(stopped["status"], "stopped");
    assert!(stopped["content"].as_str().unwrap().starts_with("One"), "{stopped}");
    assert!(llm.abandons(1, PATIENCE).await, "the upstream still writes");
    let rest = stream.rest().await;
    let last = rest.last().unwrap();
    assert_eq!((&*last.name, &last.data["message"]), ("done", &stopped));
    assert_eq!(ada.messages(&conversation).await[1], stopped);
    // A second stop, and a stop of what is whole, change nothing.
    assert_eq!(ada.ask(Method::POST, &stop).await.is(200), stopped);
}

#[tokio::test]
async fn deleting_a_conversation_stops_its_answer() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    while stream.next().await.unwrap().name != "delta" {}
    ada.delete(&format!("/conversations/{conversation}")).await.is(204);
    assert!(llm.abandons(1, PATIENCE).await, "the upstream still writes");
    stream.rest().await;
}

#[tokio::test]
async fn deleting_a_clone_or_withdrawing_consent_stops_its_answers() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let server = Server::answering_from(&llm.base_url()).await;
    let (ada, clone, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    while stream.next().await.unwrap().name != "delta" {}
    ada.delete(&format!("/clones/{clone}")).await.is(204);
    assert!(llm.abandons(1, Duration::from_millis(700)).await, "the clone is gone, not its answer");
    drop(stream);
    ada.ask(Method::POST, &format!("/trash/{clone}/restore")).await.is(204);
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    while stream.next().await.unwrap().name != "delta" {}
    ada.patch("/auth/me/consent", json!({"data_processing": false})).await.is(200);
    assert!(llm.abandons(2, Duration::from_millis(700)).await, "the consent is gone");
    stream.rest().await;
}

#[tokio::test]
async fn a_stopping_server_keeps_half_an_answer_and_says_goodbye() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let mut server = Server::answering_from(&llm.base_url()).await;
    let (ada, _, conversation) = begin(&server).await;
    let mut stream = ada.say_streaming(&conversation, "Where did you meet?").await;
    while stream.next().await.unwrap().name != "delta" {}
    let (code, ()) = tokio::join!(server.stop(), async {
        stream.rest().await;
    });
    assert_eq!(code, 0);
    server.run().await;
    let ada = server.again(&ada);
    let answer = settled(&ada, &conversation).await;
    assert_eq!(answer["status"], "incomplete");
    assert!(answer["content"].as_str().unwrap().starts_with("One"), "{answer}");
    let (_, next) = {
        llm.always(Act::Answer(Answer::of(&["Fine."])));
        ada.say(&conversation, "Are you there?").await
    };
    assert_eq!(next["content"], "Fine.");
}

#[tokio::test]
async fn one_account_cannot_take_all_the_streams() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let server = Server::with(&[
        ("CLONEMEMORIA_LLM_BASE_URL", &llm.base_url()),
        ("CLONEMEMORIA_LLM_MODEL", "small"),
        ("CLONEMEMORIA_LIMITS_STREAMS_PER_ACCOUNT", "2"),
    ])
    .await;
    let (ada, clone, conversation) = begin(&server).await;
    let first = ada.say_streaming(&conversation, "One").await;
    let second = ada.say_streaming(&conversation, "Two").await;
    let path = format!("/clones/{clone}/chat");
    let refused = ada.post(&path, json!({"content": "Three"})).await;
    assert!(refused.header("retry-after").is_some());
    // So many at once is no window of time.
    assert!(refused.header("ratelimit").is_none());
    refused.problem(429, "too_many_streams");
    drop((first, second));
}

#[tokio::test]
async fn all_accounts_together_get_so_many_streams_and_the_next_when_one_ends() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["One ", "moment "]).ending(End::Hang)));
    let server = Server::with(&[
        ("CLONEMEMORIA_LLM_BASE_URL", &llm.base_url()),
        ("CLONEMEMORIA_LLM_MODEL", "small"),
        ("CLONEMEMORIA_LIMITS_STREAMS", "2"),
    ])
    .await;
    let (ada, clone, conversation) = begin(&server).await;
    let ben = server.account("ben").await;
    let other = ben.new_clone("Anna").await;
    ben.remember(&other, HARBOUR).await;
    let bens = ben.converse(&other).await;
    let mut first = ada.say_streaming(&conversation, "One").await;
    let start = first.next().await.expect("a start");
    let mut second = ben.say_streaming(&bens, "Two").await;
    for events in [&mut first, &mut second] {
        while events.next().await.expect("a delta").name != "delta" {}
    }
    let asked = llm.asked().len();
    for (who, clone) in [(&ada, &clone), (&ben, &other)] {
        let path = format!("/clones/{clone}/chat");
        let refused = who.post(&path, json!({"content": "Three"})).await;
        assert!(refused.header("retry-after").is_some());
        refused.problem(429, "too_many_streams");
    }
    assert_eq!(llm.asked().len(), asked, "what is refused asks no model");
    let message = text(&start.data["message_id"]);
    let stop = format!("/conversations/{conversation}/messages/{message}/stop");
    ada.ask(Method::POST, &stop).await.is(200);
    first.rest().await;
    // A place is free for whoever comes next; the other answer still holds its own.
    llm.then(Act::Answer(Answer::of(&["Fine."])));
    assert_eq!(ben.say(&bens, "Are you there?").await.1["content"], "Fine.");
    let third = ada.say_streaming(&conversation, "Four").await;
    let path = format!("/conversations/{bens}/messages");
    ben.post(&path, json!({"content": "Five"})).await.problem(429, "too_many_streams");
    drop((second, third));
}
