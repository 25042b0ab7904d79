//! The conversations of a tenant, and one of them: what it is and how large, and nothing that was said in it.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use tidings_core::ids::{ConversationId, StreamId, TenantId};

use super::{
    Admin,
    failure::Failure,
    page::{
        Answer, Notice, ROWS_MAX, Tab, act, facts, find, id, last, link, linked_id, number, page, pager, read, state,
        table, text, time, word,
    },
};
use crate::{error::ServeError, store::ConversationOverview};

/// Which conversations of a tenant.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    tenant: String,
    after: Option<String>,
}

/// Which conversation.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    conversation: String,
}

fn condition(row: &ConversationOverview) -> Markup {
    match row.erased_at {
        Some(_) => state("erased", false),
        None => state(&row.state, false),
    }
}

/// `GET /admin/conversations`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let tenant = read("tenant", &which.tenant, TenantId::parse)?;
    let after = which.after.as_deref().map(|after| read("after", after, ConversationId::parse)).transpose()?;
    let conversations = admin.node.store.overview().conversations(&tenant, after, ROWS_MAX).await?;
    let rows: Vec<_> = conversations
        .iter()
        .map(|row| {
            let key = row.conversation.to_string();
            [
                word(linked_id("/admin/conversation", &[("tenant", tenant.as_str()), ("conversation", &key)], &key)),
                html! { (row.title.as_deref().unwrap_or("–")) },
                word(&row.kind),
                condition(row),
                html! { (row.member_count) },
                time(row.activity_at),
            ]
        })
        .collect();
    let last = last(&conversations).map(|row| row.conversation.to_string());
    let next = last.as_deref().map(|key| [("after", key)]);
    let of = [("tenant", tenant.as_str())];
    let columns =
        [text("Conversation"), text("Title"), text("Kind"), text("State"), number("Members"), text("Last activity")];
    let body = html! {
        p.place { "Tenant " (id(&tenant)) " · " a href=(link("/admin/accounts", &of)) { "Accounts" } }
        (find("/admin/conversation", tenant.as_str(), "conversation", "Conversation"))
        (table(&columns, &rows, "No conversation."))
        (pager("/admin/conversations", &of, after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Overview, "Conversations", body))
}

/// `GET /admin/conversation`.
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Query(One { tenant, conversation }): Query<One>,
    Query(notice): Query<Notice>,
) -> Answer {
    let tenant = read("tenant", &tenant, TenantId::parse)?;
    let conversation = read("conversation", &conversation, ConversationId::parse)?;
    let stream = StreamId::Conversation(conversation);
    let store = &admin.node.store;
    let Some(row) = store.overview().conversation(&tenant, conversation).await? else {
        return Err(Failure::Unknown(ServeError::StreamUnknown(stream)));
    };
    let head = store.stream_head(&tenant, &stream).await?;
    let key = conversation.to_string();
    let values = [("tenant", tenant.as_str()), ("conversation", key.as_str())];
    let facts = facts(&[
        ("Tenant", html! { a href=(link("/admin/conversations", &values[..1])) { (id(&tenant)) } }),
        ("Conversation", id(&key)),
        ("Title", html! { (row.title.as_deref().unwrap_or("–")) }),
        ("Kind", html! { (row.kind) }),
        ("State", condition(&row)),
        ("Members", html! { (row.member_count) }),
        ("Subscribers", html! { (row.subscriber_count) }),
        ("Entries", html! { (head.position.number()) }),
        ("Pages", html! { (head.page) }),
        ("Created", time(row.created_at)),
        ("Last activity", time(row.activity_at)),
    ]);
    let body = html! {
        (notice.show())
        (facts)
        @if row.erased_at.is_none() {
            h2 { "Acts" }
            div.acts {
                (act("/admin/mend", &values, "Mend"))
                (act("/admin/squash", &values, "Squash"))
            }
            p.hint { "Mending rebuilds rows that are not as the journal states. Squashing writes the conversation's document anew, "
                "as one change with its current content; members notice nothing." }
        }
    };
    Ok(page(Tab::Overview, "Conversation", body))
}
