//! Messages of those who were removed, which are held.

use serde::Serialize;
use tidings_core::view;
use tsify::Tsify;

use crate::{content::Content, time::millis};

/// A message of one who was removed, that is held.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct LateRow {
    /// The id of the message.
    pub message: String,
    /// Its author.
    pub author: String,
    /// Since when it is held, in milliseconds since 1970.
    pub at: f64,
    /// The thread it was written in, if it was one.
    pub thread: Option<String>,
    /// What it says; none until the server has told.
    pub content: Option<Content>,
}

impl From<view::LateRow> for LateRow {
    fn from(row: view::LateRow) -> Self {
        let view::LateRow { message, at, thread, content } = row;
        Self {
            author: message.author.to_string(),
            message: message.to_string(),
            at: millis(at),
            thread: thread.map(|thread| thread.to_string()),
            content: content.map(Content::from),
        }
    }
}
