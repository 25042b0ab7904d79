//! A caller over HTTP: sends requests with a token, and reads what is answered.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::server::{PATIENCE, labelled_token, token};

/// How long its token holds.
const TTL: Duration = Duration::from_secs(600);

/// Somebody who asks over HTTP.
#[derive(Clone)]
pub struct Caller {
    pub address: SocketAddr,
    pub token: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
    /// The body, if it is JSON.
    pub body: Value,
}

impl Answer {
    /// The stable code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// That it went well, and its body.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }

    /// That it was refused, in the form in which all that is refused is told.
    #[track_caller]
    pub fn is_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:tidings:problem:{code}"));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string(), "{self:?}");
    }
}

impl Caller {
    /// An account of the tenant of the tests.
    pub fn of(address: SocketAddr, account: &str) -> Self {
        Self { address, token: Some(token(account, TTL)) }
    }

    /// An administrator of that tenant.
    pub fn administrator(address: SocketAddr, account: &str) -> Self {
        Self { address, token: Some(labelled_token(account, TTL, &["admin"])) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        self.ask("PUT", path, None, &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, None, &[]).await
    }

    /// A request with headers of its own.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.ask_text(method, path, &body, headers).await
    }

    /// A request with a body that need not be JSON.
    pub async fn ask_text(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_as("application/json", method, path, body, headers).await
    }

    /// A request as a form makes it.
    pub async fn ask_form(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_as("application/x-www-form-urlencoded", method, path, body, headers).await
    }

    async fn ask_as(&self, kind: &str, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let answered = tokio::time::timeout(PATIENCE, async {
            let mut socket = TcpStream::connect(self.address).await.unwrap();
            // A server that does not read all of a body may end the connection meanwhile.
            let _ = socket.write_all(head.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        });
        read(&answered.await.unwrap_or_else(|_| panic!("{method} {path} is answered")))
    }
}

fn read(answer: &str) -> Answer {
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let is_chunked = headers.get("transfer-encoding").is_some_and(|encoding| encoding == "chunked");
    let text = if is_chunked { joined(text) } else { text.to_owned() };
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, body }
}

/// The chunks of a body that is sent as it is made, as far as they came.
fn joined(mut chunks: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        text.push_str(&rest[..size.min(rest.len())]);
        chunks = rest.get(size + 2..).unwrap_or_default();
    }
    text
}

/// A text as a part of a path.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
