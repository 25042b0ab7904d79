//! Answers questions for lists of conversations: the asker's own, and the
//! directory of their tenant. What may be told is in the store's queries.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    model::{Query, search},
    wire::{List, Listed, ListedRows, Refused, ServerFrame},
};

use super::outgoing::Frame;
use crate::{auth::Identity, node::Node, store::StoreError, stream::fanout};

/// The frame that answers: Listed, or Refused with the stream of the account.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &List) -> Arc<Frame> {
    let (code, detail, retry_at) = match rows(node, identity, &list.query).await {
        Ok(Ok(rows)) => return Frame::new(&ServerFrame::Listed(Listed { request: list.request, rows })),
        Ok(Err(code)) => (code, "that cannot be looked for", None),
        Err(error) => {
            tracing::warn!(%error, account = %identity.account, "the store failed a list of conversations");
            let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
            (fanout::store_code(&error), "the store cannot answer", Some(retry_at))
        }
    };
    node.metrics.fetches_refused.of(code).count();
    let (request, stream) = (list.request, StreamId::Account(identity.account.clone()));
    let detail = detail.to_owned();
    Frame::new(&ServerFrame::Refused(Refused { request, stream, index: 0, code, detail, retry_at }))
}

async fn rows(node: &Node, identity: &Identity, query: &Query) -> Result<Result<ListedRows, Code>, StoreError> {
    let (tenant, account) = (&identity.tenant, &identity.account);
    Ok(match query {
        Query::Own(query) => {
            let (rows, next) = node.store.own_conversations(tenant, account, query).await?;
            Ok(ListedRows::Own(rows, next))
        }
        Query::Directory(query) => match search(&query.words) {
            Ok(prefixes) => {
                let (rows, next) = node.store.directory(tenant, account, &prefixes, query).await?;
                Ok(ListedRows::Directory(rows, next))
            }
            Err(code) => Err(code),
        },
    })
}
