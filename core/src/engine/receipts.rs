//! Receipts and presence: how far the own account has come, told in bundles;
//! how far the others have come; who is there and who is writing.

use core::time::Duration;

use crate::{
    engine::{Engine, Update, inbox::Draw, record, streams::Work, timers::Timer},
    ids::{AccountId, ConversationId, StreamId},
    journal::Position,
    limits::frame_items,
    model::{MemberStatus, PresenceKind, Receipt},
    time::MonotonicTime,
    wire::{ClientFrame, MemberPresence, MemberReceipt, PresenceNotice, Present, PresentMember, ReceiptNotice},
};

/// Own registers that moved are told after this, all at once.
const BUNDLE: Duration = Duration::from_millis(250);

impl Engine {
    /// The person has seen everything in the timeline.
    pub(super) fn mark_read(&mut self, conversation: ConversationId) {
        if self.inbox.contains_key(&conversation) {
            self.with_stream(&StreamId::Conversation(conversation), Work::MarkRead(conversation));
        }
    }

    pub(super) fn read_all(&mut self, conversation: ConversationId) {
        let Some(replica) = self.replica(&StreamId::Conversation(conversation)) else { return };
        let position = replica.confirmed.position();
        replica.read_behind(position);
        self.move_receipt(conversation, Receipt { delivered: position, read: position });
    }

    /// Entries of others are stored with this transaction: they are delivered.
    pub(super) fn note_delivered(&mut self, conversation: ConversationId) {
        let Some(replica) = self.replica(&StreamId::Conversation(conversation)) else { return };
        let delivered = replica.confirmed.position();
        self.move_receipt(conversation, Receipt { delivered, read: Position::ZERO });
    }

    fn move_receipt(&mut self, conversation: ConversationId, receipt: Receipt) {
        let Some(record) = self.inbox.get_mut(&conversation) else { return };
        if record.row.status != MemberStatus::Active {
            return;
        }
        let merged = record.receipt.merge(receipt);
        if merged == record.receipt {
            return;
        }
        let is_read = merged.read > record.receipt.read;
        (record.receipt, record.receipt_unsent) = (merged, true);
        if is_read {
            self.inbox.draw(conversation, Draw::Changed);
        }
        self.inbox.store(conversation);
        self.moved_receipts.insert(conversation);
        self.ctx.timers.start(Timer::Receipts, self.ctx.now.monotonic.plus(BUNDLE));
    }

    /// Tells again what the server may not know.
    pub(super) fn resend_receipts(&mut self) {
        let unsent =
            self.inbox.iter().filter(|(_, record)| record.receipt_unsent).map(|(conversation, _)| *conversation);
        self.moved_receipts.extend(unsent);
        self.ctx.timers.set(Timer::Receipts, self.ctx.now.monotonic);
    }

    pub(super) fn flush_receipts(&mut self) {
        if !self.ctx.timers.expire(Timer::Receipts, self.ctx.now.monotonic) || !self.link.is_online() {
            return;
        }
        let notice = |conversation: ConversationId| {
            let receipt = self.inbox.get(&conversation)?.receipt;
            Some(ReceiptNotice { conversation, delivered: receipt.delivered, read: receipt.read })
        };
        let notices: Vec<ReceiptNotice> =
            core::mem::take(&mut self.moved_receipts).into_iter().filter_map(notice).collect();
        for notices in notices.chunks(frame_items::RECEIPTS) {
            self.ctx.send(&ClientFrame::Receipts(notices.to_vec()));
        }
    }

    pub(super) fn route_receipts(&mut self, receipts: Vec<MemberReceipt>) {
        for receipt in receipts {
            let conversation = receipt.conversation;
            if receipt.account == self.ctx.session.account {
                self.own_receipt(conversation, receipt.receipt);
            } else {
                let stream = StreamId::Conversation(conversation);
                if self.heads.contains_key(&stream) {
                    self.with_stream(&stream, Work::Receipts(vec![receipt]));
                }
            }
        }
    }

    /// The own registers as the server has them: another device may be ahead.
    fn own_receipt(&mut self, conversation: ConversationId, receipt: Receipt) {
        let Some(record) = self.inbox.get_mut(&conversation) else { return };
        let merged = record.receipt.merge(receipt);
        if (merged, merged != receipt) == (record.receipt, record.receipt_unsent) {
            return;
        }
        (record.receipt, record.receipt_unsent) = (merged, merged != receipt);
        self.inbox.store(conversation);
        self.inbox.draw(conversation, Draw::Changed);
    }

    /// Merges registers of the others in; one that moved is a record of its own.
    pub(super) fn receive_receipts(&mut self, stream: &StreamId, receipts: &[MemberReceipt]) {
        let me = self.ctx.session.account.clone();
        for MemberReceipt { account, receipt, .. } in receipts.iter().filter(|receipt| receipt.account != me) {
            let moved = self.replica(stream).and_then(|replica| replica.merge_receipt(account, *receipt, &me));
            if let Some(register) = moved {
                self.ctx.store.write(record::put(record::register_key(stream, account), &register));
            }
        }
    }

    pub(super) fn send_typing(&mut self, conversation: ConversationId, typing: bool) {
        let kind = if typing { PresenceKind::Typing } else { PresenceKind::Idle };
        self.send_presence(conversation, kind);
    }

    /// Tells the others that this conversation is on a screen here.
    pub(super) fn announce(&mut self, conversation: ConversationId) {
        self.send_presence(conversation, PresenceKind::Online);
    }

    pub(super) fn send_presence(&mut self, conversation: ConversationId, kind: PresenceKind) {
        // Whoever is blocked learns nothing of what the own account does, nor is anything shown of them.
        let row = self.inbox.get(&conversation).map(|record| &record.row).filter(|row| !row.blocked);
        // An administrator of the tenant may look at what the account is no member of, and is not seen there.
        let is_open = row.is_some_and(|row| kind == PresenceKind::Offline || row.status == MemberStatus::Active);
        if self.link.is_online() && is_open {
            self.ctx.send(&ClientFrame::Presence(PresenceNotice { conversation, kind }));
        }
    }

    /// Nothing is shown any more to, and of, the other one of a direct who is
    /// blocked from now on.
    pub(super) fn leave_blocked(&mut self, account: &AccountId) {
        let direct = ConversationId::direct(&self.ctx.session.tenant, &self.ctx.session.account, account);
        if self.open.contains_key(&direct) {
            self.send_presence(direct, PresenceKind::Offline);
            self.set_presence(direct, account.clone(), PresenceKind::Offline);
        }
    }

    pub(super) fn receive_presence(&mut self, frame: MemberPresence) {
        let MemberPresence { conversation, account, kind } = frame;
        if account == self.ctx.session.account || !self.open.contains_key(&conversation) {
            return;
        }
        if self.inbox.get(&conversation).is_some_and(|record| record.row.blocked) {
            return;
        }
        self.set_presence(conversation, account, kind);
    }

    /// Who was there before this device came.
    pub(super) fn receive_present(&mut self, frame: Present) {
        let Present { conversation, members } = frame;
        for PresentMember { account, kind } in members {
            self.receive_presence(MemberPresence { conversation, account, kind });
        }
    }

    fn set_presence(&mut self, conversation: ConversationId, account: AccountId, kind: PresenceKind) {
        let until = self.ctx.now.monotonic.plus(Duration::from_millis(self.ctx.limits.typing_ms));
        match kind {
            PresenceKind::Typing => self.typing.insert((conversation, account.clone()), until),
            _ => self.typing.remove(&(conversation, account.clone())),
        };
        self.presence.entry(conversation).or_default().insert(account.clone(), kind);
        for room in self.open.rooms_of(conversation) {
            if let Some(open) = self.open.get_mut(&room) {
                open.set_presence(&account, kind);
            }
        }
        self.ctx.update(Update::Presence { conversation, account, kind });
    }

    pub(super) fn presence_of(&self, conversation: ConversationId, account: &AccountId) -> PresenceKind {
        let kind = self.presence.get(&conversation).and_then(|present| present.get(account));
        kind.copied().unwrap_or(PresenceKind::Offline)
    }

    /// Typing holds for a while only; a notice that it stopped may be lost.
    pub(super) fn expire_typing(&mut self) {
        let now = self.ctx.now.monotonic;
        let expired = self.typing.iter().filter(|(_, until)| **until <= now);
        let expired: Vec<(ConversationId, AccountId)> = expired.map(|(key, _)| key.clone()).collect();
        for (conversation, account) in expired {
            self.set_presence(conversation, account, PresenceKind::Idle);
        }
    }

    pub(super) fn presence_timer(&self) -> Option<MonotonicTime> {
        self.typing.values().min().copied()
    }

    /// Without a link nobody is known to be there.
    pub(super) fn forget_presence(&mut self) {
        self.typing.clear();
        for (conversation, present) in core::mem::take(&mut self.presence) {
            for account in present.into_keys() {
                self.set_presence(conversation, account, PresenceKind::Offline);
            }
            self.presence.remove(&conversation);
        }
    }
}
