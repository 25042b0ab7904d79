//! One request to an endpoint. No redirect is followed, and nothing of a body is read.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tidings_core::time::WallTime;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{
    address::{AddressError, Target},
    config::WebhookConfig,
    key, schedule,
};
use crate::store::{Delivery, Endpoint};

/// The largest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a status of success.
    Taken,
    /// With 410: nothing more is to be sent.
    Gone,
    /// In another way, with what the endpoint said of when to come again.
    Failed(String, Option<Duration>),
}

/// Makes requests.
pub(super) struct Sender {
    config: WebhookConfig,
    /// Made when it is first needed, as it reads the certificates of the system.
    tls: OnceLock<TlsConnector>,
}

impl Sender {
    pub(super) fn new(config: &WebhookConfig) -> Self {
        Self { config: config.clone(), tls: OnceLock::new() }
    }

    /// Sends an event once.
    pub(super) async fn send(self: &Arc<Self>, endpoint: &Endpoint, delivery: &Delivery, now: WallTime) -> Ended {
        match timeout(self.config.webhook_timeout, self.try_send(endpoint, delivery, now)).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(failure)) => Ended::Failed(failure, None),
            Err(_) => Ended::Failed("no answer in time".to_owned(), None),
        }
    }

    async fn try_send(&self, endpoint: &Endpoint, delivery: &Delivery, now: WallTime) -> Result<Ended, String> {
        let allow_private = self.config.webhook_allow_private;
        let refused = |error: AddressError| error.to_string();
        let target = Target::parse(&endpoint.url, allow_private).map_err(refused)?;
        let addresses = target.resolve(allow_private).await.map_err(refused)?;
        let request = request(&target, endpoint, delivery, now).ok_or("the request cannot be made")?;
        // The addresses that were checked, not the name, which may lead elsewhere meanwhile.
        let connected = TcpStream::connect(&addresses[..]).await;
        let socket = connected.map_err(|error| format!("cannot connect: {}", error.kind()))?;
        if !target.is_tls {
            return exchange(socket, request).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| "not a name for TLS")?;
        let stream = self
            .tls
            .get_or_init(crate::auth::tls_connector)
            .connect(name, socket)
            .await
            .map_err(|error| format!("TLS failed: {error}"))?;
        exchange(stream, request).await
    }
}

fn request(target: &Target, endpoint: &Endpoint, delivery: &Delivery, now: WallTime) -> Option<Request<Full<Bytes>>> {
    let signatures = key::signatures(endpoint, &delivery.event, now, &delivery.body)?;
    Request::post(target.uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, target.uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("tidings/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header("webhook-id", &delivery.event)
        .header("webhook-timestamp", (now.as_millis() / 1_000).to_string())
        .header("webhook-signature", signatures)
        .body(Full::new(Bytes::from(delivery.body.clone())))
        .ok()
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Ended, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let handshake =
        hyper::client::conn::http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    let answered = sender.send_request(request);
    tokio::pin!(answered, connection);
    let mut is_open = true;
    let response = loop {
        tokio::select! {
            answer = &mut answered => break answer.map_err(broken)?,
            _ = &mut connection, if is_open => is_open = false,
        }
    };
    let status = response.status();
    if status.is_success() {
        return Ok(Ended::Taken);
    }
    if status == StatusCode::GONE {
        return Ok(Ended::Gone);
    }
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Ok(Ended::Failed(format!("answered {}", status.as_u16()), retry_after.and_then(schedule::retry_after)))
}
