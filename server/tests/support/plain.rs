//! Requests over plain HTTP.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::server::PATIENCE;

/// The answer to a request.
pub struct Answer {
    pub status: u16,
    /// The lines of the head, names in lower case.
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// What a header says; nothing where there is none.
    pub fn header(&self, name: &str) -> &str {
        let values = self.head.lines().filter_map(|line| line.split_once(": "));
        values.filter(|(found, _)| *found == name).map(|(_, value)| value).next().unwrap_or_default()
    }
}

/// The answer to a request without a body, with more headers: `name: value`.
pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Answer {
    let answered = tokio::time::timeout(PATIENCE, async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n");
        if !headers.iter().any(|header| header.starts_with("host: ")) {
            request.push_str("host: test\r\n");
        }
        headers.iter().for_each(|header| request.extend([header, "\r\n"]));
        request.push_str("\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        answer
    });
    let answer = answered.await.expect("the request is answered");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("the head has an end");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let lines = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_lowercase()),
        None => format!("{line}\n"),
    });
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: lines.collect(), body: answer[end + 4..].to_vec() }
}

/// Status and body of the answer to a request without a body.
pub async fn request(address: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let answer = ask(address, method, path, &[]).await;
    (answer.status, String::from_utf8(answer.body).unwrap())
}
