//! Erasures of accounts: their rows, and the deletion of everything that is stored about an account beside
//! conversations. What stays is that it was erased, its devices, and where it was a member.

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::Profile,
    time::WallTime,
    wire,
};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
    commit::next_tick,
    directory, external,
    row::Fields,
};
use crate::{
    bounds::Bounds,
    store::{AccountErasure, StoreError, Suspension},
};

macro_rules! columns {
    () => {
        "tenant, account, requested_at, erased_at, after, found, conversations, messages, reactions, refused"
    };
}

const BEGIN: Insert = Insert {
    table: "account_erasures",
    joined: None,
    columns: &["tenant", "account", "requested_at"],
    conflict: "ON CONFLICT (tenant, account) DO NOTHING",
};

/// Implements `Store::begin_account_erasure`, without sending the notice.
pub(super) async fn begin<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
    now: WallTime,
) -> Result<AccountErasure, StoreError> {
    // The suspension first: its lock is the clock's, so that whoever lifts one comes before this or sees it.
    directory::set_suspension::<B>(connection, tenant, account, Suspension::Suspended).await?;
    insert::<B>(connection, &BEGIN, vec![vec![tenant.into(), account.into(), now.into()]]).await?;
    let begun = find::<B>(connection, tenant, account).await?;
    begun.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM account_erasures WHERE tenant = $1 AND account = $2");

/// Implements `Store::account_erasure`.
pub(super) async fn find<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Option<AccountErasure>, StoreError> {
    let rows = fetch::<B>(connection, FIND, [tenant.into(), account.into()]).await?;
    rows.first().map(|row| read::<B>(row)).transpose()
}

// Of two nodes that found it free, one finds it so when it comes to write.
const LEASE: &str = concat!(
    "UPDATE account_erasures SET leased_until = $2
    WHERE erased_at IS NULL AND leased_until <= $1 AND (tenant, account) IN (
        SELECT tenant, account FROM account_erasures WHERE erased_at IS NULL AND leased_until <= $1
        ORDER BY requested_at, tenant, account LIMIT 1)
    RETURNING ",
    columns!()
);

/// Implements `Store::lease_account_erasure`.
pub(super) async fn lease<B: Backend>(
    connection: &mut B::Connection,
    now: WallTime,
    until: WallTime,
) -> Result<Option<AccountErasure>, StoreError> {
    let rows = fetch::<B>(connection, LEASE, [now.into(), until.into()]).await?;
    rows.first().map(|row| read::<B>(row)).transpose()
}

const ADVANCE: &str = "UPDATE account_erasures SET leased_until = $3, after = $4, found = $5, conversations = $6,
        messages = $7, reactions = $8, refused = $9
    WHERE tenant = $1 AND account = $2 AND erased_at IS NULL";

/// Implements `Store::advance_account_erasure`.
pub(super) async fn advance<B: Backend>(
    connection: &mut B::Connection,
    erasure: &AccountErasure,
    until: WallTime,
) -> Result<(), StoreError> {
    let AccountErasure { tenant, account, after, found, conversations, messages, reactions, refused, .. } = erasure;
    let after = Value::Text(after.map(|after| after.to_string()));
    let mut values: Vec<Value> = vec![tenant.into(), account.into(), until.into(), after];
    values.extend([found, conversations, messages, reactions, refused].map(|count| Value::number(*count)));
    fetch::<B>(connection, ADVANCE, values).await?;
    Ok(())
}

fn read<B: Backend>(row: &B::Row) -> Result<AccountErasure, StoreError> {
    let fields = Fields::of("account_erasures", row);
    let after = fields.words("after")?;
    Ok(AccountErasure {
        tenant: fields.tenant()?,
        account: fields.account()?,
        requested_at: fields.time("requested_at")?,
        erased_at: fields.maybe_time("erased_at")?,
        after: match after {
            Some(_) => Some(fields.parse("after", ConversationId::parse)?),
            None => None,
        },
        found: fields.number("found")?,
        conversations: fields.number("conversations")?,
        messages: fields.number("messages")?,
        reactions: fields.number("reactions")?,
        refused: fields.number("refused")?,
    })
}

const OPEN: &str = "SELECT 1 FROM account_erasures WHERE tenant = $1 AND account = $2 AND erased_at IS NULL";

/// Rows of which an account may have very many, some at a time.
const MANY: [&str; 2] = [
    "DELETE FROM receipts WHERE (tenant, conversation, account) IN (
        SELECT tenant, conversation, account FROM receipts WHERE tenant = $1 AND account = $2
            AND conversation IN (SELECT conversation FROM members WHERE tenant = $1 AND account = $2) LIMIT $3)
    RETURNING account",
    "DELETE FROM requests WHERE (tenant, account, key) IN (
        SELECT tenant, account, key FROM requests WHERE tenant = $1 AND account = $2 LIMIT $3)
    RETURNING account",
];

/// What an account keeps for itself has bounds, and so have its stream and what its tokens said.
const FEW: [&str; 4] = [
    "DELETE FROM blocks WHERE tenant = $1 AND account = $2",
    "DELETE FROM reachability WHERE tenant = $1 AND account = $2",
    "DELETE FROM contact_accounts WHERE tenant = $1 AND account = $2",
    "DELETE FROM contact_points WHERE tenant = $1 AND account = $2",
];

/// The end of the id of each of its messages is the account, behind a dot.
const WORDS: &str = "UPDATE webhook_deliveries SET words = NULL
    WHERE tenant = $1 AND words IS NOT NULL AND message IS NOT NULL
        AND substr(message, length(message) - length($2) + 1) = $2";

// Moves the head, so that anything decided before conflicts and is decided again.
const BURY: &str = "UPDATE streams SET position = position + 1, page = 0 WHERE tenant = $1 AND stream = $2";
const ENTRIES: &str = "DELETE FROM journal WHERE tenant = $1 AND stream = $2";
// Documents first: whoever saves a snapshot then finds its document gone, and saves none.
const OF_DOCUMENTS: [&str; 3] = [
    "DELETE FROM documents WHERE tenant = $1 AND document IN (SELECT key FROM json_each($2))",
    "DELETE FROM snapshots WHERE tenant = $1 AND document IN (SELECT key FROM json_each($2))",
    "DELETE FROM quarantine WHERE tenant = $1 AND document IN (SELECT key FROM json_each($2))",
];
const PROFILE: &str = "UPDATE accounts SET profile = $3, updated_at = $4, tick = $5
    WHERE tenant = $1 AND account = $2 AND profile IS NOT NULL";
const DONE: &str = "UPDATE account_erasures SET erased_at = $3 WHERE tenant = $1 AND account = $2";

/// Implements `Store::erase_account`, within a write transaction.
pub(super) async fn erase<B: Backend>(
    connection: &mut B::Connection,
    bounds: &Bounds,
    tenant: &TenantId,
    account: &AccountId,
    now: WallTime,
) -> Result<bool, StoreError> {
    let (stream, rows_max) = (StreamId::Account(account.clone()), bounds.erased_rows_max);
    let tick = next_tick::<B>(connection).await?;
    // Nobody else writes or erases the stream until this ends.
    fetch::<B>(connection, B::LOCK_HEADS, [tenant.into(), Value::keys([&stream])]).await?;
    let own = || vec![tenant.into(), account.into()];
    if fetch::<B>(connection, OPEN, own()).await?.is_empty() {
        return Ok(true);
    }
    for statement in MANY {
        let deleted = fetch::<B>(connection, statement, [own(), vec![rows_max.into()]].concat()).await?;
        if deleted.len() >= rows_max as usize {
            return Ok(false);
        }
    }
    for statement in FEW {
        fetch::<B>(connection, statement, own()).await?;
    }
    let ending = Value::Text(Some(format!(".{account}")));
    fetch::<B>(connection, WORDS, [tenant.into(), ending]).await?;
    external::release::<B>(connection, tenant, &stream).await?;
    for statement in [BURY, ENTRIES] {
        fetch::<B>(connection, statement, [tenant.into(), (&stream).into()]).await?;
    }
    for statement in OF_DOCUMENTS {
        fetch::<B>(connection, statement, [tenant.into(), documents(account)]).await?;
    }
    // Not null: whoever was told the former one is told that there is none.
    let profile = wire::encode(&Profile::default()).into();
    fetch::<B>(connection, PROFILE, [own(), vec![profile, now.into(), tick.into()]].concat()).await?;
    fetch::<B>(connection, DONE, [own(), vec![now.into()]].concat()).await?;
    Ok(true)
}

fn documents(account: &AccountId) -> Value {
    use tidings_core::ids::DocumentId::{Account, Home};
    Value::keys([Account(account.clone()), Home(account.clone())])
}

const ERASED: &str = "SELECT 1 FROM account_erasures WHERE tenant = $1 AND account = $2 AND erased_at IS NOT NULL";

const ROWS_LEFT: &str = "SELECT (SELECT count(*) FROM receipts WHERE tenant = $1 AND account = $2
        AND conversation IN (SELECT conversation FROM members WHERE tenant = $1 AND account = $2))
    + (SELECT count(*) FROM requests WHERE tenant = $1 AND account = $2)
    + (SELECT count(*) FROM blocks WHERE tenant = $1 AND account = $2)
    + (SELECT count(*) FROM reachability WHERE tenant = $1 AND account = $2)
    + (SELECT count(*) FROM contact_accounts WHERE tenant = $1 AND account = $2)
    + (SELECT count(*) FROM contact_points WHERE tenant = $1 AND account = $2)
    + (SELECT count(*) FROM documents WHERE tenant = $1 AND document IN (SELECT key FROM json_each($3)))
    + (SELECT count(*) FROM snapshots WHERE tenant = $1 AND document IN (SELECT key FROM json_each($3)))
    + (SELECT count(*) FROM quarantine WHERE tenant = $1 AND document IN (SELECT key FROM json_each($3)))
    AS rows_left";

/// The number of rows that are left of an account that was erased; none if it was not.
pub(super) async fn rows_left<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<Option<u64>, StoreError> {
    if fetch::<B>(connection, ERASED, [tenant.into(), account.into()]).await?.is_empty() {
        return Ok(None);
    }
    let rows = fetch::<B>(connection, ROWS_LEFT, [tenant.into(), account.into(), documents(account)]).await?;
    rows.first().map(|row| Fields::of("account_erasures", row).number("rows_left")).transpose()
}
