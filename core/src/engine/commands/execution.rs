//! Executing commands: from a person's command to the outbox, and from there to the refused commands.

use crate::{
    authority::Refusal,
    code::Code,
    command::{Command, DeleteMessage, LeaveConversation, RequestMembership, SendMessage, made_up},
    engine::{
        Engine,
        commands::outbox::OutboxEntry,
        store::record::{self, RefusedRecord},
        streams::{
            loading::{Slot, Work},
            replica::{Executed, Replica},
            rewriting::Rewritten,
        },
    },
    ids::{ContactId, ConversationId, MessageId, StreamId, TimelineId},
    journal::Position,
    model::MembershipAction,
    storage::Write,
    time::WallTime,
};

impl Engine {
    pub(in crate::engine) fn handle_command(&mut self, request: u64, command: Command) {
        let random: [u8; 16] = self.ctx.random.bytes();
        let command = match command {
            Command::SendMessage(mut command) => {
                command.stamp = self.ctx.next_stamp();
                command.into()
            }
            // A retried command has its id already.
            Command::CreateConversation(mut command) if command.conversation == made_up() => {
                command.conversation = ConversationId::from_bytes(random);
                command.into()
            }
            Command::AddContact(mut command) if command.id == made_up() => {
                let account = command.contact.account.as_ref();
                command.id = account.map_or(ContactId::from_bytes(random), ContactId::of_account);
                command.into()
            }
            other => other,
        };
        let stream = command.stream(&self.ctx.session.tenant, &self.ctx.session.account);
        if !self.ctx.session.administrator
            && matches!(&stream, StreamId::Account(other) if *other != self.ctx.session.account)
        {
            return self.fail(
                request,
                Code::NotTheOwner,
                "only an administrator of the tenant changes another account",
            );
        }
        if self.ctx.store.is_failing() {
            return self.fail(request, Code::StorageFull, "the device's store does not take writes");
        }
        if self.unsynced() >= self.ctx.limits.outbox_commands_max {
            return self.fail(request, Code::OutboxFull, "too many commands wait to be sent");
        }
        match command {
            Command::RequestMembership(ask) => return self.request_membership(request, ask),
            // A subscriber is in no document that could say so.
            Command::Leave(LeaveConversation { conversation }) if self.inbox.subscribes(conversation) => {
                return self
                    .request_membership(request, RequestMembership { conversation, action: MembershipAction::Leave });
            }
            _ => {}
        }
        if !self.has_stream(&stream) && !creates(&command) {
            return self.fail(request, Code::ConversationUnknown, "no such conversation here");
        }
        self.with_stream(&stream, Work::Command { request, command });
    }

    fn has_stream(&self, stream: &StreamId) -> bool {
        match stream.conversation() {
            Some(conversation) => self.inbox.contains_key(&conversation) || self.streams.contains_key(stream),
            None => true,
        }
    }

    pub(in crate::engine) fn execute(&mut self, stream: &StreamId, request: u64, command: Command) {
        let (now, at) = (self.ctx.now, self.ctx.wall());
        let sequence = self.ctx.next_sequence();
        let (session, limits) = (self.ctx.session.clone(), self.ctx.limits.clone());
        let me = session.account.clone();
        let is_new = self.refused.retried(request).is_none();
        let Some(replica) = self.replica(stream) else { return };
        if !replica.whole {
            return self.wait_for_whole(stream, request, command);
        }
        let thread = command.thread(&session.tenant);
        if let Some(thread) = thread.filter(|thread| replica.lacks(*thread)) {
            return self.wait_for_thread(stream, thread, request, command);
        }
        // A retried message keeps its reply: its words can go nowhere else.
        if let (Command::SendMessage(text), true) = (&command, is_new)
            && answers_nothing(replica, text)
        {
            return self.fail(request, Code::MessageUnknown, "a reply to what was never said here");
        }
        let message = command.message(&me);
        if let Command::DeleteMessage(DeleteMessage { message, .. }) = &command {
            let reverted = replica.revert_message(message, &me);
            if !reverted.is_empty() {
                return self.delete_reverted(request, message.clone(), reverted);
            }
        }
        let Some(replica) = self.replica(stream) else { return };
        match replica.execute_beside(&session, &limits, now, sequence, command, at) {
            Ok((Executed::Written(entry), rewritten)) => {
                self.store_rewritten(stream, &rewritten);
                self.ctx.new_sequence();
                self.commands.store(&mut self.ctx, stream, &entry);
                if let Some(refused) = self.refused.retried(request) {
                    self.ctx.store.write(Write::Delete(record::refused_key(refused)));
                }
                self.commands.await_stored(sequence, request);
                let Some(replica) = self.replica(stream) else { return };
                // A stream that begins with the command is on this device from now on.
                if replica.confirmed.position() == Position::ZERO {
                    self.stream_heads.change(stream);
                }
            }
            Ok((Executed::Satisfied, rewritten)) => {
                self.store_rewritten(stream, &rewritten);
                self.succeed(request, stream.conversation(), message);
            }
            Err(Refusal { code, detail, .. }) => self.fail(request, code, &detail),
        }
    }

    /// Only the summary of the conversation is here: its state is fetched first. Without a link the
    /// command cannot be judged.
    fn wait_for_whole(&mut self, stream: &StreamId, request: u64, command: Command) {
        if !self.link.is_online() {
            return self.fail(request, Code::Unreachable, "it was never loaded on this device");
        }
        self.fetch_stream(stream);
        self.commands.await_whole(stream, request, command);
    }

    pub(in crate::engine) fn succeed(
        &mut self,
        request: u64,
        conversation: Option<ConversationId>,
        message: Option<MessageId>,
    ) {
        self.refused.succeed(&mut self.ctx, request, conversation, message);
    }

    pub(in crate::engine) fn fail(&mut self, request: u64, code: Code, detail: &str) {
        self.refused.fail(&mut self.ctx, request, code, detail);
    }

    /// An outbox entry is durable: the app is answered, and it may be pushed.
    pub(in crate::engine) fn command_stored(&mut self, sequence: u64) {
        if self.membership_request_stored(sequence) {
            return;
        }
        let me = self.ctx.session.account.clone();
        let request = self.commands.request_of(sequence);
        if let (Some(message), Some(request)) = (self.commands.reverted(sequence), request) {
            return self.succeed(request, None, Some(message));
        }
        let Some(stream) = self.commands.stored(sequence) else { return };
        let Some(replica) = self.replica(&stream) else { return };
        let Some(entry) = replica.outbox.entries.set_stored(sequence) else { return };
        let message = entry.command.message(&me);
        if let Some(request) = request {
            self.succeed(request, stream.conversation(), message);
        }
    }

    /// The store refused these: nothing of them remains, and the app still has the words.
    pub(in crate::engine) fn undo_commands(&mut self, sequences: &[u64], code: Code) {
        // An entry that was stored before and written anew stays: the app has been answered. The others
        // are the last of their streams, and were never sent.
        let fresh: Vec<u64> =
            sequences.iter().copied().filter(|sequence| self.commands.is_awaited(*sequence)).collect();
        for slot in self.streams.values_mut() {
            if let Slot::Loaded(replica) = slot {
                replica.withdraw(&fresh);
            }
        }
        self.requests.memberships.withdraw(&mut self.ctx, &fresh);
        for sequence in fresh {
            self.commands.stored(sequence);
            self.ctx.store.withdraw(&record::outbox_key(sequence));
            if let Some(request) = self.commands.request_of(sequence) {
                self.fail(request, code, "the device's store did not take it");
            }
        }
        for sequence in sequences {
            self.ctx.store.wait_for(*sequence);
        }
    }

    /// Writes a stream's outbox anew from its commands, once the threads that they write in are loaded.
    pub(in crate::engine) fn rewrite(&mut self, stream: &StreamId) {
        let Some(replica) = self.replica(stream) else { return };
        if replica.outbox.awaits_answer() {
            // What is on its way may be admitted as it is.
            replica.rewrite_due = true;
            return;
        }
        if let Some(thread) = replica.lacking_thread() {
            replica.rewrite_due = true;
            return self.streams.load_thread(&mut self.ctx, stream, thread);
        }
        self.rewrite_now(stream);
    }

    /// Writes the outbox anew if that waited for the answer to a push.
    pub(in crate::engine) fn rewrite_if_due(&mut self, stream: &StreamId) {
        if self.replica(stream).is_some_and(|replica| replica.rewrites_next()) {
            self.rewrite(stream);
        }
    }

    pub(in crate::engine) fn rewrite_now(&mut self, stream: &StreamId) {
        let (session, limits, now) = (self.ctx.session.clone(), self.ctx.limits.clone(), self.ctx.now);
        self.stamp_anew(stream);
        let Some(replica) = self.replica(stream) else { return };
        let rewritten = replica.rewrite(&session, &limits, now);
        self.handle_rewritten(stream, rewritten);
    }

    /// Stores entries that were written anew. They are not sent until they are durable.
    pub(in crate::engine) fn store_rewritten(&mut self, stream: &StreamId, entries: &[OutboxEntry]) {
        entries.iter().for_each(|entry| self.commands.store(&mut self.ctx, stream, entry));
    }

    pub(in crate::engine) fn handle_rewritten(&mut self, stream: &StreamId, rewritten: Rewritten) {
        let Rewritten { entries, satisfied, refused } = rewritten;
        self.store_rewritten(stream, &entries);
        for sequence in satisfied {
            self.delete_entry(sequence);
        }
        for (sequence, command, at, refusal) in refused {
            self.refuse(sequence, command, at, refusal.code, refusal.detail);
        }
    }

    /// An outbox entry is answered: its record is deleted with this transaction.
    pub(in crate::engine) fn delete_entry(&mut self, sequence: u64) {
        self.ctx.store.write(Write::Delete(record::outbox_key(sequence)));
        if let Some(request) = self.commands.request_of(sequence) {
            self.succeed(request, None, None);
        }
    }

    /// A command leaves the outbox for the list of refused ones.
    pub(in crate::engine) fn refuse(
        &mut self,
        sequence: u64,
        command: Command,
        at: WallTime,
        code: Code,
        detail: String,
    ) {
        self.delete_entry(sequence);
        let code = if self.submit_held(&command, at, code) { Code::MessageHeld } else { code };
        self.refused.add(&mut self.ctx, sequence, RefusedRecord { command, at, code, detail });
    }

    /// Retries a refused command, a message under a new id. The refused command is deleted only when the
    /// new one is stored.
    pub(in crate::engine) fn retry_refused(&mut self, request: u64, id: u64, words: Option<String>) {
        match self.refused.retry(request, id, words) {
            Ok(Some(command)) => self.handle_command(request, command),
            Ok(None) => {}
            Err((code, detail)) => self.fail(request, code, &detail),
        }
    }

    /// Updates the counts of a stream that may have changed.
    pub(in crate::engine) fn count_waiting(&mut self, stream: &StreamId) {
        let Some(replica) = self.streams.quietly(stream) else { return };
        let outbox = &replica.outbox;
        self.ctx.count(|counts| counts.waiting += outbox.entries.drain_looked_at());
        self.commands.count(stream, outbox.len());
        let is_deferred = replica.deferred_timers().next().is_some();
        self.streams.set_deferred(stream, is_deferred);
    }

    /// Commands that are not admitted yet, as of the end of the last input.
    pub(in crate::engine) fn unsynced(&self) -> u32 {
        u32::try_from(self.commands.unsynced() + self.requests.memberships.waiting()).unwrap_or(u32::MAX)
    }
}

fn creates(command: &Command) -> bool {
    matches!(command, Command::CreateDirect(_) | Command::CreateConversation(_) | Command::CreateResource(_))
}

/// Whether a text replies to a message that does not exist. False unless all pages are loaded.
fn answers_nothing(replica: &Replica, text: &SendMessage) -> bool {
    let Some(answered) = &text.reply_to else { return false };
    let timelines = [TimelineId::of(text.conversation), text.timeline()];
    let is_whole = timelines.into_iter().all(|timeline| replica.lowest_page(timeline) == 1);
    is_whole && replica.view().page_of(answered).is_none()
}
