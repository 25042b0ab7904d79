//! From pushes to entries: one task per active stream decides, commits and
//! publishes; committers write many streams in one transaction. Receipts,
//! which are beside the journal, are gathered and stored by one task.

mod cache;
mod commit;
pub(crate) mod count;
mod decision;
pub mod fanout;
mod late;
pub(crate) mod load;
pub mod notice;
mod projection;
pub(crate) mod receipt;
mod registry;
pub(crate) mod replay;
mod task;
mod touched;
mod untold;

use std::sync::Arc;

use tidings_core::{
    authority::{self, Refusal},
    model::Wish,
    wire::{Push, ServerFrame},
};
use tokio::time::Instant;

use crate::{
    metrics::Metrics,
    trace::TraceId,
    ws::{Frame, SessionHandle},
};

pub use cache::CacheBudget;
pub use commit::Committer;
pub use count::CountsMoved;
pub use receipt::{ReceiptRequest, Receipts};
pub use registry::{InboxWaiting, Registry};

/// Which part the account of a push has in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It has or had one, or is told of it as an administrator; or it is no conversation.
    Known,
    /// None, and never had: it begins one, or comes in where everybody may.
    None,
}

/// A push with who sent it, on its way to its stream's task.
#[derive(Debug)]
pub struct PushRequest {
    /// The session to answer.
    pub session: Arc<SessionHandle>,
    /// Who asks.
    pub identity: authority::Session,
    /// What is asked; without a change where it is a wish.
    pub push: Push,
    /// What one who is not a member asks for.
    pub wish: Option<Wish>,
    /// Which part its account had when it came in.
    pub part: Part,
    /// When it came in.
    pub received_at: Instant,
    /// Its id in the logs of all nodes, when it is traced.
    pub trace: Option<TraceId>,
}

impl PushRequest {
    /// Answers why one of its changes is refused, or when to come again.
    fn refuse(&self, metrics: &Metrics, index: usize, refusal: Refusal) {
        let refused = refusal.answer(self.push.request, self.push.stream.clone(), index);
        metrics.push_refused(&refused);
        self.session.outgoing.send(&Frame::new(&ServerFrame::Refused(refused)));
    }
}
