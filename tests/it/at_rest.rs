//! What opens an account stands nowhere on the disk, neither as it is written nor as the bytes
//! that it encodes, while the server runs and afterwards.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::passkeys::ORIGIN;
use crate::support::client::{Client, text};
use crate::support::server::Server;
use crate::support::smtp::{Offer, Smtp};
use crate::support::{PASSWORD, files_below, until};

/// Something that is there, so that a search which finds nothing means something: the audit log
/// is no secret.
const EVENT: &str = "api_key_created";
/// Somebody's words, which are there for nobody without the keys.
const MEMORY: &str = "We kept seventeen white geese behind the mill.";

/// What was handed out: what it is called, and what it says.
type Secrets = BTreeMap<String, String>;

/// Everything that a text could be kept as: itself, and what each of its parts encodes.
fn needles(secret: &str) -> Vec<Vec<u8>> {
    let mut all = vec![secret.as_bytes().to_vec()];
    // In a token that is nothing but base64url these are digits: its first ones may be those of
    // an identifier, which is no secret.
    let is_made_of_parts = secret.starts_with("cm") && secret.get(3..4) == Some("_");
    let parts = secret.split(|c| matches!(c, '.' | ' ') || is_made_of_parts && "_-".contains(c));
    for part in parts.chain([secret]) {
        if part.len() >= 16 && part != secret {
            all.push(part.as_bytes().to_vec());
        }
        match URL_SAFE_NO_PAD.decode(part) {
            Ok(bytes) if bytes.len() >= 16 => all.push(bytes),
            _ => {}
        }
    }
    all
}

/// What is found where, in the data directory and beside it.
fn found(server: &Server, secrets: &Secrets) -> Vec<String> {
    let all = files_below(server.data().parent().expect("a directory"));
    let mut found = Vec::new();
    for (what, secret) in secrets {
        for needle in needles(secret) {
            let finder = |bytes: &[u8]| bytes.windows(needle.len()).any(|at| at == needle);
            let places = all.iter().filter(|(_, bytes)| finder(bytes));
            found.extend(places.map(|(path, _)| format!("{what} in {path}")));
        }
    }
    found
}

/// The token of the last mail that has a link to a page.
async fn mailed(smtp: &Smtp, page: &str) -> String {
    let text = until("a mail with a link arrives", || async {
        let mut mails = smtp.mails().into_iter().rev().map(|mail| mail.text());
        mails.find(|text| text.contains(&format!("{page}?token=")))
    })
    .await;
    let (_, token) = text.split_once(&format!("{page}?token=")).expect("a token");
    token.lines().next().expect("a line").trim().to_owned()
}

/// Signs in and uses what it was given.
async fn tokens(server: &Server, secrets: &mut Secrets) -> Client {
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let session = server.client().post("/auth/login", body.clone()).await.is(200);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let renewed = server.client().post("/auth/refresh", refresh).await.is(200);
    for (which, session) in [("first", &session), ("second", &renewed)] {
        for name in ["access_token", "refresh_token"] {
            secrets.insert(format!("the {which} {name}"), text(&session[name]));
        }
    }
    let mut jar = BTreeMap::new();
    for (path, body) in [
        ("/auth/login", body),
        ("/auth/passkeys/login/start", json!({})),
        ("/auth/reauth", json!({"password": PASSWORD})),
        ("/auth/refresh", json!({})),
    ] {
        let cookies: Vec<String> =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = server.client().post(path, body).header("origin", ORIGIN);
        let reply = ask.header("cookie", &cookies.join("; ")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie").split(';').next().expect("a pair");
            let (name, value) = cookie.split_once('=').expect("a value");
            secrets.insert(format!("the cookie {name} of {path}"), value.to_owned());
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
    assert_eq!(jar.len(), 3, "{:?}", jar.keys());
    server.client().with_token(&text(&renewed["access_token"]))
}

/// Makes and uses what lets others in.
async fn for_others(server: &Server, smtp: &Smtp, ada: &Client, secrets: &mut Secrets) {
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, MEMORY).await;
    let body = json!({"label": "A program", "scopes": ["read", "chat"]});
    let key = text(&ada.post("/api-keys", body).await.is(201)["key"]);
    server.client().get("/clones").header("x-api-key", &key).await.is(200);
    secrets.insert("an API key".into(), key);
    let link = ada.post(&format!("/clones/{clone}/share-links"), json!({})).await.is(201);
    let (token, visitor) = (text(&link["token"]), "nina-0123456789abcdefghijklmnopqrs");
    let asked = server.client().post(&format!("/clones/{clone}/chat"), json!({"content": "Hm?"}));
    asked.header("authorization", &format!("Share {token}.{visitor}")).await.is(201);
    secrets.insert("a share link".into(), token);
    secrets.insert("a visitor's secret".into(), visitor.into());
    let space = text(&ada.post("/spaces", json!({"name": "We"})).await.is(201)["id"]);
    let path = format!("/spaces/{space}/invitations");
    let ben = server.account("ben").await;
    for (which, by) in [("accepted", Some(&ben)), ("open", None)] {
        let made = ada.post(&path, json!({"role": "visitor"})).await.is(201);
        let token = text(&made["token"]);
        if let Some(by) = by {
            by.post("/invitations/accept", json!({"token": token})).await.is(200);
        }
        secrets.insert(format!("an {which} invitation to a space"), token);
    }
    let body = json!({"role": "visitor", "email": "cleo@example.org"});
    let made = ada.post(&path, body).await.is(201);
    let token = mailed(smtp, "/invitation").await;
    assert_ne!(made["token"], token, "what is mailed is made when it is sent");
    server.client().post("/invitations/show", json!({"token": token})).await.is(200);
    secrets.insert("an invitation by mail".into(), token);
    secrets.insert("the same for who made it".into(), text(&made["token"]));
}

/// Asks for links by mail; uses one of each kind.
async fn by_mail(server: &Server, smtp: &Smtp, ada: &Client, secrets: &mut Secrets) {
    ada.post("/auth/email/verification", json!({})).await;
    let verify = mailed(smtp, "/verify").await;
    secrets.insert("the proof of an address".into(), verify);
    let forgot = || async {
        let body = json!({"email": "admin@example.org"});
        server.client().post("/auth/password/forgot", body).await.is(202);
    };
    forgot().await;
    let used = mailed(smtp, "/reset").await;
    let body = json!({"token": used, "new_password": "violet umbrella quartz 42"});
    server.client().post("/auth/password/reset", body).await.is(204);
    secrets.insert("a used reset".into(), used.clone());
    forgot().await;
    let open = until("another mail arrives", || async {
        let token = mailed(smtp, "/reset").await;
        (token != used).then_some(token)
    });
    secrets.insert("an open reset".into(), open.await);
}

#[tokio::test]
async fn nothing_that_opens_an_account_stands_on_the_disk() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut server = Server::with(&settings).await;
    let mut secrets = Secrets::from([
        ("a password".to_owned(), PASSWORD.to_owned()),
        ("the token of the printed link".to_owned(), server.setup_token().to_owned()),
    ]);
    server.admin().await;
    let invite = server.operate(json!({"do": "invite"})).await.1;
    secrets.insert("an invitation".into(), text(&invite["token"]));
    let ada = tokens(&server, &mut secrets).await;
    for_others(&server, &smtp, &ada, &mut secrets).await;
    by_mail(&server, &smtp, &ada, &mut secrets).await;
    secrets.insert("a memory".into(), MEMORY.to_owned());
    let there = Secrets::from([("an event".to_owned(), EVENT.to_owned())]);
    for running in [true, false] {
        if !running {
            assert_eq!(server.stop().await, 0);
        }
        assert!(!found(&server, &there).is_empty(), "the search finds nothing at all");
        let found = found(&server, &secrets);
        assert!(found.is_empty(), "{running}: {found:#?}");
    }
    assert!(secrets.len() >= 16, "{:?}", secrets.keys());
}
