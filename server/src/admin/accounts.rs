//! The accounts of a tenant, one account, and the suspended ones of all tenants.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Html,
};
use maud::{Markup, html};
use serde::Deserialize;
use tidings_core::ids::{AccountId, TenantId};

use super::{
    Admin,
    failure::Failure,
    page::{
        Answer, Notice, ROWS_MAX, Tab, act, facts, find, id, last, link, linked_id, maybe_time, page, pager, read,
        state, table, text,
    },
};
use crate::{error::ServeError, store::AccountOverview};

/// Which accounts of a tenant.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    tenant: String,
    after: Option<String>,
}

/// Which suspended accounts: those behind one.
#[derive(Debug, Deserialize)]
pub(super) struct Suspended {
    tenant: Option<String>,
    after: Option<String>,
}

/// Which account.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    account: String,
}

fn standing(is_suspended: bool) -> Markup {
    state(if is_suspended { "suspended" } else { "active" }, is_suspended)
}

fn account_link(tenant: &TenantId, account: &AccountId) -> Markup {
    linked_id("/admin/account", &[("tenant", tenant.as_str()), ("account", account.as_str())], account)
}

/// `GET /admin/accounts`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let tenant = read("tenant", &which.tenant, TenantId::parse)?;
    let after = which.after.as_deref().map(|after| read("after", after, AccountId::parse)).transpose()?;
    let accounts = admin.node.store.overview().accounts(&tenant, after.as_ref(), ROWS_MAX).await?;
    let rows: Vec<_> = accounts
        .iter()
        .map(|row| [account_link(&tenant, &row.account), standing(row.is_suspended), maybe_time(row.created_at)])
        .collect();
    let next = last(&accounts).map(|row| [("after", row.account.as_str())]);
    let of = [("tenant", tenant.as_str())];
    let body = html! {
        p.place { "Tenant " (id(&tenant)) " · " a href=(link("/admin/conversations", &of)) { "Conversations" } }
        (find("/admin/account", tenant.as_str(), "account", "Account"))
        (table(&[text("Account"), text("State"), text("Profile since")], &rows, "No account."))
        (pager("/admin/accounts", &of, after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Overview, "Accounts", body))
}

/// `GET /admin/suspensions`.
pub(super) async fn suspensions(State(admin): State<Arc<Admin>>, Query(which): Query<Suspended>) -> Answer {
    let after = match (&which.tenant, &which.after) {
        (Some(tenant), Some(after)) => {
            Some((read("tenant", tenant, TenantId::parse)?, read("after", after, AccountId::parse)?))
        }
        _ => None,
    };
    let from = after.as_ref().map(|(tenant, account)| (tenant, account));
    let accounts = admin.node.store.overview().suspensions(from, ROWS_MAX).await?;
    let rows: Vec<_> = accounts
        .iter()
        .map(|AccountOverview { tenant, account, .. }| {
            let values = [("tenant", tenant.as_str()), ("account", account.as_str())];
            [id(tenant), account_link(tenant, account), act("/admin/lift", &values, "Lift")]
        })
        .collect();
    let next = last(&accounts).map(|row| [("tenant", row.tenant.as_str()), ("after", row.account.as_str())]);
    let body = html! {
        p.hint { "A suspended account can neither read nor write. Open an account of a tenant to suspend it." }
        (table(&[text("Tenant"), text("Account"), text("Act")], &rows, "No account is suspended."))
        (pager("/admin/suspensions", &[], after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Suspensions, "Suspensions", body))
}

/// `GET /admin/account`.
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Query(One { tenant, account }): Query<One>,
    Query(notice): Query<Notice>,
) -> Answer {
    let tenant = read("tenant", &tenant, TenantId::parse)?;
    let account = read("account", &account, AccountId::parse)?;
    let store = &admin.node.store;
    let overview = store.overview().account(&tenant, &account).await?;
    if overview.is_none() && !store.knows_account(&tenant, &account).await? {
        return Err(Failure::Unknown(ServeError::AccountUnknown(account)));
    }
    Ok(shown(&admin, &tenant, &account, overview.as_ref(), notice))
}

fn shown(
    admin: &Admin,
    tenant: &TenantId,
    account: &AccountId,
    overview: Option<&AccountOverview>,
    notice: Notice,
) -> Html<String> {
    let values = [("tenant", tenant.as_str()), ("account", account.as_str())];
    let is_suspended = overview.is_some_and(|row| row.is_suspended);
    let sessions = admin.node.live.sessions.of(tenant, account).len();
    let facts = facts(&[
        ("Tenant", html! { a href=(link("/admin/accounts", &values[..1])) { (id(tenant)) } }),
        ("Account", id(account)),
        ("State", standing(is_suspended)),
        ("Profile since", maybe_time(overview.and_then(|row| row.created_at))),
        ("Profile changed", maybe_time(overview.and_then(|row| row.updated_at))),
        ("Sessions on this node", html! { (sessions) }),
    ]);
    let body = html! {
        (notice.show())
        (facts)
        h2 { "Acts" }
        div.acts {
            @if is_suspended { (act("/admin/lift", &values, "Lift suspension")) }
            @else { (act("/admin/suspend", &values, "Suspend")) }
            (act("/admin/mend", &values, "Mend"))
        }
        p.hint { "Suspending ends its sessions on every node, until it is lifted. Mending rebuilds rows of its own that are not "
            "as its journal states." }
    };
    page(Tab::Overview, "Account", body)
}
