//! Wishes of one who is not a member: kept until the server has answered,
//! sent one after another, asked again after a lost link.

use crate::{
    command::{AskFor, Command},
    engine::{Engine, catch_up::deferral, record, record::WishRecord},
    ids::{ConversationId, MessageId},
    model::{self, MemberStatus},
    storage::Write,
    time::{MonotonicTime, WallTime},
    wire::{Accepted, Ask, ClientFrame, Refused},
};

/// A wish that waits for its answer.
#[derive(Debug)]
pub(super) struct Wish {
    record: WishRecord,
    /// Whether it is durable here: only then it is sent.
    stored: bool,
    /// Under which number it was sent on this link.
    request: Option<u64>,
    /// Deferred by the server until then.
    retry_at: Option<MonotonicTime>,
    /// Whether the server let the account in, whose row has yet to come.
    is_granted: bool,
}

impl Wish {
    /// A wish as it was stored.
    pub(super) fn restored(record: WishRecord) -> Self {
        Self { record, stored: true, request: None, retry_at: None, is_granted: false }
    }

    /// The message that is handed in with it, if it is that.
    pub(super) fn late(&self) -> Option<&MessageId> {
        match &self.record.ask.wish {
            model::Wish::Late(late) => Some(&late.message),
            _ => None,
        }
    }

    /// It is not sent before.
    pub(super) fn wait_until(&mut self, at: MonotonicTime) {
        (self.request, self.retry_at) = (None, Some(at));
    }
}

impl Engine {
    pub(super) fn take_wish(&mut self, request: u64, ask: AskFor) {
        let sequence = self.add_wish(ask, self.ctx.wall());
        self.waiting_requests.insert(sequence, request);
    }

    /// Keeps a wish from now on.
    pub(super) fn add_wish(&mut self, ask: AskFor, at: WallTime) -> u64 {
        let sequence = self.ctx.new_sequence();
        let record = WishRecord { ask, at };
        self.ctx.store.write(record::put(record::wish_key(sequence), &record));
        self.ctx.store.wait_for(sequence);
        self.wishes.insert(sequence, Wish { stored: false, ..Wish::restored(record) });
        sequence
    }

    /// A wish is durable; tells whether it is one.
    pub(super) fn wish_stored(&mut self, sequence: u64) -> bool {
        let Some(wish) = self.wishes.get_mut(&sequence) else { return false };
        wish.stored = true;
        let conversation = wish.record.ask.conversation;
        if let Some(request) = self.waiting_requests.remove(&sequence) {
            self.succeed(request, Some(conversation), None);
        }
        true
    }

    /// The store did not take these.
    pub(super) fn withdraw_wishes(&mut self, sequences: &[u64]) {
        for sequence in sequences {
            if self.wishes.remove(sequence).is_some() {
                self.ctx.store.withdraw(&record::wish_key(*sequence));
            }
        }
    }

    /// Sends the wishes that are durable here and were not sent on this link.
    pub(super) fn send_wishes(&mut self) {
        if !self.link.is_online() {
            return;
        }
        let now = self.ctx.now.monotonic;
        let mut asks = Vec::new();
        for wish in self.wishes.values_mut() {
            if wish.stored && wish.request.is_none() && wish.retry_at.is_none_or(|at| at <= now) {
                let request = self.link.new_request();
                (wish.request, wish.retry_at) = (Some(request), None);
                let AskFor { conversation, wish } = wish.record.ask.clone();
                asks.push(Ask { request, conversation, wish });
            }
        }
        for ask in asks {
            self.ctx.send(&ClientFrame::Ask(ask));
        }
    }

    /// The link is lost: what was not answered is asked again.
    pub(super) fn forget_asking(&mut self) {
        for wish in self.wishes.values_mut() {
            (wish.request, wish.is_granted) = (None, false);
            // What became of a message is asked on each new link.
            wish.retry_at = wish.retry_at.filter(|_| wish.late().is_none());
        }
        self.forget_late();
    }

    /// When a deferred wish may be sent again.
    pub(super) fn wishes_timer(&self) -> Option<MonotonicTime> {
        let deferred = self.wishes.values().filter_map(|wish| wish.retry_at);
        deferred.filter(|at| *at > self.ctx.now.monotonic).min()
    }

    fn asked(&self, request: u64) -> Option<u64> {
        self.wishes.iter().find(|(_, wish)| wish.request == Some(request)).map(|(sequence, _)| *sequence)
    }

    /// Takes the answer to a wish; tells whether it was one. What follows from
    /// it comes as a summary: who wished to come in waits until the row is there.
    pub(super) fn wish_accepted(&mut self, accepted: &Accepted) -> bool {
        let Some(sequence) = self.asked(accepted.request) else { return false };
        let Some(wish) = self.wishes.get_mut(&sequence) else { return false };
        match &wish.record.ask {
            AskFor { wish: model::Wish::Late(_), .. } => self.ask_again(sequence),
            AskFor { wish: model::Wish::Join(_) | model::Wish::Accept, conversation } => {
                let conversation = *conversation;
                wish.is_granted = true;
                self.end_granted(conversation);
            }
            AskFor { wish: model::Wish::Decline | model::Wish::Leave, .. } => drop(self.end_wish(sequence)),
        }
        true
    }

    /// Ends the wishes to come into a conversation that were granted, if the row says so.
    pub(super) fn end_granted(&mut self, conversation: ConversationId) {
        let status = self.inbox.get(&conversation).map(|record| record.row.status);
        let is_here = matches!(status, Some(MemberStatus::Active | MemberStatus::Requested));
        // One that was deleted before the answer came will never have a row.
        if is_here || self.deleted.contains(&conversation) {
            self.end_granted_wishes(conversation);
        }
    }

    /// Ends them whatever the row says: the conversation was deleted, or the account is out of it again.
    pub(super) fn end_granted_wishes(&mut self, conversation: ConversationId) {
        let is_over = |wish: &Wish| wish.is_granted && wish.record.ask.conversation == conversation;
        let over: Vec<u64> =
            self.wishes.iter().filter(|(_, wish)| is_over(wish)).map(|(sequence, _)| *sequence).collect();
        for sequence in over {
            self.end_wish(sequence);
        }
    }

    /// Takes the refusal of a wish; tells whether it was one.
    pub(super) fn wish_refused(&mut self, refused: &Refused) -> bool {
        let Some(sequence) = self.asked(refused.request) else { return false };
        if let Some(retry_at) = refused.retry_at {
            let again = self.ctx.now.monotonic.plus(deferral(retry_at, self.ctx.wall()));
            if let Some(wish) = self.wishes.get_mut(&sequence) {
                wish.wait_until(again);
            }
            return true;
        }
        if let Some(Wish { record: WishRecord { ask, at }, .. }) = self.end_wish(sequence) {
            match ask.wish {
                model::Wish::Late(late) => self.late_answered(&late.message, refused.code, &refused.detail),
                _ => self.add_refused(sequence, Command::AskFor(ask), at, refused.code, refused.detail.clone()),
            }
        }
        true
    }

    fn end_wish(&mut self, sequence: u64) -> Option<Wish> {
        self.ctx.store.write(Write::Delete(record::wish_key(sequence)));
        self.wishes.remove(&sequence)
    }
}
