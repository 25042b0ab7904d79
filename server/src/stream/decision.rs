//! What the task of a stream decided of the pushes that waited.

use std::{collections::BTreeMap, ops::Range};

use tidings_core::{
    authority::{Admitted, Refusal},
    ids::{AccountId, MessageId},
    journal::Position,
    model::{Conversation, LateMessage},
    time::WallTime,
};

use super::{
    PushRequest,
    touched::{Moved, Touched},
};
use crate::{
    store::{NewEntry, SubscriberRow},
    trace::{Step, TraceId, Traced},
};

/// What was decided of a batch.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) entries: Vec<NewEntry>,
    /// One a push, in order.
    pub(super) verdicts: Vec<Verdict>,
    /// What its entries touched.
    pub(super) touched: Touched,
    /// What becomes of subscriptions, of which no entry tells.
    pub(super) subscribers: BTreeMap<AccountId, SubscriberRow>,
    /// Messages that are held now, or about which somebody decided.
    pub(super) late: BTreeMap<MessageId, Option<LateMessage>>,
    /// Of the pushes of which something was admitted.
    pub(super) traces: Vec<TraceId>,
}

/// What was decided of a push.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) accepted: Vec<(Position, WallTime)>,
    /// Which of the decision's entries are its own.
    pub(super) entries: Range<usize>,
    pub(super) refused: Option<(usize, Refusal)>,
}

impl Decision {
    /// Adds what was admitted.
    pub(super) fn take(&mut self, admitted: Admitted) {
        let author = admitted.effects.author.clone();
        self.touched.take(&admitted.entry, admitted.effects);
        self.entries.push(NewEntry { entry: admitted.entry, hash: admitted.hash, author });
    }

    /// The rows of those who moved.
    pub(super) fn moved(&self, conversation: &Conversation) -> Moved {
        self.touched.moved(conversation, self.subscribers.clone())
    }
}

/// Takes note in the log of how far those pushes are that are traced.
pub(super) fn trace(step: Step, batch: &[PushRequest], verdicts: &[Verdict]) {
    for (request, verdict) in batch.iter().zip(verdicts) {
        let Some(trace) = request.trace else { continue };
        let positions = verdict.accepted.first().zip(verdict.accepted.last());
        let positions = positions.map(|((first, _), (last, _))| (*first, *last));
        let refused = verdict.refused.as_ref().map(|(_, refusal)| refusal.code);
        let (tenant, stream, since) = (&request.identity.tenant, &request.push.stream, request.received_at);
        trace.step(step, Traced { tenant, stream, positions, refused, since });
    }
}
