//! A line to a database that a test can cut and mend.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Passes connections on to a server while it is up.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    server: String,
    connections: Option<JoinSet<()>>,
}

impl Proxy {
    /// A proxy that is up, to `host:port`.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Some(serve(listener, server.clone()));
        Self { address, server, connections }
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&mut self) {
        self.connections.take().unwrap().shutdown().await;
    }

    /// Takes connections again, at the same address.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.connections = Some(serve(listener, self.server.clone()));
    }
}

/// A task that accepts, and holds the connections it accepted.
fn serve(listener: TcpListener, server: String) -> JoinSet<()> {
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut incoming, _)) = listener.accept().await {
            let server = server.clone();
            connections.spawn(async move {
                let mut outgoing = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut incoming, &mut outgoing).await;
            });
        }
    });
    accepting
}
