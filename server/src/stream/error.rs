//! Why a batch was not decided and committed.

use tidings_core::{code::Code, doc::ApplyChangeError};

use super::commit::CommitError;
use crate::store::StoreError;

/// Why a batch was not decided and committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecideError {
    #[error("another node wrote the stream first")]
    Conflict,
    #[error("another conversation has the public name")]
    NameTaken(Option<String>),
    #[error("the tenant has a webhook endpoint that this node did not know of")]
    EventsWanted,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(CommitError),
    #[error("the authority keeps asking for more documents")]
    Loading,
    #[error("an admitted change is not in the journal")]
    Journal,
    #[error("the conversation or account was erased")]
    Erased,
    #[error("one of the changes applied together does not apply: {0}")]
    Together(#[from] ApplyChangeError),
}

impl DecideError {
    /// The stable code sent with the deferral.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Commit(CommitError::Store(error)) => error.code(),
            Self::Commit(CommitError::Ended) => Code::Draining,
            Self::Conflict | Self::EventsWanted => Code::StoreUnavailable,
            Self::NameTaken(_) | Self::Loading | Self::Journal | Self::Erased | Self::Together(_) => Code::Internal,
        }
    }
}
