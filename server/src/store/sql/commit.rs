//! Writing entries: several streams in one transaction, each of them completely or not at all. The head of a
//! stream decides which of two commits was first.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    ids::{DocumentId, StreamId, TenantId},
    journal::{ChainHash, Position},
    model::Profile,
    wire,
};

use super::{
    Backend, Insert, Tick, Value,
    backend::{fetch, insert},
    contact::{self, BLOCKS, CONTACT_ACCOUNTS, REACHABILITY},
    delivery::{self, DELIVERIES},
    erasure,
    held::{self, HELD_MESSAGES},
    journal::BACKLOG_STEP,
    name,
    request::{self, REQUESTS},
    row::Fields,
    search::{self, DIRECTORY_WORDS},
    subscription,
    thread::{self, THREADS},
    webhook,
};
use crate::store::{CommitOutcome, Notice, StoreError, StreamCommit};

/// The tick of a write transaction.
pub(super) async fn next_tick<B: Backend>(connection: &mut B::Connection) -> Result<Tick, StoreError> {
    let mut rows = fetch::<B>(connection, B::TICK, []).await?;
    if rows.is_empty() {
        B::resume(connection).await?;
        rows = fetch::<B>(connection, B::TICK, []).await?;
    }
    let row = rows.first().ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    Fields::of("clock", row).tick()
}

/// Implements `Store::commit` in one round trip, for the common case: every stream exists, occurs once, keeps
/// its name and directory words, is where its entries were judged, and is not deleted. Otherwise writes nothing
/// and returns none.
pub(in crate::store) async fn commit_at_once<B: Backend>(
    connection: &mut B::Connection,
    node: i64,
    commits: &[StreamCommit],
) -> Result<Option<(Vec<CommitOutcome>, Vec<Notice>)>, StoreError> {
    let heads: BTreeMap<_, _> = commits
        .iter()
        .filter(|commit| commit.expected > Position::ZERO)
        .map(|commit| {
            let head = vec![(&commit.tenant).into(), (&commit.stream).into(), commit.expected.into()];
            ((&commit.tenant, &commit.stream), head)
        })
        .collect();
    let is_plain = |commit: &StreamCommit| {
        commit.name.is_none()
            && commit.words.is_none()
            && !subscription::is_touched(commit)
            && !erasure::is_deleted(commit)
            && !delivery::silences(commit)
    };
    if commits.is_empty() || heads.len() < commits.len() || !commits.iter().all(is_plain) {
        return Ok(None);
    }
    let inserts = rows(Tick(0), node, commits).into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    let untold = untold(commits).into_iter().cloned().collect();
    if !B::commit_at_once(connection, heads.into_values().collect(), untold, inserts).await? {
        return Ok(None);
    }
    Ok(Some((vec![CommitOutcome::Committed; commits.len()], notices(commits))))
}

/// Implements `Store::commit`, within a write transaction. Returns the notices for other nodes too.
pub(in crate::store) async fn commit<B: Backend>(
    connection: &mut B::Connection,
    node: i64,
    commits: &[StreamCommit],
) -> Result<(Vec<CommitOutcome>, Vec<Notice>), StoreError> {
    let tick = next_tick::<B>(connection).await?;
    open_streams::<B>(connection, tick, commits).await?;
    let mut heads = lock_heads::<B>(connection, commits).await?;
    let taken = name::claim::<B>(connection, renaming(commits, &heads)).await?;
    let told = webhook::told_among::<B>(connection, &untold(commits)).await?;
    let mut outcomes = Vec::with_capacity(commits.len());
    let mut admitted = Vec::with_capacity(commits.len());
    for commit in commits {
        debug_assert!(!commit.entries.is_empty() || !commit.subscribers.is_empty(), "a commit writes something");
        let key = (&commit.tenant, &commit.stream);
        let head = heads.entry(key).or_default();
        if *head != commit.expected {
            outcomes.push(CommitOutcome::Conflict);
        } else if taken.contains(&key) {
            outcomes.push(CommitOutcome::NameTaken);
        } else if delivery::is_untold(commit) && told.contains(&commit.tenant) {
            outcomes.push(CommitOutcome::EventsWanted);
        } else {
            *head = commit.last();
            admitted.push(commit);
            outcomes.push(CommitOutcome::Committed);
        }
    }
    let moves = subscription::moves::<B>(connection, &admitted).await?;
    for commit in &admitted {
        name::release::<B>(connection, commit).await?;
        search::forget::<B>(connection, commit).await?;
    }
    for (statement, rows) in rows(tick, node, admitted.iter().copied()) {
        insert::<B>(connection, statement, rows).await?;
    }
    subscription::count::<B>(connection, moves).await?;
    for commit in &admitted {
        erasure::note::<B>(connection, commit, tick).await?;
        delivery::silence::<B>(connection, commit).await?;
    }
    Ok((outcomes, notices(admitted)))
}

/// The tenants of commits whose events were not made.
fn untold(commits: &[StreamCommit]) -> BTreeSet<&TenantId> {
    commits.iter().filter(|commit| delivery::is_untold(commit)).map(|commit| &commit.tenant).collect()
}

/// The commits that change a public name and will be written if it is free: only a stream's first commit of a
/// call may rename it.
fn renaming<'c>(commits: &'c [StreamCommit], heads: &Heads<'c>) -> impl Iterator<Item = &'c StreamCommit> {
    let renames = commits.iter().filter(|commit| commit.name.is_some());
    renames
        .filter(|commit| heads.get(&(&commit.tenant, &commit.stream)).copied().unwrap_or_default() == commit.expected)
}

fn notices<'c>(commits: impl IntoIterator<Item = &'c StreamCommit>) -> Vec<Notice> {
    let entries = |commit: &StreamCommit| Notice::Entries {
        tenant: commit.tenant.clone(),
        stream: commit.stream.clone(),
        first: commit.expected.next(),
        last: commit.last(),
        traces: commit.traces.clone(),
    };
    let notices = |commit: &StreamCommit| {
        let entries = (!commit.entries.is_empty()).then(|| entries(commit));
        entries.into_iter().chain(subscription::notice(commit)).collect::<Vec<_>>()
    };
    commits.into_iter().flat_map(notices).collect()
}

impl StreamCommit {
    pub(super) fn last(&self) -> Position {
        Position::new(self.expected.number().saturating_add(self.entries.len() as u64))
    }
}

pub(super) const OPEN_STREAM: Insert = Insert {
    table: "streams",
    joined: None,
    columns: &["tenant", "stream", "position", "page", "tick", "chain"],
    conflict: "ON CONFLICT (tenant, stream) DO NOTHING",
};

/// The row of a stream before its first entry.
pub(super) fn open_row(tenant: &TenantId, stream: &StreamId, tick: Tick) -> Vec<Value> {
    vec![tenant.into(), stream.into(), 0.into(), 0.into(), tick.into(), ChainHash::default().into()]
}

/// Creates the rows of new streams at position zero, so that there is something to lock: of two nodes that
/// create one stream, one waits here.
async fn open_streams<B: Backend>(
    connection: &mut B::Connection,
    tick: Tick,
    commits: &[StreamCommit],
) -> Result<(), StoreError> {
    let created = commits.iter().filter(|commit| commit.expected == Position::ZERO);
    let rows: BTreeMap<_, _> = created
        .map(|commit| {
            let row = open_row(&commit.tenant, &commit.stream, tick);
            ((&commit.tenant, &commit.stream), row)
        })
        .collect();
    insert::<B>(connection, &OPEN_STREAM, rows.into_values().collect()).await?;
    Ok(())
}

/// The current positions of streams.
type Heads<'c> = BTreeMap<(&'c TenantId, &'c StreamId), Position>;

/// Locks the heads of the streams against other writers. In one order everywhere, so that nodes never deadlock.
async fn lock_heads<'c, B: Backend>(
    connection: &mut B::Connection,
    commits: &'c [StreamCommit],
) -> Result<Heads<'c>, StoreError> {
    let mut heads: BTreeMap<&TenantId, BTreeMap<StreamId, &StreamId>> = BTreeMap::new();
    for commit in commits {
        heads.entry(&commit.tenant).or_default().insert(commit.stream.clone(), &commit.stream);
    }
    let mut positions = BTreeMap::new();
    for (tenant, streams) in heads {
        let values = [tenant.into(), Value::keys(streams.keys())];
        for row in fetch::<B>(connection, B::LOCK_HEADS, values).await? {
            let fields = Fields::of("streams", &row);
            if let Some(stream) = streams.get(&fields.stream()?) {
                positions.insert((tenant, *stream), fields.position("position")?);
            }
        }
    }
    Ok(positions)
}

pub(super) const STREAMS: Insert = Insert {
    table: "streams",
    joined: None,
    columns: &["tenant", "stream", "position", "page", "tick", "chain"],
    conflict: "ON CONFLICT (tenant, stream) DO UPDATE
        SET position = excluded.position, page = excluded.page, tick = excluded.tick, chain = excluded.chain",
};

const JOURNAL: Insert = Insert {
    table: "journal",
    joined: None,
    columns: &[
        "tenant",
        "stream",
        "position",
        "tick",
        "author",
        "deletes",
        "account",
        "document",
        "administrator",
        "accepted_at",
        "node",
        "hash",
        "chain",
        "change",
    ],
    conflict: "",
};

pub(super) const DOCUMENTS: Insert = Insert {
    table: "documents",
    joined: None,
    columns: &["tenant", "document", "entries", "backlog"],
    conflict: "ON CONFLICT (tenant, document) DO UPDATE SET
        entries = documents.entries + excluded.entries,
        backlog = (documents.entries + excluded.entries - documents.snapshot_entries) / 16",
};

pub(super) const CONVERSATIONS: Insert = Insert {
    table: "conversations",
    joined: None,
    columns: &[
        "tenant",
        "conversation",
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
    conflict: "ON CONFLICT (tenant, conversation) DO UPDATE SET
        kind = excluded.kind, title = excluded.title, state = excluded.state,
        member_count = excluded.member_count, some_members = excluded.some_members,
        created_at = excluded.created_at, last_message = excluded.last_message,
        activity_at = excluded.activity_at, listing = excluded.listing,
        resource = excluded.resource,
        deleted_at = CASE WHEN excluded.state = 'deleted' THEN conversations.deleted_at END",
};

// Whoever is a subscriber already keeps the time at which they subscribed.
pub(super) const MEMBERS: Insert = Insert {
    table: "members",
    joined: None,
    columns: &["tenant", "conversation", "account", "role", "status", "position", "joined", "subscribed_at", "tick"],
    conflict: "ON CONFLICT (tenant, conversation, account) DO UPDATE SET
        role = excluded.role, status = excluded.status, position = excluded.position,
        joined = CASE WHEN excluded.joined > 0
                AND (members.status <> 'active' OR (members.subscribed_at = 0 AND excluded.subscribed_at = 0))
            THEN excluded.joined ELSE members.joined END,
        subscribed_at = excluded.subscribed_at, tick = excluded.tick",
};

pub(super) const ACCOUNTS: Insert = Insert {
    table: "accounts",
    joined: None,
    columns: &["tenant", "account", "profile", "created_at", "updated_at", "tick"],
    conflict: "ON CONFLICT (tenant, account) DO UPDATE SET profile = excluded.profile,
        created_at = coalesce(accounts.created_at, excluded.created_at), updated_at = excluded.updated_at,
        tick = excluded.tick",
};

/// Every row of the commits, by table. If two commits of one stream write the same key, the last one wins, so
/// that a key occurs once in a table.
pub(super) fn rows<'c>(
    tick: Tick,
    node: i64,
    commits: impl IntoIterator<Item = &'c StreamCommit>,
) -> Vec<(&'static Insert, Vec<Vec<Value>>)> {
    let mut streams = BTreeMap::new();
    let mut journal = Vec::new();
    let mut documents = BTreeMap::new();
    let mut conversations = BTreeMap::new();
    let mut members = BTreeMap::new();
    let mut accounts = BTreeMap::new();
    let mut threads = BTreeMap::new();
    let mut held_messages = BTreeMap::new();
    let mut blocks = BTreeMap::new();
    let (mut reachability, mut contacts) = (BTreeMap::new(), BTreeMap::new());
    let mut words = BTreeMap::new();
    let mut requests = BTreeMap::new();
    let mut deliveries = Vec::new();
    for commit in commits {
        let (tenant, stream) = (&commit.tenant, &commit.stream);
        if !commit.entries.is_empty() {
            streams.insert((tenant, stream), head_row(tick, commit));
        }
        for new in &commit.entries {
            *documents.entry((tenant, &new.entry.document)).or_insert(0u32) += 1;
        }
        journal.extend(journal_rows(tick, node, commit));
        requests.extend(request::rows(commit));
        match stream {
            StreamId::Conversation(conversation) => {
                deliveries.extend(delivery::rows(commit, *conversation));
                if let Some(row) = conversation_row(commit) {
                    conversations.insert((tenant, *conversation), row);
                }
                if let Some(new) = &commit.words {
                    words.insert((tenant, *conversation), new);
                }
                for (account, row) in member_rows(tick, commit) {
                    members.insert((tenant, *conversation, account), row);
                }
                for (account, row) in subscription::rows(tick, commit, *conversation) {
                    members.insert((tenant, *conversation, account), row);
                }
                for (id, row) in thread::rows(commit, *conversation) {
                    threads.insert((tenant, *conversation, id), row);
                }
                for (message, row) in held::rows(commit, *conversation) {
                    held_messages.insert((tenant, *conversation, message), row);
                }
            }
            StreamId::Account(account) => {
                if let Some(profile) = &commit.profile {
                    let first = accounts.get(&(tenant, account)).and_then(|former: &Profile| former.created_at);
                    let created_at = first.or(profile.created_at);
                    accounts.insert((tenant, account), Profile { created_at, ..profile.clone() });
                }
                for (other, row) in contact::block_rows(tick, commit, account) {
                    blocks.insert((tenant, account, other), row);
                }
                if let Some(row) = contact::reachability_row(commit, account) {
                    reachability.insert((tenant, account), row);
                }
                for (contact, row) in contact::contact_rows(commit, account) {
                    contacts.insert((tenant, account, contact), row);
                }
            }
        }
    }
    let documents = documents.into_iter().map(|((tenant, document), entries)| document_row(tenant, document, entries));
    let accounts = accounts.into_iter().map(|((tenant, account), profile)| {
        let [created_at, updated_at] = [profile.created_at, profile.updated_at].map(Option::unwrap_or_default);
        let profile = wire::encode(&Profile { created_at: None, updated_at: None, ..profile }).into();
        vec![tenant.into(), account.into(), profile, created_at.into(), updated_at.into(), tick.into()]
    });
    vec![
        (&STREAMS, streams.into_values().collect()),
        (&JOURNAL, journal),
        (&DOCUMENTS, documents.collect()),
        (&CONVERSATIONS, conversations.into_values().collect()),
        (&MEMBERS, members.into_values().collect()),
        (&THREADS, threads.into_values().collect()),
        (&HELD_MESSAGES, held_messages.into_values().collect()),
        (&DIRECTORY_WORDS, search::rows(words)),
        (&ACCOUNTS, accounts.collect()),
        (&BLOCKS, blocks.into_values().collect()),
        (&REACHABILITY, reachability.into_values().collect()),
        (&CONTACT_ACCOUNTS, contacts.into_values().collect()),
        (&REQUESTS, requests.into_values().collect()),
        (&DELIVERIES, deliveries),
    ]
}

/// The row of a stream after a commit.
pub(super) fn head_row(tick: Tick, commit: &StreamCommit) -> Vec<Value> {
    let StreamCommit { tenant, stream, page, chain, .. } = commit;
    vec![tenant.into(), stream.into(), commit.last().into(), (*page).into(), tick.into(), (*chain).into()]
}

/// Counts entries of a document that had none.
pub(super) fn document_row(tenant: &TenantId, document: &DocumentId, entries: u32) -> Vec<Value> {
    vec![tenant.into(), document.into(), entries.into(), (entries / BACKLOG_STEP).into()]
}

fn journal_rows(tick: Tick, node: i64, commit: &StreamCommit) -> impl Iterator<Item = Vec<Value>> {
    commit.entries.iter().map(move |new| {
        vec![
            (&commit.tenant).into(),
            (&commit.stream).into(),
            new.entry.position.into(),
            tick.into(),
            Value::Text(new.author.as_ref().map(ToString::to_string)),
            new.entry.deletes.unwrap_or_default().into(),
            (&new.entry.account).into(),
            (&new.entry.document).into(),
            Value::Flag(new.entry.administrator),
            new.entry.accepted_at.into(),
            Value::Number(node),
            new.hash.as_bytes().to_vec().into(),
            new.chain.into(),
            new.entry.change.clone().into(),
        ]
    })
}

fn conversation_row(commit: &StreamCommit) -> Option<Vec<Value>> {
    let row = commit.conversation.as_ref()?;
    Some(vec![
        (&commit.tenant).into(),
        commit.stream.conversation()?.into(),
        row.kind.as_str().into(),
        Value::words(row.title.as_deref()),
        row.state.as_str().into(),
        row.member_count.into(),
        wire::encode(&row.some_members).into(),
        row.created_at.into(),
        Value::Bytes(row.last_message.as_ref().map(wire::encode)),
        row.activity_at().into(),
        Value::Bytes(row.listing.as_ref().map(wire::encode)),
        Value::words(row.resource.as_deref()),
    ])
}

fn member_rows(tick: Tick, commit: &StreamCommit) -> impl Iterator<Item = (&tidings_core::ids::AccountId, Vec<Value>)> {
    let conversation = commit.stream.conversation();
    commit.members.iter().filter_map(move |(account, member)| {
        let row = vec![
            (&commit.tenant).into(),
            conversation?.into(),
            account.into(),
            (&member.role).into(),
            member.status.as_str().into(),
            member.moved_at.unwrap_or(commit.last()).into(),
            member.joined.unwrap_or(Position::ZERO).into(),
            0.into(),
            tick.into(),
        ];
        Some((account, row))
    })
}
