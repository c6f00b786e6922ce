//! Mails: what is promised arrives, also when the mail server does not feel like it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{Client, id, text};
use crate::support::command::run;
use crate::support::server::Server;
use crate::support::smtp::{Act, LOGIN, Offer, Received, Smtp};
use crate::support::until;

// Commands are waited for by the thread that runs the test, so where one meets the mail server,
// that needs a thread of its own: `flavor = "multi_thread"`.

/// The first account's address.
const ADMIN: &str = "admin@example.org";

async fn server_with(smtp: &Smtp) -> Server {
    let settings = smtp.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Server::with(&settings).await
}

/// The first account, made by the operator: whoever signs up is mailed a link, which is not what
/// these tests are about.
async fn owner(server: &Server) -> Client {
    let made = json!({
        "do": "create_account", "email": ADMIN, "password": PASSWORD, "display_name": "Ada",
        "admin": true,
    });
    assert_eq!(server.operate(made).await.0, 200);
    let body = json!({"email": ADMIN, "password": PASSWORD});
    let session = server.client().post("/auth/login", body).await.is(200);
    server.client().with_token(&text(&session["access_token"]))
}

async fn tell(server: &Server, email: &str, topic: &str, detail: &str) {
    let operation = json!({"do": "tell", "email": email, "topic": topic, "detail": detail});
    assert_eq!(server.operate(operation).await.0, 200);
}

/// The token of the link to a page in the last of so many mails.
async fn link(smtp: &Smtp, mails: usize, page: &str) -> String {
    let mail = smtp.arrived(mails).await.pop().unwrap();
    let text = mail.text();
    let (_, rest) = text
        .split_once(&format!("\nhttps://memoria.example/{page}?token="))
        .unwrap_or_else(|| panic!("{page}: {text}"));
    rest.lines().next().unwrap().to_owned()
}

pub async fn metric(client: &Client, name: &str) -> u64 {
    let page = client.outside().page("/metrics/prometheus").await.text();
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}: {page}")).parse().unwrap()
}

/// Waits until a figure of the queue is reached.
pub async fn reaches(server: &Server, name: &str, value: u64) {
    until("the queue gets there", || async {
        let now = metric(&server.client(), &format!("clonememoria_jobs_{name}")).await;
        (now == value).then_some(())
    })
    .await;
}

/// Waits until a first attempt failed, and lets the pause after it pass.
async fn after_a_failure(server: &Server) {
    reaches(server, "failed_total", 1).await;
    assert_eq!(metric(&server.client(), "clonememoria_jobs_waiting").await, 1);
    server.advance(Duration::from_secs(60)).await;
}

async fn logged(server: &Server, words: &str) {
    until("it is logged", || async { server.log().contains(words).then_some(()) }).await;
}

#[track_caller]
fn only(mails: Vec<Received>) -> Received {
    let [mail] = <[Received; 1]>::try_from(mails).expect("one mail");
    mail
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_arrives_over_every_kind_of_connection() {
    for offer in [Offer::StartTls, Offer::Tls, Offer::Nothing] {
        let smtp = Smtp::start(offer).await;
        let server = server_with(&smtp).await;
        owner(&server).await;
        let said = server.command(&["admin", "test-mail", "--to", "ada@example.org"], "").ok();
        assert!(said.contains("taken"), "{said}");
        let mail = only(smtp.mails());
        assert_eq!(
            (mail.from.as_str(), mail.to.as_str()),
            ("memoria@home.example", "ada@example.org")
        );
        assert_eq!(mail.encrypted, offer != Offer::Nothing);
        assert_eq!(mail.login, Some((LOGIN.0.to_owned(), LOGIN.1.to_owned())));
        let header = |name: &str| mail.header(name).unwrap_or_else(|| panic!("{name}: {mail:?}"));
        assert_eq!(header("From"), "CloneMemoria <memoria@home.example>");
        assert_eq!(header("To"), "ada@example.org");
        assert_eq!(header("Subject"), "A test mail from CloneMemoria");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("MIME-Version"), "1.0");
        assert!(header("Content-Type").starts_with("text/plain; charset=utf-8"));
        assert!(header("Message-ID").ends_with("@home.example>"));
        assert!(header("Date").ends_with("+0000"), "{}", header("Date"));
        assert!(mail.text().contains("https://memoria.example/"), "{}", mail.text());
    }
}

#[tokio::test]
async fn a_notice_arrives_in_the_readers_language_and_says_what_to_do() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    let ada = owner(&server).await;
    tell(&server, ADMIN, "new_device", "Firefox (Linux)").await;
    let mail = only(smtp.arrived(1).await);
    assert_eq!(mail.to, ADMIN);
    assert_eq!(mail.header("Subject").unwrap(), "A new device is signed in");
    for words in ["“Firefox (Linux)”", "change your password", "https://memoria.example/account"]
    {
        assert!(mail.text().contains(words), "{words}: {}", mail.text());
    }
    ada.patch("/auth/me", json!({"locale": "fr"})).await.is(200);
    tell(&server, ADMIN, "password_changed", "").await;
    let mail = smtp.arrived(2).await.pop().unwrap();
    assert_eq!(mail.header("Subject").unwrap(), "Votre mot de passe a changé");
    assert!(mail.text().contains("il n’y a rien à faire"), "{}", mail.text());
    reaches(&server, "waiting", 0).await;
}

#[tokio::test]
async fn a_change_of_address_is_told_at_both_addresses() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    owner(&server).await;
    tell(&server, ADMIN, "email_changed", "before@example.org").await;
    let mut to: Vec<_> = smtp.arrived(2).await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, [ADMIN, "before@example.org"]);
}

#[tokio::test]
async fn an_unproven_address_gets_only_what_is_about_security() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    owner(&server).await;
    tell(&server, ADMIN, "role_changed", "The Millers").await;
    tell(&server, ADMIN, "api_key_created", "backup").await;
    reaches(&server, "done_total", 2).await;
    let mail = only(smtp.mails());
    assert_eq!(mail.header("Subject").unwrap(), "A key for programs was made");
}

#[tokio::test]
async fn links_lead_to_the_configured_address_and_carry_the_token() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    let (ada, stranger) = (owner(&server).await, server.client());
    ada.post("/auth/email/verification", Value::Null).await.is(202);
    let verification = link(&smtp, 1, "verify").await;
    stranger.post("/auth/email/verify", json!({"token": verification})).await.is(200);
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let body = json!({"role": "visitor", "email": "ben@example.org"});
    ada.post(&format!("/spaces/{space}/invitations"), body).await.is(201);
    let invitation = link(&smtp, 2, "invitation").await;
    stranger.post("/invitations/show", json!({"token": invitation})).await.is(200);
    stranger.post("/auth/password/forgot", json!({"email": ADMIN})).await.is(202);
    let reset = link(&smtp, 3, "reset").await;
    let body = json!({"token": reset, "new_password": "violet umbrella quartz 42"});
    stranger.post("/auth/password/reset", body).await.is(204);
    for token in [verification, invitation, reset] {
        assert!(!server.log().contains(&token), "a token was logged");
    }
}

#[tokio::test]
async fn a_link_that_is_too_old_is_not_sent_any_more() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    let ada = owner(&server).await;
    smtp.then(&[Act::Recipient(451)]);
    ada.post("/auth/email/verification", Value::Null).await.is(202);
    reaches(&server, "failed_total", 1).await;
    server.advance(Duration::from_secs(24 * 60 * 60)).await;
    reaches(&server, "waiting", 0).await;
    assert!(smtp.mails().is_empty());
    assert_eq!(metric(&server.client(), "clonememoria_jobs_parked").await, 0);
}

#[tokio::test]
async fn what_is_deferred_or_breaks_is_sent_again() {
    let acts = [
        Act::HangUp,
        Act::Recipient(450),
        Act::Mail(451),
        Act::Greet(421),
        Act::Greet(554),
        Act::BreakInMail,
    ];
    for act in acts {
        let smtp = Smtp::start(Offer::StartTls).await;
        let server = server_with(&smtp).await;
        owner(&server).await;
        smtp.then(&[act]);
        tell(&server, ADMIN, "password_changed", "").await;
        after_a_failure(&server).await;
        only(smtp.arrived(1).await);
        reaches(&server, "waiting", 0).await;
        assert_eq!(smtp.mails().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_waited_for() {
    let port = {
        let smtp = Smtp::start(Offer::Nothing).await;
        smtp.port()
    };
    let port = port.to_string();
    let server = Server::with(&[
        ("CLONEMEMORIA_MAIL_HOST", "127.0.0.1"),
        ("CLONEMEMORIA_MAIL_PORT", &port),
        ("CLONEMEMORIA_MAIL_ENCRYPTION", "none"),
        ("CLONEMEMORIA_MAIL_FROM", "memoria@home.example"),
    ])
    .await;
    owner(&server).await;
    tell(&server, ADMIN, "password_changed", "").await;
    reaches(&server, "failed_total", 1).await;
    logged(&server, "mail_server_unreachable").await;
    let smtp = Smtp::with(Offer::Nothing, "localhost", port.parse().unwrap()).await;
    server.advance(Duration::from_secs(60)).await;
    let mail = only(smtp.arrived(1).await);
    // Nobody said where this server is, so there is nothing to link to.
    assert!(!mail.text().contains("://"), "{}", mail.text());
}

#[tokio::test]
async fn a_mail_server_that_falls_silent_is_not_waited_for_for_ever() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let mut settings = smtp.settings();
    settings.push(("CLONEMEMORIA_MAIL_SECONDS", "1".to_owned()));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with(&settings).await;
    owner(&server).await;
    smtp.then(&[Act::Silence]);
    tell(&server, ADMIN, "password_changed", "").await;
    after_a_failure(&server).await;
    logged(&server, "mail_server_timeout").await;
    smtp.arrived(1).await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_said_without_its_content() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let server = server_with(&smtp).await;
    owner(&server).await;
    smtp.then(&[Act::Recipient(550)]);
    tell(&server, ADMIN, "break_glass", "a letter from the court").await;
    reaches(&server, "parked", 1).await;
    reaches(&server, "waiting", 0).await;
    logged(&server, "a job was given up").await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains("a job was given up")).expect("a line");
    assert!(line.contains("mail_refused"), "{line}");
    for content in [ADMIN, "court", "break_glass", LOGIN.1] {
        assert!(!log.contains(content), "{content} is in the log");
    }
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_mail_survives_the_loss_of_power() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let mut server = server_with(&smtp).await;
    owner(&server).await;
    smtp.then(&[Act::Silence]);
    tell(&server, ADMIN, "password_changed", "").await;
    smtp.heard("END", 1).await;
    server.kill().await;
    assert!(smtp.mails().is_empty());
    server.run().await;
    only(smtp.arrived(1).await);
    reaches(&server, "waiting", 0).await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn an_orderly_stop_does_not_lose_a_mail_either() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let mut server = server_with(&smtp).await;
    owner(&server).await;
    smtp.then(&[Act::Recipient(450)]);
    tell(&server, ADMIN, "password_changed", "").await;
    reaches(&server, "failed_total", 1).await;
    server.restart().await;
    server.advance(Duration::from_secs(60)).await;
    only(smtp.arrived(1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_wrong_certificate_hears_neither_password_nor_mail() {
    for offer in [Offer::StartTls, Offer::Tls] {
        let smtp = Smtp::with(offer, "elsewhere.example", 0).await;
        let server = server_with(&smtp).await;
        owner(&server).await;
        let ended = server.command(&["admin", "test-mail", "--to", "ada@example.org"], "");
        ended.fails(65, &["certificate"]);
        tell(&server, ADMIN, "password_changed", "").await;
        reaches(&server, "failed_total", 1).await;
        logged(&server, "mail_server_untrusted").await;
        let verbs = smtp.verbs();
        assert!(verbs.iter().all(|verb| verb == "EHLO" || verb == "STARTTLS"), "{verbs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_that_is_not_offered_is_not_done_without() {
    let smtp = Smtp::start(Offer::Nothing).await;
    let mut settings = smtp.settings();
    settings.retain(|(name, _)| *name != "CLONEMEMORIA_MAIL_ENCRYPTION");
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with(&settings).await;
    owner(&server).await;
    let ended = server.command(&["admin", "test-mail", "--to", "ada@example.org"], "");
    ended.fails(65, &["STARTTLS"]);
    assert!(smtp.mails().is_empty() && !smtp.verbs().contains(&"AUTH".to_owned()));
}

#[tokio::test]
async fn without_a_mail_server_the_inbox_is_all_there_is() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    tell(&server, ADMIN, "new_device", "Firefox (Linux)").await;
    assert_eq!(ada.get("/notifications").await.is(200)["unread"], 1);
    assert_eq!(metric(&ada, "clonememoria_jobs_waiting").await, 0);
    let ended = server.command(&["admin", "test-mail", "--to", "ada@example.org"], "");
    ended.fails(65, &["mail.host"]);
    let said = server.command(&["doctor"], "").ok();
    assert!(said.contains("mail: none configured"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_the_mail_server_when_told_to() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let mut settings: Vec<_> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let arguments = ["doctor", "--connect", "--data-dir", data.to_str().unwrap()];
    let said = run(&arguments, &settings, "").ok();
    assert!(said.contains("lets us in"), "{said}");
    settings.retain(|(name, _)| *name != "CLONEMEMORIA_MAIL_PASSWORD");
    settings.push(("CLONEMEMORIA_MAIL_PASSWORD", "another one"));
    let ended = run(&arguments, &settings, "");
    assert!(ended.out.contains("BAD  mail") && ended.out.contains("535"), "{ended:?}");
    assert!(!ended.out.contains("another one"));
    let silent = ["doctor", "--data-dir", data.to_str().unwrap()];
    let before = smtp.verbs().len();
    run(&silent, &settings, "").ok();
    assert_eq!(smtp.verbs().len(), before, "nobody asked for that");
}

#[tokio::test]
async fn half_a_configuration_is_named() {
    let host = ("CLONEMEMORIA_MAIL_HOST", "mail.example.org");
    let from = ("CLONEMEMORIA_MAIL_FROM", "memoria@home.example");
    for (settings, key) in [
        (vec![host], "mail.from"),
        (vec![host, from, ("CLONEMEMORIA_MAIL_USERNAME", "x")], "mail.password"),
        (vec![host, from, ("CLONEMEMORIA_MAIL_PASSWORD", "x")], "mail.username"),
        (vec![host, from, ("CLONEMEMORIA_MAIL_PORT", "0")], "mail.port"),
        (vec![host, from, ("CLONEMEMORIA_MAIL_ENCRYPTION", "ssl")], "mail.encryption"),
        (vec![("CLONEMEMORIA_MAIL_HOST", "https://mail")], "mail.host"),
    ] {
        run(&["doctor"], &settings, "").fails(78, &[key]);
    }
}
