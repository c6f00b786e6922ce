//! Providers of sign-ins that an admin adds, changes and removes while the server runs.

use serde_json::{Value, json};

use crate::contract::is_documented;
use crate::oidc::{Home, LOCAL, OPEN, sign_in, table};
use crate::support::browser::Browser;
use crate::support::client::{items, text};
use crate::support::idp::{CLIENT, DISCOVERY, Fault, Idp, SECRET};
use crate::support::server::Server;
use crate::support::totp::App;

/// What an admin says of a provider.
fn described(id: &str, idp: &Idp) -> Value {
    json!({
        "id": id, "name": format!("The {id}"), "issuer": idp.issuer(),
        "client_id": CLIENT, "client_secret": SECRET, "sign_up": "open",
    })
}

async fn offered(server: &Server) -> Vec<String> {
    let all = server.client().get("/auth/oidc").await.is(200);
    items(&all).iter().map(|provider| text(&provider["id"])).collect()
}

#[tokio::test]
async fn a_provider_that_an_admin_adds_lets_people_in_at_once_and_after_a_start() {
    let idp = Idp::start().await;
    let mut home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = home.admin.clone();
    assert_eq!(offered(&home.server).await, [""; 0]);
    let added = admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    is_documented("post", "/admin/oidc", 201, &added);
    assert_eq!((&added["source"], &added["offered"]), (&json!("console"), &json!(true)));
    assert_eq!(added["has_client_secret"], true);
    let redirect = text(&added["redirect_uri"]);
    assert!(redirect.ends_with("/api/v1/auth/oidc/home/callback"), "{redirect}");
    assert_eq!(offered(&home.server).await, ["home"]);
    let mut ada = home.browser();
    assert_eq!(sign_in(&mut ada, &idp).await, "/");
    let first = ada.me().await.unwrap();
    let seen = admin.get("/admin/oidc/home").await.is(200);
    assert_eq!(seen["people"], 1);
    drop(ada);

    home.server.restart().await;
    let mut again = home.browser();
    assert_eq!(sign_in(&mut again, &idp).await, "/");
    assert_eq!(again.me().await.unwrap()["id"], first["id"], "the same account");
}

#[tokio::test]
async fn a_change_takes_effect_at_once_and_only_upon_what_was_seen() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    let path = "/admin/oidc/home";
    let seen = admin.get(path).await;
    let tag = seen.header("etag").unwrap().to_owned();
    seen.is(200);
    let closed = admin.patch(path, json!({"sign_up": "closed", "name": "Family"})).await.is(200);
    is_documented("patch", "/admin/oidc/{provider}", 200, &closed);
    assert_eq!((&closed["sign_up"], &closed["name"]), (&json!("closed"), &json!("Family")));
    let late = admin.ask(http::Method::PATCH, path).header("if-match", &tag);
    late.json(&json!({"name": "Lost"})).await.problem(412, "stale");
    let mut ada = home.browser();
    assert_eq!(sign_in(&mut ada, &idp).await, "/login?problem=registration_closed");

    let mut away = home.browser();
    let address = away.start("home", "").await;
    let off = admin.patch(path, json!({"enabled": false, "sign_up": "open"})).await.is(200);
    assert_eq!((&off["enabled"], &off["offered"]), (&json!(false), &json!(false)));
    assert_eq!(offered(&home.server).await, [""; 0]);
    let gone = "/login?problem=not_found";
    assert_eq!(home.browser().start("home", "").await, gone);
    assert_eq!(away.back(&idp.approves(&address)).await, gone, "it was under way");
    admin.patch(path, json!({"enabled": true})).await.is(200);
    // Who signs up changes nothing of what an admin has seen.
    let seen = admin.get(path).await.header("etag").unwrap().to_owned();
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
    let named = admin.ask(http::Method::PATCH, path).header("if-match", &seen);
    assert_eq!(named.json(&json!({"name": "Us"})).await.is(200)["people"], 1);
    let late = admin.ask(http::Method::PATCH, path).header("if-match", &seen);
    late.json(&json!({"name": "Lost"})).await.problem(412, "stale");

    // What is said of a secret is kept until another is said, or none.
    let kept = admin.patch(path, json!({"name": "Home"})).await.is(200);
    assert_eq!(kept["has_client_secret"], true);
    let none = admin.patch(path, json!({"client_secret": null})).await.is(200);
    assert_eq!(none["has_client_secret"], false);
}

#[tokio::test]
async fn a_provider_that_is_removed_lets_nobody_in_and_ends_what_is_under_way() {
    let (idp, other) = (Idp::start().await, Idp::start().await);
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    let mut away = home.browser();
    let address = away.start("home", "").await;
    admin.delete("/admin/oidc/home").await.is(204);
    assert_eq!(away.start("home", "").await, "/login?problem=not_found");
    // Another in its place is asked nothing about who left for the first.
    admin.post("/admin/oidc", described("home", &other)).await.is(201);
    assert_eq!(away.back(&idp.approves(&address)).await, "/login?problem=identity_flow_invalid");
    assert!(away.me().await.is_none());
    admin.delete("/admin/oidc/home").await.is(204);
    admin.delete("/admin/oidc/home").await.problem(404, "not_found");
    admin.get("/admin/oidc/home").await.problem(404, "not_found");
}

#[tokio::test]
async fn what_the_configuration_says_of_a_provider_stays_and_goes_first() {
    let (idp, other) = (Idp::start().await, Idp::start().await);
    let mut home = Home::with(&[LOCAL.to_owned()]).await;
    home.admin.post("/admin/oidc", described("home", &other)).await.is(201);
    home.offers(&[LOCAL.to_owned(), table("home", &idp.issuer(), OPEN)]).await;
    let admin = &home.admin;
    let all = items(&admin.get("/admin/oidc").await.is(200));
    let told: Vec<_> =
        all.iter().map(|one| (one["source"].clone(), one["offered"].clone())).collect();
    let expected = [(json!("configuration"), json!(true)), (json!("console"), json!(false))];
    assert_eq!(told, expected);
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/", "at that of the configuration");
    // What is not offered for now can be changed all the same.
    let changed = admin.patch("/admin/oidc/home", json!({"enabled": false})).await.is(200);
    assert_eq!((&changed["source"], &changed["enabled"]), (&json!("console"), &json!(false)));
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/", "nothing else has changed");
    admin.delete("/admin/oidc/home").await.is(204);
    admin.delete("/admin/oidc/home").await.problem(409, "provider_configured");

    let home = Home::of(&idp, OPEN).await;
    let admin = &home.admin;
    let change = json!({"sign_up": "closed"});
    admin.patch("/admin/oidc/home", change).await.problem(409, "provider_configured");
    admin.delete("/admin/oidc/home").await.problem(409, "provider_configured");
    let same = admin.post("/admin/oidc", described("home", &idp)).await;
    same.invalid(&["/id", "/issuer"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_field() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    for (field, value) in [
        ("id", json!("Home")),
        ("id", json!("../x")),
        ("name", json!("")),
        ("issuer", json!("http://id.example")),
        ("issuer", json!("https://u:p@id.example")),
        ("client_id", json!("two\nlines")),
        ("client_secret", json!("")),
        ("scopes", json!(["two words"])),
        ("admin_group", json!("admins")),
    ] {
        let mut body = described("home", &idp);
        body[field] = value;
        let at = if field == "admin_group" { "groups_claim" } else { field };
        admin.post("/admin/oidc", body).await.invalid(&[&format!("/{at}")]);
    }
    admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    let path = "/admin/oidc/home";
    let groupless = json!({"admin_group": "admins"});
    admin.patch(path, groupless).await.invalid(&["/groups_claim"]);
    admin.patch(path, json!({"name": null})).await.invalid(&["/name"]);
    for fixed in ["id", "issuer"] {
        let body = json!({fixed: "https://other.example"});
        admin.patch(path, body).await.invalid(&[&format!("/{fixed}")]);
    }
}

#[tokio::test]
async fn a_secret_is_written_but_never_told() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    let mut told = String::new();
    told += &admin.post("/admin/oidc", described("home", &idp)).await.text();
    let secret = "c4n4ry-second-secret";
    told += &admin.patch("/admin/oidc/home", json!({"client_secret": secret})).await.text();
    for path in ["/admin/oidc", "/admin/oidc/home", "/admin/audit", "/auth/oidc"] {
        told += &admin.get(path).await.text();
    }
    told += &admin.delete("/admin/oidc/home").await.text();
    told += &home.server.log();
    assert!(!told.contains("c4n4ry"), "a secret is told");
}

#[tokio::test]
async fn an_admin_cannot_take_an_account_over_by_way_of_another_provider() {
    let (real, evil) = (Idp::start().await, Idp::start().await);
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let trusted = |idp: &Idp| {
        let mut provider = described("home", idp);
        provider["trusted_email"] = json!(true);
        provider
    };
    home.admin.post("/admin/oidc", trusted(&real)).await.is(201);
    real.says("email_verified", json!(true));
    let mut ada = home.browser();
    assert_eq!(sign_in(&mut ada, &real).await, "/");
    assert_eq!(ada.me().await.unwrap()["email_verified"], true);
    home.admin.delete("/admin/oidc/home").await.is(204);
    // Nothing opens Ada's account now, and another provider is sure that somebody is Ada.
    home.admin.post("/admin/oidc", trusted(&evil)).await.is(201);
    evil.person("eve-1", "ada@example.org");
    evil.says("email_verified", json!(true));
    let mut eve = home.browser();
    assert_eq!(sign_in(&mut eve, &evil).await, "/login?problem=identity_link_needed");
    assert!(eve.me().await.is_none());
    // Nor do apps of the admin's bring what they got of people elsewhere.
    let token = json!({"id_token": evil.token(CLIENT, None)});
    let brought = home.server.client().post("/auth/oidc/home/token", token).await;
    brought.problem(403, "provider_not_for_apps");
    for field in ["token_audiences", "apps_only"] {
        let change = json!({field: ["an-app-of-the-admins"]});
        home.admin.patch("/admin/oidc/home", change).await.invalid(&[&format!("/{field}")]);
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_log() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    let change = json!({"trusted_email": true, "scopes": ["email"]});
    admin.patch("/admin/oidc/home", change).await.is(200);
    admin.delete("/admin/oidc/home").await.is(204);
    let all = items(&admin.get("/admin/audit?limit=200").await.is(200));
    let own: Vec<_> = all
        .iter()
        .filter(|entry| text(&entry["event"]).starts_with("provider_"))
        .map(|entry| (text(&entry["event"]), entry["details"].clone()))
        .collect();
    let fields = "scopes trusted_email";
    let expected = [
        ("provider_removed", json!({"provider": "home"})),
        ("provider_changed", json!({"provider": "home", "fields": fields})),
        ("provider_added", json!({"provider": "home"})),
    ];
    assert_eq!(own, expected.map(|(event, details)| (event.to_owned(), details)));
}

#[tokio::test]
async fn asking_a_provider_says_what_is_wrong_with_it() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let admin = &home.admin;
    admin.post("/admin/oidc", described("home", &idp)).await.is(201);
    let path = "/admin/oidc/home/test";
    let test = || async { admin.post(path, json!({})).await.is(200) };
    let good = test().await;
    is_documented("post", "/admin/oidc/{provider}/test", 200, &good);
    assert_eq!((&good["works"], &good["problem"]), (&json!(true), &Value::Null));
    for (fault, problem) in [
        (Fault::Status(500), "no_provider"),
        (Fault::Body("<html>c4n4ry</html>".to_owned()), "no_provider"),
        (Fault::Redirect("http://127.0.0.1:9/".to_owned()), "no_provider"),
        (Fault::Big(2 * 1024 * 1024), "no_provider"),
        (Fault::Hang, "slow"),
    ] {
        idp.fails(DISCOVERY, fault.clone());
        let bad = test().await;
        assert_eq!((&bad["works"], &bad["problem"]), (&json!(false), &json!(problem)), "{fault:?}");
        assert!(!bad.to_string().contains("c4n4ry"), "{bad}");
    }
    idp.repents();
    idp.describes("issuer", json!("https://another.example"));
    assert_eq!(test().await["problem"], "no_provider");
    idp.repents();
    idp.describes("issuer", json!(idp.issuer()));
    assert_eq!(test().await["problem"], Value::Null);
    idp.describes("id_token_signing_alg_values_supported", json!(["HS256", "none"]));
    assert_eq!(test().await["problem"], "no_signature");
    let nobody = json!({
        "id": "nobody", "name": "Nobody", "issuer": "http://127.0.0.1:9", "client_id": "x",
    });
    admin.post("/admin/oidc", nobody).await.is(201);
    let nobody = admin.post("/admin/oidc/nobody/test", json!({})).await.is(200);
    assert_eq!(nobody["problem"], "unreachable");
}

/// Ben's space, into which he lets his group; his clone's identifier.
async fn closed_family(ben: &mut Browser<'_>) -> String {
    let space = ben.post("/spaces", &json!({"name": "The family"})).await.is(201);
    let path = format!("/spaces/{}/groups", text(&space["id"]));
    let group = json!({"provider": "home", "name": "kin-7f3a", "role": "contributor"});
    ben.post(&path, &group).await.is(201);
    format!("/spaces/{}", text(&space["id"]))
}

#[tokio::test]
async fn an_admin_reads_no_space_by_taking_another_claim_for_groups() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let mut provider = described("home", &idp);
    provider["groups_claim"] = json!("groups");
    home.admin.post("/admin/oidc", provider).await.is(201);
    idp.person("ben-1", "ben@example.org");
    idp.says("groups", json!(["kin-7f3a"]));
    let mut ben = home.browser();
    assert_eq!(sign_in(&mut ben, &idp).await, "/");
    let space = closed_family(&mut ben).await;
    // A claim that people fill in themselves there.
    home.admin.patch("/admin/oidc/home", json!({"groups_claim": "nick:name"})).await.is(200);
    idp.person("eve-1", "eve@example.org");
    idp.says("groups", json!([]));
    idp.says("nick:name", json!("kin-7f3a"));
    let mut eve = home.browser();
    assert_eq!(sign_in(&mut eve, &idp).await, "/");
    eve.get(&space).await.problem(404, "not_found");
    let groups = items(&ben.get(&format!("{space}/groups")).await.is(200));
    assert_eq!(groups[0]["provider"], Value::Null, "its owner sees that it brings nobody in");
    // With the claim that was, all is as it was.
    home.admin.patch("/admin/oidc/home", json!({"groups_claim": "groups"})).await.is(200);
    let groups = items(&ben.get(&format!("{space}/groups")).await.is(200));
    assert_eq!(groups[0]["provider"], "home");
}

#[tokio::test]
async fn who_still_owes_a_code_does_not_come_in_by_a_provider_that_is_gone() {
    for gone in ["disabled", "removed", "added again"] {
        let idp = Idp::start().await;
        let home = Home::with(&[LOCAL.to_owned()]).await;
        let admin = &home.admin;
        admin.post("/admin/oidc", described("home", &idp)).await.is(201);
        let mut first = home.browser();
        assert_eq!(sign_in(&mut first, &idp).await, "/");
        let app = App::of(&mut first).await;
        let mut second = home.browser();
        assert_eq!(sign_in(&mut second, &idp).await, "/login?step=code");
        if gone == "disabled" {
            admin.patch("/admin/oidc/home", json!({"enabled": false})).await.is(200);
        } else {
            admin.delete("/admin/oidc/home").await.is(204);
        }
        if gone == "added again" {
            admin.post("/admin/oidc", described("home", &idp)).await.is(201);
        }
        let code = json!({"totp": app.next(&home.server).await});
        let late = second.post("/auth/oidc/finish", &code).await;
        late.problem(401, "sign_in_expired");
        assert!(second.me().await.is_none(), "{gone}");
    }
}
