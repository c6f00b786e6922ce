//! A sign-in that still owes its code: the provider knows the person, the account wants more.

use http::Method;
use serde_json::json;

use super::things::{AHEAD, SITE};
use super::world::{Proof, World, carried};
use crate::support::idp::Idp;
use crate::support::totp::App;

/// Comes back from the provider with what a browser then has; it has nothing before.
async fn come_back(world: &World, idp: &Idp) -> Proof {
    let client = world.server.client();
    let left = client.get("/auth/oidc/oidc/start").await;
    let address = left.header("location").expect("on the way").to_owned();
    let back = idp.approves(&address);
    let path = back.strip_prefix(SITE).and_then(|path| path.strip_prefix("/api/v1"));
    let reply = client.get(path.expect("ours")).header("cookie", &carried(&left)).await;
    let landed = reply.header("location").unwrap_or_default();
    assert!(reply.status == 302 && !landed.contains("problem="), "{landed}");
    Proof::Cookie(client, carried(&reply), SITE.to_owned())
}

/// The proof of somebody who has an authenticator app and has not told its code.
pub async fn owing(world: &World, idp: &Idp) -> Proof {
    idp.advance(AHEAD);
    idp.person("half", "half@example.org");
    idp.says("groups", json!([]));
    let whole = come_back(world, idp).await;
    whole.ask(Method::GET, "/auth/me").await.is(200);
    let secret = whole.ask(Method::POST, "/auth/totp").json(&json!({})).await.is(200);
    let app = App::holding(&secret["secret"]);
    app.ahead.set(AHEAD.as_secs());
    let code = json!({"code": app.code(0)});
    whole.ask(Method::POST, "/auth/totp/confirm").json(&code).await.is(200);
    let half = come_back(world, idp).await;
    let Proof::Cookie(_, cookies, _) = &half else { unreachable!("it is cookies") };
    assert!(cookies.contains("cm_oidc=") && !cookies.contains("cm_sid="), "a code is owed");
    half
}
