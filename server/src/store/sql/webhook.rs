//! The endpoints that are told what happens in a tenant.

use std::collections::BTreeSet;

use tidings_core::ids::TenantId;

use super::{Backend, Insert, ReadRow, Value, backend::fetch, backend::insert, row::Fields};
use crate::store::{Endpoint, EndpointChange, EndpointKeys, EndpointState, EventKind, StoreError};

const ENDPOINTS: Insert = Insert {
    table: "webhook_endpoints",
    joined: None,
    columns: &["tenant", "endpoint", "url", "events", "keys", "state", "created_at"],
    conflict: "",
};

// With the one just added. Two that are added at once on Postgres may both pass as the last one.
const COUNT: &str = "SELECT count(*) AS count FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed'";

const ALL: &str = "SELECT endpoint, url, events, keys, former_keys, former_until, state, created_at
    FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed' ORDER BY created_at, endpoint";

const ONE: &str = "SELECT endpoint, url, events, keys, former_keys, former_until, state, created_at
    FROM webhook_endpoints WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed'";

const CHANGE: &str = "UPDATE webhook_endpoints SET url = coalesce($3, url), events = coalesce($4, events),
        state = coalesce($5, state),
        former_keys = CASE WHEN $6 IS NULL THEN former_keys ELSE keys END,
        former_until = CASE WHEN $6 IS NULL THEN former_until ELSE $7 END,
        keys = coalesce($6, keys)
    WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed'
    RETURNING endpoint, url, events, keys, former_keys, former_until, state, created_at";

// Its deliveries are deleted step by step.
const REMOVE: &str = "UPDATE webhook_endpoints SET state = 'removed', keys = $3, former_keys = NULL
    WHERE tenant = $1 AND endpoint = $2 AND state <> 'removed' RETURNING endpoint";

/// Types of events between commas.
fn names(events: &BTreeSet<EventKind>) -> Value {
    let names: Vec<&str> = events.iter().map(|kind| kind.as_str()).collect();
    Value::Text(Some(if names.is_empty() { String::new() } else { format!(",{},", names.join(",")) }))
}

fn endpoint(row: &impl ReadRow) -> Result<Endpoint, StoreError> {
    let fields = Fields::of("webhook_endpoints", row);
    let keys = |bytes: &[u8]| EndpointKeys::from_bytes(bytes).ok_or("not the keys of an endpoint");
    let former = fields.maybe_decode("former_keys", keys)?;
    let former_until = fields.time("former_until")?;
    let events = fields.words("events")?.unwrap_or_default();
    Ok(Endpoint {
        id: fields.words("endpoint")?.unwrap_or_default(),
        url: fields.words("url")?.unwrap_or_default(),
        events: events.split(',').filter_map(EventKind::parse).collect(),
        keys: fields.decode("keys", keys)?,
        former: former.map(|keys| (keys, former_until)),
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
        new.keys.to_bytes().into(),
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

const SOME: &str = "SELECT tenant, endpoint, url, events, keys, former_keys, former_until, state, created_at
    FROM webhook_endpoints WHERE (tenant, endpoint) > ($1, $2) AND state <> 'removed'
    ORDER BY tenant, endpoint LIMIT $3";

/// `Overview::webhooks`.
pub(super) async fn some<B: Backend>(
    connection: &mut B::Connection,
    after: Option<(&TenantId, &str)>,
    count_max: u32,
) -> Result<Vec<(TenantId, Endpoint)>, StoreError> {
    let (tenant, id) = after.unzip();
    let tenant = tenant.map_or_else(|| Value::from(""), Value::from);
    let values = [tenant, Value::words(Some(id.unwrap_or_default())), count_max.into()];
    let rows = fetch::<B>(connection, SOME, values).await?;
    rows.iter().map(|row| Ok((Fields::of("webhook_endpoints", row).tenant()?, endpoint(row)?))).collect()
}

const TENANTS: &str = "SELECT DISTINCT tenant FROM webhook_endpoints WHERE state <> 'removed'";

/// `Store::told_tenants`.
pub(super) async fn tenants<B: Backend>(connection: &mut B::Connection) -> Result<Vec<TenantId>, StoreError> {
    let rows = fetch::<B>(connection, TENANTS, []).await?;
    rows.iter().map(|row| Fields::of("webhook_endpoints", row).tenant()).collect()
}

const TOLD_AMONG: &str = "SELECT DISTINCT tenant FROM webhook_endpoints
    WHERE state <> 'removed' AND tenant IN (SELECT key FROM json_each($1))";

/// Those of these tenants that have an endpoint.
pub(super) async fn told_among<B: Backend>(
    connection: &mut B::Connection,
    tenants: &BTreeSet<&TenantId>,
) -> Result<BTreeSet<TenantId>, StoreError> {
    if tenants.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = fetch::<B>(connection, TOLD_AMONG, [Value::keys(tenants.iter().copied())]).await?;
    rows.iter().map(|row| Fields::of("webhook_endpoints", row).tenant()).collect()
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
    let EndpointChange { url, events, state, keys } = change;
    let (keys, until) = keys.as_ref().map(|(keys, until)| (keys.to_bytes(), *until)).unzip();
    let values = [
        tenant.into(),
        Value::words(Some(id)),
        Value::words(url.as_deref()),
        events.as_ref().map_or(Value::Text(None), names),
        Value::Text(state.map(|state| state.as_str().to_owned())),
        Value::Bytes(keys),
        until.unwrap_or_default().into(),
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
