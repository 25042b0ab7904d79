//! Tokens for anybody, for the demo and for development. Mounted only with `--dev`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::post,
};
use serde::{Deserialize, Serialize};
use tidings_core::{
    code::Code,
    ids::{AccountId, TenantId},
    model::ContactPoint,
};

use crate::{contact_point, error::ApiError, node::Node};

/// Validity of an issued token.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Deserialize)]
struct Wanted {
    account: String,
    #[serde(default = "default_tenant")]
    tenant: String,
    /// Contact points to treat as verified.
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

fn default_tenant() -> String {
    "default".to_owned()
}

#[derive(Serialize)]
struct Issued {
    token: String,
}

/// `POST /dev/token?account=ID[&tenant=ID][&phone=NUMBER][&email=ADDRESS]`.
pub fn router() -> Router<Arc<Node>> {
    Router::new().route("/dev/token", post(issue))
}

async fn issue(State(node): State<Arc<Node>>, Query(wanted): Query<Wanted>) -> Result<Json<Issued>, ApiError> {
    let invalid = |text| ApiError { status: StatusCode::BAD_REQUEST, code: Code::IdInvalid, text };
    let account = AccountId::parse(&wanted.account).map_err(|_| {
        invalid("account must be 1 to 128 of printable ASCII without space, slash, quotes and backslash")
    })?;
    let tenant = TenantId::parse(&wanted.tenant).map_err(|_| invalid("tenant must be 1 to 64 of A-Za-z0-9_.:-"))?;
    let points = wanted.phone.iter().chain(&wanted.email).map(|text| contact_point::read(text, None));
    let points: Option<BTreeSet<ContactPoint>> = points.collect();
    let points = points.ok_or(ApiError {
        status: StatusCode::BAD_REQUEST,
        code: Code::ValueInvalid,
        text: "phone must be a number with its country code, email an address",
    })?;
    let now = node.clock.wall_now();
    let token = node.keys.issue_reached_at(&tenant, &account, &[], &points, now, TTL).map_err(|error| {
        tracing::warn!(%error, "cannot issue a development token");
        let text = "no secret to sign with is configured";
        ApiError { status: StatusCode::INTERNAL_SERVER_ERROR, code: Code::Internal, text }
    })?;
    Ok(Json(Issued { token }))
}
