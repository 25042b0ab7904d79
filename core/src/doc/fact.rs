//! What one operation states, in typed values: a key together with what is
//! put under it, or that it is deleted. Commands are planned as facts, the
//! authority judges facts, and both directions go through here.

use crate::{
    doc::{Key, Value},
    ids::{AccountId, ContactId, ConversationId, DocumentId, MessageId},
    model::{
        AccountKind, Contact, ConversationState, Created, Deletion, Edit, MemberStatus, MessageBody, Pin, Role,
        SendPolicy,
    },
    time::WallTime,
    wire::{decode, encode},
};

/// One statement of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The conversation comes to be.
    Created(Created),
    /// The title; none removes it.
    Title(Option<String>),
    /// The description; none removes it.
    Description(Option<String>),
    /// Whether the conversation goes on.
    State(ConversationState),
    /// Whether it is locked.
    Locked(bool),
    /// Who may send.
    SendPolicy(SendPolicy),
    /// A member's role.
    MemberRole(AccountId, Role),
    /// Where a member stands.
    MemberStatus(AccountId, MemberStatus),
    /// A pinned message; none unpins it.
    Pin(MessageId, Option<Pin>),
    /// A new message.
    Message(MessageId, MessageBody),
    /// A message's new words.
    Edit(MessageId, Edit),
    /// A message taken back.
    Deleted(MessageId, Deletion),
    /// Whether an account's emoji is on a message.
    Reaction(MessageId, String, AccountId, bool),
    /// What the account is.
    ProfileKind(AccountKind),
    /// A text of the profile; none removes it.
    Profile(ProfileField, Option<String>),
    /// A contact; none removes it.
    Contact(ContactId, Option<Contact>),
    /// A private setting of a conversation; none removes it.
    Setting(ConversationId, SettingField, Option<WallTime>),
}

/// A text of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileField {
    /// The name for people.
    DisplayName,
    /// Where the picture is.
    AvatarUrl,
    /// A short description.
    Bio,
    /// The current status.
    Status,
}

/// A private setting of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingField {
    /// Silent until.
    MutedUntil,
    /// At the top since.
    PinnedAt,
    /// Out of the way since.
    ArchivedAt,
}

/// Why an operation states nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFactError {
    /// The key is not one of this kind of document.
    #[error("unknown key")]
    Key,
    /// The value is of the wrong type or does not decode, or the key cannot be deleted.
    #[error("the value does not fit the key")]
    Value,
}

impl Fact {
    /// What an operation states.
    ///
    /// # Errors
    /// When the key is unknown in this document or the value does not fit it.
    pub fn parse(document: &DocumentId, key: &str, value: Option<&Value>) -> Result<Fact, ParseFactError> {
        let key = Key::parse(document, key).ok_or(ParseFactError::Key)?;
        Fact::from_parts(key, value).ok_or(ParseFactError::Value)
    }

    fn from_parts(key: Key, value: Option<&Value>) -> Option<Fact> {
        Some(match key {
            Key::Created => Fact::Created(from_cbor(value?)?),
            Key::Title => Fact::Title(optional(value, text)?),
            Key::Description => Fact::Description(optional(value, text)?),
            Key::State => Fact::State(ConversationState::parse(&text(value?)?)?),
            Key::Locked => Fact::Locked(boolean(value?)?),
            Key::SendPolicy => Fact::SendPolicy(SendPolicy::parse(&text(value?)?)?),
            Key::MemberRole(account) => Fact::MemberRole(account, Role::parse(&text(value?)?)?),
            Key::MemberStatus(account) => Fact::MemberStatus(account, MemberStatus::parse(&text(value?)?)?),
            Key::Pin(message) => Fact::Pin(message, optional(value, from_cbor)?),
            Key::Message(message) => Fact::Message(message, from_cbor(value?)?),
            Key::Edit(message) => Fact::Edit(message, from_cbor(value?)?),
            Key::Deleted(message) => Fact::Deleted(message, from_cbor(value?)?),
            Key::Reaction(message, emoji, account) => match value {
                Some(value) => boolean(value)?.then_some(Fact::Reaction(message, emoji, account, true))?,
                None => Fact::Reaction(message, emoji, account, false),
            },
            Key::ProfileKind => Fact::ProfileKind(AccountKind::parse(&text(value?)?)?),
            Key::ProfileDisplayName => Fact::Profile(ProfileField::DisplayName, optional(value, text)?),
            Key::ProfileAvatarUrl => Fact::Profile(ProfileField::AvatarUrl, optional(value, text)?),
            Key::ProfileBio => Fact::Profile(ProfileField::Bio, optional(value, text)?),
            Key::ProfileStatus => Fact::Profile(ProfileField::Status, optional(value, text)?),
            Key::Contact(contact) => Fact::Contact(contact, optional(value, from_cbor)?),
            Key::MutedUntil(conversation) => {
                Fact::Setting(conversation, SettingField::MutedUntil, optional(value, time)?)
            }
            Key::PinnedAt(conversation) => Fact::Setting(conversation, SettingField::PinnedAt, optional(value, time)?),
            Key::ArchivedAt(conversation) => {
                Fact::Setting(conversation, SettingField::ArchivedAt, optional(value, time)?)
            }
        })
    }

    /// The key and value that state this; no value deletes the key.
    pub fn write(&self) -> (Key, Option<Value>) {
        match self {
            Fact::Created(created) => (Key::Created, Some(to_cbor(created))),
            Fact::Title(title) => (Key::Title, title.clone().map(Value::Text)),
            Fact::Description(description) => (Key::Description, description.clone().map(Value::Text)),
            Fact::State(state) => (Key::State, Some(name(state.as_str()))),
            Fact::Locked(locked) => (Key::Locked, Some(Value::Bool(*locked))),
            Fact::SendPolicy(policy) => (Key::SendPolicy, Some(name(policy.as_str()))),
            Fact::MemberRole(account, role) => (Key::MemberRole(account.clone()), Some(name(role.as_str()))),
            Fact::MemberStatus(account, status) => (Key::MemberStatus(account.clone()), Some(name(status.as_str()))),
            Fact::Pin(message, pin) => (Key::Pin(message.clone()), pin.as_ref().map(to_cbor)),
            Fact::Message(message, body) => (Key::Message(message.clone()), Some(to_cbor(body))),
            Fact::Edit(message, edit) => (Key::Edit(message.clone()), Some(to_cbor(edit))),
            Fact::Deleted(message, deletion) => (Key::Deleted(message.clone()), Some(to_cbor(deletion))),
            Fact::Reaction(message, emoji, account, on) => {
                (Key::Reaction(message.clone(), emoji.clone(), account.clone()), on.then_some(Value::Bool(true)))
            }
            Fact::ProfileKind(kind) => (Key::ProfileKind, Some(name(kind.as_str()))),
            Fact::Profile(field, text) => (field.key(), text.clone().map(Value::Text)),
            Fact::Contact(contact, value) => (Key::Contact(*contact), value.as_ref().map(to_cbor)),
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

fn name(text: &'static str) -> Value {
    Value::Text(text.to_owned())
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

fn time(value: &Value) -> Option<WallTime> {
    match value {
        Value::Uint(millis) => Some(WallTime::from_millis(*millis)),
        Value::Text(_) | Value::Bool(_) | Value::Bytes(_) => None,
    }
}
