//! From pushes to entries: one task per active stream decides, commits and
//! publishes; committers write many streams in one transaction. Receipts,
//! which are beside the journal, are gathered and stored by one task.

mod cache;
mod commit;
pub mod fanout;
pub(crate) mod load;
pub mod notice;
pub(crate) mod receipt;
mod registry;
mod task;

use std::sync::Arc;

use tidings_core::{authority, wire::Push};

use crate::ws::SessionHandle;

pub use cache::CacheBudget;
pub use commit::Committer;
pub use receipt::{ReceiptRequest, Receipts};
pub use registry::Registry;
pub(crate) use task::conversation_row;

/// A push with who sent it, on its way to its stream's task.
#[derive(Debug)]
pub struct PushRequest {
    /// The session to answer.
    pub session: Arc<SessionHandle>,
    /// Who asks.
    pub identity: authority::Session,
    /// What is asked.
    pub push: Push,
}
