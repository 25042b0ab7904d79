//! Notices between nodes on one Postgres: quickly by NOTIFY; entries also reliably, by polling the journal
//! every second. A lost notice of entries delays them and never loses them.
//!
//! The notice of entries is sent after the commit, on its own. Inside the transaction it would hold Postgres'
//! single lock of the notification queue until the commit is on disk, so that the whole cluster could commit
//! only one transaction at a time.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tidings_core::{
    ids::{StreamId, TenantId},
    journal::{Cursor, Position},
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::payload;
use crate::store::{
    Notice, StoreError,
    sql::{Backend as _, Patience, SqlStore, StoreCounters, Value, fetch, next_cursor, notice},
};

const CHANNEL: &str = "tidings";

/// Interval between polls of the journal.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Pause before listening again when Postgres is unavailable.
const LISTEN_DELAY: Duration = Duration::from_secs(1);

/// Silence after which the connection is probed, and the time allowed for the answer.
const LISTEN_SILENCE: Duration = Duration::from_secs(10);

/// Notices queued in either direction; beyond it they are dropped, and entries are found by polling.
const NOTICES_MAX: usize = 4_096;

/// Both directions of one node's notices. Dropping it ends the tasks.
pub(in crate::store) struct Feed {
    outgoing: mpsc::Sender<Notice>,
    watch: Mutex<Watch>,
    counters: Arc<StoreCounters>,
    tasks: [JoinHandle<()>; 2],
}

/// What this node has received and seen.
struct Watch {
    incoming: mpsc::Receiver<Notice>,
    look_at: Instant,
    /// Every transaction with a smaller tick was visible at the last poll.
    cursor: Option<Cursor>,
    /// The newest runs that were reported, so that a poll does not repeat them; runs that no poll can find any
    /// more are dropped.
    reported: BTreeMap<(TenantId, StreamId), (Position, Position)>,
}

impl Feed {
    /// Listens on one dedicated connection and notifies on another.
    pub(super) fn start(
        connect: PgConnectOptions,
        node: i64,
        patience: Patience,
        counters: &Arc<StoreCounters>,
    ) -> Feed {
        let (outgoing, queued) = mpsc::channel(NOTICES_MAX);
        let (heard, incoming) = mpsc::channel(NOTICES_MAX);
        let watch = Watch { incoming, look_at: Instant::now() + LOOK_PERIOD, cursor: None, reported: BTreeMap::new() };
        let tasks = [
            tokio::spawn(notify_others(connect.clone(), node, patience, queued, Arc::clone(counters))),
            tokio::spawn(listen(connect, node, heard, Arc::clone(counters))),
        ];
        Feed { outgoing, watch: Mutex::new(watch), counters: Arc::clone(counters), tasks }
    }

    pub(super) fn notify(&self, notices: Vec<Notice>) {
        for notice in notices {
            if self.outgoing.try_send(notice).is_err() {
                self.counters.notices_lost.count();
                tracing::debug!("a notice was dropped");
            }
        }
    }

    /// Starts polling from now; earlier entries are in catch-ups.
    pub(super) async fn look_from_now(&self, store: &SqlStore<Postgres>) -> Result<(), StoreError> {
        let mut watch = self.watch.lock().await;
        if watch.cursor.is_none() {
            let cursor =
                async { next_cursor::<Postgres>(&mut *store.reader().await?.begin(Postgres::BEGIN_READ).await?).await };
            watch.cursor = Some(store.patience.bound(cursor).await?);
        }
        Ok(())
    }

    pub(super) async fn notices(&self, store: &SqlStore<Postgres>) -> Result<Vec<Notice>, StoreError> {
        self.look_from_now(store).await?;
        let mut watch = self.watch.lock().await;
        let look_at = watch.look_at;
        if Instant::now() < look_at
            && let Ok(Some(first)) = timeout_at(look_at, watch.incoming.recv()).await
        {
            let mut notices = vec![first];
            while let Ok(notice) = watch.incoming.try_recv() {
                notices.push(notice);
            }
            notices.iter().for_each(|notice| watch.remember(notice));
            return Ok(notices);
        }
        tokio::time::sleep_until(look_at).await;
        watch.look_at = Instant::now() + LOOK_PERIOD;
        let found = match store.patience.bound(watch.look(store)).await {
            Ok(found) => found,
            Err(error) => {
                resume(store).await?;
                return Err(error);
            }
        };
        self.counters.notices_found.add(found.len());
        Ok(found)
    }
}

/// Lets ticks continue after the database crashed.
pub(super) async fn resume(store: &SqlStore<Postgres>) -> Result<(), StoreError> {
    let resumed = async {
        let mut writer = store.writer().await?;
        let mut transaction = writer.begin(Postgres::BEGIN_WRITE).await?;
        Postgres::resume(&mut transaction).await?;
        Ok(transaction.commit().await?)
    };
    store.patience.bound(resumed).await
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

const LOOK: &str = "SELECT tenant, stream, min(position) AS first, max(position) AS last FROM journal
    WHERE tick >= $1 AND node <> $2 GROUP BY tenant, stream";

impl Watch {
    /// Polls for entries that others wrote since the last poll, and returns those without a notice.
    async fn look(&mut self, store: &SqlStore<Postgres>) -> Result<Vec<Notice>, StoreError> {
        let mut reader = store.reader().await?;
        let mut transaction = reader.begin(Postgres::BEGIN_READ).await?;
        let cursor = next_cursor::<Postgres>(&mut transaction).await?;
        let since = self.cursor.unwrap_or(cursor);
        let values = [Value::number(since.tick), Value::Number(store.node)];
        let rows = fetch::<Postgres>(&mut transaction, LOOK, values).await?;
        let found = rows.iter().map(notice).collect::<Result<Vec<Notice>, StoreError>>()?;
        let reported = std::mem::take(&mut self.reported);
        found.iter().for_each(|notice| self.remember(notice));
        self.cursor = Some(cursor);
        let undelivered = |notice: &Notice| {
            let Notice::Entries { tenant, stream, first, last, .. } = notice else { return true };
            let run = reported.get(&(tenant.clone(), stream.clone()));
            !run.is_some_and(|run| run.0 <= *first && *last <= run.1)
        };
        Ok(found.into_iter().filter(undelivered).collect())
    }

    /// Remembers a reported run of entries. A run that does not touch the previous one replaces it: the notice
    /// of the gap may have been lost.
    fn remember(&mut self, notice: &Notice) {
        let Notice::Entries { tenant, stream, first, last, .. } = notice else { return };
        let (first, last) = (*first, *last);
        let run = self.reported.entry((tenant.clone(), stream.clone())).or_insert((first, last));
        *run = if run.0 <= first && first <= run.1.next() { (run.0, run.1.max(last)) } else { (first, last) };
    }
}

/// Sends notifications, as many at once as have gathered.
async fn notify_others(
    connect: PgConnectOptions,
    node: i64,
    patience: Patience,
    mut queued: mpsc::Receiver<Notice>,
    counters: Arc<StoreCounters>,
) {
    let mut connection: Option<PgConnection> = None;
    let mut notices = Vec::new();
    while queued.recv_many(&mut notices, NOTICES_MAX).await > 0 {
        let count = notices.len();
        let notices = std::mem::take(&mut notices);
        let notified = async {
            let connection = match &mut connection {
                Some(connection) => connection,
                None => connection.insert(PgConnection::connect_with(&connect).await?),
            };
            Ok(notify(connection, node, notices).await?)
        };
        match patience.bound(notified).await {
            Ok(()) => counters.notices_sent.add(count),
            Err(error) => {
                connection = None;
                counters.notices_lost.add(count);
                tracing::debug!(%error, "notices were lost");
            }
        }
    }
}

/// Sends the notifications of these notices in one statement.
pub(super) async fn notify(connection: &mut PgConnection, node: i64, notices: Vec<Notice>) -> Result<(), sqlx::Error> {
    let payloads: Vec<String> = notices.iter().flat_map(|notice| payload::print(node, notice)).collect();
    let sql = "SELECT pg_notify($1, payload) FROM unnest($2) AS payload";
    sqlx::query(sql).bind(CHANNEL).bind(payloads).execute(connection).await?;
    Ok(())
}

/// Receives notifications of other nodes for ever.
async fn listen(connect: PgConnectOptions, node: i64, heard: mpsc::Sender<Notice>, counters: Arc<StoreCounters>) {
    loop {
        let Err(error) = listen_once(connect.clone(), node, &heard, &counters).await;
        tracing::debug!(%error, "listening stopped, and will start anew");
        sleep(LISTEN_DELAY).await;
    }
}

async fn listen_once(
    connect: PgConnectOptions,
    node: i64,
    heard: &mpsc::Sender<Notice>,
    counters: &StoreCounters,
) -> Result<Infallible, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(connect);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let Ok(notification) = timeout(LISTEN_SILENCE, listener.recv()).await else {
            // Either nothing was sent, or the connection is dead.
            let again = AssertSqlSafe(format!("LISTEN \"{CHANNEL}\""));
            let answer = timeout(LISTEN_SILENCE, (&mut listener).execute(again)).await;
            answer.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??;
            continue;
        };
        let notification = notification?;
        if let Some(notice) = payload::parse(node, notification.payload()) {
            // A full queue drops it: the next poll finds the entries.
            if heard.try_send(notice).is_err() {
                counters.notices_lost.count();
            }
        }
    }
}
