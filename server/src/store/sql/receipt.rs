//! Receipts: max-registers beside the documents.

use std::collections::BTreeMap;

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    journal::Position,
    model::Receipt,
    wire::MemberReceipt,
};

use super::{
    Backend, Insert, ReadRow, Value,
    backend::{fetch, insert},
    commit::next_tick,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::StoreError;

// For one account: a join with a list of accounts and conversations let Postgres consider reading all members
// of the tenant.
const MEMBERSHIPS: &str = "SELECT own.conversation, own.subscribed_at, streams.position,
        coalesce(receipts.delivered, 0) AS delivered, coalesce(receipts.read, 0) AS read
    FROM members AS own
    JOIN streams ON streams.tenant = own.tenant AND streams.stream = 'conversation/' || own.conversation
    LEFT JOIN receipts ON receipts.tenant = own.tenant AND receipts.conversation = own.conversation
        AND receipts.account = own.account
    WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active'
        AND own.conversation IN (SELECT key FROM json_each($3))";

// Compares again with the stored row: another node may have moved the same account's receipts since they
// were read.
const MOVE: Insert = Insert {
    table: "receipts",
    joined: None,
    columns: &["tenant", "conversation", "account", "delivered", "read", "subscriber", "tick"],
    conflict: "ON CONFLICT (tenant, conversation, account) DO UPDATE SET
        delivered = CASE WHEN excluded.delivered > receipts.delivered
            THEN excluded.delivered ELSE receipts.delivered END,
        read = CASE WHEN excluded.read > receipts.read THEN excluded.read ELSE receipts.read END,
        subscriber = excluded.subscriber, tick = excluded.tick
        WHERE excluded.delivered > receipts.delivered OR excluded.read > receipts.read
        RETURNING conversation, account, delivered, read",
};

/// Implements `Store::merge_receipts`.
pub(super) async fn merge_receipts<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    receipts: &[MemberReceipt],
) -> Result<Vec<MemberReceipt>, StoreError> {
    let mut wanted: BTreeMap<&AccountId, BTreeMap<ConversationId, Receipt>> = BTreeMap::new();
    for MemberReceipt { conversation, account, receipt } in receipts {
        let merged = wanted.entry(account).or_default().entry(*conversation).or_default();
        *merged = merged.merge(*receipt);
    }
    // Sorted, so that two nodes lock the rows in the same order.
    let mut moved: BTreeMap<(ConversationId, &AccountId), (Receipt, bool)> = BTreeMap::new();
    for (account, wanted) in wanted {
        let values = [tenant.into(), account.into(), Value::keys(wanted.keys())];
        for row in fetch::<B>(connection, MEMBERSHIPS, values).await? {
            let fields = Fields::of("receipts", &row);
            let conversation = fields.conversation()?;
            // A corrupt receipt starts anew: the journal does not hold it.
            let stored = rot.left_out(tenant, Whose::EachRows, &row, fields.receipt())?.unwrap_or_default();
            let head = fields.position("position")?;
            let merged = stored.merge(clamp(wanted.get(&conversation).copied().unwrap_or_default(), head));
            if merged != stored {
                let subscribes = fields.number::<u64>("subscribed_at")? > 0;
                moved.insert((conversation, account), (merged, subscribes));
            }
        }
    }
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let tick = next_tick::<B>(connection).await?;
    let rows = moved.into_iter().map(|((conversation, account), (receipt, subscribes))| {
        vec![
            tenant.into(),
            conversation.into(),
            account.into(),
            receipt.delivered.into(),
            receipt.read.into(),
            Value::Flag(subscribes),
            tick.into(),
        ]
    });
    let rows = insert::<B>(connection, &MOVE, rows.collect()).await?;
    member_receipts(rot, tenant, &rows)
}

fn clamp(receipt: Receipt, head: Position) -> Receipt {
    Receipt { delivered: receipt.delivered.min(head), read: receipt.read.min(head) }
}

/// Receipts with the conversation and account that each row names.
pub(super) fn member_receipts<R: ReadRow>(
    rot: &Rot,
    tenant: &TenantId,
    rows: &[R],
) -> Result<Vec<MemberReceipt>, StoreError> {
    rot.readable(tenant, Whose::EachRows, rows, |row| {
        let fields = Fields::of("receipts", row);
        let (conversation, account) = (fields.conversation()?, fields.account()?);
        Ok(MemberReceipt { conversation, account, receipt: fields.receipt()? })
    })
}

const RECEIPTS: &str = "SELECT receipts.account, receipts.delivered, receipts.read FROM members
    JOIN receipts ON receipts.tenant = members.tenant AND receipts.conversation = members.conversation
        AND receipts.account = members.account
    WHERE members.tenant = $1 AND members.conversation = $2 AND members.status = 'active'
        AND members.subscribed_at = 0
    ORDER BY receipts.account";

/// Implements `Store::receipts`.
pub(super) async fn receipts<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
    let rows = fetch::<B>(connection, RECEIPTS, [tenant.into(), conversation.into()]).await?;
    rot.readable(tenant, Whose::Of(conversation), &rows, |row| {
        let fields = Fields::of("receipts", row);
        Ok((fields.account()?, fields.receipt()?))
    })
}
