//! Wrong, hostile and oversized input: a clear answer, never a crash, never an echo.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::contract::{document, operations};
use crate::support::client::{Client, id, items, text};
use crate::support::command::{run, run_unprivileged};
use crate::support::server::Server;

async fn begin() -> (Server, Client, String) {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    (server, ada, clone)
}

/// Sends bytes and reads whatever comes back until the server closes.
async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // A server that refuses early closes early.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    drop(tokio::time::timeout(crate::support::PATIENCE, reading).await.expect("an end"));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn too_much_is_refused_with_413() {
    let (_server, ada, clone) = begin().await;
    let path = format!("/clones/{clone}/memories");
    let huge = json!({"content": "x".repeat(10 << 20)});
    ada.post(&path, huge).await.problem(413, "too_large");
    ada.get(&path).await.is(200);
    // What a batch may have, a single call may not.
    let two = "x".repeat(40_000);
    let memories: Vec<_> = (0..100).map(|_| json!({"content": two})).collect();
    let batch = json!({"memories": memories});
    assert_eq!(ada.post(&format!("{path}/batch"), batch).await.is(200)["created"], 100);
    let huge = json!({"memories": [{"content": "x".repeat(33 << 20)}]});
    ada.post(&format!("{path}/batch"), huge).await.problem(413, "too_large");
}

/// A path of the document with identifiers in it; which they are does not matter.
fn filled(template: &str, id: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { id.to_owned() } else { part.to_owned() };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn no_list_takes_a_cursor_that_it_did_not_give() {
    let (_server, ada, clone) = begin().await;
    ada.new_clone("Otto").await;
    let page = ada.get("/clones?limit=1").await.is(200);
    let given = text(&page["next_cursor"]);
    assert_eq!(items(&ada.get(&format!("/clones?cursor={given}")).await.is(200)).len(), 1);
    let altered = format!("{}A", &given[..given.len() - 1]);
    let altered =
        if altered == given { format!("{}B", &given[..given.len() - 1]) } else { altered };
    let (mut paged, document) = (0, document());
    for (verb, path, operation) in operations(&document) {
        let is_cursor = |parameter: &Value| parameter["name"] == "cursor";
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        if !parameters.iter().any(is_cursor) {
            continue;
        }
        paged += 1;
        let at = filled(&path, &clone);
        let zeros = "A".repeat(22);
        for wrong in ["abc", "!", "AAAA", &zeros, &altered, "%00", &"A".repeat(2_000)] {
            let refused = ada.get(&format!("{at}?cursor={wrong}")).await.problem(400, "malformed");
            assert_eq!(refused["errors"][0]["pointer"], "cursor", "{verb} {path} {wrong}");
        }
        if path != "/clones" {
            ada.get(&format!("{at}?cursor={given}")).await.problem(400, "malformed");
        }
    }
    assert!(paged >= 15, "{paged}");
}

#[tokio::test]
async fn two_hundred_kilobytes_of_emoji_are_judged_by_their_length() {
    let (_server, ada, clone) = begin().await;
    let path = format!("/clones/{clone}/memories");
    let emoji = "🐝".repeat(50_000);
    assert_eq!(emoji.len(), 200_000);
    let made = ada.post(&path, json!({"content": emoji})).await.is(201);
    assert_eq!(made["content"], json!(emoji));
    let families = "👩‍👩‍👧‍👦".repeat(8_000);
    ada.post(&path, json!({"content": families})).await.invalid(&["/content"]);
    let marks = format!("Z{}", "\u{0301}".repeat(40_000));
    ada.post(&path, json!({"content": marks})).await.is(201);
    ada.search(&clone, "🐝🐝🐝", "&mode=hybrid").await;
}

#[tokio::test]
async fn right_to_left_text_and_odd_characters_come_back_as_they_were() {
    let (_server, ada, clone) = begin().await;
    let texts = [
        "שלום, סבתא! 12:30",
        "\u{202b}مرحبا\u{202c} بالعالم",
        "a\u{200d}b\u{feff}c\u{2028}d",
        "tab\tand\r\nlines\n",
        "e\u{301} is not é",
        "<script>alert(1)</script> & \"quotes\" \\ / '",
        "𝕬𝖉𝖆 \u{10ffff} \u{e000}",
    ];
    for content in texts {
        let made = ada.remember(&clone, content).await;
        let path = format!("/clones/{clone}/memories/{}", id(&made));
        assert_eq!(ada.get(&path).await.is(200)["content"], content);
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let (_server, ada, _) = begin().await;
    let body = r#"{"name":"Maria"}"#;
    for media in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ""] {
        let ask = ada.ask(Method::POST, "/clones").header("content-type", media).bytes(body);
        ask.await.problem(415, "unsupported_media_type");
    }
    let ask = ada.ask(Method::POST, "/clones").bytes(body);
    ask.await.problem(415, "unsupported_media_type");
    let media = "Application/JSON; charset=UTF-8";
    ada.ask(Method::POST, "/clones").header("content-type", media).bytes(body).await.is(201);
}

#[tokio::test]
async fn what_is_no_json_is_malformed_and_never_repeated() {
    let (_server, ada, _) = begin().await;
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"{\"name\":\"s3cret",
        b"{\"name\":\"s3cret\"} trailing",
        b"{'name':'s3cret'}",
        b"{\"name\":\"\xff\xfes3cret\"}",
        b"{\"name\":\"\\ud800 s3cret\"}",
        b"\x00\x01\x02",
        b"{\"name\":NaN}",
        b"{\"name\": 1e999999}",
        b"\xef\xbb\xbf{\"nam",
        deep.as_bytes(),
    ];
    for body in bodies {
        let ask = ada.ask(Method::POST, "/clones").header("content-type", "application/json");
        let reply = ask.bytes(body.to_vec()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
        assert!(!reply.text().contains("s3cret"), "{}", reply.text());
        reply.problem(400, "malformed");
    }
    for body in ["[]", "null", "7", "\"s3cret\"", "{\"name\":{\"s3cret\":1}}"] {
        let ask = ada.ask(Method::POST, "/clones").header("content-type", "application/json");
        let reply = ask.bytes(body).await;
        assert!(matches!(reply.status, 400 | 422), "{body}: {}", reply.text());
        assert!(!reply.text().contains("s3cret"), "{}", reply.text());
    }
    // Nor do fields count by their order, and nothing is no object.
    let (clone, ada) = (ada.new_clone("Maria").await, ada);
    for (path, body) in [
        ("/clones".to_owned(), json!(["Maria"])),
        ("/auth/me/consent".to_owned(), json!([null, null])),
        (format!("/clones/{clone}/settings"), json!([null, null])),
        (format!("/clones/{clone}/conversations"), json!(null)),
    ] {
        let patch = path.ends_with("consent") || path.ends_with("settings");
        let method = if patch { Method::PATCH } else { Method::POST };
        ada.ask(method, &path).json(&body).await.invalid(&[""]);
    }
    // The same key twice would leave open which one counts.
    let twice = r#"{"name":"One","name":"Two"}"#;
    let ask = ada.ask(Method::POST, "/clones").header("content-type", "application/json");
    assert!(matches!(ask.bytes(twice).await.status, 400 | 422));
}

#[tokio::test]
async fn what_is_no_proof_signs_nobody_in() {
    let (server, ada, _) = begin().await;
    let stranger = server.client();
    let cut = &ada.token()[..ada.token().len() - 1];
    let long = "x".repeat(10_000);
    let proofs = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "bearer  ",
        "Basic YTpi",
        "Share x",
        "Bearer é",
        ada.token(),
        &format!("Bearer {cut}"),
        &format!("Bearer {long}"),
        &format!("Token {}", ada.token()),
        &format!("Bearer {0} {0}", ada.token()),
    ];
    for proof in proofs {
        let reply = stranger.get("/auth/me").header("authorization", proof).await;
        assert!(reply.header("www-authenticate").is_some(), "{proof}");
        reply.problem(401, "unauthenticated");
    }
    let both = ada.get("/auth/me").header("x-api-key", "cmk_x").await;
    both.problem(401, "unauthenticated");
    let lower = format!("bearer {}", ada.token());
    stranger.get("/auth/me").header("authorization", &lower).await.is(200);
}

#[tokio::test]
async fn unknown_places_and_verbs_are_problems() {
    let (_server, ada, clone) = begin().await;
    for path in ["/nothing", "/clones/x/y/z", "/", "//", "/clones/../admin", "/%2e%2e/%00"] {
        ada.get(path).await.problem(404, "not_found");
    }
    for (method, path) in [
        (Method::PUT, "/clones".to_owned()),
        (Method::DELETE, "/clones".to_owned()),
        (Method::POST, format!("/clones/{clone}")),
        (Method::PATCH, "/auth/login".to_owned()),
        (Method::GET, "/auth/login".to_owned()),
        (Method::TRACE, "/clones".to_owned()),
    ] {
        let reply = ada.ask(method, &path).await;
        assert!(reply.header("allow").is_some_and(|allowed| !allowed.is_empty()), "{path}");
        reply.problem(405, "method_not_allowed");
    }
    let control = ada.ask_outside(Method::POST, "/control").json(&json!({"do": "invite"}));
    control.await.problem(404, "not_found");
}

#[tokio::test]
async fn a_request_that_is_no_http_is_cut_off() {
    let (server, ada, _) = begin().await;
    let headers = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20));
    let smuggled = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\
        transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let cases: [&[u8]; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        headers.as_bytes(),
        many.as_bytes(),
        path.as_bytes(),
        b"POST /api/v1/clones HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    ];
    for bytes in cases {
        let answer = raw(&server, bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let good = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(good, "{shown}: {}", &answer[..answer.len().min(300)]);
    }
    let answer = raw(&server, smuggled.as_bytes()).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    ada.get("/auth/me").await.is(200);
}

#[tokio::test]
async fn request_ids_are_the_callers_when_they_are_sane() {
    let (_server, ada, _) = begin().await;
    let reply = ada.get("/auth/me").header("x-request-id", "trace-42").await;
    assert_eq!(reply.header("x-request-id"), Some("trace-42"));
    let long = "x".repeat(500);
    for odd in ["", "a b", "<script>", &long] {
        let reply = ada.get("/auth/me").header("x-request-id", odd).await;
        assert_ne!(reply.header("x-request-id"), Some(odd));
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_said_so() {
    let server = Server::prepared(&[]);
    let data = server.data();
    let text = data.to_str().unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::fs::create_dir(&data).unwrap();
    mode(data.parent().unwrap(), 0o755);
    mode(&data, 0o500);
    let arguments = ["serve", "--data-dir", text, "--listen", "127.0.0.1:0"];
    // Permissions do not hold for root, so the server is started as somebody else.
    if let Some(ended) = run_unprivileged(&arguments) {
        ended.fails(73, &["data directory", text, "Permission denied"]);
    }
    mode(&data, 0o700);
    std::fs::remove_dir(&data).unwrap();
    std::fs::write(&data, b"a file").unwrap();
    server.command(&["serve"], "").fails(73, &["data directory", text]);
    let nowhere = ["serve", "--data-dir", "/proc/clonememoria", "--listen", "127.0.0.1:0"];
    run(&nowhere, &[], "").fails(73, &["/proc/clonememoria"]);
}

#[tokio::test]
async fn a_damaged_database_is_said_so_and_left_alone() {
    let server = Server::prepared(&[]);
    DirBuilder::new().mode(0o700).create(server.data()).unwrap();
    let path = server.data().join("clonememoria.redb");
    std::fs::write(&path, b"this is no database").unwrap();
    let ended = server.command(&["serve"], "");
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("database") && !ended.err.contains("panicked"), "{ended:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"this is no database");
}

#[tokio::test]
async fn a_port_in_use_is_said_so() {
    let server = Server::start().await;
    let other = Server::prepared(&[]);
    let listen = server.address().to_string();
    let data = other.data();
    let arguments = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", &listen];
    run(&arguments, &[], "").fails(69, &["cannot listen on", &listen]);
}

#[tokio::test]
async fn a_second_server_on_a_data_directory_is_refused() {
    let server = Server::start().await;
    let data = server.data();
    let arguments = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    run(&arguments, &[], "").fails(75, &["another process is using this data directory"]);
    server.client().get("/setup").await.is(200);
    // The control socket of the first one still works.
    assert_eq!(server.operate(json!({"do": "invite"})).await.0, 200);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused_by_name_and_without_its_value() {
    let server = Server::prepared(&[]);
    let file = server.beside("c.toml");
    let path = file.to_str().unwrap().to_owned();
    let try_file = |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        run(&["serve", "--config", &path, "--listen", "127.0.0.1:0"], &[], "")
    };
    try_file(b"[server\nlisten = 's3cret'").fails(78, &[&path, "line 1"]);
    try_file(b"\xff\xfe").fails(78, &[&path]);
    try_file(b"[future]\nkey = 1\n").fails(78, &["future"]);
    try_file(b"[server]\nfuture_key = 1\n").fails(78, &["server.future_key"]);
    let ended = try_file(b"[server]\nbase_path = 's3cret'\n");
    assert!(!ended.fails(78, &["server.base_path", &path]).err.contains("s3cret"));
    run(&["serve", "--config", "/nonexistent.toml"], &[], "").fails(78, &["/nonexistent.toml"]);
    // Every command that reads the settings refuses what is printed in links.
    let public = b"[server]\npublic_url = 'https://ada:s3cret@m.example/memoria?a#b'\n";
    assert!(!try_file(public).fails(78, &["server.public_url", &path]).err.contains("s3cret"));
    for command in [&["doctor"][..], &["config", "show"]] {
        run(&[command, &["--config", &path]].concat(), &[], "").fails(78, &["server.public_url"]);
    }
    let path_in_it = [("CLONEMEMORIA_SERVER_PUBLIC_URL", "https://m.example/memoria")];
    run(&["serve"], &path_in_it, "").fails(78, &["server.public_url", "server.base_path"]);
    let wrong = [("CLONEMEMORIA_LOG_LEVEL", "s3cret")];
    run(&["serve"], &wrong, "").fails(78, &["log.level", "CLONEMEMORIA_LOG_LEVEL"]);
    run(&["serve", "--set", "no.such=1"], &[], "").fails(78, &["no.such"]);
    let llm = [("CLONEMEMORIA_LLM_BASE_URL", "http://127.0.0.1:1/v1")];
    run(&["serve"], &llm, "").fails(78, &["llm.model"]);
}
