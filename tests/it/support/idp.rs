//! A provider of sign-ins for tests: a real server on a real port that speaks OpenID Connect,
//! honest until it is told to lie or to fail.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{digest, hmac, rsa};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::browser::parameter;
use super::upstream::accept;

/// What we are called there.
pub const CLIENT: &str = "memoria";
/// Where a provider says what it is.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// What we prove it with.
pub const SECRET: &str = "c4n4ry-client-secret";
/// What an access token is.
pub const ACCESS: &str = "an-access-token";

/// A key of 2048 bits for tests, because ring makes none.
const RSA: &[u8] = include_bytes!("idp_rsa.pk8");

/// Who signs an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The published RSA key.
    Rsa,
    /// The published elliptic key.
    Ec,
    /// An elliptic key that nobody knows.
    Stranger,
    /// The client secret.
    Secret,
    /// Nobody.
    Nobody,
}

/// An ID token that is being made.
pub struct Draft {
    pub header: Value,
    pub claims: Value,
    pub signer: Signer,
    /// Whether it is changed after it was signed.
    pub tampered: bool,
}

/// How an endpoint fails.
#[derive(Clone, Debug)]
pub enum Fault {
    Redirect(String),
    Status(u16),
    Body(String),
    Big(usize),
    Hang,
}

type Twist = Arc<dyn Fn(&mut Draft) + Send + Sync>;

struct State {
    person: Map<String, Value>,
    about: Map<String, Value>,
    document: Map<String, Value>,
    twist: Option<Twist>,
    signer: Signer,
    faults: HashMap<String, Fault>,
    asked: HashMap<String, usize>,
    codes: HashMap<String, Asked>,
    count: usize,
    ahead: Duration,
    names_itself: bool,
    kid: String,
    secrets: Vec<String>,
}

/// What a code stands for.
struct Asked {
    nonce: String,
    challenge: String,
    redirect: String,
    at: u64,
}

/// The server. Dropping it closes its port.
pub struct Idp {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    issuer: String,
    state: Mutex<State>,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
}

impl Idp {
    /// A provider where Ada is `ada-1`, ada@example.org, proven.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            issuer: format!("http://{address}"),
            state: Mutex::new(State {
                person: Map::new(),
                about: Map::new(),
                document: Map::new(),
                twist: None,
                signer: Signer::Rsa,
                faults: HashMap::new(),
                asked: HashMap::new(),
                codes: HashMap::new(),
                count: 0,
                ahead: Duration::ZERO,
                names_itself: false,
                kid: "one".to_owned(),
                secrets: Vec::new(),
            }),
            rsa: RsaKeyPair::from_pkcs8(RSA).expect("a key"),
            ec: elliptic(),
            stranger: elliptic(),
        });
        let serving = Arc::clone(&shared);
        let serve = move |request| serve(request, Arc::clone(&serving));
        let accepting = tokio::spawn(accept(listener, || (), serve));
        let idp = Self { address, shared, accepting };
        idp.person("ada-1", "ada@example.org");
        idp
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no panic")
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> String {
        self.shared.issuer.clone()
    }

    /// Who signs in from now on, with a proven address.
    pub fn person(&self, subject: &str, email: &str) {
        let claims = json!({
            "sub": subject, "email": email, "email_verified": true, "name": "Ada Lovelace",
        });
        self.state().person = claims.as_object().expect("claims").clone();
    }

    /// What it says of the person in ID tokens; null leaves it out.
    pub fn says(&self, claim: &str, value: Value) {
        let mut state = self.state();
        match value {
            Value::Null => drop(state.person.remove(claim)),
            value => drop(state.person.insert(claim.to_owned(), value)),
        }
    }

    /// What it says of the person when it is asked.
    pub fn says_when_asked(&self, about: &Value) {
        self.state().about = about.as_object().expect("claims").clone();
    }

    /// What it says of itself; null leaves it out.
    pub fn describes(&self, field: &str, value: Value) {
        self.state().document.insert(field.to_owned(), value);
    }

    /// Names itself in answers, and says so (RFC 9207).
    pub fn names_itself(&self) {
        self.state().names_itself = true;
        self.describes("authorization_response_iss_parameter_supported", json!(true));
    }

    /// Changes every ID token from now on.
    pub fn twists(&self, twist: impl Fn(&mut Draft) + Send + Sync + 'static) {
        self.state().twist = Some(Arc::new(twist));
    }

    /// Is honest again.
    pub fn repents(&self) {
        let mut state = self.state();
        state.twist = None;
        state.faults.clear();
    }

    /// Signs with this key from now on.
    pub fn signs_with(&self, signer: Signer) {
        self.state().signer = signer;
    }

    /// Names its keys anew.
    pub fn rotates(&self, kid: &str) {
        kid.clone_into(&mut self.state().kid);
    }

    /// Lets an endpoint fail.
    pub fn fails(&self, path: &str, fault: Fault) {
        self.state().faults.insert(path.to_owned(), fault);
    }

    /// How often an endpoint was asked.
    pub fn asked(&self, path: &str) -> usize {
        self.state().asked.get(path).copied().unwrap_or_default()
    }

    /// What it and the server have told each other so far, and nobody else may know: codes, what
    /// proves them, ID tokens.
    pub fn secrets(&self) -> Vec<String> {
        self.state().secrets.clone()
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.state().ahead += time;
    }

    /// The person signs in at the address that the browser was sent to; the address that it is
    /// sent back to.
    pub fn approves(&self, address: &str) -> String {
        assert!(address.starts_with(&self.shared.issuer), "not here: {address}");
        let need = |name: &str| parameter(address, name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(need("response_type"), "code");
        assert_eq!(need("client_id"), CLIENT);
        assert_eq!(need("code_challenge_method"), "S256");
        assert!(need("scope").split(' ').any(|scope| scope == "openid"));
        let (state, nonce) = (need("state"), need("nonce"));
        assert!(state.len() >= 43 && nonce.len() >= 43 && state != nonce, "256 bits each");
        let redirect = need("redirect_uri");
        let mut kept = self.state();
        kept.count += 1;
        let code = format!("code-{}-{}", self.address.port(), kept.count);
        let asked = Asked {
            nonce,
            challenge: need("code_challenge"),
            redirect: redirect.clone(),
            at: kept.now(),
        };
        kept.codes.insert(code.clone(), asked);
        let mut back = Url::parse(&redirect).expect("an address");
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
        if kept.names_itself {
            back.query_pairs_mut().append_pair("iss", &self.shared.issuer);
        }
        back.into()
    }

    /// The person says no.
    pub fn refuses(&self, address: &str) -> String {
        let need = |name: &str| parameter(address, name).unwrap_or_else(|| panic!("no {name}"));
        let mut back = Url::parse(&need("redirect_uri")).expect("an address");
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("state", &need("state"));
        if self.state().names_itself {
            back.query_pairs_mut().append_pair("iss", &self.shared.issuer);
        }
        back.into()
    }

    /// An ID token as an app gets it.
    pub fn token(&self, audience: &str, nonce: Option<&str>) -> String {
        let state = self.state();
        let at = state.now();
        self.shared.id_token(&state, audience, nonce, at)
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        (now + self.ahead).as_secs()
    }
}

fn elliptic() -> EcdsaKeyPair {
    let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let made = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).expect("a key")
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn serve(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path().to_owned();
    let fault = {
        let mut state = shared.state.lock().expect("no panic");
        *state.asked.entry(path.clone()).or_default() += 1;
        state.faults.get(&path).cloned()
    };
    let answer = |status: u16, body: String| {
        Response::builder()
            .status(StatusCode::from_u16(status).expect("a status"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a response")
    };
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status)) => return Ok(answer(status, "{}".to_owned())),
        Some(Fault::Body(body)) => return Ok(answer(200, body)),
        Some(Fault::Big(size)) => {
            return Ok(answer(200, format!("{{\"keys\":[],\"pad\":\"{}\"}}", "a".repeat(size))));
        }
        Some(Fault::Redirect(to)) => {
            let mut response = answer(302, String::new());
            response.headers_mut().insert("location", to.parse().expect("an address"));
            return Ok(response);
        }
        None => {}
    }
    let credentials = head.headers.get("authorization").and_then(|value| value.to_str().ok());
    Ok(match path.as_str() {
        DISCOVERY => answer(200, shared.document().to_string()),
        "/jwks" => answer(200, shared.keys().to_string()),
        "/token" => match shared.tokens(credentials, &body) {
            Ok(tokens) => answer(200, tokens.to_string()),
            Err(error) => answer(400, json!({"error": error}).to_string()),
        },
        "/userinfo" if credentials == Some(&format!("Bearer {ACCESS}")) => {
            let about = shared.state.lock().expect("no panic").about.clone();
            answer(200, Value::Object(about).to_string())
        }
        _ => answer(404, "{}".to_owned()),
    })
}

impl Shared {
    fn document(&self) -> Value {
        let issuer = &self.issuer;
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        });
        let more = self.state.lock().expect("no panic").document.clone();
        let fields = document.as_object_mut().expect("an object");
        fields.extend(more);
        fields.retain(|_, value| !value.is_null());
        document
    }

    fn keys(&self) -> Value {
        let kid = self.state.lock().expect("no panic").kid.clone();
        let public: rsa::PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let point = self.ec.public_key().as_ref();
        json!({"keys": [
            {"kty": "RSA", "use": "sig", "kid": format!("rsa-{kid}"),
             "n": encoded(public.n), "e": encoded(public.e)},
            {"kty": "EC", "use": "sig", "kid": format!("ec-{kid}"), "crv": "P-256",
             "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
        ]})
    }

    fn tokens(&self, credentials: Option<&str>, body: &[u8]) -> Result<Value, &'static str> {
        let sent: HashMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
        if credentials != Some(&expected) {
            return Err("invalid_client");
        }
        let mut state = self.state.lock().expect("no panic");
        let told = ["code", "code_verifier"].iter().filter_map(|name| sent.get(*name)).cloned();
        state.secrets.extend(told);
        let code = sent.get("code").ok_or("invalid_request")?;
        let asked = state.codes.remove(code).ok_or("invalid_grant")?;
        let verifier = sent.get("code_verifier").ok_or("invalid_grant")?;
        let challenge = encoded(digest::digest(&digest::SHA256, verifier.as_bytes()));
        if challenge != asked.challenge || sent.get("redirect_uri") != Some(&asked.redirect) {
            return Err("invalid_grant");
        }
        let token = self.id_token(&state, CLIENT, Some(&asked.nonce), asked.at);
        state.secrets.push(token.clone());
        Ok(json!({
            "access_token": ACCESS, "token_type": "Bearer", "expires_in": 300, "id_token": token,
        }))
    }

    fn id_token(&self, state: &State, audience: &str, nonce: Option<&str>, at: u64) -> String {
        let hash = digest::digest(&digest::SHA256, ACCESS.as_bytes());
        let mut claims = json!({
            "iss": self.issuer, "aud": audience, "iat": state.now(), "exp": state.now() + 300,
            "auth_time": at, "at_hash": encoded(&hash.as_ref()[..16]),
        });
        let claimed = claims.as_object_mut().expect("an object");
        claimed.extend(state.person.clone());
        if let Some(nonce) = nonce {
            claimed.insert("nonce".to_owned(), json!(nonce));
        }
        let (algorithm, kind) = match state.signer {
            Signer::Rsa => ("RS256", "rsa"),
            _ => ("ES256", "ec"),
        };
        let header = json!({"alg": algorithm, "kid": format!("{kind}-{}", state.kid)});
        let mut draft = Draft { header, claims, signer: state.signer, tampered: false };
        if let Some(twist) = &state.twist {
            twist(&mut draft);
        }
        self.signed(&draft)
    }

    fn signed(&self, draft: &Draft) -> String {
        let part = |value: &Value| encoded(value.to_string());
        let message = format!("{}.{}", part(&draft.header), part(&draft.claims));
        let random = SystemRandom::new();
        let elliptic = |key: &EcdsaKeyPair| {
            key.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec()
        };
        let signature = match draft.signer {
            Signer::Rsa => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
                    .expect("a signature");
                signature
            }
            Signer::Ec => elliptic(&self.ec),
            Signer::Stranger => elliptic(&self.stranger),
            Signer::Secret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Signer::Nobody => Vec::new(),
        };
        if !draft.tampered {
            return format!("{message}.{}", encoded(signature));
        }
        let mut claims = draft.claims.clone();
        claims["sub"] = json!("somebody-else");
        format!("{}.{}.{}", part(&draft.header), part(&claims), encoded(signature))
    }
}
