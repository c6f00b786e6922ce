//! The line to the server of a data directory: its control socket. When no server runs, one is
//! started inside this process for the time of the command.

use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::admin::{Operation, Outcome};
use crate::app::App;
use crate::config::{Config, Tls};
use crate::http::server::Server;
use crate::store::Store;

/// A line to a server.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    own: Option<(App, Server)>,
}

/// An answer of the server.
pub struct Reply {
    /// Whether it is a success.
    pub good: bool,
    /// The body.
    pub body: Value,
}

impl Line {
    /// Speaks to the running server of the data directory, or starts one for this command.
    ///
    /// # Errors
    /// When there is no data where it is looked for: who asks about it means another place.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        if !Store::is_in(&config.data_dir) {
            let directory = std::path::absolute(&config.data_dir);
            let directory = directory.as_deref().unwrap_or(&config.data_dir).display();
            let message = format!(
                "there is no data of a server in {directory}: name its directory with --data-dir, \
                 or its file of settings with --config"
            );
            return Err(Failure::Refused { message, code: 66 });
        }
        Self::open_or_found(config).await
    }

    /// The same, and founds a data directory where there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or started.
    pub async fn open_or_found(config: &Config) -> Result<Self, Failure> {
        let socket = config.data_dir.join("control.sock");
        if let Ok(stream) = UnixStream::connect(&socket).await {
            let sender = sender(stream).await?;
            return Ok(Self { sender, own: None });
        }
        let mut own = config.clone();
        own.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        own.tls = Tls::Off;
        let app = App::open(&own).await?;
        let server = match app.serve(&own).await {
            Ok(server) => server,
            Err(error) => {
                app.stop(None, CancellationToken::new()).await;
                return Err(error.into());
            }
        };
        let sender = connect(&socket).await?;
        Ok(Self { sender, own: Some((app, server)) })
    }

    /// Ends the line, and the server if it was started for it.
    pub async fn close(self) {
        drop(self.sender);
        if let Some((app, server)) = self.own {
            app.stop(Some(server), CancellationToken::new()).await;
        }
    }

    /// Has an operation carried out.
    pub async fn operate(&mut self, operation: &Operation) -> Result<Outcome, Failure> {
        let body = serde_json::to_vec(operation).unwrap_or_default();
        let reply = self.send(Method::POST, "/control", None, body).await?;
        if !reply.good {
            return Err(refused(&reply.body));
        }
        serde_json::from_value(reply.body).map_err(|_| lost())
    }

    /// Sends a request of the public API.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Reply, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| lost())?;
        self.sender.ready().await.map_err(|_| lost())?;
        let response = self.sender.send_request(request).await.map_err(|_| lost())?;
        let status: StatusCode = response.status();
        let bytes = response.into_body().collect().await.map_err(|_| lost())?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Reply { good: status.is_success(), body })
    }
}

async fn connect(socket: &Path) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(Failure::io("the control socket cannot be reached"))?;
    sender(stream).await
}

async fn sender(stream: UnixStream) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| lost())?;
    #[expect(clippy::disallowed_methods, reason = "ends with the line, which the command owns")]
    tokio::spawn(connection);
    Ok(sender)
}

fn lost() -> Failure {
    Failure::Refused { message: "the server broke off".to_owned(), code: 69 }
}

/// What a problem says, for people.
pub fn refused(problem: &Value) -> Failure {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut message = text(problem, "detail");
    for field in problem["errors"].as_array().into_iter().flatten() {
        let (pointer, detail) = (text(field, "pointer"), text(field, "detail"));
        message = format!("{message} {}: {detail}", pointer.trim_start_matches('/'));
    }
    if message.is_empty() {
        return lost();
    }
    let code = if problem["status"] == 404 { 66 } else { 65 };
    Failure::Refused { message, code }
}
