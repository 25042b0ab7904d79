//! The files of the demo over HTTP: sent compressed to whoever takes that, and
//! not sent again to whoever has them.

use std::path::PathBuf;

use crate::support::{
    database::{Database, unique},
    plain::ask,
    server::TestServer,
};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A folder as the demo's build leaves it, gone with its value.
struct Built(PathBuf);

impl Built {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        for (name, content) in [
            ("index.html", "<title>Tidings</title>"),
            ("index.html.br", "the page as br"),
            ("index.html.gz", "the page, as gz"),
            ("assets/index-BX3f.js", "start()"),
            ("assets/index-BX3f.js.br", "the script, as br"),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn files_are_sent_in_the_form_that_a_client_takes() {
    let (database, built) = (Database::sqlite(), Built::new());
    let server = TestServer::start(&database, &["--demo", built.0.to_str().unwrap()]).await;
    for (path, accepted, encoding, body, kind) in [
        ("/", "br, gzip", "br", "the page as br", "text/html"),
        ("/", "gzip", "gzip", "the page, as gz", "text/html"),
        ("/", "identity", "", "<title>Tidings</title>", "text/html"),
        ("/assets/index-BX3f.js", "gzip, br", "br", "the script, as br", "text/javascript"),
        // Not there in this form.
        ("/assets/index-BX3f.js", "gzip", "", "start()", "text/javascript"),
    ] {
        let answer = ask(server.address, "GET", path, &[&format!("accept-encoding: {accepted}")]).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, body.as_bytes()), "{path} {accepted}");
        assert_eq!(answer.header("content-encoding"), encoding, "{path} {accepted}");
        assert_eq!((answer.header("content-type"), answer.header("vary")), (kind, "accept-encoding"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_is_asked_for_again_and_a_hashed_file_never() {
    let (database, built) = (Database::sqlite(), Built::new());
    let server = TestServer::start(&database, &["--demo", built.0.to_str().unwrap()]).await;
    let accept = "accept-encoding: br";
    for (path, caching) in [("/", "no-cache"), ("/index.html", "no-cache"), ("/assets/index-BX3f.js", IMMUTABLE)] {
        let first = ask(server.address, "GET", path, &[accept]).await;
        assert_eq!((first.status, first.header("cache-control")), (200, caching), "{path}");
        let (etag, modified) = (first.header("etag"), first.header("last-modified"));
        for condition in [format!("if-none-match: {etag}"), format!("if-modified-since: {modified}")] {
            let again = ask(server.address, "GET", path, &[accept, &condition]).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {condition}");
            assert_eq!(again.header("cache-control"), caching);
        }
    }
    // The next version of the page is sent to whoever has this one.
    let tag = |answer: &crate::support::plain::Answer| format!("if-none-match: {}", answer.header("etag"));
    let old = tag(&ask(server.address, "GET", "/", &[accept]).await);
    std::fs::write(built.0.join("index.html.br"), "the next page as br").unwrap();
    let new = ask(server.address, "GET", "/", &[accept, &old]).await;
    assert_eq!((new.status, new.body.as_slice()), (200, "the next page as br".as_bytes()));
    // What is missing now may be there later.
    let missing = ask(server.address, "GET", "/assets/index-AAAA.js", &[]).await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, ""));
    server.stop().await;
}
