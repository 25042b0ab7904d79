//! The direct with somebody, as a chat service of before answered it: the same route, the same status, the
//! same fields.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tidings_core::{
    command::CreateDirect,
    doc::Home,
    ids::{AccountId, ConversationId},
    model::{
        ConversationKind, ConversationState, InfoField, JoinPolicy, Member, MemberField, NotificationLevel, SendPolicy,
        SubroomPolicy, WhoPolicy,
    },
    time::WallTime,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::Readable,
    caller::Caller,
    input::{Input, RequestKey},
    page::Names,
    problem::Answer,
    time::Rfc3339,
};
use crate::node::Node;

/// The routes: as it was, and without the slash at its end.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    let bare = axum::Router::new().route("/api/chat/conversations/direct", axum::routing::post(open_direct));
    OpenApiRouter::new().routes(routes!(open_direct)).merge(OpenApiRouter::from(bare))
}

/// Whom to talk with.
#[derive(Debug, Deserialize, ToSchema)]
struct Peer {
    /// The account, as a number or as text.
    #[serde(deserialize_with = "account")]
    #[schema(value_type = String)]
    peer_user_id: AccountId,
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
    let text = match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return Err(D::Error::custom("peer_user_id is a number or a text")),
    };
    AccountId::parse(&text).map_err(|error| tidings_core::api::refuse(tidings_core::code::Code::IdInvalid, error))
}

/// An account, as a number where it is one: what was a number before still is.
#[derive(Debug, ToSchema)]
#[schema(value_type = String)]
struct UserId(AccountId);

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = self.0.as_str().parse::<u64>().ok().filter(|number| number.to_string() == self.0.as_str());
        match number {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.collect_str(&self.0),
        }
    }
}

/// A direct conversation.
#[derive(Debug, Serialize, ToSchema)]
struct DirectConversation {
    id: ConversationId,
    #[serde(rename = "type")]
    kind: ConversationKind,
    title: String,
    description: String,
    avatar_url: String,
    created_by: UserId,
    is_archived: bool,
    is_locked: bool,
    #[schema(value_type = Option<String>)]
    last_message_at: Option<Rfc3339>,
    last_message_preview: String,
    #[schema(value_type = String)]
    created_at: Rfc3339,
    #[schema(value_type = String)]
    updated_at: Rfc3339,
    settings: DirectSettings,
    members: Vec<DirectMember>,
}

/// Its policies.
#[derive(Debug, Serialize, ToSchema)]
struct DirectSettings {
    send_policy: SendPolicy,
    join_policy: JoinPolicy,
    info_edit_policy: WhoPolicy,
    subroom_policy: SubroomPolicy,
    max_subroom_depth: u32,
    message_retention_days: Option<u32>,
    allow_reactions: bool,
    allow_stickers: bool,
    allow_attachments: bool,
    #[schema(value_type = String)]
    created_at: Rfc3339,
    #[schema(value_type = String)]
    updated_at: Rfc3339,
}

/// One of the two.
#[derive(Debug, Serialize, ToSchema)]
struct DirectMember {
    /// 1 for who began it, 2 for the other.
    id: u32,
    user_id: UserId,
    user_username: String,
    /// `owner` of who began it, `member` of the other: here both may do the same.
    base_role: &'static str,
    display_name: String,
    notification_level: NotificationLevel,
    color: String,
    is_muted: bool,
    is_blocked: bool,
    #[schema(value_type = Option<String>)]
    joined_at: Option<Rfc3339>,
    #[schema(value_type = Option<String>)]
    left_at: Option<Rfc3339>,
    is_active: bool,
}

/// Finds the direct with somebody, or begins it.
#[utoipa::path(post, path = "/api/chat/conversations/direct/", tag = "conversations",
    request_body = Peer,
    responses((status = 200, body = DirectConversation), (status = 201, body = DirectConversation)))]
async fn open_direct(
    caller: Caller,
    Input { body, key }: Input<Peer>,
) -> Answer<(StatusCode, Json<DirectConversation>)> {
    let (conversation, status) = caller.open_direct(body.peer_user_id, key).await?;
    let readable = caller.readable(conversation).await?;
    let people: Vec<&AccountId> = readable.conversation().members.keys().collect();
    let names = caller.names(readable.conversation(), people).await?;
    let home = caller.home().await?;
    let summary = caller.summary(conversation).await?;
    let last = summary.as_ref().and_then(|summary| summary.last_message.as_ref());
    let preview = last.and_then(|last| last.preview.as_ref()).and_then(|content| content.text()).unwrap_or_default();
    let answer = DirectConversation {
        last_message_at: last.map(|last| Rfc3339(last.message.created_at())),
        last_message_preview: preview.to_owned(),
        ..document(&caller, &readable, &names, &home)
    };
    Ok((status, Json(answer)))
}

impl Caller {
    /// The direct with somebody, begun if there is none; and which of both it was.
    pub(super) async fn open_direct(
        &self,
        peer: AccountId,
        key: Option<RequestKey>,
    ) -> Answer<(ConversationId, StatusCode)> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let conversation = ConversationId::direct(tenant, account, &peer);
        let status = self.begin_once(conversation, CreateDirect { peer }.into(), key).await?;
        Ok((conversation, status))
    }
}

fn document(caller: &Caller, readable: &Readable, names: &Names, home: &Home) -> DirectConversation {
    let conversation = readable.conversation();
    let created = conversation.created.as_ref();
    let by = created.map_or_else(|| caller.identity.account.clone(), |created| created.by.clone());
    let created_at = Rfc3339(created.map(|created| created.at).unwrap_or_default());
    let updated_at = readable.loaded.updated_at.map_or(created_at, Rfc3339);
    let policies = &conversation.policies;
    let text = |field| conversation.text(field).unwrap_or_default().to_owned();
    let mut members: Vec<_> = conversation.members.iter().collect();
    members.sort_by_key(|(account, _)| (**account != by, (*account).clone()));
    let now = caller.node.clock.wall_now();
    let member = |((account, member), id): ((&AccountId, &Member), u32)| {
        let own = *account == caller.identity.account;
        let setting = home.settings.get(&readable.id).copied().filter(|_| own).unwrap_or_default();
        let peers: Vec<&AccountId> = conversation.members.keys().filter(|other| *other != account).collect();
        DirectMember {
            id,
            user_id: UserId(account.clone()),
            user_username: names.of(account),
            base_role: if *account == by { "owner" } else { "member" },
            display_name: member.text(MemberField::DisplayName).unwrap_or_default().to_owned(),
            notification_level: setting.notifications.unwrap_or(NotificationLevel::All),
            color: member.text(MemberField::Color).unwrap_or_default().to_owned(),
            is_muted: setting.muted_until.is_some_and(|until: WallTime| until > now),
            is_blocked: own && peers.iter().any(|peer| home.blocked.contains_key(peer)),
            joined_at: member.membership.as_ref().and_then(|membership| membership.joined_at).map(Rfc3339),
            left_at: None,
            is_active: member.is_active(),
        }
    };
    DirectConversation {
        id: readable.id,
        kind: ConversationKind::Direct,
        title: text(InfoField::Title),
        description: text(InfoField::Description),
        avatar_url: text(InfoField::AvatarUrl),
        created_by: UserId(by.clone()),
        is_archived: conversation.state() == ConversationState::Archived,
        is_locked: conversation.locked,
        last_message_at: None,
        last_message_preview: String::new(),
        created_at,
        updated_at,
        settings: DirectSettings {
            send_policy: policies.send,
            join_policy: policies.join,
            info_edit_policy: policies.info_edit,
            subroom_policy: policies.subrooms,
            max_subroom_depth: policies.subroom_depth_max,
            message_retention_days: Some(policies.retention_days).filter(|days| *days > 0),
            allow_reactions: policies.reactions,
            allow_stickers: policies.stickers,
            allow_attachments: policies.attachments,
            created_at,
            updated_at,
        },
        members: members.into_iter().zip(1..).map(member).collect(),
    }
}
