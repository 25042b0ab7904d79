//! A request to a stream: the identity that asks, the request, and the destination of the answer. The only way
//! in, for sockets and for callers in this process.

use tidings_core::{
    authority::{self, Refusal},
    command::Command,
    ids::{DocumentId, StreamId, TimelineId},
    model::MembershipAction,
    time::WallTime,
    wire::PushedChange,
};
use tokio::time::Instant;

use crate::{
    live::{Answer, Reply},
    metrics::Metrics,
    trace::{Step, TraceId, Traced},
};

/// The part that the account has in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It has or had a part, or is an administrator; or the stream is not a conversation.
    Known,
    /// It never had a part: it creates the conversation, or joins where everybody may.
    None,
}

/// A request to a stream.
#[derive(Debug)]
pub enum Asked {
    /// Admit changes that a device wrote.
    Changes(Vec<PushedChange>),
    /// A membership request of an account that is not a member.
    Membership(MembershipAction),
    /// To write what a command states, as the device of who asks.
    Command(Asking),
    /// To write a document anew as what it says now, which the operator asks for.
    Squash(DocumentId),
}

/// A command that is to be written.
#[derive(Debug)]
pub struct Asking {
    /// The command.
    pub command: Command,
    /// The page of the message that it is about, where whoever asks has found it; otherwise it is
    /// looked for on the newest page only.
    pub page: Option<DocumentId>,
    /// The timeline on whose newest page that message is, where nobody has looked for its page.
    pub newest_of: Option<TimelineId>,
    /// When the account did this, if not now: an import brings in what was done elsewhere, at its own time. When
    /// it was accepted is the server's to say all the same.
    pub at: Option<WallTime>,
    /// How the request is known when it is made again.
    pub once: Option<Once>,
}

impl From<Command> for Asking {
    fn from(command: Command) -> Self {
        Self { command, page: None, newest_of: None, at: None, once: None }
    }
}

/// What makes a request that is made again the same one: it is written once.
#[derive(Debug, Clone)]
pub struct Once {
    /// The key that whoever asks gave it.
    pub key: String,
    /// A hash of what is asked.
    pub fingerprint: [u8; 32],
    /// The id of what it is to make; empty where it makes nothing that has one.
    pub made: String,
}

/// What is submitted to a stream.
#[derive(Debug)]
pub struct Submission {
    /// The identity that asks.
    pub identity: authority::Session,
    /// The part that the account had when it asked.
    pub part: Part,
    /// The stream.
    pub stream: StreamId,
    /// The request.
    pub asked: Asked,
    /// Destination of the answer.
    pub reply: Reply,
    /// When it arrived.
    pub received_at: Instant,
    /// Its id in the logs of all nodes, if it is traced.
    pub trace: Option<TraceId>,
}

impl Submission {
    /// The changes to admit; empty for other requests.
    pub(super) fn changes(&self) -> &[PushedChange] {
        match &self.asked {
            Asked::Changes(changes) => changes,
            Asked::Membership(_) | Asked::Command(_) | Asked::Squash(_) => &[],
        }
    }

    /// The membership request, if it is one.
    pub(super) fn membership_action(&self) -> Option<&MembershipAction> {
        match &self.asked {
            Asked::Membership(action) => Some(action),
            Asked::Changes(_) | Asked::Command(_) | Asked::Squash(_) => None,
        }
    }

    /// What is to be written.
    pub(super) fn command(&self) -> Option<&Asking> {
        match &self.asked {
            Asked::Command(asking) => Some(asking),
            Asked::Changes(_) | Asked::Membership(_) | Asked::Squash(_) => None,
        }
    }

    /// The id of the session that gets the answer.
    pub(super) fn session(&self) -> Option<u64> {
        self.reply.session().map(|session| session.id)
    }

    /// Sends the answer, and counts refusals.
    pub(super) fn answer(&self, metrics: &Metrics, answer: &Answer) {
        if let Some((_, refusal)) = &answer.refused {
            metrics.push_refused(refusal);
        }
        self.reply.send(&self.stream, answer);
    }

    /// Refuses or defers all of it.
    pub(super) fn refuse(&self, metrics: &Metrics, refusal: Refusal) {
        self.answer(metrics, &Answer { refused: Some((0, refusal)), ..Answer::default() });
    }

    /// Logs a step, if it is traced.
    pub(super) fn trace(&self, step: Step, answer: &Answer) {
        let Some(trace) = self.trace else { return };
        let positions = answer.accepted.first().zip(answer.accepted.last());
        let positions = positions.map(|(first, last)| (first.position, last.position));
        let refused = answer.refused.as_ref().map(|(_, refusal)| refusal.code);
        let (tenant, since) = (&self.identity.tenant, self.received_at);
        trace.step(step, Traced { tenant, stream: &self.stream, positions, refused, since });
    }
}
