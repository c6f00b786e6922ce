//! The command line, with the server running and without.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{each, items, text};
use crate::support::command::run;
use crate::support::server::Server;

#[tokio::test]
async fn help_is_for_strangers() {
    let help = run(&["--help"], &[], "").ok();
    for word in [
        "serve",
        "admin",
        "backup",
        "restore",
        "rollback",
        "config",
        "doctor",
        "healthcheck",
        "import-memories",
        "openapi",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for command in [
        vec!["serve"],
        vec!["admin"],
        vec!["admin", "create"],
        vec!["admin", "reset-password"],
        vec!["admin", "link"],
        vec!["admin", "invite"],
        vec!["config", "show"],
        vec!["import-memories"],
        vec!["backup"],
        vec!["backup", "verify"],
        vec!["backup", "recovery-key"],
        vec!["restore"],
        vec!["rollback"],
    ] {
        let mut arguments = command.clone();
        arguments.push("--help");
        let help = run(&arguments, &[], "").ok();
        assert!(help.contains("Usage:") && help.len() > 150, "{command:?}: {help}");
    }
    assert!(run(&["--version"], &[], "").ok().contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&["fly"], &[], "").code, 2);
    assert_eq!(run(&["serve", "--fly"], &[], "").code, 2);
    assert_eq!(run(&[], &[], "").code, 2);
}

#[tokio::test]
async fn every_value_shows_where_it_comes_from_and_secrets_do_not_show() {
    let server = Server::prepared(&[]);
    let file = server.beside("c.toml");
    std::fs::write(
        &file,
        "[auth]\nregistration = \"closed\"\n[llm]\nmodel = \"small\"\nbase_url = \"http://x/v1\"\n\
         [[auth.oidc]]\nid = \"home\"\nissuer = \"https://id.example/\"\n\
         client_id = \"memoria\"\nclient_secret = \"c4n4ry\"\n",
    )
    .unwrap();
    let environment =
        [("CLONEMEMORIA_LISTEN", "127.0.0.1:1234"), ("CLONEMEMORIA_LLM_API_KEY", "sk-c4n4ry")];
    let file = file.to_str().unwrap();
    let arguments =
        ["config", "show", "--config", file, "--data-dir", "/x", "--set", "limits.streams=7"];
    let shown = run(&arguments, &environment, "").ok();
    let line = |key: &str| {
        let start = format!("{key} = ");
        shown.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{key}"))
    };
    for (key, value, origin) in [
        ("registration", "\"closed\"", "c.toml"),
        ("listen", "127.0.0.1:1234", "CLONEMEMORIA_LISTEN"),
        ("data_dir", "/x", "--data-dir"),
        ("streams", "7", "--set"),
        ("connections", "4096", "default"),
        ("api_key", "not shown", "CLONEMEMORIA_LLM_API_KEY"),
    ] {
        assert!(line(key).contains(value) && line(key).contains(origin), "{}", line(key));
    }
    assert!(shown.contains("[[auth.oidc]]\nid = \"home\"\nname = \"home\"\n"), "{shown}");
    assert!(shown.contains("client_secret = (set, not shown)"));
    assert!(!shown.contains("c4n4ry"));
}

async fn can_sign_in(server: &Server, email: &str, password: &str) -> Option<Value> {
    let body = json!({"email": email, "password": password});
    let reply = server.client().post("/auth/login", body).await;
    (reply.status == 200).then(|| reply.json()["account"].clone())
}

#[tokio::test]
async fn accounts_are_made_and_rescued_with_and_without_a_server() {
    let mut server = Server::prepared(&[]);
    let made = server.command(&["admin", "create", "--email", "ada@example.org"], PASSWORD);
    made.ok();
    server.run().await;
    let ada = can_sign_in(&server, "ada@example.org", PASSWORD).await.unwrap();
    assert_eq!((&ada["is_admin"], &ada["display_name"]), (&json!(true), &json!("ada")));
    let arguments =
        ["admin", "create", "--email", "ben@example.org", "--display-name", "Ben", "--ordinary"];
    server.command(&arguments, PASSWORD).ok();
    let ben = can_sign_in(&server, "ben@example.org", PASSWORD).await.unwrap();
    assert_eq!((&ben["is_admin"], &ben["display_name"]), (&json!(false), &json!("Ben")));
    assert_eq!(ben["consents"]["data_processing"]["granted"], true);

    let session = server
        .client()
        .post("/auth/login", json!({"email": "ben@example.org", "password": PASSWORD}));
    let session = session.await.is(200);
    let signed_in = server.client().with_token(&text(&session["access_token"]));
    signed_in.new_clone("Maria").await;
    let arguments = ["admin", "reset-password", "--email", "ben@example.org"];
    server.command(&arguments, "a completely new password\n").ok();
    signed_in.get("/auth/me").await.problem(401, "unauthenticated");
    assert!(can_sign_in(&server, "ben@example.org", "a completely new password").await.is_some());
    assert!(can_sign_in(&server, "ben@example.org", PASSWORD).await.is_none());

    assert_eq!(server.stop().await, 0);
    server.command(&arguments, PASSWORD).ok();
    server.run().await;
    assert!(can_sign_in(&server, "ben@example.org", PASSWORD).await.is_some());
}

#[tokio::test]
async fn what_an_operator_gets_wrong_is_explained() {
    let server = Server::start().await;
    server.admin().await;
    let create = |email: &'static str| ["admin", "create", "--email", email];
    server.command(&create("nobody"), PASSWORD).fails(65, &["e-mail"]);
    server.command(&create("b@example.org"), "short").fails(65, &["12 to 128"]);
    server.command(&create("b@example.org"), "").fails(65, &["12 to 128"]);
    server.command(&create("admin@example.org"), PASSWORD).fails(65, &["already"]);
    let reset = ["admin", "reset-password", "--email", "nobody@example.org"];
    server.command(&reset, PASSWORD).fails(65, &["no account"]);
    server.command(&["admin", "link"], "").fails(65, &["already"]);
}

#[test]
fn a_command_in_the_wrong_folder_begins_no_data_there() {
    let server = Server::prepared(&[]);
    let file = server.beside("memories.jsonl");
    std::fs::write(&file, "{\"content\": \"We swam.\"}\n").unwrap();
    let file = file.to_str().unwrap();
    let commands: [&[&str]; 5] = [
        &["admin", "link"],
        &["admin", "invite"],
        &["admin", "verify-audit"],
        &["admin", "reset-password", "--email", "ada@example.org"],
        &["import-memories", "--clone", "01a1fcac-b262-7d4c-9b1f-5f2f1f8e7c10", file],
    ];
    for command in commands {
        server.command(command, PASSWORD).fails(66, &["no data", "--data-dir"]);
    }
    assert!(!server.data().join("clonememoria.redb").exists());
}

#[tokio::test]
async fn links_point_to_where_people_are() {
    let server = Server::start().await;
    let address = format!("http://localhost:{}", server.address().port());
    let link = server.command(&["admin", "link"], "").ok();
    assert!(link.starts_with(&format!("{address}/welcome?token=")), "{link}");
    // It is the server that knows where it is.
    let elsewhere = ["admin", "link", "--set", "server.listen=127.0.0.1:9"];
    let link = server.command(&elsewhere, "").ok();
    assert!(link.starts_with(&format!("{address}/welcome?token=")), "{link}");
    let public = ["--set", "server.public_url=https://m.example/", "--set", "server.base_path=/x"];
    let link = server.command(&[&["admin", "invite"], &public[..]].concat(), "").ok();
    assert!(link.starts_with("https://m.example/x/register?invite="), "{link}");
}

#[tokio::test]
async fn memories_come_in_from_a_file_and_bad_lines_are_named() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let file = server.beside("memories.jsonl");
    let path = file.to_str().unwrap().to_owned();
    let import = |server: &Server, lines: &str| {
        std::fs::write(&file, lines).unwrap();
        server.command(&["import-memories", &path, "--clone", &clone], "")
    };
    let good = "{\"content\":\"First of all.\",\"external_id\":\"1\"}\n\n\
        {\"content\":\"Second of all.\",\"external_id\":\"2\",\"occurred_at\":\"1962~\"}\n";
    assert!(import(&server, good).ok().contains("2 new, 0 changed, 0 the same, 0 refused"));
    let changed = good.replace("First", "Very first");
    assert!(import(&server, &changed).ok().contains("0 new, 1 changed, 1 the same"));
    let bad = format!("{good}{{\"content\":\"\"}}\n{{\"content\":\"x\",\"wrong\":1}}\n");
    let ended = import(&server, &bad);
    assert!(ended.out.contains("line 4:") && ended.out.contains("line 5:"), "{ended:?}");
    ended.fails(65, &["2 line(s)"]);
    import(&server, "{\"content\":\"Fine.\"}\nnonsense\n").fails(65, &["line 2"]);
    import(&server, "[1]\n").fails(65, &["1 line(s)"]);
    assert!(import(&server, "").ok().contains("0 new"));

    assert_eq!(server.stop().await, 0);
    let third = "{\"content\":\"Third of all, without a server.\",\"external_id\":\"3\"}\n";
    assert!(import(&server, third).ok().contains("1 new"));
    server.run().await;
    let ada = server.again(&ada);
    let found = ada.finds(&clone, "without a server", "&mode=text").await;
    assert_eq!(found, ["Third of all, without a server."]);
    let listed = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(each(&listed, "external_id"), ["3", "2", "1"]);

    let unknown = "01900000-0000-7000-8000-000000000000";
    let ended = server.command(&["import-memories", &path, "--clone", unknown], "");
    assert!(ended.code != 0 && !ended.err.is_empty(), "{ended:?}");
    let missing = ["import-memories", "/nonexistent.jsonl", "--clone", &clone];
    server.command(&missing, "").fails(74, &["/nonexistent.jsonl"]);
}

#[tokio::test]
async fn a_machine_that_is_fine_is_said_to_be_fine() {
    let mut server = Server::prepared(&[]);
    let before = server.command(&["doctor"], "").ok();
    assert!(before.contains("does not exist yet"), "{before}");
    server.run().await;
    let running = server.command(&["doctor"], "").ok();
    assert!(running.contains("running on this data directory"), "{running}");
    assert!(!running.contains("BAD"), "{running}");
    assert_eq!(server.command(&["healthcheck"], "").ok().trim(), "ready");
    assert_eq!(server.stop().await, 0);
    server.command(&["healthcheck"], "").fails(69, &["no server answers"]);
    std::fs::set_permissions(server.data(), Permissions::from_mode(0o755)).unwrap();
    let ended = server.command(&["doctor"], "");
    assert!(ended.out.contains("chmod 700"), "{ended:?}");
    ended.fails(78, &["need attention"]);
}

#[tokio::test]
async fn what_others_can_enter_is_no_place_for_memories() {
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    // An empty directory that somebody made for the server becomes private.
    let mut server = Server::prepared(&[]);
    std::fs::create_dir(server.data()).unwrap();
    open(&server.data(), 0o755);
    server.run().await;
    assert_eq!(mode(&server.data()), 0o700);
    assert_eq!(server.stop().await, 0);
    // One that others could look into since is a matter for its owner.
    for others in [0o755, 0o750, 0o701, 0o770] {
        open(&server.data(), others);
        let data = server.data().display().to_string();
        let serve = server.command(&["serve"], "");
        serve.fails(78, &[&format!("({others:o})"), &format!("chmod 700 {data}")]);
        assert_eq!(mode(&server.data()), others, "nothing is changed behind the owner's back");
    }
    let mut accepting = Server::prepared(&[("CLONEMEMORIA_SERVER_ACCEPT_OPEN_DATA_DIR", "true")]);
    accepting.run().await;
    assert_eq!(accepting.stop().await, 0);
    open(&accepting.data(), 0o755);
    accepting.run().await;
    assert!(accepting.log().contains("others can enter the data directory (755)"));
}

#[tokio::test]
async fn nobody_looks_into_the_memory_of_the_server() {
    let server = Server::start().await;
    let limits = std::fs::read_to_string(server.process_file("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

#[tokio::test]
async fn a_variable_that_is_no_setting_is_told() {
    let mistaken = ("CLONEMEMORIA_LISTNE", "0.0.0.0:80");
    let server = Server::with(&[mistaken]).await;
    assert!(server.log().contains(mistaken.0), "{}", server.log());
    let data = server.data();
    let ended = run(&["doctor", "--data-dir", data.to_str().unwrap()], &[mistaken], "");
    assert!(ended.out.contains(mistaken.0), "{ended:?}");
    ended.fails(78, &["need attention"]);
}

#[tokio::test]
async fn what_is_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&server.data()), 0);
    assert_eq!(mode(&server.data().join("control.sock")), 0);
}

#[tokio::test]
async fn a_server_stops_in_order_at_a_signal() {
    let mut server = Server::start().await;
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        server.signal(signal);
        assert_eq!(server.ended().await, 0, "{}", server.log());
        server.run().await;
    }
    assert_eq!(server.stop().await, 0);
    assert!(!server.data().join("control.sock").exists());
}
