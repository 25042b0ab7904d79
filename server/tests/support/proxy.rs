//! A line to a database that a test can cut and mend, at the worst moment
//! there is, or let go silent.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::broadcast,
    task::JoinSet,
};

/// What the server says once it has committed: the end of a transaction, or the one row, `true`, of a commit in one
/// statement.
const COMMITTED: [&[u8]; 2] = [b"C\0\0\0\x0bCOMMIT\0", b"D\0\0\0\x0b\0\x01\0\0\0\x01\x01C\0\0\0\x0dSELECT 1\0"];

/// Passes connections on to a server while it is up.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    line: Arc<Line>,
    connections: Option<JoinSet<()>>,
}

/// What is done to connections.
struct Line {
    server: String,
    /// Ends those that are.
    cuts: broadcast::Sender<()>,
    /// Commits whose answers will be lost.
    commits_to_lose: AtomicUsize,
    /// Whether what is said now arrives nowhere.
    is_silent: AtomicBool,
}

impl Proxy {
    /// A proxy that is up, to `host:port`.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Line {
            server,
            cuts: broadcast::Sender::new(1),
            commits_to_lose: AtomicUsize::new(0),
            is_silent: AtomicBool::new(false),
        };
        let line = Arc::new(line);
        let connections = Some(serve(listener, Arc::clone(&line)));
        Self { address, line, connections }
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&mut self) {
        self.connections.take().unwrap().shutdown().await;
    }

    /// Takes connections again, at the same address.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.connections = Some(serve(listener, Arc::clone(&self.line)));
    }

    /// Ends every connection that is; new ones come about.
    pub fn cut_connections(&self) {
        let _ = self.line.cuts.send(());
    }

    /// Ends the connections on which the next so many commits are made: once they are, before anybody is told.
    pub fn lose_commits(&self, count: usize) {
        self.line.commits_to_lose.fetch_add(count, Ordering::SeqCst);
    }

    /// Commits whose answers are still to be lost.
    pub fn commits_to_lose(&self) -> usize {
        self.line.commits_to_lose.load(Ordering::SeqCst)
    }

    /// Swallows everything that is said, and takes connections that nobody answers.
    pub fn silence(&self) {
        self.line.is_silent.store(true, Ordering::SeqCst);
    }

    /// Passes on what is said on new connections, and on those that missed nothing; the others stay silent for ever.
    pub fn speak(&self) {
        self.line.is_silent.store(false, Ordering::SeqCst);
    }
}

/// A task that accepts, and holds the connections it accepted.
fn serve(listener: TcpListener, line: Arc<Line>) -> JoinSet<()> {
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((incoming, _)) = listener.accept().await {
            let line = Arc::clone(&line);
            connections.spawn(async move {
                let mut cuts = line.cuts.subscribe();
                tokio::select! {
                    _ = cuts.recv() => {}
                    _ = line.pass(incoming) => {}
                }
            });
        }
    });
    accepting
}

impl Line {
    /// Passes on what both sides say until one of them ends.
    async fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut server = TcpStream::connect(&self.server).await?;
        let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            let is_from_client = tokio::select! {
                ready = client.readable() => ready.map(|()| true),
                ready = server.readable() => ready.map(|()| false),
            }?;
            if self.is_silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let (from, to, bytes) = if is_from_client {
                (&mut client, &mut server, &mut up)
            } else {
                (&mut server, &mut client, &mut down)
            };
            let count = match from.try_read(bytes) {
                // A socket may be called readable when all it had was read already: wait for both again.
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Ok(0) => return Ok(()),
                count => count?,
            };
            if !is_from_client && tells_commit(&bytes[..count]) && self.loses_commit() {
                return Ok(());
            }
            to.write_all(&bytes[..count]).await?;
        }
    }

    fn loses_commit(&self) -> bool {
        let less = |count: usize| count.checked_sub(1);
        self.commits_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

fn tells_commit(answer: &[u8]) -> bool {
    COMMITTED.iter().any(|told| answer.windows(told.len()).any(|bytes| bytes == *told))
}
