//! Receipts: own ones, sent in batches, and those of others as they arrive.

use core::time::Duration;

use crate::{
    engine::{
        Engine,
        context::Context,
        screen::inbox::{Draw, Inbox},
        store::record,
        streams::{loading::Work, replica::Replica},
        timers::Timer,
    },
    ids::{ConversationId, StreamId},
    journal::Position,
    limits::frame_items,
    model::{MemberStatus, Receipt},
    sorted::SortedSet,
    wire::{ClientFrame, MemberReceipt, ReceiptNotice},
};

/// Own registers that moved are sent together after this long.
const BUNDLE: Duration = Duration::from_millis(250);

/// Conversations whose own registers moved since they were last sent.
///
/// Invariant: while there are any, and there is a link, the timer runs.
#[derive(Debug, Default)]
pub(in crate::engine) struct Receipts {
    moved: SortedSet<ConversationId>,
}

impl Receipts {
    fn moved(&mut self, ctx: &mut Context, conversation: ConversationId) {
        self.moved.insert(conversation);
        ctx.timers.start(Timer::Receipts, ctx.now.monotonic.plus(BUNDLE));
    }

    pub(in crate::engine) fn drop_one(&mut self, conversation: ConversationId) {
        self.moved.remove(&conversation);
    }

    /// After a restore of the server's store, former positions mean nothing.
    pub(in crate::engine) fn clear(&mut self) {
        self.moved.clear();
    }

    /// Sends again the receipts that the server may not have.
    pub(in crate::engine) fn send_again(&mut self, ctx: &mut Context, inbox: &Inbox) {
        let unsent = inbox.iter().filter(|(_, record)| record.receipt_unsent);
        self.moved.extend(unsent.map(|(conversation, _)| *conversation));
        ctx.timers.set(Timer::Receipts, ctx.now.monotonic);
    }

    /// Sends the receipts that moved, when the timer is due.
    pub(in crate::engine) fn send(&mut self, ctx: &mut Context, inbox: &Inbox, is_online: bool) {
        if !ctx.timers.expire(Timer::Receipts, ctx.now.monotonic) || !is_online {
            return;
        }
        let notice = |conversation: ConversationId| {
            let receipt = inbox.get(&conversation)?.receipt;
            Some(ReceiptNotice { conversation, delivered: receipt.delivered, read: receipt.read })
        };
        let notices: Vec<ReceiptNotice> = core::mem::take(&mut self.moved).into_iter().filter_map(notice).collect();
        for notices in notices.chunks(frame_items::RECEIPTS) {
            ctx.send(&ClientFrame::Receipts(notices.to_vec()));
        }
    }
}

impl Engine {
    /// The person has seen everything in the timeline.
    pub(in crate::engine) fn mark_read(&mut self, conversation: ConversationId) {
        if self.inbox.contains_key(&conversation) {
            self.with_stream(&StreamId::Conversation(conversation), Work::MarkRead(conversation));
        }
    }

    pub(in crate::engine) fn read_all(&mut self, conversation: ConversationId) {
        // Who is out has no register that moves: what was unread then stays so, on whichever page it is.
        if self.inbox.get(&conversation).is_none_or(|record| record.row.status != MemberStatus::Active) {
            return;
        }
        let Some(replica) = self.of_this_incarnation(conversation) else { return };
        let position = replica.confirmed.position();
        replica.mark_older_read(position);
        self.move_receipt(conversation, Receipt { delivered: position, read: position });
    }

    /// Entries of others are stored with this transaction: they are delivered.
    pub(in crate::engine) fn note_delivered(&mut self, conversation: ConversationId) {
        let Some(replica) = self.of_this_incarnation(conversation) else { return };
        let delivered = replica.confirmed.position();
        self.move_receipt(conversation, Receipt { delivered, read: Position::ZERO });
    }

    /// The replica, unless it is of a former incarnation: the positions of that one say nothing of what
    /// has taken their place.
    fn of_this_incarnation(&mut self, conversation: ConversationId) -> Option<&mut Replica> {
        self.replica(&StreamId::Conversation(conversation)).filter(|replica| replica.former.is_none())
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
        self.receipts.moved(&mut self.ctx, conversation);
    }

    pub(in crate::engine) fn route_receipts(&mut self, receipts: Vec<MemberReceipt>) {
        for receipt in receipts {
            let conversation = receipt.conversation;
            if receipt.account == self.ctx.session.account {
                self.own_receipt(conversation, receipt.receipt);
            } else {
                let stream = StreamId::Conversation(conversation);
                if self.stream_heads.contains_key(&stream) {
                    self.with_stream(&stream, Work::Receipts(vec![receipt]));
                }
            }
        }
    }

    /// The own receipt as the server has it: another device of the account may have read further.
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

    /// Merges receipts of others. Each that moved is stored as a record of its own.
    pub(in crate::engine) fn receive_receipts(&mut self, stream: &StreamId, receipts: &[MemberReceipt]) {
        let me = self.ctx.session.account.clone();
        for MemberReceipt { account, receipt, .. } in receipts.iter().filter(|receipt| receipt.account != me) {
            let moved = self.replica(stream).and_then(|replica| replica.merge_receipt(account, *receipt, &me));
            if let Some(register) = moved {
                self.ctx.store.write(record::put(record::register_key(stream, account), &register));
            }
        }
    }
}
