//! Asking a server how it is, by the program itself: where it runs there may be
//! nothing else that speaks HTTP.

use std::{str::FromStr, time::Duration};

use axum::http::{Request, StatusCode, Uri, header};
use clap::Args;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::{config::parse_duration, error::ServeError};

/// Bytes of an answer at most: it is a line.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Which server to ask, and what.
#[derive(Debug, Clone, Args)]
pub struct HealthRequest {
    /// What to ask: `/healthz` whether it runs, `/readyz` whether it can serve.
    #[arg(long, default_value = "http://127.0.0.1:4870/healthz")]
    pub url: HealthUrl,
    /// How long to wait for the answer.
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// An address of plain HTTP: what is asked is no secret, and TLS is the proxy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthUrl(Uri);

/// Why a text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http address, as in http://127.0.0.1:4870/readyz")]
pub struct ParseHealthUrlError;

impl FromStr for HealthUrl {
    type Err = ParseHealthUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| ParseHealthUrlError)?;
        let is_http = uri.scheme_str() == Some("http") && uri.host().is_some();
        if is_http { Ok(Self(uri)) } else { Err(ParseHealthUrlError) }
    }
}

impl std::fmt::Display for HealthUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a server does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// Nobody answers there.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// The answer broke off, or is none.
    #[error("no answer: {0}")]
    Broken(String),
    /// It says that it is not.
    #[error("{status}: {said}")]
    Status {
        /// The status of the answer.
        status: StatusCode,
        /// Its body.
        said: String,
    },
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
}

/// Asks a server how it is, and prints what it says.
///
/// # Errors
/// When it does not answer in time, or otherwise than with 200.
pub async fn health(request: HealthRequest) -> Result<(), ServeError> {
    let answer = timeout(request.timeout, ask(&request.url.0)).await.unwrap_or(Err(HealthError::Timeout));
    let said = answer.map_err(|source| ServeError::Unhealthy { url: request.url, source })?;
    println!("{said}");
    Ok(())
}

async fn ask(uri: &Uri) -> Result<String, HealthError> {
    let broken = |error: hyper::Error| HealthError::Broken(error.to_string());
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let socket = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await.map_err(HealthError::Connect)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(broken)?;
    // It ends with the process.
    tokio::spawn(connection);
    let request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("the parts of an address that was parsed make a request");
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| HealthError::Broken(error.to_string()))?.to_bytes();
    let said = String::from_utf8_lossy(&body).into_owned();
    if status == StatusCode::OK { Ok(said) } else { Err(HealthError::Status { status, said }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_is_asked() {
        for text in ["http://127.0.0.1:4870/readyz", "http://[::1]:80/", "http://server/healthz"] {
            assert_eq!(text.parse::<HealthUrl>().unwrap().to_string(), text);
        }
        for text in ["", "127.0.0.1:4870", "/healthz", "https://chat.example.com/healthz"] {
            assert_eq!(text.parse::<HealthUrl>(), Err(ParseHealthUrlError), "{text:?}");
        }
    }
}
