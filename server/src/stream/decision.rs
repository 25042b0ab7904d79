//! The decision on a batch of submissions.

use std::{collections::BTreeMap, ops::Range};

use tidings_core::{
    authority::Admitted,
    doc::Fact,
    ids::{AccountId, MessageId},
    model::HeldMessage,
};

use super::{submission::Submission, touched::Touched};
use crate::{
    live::Answer,
    store::{AnsweredRequest, NewEntry, SubscriberRow, WebhookEvent},
    trace::{Step, TraceId},
};

/// The decision on a batch.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) entries: Vec<NewEntry>,
    /// One per submission, in order.
    pub(super) verdicts: Vec<Verdict>,
    /// What its entries touched.
    pub(super) touched: Touched,
    /// Changed subscriptions, which have no entries.
    pub(super) subscribers: BTreeMap<AccountId, SubscriberRow>,
    /// Messages newly held, or none for those that somebody decided about.
    pub(super) held: BTreeMap<MessageId, Option<HeldMessage>>,
    /// Trace ids of the submissions that were at least partly admitted.
    pub(super) traces: Vec<TraceId>,
    /// The requests that are carried out with it, and may be made again.
    pub(super) requests: Vec<AnsweredRequest>,
    /// What webhooks are told; none if nobody is.
    pub(super) events: Option<Vec<WebhookEvent>>,
    /// Messages that its entries delete.
    pub(super) silenced: Vec<MessageId>,
}

/// The decision on one submission.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) answer: Answer,
    /// The range of the decision's entries that are its own.
    pub(super) entries: Range<usize>,
}

impl Decision {
    /// Adds an admitted change.
    pub(super) fn take(&mut self, admitted: Admitted) {
        let author = admitted.effects.author.clone();
        let deleted = admitted.effects.facts.iter().filter_map(|fact| match fact {
            Fact::Deleted(message, _) => Some(message.clone()),
            _ => None,
        });
        self.silenced.extend(deleted);
        self.touched.take(&admitted.entry, admitted.effects);
        self.entries.push(NewEntry { entry: admitted.entry, hash: admitted.hash, chain: admitted.chain, author });
    }

    /// Logs a step of the traced submissions.
    pub(super) fn trace(&self, step: Step, batch: &[Submission]) {
        for (submission, verdict) in batch.iter().zip(&self.verdicts) {
            submission.trace(step, &verdict.answer);
        }
    }
}
