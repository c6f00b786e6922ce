//! What only the operator of the machine can ask: operations over the control socket.

use poem::http::Method;
use poem::{Endpoint, IntoResponse as _, Request, Response};
use poem_openapi::payload::Json;

use super::api::Services;
use super::body::{Shape, parse};
use super::client::Peer;
use super::problem::Problem;
use crate::admin::Operation;
use crate::kernel::Fault;

/// Answers operations; to everybody else it looks as if nothing were here.
pub struct Control {
    services: Services,
}

impl Control {
    /// Over these services.
    pub fn new(services: Services) -> Self {
        Self { services }
    }
}

#[cfg(feature = "testing")]
impl Control {
    /// What tests want of the parts that the operator's own commands do not reach.
    async fn arrange(&self, operation: &Operation) -> Result<(), Problem> {
        let done = match operation {
            Operation::SweepTrash => {
                self.services.trash.sweep().await.map(|_| ()).map_err(Fault::from)
            }
            Operation::SweepLegacies => self.services.legacies.sweep().await.map_err(Fault::from),
            Operation::EraseAccount { account } => {
                self.services.erasures.erase_without_asking(*account).await.map_err(Fault::from)
            }
            Operation::SlowSearches { millis } => {
                self.services.retrieval.slow_down(std::time::Duration::from_millis(*millis));
                Ok(())
            }
            _ => Ok(()),
        };
        done.map_err(Problem::from)
    }
}

impl Endpoint for Control {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let by_operator = matches!(request.data::<Peer>(), Some(Peer::Control));
        if !by_operator || request.method() != Method::POST {
            return Err(Problem::from(Fault::not_found()).into());
        }
        let bytes = request.take_body().into_bytes().await?;
        let operation: Operation = parse(&bytes, Shape::default()).map_err(Problem::from)?;
        #[cfg(feature = "testing")]
        self.arrange(&operation).await?;
        let outcome = self.services.admin.run(operation).await.map_err(Problem::from)?;
        let outcome = serde_json::to_value(&outcome)
            .map_err(|error| Problem::from(Fault::internal(error)))?;
        Ok(Json(outcome).into_response())
    }
}
