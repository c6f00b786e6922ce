//! A software authenticator: makes passkeys and answers with them, truthfully or not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ciborium::Value as Cbor;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::text;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// A passkey, and what its browser claims. Every field can be made a lie.
pub struct Passkey {
    pair: EcdsaKeyPair,
    /// What the authenticator calls it.
    pub id: Vec<u8>,
    /// Whose it is.
    pub user: Vec<u8>,
    /// How often it was used.
    pub counter: u32,
    /// Whether it counts at all.
    pub counts: bool,
    /// The page that asks.
    pub origin: String,
    /// The name that it is for.
    pub site: String,
    /// Whether its owner showed a finger.
    pub verified: bool,
    /// What the browser calls the ceremony.
    pub kind: &'static str,
}

impl Passkey {
    /// A passkey for a question of `register/start`.
    pub fn made_for(question: &Value, origin: &str) -> Self {
        let options = &question["options"];
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        let pkcs8 = pkcs8.expect("a key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random);
        let pair = pair.expect("a key");
        let id = Sha256::digest(pair.public_key()).to_vec();
        Self {
            pair,
            id,
            user: bytes(&options["user"]["id"]),
            counter: 0,
            counts: true,
            origin: origin.to_owned(),
            site: text(&options["rp"]["id"]),
            verified: true,
            kind: "webauthn.get",
        }
    }

    /// What the browser gives after making it.
    pub fn introduces_itself(&self, question: &Value) -> Value {
        let said = self.said("webauthn.create", question);
        let mut told = self.told(PRESENT | WITH_KEY);
        told.extend([0; 16]);
        told.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        told.extend(&self.id);
        told.extend(encoded(&self.public_key()));
        let object = Cbor::Map(vec![
            (Cbor::from("fmt"), Cbor::from("none")),
            (Cbor::from("attStmt"), Cbor::Map(Vec::new())),
            (Cbor::from("authData"), Cbor::Bytes(told)),
        ]);
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64.encode(said),
                "attestationObject": BASE64.encode(encoded(&object)),
            },
            "clientExtensionResults": {},
        })
    }

    /// What the browser gives for a question of `login/start`.
    pub fn answers(&mut self, question: &Value) -> Value {
        self.counter += u32::from(self.counts);
        let said = self.said(self.kind, question);
        let told = self.told(PRESENT);
        let signed = [told.as_slice(), &Sha256::digest(&said)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).expect("a signature");
        let credential = json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64.encode(said),
                "authenticatorData": BASE64.encode(told),
                "signature": BASE64.encode(signature),
                "userHandle": BASE64.encode(&self.user),
            },
            "clientExtensionResults": {},
        });
        json!({"id": question["id"], "credential": credential})
    }

    fn said(&self, kind: &str, question: &Value) -> Vec<u8> {
        let said = json!({
            "type": kind,
            "challenge": question["options"]["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }

    fn told(&self, flags: u8) -> Vec<u8> {
        let flags = if self.verified { flags | VERIFIED } else { flags };
        let mut told = Sha256::digest(&self.site).to_vec();
        told.push(flags);
        told.extend(self.counter.to_be_bytes());
        told
    }

    fn public_key(&self) -> Cbor {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let number = |n: i64| Cbor::Integer(n.into());
        Cbor::Map(vec![
            (number(1), number(2)),
            (number(3), number(-7)),
            (number(-1), number(1)),
            (number(-2), Cbor::Bytes(x.to_vec())),
            (number(-3), Cbor::Bytes(y.to_vec())),
        ])
    }
}

/// Another signature than the one it was given.
pub fn tampered(mut answer: Value) -> Value {
    let signature = &mut answer["credential"]["response"]["signature"];
    let mut forged = bytes(signature);
    *forged.last_mut().expect("a signature") ^= 1;
    *signature = BASE64.encode(forged).into();
    answer
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64.decode(text(value)).expect("base64")
}

fn encoded(value: &Cbor) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("CBOR");
    out
}
