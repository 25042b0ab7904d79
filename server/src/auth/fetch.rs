//! Fetching a key set by its URL: one GET, bounded in time and in bytes, over
//! TLS unless the provider is on this machine. No redirect is followed.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

/// Time allowed for the whole request.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a key set.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Why a key set was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchKeysError {
    /// Nobody answers at the address.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Host and port.
        address: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The certificate does not match the host or is not trusted by this machine.
    #[error("TLS with {address} failed: {source}")]
    Tls {
        /// Host and port.
        address: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The response broke off.
    #[error("the response broke off: {0}")]
    Broken(String),
    /// A response with another status than 200.
    #[error("the response is {0}; redirects are not followed")]
    Status(StatusCode),
    /// The response is longer than any key set.
    #[error("the response is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// It took too long.
    #[error("no response within {} s", FETCH_TIMEOUT.as_secs())]
    Timeout,
}

/// A text that is not an accepted key set URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https URL, or an http URL of this machine (127.0.0.1, localhost)")]
pub struct ParseKeySetUrlError;

/// The URL of a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetUrl {
    uri: Uri,
    host: String,
    port: u16,
    is_tls: bool,
}

impl FromStr for KeySetUrl {
    type Err = ParseKeySetUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| ParseKeySetUrlError)?;
        let host = uri.host().ok_or(ParseKeySetUrlError)?.trim_matches(['[', ']']).to_owned();
        let is_loopback = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            // Anybody between here and the provider could replace the keys, and so let anybody in.
            Some("http") if is_loopback => false,
            _ => return Err(ParseKeySetUrlError),
        };
        // Credentials in an address end up in logs.
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(ParseKeySetUrlError);
        }
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { uri, host, port, is_tls })
    }
}

impl std::fmt::Display for KeySetUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.uri.fmt(formatter)
    }
}

impl KeySetUrl {
    /// Fetches the current key set.
    ///
    /// # Errors
    /// When there is no response in time, or it cannot be a key set.
    pub(super) async fn fetch(&self) -> Result<String, FetchKeysError> {
        timeout(FETCH_TIMEOUT, self.try_fetch()).await.unwrap_or(Err(FetchKeysError::Timeout))
    }

    async fn try_fetch(&self) -> Result<String, FetchKeysError> {
        let address = format!("{}:{}", self.host, self.port);
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let socket = connected.map_err(|source| FetchKeysError::Connect { address: address.clone(), source })?;
        if !self.is_tls {
            return self.exchange(socket).await;
        }
        let failed = |source| FetchKeysError::Tls { address: address.clone(), source };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| failed(std::io::Error::other(error)))?;
        let stream = connector().connect(name, socket).await.map_err(failed)?;
        self.exchange(stream).await
    }

    async fn exchange<S>(&self, stream: S) -> Result<String, FetchKeysError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| FetchKeysError::Broken(error.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = Request::get(self.uri.path_and_query().map_or("/", |path| path.as_str()))
            .header(header::HOST, self.uri.authority().map_or("", |authority| authority.as_str()))
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .expect("the parts of an address that was parsed make a request");
        let answered = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            if response.status() != StatusCode::OK {
                return Err(FetchKeysError::Status(response.status()));
            }
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
                Ok(error) => broken(*error),
                Err(_) => FetchKeysError::TooLong,
            })?;
            Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
        };
        tokio::pin!(answered, connection);
        let mut is_open = true;
        loop {
            tokio::select! {
                answer = &mut answered => return answer,
                // The response may be complete even though the connection has closed.
                _ = &mut connection, if is_open => is_open = false,
            }
        }
    }
}

/// Trusts the system's certificates; `SSL_CERT_FILE` names others.
pub(crate) fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i24_a_key_set_is_fetched_by_tls_or_from_the_same_machine() {
        for text in ["https://id.example.org/keys?v=1", "http://127.0.0.1:8080/keys", "http://localhost/"] {
            assert_eq!(text.parse::<KeySetUrl>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "keys.json",
            "ftp://127.0.0.1/",
            "http://id.example.org/",
            "http://127.0.0.1.evil.org/",
            "https://a:b@c/",
        ] {
            assert_eq!(text.parse::<KeySetUrl>(), Err(ParseKeySetUrlError), "{text:?}");
        }
    }
}
