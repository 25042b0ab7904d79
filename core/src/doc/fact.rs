//! Facts: the typed meaning of one operation, a key with its value or its deletion. Commands plan facts and the
//! authority judges them, and both directions of the conversion are here.

use crate::{
    doc::{Key, Value},
    ids::{AccountId, ContactId, ConversationId, DocumentId, InviteId, MessageId},
    model::{
        AccountKind, Contact, ContactKind, Content, ConversationKind, ConversationState, Created, Deletion, Edit,
        Grant, Held, HeldState, InfoField, Invite, LeadNumber, LeadOpened, LeadStage, LinkKind, MemberField,
        MemberStatus, Membership, MessageBody, NotificationLevel, Permission, Pin, Policy, PolicyValue, Reachability,
        Role, RoleDefinition, RoleName, Scope, Theme,
        content::{ProposalAnswer, ProposalStatus},
    },
    time::WallTime,
    wire::{decode, encode},
};

/// One statement of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Creates the conversation.
    Created(Created),
    /// A text that describes the conversation; none removes it.
    Info(InfoField, Option<String>),
    /// The theme; none removes it.
    Theme(Option<Theme>),
    /// The conversation's visibility.
    Scope(Scope),
    /// The conversation's state.
    State(ConversationState),
    /// The conversation's lock.
    Locked(bool),
    /// A policy.
    Policy(Policy),
    /// A custom role; none removes it.
    RoleDefinition(RoleName, Option<RoleDefinition>),
    /// A member's role.
    MemberRole(AccountId, Role),
    /// A member's status.
    MemberStatus(AccountId, Membership),
    /// A permission granted or denied to a member; none revokes that.
    MemberGrant(AccountId, Permission, Option<Grant>),
    /// A text of a member's own entry; none removes it.
    MemberText(AccountId, MemberField, Option<String>),
    /// An invite link; none deletes it.
    Invite(InviteId, Option<Invite>),
    /// The number of accounts that joined with an invite link.
    InviteUses(InviteId, u32),
    /// A removed member's message that is held, or what somebody decided about it.
    Held(MessageId, Held),
    /// A pinned message; none unpins it.
    Pin(MessageId, Option<Pin>),
    /// Opens a lead.
    LeadOpened(LeadNumber, LeadOpened),
    /// The stage of a lead.
    LeadStage(LeadNumber, LeadStage),
    /// True if a lead is archived.
    LeadArchived(LeadNumber, bool),
    /// The reason why a lead was closed; none removes it.
    LeadClosureReason(LeadNumber, Option<String>),
    /// A new message.
    Message(MessageId, MessageBody),
    /// A message's new content.
    Edit(MessageId, Edit),
    /// The deletion of a message.
    Deleted(MessageId, Deletion),
    /// An account's emoji on a message, set or removed.
    Reaction(MessageId, String, AccountId, bool),
    /// The answer that a response gave to a proposal.
    ProposalAnswer(MessageId, ProposalAnswer),
    /// The kind of account.
    ProfileKind(AccountKind),
    /// A text of the profile; none removes it.
    Profile(ProfileField, Option<String>),
    /// A contact; none removes it.
    Contact(ContactId, Option<Contact>),
    /// A blocked account, and since when; none lifts the block.
    Blocked(AccountId, Option<WallTime>),
    /// Who may invite the account, add it, or begin a direct conversation with it; none restores the default.
    Reachability(Option<Reachability>),
    /// A private setting of a conversation; none removes it.
    Setting(ConversationId, SettingField, Option<WallTime>),
    /// The notification level of a conversation; none restores the default.
    Notifications(ConversationId, Option<NotificationLevel>),
}

/// A text of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileField {
    /// The name for people.
    DisplayName,
    /// URL of the picture.
    AvatarUrl,
    /// A short description.
    Bio,
    /// The current status.
    Status,
    /// The account's name in the operator's own systems.
    Reference,
}

impl ProfileField {
    /// All fields.
    pub const ALL: [ProfileField; 5] = [
        ProfileField::DisplayName,
        ProfileField::AvatarUrl,
        ProfileField::Bio,
        ProfileField::Status,
        ProfileField::Reference,
    ];
}

/// A private setting of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingField {
    /// Until when notifications are muted.
    MutedUntil,
    /// Since when it is pinned to the top.
    PinnedAt,
    /// Since when it is archived.
    ArchivedAt,
}

/// Why an operation is not a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFactError {
    /// The key is not one of this kind of document.
    #[error("unknown key")]
    Key,
    /// A policy, or a policy's value, that this version does not know.
    #[error("unknown policy")]
    Policy,
    /// The value is of the wrong type or does not decode, or the key cannot be deleted.
    #[error("the value does not fit the key")]
    Value,
}

impl Fact {
    /// Parses an operation.
    ///
    /// # Errors
    /// When the key is unknown in this document or the value does not fit it.
    pub fn parse(document: &DocumentId, key: &str, value: Option<&Value>) -> Result<Fact, ParseFactError> {
        let Some(parsed) = Key::parse(document, key) else {
            let policy = document.is_conversation() && key.starts_with("policy/");
            return Err(if policy { ParseFactError::Policy } else { ParseFactError::Key });
        };
        let unfit = match (&parsed, value) {
            (Key::Policy(_), Some(_)) => ParseFactError::Policy,
            _ => ParseFactError::Value,
        };
        Fact::from_parts(parsed, value).ok_or(unfit)
    }

    /// Returns true if this version knows every name in it. Deciding requires that, reading does not.
    pub fn is_known(&self) -> bool {
        match self {
            Fact::Created(Created { kind, link, .. }) => {
                let link = link.as_ref().map(|link| link.kind);
                *kind != ConversationKind::Unknown && link != Some(LinkKind::Unknown)
            }
            Fact::Scope(scope) => *scope != Scope::Unknown,
            Fact::State(state) => *state != ConversationState::Unknown,
            Fact::Policy(policy) => policy.is_known(),
            Fact::MemberRole(_, role) | Fact::Invite(_, Some(Invite { role, .. })) => *role != Role::Unknown,
            Fact::MemberStatus(_, membership) => membership.status != MemberStatus::Unknown,
            Fact::Held(_, held) => held.state != HeldState::Unknown,
            Fact::Message(_, MessageBody { content, .. }) | Fact::Edit(_, Edit { content, .. }) => {
                !matches!(content, Content::Unknown(_))
            }
            Fact::ProposalAnswer(_, answer) => answer.status != ProposalStatus::Unknown,
            Fact::ProfileKind(kind) => *kind != AccountKind::Unknown,
            Fact::Contact(_, Some(contact)) => contact.kind != ContactKind::Unknown,
            Fact::Reachability(reachability) => *reachability != Some(Reachability::Unknown),
            Fact::Notifications(_, level) => *level != Some(NotificationLevel::Unknown),
            // Their names are in keys, which are known or unknown as a whole.
            Fact::Info(..)
            | Fact::Theme(_)
            | Fact::Locked(_)
            | Fact::RoleDefinition(..)
            | Fact::MemberGrant(..)
            | Fact::MemberText(..)
            | Fact::Invite(_, None)
            | Fact::InviteUses(..)
            | Fact::Pin(..)
            | Fact::LeadOpened(..)
            | Fact::LeadStage(..)
            | Fact::LeadArchived(..)
            | Fact::LeadClosureReason(..)
            | Fact::Deleted(..)
            | Fact::Reaction(..)
            | Fact::Profile(..)
            | Fact::Contact(_, None)
            | Fact::Blocked(..)
            | Fact::Setting(..) => true,
        }
    }

    fn from_parts(key: Key, value: Option<&Value>) -> Option<Fact> {
        Some(match key {
            Key::Created => Fact::Created(from_cbor(value?)?),
            Key::Info(field) => Fact::Info(field, optional(value, text)?),
            Key::Theme => Fact::Theme(optional(value, from_cbor)?),
            Key::Scope => Fact::Scope(Scope::read(&text(value?)?)),
            Key::State => Fact::State(ConversationState::read(&text(value?)?)),
            Key::Locked => Fact::Locked(boolean(value?)?),
            Key::Policy(name) => Fact::Policy(Policy::new(name, policy_value(value?)?)?),
            Key::RoleDefinition(name) => Fact::RoleDefinition(name, optional(value, from_cbor)?),
            Key::MemberRole(account) => Fact::MemberRole(account, Role::read(&text(value?)?)),
            Key::MemberStatus(account) => Fact::MemberStatus(account, from_cbor(value?)?),
            Key::MemberGrant(account, permission) => {
                Fact::MemberGrant(account, permission, optional(value, from_cbor)?)
            }
            Key::MemberText(account, field) => Fact::MemberText(account, field, optional(value, text)?),
            Key::Invite(invite) => Fact::Invite(invite, optional(value, from_cbor)?),
            Key::InviteUses(invite) => Fact::InviteUses(invite, number(value?)?),
            Key::Held(message) => Fact::Held(message, from_cbor(value?)?),
            Key::Pin(message) => Fact::Pin(message, optional(value, from_cbor)?),
            Key::LeadOpened(lead) => Fact::LeadOpened(lead, from_cbor(value?)?),
            Key::LeadStage(lead) => Fact::LeadStage(lead, LeadStage::parse(&text(value?)?)?),
            Key::LeadArchived(lead) => Fact::LeadArchived(lead, boolean(value?)?),
            Key::LeadClosureReason(lead) => Fact::LeadClosureReason(lead, optional(value, text)?),
            Key::Message(message) => Fact::Message(message, from_cbor(value?)?),
            Key::Edit(message) => Fact::Edit(message, from_cbor(value?)?),
            Key::Deleted(message) => Fact::Deleted(message, from_cbor(value?)?),
            Key::Reaction(message, emoji, account) => match value {
                Some(value) => boolean(value)?.then_some(Fact::Reaction(message, emoji, account, true))?,
                None => Fact::Reaction(message, emoji, account, false),
            },
            Key::ProposalAnswer(message) => Fact::ProposalAnswer(message, from_cbor(value?)?),
            Key::ProfileKind => Fact::ProfileKind(AccountKind::read(&text(value?)?)),
            Key::ProfileDisplayName => Fact::Profile(ProfileField::DisplayName, optional(value, text)?),
            Key::ProfileAvatarUrl => Fact::Profile(ProfileField::AvatarUrl, optional(value, text)?),
            Key::ProfileBio => Fact::Profile(ProfileField::Bio, optional(value, text)?),
            Key::ProfileStatus => Fact::Profile(ProfileField::Status, optional(value, text)?),
            Key::ProfileReference => Fact::Profile(ProfileField::Reference, optional(value, text)?),
            Key::Contact(contact) => Fact::Contact(contact, optional(value, from_cbor)?),
            Key::Blocked(account) => Fact::Blocked(account, optional(value, time)?),
            Key::Reachability => {
                let reachability = |value: &Value| Some(Reachability::read(&text(value)?));
                Fact::Reachability(optional(value, reachability)?)
            }
            Key::MutedUntil(conversation) => {
                Fact::Setting(conversation, SettingField::MutedUntil, optional(value, time)?)
            }
            Key::PinnedAt(conversation) => Fact::Setting(conversation, SettingField::PinnedAt, optional(value, time)?),
            Key::ArchivedAt(conversation) => {
                Fact::Setting(conversation, SettingField::ArchivedAt, optional(value, time)?)
            }
            Key::Notifications(conversation) => {
                let level = |value: &Value| Some(NotificationLevel::read(&text(value)?));
                Fact::Notifications(conversation, optional(value, level)?)
            }
        })
    }

    /// The key and value of this fact; without a value the key is deleted.
    pub fn write(&self) -> (Key, Option<Value>) {
        match self {
            Fact::Created(created) => (Key::Created, Some(to_cbor(created))),
            Fact::Info(field, text) => (Key::Info(*field), text.clone().map(Value::Text)),
            Fact::Theme(theme) => (Key::Theme, theme.as_ref().map(to_cbor)),
            Fact::Scope(scope) => (Key::Scope, Some(name(scope.as_str()))),
            Fact::State(state) => (Key::State, Some(name(state.as_str()))),
            Fact::Locked(locked) => (Key::Locked, Some(Value::Bool(*locked))),
            Fact::Policy(policy) => (Key::Policy(policy.name()), Some(written(policy.value()))),
            Fact::RoleDefinition(name, role) => (Key::RoleDefinition(name.clone()), role.as_ref().map(to_cbor)),
            Fact::MemberRole(account, role) => (Key::MemberRole(account.clone()), Some(name(role.as_str()))),
            Fact::MemberStatus(account, membership) => (Key::MemberStatus(account.clone()), Some(to_cbor(membership))),
            Fact::MemberGrant(account, permission, grant) => {
                (Key::MemberGrant(account.clone(), *permission), grant.as_ref().map(to_cbor))
            }
            Fact::MemberText(account, field, text) => {
                (Key::MemberText(account.clone(), *field), text.clone().map(Value::Text))
            }
            Fact::Invite(id, invite) => (Key::Invite(*id), invite.as_ref().map(to_cbor)),
            Fact::InviteUses(id, uses) => (Key::InviteUses(*id), Some(Value::Uint(u64::from(*uses)))),
            Fact::Held(message, held) => (Key::Held(message.clone()), Some(to_cbor(held))),
            Fact::Pin(message, pin) => (Key::Pin(message.clone()), pin.as_ref().map(to_cbor)),
            Fact::LeadOpened(lead, opened) => (Key::LeadOpened(*lead), Some(to_cbor(opened))),
            Fact::LeadStage(lead, stage) => (Key::LeadStage(*lead), Some(name(stage.as_str()))),
            Fact::LeadArchived(lead, archived) => (Key::LeadArchived(*lead), Some(Value::Bool(*archived))),
            Fact::LeadClosureReason(lead, reason) => (Key::LeadClosureReason(*lead), reason.clone().map(Value::Text)),
            Fact::Message(message, body) => (Key::Message(message.clone()), Some(to_cbor(body))),
            Fact::Edit(message, edit) => (Key::Edit(message.clone()), Some(to_cbor(edit))),
            Fact::Deleted(message, deletion) => (Key::Deleted(message.clone()), Some(to_cbor(deletion))),
            Fact::Reaction(message, emoji, account, on) => {
                (Key::Reaction(message.clone(), emoji.clone(), account.clone()), on.then_some(Value::Bool(true)))
            }
            Fact::ProposalAnswer(message, answer) => (Key::ProposalAnswer(message.clone()), Some(to_cbor(answer))),
            Fact::ProfileKind(kind) => (Key::ProfileKind, Some(name(kind.as_str()))),
            Fact::Profile(field, text) => (field.key(), text.clone().map(Value::Text)),
            Fact::Contact(contact, value) => (Key::Contact(*contact), value.as_ref().map(to_cbor)),
            Fact::Blocked(account, at) => (Key::Blocked(account.clone()), at.map(|at| Value::Uint(at.as_millis()))),
            Fact::Reachability(reachability) => {
                (Key::Reachability, reachability.map(|reachability| name(reachability.as_str())))
            }
            Fact::Notifications(conversation, level) => {
                (Key::Notifications(*conversation), level.map(|level| name(level.as_str())))
            }
            Fact::Setting(conversation, field, time) => {
                (field.key(*conversation), time.map(|time| Value::Uint(time.as_millis())))
            }
        }
    }
}

impl ProfileField {
    fn key(self) -> Key {
        match self {
            ProfileField::DisplayName => Key::ProfileDisplayName,
            ProfileField::AvatarUrl => Key::ProfileAvatarUrl,
            ProfileField::Bio => Key::ProfileBio,
            ProfileField::Status => Key::ProfileStatus,
            ProfileField::Reference => Key::ProfileReference,
        }
    }
}

impl SettingField {
    fn key(self, conversation: ConversationId) -> Key {
        match self {
            SettingField::MutedUntil => Key::MutedUntil(conversation),
            SettingField::PinnedAt => Key::PinnedAt(conversation),
            SettingField::ArchivedAt => Key::ArchivedAt(conversation),
        }
    }
}

fn name(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn written(policy: PolicyValue<'_>) -> Value {
    match policy {
        PolicyValue::Name(text) => name(text),
        PolicyValue::Switch(on) => Value::Bool(on),
        PolicyValue::Number(number) => Value::Uint(number),
    }
}

fn policy_value(value: &Value) -> Option<PolicyValue<'_>> {
    Some(match value {
        Value::Text(text) => PolicyValue::Name(text),
        Value::Bool(on) => PolicyValue::Switch(*on),
        Value::Uint(number) => PolicyValue::Number(*number),
        Value::Bytes(_) => return None,
    })
}

fn to_cbor<T: minicbor::Encode<()>>(value: &T) -> Value {
    Value::Bytes(encode(value))
}

fn from_cbor<T: for<'b> minicbor::Decode<'b, ()>>(value: &Value) -> Option<T> {
    match value {
        Value::Bytes(bytes) => decode(bytes).ok(),
        Value::Text(_) | Value::Uint(_) | Value::Bool(_) => None,
    }
}

fn optional<T>(value: Option<&Value>, parse: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match value {
        Some(value) => parse(value).map(Some),
        None => Some(None),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Uint(_) | Value::Bool(_) | Value::Bytes(_) => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Text(_) | Value::Uint(_) | Value::Bytes(_) => None,
    }
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Uint(number) => (*number).try_into().ok(),
        Value::Text(_) | Value::Bool(_) | Value::Bytes(_) => None,
    }
}

fn time(value: &Value) -> Option<WallTime> {
    match value {
        Value::Uint(millis) => Some(WallTime::from_millis(*millis)),
        Value::Text(_) | Value::Bool(_) | Value::Bytes(_) => None,
    }
}
