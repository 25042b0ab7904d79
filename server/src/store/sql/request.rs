//! Requests that were carried out under a key: written with the entries that they are about, in
//! one transaction, so that one that is made again is known however it ended for whoever made it.

use tidings_core::{
    ids::{AccountId, TenantId},
    time::WallTime,
};

use super::{Backend, Insert, Value, backend::fetch, row::Fields};
use crate::store::{AnsweredRequest, StoreError, StreamCommit};

pub(super) const REQUESTS: Insert = Insert {
    table: "requests",
    joined: None,
    columns: &["tenant", "account", "key", "fingerprint", "made", "position", "accepted_at"],
    conflict: "ON CONFLICT (tenant, account, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        made = excluded.made, position = excluded.position, accepted_at = excluded.accepted_at",
};

/// The rows of a commit, by their key.
pub(super) fn rows(commit: &StreamCommit) -> impl Iterator<Item = ((&TenantId, &AccountId, &str), Vec<Value>)> {
    commit.requests.iter().map(|request| {
        let AnsweredRequest { account, key, fingerprint, made, position, accepted_at } = request;
        let row = vec![
            (&commit.tenant).into(),
            account.into(),
            Value::words(Some(key)),
            fingerprint.to_vec().into(),
            Value::words(Some(made)),
            (*position).into(),
            (*accepted_at).into(),
        ];
        ((&commit.tenant, account, key.as_str()), row)
    })
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
