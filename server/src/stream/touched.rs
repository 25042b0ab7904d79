//! What entries touched of all that queries read: those of a batch when it is committed, or of a whole journal
//! when its projections are rebuilt.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    authority::Effects,
    ids::{AccountId, ContactId, ConversationId},
    journal::{Entry, Position},
    model::{Conversation, MemberStatus, Membership, Profile, Reachability},
};

use crate::store::{MemberRow, SubscriberRow};

/// What entries touched, as of the last of them.
#[derive(Default)]
pub(super) struct Touched {
    /// Members, with the entries that changed their membership.
    pub(super) members: BTreeMap<AccountId, Move>,
    /// Threads that changed.
    pub(super) threads: BTreeSet<ConversationId>,
    /// The account's profile, with the times of the first and the last entry.
    pub(super) profile: Option<Profile>,
    /// Changed blocks: true if the account is blocked now.
    pub(super) blocks: BTreeMap<AccountId, bool>,
    /// The account's reachability, if it changed.
    pub(super) reachability: Option<Reachability>,
    /// Changed contacts, with the account that each is linked to.
    pub(super) contacts: BTreeMap<ContactId, Option<AccountId>>,
}

/// The entries that changed a membership.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// The last one.
    pub(super) at: Position,
    /// The last one by which they joined, if one did.
    pub(super) joined: Option<Position>,
}

/// The rows of changed memberships.
pub(super) struct Moved {
    /// Members as the document lists them now.
    pub(super) members: Vec<(AccountId, MemberRow)>,
    /// Accounts that began or ceased to subscribe.
    pub(super) subscribers: Vec<(AccountId, SubscriberRow)>,
}

impl Touched {
    /// Adds the effects of an entry.
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

    /// Accounts that are no longer blocked.
    pub(super) fn unblocked(&self) -> Vec<AccountId> {
        let lifted = self.blocks.iter().filter(|(_, blocked)| !**blocked);
        lifted.map(|(other, _)| other.clone()).collect()
    }

    /// The rows of changed memberships, combined with other changes of subscriptions.
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
