//! The conversations that sessions have open on this node, so that a member who opens one is told once who is
//! there, instead of by everybody who is.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    model::PresenceKind,
    wire::PresentMember,
};

/// Accounts that have a conversation open, with the activity of each session there.
type Open = BTreeMap<AccountId, BTreeMap<u64, PresenceKind>>;

/// The conversations that live sessions of this node have open.
#[derive(Debug, Default)]
pub struct Present {
    open: Mutex<HashMap<(TenantId, ConversationId), Open>>,
}

impl Present {
    /// Records what a session does in a conversation. Returns true if it has just opened it.
    pub fn note(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
        session: u64,
        kind: PresenceKind,
    ) -> bool {
        let mut open = self.lock();
        let sessions = open.entry((tenant.clone(), conversation)).or_default().entry(account.clone()).or_default();
        sessions.insert(session, kind).is_none()
    }

    /// Records that a session has closed the conversation. Returns true if no other session of the account has
    /// it open.
    pub fn leave(&self, tenant: &TenantId, conversation: ConversationId, account: &AccountId, session: u64) -> bool {
        let mut open = self.lock();
        let key = (tenant.clone(), conversation);
        let Some(accounts) = open.get_mut(&key) else { return true };
        let Some(sessions) = accounts.get_mut(account) else { return true };
        sessions.remove(&session);
        let is_gone = sessions.is_empty();
        if is_gone {
            accounts.remove(account);
        }
        if accounts.is_empty() {
            open.remove(&key);
        }
        is_gone
    }

    /// The accounts among `members`, except one, that have a conversation open here.
    pub fn others(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        members: &[AccountId],
        but: &AccountId,
    ) -> Vec<PresentMember> {
        let open = self.lock();
        let Some(accounts) = open.get(&(tenant.clone(), conversation)) else { return Vec::new() };
        let there = members.iter().filter(|member| *member != but).filter_map(|account| {
            let sessions = accounts.get(account)?;
            let is_typing = sessions.values().any(|kind| *kind == PresenceKind::Typing);
            let kind = if is_typing { PresenceKind::Typing } else { PresenceKind::Online };
            Some(PresentMember { account: account.clone(), kind })
        });
        there.collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, ConversationId), Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v81_an_account_is_there_until_the_last_of_its_sessions_has_left() {
        let (present, tenant) = (Present::default(), TenantId::parse("acme").unwrap());
        let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| AccountId::parse(name).unwrap());
        let conversation = ConversationId::from_bytes([1; 16]);
        let note = |account, session, kind| present.note(&tenant, conversation, account, session, kind);
        assert!(note(&ann, 1, PresenceKind::Online) && note(&bob, 2, PresenceKind::Online));
        assert!(note(&bob, 3, PresenceKind::Online) && !note(&bob, 3, PresenceKind::Typing));
        let others = |members: &[&AccountId]| {
            let members: Vec<AccountId> = members.iter().map(|account| (*account).clone()).collect();
            let there = present.others(&tenant, conversation, &members, &ann);
            there.into_iter().map(|member| (member.account, member.kind)).collect::<Vec<_>>()
        };
        assert_eq!(others(&[&ann, &bob, &cat]), [(bob.clone(), PresenceKind::Typing)]);
        assert_eq!(others(&[&ann]), [], "nobody hears of who is no member");
        assert!(!present.leave(&tenant, conversation, &bob, 3));
        assert_eq!(others(&[&ann, &bob]), [(bob.clone(), PresenceKind::Online)]);
        assert!(present.leave(&tenant, conversation, &bob, 2) && present.leave(&tenant, conversation, &ann, 1));
        assert!(present.lock().is_empty());
    }
}
