//! Life under a path, behind a proxy that serves other things as well.

use crate::support::client::text;
use crate::support::server::Server;
use serde_json::json;

#[tokio::test]
async fn everything_lives_under_the_base_path() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_BASE_PATH", "/memoria")]).await;
    assert!(server.said().contains("/memoria/welcome?token="), "{}", server.said());
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We lived under a path.").await;
    assert_eq!(ada.search(&clone, "path", "&mode=text").await.len(), 1);
    assert_eq!(ada.page("/healthz").await.status, 200);
    let page = ada.page("/").header("accept", "text/html").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("/memoria") && !page.text().contains("__base_path__"));
    let document = ada.page("/openapi.json").await.is(200);
    assert_eq!(text(&document["servers"][0]["url"]), "/memoria/api/v1");
    let docs = ada.page("/docs").header("accept", "text/html").await;
    assert_eq!(docs.status, 200);
}

#[tokio::test]
async fn nothing_but_probes_lives_outside() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_BASE_PATH", "/memoria")]).await;
    let outside = server.client().outside();
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(outside.page(probe).await.status, 200, "{probe}");
    }
    for path in ["/", "/api/v1/setup", "/memorial/api/v1/setup", "/openapi.json", "/docs"] {
        outside.page(path).header("accept", "text/html").await.problem(404, "not_found");
    }
    let folder = outside.page("/memoria").await;
    assert_eq!((folder.status, folder.header("location")), (308, Some("/memoria/")));
}

#[tokio::test]
async fn the_cookie_is_good_under_the_path() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_BASE_PATH", "/memoria")]).await;
    server.admin().await;
    let origin = format!("http://{}", server.address());
    let body = json!({
        "email": "admin@example.org", "password": crate::support::PASSWORD
    });
    let reply = server.client().post("/auth/login", body).header("origin", &origin).await;
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("Path=/"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    server.client().get("/auth/me").header("cookie", pair).await.is(200);
}
