//! One HTTP/1 connection, with nothing between it and the clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Outcome;

/// An open connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    /// Sent as a bearer token, if there is one.
    pub token: Option<String>,
    /// Sent as an API key, if there is one.
    pub key: Option<String>,
}

/// When a streamed answer began, and ended.
pub struct Streamed {
    /// From the request to the first piece of the answer's text.
    pub first: Duration,
    /// From the request to the end.
    pub whole: Duration,
    /// The last event, which repeats the whole answer.
    pub end: Vec<u8>,
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr, token: Option<String>) -> Outcome<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, token, key: None })
    }

    /// The parsed answer; whatever is not a success is an error.
    pub async fn json(&mut self, method: Method, path: &str, body: Bytes) -> Outcome<Value> {
        let body = self.bytes(method, path, body).await?;
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? })
    }

    /// The bytes of an answer; whatever is not a success is an error.
    pub async fn bytes(&mut self, method: Method, path: &str, body: Bytes) -> Outcome<Bytes> {
        let (status, body) = self.whatever(method, path, body).await?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into())
    }

    /// The status and the bytes of an answer, a success or not.
    pub async fn whatever(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Outcome<(u16, Bytes)> {
        let response = self.send(method, path, body, "application/json").await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Sends a question and watches the answer come; the text begins after `mark`.
    pub async fn stream(&mut self, path: &str, body: Bytes, mark: &[u8]) -> Outcome<Streamed> {
        let asked = Instant::now();
        let response = self.send(Method::POST, path, body, "text/event-stream").await?;
        let status = response.status();
        let mut body = response.into_body();
        let (mut seen, mut first) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let Some(data) = frame.data_ref() else { continue };
            seen.extend_from_slice(data);
            if first.is_none() {
                first = seen.windows(mark.len()).any(|part| part == mark).then(|| asked.elapsed());
            }
        }
        let whole = asked.elapsed();
        let first = first.filter(|_| status.is_success());
        let first = first.ok_or_else(|| {
            format!("{path}: {status}, no answer came: {}", String::from_utf8_lossy(&seen))
        })?;
        let end = seen.windows(7).rposition(|part| part == b"event: ").unwrap_or_default();
        Ok(Streamed { first, whole, end: seen.split_off(end) })
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        accept: &str,
    ) -> Outcome<Response<Incoming>> {
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, "x").header(ACCEPT, accept);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        self.sender.ready().await?;
        Ok(self.sender.send_request(request.body(Full::new(body))?).await?)
    }
}
