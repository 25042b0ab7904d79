//! nginx and Caddy with the files of server/deploy, in front of a real server: by
//! TLS, as a client comes to them, and with nothing changed in the files but
//! addresses and where the certificate is.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rcgen::generate_simple_self_signed;
use tidings_core::{code::Code, limits::Limits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, stream},
    database::{Database, unique},
    plain::ask,
    process::Process,
    server::PATIENCE,
};

const NGINX: &str = include_str!("../deploy/nginx.conf");
const CADDY: &str = include_str!("../deploy/Caddyfile");
const NAME: &str = "chat.example.com";
const HOST: &str = "host: chat.example.com";

/// Where a proxy listens, and where it finds the server: an address of this machine that nobody else has, with a port
/// that was free.
fn free_address() -> SocketAddr {
    let host = if cfg!(target_os = "linux") {
        // All of 127.0.0.0/8 is this machine.
        let [second, third, fourth] = rand::random::<[u8; 3]>();
        format!("127.{second}.{third}.{}", fourth.clamp(1, 254))
    } else {
        "127.0.0.1".to_owned()
    };
    std::net::TcpListener::bind((host, 0)).unwrap().local_addr().unwrap()
}

/// A text in which each of these is there, and something else in its place.
#[track_caller]
fn replaced(text: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(text.to_owned(), |text, (name, place)| {
        assert!(text.contains(name), "{name}");
        text.replace(name, place)
    })
}

/// A program that is not on the path of everybody.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()));
    command
}

/// Runs a command to its end, which is a good one.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The server as the proxy reaches it: what it says on the way is kept.
struct Upstream {
    address: SocketAddr,
    heard: Arc<Mutex<String>>,
}

impl Upstream {
    async fn of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<String>>::default();
        let upstream = Self { address, heard: Arc::clone(&heard) };
        tokio::spawn(async move {
            while let Ok((mut proxy, _)) = listener.accept().await {
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await?;
                    let mut head = [0; 4_096];
                    let count = proxy.read(&mut head).await?;
                    heard.lock().unwrap().push_str(&String::from_utf8_lossy(&head[..count]).to_lowercase());
                    server.write_all(&head[..count]).await?;
                    copy_bidirectional(&mut proxy, &mut server).await
                });
            }
        });
        upstream
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

/// A proxy as a process. It ends with its value.
struct Proxy {
    child: Child,
    folder: PathBuf,
    /// Where a client without TLS reaches it: what is said there is said by TLS.
    address: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Proxy {
    /// A folder with a certificate, the proxy that `start` makes in it, and the way there.
    async fn start(start: impl FnOnce(&Path, SocketAddr) -> Child) -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).unwrap();
        let certified = generate_simple_self_signed([NAME.to_owned()]).unwrap();
        std::fs::write(folder.join("fullchain.pem"), certified.cert.pem()).unwrap();
        std::fs::write(folder.join("privkey.pem"), certified.signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certified.cert.der().clone()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let by_tls = free_address();
        let child = start(&folder, by_tls);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { child, folder, address: listener.local_addr().unwrap() };
        listens(by_tls).await;
        let connector = TlsConnector::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let connector = connector.clone();
                tokio::spawn(async move {
                    let socket = TcpStream::connect(by_tls).await?;
                    let mut proxy = connector.connect(ServerName::try_from(NAME).unwrap(), socket).await?;
                    copy_bidirectional(&mut client, &mut proxy).await
                });
            }
        });
        proxy
    }
}

/// Waits until somebody listens there.
async fn listens(address: SocketAddr) {
    let listening = tokio::time::timeout(PATIENCE, async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    listening.await.expect("the proxy listens");
}

/// A session and requests pass, both ways, and the server learns who asks.
async fn passes(server: Process, upstream: &Upstream, proxy: &Proxy) {
    let ready = ask(proxy.address, "GET", "/readyz", &[HOST, "x-forwarded-for: 6.6.6.6"]).await;
    assert_eq!((ready.status, ready.body.as_slice()), (200, "ready".as_bytes()));
    assert_eq!(ask(proxy.address, "GET", "/nothing", &[HOST]).await.status, 404);
    let heard = upstream.heard();
    assert!(heard.contains("x-forwarded-for: 127.0.0.1\r\n") && !heard.contains("6.6.6.6"), "{heard}");
    let mut author = Author::of("ann", device(1), boats());
    let mut ann = Client::at(proxy.address, "ann", device(1)).await;
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
    let mut bob = Client::at(proxy.address, "bob", device(2)).await;
    ann.push_accepted(stream(boats()), vec![author.say("by way of a proxy")]).await;
    bob.entries_to(&stream(boats()), 2).await;
    assert!(upstream.heard().contains("upgrade: websocket\r\n"));
    server.drain().await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.closed_code().await, Code::Draining);
    }
}

mod proxy {
    use super::*;

    #[tokio::test]
    async fn nginx_passes_sessions_and_requests() {
        let database = Database::sqlite();
        let server = Process::start(&database.address, &["--dev"]);
        let upstream = Upstream::of(server.address).await;
        let plain = free_address();
        let proxy = Proxy::start(|folder, address| {
            let (certificate, upstream) = (format!("{}/", folder.display()), upstream.address.to_string());
            let (by_tls, plain) = (format!("listen {address} ssl;"), format!("listen {plain};"));
            let site = [
                ("listen 443 ssl;", by_tls.as_str()),
                ("listen [::]:443 ssl;", ""),
                ("listen 80;", &plain),
                ("listen [::]:80;", ""),
                ("/etc/letsencrypt/live/chat.example.com/", &certificate),
                ("127.0.0.1:4870", &upstream),
            ];
            std::fs::write(folder.join("tidings.conf"), replaced(NGINX, &site)).unwrap();
            // What Debian's own file has around it, as far as a site needs it, with nothing outside of the folder.
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let temporary: String = temporary.iter().map(|name| format!("{name}_temp_path {name};\n")).collect();
            let around = format!(
                "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {{}}\n\
                 http {{\naccess_log off;\n{temporary}include tidings.conf;\n}}\n"
            );
            std::fs::write(folder.join("nginx.conf"), around).unwrap();
            let nginx = || {
                let mut command = program("nginx");
                command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder);
                command
            };
            run(nginx().arg("-t"));
            nginx().stdin(Stdio::null()).spawn().unwrap()
        });
        let proxy = proxy.await;
        let moved = ask(plain, "GET", "/v1/sync", &[HOST]).await;
        assert_eq!((moved.status, moved.header("location")), (301, "https://chat.example.com/v1/sync"));
        passes(server, &upstream, &proxy).await;
    }

    #[tokio::test]
    async fn caddy_passes_sessions_and_requests() {
        let database = Database::sqlite();
        let server = Process::start(&database.address, &["--dev"]);
        let upstream = Upstream::of(server.address).await;
        let proxy = Proxy::start(|folder, address| {
            let folder_of = |name: &str| folder.join(name).display().to_string();
            // With a certificate that is there nobody is asked for one; and sessions come under any name.
            let site = format!(
                "{{\nadmin off\nauto_https off\n}}\n\nhttps://:{} {{\nbind {}\ntls {} {}\n",
                address.port(),
                address.ip(),
                folder_of("fullchain.pem"),
                folder_of("privkey.pem"),
            );
            let upstream = upstream.address.to_string();
            let site = [("chat.example.com {\n", site.as_str()), ("127.0.0.1:4870", &upstream)];
            std::fs::write(folder.join("Caddyfile"), replaced(CADDY, &site)).unwrap();
            let caddy = |action: &str| {
                let mut command = program("caddy");
                command.args([action, "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
                command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
                command
            };
            run(&mut caddy("validate"));
            caddy("run").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        passes(server, &upstream, &proxy.await).await;
    }
}

/// A session that is well is quiet for a heartbeat, and one that is slow for three.
#[test]
fn nginx_waits_longer_than_a_session_is_quiet() {
    let timeout = NGINX.split("proxy_read_timeout ").nth(1).unwrap().split("s;").next().unwrap();
    let timeout = Duration::from_secs(timeout.parse().unwrap());
    assert!(timeout > Duration::from_millis(4 * Limits::default().heartbeat_ms));
}
