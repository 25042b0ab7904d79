//! Deliveries to webhook endpoints: written with the entries they tell of, leased by the node that sends them, and
//! deleted when they were delivered. In order for each conversation at an endpoint: only the first pending one is
//! leased. The others that are due meanwhile are put off to when the first one is, so that no search passes them
//! again and again.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    ids::{ConversationId, TenantId},
    time::WallTime,
};

use super::{
    Backend, Insert, Value,
    backend::{Joined, fetch},
    row::Fields,
};
use crate::store::{
    Delivery, DeliveryKey, DeliveryOutcome, DeliveryRow, DeliveryState, EventKind, Lane, LeaseTerms, ListPage,
    StoreError, StreamCommit, Toward, WebhookEvent,
};

/// One row for each endpoint that is on and told events of the type: nothing is written for a tenant without one.
pub(super) const DELIVERIES: Insert = Insert {
    table: "webhook_deliveries",
    joined: Some(Joined {
        clause: "JOIN webhook_endpoints AS joined ON joined.tenant = new.tenant AND joined.state = 'on'
            AND (joined.events = '' OR joined.events LIKE '%,' || new.type || ',%')",
        column: "endpoint",
    }),
    columns: &[
        "tenant",
        "conversation",
        "position",
        "ordinal",
        "event",
        "type",
        "lane",
        "accepted_at",
        "since",
        "due_at",
        "body",
        "message",
        "words",
    ],
    conflict: "",
};

/// How long those behind one that is being sent are put off at most.
const BEHIND_LEASED_MS: u64 = 5_000;
/// Rows looked at for each conversation that is wanted.
const ROWS_PER_CONVERSATION: u32 = 16;

/// The rows of a commit, before they are joined with the endpoints.
pub(super) fn rows(commit: &StreamCommit, conversation: ConversationId) -> impl Iterator<Item = Vec<Value>> {
    commit.events.iter().flatten().map(move |event| {
        let WebhookEvent { id, kind, position, ordinal, accepted_at, due_at, body, message, words } = event;
        vec![
            (&commit.tenant).into(),
            conversation.into(),
            (*position).into(),
            (*ordinal).into(),
            Value::words(Some(id)),
            kind.as_str().into(),
            Lane::of(*kind).number().into(),
            (*accepted_at).into(),
            (*due_at).into(),
            (*due_at).into(),
            body.clone().into(),
            Value::Text(message.as_ref().map(ToString::to_string)),
            Value::Bytes(words.clone()),
        ]
    })
}

/// Returns true if the events of a commit were not made.
pub(super) fn is_untold(commit: &StreamCommit) -> bool {
    commit.events.is_none() && !commit.entries.is_empty() && commit.stream.conversation().is_some()
}

/// Returns true if a commit deletes messages of which something may still be told.
pub(super) fn silences(commit: &StreamCommit) -> bool {
    commit.events.is_some() && !commit.silenced.is_empty()
}

const SILENCE: [&str; 2] = [
    "DELETE FROM webhook_deliveries WHERE tenant = $1 AND conversation = $2 AND lane = 1
        AND endpoint IN (SELECT endpoint FROM webhook_endpoints WHERE tenant = $1)
        AND message IN (SELECT key FROM json_each($3))",
    "UPDATE webhook_deliveries SET words = NULL WHERE tenant = $1 AND conversation = $2
        AND endpoint IN (SELECT endpoint FROM webhook_endpoints WHERE tenant = $1)
        AND message IN (SELECT key FROM json_each($3))",
];

/// Deletes the words of deleted messages from what is still to be delivered, and the notifications of them.
pub(super) async fn silence<B: Backend>(
    connection: &mut B::Connection,
    commit: &StreamCommit,
) -> Result<(), StoreError> {
    let Some(conversation) = commit.stream.conversation().filter(|_| silences(commit)) else { return Ok(()) };
    for statement in SILENCE {
        let values = [(&commit.tenant).into(), conversation.into(), Value::keys(&commit.silenced)];
        fetch::<B>(connection, statement, values).await?;
    }
    Ok(())
}

const ENDPOINTS_DUE: &str = "SELECT tenant, endpoint FROM webhook_endpoints AS here WHERE state = 'on' AND EXISTS (
        SELECT 1 FROM webhook_deliveries AS waiting WHERE waiting.tenant = here.tenant
            AND waiting.endpoint = here.endpoint AND waiting.state = 'pending' AND waiting.due_at <= $1)
    ORDER BY tenant, endpoint LIMIT $2";

/// `Store::endpoints_due`.
pub(super) async fn endpoints_due<B: Backend>(
    connection: &mut B::Connection,
    now: WallTime,
    count_max: u32,
) -> Result<Vec<(TenantId, String)>, StoreError> {
    let rows = fetch::<B>(connection, ENDPOINTS_DUE, [now.into(), count_max.into()]).await?;
    let read = |row: &B::Row| {
        let fields = Fields::of("webhook_endpoints", row);
        Ok((fields.tenant()?, fields.words("endpoint")?.unwrap_or_default()))
    };
    rows.iter().map(read).collect()
}

const LANES_DUE: &str = "SELECT conversation, lane, min(due_at) AS due_at FROM (
        SELECT conversation, lane, due_at FROM webhook_deliveries
        WHERE tenant = $1 AND endpoint = $2 AND state = 'pending' AND due_at <= $3
            AND conversation || '/' || lane NOT IN (SELECT key FROM json_each($4))
        ORDER BY due_at LIMIT $5) AS due
    GROUP BY conversation, lane ORDER BY 3";

// The first of each conversation is found by its own search, as there may be any number behind it.
const FIRSTS: &str = "SELECT conversation, position, ordinal, event, type, accepted_at, since, due_at, attempts, lease,
        coalesce(words, body) AS body
    FROM webhook_deliveries WHERE tenant = $1 AND endpoint = $2 AND event IN (
        SELECT (
            SELECT first.event FROM webhook_deliveries AS first
            WHERE first.tenant = $1 AND first.endpoint = $2 AND first.conversation = wanted.key
                AND first.state = 'pending' AND first.lane = $3
            ORDER BY first.position, first.ordinal LIMIT 1)
        FROM json_each($4) AS wanted)
    ORDER BY conversation";

// Of two nodes that found it due, one finds it so when it comes to write.
const TAKE: &str = "UPDATE webhook_deliveries SET due_at = $3, lease = $4
    WHERE tenant = $1 AND endpoint = $2 AND state = 'pending' AND event IN (SELECT key FROM json_each($5))
        AND event || '/' || due_at || '/' || lease IN (SELECT key FROM json_each($6))
    RETURNING event";

const PUT_OFF: &str = "UPDATE webhook_deliveries SET due_at = $4
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND lane = $5 AND state = 'pending' AND due_at < $4
        AND lease = 0";

/// The first pending delivery of each of these conversations in a lane of an endpoint, with when it is due.
async fn firsts<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    lane: Lane,
    conversations: impl IntoIterator<Item = &ConversationId>,
) -> Result<Vec<(Delivery, WallTime)>, StoreError> {
    let wanted: Vec<&ConversationId> = conversations.into_iter().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let values = [tenant.into(), Value::words(Some(endpoint)), lane.number().into(), Value::keys(wanted)];
    let read = |row: &B::Row| {
        let fields = Fields::of("webhook_deliveries", row);
        let key = DeliveryKey {
            tenant: tenant.clone(),
            endpoint: endpoint.to_owned(),
            conversation: fields.conversation()?,
            position: fields.position("position")?,
            ordinal: fields.number("ordinal")?,
        };
        let delivery = Delivery {
            key,
            event: fields.words("event")?.unwrap_or_default(),
            kind: fields.parse("type", |name| EventKind::parse(name).ok_or("not a type of events"))?,
            accepted_at: fields.time("accepted_at")?,
            since: fields.time("since")?,
            attempts: fields.number("attempts")?,
            body: fields.bytes("body")?,
            lease: fields.number("lease")?,
        };
        Ok((delivery, fields.time("due_at")?))
    };
    fetch::<B>(connection, FIRSTS, values).await?.iter().map(read).collect()
}

fn key(key: &DeliveryKey) -> Vec<Value> {
    let DeliveryKey { tenant, endpoint, conversation, position, ordinal } = key;
    vec![tenant.into(), Value::words(Some(endpoint)), (*conversation).into(), (*position).into(), (*ordinal).into()]
}

/// Leases deliveries of an endpoint as they were found, but for those where somebody was faster.
async fn take<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    found: Vec<(Delivery, WallTime)>,
    terms: &LeaseTerms,
) -> Result<Vec<Delivery>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let LeaseTerms { until, lease, .. } = *terms;
    let as_found = |(Delivery { event, lease, .. }, due_at): &(Delivery, WallTime)| {
        format!("{event}/{}/{lease}", due_at.as_millis())
    };
    let values = [
        tenant.into(),
        Value::words(Some(endpoint)),
        until.into(),
        Value::Number(lease),
        Value::keys(found.iter().map(|(delivery, _)| &delivery.event)),
        Value::keys(found.iter().map(as_found)),
    ];
    let taken = events::<B>(&fetch::<B>(connection, TAKE, values).await?)?;
    let found = found.into_iter().map(|(delivery, _)| delivery).filter(|delivery| taken.contains(&delivery.event));
    Ok(found.map(|delivery| Delivery { lease, ..delivery }).collect())
}

/// The events of rows.
fn events<B: Backend>(rows: &[B::Row]) -> Result<BTreeSet<String>, StoreError> {
    let event = |row| Ok(Fields::of("webhook_deliveries", row).words("event")?.unwrap_or_default());
    rows.iter().map(event).collect()
}

/// `Store::lease_deliveries`, within a write transaction.
pub(super) async fn lease<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    terms: &LeaseTerms,
    count_max: u32,
    except: &[(ConversationId, Lane)],
) -> Result<Vec<Delivery>, StoreError> {
    let rows_max = count_max.saturating_mul(ROWS_PER_CONVERSATION);
    let except = Value::keys(except.iter().map(|(conversation, lane)| format!("{conversation}/{}", lane.number())));
    let values = [tenant.into(), Value::words(Some(endpoint)), terms.now.into(), except, rows_max.into()];
    let rows = fetch::<B>(connection, LANES_DUE, values).await?;
    let lane = |row: &B::Row| {
        let fields = Fields::of("webhook_deliveries", row);
        Ok::<_, StoreError>((fields.conversation()?, Lane::numbered(fields.number("lane")?)))
    };
    let due: Result<Vec<(ConversationId, Lane)>, _> = rows.iter().take(count_max as usize).map(lane).collect();
    let mut due = due?;
    // In one order everywhere, so that nodes never deadlock.
    due.sort_unstable();
    let mut leased = Vec::new();
    for lane in [Lane::Events, Lane::Notifications] {
        let conversations = due.iter().filter(|(_, of)| *of == lane).map(|(conversation, _)| conversation);
        let found = firsts::<B>(connection, (tenant, endpoint), lane, conversations).await?;
        let (now, later): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, due_at)| *due_at <= terms.now);
        leased.extend(take::<B>(connection, (tenant, endpoint), now, terms).await?);
        for (first, due_at) in later {
            let soon = WallTime::from_millis(terms.now.as_millis() + BEHIND_LEASED_MS);
            let put_off_to = if first.lease == 0 { due_at } else { due_at.min(soon) };
            let of = [tenant.into(), Value::words(Some(endpoint)), first.key.conversation.into()];
            let values = [&of[..], &[put_off_to.into(), lane.number().into()]].concat();
            fetch::<B>(connection, PUT_OFF, values).await?;
        }
    }
    Ok(leased)
}

const DELIVERED: &str = "DELETE FROM webhook_deliveries
    WHERE tenant = $1 AND endpoint = $2 AND event IN (SELECT key FROM json_each($3))
        AND event || '/' || lease IN (SELECT key FROM json_each($4))
    RETURNING event";

const RELEASED: &str = "UPDATE webhook_deliveries SET lease = 0, due_at = $7
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND position = $4 AND ordinal = $5 AND lease = $6
    RETURNING event";

const FAILED: &str = "UPDATE webhook_deliveries
    SET lease = 0, due_at = $7, attempts = attempts + 1, failure = $8, state = $9
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND position = $4 AND ordinal = $5 AND lease = $6
    RETURNING event";

/// `Store::finish_deliveries`, within a write transaction.
pub(super) async fn finish<B: Backend>(
    connection: &mut B::Connection,
    ended: &[(Delivery, DeliveryOutcome)],
    terms: &LeaseTerms,
) -> Result<Vec<Option<Delivery>>, StoreError> {
    // In one order everywhere, so that nodes never deadlock.
    let mut of_endpoints: BTreeMap<(&TenantId, &str), Vec<usize>> = BTreeMap::new();
    for (index, (Delivery { key, .. }, _)) in ended.iter().enumerate() {
        of_endpoints.entry((&key.tenant, &key.endpoint)).or_default().push(index);
    }
    let mut following = vec![None; ended.len()];
    for (endpoint, mut indices) in of_endpoints {
        indices.sort_by_key(|&index| ended[index].0.key.conversation);
        let outcomes = indices.iter().map(|&index| &ended[index]);
        let gone = gone::<B>(connection, endpoint, outcomes, terms.now).await?;
        for lane in [Lane::Events, Lane::Notifications] {
            let is_free =
                |index: &&usize| Lane::of(ended[**index].0.kind) == lane && gone.contains(&ended[**index].0.event);
            let free = indices.iter().filter(is_free).map(|&index| (ended[index].0.key.conversation, index));
            let free: BTreeMap<ConversationId, usize> = free.collect();
            let mut found = firsts::<B>(connection, endpoint, lane, free.keys()).await?;
            found.retain(|(next, due_at)| {
                // What waits behind a failure is put off with it, and need not wait any longer; a notification has
                // its own time.
                let is_waiting = next.lease != 0 || next.attempts > 0 || lane == Lane::Notifications;
                *due_at <= terms.now || !is_waiting
            });
            for next in take::<B>(connection, endpoint, found, terms).await? {
                let index = free.get(&next.key.conversation).copied();
                if let Some(place) = index.and_then(|index| following.get_mut(index)) {
                    *place = Some(next);
                }
            }
        }
    }
    Ok(following)
}

/// Writes outcomes at an endpoint. Returns the events that are in nobody's way any more: delivered, or dead.
async fn gone<'a, B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    outcomes: impl Iterator<Item = &'a (Delivery, DeliveryOutcome)>,
    now: WallTime,
) -> Result<BTreeSet<String>, StoreError> {
    let (mut delivered, mut gone) = (Vec::new(), BTreeSet::new());
    for (delivery, outcome) in outcomes {
        let held = [key(&delivery.key), vec![Value::Number(delivery.lease)]].concat();
        let failed = |at: WallTime, failure: &str, state: DeliveryState| {
            [held.clone(), vec![at.into(), Value::words(Some(failure)), state.as_str().into()]].concat()
        };
        match outcome {
            DeliveryOutcome::Delivered => delivered.push(delivery),
            DeliveryOutcome::Released => {
                fetch::<B>(connection, RELEASED, [held, vec![now.into()]].concat()).await?;
            }
            DeliveryOutcome::Retry(at, failure) => {
                fetch::<B>(connection, FAILED, failed(*at, failure, DeliveryState::Pending)).await?;
            }
            DeliveryOutcome::Dead(failure) => {
                let written = fetch::<B>(connection, FAILED, failed(now, failure, DeliveryState::Dead)).await?;
                gone.extend(events::<B>(&written)?);
            }
        }
    }
    if !delivered.is_empty() {
        let values = [
            tenant.into(),
            Value::words(Some(endpoint)),
            Value::keys(delivered.iter().map(|delivery| &delivery.event)),
            Value::keys(delivered.iter().map(|Delivery { event, lease, .. }| format!("{event}/{lease}"))),
        ];
        gone.extend(events::<B>(&fetch::<B>(connection, DELIVERED, values).await?)?);
    }
    Ok(gone)
}

macro_rules! select_deliveries {
    ($comparison:literal, $order:literal) => {
        concat!(
            "SELECT conversation, position, event, type, accepted_at, due_at, attempts, failure
             FROM webhook_deliveries WHERE tenant = $1 AND endpoint = $2 AND state = $3
                AND (due_at, event) ",
            $comparison,
            " ($4, $5) ORDER BY due_at ",
            $order,
            ", event ",
            $order,
            " LIMIT $6"
        )
    };
}

/// `Store::deliveries`.
pub(super) async fn list<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    state: DeliveryState,
    from: Option<&(WallTime, String)>,
    toward: Toward,
    count_max: u32,
) -> Result<ListPage<DeliveryRow, (WallTime, String)>, StoreError> {
    let (sql, start) = match toward {
        Toward::End => (select_deliveries!(">", "ASC"), Value::Number(-1)),
        Toward::Beginning => (select_deliveries!("<", "DESC"), Value::Number(i64::MAX)),
    };
    let (at, event) = from.map_or((start, ""), |(at, event)| ((*at).into(), event));
    let values = [
        tenant.into(),
        Value::words(Some(endpoint)),
        state.as_str().into(),
        at,
        Value::words(Some(event)),
        count_max.saturating_add(1).into(),
    ];
    let read = |row: &B::Row| -> Result<DeliveryRow, StoreError> {
        let fields = Fields::of("webhook_deliveries", row);
        Ok(DeliveryRow {
            event: fields.words("event")?.unwrap_or_default(),
            kind: fields.words("type")?.unwrap_or_default(),
            conversation: fields.conversation()?,
            position: fields.position("position")?,
            accepted_at: fields.time("accepted_at")?,
            due_at: fields.time("due_at")?,
            attempts: fields.number("attempts")?,
            failure: fields.words("failure")?,
        })
    };
    let rows = fetch::<B>(connection, sql, values).await?;
    let mut rows: Vec<DeliveryRow> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let has_more = rows.len() > count_max as usize;
    rows.truncate(count_max as usize);
    let key = |row: &DeliveryRow| (row.due_at, row.event.clone());
    let (first, last) = (rows.first().filter(|_| from.is_some()).map(key), rows.last().filter(|_| has_more).map(key));
    Ok(ListPage::read(rows, toward, first, last))
}

const REPLAY: &str = "UPDATE webhook_deliveries
    SET state = 'pending', attempts = 0, since = $3, due_at = $3, lease = 0, failure = NULL
    WHERE tenant = $1 AND endpoint = $2 AND state = 'dead' AND event IN (
        SELECT event FROM webhook_deliveries WHERE tenant = $1 AND endpoint = $2 AND state = 'dead'
            AND ($4 = '' OR event = $4) ORDER BY due_at LIMIT $5)
    RETURNING event";

/// `Store::replay_deliveries`.
pub(super) async fn replay<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint): (&TenantId, &str),
    event: Option<&str>,
    now: WallTime,
    count_max: u32,
) -> Result<u32, StoreError> {
    let values = [
        tenant.into(),
        Value::words(Some(endpoint)),
        now.into(),
        Value::words(Some(event.unwrap_or_default())),
        count_max.into(),
    ];
    let rows = fetch::<B>(connection, REPLAY, values).await?;
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

const OLD: &str = "DELETE FROM webhook_deliveries WHERE (tenant, endpoint, conversation, position, ordinal) IN (
        SELECT tenant, endpoint, conversation, position, ordinal FROM webhook_deliveries WHERE accepted_at < $1
        ORDER BY accepted_at LIMIT $2)
    RETURNING event";

const REMOVED: &str = "SELECT tenant, endpoint FROM webhook_endpoints WHERE state = 'removed' LIMIT 1";

const OF_REMOVED: &str = "DELETE FROM webhook_deliveries
    WHERE (tenant, endpoint, conversation, position, ordinal) IN (
        SELECT tenant, endpoint, conversation, position, ordinal FROM webhook_deliveries
        WHERE tenant = $1 AND endpoint = $2 LIMIT $3)
    RETURNING event";

const GONE: &str = "DELETE FROM webhook_endpoints WHERE tenant = $1 AND endpoint = $2 AND state = 'removed'";

const FULL: &str = "UPDATE webhook_endpoints AS here SET state = 'full' WHERE state = 'on' AND EXISTS (
        SELECT 1 FROM webhook_deliveries AS waiting
        WHERE waiting.tenant = here.tenant AND waiting.endpoint = here.endpoint AND waiting.state = 'pending'
        LIMIT 1 OFFSET $1)
    RETURNING tenant";

/// `Store::sweep_deliveries`, within a write transaction.
pub(super) async fn sweep<B: Backend>(
    connection: &mut B::Connection,
    before: WallTime,
    waiting_max: u32,
    rows_max: u32,
) -> Result<bool, StoreError> {
    fetch::<B>(connection, FULL, [waiting_max.into()]).await?;
    let mut is_done = fetch::<B>(connection, OLD, [before.into(), rows_max.into()]).await?.len() < rows_max as usize;
    for row in &fetch::<B>(connection, REMOVED, []).await? {
        let fields = Fields::of("webhook_endpoints", row);
        let of = [(&fields.tenant()?).into(), Value::words(fields.words("endpoint")?.as_deref())];
        let deleted = fetch::<B>(connection, OF_REMOVED, [&of[..], &[rows_max.into()]].concat()).await?;
        if deleted.len() < rows_max as usize {
            fetch::<B>(connection, GONE, of).await?;
        }
        is_done = false;
    }
    Ok(is_done)
}

const ERASE: &str = "DELETE FROM webhook_deliveries WHERE tenant = $1 AND conversation = $2
    AND endpoint IN (SELECT endpoint FROM webhook_endpoints WHERE tenant = $1)";

/// Deletes what was to be told of a conversation that is erased.
pub(super) async fn erase<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<(), StoreError> {
    fetch::<B>(connection, ERASE, [tenant.into(), conversation.into()]).await?;
    Ok(())
}
