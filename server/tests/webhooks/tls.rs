//! Webhooks over TLS.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::{FLAGS, Receiver, group, hook, say};
use crate::support::{
    database::{Database, unique},
    process::Process,
    rest::Caller,
};

/// Takes TLS off what is sent to another address.
async fn terminate(certificate: &CertifiedKey<KeyPair>, to: SocketAddr) -> SocketAddr {
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.cert.der().clone()], key.into()).unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Whoever does not trust it hangs up.
            if let Ok(mut outside) = acceptor.accept(socket).await {
                let mut inside = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h7_a_webhook_goes_over_tls_to_whom_the_machine_trusts() {
    let database = Database::sqlite();
    let flags = [&FLAGS[..], &["--webhook-retry-max", "50ms", "--dev"]].concat();
    let certificate = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut receiver = Receiver::start().await;
    let port = terminate(&certificate, receiver.address).await.port();
    let server = Process::start(&database.address, &flags);
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let conversation = group(&ann).await;
    let (path, secret) = hook(&root, &format!("https://localhost:{port}/hook"), &["message.created"]).await;
    say(&ann, &conversation, "by TLS").await;
    database.wait_for("SELECT count(*) FROM webhook_deliveries WHERE attempts > 0", 1).await;
    let waiting = root.get(&format!("{path}/deliveries?state=pending")).await.is(200);
    let failure = waiting["deliveries"][0]["failure"].as_str().unwrap();
    assert!(failure.contains("UnknownIssuer"), "{failure}");
    assert!(receiver.received.try_recv().is_err());
    server.drain().await;
    let authorities = std::env::temp_dir().join(unique());
    std::fs::write(&authorities, certificate.cert.pem()).unwrap();
    let mut trusting = Process::command(&database.address, &flags);
    trusting.env("SSL_CERT_FILE", &authorities);
    let server = Process::spawn(trusting);
    let (text, received) = receiver.messages(1).await.remove(0);
    assert!(text == "by TLS" && received.is_signed_with(&secret), "{received:?}");
    drop(server);
    std::fs::remove_file(authorities).unwrap();
}
