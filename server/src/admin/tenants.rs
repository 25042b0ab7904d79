//! The first page: how this node is, and the tenants of its store.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::html;
use serde::Deserialize;
use tidings_core::ids::TenantId;

use super::{
    Admin,
    page::{Answer, ROWS_MAX, Tab, facts, id, last, link, page, pager, read, state, table, text},
};
use crate::drain::Phase;

/// Which tenants.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    after: Option<String>,
}

/// `GET /admin`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let node = &admin.node;
    let after = which.after.as_deref().map(|after| read("after", after, TenantId::parse)).transpose()?;
    let tenants = node.store.overview().tenants(after.as_ref(), ROWS_MAX).await?;
    let is_draining = node.drain.phase() > Phase::Running;
    let store = node.config.store.expose().split(':').next().unwrap_or_default();
    let is_behind = node.metrics.store_rollbacks.total() > 0;
    let node_facts = facts(&[
        ("State", state(if is_draining { "draining" } else { "running" }, is_draining)),
        ("Version", html! { (env!("CARGO_PKG_VERSION")) }),
        ("Store", html! { (store) @if is_behind { " " (state("behind its clients", true)) } }),
        ("Sessions", html! { (node.live.sessions.waiting().sessions) }),
        ("Other connections", html! { (node.connections.count()) }),
        ("Active streams", html! { (node.streams.count()) }),
    ]);
    let rows: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            let of = [("tenant", tenant.as_str())];
            let to = |path, name| html! { a href=(link(path, &of)) { (name) } };
            [id(tenant), to("/admin/accounts", "Accounts"), to("/admin/conversations", "Conversations")]
        })
        .collect();
    let next = last(&tenants).map(|tenant| [("after", tenant.as_str())]);
    let body = html! {
        h2 { "This node" }
        (node_facts)
        h2 { "Tenants" }
        (table(&[text("Tenant"), text("Accounts"), text("Conversations")], &rows, "The store is empty."))
        (pager("/admin", &[], after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Overview, "Overview", body))
}
