//! The minimum that a durable chat server does: it answers the sender, and notifies everybody else in the room,
//! after the message is committed. It checks nothing and knows nobody: its cost is that of the machine, the
//! store and the WebSocket, and figures of the real server are read as a ratio to it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    str::FromStr as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
    routing::get,
};
use sqlx::{
    Connection as _, Executor as _, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{
    net::TcpListener,
    sync::{broadcast, mpsc},
};

use super::link::Link;

/// The answer to a socket that sent a message.
const ACKNOWLEDGED: &[u8] = &[0];
/// Messages stored in one transaction.
const GROUP_MAX: usize = 512;
/// Maximum number of messages queued for a socket.
const WAITING_MAX: usize = 16_384;

type Room = broadcast::Sender<(u64, Bytes)>;

struct Stored {
    room: Room,
    sender: u64,
    body: Bytes,
}

struct Server {
    rooms: Mutex<HashMap<String, Room>>,
    writes: mpsc::Sender<Stored>,
    next_socket: AtomicU64,
}

enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    async fn open(url: &str) -> anyhow::Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::from_str("sqlite::memory:")?
                .in_memory(false)
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").await?;
            return Ok(Self::Sqlite(connection));
        }
        let mut connection = PgConnection::connect(url).await?;
        connection.execute("CREATE TABLE messages (id bigserial PRIMARY KEY, body bytea NOT NULL)").await?;
        Ok(Self::Postgres(connection))
    }

    async fn store(&mut self, bodies: Vec<Vec<u8>>) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                let mut transaction = connection.begin().await?;
                for body in bodies {
                    sqlx::query("INSERT INTO messages (body) VALUES ($1)")
                        .bind(body)
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await?;
            }
            Self::Postgres(connection) => {
                let insert = sqlx::query("INSERT INTO messages (body) SELECT unnest($1::bytea[])").bind(bodies);
                insert.execute(connection).await?;
            }
        }
        Ok(())
    }
}

/// Serves for ever.
///
/// # Errors
/// When the store cannot be opened or the port is taken.
pub async fn serve(store: &str) -> anyhow::Result<()> {
    let database = Database::open(store).await?;
    let (writes, requests) = mpsc::channel(WAITING_MAX);
    let server = Server { rooms: Mutex::default(), writes, next_socket: AtomicU64::new(0) };
    tokio::spawn(write(database, requests));
    let router = Router::new().route("/{room}", get(upgrade)).with_state(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn write(mut database: Database, mut requests: mpsc::Receiver<Stored>) {
    let mut group = Vec::new();
    while requests.recv_many(&mut group, GROUP_MAX).await > 0 {
        let bodies = group.iter().map(|stored| stored.body.to_vec()).collect();
        database.store(bodies).await.expect("the store takes messages");
        for Stored { room, sender, body } in group.drain(..) {
            let _ = room.send((sender, body));
        }
    }
}

async fn upgrade(State(server): State<Arc<Server>>, Path(room): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.read_buffer_size(4 * 1024).on_upgrade(move |socket| async move {
        let room = {
            let mut rooms = server.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            rooms.entry(room).or_insert_with(|| broadcast::channel(WAITING_MAX).0).clone()
        };
        converse(&server, socket, room).await;
    })
}

async fn converse(server: &Server, mut socket: WebSocket, room: Room) {
    let id = server.next_socket.fetch_add(1, Ordering::Relaxed);
    let mut told = room.subscribe();
    loop {
        tokio::select! {
            received = socket.recv() => {
                let Some(Ok(Message::Binary(body))) = received else { return };
                if server.writes.send(Stored { room: room.clone(), sender: id, body }).await.is_err() {
                    return;
                }
            }
            message = told.recv() => {
                let Ok((sender, body)) = message else { return };
                let bytes = if sender == id { Bytes::from_static(ACKNOWLEDGED) } else { body };
                if socket.send(Message::Binary(bytes)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A client of it.
pub(super) struct RawClient(Link);

impl RawClient {
    /// Opens a socket in a room.
    pub(super) async fn open(address: SocketAddr, room: u64) -> anyhow::Result<Self> {
        Ok(Self(Link::open(address, &format!("/{room}")).await?))
    }

    pub(super) async fn send(&mut self, body: Vec<u8>) -> anyhow::Result<()> {
        self.0.send(body).await
    }

    /// Receives this many messages or answers.
    pub(super) async fn take(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            self.0.next().await?;
        }
        Ok(())
    }
}
