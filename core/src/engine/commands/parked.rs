//! What waits for slow mode, set aside so that nothing else waits with it: a
//! deferred message leaves the chain of changes that are pushed, together with
//! what depends on it, and is shown on top of everything else. It is written anew
//! behind what is given meanwhile, and takes its place in the chain when its time
//! has come.
//!
//! Invariant: the server has refused every change that is aside, or it was never
//! sent. So writing it anew can double nothing.

use crate::{
    api::Wait,
    authority::Session,
    command::Command,
    engine::{
        Engine,
        commands::outbox::OutboxEntry,
        streams::{
            fetch::deferral,
            loading::Slot,
            replica::{Executed, Replica, Rewritten},
        },
    },
    ids::{AccountId, ConversationId, MessageId, StreamId, TimelineId},
    limits::Limits,
    model::{MemberStatus, Role},
    sorted::SortedSet,
    time::{MonotonicTime, Now, WallTime},
};

/// Why and until when a command waits beside the outbox's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Aside {
    /// What the screen is told.
    pub(in crate::engine) wait: Wait,
    /// When it is tried again, by the device's own clock.
    at: MonotonicTime,
}

/// What decides how fast the account may write: the seconds, and its own role and membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Pace(u32, Option<(MemberStatus, Role)>);

/// What is aside: what is written behind it, or about it, goes with it.
#[derive(Debug, Default)]
struct Held {
    /// Where the next message would wait as well: conversations and threads.
    timelines: SortedSet<TimelineId>,
    messages: SortedSet<MessageId>,
    /// Threads that would begin with it.
    threads: SortedSet<ConversationId>,
}

impl Held {
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

    /// Whether a command says something of what is aside, or would wait as it does.
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
    /// When the first of what is aside is tried again.
    pub(in crate::engine) fn aside_timer(&self) -> Option<MonotonicTime> {
        self.outbox.entries.asides().filter_map(|entry| entry.aside).map(|aside| aside.at).min()
    }

    /// Sets the first change of the outbox aside, with all that depends on it, to
    /// the end of the outbox. Answers those of which nothing is left to do: a
    /// message that was taken back meanwhile, with what was said of it.
    fn set_aside(&mut self, aside: Aside, me: &AccountId) -> Vec<u64> {
        let mut held = Held::default();
        let (mut chain, mut asides) = (Vec::new(), Vec::new());
        for (index, mut entry) in core::mem::take(&mut self.outbox.entries).into_iter().enumerate() {
            if index == 0 || entry.aside.is_some() || held.concerns(&entry.command, me, self) {
                held.add(&entry.command, me, self);
                entry.aside = Some(entry.aside.unwrap_or(aside));
                asides.push(entry);
            } else {
                chain.push(entry);
            }
        }
        self.outbox.entries = chain.into_iter().chain(asides).collect();
        let deletes = self.outbox.entries.asides().filter_map(|entry| match &entry.command {
            Command::DeleteMessage(delete) => Some(delete.message.clone()),
            _ => None,
        });
        let deletes: Vec<MessageId> = deletes.collect();
        deletes.iter().flat_map(|message| self.take_back(message, me)).collect()
    }

    /// Takes a message that is aside out of the outbox, with all that was said of
    /// it. Answers their numbers; none if it is not aside.
    pub(in crate::engine) fn take_back(&mut self, message: &MessageId, me: &AccountId) -> Vec<u64> {
        let is_it =
            |entry: &OutboxEntry| matches!(&entry.command, Command::SendMessage(send) if send.message(me) == *message);
        if !self.outbox.entries.asides().any(is_it) {
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
            // Words that were written about it stay, and are refused with their reason.
            about || within && !entry.command.is_written()
        };
        let (taken, left): (Vec<OutboxEntry>, Vec<OutboxEntry>) =
            core::mem::take(&mut self.outbox.entries).into_iter().partition(is_about);
        self.outbox.entries = left.into_iter().collect();
        self.touched.all = true;
        self.touched.row = true;
        self.reapply();
        self.drop_idle_view();
        taken.into_iter().map(|entry| entry.sequence).collect()
    }

    /// Whether what is aside makes a command wait as well, and how.
    fn joins_aside(&self, command: &Command, me: &AccountId) -> Option<Aside> {
        let mut held = Held::default();
        let mut last = None;
        for entry in self.outbox.entries.asides() {
            held.add(&entry.command, me, self);
            last = entry.aside;
        }
        last.filter(|_| held.concerns(command, me, self))
    }

    /// Plans, decides and writes a command behind what is to be sent, below what is
    /// aside. Answers it with the entries that were written anew on top of it.
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
        if self.outbox.entries.asides().next().is_none() {
            let executed = self.execute(session, limits, now, sequence, command, at)?;
            if let Executed::Written(entry) = &executed {
                self.outbox.entries.push_back((**entry).clone());
            }
            return Ok((executed, Vec::new()));
        }
        if let Some(aside) = self.joins_aside(&command, me) {
            let mut executed = self.execute(session, limits, now, sequence, command, at)?;
            if let Executed::Written(entry) = &mut executed {
                entry.aside = Some(aside);
                self.outbox.entries.push_back((**entry).clone());
            }
            return Ok((executed, Vec::new()));
        }
        let asides = self.lift_asides(me);
        let executed = self.execute(session, limits, now, sequence, command, at);
        if let Ok(Executed::Written(entry)) = &executed {
            self.outbox.entries.push_back((**entry).clone());
        }
        let rewritten = self.put_asides(asides, session, limits, now);
        executed.map(|executed| (executed, rewritten))
    }

    /// Takes what is aside off the view.
    fn lift_asides(&mut self, me: &AccountId) -> Vec<OutboxEntry> {
        let (asides, chain): (Vec<OutboxEntry>, Vec<OutboxEntry>) =
            core::mem::take(&mut self.outbox.entries).into_iter().partition(|entry| entry.aside.is_some());
        self.outbox.entries = chain.into_iter().collect();
        self.touched.messages.extend(asides.iter().filter_map(|entry| entry.command.message(me)));
        self.reapply();
        asides
    }

    /// Puts what is aside on top again. What is not allowed any more stays as it
    /// was, unseen, until its time has come: it is refused then.
    fn put_asides(
        &mut self,
        asides: Vec<OutboxEntry>,
        session: &Session,
        limits: &Limits,
        now: Now,
    ) -> Vec<OutboxEntry> {
        let mut rewritten = Vec::new();
        for former in asides {
            let OutboxEntry { sequence, command, at, .. } = former.clone();
            let entry = match self.execute(session, limits, now, sequence, command, at) {
                Ok(Executed::Written(entry)) => {
                    let entry = OutboxEntry { aside: former.aside, rewrites: former.rewrites, ..*entry };
                    rewritten.push(entry.clone());
                    entry
                }
                Ok(Executed::Satisfied) | Err(_) => former,
            };
            self.outbox.entries.push_back(entry);
        }
        rewritten
    }

    /// Puts what was aside, and has waited long enough, into the chain. What is not
    /// allowed any more is refused now.
    fn release_asides(&mut self, session: &Session, limits: &Limits, now: Now) -> Rewritten {
        let asides = self.lift_asides(&session.account);
        let is_due = |entry: &OutboxEntry| entry.aside.is_some_and(|aside| aside.at <= now.monotonic);
        let (due, others): (Vec<OutboxEntry>, Vec<OutboxEntry>) = asides.into_iter().partition(is_due);
        let mut rewritten = Rewritten::default();
        for OutboxEntry { sequence, command, at, rewrites, .. } in due {
            match self.execute(session, limits, now, sequence, command.clone(), at) {
                Ok(Executed::Written(mut entry)) => {
                    entry.rewrites = rewrites;
                    rewritten.entries.push((*entry).clone());
                    self.outbox.entries.push_back(*entry);
                }
                Ok(Executed::Satisfied) => rewritten.satisfied.push(sequence),
                Err(refusal) => rewritten.refused.push((sequence, command, at, refusal)),
            }
        }
        let others = self.put_asides(others, session, limits, now);
        rewritten.entries.extend(others);
        self.touched.row = true;
        self.drop_idle_view();
        rewritten
    }

    fn pace(&self, me: &AccountId) -> Pace {
        let conversation = self.confirmed.conversation();
        let member = conversation.members.get(me).map(|member| (member.status(), member.role.clone()));
        Pace(conversation.policies.slow_mode_seconds, member)
    }
}

impl Engine {
    /// The server defers what is first in a stream's outbox, for a reason that is
    /// the command's own: all else goes on without it.
    pub(in crate::engine) fn defer_aside(&mut self, stream: &StreamId, wait: Wait) {
        let me = self.ctx.session.account.clone();
        let aside = Aside { wait, at: self.ctx.now.monotonic.plus(deferral(wait.until, self.ctx.wall())) };
        let Some(replica) = self.replica(stream) else { return };
        replica.aside_under = Some(replica.pace(&me));
        let taken = replica.set_aside(aside, &me);
        for sequence in taken {
            self.forget_entry(sequence);
        }
        self.rewrite(stream);
    }

    /// Sends what was aside and has waited long enough.
    pub(in crate::engine) fn send_asides(&mut self) {
        let now = self.ctx.now.monotonic;
        let is_due = |stream: &&StreamId| match self.streams.get(stream) {
            Some(Slot::Loaded(replica)) => replica.aside_timer().is_some_and(|at| at <= now) && !replica.rewrite_due,
            Some(Slot::Loading(_)) | None => false,
        };
        let due: Vec<StreamId> = self.streams.deferred().into_iter().filter(|stream| is_due(&stream)).collect();
        let (session, limits, now) = (self.ctx.session.clone(), self.ctx.limits.clone(), self.ctx.now);
        for stream in due {
            let Some(replica) = self.replica(&stream) else { continue };
            let rewritten = replica.release_asides(&session, &limits, now);
            self.take_rewritten(&stream, rewritten);
        }
    }

    /// What decides about the pace has changed: what is aside is tried at once.
    pub(in crate::engine) fn hurry_asides(&mut self, stream: &StreamId) {
        let (me, now) = (self.ctx.session.account.clone(), self.ctx.now.monotonic);
        let Some(replica) = self.replica(stream) else { return };
        if replica.aside_under.as_ref().is_none_or(|under| *under == replica.pace(&me)) {
            return;
        }
        replica.aside_under = None;
        replica.outbox.entries.asides_mut().for_each(|aside| aside.at = now);
        self.send_asides();
    }

    /// Forgets a message that was never admitted, and says so when the store has
    /// forgotten it too.
    pub(in crate::engine) fn forget_taken_back(&mut self, request: u64, message: MessageId, taken: Vec<u64>) {
        for sequence in taken {
            self.forget_entry(sequence);
        }
        self.commands.take_back(&mut self.ctx, request, message);
    }
}
