//! What an account missed since a cursor, in a fixed number of queries whatever the number of
//! its conversations.
//!
//! Every row that catch-up looks for carries the tick of the transaction that last wrote it. A cursor is a tick
//! with this promise: every transaction with a smaller tick was visible when the cursor was issued, or had
//! failed. So whatever an account has not seen has a tick of at least its cursor, and `tick >= cursor` misses
//! nothing. It may find some rows that were seen before; clients drop those by their position.
//!
//! - SQLite has one writer at a time and the tick counts its transactions, so ticks are committed in
//!   order. A cursor is the count plus one, read in the transaction that reads everything else.
//! - Postgres commits out of order. There the tick is the transaction's own id, and the cursor is the
//!   smallest id that was still running in the snapshot that everything else is read from
//!   (`pg_snapshot_xmin`): all smaller ids had ended. An older transaction that commits later has an id of
//!   at least that cursor. A transaction anywhere in the cluster that stays open holds cursors back: more
//!   is then sent twice, and nothing is lost.
//!
//! Within a stream, positions are assigned under the lock of its row, so whoever sees an entry sees all entries
//! before it: what is missed is a run up to the head.

use std::collections::BTreeSet;

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::{ChainHash, Cursor, Position},
    model::{ConversationKind, ConversationState, MemberStatus, Receipt},
    wire::{self, ConversationSummary, MemberReceipt, ProfileNotice, Unread},
};

use super::{
    Backend, ReadRow, SqlStore, Value,
    backend::fetch,
    directory::profile_notices,
    epoch,
    receipt::member_receipts,
    rot::{Rot, Whose},
    row::Fields,
    runs::Runs,
};
use crate::{
    bounds::Bounds,
    store::{CatchUp, MemberRow, StoreError},
};

/// Maximum number of other members named in a summary.
const OTHERS_MAX: usize = 4;

/// Implements `Store::catch_up`, within a transaction that reads one moment.
pub(super) async fn catch_up<B: Backend>(
    connection: &mut B::Connection,
    store: &SqlStore<B>,
    tenant: &TenantId,
    account: &AccountId,
    since: Option<Cursor>,
    entries_max: u32,
) -> Result<CatchUp, StoreError> {
    let (rot, bounds) = (&store.rot, &store.bounds);
    let cursor = next_cursor::<B>(connection).await?;
    if let Some(since) = since
        && !epoch::knows::<B>(connection, since, cursor).await?
    {
        return Err(StoreError::PutBack);
    }
    let Some(since) = since else {
        return Ok(CatchUp {
            cursor,
            summaries: all_summaries::<B>(connection, rot, tenant, account).await?,
            profiles: all_profiles::<B>(connection, rot, tenant, account).await?,
            ..CatchUp::default()
        });
    };
    let missed = Missed { rot, bounds, tenant, account, since };
    let heads = missed.heads::<B>(connection).await?;
    let receipts = missed.receipts::<B>(connection).await?;
    let mut changed: BTreeSet<ConversationId> = receipts.iter().map(|receipt| receipt.conversation).collect();
    changed.extend(heads.iter().filter_map(|(stream, _)| stream.conversation()));
    changed.extend(missed.outside::<B>(connection).await?);
    let deleted = missed.deleted::<B>(connection).await?;
    changed.extend(&deleted);
    let mut revoked = missed.revoked::<B>(connection).await?;
    // A deletion is reported to everybody who had a part, even if they were removed before it.
    revoked.retain(|(conversation, ..)| !deleted.contains(conversation));
    Ok(CatchUp {
        cursor,
        summaries: summaries::<B>(connection, rot, tenant, account, &changed).await?,
        revoked,
        entries: Runs { bounds, tenant, since }.entries::<B>(connection, &heads, entries_max).await?,
        receipts,
        profiles: missed.profiles::<B>(connection).await?,
    })
}

/// The cursor of a read transaction. For a moment after a database crash there is none.
pub(in crate::store) async fn next_cursor<B: Backend>(connection: &mut B::Connection) -> Result<Cursor, StoreError> {
    let rows = fetch::<B>(connection, B::CURSOR, []).await?;
    let row = rows.first().ok_or(StoreError::Unavailable(sqlx::Error::RowNotFound))?;
    Fields::of("clock", row).cursor()
}

/// The unread counts of a stream as of a position, for the account whose membership is `own`. The inner SELECT
/// bounds the count after a long absence.
macro_rules! count_unread {
    ($head:literal) => {
        concat!(
            "(SELECT count(*) FROM (
                SELECT 1 FROM journal
                WHERE journal.tenant = own.tenant AND journal.stream = 'conversation/' || own.conversation
                    AND journal.position > coalesce(receipts.read, 0) AND journal.position > own.joined
                    AND journal.position <= ",
            $head,
            " AND journal.author <> own.account
                    AND NOT EXISTS (SELECT 1 FROM journal AS deletion
                        WHERE deletion.tenant = journal.tenant AND deletion.stream = journal.stream
                            AND deletion.deletes = journal.position AND deletion.deletes > 0
                            AND deletion.position <= ",
            $head,
            ")
                LIMIT 9999
            ) AS counted) AS unread"
        )
    };
}

/// A query of summaries for account `$2` in tenant `$1`: of conversations where it is active, was invited or
/// has asked to join, and of deleted ones in which it had any part. The status is compared with `NOT IN`, so
/// that a row with a corrupt status is read and reported.
macro_rules! select_summaries {
    ($($condition:literal)?) => {
        concat!(
            "SELECT own.conversation, own.role, own.status, own.joined, conversations.kind, conversations.title,
                conversations.state, conversations.member_count, conversations.subscriber_count,
                conversations.some_members,
                conversations.created_at, conversations.last_message, conversations.resource,
                streams.position, streams.page, streams.chain,
                coalesce(receipts.delivered, 0) AS delivered, coalesce(receipts.read, 0) AS read, ",
            count_unread!("streams.position"),
            " FROM members AS own
            JOIN conversations ON conversations.tenant = own.tenant
                AND conversations.conversation = own.conversation
            JOIN streams ON streams.tenant = own.tenant
                AND streams.stream = 'conversation/' || own.conversation
            LEFT JOIN receipts ON receipts.tenant = own.tenant
                AND receipts.conversation = own.conversation AND receipts.account = own.account
            WHERE own.tenant = $1 AND own.account = $2
                AND (own.status NOT IN ('left', 'removed', 'banned') OR conversations.state = 'deleted')",
            $($condition,)?
            " ORDER BY own.conversation"
        )
    };
}

async fn all_summaries<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Vec<ConversationSummary>, StoreError> {
    // Without a cursor nothing was sent before, so there is no deletion to report.
    const GOING_ON: &str = select_summaries!(" AND conversations.state <> 'deleted'");
    let rows = fetch::<B>(connection, GOING_ON, [tenant.into(), account.into()]).await?;
    conversation_summaries(rot, tenant, &rows, account)
}

/// Implements `Store::summaries`.
pub(super) async fn summaries<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    conversations: &BTreeSet<ConversationId>,
) -> Result<Vec<ConversationSummary>, StoreError> {
    const SUMMARIES: &str = select_summaries!(" AND own.conversation IN (SELECT key FROM json_each($3))");
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let values = [tenant.into(), account.into(), Value::keys(conversations)];
    conversation_summaries(rot, tenant, &fetch::<B>(connection, SUMMARIES, values).await?, account)
}

/// Implements `Store::unread`.
pub(super) async fn unread<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    conversation: ConversationId,
    head: Position,
) -> Result<Option<Unread>, StoreError> {
    const UNREAD: &str = concat!(
        "SELECT own.joined, coalesce(receipts.delivered, 0) AS delivered, coalesce(receipts.read, 0) AS read, ",
        count_unread!("$4"),
        " FROM members AS own
        LEFT JOIN receipts ON receipts.tenant = own.tenant
            AND receipts.conversation = own.conversation AND receipts.account = own.account
        WHERE own.tenant = $1 AND own.account = $2 AND own.conversation = $3 AND own.status = 'active'"
    );
    let values = [tenant.into(), account.into(), conversation.into(), head.into()];
    let rows = fetch::<B>(connection, UNREAD, values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let receipt = rot.left_out(tenant, Whose::Of(conversation), row, Fields::of("receipts", row).receipt())?;
    let member = Fields::of("members", row);
    let read = receipt.unwrap_or_default().unread_from(member.position("joined")?);
    Ok(Some(Unread { count: member.number("unread")?, read }))
}

fn conversation_summaries<R: ReadRow>(
    rot: &Rot,
    tenant: &TenantId,
    rows: &[R],
    account: &AccountId,
) -> Result<Vec<ConversationSummary>, StoreError> {
    rot.readable(tenant, Whose::EachRows, rows, |row| conversation_summary(rot, tenant, row, account))
}

fn conversation_summary<R: ReadRow>(
    rot: &Rot,
    tenant: &TenantId,
    row: &R,
    account: &AccountId,
) -> Result<ConversationSummary, StoreError> {
    let fields = Fields::of("conversations", row);
    let member = Fields::of("members", row).member()?;
    let state = fields.named("state", ConversationState::read)?;
    if state == ConversationState::Deleted {
        // A deleted conversation's summary says nothing else. Its head tells a member whether the store was put back.
        let head = (member.status == MemberStatus::Active).then(|| Fields::of("streams", row));
        let position = head.as_ref().map(|head| head.position("position")).transpose()?;
        let chain = head.as_ref().map(|head| head.chain()).transpose()?;
        return Ok(ConversationSummary {
            title: None,
            member_count: 0,
            subscriber_count: 0,
            position: position.unwrap_or(Position::ZERO),
            chain: chain.unwrap_or_default(),
            ..outside(&fields, member)?
        });
    }
    if member.status != MemberStatus::Active {
        return outside(&fields, member);
    }
    let head = Fields::of("streams", row);
    let some_members: Result<Vec<AccountId>, _> = fields.decode("some_members", |bytes| wire::decode(bytes));
    let some_members = rot.left_out(tenant, Whose::EachRows, row, some_members)?.unwrap_or_default();
    let last_message = fields.maybe_decode("last_message", |bytes| wire::decode(bytes));
    let receipt = Fields::of("receipts", row).receipt();
    Ok(ConversationSummary {
        conversation: fields.conversation()?,
        kind: fields.named("kind", ConversationKind::read)?,
        title: fields.words("title")?,
        state,
        role: member.role,
        status: member.status,
        member_count: fields.number("member_count")?,
        subscriber_count: fields.number("subscriber_count")?,
        others: some_members.into_iter().filter(|other| other != account).take(OTHERS_MAX).collect(),
        last_message: rot.left_out(tenant, Whose::EachRows, row, last_message)?.flatten(),
        position: head.position("position")?,
        page: head.number("page")?,
        chain: head.chain()?,
        receipt: rot.left_out(tenant, Whose::EachRows, row, receipt)?.unwrap_or_default(),
        unread: fields.number("unread")?,
        created_at: fields.time("created_at")?,
        resource: fields.words("resource")?,
        joined: Fields::of("members", row).position("joined")?,
    })
}

/// The summary for an account that has not joined: the kind of the conversation and its number of members.
fn outside<R: ReadRow>(fields: &Fields<'_, R>, member: MemberRow) -> Result<ConversationSummary, StoreError> {
    Ok(ConversationSummary {
        conversation: fields.conversation()?,
        kind: fields.named("kind", ConversationKind::read)?,
        title: fields.words("title")?,
        state: fields.named("state", ConversationState::read)?,
        role: member.role,
        status: member.status,
        member_count: fields.number("member_count")?,
        subscriber_count: fields.number("subscriber_count")?,
        others: Vec::new(),
        last_message: None,
        position: Position::ZERO,
        page: 0,
        chain: ChainHash::default(),
        receipt: Receipt::default(),
        unread: 0,
        created_at: fields.time("created_at")?,
        resource: None,
        joined: Position::ZERO,
    })
}

// Includes members who left: their messages are still shown.
const ALL_PROFILES: &str = "SELECT account, profile, created_at, updated_at FROM accounts
    WHERE tenant = $1 AND account IN (
        SELECT $2 UNION
        SELECT other.account FROM members AS own
        JOIN members AS other ON other.tenant = own.tenant AND other.conversation = own.conversation
            AND other.subscribed_at = 0
        WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active')
        AND profile IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM blocks
            WHERE blocks.tenant = $1 AND blocks.account = $2 AND blocks.other = accounts.account AND blocks.blocked)
    ORDER BY account";

async fn all_profiles<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Vec<ProfileNotice>, StoreError> {
    profile_notices(rot, tenant, &fetch::<B>(connection, ALL_PROFILES, [tenant.into(), account.into()]).await?)
}

/// The account, and the cursor since which it missed things.
struct Missed<'q> {
    rot: &'q Rot,
    bounds: &'q Bounds,
    tenant: &'q TenantId,
    account: &'q AccountId,
    since: Cursor,
}

impl Missed<'_> {
    fn values(&self) -> Vec<Value> {
        vec![self.tenant.into(), self.account.into(), Value::number(self.since.tick)]
    }

    /// The streams that changed, or are new to the account, with their heads.
    async fn heads<B: Backend>(&self, connection: &mut B::Connection) -> Result<Vec<(StreamId, Position)>, StoreError> {
        const HEADS: &str = "SELECT streams.stream, streams.position FROM members AS own
            JOIN streams ON streams.tenant = own.tenant AND streams.stream = 'conversation/' || own.conversation
            WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active'
                AND (streams.tick >= $3 OR own.tick >= $3)
            UNION ALL
            SELECT stream, position FROM streams
            WHERE tenant = $1 AND stream = 'account/' || $2 AND tick >= $3";
        let rows = fetch::<B>(connection, HEADS, self.values()).await?;
        self.rot.readable(self.tenant, Whose::EachRows, &rows, |row| {
            let fields = Fields::of("streams", row);
            Ok((fields.stream()?, fields.position("position")?))
        })
    }

    /// The conversations to which the account was invited or has asked to join.
    async fn outside<B: Backend>(&self, connection: &mut B::Connection) -> Result<Vec<ConversationId>, StoreError> {
        const OUTSIDE: &str = "SELECT conversation FROM members
            WHERE tenant = $1 AND account = $2 AND tick >= $3 AND status IN ('invited', 'requested')";
        let rows = fetch::<B>(connection, OUTSIDE, self.values()).await?;
        self.rot.readable(self.tenant, Whose::EachRows, &rows, |row| Fields::of("members", row).conversation())
    }

    /// The deleted conversations of which the account was no longer a member.
    async fn deleted<B: Backend>(
        &self,
        connection: &mut B::Connection,
    ) -> Result<BTreeSet<ConversationId>, StoreError> {
        const DELETED: &str = "SELECT own.conversation FROM members AS own
            JOIN conversations ON conversations.tenant = own.tenant AND conversations.conversation = own.conversation
            JOIN streams ON streams.tenant = own.tenant AND streams.stream = 'conversation/' || own.conversation
            WHERE own.tenant = $1 AND own.account = $2 AND own.status <> 'active'
                AND conversations.state = 'deleted' AND streams.tick >= $3";
        let rows = fetch::<B>(connection, DELETED, self.values()).await?;
        rows.iter().map(|row| Fields::of("members", row).conversation()).collect()
    }

    async fn revoked<B: Backend>(
        &self,
        connection: &mut B::Connection,
    ) -> Result<Vec<(ConversationId, MemberStatus, Position)>, StoreError> {
        const REVOKED: &str = "SELECT conversation, status, position FROM members
            WHERE tenant = $1 AND account = $2 AND tick >= $3 AND status NOT IN ('active', 'invited', 'requested')
            ORDER BY conversation";
        let rows = fetch::<B>(connection, REVOKED, self.values()).await?;
        self.rot.readable(self.tenant, Whose::EachRows, &rows, |row| {
            let fields = Fields::of("members", row);
            Ok((fields.conversation()?, fields.status()?, fields.position("position")?))
        })
    }

    /// Receipts that moved: the account's own and, for members of a small conversation, those of all members;
    /// in a direct conversation, unless that member has blocked the other.
    async fn receipts<B: Backend>(&self, connection: &mut B::Connection) -> Result<Vec<MemberReceipt>, StoreError> {
        const RECEIPTS: &str = "SELECT receipts.conversation AS conversation, receipts.account AS account,
                receipts.delivered, receipts.read
            FROM members AS own
            JOIN receipts ON receipts.tenant = own.tenant AND receipts.conversation = own.conversation
                AND receipts.account = own.account
            WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active' AND receipts.tick >= $3
            UNION ALL
            SELECT receipts.conversation, receipts.account, receipts.delivered, receipts.read
            FROM members AS own
            JOIN conversations ON conversations.tenant = own.tenant
                AND conversations.conversation = own.conversation
            JOIN receipts ON receipts.tenant = own.tenant AND receipts.conversation = own.conversation
                AND receipts.account <> own.account AND receipts.tick >= $3 AND NOT receipts.subscriber
            WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active' AND own.subscribed_at = 0
                AND conversations.member_count <= $4
                AND NOT (conversations.member_count = 2 AND EXISTS (SELECT 1 FROM blocks
                    WHERE blocks.tenant = $1 AND blocks.account = $2 AND blocks.other = receipts.account
                        AND blocks.blocked))
            ORDER BY conversation, account";
        let values = [self.values(), vec![self.bounds.receipt_members_max.into()]].concat();
        member_receipts(self.rot, self.tenant, &fetch::<B>(connection, RECEIPTS, values).await?)
    }

    /// Profiles of everybody in a conversation that is new to the account, of everybody new in a conversation,
    /// changed ones, and those of accounts it no longer blocks. The query starts from the few that changed in
    /// the tenant rather than from the many that the account knows. (In SQLite, CROSS JOIN fixes the order of
    /// the tables.)
    async fn profiles<B: Backend>(&self, connection: &mut B::Connection) -> Result<Vec<ProfileNotice>, StoreError> {
        const PROFILES: &str = "SELECT account, profile, created_at, updated_at FROM accounts
            WHERE tenant = $1 AND account IN (
                SELECT other.account FROM members AS own
                JOIN members AS other ON other.tenant = own.tenant AND other.conversation = own.conversation
                    AND other.subscribed_at = 0
                WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active' AND own.tick >= $3
                UNION
                SELECT other.account FROM members AS own
                JOIN members AS other ON other.tenant = own.tenant AND other.conversation = own.conversation
                    AND other.tick >= $3 AND other.subscribed_at = 0
                WHERE own.tenant = $1 AND own.account = $2 AND own.status = 'active'
                UNION
                SELECT changed.account FROM accounts AS changed
                WHERE changed.tenant = $1 AND changed.tick >= $3 AND (changed.account = $2 OR EXISTS (
                    SELECT 1 FROM members AS other CROSS JOIN members AS own
                    WHERE other.tenant = $1 AND other.account = changed.account AND other.subscribed_at = 0
                        AND own.tenant = $1 AND own.conversation = other.conversation AND own.account = $2
                        AND own.status = 'active'))
                UNION
                SELECT lifted.other FROM blocks AS lifted
                WHERE lifted.tenant = $1 AND lifted.account = $2 AND lifted.tick >= $3 AND NOT lifted.blocked)
                AND profile IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM blocks
                    WHERE blocks.tenant = $1 AND blocks.account = $2 AND blocks.other = accounts.account
                        AND blocks.blocked)
            ORDER BY account";
        profile_notices(self.rot, self.tenant, &fetch::<B>(connection, PROFILES, self.values()).await?)
    }
}
