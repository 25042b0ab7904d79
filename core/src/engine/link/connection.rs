//! The connection: when to open one, how a session begins and ends, and which
//! frame goes where.

use core::time::Duration;

use crate::{
    code::Code,
    engine::{
        Cause, ConnectionState, Engine, Output, Update,
        link::backoff::Backoff,
        streams::loading::{Slot, Work},
        timers::Timer,
    },
    ids::{DeviceId, StreamId},
    journal::Cursor,
    limits::Limits,
    wire::{ClientFrame, Closed, Hello, Piece, Push, ServerFrame, Versions, Welcome, decode_frame},
};

#[derive(Debug, Clone, PartialEq, Eq)]
enum LinkState {
    Off,
    /// Waiting for the next try.
    Idle,
    /// Waiting for the app's token.
    Token,
    /// Waiting for the link to open.
    Connecting,
    /// Waiting for Welcome.
    Greeting,
    /// Waiting for Caught up.
    CatchingUp,
    Online,
    Rejected(Cause),
    Closed,
}

/// The connection and its timers.
#[derive(Debug)]
pub(in crate::engine) struct Link {
    state: LinkState,
    shown: Option<ConnectionState>,
    token: Option<String>,
    /// Why the server did not take the last token, until the app gives another.
    token_refused: Option<Cause>,
    /// Tokens refused in a row: after the second one the app is told.
    tokens_refused: u32,
    /// New device ids taken since a push was accepted.
    devices_taken: u32,
    backoff: Backoff,
    /// Why the last session ended, where more is known than that it did.
    cause: Option<Cause>,
    ping_sent: bool,
    /// Up to where the server has told of everything.
    cursor: Option<Cursor>,
    /// What came of a frame that comes in pieces.
    pieces: Vec<u8>,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            state: LinkState::Idle,
            shown: None,
            token: None,
            token_refused: None,
            tokens_refused: 0,
            devices_taken: 0,
            backoff: Backoff::default(),
            cause: None,
            ping_sent: false,
            cursor: None,
            pieces: Vec::new(),
        }
    }
}

impl Link {
    /// Whether changes flow.
    pub(in crate::engine) fn is_online(&self) -> bool {
        self.state == LinkState::Online
    }

    pub(in crate::engine) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    pub(in crate::engine) fn set_cursor(&mut self, cursor: Option<Cursor>) {
        self.cursor = cursor;
    }

    /// Whether the session has begun.
    fn is_welcome(&self) -> bool {
        matches!(self.state, LinkState::CatchingUp | LinkState::Online)
    }

    fn is_linked(&self) -> bool {
        matches!(self.state, LinkState::Greeting | LinkState::CatchingUp | LinkState::Online)
    }
}

/// Silence after which a Ping is sent; after as much again the link is lost.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Bytes of a frame from the server when inflated, and of all its pieces: an answer
/// has two documents at the most, each with its snapshot or the changes behind it.
const FRAME_BYTES_MAX: usize = Limits::WIDEST.frame_bytes_max as usize;

impl Engine {
    pub(in crate::engine) fn set_network(&mut self, on: bool) {
        match (on, &self.link.state) {
            (true, LinkState::Off) => {
                self.link.state = LinkState::Idle;
                self.connect_now();
            }
            (false, state) if *state != LinkState::Off => {
                self.drop_link();
                self.link.state = LinkState::Off;
                self.show_connection();
            }
            _ => {}
        }
    }

    pub(in crate::engine) fn connect_now(&mut self) {
        if !matches!(self.link.state, LinkState::Idle | LinkState::Rejected(_)) {
            return;
        }
        self.ctx.timers.stop(Timer::Reconnect);
        if self.link.token.is_some() {
            self.link.state = LinkState::Connecting;
            self.ctx.output(Output::Connect);
        } else {
            self.link.state = LinkState::Token;
            self.ctx.output(Output::NeedToken { refused: self.link.token_refused.clone() });
        }
        self.show_connection();
    }

    pub(in crate::engine) fn token_given(&mut self, token: String) {
        self.link.token = Some(token);
        self.link.token_refused = None;
        if self.link.state == LinkState::Token {
            self.link.state = LinkState::Connecting;
            self.ctx.output(Output::Connect);
        }
    }

    pub(in crate::engine) fn link_opened(&mut self) {
        if self.link.state != LinkState::Connecting {
            return;
        }
        self.link.state = LinkState::Greeting;
        self.heard();
        let hello = Hello {
            versions: Versions::OWN,
            token: self.link.token.clone().unwrap_or_default(),
            device: self.ctx.session.device,
            cursor: self.link.cursor,
            incarnation: self.heads.incarnation(),
        };
        self.ctx.send(&ClientFrame::Hello(hello));
        self.show_connection();
    }

    pub(in crate::engine) fn token_failed(&mut self, detail: String) {
        self.link_ended(Some(Cause { code: Code::TokenUnavailable, detail }), None);
    }

    /// The link is lost or could not be had: come back later.
    pub(in crate::engine) fn link_failed(&mut self, code: Option<Code>, after: Option<Duration>) {
        self.link_ended(code.map(Cause::from), after);
    }

    fn link_ended(&mut self, cause: Option<Cause>, after: Option<Duration>) {
        if matches!(self.link.state, LinkState::Off | LinkState::Closed | LinkState::Idle | LinkState::Rejected(_)) {
            return;
        }
        self.drop_link();
        let delay = after.unwrap_or_else(|| self.link.backoff.next_delay(&mut self.ctx.random));
        self.link.state = LinkState::Idle;
        self.ctx.timers.set(Timer::Reconnect, self.ctx.now.monotonic.plus(delay));
        self.link.cause = cause;
        self.show_connection();
    }

    fn reject(&mut self, cause: Cause) {
        self.drop_link();
        // When the app tries again, a token that has expired meanwhile is replaced.
        self.link.tokens_refused = 0;
        self.link.state = LinkState::Rejected(cause);
        self.show_connection();
    }

    pub(in crate::engine) fn link_closed(&mut self) {
        self.drop_link();
        self.link.state = LinkState::Closed;
    }

    fn drop_link(&mut self) {
        if self.link.is_linked() || self.link.state == LinkState::Connecting {
            self.ctx.output(Output::Disconnect);
        }
        for slot in self.streams.values_mut() {
            if let Slot::Loaded(replica) = slot {
                replica.outbox.in_flight = None;
                replica.fetch = None;
                replica.loading.retain(|_, request| request.is_none());
            }
        }
        self.ctx.timers.stop(Timer::Heartbeat);
        self.ctx.timers.stop(Timer::Reconnect);
        self.link.pieces = Vec::new();
        self.forget_thread_requests();
        self.requests.memberships.reset();
        self.requests.held.reset();
        self.fail_questions();
        self.answer_lists_here();
        for request in self.commands.take_awaiting_whole() {
            self.fail(request, Code::Unreachable, "the link was lost before the conversation was loaded");
        }
        self.end_presence();
        self.requests.watched.reset();
        for open in self.open.values_mut() {
            open.set_loading_older(false);
        }
    }

    /// The server is there.
    fn heard(&mut self) {
        self.link.ping_sent = false;
        self.ctx.timers.set(Timer::Heartbeat, self.ctx.now.monotonic.plus(HEARTBEAT));
    }

    pub(in crate::engine) fn frame_received(&mut self, bytes: &[u8]) {
        if !self.link.is_linked() {
            return;
        }
        self.heard();
        match decode_frame::<ServerFrame>(bytes, FRAME_BYTES_MAX) {
            Ok(frame) => self.take_frame(frame),
            // A frame of a newer server, which it sends in vain.
            Err(crate::wire::DecodeFrameError::Unknown) => {}
            Err(_) => self.link_failed(Some(Code::FrameMalformed), None),
        }
    }

    fn take_frame(&mut self, frame: ServerFrame) {
        let welcome = self.link.is_welcome();
        match frame {
            ServerFrame::Welcome(frame) if self.link.state == LinkState::Greeting => self.welcomed(*frame),
            ServerFrame::Closed(frame) => self.session_closed(&frame),
            ServerFrame::Pong(pong) => self.server_time_told(pong.server_time),
            // Nothing else is expected before Welcome.
            _ if !welcome => self.link_failed(Some(Code::FrameUnexpected), None),
            ServerFrame::Welcome(_) => {}
            ServerFrame::Summaries(summaries) => self.receive_summaries(summaries),
            ServerFrame::Profiles(profiles) => self.accounts.receive(&mut self.ctx, profiles),
            ServerFrame::Entries(frame) => self.route_entries(frame),
            ServerFrame::CaughtUp(cursor) => self.caught_up(cursor),
            ServerFrame::Accepted(frame) if self.membership_accepted(&frame) => {}
            ServerFrame::Accepted(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Accepted(frame));
            }
            ServerFrame::Refused(frame)
                if self.membership_refused(&frame) || self.question_refused(&frame) || self.list_refused(&frame) => {}
            ServerFrame::Refused(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Refused(frame));
            }
            ServerFrame::Fetched(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Fetched(Box::new(frame)));
            }
            ServerFrame::Piece(piece) => self.receive_piece(piece),
            ServerFrame::Receipts(receipts) => self.route_receipts(receipts),
            ServerFrame::Presence(frame) => self.receive_presence(frame),
            ServerFrame::Present(frame) => self.receive_present(frame),
            ServerFrame::Subscribers(frame) => self.subscribers_told(frame),
            ServerFrame::SubscriberCount(frame) => self.receive_subscriber_count(&frame),
            ServerFrame::HeldMessages(held) => self.receive_held(held),
            ServerFrame::ContactMatches(frame) => self.contacts_matched(frame),
            ServerFrame::Listed(frame) => self.receive_listed(frame),
            ServerFrame::Revoked(frame) => {
                self.with_stream(&StreamId::Conversation(frame.conversation), Work::Revoked(frame));
            }
        }
    }

    /// Puts the pieces of a frame together, which is none of a piece itself.
    fn receive_piece(&mut self, piece: Piece) {
        let pieces = &mut self.link.pieces;
        if pieces.len() + piece.bytes.len() > FRAME_BYTES_MAX {
            return self.link_failed(Some(Code::FrameTooLarge), None);
        }
        pieces.extend(piece.bytes);
        if !piece.last {
            return;
        }
        let bytes = core::mem::take(pieces);
        match decode_frame::<ServerFrame>(&bytes, FRAME_BYTES_MAX) {
            Ok(ServerFrame::Piece(_)) => self.link_failed(Some(Code::FrameMalformed), None),
            Ok(frame) => self.take_frame(frame),
            Err(crate::wire::DecodeFrameError::Unknown) => {}
            Err(_) => self.link_failed(Some(Code::FrameMalformed), None),
        }
    }

    fn welcomed(&mut self, welcome: Welcome) {
        if !Versions::OWN.contains(welcome.version) {
            return self.link_failed(Some(Code::VersionUnsupported), None);
        }
        if welcome.tenant != self.ctx.session.tenant || welcome.account != self.ctx.session.account {
            // The app's token callback answers for somebody else.
            self.link.token = None;
            let of = format!("the token is of {} in {}", welcome.account, welcome.tenant);
            return self.reject(Cause { code: Code::TokenForeign, detail: of });
        }
        self.ctx.dirty_meta |= self.ctx.session.administrator != welcome.administrator;
        self.ctx.session.administrator = welcome.administrator;
        self.ctx.limits = welcome.limits;
        self.server_time_told(welcome.server_time);
        self.link.tokens_refused = 0;
        self.meet_incarnation(welcome.incarnation);
        self.link.state = LinkState::CatchingUp;
        // What waits is pushed from now on.
        self.streams.change_all();
        self.show_connection();
    }

    pub(in crate::engine) fn now_online(&mut self) {
        self.link.state = LinkState::Online;
        self.link.backoff.reset();
        self.link.cause = None;
        self.show_connection();
    }

    fn session_closed(&mut self, closed: &Closed) {
        let after = closed.retry_after_ms.map(Duration::from_millis);
        let cause = Cause { code: closed.code, detail: closed.detail.clone() };
        match closed.code {
            Code::TokenExpired | Code::TokenInvalid => {
                self.link.token = None;
                self.link.token_refused = Some(cause.clone());
                self.link.tokens_refused += 1;
                if self.link.tokens_refused > 1 {
                    return self.reject(cause);
                }
                self.link_ended(Some(cause), Some(Duration::ZERO));
            }
            Code::AccountSuspended | Code::UpgradeRequired => self.reject(cause),
            // A device has one link at a time: who replaced this session is a
            // copy of this device, and would be replaced in turn.
            Code::ActorConflict | Code::SessionReplaced => self.take_new_device(closed.code),
            code => {
                if code == Code::StoreRestored {
                    self.cursor_refused();
                }
                self.link_ended(Some(cause), after);
            }
        }
    }

    /// The device id is another's, or was copied: take a new one and come back
    /// with it, at once the first time. What is pending is pushed as it is: the
    /// server knows what was admitted of it, and refuses the rest, which is then
    /// written anew.
    pub(in crate::engine) fn take_new_device(&mut self, code: Code) {
        self.link.devices_taken += 1;
        let after = (self.link.devices_taken == 1).then_some(Duration::ZERO);
        self.ctx.session.device = DeviceId::from_bytes(self.ctx.random.bytes());
        self.ctx.dirty_meta = true;
        self.link_failed(Some(code), after);
    }

    /// The server took a change under this device id: it is this device's own.
    pub(in crate::engine) fn device_accepted(&mut self) {
        self.link.devices_taken = 0;
    }

    /// Everything that time alone brings about.
    pub(in crate::engine) fn run_timers(&mut self) {
        let now = self.ctx.now.monotonic;
        if self.ctx.timers.expire(Timer::Reconnect, now) {
            self.connect_now();
        }
        if self.ctx.timers.expire(Timer::Heartbeat, now) {
            if self.link.ping_sent {
                return self.link_failed(Some(Code::Unreachable), None);
            }
            self.heard();
            self.link.ping_sent = true;
            self.ping();
        }
        if self.link.is_welcome() && self.ctx.server_clock.must_ask(self.ctx.now) {
            self.ping();
        }
        self.expire_typing();
        self.expire_grants();
        self.retry_fetches();
        self.send_asides();
        if self.ctx.timers.expire(Timer::Rows, now) {
            self.save_timelines();
        }
    }

    /// Asks whether the server is there, and what time it has.
    pub(in crate::engine) fn ping(&mut self) {
        let request = self.ctx.new_request();
        self.ctx.send(&ClientFrame::Ping(request));
    }

    /// Pushes what is durable here and not answered, a push a stream at a time:
    /// from Welcome on, so that the server decides while what was missed is taken
    /// in. It sends all of that before it reads a push.
    pub(in crate::engine) fn send_pushes(&mut self) {
        if !self.link.is_welcome() {
            return;
        }
        let now = self.ctx.now.monotonic;
        let mut pushes = Vec::new();
        let changed: Vec<StreamId> = self.streams.changed().cloned().collect();
        for stream in changed {
            let Some(replica) = self.streams.quietly(&stream) else { continue };
            if replica.rewrite_due || replica.fetch.is_some() || replica.awaits_restart() {
                continue;
            }
            if let Some(changes) = replica.outbox.next_push(now, &self.ctx.limits) {
                let request = self.ctx.new_request();
                replica.touched.row |= replica.outbox.deferred.is_some();
                replica.outbox.start_push(request, changes.len());
                pushes.push(Push { request, stream, changes });
            }
        }
        for push in pushes {
            self.ctx.send(&ClientFrame::Push(push));
        }
    }

    pub(in crate::engine) fn show_connection(&mut self) {
        let state = match &self.link.state {
            LinkState::Off => ConnectionState::Off,
            LinkState::Idle => {
                let retry_at = self.ctx.timers.get(Timer::Reconnect);
                let wait = retry_at.map_or(0, |at| at.as_millis().saturating_sub(self.ctx.now.monotonic.as_millis()));
                let retry_at = self.ctx.now.wall.plus(Duration::from_millis(wait));
                let (code, detail) = self.link.cause.clone().map(|cause| (cause.code, cause.detail)).unzip();
                ConnectionState::Waiting { code, detail, retry_at }
            }
            LinkState::Token | LinkState::Connecting | LinkState::Greeting => ConnectionState::Connecting,
            LinkState::CatchingUp => ConnectionState::CatchingUp,
            LinkState::Online => ConnectionState::Online,
            LinkState::Rejected(cause) => ConnectionState::Rejected(cause.clone()),
            LinkState::Closed => ConnectionState::Closed,
        };
        if self.link.shown.as_ref() != Some(&state) {
            self.link.shown = Some(state.clone());
            self.ctx.update(Update::Connection(state));
        }
    }
}
