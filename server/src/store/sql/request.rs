//! Requests that were carried out under a key: written with the entries that they are about, in
//! one transaction, so that one that is made again is known however it ended for whoever made it.

use tidings_core::{
    ids::{AccountId, TenantId},
    time::WallTime,
};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
    row::Fields,
};
use crate::store::{AnsweredRequest, StoreError, StreamCommit};

pub(super) const REQUESTS: Insert = Insert {
    table: "requests",
    joined: None,
    columns: &["tenant", "account", "key", "fingerprint", "made", "position", "accepted_at"],
    conflict: "ON CONFLICT (tenant, account, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        made = excluded.made, position = excluded.position, accepted_at = excluded.accepted_at",
};

/// Writes none over one that is known still: for a day, as `stream/once.rs` has it.
const FIRST: Insert = Insert {
    conflict: "ON CONFLICT (tenant, account, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        made = excluded.made, position = excluded.position, accepted_at = excluded.accepted_at
        WHERE requests.accepted_at <= excluded.accepted_at - 86400000 RETURNING key",
    ..REQUESTS
};

fn row(tenant: &TenantId, request: &AnsweredRequest) -> Vec<Value> {
    let AnsweredRequest { account, key, fingerprint, made, position, accepted_at } = request;
    vec![
        tenant.into(),
        account.into(),
        Value::words(Some(key)),
        fingerprint.to_vec().into(),
        Value::words(Some(made)),
        (*position).into(),
        (*accepted_at).into(),
    ]
}

/// Stores a request with what a write transaction does for it. Returns false if it was carried out already, also by a
/// transaction that this one had to wait for.
pub(super) async fn is_first<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    once: Option<&AnsweredRequest>,
) -> Result<bool, StoreError> {
    let Some(request) = once else { return Ok(true) };
    Ok(!insert::<B>(connection, &FIRST, vec![row(tenant, request)]).await?.is_empty())
}

/// `Store::remember_request`.
pub(super) async fn remember<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    request: &AnsweredRequest,
) -> Result<(), StoreError> {
    insert::<B>(connection, &REQUESTS, vec![row(tenant, request)]).await?;
    Ok(())
}

/// The rows of a commit, by their key.
pub(super) fn rows(commit: &StreamCommit) -> impl Iterator<Item = ((&TenantId, &AccountId, &str), Vec<Value>)> {
    commit
        .requests
        .iter()
        .map(|request| ((&commit.tenant, &request.account, request.key.as_str()), row(&commit.tenant, request)))
}

const FIND: &str = "SELECT fingerprint, made, position, accepted_at FROM requests
    WHERE tenant = $1 AND account = $2 AND key = $3";

/// `Store::find_request`.
pub(super) async fn find<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    key: &str,
) -> Result<Option<AnsweredRequest>, StoreError> {
    let rows = fetch::<B>(connection, FIND, [tenant.into(), account.into(), Value::words(Some(key))]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let fields = Fields::of("requests", row);
    Ok(Some(AnsweredRequest {
        account: account.clone(),
        key: key.to_owned(),
        fingerprint: fields.decode("fingerprint", |bytes| <[u8; 32]>::try_from(bytes))?,
        made: fields.words("made")?.unwrap_or_default(),
        position: fields.position("position")?,
        accepted_at: fields.time("accepted_at")?,
    }))
}

const FORGET: &str = "DELETE FROM requests WHERE (tenant, account, key) IN (
        SELECT tenant, account, key FROM requests WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2)
    RETURNING key";

/// `Store::forget_requests`, within a write transaction.
pub(super) async fn forget<B: Backend>(
    connection: &mut B::Connection,
    before: WallTime,
    count_max: u32,
) -> Result<u32, StoreError> {
    let rows = fetch::<B>(connection, FORGET, [before.into(), count_max.into()]).await?;
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}
