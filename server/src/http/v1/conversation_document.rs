//! A conversation as a document of the `conversations` collection that other systems keep: the same fields
//! under the same names, all of them always there.

use std::collections::BTreeMap;

use serde::Serialize;
use tidings_core::{
    doc::Home,
    ids::{AccountId, ConversationId, MessageId, StreamId},
    journal::Position,
    model::{
        ConversationKind, ConversationState, InfoField, JoinPolicy, Member, MemberStatus, NotificationLevel,
        Permission, Permissions, Receipt, Role, Scope, SendPolicy, WhoPolicy, member_status,
    },
    time::WallTime,
    wire::ConversationSummary,
};
use utoipa::ToSchema;

use super::{loaded::Loaded, page::Names, time::Rfc3339};
use crate::external_id::ExternalId;

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationDocument {
    /// Its id.
    #[serde(rename = "_id")]
    id: ConversationId,
    /// The tenant it belongs to.
    tenant_id: String,
    /// Its id once more.
    conversation_id: ConversationId,
    /// What the operator's own systems call it.
    external_id: Option<ExternalId>,
    /// `direct`, `group`, `channel` …
    #[serde(rename = "type")]
    kind: ConversationKind,
    /// Everybody who is or was in it; of a direct exactly two.
    participants: Vec<Participant>,
    /// What describes it, and how one may write and come in.
    metadata: Metadata,
    /// Its newest message.
    last_message: Option<LastMessage>,
    /// The pinned messages, newest pin first.
    pinned_messages: Vec<PinnedMessage>,
    /// What is counted of it.
    stats: Stats,
    /// How it is encrypted.
    encryption: Encryption,
    /// `active`, `archived`, `closed` or `deleted`.
    status: ConversationState,
    /// When it was created.
    #[schema(value_type = String)]
    created_at: Rfc3339,
    /// When something last happened in it.
    #[schema(value_type = String)]
    updated_at: Rfc3339,
    /// When it was deleted: none, as nobody reads one that was.
    #[schema(value_type = Option<String>)]
    deleted_at: Option<Rfc3339>,
}

/// Somebody who is or was in a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Participant {
    /// The account.
    user_id: AccountId,
    /// What the operator's own systems call the account: its id, unless they have another name for it.
    external_user_id: String,
    /// The name for people.
    display_name: String,
    /// Where the picture is.
    avatar_url: Option<String>,
    /// The role.
    role: Role,
    /// What the account may do by role, policies, grants and denials.
    permissions: Flags,
    /// Where the account stands.
    status: MemberStatus,
    /// What the account set for itself; of others than whoever asks, what is set if nothing is.
    settings: Settings,
    /// When the account became a member.
    #[schema(value_type = Option<String>)]
    joined_at: Option<Rfc3339>,
    /// Who added or invited the account.
    invited_by: Option<AccountId>,
    /// When the account left.
    #[schema(value_type = Option<String>)]
    left_at: Option<Rfc3339>,
    /// When the account was removed or banned.
    #[schema(value_type = Option<String>)]
    removed_at: Option<Rfc3339>,
    /// The last message that the account has read: of whoever asks, and while it is the newest one.
    last_read_message_id: Option<MessageId>,
    /// The position in the journal up to which the account has read.
    last_read_position: Option<Position>,
    /// When: it is not known of registers, which only say how far.
    #[schema(value_type = Option<String>)]
    last_read_at: Option<Rfc3339>,
}

/// Permissions, as systems have them that have seven.
#[derive(Debug, Serialize, ToSchema)]
struct Flags {
    can_send_messages: bool,
    can_send_media: bool,
    can_add_members: bool,
    can_remove_members: bool,
    can_change_info: bool,
    can_pin_messages: bool,
    can_delete_messages: bool,
}

/// What an account sets for itself about a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Settings {
    muted: bool,
    #[schema(value_type = Option<String>)]
    muted_until: Option<Rfc3339>,
    pinned: bool,
    #[schema(value_type = Option<String>)]
    pinned_at: Option<Rfc3339>,
    archived: bool,
    #[schema(value_type = Option<String>)]
    archived_at: Option<Rfc3339>,
    notifications: NotificationLevel,
}

/// What describes a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Metadata {
    /// Its title for people.
    name: Option<String>,
    description: Option<String>,
    avatar_url: Option<String>,
    theme: Theme,
    settings: Policies,
    /// None of what is no channel.
    channel: Option<Channel>,
}

/// How a conversation looks.
#[derive(Debug, Serialize, ToSchema)]
struct Theme {
    background_url: Option<String>,
    color: Option<String>,
}

/// How one may write and come in.
#[derive(Debug, Serialize, ToSchema)]
struct Policies {
    join_approval_required: bool,
    only_admins_can_message: bool,
    only_admins_can_add_members: bool,
    message_retention_days: u32,
    slow_mode_seconds: u32,
}

/// What a channel is beside.
#[derive(Debug, Serialize, ToSchema)]
struct Channel {
    is_public: bool,
    /// None: codes of invites are known to whoever made them only.
    invite_link: Option<String>,
    invite_link_enabled: bool,
    subscriber_count: u32,
}

/// The newest message.
#[derive(Debug, Serialize, ToSchema)]
struct LastMessage {
    message_id: MessageId,
    sender_id: AccountId,
    sender_name: String,
    /// Its first 100 characters; empty when it was taken back.
    content_preview: String,
    /// The kind of its content; none when it was taken back.
    content_type: Option<String>,
    #[schema(value_type = String)]
    sent_at: Rfc3339,
    is_encrypted: bool,
}

/// A pinned message.
#[derive(Debug, Serialize, ToSchema)]
struct PinnedMessage {
    message_id: MessageId,
    pinned_by: AccountId,
    #[schema(value_type = String)]
    pinned_at: Rfc3339,
}

/// What is counted of a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Stats {
    /// Not counted yet.
    message_count: Option<u32>,
    /// Not counted yet.
    media_count: Option<u32>,
    /// Not counted yet.
    file_count: Option<u32>,
    /// The active members.
    participant_count: u32,
    /// Of whoever asks, by account.
    unread_count: BTreeMap<String, u32>,
}

/// How a conversation is encrypted: not at all, as yet.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Encryption {
    enabled: bool,
    protocol: Option<String>,
    group_key_id: Option<String>,
    key_version: Option<u32>,
    #[schema(value_type = Option<String>)]
    last_key_rotation_at: Option<Rfc3339>,
}

/// What a document is made of.
pub(crate) struct Parts<'a> {
    pub(super) tenant: &'a str,
    pub(super) id: ConversationId,
    pub(super) loaded: &'a Loaded,
    /// Who asks, and their own summary and settings; none of an administrator who is in no list.
    pub(super) asker: &'a AccountId,
    pub(super) summary: Option<&'a ConversationSummary>,
    pub(super) home: &'a Home,
    pub(super) names: &'a Names,
    pub(super) external: &'a BTreeMap<StreamId, ExternalId>,
    pub(super) receipts: &'a BTreeMap<AccountId, Receipt>,
    pub(super) subscriber_count: u32,
    pub(super) at: WallTime,
}

impl ConversationDocument {
    /// The document of a conversation that has begun.
    pub(crate) fn of(parts: &Parts<'_>) -> Self {
        let conversation = &parts.loaded.conversation;
        let created = conversation.created.as_ref();
        let created_at = created.map(|created| created.at).unwrap_or_default();
        let last = parts.summary.and_then(|summary| summary.last_message.as_ref());
        let activity_at = last.map(|last| last.message.created_at());
        let updated_at = [Some(created_at), parts.loaded.updated_at, activity_at].into_iter().flatten().max();
        let mut pins: Vec<_> = conversation.pins.iter().collect();
        pins.sort_by_key(|(_, pin)| std::cmp::Reverse(pin.at));
        let unread = parts.summary.map(|summary| (parts.asker.to_string(), summary.unread));
        Self {
            id: parts.id,
            tenant_id: parts.tenant.to_owned(),
            conversation_id: parts.id,
            external_id: parts.external.get(&StreamId::Conversation(parts.id)).cloned(),
            kind: created.map_or(ConversationKind::Unknown, |created| created.kind),
            participants: conversation.members.iter().map(|one| Participant::of(parts, one)).collect(),
            metadata: Metadata::of(parts),
            last_message: last.map(|last| LastMessage {
                message_id: last.message.clone(),
                sender_id: last.message.author.clone(),
                sender_name: parts.names.of(&last.message.author),
                content_preview: last
                    .preview
                    .as_ref()
                    .and_then(|content| content.text())
                    .unwrap_or_default()
                    .to_owned(),
                content_type: last.preview.as_ref().map(|content| content.kind().to_owned()),
                sent_at: Rfc3339(last.message.created_at()),
                is_encrypted: false,
            }),
            pinned_messages: pins
                .into_iter()
                .map(|(message, pin)| PinnedMessage {
                    message_id: message.clone(),
                    pinned_by: pin.by.clone(),
                    pinned_at: Rfc3339(pin.at),
                })
                .collect(),
            stats: Stats {
                message_count: None,
                media_count: None,
                file_count: None,
                participant_count: conversation.active,
                unread_count: unread.into_iter().collect(),
            },
            encryption: Encryption::default(),
            status: conversation.state(),
            created_at: Rfc3339(created_at),
            updated_at: Rfc3339(updated_at.unwrap_or(created_at)),
            deleted_at: None,
        }
    }
}

impl Participant {
    fn of(parts: &Parts<'_>, (account, member): (&AccountId, &Member)) -> Self {
        let conversation = &parts.loaded.conversation;
        let membership = member.membership.as_ref();
        let since = |statuses: &[MemberStatus]| {
            let membership = membership.filter(|membership| statuses.contains(&membership.status));
            membership.map(|membership| Rfc3339(membership.at))
        };
        let permissions = match member.is_active() {
            true => conversation.permissions_at(member, parts.at),
            false => Permissions::default(),
        };
        let profile = parts.names.profiles.get(account);
        let external = parts.external.get(&StreamId::Account(account.clone()));
        let read = parts.receipts.get(account).map(|receipt| receipt.read).filter(|read| *read > Position::ZERO);
        let last = parts.summary.and_then(|summary| summary.last_message.as_ref());
        let last_read = last.filter(|last| read.is_some_and(|read| read >= last.position));
        Self {
            user_id: account.clone(),
            external_user_id: external.map_or_else(|| account.to_string(), ToString::to_string),
            display_name: parts.names.of(account),
            avatar_url: profile.and_then(|profile| profile.avatar_url.clone()),
            role: member.role.clone(),
            permissions: Flags::of(permissions),
            status: member_status(&member.role, member.status()),
            settings: Settings::of(parts, account == parts.asker),
            joined_at: membership.and_then(|membership| membership.joined_at).map(Rfc3339),
            invited_by: membership.and_then(|membership| membership.invited_by.clone()),
            left_at: since(&[MemberStatus::Left]),
            removed_at: since(&[MemberStatus::Removed, MemberStatus::Banned]),
            last_read_message_id: last_read.map(|last| last.message.clone()),
            last_read_position: read,
            last_read_at: None,
        }
    }
}

impl Flags {
    fn of(permissions: Permissions) -> Self {
        let holds = |permission| permissions.holds(permission);
        Self {
            can_send_messages: holds(Permission::MessageSend),
            can_send_media: holds(Permission::MessageSendMedia),
            can_add_members: holds(Permission::MemberAdd),
            can_remove_members: holds(Permission::MemberRemove),
            can_change_info: holds(Permission::ConversationInfo),
            can_pin_messages: holds(Permission::PinAdd) && holds(Permission::PinRemove),
            can_delete_messages: holds(Permission::MessageDeleteAny),
        }
    }
}

impl Settings {
    fn of(parts: &Parts<'_>, own: bool) -> Self {
        let setting = parts.home.settings.get(&parts.id).copied().filter(|_| own).unwrap_or_default();
        Self {
            muted: setting.muted_until.is_some_and(|until| until > parts.at),
            muted_until: setting.muted_until.filter(|until| until.as_millis() < u64::MAX).map(Rfc3339),
            pinned: setting.pinned_at.is_some(),
            pinned_at: setting.pinned_at.map(Rfc3339),
            archived: setting.archived_at.is_some(),
            archived_at: setting.archived_at.map(Rfc3339),
            notifications: setting.notifications.unwrap_or(NotificationLevel::All),
        }
    }
}

impl Metadata {
    fn of(parts: &Parts<'_>) -> Self {
        let conversation = &parts.loaded.conversation;
        let text = |field| conversation.text(field).map(str::to_owned);
        let policies = &conversation.policies;
        let theme = conversation.theme.clone();
        let is_channel = conversation.kind() == Some(ConversationKind::Channel);
        let lets_in = policies.join != JoinPolicy::InviteOnly;
        Self {
            name: conversation.title().map(str::to_owned),
            description: text(InfoField::Description),
            avatar_url: text(InfoField::AvatarUrl),
            theme: Theme {
                background_url: theme.as_ref().and_then(|theme| theme.background_url.clone()),
                color: theme.and_then(|theme| theme.color),
            },
            settings: Policies {
                join_approval_required: policies.join_approval,
                only_admins_can_message: policies.send == SendPolicy::AdminsOnly,
                only_admins_can_add_members: policies.add_members == WhoPolicy::AdminsOnly,
                message_retention_days: policies.retention_days,
                slow_mode_seconds: policies.slow_mode_seconds,
            },
            channel: is_channel.then(|| Channel {
                is_public: conversation.scope() == Scope::Public,
                invite_link: None,
                invite_link_enabled: lets_in && conversation.invites.values().any(|invite| invite.enabled),
                subscriber_count: parts.subscriber_count,
            }),
        }
    }
}
