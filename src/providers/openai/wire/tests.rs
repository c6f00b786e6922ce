//! What is sent and what is understood.

use serde_json::{Value, json};

use super::{Dialect, Part, Said, read_event, read_part, request, retry_after};
use crate::providers::language_model::{
    Ask, FinishReason, ModelError, Piece, Prompt, Role, Sampling, Turn,
};

fn ask() -> Ask {
    Ask {
        question: "How did you two meet?".into(),
        language: "en".into(),
        name: "Maria".into(),
        may_add: true,
        passages: Vec::new(),
        prompt: Prompt {
            system: "You are Maria.".into(),
            turns: vec![
                Turn { role: Role::User, text: "Hello".into() },
                Turn { role: Role::Assistant, text: "Hello, dear".into() },
                Turn { role: Role::User, text: "How did you two meet?".into() },
            ],
        },
        model: None,
        sampling: Sampling { temperature: Some(0.7), top_p: Some(0.9), max_tokens: Some(500) },
    }
}

fn sent(dialect: Dialect) -> Value {
    serde_json::from_slice(&request(&ask(), "small", dialect)).unwrap()
}

fn part(json: &str) -> Part {
    match read_event(json.as_bytes()).unwrap() {
        Said::Part(part) => part,
        Said::Done => panic!("done: {json}"),
    }
}

#[test]
fn a_request_carries_prompt_and_sampling() {
    let expected = json!({
        "model": "small",
        "messages": [
            {"role": "system", "content": "You are Maria."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hello, dear"},
            {"role": "user", "content": "How did you two meet?"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 500,
    });
    assert_eq!(sent(Dialect::FULL), expected);
}

#[test]
fn what_a_server_rejects_is_left_out_one_thing_at_a_time() {
    let dialect = Dialect::FULL.after_rejection(b"Use 'max_completion_tokens' instead").unwrap();
    assert_eq!(sent(dialect)["max_completion_tokens"], 500);
    assert_eq!(sent(dialect)["max_tokens"], Value::Null);
    let dialect = dialect.after_rejection(b"'temperature' is not supported").unwrap();
    assert_eq!(sent(dialect)["temperature"], Value::Null);
    assert_eq!(sent(dialect)["top_p"], Value::Null);
    let dialect = dialect.after_rejection(b"no idea what you want").unwrap();
    assert_eq!(sent(dialect)["stream_options"], Value::Null);
    assert_eq!(dialect.after_rejection(b"still not"), None);
}

#[test]
fn text_usage_and_finish_are_picked_out() {
    let delta = part(r#"{"id":"x","choices":[{"index":0,"delta":{"content":"h\u00e9 \"a\""}}]}"#);
    assert_eq!(delta.text.as_deref(), Some("hé \"a\""));
    let role = part(r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":null}"#);
    assert!(role.text.is_none() && role.usage.is_none() && role.finish.is_none());
    let last = part(r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#);
    assert_eq!(last.finish, Some(FinishReason::Length));
    let odd = part(r#"{"choices":[{"delta":{"content":null},"finish_reason":"tool_calls"}]}"#);
    assert_eq!(odd.finish, Some(FinishReason::Other));
    let usage = part(r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"x":{}}}"#);
    assert_eq!(usage.usage, Some(Piece::Usage { input: 9, output: 4 }));
}

#[test]
fn a_second_answer_is_not_mixed_into_the_first() {
    let both = part(
        r#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}"#,
    );
    assert_eq!(both.text.as_deref(), Some("a"));
}

#[test]
fn an_answer_at_once_is_read_like_a_stream() {
    let whole = br#"{"choices":[{"index":0,"message":{"role":"assistant","content":"All."},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let part = read_part(whole).unwrap();
    assert_eq!(part.text.as_deref(), Some("All."));
    assert_eq!(part.finish, Some(FinishReason::Stop));
    assert_eq!(part.usage, Some(Piece::Usage { input: 1, output: 2 }));
}

#[test]
fn the_end_is_recognised() {
    assert!(matches!(read_event(b"[DONE]"), Ok(Said::Done)));
    assert!(matches!(read_event(b" [DONE] "), Ok(Said::Done)));
}

#[test]
fn errors_inside_the_stream_keep_their_code_only() {
    let cases: [(&str, u16); 4] = [
        (r#"{"error":{"code":429,"message":"slow down"}}"#, 429),
        (r#"{"error":{"code":"rate_limit","message":"slow down"}}"#, 0),
        (r#"{"error":"boom"}"#, 0),
        (r#"{"error":{"code":502},"choices":[{"delta":{"content":"x"}}]}"#, 502),
    ];
    for (json, expected) in cases {
        match read_part(json.as_bytes()) {
            Err(ModelError::Refused { status, .. }) => assert_eq!(status, expected, "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
    let denied = read_part(br#"{"error":{"code":401}}"#);
    assert!(matches!(denied, Err(ModelError::Unauthorized)));
}

#[test]
fn garbage_is_malformed_and_nothing_worse() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_inside = format!(r#"{{"error":{deep}}}"#);
    let stepped_over = format!(r#"{{"x":{deep},"choices":[]}}"#);
    assert!(read_part(stepped_over.as_bytes()).is_ok());
    let cases: [&[u8]; 10] = [
        b"nonsense",
        b"{",
        b"[]",
        b"7",
        br#"{"choices":5}"#,
        br#"{"choices":[{"delta":{"content":5}}]}"#,
        br#"{"usage":{"prompt_tokens":NaN}}"#,
        br#"{"usage":{"prompt_tokens":-1}}"#,
        b"{\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}",
        deep_inside.as_bytes(),
    ];
    for json in cases {
        assert!(matches!(read_part(json), Err(ModelError::Malformed)), "{:?}", json.get(..40));
    }
}

#[test]
fn a_pause_is_read_in_seconds_and_bounded() {
    assert_eq!(retry_after(Some("7")).unwrap().as_secs(), 7);
    assert_eq!(retry_after(Some("999999999")).unwrap().as_secs(), 3600);
    assert_eq!(retry_after(Some("Wed, 21 Oct 2015 07:28:00 GMT")), None);
    assert_eq!(retry_after(None), None);
}
