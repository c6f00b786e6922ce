//! How the server is.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use super::Group;
use crate::http::auth::Open;
use crate::http::problem::Answer;

pub struct SystemApi;

/// Every part of the server with its state.
#[derive(Object)]
struct GatewayHealth {
    /// `ok` or `degraded`.
    status: String,
    /// A state for each part.
    checks: Value,
    /// The version of the server.
    version: String,
}

#[OpenApi]
impl SystemApi {
    /// Every part of the server with its state
    #[oai(
        path = "/gateway/health",
        method = "get",
        operation_id = "get_health",
        tag = "Group::System"
    )]
    async fn health(&self, services: Open) -> Answer<Json<GatewayHealth>> {
        let (ready, report) = services.health().report();
        Ok(Json(GatewayHealth {
            status: if ready { "ok" } else { "degraded" }.to_owned(),
            checks: report.get("checks").cloned().unwrap_or(report),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }
}
