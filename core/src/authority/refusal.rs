//! The answer to a change that is not admitted. It is not a failure.

use crate::{code::Code, ids::StreamId, time::WallTime, wire::Refused};

/// Why a change is refused, or until when it is deferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// Detail for debugging; never content.
    pub detail: String,
    /// When the same change may be admitted; none when it never may.
    pub retry_at: Option<WallTime>,
}

impl Refusal {
    /// A permanent refusal.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_at: None }
    }

    /// A refusal until a time.
    pub fn deferred(code: Code, detail: impl Into<String>, retry_at: WallTime) -> Self {
        Self { code, detail: detail.into(), retry_at: Some(retry_at) }
    }

    /// The frame that answers a request, where `index` is the first refused change.
    pub fn answer(self, request: u64, stream: StreamId, index: usize) -> Refused {
        let Self { code, detail, retry_at } = self;
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        Refused { request, stream, index, code, detail, retry_at, lacks: Vec::new() }
    }
}
