//! Presence in open conversations: who is online, and who is typing.

use core::time::Duration;

use crate::{
    engine::{Engine, Update, context::Context, timers::Timer},
    ids::{AccountId, ConversationId},
    model::{MemberStatus, PresenceKind},
    sorted::SortedMap,
    time::MonotonicTime,
    wire::{ClientFrame, MemberPresence, PresenceNotice, Present, PresentMember},
};

/// Invariant: an account that is typing is in both maps, and the timer is set to when the first of
/// them is assumed to have stopped, since a notice of that may be lost.
#[derive(Debug, Default)]
pub(in crate::engine) struct Presence {
    kinds: SortedMap<ConversationId, SortedMap<AccountId, PresenceKind>>,
    /// Until when an account counts as typing.
    typing: SortedMap<(ConversationId, AccountId), MonotonicTime>,
}

impl Presence {
    pub(in crate::engine) fn of(&self, conversation: ConversationId, account: &AccountId) -> PresenceKind {
        let kind = self.kinds.get(&conversation).and_then(|present| present.get(account));
        kind.copied().unwrap_or(PresenceKind::Offline)
    }

    fn set(&mut self, ctx: &mut Context, conversation: ConversationId, account: &AccountId, kind: PresenceKind) {
        let until = ctx.now.monotonic.plus(Duration::from_millis(ctx.limits.typing_ms));
        match kind {
            PresenceKind::Typing => self.typing.insert((conversation, account.clone()), until),
            _ => self.typing.remove(&(conversation, account.clone())),
        };
        self.kinds.entry(conversation).or_default().insert(account.clone(), kind);
        self.set_timer(ctx);
    }

    pub(in crate::engine) fn close(&mut self, ctx: &mut Context, conversation: ConversationId) {
        self.kinds.remove(&conversation);
        self.typing.retain(|(open, _), _| *open != conversation);
        self.set_timer(ctx);
    }

    /// Accounts that have been typing for too long.
    fn expired(&self, now: MonotonicTime) -> Vec<(ConversationId, AccountId)> {
        let expired = self.typing.iter().filter(|(_, until)| **until <= now);
        expired.map(|(key, _)| key.clone()).collect()
    }

    fn set_timer(&self, ctx: &mut Context) {
        ctx.timers.set(Timer::Typing, self.typing.values().min().copied());
    }
}

impl Engine {
    pub(in crate::engine) fn send_typing(&mut self, conversation: ConversationId, typing: bool) {
        let kind = if typing { PresenceKind::Typing } else { PresenceKind::Idle };
        self.send_presence(conversation, kind);
    }

    /// Sends the others that the conversation is on a screen here.
    pub(in crate::engine) fn announce(&mut self, conversation: ConversationId) {
        self.send_presence(conversation, PresenceKind::Online);
    }

    pub(in crate::engine) fn send_presence(&mut self, conversation: ConversationId, kind: PresenceKind) {
        // A blocked account is sent no presence of the own account, and its presence is not shown.
        let row = self.inbox.get(&conversation).map(|record| &record.row).filter(|row| !row.blocked);
        // An administrator of the tenant may look at what the account is no member of, and is not seen there.
        let is_open = row.is_some_and(|row| kind == PresenceKind::Offline || row.status == MemberStatus::Active);
        if self.link.is_online() && is_open {
            self.ctx.send(&ClientFrame::Presence(PresenceNotice { conversation, kind }));
        }
    }

    /// Presence in a direct conversation ends, for both, when the other one is blocked.
    pub(in crate::engine) fn leave_blocked(&mut self, account: &AccountId) {
        let direct = ConversationId::direct(&self.ctx.session.tenant, &self.ctx.session.account, account);
        if self.open.contains_key(&direct) {
            self.send_presence(direct, PresenceKind::Offline);
            self.set_presence(direct, account.clone(), PresenceKind::Offline);
        }
    }

    pub(in crate::engine) fn receive_presence(&mut self, frame: MemberPresence) {
        let MemberPresence { conversation, account, kind } = frame;
        if account == self.ctx.session.account || !self.open.contains_key(&conversation) {
            return;
        }
        if self.inbox.get(&conversation).is_some_and(|record| record.row.blocked) {
            return;
        }
        self.set_presence(conversation, account, kind);
    }

    /// Those who were present before this device.
    pub(in crate::engine) fn receive_present(&mut self, frame: Present) {
        let Present { conversation, members } = frame;
        for PresentMember { account, kind } in members {
            self.receive_presence(MemberPresence { conversation, account, kind });
        }
    }

    fn set_presence(&mut self, conversation: ConversationId, account: AccountId, kind: PresenceKind) {
        self.presence.set(&mut self.ctx, conversation, &account, kind);
        for timeline in self.open.timelines_of(conversation) {
            if let Some(open) = self.open.get_mut(&timeline) {
                open.set_presence(&account, kind);
            }
        }
        self.ctx.update(Update::Presence { conversation, account, kind });
    }

    /// Accounts that have been typing for too long are idle.
    pub(in crate::engine) fn expire_typing(&mut self) {
        for (conversation, account) in self.presence.expired(self.ctx.now.monotonic) {
            self.set_presence(conversation, account, PresenceKind::Idle);
        }
    }

    /// Without a link nobody counts as present.
    pub(in crate::engine) fn end_presence(&mut self) {
        for (conversation, present) in core::mem::take(&mut self.presence.kinds) {
            for account in present.into_keys() {
                self.set_presence(conversation, account, PresenceKind::Offline);
            }
            self.presence.close(&mut self.ctx, conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{config, now};

    #[test]
    fn whoever_types_is_idle_again_when_the_timer_says_so() {
        let mut ctx = Context::new(now(), config());
        let mut presence = Presence::default();
        let [here, there] = [1, 2].map(|number| ConversationId::from_bytes([number; 16]));
        let bob = AccountId::parse("bob").unwrap();
        let later = ctx.now.monotonic.plus(Duration::from_millis(ctx.limits.typing_ms));
        presence.set(&mut ctx, here, &bob, PresenceKind::Typing);
        presence.set(&mut ctx, there, &bob, PresenceKind::Online);
        assert_eq!(presence.of(here, &bob), PresenceKind::Typing);
        assert_eq!(ctx.timers.get(Timer::Typing), Some(later));
        assert_eq!(presence.expired(ctx.now.monotonic), []);
        assert_eq!(presence.expired(later), [(here, bob.clone())]);
        presence.set(&mut ctx, here, &bob, PresenceKind::Idle);
        assert_eq!((presence.expired(later), ctx.timers.get(Timer::Typing)), (vec![], None));
        presence.set(&mut ctx, here, &bob, PresenceKind::Typing);
        presence.close(&mut ctx, here);
        assert_eq!((presence.of(here, &bob), ctx.timers.get(Timer::Typing)), (PresenceKind::Offline, None));
        assert_eq!(presence.of(there, &bob), PresenceKind::Online);
    }
}
