//! Server-sent events: what happens in the conversations of an account. A frame that is fanned out to the
//! account is only the reason to look: every event is read from the store, by the catch-up that sessions use,
//! so that nothing is told that the account may not read, and resuming is the same as going on.

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
    journal::{Cursor, Position},
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
    store::{CatchUp, StoreError},
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

/// Follows the account's conversations, as server-sent events.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(Since, ("Last-Event-ID" = Option<String>, Header,)),
    responses((status = 200, body = EventBody, content_type = "text/event-stream"), (status = "4XX", body = Problem)))]
async fn listen(caller: Caller, Choice(since): Choice<Since>, headers: HeaderMap) -> Answer<Response> {
    let node = &caller.node;
    caller.take(&node.shares.hellos, 1)?;
    let header = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default().to_owned());
    let since = header.or(since.after).filter(|id| !id.is_empty());
    let unknown = || Problem::new(Code::ValueInvalid, "an event's id is one that was received");
    let since = since.map(|id| EventId::parse(&id).ok_or_else(unknown)).transpose()?;
    let place = Place::take(node).map_err(|error| Problem::new(error.code, error.text))?;
    let follower = Follower::start(&caller, since).await?;
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

/// Somebody who follows an account's conversations. Fan-out and limits see it as a session.
struct Follower {
    node: Arc<Node>,
    identity: Identity,
    handle: Arc<SessionHandle>,
    reader: OutgoingReader,
    id: EventId,
    /// What was caught up with at the start.
    missed: Option<CatchUp>,
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
    async fn start(caller: &Caller, since: Option<EventId>) -> Answer<Self> {
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
        let mut follower = Self { node, identity, handle, reader, id, missed: None, told: HashMap::new() };
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
        let channels = store.subscriptions(tenant, account).await?;
        self.node.live.sessions.set_subscriptions(tenant, account, &channels);
        let incarnation = store.incarnation().await?;
        if since.is_some_and(|since| since.incarnation != incarnation) {
            return Err(StoreError::PutBack);
        }
        let caught_up = self.catch_up(since.map(|since| since.cursor)).await?;
        self.id = EventId { cursor: caught_up.cursor, incarnation };
        match since {
            Some(_) => self.missed = Some(caught_up),
            None => self.told = caught_up.summaries.iter().map(|row| (row.conversation, row.position)).collect(),
        }
        Ok(())
    }

    async fn catch_up(&self, since: Option<Cursor>) -> Result<CatchUp, StoreError> {
        let entries_max = self.node.limits.catch_up_entries_max;
        self.node.store.catch_up(&self.identity.tenant, &self.identity.account, since, entries_max).await
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
        let mut told = vec![Event::ready()];
        if let Some(missed) = self.missed.take() {
            told.splice(0..0, self.news(missed));
        }
        self.send(events, told).await?;
        let interval = node.config.node.cursor_interval.max(Duration::from_millis(10)) * LOOK_INTERVALS;
        let mut due = interval_at(Instant::now() + interval, interval);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let expires_in = self.identity.expires_at.as_millis().saturating_sub(node.clock.wall_now().as_millis());
        // A token without a foreseeable end must not overflow the timer.
        let expires_at = Instant::now() + Duration::from_millis(expires_in).min(Duration::from_secs(365 * 86_400));
        let mut closing = pin!(node.drain.reached(Phase::Closing));
        loop {
            tokio::select! {
                biased;
                ending = self.reader.ended() => return Err(ending),
                () = &mut closing => return Err(Ending::closed(Code::Draining, "the server is shutting down")),
                () = sleep_until(expires_at) => {
                    return Err(Ending::closed(Code::TokenExpired, "the token has expired"));
                }
                () = events.closed() => return Err(Ending::Gone),
                _ = due.tick() => {}
                frame = self.reader.next() => {
                    if frame.is_none() {
                        return Err(Ending::Gone);
                    }
                    while self.reader.try_next().is_some() {}
                }
            }
            let caught_up = match self.catch_up(Some(self.id.cursor)).await {
                Ok(caught_up) => caught_up,
                Err(error) => return Err(Ending::store_failed(&error, node.clock.as_ref())),
            };
            self.id.cursor = caught_up.cursor;
            let told = self.news(caught_up);
            self.send(events, told).await?;
        }
    }

    /// What is new in a catch-up.
    fn news(&mut self, caught_up: CatchUp) -> Vec<Event> {
        if self.told.len() >= self.node.config.node.bounds.sent_streams_max {
            // Clearing costs repeated events.
            self.told.clear();
        }
        let mut all = Vec::new();
        for (stream, entries) in &caught_up.entries {
            let StreamId::Conversation(conversation) = stream else { continue };
            let Some(last) = entries.last() else { continue };
            let told = self.told.get(conversation).copied().unwrap_or_default();
            let first_new = entries.partition_point(|entry| entry.position <= told);
            all.extend(events(*conversation, &entries[first_new..]));
            self.told.insert(*conversation, last.position.max(told));
        }
        for row in &caught_up.summaries {
            // More was missed than is told one by one; or only receipts moved, which is told from then on.
            let told = self.told.entry(row.conversation).or_default();
            if *told < row.position {
                *told = row.position;
                all.push(Event::conversation_changed(row.conversation, row.position));
            }
        }
        for (conversation, status, position) in caught_up.revoked {
            // Whoever comes back is told from there on.
            self.told.remove(&conversation);
            self.node.live.sessions.unsubscribe(&self.identity.tenant, &self.identity.account, conversation);
            all.push(Event::conversation_revoked(conversation, status, position));
        }
        all
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
