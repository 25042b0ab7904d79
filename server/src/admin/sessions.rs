//! The live sessions of this node: whose they are, and what waits to be written to them.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::html;
use serde::Deserialize;
use tidings_core::ids::{AccountId, TenantId};

use super::{
    Admin,
    page::{Answer, ROWS_MAX, Tab, id, linked_id, number, page, pager, read, table, text},
};

/// Which sessions: those of the accounts behind one.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    tenant: Option<String>,
    after: Option<String>,
}

/// `GET /admin/sessions`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let after = match (&which.tenant, &which.after) {
        (Some(tenant), Some(after)) => {
            Some((read("tenant", tenant, TenantId::parse)?, read("after", after, AccountId::parse)?))
        }
        _ => None,
    };
    let from = after.as_ref().map(|(tenant, account)| (tenant, account));
    let sessions = admin.node.live.sessions.page(from, ROWS_MAX as usize);
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            let values = [("tenant", session.tenant.as_str()), ("account", session.account.as_str())];
            let (frames, bytes) = session.outgoing.waiting();
            [
                id(&session.tenant),
                linked_id("/admin/account", &values, &session.account),
                id(session.device),
                html! { (frames) },
                html! { (bytes) },
            ]
        })
        .collect();
    // A page has a number of accounts, each with all its sessions.
    let next = sessions
        .last()
        .filter(|_| sessions.len() >= ROWS_MAX as usize)
        .map(|session| [("tenant", session.tenant.as_str()), ("after", session.account.as_str())]);
    let columns = [text("Tenant"), text("Account"), text("Device"), number("Frames waiting"), number("Bytes waiting")];
    let body = html! {
        p.hint { "Sessions of this node; other nodes have pages of their own." }
        (table(&columns, &rows, "Nobody is connected."))
        (pager("/admin/sessions", &[], after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Sessions, "Sessions", body))
}
