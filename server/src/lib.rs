//! The Tidings sync server: admits changes, keeps the journal, serves
//! sessions. The rules are `tidings_core`'s; this crate carries bytes and rows
//! round them.

pub mod admin;
pub mod auth;
pub mod bounds;
pub mod clock;
pub mod config;
pub mod connection;
mod contact_point;
pub mod drain;
pub mod environment;
mod erasure;
pub mod error;
pub mod external_id;
pub mod health;
pub mod http;
pub mod job;
pub mod live;
pub mod log;
pub mod mend;
pub mod metrics;
pub mod node;
pub(crate) mod open_files;
pub mod operate;
pub mod rate;
mod reader;
pub mod shares;
pub mod start;
pub mod store;
pub mod stream;
pub mod trace;
pub mod transfer;
pub mod verify;
pub mod webhook;
pub mod ws;

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, signal::unix::Signal, task::JoinSet};

use crate::{
    auth::Keys, clock::SystemClock, config::Config, connection::ConnectionBounds, drain::Phase, error::ServeError,
    node::Node, store::Store,
};

/// Time allowed for plain HTTP requests to end after the sessions have.
const REQUESTS_END_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum number of connections to the metrics listener.
const METRICS_CONNECTIONS_MAX: usize = 64;

/// The routes of a node.
pub fn app(node: Arc<Node>) -> Router {
    let mut router = Router::new()
        .merge(http::health::router())
        .merge(ws::router())
        .merge(http::v1::router(&node.config.cors_origin));
    if node.config.keys.dev {
        router = router.merge(http::dev_token::router());
    }
    if let Some(folder) = &node.config.demo {
        router = router.merge(http::demo::router(folder));
    }
    router.with_state(node)
}

/// What a node listens to: sockets, and the signal that asks it to read its keys again.
pub struct Listeners {
    /// For sessions and every other public route.
    pub public: TcpListener,
    /// For metrics, if they are served.
    pub metrics: Option<TcpListener>,
    /// SIGHUP, listened to before the addresses are told, so that none is missed; only from the start of the
    /// node on, if it is left out.
    pub hangup: Option<Signal>,
}

impl From<TcpListener> for Listeners {
    /// Listens without serving metrics.
    fn from(public: TcpListener) -> Self {
        Self { public, metrics: None, hangup: None }
    }
}

/// Serves on the listeners with a migrated store, until `shutdown` resolves and
/// the sessions have ended.
///
/// # Errors
/// When no key is configured or accepting connections fails.
pub async fn run(
    listeners: impl Into<Listeners>,
    config: Config,
    store: Arc<dyn Store>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let keys = Keys::load(&config.keys)?;
    keys.read_again().await?;
    let (node, mut tasks) = Node::start(config, keys, store, Arc::new(SystemClock));
    let Listeners { public, metrics, hangup } = listeners.into();
    tasks.spawn(job::keys::run(Arc::clone(&node), hangup));
    // By itself, as it is waited for; it ends with this function in any case, like the others.
    let mut delivery = JoinSet::new();
    delivery.spawn(webhook::deliver(Arc::clone(&node.env)));
    tasks.spawn(webhook::sweep(Arc::clone(&node.env)));
    let bounds = node.config.node.connection_bounds();
    if let Some(listener) = metrics {
        let mut router = metrics::router(Arc::clone(&node));
        if let Some(admin) = admin::router(&node) {
            router = router.merge(admin);
        }
        // Metrics stay available during the shutdown, until the node has stopped.
        let bounds = ConnectionBounds { connections_max: METRICS_CONNECTIONS_MAX, ..bounds };
        tasks.spawn(connection::serve(listener, router, Arc::default(), bounds, std::future::pending()));
    }
    let draining = Arc::clone(&node);
    let closing = async move { draining.drain.reached(Phase::Finishing).await };
    let (router, connections) = (app(Arc::clone(&node)), Arc::clone(&node.connections));
    let mut server = tokio::spawn(connection::serve(public, router, connections, bounds, closing));
    tokio::select! {
        () = shutdown => {}
        ended = &mut server => return finished(ended),
    }
    tracing::info!(sessions = node.sockets.count(), "draining");
    node.end().await;
    let ended = tokio::time::timeout(REQUESTS_END_TIMEOUT, &mut server).await;
    // It gives back what it was sending, so that another node need not wait for the leases to run out.
    if tokio::time::timeout(REQUESTS_END_TIMEOUT, delivery.join_next()).await.is_err() {
        tracing::warn!("webhooks that were being sent were not given back in time");
    }
    tasks.shutdown().await;
    tracing::info!("drained");
    match ended {
        Ok(ended) => finished(ended),
        Err(_) => {
            server.abort();
            Ok(())
        }
    }
}

fn finished(ended: Result<(), tokio::task::JoinError>) -> Result<(), ServeError> {
    ended.map_err(|error| ServeError::Serve(std::io::Error::other(error)))
}
