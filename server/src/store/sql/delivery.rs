//! Deliveries to webhook endpoints: written with the entries they tell of, leased by the node that sends them, and
//! deleted when they were delivered. In order for each conversation at an endpoint: only the first pending one is
//! leased. The others that are due meanwhile are put off to when the first one is, so that no search passes them
//! again and again.

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

const FIRST: &str =
    "SELECT position, ordinal, event, type, accepted_at, since, due_at, attempts, lease, coalesce(words, body) AS body
    FROM webhook_deliveries WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND state = 'pending'
        AND lane = $4
    ORDER BY position, ordinal LIMIT 1";

// Of two nodes that found it due, one finds it so when it comes to write.
const TAKE: &str = "UPDATE webhook_deliveries SET due_at = $6, lease = $7
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND position = $4 AND ordinal = $5
        AND state = 'pending' AND due_at = $8 AND lease = $9
    RETURNING event";

const PUT_OFF: &str = "UPDATE webhook_deliveries SET due_at = $4
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND lane = $5 AND state = 'pending' AND due_at < $4
        AND lease = 0";

/// The first pending delivery of a lane of a conversation at an endpoint, with when it is due.
async fn first<B: Backend>(
    connection: &mut B::Connection,
    (tenant, endpoint, conversation): (&TenantId, &str, ConversationId),
    lane: Lane,
) -> Result<Option<(Delivery, WallTime)>, StoreError> {
    let values = [tenant.into(), Value::words(Some(endpoint)), conversation.into(), lane.number().into()];
    let rows = fetch::<B>(connection, FIRST, values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let fields = Fields::of("webhook_deliveries", row);
    let key = DeliveryKey {
        tenant: tenant.clone(),
        endpoint: endpoint.to_owned(),
        conversation,
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
    Ok(Some((delivery, fields.time("due_at")?)))
}

fn key(key: &DeliveryKey) -> Vec<Value> {
    let DeliveryKey { tenant, endpoint, conversation, position, ordinal } = key;
    vec![tenant.into(), Value::words(Some(endpoint)), (*conversation).into(), (*position).into(), (*ordinal).into()]
}

/// Leases a delivery as it was found; none if somebody was faster.
async fn take<B: Backend>(
    connection: &mut B::Connection,
    found: Delivery,
    due_at: WallTime,
    terms: &LeaseTerms,
) -> Result<Option<Delivery>, StoreError> {
    let LeaseTerms { until, lease, .. } = *terms;
    let rest = vec![until.into(), Value::Number(lease), due_at.into(), Value::Number(found.lease)];
    let taken = fetch::<B>(connection, TAKE, [key(&found.key), rest].concat()).await?;
    Ok((!taken.is_empty()).then_some(Delivery { lease, ..found }))
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
    for (conversation, lane) in due {
        let first = first::<B>(connection, (tenant, endpoint, conversation), lane).await?;
        let Some((found, due_at)) = first else { continue };
        if due_at <= terms.now {
            leased.extend(take::<B>(connection, found, due_at, terms).await?);
            continue;
        }
        let soon = WallTime::from_millis(terms.now.as_millis() + BEHIND_LEASED_MS);
        let put_off_to = if found.lease == 0 { due_at } else { due_at.min(soon) };
        let of = [tenant.into(), Value::words(Some(endpoint)), conversation.into()];
        let values = [&of[..], &[put_off_to.into(), lane.number().into()]].concat();
        fetch::<B>(connection, PUT_OFF, values).await?;
    }
    Ok(leased)
}

const DELIVERED: &str = "DELETE FROM webhook_deliveries
    WHERE tenant = $1 AND endpoint = $2 AND conversation = $3 AND position = $4 AND ordinal = $5 AND lease = $6
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
    let mut order: Vec<usize> = (0..ended.len()).collect();
    order.sort_by_key(|&index| {
        let (Delivery { key, kind, .. }, _) = &ended[index];
        (&key.tenant, &key.endpoint, key.conversation, Lane::of(*kind))
    });
    let mut following = vec![None; ended.len()];
    for index in order {
        let (delivery, outcome) = &ended[index];
        following[index] = finish_one::<B>(connection, delivery, outcome, terms).await?;
    }
    Ok(following)
}

/// The next one of the conversation is leased under the same terms, unless it waits for its next attempt or
/// somebody sends it.
async fn finish_one<B: Backend>(
    connection: &mut B::Connection,
    delivery: &Delivery,
    outcome: &DeliveryOutcome,
    terms: &LeaseTerms,
) -> Result<Option<Delivery>, StoreError> {
    let held = [key(&delivery.key), vec![Value::Number(delivery.lease)]].concat();
    let failed = |at: WallTime, failure: &str, state: DeliveryState| {
        [held.clone(), vec![at.into(), Value::words(Some(failure)), state.as_str().into()]].concat()
    };
    let written = match outcome {
        DeliveryOutcome::Delivered => fetch::<B>(connection, DELIVERED, held).await?,
        DeliveryOutcome::Released => {
            let values = [held, vec![terms.now.into()]].concat();
            fetch::<B>(connection, RELEASED, values).await?
        }
        DeliveryOutcome::Retry(at, failure) => {
            fetch::<B>(connection, FAILED, failed(*at, failure, DeliveryState::Pending)).await?
        }
        DeliveryOutcome::Dead(failure) => {
            fetch::<B>(connection, FAILED, failed(terms.now, failure, DeliveryState::Dead)).await?
        }
    };
    let goes_on = matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::Dead(_));
    if written.is_empty() || !goes_on {
        return Ok(None);
    }
    let DeliveryKey { tenant, endpoint, conversation, .. } = &delivery.key;
    let lane = Lane::of(delivery.kind);
    let Some((next, due_at)) = first::<B>(connection, (tenant, endpoint, *conversation), lane).await? else {
        return Ok(None);
    };
    // What waits behind a failure is put off with it, and need not wait any longer; a notification has its own time.
    let is_waiting = next.lease != 0 || next.attempts > 0 || lane == Lane::Notifications;
    if due_at > terms.now && is_waiting {
        return Ok(None);
    }
    take::<B>(connection, next, due_at, terms).await
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
