//! An account's own conversations, by newest activity.
//!
//! A message moves its conversation in the lists of all its members. Activity is therefore not stored per
//! member: that would be a thousand writes for one message. Instead each page looks at one row for each of the
//! account's conversations, and reads the rest only for those on the page.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    journal::{ChainHash, Position},
    model::{ActivityKey, ConversationKind, ConversationState, MemberStatus, OwnQuery, Receipt, has_row},
    time::WallTime,
    wire::{ConversationSummary, ListedRow},
};

use super::{
    Backend, ReadRow, Value,
    backend::fetch,
    catch_up::summaries,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{ListPage, StoreError, Toward};

// Conversations that the account has left keep their place: the time of the subscriber's row, or of the
// member's entry, at which it left.
macro_rules! select_own {
    ($older:literal, $newer:literal, $order:literal) => {
        concat!(
            "SELECT * FROM (
        SELECT own.conversation AS conversation, own.role AS role, own.status AS status,
            conversations.kind AS kind, conversations.created_at AS created_at,
            CASE WHEN conversations.listing IS NOT NULL THEN conversations.title END AS title,
            CASE
                WHEN own.status = 'active' THEN conversations.activity_at
                WHEN own.status IN ('invited', 'requested') THEN conversations.created_at
                WHEN own.subscribed_at > 0 THEN own.subscribed_at
                ELSE coalesce((SELECT journal.accepted_at FROM journal WHERE journal.tenant = own.tenant
                    AND journal.stream = 'conversation/' || own.conversation
                    AND journal.position = own.position), conversations.created_at)
            END AS activity_at
        FROM members AS own
        JOIN conversations ON conversations.tenant = own.tenant AND conversations.conversation = own.conversation
        WHERE own.tenant = $1 AND own.account = $2
            AND CASE WHEN own.status = 'active' AND own.subscribed_at > 0 THEN 'subscribed' ELSE own.status END
                IN (SELECT key FROM json_each($3))
            AND conversations.kind IN (SELECT key FROM json_each($4))
            AND (own.status NOT IN ('active', 'invited', 'requested')
                OR conversations.state IN (SELECT key FROM json_each($5)))
            AND conversations.state <> 'deleted'
            AND ($9 IS NULL OR conversations.resource = $9)
    ) AS listed
    WHERE activity_at ",
            $older,
            " $6 OR (activity_at = $6 AND conversation ",
            $newer,
            " $7) ORDER BY ",
            $order,
            " LIMIT $8"
        )
    };
}

/// Implements `Store::own_conversations`, within a transaction that reads one moment.
pub(super) async fn own_conversations<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    query: &OwnQuery,
    toward: Toward,
) -> Result<ListPage<ListedRow, ActivityKey>, StoreError> {
    let (sql, start) = match toward {
        Toward::End => (select_own!("<", ">", "activity_at DESC, conversation"), Value::Number(i64::MAX)),
        Toward::Beginning => (select_own!(">", "<", "activity_at, conversation DESC"), Value::Number(-1)),
    };
    let (at, conversation) = match query.after {
        Some(ActivityKey { at, conversation }) => (at.into(), conversation.into()),
        None => (start, Value::from("")),
    };
    let page_max = query.page_max();
    let values = [
        tenant.into(),
        account.into(),
        Value::keys(query.statuses()),
        Value::keys(query.kinds()),
        Value::keys(query.states()),
        at,
        conversation,
        page_max.saturating_add(1).into(),
        Value::words(query.resource.as_deref()),
    ];
    let rows = fetch::<B>(connection, sql, values).await?;
    let has_more = rows.len() > page_max as usize;
    let on_page = &rows[..rows.len().min(page_max as usize)];
    let first = on_page.first().filter(|_| query.after.is_some()).map(key).transpose()?;
    let last = on_page.last().filter(|_| has_more).map(key).transpose()?;
    let mut listed = rot.readable(tenant, Whose::EachRows, on_page, ended_row)?;
    let held: BTreeSet<ConversationId> = listed
        .iter()
        .map(|row| &row.summary)
        .filter(|summary| has_row(summary.status))
        .map(|it| it.conversation)
        .collect();
    let summaries = summaries::<B>(connection, rot, tenant, account, &held).await?;
    let mut summaries: BTreeMap<ConversationId, ConversationSummary> =
        summaries.into_iter().map(|summary| (summary.conversation, summary)).collect();
    for row in &mut listed {
        if let Some(summary) = summaries.remove(&row.summary.conversation) {
            row.summary = summary;
        }
    }
    Ok(ListPage::read(listed, toward, first, last))
}

/// The key of a row.
fn key(row: &impl ReadRow) -> Result<ActivityKey, StoreError> {
    let fields = Fields::of("conversations", row);
    Ok(ActivityKey { at: fields.time("activity_at")?, conversation: fields.conversation()? })
}

/// The row of a conversation that the account has left; it does not reveal even whether the conversation was
/// deleted since.
fn ended_row<R: ReadRow>(row: &R) -> Result<ListedRow, StoreError> {
    let fields = Fields::of("conversations", row);
    let member = Fields::of("members", row).member()?;
    let activity_at: WallTime = fields.time("activity_at")?;
    let summary = ConversationSummary {
        conversation: fields.conversation()?,
        kind: fields.named("kind", ConversationKind::read)?,
        title: fields.words("title")?,
        state: ConversationState::Active,
        role: member.role,
        status: member.status,
        member_count: 0,
        subscriber_count: 0,
        others: Vec::new(),
        last_message: None,
        position: Position::ZERO,
        chain: ChainHash::default(),
        page: 0,
        receipt: Receipt::default(),
        unread: 0,
        created_at: fields.time("created_at")?,
        resource: None,
        joined: Position::ZERO,
    };
    debug_assert_ne!(summary.status, MemberStatus::Subscribed, "a subscriber's row is active");
    Ok(ListedRow { summary, activity_at })
}
