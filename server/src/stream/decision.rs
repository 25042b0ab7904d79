//! What was decided of the submissions that waited.

use std::{collections::BTreeMap, ops::Range};

use tidings_core::{
    authority::Admitted,
    ids::{AccountId, MessageId},
    model::HeldMessage,
};

use super::{submission::Submission, touched::Touched};
use crate::{
    live::Answer,
    store::{AnsweredRequest, NewEntry, SubscriberRow},
    trace::{Step, TraceId},
};

/// What was decided of a batch.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) entries: Vec<NewEntry>,
    /// One a submission, in order.
    pub(super) verdicts: Vec<Verdict>,
    /// What its entries touched.
    pub(super) touched: Touched,
    /// What becomes of subscriptions, of which no entry tells.
    pub(super) subscribers: BTreeMap<AccountId, SubscriberRow>,
    /// Messages that are held now, or about which somebody decided.
    pub(super) held: BTreeMap<MessageId, Option<HeldMessage>>,
    /// Of the submissions of which something was admitted.
    pub(super) traces: Vec<TraceId>,
    /// The requests that are carried out with it, and may be made again.
    pub(super) requests: Vec<AnsweredRequest>,
}

/// What was decided of a submission.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) answer: Answer,
    /// Which of the decision's entries are its own.
    pub(super) entries: Range<usize>,
}

impl Decision {
    /// Adds what was admitted.
    pub(super) fn take(&mut self, admitted: Admitted) {
        let author = admitted.effects.author.clone();
        self.touched.take(&admitted.entry, admitted.effects);
        self.entries.push(NewEntry { entry: admitted.entry, hash: admitted.hash, chain: admitted.chain, author });
    }

    /// Takes note in the log of how far those submissions are that are traced.
    pub(super) fn trace(&self, step: Step, batch: &[Submission]) {
        for (submission, verdict) in batch.iter().zip(&self.verdicts) {
            submission.trace(step, &verdict.answer);
        }
    }
}
