//! Providers, browsers and strangers that lie: OIDC-1 to OIDC-7 of the requirements.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use crate::oidc::{Home, OPEN, sign_in, table};
use crate::support::browser::{Browser, altered, parameter};
use crate::support::client::items;
use crate::support::idp::{CLIENT, DISCOVERY, Draft, Fault, Idp, Signer};
use crate::support::{PASSWORD, quoted};

const NO_FLOW: &str = "/login?problem=identity_flow_invalid";
const NO_TOKEN: &str = "/login?problem=identity_token_invalid";
const FAILED: &str = "/login?problem=identity_provider_failed";

/// The provider's answer, ready to be brought back.
async fn approved(browser: &mut Browser<'_>, idp: &Idp) -> String {
    let address = browser.start("home", "").await;
    idp.approves(&address)
}

#[tokio::test]
async fn only_the_browser_that_began_a_sign_in_finishes_it_and_once() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    for (name, value, end) in [
        ("state", None, NO_FLOW),
        ("state", Some("altered"), NO_FLOW),
        ("code", None, "/login?problem=identity_denied"),
        ("code", Some("altered"), "/login?problem=identity_denied"),
        ("iss", Some("https://evil.example"), NO_TOKEN),
    ] {
        let mut ada = home.browser();
        let back = approved(&mut ada, &idp).await;
        assert_eq!(ada.back(&altered(&back, name, value)).await, end, "{name}: {value:?}");
        assert!(ada.me().await.is_none());
        if name != "state" {
            assert_eq!(ada.back(&back).await, NO_FLOW, "it is over: {name}");
        }
    }
    // Somebody else's answer, in a browser that began nothing, and in one that began another.
    let mut eve = home.browser();
    let hers = approved(&mut eve, &idp).await;
    assert_eq!(home.browser().back(&hers).await, NO_FLOW);
    assert_eq!(eve.back(&hers).await, NO_FLOW, "it is over");
    let (mut eve, mut ada) = (home.browser(), home.browser());
    let hers = approved(&mut eve, &idp).await;
    approved(&mut ada, &idp).await;
    assert_eq!(ada.back(&hers).await, NO_FLOW);
    // The code of another sign-in.
    let (mut eve, mut ada) = (home.browser(), home.browser());
    let hers = approved(&mut eve, &idp).await;
    let own = approved(&mut ada, &idp).await;
    let mixed = altered(&own, "code", parameter(&hers, "code").as_deref());
    assert_eq!(ada.back(&mixed).await, "/login?problem=identity_denied");
    // Too late.
    let mut ada = home.browser();
    let back = approved(&mut ada, &idp).await;
    home.server.advance(Duration::from_secs(600)).await;
    idp.advance(Duration::from_secs(600));
    assert_eq!(ada.back(&back).await, NO_FLOW);
    // And twice.
    let mut ada = home.browser();
    let back = approved(&mut ada, &idp).await;
    assert_eq!(ada.back(&back).await, "/");
    let signed_in = ada.jar.clone();
    assert_eq!(ada.back(&back).await, NO_FLOW);
    assert_eq!(ada.jar, signed_in);
    let refused = ada.start("home", "").await;
    assert_eq!(ada.back(&idp.refuses(&refused)).await, "/login?problem=identity_denied");
}

#[tokio::test]
async fn a_bad_id_token_opens_nothing() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    type Lie = (&'static str, fn(&mut Draft));
    let lies: [Lie; 24] = [
        ("another issuer", |d| d.claims["iss"] = json!("https://evil.example")),
        ("an issuer with a slash", |d| {
            d.claims["iss"] = json!(format!("{}/", d.claims["iss"].as_str().unwrap()));
        }),
        ("another audience", |d| d.claims["aud"] = json!("another")),
        ("no audience", |d| drop(d.claims.as_object_mut().unwrap().remove("aud"))),
        ("one more audience", |d| d.claims["aud"] = json!([CLIENT, "another"])),
        ("expired", |d| d.claims["exp"] = json!(d.claims["iat"].as_u64().unwrap() - 1)),
        ("from the future", |d| d.claims["iat"] = json!(d.claims["iat"].as_u64().unwrap() + 120)),
        ("not good yet", |d| d.claims["nbf"] = json!(d.claims["iat"].as_u64().unwrap() + 120)),
        ("good from who knows when", |d| d.claims["nbf"] = json!("soon")),
        ("no nonce", |d| drop(d.claims.as_object_mut().unwrap().remove("nonce"))),
        ("another nonce", |d| d.claims["nonce"] = json!("another")),
        ("not signed", |d| {
            d.header = json!({"alg": "none"});
            d.signer = Signer::Nobody;
        }),
        ("without its signature", |d| d.signer = Signer::Nobody),
        ("signed with the client secret", |d| {
            d.header = json!({"alg": "HS256"});
            d.signer = Signer::Secret;
        }),
        ("signed with the client secret, says RS256", |d| d.signer = Signer::Secret),
        ("an unknown key", |d| d.header["kid"] = json!("unknown")),
        ("another's key under a known name", |d| {
            d.header = json!({"alg": "ES256", "kid": "ec-one"});
            d.signer = Signer::Stranger;
        }),
        ("a key of another kind", |d| d.header["kid"] = json!("ec-one")),
        ("tampered with", |d| d.tampered = true),
        ("for another access token", |d| d.claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("no subject", |d| drop(d.claims.as_object_mut().unwrap().remove("sub"))),
        ("an empty subject", |d| d.claims["sub"] = json!("")),
        ("made for another client", |d| d.claims["azp"] = json!("another")),
        ("of another type", |d| d.header["typ"] = json!("at+jwt")),
    ];
    for (lie, twist) in lies {
        idp.twists(twist);
        let mut ada = home.browser();
        let end = sign_in(&mut ada, &idp).await;
        assert!(end == NO_TOKEN || end == FAILED, "{lie}: {end}");
        assert!(ada.me().await.is_none(), "{lie}");
        // The same token, brought by an app.
        let body = json!({"id_token": idp.token(CLIENT, Some("n")), "nonce": "n"});
        if lie != "for another access token" {
            let reply = home.server.client().post("/auth/oidc/home/token", body).await;
            reply.problem(403, "identity_token_invalid");
        }
    }
    idp.repents();
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
}

/// Whoever runs the machine reads why, and nothing of the person.
#[tokio::test]
async fn the_log_says_once_why_a_provider_is_not_believed() {
    let idp = Idp::start().await;
    let mut home = Home::of(&idp, OPEN).await;
    type Lie = (&'static str, fn(&mut Draft));
    let lies: [Lie; 5] = [
        ("its audience", |d| d.claims["aud"] = json!("another")),
        ("its issuer", |d| d.claims["iss"] = json!("https://evil.example")),
        ("its nonce", |d| d.claims["nonce"] = json!("another")),
        ("its key is unknown", |d| d.header["kid"] = json!("unknown")),
        ("its algorithm", |d| {
            d.header = json!({"alg": "HS256"});
            d.signer = Signer::Secret;
        }),
    ];
    for (_, twist) in lies {
        idp.twists(twist);
        assert_eq!(sign_in(&mut home.browser(), &idp).await, NO_TOKEN);
    }
    let body = json!({"id_token": idp.token(CLIENT, None)});
    let brought = home.server.client().post("/auth/oidc/home/token", body).await;
    brought.problem(403, "identity_token_invalid");
    idp.repents();
    let mut ada = home.browser();
    let back = altered(&approved(&mut ada, &idp).await, "code", Some("altered"));
    assert_eq!(ada.back(&back).await, "/login?problem=identity_denied");
    home.server.stop().await;
    let log = home.server.log();
    let told: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("a sign-in at a provider was refused"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let causes = lies.map(|(cause, _)| cause).into_iter();
    let causes: Vec<_> = causes.chain(["its algorithm", "neither the code"]).collect();
    assert_eq!(told.len(), causes.len(), "{told:?}");
    for (line, cause) in told.iter().zip(causes) {
        let line = line.to_string();
        assert!(line.contains("WARN") && line.contains("\"home\""), "{line}");
        assert!(line.contains(cause), "{cause}: {line}");
    }
    for personal in ["ada-1", "ada@", "Lovelace", "eyJ", "evil.example"] {
        assert!(!log.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn the_answer_of_one_provider_is_not_taken_for_anothers() {
    let (honest, evil) = (Idp::start().await, Idp::start().await);
    honest.names_itself();
    let home =
        Home::with(&[table("home", &honest.issuer(), OPEN), table("evil", &evil.issuer(), OPEN)])
            .await;
    let mut ada = home.browser();
    assert_eq!(sign_in(&mut ada, &honest).await, "/");
    // Begun at one, brought to the address of the other.
    let mut ada = home.browser();
    let back = approved(&mut ada, &honest).await;
    let moved = back.replace("/oidc/home/", "/oidc/evil/");
    assert_eq!(ada.back(&moved).await, NO_FLOW);
    assert_eq!(evil.asked("/token"), 0, "the code is not handed over");
    // A provider that names itself in answers must do so in each.
    for iss in [None, Some(evil.issuer()), Some(format!("{}/", honest.issuer()))] {
        let mut ada = home.browser();
        let before = honest.asked("/token");
        let back = approved(&mut ada, &honest).await;
        assert_eq!(ada.back(&altered(&back, "iss", iss.as_deref())).await, NO_TOKEN, "{iss:?}");
        assert_eq!(honest.asked("/token"), before, "the code is not used");
    }
    // One that sends people to the other, to get at their code.
    let page = format!("{}/authorize", honest.issuer());
    let fresh = Idp::start().await;
    fresh.describes("authorization_endpoint", json!(page));
    let home =
        Home::with(&[table("home", &honest.issuer(), OPEN), table("evil", &fresh.issuer(), OPEN)])
            .await;
    let mut ada = home.browser();
    let address = ada.start("evil", "").await;
    let back = honest.approves(&address);
    assert_eq!(ada.back(&back).await, NO_TOKEN);
    assert_eq!(fresh.asked("/token"), 0, "the code is not handed over");
}

#[tokio::test]
async fn nobody_gets_an_account_by_naming_its_address() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, &format!("{OPEN}\ntrusted_email = true")).await;
    home.server.account("ada").await;
    let needed = "/login?problem=identity_link_needed";
    for (email, verified, end) in [
        ("ada@example.org", json!(true), needed),
        ("ada@example.org", json!(false), needed),
        ("ada@example.org", Value::Null, needed),
        ("ada@example.org", json!("true"), FAILED),
        ("ada@example.org", json!(1), FAILED),
        ("ADA@EXAMPLE.ORG", json!(true), needed),
        (" ada@example.org ", json!(true), needed),
        ("ａｄａ@example.org", json!(true), needed),
        ("ada@ｅxample.org", json!(true), needed),
        // A twin to the eye, and somebody else: gets an account of its own.
        ("аda@example.org", json!(true), "/"),
    ] {
        idp.person(&format!("eve-{email}-{verified}").replace('@', "-"), email);
        idp.says("email_verified", verified.clone());
        let mut eve = home.browser();
        assert_eq!(sign_in(&mut eve, &idp).await, end, "{email}: {verified}");
        let me = eve.me().await;
        assert_eq!(me.is_some(), end == "/");
        assert!(me.is_none_or(|me| me["display_name"] != "ada"));
    }
    let mut ada = home.signed_in("ada@example.org").await;
    assert_eq!(items(&ada.get("/auth/me/identities").await.is(200)), [] as [Value; 0]);
    // An account made by a provider that proves nothing says nothing about the address.
    let liar = Idp::start().await;
    let home = Home::of(&liar, OPEN).await;
    liar.person("eve", "victim@example.org");
    let mut eve = home.browser();
    assert_eq!(sign_in(&mut eve, &liar).await, "/");
    assert_eq!(eve.me().await.unwrap()["email_verified"], false);
    // And whoever signs in at home as its person does not land in it.
    liar.person("the-victim", "victim@example.org");
    assert_eq!(sign_in(&mut home.browser(), &liar).await, needed);
}

#[tokio::test]
async fn a_provider_leads_nowhere_else_and_is_not_asked_without_end() {
    let witness = Idp::start().await;
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let secret = format!("{}/.well-known/openid-configuration", witness.issuer());
    idp.fails(DISCOVERY, Fault::Redirect(secret.clone()));
    assert_eq!(home.browser().start("home", "").await, FAILED);
    idp.repents();
    idp.fails("/jwks", Fault::Redirect(secret));
    assert_eq!(home.browser().start("home", "").await, FAILED);
    idp.fails("/jwks", Fault::Big(10 << 20));
    assert_eq!(home.browser().start("home", "").await, FAILED);
    idp.repents();
    for issuer in [witness.issuer(), format!("{}/", idp.issuer()), "https://evil.example".into()] {
        idp.describes("issuer", json!(issuer));
        assert_eq!(home.browser().start("home", "").await, FAILED, "{issuer}");
    }
    idp.describes("issuer", json!(idp.issuer()));
    assert_eq!(witness.asked(DISCOVERY), 0);
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
    let before = idp.asked("/jwks");
    idp.twists(|draft| draft.header["kid"] = json!("unknown"));
    let flood = async || {
        for n in 0..100 {
            let body = json!({"id_token": idp.token(CLIENT, Some(&n.to_string()))});
            let reply = home.server.client().post("/auth/oidc/home/token", body).await;
            reply.problem(403, "identity_token_invalid");
        }
    };
    flood().await;
    assert_eq!(idp.asked("/jwks"), before, "they were fetched a moment ago");
    home.server.advance(Duration::from_secs(61)).await;
    flood().await;
    assert_eq!(idp.asked("/jwks"), before + 1);
    // Keys that are really others are found.
    idp.repents();
    idp.rotates("two");
    home.server.advance(Duration::from_secs(61)).await;
    idp.advance(Duration::from_secs(122));
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
    assert_eq!(idp.asked("/jwks"), before + 2);
}

#[tokio::test]
async fn an_access_token_that_is_no_header_harms_nobody() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut ada = home.browser();
    // It is needed to ask for the address.
    idp.says("email", Value::Null);
    idp.twists(|draft| drop(draft.claims.as_object_mut().unwrap().remove("at_hash")));
    for access in ["a\r\nb: c", "\u{0}", "é", " "] {
        let address = ada.start("home", "").await;
        let back = idp.approves(&address);
        let token = idp.token(CLIENT, parameter(&address, "nonce").as_deref());
        let body = json!({"access_token": access, "token_type": "Bearer", "id_token": token});
        idp.fails("/token", Fault::Body(body.to_string()));
        assert_eq!(ada.back(&back).await, FAILED, "{access:?}");
        assert_eq!(idp.asked("/userinfo"), 0);
    }
    idp.fails("/token", Fault::Big(2 << 20));
    let back = approved(&mut ada, &idp).await;
    assert_eq!(ada.back(&back).await, FAILED);
    idp.fails("/token", Fault::Status(500));
    let back = approved(&mut ada, &idp).await;
    assert!(ada.back(&back).await.starts_with("/login?problem=identity_"));
}

#[tokio::test]
async fn a_provider_that_fails_hurts_nobody_but_its_own_sign_in() {
    let (slow, garbage) = (Idp::start().await, Idp::start().await);
    let down = Idp::start().await.issuer();
    slow.fails(DISCOVERY, Fault::Hang);
    garbage.fails(DISCOVERY, Fault::Body("<html>".to_owned()));
    let home = Home::with(&[
        table("slow", &slow.issuer(), OPEN),
        table("garbage", &garbage.issuer(), OPEN),
        table("down", &down, OPEN),
    ])
    .await;
    for provider in ["garbage", "down"] {
        let begun = Instant::now();
        assert_eq!(home.browser().start(provider, "").await, FAILED);
        assert!(begun.elapsed() < Duration::from_secs(6), "{provider}");
    }
    let begun = Instant::now();
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let mut waiting = home.browser();
    let mut another = home.browser();
    let hanging = async {
        let both = tokio::join!(waiting.start("slow", ""), another.start("slow", ""));
        assert_eq!(both, (FAILED.to_owned(), FAILED.to_owned()));
    };
    let meanwhile = async {
        for _ in 0..20 {
            let begun = Instant::now();
            home.server.client().post("/auth/login", body.clone()).await.is(200);
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        }
    };
    tokio::join!(hanging, meanwhile);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    slow.repents();
    let address = home.browser().start("slow", "").await;
    assert!(address.starts_with(&slow.issuer()), "it is well again: {address}");
}

/// Addresses that lead elsewhere, or try to.
const ELSEWHERE: &[&str] = &[
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "evil.example",
    "evil.example/login",
    "@evil.example",
    "http:evil.example",
    "https:/evil.example",
    "http:\\\\evil.example",
    "https:evil.example",
    "//evil.example@ours",
    "/..//evil.example",
    "/a/..//evil.example",
    "/.//evil.example",
    "/./..//evil.example",
    "//%65vil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/x\r\nLocation: https://evil.example",
    "/\u{2028}/evil.example",
    "//\u{ff0e}evil.example",
    "/\u{3000}/evil.example",
    "?next=x",
    "#x",
    "",
    "//user:pass@evil.example/",
    "//[::1]/",
    "//127.0.0.1:1/",
    "/\0/evil.example",
    "/api/v1/auth/oidc/home/start",
    "/a/../api/v1/auth/logout",
    "https://evil.example/?a=/b",
];

#[tokio::test]
async fn nobody_is_led_out_of_the_app() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let origin = home.browser().origin();
    assert!(ELSEWHERE.len() >= 50);
    for text in ELSEWHERE {
        let mut ada = home.browser();
        let address = ada.start("home", &format!("?redirect_to={}", quoted(text))).await;
        let end = ada.back(&idp.approves(&address)).await;
        assert!(
            end.starts_with('/') && !end.starts_with("//") && !end.contains('\\'),
            "{text:?}: {end}"
        );
        let led = Url::parse(&origin).unwrap().join(&end).unwrap();
        assert_eq!(led.origin().ascii_serialization(), origin, "{text:?}: {end}");
        assert!(
            !led.path().starts_with("//") && !led.path().starts_with("/api/"),
            "{text:?}: {end}"
        );
    }
    assert_eq!(home.browser().get("/auth/oidc").await.is(200)["items"][0]["id"], "home");
}
