//! The channels of which the number of subscribers is to be told.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tidings_core::ids::{ConversationId, TenantId};

/// How many conversations a node knows to be no channels.
const OTHERS_MAX: usize = 10_000;

/// The channels to whose readers a count is to be told.
#[derive(Debug, Default)]
pub struct CountsMoved(Mutex<Moved>);

#[derive(Debug, Default)]
struct Moved {
    noted: BTreeSet<(TenantId, ConversationId)>,
    /// Asked about before, and nobody subscribes to them: what a conversation is, it is for ever.
    others: BTreeSet<(TenantId, ConversationId)>,
}

impl CountsMoved {
    /// Somebody came to subscribe to a channel, or no longer does; or is a member
    /// elsewhere, of what nobody can subscribe to.
    pub(crate) fn note(&self, tenant: &TenantId, conversation: ConversationId) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = (tenant.clone(), conversation);
        if !moved.others.contains(&noted) {
            moved.noted.insert(noted);
        }
    }

    /// Those that were noted since, which are not noted any more.
    pub(crate) fn take(&self) -> BTreeSet<(TenantId, ConversationId)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).noted)
    }

    /// Nobody can subscribe to it.
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
