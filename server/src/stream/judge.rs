//! The judge of a batch: the stream as the batch changes it, and the decisions so far.

use std::collections::BTreeSet;

use tidings_core::{
    authority::{AdmitError, Admitted, Refusal, Session, Stream},
    code::Code,
    journal::Position,
    wire::PushedChange,
};
use tokio::time::Instant;

use super::{
    compose::compose, decision::Decision, error::DecideError, source::Source, submission::Asking, unwilling::Unwilling,
};
use crate::{environment::Environment, webhook::events_of};

/// Decides one batch, as of one position of the journal.
pub(super) struct Judge<'a> {
    pub(super) env: &'a Environment,
    pub(super) source: Source<'a>,
    pub(super) stream: &'a mut Stream,
    /// Position of the stream before the batch.
    pub(super) base: Position,
    pub(super) unwilling: &'a Unwilling,
    /// Public names that the batch claims and that belong to other conversations.
    pub(super) names_taken: &'a BTreeSet<String>,
    /// True if changes are applied one by one, so that one that makes the library fail is refused alone.
    pub(super) one_by_one: bool,
    pub(super) decision: Decision,
}

impl Judge<'_> {
    /// Turns a command into a change, on top of what this batch has changed so far.
    pub(super) async fn compose(
        &mut self,
        identity: &Session,
        asking: &Asking,
    ) -> Result<Result<Option<PushedChange>, Refusal>, DecideError> {
        self.source.load_for(self.stream, asking, self.base).await?;
        Ok(compose(self.env, self.stream, identity, asking))
    }

    /// Adds an admitted change to the decision, with what webhooks are told of it.
    pub(super) fn take(&mut self, admitted: Admitted) {
        if let Some(events) = &mut self.decision.events {
            let made = events_of(self.stream, &admitted, self.env.config.webhooks.notification_delay);
            self.env.metrics.webhook_events_made.add(made.len());
            events.extend(made);
        }
        self.decision.take(admitted);
    }

    /// Admits a change, or returns the reason why not.
    pub(super) async fn admit(
        &mut self,
        session: &Session,
        pushed: &PushedChange,
    ) -> Result<Result<Admitted, AdmitError>, DecideError> {
        // A document of another stream is never loaded; the authority refuses it.
        if pushed.document.stream() == *self.stream.id() {
            self.source.load_missing(self.stream, &pushed.document, &pushed.change, self.base).await?;
        }
        self.unwilling.apply_to(self.stream, &session.account);
        let before = (!self.names_taken.is_empty()).then(|| self.stream.clone());
        let started = Instant::now();
        let (at, limits) = (self.env.clock.wall_now(), &self.env.limits);
        let admitted = match self.one_by_one {
            true => self.stream.admit(session, pushed, at, limits),
            false => self.stream.queue(session, pushed, at, limits)?,
        };
        self.env.metrics.admit_seconds.record(started.elapsed());
        if let Some(before) = before
            && let Some(name) = self.stream.conversation().public_name()
            && before.conversation().public_name() != Some(name)
            && self.names_taken.contains(name)
        {
            let taken = Refusal::new(Code::NameTaken, format!("another public conversation is called {name}"));
            *self.stream = before;
            return Ok(Err(AdmitError::Refused(taken)));
        }
        Ok(admitted)
    }
}
