//! A family with everything it can have, and everybody who could come to its door.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::table::{Least, Need, TABLE};
use crate::support::PASSWORD;
use crate::support::browser::Browser;
use crate::support::client::{Ask, Client, id, items, text};
use crate::support::passkey::Passkey;
use crate::support::server::Server;

/// What stands for the parameters of paths.
pub type Things = BTreeMap<&'static str, String>;

/// Where the server is found; passkeys belong to it.
const SITE: &str = "https://memoria.example";

/// What somebody brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// Nothing that is good.
    Nothing,
    /// A sign-in that was proven a moment ago.
    Session,
    /// A sign-in that was proven six minutes ago.
    OldSession,
    /// A key with these scopes.
    Key {
        read: bool,
        write: bool,
        chat: bool,
    },
    /// A key with all scopes for another clone only.
    KeyElsewhere,
    /// A share link to the clone, with a secret of the visitor's own or bare.
    Share,
    ShareBare,
    /// A share link to another clone.
    ShareElsewhere,
    /// A share link that has ended.
    ShareExpired,
}

const READ: Brings = Brings::Key { read: true, write: false, chat: false };
const WRITE: Brings = Brings::Key { read: false, write: true, chat: false };
const CHAT: Brings = Brings::Key { read: false, write: false, chat: true };
const ALL: Brings = Brings::Key { read: true, write: true, chat: true };

/// Somebody who comes to the door.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    pub name: &'static str,
    /// Whose account it is.
    pub account: &'static str,
    pub brings: Brings,
    /// What the account is in the space.
    pub role: Option<Least>,
}

impl Visitor {
    /// Whether anybody may ask for it.
    pub fn is_open(&self, operation: &str) -> bool {
        TABLE.iter().any(|(name, need, _)| *name == operation && *need == Need::Open)
    }
}

const fn visitor(
    name: &'static str,
    account: &'static str,
    brings: Brings,
    role: Option<Least>,
) -> Visitor {
    Visitor { name, account, brings, role }
}

/// Everybody. Ada owns the space and holds the things; the admin is nobody in the family.
pub const VISITORS: &[Visitor] = &[
    visitor("anonymous", "", Brings::Nothing, None),
    visitor("malformed token", "", Brings::Nothing, None),
    visitor("refresh token as access token", "ada", Brings::Nothing, None),
    visitor("token of another server", "ada", Brings::Nothing, None),
    visitor("expired token", "ada", Brings::Nothing, None),
    visitor("ended sign-in", "ada", Brings::Nothing, None),
    visitor("revoked key", "ada", Brings::Nothing, None),
    visitor("key as bearer", "ada", Brings::Nothing, None),
    visitor("suspended account's token", "sam", Brings::Nothing, None),
    visitor("suspended account's refresh token", "sam", Brings::Nothing, None),
    visitor("suspended account's key", "sam", Brings::Nothing, None),
    visitor("suspended account's cookie", "sam", Brings::Nothing, None),
    visitor("owner", "ada", Brings::Session, Some(Least::Owner)),
    visitor("owner, proven long ago", "ada", Brings::OldSession, Some(Least::Owner)),
    visitor("steward", "sam", Brings::Session, Some(Least::Steward)),
    visitor("contributor", "cora", Brings::Session, Some(Least::Contributor)),
    visitor("visitor", "vic", Brings::Session, Some(Least::Visitor)),
    visitor("owner of another space", "eve", Brings::Session, None),
    visitor("admin", "admin", Brings::Session, None),
    visitor("admin, proven long ago", "admin", Brings::OldSession, None),
    visitor("admin before whom Ada's glass is broken", "admin", Brings::Session, None),
    visitor("key to read", "ada", READ, Some(Least::Owner)),
    visitor("key to write", "ada", WRITE, Some(Least::Owner)),
    visitor("key to chat", "ada", CHAT, Some(Least::Owner)),
    visitor("steward's key", "sam", ALL, Some(Least::Steward)),
    visitor("stranger's key", "eve", ALL, None),
    visitor("admin's key", "admin", ALL, None),
    visitor("key for another clone", "ada", Brings::KeyElsewhere, None),
    visitor("link", "sam", Brings::Share, Some(Least::Visitor)),
    visitor("bare link", "sam", Brings::ShareBare, Some(Least::Visitor)),
    visitor("link to another clone", "sam", Brings::ShareElsewhere, None),
    visitor("ended link", "sam", Brings::ShareExpired, None),
    visitor("revoked link", "sam", Brings::Nothing, None),
];

/// A server with a family.
pub struct World {
    pub server: Server,
    pub ada: Client,
    pub things: Things,
    /// An access token of Ada's that has expired.
    expired: String,
    /// A sign-in of Ada's that was proven six minutes ago, and one of the admin's.
    old: [Client; 2],
}

async fn login(server: &Server, name: &str) -> Value {
    let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
    server.client().post("/auth/login", body).await.is(200)
}

fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

impl World {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With more settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let mut settings = settings.to_vec();
        settings.extend([
            ("CLONEMEMORIA_SERVER_PUBLIC_URL", SITE),
            ("CLONEMEMORIA_AUTH_OIDC_ISSUER", "http://127.0.0.1:9"),
            ("CLONEMEMORIA_AUTH_OIDC_CLIENT_ID", "memoria"),
            ("CLONEMEMORIA_AUTH_OIDC_GROUPS_CLAIM", "groups"),
        ]);
        let server = Server::with(&settings).await;
        let admin = server.admin().await;
        let mut accounts = BTreeMap::new();
        for name in ["ada", "sam", "cora", "vic", "max", "eve"] {
            accounts.insert(name, server.account(name).await);
        }
        let mut things = things(&server, &accounts).await;
        things.insert("break_glass_id", break_glass(&admin, &things["account_id"]).await);
        let expired = text(&login(&server, "ada").await["access_token"]);
        server.advance(Duration::from_secs(11 * 60)).await;
        let old = [
            bearer(&server, &login(&server, "ada").await),
            bearer(&server, &login(&server, "admin").await),
        ];
        server.advance(Duration::from_secs(6 * 60)).await;
        let ada = bearer(&server, &login(&server, "ada").await);
        Self { server, ada, things, expired, old }
    }

    /// What a visitor's requests are made with.
    pub async fn proof_of(&self, visitor: &Visitor) -> Proof {
        let server = &self.server;
        let proof = match visitor.name {
            "anonymous" => return Proof::Bearer(server.client()),
            "malformed token" => "not-a-token".to_owned(),
            "expired token" => self.expired.clone(),
            "refresh token as access token" => text(&login(server, "ada").await["refresh_token"]),
            "token of another server" => {
                let other = Server::start().await;
                let foreign = other.admin().await.token().to_owned();
                drop(other);
                foreign
            }
            "ended sign-in" => {
                let ended = bearer(server, &login(server, "ada").await);
                ended.ask(http::Method::POST, "/auth/logout").await.is(204);
                ended.token().to_owned()
            }
            "revoked key" => {
                let made = key(&self.ada, &["read", "write", "chat"], None).await;
                self.ada.delete(&format!("/api-keys/{}", made.0)).await.is(204);
                return Proof::Key(server.client(), made.1);
            }
            "revoked link" => {
                let sam = bearer(server, &login(server, "sam").await);
                let clone = &self.things["clone_id"];
                let made = share_link(&sam, clone, AN_HOUR).await;
                sam.delete(&format!("/clones/{clone}/share-links/{}", made.0)).await.is(204);
                return Proof::Share(server.client(), format!("{}.{OWN}", made.1));
            }
            name if name.starts_with("suspended") => return self.suspended(visitor).await,
            "key as bearer" => key(&self.ada, &["read", "write", "chat"], None).await.1,
            _ => return self.good_proof_of(visitor).await,
        };
        Proof::Bearer(server.client().with_token(&proof))
    }

    /// What opened an account before it was suspended.
    async fn suspended(&self, visitor: &Visitor) -> Proof {
        let server = &self.server;
        let session = login(server, visitor.account).await;
        let signed_in = bearer(server, &session);
        let key = key(&signed_in, &["read", "write", "chat"], None).await.1;
        let mut browser = Browser::at(server);
        let body = json!({
            "email": format!("{}@example.org", visitor.account), "password": PASSWORD,
        });
        browser.post("/auth/login", &body).await.is(200);
        let cookies = browser.jar.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let account = id(&signed_in.get("/auth/me").await.is(200));
        let admin = bearer(server, &login(server, "admin").await);
        let path = format!("/admin/users/{account}");
        admin.patch(&path, json!({"suspended": true})).await.is(200);
        match visitor.name.rsplit(' ').next() {
            Some("key") => Proof::Key(server.client(), key),
            Some("cookie") => Proof::Cookie(server.client(), cookies, browser.origin()),
            _ if visitor.name.contains("refresh") => {
                Proof::Bearer(server.client().with_token(&text(&session["refresh_token"])))
            }
            _ => Proof::Bearer(signed_in),
        }
    }

    async fn good_proof_of(&self, visitor: &Visitor) -> Proof {
        let signed_in = bearer(&self.server, &login(&self.server, visitor.account).await);
        let (scopes, clones) = match visitor.brings {
            Brings::Share | Brings::ShareBare | Brings::ShareElsewhere | Brings::ShareExpired => {
                return self.link_of(&signed_in, visitor.brings).await;
            }
            Brings::OldSession => {
                let whose = usize::from(visitor.account == "admin");
                return Proof::Bearer(self.old[whose].clone());
            }
            Brings::Key { read, write, chat } => {
                let all = [(read, "read"), (write, "write"), (chat, "chat")];
                (all.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect(), None)
            }
            Brings::KeyElsewhere => {
                let other = signed_in.new_clone("Another").await;
                (vec!["read", "write", "chat"], Some(other))
            }
            Brings::Session | Brings::Nothing => {
                if visitor.name.contains("glass") {
                    let ada = id(&self.ada.get("/auth/me").await.is(200));
                    break_glass(&signed_in, &ada).await;
                }
                return Proof::Bearer(signed_in);
            }
        };
        Proof::Key(self.server.client(), key(&signed_in, &scopes, clones).await.1)
    }
}

impl World {
    async fn link_of(&self, maker: &Client, brings: Brings) -> Proof {
        let clone = match brings {
            Brings::ShareElsewhere => maker.new_clone("Another").await,
            _ => self.things["clone_id"].clone(),
        };
        let good_for =
            if brings == Brings::ShareExpired { Duration::from_secs(240) } else { AN_HOUR };
        let (_, token) = share_link(maker, &clone, good_for).await;
        if brings == Brings::ShareExpired {
            self.server.advance(good_for).await;
        }
        let own = format!("{token}.{OWN}");
        let proof = if brings == Brings::ShareBare { token } else { own };
        Proof::Share(self.server.client(), proof)
    }
}

/// The secret that a visitor made up.
const OWN: &str = "0123456789abcdefghijklmnopqrstuv";

const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// How far the server's clock is ahead when a world is ready.
const AHEAD: Duration = Duration::from_secs(17 * 60);

/// A share link, for a while: its identifier and its token.
async fn share_link(maker: &Client, clone: &str, good_for: Duration) -> (String, String) {
    let until = jiff::Timestamp::now() + AHEAD + good_for;
    let body = json!({
        "message_budget": 1_000, "messages_per_hour": 1_000, "expires_at": until.to_string(),
    });
    let made = maker.post(&format!("/clones/{clone}/share-links"), body).await.is(201);
    (id(&made), text(&made["token"]))
}

/// What a request is made with.
pub enum Proof {
    Bearer(Client),
    Key(Client, String),
    Share(Client, String),
    /// Cookies, and the origin of the page that sends them.
    Cookie(Client, String, String),
}

impl Proof {
    pub fn ask(&self, method: http::Method, path: &str) -> Ask {
        match self {
            Self::Bearer(client) => client.ask(method, path),
            Self::Key(client, key) => client.ask(method, path).header("x-api-key", key),
            Self::Share(client, link) => {
                client.ask(method, path).header("authorization", &format!("Share {link}"))
            }
            Self::Cookie(client, cookies, origin) => {
                client.ask(method, path).header("cookie", cookies).header("origin", origin)
            }
        }
    }
}

/// Begins a look at an account's things.
async fn break_glass(admin: &Client, account: &str) -> String {
    let body = json!({"account_id": account, "reason": "To see what it opens.", "minutes": 60});
    id(&admin.post("/admin/break-glass", body).await.is(201))
}

/// A passkey of an account, which has to sign in again afterwards.
async fn passkey(client: &Client) -> String {
    let question = client.post("/auth/passkeys/register/start", json!({})).await.is(200);
    let credential = Passkey::made_for(&question, SITE).introduces_itself(&question);
    let body = json!({"id": question["id"], "label": "Phone", "credential": credential});
    let made = client.post("/auth/passkeys/register/finish", body).await.is(201);
    id(&made["passkey"])
}

async fn key(client: &Client, scopes: &[&str], clone: Option<String>) -> (String, String) {
    let mut body = json!({
        "label": "A program", "scopes": scopes, "rate_limit_requests": 10_000,
    });
    if let Some(clone) = clone {
        body["clone_ids"] = json!([clone]);
    }
    let made = client.post("/api-keys", body).await.is(201);
    (id(&made), text(&made["key"]))
}

/// One of each thing there is, in Ada's family.
async fn things(server: &Server, accounts: &BTreeMap<&str, Client>) -> Things {
    let ada = &accounts["ada"];
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let invitations = format!("/spaces/{space}/invitations");
    let roles =
        [("sam", "steward"), ("cora", "contributor"), ("vic", "visitor"), ("max", "visitor")];
    for (name, role) in roles {
        let made = ada.post(&invitations, json!({"role": role})).await.is(201);
        let token = json!({"token": made["token"]});
        accounts[name].post("/invitations/accept", token).await.is(200);
    }
    let invitation = id(&ada.post(&invitations, json!({"role": "visitor"})).await.is(201));
    let group = json!({"provider": "oidc", "name": "family", "role": "visitor"});
    let group = id(&ada.post(&format!("/spaces/{space}/groups"), group).await.is(201));
    let max = text(&accounts["max"].get("/auth/me").await.is(200)["id"]);
    let body = json!({"name": "Maria", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    let memory = id(&ada.remember(&clone, "We swam in the lake.").await);
    let path = format!("/clones/{clone}/memories/{memory}");
    ada.patch(&path, json!({"content": "We swam in the cold lake."})).await.is(200);
    let gone = id(&ada.remember(&clone, "It is in the trash.").await);
    ada.delete(&format!("/clones/{clone}/memories/{gone}")).await.is(204);
    let purged = id(&ada.remember(&clone, "It is in the trash as well.").await);
    ada.delete(&format!("/clones/{clone}/memories/{purged}")).await.is(204);
    let person = ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await;
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, "Where did you swim?").await;
    let told = json!({
        "do": "tell", "email": "ada@example.org", "topic": "password_changed", "detail": "",
    });
    assert_eq!(server.operate(told).await.0, 200);
    let notice = items(&ada.get("/notifications").await.is(200)).remove(0);
    let passkey = passkey(ada).await;
    let ada = &bearer(server, &login(server, "ada").await);
    login(server, "ada").await;
    let session = id(&items(&ada.get("/auth/sessions").await.is(200))[0]);
    let link = share_link(ada, &clone, AN_HOUR).await.0;
    BTreeMap::from([
        ("clone_id", clone),
        ("memory_id", memory),
        ("person_id", id(&person.is(201))),
        ("conversation_id", conversation),
        ("message_id", id(&answer)),
        ("space_id", space),
        ("account_id", max),
        ("invitation_id", invitation),
        ("group_id", group),
        ("trash_id", gone),
        ("purge_id", purged),
        ("api_key_id", key(ada, &["read"], None).await.0),
        ("session_id", session),
        ("share_link_id", link),
        ("passkey_id", passkey),
        ("notification_id", id(&notice)),
        ("provider", "oidc".to_owned()),
        ("identity_id", "01a1fcac-b25f-7500-b535-1683378e5dd7".to_owned()),
        ("n", "1".to_owned()),
    ])
}
