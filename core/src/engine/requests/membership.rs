//! Membership requests of an account that is no member: stored until the server has answered, and sent
//! again after a lost link.

use crate::{
    command::{Command, RequestMembership},
    engine::{
        Engine,
        context::Context,
        store::record::{self, MembershipRecord, RefusedRecord},
        timers::Timer,
    },
    ids::{ConversationId, MessageId},
    model::{MemberStatus, MembershipAction},
    sorted::SortedMap,
    storage::Write,
    time::{MonotonicTime, WallTime},
    wire::{Accepted, ClientFrame, MembershipRequest, Refused},
};

/// A request that waits for its answer.
#[derive(Debug)]
struct PendingRequest {
    record: MembershipRecord,
    /// Whether it is durable here: only then it is sent.
    stored: bool,
    /// The request that it was sent with on this link.
    request: Option<u64>,
    /// Deferred by the server until then.
    retry_at: Option<MonotonicTime>,
    /// Whether the server granted it, and the row has yet to arrive.
    is_granted: bool,
}

impl PendingRequest {
    fn new(record: MembershipRecord, stored: bool) -> Self {
        Self { record, stored, request: None, retry_at: None, is_granted: false }
    }

    /// The message that it submits, if it does.
    fn held(&self) -> Option<&MessageId> {
        match &self.record.ask.action {
            MembershipAction::SubmitHeld(held) => Some(&held.message),
            _ => None,
        }
    }
}

/// The requests that the server has not answered, by their numbers.
///
/// Invariant: each is in the store, or on its way there, until it is answered.
#[derive(Debug, Default)]
pub(in crate::engine) struct MembershipRequests {
    unanswered: SortedMap<u64, PendingRequest>,
}

impl MembershipRequests {
    pub(in crate::engine) fn restore(&mut self, sequence: u64, record: MembershipRecord) {
        self.unanswered.insert(sequence, PendingRequest::new(record, true));
    }

    /// The number of requests that a person waits for.
    pub(in crate::engine) fn waiting(&self) -> usize {
        self.unanswered.values().filter(|request| request.held().is_none()).count()
    }

    pub(super) fn add(&mut self, ctx: &mut Context, ask: RequestMembership, at: WallTime) -> u64 {
        let sequence = ctx.new_sequence();
        let record = MembershipRecord { ask, at };
        ctx.store.write(record::put(record::membership_key(sequence), &record));
        ctx.store.wait_for(sequence);
        self.unanswered.insert(sequence, PendingRequest::new(record, false));
        sequence
    }

    /// A request is durable. Returns its conversation.
    fn stored(&mut self, sequence: u64) -> Option<ConversationId> {
        let request = self.unanswered.get_mut(&sequence)?;
        request.stored = true;
        Some(request.record.ask.conversation)
    }

    /// The store failed to write these.
    pub(in crate::engine) fn withdraw(&mut self, ctx: &mut Context, sequences: &[u64]) {
        for sequence in sequences {
            if self.unanswered.remove(sequence).is_some() {
                ctx.store.withdraw(&record::membership_key(*sequence));
            }
        }
    }

    /// Sends the requests that are durable and were not sent on this link.
    pub(in crate::engine) fn send(&mut self, ctx: &mut Context) {
        let now = ctx.now.monotonic;
        for waiting in self.unanswered.values_mut() {
            if waiting.stored && waiting.request.is_none() && waiting.retry_at.is_none_or(|at| at <= now) {
                let request = ctx.new_request();
                (waiting.request, waiting.retry_at) = (Some(request), None);
                let RequestMembership { conversation, action } = waiting.record.ask.clone();
                ctx.send(&ClientFrame::MembershipRequest(MembershipRequest { request, conversation, action }));
            }
        }
    }

    /// The link is lost: unanswered requests are sent again.
    pub(in crate::engine) fn reset(&mut self) {
        for waiting in self.unanswered.values_mut() {
            (waiting.request, waiting.is_granted) = (None, false);
            // The decision about a submitted message is asked for on each new link.
            waiting.retry_at = waiting.retry_at.filter(|_| waiting.held().is_none());
        }
    }

    /// Sets the timer to when the first deferred request may be sent again.
    pub(in crate::engine) fn set_timer(&self, ctx: &mut Context) {
        let deferred = self.unanswered.values().filter_map(|waiting| waiting.retry_at);
        let next = deferred.filter(|at| *at > ctx.now.monotonic).min();
        ctx.timers.set(Timer::Memberships, next);
    }

    /// Ends granted requests to join a conversation.
    pub(in crate::engine) fn end_granted(&mut self, ctx: &mut Context, conversation: ConversationId) {
        let is_over = |_: &u64, waiting: &mut PendingRequest| {
            waiting.is_granted && waiting.record.ask.conversation == conversation
        };
        for (sequence, _) in self.unanswered.extract_if(is_over) {
            ctx.store.write(Write::Delete(record::membership_key(sequence)));
        }
    }

    fn of_request(&mut self, request: u64) -> Option<(u64, &mut PendingRequest)> {
        let mut sent = self.unanswered.iter_mut().filter(|(_, waiting)| waiting.request == Some(request));
        sent.next().map(|(sequence, waiting)| (*sequence, waiting))
    }

    /// It is not sent again before a time.
    fn defer(&mut self, sequence: u64, at: MonotonicTime) {
        if let Some(waiting) = self.unanswered.get_mut(&sequence) {
            (waiting.request, waiting.retry_at) = (None, Some(at));
        }
    }

    fn end(&mut self, ctx: &mut Context, sequence: u64) -> Option<MembershipRecord> {
        ctx.store.write(Write::Delete(record::membership_key(sequence)));
        self.unanswered.remove(&sequence).map(|waiting| waiting.record)
    }
}

impl Engine {
    pub(in crate::engine) fn request_membership(&mut self, request: u64, ask: RequestMembership) {
        let at = self.ctx.wall();
        let sequence = self.requests.memberships.add(&mut self.ctx, ask, at);
        self.commands.await_stored(sequence, request);
    }

    /// Returns whether the number is that of a membership request, which is then durable.
    pub(in crate::engine) fn membership_request_stored(&mut self, sequence: u64) -> bool {
        let Some(conversation) = self.requests.memberships.stored(sequence) else { return false };
        if let Some(request) = self.commands.request_of(sequence) {
            self.succeed(request, Some(conversation), None);
        }
        true
    }

    /// Returns whether the answer was to a membership request. Its consequences arrive as a summary: a
    /// request to join ends when the row is there.
    pub(in crate::engine) fn membership_accepted(&mut self, accepted: &Accepted) -> bool {
        let memberships = &mut self.requests.memberships;
        let Some((sequence, waiting)) = memberships.of_request(accepted.request) else { return false };
        match &waiting.record.ask {
            RequestMembership { action: MembershipAction::SubmitHeld(_), .. } => {
                let again = self.ctx.now.monotonic.plus(super::held::ASK_AGAIN);
                memberships.defer(sequence, again);
            }
            RequestMembership { action: MembershipAction::Join(_) | MembershipAction::Accept, conversation } => {
                let conversation = *conversation;
                waiting.is_granted = true;
                self.end_granted(conversation);
            }
            RequestMembership { action: MembershipAction::Decline | MembershipAction::Leave, .. } => {
                drop(memberships.end(&mut self.ctx, sequence))
            }
        }
        true
    }

    /// Ends granted requests to join a conversation, if its row is there.
    pub(in crate::engine) fn end_granted(&mut self, conversation: ConversationId) {
        let status = self.inbox.get(&conversation).map(|record| record.row.status);
        let is_here = matches!(status, Some(MemberStatus::Active | MemberStatus::Requested));
        // A conversation that was deleted before the answer will never have a row.
        if is_here || self.inbox.is_deleted(&conversation) {
            self.requests.memberships.end_granted(&mut self.ctx, conversation);
        }
    }

    /// Returns whether the refusal was of a membership request.
    pub(in crate::engine) fn membership_refused(&mut self, refused: &Refused) -> bool {
        let memberships = &mut self.requests.memberships;
        let Some((sequence, _)) = memberships.of_request(refused.request) else { return false };
        if let Some(retry_at) = refused.retry_at {
            memberships.defer(sequence, self.ctx.deferred(retry_at));
            return true;
        }
        if let Some(MembershipRecord { ask, at }) = memberships.end(&mut self.ctx, sequence) {
            match ask.action {
                MembershipAction::SubmitHeld(held) => self.held_answered(&held.message, refused.code, &refused.detail),
                _ => {
                    let (command, code, detail) =
                        (Command::RequestMembership(ask), refused.code, refused.detail.clone());
                    self.refused.add(&mut self.ctx, sequence, RefusedRecord { command, at, code, detail });
                }
            }
        }
        true
    }
}
