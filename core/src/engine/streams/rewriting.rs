//! The outbox of a stream written anew from its commands, on top of what was admitted meanwhile.

use crate::{
    authority::{Refusal, Session},
    command::Command,
    engine::{
        commands::outbox::OutboxEntry,
        restored::own::is_said_since,
        streams::replica::{Executed, Replica},
    },
    limits::Limits,
    time::{Now, WallTime},
};

/// The outbox after rewriting.
#[derive(Debug, Default)]
pub(in crate::engine) struct Rewritten {
    pub(in crate::engine) entries: Vec<OutboxEntry>,
    pub(in crate::engine) satisfied: Vec<u64>,
    pub(in crate::engine) refused: Vec<(u64, Command, WallTime, Refusal)>,
}

impl Replica {
    /// Whether the outbox is to be written anew, and no fetch comes first.
    pub(in crate::engine) fn rewrites_next(&self) -> bool {
        self.rewrite_due && self.fetch.is_none()
    }

    /// Drops the view and writes the outbox anew from its commands. Returns the new entries, the
    /// commands refused on the view, and the numbers of those that have nothing left to do.
    pub(in crate::engine) fn rewrite(&mut self, session: &Session, limits: &Limits, now: Now) -> Rewritten {
        self.view = None;
        self.touched.all = true;
        self.touched.row = true;
        self.touched.detail = true;
        self.rewrite_due = false;
        let mut rewritten = Rewritten::default();
        for former in core::mem::take(&mut self.outbox.entries) {
            if former.is_offered && self.is_said_since(&former) {
                rewritten.satisfied.push(former.sequence);
                continue;
            }
            self.write_again(former, session, limits, now, &mut rewritten);
        }
        self.drop_idle_view();
        rewritten
    }

    /// Writes an entry anew from its command. Of an offered message that is there by another change, what is left to
    /// write is an edit, if its words are others.
    pub(in crate::engine) fn write_again(
        &mut self,
        former: OutboxEntry,
        session: &Session,
        limits: &Limits,
        now: Now,
        rewritten: &mut Rewritten,
    ) {
        let words = former.words_over(&session.account, &self.confirmed);
        let OutboxEntry { sequence, mut command, at, rewrites, is_offered, is_there, parked, .. } = former;
        if is_there || words.is_some() {
            let Some(edit) = words.and_then(|words| words.edits(&self.confirmed)) else {
                return rewritten.satisfied.push(sequence);
            };
            command = edit.into();
        }
        match self.execute(session, limits, now, sequence, command.clone(), at) {
            Ok(Executed::Written(mut entry)) => {
                (entry.rewrites, entry.parked, entry.is_offered) = (rewrites, parked, is_offered);
                rewritten.entries.push((*entry).clone());
                self.outbox.entries.push_back(*entry);
            }
            Ok(Executed::Satisfied) => rewritten.satisfied.push(sequence),
            Err(refusal) => rewritten.refused.push((sequence, command, at, refusal)),
        }
    }

    /// Removes the last commands, which could not be stored and were never sent.
    pub(in crate::engine) fn withdraw(&mut self, sequences: &[u64]) {
        let before = self.outbox.len();
        let entries = core::mem::take(&mut self.outbox.entries).into_iter();
        self.outbox.entries = entries.filter(|entry| !sequences.contains(&entry.sequence)).collect();
        if self.outbox.len() != before {
            self.touched.all = true;
            self.touched.row = true;
            self.touched.detail = true;
            self.reapply();
        }
    }

    /// Whether a command of a former incarnation has come too late: what it would say again has been said
    /// later, by somebody who did not know of it.
    fn is_said_since(&self, offered: &OutboxEntry) -> bool {
        let document = self.view().document(&offered.document);
        document.is_some_and(|document| is_said_since(document, &offered.change, offered.at))
    }
}
