//! Answers lists of conversations: the account's own, and the tenant's directory. The store's queries decide
//! what may be shown.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    model::{Query, search},
    wire::{List, Listed, ListedRows, ServerFrame},
};

use super::question;
use crate::{
    auth::Identity,
    live::Frame,
    node::Node,
    store::{ListPage, StoreError, Toward},
};

/// The answer: Listed, or Refused with the account's stream.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &List) -> Arc<Frame> {
    let answer = rows(node, identity, &list.query).await;
    let listed = |rows| ServerFrame::Listed(Listed { request: list.request, rows });
    let answer = answer.map(|rows| rows.map(listed).map_err(|code| (code, "that cannot be looked for")));
    question::frame(node, list.request, StreamId::Account(identity.account.clone()), answer)
}

async fn rows(node: &Node, identity: &Identity, query: &Query) -> Result<Result<ListedRows, Code>, StoreError> {
    let (tenant, account) = (&identity.tenant, &identity.account);
    Ok(match query {
        Query::Own(query) => {
            let ListPage { rows, next, .. } = node.store.own_conversations(tenant, account, query, Toward::End).await?;
            Ok(ListedRows::Own(rows, next))
        }
        Query::Directory(query) => match search(&query.words) {
            Ok(prefixes) => {
                let ListPage { rows, next, .. } =
                    node.store.directory(tenant, account, &prefixes, query, Toward::End).await?;
                Ok(ListedRows::Directory(rows, next))
            }
            Err(code) => Err(code),
        },
    })
}
