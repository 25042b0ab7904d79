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
    Json, Router,
    body::Bytes,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::Response,
    routing::get,
};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, SqliteConnection, SqlitePool,
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
    reads: Reads,
    next_socket: AtomicU64,
}

impl Server {
    fn room(&self, name: String) -> Room {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(name).or_insert_with(|| broadcast::channel(WAITING_MAX).0).clone()
    }
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

/// The newest messages, read from the same database.
enum Reads {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Reads {
    async fn open(url: &str) -> anyhow::Result<Self> {
        Ok(match url.starts_with("sqlite:") {
            true => Self::Sqlite(SqlitePool::connect(url).await?),
            false => Self::Postgres(PgPool::connect(url).await?),
        })
    }

    async fn newest(&self, count: i64) -> Result<Vec<Vec<u8>>, sqlx::Error> {
        const NEWEST: &str = "SELECT body FROM messages ORDER BY id DESC LIMIT $1";
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(NEWEST).bind(count).fetch_all(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(NEWEST).bind(count).fetch_all(pool).await,
        }
    }
}

/// Serves for ever.
///
/// # Errors
/// When the store cannot be opened or the port is taken.
pub async fn serve(store: &str) -> anyhow::Result<()> {
    let database = Database::open(store).await?;
    let (writes, requests) = mpsc::channel(WAITING_MAX);
    let reads = Reads::open(store).await?;
    let server = Server { rooms: Mutex::default(), writes, reads, next_socket: AtomicU64::new(0) };
    tokio::spawn(write(database, requests));
    let router = Router::new()
        .route("/{room}", get(upgrade).post(send))
        .route("/{room}/newest/{count}", get(newest))
        .with_state(Arc::new(server));
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
        let room = server.room(room);
        converse(&server, socket, room).await;
    })
}

/// Answers once the message is committed.
async fn send(State(server): State<Arc<Server>>, Path(room): Path<String>, body: Bytes) -> StatusCode {
    let (room, id) = (server.room(room), server.next_socket.fetch_add(1, Ordering::Relaxed));
    let mut told = room.subscribe();
    if server.writes.send(Stored { room, sender: id, body }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    loop {
        match told.recv().await {
            Ok((sender, _)) if sender == id => return StatusCode::CREATED,
            Ok(_) => {}
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

async fn newest(
    State(server): State<Arc<Server>>,
    Path((_, count)): Path<(String, i64)>,
) -> Result<Json<Vec<String>>, StatusCode> {
    let bodies = server.reads.newest(count).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Json(bodies.into_iter().map(|body| String::from_utf8_lossy(&body).into_owned()).collect()))
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
