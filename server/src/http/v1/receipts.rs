//! Receipts: how far accounts have been delivered to, and have read.

use std::sync::Arc;

use axum::Json;
use serde::{Deserialize, Serialize};
use tidings_core::{
    ids::{AccountId, ConversationId},
    journal::Position,
    model::Receipt,
    wire::MemberReceipt,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Ids, Input},
    problem::Answer,
};
use crate::{live::receipt, node::Node};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(advance))
}

/// How far somebody has come.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptRow {
    /// The account.
    account: AccountId,
    /// The position up to which it was delivered to.
    delivered: Position,
    /// The position up to which it has read.
    read: Position,
}

/// How far the members of a conversation have come.
#[derive(Debug, Serialize, ToSchema)]
struct Receipts {
    /// By account; empty where so many are in that nobody is told.
    receipts: Vec<ReceiptRow>,
}

/// How far the account has come. It never goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// The position up to which it was delivered to.
    #[serde(default)]
    delivered: u64,
    /// The position up to which it has read, which is delivered then.
    #[serde(default)]
    read: u64,
}

/// How far the members of a conversation have come.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/receipts", tag = "receipts",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = Receipts)))]
async fn list(caller: Caller, Ids(conversation): Ids<ConversationId>) -> Answer<Json<Receipts>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = caller.readable(conversation).await?;
    let state = readable.conversation();
    // A subscriber is not told who has read.
    let is_told = caller.identity.administrator || state.active_member(&caller.identity.account).is_some();
    if !is_told || state.active > caller.node.config.node.bounds.receipt_members_max {
        return Ok(Json(Receipts { receipts: Vec::new() }));
    }
    let receipts = caller.node.store.receipts(&caller.identity.tenant, conversation).await;
    let rows = receipts.map_err(|error| caller.failed(&error))?.into_iter();
    let row = |(account, Receipt { delivered, read })| ReceiptRow { account, delivered, read };
    let mut receipts: Vec<ReceiptRow> = rows.map(row).collect();
    if state.active == 2 {
        // Where both are all the members, nothing of one who is blocked reaches the other.
        let others: Vec<AccountId> = receipts.iter().map(|row| row.account.clone()).collect();
        let own = std::slice::from_ref(&caller.identity.account);
        let blocks = caller.node.store.blocks_among(&caller.identity.tenant, own, &others).await;
        let blocks = blocks.map_err(|error| caller.failed(&error))?;
        receipts.retain(|row| !blocks.iter().any(|(_, blocked)| *blocked == row.account));
    }
    Ok(Json(Receipts { receipts }))
}

/// Moves the own receipts forward, and tells those who read.
#[utoipa::path(put, path = "/v1/conversations/{conversation}/receipt", tag = "receipts",
    params(("conversation" = String, Path,)),
    request_body = Advance,
    responses((status = 200, body = ReceiptRow)))]
async fn advance(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<Advance>,
) -> Answer<Json<ReceiptRow>> {
    caller.take(&caller.node.shares.receipts, 1)?;
    caller.readable(conversation).await?;
    let account = caller.identity.account.clone();
    let receipt = Receipt { delivered: Position::new(body.delivered), read: Position::new(body.read) };
    let moving = MemberReceipt { conversation, account: account.clone(), receipt: Receipt::default().merge(receipt) };
    let tenant = &caller.identity.tenant;
    if caller.made_before(key.as_ref()).await?.is_none() {
        receipt::advance(&caller.node.live, tenant, moving).await.map_err(|error| caller.failed(&error))?;
        caller.remember_now(key.as_ref(), "").await?;
    }
    let summary = caller.summary(conversation).await?;
    let Receipt { delivered, read } = summary.map(|summary| summary.receipt).unwrap_or_default();
    Ok(Json(ReceiptRow { account, delivered, read }))
}
