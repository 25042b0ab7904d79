//! Pages of lists of conversations.

use serde::Serialize;
use tidings_core::{
    engine as core,
    model::{ActivityKey, DirectoryRow, WordKey},
};
use tsify::Tsify;

use crate::row::ConversationRow;

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

impl From<core::ListPage> for ListPage {
    fn from(page: core::ListPage) -> Self {
        match page {
            core::ListPage::Own { rows, next, complete } => {
                let rows = rows.into_iter().map(ConversationRow::from).collect();
                Self::Own { page: OwnPage { rows, next, complete } }
            }
            core::ListPage::Directory { rows, next } => Self::Directory { page: DirectoryPage { rows, next } },
        }
    }
}
