//! Held messages: what an account wrote before it knew of its removal. If the conversation's policy is to
//! hold them, they are submitted, and stay among the refused commands until a moderator has decided.

use core::time::Duration;

use crate::{
    api::HeldRow,
    authority::{Refusal, held_outcome},
    code::Code,
    command::{Command, RequestMembership, SendMessage},
    engine::{
        Engine, context::Context, screen::open::OpenConversations, store::record::RefusedRecord, streams::loading::Slot,
    },
    ids::{ConversationId, MessageId, StreamId},
    model::{Conversation, Held, HeldMessage, HeldState, LateWrites, MembershipAction},
    sorted::{SortedMap, SortedSet},
    time::WallTime,
    wire::{ClientFrame, HeldMessages, ListHeld},
};

/// The time after which a submitted message is submitted again, to learn the decision.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The words of held messages, as far as the server has sent them.
#[derive(Debug, Default)]
pub(in crate::engine) struct HeldWords {
    words: SortedMap<MessageId, HeldMessage>,
    /// Messages asked for on this link.
    asked: SortedSet<MessageId>,
    /// The open timelines that show held messages without their words.
    wordless: SortedSet<ConversationId>,
}

impl HeldWords {
    /// Notes the held messages that a timeline shows.
    pub(in crate::engine) fn shown(&mut self, timeline: ConversationId, rows: &[HeldRow]) {
        match rows.iter().any(|row| row.content.is_none()) {
            true => self.wordless.insert(timeline),
            false => self.wordless.remove(&timeline),
        };
    }

    pub(in crate::engine) fn closed(&mut self, timeline: ConversationId) {
        self.wordless.remove(&timeline);
    }

    /// Asks for the words of held messages that a screen shows without them.
    pub(in crate::engine) fn ask(&mut self, ctx: &mut Context, open: &OpenConversations) {
        let mut conversations = SortedSet::new();
        for open in self.wordless.iter().filter_map(|timeline| open.get(timeline)) {
            let rows = open.detail().into_iter().flat_map(|detail| &detail.held);
            for row in rows.filter(|row| row.content.is_none()) {
                if self.asked.insert(row.message.clone()) {
                    conversations.insert(open.conversation());
                }
            }
        }
        for conversation in conversations {
            let request = ctx.new_request();
            ctx.send(&ClientFrame::ListHeld(ListHeld { request, conversation }));
        }
    }

    /// The held messages of a conversation; if a thread is given, only those of the thread.
    pub(in crate::engine) fn rows(&self, state: &Conversation, thread: Option<ConversationId>) -> Vec<HeldRow> {
        let is_shown = |held: &Held| held.state == HeldState::Held && (thread.is_none() || held.thread == thread);
        let held = state.held.iter().filter(|(_, held)| is_shown(held));
        let row = |(message, held): (&MessageId, &Held)| HeldRow {
            message: message.clone(),
            author: message.author.clone(),
            at: held.at,
            thread: held.thread,
            content: self.words.get(message).map(|held| held.body.content.clone()),
        };
        let mut rows: Vec<HeldRow> = held.map(row).collect();
        rows.sort_by_key(|row| row.at);
        rows
    }

    /// The link is lost: missing words are asked for again.
    pub(in crate::engine) fn reset(&mut self) {
        self.asked.clear();
    }
}

impl Engine {
    pub(in crate::engine) fn receive_held(&mut self, held: HeldMessages) {
        self.requests.held.words.extend(held.messages.into_iter().map(|message| (message.message.clone(), message)));
        if let Some(replica) = self.replica(&StreamId::Conversation(held.conversation)) {
            replica.touched.detail = true;
        }
    }

    /// Submits a refused message if it was written before the removal was known, and the policy is to
    /// hold such messages. Returns whether it did.
    pub(in crate::engine) fn submit_held(&mut self, command: &Command, at: WallTime, code: Code) -> bool {
        let Command::SendMessage(command) = command else { return false };
        let Some(Slot::Loaded(replica)) = self.streams.get(&StreamId::Conversation(command.conversation)) else {
            return false;
        };
        let state = replica.confirmed.conversation();
        if code != Code::MemberRemoved || state.policies.late_writes != LateWrites::Hold {
            return false;
        }
        let SendMessage { conversation, thread, .. } = *command;
        let submitted = HeldMessage {
            message: command.message(&self.ctx.session.account),
            body: command.body(),
            thread,
            // The entry of the removal, and later ones, did not reach this device.
            base: replica.confirmed.position(),
        };
        self.requests.memberships.add(
            &mut self.ctx,
            RequestMembership { conversation, action: MembershipAction::SubmitHeld(submitted) },
            at,
        );
        true
    }

    /// A decision about a held message, or a refusal to hold it.
    pub(in crate::engine) fn held_answered(&mut self, message: &MessageId, code: Code, detail: &str) {
        let Some((id, command, at)) = self.refused.held(message, &self.ctx.session.account) else { return };
        let stream = command.stream(&self.ctx.session.tenant, &self.ctx.session.account);
        self.refused.add(&mut self.ctx, id, RefusedRecord { command, at, code, detail: detail.to_owned() });
        stream.conversation().into_iter().for_each(|conversation| self.drop_written_again(conversation));
    }

    /// Takes in what was decided about held messages of a conversation that the account can read again.
    pub(in crate::engine) fn read_decisions(&mut self, conversation: ConversationId) {
        let Some(replica) = self.streams.loaded(&StreamId::Conversation(conversation)) else { return };
        let state = replica.confirmed.conversation();
        let held = self.refused.all_held(conversation, &self.ctx.session.account);
        let decided: Vec<_> = held.filter_map(|message| Some((held_outcome(state, &message)?, message))).collect();
        for (Refusal { code, detail, .. }, message) in decided {
            self.held_answered(&message, code, &detail);
        }
    }
}
