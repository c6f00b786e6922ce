//! What the edge counts, in plain atomics, and the pages that show it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use poem::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use poem::{Endpoint, Request, Response};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::client::Client;
use super::problem::Problem;
use crate::kernel::{Fault, Kind, Secret};

/// Upper bounds of the histogram, in milliseconds.
const BOUNDS: [u64; 12] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000];

/// What a request is about, coarsely: a label must have few values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// `/api`.
    Api,
    /// The web app.
    Ui,
    /// `/docs` and `/openapi.json`.
    Docs,
    /// Health and metrics.
    Probe,
}

impl Group {
    const ALL: [Self; 4] = [Self::Api, Self::Ui, Self::Docs, Self::Probe];

    /// The group of a path below the base path.
    pub fn of(path: &str) -> Self {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match first {
            "api" => Self::Api,
            "docs" | "openapi.json" => Self::Docs,
            "healthz" | "readyz" | "metrics" => Self::Probe,
            _ => Self::Ui,
        }
    }

    /// The word for it in logs and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Ui => "ui",
            Self::Docs => "docs",
            Self::Probe => "probe",
        }
    }
}

#[derive(Default)]
struct Requests {
    by_class: [AtomicU64; 5],
    buckets: [AtomicU64; BOUNDS.len()],
    micros: AtomicU64,
    count: AtomicU64,
}

/// Adds lines in the Prometheus text format.
pub type Extra = Box<dyn Fn(&mut String) + Send + Sync>;

/// The counters of the edge.
#[derive(Default)]
pub struct Metrics {
    requests: [Requests; 4],
    connections: AtomicI64,
    refused: AtomicU64,
    streams: AtomicI64,
}

impl Metrics {
    /// Counts an answered request.
    pub fn answered(&self, group: Group, status: u16, took: Duration) {
        let requests = &self.requests[group as usize];
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        requests.by_class[class].fetch_add(1, Relaxed);
        requests.count.fetch_add(1, Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        requests.micros.fetch_add(micros, Relaxed);
        if let Some(index) = BOUNDS.iter().position(|bound| micros <= bound * 1_000) {
            requests.buckets[index].fetch_add(1, Relaxed);
        }
    }

    pub(super) fn connection_opened(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn connection_closed(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }

    pub(super) fn connection_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn stream_opened(&self) {
        self.streams.fetch_add(1, Relaxed);
    }

    pub(super) fn stream_closed(&self) {
        self.streams.fetch_sub(1, Relaxed);
    }

    /// How many event streams are open.
    pub fn open_streams(&self) -> i64 {
        self.streams.load(Relaxed)
    }

    fn text(&self) -> String {
        let mut out = String::from("# TYPE clonememoria_http_requests_total counter\n");
        for group in Group::ALL {
            let counts = &self.requests[group as usize].by_class;
            for (index, count) in counts.iter().enumerate() {
                let (name, class, count) = (group.name(), index + 1, count.load(Relaxed));
                let _ = writeln!(
                    out,
                    "clonememoria_http_requests_total\
                     {{group=\"{name}\",status=\"{class}xx\"}} {count}"
                );
            }
        }
        out.push_str("# TYPE clonememoria_http_request_seconds histogram\n");
        for group in Group::ALL {
            self.histogram(&mut out, group);
        }
        let (open, streams) = (self.connections.load(Relaxed), self.open_streams());
        let refused = self.refused.load(Relaxed);
        let _ = write!(
            out,
            "# TYPE clonememoria_http_connections gauge\n\
             clonememoria_http_connections {open}\n\
             # TYPE clonememoria_http_streams gauge\n\
             clonememoria_http_streams {streams}\n\
             # TYPE clonememoria_http_connections_refused_total counter\n\
             clonememoria_http_connections_refused_total {refused}\n"
        );
        out
    }

    fn histogram(&self, out: &mut String, group: Group) {
        let requests = &self.requests[group as usize];
        let (name, family) = (group.name(), "clonememoria_http_request_seconds");
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&requests.buckets) {
            below += bucket.load(Relaxed);
            let (whole, part) = (bound / 1_000, bound % 1_000);
            let _ = writeln!(
                out,
                "{family}_bucket{{group=\"{name}\",le=\"{whole}.{part:03}\"}} {below}"
            );
        }
        let count = requests.count.load(Relaxed);
        let micros = requests.micros.load(Relaxed);
        let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
        let _ = write!(
            out,
            "{family}_bucket{{group=\"{name}\",le=\"+Inf\"}} {count}\n\
             {family}_sum{{group=\"{name}\"}} {whole}.{part:06}\n\
             {family}_count{{group=\"{name}\"}} {count}\n"
        );
    }

    fn view(&self) -> serde_json::Value {
        let groups = Group::ALL.iter().map(|group| {
            let requests = &self.requests[*group as usize];
            let by_class = requests.by_class.iter().enumerate();
            let by_class: serde_json::Map<_, _> = by_class
                .map(|(index, count)| (format!("{}xx", index + 1), json!(count.load(Relaxed))))
                .collect();
            let view = json!({
                "requests": by_class,
                "milliseconds": requests.micros.load(Relaxed) / 1_000,
            });
            (group.name().to_owned(), view)
        });
        json!({
            "http": groups.collect::<serde_json::Map<_, _>>(),
            "connections": self.connections.load(Relaxed),
            "connections_refused": self.refused.load(Relaxed),
            "streams": self.open_streams(),
        })
    }
}

/// How the counters are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format.
    Prometheus,
    /// One JSON object.
    Json,
}

/// `GET /metrics` and `/metrics/prometheus`: open to a peer on this machine that does not
/// forward for somebody else; others need the token.
pub struct MetricsPage {
    /// How to write.
    pub format: Format,
    /// The edge's own counters.
    pub metrics: Arc<Metrics>,
    /// What the others count; Prometheus only.
    pub extra: Arc<Vec<Extra>>,
    /// The bearer token that opens the page from elsewhere, if any does.
    pub token: Option<Secret<String>>,
}

impl Endpoint for MetricsPage {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let local = request.data::<Client>().is_some_and(|client| client.local);
        if !local && !self.opens(&request) {
            let detail = "Metrics need the token of the configuration.";
            return Err(Problem::from(Fault::new(
                Kind::Unauthenticated,
                "unauthenticated",
                detail,
            ))
            .into());
        }
        let (mime, body) = match self.format {
            Format::Json => ("application/json", self.metrics.view().to_string()),
            Format::Prometheus => {
                let mut text = self.metrics.text();
                self.extra.iter().for_each(|extra| extra(&mut text));
                ("text/plain; version=0.0.4; charset=utf-8", text)
            }
        };
        Ok(Response::builder()
            .header(CONTENT_TYPE, mime)
            .header(CACHE_CONTROL, "no-store")
            .body(body))
    }
}

impl MetricsPage {
    fn opens(&self, request: &Request) -> bool {
        let Some(token) = &self.token else { return false };
        let sent = request.headers().get(AUTHORIZATION);
        let sent = sent.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        sent.is_some_and(|sent| sent.ct_eq(token.reveal().as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(token: Option<&str>) -> MetricsPage {
        let metrics = Arc::new(Metrics::default());
        metrics.answered(Group::Api, 404, Duration::from_millis(7));
        MetricsPage {
            format: Format::Prometheus,
            metrics,
            extra: Arc::new(vec![Box::new(|out| out.push_str("other 1\n"))]),
            token: token.map(|token| Secret::new(token.to_owned())),
        }
    }

    fn from(local: bool, token: &str) -> Request {
        let address = "203.0.113.1".parse().ok();
        let mut request = Request::builder().header("authorization", token).finish();
        request.set_data(Client { address, tls: false, local });
        request
    }

    #[tokio::test]
    async fn the_page_is_open_here_and_closed_elsewhere() {
        let response = page(None).call(from(true, "")).await.unwrap();
        let text = response.into_body().into_string().await.unwrap();
        assert!(text.contains("requests_total{group=\"api\",status=\"4xx\"} 1"), "{text}");
        assert!(text.contains("_bucket{group=\"api\",le=\"0.010\"} 1"), "{text}");
        assert!(text.ends_with("other 1\n"));
        assert!(page(None).call(from(false, "Bearer ")).await.is_err());
        assert!(page(Some("t0k")).call(from(false, "Bearer nope")).await.is_err());
        assert!(page(Some("t0k")).call(from(false, "Bearer t0k")).await.is_ok());
    }
}
