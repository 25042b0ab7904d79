//! What this account wrote before it knew that it was removed. Where the
//! conversation holds such messages they are handed in, and stay among the
//! refused commands until somebody has decided.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    code::Code,
    command::{AskFor, Command, SendMessage},
    engine::{Engine, streams::Slot},
    ids::{ConversationId, MessageId, StreamId},
    model::{Conversation, Late, LateMessage, LateState, LateWrites, Wish},
    time::WallTime,
    view::LateRow,
    wire::{ClientFrame, LateMessages, ListLate},
};

/// How long after it was handed in it is asked what became of it.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The words of messages that are held, as far as the server has told.
#[derive(Debug, Default)]
pub(super) struct LateWords {
    told: BTreeMap<MessageId, LateMessage>,
    /// What was asked for on this link.
    asked: BTreeSet<MessageId>,
    /// The open timelines that show some without their words.
    wordless: BTreeSet<ConversationId>,
}

impl LateWords {
    /// Takes note of what a timeline shows of those that are held.
    pub(super) fn shown(&mut self, room: ConversationId, rows: &[LateRow]) {
        match rows.iter().any(|row| row.content.is_none()) {
            true => self.wordless.insert(room),
            false => self.wordless.remove(&room),
        };
    }

    /// A timeline is closed.
    pub(super) fn forget_room(&mut self, room: ConversationId) {
        self.wordless.remove(&room);
    }
}

impl Engine {
    /// The messages that are held in a conversation, or of those the ones of a thread.
    pub(super) fn late_rows(&self, state: &Conversation, thread: Option<ConversationId>) -> Vec<LateRow> {
        let is_shown = |late: &Late| late.state == LateState::Held && (thread.is_none() || late.thread == thread);
        let held = state.late.iter().filter(|(_, late)| is_shown(late));
        let row = |(message, late): (&MessageId, &Late)| LateRow {
            message: message.clone(),
            at: late.at,
            thread: late.thread,
            content: self.late_words.told.get(message).map(|told| told.body.content.clone()),
        };
        let mut rows: Vec<LateRow> = held.map(row).collect();
        rows.sort_by_key(|row| row.at);
        rows
    }

    /// Asks for the words of messages that a screen shows without them.
    pub(super) fn ask_for_late(&mut self) {
        if !self.link.is_online() {
            return;
        }
        let mut conversations = BTreeSet::new();
        for open in self.late_words.wordless.iter().filter_map(|room| self.open.get(room)) {
            let late = open.detail.iter().flat_map(|detail| &detail.late);
            for row in late.filter(|row| row.content.is_none()) {
                if self.late_words.asked.insert(row.message.clone()) {
                    conversations.insert(open.conversation);
                }
            }
        }
        for conversation in conversations {
            let request = self.link.new_request();
            self.ctx.send(&ClientFrame::ListLate(ListLate { request, conversation }));
        }
    }

    /// The link is lost: what was not told is asked for again.
    pub(super) fn forget_late(&mut self) {
        self.late_words.asked.clear();
    }

    /// The server tells the words of messages that are held.
    pub(super) fn receive_late(&mut self, late: LateMessages) {
        self.late_words.told.extend(late.messages.into_iter().map(|told| (told.message.clone(), told)));
        if let Some(replica) = self.replica(&StreamId::Conversation(late.conversation)) {
            replica.touched.detail = true;
        }
    }

    /// Hands in a message that was refused, if it was written before the
    /// removal was known and such are held. Tells whether it was.
    pub(super) fn hand_in(&mut self, command: &Command, at: WallTime, code: Code) -> bool {
        let Command::SendMessage(command) = command else { return false };
        let Some(Slot::Loaded(replica)) = self.streams.get(&StreamId::Conversation(command.conversation)) else {
            return false;
        };
        let state = replica.confirmed.conversation();
        if code != Code::MemberRemoved || state.policies.late_writes != LateWrites::Hold {
            return false;
        }
        let SendMessage { conversation, thread, .. } = *command;
        let late = LateMessage {
            message: command.message(&self.ctx.session.account),
            body: command.body(),
            thread,
            // The entry of the removal, and what came behind it, did not reach this device.
            base: replica.confirmed.position(),
        };
        self.add_wish(AskFor { conversation, wish: Wish::Late(late) }, at);
        true
    }

    /// A message was taken in: it is asked later what became of it.
    pub(super) fn ask_again(&mut self, sequence: u64) {
        let again = self.ctx.now.monotonic.plus(ASK_AGAIN);
        if let Some(wish) = self.wishes.get_mut(&sequence) {
            wish.wait_until(again);
        }
    }

    /// Somebody decided about a message, or it was not even taken in.
    pub(super) fn late_answered(&mut self, message: &MessageId, code: Code, detail: &str) {
        let of_message = |command: &Command| command.message(&self.ctx.session.account).as_ref() == Some(message);
        let held =
            self.refused.iter().find(|(_, refused)| refused.code == Code::LateHeld && of_message(&refused.command));
        let Some((&id, refused)) = held else { return };
        let (command, at) = (refused.command.clone(), refused.at);
        self.add_refused(id, command, at, code, detail.to_owned());
    }
}
