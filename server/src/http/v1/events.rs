//! Server-sent events: what happens in the conversations of an account, or of a tenant. A frame that is fanned out
//! to the account is only the reason to look: every event is read from the store, by the catch-up that sessions
//! use or by one for a tenant, so that nothing is told that may not be read, and resuming is the same as going on.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{
    http::HeaderMap,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{self, KeepAlive},
    },
};
use data_encoding::BASE64URL_NOPAD;
use futures_util::stream;
use serde::Deserialize;
use tidings_core::{
    code::Code,
    ids::{ConversationId, DeviceId, IncarnationId, StreamId},
    journal::{Cursor, Entry, Position},
    wire::{decode, encode},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout},
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    event::{Event, EventBody, events},
    input::Choice,
    problem::{Answer, Problem},
};
use crate::{
    auth::Identity,
    drain::Phase,
    live::{Ending, OutgoingReader, SessionHandle, outgoing},
    node::Node,
    store::{CatchUp, StoreError, TenantNews},
    ws::Place,
};

/// Events that wait for their reader at most.
const EVENTS_WAITING_MAX: usize = 256;
/// Cursor intervals after which the store is read although nothing was fanned out: a notice may have been lost.
const LOOK_INTERVALS: u32 = 10;
/// Time that an account stays away if it made room for another session.
const MADE_ROOM_DELAY: Duration = Duration::from_secs(5 * 60);
/// The header with the id of the last event that was received.
const LAST_EVENT_ID: &str = "last-event-id";

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// Where the events begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Since {
    /// The id of the last event received, as in the header `Last-Event-ID`; from now on if left out.
    after: Option<String>,
    /// Whether to follow every conversation of the tenant; for a token of a service that administers it.
    #[serde(default)]
    tenant: bool,
}

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Followed {
    /// The conversations that the account may read.
    Account,
    /// All conversations of the tenant.
    Tenant,
}

/// Events to be told, and whether there are no more at the moment.
struct News {
    events: Vec<Event>,
    is_whole: bool,
}

/// A place in the order of everything that is stored: a cursor and the incarnation that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EventId {
    cursor: Cursor,
    incarnation: IncarnationId,
}

impl EventId {
    fn text(&self) -> String {
        let bytes = [self.incarnation.as_bytes().as_slice(), &encode(&self.cursor)].concat();
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (incarnation, cursor) = bytes.split_first_chunk::<16>()?;
        Some(Self { cursor: decode(cursor).ok()?, incarnation: IncarnationId::from_bytes(*incarnation) })
    }
}

/// Follows the account's conversations, or with `tenant=true` those of its tenant, as server-sent events.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(Since, ("Last-Event-ID" = Option<String>, Header,)),
    responses((status = 200, body = EventBody, content_type = "text/event-stream"), (status = "4XX", body = Problem)))]
async fn listen(caller: Caller, Choice(since): Choice<Since>, headers: HeaderMap) -> Answer<Response> {
    let node = &caller.node;
    let followed = if since.tenant { Followed::Tenant } else { Followed::Account };
    if followed == Followed::Tenant && !(caller.identity.administrator && caller.identity.service.is_some()) {
        let detail = "a tenant is followed with a token of a service that administers it";
        return Err(Problem::new(Code::PermissionDenied, detail));
    }
    caller.take(&node.shares.hellos, 1)?;
    let header = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default().to_owned());
    let since = header.or(since.after).filter(|id| !id.is_empty());
    let unknown = || Problem::new(Code::ValueInvalid, "an event's id is one that was received");
    let since = since.map(|id| EventId::parse(&id).ok_or_else(unknown)).transpose()?;
    let place = Place::take(node).map_err(|error| Problem::new(error.code, error.text))?;
    let follower = Follower::start(&caller, followed, since).await?;
    let (events, waiting) = mpsc::channel(EVENTS_WAITING_MAX);
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        let _place = place;
        follower.run(events, end).await;
    });
    let stream = stream::unfold((waiting, Some(ended)), |(mut waiting, ended)| async move {
        match waiting.recv().await {
            Some(event) => Some((Ok::<sse::Event, Infallible>(event), (waiting, ended))),
            None => Some((Ok(ended?.await.ok()?), (waiting, None))),
        }
    });
    let heartbeat = Duration::from_millis(node.limits.heartbeat_ms);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(heartbeat)).into_response())
}

/// Somebody who follows conversations. Fan-out and limits see it as a session.
struct Follower {
    node: Arc<Node>,
    identity: Identity,
    followed: Followed,
    handle: Arc<SessionHandle>,
    reader: OutgoingReader,
    id: EventId,
    /// What was caught up with at the start.
    missed: Option<News>,
    /// The last position told of each conversation: a store may return more than its cursor covers, and then
    /// returns it again.
    told: HashMap<ConversationId, Position>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.node.live.sessions.remove(&self.handle);
    }
}

impl Follower {
    /// Registers for fan-out, then reads what was missed: whatever is written meanwhile is in one or the other.
    async fn start(caller: &Caller, followed: Followed, since: Option<EventId>) -> Answer<Self> {
        let (node, identity) = (Arc::clone(&caller.node), caller.identity.clone());
        let bounds = &node.config.node;
        let (outgoing, reader) = outgoing(bounds.session_frames_max, bounds.session_bytes_max);
        let handle = Arc::new(SessionHandle {
            id: node.live.sessions.next_id(),
            tenant: identity.tenant.clone(),
            account: identity.account.clone(),
            device: DeviceId::from_bytes(rand::random()),
            outgoing,
            active: AtomicU64::default(),
        });
        node.live.sessions.add(Arc::clone(&handle), node.shares.sessions, MADE_ROOM_DELAY);
        let id = EventId { cursor: Cursor::ZERO, incarnation: IncarnationId::from_bytes([0; 16]) };
        let mut follower = Self { node, identity, followed, handle, reader, id, missed: None, told: HashMap::new() };
        follower.open(since).await.map_err(|error| match error {
            StoreError::PutBack => {
                Problem::new(Code::StoreRestored, "the store was restored: begin without an id, and read anew")
            }
            error => caller.failed(&error),
        })?;
        Ok(follower)
    }

    async fn open(&mut self, since: Option<EventId>) -> Result<(), StoreError> {
        let (store, Identity { tenant, account, .. }) = (&self.node.store, &self.identity);
        match self.followed {
            Followed::Account => {
                let channels = store.subscriptions(tenant, account).await?;
                self.node.live.sessions.set_subscriptions(tenant, account, &channels);
            }
            Followed::Tenant => self.node.live.sessions.follow(&self.handle),
        }
        let incarnation = store.incarnation().await?;
        if since.is_some_and(|since| since.incarnation != incarnation) {
            return Err(StoreError::PutBack);
        }
        self.id.incarnation = incarnation;
        match since {
            Some(since) => {
                self.id.cursor = since.cursor;
                self.missed = Some(self.look().await?);
            }
            None => self.begin().await?,
        }
        Ok(())
    }

    /// Begins with what is written from now on.
    async fn begin(&mut self) -> Result<(), StoreError> {
        match self.followed {
            Followed::Account => {
                let caught_up = self.catch_up(None).await?;
                self.id.cursor = caught_up.cursor;
                self.told = caught_up.summaries.iter().map(|row| (row.conversation, row.position)).collect();
            }
            Followed::Tenant => self.id.cursor = self.catch_up_tenant(None).await?.cursor,
        }
        Ok(())
    }

    /// Reads what is new in the store.
    async fn look(&mut self) -> Result<News, StoreError> {
        if self.told.len() >= self.node.config.node.bounds.sent_streams_max {
            // Clearing costs repeated events.
            self.told.clear();
        }
        let since = Some(self.id.cursor);
        match self.followed {
            Followed::Account => {
                let caught_up = self.catch_up(since).await?;
                self.id.cursor = caught_up.cursor;
                Ok(News { events: self.news(caught_up), is_whole: true })
            }
            Followed::Tenant => {
                let news = self.catch_up_tenant(since).await?;
                self.id.cursor = news.cursor;
                let mut events = self.news_of_entries(&news.entries);
                events.extend(
                    news.heads.iter().filter_map(|(conversation, head)| self.news_of_head(*conversation, *head)),
                );
                Ok(News { events, is_whole: news.is_whole })
            }
        }
    }

    async fn catch_up(&self, since: Option<Cursor>) -> Result<CatchUp, StoreError> {
        let entries_max = self.node.limits.catch_up_entries_max;
        self.node.store.catch_up(&self.identity.tenant, &self.identity.account, since, entries_max).await
    }

    async fn catch_up_tenant(&self, since: Option<Cursor>) -> Result<TenantNews, StoreError> {
        let entries_max = self.node.limits.catch_up_entries_max;
        self.node.store.catch_up_tenant(&self.identity.tenant, since, entries_max).await
    }

    async fn run(mut self, events: mpsc::Sender<sse::Event>, end: oneshot::Sender<sse::Event>) {
        self.node.metrics.sessions_opened.count();
        let ending = match self.follow(&events).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        tracing::info!(account = %self.identity.account, code = ending.code(), "events ended");
        self.node.metrics.sessions_ended.of(ending.end_code()).count();
        let code = match ending {
            Ending::Closed { code, .. } => Some(code),
            Ending::Gone => None,
        };
        // A reader that is gone is told nothing.
        let _ = end.send(Event::closed(code).into_sse(None));
    }

    async fn follow(&mut self, events: &mpsc::Sender<sse::Event>) -> Result<Infallible, Ending> {
        let node = Arc::clone(&self.node);
        let missed = self.missed.take().unwrap_or_else(|| News { events: Vec::new(), is_whole: true });
        self.send(events, missed.events).await?;
        let (mut is_behind, mut is_ready) = (!missed.is_whole, false);
        let interval = node.config.node.cursor_interval.max(Duration::from_millis(10)) * LOOK_INTERVALS;
        let mut due = interval_at(Instant::now() + interval, interval);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let expires_in = self.identity.expires_at.as_millis().saturating_sub(node.clock.wall_now().as_millis());
        // A token without a foreseeable end must not overflow the timer.
        let expires_at = Instant::now() + Duration::from_millis(expires_in).min(Duration::from_secs(365 * 86_400));
        let mut closing = pin!(node.drain.reached(Phase::Closing));
        loop {
            if !is_behind && !is_ready {
                self.send(events, vec![Event::ready()]).await?;
                is_ready = true;
            }
            tokio::select! {
                biased;
                ending = self.reader.ended() => return Err(ending),
                () = &mut closing => return Err(Ending::closed(Code::Draining, "the server is shutting down")),
                () = sleep_until(expires_at) => {
                    return Err(Ending::closed(Code::TokenExpired, "the token has expired"));
                }
                () = events.closed() => return Err(Ending::Gone),
                () = std::future::ready(()), if is_behind => {}
                _ = due.tick() => {}
                frame = self.reader.next() => {
                    if frame.is_none() {
                        return Err(Ending::Gone);
                    }
                }
            }
            while self.reader.try_next().is_some() {}
            let news = match self.look().await {
                Ok(news) => news,
                Err(error) => return Err(Ending::store_failed(&error, node.clock.as_ref())),
            };
            is_behind = !news.is_whole;
            self.send(events, news.events).await?;
        }
    }

    /// What is new in a catch-up.
    fn news(&mut self, caught_up: CatchUp) -> Vec<Event> {
        let mut all = self.news_of_entries(&caught_up.entries);
        // More was missed than is told one by one; or only receipts moved, which is told from then on.
        all.extend(caught_up.summaries.iter().filter_map(|row| self.news_of_head(row.conversation, row.position)));
        for (conversation, status, position) in caught_up.revoked {
            // Whoever comes back is told from there on.
            self.told.remove(&conversation);
            self.node.live.sessions.unsubscribe(&self.identity.tenant, &self.identity.account, conversation);
            all.push(Event::conversation_revoked(conversation, status, position));
        }
        all
    }

    fn news_of_entries(&mut self, streams: &[(StreamId, Vec<Entry>)]) -> Vec<Event> {
        let mut all = Vec::new();
        for (stream, entries) in streams {
            let StreamId::Conversation(conversation) = stream else { continue };
            let Some(last) = entries.last() else { continue };
            let told = self.told.get(conversation).copied().unwrap_or_default();
            let first_new = entries.partition_point(|entry| entry.position <= told);
            all.extend(events(*conversation, &entries[first_new..]));
            self.told.insert(*conversation, last.position.max(told));
        }
        all
    }

    /// What stands for the entries up to the head of a conversation that were not told one by one.
    fn news_of_head(&mut self, conversation: ConversationId, head: Position) -> Option<Event> {
        let told = self.told.entry(conversation).or_default();
        (*told < head).then(|| {
            *told = head;
            Event::conversation_changed(conversation, head)
        })
    }

    /// Passes events on. The last one has the id, so that whoever lost some of them gets all of them again.
    async fn send(&self, events: &mpsc::Sender<sse::Event>, told: Vec<Event>) -> Result<(), Ending> {
        let id = self.id.text();
        let count = told.len();
        let sent = async {
            for (index, event) in told.into_iter().enumerate() {
                let event = event.into_sse((index + 1 == count).then_some(id.as_str()));
                match timeout(self.node.config.node.write_timeout, events.send(event)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Err(Ending::Gone),
                    Err(_) => return Err(Ending::closed(Code::SlowReader, "events were not read in time")),
                }
            }
            Ok(())
        };
        tokio::select! {
            biased;
            ending = self.reader.ended() => Err(ending),
            sent = sent => sent,
        }
    }
}
