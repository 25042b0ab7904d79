//! The endpoints that are told what happens in a tenant.

use std::collections::BTreeSet;

use tidings_core::{ids::TenantId, time::WallTime};

use super::{Backend, Insert, ReadRow, Value, backend::fetch, backend::insert, row::Fields};
use crate::store::{Endpoint, EndpointChange, EndpointState, EventKind, StoreError};

const ENDPOINTS: Insert = Insert {
    table: "webhook_endpoints",
    joined: None,
    columns: &["tenant", "endpoint", "url", "events", "secret", "state", "created_at"],
    conflict: "",
};

// With the one just added. Two that are added at once on Postgres may both pass as the last one.
const COUNT: &str = "SELECT count(*) AS count FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed'";

const ALL: &str = "SELECT endpoint, url, events, secret, former_secret, former_until, state, created_at
    FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed' ORDER BY created_at, endpoint";

const ONE: &str = "SELECT endpoint, url, events, secret, former_secret, former_until, state, created_at
    FROM webhook_endpoints WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed'";

const CHANGE: &str = "UPDATE webhook_endpoints SET url = coalesce($3, url), events = coalesce($4, events),
        state = coalesce($5, state),
        former_secret = CASE WHEN $6 IS NULL THEN former_secret ELSE secret END,
        former_until = CASE WHEN $6 IS NULL THEN former_until ELSE $7 END,
        secret = coalesce($6, secret)
    WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed'
    RETURNING endpoint, url, events, secret, former_secret, former_until, state, created_at";

// Its deliveries are deleted step by step.
const REMOVE: &str = "UPDATE webhook_endpoints SET state = 'removed', secret = $3, former_secret = NULL
    WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed' RETURNING endpoint";

/// Types of events between commas.
fn names(events: &BTreeSet<EventKind>) -> Value {
    let names: Vec<&str> = events.iter().map(|kind| kind.as_str()).collect();
    Value::Text(Some(if names.is_empty() { String::new() } else { format!(",{},", names.join(",")) }))
}

fn endpoint(row: &impl ReadRow) -> Result<Endpoint, StoreError> {
    let fields = Fields::of("webhook_endpoints", row);
    let former = fields.maybe_decode("former_secret", |bytes| Ok::<_, String>(bytes.to_vec()))?;
    let former_until = fields.time("former_until")?;
    let events = fields.words("events")?.unwrap_or_default();
    Ok(Endpoint {
        id: fields.words("endpoint")?.unwrap_or_default(),
        url: fields.words("url")?.unwrap_or_default(),
        events: events.split(',').filter_map(EventKind::parse).collect(),
        secret: fields.bytes("secret")?,
        former: former.map(|secret| (secret, former_until)),
        state: fields.parse("state", |name| EndpointState::parse(name).ok_or("not a state"))?,
        created_at: fields.time("created_at")?,
    })
}

/// `Store::add_endpoint`, within a write transaction.
pub(super) async fn add<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    new: &Endpoint,
    count_max: u32,
) -> Result<bool, StoreError> {
    let row = vec![
        tenant.into(),
        Value::words(Some(&new.id)),
        Value::words(Some(&new.url)),
        names(&new.events),
        new.secret.clone().into(),
        new.state.as_str().into(),
        new.created_at.into(),
    ];
    insert::<B>(connection, &ENDPOINTS, vec![row]).await?;
    let rows = fetch::<B>(connection, COUNT, [tenant.into()]).await?;
    let row = rows.first().ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    Ok(Fields::of("webhook_endpoints", row).number::<u32>("count")? <= count_max)
}

/// `Store::endpoints`.
pub(super) async fn all<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
) -> Result<Vec<Endpoint>, StoreError> {
    fetch::<B>(connection, ALL, [tenant.into()]).await?.iter().map(endpoint).collect()
}

/// `Store::endpoint`.
pub(super) async fn one<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Endpoint>, StoreError> {
    let rows = fetch::<B>(connection, ONE, [tenant.into(), Value::words(Some(id))]).await?;
    rows.first().map(endpoint).transpose()
}

/// `Store::change_endpoint`.
pub(super) async fn change<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    id: &str,
    change: &EndpointChange,
) -> Result<Option<Endpoint>, StoreError> {
    let EndpointChange { url, events, state, secret } = change;
    let (secret, until) = secret.clone().map_or((None, WallTime::from_millis(0)), |(key, until)| (Some(key), until));
    let values = [
        tenant.into(),
        Value::words(Some(id)),
        Value::words(url.as_deref()),
        events.as_ref().map_or(Value::Text(None), names),
        Value::Text(state.map(|state| state.as_str().to_owned())),
        Value::Bytes(secret),
        until.into(),
    ];
    let rows = fetch::<B>(connection, CHANGE, values).await?;
    rows.first().map(endpoint).transpose()
}

/// `Store::remove_endpoint`.
pub(super) async fn remove<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<bool, StoreError> {
    let values = [tenant.into(), Value::words(Some(id)), Vec::new().into()];
    Ok(!fetch::<B>(connection, REMOVE, values).await?.is_empty())
}
