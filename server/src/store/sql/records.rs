//! Implements `Records`: rows read as they are stored.

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ConversationId, DeviceId, DocumentId, PageNumber, StreamId, TenantId, TimelineId},
    journal::Position,
    model::Thread,
};

use super::{
    Backend, SqlStore, Value, account_erasure, backend::fetch, directory, erasure, journal, row::Fields, snapshot,
    thread,
};
use crate::store::{NewEntry, Records, StoreError, StoredSnapshot, StreamHead, StreamRecord, WhichThreads};

// All tables: a stream may have lost its row, or its entries, and an account may have no more than an external id.
const NEXT_STREAM: &str = "SELECT tenant, stream FROM (
        SELECT tenant, stream FROM streams WHERE (tenant, stream) > ($1, $2) ORDER BY tenant, stream LIMIT 1
    ) AS heads UNION SELECT tenant, stream FROM (
        SELECT tenant, stream FROM journal WHERE (tenant, stream) > ($1, $2) ORDER BY tenant, stream LIMIT 1
    ) AS entries UNION SELECT tenant, stream FROM (
        SELECT tenant, stream FROM external_ids WHERE (tenant, stream) > ($1, $2) ORDER BY tenant, stream LIMIT 1
    ) AS named ORDER BY tenant, stream LIMIT 1";

const LAST: &str = "SELECT position AS last FROM journal
    WHERE tenant = $1 AND stream = $2 ORDER BY position DESC LIMIT 1";

const ENTRIES: &str =
    "SELECT position, document, account, administrator, accepted_at, hash, chain, author, deletes, change
    FROM journal WHERE tenant = $1 AND stream = $2 AND position > $3 ORDER BY position LIMIT $4";

const TOMBSTONE: &str = "SELECT erased_at IS NOT NULL AS erased, deleted_at IS NOT NULL AS waits
    FROM conversations WHERE tenant = $1 AND conversation = $2";

/// Rows that an erasure deletes, in the tables that name the conversation.
const ROWS_LEFT: &str = "SELECT (SELECT count(*) FROM receipts WHERE tenant = $1 AND conversation = $2)
    + (SELECT count(*) FROM threads WHERE tenant = $1 AND conversation = $2)
    + (SELECT count(*) FROM held_messages WHERE tenant = $1 AND conversation = $2)
    + (SELECT count(*) FROM directory_words WHERE tenant = $1 AND conversation = $2)
    + (SELECT count(*) FROM members WHERE tenant = $1 AND conversation = $2
        AND NOT (role = 'member' AND status = 'removed' AND position = 0 AND subscribed_at = 0)) AS rows_left";

/// Rows that an erasure deletes, in the tables that name the conversation's documents.
const DOCUMENTS_LEFT: &str = "SELECT
    (SELECT count(*) FROM documents WHERE tenant = $1 AND document >= $2 AND document < $3)
    + (SELECT count(*) FROM snapshots WHERE tenant = $1 AND document >= $2 AND document < $3)
    + (SELECT count(*) FROM quarantine WHERE tenant = $1 AND document >= $2 AND document < $3) AS rows_left";

const SNAPSHOTS: &str = "SELECT document, position FROM snapshots
    WHERE tenant = $1 AND document IN (SELECT key FROM json_each($2)) ORDER BY position, document";

#[async_trait]
impl<B: Backend> Records for SqlStore<B> {
    async fn next_stream(
        &self,
        tenant: Option<&TenantId>,
        after: Option<&(TenantId, StreamId)>,
    ) -> Result<Option<(TenantId, StreamId)>, StoreError> {
        let from = match after {
            Some((tenant, stream)) => [tenant.into(), stream.into()],
            None => [tenant.map_or_else(|| Value::from(""), Value::from), Value::from("")],
        };
        let rows = fetch::<B>(&mut *self.reader().await?, NEXT_STREAM, from).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let fields = Fields::of("streams", row);
        let next = (fields.tenant()?, fields.stream()?);
        Ok(Some(next).filter(|(found, _)| tenant.is_none_or(|tenant| tenant == found)))
    }

    async fn stream_record(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamRecord, StoreError> {
        let mut reader = self.reader().await?;
        let mut moment = reader.begin(B::BEGIN_READ).await?;
        let head = journal::stream_head::<B>(&mut moment, tenant, stream).await?;
        let rows = fetch::<B>(&mut moment, LAST, [tenant.into(), stream.into()]).await?;
        let last = rows.first().map_or(Ok(Position::ZERO), |row| Fields::of("journal", row).position("last"))?;
        let threads = match stream.conversation() {
            Some(conversation) => {
                thread::threads::<B>(&mut moment, &self.rot, tenant, conversation, &WhichThreads::All).await?
            }
            None => Vec::new(),
        };
        let snapshots = snapshots::<B>(&mut moment, tenant, stream, head, &threads).await?;
        let record = StreamRecord { head, last, snapshots, ..StreamRecord::default() };
        let conversation = match stream {
            StreamId::Conversation(conversation) => *conversation,
            StreamId::Account(account) => {
                let left = account_erasure::rows_left::<B>(&mut moment, tenant, account).await?;
                let (is_erased, rows_left) = (left.is_some(), left.unwrap_or(0));
                return Ok(StreamRecord { is_erased, rows_left, ..record });
            }
        };
        let rows = fetch::<B>(&mut moment, TOMBSTONE, [tenant.into(), conversation.into()]).await?;
        let Some(row) = rows.first() else { return Ok(record) };
        let fields = Fields::of("conversations", row);
        let is_erased = fields.flag("erased")?;
        let is_being_erased = is_erased && fields.flag("waits")?;
        let rows_left = match is_erased {
            true => rows_left::<B>(&mut moment, tenant, conversation).await?,
            false => 0,
        };
        Ok(StreamRecord { is_erased, is_being_erased, rows_left, ..record })
    }

    async fn entries(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<NewEntry>, StoreError> {
        let values = [tenant.into(), stream.into(), after.into(), entries_max.into()];
        let rows = fetch::<B>(&mut *self.reader().await?, ENTRIES, values).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let fields = Fields::of("journal", row);
            match fields.stored_entry(stream).and_then(|stored| Ok((stored, fields.chain()?, fields.author()?))) {
                Ok(((entry, hash), chain, author)) => entries.push(NewEntry { entry, hash, chain, author }),
                Err(error) if entries.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(entries)
    }

    async fn snapshot(&self, tenant: &TenantId, document: &DocumentId) -> Result<Option<StoredSnapshot>, StoreError> {
        let row = snapshot::read::<B>(&mut *self.reader().await?, tenant, document).await?;
        Ok(row.and_then(|row| {
            let intact = row.is_intact(tenant, document);
            Some(StoredSnapshot { snapshot: row.into_snapshot()?, intact })
        }))
    }

    async fn device_owners(
        &self,
        tenant: &TenantId,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, AccountId)>, StoreError> {
        directory::device_owners::<B>(&mut *self.reader().await?, tenant, devices).await
    }
}

/// Counts the rows that an erasure deletes, other than entries.
async fn rows_left<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<u64, StoreError> {
    let rows = fetch::<B>(connection, ROWS_LEFT, [tenant.into(), conversation.into()]).await?;
    let mut left = 0;
    let mut count = |rows: &[B::Row]| -> Result<(), StoreError> {
        for row in rows {
            left += Fields::of("conversations", row).number::<u64>("rows_left")?;
        }
        Ok(())
    };
    count(&rows)?;
    for [from, to] in erasure::document_ranges(conversation) {
        count(&fetch::<B>(connection, DOCUMENTS_LEFT, [tenant.into(), from, to]).await?)?;
    }
    Ok(left)
}

async fn snapshots<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    head: StreamHead,
    threads: &[Thread],
) -> Result<Vec<(DocumentId, Position)>, StoreError> {
    let documents: Vec<DocumentId> = match stream {
        StreamId::Account(account) => vec![DocumentId::Account(account.clone()), DocumentId::Home(account.clone())],
        StreamId::Conversation(conversation) => {
            let documents_of = |(timeline, page): (TimelineId, PageNumber)| {
                std::iter::once(timeline.document()).chain((1..=page).map(move |number| timeline.page(number)))
            };
            let threads = threads.iter().map(|thread| (TimelineId::of_thread(*conversation, thread.id), thread.page));
            std::iter::once((TimelineId::of(*conversation), head.page)).chain(threads).flat_map(documents_of).collect()
        }
    };
    let rows = fetch::<B>(connection, SNAPSHOTS, [tenant.into(), Value::keys(documents)]).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("snapshots", row);
            Ok((fields.document()?, fields.position("position")?))
        })
        .collect()
}
