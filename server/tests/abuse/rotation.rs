//! H1: a provider that changes its keys was an outage, and one that answers
//! nonsense must not be one either.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use serde_json::json;
use tidings_core::{code::Code, wire::ClientFrame, wire::ServerFrame};
use tidings_server::clock;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::setup::{Client, Database, PATIENCE, Scrape, TestServer, device, hello};
use crate::support::process::{Process, program};

const ANY: [&str; 2] = ["--jwt-any-issuer", "--jwt-any-audience"];

/// A key of a provider.
#[derive(Clone, Copy)]
enum Signer {
    One,
    Two,
}

impl Signer {
    fn key(self) -> (EncodingKey, Algorithm, &'static str) {
        match self {
            Self::One => {
                let key = EncodingKey::from_ed_pem(include_bytes!("../fixtures/ed25519.pem")).unwrap();
                (key, Algorithm::EdDSA, "one")
            }
            Self::Two => {
                let key = EncodingKey::from_ec_pem(include_bytes!("../fixtures/p256.pem")).unwrap();
                (key, Algorithm::ES256, "two")
            }
        }
    }

    /// The set that holds this key alone.
    fn key_set(self) -> String {
        let (key, algorithm, id) = self.key();
        let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        serde_json::to_string(&JwkSet { keys: vec![jwk] }).unwrap()
    }

    fn token(self) -> String {
        let (key, algorithm, id) = self.key();
        let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
        let claims = json!({ "sub": "auth0|ann", "exp": clock::wall_now().as_seconds() + 600 });
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}

/// What a provider answers, byte by byte, and how often it was asked.
#[derive(Clone)]
struct Provider {
    address: SocketAddr,
    answer: Arc<Mutex<(Vec<u8>, u32)>>,
}

impl Provider {
    async fn start(first: Signer) -> Self {
        Self::start_behind(None, first).await
    }

    /// One that is reached by TLS.
    async fn start_by_tls(certificate: &CertifiedKey<KeyPair>, first: Signer) -> Self {
        let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.cert.der().clone()], key.into()).unwrap();
        Self::start_behind(Some(TlsAcceptor::from(Arc::new(config))), first).await
    }

    async fn start_behind(tls: Option<TlsAcceptor>, first: Signer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Self { address, answer: Arc::default() };
        provider.hold(first);
        let answering = provider.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                match &tls {
                    None => answering.answer(socket).await,
                    // Whoever does not trust it hangs up.
                    Some(tls) => match tls.accept(socket).await {
                        Ok(stream) => answering.answer(stream).await,
                        Err(_) => continue,
                    },
                }
            }
        });
        provider
    }

    async fn answer(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let bytes = {
            let mut answer = self.answer.lock().unwrap();
            answer.1 += 1;
            answer.0.clone()
        };
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    fn answers(&self, status: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\nlocation: /other\r\ncontent-length: {}\r\n\r\n", body.len());
        self.answer.lock().unwrap().0 = [head.as_bytes(), body.as_bytes()].concat();
    }

    fn hold(&self, signer: Signer) {
        self.answers("200 OK", &signer.key_set());
    }

    fn asked(&self) -> u32 {
        self.answer.lock().unwrap().1
    }
}

/// A file of its own with this in it.
fn written(contents: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("tidings_rotation_{:016x}", rand::random::<u64>()));
    std::fs::write(&path, contents).unwrap();
    path
}

/// Waits until a counter of reads has risen by two: one of them began behind this.
async fn reads(metrics: SocketAddr, counter: &str) {
    let before = Scrape::of(metrics).await.value(counter);
    let risen = tokio::time::timeout(PATIENCE, async {
        while Scrape::of(metrics).await.value(counter) < before + 2.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    risen.await.unwrap_or_else(|_| panic!("{counter} rises"));
}

/// What a Hello with this token is answered with: its account, or a code.
async fn say_hello(address: SocketAddr, token: String) -> Result<String, Code> {
    let mut client = Client::dial(address).await;
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    match client.next().await {
        ServerFrame::Welcome(welcome) => Ok(welcome.account.to_string()),
        ServerFrame::Closed(closed) => Err(closed.code),
        frame => panic!("{frame:?}"),
    }
}

#[tokio::test]
async fn i24_a_provider_that_changes_its_keys_is_no_outage() {
    let provider = Provider::start(Signer::One).await;
    let url = provider.url();
    let database = Database::sqlite();
    let server = TestServer::start(&database, &[&["--jwks-url", &url][..], &ANY].concat()).await;
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()));
    provider.hold(Signer::Two);
    assert_eq!(say_hello(server.address, Signer::Two.token()).await, Ok("auth0|ann".to_owned()));
    assert_eq!(provider.asked(), 2);
    // The former key is not one of the provider's any more, and nobody looks for it again and again.
    for _ in 0..20 {
        assert_eq!(say_hello(server.address, Signer::One.token()).await, Err(Code::TokenInvalid));
    }
    assert_eq!(provider.asked(), 2);
    server.stop().await;
}

#[tokio::test]
async fn i24_a_provider_that_answers_nonsense_is_no_outage() {
    let provider = Provider::start(Signer::One).await;
    let url = provider.url();
    let flags = ["--jwks-interval", "20ms", "--metrics-listen", "127.0.0.1:0", "--jwks-url", &url];
    let database = Database::sqlite();
    let server = TestServer::start(&database, &[&flags[..], &ANY].concat()).await;
    // It has started once it answers: with the first set.
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()));
    let endless = format!("{{\"keys\": [{}]}}", " ".repeat(300_000));
    let secret = json!({ "keys": [{ "kty": "oct", "k": "A".repeat(64) }] }).to_string();
    let nonsense = [
        ("500 Internal Server Error", "{}"),
        ("302 Found", &Signer::Two.key_set()),
        ("200 OK", "no key set"),
        ("200 OK", "{\"keys\": []}"),
        ("200 OK", &endless),
        // A secret that anybody can read is no key.
        ("200 OK", &secret),
    ];
    for (status, body) in nonsense {
        provider.answers(status, body);
        reads(server.metrics.unwrap(), "tidings_key_sets_unreadable_total").await;
        assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()), "{status}");
    }
    // And when it is itself again, it is believed again.
    provider.hold(Signer::Two);
    reads(server.metrics.unwrap(), "tidings_key_sets_read_total").await;
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Err(Code::TokenInvalid));
    assert_eq!(say_hello(server.address, Signer::Two.token()).await, Ok("auth0|ann".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn i24_a_provider_is_reached_by_tls_if_the_machine_trusts_it() {
    let certificate = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Provider::start_by_tls(&certificate, Signer::One).await;
    let url = format!("https://localhost:{}/keys", provider.address.port());
    let database = Database::sqlite();
    let serve = || Process::command(&database.address, &[&["--jwks-url", &url][..], &ANY].concat());
    let mut untrusting = serve();
    let output = tokio::task::spawn_blocking(move || untrusting.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("UnknownIssuer") && provider.asked() == 0, "{said}");
    let authorities = written(&certificate.cert.pem());
    let mut trusting = serve();
    trusting.env("SSL_CERT_FILE", &authorities);
    let server = tokio::task::spawn_blocking(move || Process::spawn(trusting)).await.unwrap();
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()));
    server.drain().await;
    std::fs::remove_file(authorities).unwrap();
}

#[tokio::test]
async fn i24_a_hangup_reads_the_file_again_and_ends_nothing() {
    let database = Database::sqlite();
    let path = written(&Signer::One.key_set());
    let file = path.to_str().unwrap();
    let server = Process::start(&database.address, &[&["--jwks", file][..], &ANY].concat());
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()));
    std::fs::write(&path, "half a key set").unwrap();
    server.signal("-HUP");
    server.logged("the former keys hold").await;
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Ok("auth0|ann".to_owned()));
    std::fs::write(&path, Signer::Two.key_set()).unwrap();
    server.signal("-HUP");
    let turned = tokio::time::timeout(PATIENCE, async {
        while say_hello(server.address, Signer::Two.token()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    turned.await.expect("the new set is read");
    assert_eq!(say_hello(server.address, Signer::One.token()).await, Err(Code::TokenInvalid));
    server.drain().await;
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn i24_without_its_key_set_a_server_does_not_start_and_says_why() {
    let database = Database::sqlite();
    // A port that was free a moment ago: nothing answers there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let provider = Provider::start(Signer::One).await;
    for (url, words) in [
        (format!("http://{free}/keys"), "refused"),
        // Somebody answers who does not prove to be it.
        (format!("https://{}/keys", provider.address), "TLS with"),
    ] {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &database.address, "--jwks-url", &url];
        let mut command = program(&[&serve[..], &ANY].concat());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let last = stderr.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("tidings-server: jwks_unreachable: ") && last.contains(words), "{stderr}");
    }
    for url in ["http://id.example.org/keys", "ftp://127.0.0.1/keys", "https://ann:secret@id.example.org/", "keys"] {
        let output = program(&["serve", "--jwks-url", url]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("must be an https URL"), "{stderr}");
    }
}
