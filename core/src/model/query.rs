//! Queries of conversation lists: the own ones by newest activity, and the tenant's directory. Both are paged
//! by key: a page begins after the last row of the previous one.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    ids::ConversationId,
    limits::frame_items,
    model::{ConversationKind, ConversationState, JoinPolicy, MemberStatus, Role},
    time::WallTime,
    wire::bounded,
};

/// Maximum number of rows of one page.
pub const PAGE_MAX: u32 = 100;

/// A query of one of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// The own conversations.
    #[n(0)]
    Own(#[n(0)] OwnQuery),
    /// Public conversations of the tenant.
    #[n(1)]
    Directory(#[n(0)] DirectoryQuery),
}

/// A query of the own conversations, by newest activity.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(default)]
pub struct OwnQuery {
    /// Only these kinds; every kind if empty.
    #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub kinds: Vec<ConversationKind>,
    /// Only conversations with these own statuses. If empty: active, invited and requested ones.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub statuses: Vec<MemberStatus>,
    /// Only these states; all but deleted if empty. Does not apply to conversations that the account has left.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub states: Vec<ConversationState>,
    /// The key to continue after; none for the first page.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub after: Option<ActivityKey>,
    /// Maximum number of rows, up to `PAGE_MAX`; 0 for `PAGE_MAX`.
    #[n(4)]
    #[serde(rename = "limit")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub count_max: u32,
    /// Only about the resource with this id.
    #[n(5)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub resource: Option<String>,
    /// Only those whose name has words with these prefixes. Never sent: only the device knows what a person
    /// calls their conversations.
    #[cbor(skip)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub words: String,
}

impl core::fmt::Debug for OwnQuery {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { kinds, statuses, states, after, count_max, resource, words } = self;
        write!(
            formatter,
            "OwnQuery({kinds:?}, {statuses:?}, {states:?}, {after:?}, {count_max}, {resource:?}, {} bytes)",
            words.len()
        )
    }
}

/// A place in the order of activity: newest first, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityKey {
    /// Time of the latest activity.
    #[n(0)]
    pub at: WallTime,
    /// The id of the conversation.
    #[n(1)]
    pub conversation: ConversationId,
}

impl ActivityKey {
    /// Returns true if this place comes after another one.
    pub fn is_after(&self, other: &ActivityKey) -> bool {
        (other.at, self.conversation) > (self.at, other.conversation)
    }
}

/// A query of public conversations, by the words of their title and name.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(default)]
pub struct DirectoryQuery {
    /// Prefixes of words of a title or name, or `@` and the prefix of a name.
    #[n(0)]
    pub words: String,
    /// Only these kinds; every kind if empty.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub kinds: Vec<ConversationKind>,
    /// The key to continue after; none for the first page.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub after: Option<WordKey>,
    /// Maximum number of rows, up to `PAGE_MAX`; 0 for `PAGE_MAX`.
    #[n(3)]
    #[serde(rename = "limit")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub count_max: u32,
}

impl core::fmt::Debug for DirectoryQuery {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { words, kinds, count_max, .. } = self;
        write!(formatter, "DirectoryQuery({} bytes, {kinds:?}, {count_max})", words.len())
    }
}

/// A place in the directory: by word, then by id.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WordKey {
    /// The word by which it was found.
    #[n(0)]
    pub word: String,
    /// The id of the conversation.
    #[n(1)]
    pub conversation: ConversationId,
}

impl core::fmt::Debug for WordKey {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "WordKey({} bytes, {})", self.word.len(), self.conversation)
    }
}

/// The public part of a conversation, beside its kind, title and number of members.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Its name.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL of its picture.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// How accounts join.
    #[n(3)]
    pub join: JoinPolicy,
    /// True if accounts that join wait for approval.
    #[n(4)]
    pub join_approval: bool,
}

impl core::fmt::Debug for Listing {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Listing({:?}, {}, approval {})", self.name, self.join, self.join_approval)
    }
}

/// A public conversation in the directory.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DirectoryRow {
    /// The id of the conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// Its kind.
    #[n(1)]
    pub kind: ConversationKind,
    /// Its title.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its public part.
    #[n(3)]
    #[serde(flatten)]
    pub listing: Listing,
    /// Its active members.
    #[n(4)]
    pub member_count: u32,
    /// The number of its subscribers.
    #[n(5)]
    pub subscriber_count: u32,
    /// The own membership status; none if there never was one.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
}

impl core::fmt::Debug for DirectoryRow {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "DirectoryRow({}, {}, {:?}, {:?})", self.conversation, self.kind, self.listing, self.status)
    }
}

/// The status to send to an account: an active one with the role of subscriber is subscribed.
pub fn member_status(role: &Role, status: MemberStatus) -> MemberStatus {
    match (role, status) {
        (Role::Subscriber, MemberStatus::Active) => MemberStatus::Subscribed,
        _ => status,
    }
}

/// Returns true if devices have a row for every conversation in which their account has this status; for other
/// statuses they may lack some.
pub fn has_row(status: MemberStatus) -> bool {
    match status {
        MemberStatus::Active | MemberStatus::Subscribed | MemberStatus::Invited | MemberStatus::Requested => true,
        MemberStatus::Left | MemberStatus::Removed | MemberStatus::Banned | MemberStatus::Unknown => false,
    }
}

impl OwnQuery {
    /// The kinds to return.
    pub fn kinds(&self) -> Vec<ConversationKind> {
        all_unless(&self.kinds, ConversationKind::ALL.iter().copied())
    }

    /// The statuses to return.
    pub fn statuses(&self) -> Vec<MemberStatus> {
        all_unless(&self.statuses, MemberStatus::ALL.iter().copied().filter(|status| has_row(*status)))
    }

    /// The states to return.
    pub fn states(&self) -> Vec<ConversationState> {
        let states = ConversationState::ALL.iter().copied();
        all_unless(&self.states, states.filter(|state| *state != ConversationState::Deleted))
    }

    /// The maximum number of rows of a page.
    pub fn page_max(&self) -> u32 {
        page_max(self.count_max)
    }
}

impl DirectoryQuery {
    /// The kinds to return.
    pub fn kinds(&self) -> Vec<ConversationKind> {
        all_unless(&self.kinds, ConversationKind::ALL.iter().copied())
    }

    /// The maximum number of rows of a page.
    pub fn page_max(&self) -> u32 {
        page_max(self.count_max)
    }
}

fn all_unless<T: Copy>(named: &[T], all: impl Iterator<Item = T>) -> Vec<T> {
    if named.is_empty() { all.collect() } else { named.to_vec() }
}

fn page_max(count_max: u32) -> u32 {
    if count_max == 0 { PAGE_MAX } else { count_max.min(PAGE_MAX) }
}
