//! A browser as far as sign-in is concerned: it keeps cookies and goes where it is sent.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use url::Url;

use super::reply::Reply;
use super::server::Server;

/// A browser at a server of ours.
pub struct Browser<'s> {
    server: &'s Server,
    /// Its cookies.
    pub jar: BTreeMap<String, String>,
    /// The languages that it says its person prefers; it says nothing of none.
    pub language: String,
}

impl<'s> Browser<'s> {
    /// A fresh one.
    pub fn at(server: &'s Server) -> Self {
        Self { server, jar: BTreeMap::new(), language: String::new() }
    }

    /// The origin that it talks to.
    pub fn origin(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Asks for a path of the API, as a page of ours or as a link does.
    pub async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut ask = self.server.client().ask(method.clone(), path);
        if !self.jar.is_empty() {
            let jar = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
            ask = ask.header("cookie", &jar.collect::<Vec<_>>().join("; "));
        }
        if !self.language.is_empty() {
            ask = ask.header("accept-language", &self.language);
        }
        if method != Method::GET {
            // As browsers do over TLS and on the machine itself.
            ask = ask.header("origin", &self.origin()).header("sec-fetch-site", "same-origin");
        }
        let reply = match body {
            Some(body) => ask.json(body).await,
            None => ask.await,
        };
        self.keep(&reply);
        reply
    }

    /// Follows a link.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.ask(Method::GET, path, None).await
    }

    /// Sends something from a page of ours.
    pub async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Goes to a provider; where it is sent.
    pub async fn start(&mut self, provider: &str, query: &str) -> String {
        sent_to(&self.get(&format!("/auth/oidc/{provider}/start{query}")).await)
    }

    /// Comes back to an address of ours; where it is sent.
    pub async fn back(&mut self, address: &str) -> String {
        let ours = format!("{}{}/api/v1", self.origin(), self.server.client().base);
        let path = address.strip_prefix(&ours).unwrap_or_else(|| panic!("not ours: {address}"));
        sent_to(&self.get(path).await)
    }

    /// Whom it is signed in as.
    pub async fn me(&mut self) -> Option<Value> {
        let reply = self.get("/auth/me").await;
        (reply.status == 200).then(|| reply.json())
    }

    fn keep(&mut self, reply: &Reply) {
        for set in reply.headers.get_all("set-cookie") {
            let set = set.to_str().expect("a cookie");
            let (pair, _) = set.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            assert!(set.contains("HttpOnly; SameSite=Lax"), "{set}");
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

#[track_caller]
fn sent_to(reply: &Reply) -> String {
    assert_eq!(reply.status, 302, "{}: {}", reply.asked, reply.text());
    reply.header("location").expect("an address").to_owned()
}

/// A parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).expect("an address");
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// An address with another value for a parameter, or without it.
pub fn altered(address: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(address).expect("an address");
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(known, value)| (known.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    if let Some(value) = value {
        url.query_pairs_mut().append_pair(name, value);
    }
    url.into()
}
