//! From submissions to entries: one task per active stream has them decided, commits and publishes; committers
//! write many streams in one transaction. Notices of other nodes arrive here too.

mod answer;
mod batch;
mod cache;
pub(crate) mod call;
mod commit;
mod compose;
mod consequence;
mod decide;
mod decision;
mod error;
mod held;
mod judge;
mod key;
pub(crate) mod load;
mod membership_request;
pub mod notice;
pub(crate) mod once;
mod projection;
mod repeated;
pub(crate) mod replay;
mod source;
mod squash;
mod state;
mod streams;
mod submission;
mod task;
mod tasks;
mod tools;
mod touched;
mod undelivered;
mod unwilling;

pub use cache::CacheBudget;
pub use call::CallError;
pub use streams::Streams;
pub use submission::{Asked, Asking, Once, Part, Submission};
pub use tasks::InboxWaiting;
