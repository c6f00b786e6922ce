//! An authenticator app.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::browser::Browser;
use super::client::text;
use super::server::Server;

const STEP: u64 = 30;

/// An authenticator app, whose clock is the server's.
pub struct App {
    seed: [u8; 20],
    /// How far the server's clock was set ahead.
    pub ahead: Cell<u64>,
}

impl App {
    /// With the secret that `POST /auth/totp` gave.
    pub fn holding(secret: &Value) -> Self {
        Self { seed: from_base32(&text(secret)), ahead: Cell::new(0) }
    }

    /// One that a browser's account has just set up.
    pub async fn of(browser: &mut Browser<'_>) -> Self {
        let app = Self::holding(&browser.post("/auth/totp", &json!({})).await.is(200)["secret"]);
        let code = json!({"code": app.code(0)});
        browser.post("/auth/totp/confirm", &code).await.is(200);
        app
    }

    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() + self.ahead.get()
    }

    /// What it shows so many steps from now.
    pub fn code(&self, steps: i64) -> String {
        let app = Builder::new().with_secret(Secret::new_stack(self.seed)).build().unwrap();
        let step = (self.now() / STEP).checked_add_signed(steps).unwrap();
        app.generate(step * STEP).to_string()
    }

    /// Lets time pass until so many steps and one more are over and the next has just begun.
    pub async fn wait(&self, server: &Server, steps: u64) {
        let pass = STEP * steps + 2 * STEP - self.now() % STEP;
        server.advance(Duration::from_secs(pass)).await;
        self.ahead.set(self.ahead.get() + pass);
    }

    /// The code of the next step, which is the present one afterwards.
    pub async fn next(&self, server: &Server) -> String {
        self.wait(server, 0).await;
        self.code(0)
    }
}

fn from_base32(secret: &str) -> [u8; 20] {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String =
        secret.chars().map(|c| format!("{:05b}", alphabet.find(c).expect("base32"))).collect();
    let byte = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
    std::array::from_fn(byte)
}
