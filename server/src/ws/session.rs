//! One session: the handshake, then one loop that reads, handles and writes.
//! It decides nothing; pushes go to their stream, everything else to the store.
//! long because every kind of frame passes through it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use futures_util::FutureExt as _;
use tidings_core::{
    authority::{Refusal, Stream},
    code::Code,
    ids::{AccountId, ConversationId, DeviceId, IncarnationId, StreamId},
    journal::{Cursor, Entry, Position},
    model::{MemberStatus, PresenceKind, Query, Role, Wish},
    wire::{
        Ask, ClientFrame, ConversationSummary, Fetch, Hello, List, MemberPresence, PROTOCOL_VERSION, Pong,
        PresenceNotice, Present, Push, ReceiptNotice, Refused, ServerFrame, Welcome,
    },
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tracing::Instrument as _;

use super::{
    contacts, fetch, late, lists,
    outgoing::{Ending, Frame, OutgoingReader, outgoing},
    outsider,
    sessions::SessionHandle,
    socket::{FrameSocket, Received, Transport},
    subscribers,
};
use crate::{
    auth::{Identity, VerifyTokenError},
    connection::ConnectionPlace,
    drain::Phase,
    job,
    metrics::Metrics,
    node::Node,
    rate::{AccountKey, AccountRates, PushRate},
    store::{CatchUp, DeviceOwner, Notice, StoreError},
    stream::{Part, PushRequest, fanout},
    trace::{Step, TraceId, Traced},
};

/// Frames written before the socket is flushed and other work gets its turn.
const WRITE_BATCH_MAX: usize = 64;
/// Cursor intervals after which a session looks for what it was not told,
/// though nothing was sent: a notice may be lost.
const LOOK_INTERVALS: u32 = 10;
/// Conversations that hear of the end of a session that was online in them.
const ONLINE_MAX: usize = 16;
/// Heartbeats of silence after which a client is gone.
const SILENT_HEARTBEATS_MAX: u32 = 3;
/// How long a session stays away that made room for another one of its account, at least.
const MADE_ROOM_DELAY: Duration = Duration::from_secs(5 * 60);
/// Streams whose sent positions are remembered until the next cursor.
const SENT_STREAMS_MAX: usize = 4_096;
/// Conversations remembered as those that the account has a part in.
const PARTS_MAX: usize = 4_096;
/// Times the channels of an account are read at its session's start.
const SUBSCRIBE_TRIES_MAX: u32 = 5;
/// Items of one frame of a catch-up.
const CATCH_UP_ITEMS_MAX: usize = 250;
/// How long a fetch waits for what its account's other sessions have not read.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Serves one socket until it ends. What most of them wait in is small: the room
/// that answering takes is on the heap, and only while something is answered.
pub(super) async fn run(node: &Arc<Node>, transport: Box<dyn Transport>, connection: Option<Arc<ConnectionPlace>>) {
    let mut socket = FrameSocket::new(transport, node.limits.frame_bytes_max as usize, &node.metrics);
    let opened = match &connection {
        None => Box::pin(open(node, &mut socket)).await,
        Some(connection) => tokio::select! {
            opened = Box::pin(open(node, &mut socket)) => opened,
            () = connection.lost() => Err(Ending::Gone),
        },
    };
    let ending = match opened {
        Ok((session, cursor)) => {
            drop(connection);
            let span = tracing::info_span!(
                "session",
                id = session.handle.id,
                tenant = %session.handle.tenant,
                account = %session.handle.account,
            );
            session.serve(&mut socket, cursor).instrument(span).await
        }
        Err(ending) => {
            tracing::info!(code = ending.code(), "session refused");
            node.metrics.sessions_refused.of(ending.end_code()).count();
            ending
        }
    };
    Box::pin(socket.end(&ending)).await;
}

/// The handshake, up to the place where entries are fanned out to the session.
async fn open(node: &Arc<Node>, socket: &mut FrameSocket) -> Result<(Session, Option<Cursor>), Ending> {
    let hello = tokio::select! {
        biased;
        () = node.drain.reached(Phase::Finishing) => return Err(draining(node)),
        hello = timeout(node.config.node.hello_timeout, socket.receive_hello()) => {
            hello.unwrap_or_else(|_| Err(Ending::closed(Code::HelloTimeout, "no Hello in time")))?
        }
    };
    if hello.version != PROTOCOL_VERSION {
        let detail = format!("this server speaks version {PROTOCOL_VERSION}");
        return Err(Ending::closed(Code::VersionUnsupported, detail));
    }
    let identity = identify(node, &hello.token).await.map_err(|error| token_refused(node, &hello.token, error))?;
    take_share(&node.shares.hellos, &identity, "sessions begun")?;
    let suspended = node.store.suspended(&identity.tenant, std::slice::from_ref(&identity.account)).await;
    if !suspended.map_err(|error| Ending::store_failed(&error, node.clock.as_ref()))?.is_empty() {
        return Err(Ending::suspended());
    }
    match device_owner(node, &identity, hello.device).await? {
        DeviceOwner::Same => {}
        DeviceOwner::Other => {
            return Err(Ending::closed(Code::ActorConflict, "the device belongs to another account"));
        }
    }
    // Whose contact points they are follows from the newest token there is.
    let points = node.store.set_contact_points(&identity.tenant, &identity.account, &identity.contact_points).await;
    points.map_err(|error| Ending::store_failed(&error, node.clock.as_ref()))?;
    Ok((Session::new(node, identity, &hello), hello.cursor))
}

/// Whose the device is; registers it if it is new, as far as the account may have new ones.
async fn device_owner(node: &Node, identity: &Identity, device: DeviceId) -> Result<DeviceOwner, Ending> {
    let (tenant, account) = (&identity.tenant, &identity.account);
    let failed = |error| Ending::store_failed(&error, node.clock.as_ref());
    if let Some(owner) = node.store.device_owner(tenant, account, device).await.map_err(failed)? {
        return Ok(owner);
    }
    take_share(&node.shares.devices, identity, "new devices")?;
    node.store.register_device(tenant, account, device).await.map_err(failed)
}

/// Takes one of the share of the account; a session that is over it comes again later.
fn take_share(rates: &AccountRates, identity: &Identity, unit: &str) -> Result<(), Ending> {
    rates.take(&identity.key(), 1).map_err(|wait| Ending::Closed {
        code: Code::RateLimited,
        detail: format!("more {unit} than an account may have at once"),
        retry_after: Some(wait),
    })
}

/// Who a token speaks for, also if the key that signed it is newer than the key set that was read last.
async fn identify(node: &Node, token: &str) -> Result<Identity, VerifyTokenError> {
    match node.keys.verify(token, node.clock.wall_now()) {
        Err(VerifyTokenError::KeyUnknown) => {
            job::keys::look_again(node).await;
            node.keys.verify(token, node.clock.wall_now())
        }
        verified => verified,
    }
}

/// The peer is told the reason, so that an app can show it; the log tells whose token it seems to be.
fn token_refused(node: &Node, token: &str, error: VerifyTokenError) -> Ending {
    let account =
        node.keys.claimed_account(token).map_or_else(|| "unreadable".to_owned(), |account| account.to_string());
    tracing::info!(account, reason = %error, "token refused");
    Ending::closed(error.code(), error.to_string())
}

fn draining(node: &Node) -> Ending {
    Ending::Closed {
        code: Code::Draining,
        detail: "the server is going down".to_owned(),
        retry_after: Some(node.clock.retry_delay()),
    }
}

/// A session after its Hello.
struct Session {
    node: Arc<Node>,
    identity: Identity,
    handle: Arc<SessionHandle>,
    reader: OutgoingReader,
    /// The last cursor the client was given, or gave.
    cursor: Option<Cursor>,
    /// The incarnation of the store that the client was last told.
    told: Option<IncarnationId>,
    /// What was sent and may lie behind that cursor: the next catch-up need not repeat it.
    sent: HashMap<StreamId, (Position, Position)>,
    /// Whether anything was sent that the cursor does not cover.
    behind_sent: bool,
    received_at: Instant,
    push_rate: PushRate,
    /// Whose shares it uses.
    account: AccountKey,
    online: BTreeSet<ConversationId>,
    /// Conversations in which the account is known to have, or have had, a part.
    parts: HashSet<ConversationId>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.node.sessions.remove(&self.handle);
    }
}

impl Session {
    /// Registers the session: from here on entries are fanned out to it.
    fn new(node: &Arc<Node>, identity: Identity, hello: &Hello) -> Self {
        let (outgoing, reader) = outgoing(node.config.node.session_frames_max, node.config.node.session_bytes_max);
        let handle = Arc::new(SessionHandle {
            id: node.sessions.next_id(),
            tenant: identity.tenant.clone(),
            account: identity.account.clone(),
            device: hello.device,
            outgoing,
            active: AtomicU64::default(),
        });
        let retry_after = MADE_ROOM_DELAY + node.clock.jitter(MADE_ROOM_DELAY / 4);
        node.sessions.add(Arc::clone(&handle), node.shares.sessions, retry_after);
        let account = identity.key();
        Self {
            identity,
            handle,
            reader,
            cursor: None,
            told: hello.incarnation,
            sent: HashMap::new(),
            behind_sent: false,
            received_at: Instant::now(),
            push_rate: PushRate::new(&node.limits, &node.shares, &account),
            account,
            online: BTreeSet::new(),
            parts: HashSet::new(),
            node: Arc::clone(node),
        }
    }

    async fn serve(mut self, socket: &mut FrameSocket, cursor: Option<Cursor>) -> Ending {
        tracing::info!(device = %self.handle.device, resumed = cursor.is_some(), "session opened");
        self.node.metrics.sessions_opened.count();
        let ending = match self.try_serve(socket, cursor).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        tracing::info!(code = ending.code(), "session ended");
        self.node.metrics.sessions_ended.of(ending.end_code()).count();
        self.node.sessions.remove(&self.handle);
        for conversation in std::mem::take(&mut self.online) {
            let (tenant, account) = (&self.identity.tenant, &self.identity.account);
            if self.node.present.leave(tenant, conversation, account, self.handle.id) {
                let gone = PresenceNotice { conversation, kind: PresenceKind::Offline };
                Box::pin(self.pass_presence(gone)).await;
            }
        }
        ending
    }

    async fn try_serve(&mut self, socket: &mut FrameSocket, cursor: Option<Cursor>) -> Result<Infallible, Ending> {
        Box::pin(self.greet(socket, cursor)).await?;
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
                    return Err(Ending::closed(Code::TokenExpired, "the token's time is over"));
                }
                _ = cursor_due.tick() => {
                    intervals_quiet += 1;
                    if self.behind_sent || intervals_quiet >= LOOK_INTERVALS {
                        intervals_quiet = 0;
                        Box::pin(self.advance_cursor(socket)).await?;
                    }
                }
                frame = self.reader.next() => {
                    let Some(frame) = frame else { return Err(Ending::Gone) };
                    let mut frames = vec![frame];
                    while frames.len() < WRITE_BATCH_MAX && let Some(frame) = self.reader.try_next() {
                        frames.push(frame);
                    }
                    self.write(socket, frames).await?;
                    // However much there is to write, what comes in gets its turn.
                    if node.drain.phase() == Phase::Running
                        && let Some(received) = socket.receive().now_or_never()
                    {
                        self.take(socket, received?).await?;
                    }
                }
                received = socket.receive(), if node.drain.phase() == Phase::Running => {
                    self.take(socket, received?).await?;
                }
                () = sleep_until(self.received_at + silence_max) => return Err(Ending::Gone),
            }
        }
    }

    /// Writes frames and flushes; a peer that does not take them in time is
    /// too slow, and one that somebody else ended is not waited for.
    async fn write(
        &mut self,
        socket: &mut FrameSocket,
        frames: impl IntoIterator<Item = Arc<Frame>>,
    ) -> Result<(), Ending> {
        let (ended, bytes_max) = (self.reader.ended(), self.node.limits.frame_bytes_max as usize);
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
        self.behind_sent = true;
        if self.sent.len() >= SENT_STREAMS_MAX {
            // Forgetting costs repeated entries, which clients drop.
            self.sent.clear();
        }
        let run = self.sent.entry(covers.stream.clone()).or_insert((covers.first, covers.last));
        if covers.first > run.1.next() || covers.first < run.0 {
            *run = (covers.first, covers.last);
        } else {
            run.1 = run.1.max(covers.last);
        }
    }

    /// Welcome, and everything since the cursor. Entries that are accepted
    /// meanwhile wait in the session's queue and follow.
    async fn greet(&mut self, socket: &mut FrameSocket, cursor: Option<Cursor>) -> Result<(), Ending> {
        let failed = |error| Ending::store_failed(&error, self.node.clock.as_ref());
        self.subscribe().await.map_err(failed)?;
        let incarnation = self.node.store.incarnation().await.map_err(failed)?;
        // A cursor of another incarnation says nothing about this one.
        let cursor = cursor.filter(|_| self.told.is_none_or(|told| told == incarnation));
        let catch_up = self.catch_up(cursor).await.map_err(failed)?;
        if cursor.is_some_and(|cursor| cursor > catch_up.cursor) {
            self.node.note_behind("a session begins with a cursor that the store has not come to");
        }
        let welcome = ServerFrame::Welcome(Box::new(Welcome {
            version: PROTOCOL_VERSION,
            tenant: self.identity.tenant.clone(),
            account: self.identity.account.clone(),
            administrator: self.identity.administrator,
            server_time: self.node.clock.wall_now(),
            limits: self.node.limits.clone(),
            incarnation,
        }));
        self.cursor = Some(catch_up.cursor);
        let caught_up = catch_up_frames(&self.node.metrics, catch_up);
        let frames = std::iter::once(Frame::new(&welcome)).chain(caught_up);
        self.write(socket, frames).await?;
        self.behind_sent = false;
        Ok(())
    }

    /// Gives the client a newer cursor, so that its next Hello is cheap, with
    /// whatever it was not sent meanwhile.
    async fn advance_cursor(&mut self, socket: &mut FrameSocket) -> Result<(), Ending> {
        let mut catch_up = match self.catch_up(self.cursor).await {
            Ok(catch_up) => catch_up,
            Err(error) => {
                // The session is none the worse for it; the next interval tries again.
                tracing::warn!(%error, "a session got no newer cursor");
                return Ok(());
            }
        };
        let answered = catch_up.entries.iter().filter_map(|(stream, entries)| {
            Some((stream.clone(), (entries.first()?.position, entries.last()?.position)))
        });
        // A store may answer more than its cursor covers, and will then answer it again.
        let answered: HashMap<StreamId, (Position, Position)> = answered.collect();
        for (stream, entries) in &mut catch_up.entries {
            if let Some(&(first, last)) = self.sent.get(stream) {
                entries.retain(|entry: &Entry| entry.position < first || entry.position > last);
            }
        }
        self.cursor = Some(catch_up.cursor);
        let frames = catch_up_frames(&self.node.metrics, catch_up);
        self.write(socket, frames).await?;
        self.behind_sent = !answered.is_empty();
        self.sent = answered;
        Ok(())
    }

    /// What the account missed. What it says of subscriptions holds for fan-out
    /// too: a notice of them may have been lost.
    async fn catch_up(&self, cursor: Option<Cursor>) -> Result<CatchUp, StoreError> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let entries_max = self.node.limits.catch_up_entries_max;
        let catch_up = self.node.store.catch_up(tenant, account, cursor, entries_max).await?;
        for (conversation, ..) in &catch_up.revoked {
            self.node.sessions.unsubscribe(tenant, account, *conversation);
        }
        let is_unheard = |summary: &ConversationSummary| {
            let subscribes = summary.role == Role::Subscriber && summary.status == MemberStatus::Active;
            subscribes && !self.node.sessions.subscribes(tenant, account, summary.conversation)
        };
        if catch_up.summaries.iter().any(is_unheard) {
            self.subscribe().await?;
        }
        Ok(catch_up)
    }

    /// Has the session hear of the channels that its account subscribes to.
    /// They are read until they stay the same: one that was left in between
    /// was not yet there to be taken away.
    async fn subscribe(&self) -> Result<(), StoreError> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let mut known = Vec::new();
        for _ in 0..SUBSCRIBE_TRIES_MAX {
            let channels = self.node.store.subscriptions(tenant, account).await?;
            if channels == known {
                break;
            }
            self.node.sessions.set_subscriptions(tenant, account, &channels);
            known = channels;
        }
        Ok(())
    }

    async fn take(&mut self, socket: &mut FrameSocket, received: Received<ClientFrame>) -> Result<(), Ending> {
        self.received_at = Instant::now();
        match received {
            Received::Alive => Ok(()),
            Received::Frame(frame) => Box::pin(self.handle(socket, frame)).await,
        }
    }

    async fn handle(&mut self, socket: &mut FrameSocket, frame: ClientFrame) -> Result<(), Ending> {
        // Heartbeats and receipts come by themselves.
        if !matches!(frame, ClientFrame::Ping(_) | ClientFrame::Receipts(_)) {
            self.node.sessions.note_active(&self.handle);
        }
        match frame {
            ClientFrame::Hello(_) => Err(Ending::closed(Code::FrameUnexpected, "a second Hello")),
            ClientFrame::Push(push) => self.push(socket, push).await,
            ClientFrame::Ask(ask) => self.ask(socket, ask).await,
            ClientFrame::Fetch(fetch) => match self.take_fetch(fetch.request, &fetch.stream) {
                Ok(()) => self.answer_fetch(socket, &fetch).await,
                Err(refused) => self.write(socket, [refused]).await,
            },
            ClientFrame::ListLate(list) => {
                let frame = match self.take_fetch(list.request, &StreamId::Conversation(list.conversation)) {
                    Ok(()) => late::answer(&self.node, &self.identity, &list).await,
                    Err(refused) => refused,
                };
                self.write(socket, [frame]).await
            }
            ClientFrame::ListSubscribers(list) => {
                let frame = match self.take_fetch(list.request, &StreamId::Conversation(list.conversation)) {
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
                let frame = match self.take_list(&list) {
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

    /// Answers a fetch as soon as the account's other sessions have read enough of
    /// theirs; what is answered has its room until it is written.
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
                    let refused = self.rate_limited(fetch.request, fetch.stream.clone(), ANSWER_PATIENCE);
                    return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
                }
            },
        };
        let frames = fetch::answer(&node, &self.identity, fetch).await;
        room.keep(frames.iter().map(|frame| frame.bytes().len()).sum());
        self.write(socket, frames).await
    }

    /// Hands a push to its stream, which answers through the session's queue.
    async fn push(&mut self, socket: &mut FrameSocket, push: Push) -> Result<(), Ending> {
        self.node.metrics.pushes.count();
        let limits = &self.node.limits;
        let bytes: usize = push.changes.iter().map(|change| change.change.len()).sum();
        if push.changes.len() > limits.push_changes_max as usize || bytes > limits.push_bytes_max as usize {
            let detail = format!(
                "a push of {} changes and {bytes} bytes; at most {} and {}",
                push.changes.len(),
                limits.push_changes_max,
                limits.push_bytes_max
            );
            return Err(Ending::closed(Code::FrameTooLarge, detail));
        }
        if let Err(wait) = self.push_rate.take(push.changes.len(), bytes) {
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        if let Err(wait) = self.take_people(&push) {
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        let trace = TraceId::draw(self.node.config.node.trace_share);
        if let Some(trace) = trace {
            let (tenant, stream, since) = (&self.identity.tenant, &push.stream, self.received_at);
            trace.step(Step::Received, Traced { tenant, stream, positions: None, refused: None, since });
        }
        let part = match self.part_of(push.stream.conversation()).await {
            Ok(Part::Known) => Part::Known,
            Ok(Part::None) => match outsider::check_push(&self.node, &self.identity.session(self.handle.device), &push)
            {
                Ok(()) => Part::None,
                Err(refusal) => return self.refuse(socket, push, refusal).await,
            },
            Err(error) => return self.store_failed(socket, push, &error).await,
        };
        self.hand_over(push, None, part, trace).await
    }

    /// Takes those whom a push brings in from the share of the account; an administrator brings in whom they will.
    fn take_people(&self, push: &Push) -> Result<(), Duration> {
        if self.identity.administrator {
            return Ok(());
        }
        let session = self.identity.session(self.handle.device);
        let brought_in = |pushed| Stream::people_brought_in(&session, pushed, &self.node.limits);
        match push.changes.iter().map(brought_in).sum() {
            0 => Ok(()),
            people => self.node.shares.people.take(&self.account, people),
        }
    }

    /// Hands a wish to its conversation's stream. Codes of invites can be
    /// guessed: wishes have a rate of their own.
    async fn ask(&mut self, socket: &mut FrameSocket, ask: Ask) -> Result<(), Ending> {
        let push = Push { request: ask.request, stream: StreamId::Conversation(ask.conversation), changes: Vec::new() };
        if let Err(wait) = self.node.shares.wishes.take(&self.account, 1) {
            let refused = self.rate_limited(push.request, push.stream, wait);
            self.node.metrics.push_refused(&refused);
            return self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await;
        }
        let checked = match self.part_of(Some(ask.conversation)).await {
            Ok(Part::Known) => Ok(Ok(Part::Known)),
            Ok(Part::None) => {
                let checked = outsider::check_wish(&self.node, &self.identity, ask.conversation, &ask.wish).await;
                checked.map(|checked| checked.map(|()| Part::None))
            }
            Err(error) => Err(error),
        };
        match checked {
            Ok(Ok(part)) => self.hand_over(push, Some(ask.wish), part, None).await,
            Ok(Err(refusal)) => self.refuse(socket, push, refusal).await,
            Err(error) => self.store_failed(socket, push, &error).await,
        }
    }

    /// The part of the account in a conversation; asked of the store until it has one, which it then has for good.
    async fn part_of(&mut self, conversation: Option<ConversationId>) -> Result<Part, StoreError> {
        let Some(conversation) = conversation.filter(|conversation| !self.parts.contains(conversation)) else {
            return Ok(Part::Known);
        };
        let part = outsider::part(&self.node, &self.identity, conversation).await?;
        if part == Part::Known {
            if self.parts.len() >= PARTS_MAX {
                // What is forgotten is asked again.
                self.parts.clear();
            }
            self.parts.insert(conversation);
        }
        Ok(part)
    }

    async fn refuse(&mut self, socket: &mut FrameSocket, push: Push, refusal: Refusal) -> Result<(), Ending> {
        let Refusal { code, detail, retry_at } = refusal;
        let refused = Refused { request: push.request, stream: push.stream, index: 0, code, detail, retry_at };
        self.node.metrics.push_refused(&refused);
        self.write(socket, [Frame::new(&ServerFrame::Refused(refused))]).await
    }

    async fn store_failed(&mut self, socket: &mut FrameSocket, push: Push, error: &StoreError) -> Result<(), Ending> {
        tracing::warn!(%error, stream = %push.stream, "a push was deferred");
        let again = self.node.clock.wall_now().plus(self.node.clock.retry_delay());
        let refusal = Refusal::deferred(fanout::store_code(error), "the server cannot store this now", again);
        self.refuse(socket, push, refusal).await
    }

    async fn hand_over(
        &mut self,
        push: Push,
        wish: Option<Wish>,
        part: Part,
        trace: Option<TraceId>,
    ) -> Result<(), Ending> {
        let request = PushRequest {
            session: Arc::clone(&self.handle),
            identity: self.identity.session(self.handle.device),
            push,
            wish,
            part,
            received_at: self.received_at,
            trace,
        };
        let ended = self.reader.ended();
        tokio::select! {
            biased;
            ending = ended => Err(ending),
            () = self.node.streams.push(&self.node, request) => Ok(()),
        }
    }

    /// One of the questions that an account may ask; the frame that refuses it, if it asks too many.
    fn take_fetch(&self, request: u64, stream: &StreamId) -> Result<(), Arc<Frame>> {
        self.take_question(&self.node.shares.fetches, request, stream)
    }

    /// One of the lists that an account may ask for. The directory is looked through, which costs more.
    fn take_list(&self, list: &List) -> Result<(), Arc<Frame>> {
        let rates = match list.query {
            Query::Own(_) => &self.node.shares.fetches,
            Query::Directory(_) => &self.node.shares.searches,
        };
        self.take_question(rates, list.request, &StreamId::Account(self.identity.account.clone()))
    }

    fn take_question(&self, rates: &AccountRates, request: u64, stream: &StreamId) -> Result<(), Arc<Frame>> {
        rates.take(&self.account, 1).map_err(|wait| {
            self.node.metrics.fetches_refused.of(Code::RateLimited).count();
            Frame::new(&ServerFrame::Refused(self.rate_limited(request, stream.clone(), wait)))
        })
    }

    fn rate_limited(&self, request: u64, stream: StreamId, wait: Duration) -> Refused {
        Refused {
            request,
            stream,
            index: 0,
            code: Code::RateLimited,
            detail: "more at once than a session, or its account, may send".to_owned(),
            retry_at: Some(self.node.clock.wall_now().plus(wait)),
        }
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

    async fn note_presence(&mut self, notice: PresenceNotice) {
        let PresenceNotice { conversation, kind } = notice;
        let (tenant, account, session) = (&self.identity.tenant, &self.identity.account, self.handle.id);
        let mut has_come = false;
        if kind == PresenceKind::Offline {
            self.online.remove(&conversation);
            if !self.node.present.leave(tenant, conversation, account, session) {
                return;
            }
        } else if self.online.contains(&conversation) || self.online.len() < ONLINE_MAX {
            self.online.insert(conversation);
            has_come = self.node.present.note(tenant, conversation, account, session, kind);
        } else {
            // Of too many, no end is told; who is there is.
            has_come = kind == PresenceKind::Online;
        }
        let members = self.pass_presence(notice).await;
        let Some(members) = members.filter(|_| has_come) else { return };
        match fanout::present_for(&self.node, tenant, conversation, &members, account).await {
            Ok(members) if members.is_empty() => {}
            Ok(members) => {
                let frame = Frame::new(&ServerFrame::Present(Present { conversation, members }));
                self.handle.outgoing.send(&frame);
            }
            Err(error) => tracing::debug!(%error, "who is there was not told"),
        }
    }

    /// Passes presence on to the other sessions of the conversation's active
    /// members, on every node, and answers who these are; none if the account is
    /// not one of them. Nothing depends on it, so a store that fails is only logged.
    async fn pass_presence(&self, notice: PresenceNotice) -> Option<Vec<AccountId>> {
        let PresenceNotice { conversation, kind } = notice;
        let tenant = &self.identity.tenant;
        let presence = MemberPresence { conversation, account: self.identity.account.clone(), kind };
        match fanout::presence(&self.node, tenant, &presence, &HashSet::from([self.handle.id])).await {
            Ok(members) => {
                if members.is_some() {
                    self.node.store.tell(Notice::Presence { tenant: tenant.clone(), presence });
                }
                members
            }
            Err(error) => {
                tracing::debug!(%error, "presence was not passed on");
                None
            }
        }
    }
}

/// A catch-up as frames, in the order in which a client needs them.
fn catch_up_frames(metrics: &Metrics, catch_up: CatchUp) -> Vec<Arc<Frame>> {
    let mut frames = Vec::new();
    for summaries in catch_up.summaries.chunks(CATCH_UP_ITEMS_MAX) {
        frames.push(Frame::new(&ServerFrame::Summaries(summaries.to_vec())));
    }
    for profiles in catch_up.profiles.chunks(CATCH_UP_ITEMS_MAX) {
        frames.push(Frame::new(&ServerFrame::Profiles(profiles.to_vec())));
    }
    for (stream, entries) in catch_up.entries {
        frames.extend(fanout::entries_frames(&stream, entries));
    }
    for receipts in catch_up.receipts.chunks(CATCH_UP_ITEMS_MAX) {
        frames.push(Frame::new(&ServerFrame::Receipts(receipts.to_vec())));
    }
    for (conversation, status, position) in catch_up.revoked {
        frames.push(fanout::revoked_frame(conversation, status, position));
    }
    frames.push(Frame::new(&ServerFrame::CaughtUp(catch_up.cursor)));
    metrics.catch_up_bytes.add(frames.iter().map(|frame| frame.bytes().len()).sum());
    frames
}
