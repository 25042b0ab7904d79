//! Conversations about a resource of the operator's: begun by a client, read as other systems keep them, their leads
//! moved, and their resources renamed. Proposals are messages like any other.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use tidings_core::{
    code::Code,
    command::{Command, CreateResource, FinalizeLead, SendMessage, SetInfo, SetLeadStage},
    ids::{AccountId, ConversationId},
    model::{InfoField, LeadStage, MemberStatus, OwnQuery},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::Readable,
    caller::Caller,
    command::Request,
    input::{Choice, Count, Ids, Input},
    messages::{MessageCursor, MessagePage, Which},
    problem::{Answer, Problem},
    resource_document::{ResourceConversation, ResourceMessage},
};
use crate::{
    node::Node,
    store::{ListPage, Toward},
};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(begin))
        .routes(routes!(read))
        .routes(routes!(messages))
        .routes(routes!(move_lead))
        .routes(routes!(rename))
}

/// What a client asks about a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewInquiry {
    /// The id of the resource in the operator's system, 1 to 64 characters.
    resource_id: String,
    /// What it is called.
    resource_title: Option<String>,
    /// The account whose resource it is.
    owner_user_id: AccountId,
    /// What the owner is called, for where no profile says so.
    owner_name: Option<String>,
    /// What the client, the account that asks, is called, for where no profile says so.
    client_name: Option<String>,
    /// What the client wants, in a name of the operator's, up to 64 characters.
    intent: Option<String>,
    /// How the client wants to be reached, in a name of the operator's, up to 64 characters.
    contact_channel: Option<String>,
    /// The client's message.
    body: Option<String>,
}

/// How a lead goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LeadChange {
    /// Its stage: `closed_won` and `closed_lost` close the conversation with it, any other name is a stage of the
    /// operator's own.
    status: LeadStage,
    /// Why it was closed, up to 500 characters.
    closure_reason: Option<String>,
}

/// What is told of a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResourceChange {
    /// What it is called now.
    title: String,
}

/// Where a resource is called so.
#[derive(Debug, Serialize, ToSchema)]
struct Renamed {
    /// How many conversations about it there are: the own ones, for an administrator those of the tenant.
    conversations: usize,
}

/// Messages of a conversation about a resource that follow one another.
#[derive(Debug, Serialize, ToSchema)]
struct ResourceMessages {
    /// By rising position.
    messages: Vec<ResourceMessage>,
    /// What to ask `before` for older ones; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    older: Option<MessageCursor>,
    /// What to ask `after` for newer ones, also for those that are yet to come.
    #[schema(value_type = String)]
    newer: MessageCursor,
}

/// Begins the conversation about a resource with its owner, as its client, or finds it; and writes there.
#[utoipa::path(post, path = "/v1/conversations/resource", tag = "resources",
    request_body = NewInquiry,
    responses((status = 200, body = ResourceConversation), (status = 201, body = ResourceConversation)))]
async fn begin(caller: Caller, Input { body, key }: Input<NewInquiry>) -> Answer<Response> {
    let NewInquiry { resource_id, resource_title, owner_user_id, body: text, .. } = body;
    let command = CreateResource {
        resource: resource_id,
        title: resource_title,
        owner: owner_user_id,
        owner_name: body.owner_name,
        client_name: body.client_name,
        intent: body.intent,
        contact_channel: body.contact_channel,
    };
    let (tenant, account) = (&caller.identity.tenant, &caller.identity.account);
    let conversation = command.conversation(tenant, account);
    let key_of_text = key.as_ref().map(|key| key.part("body"));
    let status = caller.begin_once(conversation, command.into(), key).await?;
    if let Some(text) = text {
        let command = SendMessage { stamp: caller.stamp(), ..SendMessage::new(conversation, text) };
        caller.write(caller.message(command, key_of_text)).await?;
    }
    let document = caller.resource_conversation(conversation).await?;
    let mut response = (status, Json(document)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/conversations/{conversation}/resource")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A conversation about a resource, with its leads.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/resource", tag = "resources",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = ResourceConversation)))]
async fn read(caller: Caller, Ids(conversation): Ids<ConversationId>) -> Answer<Json<ResourceConversation>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    caller.resource_conversation(conversation).await.map(Json)
}

/// Messages of a conversation about a resource, the latest first if no cursor is given.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/resource/messages", tag = "resources",
    params(("conversation" = String, Path,), Which),
    responses((status = 200, body = ResourceMessages)))]
async fn messages(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Choice(which): Choice<Which>,
) -> Answer<Json<ResourceMessages>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = caller.readable(conversation).await?;
    check_kind(&readable)?;
    let MessagePage { messages, older, newer } = caller.messages(&readable, which).await?;
    let receipts = caller.node.store.receipts(&caller.identity.tenant, conversation).await;
    let receipts: BTreeMap<_, _> = receipts.map_err(|error| caller.failed(&error))?.into_iter().collect();
    let document = |row| ResourceMessage::of(conversation, readable.conversation(), &receipts, row);
    Ok(Json(ResourceMessages { messages: messages.into_iter().map(document).collect(), older, newer }))
}

/// Moves the newest lead of a conversation to a stage, or closes it with its conversation.
#[utoipa::path(patch, path = "/v1/conversations/{conversation}/lead", tag = "resources",
    params(("conversation" = String, Path,)),
    request_body = LeadChange,
    responses((status = 200, body = ResourceConversation)))]
async fn move_lead(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<LeadChange>,
) -> Answer<Json<ResourceConversation>> {
    let LeadChange { status: stage, closure_reason: reason } = body;
    let command: Command = match stage.outcome() {
        Some(outcome) => FinalizeLead { conversation, outcome, reason }.into(),
        None if reason.is_some() => {
            return Err(Problem::new(Code::ValueInvalid, "a reason is given where a lead is closed"));
        }
        None => SetLeadStage { conversation, stage }.into(),
    };
    caller.write(Request::new(command, key)).await?;
    caller.resource_conversation(conversation).await.map(Json)
}

/// Says what a resource is called now, in every own conversation about it; for an administrator of the tenant, in every one
/// that there is.
#[utoipa::path(put, path = "/v1/resources/{resource}", tag = "resources",
    params(("resource" = String, Path,)),
    request_body = ResourceChange,
    responses((status = 200, body = Renamed)))]
async fn rename(
    caller: Caller,
    Ids(resource): Ids<String>,
    Input { body, key }: Input<ResourceChange>,
) -> Answer<Json<Renamed>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let ResourceChange { title } = body;
    if let Some(before) = caller.made_before(key.as_ref()).await? {
        return Ok(Json(Renamed { conversations: before.made.parse().unwrap_or_default() }));
    }
    let about = caller.conversations_about(&resource).await?;
    for conversation in &about {
        // Where it is called so already, nothing is taken from what the account may write: one that was told to
        // come back later goes on where it was.
        if caller.readable(*conversation).await?.conversation().resource_title() != Some(&title) {
            let key = key.as_ref().map(|key| key.part(&conversation.to_string()));
            let (field, text) = (InfoField::ResourceTitle, Some(title.clone()));
            caller.write(Request::new(SetInfo { conversation: *conversation, field, text }, key)).await?;
        }
    }
    caller.remember_now(key.as_ref(), &about.len().to_string()).await?;
    Ok(Json(Renamed { conversations: about.len() }))
}

fn check_kind(readable: &Readable) -> Answer<()> {
    match readable.conversation().resource() {
        Some(_) => Ok(()),
        None => Err(Problem::new(Code::WrongKind, "the conversation is about no resource")),
    }
}

impl Caller {
    /// The conversations about a resource: the own ones, for an administrator those of the tenant.
    async fn conversations_about(&self, resource: &str) -> Answer<Vec<ConversationId>> {
        let (store, tenant, account) = (&self.node.store, &self.identity.tenant, &self.identity.account);
        let mut about = Vec::new();
        if self.identity.administrator {
            loop {
                let last = about.last().copied();
                let found = store.conversations_about(tenant, resource, last, Count::MAX).await;
                let found = found.map_err(|error| self.failed(&error))?;
                if found.is_empty() {
                    return Ok(about);
                }
                about.extend(found);
            }
        }
        let mut query = OwnQuery {
            statuses: vec![MemberStatus::Active],
            resource: Some(resource.to_owned()),
            count_max: Count::MAX,
            ..OwnQuery::default()
        };
        loop {
            let listed = store.own_conversations(tenant, account, &query, Toward::End).await;
            let ListPage { rows, next, .. } = listed.map_err(|error| self.failed(&error))?;
            about.extend(rows.iter().map(|row| row.summary.conversation));
            if next.is_none() {
                return Ok(about);
            }
            query.after = next;
        }
    }

    /// A conversation about a resource, as other systems keep one.
    async fn resource_conversation(&self, conversation: ConversationId) -> Answer<ResourceConversation> {
        let readable = self.readable(conversation).await?;
        check_kind(&readable)?;
        let people = readable.conversation().resource().into_iter();
        let people = people.flat_map(|resource| [&resource.client, &resource.owner]);
        let names = self.names(readable.conversation(), people).await?;
        let resource = readable.conversation().present_resource(|account| names.of(account));
        let resource = resource.ok_or_else(Problem::conversation_unknown)?;
        let client = self.summary_for(&resource.client, conversation).await?;
        let owner = self.summary_for(&resource.owner, conversation).await?;
        let unread = [&client, &owner].map(|side| side.as_ref().map_or(0, |summary| summary.unread));
        let own = self.summary(conversation).await?;
        // An administrator who is no member reads all that the parties do.
        let seen = own.or_else(|| client.or(owner).filter(|_| self.identity.administrator));
        Ok(ResourceConversation::of(conversation, readable.conversation(), resource, seen.as_ref(), unread))
    }
}
