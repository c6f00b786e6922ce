//! What opens an account, how long, and what ends it: cookies, tokens, guesses, proofs.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::socket::{ELSEWHERE, connect_from, exchange};
use crate::support::{PASSWORD, until};

const NEW_PASSWORD: &str = "violet umbrella quartz 42";

async fn login(client: &Client, password: &str) -> Reply {
    login_as(client, "admin@example.org", password).await
}

async fn login_as(client: &Client, email: &str, password: &str) -> Reply {
    client.post("/auth/login", json!({"email": email, "password": password})).await
}

async fn refresh(client: &Client, token: &Value) -> Reply {
    client.post("/auth/refresh", json!({"refresh_token": token})).await
}

fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

/// A browser at our page: its cookies, as it would send them.
async fn browse(server: &Server, cookies: &str, password: &str) -> (u16, Vec<String>) {
    let origin = format!("http://{}", server.address());
    let body = json!({"email": "admin@example.org", "password": password});
    let ask = server.client().post("/auth/login", body).header("origin", &origin);
    let reply = if cookies.is_empty() { ask.await } else { ask.header("cookie", cookies).await };
    let set = reply.headers.get_all("set-cookie").iter();
    let set = set.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
    (reply.status, set.collect())
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_ends_the_whole_sign_in() {
    let server = Server::start().await;
    server.admin().await;
    let stranger = server.client();
    let first = login(&stranger, PASSWORD).await.is(200);
    let second = refresh(&stranger, &first["refresh_token"]).await.is(200);
    let third = refresh(&stranger, &second["refresh_token"]).await.is(200);
    bearer(&server, &third).get("/auth/me").await.is(200);
    refresh(&stranger, &first["refresh_token"]).await.problem(401, "unauthenticated");
    for session in [&first, &second, &third] {
        bearer(&server, session).get("/auth/me").await.problem(401, "unauthenticated");
        refresh(&stranger, &session["refresh_token"]).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn whoever_refreshes_twice_at_the_same_moment_gets_one_lineage() {
    let server = Server::start().await;
    server.admin().await;
    let first = login(&server.client(), PASSWORD).await.is(200);
    let mut current = first["refresh_token"].clone();
    for _ in 0..200 {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (client, token) = (server.client(), current.clone());
            asking.spawn(async move { refresh(&client, &token).await.is(200) });
        }
        let answers = asking.join_all().await;
        let next = answers[0]["refresh_token"].clone();
        assert!(answers.iter().all(|answer| answer["refresh_token"] == next));
        current = next;
    }
    server.advance(Duration::from_secs(11)).await;
    refresh(&server.client(), &first["refresh_token"]).await.problem(401, "unauthenticated");
    refresh(&server.client(), &current).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn tokens_that_we_did_not_make_open_nothing() {
    let server = Server::start().await;
    server.admin().await;
    let session = login(&server.client(), PASSWORD).await.is(200);
    let token = text(&session["access_token"]);
    let parts: Vec<&str> = token.split('.').collect();
    let other = Server::start().await;
    other.admin().await;
    let foreign = login(&other.client(), PASSWORD).await.is(200);
    for forged in [
        format!("{}.{}.", parts[0], parts[1]),
        format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        text(&foreign["access_token"]),
        text(&session["refresh_token"]),
    ] {
        let client = server.client().with_token(&forged);
        client.get("/auth/me").await.problem(401, "unauthenticated");
    }
    bearer(&server, &session).get("/auth/me").await.is(200);
}

#[tokio::test]
async fn guesses_at_one_account_have_to_wait_and_its_owner_does_not() {
    let server = Server::start().await;
    server.admin().await;
    let (status, cookies) = browse(&server, "", PASSWORD).await;
    assert_eq!(status, 200);
    let device = cookies.iter().find(|cookie| cookie.contains("cm_dev=")).expect("a device");
    let stranger = server.client();
    login(&stranger, "not this one").await.problem(401, "invalid_credentials");
    for wait in [1, 3, 5, 10, 10] {
        let refused = login(&stranger, PASSWORD).await;
        assert_eq!(refused.headers["retry-after"], wait.to_string().as_str());
        refused.problem(429, "too_many_attempts");
        // The device that signed in before is not held up by strangers.
        assert_eq!(browse(&server, device, PASSWORD).await.0, 200);
        server.advance(Duration::from_secs(wait)).await;
        login(&stranger, "nor this one").await.problem(401, "invalid_credentials");
    }
    server.advance(Duration::from_secs(10)).await;
    login(&stranger, PASSWORD).await.is(200);
    login(&stranger, PASSWORD).await.is(200);
}

#[tokio::test]
async fn an_address_that_is_no_account_is_held_up_just_the_same() {
    let server = Server::start().await;
    server.admin().await;
    let mut seen = Vec::new();
    for email in ["admin@example.org", "nobody@example.org"] {
        let client = server.client();
        let first = login_as(&client, email, "wrong horse battery").await;
        let second = login_as(&client, email, "wrong horse battery").await;
        let facts = |reply: &Reply| {
            let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
            (reply.status, names, reply.headers.get("retry-after").cloned())
        };
        let facts = (facts(&first), facts(&second));
        let mut bodies = (first.json(), second.json());
        bodies.0["request_id"].take();
        bodies.1["request_id"].take();
        seen.push((facts, bodies));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_network_address_that_guesses_at_many_accounts_has_to_wait() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_TRUSTED_PROXIES", "127.0.0.1")]).await;
    server.admin().await;
    let from = |address: &'static str, n: usize| {
        let body = json!({"email": format!("u{n}@example.org"), "password": "wrong guess"});
        server.client().post("/auth/login", body).header("x-forwarded-for", address)
    };
    for n in 0..10 {
        from("203.0.113.9", n).await.problem(401, "invalid_credentials");
    }
    from("203.0.113.9", 10).await.problem(429, "rate_limited");
    from("198.51.100.7, 203.0.113.9", 11).await.problem(429, "rate_limited");
    from("203.0.113.10", 12).await.problem(401, "invalid_credentials");
    server.advance(Duration::from_secs(60)).await;
    from("203.0.113.9", 13).await.problem(401, "invalid_credentials");
    from("203.0.113.9", 14).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn answers_say_how_much_a_network_may_still_try() {
    let server = Server::with(&[
        ("CLONEMEMORIA_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "3"),
    ])
    .await;
    server.admin().await;
    let mut seen = Vec::new();
    for who in ["admin", "nobody"] {
        let from = if who == "admin" { "203.0.113.9" } else { "203.0.113.10" };
        let ask = |name: &str, password: &str| {
            let body = json!({"email": format!("{name}@example.org"), "password": password});
            server.client().post("/auth/login", body).header("x-forwarded-for", from)
        };
        let mut left = Vec::new();
        // The second is held up by the ladder, the fourth and fifth by the bucket.
        for (name, status) in [(who, 401), (who, 429), ("other", 401), ("other", 429), (who, 429)] {
            let reply = ask(name, "wrong guess").await;
            assert_eq!(reply.status, status, "{name}: {}", reply.text());
            assert_eq!(reply.header("ratelimit-policy"), Some("\"address\";q=3;w=180"));
            let state = reply.header("ratelimit").expect("what is left");
            let (requests, seconds) = state.split_once(";t=").expect("until when");
            assert!((1..=180).contains(&seconds.parse::<u64>().unwrap()), "{state}");
            let waits = reply.header("retry-after").map(str::to_owned);
            left.push((requests.to_owned(), reply.code(), waits.is_some()));
        }
        assert_eq!(left[0].0, "\"address\";r=2");
        assert_eq!(left[4].0, "\"address\";r=0");
        server.advance(Duration::from_secs(10)).await;
        seen.push(left);
    }
    assert_eq!(seen[0], seen[1], "who has an account looks like who has none");
    // Nobody on this machine is counted, so there is nothing to say; nor is a ladder a window.
    login(&server.client(), "wrong guess").await.problem(401, "invalid_credentials");
    let refused = login(&server.client(), "wrong guess").await;
    assert!(refused.header("retry-after").is_some() && refused.header("ratelimit").is_none());
    refused.problem(429, "too_many_attempts");
}

/// Somebody at this address signs in wrongly, and says these headers.
async fn guess(server: &Server, from: Ipv4Addr, headers: &str) -> u16 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let body = json!({"email": format!("u{count}@example.org"), "password": "wrong guess"});
    let body = body.to_string();
    let text = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: memoria.local\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let answer = exchange(&mut connect_from(from, server.address()).await, &text).await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no status: {answer}"))
}

/// Ways in which somebody can say that they come from elsewhere.
fn claims(address: &str) -> [String; 6] {
    [
        format!("x-forwarded-for: {address}\r\n"),
        format!("x-forwarded-for: 198.51.100.7, {address}\r\n"),
        format!("x-forwarded-for: {address}\r\nx-forwarded-for: 127.0.0.1\r\n"),
        format!("x-real-ip: {address}\r\n"),
        format!("forwarded: for={address};proto=https\r\n"),
        format!("cf-connecting-ip: {address}\r\ntrue-client-ip: {address}\r\n"),
    ]
}

#[tokio::test]
async fn what_strangers_say_of_their_address_counts_for_nothing() {
    for proxies in ["", "127.0.0.9, 10.1.2.3"] {
        let server = Server::with(&[
            ("CLONEMEMORIA_SERVER_TRUSTED_PROXIES", proxies),
            ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "12"),
        ])
        .await;
        server.admin().await;
        let (stranger, victim) = (ELSEWHERE, Ipv4Addr::new(127, 0, 0, 3));
        for address in ["127.0.0.1", "127.0.0.3"] {
            for claim in claims(address) {
                assert_eq!(guess(&server, stranger, &claim).await, 401, "{claim}");
            }
        }
        for address in ["127.0.0.1", "127.0.0.3", "203.0.113.9", "10.0.0.1", "::1"] {
            for claim in claims(address) {
                assert_eq!(guess(&server, stranger, &claim).await, 429, "{claim}");
            }
        }
        assert_eq!(guess(&server, stranger, "").await, 429);
        // Whose address was claimed has all of theirs.
        for _ in 0..12 {
            assert_eq!(guess(&server, victim, "").await, 401);
        }
        assert_eq!(guess(&server, victim, "").await, 429);
    }
}

#[tokio::test]
async fn a_proxys_word_counts_and_what_its_client_said_before_does_not() {
    let proxy = Ipv4Addr::new(127, 0, 0, 9);
    let server = Server::with(&[
        ("CLONEMEMORIA_SERVER_TRUSTED_PROXIES", "127.0.0.8/30, 10.1.2.3"),
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "4"),
    ])
    .await;
    server.admin().await;
    let by = |chain: &str| format!("x-forwarded-for: {chain}\r\n");
    let spoofed = [
        "203.0.113.9".to_owned(),
        "127.0.0.1, 203.0.113.9".to_owned(),
        "203.0.113.77, 198.51.100.1, 203.0.113.9".to_owned(),
        // Over a second proxy of ours.
        "192.0.2.1, 203.0.113.9, 10.1.2.3".to_owned(),
    ];
    for chain in &spoofed {
        assert_eq!(guess(&server, proxy, &by(chain)).await, 401, "{chain}");
    }
    for chain in &spoofed {
        assert_eq!(guess(&server, proxy, &by(chain)).await, 429, "{chain}");
    }
    let twice = "x-forwarded-for: 192.0.2.99\r\nx-forwarded-for: 203.0.113.9\r\n";
    assert_eq!(guess(&server, proxy, twice).await, 429);
    for other in ["203.0.113.10", "203.0.113.9, 203.0.113.11", "192.0.2.1", "198.51.100.1"] {
        assert_eq!(guess(&server, proxy, &by(other)).await, 401, "{other}");
    }
    // The same word from somebody who is no proxy opens no new account of tries.
    for n in 0..4 {
        let said = by(&format!("203.0.113.{}", 100 + n));
        assert_eq!(guess(&server, ELSEWHERE, &said).await, 401);
    }
    assert_eq!(guess(&server, ELSEWHERE, &by("203.0.113.200")).await, 429);
}

#[tokio::test]
async fn weak_passwords_are_refused_wherever_one_is_set() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let register = |password: &str| {
        let body = json!({"email": "eve@example.org", "password": password, "display_name": "Eve"});
        server.client().post("/auth/register", body)
    };
    register("eve@example.org").await.invalid(&["/password"]);
    for weak in ["short", "password1234", &"x y ".repeat(40)] {
        register(weak).await.invalid(&["/password"]);
        let body = json!({"current_password": PASSWORD, "new_password": weak});
        ada.post("/auth/password/change", body).await.invalid(&["/new_password"]);
    }
    register("Sechzehn Zeichen, ein Wort: Zwetschgenknödel 🍑").await.is(201);
}

#[tokio::test]
async fn a_new_password_ends_everything_that_opened_the_account_before() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let other = login(&server.client(), PASSWORD).await.is(200);
    let (_, cookies) = browse(&server, "", PASSWORD).await;
    let body = json!({"current_password": "wrong one here", "new_password": NEW_PASSWORD});
    ada.post("/auth/password/change", body).await.problem(401, "invalid_credentials");
    server.advance(Duration::from_secs(2)).await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let renewed = ada.post("/auth/password/change", body).await.is(200);
    bearer(&server, &renewed).get("/auth/me").await.is(200);
    ada.get("/auth/me").await.problem(401, "unauthenticated");
    bearer(&server, &other).get("/auth/me").await.problem(401, "unauthenticated");
    refresh(&server.client(), &other["refresh_token"]).await.problem(401, "unauthenticated");
    let by_cookie = server.client().get("/auth/me").header("cookie", &cookies[0]).await;
    by_cookie.problem(401, "unauthenticated");
    login(&server.client(), PASSWORD).await.problem(401, "invalid_credentials");
    server.advance(Duration::from_secs(1)).await;
    login(&server.client(), NEW_PASSWORD).await.is(200);
    refresh(&server.client(), &renewed["refresh_token"]).await.is(200);
}

#[tokio::test]
async fn sensitive_things_need_a_fresh_proof() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    server.advance(Duration::from_secs(5 * 60 + 1)).await;
    ada.post("/auth/password/change", body.clone()).await.problem(401, "reauth_required");
    ada.post("/auth/reauth", json!({"password": "not mine at all"})).await.is(401);
    server.advance(Duration::from_secs(1)).await;
    let renewed = ada.post("/auth/reauth", json!({"password": PASSWORD})).await.is(200);
    assert_eq!(renewed["refresh_token"], Value::Null);
    bearer(&server, &renewed).post("/auth/password/change", body).await.is(200);
}

#[tokio::test]
async fn a_browsers_cookie_is_another_after_every_proof() {
    let server = Server::start().await;
    server.admin().await;
    let planted = "__Host-cm_sid=planted-by-somebody";
    let (_, cookies) = browse(&server, planted, PASSWORD).await;
    let cookie = cookies.iter().find(|cookie| cookie.contains("cm_sid=")).unwrap();
    assert!(!cookie.contains("planted"));
    let origin = format!("http://{}", server.address());
    let ask = server.client().post("/auth/reauth", json!({"password": PASSWORD}));
    let reply = ask.header("origin", &origin).header("cookie", cookie).await;
    let renewed = reply.headers["set-cookie"].to_str().unwrap();
    for flag in ["__Host-cm_sid=", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(renewed.contains(flag), "{renewed}");
    }
    let renewed = renewed.split(';').next().unwrap().to_owned();
    assert_ne!(&renewed, cookie);
    let me = |cookie: &str| server.client().get("/auth/me").header("cookie", cookie);
    me(cookie).await.problem(401, "unauthenticated");
    me(planted).await.problem(401, "unauthenticated");
    me(&renewed).await.is(200);
}

#[tokio::test]
async fn one_sees_ones_sign_ins_and_ends_them() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let other = server.client().post("/auth/login", body).header("user-agent", agent).await;
    let other = bearer(&server, &other.is(200));
    let open = items(&ada.get("/auth/sessions").await.is(200));
    assert_eq!(open.len(), 2);
    assert_eq!(open[0]["device"], "Firefox (Linux)");
    assert_eq!((&open[0]["current"], &open[1]["current"]), (&json!(false), &json!(true)));
    assert_eq!(open[0]["address"], "127.0.0.1");
    let path = format!("/auth/sessions/{}", id(&open[0]));
    ben.delete(&path).await.problem(404, "not_found");
    other.get("/auth/me").await.is(200);
    ada.delete(&path).await.is(204);
    ada.delete(&path).await.problem(404, "not_found");
    other.get("/auth/me").await.problem(401, "unauthenticated");
    let third = bearer(&server, &login(&server.client(), PASSWORD).await.is(200));
    ada.delete("/auth/sessions").await.is(204);
    third.get("/auth/me").await.problem(401, "unauthenticated");
    ada.get("/auth/me").await.is(200);
    ben.get("/auth/me").await.is(200);
}

#[tokio::test]
async fn an_unused_sign_in_ends_and_a_used_one_ends_later() {
    let server = Server::start().await;
    server.admin().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let unused = login(&server.client(), PASSWORD).await.is(200);
    let mut used = login(&server.client(), PASSWORD).await.is(200);
    for _ in 0..9 {
        server.advance(3 * day).await;
        used = refresh(&server.client(), &used["refresh_token"]).await.is(200);
    }
    let open = items(&bearer(&server, &used).get("/auth/sessions").await.is(200));
    assert_eq!(open.len(), 1, "those that nobody used are not listed as open");
    refresh(&server.client(), &unused["refresh_token"]).await.problem(401, "unauthenticated");
    server.advance(3 * day).await;
    refresh(&server.client(), &used["refresh_token"]).await.problem(401, "unauthenticated");
}

/// The cookie that opens, out of those that came.
fn opening(cookies: &[String]) -> String {
    cookies.iter().find(|cookie| cookie.contains("cm_sid=")).expect("a cookie").clone()
}

#[tokio::test]
async fn a_browser_that_is_used_stays_signed_in_and_an_unused_one_does_not() {
    let server = Server::start().await;
    server.admin().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let used = opening(&browse(&server, "", PASSWORD).await.1);
    let unused = opening(&browse(&server, "", PASSWORD).await.1);
    let me = |cookie: &str| server.client().get("/auth/me").header("cookie", cookie);
    let sessions = || server.client().get("/auth/sessions").header("cookie", &used);
    let last_used = |all: &Value| {
        let all = items(all);
        let own = all.iter().find(|one| one["current"] == true).expect("the current one");
        text(&own["last_used_at"])
    };
    // Looking is enough, and is noted a moment later.
    for _ in 0..9 {
        let before = last_used(&sessions().await.is(200));
        server.advance(3 * day).await;
        me(&used).await.is(200);
        let noted =
            || async { Some(last_used(&sessions().await.is(200))).filter(|at| *at > before) };
        until("the use is noted", noted).await;
    }
    me(&unused).await.problem(401, "unauthenticated");
    server.advance(4 * day).await;
    me(&used).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_browser_is_told_to_keep_its_cookie_as_long_as_it_can_live() {
    let server = Server::start().await;
    server.admin().await;
    let origin = format!("http://{}", server.address());
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let first = server.client().post("/auth/login", body).header("origin", &origin).await;
    let kept = |reply: &Reply| {
        let set = reply.headers.get_all("set-cookie").iter();
        let set = set.map(|value| value.to_str().unwrap()).find(|set| set.contains("cm_sid="));
        let (_, age) = set.unwrap().split_once("Max-Age=").unwrap();
        age.split(';').next().unwrap().parse::<u64>().unwrap()
    };
    let days = |days: u64| (days * 24 * 60 * 60 - 60)..=(days * 24 * 60 * 60);
    assert!(days(30).contains(&kept(&first)), "{}", kept(&first));
    let cookie = first.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    assert!(days(7).contains(&first.json()["expires_in"].as_u64().unwrap()));
    server.advance(Duration::from_secs(5 * 24 * 60 * 60)).await;
    let renew = server.client().post("/auth/refresh", json!({})).header("origin", &origin);
    let again = renew.header("cookie", cookie).await;
    assert!(days(25).contains(&kept(&again)), "{}", kept(&again));
    assert!(days(7).contains(&again.is(200)["expires_in"].as_u64().unwrap()));
}

#[tokio::test]
async fn signing_in_again_ends_what_the_browser_had() {
    let server = Server::start().await;
    server.admin().await;
    let me = |cookie: &str| server.client().get("/auth/me").header("cookie", cookie);
    let first = opening(&browse(&server, "", PASSWORD).await.1);
    let other = opening(&browse(&server, "", PASSWORD).await.1);
    let second = opening(&browse(&server, &first, PASSWORD).await.1);
    me(&first).await.problem(401, "unauthenticated");
    for good in [&other, &second] {
        me(good).await.is(200);
    }
    // Who does not get in ends nothing.
    assert_eq!(browse(&server, &second, "wrong umbrella quartz 42").await.0, 401);
    me(&second).await.is(200);
}

#[tokio::test]
async fn sign_ins_live_through_a_restart() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let session = login(&server.client(), PASSWORD).await.is(200);
    server.restart().await;
    server.again(&ada).get("/auth/me").await.is(200);
    refresh(&server.client(), &session["refresh_token"]).await.is(200);
}

#[tokio::test]
async fn a_stale_cookie_beside_a_token_changes_nothing() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ask = ada.ask(Method::POST, "/clones").json(&json!({"name": "Maria"}));
    ask.header("cookie", "__Host-cm_sid=stale").await.is(201);
}

#[tokio::test]
async fn a_running_stream_ends_a_moment_after_its_sign_in() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["We swam"]).ending(End::Hang)));
    let server = Server::answering_from(&llm.base_url()).await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    let conversation = ada.converse(&clone).await;
    let mut events = ada.say_streaming(&conversation, "Where did you swim?").await;
    while events.next().await.expect("a delta").name != "delta" {}
    let other = bearer(&server, &login(&server.client(), PASSWORD).await.is(200));
    let sessions = items(&other.get("/auth/sessions").await.is(200));
    let first = sessions.iter().find(|session| session["current"] == false).unwrap();
    let ended = std::time::Instant::now();
    other.delete(&format!("/auth/sessions/{}", id(first))).await.is(204);
    let last = events.next().await.expect("a last word");
    assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!("unauthenticated")));
    assert!(events.next().await.is_none());
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
}

#[tokio::test]
async fn no_token_is_said_to_last_longer_than_its_sign_in() {
    let server = Server::start().await;
    server.admin().await;
    let stranger = server.client();
    let mut session = login(&stranger, PASSWORD).await.is(200);
    for _ in 0..5 {
        server.advance(Duration::from_secs(6 * 24 * 60 * 60 - 20)).await;
        session = refresh(&stranger, &session["refresh_token"]).await.is(200);
    }
    let lasts = session["expires_in"].as_u64().expect("a number");
    assert!((60..=100).contains(&lasts), "{lasts}");
    server.advance(Duration::from_secs(100)).await;
    let late = stranger.with_token(&text(&session["access_token"])).get("/auth/me").await;
    late.problem(401, "unauthenticated");
}
