//! The connection: when to open one, and what ends with it.

use core::{ops::RangeInclusive, time::Duration};

use crate::{
    code::Code,
    engine::{
        Cause, ConnectionState, Engine, Output, Update, context::Context, link::backoff::Backoff,
        streams::loading::Slot, timers::Timer,
    },
    journal::Cursor,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkState {
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
    pub(super) state: LinkState,
    shown: Option<ConnectionState>,
    pub(super) token: Option<String>,
    /// Why the server refused the last token, until the app gives another.
    pub(super) token_refused: Option<Cause>,
    /// Whether the last link ended because its token was refused. A second one in a row is reported
    /// to the app; one that was lost in between says nothing of the token, which may have expired since.
    pub(super) refused_before: bool,
    /// New device ids since a push was accepted.
    pub(super) device_switches: u32,
    backoff: Backoff,
    /// The reason that the last session ended for, if there is one.
    cause: Option<Cause>,
    ping_sent: bool,
    /// Everything up to here has been received.
    cursor: Option<Cursor>,
    /// The pieces received of a large frame.
    pub(super) pieces: Vec<u8>,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            state: LinkState::Idle,
            shown: None,
            token: None,
            token_refused: None,
            refused_before: false,
            device_switches: 0,
            backoff: Backoff::default(),
            cause: None,
            ping_sent: false,
            cursor: None,
            pieces: Vec::new(),
        }
    }
}

/// Bounds of the silence after which a Ping is sent, ms, whatever the server asks for.
const HEARTBEAT_MS: RangeInclusive<u64> = 100..=3_600_000;

impl Link {
    /// Whether the session has caught up.
    pub(in crate::engine) fn is_online(&self) -> bool {
        self.state == LinkState::Online
    }

    pub(in crate::engine) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    pub(in crate::engine) fn set_cursor(&mut self, cursor: Option<Cursor>) {
        self.cursor = cursor;
    }

    pub(in crate::engine) fn connect(&mut self, ctx: &mut Context) {
        if !matches!(self.state, LinkState::Idle | LinkState::Rejected(_)) {
            return;
        }
        ctx.timers.stop(Timer::Reconnect);
        if self.token.is_some() {
            self.state = LinkState::Connecting;
            ctx.output(Output::Connect);
        } else {
            self.state = LinkState::Token;
            ctx.output(Output::NeedToken { refused: self.token_refused.clone() });
        }
        self.show(ctx);
    }

    pub(in crate::engine) fn set_token(&mut self, ctx: &mut Context, token: String) {
        self.token = Some(token);
        self.token_refused = None;
        if self.state == LinkState::Token {
            self.state = LinkState::Connecting;
            ctx.output(Output::Connect);
        }
    }

    /// A frame has arrived.
    pub(super) fn heard(&mut self, ctx: &mut Context) {
        self.ping_sent = false;
        self.time_ping(ctx);
    }

    /// A Ping is due when one side has been silent for a while: the server also lets go of a device that only listens.
    fn time_ping(&self, ctx: &mut Context) {
        let heartbeat = ctx.limits.heartbeat_ms.clamp(*HEARTBEAT_MS.start(), *HEARTBEAT_MS.end());
        let silent_since = ctx.sent_at().min(ctx.now.monotonic);
        ctx.timers.set(Timer::Heartbeat, silent_since.plus(Duration::from_millis(heartbeat)));
    }

    pub(in crate::engine) fn set_online(&mut self, ctx: &mut Context) {
        self.state = LinkState::Online;
        self.backoff.reset();
        self.cause = None;
        self.show(ctx);
    }

    pub(in crate::engine) fn show(&mut self, ctx: &mut Context) {
        let state = match &self.state {
            LinkState::Off => ConnectionState::Off,
            LinkState::Idle => {
                let retry_at = ctx.timers.get(Timer::Reconnect);
                let wait = retry_at.map_or(0, |at| at.as_millis().saturating_sub(ctx.now.monotonic.as_millis()));
                let retry_at = ctx.now.wall.plus(Duration::from_millis(wait));
                let (code, detail) = self.cause.clone().map(|cause| (cause.code, cause.detail)).unzip();
                ConnectionState::Waiting { code, detail, retry_at }
            }
            LinkState::Token | LinkState::Connecting | LinkState::Greeting => ConnectionState::Connecting,
            LinkState::CatchingUp => ConnectionState::CatchingUp,
            LinkState::Online => ConnectionState::Online,
            LinkState::Rejected(cause) => ConnectionState::Rejected(cause.clone()),
            LinkState::Closed => ConnectionState::Closed,
        };
        if self.shown.as_ref() != Some(&state) {
            self.shown = Some(state.clone());
            ctx.update(Update::Connection(state));
        }
    }

    /// Sends a ping; false when the last one was not answered.
    pub(in crate::engine) fn keep_alive(&mut self, ctx: &mut Context) -> bool {
        if self.ping_sent {
            return false;
        }
        self.ping_sent = true;
        ctx.ping();
        self.time_ping(ctx);
        true
    }

    /// The server accepted a change under this device id, so the id is not somebody else's.
    pub(in crate::engine) fn device_accepted(&mut self) {
        self.device_switches = 0;
    }

    /// Whether the session has begun.
    pub(in crate::engine) fn is_welcome(&self) -> bool {
        matches!(self.state, LinkState::CatchingUp | LinkState::Online)
    }

    pub(super) fn is_linked(&self) -> bool {
        matches!(self.state, LinkState::Greeting | LinkState::CatchingUp | LinkState::Online)
    }
}

impl Engine {
    pub(in crate::engine) fn set_network(&mut self, on: bool) {
        match (on, &self.link.state) {
            (true, LinkState::Off) => {
                self.link.state = LinkState::Idle;
                self.link.connect(&mut self.ctx);
            }
            (false, state) if *state != LinkState::Off => {
                self.drop_link();
                self.link.state = LinkState::Off;
                self.link.show(&mut self.ctx);
            }
            _ => {}
        }
    }

    pub(in crate::engine) fn token_failed(&mut self, detail: String) {
        self.link_ended(Some(Cause { code: Code::TokenUnavailable, detail }), None);
    }

    /// The link is lost, or could not be opened: reconnect later.
    pub(in crate::engine) fn link_failed(&mut self, code: Option<Code>, after: Option<Duration>) {
        self.link_ended(code.map(Cause::from), after);
    }

    pub(super) fn link_ended(&mut self, cause: Option<Cause>, after: Option<Duration>) {
        if matches!(self.link.state, LinkState::Off | LinkState::Closed | LinkState::Idle | LinkState::Rejected(_)) {
            return;
        }
        self.drop_link();
        let delay = after.unwrap_or_else(|| self.link.backoff.next_delay(&mut self.ctx.random));
        self.link.refused_before = false;
        self.link.state = LinkState::Idle;
        self.ctx.timers.set(Timer::Reconnect, self.ctx.now.monotonic.plus(delay));
        self.link.cause = cause;
        self.link.show(&mut self.ctx);
    }

    pub(super) fn reject(&mut self, cause: Cause) {
        self.drop_link();
        // When the app tries again, a token that has expired meanwhile is replaced.
        self.link.refused_before = false;
        self.link.state = LinkState::Rejected(cause);
        self.link.show(&mut self.ctx);
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
                replica.drop_requests();
            }
        }
        self.ctx.timers.stop(Timer::Heartbeat);
        self.ctx.timers.stop(Timer::Reconnect);
        self.link.pieces = Vec::new();
        self.fail_thread_requests();
        self.requests.memberships.reset();
        self.requests.held.reset();
        self.fail_questions();
        self.answer_lists_here();
        for request in self.commands.drain_awaiting_whole() {
            self.fail(request, Code::Unreachable, "the link was lost before the conversation was loaded");
        }
        self.end_presence();
        self.requests.watched.reset();
        for open in self.open.values_mut() {
            open.set_loading_older(false);
        }
    }
}
