//! What a node says over plain HTTP.

use std::time::Duration;

use tidings_core::{
    code::Code,
    journal::Cursor,
    wire::{ClientFrame, ServerFrame},
};

use crate::support::{
    client::{Client, device, hello},
    database::Database,
    on_each_store,
    plain::request,
    server::{TestServer, token},
};

on_each_store! {
    a_node_is_alive_and_ready,
    j31_a_node_behind_what_a_client_was_told_says_so_and_goes_on,
    a_development_node_issues_tokens_that_open_sessions,
    the_demo_is_served_at_the_root,
    a_plain_request_is_no_session,
}

async fn a_node_is_alive_and_ready(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    assert_eq!(request(server.address, "GET", "/healthz").await, (200, "ok".to_owned()));
    assert_eq!(request(server.address, "GET", "/readyz").await, (200, "ready".to_owned()));
    assert_eq!(request(server.address, "GET", "/nothing").await.0, 404);
    server.stop().await;
}

async fn j31_a_node_behind_what_a_client_was_told_says_so_and_goes_on(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let told = Some(Cursor::new(1 << 60));
    let mut ann = Client::dial(server.address).await;
    ann.send(&ClientFrame::Hello(hello(token("ann", Duration::from_secs(600)), device(1), told))).await;
    let ServerFrame::Closed(closed) = ann.next().await else { panic!("there is no session with such a cursor") };
    assert_eq!(closed.code, Code::StoreRestored);
    let (status, said) = request(server.address, "GET", "/readyz").await;
    assert!(status == 200 && said.contains("the store is behind what clients were told"), "{said}");
    Client::try_resume(server.address, "bob", device(2), None).await.unwrap();
    server.stop().await;
}

async fn a_development_node_issues_tokens_that_open_sessions(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (status, body) = request(server.address, "POST", "/dev/token?account=ann").await;
    assert_eq!(status, 200, "{body}");
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    let token = answer["token"].as_str().unwrap().to_owned();
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    let ServerFrame::Welcome(welcome) = client.next().await else { panic!("Welcome comes first") };
    assert_eq!((welcome.tenant.as_str(), welcome.account.as_str()), ("default", "ann"));
    let (status, body) = request(server.address, "POST", "/dev/token?account=a/b").await;
    assert_eq!(status, 400);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["code"], "id_invalid");
    assert_eq!(request(server.address, "GET", "/dev/token?account=ann").await.0, 405);
    server.stop().await;
}

async fn the_demo_is_served_at_the_root(database: Database) {
    let folder = std::env::temp_dir().join(format!("tidings_demo_{:016x}", rand::random::<u64>()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<title>Tidings</title>").unwrap();
    let server = TestServer::start(&database, &["--demo", folder.to_str().unwrap()]).await;
    assert_eq!(request(server.address, "GET", "/").await, (200, "<title>Tidings</title>".to_owned()));
    assert_eq!(request(server.address, "GET", "/healthz").await.0, 200);
    assert_eq!(request(server.address, "GET", "/../Cargo.toml").await.0, 404);
    // What lies there beside the demo, or where a link leads.
    std::fs::write(folder.join(".env"), "secret").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("passwd")).unwrap();
    for path in ["/.env", "/%2eenv", "/passwd"] {
        assert_eq!(request(server.address, "GET", path).await.0, 404, "{path}");
    }
    server.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

async fn a_plain_request_is_no_session(database: Database) {
    let server = TestServer::start(&database, &["--sessions-max", "1"]).await;
    for _ in 0..3 {
        assert_eq!(request(server.address, "GET", "/v1/sync").await.0, 400);
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    let client = Client::connect(&server, "ann", device(1)).await;
    drop(client);
    server.stop().await;
}
