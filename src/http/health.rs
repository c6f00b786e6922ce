//! Whether the process is alive (`/healthz`) and able to serve (`/readyz`), and why not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use poem::http::StatusCode;
use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use poem::{Endpoint, Request, Response};
use serde_json::{Map, Value, json};

/// Whether the server wants requests. Open at first; closed for good when it stops.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    closed: Arc<AtomicBool>,
}

impl Readiness {
    /// The server is stopping.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Whether the server is not stopping.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Relaxed)
    }
}

/// How a part of the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Ok,
    /// It works worse than it should; the sentence says how. The server stays ready.
    Degraded(String),
    /// It does not work; the sentence says why. The server is not ready.
    Down(String),
}

/// A part of the server that can be asked how it is.
pub struct Check {
    name: &'static str,
    probe: Box<dyn Fn() -> State + Send + Sync>,
}

impl Check {
    /// A check must answer at once: it reads a state, it does no input or output.
    pub fn new(name: &'static str, probe: impl Fn() -> State + Send + Sync + 'static) -> Self {
        Self { name, probe: Box::new(probe) }
    }
}

/// The checks of the whole server.
#[derive(Clone)]
pub struct Health {
    readiness: Readiness,
    checks: Arc<[Check]>,
}

impl Health {
    /// The checks, and the switch that a stop turns off.
    pub fn new(readiness: Readiness, checks: Vec<Check>) -> Self {
        Self { readiness, checks: checks.into() }
    }

    /// Whether it can serve, and the state of every part, as `/readyz` shows it.
    pub fn report(&self) -> (bool, Value) {
        let mut ready = self.readiness.is_open();
        let mut status = "ok";
        let mut checks = Map::new();
        for check in self.checks.iter() {
            let view = match (check.probe)() {
                State::Ok => json!({"status": "ok"}),
                State::Degraded(detail) => {
                    status = "degraded";
                    json!({"status": "degraded", "detail": detail})
                }
                State::Down(detail) => {
                    ready = false;
                    json!({"status": "down", "detail": detail})
                }
            };
            checks.insert(check.name.to_owned(), view);
        }
        if !self.readiness.is_open() {
            checks.insert("server".to_owned(), json!({"status": "down", "detail": "stopping"}));
        }
        let status = if ready { status } else { "unavailable" };
        (ready, json!({"status": status, "checks": checks}))
    }
}

/// `GET /healthz`: answers as long as the process does.
pub struct Healthz;

impl Endpoint for Healthz {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(answer(true, &json!({"status": "ok"})))
    }
}

/// `GET /readyz`: whether requests should be sent here.
pub struct Readyz(pub Health);

impl Endpoint for Readyz {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        let (ready, view) = self.0.report();
        Ok(answer(ready, &view))
    }
}

fn answer(ready: bool, view: &Value) -> Response {
    let response = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header(CACHE_CONTROL, "no-store");
    if ready {
        return response.body(view.to_string());
    }
    let response = response.status(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, "5");
    response.body(view.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_is_down_makes_the_server_not_ready() {
        let down = Check::new("index", || State::Down("rebuilding".into()));
        let slow = Check::new("llm", || State::Degraded("slow".into()));
        let health = Health::new(Readiness::default(), vec![slow, down]);
        let response = Readyz(health).call(Request::default()).await.unwrap();
        assert_eq!(response.status(), 503);
        let body: Value = response.into_body().into_json().await.unwrap();
        assert_eq!(body["status"], "unavailable");
        assert_eq!(body["checks"]["index"]["detail"], "rebuilding");
        assert_eq!(body["checks"]["llm"]["status"], "degraded");
    }

    #[tokio::test]
    async fn a_stopping_server_is_alive_but_not_ready() {
        let readiness = Readiness::default();
        let health = Health::new(readiness.clone(), Vec::new());
        assert!(health.report().0);
        readiness.close();
        assert!(!health.report().0);
        assert_eq!(Healthz.call(Request::default()).await.unwrap().status(), 200);
    }
}
