//! Providers that lead the server to where it has no business: what an admin names, and what the
//! documents of providers name, is public or listed by whoever runs the machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::oidc::{Home, LOCAL, OPEN, sign_in, table};
use crate::support::client::Client;
use crate::support::idp::{CLIENT, DISCOVERY, Idp, SECRET};

const FAILED: &str = "/login?problem=identity_provider_failed";
const ADVICE: &str = "outbound.allow_private";

/// Something inside that nobody may reach; it counts who tries.
struct Inner {
    address: SocketAddr,
    visits: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Inner {
    async fn at(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        let accepting = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, visits, accepting }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What an admin says of a provider.
fn named(id: &str, issuer: &str) -> Value {
    json!({
        "id": id, "name": "x", "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET,
        "sign_up": "open",
    })
}

async fn tested(admin: &Client, id: &str) -> Value {
    admin.post(&format!("/admin/oidc/{id}/test"), json!({})).await.is(200)
}

#[tokio::test]
async fn an_admin_leads_the_server_nowhere_that_is_not_listed() {
    let inner = Inner::at("127.0.0.1").await;
    let open = inner.address.port();
    let closed = Inner::at("127.0.0.1").await.address.port();
    let home = Home::with(&[]).await;
    let admin = &home.admin;
    for issuer in [
        "https://10.0.0.1".to_owned(),
        "https://169.254.169.254".to_owned(),
        "https://[fd00:ec2::254]".to_owned(),
        "https://1.1.1.1:25".to_owned(),
        format!("http://127.0.0.1:{open}"),
        format!("http://2130706433:{open}"),
        format!("https://127.1:{open}"),
        format!("https://[::ffff:127.0.0.1]:{open}"),
        format!("http://[::1]:{closed}"),
    ] {
        let refused = admin.post("/admin/oidc", named("inner", &issuer)).await;
        let told = refused.invalid(&["/issuer"]);
        assert!(told.to_string().contains(ADVICE), "{issuer}: {told}");
    }
    let mut words = Vec::new();
    for (id, issuer) in [
        ("open", format!("http://localhost:{open}")),
        ("closed", format!("http://localhost:{closed}")),
        ("below", format!("https://sign-in.localhost:{open}")),
    ] {
        admin.post("/admin/oidc", named(id, &issuer)).await.is(201);
        let test = tested(admin, id).await;
        assert_eq!(test["problem"], "not_allowed", "{issuer}");
        assert!(test["detail"].as_str().unwrap().contains(ADVICE), "{test}");
        words.push(test);
        assert_eq!(home.browser().start(id, "").await, FAILED, "{issuer}");
    }
    assert!(words.iter().all(|word| *word == words[0]), "no port is told from another");
    assert_eq!(inner.visits(), 0);
}

#[tokio::test]
async fn what_is_listed_is_reached_at_its_port_and_while_it_is() {
    let (idp, other) = (Idp::start().await, Idp::start().await);
    let port = idp.issuer().rsplit_once(':').unwrap().1.to_owned();
    let list = format!("[outbound]\nallow_private = ['127.0.0.1:{port}', 'LOCALHOST:{port}']\n");
    let mut home = Home::with(&[list]).await;
    home.admin.post("/admin/oidc", named("home", &idp.issuer())).await.is(201);
    assert_eq!(tested(&home.admin, "home").await["works"], true);
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
    home.admin.post("/admin/oidc", named("other", &other.issuer())).await.invalid(&["/issuer"]);
    // By its name as well.
    let by_name = format!("http://localhost:{port}");
    idp.describes("issuer", json!(by_name));
    home.admin.post("/admin/oidc", named("name", &by_name)).await.is(201);
    assert_eq!(tested(&home.admin, "name").await["works"], true);

    // Not listed any more: it is not reached, and can be changed and removed still.
    idp.describes("issuer", json!(idp.issuer()));
    home.offers(&[]).await;
    let asked = idp.asked(DISCOVERY);
    assert_eq!(tested(&home.admin, "home").await["problem"], "not_allowed");
    assert_eq!(home.browser().start("home", "").await, FAILED);
    assert_eq!(idp.asked(DISCOVERY), asked);
    home.admin.patch("/admin/oidc/home", json!({"enabled": false})).await.is(200);
    home.admin.delete("/admin/oidc/home").await.is(204);
}

#[tokio::test]
async fn a_document_leads_nowhere_that_is_neither_public_nor_listed() {
    // The list names the console's provider; the configured one needs no list.
    let inner = Inner::at("127.0.0.2").await;
    let by_name = Inner::at("127.0.0.1").await;
    let elsewhere = format!("http://{}", inner.address);
    let behind_a_name = format!("http://localhost:{}", by_name.address.port());
    let (console, configured) = (Idp::start().await, Idp::start().await);
    let home = Home::with(&[LOCAL.to_owned(), table("file", &configured.issuer(), OPEN)]).await;
    home.admin.post("/admin/oidc", named("home", &console.issuer())).await.is(201);
    for (id, idp) in [("home", &console), ("file", &configured)] {
        let own = |path: &str| json!(format!("{}{path}", idp.issuer()));
        for (field, path) in [
            ("jwks_uri", "/jwks"),
            ("token_endpoint", "/token"),
            ("userinfo_endpoint", "/userinfo"),
        ] {
            for origin in [&elsewhere, "http://10.0.0.1", "http://169.254.169.254"] {
                idp.describes(field, json!(format!("{origin}{path}")));
                assert_eq!(tested(&home.admin, id).await["problem"], "not_allowed", "{field}");
            }
            idp.describes(field, own(path));
        }
        idp.describes("jwks_uri", json!(format!("{behind_a_name}/jwks")));
        assert_eq!(tested(&home.admin, id).await["problem"], "not_allowed");
        idp.describes("jwks_uri", own("/jwks"));
        // What is needed only later is refused only then.
        idp.describes("token_endpoint", json!(format!("{behind_a_name}/token")));
        assert_eq!(tested(&home.admin, id).await["works"], true);
        let mut ada = home.browser();
        let address = ada.start(id, "").await;
        assert_eq!(ada.back(&idp.approves(&address)).await, FAILED);
        idp.describes("token_endpoint", own("/token"));
        assert_eq!(tested(&home.admin, id).await["works"], true);
    }
    assert_eq!((inner.visits(), by_name.visits()), (0, 0));
}

#[tokio::test]
async fn a_configured_issuers_host_is_the_operators_word_at_every_port() {
    let (idp, keys) = (Idp::start().await, Idp::start().await);
    let home = Home::of(&idp, OPEN).await;
    idp.describes("jwks_uri", json!(format!("{}/jwks", keys.issuer())));
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
    assert_eq!(keys.asked("/jwks"), 1);
}
