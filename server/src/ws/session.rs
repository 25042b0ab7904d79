//! One session: the handshake, then one loop that reads, handles and writes. It decides nothing; pushes go to
//! their stream, everything else to the store.

mod handshake;
mod presence;
mod pushes;
mod watch;

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use futures_util::FutureExt as _;
use tidings_core::{
    authority::Refusal,
    code::Code,
    ids::{ConversationId, IncarnationId, StreamId},
    journal::{Cursor, Entry, Position},
    model::{MemberStatus, PresenceKind, Query, Role},
    wire::{
        ClientFrame, ConversationSummary, Fetch, Hello, List, ListHeld, Pong, PresenceNotice, ReceiptNotice,
        ServerFrame, Welcome,
    },
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tracing::Instrument as _;

use super::{
    contacts, fetch, held, lists, question,
    socket::{FrameSocket, Received, Transport},
    subscribers,
};
use crate::{
    auth::Identity,
    connection::ConnectionPlace,
    drain::Phase,
    live::{Ending, Frame, OutgoingReader, SessionHandle, fanout, outgoing},
    node::Node,
    rate::{AccountKey, AccountRates, PushRate},
    store::{CatchUp, StoreError},
};

/// Cursor intervals after which a session checks for missed entries although nothing was sent: a notice may
/// have been lost.
const LOOK_INTERVALS: u32 = 10;
/// Heartbeat intervals of silence after which a client counts as gone.
const SILENT_HEARTBEATS_MAX: u32 = 3;
/// Minimum time that a session which made room for another one of its account stays away.
const MADE_ROOM_DELAY: Duration = Duration::from_secs(5 * 60);
/// Attempts to read the channels of an account at its session's start.
const SUBSCRIBE_TRIES_MAX: u32 = 5;
/// Time that a fetch waits for the account's other sessions to read their answers.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Serves one socket until it ends. The idle future is kept small: answering allocates on the heap, and only
/// while something is answered.
pub(super) async fn run(node: &Arc<Node>, transport: Box<dyn Transport>, connection: Option<Arc<ConnectionPlace>>) {
    let mut socket = FrameSocket::new(transport, node.limits.frame_bytes_max as usize, &node.metrics);
    let opened = match &connection {
        None => Box::pin(handshake::open(node, &mut socket)).await,
        Some(connection) => tokio::select! {
            opened = Box::pin(handshake::open(node, &mut socket)) => opened,
            () = connection.lost() => Err(Ending::Gone),
        },
    };
    let ending = match opened {
        Ok(session) => {
            drop(connection);
            let span = tracing::info_span!(
                "session",
                id = session.handle.id,
                tenant = %session.handle.tenant,
                account = %session.handle.account,
            );
            session.serve(&mut socket).instrument(span).await
        }
        Err(ending) => {
            tracing::info!(code = ending.code(), "session refused");
            node.metrics.sessions_refused.of(ending.end_code()).count();
            ending
        }
    };
    Box::pin(socket.end(&ending)).await;
}

fn draining(node: &Node) -> Ending {
    Ending::Closed {
        code: Code::Draining,
        detail: "the server is shutting down".to_owned(),
        retry_after: Some(node.clock.retry_delay()),
    }
}

/// A session after its Hello.
struct Session {
    node: Arc<Node>,
    identity: Identity,
    /// The negotiated version of the protocol.
    version: u16,
    handle: Arc<SessionHandle>,
    reader: OutgoingReader,
    /// The last cursor sent by or to the client.
    cursor: Option<Cursor>,
    /// The incarnation of the store that the client was last sent.
    incarnation_sent: Option<IncarnationId>,
    /// The runs that were sent and that the cursor may not cover: the next catch-up need not repeat them.
    sent: HashMap<StreamId, (Position, Position)>,
    /// True if something was sent that the cursor does not cover.
    sent_beyond_cursor: bool,
    received_at: Instant,
    push_rate: PushRate,
    /// The account whose shares it uses.
    account: AccountKey,
    online: BTreeSet<ConversationId>,
    /// Conversations in which the account has or had a part, as far as already looked up.
    parts: BTreeSet<ConversationId>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.node.live.sessions.remove(&self.handle);
    }
}

impl Session {
    /// Registers the session: from here on entries are fanned out to it.
    fn new(node: &Arc<Node>, identity: Identity, hello: &Hello, version: u16) -> Self {
        let (outgoing, reader) = outgoing(node.config.node.session_frames_max, node.config.node.session_bytes_max);
        let handle = Arc::new(SessionHandle {
            id: node.live.sessions.next_id(),
            tenant: identity.tenant.clone(),
            account: identity.account.clone(),
            device: hello.device,
            outgoing,
            active: AtomicU64::default(),
        });
        let retry_after = MADE_ROOM_DELAY + node.clock.jitter(MADE_ROOM_DELAY / 4);
        node.live.sessions.add(Arc::clone(&handle), node.shares.sessions, retry_after);
        let account = identity.key();
        Self {
            identity,
            version,
            handle,
            reader,
            cursor: hello.cursor,
            incarnation_sent: hello.incarnation,
            sent: HashMap::new(),
            sent_beyond_cursor: false,
            received_at: Instant::now(),
            push_rate: PushRate::new(&node.limits, &node.shares.changes, &node.shares.change_bytes, &account),
            account,
            online: BTreeSet::new(),
            parts: BTreeSet::new(),
            node: Arc::clone(node),
        }
    }

    async fn serve(mut self, socket: &mut FrameSocket) -> Ending {
        tracing::info!(device = %self.handle.device, resumed = self.cursor.is_some(), "session opened");
        self.node.metrics.sessions_opened.count();
        let ending = match self.try_serve(socket).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        tracing::info!(code = ending.code(), "session ended");
        self.node.metrics.sessions_ended.of(ending.end_code()).count();
        self.node.live.sessions.remove(&self.handle);
        for conversation in std::mem::take(&mut self.online) {
            let (tenant, account) = (&self.identity.tenant, &self.identity.account);
            if self.node.live.present.leave(tenant, conversation, account, self.handle.id) {
                let gone = PresenceNotice { conversation, kind: PresenceKind::Offline };
                Box::pin(self.pass_presence(gone)).await;
            }
        }
        ending
    }

    async fn try_serve(&mut self, socket: &mut FrameSocket) -> Result<Infallible, Ending> {
        Box::pin(self.greet(socket)).await?;
        let interval = self.node.config.node.cursor_interval.max(Duration::from_millis(10));
        let mut cursor_due = interval_at(Instant::now() + interval, interval);
        cursor_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let expires_in = self.identity.expires_at.as_millis().saturating_sub(self.node.clock.wall_now().as_millis());
        // A token without a foreseeable end must not overflow the timer.
        let expires_at = Instant::now() + Duration::from_millis(expires_in).min(Duration::from_secs(365 * 86_400));
        let silence_max = Duration::from_millis(self.node.limits.heartbeat_ms) * SILENT_HEARTBEATS_MAX;
        let node = Arc::clone(&self.node);
        let mut intervals_quiet = 0;
        let mut closing = pin!(node.drain.reached(Phase::Closing));
        loop {
            tokio::select! {
                biased;
                ending = self.reader.ended() => return Err(ending),
                () = &mut closing => {
                    while let Some(frame) = self.reader.try_next() {
                        self.write(socket, [frame]).await?;
                    }
                    return Err(draining(&node));
                }
                () = sleep_until(expires_at) => {
                    return Err(Ending::closed(Code::TokenExpired, "the token has expired"));
                }
                _ = cursor_due.tick() => {
                    intervals_quiet += 1;
                    if self.sent_beyond_cursor || intervals_quiet >= LOOK_INTERVALS {
                        intervals_quiet = 0;
                        Box::pin(self.advance_cursor(socket)).await?;
                    }
                }
                frame = self.reader.next() => {
                    let Some(frame) = frame else { return Err(Ending::Gone) };
                    let mut frames = vec![frame];
                    while frames.len() < node.config.node.bounds.write_batch_max && let Some(frame) = self.reader.try_next() {
                        frames.push(frame);
                    }
                    self.write(socket, frames).await?;
                    // However much there is to write, reading gets its turn.
                    if node.drain.phase() == Phase::Running
                        && let Some(received) = socket.receive().now_or_never()
                    {
                        Box::pin(self.take(socket, received?)).await?;
                    }
                }
                received = socket.receive(), if node.drain.phase() == Phase::Running => {
                    self.take(socket, received?).await?;
                }
                () = sleep_until(self.received_at + silence_max) => return Err(Ending::Gone),
            }
        }
    }

    /// Writes frames and flushes. A peer that does not read them in time is too slow; a session that was ended
    /// elsewhere is not waited for.
    async fn write(
        &mut self,
        socket: &mut FrameSocket,
        frames: impl IntoIterator<Item = Arc<Frame>>,
    ) -> Result<(), Ending> {
        let ended = self.reader.ended();
        let bytes_max = self.node.config.node.bounds.piece_bytes_max.min(self.node.limits.frame_bytes_max as usize);
        let written = timeout(self.node.config.node.write_timeout, async {
            for frame in frames {
                self.note_sent(&frame);
                for bytes in frame.pieces(bytes_max) {
                    socket.feed(bytes).await?;
                }
            }
            socket.flush().await
        });
        tokio::select! {
            biased;
            ending = ended => Err(ending),
            written = written => {
                written.unwrap_or_else(|_| Err(Ending::closed(Code::SlowReader, "a frame was not taken in time")))
            }
        }
    }

    fn note_sent(&mut self, frame: &Frame) {
        let Some(covers) = frame.covers() else { return };
        self.sent_beyond_cursor = true;
        if self.sent.len() >= self.node.config.node.bounds.sent_streams_max {
            // Clearing costs repeated entries, which clients drop.
            self.sent.clear();
        }
        let run = self.sent.entry(covers.stream.clone()).or_insert((covers.first, covers.last));
        if covers.first > run.1.next() || covers.first < run.0 {
            *run = (covers.first, covers.last);
        } else {
            run.1 = run.1.max(covers.last);
        }
    }

    /// Sends Welcome, and everything since the client's cursor. Entries accepted meanwhile wait in the
    /// session's queue and follow.
    async fn greet(&mut self, socket: &mut FrameSocket) -> Result<(), Ending> {
        let failed = |error| Ending::store_failed(&error, self.node.clock.as_ref());
        self.subscribe().await.map_err(failed)?;
        let incarnation = self.node.store.incarnation().await.map_err(failed)?;
        // A cursor of another incarnation means nothing in this one.
        let cursor = self.cursor.filter(|_| self.incarnation_sent.is_none_or(|sent| sent == incarnation));
        let catch_up = self.catch_up(cursor).await.map_err(|error| self.not_caught_up(&error))?;
        let welcome = ServerFrame::Welcome(Box::new(Welcome {
            version: self.version,
            tenant: self.identity.tenant.clone(),
            account: self.identity.account.clone(),
            administrator: self.identity.administrator,
            server_time: self.node.clock.wall_now(),
            limits: self.node.limits.clone(),
            incarnation,
        }));
        self.cursor = Some(catch_up.cursor);
        let caught_up = catch_up_frames(&self.node, catch_up);
        let frames = std::iter::once(Frame::new(&welcome)).chain(caught_up);
        self.write(socket, frames).await?;
        self.sent_beyond_cursor = false;
        Ok(())
    }

    /// Sends the client a newer cursor, so that its next Hello is cheap, together with anything it was
    /// not sent meanwhile.
    async fn advance_cursor(&mut self, socket: &mut FrameSocket) -> Result<(), Ending> {
        let mut catch_up = match self.catch_up(self.cursor).await {
            Ok(catch_up) => catch_up,
            Err(error @ StoreError::PutBack) => return Err(self.not_caught_up(&error)),
            Err(error) => {
                // The session can go on; the next interval tries again.
                tracing::warn!(%error, "a session got no newer cursor");
                return Ok(());
            }
        };
        let answered = catch_up.entries.iter().filter_map(|(stream, entries)| {
            Some((stream.clone(), (entries.first()?.position, entries.last()?.position)))
        });
        // A store may return more than its cursor covers, and will then return it again.
        let answered: HashMap<StreamId, (Position, Position)> = answered.collect();
        for (stream, entries) in &mut catch_up.entries {
            if let Some(&(first, last)) = self.sent.get(stream) {
                entries.retain(|entry: &Entry| entry.position < first || entry.position > last);
            }
        }
        self.cursor = Some(catch_up.cursor);
        let frames = catch_up_frames(&self.node, catch_up);
        self.write(socket, frames).await?;
        self.sent_beyond_cursor = !answered.is_empty();
        self.sent = answered;
        Ok(())
    }

    /// What the account missed. Its subscriptions are applied to fan-out too, since a notice of them may have
    /// been lost.
    async fn catch_up(&self, cursor: Option<Cursor>) -> Result<CatchUp, StoreError> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let entries_max = self.node.limits.catch_up_entries_max;
        let catch_up = self.node.store.catch_up(tenant, account, cursor, entries_max).await?;
        for (conversation, ..) in &catch_up.revoked {
            self.node.live.sessions.unsubscribe(tenant, account, *conversation);
        }
        let is_unheard = |summary: &ConversationSummary| {
            let subscribes = summary.role == Role::Subscriber && summary.status == MemberStatus::Active;
            subscribes && !self.node.live.sessions.subscribes(tenant, account, summary.conversation)
        };
        if catch_up.summaries.iter().any(is_unheard) {
            self.subscribe().await?;
        }
        Ok(catch_up)
    }

    /// The ending if catch-up fails. A client whose cursor is of another history returns without it, and learns
    /// that the store was restored.
    fn not_caught_up(&self, error: &StoreError) -> Ending {
        if !matches!(error, StoreError::PutBack) {
            return Ending::store_failed(error, self.node.clock.as_ref());
        }
        self.node.note_restored("a session has a cursor that is not of the store's history");
        Ending::closed(Code::StoreRestored, error.to_string())
    }

    /// Subscribes the session to the channels of its account. They are read until they stay the same, because
    /// one that was left in between could not yet be removed.
    async fn subscribe(&self) -> Result<(), StoreError> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let mut known = Vec::new();
        for _ in 0..SUBSCRIBE_TRIES_MAX {
            let channels = self.node.store.subscriptions(tenant, account).await?;
            if channels == known {
                break;
            }
            self.node.live.sessions.set_subscriptions(tenant, account, &channels);
            known = channels;
        }
        Ok(())
    }

    async fn take(&mut self, socket: &mut FrameSocket, received: Received<ClientFrame>) -> Result<(), Ending> {
        self.received_at = Instant::now();
        match received {
            Received::Alive => Ok(()),
            Received::Unknown(request) => Box::pin(self.refuse_unknown(socket, request)).await,
            Received::Frame(frame) => Box::pin(self.handle(socket, frame)).await,
        }
    }

    /// Refuses a request of a newer version, at the cost of any other request.
    async fn refuse_unknown(&mut self, socket: &mut FrameSocket, request: u64) -> Result<(), Ending> {
        let stream = StreamId::Account(self.identity.account.clone());
        let unknown = Ok(Err((Code::FrameUnknown, "a question of a newer version")));
        let frame = match self.charge_fetch(request, &stream) {
            Ok(()) => question::frame(&self.node, request, stream, unknown),
            Err(refused) => refused,
        };
        self.write(socket, [frame]).await
    }

    async fn handle(&mut self, socket: &mut FrameSocket, frame: ClientFrame) -> Result<(), Ending> {
        // Heartbeats and receipts are automatic.
        if !matches!(frame, ClientFrame::Ping(_) | ClientFrame::Receipts(_)) {
            self.node.live.sessions.note_active(&self.handle);
        }
        match frame {
            ClientFrame::Hello(_) => Err(Ending::closed(Code::FrameUnexpected, "a second Hello")),
            ClientFrame::Push(push) => self.push(socket, push).await,
            ClientFrame::MembershipRequest(request) => self.request_membership(socket, request).await,
            ClientFrame::Fetch(fetch) => {
                match self.charge_fetch(fetch.request, &fetch.stream).and_then(|()| self.watch(&fetch)) {
                    Ok(()) => self.answer_fetch(socket, &fetch).await,
                    Err(refused) => self.write(socket, [refused]).await,
                }
            }
            ClientFrame::Unwatch(conversation) => {
                self.node.live.sessions.unwatch(&self.handle, conversation);
                Ok(())
            }
            ClientFrame::ListHeld(list) => {
                let frame = match self.charge_held_list(&list) {
                    Ok(()) => held::answer(&self.node, &self.identity, &list).await,
                    Err(refused) => refused,
                };
                self.write(socket, [frame]).await
            }
            ClientFrame::ListSubscribers(list) => {
                let frame = match self.charge_fetch(list.request, &StreamId::Conversation(list.conversation)) {
                    Ok(()) => subscribers::answer(&self.node, &self.identity, &list).await,
                    Err(refused) => refused,
                };
                self.write(socket, [frame]).await
            }
            ClientFrame::MatchContacts(asked) => {
                let frame = contacts::answer(&self.node, &self.identity, &asked).await;
                self.write(socket, [frame]).await
            }
            ClientFrame::List(list) => {
                let frame = match self.charge_list(&list) {
                    Ok(()) => lists::answer(&self.node, &self.identity, &list).await,
                    Err(refused) => refused,
                };
                self.write(socket, [frame]).await
            }
            ClientFrame::Receipts(notices) => self.merge_receipts(&notices).await,
            ClientFrame::Presence(notice) => {
                if self.node.shares.presence.take(&self.account, 1).is_ok() {
                    self.note_presence(notice).await;
                }
                Ok(())
            }
            ClientFrame::Ping(number) => {
                let pong = Pong { number, server_time: self.node.clock.wall_now() };
                self.write(socket, [Frame::new(&ServerFrame::Pong(pong))]).await
            }
        }
    }

    /// Answers a fetch once the account's other sessions have read enough of theirs. The answer uses its part
    /// of the budget until it is written.
    async fn answer_fetch(&mut self, socket: &mut FrameSocket, fetch: &Fetch) -> Result<(), Ending> {
        let node = Arc::clone(&self.node);
        let ended = self.reader.ended();
        let mut room = tokio::select! {
            biased;
            ending = ended => return Err(ending),
            entered = timeout(ANSWER_PATIENCE, node.answers.enter(&self.account)) => match entered {
                Ok(room) => room,
                Err(_) => {
                    node.metrics.fetches_refused.of(Code::RateLimited).count();
                    let refused = self.rate_limited(ANSWER_PATIENCE).answer(fetch.request, fetch.stream.clone(), 0);
                    return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
                }
            },
        };
        let frames = fetch::answer(&node, &self.identity, fetch).await;
        room.keep(frames.iter().map(|frame| frame.bytes().len()).sum());
        self.write(socket, frames).await
    }

    /// Charges one fetch to the account; returns the frame that refuses it, if there are too many.
    fn charge_fetch(&self, request: u64, stream: &StreamId) -> Result<(), Arc<Frame>> {
        self.charge_question(&self.node.shares.fetches, request, stream)
    }

    /// Charges one list of held messages, which loads a document.
    fn charge_held_list(&self, list: &ListHeld) -> Result<(), Arc<Frame>> {
        let stream = StreamId::Conversation(list.conversation);
        self.charge_fetch(list.request, &stream)?;
        self.charge_question(&self.node.shares.held_lists, list.request, &stream)
    }

    /// Charges one list. Searching the directory costs more.
    fn charge_list(&self, list: &List) -> Result<(), Arc<Frame>> {
        let rates = match list.query {
            Query::Own(_) => &self.node.shares.fetches,
            Query::Directory(_) => &self.node.shares.searches,
        };
        self.charge_question(rates, list.request, &StreamId::Account(self.identity.account.clone()))
    }

    fn charge_question(&self, rates: &AccountRates, request: u64, stream: &StreamId) -> Result<(), Arc<Frame>> {
        rates.take(&self.account, 1).map_err(|wait| {
            self.node.metrics.fetches_refused.of(Code::RateLimited).count();
            Frame::new(&ServerFrame::Refused(self.rate_limited(wait).answer(request, stream.clone(), 0)))
        })
    }

    fn rate_limited(&self, wait: Duration) -> Refusal {
        let detail = "more at once than a session, or its account, may send";
        let retry_at = self.node.clock.wall_now().plus(wait);
        Refusal::deferred(Code::RateLimited, detail, retry_at)
    }

    async fn merge_receipts(&mut self, notices: &[ReceiptNotice]) -> Result<(), Ending> {
        // Receipts have no answer that could defer them, so the session itself slows down.
        let merged = async {
            while let Err(wait) = self.node.shares.receipts.take(&self.account, 1) {
                tokio::time::sleep(wait).await;
            }
            self.node.receipts.merge(&self.handle, notices).await;
        };
        tokio::select! {
            biased;
            ending = self.reader.ended() => Err(ending),
            () = merged => Ok(()),
        }
    }
}

/// A catch-up as frames, in the order in which a client needs them.
fn catch_up_frames(node: &Node, catch_up: CatchUp) -> Vec<Arc<Frame>> {
    let (bounds, mut frames) = (&node.config.node.bounds, Vec::new());
    for summaries in catch_up.summaries.chunks(bounds.frame_items_max) {
        frames.push(Frame::new(&ServerFrame::Summaries(summaries.to_vec())));
    }
    frames.extend(fanout::profiles_frames(bounds, &catch_up.profiles));
    for (stream, entries) in catch_up.entries {
        frames.extend(fanout::entries_frames(bounds, &stream, entries));
    }
    for receipts in catch_up.receipts.chunks(bounds.frame_items_max) {
        frames.push(Frame::new(&ServerFrame::Receipts(receipts.to_vec())));
    }
    for (conversation, status, position) in catch_up.revoked {
        frames.push(fanout::revoked_frame(conversation, status, position));
    }
    frames.push(Frame::new(&ServerFrame::CaughtUp(catch_up.cursor)));
    node.metrics.catch_up_bytes.add(frames.iter().map(|frame| frame.bytes().len()).sum());
    frames
}
