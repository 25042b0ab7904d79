//! External ids, each by the stream of what it names.

use tidings_core::ids::{StreamId, TenantId};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
    row::Fields,
};
use crate::{
    external_id::ExternalId,
    store::{Named, Naming, StoreError},
};

impl Named {
    fn of(stream: &StreamId) -> Self {
        match stream {
            StreamId::Account(_) => Self::Accounts,
            StreamId::Conversation(_) => Self::Conversations,
        }
    }

    fn kind(self) -> Value {
        match self {
            Self::Accounts => "account".into(),
            Self::Conversations => "conversation".into(),
        }
    }
}

impl From<&ExternalId> for Value {
    fn from(id: &ExternalId) -> Self {
        Self::Text(Some(id.to_string()))
    }
}

const SET: Insert = Insert {
    table: "external_ids",
    joined: None,
    columns: &["tenant", "kind", "external_id", "stream"],
    conflict: "ON CONFLICT (tenant, kind, external_id) DO NOTHING RETURNING tenant",
};

const THERE: &str = "SELECT 1 FROM conversations WHERE tenant = $1 AND conversation = $2 AND state <> 'deleted'";

/// Implements `Store::set_external_id`, within a write transaction that is only committed if the id was given.
pub(super) async fn set<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    id: Option<&ExternalId>,
) -> Result<Naming, StoreError> {
    if let Some(conversation) = stream.conversation() {
        // Nobody deletes it until this ends.
        fetch::<B>(connection, B::LOCK_HEADS, [tenant.into(), Value::keys([stream])]).await?;
        if fetch::<B>(connection, THERE, [tenant.into(), conversation.into()]).await?.is_empty() {
            return Ok(Naming::Gone);
        }
    }
    release::<B>(connection, tenant, stream).await?;
    let Some(id) = id else { return Ok(Naming::Given) };
    let row = vec![tenant.into(), Named::of(stream).kind(), id.into(), stream.into()];
    let given = insert::<B>(connection, &SET, vec![row]).await?;
    Ok(if given.is_empty() { Naming::Taken } else { Naming::Given })
}

const RELEASE: &str = "DELETE FROM external_ids WHERE tenant = $1 AND stream = $2";

/// Takes the external id of a stream away.
pub(super) async fn release<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<(), StoreError> {
    fetch::<B>(connection, RELEASE, [tenant.into(), stream.into()]).await?;
    Ok(())
}

const OF: &str = "SELECT stream, external_id FROM external_ids
    WHERE tenant = $1 AND stream IN (SELECT key FROM json_each($2)) ORDER BY stream";

/// Implements `Store::external_ids`.
pub(super) async fn external_ids<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    streams: &[StreamId],
) -> Result<Vec<(StreamId, ExternalId)>, StoreError> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let rows = fetch::<B>(connection, OF, [tenant.into(), Value::keys(streams)]).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("external_ids", row);
            Ok((fields.stream()?, fields.parse("external_id", ExternalId::parse)?))
        })
        .collect()
}

const FIND: &str = "SELECT stream FROM external_ids WHERE tenant = $1 AND kind = $2 AND external_id = $3";

/// Implements `Store::find_external_id`.
pub(super) async fn find<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    among: Named,
    id: &ExternalId,
) -> Result<Option<StreamId>, StoreError> {
    let rows = fetch::<B>(connection, FIND, [tenant.into(), among.kind(), id.into()]).await?;
    rows.first().map(|row| Fields::of("external_ids", row).stream()).transpose()
}
