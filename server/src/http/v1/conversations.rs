//! Conversations: the own ones, each of them in full, begun, described, archived, closed and deleted.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use tidings_core::{
    api::ConversationRow,
    code::Code,
    command::{CreateConversation, SetInfo, SetLocked, SetState},
    doc::Home,
    ids::{AccountId, ConversationId, DocumentId, StreamId},
    model::{
        ActivityKey, Conversation, ConversationKind, ConversationState, InfoField, Link, MemberStatus, OwnQuery,
        Policy, Scope,
    },
    time::WallTime,
    wire::ConversationSummary,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    command::{Request, conversation_of},
    conversation_document::{ConversationDocument, Parts},
    input::{Choice, Count, Ids, Input, Nothing, place},
    messages::Stands,
    problem::{Answer, Problem},
};
use crate::{external_id::ExternalId, node::Node, store::ListPage, stream::load::load};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(direct)).routes(routes!(read, change, delete))
}

/// Which of the own conversations, by newest activity.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of these kinds, with commas between; of every kind if left out.
    #[serde(default, deserialize_with = "kinds")]
    #[param(value_type = Option<String>)]
    kind: Vec<ConversationKind>,
    /// Where the account stands so; where it takes part, was invited or asked to be let in, if left out.
    #[serde(default, deserialize_with = "statuses")]
    #[param(value_type = Option<String>)]
    status: Vec<MemberStatus>,
    /// In these states; in any but deleted, if left out.
    #[serde(default, deserialize_with = "states")]
    #[param(value_type = Option<String>)]
    state: Vec<ConversationState>,
    /// About the resource of this id only.
    resource: Option<String>,
    /// Instead of a list, the one conversation in full that the operator's own systems call so; no other choice is
    /// looked at then.
    #[param(value_type = Option<String>)]
    external_id: Option<ExternalId>,
    /// Those behind this cursor.
    after: Option<String>,
    /// Those before this cursor, the last of them.
    before: Option<String>,
    /// How many, 1 to 100; 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Count,
}

/// A list of names with commas between.
macro_rules! names {
    ($name:ident: $type:ty) => {
        fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<$type>, D::Error> {
            let text = String::deserialize(deserializer)?;
            let parse = |name: &str| {
                let parsed = <$type>::parse(name.trim());
                parsed.ok_or_else(|| D::Error::custom(concat!("unknown ", stringify!($type))))
            };
            text.split(',').map(parse).collect()
        }
    };
}

names!(kinds: ConversationKind);
names!(statuses: MemberStatus);
names!(states: ConversationState);

/// Own conversations that follow one another.
#[derive(Debug, Serialize, ToSchema)]
struct ConversationPage {
    /// By newest activity.
    conversations: Vec<ConversationRow>,
    /// What to ask `after` for the rest; none if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What to ask `before` for those in front; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

/// What is answered to whoever looks for conversations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Listed {
    /// Own conversations.
    Page(ConversationPage),
    /// The one with an external id.
    One(Box<ConversationDocument>),
}

/// A conversation to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewConversation {
    /// `group`, `channel`, `support` or `system`; a direct has a route of its own.
    kind: ConversationKind,
    /// Its title.
    title: Option<String>,
    /// Its name for search, which a public one has.
    name: Option<String>,
    /// Who may know of it; private if left out.
    scope: Option<Scope>,
    /// The policies that are not the kind's own, such as `{"send":"moderators"}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    policies: Vec<Policy>,
    /// Who is in it from the start, beside whoever asks.
    #[serde(default)]
    members: Vec<AccountId>,
    /// The account that it belongs to; for an administrator of the tenant to say.
    account: Option<AccountId>,
    /// The object of another service that it is the back of; for an administrator of the tenant to say.
    link: Option<Link>,
    /// What the operator's own systems call it; for an administrator of the tenant to say.
    #[serde(rename = "externalId")]
    external_id: Option<ExternalId>,
}

/// Whom to talk with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Peer {
    /// The account.
    peer: AccountId,
}

/// What is to be another one of a conversation: each field that is given is written by itself, in this order,
/// up to the first one that is refused. A field that is null is taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConversationChange {
    /// Its title.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<String>>,
    /// Its description.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// Its name for search.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Where its picture is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    /// Whether only moderators and above may write.
    locked: Option<bool>,
    /// `active`, `archived` or `closed`.
    state: Option<ConversationState>,
    /// What the operator's own systems call it; for an administrator of the tenant to say.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    external_id: Option<Option<ExternalId>>,
}

/// A field that is there, if only as null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

fn cursor(text: &str) -> Option<ActivityKey> {
    let (at, conversation) = text.split_once('.')?;
    let at = WallTime::from_millis(at.parse().ok()?);
    Some(ActivityKey { at, conversation: ConversationId::parse(conversation).ok()? })
}

/// The conversations of whoever asks, by newest activity.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", params(Which),
    responses((status = 200, body = Listed)))]
async fn list(caller: Caller, Choice(which): Choice<Which>) -> Answer<Json<Listed>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    if let Some(external_id) = &which.external_id {
        let conversation = caller.conversation_called(external_id).await?;
        let document = caller.document(conversation).await.map_err(Problem::if_one_may_know)?;
        return Ok(Json(Listed::One(Box::new(document))));
    }
    let (from, toward) = place(which.after.as_deref(), which.before.as_deref(), cursor)?;
    let query = OwnQuery {
        kinds: which.kind,
        statuses: which.status,
        states: which.state,
        after: from,
        count_max: which.limit.into(),
        resource: which.resource,
        words: String::new(),
    };
    let (tenant, account) = (&caller.identity.tenant, &caller.identity.account);
    let listed = caller.node.store.own_conversations(tenant, account, &query, toward).await;
    let ListPage { rows: listed, previous, next } = listed.map_err(|error| caller.failed(&error))?;
    let home = caller.home().await?;
    let people = listed.iter().flat_map(|row| &row.summary.others);
    let people: std::collections::BTreeSet<&AccountId> = people.collect();
    let names = caller.names(&Conversation::default(), people).await?;
    let rows = listed.iter().map(|listed| {
        let mut row = ConversationRow::from_summary(&listed.summary);
        row.activity_at = listed.activity_at;
        row.set(&home);
        row.set_name(|other| home.nickname(other).map_or_else(|| names.of(other), str::to_owned));
        row
    });
    let cursor = |ActivityKey { at, conversation }| format!("{}.{conversation}", at.as_millis());
    let (next, previous) = (next.map(cursor), previous.map(cursor));
    Ok(Json(Listed::Page(ConversationPage { conversations: rows.collect(), next, previous })))
}

/// Begins a conversation, of which whoever asks is the owner.
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations",
    request_body = NewConversation,
    responses((status = 201, body = ConversationDocument)))]
async fn create(caller: Caller, Input { body, key }: Input<NewConversation>) -> Answer<Response> {
    let NewConversation { kind, title, name, scope, policies, members, account, link, external_id } = body;
    let conversation = conversation_of(&caller, key.as_ref());
    let key_of_name = key.as_ref().map(|key| key.part("externalId"));
    // Made again, the request leaves the name to whatever has become of it since.
    let new_name = match external_id {
        Some(external_id) if caller.made_before(key_of_name.as_ref()).await?.is_none() => Some(external_id),
        _ => None,
    };
    if let Some(external_id) = &new_name {
        // Before anything is begun that would have to go without its name.
        caller.external_id_is_free(external_id, conversation).await?;
    }
    let command = CreateConversation { conversation, kind, title, name, scope, policies, members, account, link };
    let bytes = command.members.iter().map(|member| member.as_str().len()).sum();
    let request = Request { made: conversation.to_string(), bytes, ..Request::new(command, key) };
    caller.write(request).await?;
    if new_name.is_some() {
        caller.set_external_id(&StreamId::Conversation(conversation), new_name.as_ref()).await?;
        caller.remember_now(key_of_name.as_ref(), "").await?;
    }
    answer(&caller, conversation, StatusCode::CREATED).await
}

/// Finds the direct with somebody, or begins it.
#[utoipa::path(post, path = "/v1/conversations/direct", tag = "conversations",
    request_body = Peer,
    responses((status = 200, body = ConversationDocument), (status = 201, body = ConversationDocument)))]
async fn direct(caller: Caller, Input { body, key }: Input<Peer>) -> Answer<Response> {
    let (conversation, status) = caller.open_direct(body.peer, key).await?;
    answer(&caller, conversation, status).await
}

async fn answer(caller: &Caller, conversation: ConversationId, status: StatusCode) -> Answer<Response> {
    let document = caller.document(conversation).await?;
    let mut response = (status, Json(document)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/conversations/{conversation}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A conversation in full.
#[utoipa::path(get, path = "/v1/conversations/{conversation}", tag = "conversations",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = ConversationDocument)))]
async fn read(caller: Caller, Ids(conversation): Ids<ConversationId>) -> Answer<Json<ConversationDocument>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    caller.document(conversation).await.map(Json)
}

/// Changes what describes a conversation, locks it, archives it, closes it, or opens it again.
#[utoipa::path(patch, path = "/v1/conversations/{conversation}", tag = "conversations",
    params(("conversation" = String, Path,)),
    request_body = ConversationChange,
    responses((status = 200, body = ConversationDocument)))]
async fn change(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<ConversationChange>,
) -> Answer<Json<ConversationDocument>> {
    if caller.made_before(key.as_ref()).await?.is_some() {
        caller.take(&caller.node.shares.fetches, 1)?;
        return caller.document(conversation).await.map(Json);
    }
    // Each field is written once by itself, also where one behind it was refused.
    let part = |name: &str| key.as_ref().map(|key| key.part(name));
    let texts = [
        (InfoField::Title, body.title),
        (InfoField::Description, body.description),
        (InfoField::Name, body.name),
        (InfoField::AvatarUrl, body.avatar_url),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            caller.write(Request::new(SetInfo { conversation, field, text }, part(field.as_str()))).await?;
        }
    }
    if let Some(locked) = body.locked {
        caller.write(Request::new(SetLocked { conversation, locked }, part("locked"))).await?;
    }
    if let Some(state) = body.state {
        if state == ConversationState::Deleted {
            return Err(Problem::new(Code::ValueInvalid, "a conversation is deleted by the method for that"));
        }
        caller.write(Request::new(SetState { conversation, state }, part("state"))).await?;
    }
    if let Some(external_id) = body.external_id {
        caller.readable(conversation).await?;
        caller.set_external_id(&StreamId::Conversation(conversation), external_id.as_ref()).await?;
    }
    caller.remember_now(key.as_ref(), "").await?;
    caller.document(conversation).await.map(Json)
}

/// Deletes a conversation for everybody.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}", tag = "conversations",
    params(("conversation" = String, Path,)),
    responses((status = 200, body = Stands)))]
async fn delete(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    let command = SetState { conversation, state: ConversationState::Deleted };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}

impl Caller {
    /// What the account keeps for itself.
    pub(super) async fn home(&self) -> Answer<Home> {
        let home = DocumentId::Home(self.identity.account.clone());
        let home = load(self.node.store.as_ref(), &self.identity.tenant, &home).await;
        home.map(|(home, _)| Home::read(&home)).map_err(|error| self.failed(&error))
    }

    /// The summary of a conversation for the account; none where it is no active member.
    pub(super) async fn summary(&self, conversation: ConversationId) -> Answer<Option<ConversationSummary>> {
        self.summary_for(&self.identity.account, conversation).await
    }

    /// The same for another account.
    pub(super) async fn summary_for(
        &self,
        account: &AccountId,
        conversation: ConversationId,
    ) -> Answer<Option<ConversationSummary>> {
        let summaries = self.node.store.summaries(&self.identity.tenant, account, &[conversation]).await;
        Ok(summaries.map_err(|error| self.failed(&error))?.into_iter().next())
    }

    /// A conversation in full.
    async fn document(&self, conversation: ConversationId) -> Answer<ConversationDocument> {
        let readable = self.readable(conversation).await?;
        let (node, tenant) = (&self.node, &self.identity.tenant);
        let names = self.names(readable.conversation(), readable.conversation().members.keys()).await?;
        let (home, summary) = (self.home().await?, self.summary(conversation).await?);
        let is_small = readable.conversation().active <= node.config.node.bounds.receipt_members_max;
        let receipts = match is_small {
            true => node.store.receipts(tenant, conversation).await.map_err(|error| self.failed(&error))?,
            false => Vec::new(),
        };
        let subscriber_count = node.store.subscriber_count(tenant, conversation).await;
        let subscriber_count = subscriber_count.map_err(|error| self.failed(&error))?.unwrap_or_default();
        let members = readable.conversation().members.keys().cloned().map(StreamId::Account);
        let external = self.external_ids(members.chain([StreamId::Conversation(conversation)]).collect()).await?;
        Ok(ConversationDocument::of(&Parts {
            tenant: tenant.as_str(),
            id: conversation,
            loaded: &readable.loaded,
            asker: &self.identity.account,
            summary: summary.as_ref(),
            home: &home,
            names: &names,
            external: &external,
            receipts: &receipts.into_iter().collect(),
            subscriber_count,
            at: node.clock.wall_now(),
        }))
    }
}
