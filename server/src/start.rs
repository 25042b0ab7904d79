//! From the command line to a listening server, and out again by a signal.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tidings_core::limits::Limits;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use crate::{
    Listeners, admin,
    auth::{DEVELOPMENT_SECRET, Keys},
    clock,
    config::{Config, Secret, TokenRequest},
    error::ServeError,
    log, open_files, run,
    store::{self, Store, StoreError, StoreOptions},
};

/// Pause between two attempts to open a store that is down.
const STORE_RETRY: Duration = Duration::from_millis(500);

/// Serves as configured until SIGTERM or SIGINT.
///
/// # Errors
/// Anything that keeps the server from starting or from continuing.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    log::start(&config)?;
    // Cheap checks first, before waiting for the store.
    config.check_limits()?;
    admin::check(&config)?;
    let keys = Keys::load(&config.keys)?;
    if let Some(folder) = config.demo.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(ServeError::Demo(folder.clone()));
    }
    let (public, address) = listen(&config.listen).await?;
    if config.keys.dev && !address.ip().is_loopback() {
        return Err(ServeError::DevExposed(address));
    }
    let metrics = match &config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let files_max = open_files::raise_limit(&config);
    let store = open_store(&config).await?;
    log_start(&config, &keys, files_max);
    if config.keys.dev {
        tracing::warn!("DEVELOPMENT MODE: anybody can get a token for any account; never expose this server");
    }
    // From here on SIGHUP no longer ends the process; it is acted on once the node runs.
    let hangup = signal(SignalKind::hangup()).map_err(ServeError::Serve)?;
    let shutdown = shutdown_signal().map_err(ServeError::Serve)?;
    println!("listening on http://{address}");
    if let Some((_, address)) = &metrics {
        println!("metrics on http://{address}/metrics");
        if admin::secret(&config).is_some() {
            println!("operator's page on http://{address}/admin");
        }
    }
    let metrics = metrics.map(|(listener, _)| listener);
    let listeners = Listeners { public, metrics, hangup: Some(hangup) };
    let ended = run(listeners, config, Arc::clone(&store), shutdown).await;
    // Closing moves everything into the single file of a SQLite store.
    store.close().await;
    ended
}

/// Logs one line about what runs, for anyone who reads the log later.
fn log_start(config: &Config, keys: &Keys, files_max: Option<u64>) {
    let limits = config.limits.limits();
    let limits = if limits == Limits::default() { "default".to_owned() } else { format!("{limits:?}") };
    let store = config.store.expose().split(':').next().unwrap_or_default();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        store,
        schema = store::SCHEMA_VERSION,
        tokens = keys.kinds(),
        issuers = ?config.keys.claims.jwt_issuer,
        audiences = ?config.keys.claims.jwt_audience,
        sessions_max = config.node.sessions_max,
        connections_max = config.node.connections_max,
        streams_max = config.node.streams_max,
        cache_bytes_max = config.node.cache_bytes_max,
        files_max,
        limits,
        "starting"
    );
}

/// Listens on an address and returns the actual one: port 0 picks a free port.
async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Issues the requested token.
///
/// # Errors
/// When no server would accept it, or it cannot be signed.
pub fn issue_token(request: &TokenRequest) -> Result<String, ServeError> {
    let secret = request.jwt_secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty());
    let keys = Keys::from_secret(secret.unwrap_or(DEVELOPMENT_SECRET), request.claims.clone())?;
    Ok(keys.issue(&request.tenant, &request.account, &request.labels, clock::wall_now(), request.ttl)?)
}

/// Opens and migrates the store; waits for a database that is down.
async fn open_store(config: &Config) -> Result<Arc<dyn Store>, ServeError> {
    let deadline = Instant::now() + config.store_wait;
    loop {
        match open_and_migrate(config).await {
            Err(ServeError::Store(StoreError::Unavailable(error))) if Instant::now() + STORE_RETRY < deadline => {
                tracing::warn!(%error, "the store cannot be reached yet");
                tokio::time::sleep(STORE_RETRY).await;
            }
            ended => return ended,
        }
    }
}

async fn open_and_migrate(config: &Config) -> Result<Arc<dyn Store>, ServeError> {
    let (connections_max, bounds) = (config.store_connections_max, config.node.bounds);
    let options = StoreOptions { connections_max, bounds, ..StoreOptions::default() };
    let store = store::open(config.store.expose(), &options).await?;
    if config.no_migrate {
        store.check_schema().await?;
        store.ready().await?;
    } else {
        store.migrate().await?;
    }
    Ok(store)
}

/// Resolves at the first SIGTERM or SIGINT.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
