//! Webhooks of the tenant, for its administrators: where they are sent, their secrets, and what could not be delivered.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Json, http::StatusCode};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tidings_core::{code::Code, ids::ConversationId, journal::Position, time::WallTime};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Choice, Count, Ids, Input, Nothing, RequestKey, place},
    problem::{Answer, Problem},
};
use crate::{
    node::Node,
    store::{DeliveryRow, DeliveryState, Endpoint, EndpointChange, EndpointState, EventKind},
    webhook::{
        AddressError, DeliveryCursor, DeliveryError, Target, dead_letter, new_keys, print_public_key, print_secret,
    },
};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(read, change, remove))
        .routes(routes!(rotate))
        .routes(routes!(deliveries))
        .routes(routes!(replay_all))
        .routes(routes!(replay))
}

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhook {
    /// Where it is sent: an https URL.
    url: String,
    /// The types of events that it is told; all if left out.
    #[serde(default)]
    events: Vec<String>,
}

/// What is to change of a webhook; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookChange {
    /// Another address.
    url: Option<String>,
    /// Other types of events; none for all.
    events: Option<Vec<String>>,
    /// True to switch it on, false to switch it off.
    enabled: Option<bool>,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    /// Its id.
    id: String,
    /// Where it is sent.
    url: String,
    /// The types of events that it is told; empty for all.
    events: Vec<&'static str>,
    /// `on`, `off`, `gone` if it answered 410, `full` if too many events waited.
    state: &'static str,
    /// When it was added.
    created_at: WallTime,
    /// The key that verifies its signatures `v1a`.
    public_key: String,
    /// Until when the former secret and key sign too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<WallTime>,
    /// Its secret, in the answer that makes it and in no other: not where that request is made again, either.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// The webhooks of a tenant.
#[derive(Serialize, ToSchema)]
struct Webhooks {
    /// The oldest first.
    webhooks: Vec<Webhook>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `dead` or `pending`; `dead` if left out.
    state: Option<String>,
    /// Those behind this cursor.
    after: Option<String>,
    /// Those before this cursor, the last of them.
    before: Option<String>,
    /// How many, 1 to 100; 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Count,
}

/// An event that was not delivered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Undelivered {
    /// The id of the event, its `webhook-id`.
    id: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// The conversation.
    #[schema(value_type = String)]
    conversation: ConversationId,
    /// The entry that it tells of.
    position: Position,
    /// When that was admitted.
    accepted_at: WallTime,
    /// When it is tried next; of a dead letter, when it failed for good.
    due_at: WallTime,
    /// Failed attempts.
    attempts: u32,
    /// Why the last one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Events that follow one another.
#[derive(Serialize, ToSchema)]
struct Deliveries {
    /// By `dueAt`.
    deliveries: Vec<Undelivered>,
    /// What to ask `after` for the rest; none if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What to ask `before` for those in front; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

/// How many dead letters are delivered again.
#[derive(Serialize, ToSchema)]
struct Replayed {
    /// The number.
    replayed: u32,
}

impl Webhook {
    fn of(caller: &Caller, endpoint: Endpoint) -> Self {
        let now = caller.node.clock.wall_now();
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events.iter().map(|kind| kind.as_str()).collect(),
            state: endpoint.state.as_str(),
            created_at: endpoint.created_at,
            public_key: print_public_key(&endpoint.keys),
            former_secret_until: endpoint.former.map(|(_, until)| until).filter(|until| *until > now),
            secret: None,
        }
    }
}

fn unknown() -> Problem {
    Problem::new(Code::WebhookUnknown, "the tenant has no such webhook")
}

fn kinds(names: &[String]) -> Answer<BTreeSet<EventKind>> {
    let parse = |name: &String| {
        EventKind::parse(name).ok_or_else(|| Problem::new(Code::ValueInvalid, format!("events: there is no {name:?}")))
    };
    names.iter().map(parse).collect()
}

/// Checks an address; a name that does not resolve now may do so later, and is checked at each request.
async fn check(caller: &Caller, url: &str) -> Answer<()> {
    let allow_private = caller.node.config.webhooks.webhook_allow_private;
    let refused = |error: AddressError| Problem::new(Code::ValueInvalid, format!("url: {error}"));
    let target = Target::parse(url, allow_private).map_err(refused)?;
    match target.resolve(allow_private).await {
        Ok(_) | Err(AddressError::Unresolved) => Ok(()),
        Err(error) => Err(refused(error)),
    }
}

/// That whoever asks administers the tenant, and has a change left.
fn may_change(caller: &Caller) -> Answer<()> {
    caller.administers()?;
    caller.take(&caller.node.shares.changes, 1)
}

fn may_read(caller: &Caller) -> Answer<()> {
    caller.administers()?;
    caller.take(&caller.node.shares.fetches, 1)
}

/// The webhooks of the tenant.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = Webhooks), (status = "4XX", body = Problem)))]
async fn list(caller: Caller) -> Answer<Json<Webhooks>> {
    may_read(&caller)?;
    let endpoints = caller.node.store.endpoints(&caller.identity.tenant).await;
    let endpoints = endpoints.map_err(|error| caller.failed(&error))?;
    let webhooks = endpoints.into_iter().map(|endpoint| Webhook::of(&caller, endpoint)).collect();
    Ok(Json(Webhooks { webhooks }))
}

/// Adds a webhook. Its secret is told in this answer and in no other: made again under its key, a request is answered
/// with the webhook as it is, without its secret. Whoever has lost that rotates.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks",
    request_body = NewWebhook,
    responses((status = 201, body = Webhook), (status = "4XX", body = Problem)))]
async fn add(caller: Caller, Input { body, key }: Input<NewWebhook>) -> Answer<(StatusCode, Json<Webhook>)> {
    may_change(&caller)?;
    if let Some(before) = caller.made_before(key.as_ref()).await? {
        return Ok((StatusCode::CREATED, Json(find(&caller, &before.made).await?)));
    }
    check(&caller, &body.url).await?;
    let endpoint = Endpoint {
        id: format!("wh_{}", HEXLOWER.encode(&rand::random::<[u8; 12]>())),
        url: body.url,
        events: kinds(&body.events)?,
        keys: new_keys(),
        former: None,
        state: EndpointState::On,
        created_at: caller.node.clock.wall_now(),
    };
    let count_max = caller.node.config.webhooks.webhooks_max;
    let once = caller.to_remember(key.as_ref(), &endpoint.id);
    let tenant = &caller.identity.tenant;
    let added = caller.node.store.add_endpoint(tenant, &endpoint, count_max, once.as_ref()).await;
    if !added.map_err(|error| caller.failed(&error))? {
        let full = Problem::new(Code::ValueInvalid, format!("a tenant has at most {count_max} webhooks"));
        return Err(full.with_status(StatusCode::CONFLICT));
    }
    // The same request may have been carried out meanwhile.
    if let Some(before) = caller.made_before(key.as_ref()).await?.filter(|before| before.made != endpoint.id) {
        return Ok((StatusCode::CREATED, Json(find(&caller, &before.made).await?)));
    }
    let secret = Some(print_secret(&endpoint.keys));
    Ok((StatusCode::CREATED, Json(Webhook { secret, ..Webhook::of(&caller, endpoint) })))
}

/// A webhook.
#[utoipa::path(get, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path,)),
    responses((status = 200, body = Webhook), (status = "4XX", body = Problem)))]
async fn read(caller: Caller, Ids(id): Ids<String>) -> Answer<Json<Webhook>> {
    may_read(&caller)?;
    Ok(Json(find(&caller, &id).await?))
}

/// A webhook, without its secret.
async fn find(caller: &Caller, id: &str) -> Answer<Webhook> {
    let endpoint = caller.node.store.endpoint(&caller.identity.tenant, id).await;
    let endpoint = endpoint.map_err(|error| caller.failed(&error))?.ok_or_else(unknown)?;
    Ok(Webhook::of(caller, endpoint))
}

async fn write(caller: &Caller, id: &str, change: &EndpointChange, key: Option<&RequestKey>) -> Answer<Webhook> {
    if caller.made_before(key).await?.is_some() {
        return find(caller, id).await;
    }
    let once = caller.to_remember(key, "");
    let changed = caller.node.store.change_endpoint(&caller.identity.tenant, id, change, once.as_ref()).await;
    let changed = changed.map_err(|error| caller.failed(&error))?.ok_or_else(unknown)?;
    // The same request may have been carried out meanwhile: then these are not its keys.
    let given = change.keys.as_ref().filter(|(keys, _)| *keys == changed.keys);
    let secret = given.map(|(keys, _)| print_secret(keys));
    // It may have been off, with what waited for it.
    caller.node.audience.wake();
    Ok(Webhook { secret, ..Webhook::of(caller, changed) })
}

/// Changes a webhook, or switches it on or off. What happens while it is off it is never told.
#[utoipa::path(patch, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path,)),
    request_body = WebhookChange,
    responses((status = 200, body = Webhook), (status = "4XX", body = Problem)))]
async fn change(
    caller: Caller,
    Ids(id): Ids<String>,
    Input { body, key }: Input<WebhookChange>,
) -> Answer<Json<Webhook>> {
    may_change(&caller)?;
    let WebhookChange { url, events, enabled } = body;
    if let Some(url) = &url {
        check(&caller, url).await?;
    }
    let events = events.as_deref().map(kinds).transpose()?;
    let state = enabled.map(|enabled| if enabled { EndpointState::On } else { EndpointState::Off });
    Ok(Json(write(&caller, &id, &EndpointChange { url, events, state, keys: None }, key.as_ref()).await?))
}

/// Removes a webhook, with all that waits for it.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path,)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn remove(caller: Caller, Ids(id): Ids<String>, Input { key, .. }: Input<Nothing>) -> Answer<StatusCode> {
    may_change(&caller)?;
    if caller.made_before(key.as_ref()).await?.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let removed = caller.node.store.remove_endpoint(&caller.identity.tenant, &id).await;
    match removed.map_err(|error| caller.failed(&error))? {
        true => {
            caller.remember_now(key.as_ref(), "").await?;
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(unknown()),
    }
}

/// Gives a webhook a new secret and key pair. The present ones sign too for a while. Made again under its key, a request
/// is answered with the webhook as it is, without its secret.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/rotate", tag = "webhooks", params(("webhook" = String, Path,)),
    responses((status = 200, body = Webhook), (status = "4XX", body = Problem)))]
async fn rotate(caller: Caller, Ids(id): Ids<String>, Input { key, .. }: Input<Nothing>) -> Answer<Json<Webhook>> {
    may_change(&caller)?;
    let until = caller.node.clock.wall_now().plus(caller.node.config.webhooks.webhook_rotation);
    let change = EndpointChange { keys: Some((new_keys(), until)), ..EndpointChange::default() };
    Ok(Json(write(&caller, &id, &change, key.as_ref()).await?))
}

fn not_done(caller: &Caller, error: DeliveryError) -> Problem {
    match error {
        DeliveryError::Store(error) => caller.failed(&error),
        error => Problem::new(error.code(), error.to_string()),
    }
}

/// What was not delivered to a webhook: dead letters, or what still waits.
#[utoipa::path(get, path = "/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path,), Which),
    responses((status = 200, body = Deliveries), (status = "4XX", body = Problem)))]
async fn deliveries(caller: Caller, Ids(id): Ids<String>, Choice(which): Choice<Which>) -> Answer<Json<Deliveries>> {
    may_read(&caller)?;
    let state = DeliveryState::parse(which.state.as_deref().unwrap_or("dead"));
    let state = state.ok_or_else(|| Problem::new(Code::ValueInvalid, "state: dead or pending"))?;
    let (from, toward) = place(which.after.as_deref(), which.before.as_deref(), DeliveryCursor::parse)?;
    let endpoint = (&caller.identity.tenant, id.as_str());
    let page = dead_letter::list(&*caller.node.store, endpoint, state, from, toward, which.limit.into()).await;
    let page = page.map_err(|error| not_done(&caller, error))?;
    let shown = |row: DeliveryRow| {
        let DeliveryRow { event, kind, conversation, position, accepted_at, due_at, attempts, failure } = row;
        Undelivered { id: event, kind, conversation, position, accepted_at, due_at, attempts, failure }
    };
    let [next, previous] = [page.next, page.previous].map(|cursor| cursor.map(|cursor| cursor.to_string()));
    Ok(Json(Deliveries { deliveries: page.rows.into_iter().map(shown).collect(), next, previous }))
}

async fn replay_some(
    caller: &Caller,
    id: &str,
    event: Option<&str>,
    key: Option<&RequestKey>,
) -> Answer<Json<Replayed>> {
    may_change(caller)?;
    if let Some(before) = caller.made_before(key).await? {
        return Ok(Json(Replayed { replayed: before.made.parse().unwrap_or_default() }));
    }
    let now = caller.node.clock.wall_now();
    let count_max = caller.node.config.webhooks.webhook_waiting_max;
    let endpoint = (&caller.identity.tenant, id);
    let replayed = dead_letter::replay(&*caller.node.store, endpoint, event, now, count_max).await;
    caller.node.audience.wake();
    let replayed = replayed.map_err(|error| not_done(caller, error))?;
    caller.remember_now(key, &replayed.to_string()).await?;
    Ok(Json(Replayed { replayed }))
}

/// Delivers all dead letters of a webhook again.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/deliveries/replay", tag = "webhooks",
    params(("webhook" = String, Path,)),
    responses((status = 200, body = Replayed), (status = "4XX", body = Problem)))]
async fn replay_all(caller: Caller, Ids(id): Ids<String>, Input { key, .. }: Input<Nothing>) -> Answer<Json<Replayed>> {
    replay_some(&caller, &id, None, key.as_ref()).await
}

/// Delivers one dead letter again.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("webhook" = String, Path,), ("delivery" = String, Path,)),
    responses((status = 200, body = Replayed), (status = "4XX", body = Problem)))]
async fn replay(
    caller: Caller,
    Ids((id, delivery)): Ids<(String, String)>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Replayed>> {
    replay_some(&caller, &id, Some(&delivery), key.as_ref()).await
}
