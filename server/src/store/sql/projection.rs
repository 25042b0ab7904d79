//! The tables derived from the journal: compares their stored rows with those that the entries state. Differing
//! rows are deleted, and rewritten by the statements that commits use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use tidings_core::{
    ids::{ConversationId, StreamId, TenantId},
    journal::Position,
    model::{ConversationKind, MemberStatus, Role},
};

use super::{
    Backend, Insert, ReadRow, SqlStore, Tick, Value,
    backend::{fetch, insert},
    commit::{
        self, ACCOUNTS, CONVERSATIONS, DOCUMENTS, MEMBERS, OPEN_STREAM, STREAMS, document_row, next_tick, open_row,
    },
    contact::{BLOCKS, CONTACT_ACCOUNTS, REACHABILITY},
    erasure,
    journal::entries_after,
    name::{self, CLAIM},
    row::Fields,
    search::DIRECTORY_WORDS,
    thread::THREADS,
};
use crate::{
    clock,
    store::{OddRow, Oddity, Projections, Restate, RottenRow, Stated, StoreError},
};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;

/// A table derived from the journal.
struct Projection {
    /// The statement with which commits write it.
    insert: &'static Insert,
    /// Selects a stream's rows: `$2` is the stream's id and `$3`, where used, the keys that the entries state.
    scope: &'static str,
    /// The column that identifies a row within a stream.
    key: &'static str,
    /// The columns that follow from the entries.
    compared: &'static [&'static str],
    /// Deletes the row with key `$3`, where writing it does not replace all of it.
    remove: Remove,
}

/// How a wrong row is removed.
enum Remove {
    /// Commits replace it; a row that no entry states is deleted by this statement.
    Unstated(&'static str),
    /// Always deleted by this statement.
    Always(&'static str),
}

const PROJECTIONS: [Projection; 11] = [
    Projection {
        insert: &STREAMS,
        // A stream that was created and then not written has a row and no entry.
        scope: "stream = $2 AND position > 0",
        key: "stream",
        compared: &["position", "page", "chain"],
        remove: Remove::Unstated("DELETE FROM streams WHERE tenant = $1 AND stream = $2 AND stream = $3"),
    },
    Projection {
        insert: &DOCUMENTS,
        scope: "$2 <> '' AND document IN (SELECT key FROM json_each($3))",
        key: "document",
        compared: &["entries"],
        // Its snapshot count starts anew, and the job makes another snapshot.
        remove: Remove::Always("DELETE FROM documents WHERE tenant = $1 AND $2 <> '' AND document = $3"),
    },
    Projection {
        insert: &CONVERSATIONS,
        scope: "conversation = $2",
        key: "conversation",
        compared: &[
            "kind",
            "title",
            "state",
            "member_count",
            "some_members",
            "created_at",
            "last_message",
            "activity_at",
            "listing",
            "resource",
        ],
        remove: Remove::Unstated("DELETE FROM conversations WHERE tenant = $1 AND conversation = $2 AND $3 <> ''"),
    },
    Projection {
        insert: &MEMBERS,
        // A subscriber's row follows from no entry, unless one lists its account as a member.
        scope: "conversation = $2 AND (subscribed_at = 0 OR account IN (SELECT key FROM json_each($3)))",
        key: "account",
        compared: &["role", "status", "position", "joined", "subscribed_at"],
        remove: Remove::Always("DELETE FROM members WHERE tenant = $1 AND conversation = $2 AND account = $3"),
    },
    Projection {
        insert: &THREADS,
        scope: "conversation = $2",
        key: "thread",
        compared: &["parent", "counted"],
        remove: Remove::Unstated("DELETE FROM threads WHERE tenant = $1 AND conversation = $2 AND thread = $3"),
    },
    Projection {
        insert: &CLAIM,
        scope: "(conversation = $2 OR name IN (SELECT key FROM json_each($3)))",
        key: "name",
        compared: &["conversation"],
        remove: Remove::Always("DELETE FROM public_names WHERE tenant = $1 AND $2 <> '' AND name = $3"),
    },
    Projection {
        insert: &DIRECTORY_WORDS,
        scope: "conversation = $2",
        key: "word",
        compared: &[],
        remove: Remove::Unstated("DELETE FROM directory_words WHERE tenant = $1 AND conversation = $2 AND word = $3"),
    },
    Projection {
        insert: &ACCOUNTS,
        scope: "account = $2 AND profile IS NOT NULL",
        key: "account",
        compared: &["profile", "created_at", "updated_at"],
        // Suspensions are the operator's.
        remove: Remove::Always(
            "UPDATE accounts SET profile = NULL, created_at = NULL, updated_at = NULL
            WHERE tenant = $1 AND account = $2 AND account = $3",
        ),
    },
    Projection {
        insert: &BLOCKS,
        scope: "account = $2",
        key: "other",
        compared: &["blocked"],
        remove: Remove::Unstated("DELETE FROM blocks WHERE tenant = $1 AND account = $2 AND other = $3"),
    },
    Projection {
        insert: &REACHABILITY,
        scope: "account = $2",
        key: "account",
        compared: &["reachability"],
        remove: Remove::Unstated("DELETE FROM reachability WHERE tenant = $1 AND account = $2 AND account = $3"),
    },
    Projection {
        insert: &CONTACT_ACCOUNTS,
        scope: "account = $2",
        key: "contact",
        compared: &["other"],
        remove: Remove::Unstated("DELETE FROM contact_accounts WHERE tenant = $1 AND account = $2 AND contact = $3"),
    },
];

#[async_trait]
impl<B: Backend> Projections for SqlStore<B> {
    async fn compare(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError> {
        self.patience
            .bound(async {
                let mut reader = self.reader().await?;
                let mut moment = reader.begin(B::BEGIN_READ).await?;
                let odd = compare::<B>(&mut moment, restate).await?;
                if odd.is_empty() {
                    self.rot.heal(restate.tenant(), restate.stream());
                }
                Ok(odd)
            })
            .await
    }

    async fn mend(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError> {
        self.patience
            .bound(async {
                let mut writer = self.writer().await?;
                let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
                let mended = mend::<B>(&mut transaction, restate).await?;
                transaction.commit().await?;
                self.rot.heal(restate.tenant(), restate.stream());
                Ok(mended)
            })
            .await
    }

    async fn rotten(&self) -> RottenRow {
        self.rot.next().await
    }
}

async fn compare<B: Backend>(
    connection: &mut B::Connection,
    restate: &mut dyn Restate,
) -> Result<Vec<OddRow>, StoreError> {
    bring_up::<B>(connection, restate).await?;
    let stated = restate.stated();
    let rows = stated_rows(Tick(0), &stated);
    let mut odd = Vec::new();
    for projection in &PROJECTIONS {
        odd.extend(projection.odd_rows::<B>(connection, &stated, rows_of(&rows, projection)).await?);
    }
    odd.extend(miscounted::<B>(connection, &stated).await?);
    Ok(odd)
}

async fn mend<B: Backend>(
    connection: &mut B::Connection,
    restate: &mut dyn Restate,
) -> Result<Vec<OddRow>, StoreError> {
    let tick = next_tick::<B>(connection).await?;
    lock::<B>(connection, restate, tick).await?;
    bring_up::<B>(connection, restate).await?;
    let stated = restate.stated();
    let rows = stated_rows(tick, &stated);
    let mut mended = Vec::new();
    for projection in &PROJECTIONS {
        let rows = rows_of(&rows, projection);
        let odd = projection.odd_rows::<B>(connection, &stated, rows).await?;
        projection.replace::<B>(connection, &stated, rows, &odd).await?;
        mended.extend(odd);
    }
    if let Some(odd) = miscounted::<B>(connection, &stated).await? {
        recount::<B>(connection, &stated).await?;
        mended.push(odd);
    }
    if !mended.is_empty() {
        erasure::wait_from::<B>(connection, &stated.commit, clock::wall_now(), tick).await?;
        stamp::<B>(connection, &stated, tick).await?;
    }
    Ok(mended)
}

/// Locks the stream. A stream whose row is lost gets one.
async fn lock<B: Backend>(connection: &mut B::Connection, restate: &dyn Restate, tick: Tick) -> Result<(), StoreError> {
    let (tenant, stream) = (restate.tenant(), restate.stream());
    if restate.head().position > Position::ZERO {
        insert::<B>(connection, &OPEN_STREAM, vec![open_row(tenant, stream, tick)]).await?;
    }
    fetch::<B>(connection, B::LOCK_HEADS, [tenant.into(), Value::keys([stream])]).await?;
    Ok(())
}

/// Applies the last entries. A journal that ends before the stream does is damaged, because what its last
/// entries stated cannot be rebuilt. So is one whose entries do not match its chain: `verify` says from
/// where on.
async fn bring_up<B: Backend>(connection: &mut B::Connection, restate: &mut dyn Restate) -> Result<(), StoreError> {
    const POSITION: &str = "SELECT position FROM streams WHERE tenant = $1 AND stream = $2";
    const CHAIN: &str = "SELECT chain FROM journal WHERE tenant = $1 AND stream = $2 AND position = $3";
    let (tenant, stream) = (restate.tenant().clone(), restate.stream().clone());
    loop {
        let entries = entries_after::<B>(connection, &tenant, &stream, restate.head().position, ENTRIES_MAX).await?;
        if entries.is_empty() {
            break;
        }
        entries.iter().try_for_each(|entry| restate.take(entry))?;
    }
    let rows = fetch::<B>(connection, POSITION, [(&tenant).into(), (&stream).into()]).await?;
    let position = rows.first().and_then(|row| u64::try_from(row.number("position").ok()?).ok());
    let head = restate.head();
    if position.is_some_and(|position| position > head.position.number()) {
        let detail = "the journal ends before it".to_owned();
        return Err(StoreError::Damaged { stream, position: head.position.next(), detail });
    }
    let rows = fetch::<B>(connection, CHAIN, [(&tenant).into(), (&stream).into(), head.position.into()]).await?;
    let chain = rows.first().map(|row| Fields::of("journal", row).chain().ok());
    if chain.is_some_and(|chain| chain != Some(head.chain)) {
        let detail = "the entries up to it are not those of its chain".to_owned();
        return Err(StoreError::Damaged { stream, position: head.position, detail });
    }
    Ok(())
}

/// Rows by table.
type Rows = BTreeMap<&'static str, Vec<Vec<Value>>>;

fn rows_of<'r>(rows: &'r Rows, projection: &Projection) -> &'r [Vec<Value>] {
    rows.get(projection.insert.table).map_or(&[], Vec::as_slice)
}

/// Every row that the entries state, as a commit would write it.
fn stated_rows(tick: Tick, stated: &Stated) -> Rows {
    let Stated { commit, documents } = stated;
    let tenant = &commit.tenant;
    let mut rows: Rows =
        commit::rows(tick, 0, [commit]).into_iter().map(|(insert, rows)| (insert.table, rows)).collect();
    if commit.last() > Position::ZERO {
        rows.insert(STREAMS.table, vec![commit::head_row(tick, commit)]);
    }
    let documents = documents.iter().map(|(document, entries)| document_row(tenant, document, *entries));
    rows.insert(DOCUMENTS.table, documents.collect());
    rows.insert(CLAIM.table, name::claim_row(commit).into_iter().collect());
    rows
}

/// The id by which a projection scopes a stream's rows.
fn owner(projection: &Projection, stream: &StreamId) -> Option<Value> {
    let is_heads = projection.insert.table == STREAMS.table || projection.insert.table == DOCUMENTS.table;
    let is_accounts = projection.scope.starts_with("account");
    match stream {
        stream if is_heads => Some(stream.into()),
        StreamId::Account(account) => is_accounts.then(|| account.into()),
        StreamId::Conversation(conversation) => (!is_accounts).then(|| (*conversation).into()),
    }
}

impl Projection {
    /// The index of a column in the rows that are written.
    fn place(&self, column: &str) -> usize {
        self.insert.columns.iter().position(|other| *other == column).expect("a projection names columns it writes")
    }

    fn key_of(&self, row: &[Value]) -> String {
        match &row[self.place(self.key)] {
            Value::Text(Some(key)) => key.clone(),
            _ => String::new(),
        }
    }

    /// Finds the rows that differ from what the entries state.
    async fn odd_rows<B: Backend>(
        &self,
        connection: &mut B::Connection,
        stated: &Stated,
        rows: &[Vec<Value>],
    ) -> Result<Vec<OddRow>, StoreError> {
        let Some(owner) = owner(self, &stated.commit.stream) else { return Ok(Vec::new()) };
        let mut missing: BTreeMap<String, &Vec<Value>> = rows.iter().map(|row| (self.key_of(row), row)).collect();
        let columns: Vec<&str> = std::iter::once(self.key).chain(self.compared.iter().copied()).collect();
        let table = self.insert.table;
        let sql = format!("SELECT {} FROM {table} WHERE tenant = $1 AND {}", columns.join(", "), self.scope);
        let mut values = vec![(&stated.commit.tenant).into(), owner];
        if self.scope.contains("$3") {
            values.push(Value::keys(missing.keys()));
        }
        let mut odd = Vec::new();
        for row in fetch::<B>(connection, AssertSqlSafe(sql), values).await? {
            let key = row.text(self.key).ok().flatten().unwrap_or_default();
            let oddity = match missing.remove(&key) {
                None => Some(Oddity::Unstated),
                Some(right) => {
                    let differing = self.differing(stated, right, &row);
                    (!differing.is_empty()).then_some(Oddity::Differs(differing))
                }
            };
            odd.extend(oddity.map(|oddity| OddRow { table, key, oddity }));
        }
        odd.extend(missing.into_keys().map(|key| OddRow { table, key, oddity: Oddity::Missing }));
        Ok(odd)
    }

    /// The columns that differ.
    fn differing<R: ReadRow>(&self, stated: &Stated, right: &[Value], row: &R) -> Vec<&'static str> {
        let is_members = self.insert.table == MEMBERS.table;
        if is_members && !is(&right[self.place("subscribed_at")], &Value::Number(0)) && is_subscribers(row) {
            return Vec::new();
        }
        // Somebody who subscribed before staff listed them joined at a time that no entry states.
        let is_channel = stated.commit.conversation.as_ref().is_some_and(|row| row.kind == ConversationKind::Channel);
        let compared = self.compared.iter().filter(|column| !(is_members && is_channel && **column == "joined"));
        compared.filter(|column| !says(row, column, &right[self.place(column)])).copied().collect()
    }

    /// Rewrites the rows that differ.
    async fn replace<B: Backend>(
        &self,
        connection: &mut B::Connection,
        stated: &Stated,
        rows: &[Vec<Value>],
        odd: &[OddRow],
    ) -> Result<(), StoreError> {
        let Some(owner) = owner(self, &stated.commit.stream) else { return Ok(()) };
        for OddRow { key, oddity, .. } in odd {
            let statement = match (&self.remove, oddity) {
                (_, Oddity::Missing) => continue,
                (Remove::Unstated(_), Oddity::Differs(_)) => continue,
                (Remove::Unstated(statement), Oddity::Unstated) | (Remove::Always(statement), _) => *statement,
            };
            let values = [(&stated.commit.tenant).into(), owner.clone(), Value::Text(Some(key.clone()))];
            fetch::<B>(connection, statement, values).await?;
        }
        let is_odd = |row: &&Vec<Value>| odd.iter().any(|odd| odd.key == self.key_of(row));
        insert::<B>(connection, self.insert, rows.iter().filter(is_odd).cloned().collect()).await?;
        Ok(())
    }
}

/// Returns true if a stored column equals what a commit would write.
fn says<R: ReadRow>(row: &R, column: &str, value: &Value) -> bool {
    match value {
        Value::Text(text) => row.text(column).is_ok_and(|stored| stored == *text),
        Value::Number(number) => row.number(column).is_ok_and(|stored| stored == *number),
        Value::Flag(flag) => row.flag(column).is_ok_and(|stored| stored == *flag),
        Value::Bytes(bytes) => row.bytes(column).is_ok_and(|stored| stored == *bytes),
        Value::Keys(_) => false,
    }
}

fn is(value: &Value, other: &Value) -> bool {
    matches!((value, other), (Value::Number(value), Value::Number(other)) if value == other)
}

/// Returns true if a row is a subscriber's, which follows from no entry.
fn is_subscribers<R: ReadRow>(row: &R) -> bool {
    let status = row.text("status").ok().flatten();
    row.number("subscribed_at").is_ok_and(|at| at > 0)
        && row.text("role").ok().flatten().is_some_and(|role| role == Role::Subscriber.to_string())
        && [MemberStatus::Active, MemberStatus::Left].iter().any(|may| status.as_deref() == Some(may.as_str()))
}

/// The conversation's row, if its number of subscribers is wrong.
async fn miscounted<B: Backend>(connection: &mut B::Connection, stated: &Stated) -> Result<Option<OddRow>, StoreError> {
    const COUNTED: &str = "SELECT conversation FROM conversations
        WHERE tenant = $1 AND conversation = $2 AND subscriber_count <> (SELECT count(*) FROM members
            WHERE members.tenant = $1 AND members.conversation = $2 AND status = 'active' AND subscribed_at > 0)";
    let Some((tenant, conversation)) = of_conversation(stated) else { return Ok(None) };
    let rows = fetch::<B>(connection, COUNTED, [tenant.into(), conversation.into()]).await?;
    let oddity = Oddity::Differs(vec!["subscriber_count"]);
    Ok((!rows.is_empty()).then(|| OddRow { table: CONVERSATIONS.table, key: conversation.to_string(), oddity }))
}

async fn recount<B: Backend>(connection: &mut B::Connection, stated: &Stated) -> Result<(), StoreError> {
    const RECOUNT: &str = "UPDATE conversations SET subscriber_count = (SELECT count(*) FROM members
            WHERE members.tenant = $1 AND members.conversation = $2 AND status = 'active' AND subscribed_at > 0)
        WHERE tenant = $1 AND conversation = $2";
    if let Some((tenant, conversation)) = of_conversation(stated) {
        fetch::<B>(connection, RECOUNT, [tenant.into(), conversation.into()]).await?;
    }
    Ok(())
}

/// Makes catch-ups resend what was rebuilt, to members and to those who have not joined yet.
async fn stamp<B: Backend>(connection: &mut B::Connection, stated: &Stated, tick: Tick) -> Result<(), StoreError> {
    const STREAM: &str = "UPDATE streams SET tick = $3 WHERE tenant = $1 AND stream = $2";
    const OUTSIDE: &str = "UPDATE members SET tick = $3
        WHERE tenant = $1 AND conversation = $2 AND status IN ('invited', 'requested')";
    let (tenant, stream) = (&stated.commit.tenant, &stated.commit.stream);
    fetch::<B>(connection, STREAM, [tenant.into(), stream.into(), tick.into()]).await?;
    if let Some((tenant, conversation)) = of_conversation(stated) {
        fetch::<B>(connection, OUTSIDE, [tenant.into(), conversation.into(), tick.into()]).await?;
    }
    Ok(())
}

fn of_conversation(stated: &Stated) -> Option<(&TenantId, ConversationId)> {
    Some((&stated.commit.tenant, stated.commit.stream.conversation()?))
}
