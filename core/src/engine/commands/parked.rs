//! Commands parked until slow mode lets them pass, so that nothing else waits with them: a deferred
//! message leaves the chain of changes that are pushed, together with what depends on it, and is
//! shown on top of everything else. It is written anew on top of later commands, and rejoins the
//! chain when it is due.
//!
//! Invariant: the server has refused every parked change, or it was never sent. So writing it anew
//! can double nothing.

use crate::{
    api::Wait,
    authority::Session,
    command::Command,
    engine::{
        Engine,
        commands::outbox::OutboxEntry,
        streams::{
            loading::Slot,
            replica::{Executed, Replica},
            rewriting::Rewritten,
        },
    },
    ids::{AccountId, ConversationId, MessageId, StreamId, TimelineId},
    limits::Limits,
    model::{Member, MemberStatus, Role},
    sorted::SortedSet,
    time::{MonotonicTime, Now, WallTime},
};

/// The reason that a command is parked for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Parked {
    /// As the screen shows it.
    pub(in crate::engine) wait: Wait,
    /// When it is tried again, by the device's own clock.
    at: MonotonicTime,
}

/// How fast the account may write: the seconds of slow mode, and its own status and role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Pace(u32, Option<(MemberStatus, Role)>);

/// What parked commands write: a command that follows them, or is about it, is parked with them.
#[derive(Debug, Default)]
struct ParkedScope {
    /// Timelines in which the next message would have to wait as well.
    timelines: SortedSet<TimelineId>,
    messages: SortedSet<MessageId>,
    /// Threads that would begin with them.
    threads: SortedSet<ConversationId>,
}

impl ParkedScope {
    fn add(&mut self, command: &Command, me: &AccountId, replica: &Replica) {
        match command {
            Command::SendMessage(send) => {
                self.timelines.insert(send.timeline());
                self.messages.insert(send.message(me));
            }
            Command::CreateThread(create) => {
                self.threads.insert(create.thread(replica.confirmed.tenant()));
            }
            _ => {}
        }
    }

    /// Whether a command is about these, or would have to wait as well.
    fn concerns(&self, command: &Command, me: &AccountId, replica: &Replica) -> bool {
        let of_thread = command.thread(replica.confirmed.tenant());
        if of_thread.is_some_and(|thread| self.threads.contains(&thread)) {
            return true;
        }
        match command {
            Command::SendMessage(send) => {
                self.timelines.contains(&send.timeline())
                    || send.reply_to.as_ref().is_some_and(|reply| self.messages.contains(reply))
            }
            command => command.message(me).is_some_and(|message| self.messages.contains(&message)),
        }
    }
}

impl Replica {
    /// When the first parked command is due.
    pub(in crate::engine) fn parked_timer(&self) -> Option<MonotonicTime> {
        self.outbox.entries.parked().filter_map(|entry| entry.parked).map(|parked| parked.at).min()
    }

    /// Parks the first change of the outbox, with all that depends on it, at the end of the outbox.
    /// Returns the numbers of the commands that are done with that: messages deleted meanwhile, with
    /// everything about them.
    fn park(&mut self, parked: Parked, me: &AccountId) -> Vec<u64> {
        let mut scope = ParkedScope::default();
        let (mut chain, mut parked_entries) = (Vec::new(), Vec::new());
        for (index, mut entry) in core::mem::take(&mut self.outbox.entries).into_iter().enumerate() {
            if index == 0 || entry.parked.is_some() || scope.concerns(&entry.command, me, self) {
                scope.add(&entry.command, me, self);
                entry.parked = Some(entry.parked.unwrap_or(parked));
                parked_entries.push(entry);
            } else {
                chain.push(entry);
            }
        }
        self.outbox.entries = chain.into_iter().chain(parked_entries).collect();
        let deletes = self.outbox.entries.parked().filter_map(|entry| match &entry.command {
            Command::DeleteMessage(delete) => Some(delete.message.clone()),
            _ => None,
        });
        let deletes: Vec<MessageId> = deletes.collect();
        deletes.iter().flat_map(|message| self.revert_message(message, me)).collect()
    }

    /// Removes a parked message from the outbox, with everything about it. Returns their numbers; none
    /// if the message is not parked.
    pub(in crate::engine) fn revert_message(&mut self, message: &MessageId, me: &AccountId) -> Vec<u64> {
        let is_it =
            |entry: &OutboxEntry| matches!(&entry.command, Command::SendMessage(send) if send.message(me) == *message);
        if !self.outbox.entries.parked().any(is_it) {
            return Vec::new();
        }
        let thread = self
            .confirmed
            .id()
            .conversation()
            .map(|conversation| ConversationId::thread(self.confirmed.tenant(), conversation, message));
        let is_about = |entry: &OutboxEntry| {
            let about = entry.command.message(me).as_ref() == Some(message);
            let within = thread.is_some() && entry.command.thread(self.confirmed.tenant()) == thread;
            // Written replies stay, and are refused with a reason.
            about || within && !entry.command.is_written()
        };
        let (reverted, left): (Vec<OutboxEntry>, Vec<OutboxEntry>) =
            core::mem::take(&mut self.outbox.entries).into_iter().partition(is_about);
        self.outbox.entries = left.into_iter().collect();
        self.touched.all = true;
        self.touched.row = true;
        self.reapply();
        self.drop_idle_view();
        reverted.into_iter().map(|entry| entry.sequence).collect()
    }

    /// How long a command has to wait with the parked ones, if it has to.
    fn joins_parked(&self, command: &Command, me: &AccountId) -> Option<Parked> {
        let mut scope = ParkedScope::default();
        let mut last = None;
        for entry in self.outbox.entries.parked() {
            scope.add(&entry.command, me, self);
            last = entry.parked;
        }
        last.filter(|_| scope.concerns(command, me, self))
    }

    /// Executes a command at the end of the chain, below the parked ones. Returns it with the parked
    /// entries, which are written anew on top of it.
    ///
    /// # Errors
    /// The refusal.
    pub(in crate::engine) fn execute_beside(
        &mut self,
        session: &Session,
        limits: &Limits,
        now: Now,
        sequence: u64,
        command: Command,
        at: WallTime,
    ) -> Result<(Executed, Vec<OutboxEntry>), crate::authority::Refusal> {
        let me = &session.account;
        if self.outbox.entries.parked().next().is_none() {
            let executed = self.execute(session, limits, now, sequence, command, at)?;
            if let Executed::Written(entry) = &executed {
                self.outbox.entries.push_back((**entry).clone());
            }
            return Ok((executed, Vec::new()));
        }
        if let Some(parked) = self.joins_parked(&command, me) {
            let mut executed = self.execute(session, limits, now, sequence, command, at)?;
            if let Executed::Written(entry) = &mut executed {
                entry.parked = Some(parked);
                self.outbox.entries.push_back((**entry).clone());
            }
            return Ok((executed, Vec::new()));
        }
        let parked_entries = self.lift_parked(me);
        let executed = self.execute(session, limits, now, sequence, command, at);
        if let Ok(Executed::Written(entry)) = &executed {
            self.outbox.entries.push_back((**entry).clone());
        }
        let rewritten = self.put_parked(parked_entries, session, limits, now);
        executed.map(|executed| (executed, rewritten))
    }

    /// Removes the parked entries from the view.
    fn lift_parked(&mut self, me: &AccountId) -> Vec<OutboxEntry> {
        let (parked_entries, chain): (Vec<OutboxEntry>, Vec<OutboxEntry>) =
            core::mem::take(&mut self.outbox.entries).into_iter().partition(|entry| entry.parked.is_some());
        self.outbox.entries = chain.into_iter().collect();
        parked_entries.iter().for_each(|entry| self.touch_waiting(&entry.command, me));
        self.reapply();
        parked_entries
    }

    /// Puts the parked entries on top again. One that is no longer allowed stays as it was, unseen, until
    /// it is due: it is refused then.
    fn put_parked(
        &mut self,
        parked_entries: Vec<OutboxEntry>,
        session: &Session,
        limits: &Limits,
        now: Now,
    ) -> Vec<OutboxEntry> {
        let mut rewritten = Vec::new();
        for former in parked_entries {
            let OutboxEntry { sequence, command, at, .. } = former.clone();
            let entry = match self.execute(session, limits, now, sequence, command, at) {
                Ok(Executed::Written(entry)) => {
                    let OutboxEntry { parked, rewrites, is_offered, .. } = former;
                    let entry = OutboxEntry { parked, rewrites, is_offered, ..*entry };
                    rewritten.push(entry.clone());
                    entry
                }
                Ok(Executed::Satisfied) | Err(_) => former,
            };
            self.outbox.entries.push_back(entry);
        }
        rewritten
    }

    /// Returns parked commands that are due to the chain. One that is no longer allowed is refused now.
    fn release_parked(&mut self, session: &Session, limits: &Limits, now: Now) -> Rewritten {
        let parked_entries = self.lift_parked(&session.account);
        let is_due = |entry: &OutboxEntry| entry.parked.is_some_and(|parked| parked.at <= now.monotonic);
        let (due, others): (Vec<OutboxEntry>, Vec<OutboxEntry>) = parked_entries.into_iter().partition(is_due);
        let mut rewritten = Rewritten::default();
        for former in due {
            self.write_again(OutboxEntry { parked: None, ..former }, session, limits, now, &mut rewritten);
        }
        let others = self.put_parked(others, session, limits, now);
        rewritten.entries.extend(others);
        self.touched.row = true;
        self.drop_idle_view();
        rewritten
    }

    fn pace(&self, me: &AccountId) -> Pace {
        let conversation = self.confirmed.conversation();
        let status = |member: &Member| self.revoked.unwrap_or(member.status());
        let member = conversation.members.get(me).map(|member| (status(member), member.role.clone()));
        Pace(conversation.policies.slow_mode_seconds, member)
    }
}

impl Engine {
    /// The server defers the first change of a stream's outbox for a reason of its own: all other
    /// changes go on without it.
    pub(in crate::engine) fn park_first(&mut self, stream: &StreamId, wait: Wait) {
        let me = self.ctx.session.account.clone();
        let parked = Parked { wait, at: self.ctx.deferred(wait.until) };
        let Some(replica) = self.replica(stream) else { return };
        replica.parked_pace = Some(replica.pace(&me));
        let reverted = replica.park(parked, &me);
        for sequence in reverted {
            self.delete_entry(sequence);
        }
        self.rewrite(stream);
    }

    /// Sends parked commands that are due.
    pub(in crate::engine) fn send_parked(&mut self) {
        let now = self.ctx.now.monotonic;
        let is_due = |stream: &&StreamId| match self.streams.get(stream) {
            Some(Slot::Loaded(replica)) => replica.parked_timer().is_some_and(|at| at <= now) && !replica.rewrite_due,
            Some(Slot::Loading(_)) | None => false,
        };
        let due: Vec<StreamId> = self.streams.deferred().into_iter().filter(|stream| is_due(&stream)).collect();
        let (session, limits, now) = (self.ctx.session.clone(), self.ctx.limits.clone(), self.ctx.now);
        for stream in due {
            let Some(replica) = self.replica(&stream) else { continue };
            let rewritten = replica.release_parked(&session, &limits, now);
            self.handle_rewritten(&stream, rewritten);
        }
    }

    /// When the pace has changed, parked commands are tried at once.
    pub(in crate::engine) fn hurry_parked(&mut self, stream: &StreamId) {
        let (me, now) = (self.ctx.session.account.clone(), self.ctx.now.monotonic);
        let Some(replica) = self.replica(stream) else { return };
        if replica.parked_pace.as_ref().is_none_or(|under| *under == replica.pace(&me)) {
            return;
        }
        replica.parked_pace = None;
        replica.outbox.entries.parked_mut().for_each(|parked| parked.at = now);
        self.send_parked();
    }

    /// Deletes a message that was never sent. The request is answered when the store has deleted it too.
    pub(in crate::engine) fn delete_reverted(&mut self, request: u64, message: MessageId, reverted: Vec<u64>) {
        for sequence in reverted {
            self.delete_entry(sequence);
        }
        self.commands.await_reverted(&mut self.ctx, request, message);
    }
}
