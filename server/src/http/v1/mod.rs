//! The interface for other services: requests over HTTP that write by the way in that sockets use, are
//! answered in the shapes that apps see, and are judged by the same authority. One file a resource, each
//! with its own `router`. What it says of itself (OpenAPI 3.1) is made from the code.

mod access;
mod account_erasure;
mod account_export;
mod accounts;
mod caller;
mod command;
mod conversation_document;
mod conversations;
mod description;
mod direct;
mod event;
mod events;
mod external_ids;
mod input;
mod joining;
mod loaded;
mod members;
mod messages;
mod page;
mod problem;
mod receipts;
mod repeated;
mod resource_conversations;
mod resource_document;
mod tagged;
pub(crate) mod time;
mod webhooks;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware,
    routing::any,
};
use tidings_core::code::Code;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub use self::loaded::Memory;
use self::{caller::ACTING_FOR, description::Description, input::IDEMPOTENCY_KEY, problem::Problem};
use crate::node::Node;

/// How long a browser need not ask again what pages of another origin may do.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

fn resources() -> OpenApiRouter<Arc<Node>> {
    let mut router = OpenApiRouter::with_openapi(Description::openapi())
        .merge(conversations::router())
        .merge(members::router())
        .merge(messages::router())
        .merge(resource_conversations::router())
        .merge(receipts::router())
        .merge(joining::router())
        .merge(accounts::router())
        .merge(account_erasure::router())
        .merge(account_export::router())
        .merge(external_ids::router())
        .merge(direct::router())
        .merge(events::router())
        .merge(webhooks::router());
    description::complete(router.get_openapi_mut());
    router
}

/// What the interface says of itself.
pub fn description() -> utoipa::openapi::OpenApi {
    resources().into_openapi()
}

/// What pages of these origins may do: whoever asks is named by the token, which no browser sends by itself.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static(IDEMPOTENCY_KEY),
            HeaderName::from_static(ACTING_FOR),
        ])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER])
        .max_age(PREFLIGHT_KEPT)
}

/// The routes of the interface, with a page to read them on (`/v1/docs`), whose files are in the program.
pub fn router(cors_origins: &[HeaderValue]) -> Router<Arc<Node>> {
    let (router, description) = resources().split_for_parts();
    let unknown = || async { Problem::new(Code::RouteUnknown, "there is nothing under this address") };
    let other_method = || async {
        let problem = Problem::new(Code::RouteUnknown, "not by this method");
        problem.with_status(StatusCode::METHOD_NOT_ALLOWED)
    };
    // No host of others is asked whether the description is a good one.
    let config = Config::new(["/v1/openapi.json"]).validator_url("none");
    let page = SwaggerUi::new("/v1/docs").url("/v1/openapi.json", description).config(config);
    let router = router.method_not_allowed_fallback(other_method).layer(middleware::from_fn(tagged::tag));
    let router = match cors_origins {
        [] => router,
        origins => router.layer(cors(origins)),
    };
    router.merge(page).route("/v1/{*rest}", any(unknown))
}
