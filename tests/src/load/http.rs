//! A client over HTTP: one connection that is kept, and one request at a time.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tidings_core::ids::AccountId;
use tokio::{net::TcpStream, time::timeout};

use super::{
    PATIENCE,
    session::{administrator_token, token},
};

/// A connection on which requests are made for one account.
pub struct HttpClient {
    requests: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    authorization: String,
}

impl HttpClient {
    /// Connects as an account.
    pub async fn connect(address: SocketAddr, account: &AccountId) -> anyhow::Result<Self> {
        Self::with_token(address, &token(account)?).await
    }

    /// Connects as an administrator of the tenant.
    pub async fn connect_administrator(address: SocketAddr, account: &AccountId) -> anyhow::Result<Self> {
        Self::with_token(address, &administrator_token(account)?).await
    }

    async fn with_token(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (requests, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self { requests, address, authorization: format!("Bearer {token}") })
    }

    /// Reads what is at a path. What was received, as it came.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        self.request(Method::GET, path, Vec::new()).await
    }

    /// Sends a body to a path. What was received, as it came.
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> anyhow::Result<Bytes> {
        self.request(Method::POST, path, body).await
    }

    async fn request(&mut self, method: Method, path: &str, body: Vec<u8>) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, &self.authorization)
            .body(Full::new(Bytes::from(body)))?;
        let answer = async {
            self.requests.ready().await?;
            let answer = self.requests.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
            Ok(body)
        };
        timeout(PATIENCE, answer).await.with_context(|| format!("{path} was not answered in time"))?
    }
}

/// An answer in JSON.
pub fn json(body: &[u8]) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(body)?)
}
