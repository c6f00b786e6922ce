//! An admin's look at what is not theirs: what it opens, what it does not, how it ends, and what
//! the person learns.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::admin::{account_id, login};
use crate::contract::is_documented;
use crate::matrix::all_operations;
use crate::matrix::table::{Need, TABLE, body_of, dressed};
use crate::matrix::things::attached;
use crate::matrix::world::{Things, World};
use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::smtp::{Offer, Smtp};
use crate::support::until;

const REASON: &str = "Ada asked why her last import is incomplete.";

/// Ada with a clone, a memory that only she reads, and a conversation.
struct House {
    server: Server,
    admin: Client,
    ada: Client,
    account: String,
    clone: String,
    memory: String,
    conversation: String,
}

impl House {
    async fn new() -> Self {
        Self::on(Server::start().await).await
    }

    async fn on(server: Server) -> Self {
        let admin = server.admin().await;
        let ada = server.account("ada").await;
        let clone = ada.new_clone("Grandma Rose").await;
        let secret = json!({"content": "We swam in the cold lake.", "visibility": "author"});
        let memory = id(&ada.remember_as(&clone, secret).await);
        let conversation = ada.converse(&clone).await;
        ada.say(&conversation, "Where did you swim?").await;
        let account = account_id(&ada).await;
        Self { server, admin, ada, account, clone, memory, conversation }
    }

    async fn begin(&self) -> String {
        id(&begin(&self.admin, &self.account).await)
    }

    /// What can be read behind glass.
    fn readable(&self) -> Vec<String> {
        let Self { clone, memory, conversation, .. } = self;
        vec![
            format!("/clones/{clone}"),
            format!("/clones/{clone}/settings"),
            format!("/clones/{clone}/memories"),
            format!("/clones/{clone}/memories/{memory}"),
            format!("/clones/{clone}/memories/{memory}/revisions"),
            format!("/clones/{clone}/people"),
            format!("/clones/{clone}/timeline"),
            format!("/clones/{clone}/search?q=lake"),
            format!("/clones/{clone}/conversations"),
            format!("/conversations/{conversation}"),
            format!("/conversations/{conversation}/messages"),
            format!("/conversations/{conversation}/export?format=txt"),
        ]
    }

    async fn is_closed(&self, admin: &Client) {
        for path in self.readable() {
            admin.get(&path).await.problem(404, "not_found");
        }
    }
}

async fn begin(admin: &Client, account: &str) -> Value {
    let body = json!({"account_id": account, "reason": REASON, "minutes": 10});
    admin.post("/admin/break-glass", body).await.is(201)
}

async fn notices(client: &Client) -> Vec<Value> {
    items(&client.get("/notifications").await.is(200))
}

#[tokio::test]
async fn an_admin_reads_what_is_personal_and_the_person_is_told() {
    let house = House::new().await;
    house.is_closed(&house.admin).await;
    let begun = begin(&house.admin, &house.account).await;
    is_documented("post", "/admin/break-glass", 201, &begun);
    assert_eq!((&begun["running"], &begun["own"]), (&json!(true), &json!(true)));
    let told = notices(&house.ada).await.remove(0);
    assert_eq!((&told["topic"], &told["detail"]), (&json!("break_glass"), &json!(REASON)));
    assert_eq!((&told["by"], &told["until"]), (&json!("The Admin"), &begun["until"]));

    let path = format!("/admin/break-glass/{}/clones", id(&begun));
    let clones = house.admin.get(&path).await.is(200);
    is_documented("get", "/admin/break-glass/{break_glass_id}/clones", 200, &clones);
    assert_eq!(items(&clones), [json!({"id": house.clone, "name": "Grandma Rose"})]);
    for path in house.readable() {
        let shown = house.admin.get(&path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert!(
            !["/memories", "search"].iter().any(|end| path.contains(end))
                || path.contains("revisions")
                || shown.text().contains("lake"),
            "{path}"
        );
    }
    house.admin.delete(&format!("/admin/break-glass/{}", id(&begun))).await.is(204);
    house.is_closed(&house.admin).await;
    house.admin.get(&path).await.problem(404, "not_found");
    let told = notices(&house.ada).await.remove(0);
    assert_eq!((&told["topic"], &told["by"]), (&json!("break_glass_ended"), &json!("The Admin")));
    let opened = "Grandma Rose, Where did you swim?";
    assert_eq!(told["detail"], opened, "the clone and a conversation with it");
    let looks = house.ada.get("/auth/me/break-glass").await.is(200);
    is_documented("get", "/auth/me/break-glass", 200, &looks);
    let look = items(&looks).remove(0);
    assert_eq!((&look["by"], &look["reason"]), (&json!("The Admin"), &json!(REASON)));
    assert_eq!(look["running"], false);
    let opened = look["opened"].as_array().unwrap();
    assert_eq!(each(opened, "kind"), ["list", "clone", "conversation"]);
    assert_eq!(opened[1]["name"], "Grandma Rose");
    let list = house.admin.get("/admin/break-glass").await.is(200);
    is_documented("get", "/admin/break-glass", 200, &list);
    assert_eq!(
        (&items(&list)[0]["opened"], &items(&list)[0]["ended_by"]),
        (&json!(2), &json!("admin"))
    );
    assert!(!list.to_string().contains("Rose"), "what was opened, only the person sees");

    let log = items(&house.admin.get("/admin/audit?limit=200").await.is(200));
    let glass: Vec<&str> =
        each(&log, "event").into_iter().filter(|event| event.starts_with("break_glass")).collect();
    let used = "break_glass_used";
    assert_eq!(glass, ["break_glass_ended", used, used, used, "break_glass_begun"]);
    assert!(log.iter().all(|entry| !entry.to_string().contains("incomplete")));
    let activity = items(&house.ada.get("/auth/me/activity").await.is(200));
    assert_eq!(
        (&activity[0]["event"], &activity[0]["by"]),
        (&json!("break_glass_ended"), &json!("admin"))
    );
}

#[tokio::test]
async fn it_is_told_by_mail_with_who_why_and_how_long() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let house = House::on(Server::with(&settings).await).await;
    let before = smtp.mails().len();
    let glass = house.begin().await;
    let about = |mails: Vec<crate::support::smtp::Received>| {
        mails.into_iter().find(|mail| mail.text().contains("import is incomplete"))
    };
    let mail = until("the mail comes", || async { about(smtp.mails()) }).await;
    assert_eq!(mail.to, "ada@example.org");
    assert!(mail.text().contains("Who: “The Admin”") && mail.text().contains("Until: "));
    house.admin.get(&format!("/clones/{}", house.clone)).await.is(200);
    house.admin.delete(&format!("/admin/break-glass/{glass}")).await.is(204);
    let ended = until("the second mail comes", || async {
        smtp.mails().into_iter().find(|mail| mail.text().contains("that is listed in your"))
    });
    let ended = ended.await;
    assert_eq!(ended.to, "ada@example.org");
    assert!(!ended.text().contains("Rose"), "what was opened stays in the app");
    assert!(smtp.mails().len() >= before + 2);
}

#[tokio::test]
async fn it_is_this_sign_in_of_this_admin_and_nobody_else() {
    let house = House::new().await;
    let other = login(&house.server, "admin").await;
    let ben = house.server.account("ben").await;
    let path = format!("/admin/users/{}", account_id(&ben).await);
    house.admin.patch(&path, json!({"is_admin": true})).await.is(200);
    let ben = login(&house.server, "ben").await;
    let glass = house.begin().await;
    for stranger in [&other, &ben] {
        house.is_closed(stranger).await;
        let path = format!("/admin/break-glass/{glass}/clones");
        stranger.get(&path).await.problem(404, "not_found");
    }
    // A key of the admin's is no sign-in.
    let key = house.admin.post("/api-keys", json!({"label": "x", "scopes": ["read", "chat"]}));
    let key = text(&key.await.is(201)["key"]);
    let asked = house.server.client().get(&format!("/clones/{}", house.clone));
    asked.header("x-api-key", &key).await.problem(404, "not_found");
    // Lists stay the admin's own.
    for path in ["/clones", "/conversations", "/memories", "/trash", "/spaces"] {
        let shown = house.admin.get(path).await.is(200).to_string();
        assert!(!shown.contains("Rose") && !shown.contains(&house.clone), "{path}");
    }
    // Another admin may end it.
    ben.delete(&format!("/admin/break-glass/{glass}")).await.is(204);
    house.is_closed(&house.admin).await;
    ben.delete(&format!("/admin/break-glass/{glass}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn it_opens_nothing_that_is_others_as_well() {
    let house = House::new().await;
    let space = id(&house.ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let shared = id(&house.ada.post("/clones", body).await.is(201));
    house.ada.remember(&shared, "Ben told this.").await;
    let talk = house.ada.converse(&shared).await;
    let ben = house.server.account("ben").await;
    let his = ben.new_clone("His").await;
    house.begin().await;
    for path in [
        format!("/clones/{shared}"),
        format!("/clones/{shared}/memories"),
        format!("/conversations/{talk}"),
        format!("/clones/{his}"),
        format!("/spaces/{space}"),
    ] {
        house.admin.get(&path).await.problem(404, "not_found");
    }
    // What leaves the personal space is closed at once; what comes into it is not hers to see.
    let path = format!("/clones/{}", house.clone);
    house.admin.get(&path).await.is(200);
    house.ada.patch(&path, json!({"space_id": space})).await.is(200);
    house.is_closed(&house.admin).await;
}

#[tokio::test]
async fn it_ends_with_its_time_the_sign_in_or_the_rank() {
    for how in ["time", "sign_in", "password", "rank", "locked_out"] {
        let house = House::new().await;
        let ben = house.server.account("ben").await;
        let ben_path = format!("/admin/users/{}", account_id(&ben).await);
        house.admin.patch(&ben_path, json!({"is_admin": true})).await.is(200);
        let ben = login(&house.server, "ben").await;
        let own = format!("/admin/users/{}", account_id(&house.admin).await);
        house.begin().await;
        let path = format!("/clones/{}", house.clone);
        house.admin.get(&path).await.is(200);
        let (code, ended_by) = match how {
            "time" => {
                // Longer than an access token lives, so it is asked for with the same sign-in.
                house.server.advance(Duration::from_secs(9 * 60 + 58)).await;
                house.admin.get(&path).await.is(200);
                house.server.advance(Duration::from_secs(2)).await;
                (None, "time")
            }
            "sign_in" => {
                house.admin.ask(Method::POST, "/auth/logout").await.is(204);
                (Some(401), "sign_in")
            }
            "password" => {
                let body = json!({
                    "current_password": crate::support::PASSWORD,
                    "new_password": "violet umbrella quartz 42",
                });
                let renewed = house.admin.post("/auth/password/change", body).await;
                assert!(renewed.status < 300, "{}", renewed.text());
                (Some(401), "sign_in")
            }
            "rank" => {
                ben.patch(&own, json!({"is_admin": false})).await.is(200);
                (Some(401), "sign_in")
            }
            _ => {
                ben.delete(&format!("{own}/sessions")).await.is(204);
                (Some(401), "sign_in")
            }
        };
        let reply = house.admin.get(&path).await;
        assert!(code.is_none_or(|code| reply.status == code), "{how}: {}", reply.status);
        assert_ne!(reply.status, 200, "{how}");
        let fresh = login(&house.server, "ben").await;
        let ended = until("it has ended", || async {
            let list = items(&fresh.get("/admin/break-glass").await.is(200));
            list[0]["ended_by"].as_str().map(str::to_owned)
        });
        assert_eq!(ended.await, ended_by, "{how}");
        let ada = login(&house.server, "ada").await;
        assert_eq!(notices(&ada).await[0]["topic"], "break_glass_ended", "{how}");
    }
}

#[tokio::test]
async fn it_needs_a_reason_a_time_and_somebody_else() {
    let house = House::new().await;
    let ask = |body: Value| house.admin.post("/admin/break-glass", body);
    let good = json!({"account_id": house.account, "reason": REASON});
    for (field, bad) in [
        ("reason", json!("too short")),
        ("reason", json!("x".repeat(501))),
        ("minutes", json!(4)),
        ("minutes", json!(61)),
        ("account_id", json!("x")),
        ("account_id", json!("01a1fcac-b255-7500-b535-1683378e5dd7")),
        ("account_id", json!(account_id(&house.admin).await)),
    ] {
        let mut body = good.clone();
        body[field] = bad;
        ask(body).await.invalid(&[&format!("/{field}")]);
    }
    assert!(notices(&house.ada).await.is_empty(), "nothing happened, nothing is told");
    house.ada.post("/admin/break-glass", good.clone()).await.problem(403, "admin_only");
    let begun = ask(good.clone()).await.is(201);
    let since = |field: &str| begun[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!((since("until") - since("begun_at")).total(jiff::Unit::Minute).unwrap(), 15.0);
    ask(good.clone()).await.problem(409, "break_glass_running");
    house.server.advance(Duration::from_secs(5 * 60 + 1)).await;
    ask(good).await.problem(401, "reauth_required");
}

/// Where only what is in the personal space stands for the parameters of paths.
async fn personal(world: &World) -> Things {
    let mut things = world.things.clone();
    let clone = world.ada.new_clone("Hers alone").await;
    let memory = id(&world.ada.remember(&clone, "It is private.").await);
    let person = world.ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"}));
    let conversation = world.ada.converse(&clone).await;
    let (_, answer) = world.ada.say(&conversation, "What is private?").await;
    things.insert("person_id", id(&person.await.is(201)));
    things.insert("attachment_id", attached(&world.ada, &clone, &memory).await);
    things.insert("memory_id", memory);
    things.insert("clone_id", clone);
    things.insert("conversation_id", conversation);
    things.insert("message_id", id(&answer));
    things
}

#[tokio::test]
async fn behind_glass_every_operation_that_reads_works_and_no_other() {
    let world = World::new().await;
    let things = personal(&world).await;
    let admin = login(&world.server, "admin").await;
    begin(&admin, &account_id(&world.ada).await).await;
    let before = world.ada.get(&format!("/clones/{}", things["clone_id"])).await.is(200);
    let (mut read, mut refused) = (0, 0);
    for (verb, path, operation) in all_operations(&world.server.client()).await {
        if !["{clone_id}", "{conversation_id}"].iter().any(|part| path.contains(part)) {
            continue;
        }
        let (_, need, _) = TABLE.iter().find(|(name, ..)| *name == operation).unwrap();
        let looks = verb == Method::GET && matches!(need, Need::Read | Need::ReadChat);
        let ask = admin.ask(verb, &crate::matrix::filled(&path, &things));
        let reply = dressed(ask, &operation, body_of(&operation, &things).as_ref()).await;
        if operation == "list_share_links" {
            // Handing it on is not reading it.
            reply.problem(403, "break_glass_limited");
            refused += 1;
        } else if looks {
            // No revision has this number, and no answer is being written.
            assert!(reply.status == 200, "{operation}: {}", reply.text());
            read += 1;
        } else {
            reply.problem(404, "not_found");
            refused += 1;
        }
    }
    assert!(read >= 12 && refused >= 12, "{read} read, {refused} refused");
    let after = world.ada.get(&format!("/clones/{}", things["clone_id"])).await.is(200);
    assert_eq!(before, after);
}
