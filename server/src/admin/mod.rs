//! The operator's page, `/admin` beside the metrics: plain HTML with links and forms, for whoever has the secret. `gate` lets
//! requests in, `page` is the frame round all pages, `rows` and `acts` are what the others have in common, and there is one
//! file for each thing that is looked at. It shows what the store tells an operator (`store::Overview`) and does what the
//! commands do, by the same functions.

mod accounts;
mod acts;
mod conversations;
mod failure;
mod gate;
mod page;
mod quarantine;
mod sessions;
mod tenants;
mod webhooks;

use std::sync::Arc;

use axum::{Router, http::header::CONTENT_TYPE, middleware::from_fn_with_state, routing::get};
use tokio::sync::Mutex;

use crate::{config::Config, node::Node};

/// Fewest bytes of the secret.
const SECRET_BYTES_MIN: usize = 32;

const STYLE: &str = include_str!("style.css");

/// Why the page cannot be served as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The secret is too short.
    #[error("--admin-secret must have at least {SECRET_BYTES_MIN} bytes, not {0}")]
    SecretShort(usize),
    /// There is no address to serve it on.
    #[error("--admin-secret needs --metrics-listen: the operator's page is served on that address")]
    Nowhere,
}

impl AdminError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::SecretShort(_) => "admin_secret_too_short",
            Self::Nowhere => "admin_without_metrics",
        }
    }
}

/// The secret, if one is set. An empty one is none, as in a file of settings that leaves it out.
pub(crate) fn secret(config: &Config) -> Option<&str> {
    config.admin_secret.as_ref().map(|secret| secret.expose()).filter(|secret| !secret.is_empty())
}

/// Checks what is configured of the page.
///
/// # Errors
/// When the secret is too short, or there is no address to serve the page on.
pub(crate) fn check(config: &Config) -> Result<(), AdminError> {
    match secret(config) {
        None => Ok(()),
        Some(secret) if secret.len() < SECRET_BYTES_MIN => Err(AdminError::SecretShort(secret.len())),
        Some(_) if config.metrics_listen.is_none() => Err(AdminError::Nowhere),
        Some(_) => Ok(()),
    }
}

/// What the pages work with.
struct Admin {
    node: Arc<Node>,
    /// Held by each act that reads whole streams, so that they come one after another.
    turn: Mutex<()>,
}

/// The routes of the page; none if no secret is set.
pub(crate) fn router(node: &Arc<Node>) -> Option<Router> {
    let gate = gate::Gate::new(secret(&node.config)?);
    let admin = Arc::new(Admin { node: Arc::clone(node), turn: Mutex::default() });
    let router = Router::new()
        .route("/admin", get(tenants::list))
        .route("/admin/accounts", get(accounts::list))
        .route("/admin/account", get(accounts::one))
        .route("/admin/suspensions", get(accounts::suspensions))
        .route("/admin/conversations", get(conversations::list))
        .route("/admin/conversation", get(conversations::one))
        .route("/admin/sessions", get(sessions::list))
        .route("/admin/webhooks", get(webhooks::list))
        .route("/admin/webhook", get(webhooks::one))
        .route("/admin/quarantine", get(quarantine::list))
        .route("/admin/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .merge(acts::router())
        .with_state(admin)
        .layer(from_fn_with_state(Arc::new(gate), gate::pass));
    Some(router)
}
