//! What the task of a stream decided of the pushes that waited.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use tidings_core::{
    authority::{Admitted, Refusal},
    ids::{AccountId, ContactId, ConversationId, MessageId},
    journal::Position,
    model::{Conversation, LateMessage, MemberStatus, Profile, Reachability, Standing},
    time::WallTime,
};

use super::PushRequest;
use crate::{
    store::{MemberRow, NewEntry, SubscriberRow},
    trace::{Step, TraceId, Traced},
};

/// What was decided of a batch.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) entries: Vec<NewEntry>,
    /// One a push, in order.
    pub(super) verdicts: Vec<Verdict>,
    /// The members that changed, with the last entry that changed each.
    pub(super) members: BTreeMap<AccountId, Position>,
    /// What becomes of subscriptions, of which no entry tells.
    pub(super) subscribers: BTreeMap<AccountId, SubscriberRow>,
    /// Messages that are held now, or about which somebody decided.
    pub(super) late: BTreeMap<MessageId, Option<LateMessage>>,
    /// The threads that changed.
    pub(super) threads: BTreeSet<ConversationId>,
    pub(super) profile: Option<Profile>,
    /// Whom the account blocks now, or no longer.
    pub(super) blocks: BTreeMap<AccountId, bool>,
    /// Who may reach the account now.
    pub(super) reachability: Option<Reachability>,
    /// The accounts that contacts are linked to now.
    pub(super) contacts: BTreeMap<ContactId, Option<AccountId>>,
    /// Of the pushes of which something was admitted.
    pub(super) traces: Vec<TraceId>,
}

/// The rows of those who moved.
pub(super) struct Moved {
    /// Of members, as the document lists them now.
    pub(super) members: Vec<(AccountId, MemberRow)>,
    /// Of those who came to subscribe, or no longer do.
    pub(super) subscribers: Vec<(AccountId, SubscriberRow)>,
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
        let position = admitted.entry.position;
        self.members.extend(admitted.effects.members.into_iter().map(|account| (account, position)));
        self.threads.extend(admitted.effects.thread);
        self.blocks.extend(admitted.effects.blocked);
        self.reachability = admitted.effects.reachability.or(self.reachability.take());
        self.contacts.extend(admitted.effects.contacts);
        self.profile = admitted.effects.profile.or(self.profile.take());
        let author = admitted.effects.author;
        self.entries.push(NewEntry { entry: admitted.entry, hash: admitted.hash, author });
    }

    /// The rows of those who moved.
    pub(super) fn moved(&self, conversation: &Conversation) -> Moved {
        let mut members = Vec::new();
        let mut subscribers = self.subscribers.clone();
        for (account, position) in &self.members {
            let Some(member) = conversation.members.get(account) else { continue };
            match &member.standing {
                Some(Standing { status: MemberStatus::Subscribed, at, .. }) => {
                    let row = SubscriberRow { status: MemberStatus::Active, at: *at };
                    subscribers.entry(account.clone()).or_insert(row);
                }
                _ => {
                    subscribers.remove(account);
                    let row = MemberRow { moved_at: Some(*position), ..MemberRow::of(member) };
                    members.push((account.clone(), row));
                }
            }
        }
        Moved { members, subscribers: subscribers.into_iter().collect() }
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
