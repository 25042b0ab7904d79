//! The effects of a commit as a value, published to everybody concerned once it is durable.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::{Entry, Position},
    model::{Conversation, ConversationKind, ConversationState, MemberStatus},
};

use super::{Frame, Live, SessionHandle, fanout};
use crate::store::{MemberRow, StoreError, SubscriberRow};

/// The effects of a commit.
pub(crate) struct Committed<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) stream: &'a StreamId,
    pub(crate) entries: Vec<Entry>,
    /// The position of the stream now.
    pub(crate) position: Position,
    /// The conversation as it is now; without a creation if the stream is an account's.
    pub(crate) conversation: &'a Conversation,
    /// Accounts that could read the stream before.
    pub(crate) former_readers: &'a BTreeSet<AccountId>,
    /// Accounts that can read it now.
    pub(crate) readers: &'a BTreeSet<AccountId>,
    /// Members whose membership the entries changed.
    pub(crate) members: Vec<(AccountId, MemberRow)>,
    /// Accounts that began or ceased to subscribe.
    pub(crate) subscribers: Vec<(AccountId, SubscriberRow)>,
    /// True if the account's profile changed.
    pub(crate) profile_changed: bool,
    /// Accounts that the account no longer blocks.
    pub(crate) unblocked: Vec<AccountId>,
}

/// Sessions that already know of a commit, because their request was answered.
pub(crate) struct Notified {
    /// Sessions that have its entries.
    pub(crate) entries: HashSet<u64>,
    /// Sessions that also know the conversation.
    pub(crate) conversation: HashSet<u64>,
}

impl Live {
    /// Stops delivery as a subscriber to accounts that were removed, left or became members.
    pub(crate) fn unsubscribe(&self, committed: &Committed<'_>) {
        let Some(conversation) = committed.stream.conversation() else { return };
        let left = committed.subscribers.iter().filter(|(_, row)| row.status != MemberStatus::Active);
        let moved = committed.members.iter().map(|(account, _)| account);
        for account in moved.chain(left.map(|(account, _)| account)) {
            self.sessions.unsubscribe(committed.tenant, account, conversation);
        }
    }

    /// Returns true if a session gets the entries of a commit.
    pub(crate) fn reads(&self, session: &SessionHandle, committed: &Committed<'_>) -> bool {
        let hears_beside_members = |conversation| {
            let SessionHandle { tenant, account, .. } = session;
            self.sessions.subscribes(tenant, account, conversation) || self.sessions.watches(session, conversation)
        };
        committed.readers.contains(&session.account)
            || committed.stream.conversation().is_some_and(hears_beside_members)
    }

    /// The frame for a session of somebody who was out before the commit.
    pub(crate) fn out(&self, session: &SessionHandle, committed: &Committed<'_>) -> Option<Arc<Frame>> {
        let conversation = committed.stream.conversation()?;
        let status = committed.conversation.members.get(&session.account)?.status();
        let is_out = matches!(status, MemberStatus::Left | MemberStatus::Removed | MemberStatus::Banned);
        let was_out = is_out && committed.members.iter().all(|(account, _)| *account != session.account);
        was_out.then(|| fanout::revoked_frame(conversation, status, committed.position))
    }

    /// Notifies everybody concerned by a commit, except the sessions that already know of it.
    pub(crate) async fn publish(&self, mut committed: Committed<'_>, notified: &Notified) {
        let entries = std::mem::take(&mut committed.entries);
        let committed = &committed;
        let Committed { tenant, stream, readers, .. } = committed;
        if entries.is_empty() {
            return self.publish_subscribers(committed).await;
        }
        let frames = fanout::entries_frames(&self.env.config.node.bounds, stream, entries);
        self.sessions.send(tenant, readers.intersection(committed.former_readers), &frames, &notified.entries);
        match stream {
            StreamId::Conversation(conversation) => {
                if !committed.members.is_empty() && committed.conversation.kind() == Some(ConversationKind::Channel) {
                    // Some of them may have been subscribers.
                    self.counts_moved.note(tenant, *conversation);
                }
                self.sessions.send_beside_members(tenant, *conversation, &frames, &notified.entries);
                self.publish_subscribers(committed).await;
                self.publish_members(committed, *conversation, notified).await;
            }
            StreamId::Account(account) => {
                if committed.profile_changed {
                    log_undelivered(stream, fanout::profile(self, tenant, account).await);
                }
                log_undelivered(stream, fanout::unblocked(self, tenant, account, &committed.unblocked).await);
            }
        }
    }

    /// Notifies those who are no longer members, those who had a part in a deleted conversation, and
    /// new members.
    async fn publish_members(&self, committed: &Committed<'_>, conversation: ConversationId, notified: &Notified) {
        let Committed { tenant, stream, readers, .. } = committed;
        let out = committed.members.iter().filter(|(account, _)| !readers.contains(account));
        for (account, row) in out {
            let Some(at) = row.moved_at else { continue };
            log_undelivered(
                stream,
                fanout::notify_membership(self, tenant, conversation, account, row.status, at).await,
            );
        }
        if committed.conversation.state() == ConversationState::Deleted {
            log_undelivered(stream, fanout::deleted(self, tenant, committed.conversation, conversation).await);
        }
        let added: Vec<AccountId> = readers.difference(committed.former_readers).cloned().collect();
        if !added.is_empty() {
            let members: Vec<AccountId> = readers.iter().cloned().collect();
            let sent = fanout::added(self, tenant, conversation, &added, &members, &notified.conversation).await;
            log_undelivered(stream, sent);
        }
    }

    /// Notifies accounts that began or ceased to subscribe.
    async fn publish_subscribers(&self, committed: &Committed<'_>) {
        let Some(conversation) = committed.stream.conversation() else { return };
        let accounts: Vec<AccountId> = committed.subscribers.iter().map(|(account, _)| account.clone()).collect();
        let sent = fanout::subscriptions(self, committed.tenant, conversation, &accounts).await;
        log_undelivered(committed.stream, sent);
    }
}

/// The commit stands; sessions learn of it at their next catch-up.
fn log_undelivered(stream: &StreamId, sent: Result<(), StoreError>) {
    if let Err(error) = sent {
        tracing::warn!(%stream, %error, "sessions were not notified yet");
    }
}
