//! The command `webhook`: an operator lists endpoints and their dead letters, and has these delivered again, through the store
//! alone. Running servers deliver them.

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use tidings_core::ids::TenantId;

use super::dead_letter::{self, DeliveryCursor};
use crate::{
    clock,
    error::ServeError,
    http::v1::time::Rfc3339,
    operate::TenantAddress,
    store::{DeliveryRow, DeliveryState, EventKind, ListPage, Store, Toward},
};

/// Deliveries of each kind that are counted of an endpoint.
pub(crate) const COUNTED_MAX: u32 = 1_000;

/// Options of the command.
#[derive(Debug, Clone, Args)]
pub struct WebhookRequest {
    /// What to do.
    #[command(subcommand)]
    pub command: WebhookCommand,
}

/// What an operator does with webhooks.
#[derive(Debug, Clone, Subcommand)]
pub enum WebhookCommand {
    /// List the endpoints of a tenant: id, state, how many deliveries are pending and dead, types of events, host.
    List(TenantAddress),
    /// List what could not be delivered to an endpoint, the oldest first.
    Dead(DeadRequest),
    /// Deliver what could not be delivered to an endpoint again.
    Replay(ReplayRequest),
}

/// Options of a list of dead letters.
#[derive(Debug, Clone, Args)]
pub struct DeadRequest {
    /// The endpoint, `wh_…`.
    #[arg(long)]
    pub webhook: String,
    /// How many, 1 to 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Those behind this one: what an earlier list ended with.
    #[arg(long, value_parser = cursor)]
    pub after: Option<DeliveryCursor>,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
}

/// Options of a replay.
#[derive(Debug, Clone, Args)]
pub struct ReplayRequest {
    /// The endpoint, `wh_…`.
    #[arg(long)]
    pub webhook: String,
    /// Which dead letters.
    #[command(flatten)]
    pub which: WhichDead,
    /// Maximum number of events that wait for an endpoint before a server switches it off; use the servers'.
    #[arg(long, env = "TIDINGS_WEBHOOK_WAITING_MAX", default_value_t = 100_000)]
    pub webhook_waiting_max: u32,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
}

/// Selects dead letters.
#[derive(Debug, Clone, Args)]
#[group(id = "which", required = true, multiple = false)]
pub struct WhichDead {
    /// That of one event.
    #[arg(long)]
    pub event: Option<String>,
    /// All of the endpoint, but no more than may wait for it.
    #[arg(long)]
    pub all: bool,
}

/// A text that no list ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be what a list ended with")]
pub struct ParseCursorError;

fn cursor(text: &str) -> Result<DeliveryCursor, ParseCursorError> {
    DeliveryCursor::parse(text).ok_or(ParseCursorError)
}

/// Does what an operator asks of webhooks, and prints the outcome.
///
/// # Errors
/// When there is no such endpoint or dead letter, or the store cannot be read or written.
pub async fn run(request: WebhookRequest) -> Result<(), ServeError> {
    match request.command {
        WebhookCommand::List(place) => {
            let store = place.address.open(1).await?;
            print(&list(&*store, &place.tenant).await?);
            store.close().await;
        }
        WebhookCommand::Dead(DeadRequest { webhook, limit, after, place }) => {
            let store = place.address.open(1).await?;
            let endpoint = (&place.tenant, webhook.as_str());
            let page = dead_letter::list(&*store, endpoint, DeliveryState::Dead, after, Toward::End, limit).await?;
            print(&dead(&page));
            store.close().await;
        }
        WebhookCommand::Replay(ReplayRequest { webhook, which, webhook_waiting_max, place }) => {
            let store = place.address.open(1).await?;
            let (endpoint, event) = ((&place.tenant, webhook.as_str()), which.event.as_deref());
            let now = clock::wall_now();
            let replayed = dead_letter::replay(&*store, endpoint, event, now, webhook_waiting_max).await?;
            print(&[format!("{replayed} events are delivered again")]);
            store.close().await;
        }
    }
    Ok(())
}

/// Whoever reads may have seen enough, as `head` has.
fn print(lines: &[String]) {
    let _ = lines.iter().try_for_each(|line| writeln!(io::stdout(), "{line}"));
}

/// A count, and that it went no further.
pub(crate) fn counted(count: u32) -> String {
    if count < COUNTED_MAX { count.to_string() } else { format!("{COUNTED_MAX} or more") }
}

async fn list(store: &dyn Store, tenant: &TenantId) -> Result<Vec<String>, ServeError> {
    let mut lines = Vec::new();
    for endpoint in store.endpoints(tenant).await? {
        let counts = store.overview().count_deliveries((tenant, &endpoint.id), COUNTED_MAX).await?;
        let (pending, dead) = (counted(counts.pending), counted(counts.dead));
        let kinds: Vec<&str> = endpoint.events.iter().copied().map(EventKind::as_str).collect();
        let kinds = if kinds.is_empty() { "all events".to_owned() } else { kinds.join(" ") };
        let (id, state, origin) = (&endpoint.id, endpoint.state.as_str(), endpoint.origin());
        lines.push(format!("{id}: {state}, {pending} pending, {dead} dead, {kinds}, {origin}"));
    }
    Ok(lines)
}

fn dead(page: &ListPage<DeliveryRow, DeliveryCursor>) -> Vec<String> {
    let line = |row: &DeliveryRow| {
        let DeliveryRow { event, kind, conversation, position, due_at, attempts, failure, .. } = row;
        let failure = failure.as_deref().unwrap_or("for no known reason");
        let died = Rfc3339(*due_at);
        format!("{event}: {kind}, {conversation} at {position}, given up {died} after {attempts} attempts: {failure}")
    };
    let next = page.next.as_ref().map(|cursor| format!("more with --after {cursor}"));
    page.rows.iter().map(line).chain(next).collect()
}
