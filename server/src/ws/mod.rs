//! The sync endpoint: one WebSocket a client, one task a socket.

mod fetch;
mod outgoing;
mod session;
mod sessions;
mod socket;

use std::sync::Arc;

use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use tidings_core::code::Code;

use crate::{drain::Phase, error::ApiError, node::Node};

pub use outgoing::{Ending, Frame};
pub use sessions::{SessionHandle, Sessions};

/// What each socket has to read into, for as long as it lives: most are idle,
/// and what they send is short.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// `GET /v1/sync`.
pub fn router() -> Router<Arc<Node>> {
    Router::new().route("/v1/sync", get(upgrade))
}

async fn upgrade(State(node): State<Arc<Node>>, upgrade: WebSocketUpgrade) -> Response {
    let unavailable = |code, text| ApiError { status: StatusCode::SERVICE_UNAVAILABLE, code, text }.into_response();
    if node.drain.phase() > Phase::Running {
        return unavailable(Code::Draining, "the server is going down");
    }
    let Some(place) = Place::take(&node) else {
        return unavailable(Code::RateLimited, "the server has as many sessions as it takes");
    };
    // A frame over the limit is still read, to twice the limit, so that the
    // session can be told why it ends.
    let message_bytes_max = node.limits.frame_bytes_max as usize * 2;
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(message_bytes_max)
        .max_frame_size(message_bytes_max)
        .on_upgrade(move |socket| async move { session::run(&place.node, socket).await })
}

/// One of the sockets a node takes, given back when dropped.
struct Place {
    node: Arc<Node>,
}

impl Place {
    fn take(node: &Arc<Node>) -> Option<Self> {
        node.sockets.enter(node.config.node.sessions_max).then(|| Self { node: Arc::clone(node) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.sockets.leave();
    }
}
