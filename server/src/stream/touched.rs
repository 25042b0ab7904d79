//! What entries touched of all that queries are asked about: of a batch when it
//! is committed, of a whole journal when its projections are made again.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    authority::Effects,
    ids::{AccountId, ContactId, ConversationId},
    journal::{Entry, Position},
    model::{Conversation, MemberStatus, Membership, Profile, Reachability},
};

use crate::store::{MemberRow, SubscriberRow};

/// What entries touched, as it is after the last of them.
#[derive(Default)]
pub(super) struct Touched {
    /// Members, by the entries that moved them.
    pub(super) members: BTreeMap<AccountId, Move>,
    /// Threads.
    pub(super) threads: BTreeSet<ConversationId>,
    /// The account's profile, with the times of the first and the last entry.
    pub(super) profile: Option<Profile>,
    /// Whom the account blocks now, or no longer.
    pub(super) blocks: BTreeMap<AccountId, bool>,
    /// Who may reach the account now.
    pub(super) reachability: Option<Reachability>,
    /// The accounts that contacts are linked to now.
    pub(super) contacts: BTreeMap<ContactId, Option<AccountId>>,
}

/// The entries that moved a member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// The last one.
    pub(super) at: Position,
    /// The last one by which they came in, if one did.
    pub(super) joined: Option<Position>,
}

/// The rows of those who moved.
pub(super) struct Moved {
    /// Of members, as the document lists them now.
    pub(super) members: Vec<(AccountId, MemberRow)>,
    /// Of those who came to subscribe, or no longer do.
    pub(super) subscribers: Vec<(AccountId, SubscriberRow)>,
}

impl Touched {
    /// Adds what an entry did.
    pub(super) fn take(&mut self, entry: &Entry, effects: Effects) {
        let at = entry.position;
        for account in effects.members {
            let joined = effects.joined.contains(&account).then_some(at);
            let joined = joined.or_else(|| self.members.get(&account).and_then(|former| former.joined));
            self.members.insert(account, Move { at, joined });
        }
        self.threads.extend(effects.thread);
        self.blocks.extend(effects.blocked);
        self.reachability = effects.reachability.or(self.reachability.take());
        self.contacts.extend(effects.contacts);
        if let Some(profile) = effects.profile {
            let first = self.profile.take().and_then(|former| former.created_at);
            let created_at = first.or(Some(entry.accepted_at));
            self.profile = Some(Profile { created_at, updated_at: Some(entry.accepted_at), ..profile });
        }
    }

    /// Whom the account blocks no longer.
    pub(super) fn unblocked(&self) -> Vec<AccountId> {
        let lifted = self.blocks.iter().filter(|(_, blocked)| !**blocked);
        lifted.map(|(other, _)| other.clone()).collect()
    }

    /// The rows of those who moved, beside what else became of subscriptions.
    pub(super) fn moved(
        &self,
        conversation: &Conversation,
        mut subscribers: BTreeMap<AccountId, SubscriberRow>,
    ) -> Moved {
        let mut members = Vec::new();
        for (account, Move { at, joined }) in &self.members {
            let Some(member) = conversation.members.get(account) else { continue };
            match &member.membership {
                Some(Membership { status: MemberStatus::Subscribed, at, .. }) => {
                    let row = SubscriberRow { status: MemberStatus::Active, at: *at };
                    subscribers.entry(account.clone()).or_insert(row);
                }
                _ => {
                    subscribers.remove(account);
                    let row = MemberRow { moved_at: Some(*at), joined: *joined, ..MemberRow::of(member) };
                    members.push((account.clone(), row));
                }
            }
        }
        Moved { members, subscribers: subscribers.into_iter().collect() }
    }
}
