//! Pages of other sites, with the cookie of somebody who is signed in here: whatever they try,
//! nothing changes. Made from the document, so that a new operation is tried as well.

use http::Method;
use serde_json::{Value, json};

use crate::contract::operations;
use crate::support::PASSWORD;
use crate::support::client::{Ask, Client, id};
use crate::support::server::Server;

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// What is there to be changed: a name of a parameter, and what it stands for.
type Things = Vec<(&'static str, String)>;

async fn things_of(ada: &Client) -> Things {
    let clone = ada.new_clone("Maria").await;
    let memory = ada.remember(&clone, "We swam in the lake.").await;
    let gone = ada.remember(&clone, "It is in the trash.").await;
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&gone))).await.is(204);
    let person = ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await;
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, "Where did you swim?").await;
    vec![
        ("clone_id", clone),
        ("memory_id", id(&memory)),
        ("person_id", id(&person.is(201))),
        ("conversation_id", conversation),
        ("message_id", id(&answer)),
        ("trash_id", id(&gone)),
    ]
}

fn filled(path: &str, things: &Things) -> String {
    let parts = path.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let Some(name) = name else { return part.to_owned() };
        let known = things.iter().find(|(known, _)| *known == name);
        known.map_or(NOBODY.to_owned(), |(_, thing)| thing.clone())
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn state(ada: &Client, things: &Things) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/auth/me",
        "/auth/me/consent",
        "/clones",
        "/clones/{clone_id}/settings",
        "/clones/{clone_id}/memories",
        "/clones/{clone_id}/people",
        "/conversations/{conversation_id}/messages",
        "/conversations",
        "/spaces",
        "/trash",
    ] {
        all.push(ada.get(&filled(path, things)).await.is(200));
    }
    all
}

/// An operation that changes something, with a body that would do.
struct Unsafe {
    name: String,
    method: Method,
    path: String,
    body: Option<Value>,
}

fn unsafe_operations(document: &Value, things: &Things) -> Vec<Unsafe> {
    let all = operations(document).into_iter().filter(|(verb, _, _)| verb != "GET");
    let unsafe_ones = all.map(|(verb, path, operation)| {
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        Unsafe {
            name: operation["operationId"].as_str().unwrap().to_owned(),
            method: verb.parse().unwrap(),
            path: filled(&path, things),
            body: example.is_object().then(|| example.clone()),
        }
    });
    unsafe_ones.collect()
}

impl Unsafe {
    fn ask(&self, page: &Client, headers: &[(&str, &str)]) -> Ask {
        let ask = page.ask(self.method.clone(), &self.path);
        let ask = match &self.body {
            Some(body) => ask.json(body),
            None => ask,
        };
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
    }
}

async fn signed_in(server: &Server, own: &str) -> String {
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let reply = server.client().post("/auth/login", body).header("origin", own).await;
    let cookies = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let pairs = cookies.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>();
    assert!(!pairs.is_empty(), "{}", reply.text());
    pairs.join("; ")
}

#[tokio::test]
async fn no_page_of_another_site_changes_anything() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let things = things_of(&ada).await;
    let own = format!("http://{}", server.address());
    let cookie = signed_in(&server, &own).await;
    let document = server.client().page("/openapi.json").await.is(200);
    let before = state(&ada, &things).await;

    let port = server.address().port();
    let alike = [
        format!("{own}.evil.example"),
        format!("http://evil-127.0.0.1:{port}"),
        format!("{own}@evil.example"),
        format!("{own}1"),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        "http://127.0.0.1".to_owned(),
        format!("{own}, https://evil.example"),
    ];
    let mut sites: Vec<Vec<(&str, &str)>> = vec![
        vec![],
        vec![("origin", "null")],
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        vec![("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
        vec![("origin", "http://other.127.0.0.1"), ("sec-fetch-site", "same-site")],
        vec![("referer", &own)],
        vec![("content-type", "text/plain"), ("origin", "https://evil.example")],
        vec![("content-type", "multipart/form-data; boundary=x"), ("origin", "null")],
    ];
    sites.extend(alike.iter().map(|origin| vec![("origin", origin.as_str())]));
    let (mut tried, page) = (0, server.client());
    for operation in unsafe_operations(&document, &things) {
        let needs_sign_in = operation.ask(&page, &[]).await.status == 401;
        for headers in &sites {
            let reply = operation.ask(&page, headers).header("cookie", &cookie).await;
            tried += 1;
            let refused = matches!(reply.status, 401 | 403 | 415);
            let name = &operation.name;
            assert!(refused || !needs_sign_in, "{name} {headers:?}: {}", reply.status);
        }
    }
    assert!(tried > 300, "only {tried} were tried");
    assert_eq!(state(&ada, &things).await, before);
    let name = json!({"name": "Eve"});
    let made = page.post("/clones", name).header("cookie", &cookie).header("origin", &own).await;
    made.is(201);
}

#[tokio::test]
async fn only_json_is_taken_for_json_and_no_method_for_another() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let things = things_of(&ada).await;
    let own = format!("http://{}", server.address());
    let cookie = signed_in(&server, &own).await;
    let document = server.client().page("/openapi.json").await.is(200);
    let before = state(&ada, &things).await;
    let page = server.client();
    for operation in unsafe_operations(&document, &things) {
        let name = &operation.name;
        if operation.body.is_some() {
            for media in [
                "text/plain",
                "text/plain;application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
            ] {
                let headers = [("content-type", media), ("origin", own.as_str())];
                let reply = operation.ask(&page, &headers).header("cookie", &cookie).await;
                // What a sign-in or a thing's absence refuses first is refused as well.
                assert!(matches!(reply.status, 400..=499), "{name} {media}: {}", reply.status);
            }
        }
        let verb = operation.method.as_str();
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
            let path = format!("{}?_method={verb}", operation.path);
            let ask = page.ask(method, &path).header("cookie", &cookie).header("origin", &own);
            let ask = ask.header("x-http-method-override", verb).header("x-http-method", verb);
            let reply = ask.header("x-method-override", verb).await;
            assert!(reply.status < 500, "{name}: {}", reply.status);
        }
    }
    assert_eq!(state(&ada, &things).await, before);
}

/// Browsers do not say who makes a request where it is plain HTTP, so only one address can be ours.
#[tokio::test]
async fn nobody_signs_in_from_our_pages_at_another_address_and_is_told_where_instead() {
    let public = "https://memoria.example";
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", public)]).await;
    let ada = server.admin().await;
    assert_eq!(server.client().get("/setup").await.is(200)["public_url"], format!("{public}/"));
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let here = format!("http://{}", server.address());
    let at =
        |origin: &str| server.client().post("/auth/login", body.clone()).header("origin", origin);
    let told = at(&here).await.problem(403, "other_address");
    assert!(told["detail"].as_str().unwrap().contains(public), "{told}");
    // Where browsers say so they are believed, and programs are no pages.
    let page = at(&here).header("sec-fetch-site", "same-origin").await;
    assert!(page.header("set-cookie").is_some());
    page.is(200);
    at(public).await.is(200);
    ada.post("/spaces", json!({"name": "The family"})).header("origin", &here).await.is(201);
    let clone = ada.new_clone("Maria").await;
    let key = ada.post("/api-keys", json!({"label": "A page", "scopes": ["write"]})).await.is(201);
    let path = format!("/clones/{clone}/memories");
    let told = server.client().post(&path, json!({"content": "We swam in the lake."}));
    let told = told.header("x-api-key", key["key"].as_str().unwrap()).header("origin", &here);
    told.await.is(201);
    // A visitor of a share link brings a proof of their own, whatever address they came by.
    let link = ada.post(&format!("/clones/{clone}/share-links"), json!({})).await.is(201);
    let proof = format!("Share {}.{}", link["token"].as_str().unwrap(), "n".repeat(43));
    let path = format!("/clones/{clone}/conversations");
    let visit = server.client().post(&path, json!({})).header("authorization", &proof);
    visit.header("origin", &here).await.is(201);
    let open = Server::start().await;
    open.admin().await;
    let here = format!("http://{}", open.address());
    open.client().post("/auth/login", body).header("origin", &here).await.is(200);
    assert!(open.client().get("/setup").await.is(200)["public_url"].is_null());
}
