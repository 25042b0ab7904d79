//! Questions for lists of conversations: the own ones by newest activity, and
//! the directory of what everybody of the tenant may find. Both are paged by
//! key: a page begins behind the last row of the one before.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    ids::ConversationId,
    limits::frame_items,
    model::{ConversationKind, ConversationState, JoinPolicy, MemberStatus, Role},
    time::WallTime,
    wire::bounded,
};

/// Rows of one page at most.
pub const PAGE_MAX: u32 = 100;

/// Which list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// The own conversations.
    #[n(0)]
    Own(#[n(0)] OwnQuery),
    /// What everybody of the tenant may find.
    #[n(1)]
    Directory(#[n(0)] DirectoryQuery),
}

/// Which of the own conversations, by newest activity.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(default)]
pub struct OwnQuery {
    /// Of these kinds; of every kind if there is none.
    #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub kinds: Vec<ConversationKind>,
    /// Where the account stands so. Where it takes part, was invited or asked
    /// to be let in, if there is none.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub statuses: Vec<MemberStatus>,
    /// In these states; in any but deleted, if there is none. It says nothing
    /// of what the account is not in any more.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub states: Vec<ConversationState>,
    /// Those behind this one; none for the first page.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub after: Option<ActivityKey>,
    /// At most so many, and at most `PAGE_MAX`; 0 is as many as there may be.
    #[n(4)]
    #[serde(rename = "limit")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub count_max: u32,
    /// About the resource of this id only.
    #[n(5)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub resource: Option<String>,
    /// Only those whose name holds words that begin like these. Never sent:
    /// what a person calls their conversations is known here only.
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
    /// When something last happened there.
    #[n(0)]
    pub at: WallTime,
    /// The id of the conversation.
    #[n(1)]
    pub conversation: ConversationId,
}

impl ActivityKey {
    /// Whether this place is behind another one.
    pub fn is_behind(&self, other: &ActivityKey) -> bool {
        (other.at, self.conversation) > (self.at, other.conversation)
    }
}

/// Which public conversations, by the words that they are found under.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(default)]
pub struct DirectoryQuery {
    /// Words that begin like those of a title or name, or `@` and how a name begins.
    #[n(0)]
    pub words: String,
    /// Of these kinds; of every kind if there is none.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::CHOICES }, _, _>")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub kinds: Vec<ConversationKind>,
    /// Those behind this one; none for the first page.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub after: Option<WordKey>,
    /// At most so many, and at most `PAGE_MAX`; 0 is as many as there may be.
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
    /// The word it was found under.
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

/// What everybody of the tenant may know of a public conversation, beside its
/// kind, its title and how many are in it.
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
    /// Where its picture is.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// How one comes in.
    #[n(3)]
    pub join: JoinPolicy,
    /// Whether who comes in waits for approval.
    #[n(4)]
    pub join_approval: bool,
}

impl core::fmt::Debug for Listing {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Listing({:?}, {}, approval {})", self.name, self.join, self.join_approval)
    }
}

/// A public conversation, as it is found.
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
    /// What else is told of it.
    #[n(3)]
    #[serde(flatten)]
    pub listing: Listing,
    /// Its active members.
    #[n(4)]
    pub member_count: u32,
    /// Those who subscribe to it beside its members.
    #[n(5)]
    pub subscriber_count: u32,
    /// Where the account stands in it; none if it never had to do with it.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
}

impl core::fmt::Debug for DirectoryRow {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "DirectoryRow({}, {}, {:?}, {:?})", self.conversation, self.kind, self.listing, self.status)
    }
}

/// Where an account stands, told with whether it is in no list: an active
/// account whose role is subscriber subscribes.
pub fn member_status(role: &Role, status: MemberStatus) -> MemberStatus {
    match (role, status) {
        (Role::Subscriber, MemberStatus::Active) => MemberStatus::Subscribed,
        _ => status,
    }
}

/// Whether a device has the row of every conversation where its account stands
/// so: of the others it may have been told by nobody.
pub fn has_row(status: MemberStatus) -> bool {
    match status {
        MemberStatus::Active | MemberStatus::Subscribed | MemberStatus::Invited | MemberStatus::Requested => true,
        MemberStatus::Left | MemberStatus::Removed | MemberStatus::Banned | MemberStatus::Unknown => false,
    }
}

impl OwnQuery {
    /// The kinds that are asked for.
    pub fn kinds(&self) -> Vec<ConversationKind> {
        all_unless(&self.kinds, ConversationKind::ALL.iter().copied())
    }

    /// The statuses that are asked for.
    pub fn statuses(&self) -> Vec<MemberStatus> {
        all_unless(&self.statuses, MemberStatus::ALL.iter().copied().filter(|status| has_row(*status)))
    }

    /// The states that are asked for.
    pub fn states(&self) -> Vec<ConversationState> {
        let states = ConversationState::ALL.iter().copied();
        all_unless(&self.states, states.filter(|state| *state != ConversationState::Deleted))
    }

    /// How many rows a page may have.
    pub fn page_max(&self) -> u32 {
        page_max(self.count_max)
    }
}

impl DirectoryQuery {
    /// The kinds that are asked for.
    pub fn kinds(&self) -> Vec<ConversationKind> {
        all_unless(&self.kinds, ConversationKind::ALL.iter().copied())
    }

    /// How many rows a page may have.
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
