//! Connections that are not sessions, or not yet. Each has a timeout for its request headers and for its whole
//! life, and their number is bounded: beyond it the oldest is closed, so that holding many open shuts nobody
//! out. A well-behaved connection is done long before it becomes the oldest.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    pin,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::metrics::Counter;

/// Maximum size of a request's headers. Tokens travel in a frame, not here.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Age at which a connection accepts no further requests.
const AGE_MAX: Duration = Duration::from_secs(60);
/// Time allowed for responses in progress at that age, or at shutdown.
const LAST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after the operating system ran out of connections.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Bounds that a listener puts on its connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionBounds {
    /// Maximum number of connections that are not sessions.
    pub connections_max: usize,
    /// Time allowed for the headers of a request, and between two requests.
    pub head_timeout: Duration,
}

/// The connections that are not sessions, oldest first.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<Open>,
    made_room: Counter,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    // A connection ends when its sender is dropped.
    places: BTreeMap<u64, watch::Sender<()>>,
}

impl Connections {
    /// The number of open connections.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).places.len()
    }

    /// The number of connections closed to make room for newer ones.
    pub fn made_room(&self) -> u64 {
        self.made_room.total()
    }

    /// Adds a connection; closes the oldest if there are too many.
    fn enter(self: &Arc<Self>, connections_max: usize) -> Arc<ConnectionPlace> {
        let (sender, kept) = watch::channel(());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while open.places.len() >= connections_max.max(1) {
            open.places.pop_first();
            self.made_room.count();
        }
        let number = open.next;
        open.next += 1;
        open.places.insert(number, sender);
        Arc::new(ConnectionPlace { connections: Arc::clone(self), number, kept })
    }
}

/// A connection's place among those that are not sessions. Dropping the last handle frees it: a socket drops
/// its handle when its session begins.
#[derive(Debug)]
pub struct ConnectionPlace {
    connections: Arc<Connections>,
    number: u64,
    kept: watch::Receiver<()>,
}

impl ConnectionPlace {
    /// Resolves when the connection has to be closed for a newer one.
    pub async fn lost(&self) {
        let mut kept = self.kept.clone();
        while kept.changed().await.is_ok() {}
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).places.remove(&self.number);
    }
}

/// Serves a listener's connections until `closing` resolves, then finishes the requests received by then.
/// Dropping the future ends every connection that is not a session.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    bounds: ConnectionBounds,
    closing: impl Future<Output = ()>,
) {
    let mut serving = JoinSet::new();
    let (open, closed) = watch::channel(());
    pin!(closing);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = serving.join_next(), if !serving.is_empty() => continue,
            () = &mut closing => break,
        };
        match accepted {
            Ok((socket, _)) => {
                // Frames are small and somebody waits for each, so Nagle's algorithm only adds delay.
                if let Err(error) = socket.set_nodelay(true) {
                    tracing::debug!(%error, "a socket keeps its delay");
                }
                let place = connections.enter(bounds.connections_max);
                serving.spawn(serve_connection(socket, router.clone(), place, bounds, closed.clone()));
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection is taken");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
    drop(open);
    while serving.join_next().await.is_some() {}
}

/// Returns true if the peer closed the connection before it was accepted.
fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_connection(
    socket: TcpStream,
    router: Router,
    place: Arc<ConnectionPlace>,
    bounds: ConnectionBounds,
    mut closed: watch::Receiver<()>,
) {
    let service = TowerToHyperService::new(router);
    let held = Arc::clone(&place);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&held));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    pin!(connection);
    tokio::select! {
        ended = &mut connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection failed");
            }
            return;
        }
        () = place.lost() => return,
        _ = closed.changed() => {}
        () = sleep(AGE_MAX) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = timeout(LAST_RESPONSE_TIMEOUT, connection) => {}
        () = place.lost() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn i26_the_oldest_connection_makes_room() {
        let connections = Arc::new(Connections::default());
        let mut places: Vec<_> = (0..3).map(|_| connections.enter(3)).collect();
        drop(places.remove(1));
        let fourth = connections.enter(3);
        assert_eq!((connections.count(), connections.made_room()), (3, 0));
        let fifth = connections.enter(3);
        assert_eq!((connections.count(), connections.made_room()), (3, 1));
        places[0].lost().await;
        for kept in [&places[1], &fourth, &fifth] {
            assert!(futures_util::FutureExt::now_or_never(kept.lost()).is_none());
        }
        drop((places, fourth, fifth));
        assert_eq!(connections.count(), 0);
    }
}
