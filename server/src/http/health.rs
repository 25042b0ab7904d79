//! Health checks for an orchestrator: is the process alive, and should it get traffic.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tidings_core::code::Code;

use crate::{drain::Phase, error::ApiError, node::Node};

/// Time that the store may take to answer before the node counts as not ready.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Still ready, since a lying client must not be able to take a node out of service.
const RESTORED: &str = "ready, but the store is behind what clients were told: see the log";

/// `GET /healthz` and `GET /readyz`.
pub fn router() -> Router<Arc<Node>> {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready))
}

async fn ready(State(node): State<Arc<Node>>) -> Result<&'static str, ApiError> {
    let unavailable = |code, text| ApiError { status: StatusCode::SERVICE_UNAVAILABLE, code, text };
    if node.drain.phase() > Phase::Running {
        return Err(unavailable(Code::Draining, "the server is shutting down"));
    }
    match tokio::time::timeout(PING_TIMEOUT, node.store.ping()).await {
        Ok(Ok(())) if node.metrics.store_rollbacks.total() > 0 => Ok(RESTORED),
        Ok(Ok(())) => Ok("ready"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store does not answer");
            Err(unavailable(Code::StoreUnavailable, "the store does not answer"))
        }
        Err(_) => Err(unavailable(Code::StoreUnavailable, "the store does not answer in time")),
    }
}
