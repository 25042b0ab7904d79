//! What an operator does by the page: what the commands do, by the same functions. Each act is logged with its outcome, and
//! leads to the page of what it was done to.

use std::{sync::Arc, time::Duration};

use axum::{Form, Router, extract::State, response::Redirect, routing::post};
use serde::Deserialize;
use tidings_core::ids::{AccountId, ConversationId, StreamId, TenantId, TimelineId};
use tokio::time::timeout;

use super::{
    Admin,
    failure::Failure,
    page::{Done, link, read},
};
use crate::{
    error::ServeError,
    operate::{mend_known, squash::squash_known, suspend_known},
    store::Suspension,
    webhook::dead_letter,
};

/// Time for acts that read whole streams. A longer one is for the command.
const ACT_TIMEOUT: Duration = Duration::from_secs(30);

/// The outcome of an act: the page that it leads to.
type Answer = Result<Redirect, Failure>;

/// The routes of acts.
pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin/suspend", post(suspend))
        .route("/admin/lift", post(lift))
        .route("/admin/mend", post(mend))
        .route("/admin/squash", post(squash))
        .route("/admin/replay", post(replay))
}

/// What a form names.
#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    tenant: String,
    account: Option<String>,
    conversation: Option<String>,
    webhook: Option<String>,
    event: Option<String>,
}

impl Subject {
    fn tenant(&self) -> Result<TenantId, Failure> {
        read("tenant", &self.tenant, TenantId::parse)
    }

    fn account(&self) -> Result<AccountId, Failure> {
        read("account", self.account.as_deref().unwrap_or_default(), AccountId::parse)
    }

    fn conversation(&self) -> Result<ConversationId, Failure> {
        read("conversation", self.conversation.as_deref().unwrap_or_default(), ConversationId::parse)
    }

    fn stream(&self) -> Result<StreamId, Failure> {
        match self.account {
            Some(_) => Ok(StreamId::Account(self.account()?)),
            None => Ok(StreamId::Conversation(self.conversation()?)),
        }
    }

    /// The page of what the form names.
    fn page(&self, done: Done, count: u64) -> Redirect {
        let count = count.to_string();
        let told = [("done", done.as_str()), ("count", &count)];
        let mut values = vec![("tenant", self.tenant.as_str())];
        let path = if let Some(account) = &self.account {
            values.push(("account", account));
            "/admin/account"
        } else if let Some(conversation) = &self.conversation {
            values.push(("conversation", conversation));
            "/admin/conversation"
        } else {
            values.push(("webhook", self.webhook.as_deref().unwrap_or_default()));
            "/admin/webhook"
        };
        values.extend(told);
        Redirect::to(&link(path, &values))
    }

    /// Logs an act with its outcome, and leads on.
    fn end(&self, done: Done, outcome: Result<u64, ServeError>) -> Answer {
        let Self { tenant, account, conversation, webhook, event } = self;
        let act = done.as_str();
        match &outcome {
            Ok(count) => {
                tracing::info!(
                    act,
                    tenant,
                    account,
                    conversation,
                    webhook,
                    event,
                    count,
                    "an operator acted by the page"
                );
            }
            Err(error) => {
                let code = error.code();
                tracing::warn!(
                    act,
                    tenant,
                    account,
                    conversation,
                    webhook,
                    event,
                    code,
                    "an act of an operator failed"
                );
            }
        }
        Ok(self.page(done, outcome?))
    }
}

async fn suspend(State(admin): State<Arc<Admin>>, Form(subject): Form<Subject>) -> Answer {
    set_suspension(&admin, &subject, Suspension::Suspended, Done::Suspended).await
}

async fn lift(State(admin): State<Arc<Admin>>, Form(subject): Form<Subject>) -> Answer {
    set_suspension(&admin, &subject, Suspension::Lifted, Done::Lifted).await
}

async fn set_suspension(admin: &Admin, subject: &Subject, suspension: Suspension, done: Done) -> Answer {
    let (tenant, account) = (subject.tenant()?, subject.account()?);
    let outcome = suspend_known(&*admin.node.store, &tenant, &account, suspension).await;
    subject.end(done, outcome.map(|()| 0))
}

async fn mend(State(admin): State<Arc<Admin>>, Form(subject): Form<Subject>) -> Answer {
    let (tenant, stream) = (subject.tenant()?, subject.stream()?);
    let work = async { Ok(mend_known(&*admin.node.store, &tenant, &stream).await?.len() as u64) };
    subject.end(Done::Mended, in_turn(&admin, work).await)
}

async fn squash(State(admin): State<Arc<Admin>>, Form(subject): Form<Subject>) -> Answer {
    let (tenant, timeline) = (subject.tenant()?, TimelineId::of(subject.conversation()?));
    let node = &admin.node;
    let work = async { Ok(squash_known(&*node.store, &node.streams, &tenant, timeline).await?.number()) };
    subject.end(Done::Squashed, in_turn(&admin, work).await)
}

async fn replay(State(admin): State<Arc<Admin>>, Form(subject): Form<Subject>) -> Answer {
    let tenant = subject.tenant()?;
    let node = &admin.node;
    let endpoint = (&tenant, subject.webhook.as_deref().unwrap_or_default());
    let (now, count_max) = (node.clock.wall_now(), node.config.webhooks.webhook_waiting_max);
    let work = async {
        let replayed = dead_letter::replay(&*node.store, endpoint, subject.event.as_deref(), now, count_max).await?;
        Ok(replayed.into())
    };
    let outcome = in_turn(&admin, work).await;
    node.audience.wake();
    subject.end(Done::Replayed, outcome)
}

/// Works when it is its turn, and no longer than it may.
async fn in_turn(admin: &Admin, work: impl Future<Output = Result<u64, ServeError>>) -> Result<u64, ServeError> {
    let turn = async {
        let _turn = admin.turn.lock().await;
        work.await
    };
    timeout(ACT_TIMEOUT, turn).await.unwrap_or(Err(ServeError::Unanswered(ACT_TIMEOUT)))
}
