//! A node in this process, on port 0.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::Parser as _;
use tidings_core::ids::{AccountId, TenantId};
use tidings_server::{
    Listeners,
    auth::Keys,
    clock,
    config::{Cli, Command, Config},
    error::ServeError,
    run,
    store::Store,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::database::Database;

/// The longest a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A running node.
pub struct TestServer {
    pub address: SocketAddr,
    /// Where it tells its metrics, with `--metrics-listen`.
    pub metrics: Option<SocketAddr>,
    shutdown: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), ServeError>>,
}

/// The configuration of a server with these flags: a development server, unless they say which keys it has.
pub fn config(flags: &[&str]) -> Config {
    let has_keys = flags.iter().any(|flag| ["--jwt-secret", "--jwks", "--jwks-url"].contains(flag));
    let dev: &[&str] = if has_keys { &[] } else { &["--dev"] };
    let command_line = ["tidings-server", "serve"].iter().chain(dev).chain(flags);
    match Cli::try_parse_from(command_line).unwrap().command {
        Command::Serve(config) => *config,
        _ => unreachable!("the command is serve"),
    }
}

/// A token of the development secret.
pub fn token(account: &str, ttl: Duration) -> String {
    labelled_token(account, ttl, &[])
}

/// A token with labels.
pub fn labelled_token(account: &str, ttl: Duration, labels: &[&str]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    let (tenant, account) = (TenantId::parse("acme").unwrap(), AccountId::parse(account).unwrap());
    Keys::development().issue(&tenant, &account, &labels, clock::wall_now(), ttl).unwrap()
}

impl TestServer {
    /// Serves a database.
    pub async fn start(database: &Database, flags: &[&str]) -> Self {
        let mut flags = flags.to_vec();
        flags.extend(["--store", database.address.as_str()]);
        Self::with_store(database.open().await, &flags).await
    }

    /// Serves a store.
    pub async fn with_store(store: Arc<dyn Store>, flags: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel();
        let config = config(flags);
        let metrics = match &config.metrics_listen {
            Some(address) => Some(TcpListener::bind(address).await.unwrap()),
            None => None,
        };
        let metrics_address = metrics.as_ref().map(|listener| listener.local_addr().unwrap());
        let listeners = Listeners { public: listener, metrics, hangup: None };
        let ended = tokio::spawn(run(listeners, config, store, async move {
            let _ = asked.await;
        }));
        Self { address, metrics: metrics_address, shutdown: Some(shutdown), ended }
    }

    /// Asks the node to go down, without waiting.
    pub fn shut_down(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
    }

    /// Waits until the node has gone down by itself.
    pub async fn ended(self) -> Result<(), ServeError> {
        tokio::time::timeout(PATIENCE, self.ended).await.expect("the server ends").unwrap()
    }

    /// Goes down and waits for it.
    pub async fn stop(mut self) {
        self.shut_down();
        self.ended().await.unwrap();
    }
}
