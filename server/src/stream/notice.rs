//! Notices of other nodes: their entries are read from the store, and everything is fanned out to the sessions
//! of this node. So are entries of its own that may have been committed without an answer.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tidings_core::{
    doc::{Change, Fact, Operation, OperationKind},
    ids::{AccountId, ConversationId, DocumentId, StreamId, TenantId, TimelineId},
    journal::{Entry, Position},
    model::{Conversation, ConversationState},
};
use tokio::time::Instant;

use super::{
    key::StreamKey,
    load::load,
    undelivered::{Run, Undelivered},
};
use crate::{
    drain::Phase,
    live::{Live, fanout},
    store::{Notice, StoreError},
    trace::{Step, Traced},
};

/// Pause after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Publishes notices of other nodes, and what is undelivered, until this one shuts down.
pub(crate) async fn run(live: Arc<Live>, undelivered: Arc<Undelivered>) {
    while live.env.drain.phase() == Phase::Running {
        match live.env.store.notices().await {
            Ok(notices) => {
                for notice in notices {
                    hear(&live, &undelivered, &notice).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the store tells no notices");
                tokio::time::sleep(STORE_RETRY).await;
            }
        }
        // At least every second, because the store reports at least that often, even if there is nothing.
        retry(&live, &undelivered).await;
    }
}

/// Publishes a notice. If the store is unavailable its entries wait for it, and so do later ones of the
/// same stream.
async fn hear(live: &Live, undelivered: &Undelivered, notice: &Notice) {
    let run = run_of(notice);
    if run.as_ref().is_some_and(|(key, run)| undelivered.merge(key, *run)) {
        return;
    }
    let Err(error) = take(live, notice).await else { return };
    tracing::warn!(%error, "a notice of another node was not passed on");
    // Any other error is final, and would be the same next time.
    if let (StoreError::Unavailable(_), Some((key, run))) = (error, run) {
        undelivered.remember(key, run);
    }
}

/// Publishes what is waiting for the store, as far as it answers now.
async fn retry(live: &Live, undelivered: &Undelivered) {
    let mut due = undelivered.drain_due();
    let mut answered = false;
    while let Some((key, run)) = due.pop_first() {
        match publish(live, &key.tenant, &key.stream, run.after, run.last).await {
            Err(StoreError::Unavailable(_)) => {
                due.insert(key, run);
                return undelivered.put_off(due, answered);
            }
            Err(error) => tracing::warn!(%error, stream = %key.stream, "entries were not passed on"),
            Ok(()) => {}
        }
        answered = true;
    }
    if answered {
        undelivered.put_off(due, answered);
    }
}

/// The stream and the run of entries of a notice, if it is about entries.
fn run_of(notice: &Notice) -> Option<(StreamKey, Run)> {
    let Notice::Entries { tenant, stream, first, last, .. } = notice else { return None };
    let key = StreamKey { tenant: tenant.clone(), stream: stream.clone() };
    Some((key, Run { after: Position::new(first.number().saturating_sub(1)), last: *last }))
}

async fn take(live: &Live, notice: &Notice) -> Result<(), StoreError> {
    if !live.sessions.has_tenant(notice.tenant()) {
        return Ok(());
    }
    match notice {
        Notice::Entries { tenant, stream, first, last, traces } => {
            let traced =
                Traced { tenant, stream, positions: Some((*first, *last)), refused: None, since: Instant::now() };
            traces.iter().for_each(|trace| trace.step(Step::Heard, traced));
            let after = Position::new(first.number().saturating_sub(1));
            publish(live, tenant, stream, after, *last).await?;
            traces.iter().for_each(|trace| trace.step(Step::Published, traced));
            Ok(())
        }
        Notice::Subscriptions { tenant, conversation, accounts } => {
            fanout::subscriptions(live, tenant, *conversation, accounts).await
        }
        Notice::Receipts { tenant, receipts } => fanout::receipts(live, tenant, receipts, |_| HashSet::new()).await,
        Notice::Presence { tenant, presence } => fanout::remote_presence(live, tenant, presence).await,
        Notice::Present { tenant, to, present } => {
            fanout::present(live, tenant, to, present);
            Ok(())
        }
        Notice::Suspended { tenant, account } => {
            fanout::suspended(live, tenant, account);
            Ok(())
        }
    }
}

/// Fans out the entries after a position, up to another.
///
/// # Errors
/// When the store cannot be read; sessions then learn of them at their next catch-up.
pub(super) async fn publish(
    live: &Live,
    tenant: &TenantId,
    stream: &StreamId,
    after: Position,
    last: Position,
) -> Result<(), StoreError> {
    if !live.sessions.has_tenant(tenant) {
        return Ok(());
    }
    let (bounds, mut after) = (&live.env.config.node.bounds, after);
    while after < last {
        let entries = live.env.store.entries_after(tenant, stream, after, bounds.entries_read_max).await?;
        let Some(newest) = entries.last() else { return Ok(()) };
        after = newest.position;
        let now = live.env.clock.wall_now().as_millis();
        for entry in &entries {
            let lag = now.saturating_sub(entry.accepted_at.as_millis());
            live.env.metrics.journal_lag_seconds.record(Duration::from_millis(lag));
        }
        match stream {
            StreamId::Conversation(conversation) => publish_conversation(live, tenant, *conversation, entries).await?,
            StreamId::Account(account) => publish_account(live, tenant, account, entries).await?,
        }
    }
    Ok(())
}

async fn publish_conversation(
    live: &Live,
    tenant: &TenantId,
    conversation: ConversationId,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    // Members are read after the entries, so that nobody who was removed by then is sent them.
    let members = live.env.store.active_members(tenant, conversation).await?;
    let facts: Vec<(Fact, Position)> = entries.iter().flat_map(facts_of).collect();
    let is_deletion = facts.iter().any(|(fact, _)| *fact == Fact::State(ConversationState::Deleted));
    let changed = changed_members(facts);
    let stream = StreamId::Conversation(conversation);
    let frames = fanout::entries_frames(&live.env.config.node.bounds, &stream, entries);
    // Accounts that the entries removed get nothing more; those they added are sent the channel's
    // summary instead.
    changed.keys().for_each(|account| live.sessions.unsubscribe(tenant, account, conversation));
    if !changed.is_empty() {
        live.counts_moved.note(tenant, conversation);
    }
    live.sessions.send(tenant, &members, &frames, &HashSet::new());
    live.sessions.send_beside_members(tenant, conversation, &frames, &HashSet::new());
    if is_deletion {
        // Once in the life of a conversation: nothing else notifies those who left it long ago.
        let document = TimelineId::of(conversation).document();
        let (document, _) = load(live.env.store.as_ref(), tenant, &document).await?;
        fanout::deleted(live, tenant, &Conversation::read(&document), conversation).await?;
    }
    let mut added = Vec::new();
    for (account, position) in changed {
        if members.contains(&account) {
            added.push(account);
        } else if let Some(member) = live.env.store.member(tenant, conversation, &account).await? {
            if member.is_subscriber() {
                fanout::subscriptions(live, tenant, conversation, &[account]).await?;
                continue;
            }
            fanout::notify_membership(live, tenant, conversation, &account, member.status, position).await?;
        }
    }
    if added.is_empty() {
        return Ok(());
    }
    fanout::added(live, tenant, conversation, &added, &members, &HashSet::new()).await
}

/// The members that facts touch, each with the last entry that does.
fn changed_members(facts: Vec<(Fact, Position)>) -> BTreeMap<AccountId, Position> {
    let moved = |(fact, position)| match fact {
        Fact::MemberStatus(account, _) => Some((account, position)),
        _ => None,
    };
    facts.into_iter().filter_map(moved).collect()
}

/// The facts of an entry about the conversation itself, with its position.
fn facts_of(entry: &Entry) -> Vec<(Fact, Position)> {
    let is_of_conversation = entry.document.is_conversation();
    let change = is_of_conversation.then(|| Change::parse(&entry.change).ok()).flatten();
    let fact = |operation: &Operation| {
        let (Some(key), OperationKind::Put(value)) = (&operation.key, &operation.kind) else { return None };
        Some((Fact::parse(&entry.document, key, Some(value)).ok()?, entry.position))
    };
    change.iter().flat_map(Change::operations).filter_map(fact).collect()
}

async fn publish_account(
    live: &Live,
    tenant: &TenantId,
    account: &AccountId,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    let profile_changed = entries.iter().any(|entry| matches!(entry.document, DocumentId::Account(_)));
    let frames = fanout::entries_frames(&live.env.config.node.bounds, &StreamId::Account(account.clone()), entries);
    live.sessions.send(tenant, [account], &frames, &HashSet::new());
    if profile_changed { fanout::profile(live, tenant, account).await } else { Ok(()) }
}
