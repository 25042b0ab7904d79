//! How a request other than Fetch ends: with its answer, or with Refused.

use std::sync::Arc;

use tidings_core::{authority::Refusal, code::Code, ids::StreamId, wire::ServerFrame};

use crate::{live::Frame, node::Node, store::StoreError};

/// The answer, the reason why the account gets none, or that the store failed.
pub(super) type Answer = Result<Result<ServerFrame, (Code, &'static str)>, StoreError>;

/// The frame of an answer to the request with this id. A refusal names the stream.
pub(super) fn frame(node: &Node, request: u64, stream: StreamId, answer: Answer) -> Arc<Frame> {
    let (code, detail, retry_at) = match answer {
        Ok(Ok(answer)) => return Frame::new(&answer),
        Ok(Err((code, detail))) => (code, detail, None),
        Err(error) => {
            tracing::warn!(%error, %stream, "the store failed a question");
            let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
            (error.code(), "the store cannot answer", Some(retry_at))
        }
    };
    node.metrics.fetches_refused.of(code).count();
    let refusal = Refusal { code, detail: detail.to_owned(), retry_at };
    Frame::new(&ServerFrame::Refused(refusal.answer(request, stream, 0)))
}
