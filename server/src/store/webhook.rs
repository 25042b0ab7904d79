//! Webhooks as stored: the endpoints of a tenant, the events that a commit tells them, and the deliveries that are
//! pending or have failed for good.

use std::{collections::BTreeSet, fmt};

use tidings_core::{
    ids::{ConversationId, MessageId, TenantId},
    journal::Position,
    time::WallTime,
};

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// A message was sent.
    MessageCreated,
    /// The role or status of a member changed.
    MemberChanged,
    /// A proposal was made or answered.
    ProposalChanged,
    /// A lead was opened or changed.
    LeadChanged,
    /// A message has not reached accounts that want to be notified of it.
    Notification,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::MessageCreated, Self::MemberChanged, Self::ProposalChanged, Self::LeadChanged, Self::Notification];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageCreated => "message.created",
            Self::MemberChanged => "member.changed",
            Self::ProposalChanged => "proposal.changed",
            Self::LeadChanged => "lead.changed",
            Self::Notification => "notification",
        }
    }

    /// The type with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Events of a conversation that are sent to an endpoint one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Those that tell what happened.
    Events,
    /// Notifications, which wait for devices to come, and hold back nothing meanwhile.
    Notifications,
}

impl Lane {
    /// The lane of a type of events.
    pub fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::MessageCreated
            | EventKind::MemberChanged
            | EventKind::ProposalChanged
            | EventKind::LeadChanged => Self::Events,
            EventKind::Notification => Self::Notifications,
        }
    }

    /// Its number in the store.
    pub fn number(self) -> u32 {
        match self {
            Self::Events => 0,
            Self::Notifications => 1,
        }
    }

    /// The lane with a number.
    pub fn numbered(number: u32) -> Self {
        if number == 0 { Self::Events } else { Self::Notifications }
    }
}

/// An event of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// Its id: one per event, the same at every endpoint and attempt.
    pub id: String,
    /// Its type.
    pub kind: EventKind,
    /// The entry that it tells of.
    pub position: Position,
    /// Its number among the events of that entry.
    pub ordinal: u32,
    /// When the entry was admitted.
    pub accepted_at: WallTime,
    /// When it is sent.
    pub due_at: WallTime,
    /// The body of its requests, as JSON, without the words of a message.
    pub body: Vec<u8>,
    /// The message that it tells of.
    pub message: Option<MessageId>,
    /// The body with the message's words, which is sent until the message is deleted; none if that is too long, or if
    /// there are no words.
    pub words: Option<Vec<u8>>,
}

/// Whether an endpoint is told events, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It is told them.
    On,
    /// An administrator switched it off.
    Off,
    /// It answered 410 and was switched off.
    Gone,
    /// Too many events waited for it, and it was switched off.
    Full,
}

impl EndpointState {
    const ALL: [Self; 4] = [Self::On, Self::Off, Self::Gone, Self::Full];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Gone => "gone",
            Self::Full => "full",
        }
    }

    /// The state with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Bytes of an endpoint's secret, and of the seed of its key pair.
pub const KEY_BYTES: usize = 32;

/// The keys that sign what an endpoint is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointKeys {
    /// The secret that it shares with the endpoint.
    pub secret: [u8; KEY_BYTES],
    /// The seed of an Ed25519 key pair, which nobody else has.
    pub seed: [u8; KEY_BYTES],
}

impl EndpointKeys {
    /// As they are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.secret, self.seed].concat()
    }

    /// Reads what `to_bytes` wrote; none if it did not.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (secret, rest) = bytes.split_first_chunk()?;
        Some(Self { secret: *secret, seed: rest.try_into().ok()? })
    }
}

/// An endpoint of a tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// The types of events that it is told; empty for all.
    pub events: BTreeSet<EventKind>,
    /// The keys of its signatures.
    pub keys: EndpointKeys,
    /// The former keys, which sign too until a time.
    pub former: Option<(EndpointKeys, WallTime)>,
    /// Whether it is told events.
    pub state: EndpointState,
    /// When it was added.
    pub created_at: WallTime,
}

impl Endpoint {
    /// Scheme and host of its address: what is behind them may be a secret of the receiver.
    pub fn origin(&self) -> &str {
        let authority = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[authority..].find(['/', '?']).map_or(self.url.len(), |at| authority + at);
        &self.url[..end]
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither keys nor an address, which may have one in its path.
        let Self { id, state, .. } = self;
        formatter.debug_struct("Endpoint").field("id", id).field("state", state).finish_non_exhaustive()
    }
}

/// What changes of an endpoint; none for what stays.
#[derive(Clone, Default)]
pub struct EndpointChange {
    /// Another address.
    pub url: Option<String>,
    /// Other types of events.
    pub events: Option<BTreeSet<EventKind>>,
    /// Another state.
    pub state: Option<EndpointState>,
    /// Other keys, and until when the present ones sign too.
    pub keys: Option<(EndpointKeys, WallTime)>,
}

impl fmt::Debug for EndpointChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EndpointChange").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The place of an event among those of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The endpoint.
    pub endpoint: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// The entry.
    pub position: Position,
    /// The number among the events of the entry.
    pub ordinal: u32,
}

/// A delivery that a node has leased.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place.
    pub key: DeliveryKey,
    /// The id of the event.
    pub event: String,
    /// Its type.
    pub kind: EventKind,
    /// When its entry was admitted.
    pub accepted_at: WallTime,
    /// When its attempts began.
    pub since: WallTime,
    /// Failed attempts so far.
    pub attempts: u32,
    /// The body.
    pub body: Vec<u8>,
    /// The lease under which its outcome is written.
    pub lease: i64,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, attempts, .. } = self;
        formatter.debug_struct("Delivery").field("event", event).field("attempts", attempts).finish_non_exhaustive()
    }
}

/// A lease to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// The time now.
    pub now: WallTime,
    /// Until when nobody else takes it.
    pub until: WallTime,
    /// A random number that is not zero: who holds it may write the outcome.
    pub lease: i64,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Delivered.
    Delivered,
    /// It failed, and is tried again from a time on.
    Retry(WallTime, String),
    /// It failed for good.
    Dead(String),
    /// It was not tried.
    Released,
}

/// Whether a delivery is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is.
    Pending,
    /// It has failed for good.
    Dead,
}

impl DeliveryState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Dead => "dead",
        }
    }

    /// The state with a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}

/// A delivery as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The id of the event.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// The entry.
    pub position: Position,
    /// When the entry was admitted.
    pub accepted_at: WallTime,
    /// When it is tried next, or when it failed for good.
    pub due_at: WallTime,
    /// Failed attempts.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}
