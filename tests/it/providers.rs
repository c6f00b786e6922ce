//! The OpenAI adapter against a server that behaves, and against one that does not.

use std::time::Duration;

use bytes::Bytes;
use clonememoria::kernel::{Fault, Secret};
use clonememoria::providers::{
    AnswerStream, Ask, FinishReason, LanguageModel as _, Limits, ModelError, OpenAi,
    OpenAiSettings, Outbound, Piece, Prompt, Role, Sampling, Turn, Wait,
};
use futures_util::StreamExt as _;
use futures_util::future::join_all;

use crate::support::llm::{Act, Answer, End, Llm};

const KEY: &str = "sk-c4n4ry";
/// Never waited for when all is well.
const SOON: Duration = Duration::from_secs(10);

fn openai_at(base_url: String, limits: Limits) -> OpenAi {
    let settings =
        OpenAiSettings { base_url, api_key: Some(Secret::new(KEY.into())), model: "small".into() };
    OpenAi::new(Outbound::new(None).unwrap(), settings, limits).unwrap()
}

/// Impatient with silence.
fn brisk() -> Limits {
    let soon = Duration::from_secs(1);
    Limits { first_byte: soon, between: soon, ..Limits::default() }
}

fn ask() -> Ask {
    Ask {
        question: "How did you two meet?".into(),
        language: "en".into(),
        name: "Maria".into(),
        may_add: true,
        passages: Vec::new(),
        prompt: Prompt {
            system: "You are Maria.".into(),
            turns: vec![Turn { role: Role::User, text: "How did you two meet?".into() }],
        },
        model: None,
        sampling: Sampling { temperature: Some(0.7), ..Sampling::default() },
    }
}

/// How an answer went.
#[derive(Debug, Default)]
struct Told {
    text: String,
    usage: Option<(u64, u64)>,
    finish: Option<FinishReason>,
    error: Option<ModelError>,
}

async fn listen(mut stream: AnswerStream) -> Told {
    let mut told = Told::default();
    while let Some(piece) = stream.next().await {
        assert!(told.finish.is_none() && told.error.is_none(), "after the end: {piece:?}");
        match piece {
            Ok(Piece::Delta(text)) => told.text.push_str(&text),
            Ok(Piece::Usage { input, output }) => told.usage = Some((input, output)),
            Ok(Piece::Finish(reason)) => told.finish = Some(reason),
            Err(error) => told.error = Some(error),
        }
    }
    told
}

async fn told(llm: &Llm, limits: Limits) -> Told {
    match openai_at(llm.base_url(), limits).answer(ask()).await {
        Ok(stream) => listen(stream).await,
        Err(error) => Told { error: Some(error), ..Told::default() },
    }
}

async fn told_after(act: Act) -> Told {
    let llm = Llm::start().await;
    llm.always(act);
    told(&llm, Limits::default()).await
}

fn raw(content_type: &'static str, body: impl Into<Bytes>) -> Act {
    Act::Raw { content_type, chunks: vec![body.into()], end: End::Done }
}

#[tokio::test]
async fn an_answer_streams_with_its_usage_and_its_end() {
    let llm = Llm::start().await;
    let told = told(&llm, Limits::default()).await;
    assert_eq!(told.text, "I remember it well.");
    assert_eq!(told.usage, Some((11, 4)));
    assert_eq!(told.finish, Some(FinishReason::Stop));
    let asked = llm.asked().remove(0);
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert!(!asked.headers.contains_key("accept-encoding"));
    assert_eq!(asked.body["model"], "small");
    assert_eq!(asked.body["stream_options"]["include_usage"], true);
    assert_eq!(asked.body["messages"][1]["content"], "How did you two meet?");
}

#[tokio::test]
async fn connections_are_used_again() {
    let llm = Llm::start().await;
    let openai = openai_at(llm.base_url(), Limits::default());
    openai.prewarm().await;
    openai.prewarm().await;
    for _ in 0..5 {
        let mut stream = openai.answer(ask()).await.unwrap();
        while !matches!(stream.next().await.unwrap().unwrap(), Piece::Finish(_)) {}
    }
    assert_eq!(llm.connections(), 1);
    let asked = llm.asked();
    let verbs: Vec<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(verbs, ["HEAD", "POST", "POST", "POST", "POST", "POST"]);
    assert!(!asked[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn characters_cut_in_half_are_whole_again() {
    for size in [1, 2, 3, 7] {
        let mut answer = Answer::of(&["Été à Łódź, ", "漢字 ", "👩🏽‍🚀"]);
        answer.pieces_of = Some(size);
        let told = told_after(Act::Answer(answer)).await;
        assert_eq!(told.text, "Été à Łódź, 漢字 👩🏽‍🚀");
        assert_eq!(told.finish, Some(FinishReason::Stop));
    }
}

#[tokio::test]
async fn a_missing_or_doubled_end_mark_does_no_harm() {
    for end in [End::WithoutDone, End::DoneTwice] {
        let told = told_after(Act::Answer(Answer::of(&["Yes."]).ending(end))).await;
        assert_eq!((told.text.as_str(), told.finish), ("Yes.", Some(FinishReason::Stop)));
        assert_eq!(told.usage, Some((11, 1)));
    }
}

#[tokio::test]
async fn an_answer_at_once_is_an_answer() {
    let told = told_after(Act::AtOnce("All of it.".into())).await;
    assert_eq!((told.text.as_str(), told.usage), ("All of it.", Some((11, 3))));
    assert_eq!(told.finish, Some(FinishReason::Stop));
}

#[tokio::test]
async fn a_server_without_stream_options_is_asked_without_them_from_then_on() {
    let llm = Llm::start().await;
    let body = r#"{"error":{"message":"Unrecognized argument: stream_options"}}"#.to_owned();
    llm.then(Act::Status { status: 400, retry_after: None, body });
    let openai = openai_at(llm.base_url(), Limits::default());
    for _ in 0..2 {
        let told = listen(openai.answer(ask()).await.unwrap()).await;
        assert_eq!(told.text, "I remember it well.");
    }
    let with: Vec<bool> =
        llm.asked().iter().map(|asked| !asked.body["stream_options"].is_null()).collect();
    assert_eq!(with, [true, false, false]);
}

#[tokio::test]
async fn a_question_that_is_really_wrong_is_refused_after_one_retry() {
    let llm = Llm::start().await;
    llm.always(Act::Status { status: 400, retry_after: None, body: "context too long".into() });
    let error = told(&llm, Limits::default()).await.error;
    assert!(matches!(error, Some(ModelError::Refused { status: 400, .. })), "{error:?}");
    assert_eq!(llm.asked().len(), 2);
}

#[tokio::test]
async fn refusals_keep_their_meaning_and_nothing_else() {
    let cases = [
        (401, None, "upstream_unauthorized"),
        (403, None, "upstream_unauthorized"),
        (429, Some(7), "upstream_rate_limited"),
        (500, None, "upstream_refused"),
        (503, Some(7), "upstream_refused"),
        (302, None, "upstream_refused"),
    ];
    for (status, retry_after, code) in cases {
        let body = format!("your key {KEY} is bad");
        let told = told_after(Act::Status { status, retry_after, body }).await;
        let fault = Fault::from(told.error.unwrap());
        assert_eq!(fault.code, code);
        assert_eq!(fault.retry_after, retry_after.map(Duration::from_secs));
        let shown = format!("{fault} {fault:?}");
        assert!(!shown.contains("c4n4ry") && !shown.contains("key is bad"), "{shown}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let openai = openai_at(Llm::nobody().await, Limits::default());
    openai.prewarm().await;
    let error = openai.answer(ask()).await.err();
    assert!(matches!(error, Some(ModelError::Unreachable(_))), "{error:?}");
    let shown = format!("{error:?}");
    assert!(!shown.contains(KEY) && !shown.contains("completions"), "{shown}");
}

#[tokio::test]
async fn silence_is_cut_off_wherever_it_begins() {
    let after_headers =
        Act::Raw { content_type: "text/event-stream", chunks: Vec::new(), end: End::Hang };
    let cases = [
        (Act::HangBeforeHeaders, Wait::FirstByte, ""),
        (after_headers, Wait::FirstByte, ""),
        (Act::Answer(Answer::of(&["Half"]).ending(End::Hang)), Wait::Between, "Half"),
    ];
    let each = cases.into_iter().map(|(act, wait, text)| async move {
        let llm = Llm::start().await;
        llm.always(act);
        let told = told(&llm, brisk()).await;
        assert_eq!(told.text, text);
        assert!(matches!(told.error, Some(ModelError::Timeout(w)) if w == wait), "{told:?}");
        assert!(llm.abandons(1, SOON).await, "the connection stayed open");
    });
    join_all(each).await;
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_off() {
    let endless = vec!["and "; 1000];
    let pause = Duration::from_millis(20);
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&endless).every(pause)));
    let limits = Limits { whole: Duration::from_secs(1), ..Limits::default() };
    let told = told(&llm, limits).await;
    assert!(told.text.starts_with("and and "));
    assert!(matches!(told.error, Some(ModelError::Timeout(Wait::Whole))), "{told:?}");
}

#[tokio::test]
async fn half_a_stream_is_interrupted() {
    let told = told_after(Act::Answer(Answer::of(&["Half ", "of it"]).ending(End::Cut))).await;
    assert_eq!(told.text, "Half of it");
    assert!(matches!(told.error, Some(ModelError::Interrupted)), "{told:?}");
    let clean = "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\ndata: {\"cho";
    let told = told_after(raw("text/event-stream", clean)).await;
    assert_eq!(told.text, "Half");
    assert!(matches!(told.error, Some(ModelError::Interrupted)), "{told:?}");
}

#[tokio::test]
async fn garbage_is_malformed() {
    let cases: [(&'static str, &'static [u8]); 9] = [
        ("text/html", b"<!doctype html><title>Welcome to nginx</title>"),
        ("text/event-stream", b"\n  <html>proxy login</html>"),
        ("text/plain", b"hello"),
        ("text/event-stream", b""),
        ("text/event-stream", b"data: nonsense\n\n"),
        ("text/event-stream", b"data: {\"choices\":\"x\"}\n\n"),
        ("text/event-stream", b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"),
        ("application/json", b"{\"choices\":[]}"),
        ("application/json", b"{\"choices\":[{\"message\":{\"content\":7}}]}"),
    ];
    for (content_type, body) in cases {
        let told = told_after(raw(content_type, body)).await;
        let shown = String::from_utf8_lossy(body);
        assert!(matches!(told.error, Some(ModelError::Malformed)), "{shown}: {told:?}");
    }
}

#[tokio::test]
async fn an_error_inside_the_stream_ends_it() {
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Well, \"}}]}\n\n\
        data: {\"error\":{\"code\":429,\"message\":\"busy\"}}\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"never read\"}}]}\n\n";
    let told = told_after(raw("text/event-stream", body)).await;
    assert_eq!(told.text, "Well, ");
    assert!(matches!(told.error, Some(ModelError::Refused { status: 429, .. })), "{told:?}");
}

#[tokio::test]
async fn too_much_is_cut_off() {
    let line = [b"data: ".as_slice(), &vec![b'x'; 2 << 20], b"\n\n"].concat();
    let told = told_after(raw("text/event-stream", line)).await;
    assert!(matches!(told.error, Some(ModelError::TooLarge)), "{told:?}");
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&vec!["word "; 1000])));
    let told = self::told(&llm, Limits { bytes: 10_000, ..Limits::default() }).await;
    assert!(matches!(told.error, Some(ModelError::TooLarge)), "{:?}", told.error);
}

#[tokio::test]
async fn letting_go_of_an_answer_closes_the_connection() {
    let llm = Llm::start().await;
    llm.then(Act::Answer(Answer::of(&["One ", "moment"]).ending(End::Hang)));
    llm.then(Act::HangBeforeHeaders);
    let openai = openai_at(llm.base_url(), Limits::default());
    let mut stream = openai.answer(ask()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Piece::Delta(_)))));
    drop(stream);
    assert!(llm.abandons(1, SOON).await, "a started answer went on");
    tokio::select! {
        _ = openai.answer(ask()) => panic!("the server hangs"),
        () = llm.asks(2) => (),
    }
    assert!(llm.abandons(2, SOON).await, "a question went on");
    // And the next one is served as if nothing had happened.
    let told = listen(openai.answer(ask()).await.unwrap()).await;
    assert_eq!(told.finish, Some(FinishReason::Stop));
    assert_eq!(llm.abandoned(), 2);
}
