//! The conversations of a tenant about one resource, whoever takes part in them.

use tidings_core::ids::{ConversationId, TenantId};

use super::{Backend, Value, backend::fetch, row::Fields};
use crate::store::StoreError;

const ABOUT: &str = "SELECT conversation FROM conversations
    WHERE tenant = $1 AND resource = $2 AND conversation > $3 AND state <> 'deleted'
    ORDER BY conversation LIMIT $4";

/// `Store::conversations_about`.
pub(super) async fn conversations_about<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    resource: &str,
    after: Option<ConversationId>,
    count_max: u32,
) -> Result<Vec<ConversationId>, StoreError> {
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let values = [tenant.into(), Value::words(Some(resource)), after, count_max.into()];
    let rows = fetch::<B>(connection, ABOUT, values).await?;
    rows.iter().map(|row| Fields::of("conversations", row).conversation()).collect()
}
