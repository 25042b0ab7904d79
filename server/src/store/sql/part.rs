//! What an account has or had a part in, and where it wrote: for its export.

use tidings_core::{
    ids::{AccountId, ConversationId, DocumentId, StreamId, TenantId},
    time::WallTime,
};

use super::{
    Backend, Value,
    backend::fetch,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{Part, StoreError};

const PARTS: &str = "SELECT conversation, role, status, subscribed_at FROM members
    WHERE tenant = $1 AND account = $2 AND conversation > $3 ORDER BY conversation LIMIT $4";

/// Implements `Store::parts`.
pub(super) async fn parts<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    after: Option<ConversationId>,
    count_max: u32,
) -> Result<Vec<Part>, StoreError> {
    let after = after.map_or(Value::from(""), Value::from);
    let rows = fetch::<B>(connection, PARTS, [tenant.into(), account.into(), after, count_max.into()]).await?;
    rot.readable(tenant, Whose::EachRows, &rows, |row| {
        let fields = Fields::of("members", row);
        let subscribed_at: WallTime = fields.time("subscribed_at")?;
        Ok(Part { conversation: fields.conversation()?, row: fields.member()?, subscribed_at })
    })
}

const WRITTEN: &str = "SELECT DISTINCT document FROM journal
    WHERE tenant = $1 AND stream = $2 AND (account = $3 OR author = $3) ORDER BY document";

/// Implements `Store::documents_written`.
pub(super) async fn documents_written<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    account: &AccountId,
) -> Result<Vec<DocumentId>, StoreError> {
    let rows = fetch::<B>(connection, WRITTEN, [tenant.into(), stream.into(), account.into()]).await?;
    let documents: Result<Vec<DocumentId>, StoreError> =
        rows.iter().map(|row| Fields::of("journal", row).document()).collect();
    // By the number of the page, and not by its text.
    documents.map(|mut documents| {
        documents.sort();
        documents
    })
}
