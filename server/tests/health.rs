//! `tidings-server health`, as whoever watches a server runs it: its exit code says
//! whether the server is well, and a line why not.

use std::net::{SocketAddr, TcpListener};

use crate::support::{
    database::Database,
    process::{Process, program},
};

/// Asks for a path, within a second; the exit code and all that was said.
fn health(address: SocketAddr, path: &str) -> (Option<i32>, String) {
    let url = format!("http://{address}{path}");
    let output = program(&["health", "--url", &url, "--timeout", "1s"]).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test]
async fn a_server_is_asked_how_it_is() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--dev"]);
    let address = server.address;
    assert_eq!(health(address, "/healthz"), (Some(0), "ok\n".to_owned()));
    assert_eq!(health(address, "/readyz"), (Some(0), "ready\n".to_owned()));
    let (code, said) = health(address, "/nothing");
    assert!(code == Some(1) && said.starts_with("tidings-server: unhealthy: http://"), "{said}");
    assert!(said.contains("/nothing: 404 Not Found"), "{said}");
    server.drain().await;
    let (code, said) = health(address, "/healthz");
    assert!(code == Some(1) && said.contains("unhealthy") && said.contains("cannot connect"), "{said}");
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_longer_than_told() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, said) = health(silent.local_addr().unwrap(), "/healthz");
    assert!(code == Some(1) && said.ends_with("/healthz: no answer in time\n"), "{said}");
}
