//! The whole edge in one endpoint: guard, base path, and what is served where.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt as _, IntoEndpoint, Route};
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::Value;

use super::allow::Allowed;
use super::base::Based;
use super::control::Control;
use super::docs::Docs;
use super::full::{IsFull, Spared};
use super::guard::Guard;
use super::health::{Health, Healthz, Readyz};
use super::metrics::{Extra, Format, MetricsPage};
use super::openapi;
use super::secured::Secured;
use super::trust::Trust;
use super::ui::Ui;
use crate::kernel::Secret;

/// What is served besides the API.
pub struct Edge {
    /// What holds for every request.
    pub guard: Guard,
    /// The checks behind `/readyz`.
    pub health: Health,
    /// What other parts count.
    pub extra_metrics: Vec<Extra>,
    /// Whether the disk has no room for more.
    pub is_full: IsFull,
    /// Opens the metrics from other machines.
    pub metrics_token: Option<Secret<String>>,
    /// How the server proves that it is itself.
    pub trust: Trust,
    /// The version of the server.
    pub version: &'static str,
}

/// The document of an API, for `/openapi.json` and for the copy in the repository.
pub fn document<A: OpenApi>(api: A, base_path: &str, version: &str) -> Value {
    let service = OpenApiService::new(api, "CloneMemoria", version);
    openapi::document(&service.spec(), base_path, version)
}

impl Edge {
    /// Everything under one endpoint, for the server and for tests at the front door. `layer`
    /// wraps the API alone: authentication, limits.
    pub fn serve<A, L, F>(mut self, api: A, control: Control, layer: F) -> BoxEndpoint<'static>
    where
        A: OpenApi + 'static,
        L: IntoEndpoint,
        L::Endpoint: 'static,
        F: FnOnce(OpenApiService<A, ()>) -> L,
    {
        let base_path = self.guard.base_path.clone();
        let service = OpenApiService::new(api, "CloneMemoria", self.version);
        let document = openapi::document(&service.spec(), &base_path, self.version);
        self.guard.allowed = Arc::new(Allowed::of(&document));
        let docs = Arc::new(Docs::new(&document, &base_path));
        let extra = Arc::new(self.extra_metrics);
        let metrics = |format| MetricsPage {
            format,
            metrics: Arc::clone(&self.guard.metrics),
            extra: Arc::clone(&extra),
            token: self.metrics_token.clone(),
        };
        let (trust, has_tls) = (Arc::new(self.trust.clone()), self.trust.has_tls());
        let route = Route::new()
            .nest("/api/v1", Spared::around(layer(service), self.is_full.clone(), &document))
            .at("/control", control)
            .at("/openapi.json", Arc::clone(&docs))
            .at("/docs", Arc::clone(&docs))
            .at("/docs/*rest", docs)
            .at("/trust/*rest", trust)
            .at("/healthz", Healthz)
            .at("/readyz", Readyz(self.health))
            .at("/metrics", metrics(Format::Json))
            .at("/metrics/prometheus", metrics(Format::Prometheus))
            .at("/*rest", Arc::new(Ui::embedded(&base_path)));
        self.guard.around(Based::new(&base_path, Secured::new(route, has_tls))).boxed()
    }
}
