//! The webhook endpoints of all tenants, and what could not be delivered to one.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use tidings_core::ids::TenantId;

use super::{
    Admin,
    failure::Failure,
    page::{
        Answer, Notice, ROWS_MAX, Tab, act, facts, id, last, link, linked_id, number, page, pager, read, state, table,
        text, time, word,
    },
};
use crate::{
    error::ServeError,
    store::{DeliveryRow, DeliveryState, Endpoint, EndpointState, EventKind, Toward},
    webhook::{
        DeliveryCursor, DeliveryError,
        cli::{COUNTED_MAX, counted},
        dead_letter,
    },
};

/// Which endpoints: those behind one.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    tenant: Option<String>,
    after: Option<String>,
}

/// Which endpoint, and which of its deliveries.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    webhook: String,
    state: Option<String>,
    after: Option<String>,
}

fn condition(endpoint: &Endpoint) -> Markup {
    state(endpoint.state.as_str(), matches!(endpoint.state, EndpointState::Gone | EndpointState::Full))
}

fn kinds(endpoint: &Endpoint) -> String {
    let kinds: Vec<&str> = endpoint.events.iter().copied().map(EventKind::as_str).collect();
    if kinds.is_empty() { "all".to_owned() } else { kinds.join(", ") }
}

/// `GET /admin/webhooks`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let after = match (&which.tenant, &which.after) {
        (Some(tenant), Some(after)) => Some((read("tenant", tenant, TenantId::parse)?, after.as_str())),
        _ => None,
    };
    let overview = admin.node.store.overview();
    let from = after.as_ref().map(|(tenant, id)| (tenant, *id));
    let webhooks = overview.webhooks(from, ROWS_MAX).await?;
    let mut rows = Vec::with_capacity(webhooks.len());
    for (tenant, endpoint) in &webhooks {
        let counts = overview.count_deliveries((tenant, &endpoint.id), COUNTED_MAX).await?;
        let values = [("tenant", tenant.as_str()), ("webhook", endpoint.id.as_str())];
        rows.push([
            linked_id("/admin/webhook", &values, &endpoint.id),
            id(tenant),
            html! { (endpoint.origin()) },
            condition(endpoint),
            html! { (counted(counts.pending)) },
            html! { (counted(counts.dead)) },
        ]);
    }
    let next = last(&webhooks).map(|(tenant, endpoint)| [("tenant", tenant.as_str()), ("after", endpoint.id.as_str())]);
    let columns =
        [text("Webhook"), text("Tenant"), text("Host"), text("State"), number("Pending"), number("Dead letters")];
    let body = html! {
        (table(&columns, &rows, "No tenant has a webhook."))
        (pager("/admin/webhooks", &[], after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Webhooks, "Webhooks", body))
}

/// `GET /admin/webhook`.
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Query(which): Query<One>,
    Query(notice): Query<Notice>,
) -> Answer {
    let tenant = read("tenant", &which.tenant, TenantId::parse)?;
    let shown = which.state.as_deref().unwrap_or(DeliveryState::Dead.as_str());
    let shown = read("state", shown, |name| DeliveryState::parse(name).ok_or("dead or pending"))?;
    let cursor = |text: &str| DeliveryCursor::parse(text).ok_or("a cursor is one that a page led to");
    let after = which.after.as_deref().map(|after| read("after", after, cursor)).transpose()?;
    let store = &admin.node.store;
    let key = (&tenant, which.webhook.as_str());
    let Some(endpoint) = store.endpoint(&tenant, &which.webhook).await? else {
        return Err(Failure::from(ServeError::from(DeliveryError::WebhookUnknown)));
    };
    let counts = store.overview().count_deliveries(key, COUNTED_MAX).await?;
    let is_first = after.is_none();
    let deliveries =
        dead_letter::list(&**store, key, shown, after, Toward::End, ROWS_MAX).await.map_err(ServeError::from)?;
    let of = [("tenant", tenant.as_str()), ("webhook", endpoint.id.as_str())];
    let with_state = [of[0], of[1], ("state", shown.as_str())];
    let rows: Vec<_> = deliveries.rows.iter().map(|row| delivery(&of, shown, row)).collect();
    let next = deliveries.next.map(|cursor| cursor.to_string());
    let next = next.as_deref().map(|cursor| [("after", cursor)]);
    let facts = facts(&[
        ("Tenant", id(&tenant)),
        ("Webhook", id(&endpoint.id)),
        ("Host", html! { (endpoint.origin()) }),
        ("State", condition(&endpoint)),
        ("Events", html! { (kinds(&endpoint)) }),
        ("Added", time(endpoint.created_at)),
    ]);
    let is_dead = shown == DeliveryState::Dead;
    let due = if is_dead { "Given up" } else { "Next attempt" };
    let columns = [
        text("Event"),
        text("Type"),
        text("Conversation"),
        number("Position"),
        number("Attempts"),
        text(due),
        text("Last failure"),
        text("Act"),
    ];
    let tab = |state: DeliveryState, name: &str, count: u32| {
        let values = [of[0], of[1], ("state", state.as_str())];
        let current = (shown == state).then_some("page");
        html! { a href=(link("/admin/webhook", &values)) aria-current=[current] { (name) " (" (counted(count)) ")" } }
    };
    let body = html! {
        (notice.show())
        (facts)
        nav.tabs aria-label="Deliveries" {
            (tab(DeliveryState::Dead, "Dead letters", counts.dead))
            (tab(DeliveryState::Pending, "Pending", counts.pending))
        }
        @if is_dead && !rows.is_empty() { div.acts { (act("/admin/replay", &of, "Deliver all again")) } }
        (table(&columns, &rows, if is_dead { "No dead letter." } else { "Nothing waits." }))
        (pager("/admin/webhook", &with_state, is_first, next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Webhooks, "Webhook", body))
}

fn delivery(of: &[(&str, &str); 2], shown: DeliveryState, row: &DeliveryRow) -> [Markup; 8] {
    let key = row.conversation.to_string();
    let values = [of[0], of[1], ("event", row.event.as_str())];
    [
        id(&row.event),
        word(&row.kind),
        word(linked_id("/admin/conversation", &[of[0], ("conversation", &key)], &key)),
        html! { (row.position.number()) },
        html! { (row.attempts) },
        time(row.due_at),
        html! { (row.failure.as_deref().unwrap_or("–")) },
        match shown {
            DeliveryState::Dead => act("/admin/replay", &values, "Deliver again"),
            DeliveryState::Pending => html! { "–" },
        },
    ]
}
