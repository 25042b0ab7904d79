//! Messages: listed both ways, sent, edited, taken back, reacted to; in a conversation or in one of its
//! threads.

use std::{fmt, sync::Arc};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tidings_core::{
    api::{MessageState, ProposalRow, TimelineRow},
    command::{DeleteMessage, EditMessage, React, SendMessage, Unreact},
    ids::{AccountId, ConversationId, MessageId, TimelineId},
    journal::Position,
    model::Content,
    time::WallTime,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::Readable,
    caller::Caller,
    command::{Request, Written},
    input::{Choice, Count, Ids, Input, Nothing},
    page::{Found, Names},
    problem::{Answer, Problem},
    time::Rfc3339,
};
use crate::{live::Place, node::Node};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(list, send)).routes(routes!(read, edit, delete)).routes(routes!(react, unreact))
}

/// A place between messages: the page, and the position behind or before which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageCursor {
    page: u32,
    position: Position,
}

impl fmt::Display for MessageCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.page, self.position)
    }
}

impl Serialize for MessageCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts =
            text.split_once('.').and_then(|(page, position)| Some((page.parse().ok()?, position.parse().ok()?)));
        let (page, position) = parts.ok_or_else(|| D::Error::custom("a cursor is one that was answered"))?;
        Ok(Self { page, position: Position::new(position) })
    }
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those before this cursor, the latest of them.
    #[param(value_type = Option<String>)]
    before: Option<MessageCursor>,
    /// Those behind this cursor, the earliest of them.
    #[param(value_type = Option<String>)]
    after: Option<MessageCursor>,
    /// How many, 1 to 100; 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Count,
    /// In this thread of the conversation.
    #[param(value_type = Option<String>)]
    thread: Option<ConversationId>,
}

/// Where a message is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Where {
    /// In this thread of the conversation.
    #[param(value_type = Option<String>)]
    thread: Option<ConversationId>,
}

/// Messages that follow one another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessagePage {
    /// By rising position.
    pub(super) messages: Vec<TimelineRow>,
    /// What to ask `before` for older ones; none if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) older: Option<MessageCursor>,
    /// What to ask `after` for newer ones, also for those that are yet to come.
    #[schema(value_type = String)]
    pub(super) newer: MessageCursor,
}

/// A message to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewMessage {
    /// What it says: content of some kind, or a text.
    #[serde(deserialize_with = "content_or_text")]
    content: Content,
    /// The message it answers.
    reply_to: Option<MessageId>,
    /// The accounts it mentions.
    #[serde(default)]
    mentions: Vec<AccountId>,
    /// The thread of the conversation that it is for.
    thread: Option<ConversationId>,
}

/// What a message is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewContent {
    /// Content of the same kind as before, or a text.
    #[serde(deserialize_with = "content_or_text")]
    content: Content,
}

/// Where what was asked for stands in the journal of its conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stands {
    /// The position; where nothing had to be written, that of the conversation.
    position: Position,
    /// Since when.
    accepted_at: WallTime,
}

impl From<Place> for Stands {
    fn from(Place { position, accepted_at, .. }: Place) -> Self {
        Self { position, accepted_at }
    }
}

/// The fields of content that hold a time.
const TIMES: [&str; 3] = ["timeStart", "timeEnd", "expiresAt"];
/// Those of a time that is suggested.
const SLOT_TIMES: [&str; 2] = ["startDateTime", "endDateTime"];

/// Reads a time that is written as other services write it; anything else stays what it is.
fn read_time(field: Option<&mut serde_json::Value>) {
    let Some(field) = field else { return };
    if let Some(time) = field.as_str().and_then(Rfc3339::parse) {
        *field = time.0.as_millis().into();
    }
}

fn content_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(text.into()),
        mut content => {
            TIMES.iter().for_each(|field| read_time(content.get_mut(field)));
            for slot in content.get_mut("suggestedSlots").and_then(|slots| slots.as_array_mut()).into_iter().flatten() {
                SLOT_TIMES.iter().for_each(|field| read_time(slot.get_mut(field)));
            }
            Content::deserialize(content).map_err(D::Error::custom)
        }
    }
}

/// Messages of a conversation or thread, the latest first if no cursor is given.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/messages", tag = "messages",
    params(("conversation" = String, Path,), Which),
    responses((status = 200, body = MessagePage)))]
async fn list(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Choice(which): Choice<Which>,
) -> Answer<Json<MessagePage>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = caller.readable(conversation).await?;
    caller.messages(&readable, which).await.map(Json)
}

impl Caller {
    /// Messages of a conversation that the account may read, or of a thread of it.
    pub(super) async fn messages(&self, readable: &Readable, which: Which) -> Answer<MessagePage> {
        let (timeline, newest) = self.timeline(readable.id, which.thread).await?;
        let count_max = which.limit.into();
        let found = match which.after {
            Some(cursor) => behind(self, timeline, newest, cursor, count_max).await?,
            None => before(self, timeline, newest, which.before, count_max).await?,
        };
        let first = found.first().and_then(|found| Some((found.page.id().page()?, found)));
        let first = first.and_then(|(page, found)| Some((page, found.messages.first()?.0, found)));
        // Pages have no gaps: there is something older unless it is the first message of the first one.
        let older =
            first.filter(|(page, position, found)| *page > 1 || !found.page.admissions().before(*position).is_empty());
        let older = older.map(|(page, position, _)| MessageCursor { page, position });
        let last = found.last().and_then(|found| Some((found.page.id().page()?, found.messages.last()?.0)));
        let newer = match (last, which.after, which.before) {
            (Some((page, position)), ..) => MessageCursor { page, position },
            (None, Some(cursor), _) | (None, None, Some(cursor)) => cursor,
            (None, None, None) => MessageCursor { page: newest.max(1), position: Position::ZERO },
        };
        let messages = self.rows(readable, timeline, &found).await?;
        Ok(MessagePage { messages, older, newer })
    }
}

/// The latest messages before a cursor, by rising position.
async fn before(
    caller: &Caller,
    timeline: TimelineId,
    newest: u32,
    cursor: Option<MessageCursor>,
    count_max: usize,
) -> Answer<Vec<Found>> {
    let (mut found, mut left) = (Vec::new(), count_max);
    let mut number = cursor.map_or(newest, |cursor| cursor.page.min(newest));
    while number > 0 && left > 0 {
        let page = caller.page(timeline, number).await?;
        let admissions = page.admissions();
        let all = match cursor {
            Some(cursor) => admissions.before(cursor.position),
            None => admissions.since(Position::ZERO),
        };
        let messages = all[all.len().saturating_sub(left)..].to_vec();
        left -= messages.len();
        found.push(Found { page, messages });
        number -= 1;
    }
    found.retain(|found| !found.messages.is_empty());
    found.reverse();
    Ok(found)
}

/// The earliest messages behind a cursor, by rising position.
async fn behind(
    caller: &Caller,
    timeline: TimelineId,
    newest: u32,
    cursor: MessageCursor,
    count_max: usize,
) -> Answer<Vec<Found>> {
    let (mut found, mut left) = (Vec::new(), count_max);
    let mut number = cursor.page.max(1);
    while number <= newest && left > 0 {
        let page = caller.page(timeline, number).await?;
        let all = page.admissions().since(cursor.position.next());
        let messages = all[..all.len().min(left)].to_vec();
        left -= messages.len();
        found.push(Found { page, messages });
        number += 1;
    }
    found.retain(|found| !found.messages.is_empty());
    Ok(found)
}

/// Sends a message, which everybody in the conversation sees live.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/messages", tag = "messages",
    params(("conversation" = String, Path,)),
    request_body = NewMessage,
    responses((status = 201, body = TimelineRow)))]
async fn send(
    caller: Caller,
    Ids(conversation): Ids<ConversationId>,
    Input { body, key }: Input<NewMessage>,
) -> Answer<Response> {
    let NewMessage { content, reply_to, mentions, thread } = body;
    let command = SendMessage { conversation, stamp: caller.stamp(), content, reply_to, mentions, thread };
    let Written { place, made } = caller.write(caller.message(command.clone(), key)).await?;
    let id = MessageId::parse(&made).map_err(|_| Problem::new(tidings_core::code::Code::Internal, "no message"))?;
    let row = sent(&caller, command, &id, place).await;
    let location = HeaderValue::from_str(&address(conversation, &id, thread));
    let mut response = (StatusCode::CREATED, Json(row)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Where a message is found.
fn address(conversation: ConversationId, id: &MessageId, thread: Option<ConversationId>) -> String {
    let id = id.to_string();
    let id = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC);
    let query = thread.map(|thread| format!("?thread={thread}")).unwrap_or_default();
    format!("/v1/conversations/{conversation}/messages/{id}{query}")
}

/// The row of a message that was just sent, for which nothing has to be read but its author's name. It was
/// admitted: whoever may read no more since, or now, is answered with ids for names.
async fn sent(caller: &Caller, command: SendMessage, id: &MessageId, place: Place) -> TimelineRow {
    let people = std::iter::once(&id.author).chain(command.reply_to.as_ref().map(|reply| &reply.author));
    let names = match caller.readable(command.conversation).await {
        Ok(readable) => caller.names(readable.conversation(), people).await.unwrap_or_default(),
        Err(_) => Names::default(),
    };
    let proposal = ProposalRow::of(Some(&command.content), || None, caller.node.clock.wall_now());
    TimelineRow {
        author: id.author.clone(),
        author_name: names.of(&id.author),
        own: true,
        content: Some(command.content),
        deleted_by: None,
        edited_at: None,
        reply_to: command.reply_to.map(|reply| tidings_core::api::ReplyRow {
            author: reply.author.clone(),
            author_name: names.of(&reply.author),
            id: reply,
            preview: None,
        }),
        mentions: command.mentions,
        reactions: Vec::new(),
        created_at: id.created_at(),
        accepted_at: Some(place.accepted_at),
        position: Some(place.position),
        state: MessageState::Sent,
        read_by: 0,
        pinned: false,
        unsynced: false,
        thread: None,
        waits: None,
        proposal,
        id: id.clone(),
    }
}

/// One message.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/messages/{message}", tag = "messages",
    params(("conversation" = String, Path,), ("message" = String, Path,), Where),
    responses((status = 200, body = TimelineRow)))]
async fn read(
    caller: Caller,
    Ids((conversation, message)): Ids<(ConversationId, MessageId)>,
    Choice(place): Choice<Where>,
) -> Answer<Json<TimelineRow>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let readable = caller.readable(conversation).await?;
    let (timeline, newest) = caller.timeline(conversation, place.thread).await?;
    let page = caller.page_of(timeline, newest, &message).await?;
    let position = page.admissions().get(&message).map(|admission| admission.position).unwrap_or_default();
    let found = Found { page, messages: vec![(position, message)] };
    let row = caller.rows(&readable, timeline, &[found]).await?.into_iter().next();
    row.map(Json).ok_or_else(|| Problem::new(tidings_core::code::Code::MessageUnknown, "there is no such message here"))
}

/// What is to be done to a message: written on the page that it is on.
async fn write_about(
    caller: &Caller,
    (conversation, message): (ConversationId, &MessageId),
    place: &Where,
    request: Request,
) -> Answer<Json<Stands>> {
    if let Some(written) = caller.made_before(request.key.as_ref()).await? {
        return Ok(Json(written.place.into()));
    }
    caller.take(&caller.node.shares.fetches, 1)?;
    caller.readable(conversation).await?;
    let (timeline, newest) = caller.timeline(conversation, place.thread).await?;
    let page = caller.page_of(timeline, newest, message).await?.id().clone();
    let written = caller.write(Request { page: Some(page), ..request }).await?;
    Ok(Json(written.place.into()))
}

/// Edits an own message.
#[utoipa::path(patch, path = "/v1/conversations/{conversation}/messages/{message}", tag = "messages",
    params(("conversation" = String, Path,), ("message" = String, Path,), Where),
    request_body = NewContent,
    responses((status = 200, body = Stands)))]
async fn edit(
    caller: Caller,
    Ids((conversation, message)): Ids<(ConversationId, MessageId)>,
    Choice(place): Choice<Where>,
    Input { body, key }: Input<NewContent>,
) -> Answer<Json<Stands>> {
    let bytes = body.content.text().map_or(0, str::len);
    let command = EditMessage { conversation, message: message.clone(), content: body.content };
    write_about(&caller, (conversation, &message), &place, Request { bytes, ..Request::new(command, key) }).await
}

/// Takes a message back.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/messages/{message}", tag = "messages",
    params(("conversation" = String, Path,), ("message" = String, Path,), Where),
    responses((status = 200, body = Stands)))]
async fn delete(
    caller: Caller,
    Ids((conversation, message)): Ids<(ConversationId, MessageId)>,
    Choice(place): Choice<Where>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    let command = DeleteMessage { conversation, message: message.clone() };
    write_about(&caller, (conversation, &message), &place, Request::new(command, key)).await
}

/// Puts an emoji on a message.
#[utoipa::path(put, path = "/v1/conversations/{conversation}/messages/{message}/reactions/{emoji}", tag = "messages",
    params(("conversation" = String, Path,), ("message" = String, Path,), ("emoji" = String, Path,), Where),
    responses((status = 200, body = Stands)))]
async fn react(
    caller: Caller,
    Ids((conversation, message, emoji)): Ids<(ConversationId, MessageId, String)>,
    Choice(place): Choice<Where>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    let command = React { conversation, message: message.clone(), emoji };
    write_about(&caller, (conversation, &message), &place, Request::new(command, key)).await
}

/// Takes an emoji off a message.
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/messages/{message}/reactions/{emoji}", tag = "messages",
    params(("conversation" = String, Path,), ("message" = String, Path,), ("emoji" = String, Path,), Where),
    responses((status = 200, body = Stands)))]
async fn unreact(
    caller: Caller,
    Ids((conversation, message, emoji)): Ids<(ConversationId, MessageId, String)>,
    Choice(place): Choice<Where>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Stands>> {
    let command = Unreact { conversation, message: message.clone(), emoji };
    write_about(&caller, (conversation, &message), &place, Request::new(command, key)).await
}
