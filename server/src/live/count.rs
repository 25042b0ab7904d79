//! The channels whose number of subscribers has to be sent.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tidings_core::ids::{ConversationId, TenantId};

/// Maximum number of conversations remembered not to be channels.
const OTHERS_MAX: usize = 10_000;

/// The channels whose readers are due a count of subscribers.
#[derive(Debug, Default)]
pub struct CountsMoved(Mutex<Moved>);

#[derive(Debug, Default)]
struct Moved {
    noted: BTreeSet<(TenantId, ConversationId)>,
    /// Conversations that were checked and cannot have subscribers. A conversation never changes its kind.
    others: BTreeSet<(TenantId, ConversationId)>,
}

impl CountsMoved {
    /// Records that somebody began or ceased to subscribe to a channel, or changed membership in a conversation
    /// that may not be one.
    pub(crate) fn note(&self, tenant: &TenantId, conversation: ConversationId) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = (tenant.clone(), conversation);
        if !moved.others.contains(&noted) {
            moved.noted.insert(noted);
        }
    }

    /// Takes and clears the recorded channels.
    pub(crate) fn take(&self) -> BTreeSet<(TenantId, ConversationId)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).noted)
    }

    /// Records that a conversation cannot have subscribers.
    pub(crate) fn leave_out(&self, tenant: &TenantId, conversation: ConversationId) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moved.others.len() >= OTHERS_MAX {
            moved.others.clear();
        }
        moved.others.insert((tenant.clone(), conversation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v62_what_is_no_channel_is_asked_about_once() {
        let tenant = TenantId::parse("acme").unwrap();
        let [channel, group] = [1, 2].map(|number| ConversationId::from_bytes([number; 16]));
        let moved = CountsMoved::default();
        let note = || {
            moved.note(&tenant, channel);
            moved.note(&tenant, group);
            moved.take().into_iter().map(|(_, conversation)| conversation).collect::<Vec<_>>()
        };
        assert_eq!(note(), [channel, group]);
        moved.leave_out(&tenant, group);
        assert_eq!(note(), [channel]);
    }
}
