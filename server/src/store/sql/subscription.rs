//! Subscribers of channels: rows in the table of members, so that a membership is one lookup. Their number is
//! kept with the conversation, so that nobody has to count.

use std::collections::BTreeMap;

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
    model::{ConversationKind, MemberStatus, Role},
    time::WallTime,
};

use super::{
    Backend, Tick, Value,
    backend::fetch,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{Notice, StoreError, StreamCommit, SubscriberCounts};

/// Returns true if a commit may begin or end a subscription, also by a channel's document adding or
/// removing a member.
pub(super) fn is_touched(commit: &StreamCommit) -> bool {
    let is_channel = commit.conversation.as_ref().is_some_and(|row| row.kind == ConversationKind::Channel);
    !commit.subscribers.is_empty() || (is_channel && !commit.members.is_empty())
}

/// The notice for the other nodes.
pub(super) fn notice(commit: &StreamCommit) -> Option<Notice> {
    let conversation = commit.stream.conversation()?;
    let accounts: Vec<AccountId> = commit.subscribers.iter().map(|(account, _)| account.clone()).collect();
    (!accounts.is_empty()).then(|| Notice::Subscriptions { tenant: commit.tenant.clone(), conversation, accounts })
}

/// The rows of a commit.
pub(super) fn rows(
    tick: Tick,
    commit: &StreamCommit,
    conversation: ConversationId,
) -> impl Iterator<Item = (&AccountId, Vec<Value>)> {
    commit.subscribers.iter().map(move |(account, subscriber)| {
        let joined = if subscriber.status == MemberStatus::Active { commit.last() } else { Position::ZERO };
        let row = vec![
            (&commit.tenant).into(),
            conversation.into(),
            account.into(),
            (&Role::Subscriber).into(),
            subscriber.status.as_str().into(),
            commit.last().into(),
            joined.into(),
            subscriber.at.into(),
            tick.into(),
        ];
        (account, row)
    })
}

/// Change of the number of subscribers of each channel.
pub(super) type Moves = BTreeMap<(TenantId, ConversationId), i64>;

/// The changes that commits will make to the counts, before they are written. The heads of their streams are
/// locked, so nobody else changes their subscribers.
pub(super) async fn moves<B: Backend>(
    connection: &mut B::Connection,
    commits: &[&StreamCommit],
) -> Result<Moves, StoreError> {
    const BEFORE: &str = "SELECT count(*) AS subscribers FROM members
        WHERE tenant = $1 AND conversation = $2 AND account IN (SELECT key FROM json_each($3))
            AND status = 'active' AND subscribed_at > 0";
    let mut after: BTreeMap<(&TenantId, ConversationId), BTreeMap<&AccountId, bool>> = BTreeMap::new();
    for commit in commits.iter().filter(|commit| is_touched(commit)) {
        let Some(conversation) = commit.stream.conversation() else { continue };
        let accounts = after.entry((&commit.tenant, conversation)).or_default();
        accounts.extend(commit.members.iter().map(|(account, _)| (account, false)));
        let subscribers = commit.subscribers.iter();
        accounts.extend(subscribers.map(|(account, row)| (account, row.status == MemberStatus::Active)));
    }
    let mut moves = Moves::new();
    for ((tenant, conversation), accounts) in after {
        let values = [tenant.into(), conversation.into(), Value::keys(accounts.keys())];
        let rows = fetch::<B>(connection, BEFORE, values).await?;
        let before: i64 = rows.first().map_or(Ok(0), |row| Fields::of("members", row).number("subscribers"))?;
        let after = accounts.values().filter(|subscribes| **subscribes).count();
        let moved = i64::try_from(after).unwrap_or(i64::MAX).saturating_sub(before);
        if moved != 0 {
            moves.insert((tenant.clone(), conversation), moved);
        }
    }
    Ok(moves)
}

/// Applies the changes to the counts.
pub(super) async fn count<B: Backend>(connection: &mut B::Connection, moves: Moves) -> Result<(), StoreError> {
    const COUNT: &str = "UPDATE conversations SET subscriber_count = subscriber_count + $3
        WHERE tenant = $1 AND conversation = $2";
    for ((tenant, conversation), moved) in moves {
        fetch::<B>(connection, COUNT, [(&tenant).into(), conversation.into(), Value::Number(moved)]).await?;
    }
    Ok(())
}

/// Implements `Store::subscriptions`.
pub(super) async fn subscriptions<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Vec<ConversationId>, StoreError> {
    const SUBSCRIPTIONS: &str = "SELECT conversation FROM members
        WHERE tenant = $1 AND account = $2 AND status = 'active' AND subscribed_at > 0 ORDER BY conversation";
    let rows = fetch::<B>(connection, SUBSCRIPTIONS, [tenant.into(), account.into()]).await?;
    rot.readable(tenant, Whose::EachRows, &rows, |row| Fields::of("members", row).conversation())
}

/// Implements `Store::subscribers`.
pub(super) async fn subscribers<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
    after: Option<&AccountId>,
    count_max: u32,
) -> Result<Vec<(AccountId, WallTime)>, StoreError> {
    const SUBSCRIBERS: &str = "SELECT account, subscribed_at FROM members
        WHERE tenant = $1 AND conversation = $2 AND account > $3 AND status = 'active' AND subscribed_at > 0
        ORDER BY account LIMIT $4";
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let rows =
        fetch::<B>(connection, SUBSCRIBERS, [tenant.into(), conversation.into(), after, count_max.into()]).await?;
    rot.readable(tenant, Whose::Of(conversation), &rows, |row| {
        let fields = Fields::of("members", row);
        Ok((fields.account()?, fields.time("subscribed_at")?))
    })
}

/// Implements `Store::subscriber_count`.
pub(super) async fn subscriber_count<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Option<u32>, StoreError> {
    const COUNT: &str = "SELECT subscriber_count FROM conversations
        WHERE tenant = $1 AND conversation = $2 AND kind = 'channel' AND state <> 'deleted'";
    let rows = fetch::<B>(connection, COUNT, [tenant.into(), conversation.into()]).await?;
    let count = rows.first().map(|row| Fields::of("conversations", row).number("subscriber_count")).transpose();
    count.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))
}

/// Implements `Store::subscriber_counts`. Progress is counted on request, since staff ask for it rarely.
pub(super) async fn subscriber_counts<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
    position: Position,
) -> Result<SubscriberCounts, StoreError> {
    const SUBSCRIBERS: &str = "SELECT subscriber_count FROM conversations WHERE tenant = $1 AND conversation = $2";
    const COME: &str = "SELECT count(*) AS delivered, count(CASE WHEN receipts.read >= $3 THEN 1 END) AS read
        FROM receipts
        JOIN members ON members.tenant = receipts.tenant AND members.conversation = receipts.conversation
            AND members.account = receipts.account AND members.status = 'active' AND members.subscribed_at > 0
        WHERE receipts.tenant = $1 AND receipts.conversation = $2 AND receipts.delivered >= $3 AND receipts.subscriber";
    let rows = fetch::<B>(connection, SUBSCRIBERS, [tenant.into(), conversation.into()]).await?;
    let subscribers = rows.first().map_or(Ok(0), |row| Fields::of("conversations", row).number("subscriber_count"));
    let subscribers =
        subscribers.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))?;
    let rows = fetch::<B>(connection, COME, [tenant.into(), conversation.into(), position.into()]).await?;
    let Some(row) = rows.first() else { return Ok(SubscriberCounts { subscribers, ..SubscriberCounts::default() }) };
    let fields = Fields::of("receipts", row);
    Ok(SubscriberCounts { subscribers, delivered: fields.number("delivered")?, read: fields.number("read")? })
}
