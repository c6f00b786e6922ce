//! A family with everything it can have, and everybody who could come to its door.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::halfway::owing;
use super::table::{Least, Need, TABLE};
pub use super::things::Things;
use super::things::{AHEAD, AN_HOUR, SITE, break_glass, key, share_link, things};
use crate::support::PASSWORD;
use crate::support::client::{Ask, Client, id, text};
use crate::support::idp::{Idp, SECRET};
use crate::support::reply::Reply;
use crate::support::server::Server;

/// What somebody brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// Nothing that is good.
    Nothing,
    /// A sign-in that was proven a moment ago.
    Session,
    /// The same, by the cookies of a browser, from a page of the server's own.
    Cookie,
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

/// Somebody whom a provider knows, and whose account wants a code as well.
const HALF_WAY: &str = "half-way sign-in";

/// Everybody. Ada owns the space and holds the things; the admin is nobody in the family.
pub const VISITORS: &[Visitor] = &[
    visitor("anonymous", "", Brings::Nothing, None),
    visitor("malformed token", "", Brings::Nothing, None),
    visitor("refresh token as access token", "ada", Brings::Nothing, None),
    visitor("token of another server", "ada", Brings::Nothing, None),
    visitor("expired token", "ada", Brings::Nothing, None),
    visitor("ended sign-in", "ada", Brings::Nothing, None),
    visitor("token for another audience", "ada", Brings::Nothing, None),
    visitor(HALF_WAY, "", Brings::Nothing, None),
    visitor("expired key", "ada", Brings::Nothing, None),
    visitor("revoked key", "ada", Brings::Nothing, None),
    visitor("key as bearer", "ada", Brings::Nothing, None),
    visitor("suspended account's token", "sam", Brings::Nothing, None),
    visitor("suspended account's refresh token", "sam", Brings::Nothing, None),
    visitor("suspended account's key", "sam", Brings::Nothing, None),
    visitor("suspended account's cookie", "sam", Brings::Nothing, None),
    visitor("erased account's token", "sam", Brings::Nothing, None),
    visitor("erased account's refresh token", "sam", Brings::Nothing, None),
    visitor("erased account's key", "sam", Brings::Nothing, None),
    visitor("erased account's cookie", "sam", Brings::Nothing, None),
    visitor("owner", "ada", Brings::Session, Some(Least::Owner)),
    visitor("owner, proven long ago", "ada", Brings::OldSession, Some(Least::Owner)),
    visitor("steward", "sam", Brings::Session, Some(Least::Steward)),
    visitor("contributor", "cora", Brings::Session, Some(Least::Contributor)),
    visitor("visitor", "vic", Brings::Session, Some(Least::Visitor)),
    visitor("owner of another space", "eve", Brings::Session, None),
    visitor("admin", "admin", Brings::Session, None),
    visitor("admin, proven long ago", "admin", Brings::OldSession, None),
    visitor("admin before whom Ada's glass is broken", "admin", Brings::Session, None),
    visitor("owner's cookie", "ada", Brings::Cookie, Some(Least::Owner)),
    visitor("steward's cookie", "sam", Brings::Cookie, Some(Least::Steward)),
    visitor("contributor's cookie", "cora", Brings::Cookie, Some(Least::Contributor)),
    visitor("visitor's cookie", "vic", Brings::Cookie, Some(Least::Visitor)),
    visitor("stranger's cookie", "eve", Brings::Cookie, None),
    visitor("admin's cookie", "admin", Brings::Cookie, None),
    visitor("key to read", "ada", READ, Some(Least::Owner)),
    visitor("key to write", "ada", WRITE, Some(Least::Owner)),
    visitor("key to chat", "ada", CHAT, Some(Least::Owner)),
    visitor("steward's key", "sam", ALL, Some(Least::Steward)),
    visitor("contributor's key", "cora", ALL, Some(Least::Contributor)),
    visitor("visitor's key", "vic", ALL, Some(Least::Visitor)),
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
    /// A provider of sign-ins that answers.
    idp: Option<Idp>,
}

pub async fn login(server: &Server, name: &str) -> Value {
    let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
    server.client().post("/auth/login", body).await.is(200)
}

pub fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

impl World {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// For somebody.
    pub async fn of(visitor: &Visitor) -> Self {
        if visitor.name != HALF_WAY {
            return Self::new().await;
        }
        let idp = Idp::start().await;
        let issuer = idp.issuer();
        let settings = [
            ("CLONEMEMORIA_AUTH_OIDC_ISSUER", issuer.as_str()),
            ("CLONEMEMORIA_AUTH_OIDC_CLIENT_SECRET", SECRET),
        ];
        let world = Self::with(&settings).await;
        Self { idp: Some(idp), ..world }
    }

    /// With more settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let usual = [
            ("CLONEMEMORIA_SERVER_PUBLIC_URL", SITE),
            ("CLONEMEMORIA_AUTH_OIDC_ISSUER", "http://127.0.0.1:9"),
            ("CLONEMEMORIA_AUTH_OIDC_CLIENT_ID", "memoria"),
            ("CLONEMEMORIA_AUTH_OIDC_GROUPS_CLAIM", "groups"),
        ];
        let server = Server::with(&[&usual, settings].concat()).await;
        let admin = server.admin().await;
        let mut accounts = BTreeMap::new();
        for name in ["ada", "sam", "cora", "vic", "max", "eve", "zoe"] {
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
        Self { server, ada, things, expired, old, idp: None }
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
            HALF_WAY => return owing(self, self.idp.as_ref().expect("a provider")).await,
            "token for another audience" => {
                // Made anew for the same it is good, so that it is the audience that is refused.
                let signed_in = login(server, "ada").await;
                let token = text(&signed_in["access_token"]);
                let again = json!({"do": "token_for", "token": token, "audience": null});
                let (_, again) = server.operate(again).await;
                let again = server.client().with_token(&text(&again["token"]));
                again.get("/auth/me").await.is(200);
                let other = json!({"do": "token_for", "token": token, "audience": "urn:other"});
                text(&server.operate(other).await.1["token"])
            }
            "expired key" => {
                let until = (jiff::Timestamp::now() + AHEAD + A_WHILE).to_string();
                let body = json!({
                    "label": "x", "scopes": ["read", "write", "chat"], "expires_at": until,
                });
                let made = self.ada.post("/api-keys", body).await.is(201);
                server.advance(A_WHILE).await;
                return Proof::Key(server.client(), text(&made["key"]));
            }
            "revoked link" => {
                let sam = bearer(server, &login(server, "sam").await);
                let clone = &self.things["clone_id"];
                let made = share_link(&sam, clone, AN_HOUR).await;
                sam.delete(&format!("/clones/{clone}/share-links/{}", made.0)).await.is(204);
                return Proof::Share(server.client(), format!("{}.{OWN}", made.1));
            }
            name if name.starts_with("suspended") || name.starts_with("erased") => {
                return self.shut_out(visitor).await;
            }
            "key as bearer" => key(&self.ada, &["read", "write", "chat"], None).await.1,
            _ => return self.good_proof_of(visitor).await,
        };
        Proof::Bearer(server.client().with_token(&proof))
    }

    /// What opened an account before it was suspended or erased.
    async fn shut_out(&self, visitor: &Visitor) -> Proof {
        let server = &self.server;
        let session = login(server, visitor.account).await;
        let signed_in = bearer(server, &session);
        let key = key(&signed_in, &["read", "write", "chat"], None).await.1;
        let cookie = self.cookie(visitor.account).await;
        let account = id(&signed_in.get("/auth/me").await.is(200));
        if visitor.name.starts_with("erased") {
            let erase = json!({"do": "erase_account", "account": account});
            assert_eq!(server.operate(erase).await.0, 200);
        } else {
            let admin = bearer(server, &login(server, "admin").await);
            let path = format!("/admin/users/{account}");
            admin.patch(&path, json!({"suspended": true})).await.is(200);
        }
        match visitor.name.rsplit(' ').next() {
            Some("key") => Proof::Key(server.client(), key),
            Some("cookie") => cookie,
            _ if visitor.name.contains("refresh") => {
                Proof::Bearer(server.client().with_token(&text(&session["refresh_token"])))
            }
            _ => Proof::Bearer(signed_in),
        }
    }

    /// Signs in as a browser does.
    async fn cookie(&self, account: &str) -> Proof {
        let body = json!({"email": format!("{account}@example.org"), "password": PASSWORD});
        let reply = self.server.client().post("/auth/login", body).header("origin", SITE).await;
        let cookies = carried(&reply);
        assert!(cookies.contains("cm_sid="), "a sign-in of a page is a cookie");
        Proof::Cookie(self.server.client(), cookies, SITE.to_owned())
    }

    async fn good_proof_of(&self, visitor: &Visitor) -> Proof {
        let signed_in = bearer(&self.server, &login(&self.server, visitor.account).await);
        let (scopes, clones) = match visitor.brings {
            Brings::Share | Brings::ShareBare | Brings::ShareElsewhere | Brings::ShareExpired => {
                return self.link_of(&signed_in, visitor.brings).await;
            }
            Brings::Cookie => return self.cookie(visitor.account).await,
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
        let good_for = if brings == Brings::ShareExpired { A_WHILE } else { AN_HOUR };
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

/// How long what ends is good.
const A_WHILE: Duration = Duration::from_secs(240);

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

/// What a browser sends back.
pub fn carried(reply: &Reply) -> String {
    let set = reply.headers.get_all("set-cookie").iter();
    let pairs = set.filter_map(|set| set.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
