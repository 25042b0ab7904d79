//! The sync endpoint: one WebSocket per client, one task per socket.

mod answers;
mod contacts;
mod fetch;
mod held;
mod hello_bound;
mod lists;
mod outsider;
mod question;
mod session;
mod socket;
mod subscribers;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper_util::rt::TokioIo;
use tidings_core::code::Code;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::server::create_response_with_body,
        protocol::{Role, WebSocketConfig},
    },
};

use self::hello_bound::HelloBound;
use crate::{connection::ConnectionPlace, drain::Phase, error::ApiError, node::Node};

pub use answers::AnswerRoom;
pub(crate) use contacts::match_contacts;
pub(crate) use outsider::{check_membership_request, part};
pub use socket::{Message, Transport, TransportError};

/// Size of each socket's read buffer, for as long as it lives: most sockets are idle, and what they send
/// is short.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// `GET /v1/sync`.
pub fn router() -> Router<Arc<Node>> {
    Router::new().route("/v1/sync", get(upgrade))
}

async fn upgrade(State(node): State<Arc<Node>>, mut request: Request) -> Response {
    let response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("no WebSocket: {error}")).into_response(),
    };
    let mut place = match Place::take(&node) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    place.connection = request.extensions_mut().remove();
    // A frame over the limit is still read, up to twice the limit, so that the session can be sent the reason
    // why it ends.
    let message_bytes_max = Some(node.limits.frame_bytes_max as usize * 2);
    let bounds = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(message_bytes_max)
        .max_frame_size(message_bytes_max);
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        // A peer that is gone by now never became a session.
        let Ok(upgraded) = upgraded.await else { return };
        let stream = HelloBound::new(TokioIo::new(upgraded));
        place.serve(WebSocketStream::from_raw_socket(stream, Role::Server, Some(bounds)).await).await;
    });
    response
}

/// One of the sockets that a node accepts, returned when dropped.
pub struct Place {
    node: Arc<Node>,
    /// Its place among the connections that are not sessions, until it becomes one.
    connection: Option<Arc<ConnectionPlace>>,
}

impl Place {
    /// Reserves a place.
    ///
    /// # Errors
    /// When the node is shutting down, or has none left.
    pub fn take(node: &Arc<Node>) -> Result<Self, ApiError> {
        let unavailable = |code, text| Err(ApiError { status: StatusCode::SERVICE_UNAVAILABLE, code, text });
        if node.drain.phase() > Phase::Running {
            return unavailable(Code::Draining, "the server is shutting down");
        }
        if !node.sockets.enter(node.config.node.sessions_max) {
            return unavailable(Code::RateLimited, "the server has as many sessions as it takes");
        }
        Ok(Self { node: Arc::clone(node), connection: None })
    }

    /// Serves the session that opens here until it ends.
    pub async fn serve(mut self, transport: impl Transport) {
        let connection = self.connection.take();
        session::run(&self.node, Box::new(transport), connection).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.sockets.leave();
    }
}

#[cfg(test)]
mod tests {
    use hyper::upgrade::Upgraded;

    use super::*;

    type WebSocket = WebSocketStream<HelloBound<TokioIo<Upgraded>>>;

    /// Maximum size of an idle socket's future: a future has room for everything that it may wait for, so
    /// whatever is rare is boxed.
    const TASK_BYTES_MAX: usize = 4 * 1024;

    fn future_bytes<F: Future>(_: impl FnOnce(Place, WebSocket) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_session_has_no_room_for_what_it_does_not_do() {
        let bytes = future_bytes(|place, socket| place.serve(socket));
        assert!(bytes <= TASK_BYTES_MAX, "{bytes} bytes");
    }
}
