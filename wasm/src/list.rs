//! Questions for lists of conversations, and their pages.

use serde::{Deserialize, Serialize};
use tidings_core::{
    engine as core,
    model::{self, ConversationKind, ConversationState, JoinPolicy, MemberStatus},
};
use tsify::Tsify;

use crate::{
    failure::{Checked, Failure},
    id,
    row::ConversationRow,
    time::{millis, wall_time},
};

/// Which list is asked for.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// The own conversations.
    Own(OwnQuery),
    /// What everybody of the tenant may find.
    Directory(DirectoryQuery),
}

/// Which of the own conversations, by newest activity.
#[derive(Clone, PartialEq, Default, Deserialize, Tsify)]
#[serde(default)]
pub struct OwnQuery {
    /// Of these kinds; every kind unless said otherwise.
    #[tsify(optional)]
    pub kinds: Vec<ConversationKind>,
    /// Where the own account stands so; unless said otherwise where it takes part,
    /// subscribes, was invited or asked to be let in.
    #[tsify(optional)]
    pub statuses: Vec<MemberStatus>,
    /// In these states; any but deleted unless said otherwise.
    #[tsify(optional)]
    pub states: Vec<ConversationState>,
    /// About the resource of this id only.
    #[tsify(optional)]
    pub resource: Option<String>,
    /// Only those whose name has words that begin like these. Looked for on this device only.
    #[tsify(optional)]
    pub words: String,
    /// Those behind this place: the `next` of the page before.
    #[tsify(optional)]
    pub after: Option<ActivityKey>,
    /// How many at most; up to 100.
    #[tsify(optional)]
    pub limit: u32,
}

/// Which public conversations.
#[derive(Clone, PartialEq, Default, Deserialize, Tsify)]
#[serde(default)]
pub struct DirectoryQuery {
    /// Words that begin like those of a title or name, or `@` and how a name begins; `@` alone is every name.
    pub words: String,
    /// Of these kinds; every kind unless said otherwise.
    #[tsify(optional)]
    pub kinds: Vec<ConversationKind>,
    /// Those behind this place: the `next` of the page before.
    #[tsify(optional)]
    pub after: Option<WordKey>,
    /// How many at most; up to 100.
    #[tsify(optional)]
    pub limit: u32,
}

/// A place in the order of activity.
#[derive(Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct ActivityKey {
    /// When something last happened there, in milliseconds since 1970.
    pub at: f64,
    /// Which conversation.
    pub conversation: String,
}

/// A place in the directory.
#[derive(Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct WordKey {
    /// The word that a conversation was found under.
    pub word: String,
    /// Which conversation.
    pub conversation: String,
}

/// A page of a list.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ListPage {
    /// Own conversations.
    Own { page: OwnPage },
    /// Public conversations.
    Directory { page: DirectoryPage },
}

/// A page of the own conversations.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct OwnPage {
    /// The rows, by newest activity.
    pub rows: Vec<ConversationRow>,
    /// Where the next page begins; none behind the last.
    pub next: Option<ActivityKey>,
    /// Whether none can be missing: this device alone may not know of what the
    /// account left, and knows of nothing before it first caught up.
    pub complete: bool,
}

/// A page of the directory. It may have fewer rows than there are, or none, and
/// a next page.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct DirectoryPage {
    /// The rows, by the word they were found under.
    pub rows: Vec<DirectoryRow>,
    /// Where the next page begins; none behind the last.
    pub next: Option<WordKey>,
}

/// A public conversation, as it is found.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryRow {
    /// The id of the conversation.
    pub conversation: String,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its name.
    pub name: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// How one comes in.
    pub join: JoinPolicy,
    /// Whether who comes in waits for approval.
    pub join_approval: bool,
    /// Its active members.
    pub member_count: u32,
    /// Those who subscribe to it beside its members.
    pub subscriber_count: u32,
    /// Where the own account stands in it, `subscribed` for a subscriber; none if it never had to do with it.
    pub status: Option<MemberStatus>,
}

impl TryFrom<Query> for model::Query {
    type Error = Failure;

    fn try_from(query: Query) -> Checked<Self> {
        Ok(match query {
            Query::Own(OwnQuery { kinds, statuses, states, resource, words, after, limit }) => {
                Self::Own(model::OwnQuery {
                    kinds,
                    statuses,
                    states,
                    after: after.map(model::ActivityKey::try_from).transpose()?,
                    count_max: limit,
                    resource,
                    words,
                })
            }
            Query::Directory(DirectoryQuery { words, kinds, after, limit }) => Self::Directory(model::DirectoryQuery {
                words,
                kinds,
                after: after.map(model::WordKey::try_from).transpose()?,
                count_max: limit,
            }),
        })
    }
}

impl TryFrom<ActivityKey> for model::ActivityKey {
    type Error = Failure;

    fn try_from(key: ActivityKey) -> Checked<Self> {
        Ok(Self { at: wall_time(key.at)?, conversation: id::conversation(&key.conversation)? })
    }
}

impl TryFrom<WordKey> for model::WordKey {
    type Error = Failure;

    fn try_from(key: WordKey) -> Checked<Self> {
        Ok(Self { word: key.word, conversation: id::conversation(&key.conversation)? })
    }
}

impl From<model::ActivityKey> for ActivityKey {
    fn from(key: model::ActivityKey) -> Self {
        Self { at: millis(key.at), conversation: key.conversation.to_string() }
    }
}

impl From<model::WordKey> for WordKey {
    fn from(key: model::WordKey) -> Self {
        Self { word: key.word, conversation: key.conversation.to_string() }
    }
}

impl From<core::ListPage> for ListPage {
    fn from(page: core::ListPage) -> Self {
        match page {
            core::ListPage::Own { rows, next, complete } => {
                let rows = rows.into_iter().map(ConversationRow::from).collect();
                Self::Own { page: OwnPage { rows, next: next.map(ActivityKey::from), complete } }
            }
            core::ListPage::Directory { rows, next } => {
                let rows = rows.into_iter().map(DirectoryRow::from).collect();
                Self::Directory { page: DirectoryPage { rows, next: next.map(WordKey::from) } }
            }
        }
    }
}

impl From<model::DirectoryRow> for DirectoryRow {
    fn from(row: model::DirectoryRow) -> Self {
        let model::DirectoryRow { conversation, kind, title, listing, member_count, subscriber_count, status } = row;
        let model::Listing { name, description, avatar_url, join, join_approval } = listing;
        Self {
            conversation: conversation.to_string(),
            kind,
            name,
            title,
            description,
            avatar_url,
            join,
            join_approval,
            member_count,
            subscriber_count,
            status,
        }
    }
}
