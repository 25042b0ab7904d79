//! C2 and H1: tokens that others issued, for others.

use std::time::Duration;

use tidings_core::{
    code::Code,
    ids::AccountId,
    ids::TenantId,
    wire::{ClientFrame, ServerFrame},
};
use tidings_server::{
    auth::{ClaimConfig, Keys},
    clock,
};

use super::setup::{Client, Database, TestServer, device, hello};
use crate::support::process::Process;

const SECRET: &str = "a secret that a provider shares with another application";

fn token(issuer: &str, audience: &str, ttl: Duration) -> String {
    let claims = ClaimConfig {
        jwt_issuer: vec![issuer.to_owned()],
        jwt_audience: vec![audience.to_owned()],
        ..ClaimConfig::default()
    };
    let (tenant, account) = (TenantId::parse("acme").unwrap(), AccountId::parse("eve").unwrap());
    let keys = Keys::from_secret(SECRET, claims).unwrap();
    keys.issue(&tenant, &account, &["admin".to_owned()], clock::wall_now(), ttl).unwrap()
}

#[tokio::test]
async fn i21_a_token_for_another_application_opens_no_session_and_says_why() {
    let flags = ["--jwt-secret", SECRET, "--jwt-issuer", "https://id.example", "--jwt-audience", "chat"];
    let database = Database::sqlite();
    let server = TestServer::start(&database, &flags).await;
    let hour = Duration::from_secs(3_600);
    for (issuer, audience, words) in [
        ("https://id.example", "shop", "its audience is not this server's"),
        ("https://evil.example", "chat", "its issuer is not one that this server trusts"),
    ] {
        let mut client = Client::dial(server.address).await;
        client.send(&ClientFrame::Hello(hello(token(issuer, audience, hour), device(1), None))).await;
        let closed = client.closed().await;
        assert_eq!(closed.code, Code::TokenInvalid);
        assert!(closed.detail.ends_with(words), "{}", closed.detail);
    }
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token("https://id.example", "chat", hour), device(1), None))).await;
    let first = client.next().await;
    assert!(matches!(first, ServerFrame::Welcome(_)), "{first:?}");
    server.stop().await;
}

#[tokio::test]
async fn i21_whose_token_was_refused_and_why_is_in_the_log() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--jwt-secret", SECRET, "--jwt-audience", "chat"]);
    let foreign = token("https://id.example", "shop", Duration::from_secs(3_600));
    for token in [foreign.as_str(), "no token at all"] {
        let mut client = Client::dial(server.address).await;
        client.send(&ClientFrame::Hello(hello(token.to_owned(), device(1), None))).await;
        assert_eq!(client.closed_code().await, Code::TokenInvalid);
    }
    let (status, logs) = tokio::task::spawn_blocking(move || server.end("-TERM")).await.unwrap();
    assert!(status.success(), "{status}: {logs}");
    let refused: Vec<&str> = logs.lines().filter(|line| line.contains("token refused")).collect();
    assert_eq!(refused.len(), 2, "{logs}");
    assert!(refused[0].contains("eve") && refused[0].contains("its audience is not this server's"), "{logs}");
    assert!(refused[1].contains("unreadable") && !logs.contains(&foreign), "{logs}");
}
