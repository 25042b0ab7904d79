//! What the screen shows, and what it is sent when that changes. Rows are drawn by `Drawing`, which
//! borrows what it needs and can change none of it.
//!
//! | file | holds |
//! |---|---|
//! | `touched` | `Touched`: what changed of a stream since the screen was last updated |
//! | `updates` | the updates at the end of an input |
//! | `names` | renamed accounts |
//! | `drawing` | `Drawing`: the parts that rows are drawn from |
//! | `timeline_row` | the row of a message |
//! | `conversation_row` | the row of a conversation in the list |
//! | `detail` | the panel of an open conversation |
//! | `open` | `OpenConversations`: the timelines that screens show |
//! | `timelines` | opening, extending and closing them |
//! | `older` | older messages on loaded pages |
//! | `inbox` | `Inbox`: the list, and what is due for each row of it |
//! | `accounts` | `Accounts`: profiles, names, contacts, settings |
//! | `first_rows` | the stored rows of the list for the first paint |
//! | `stored_rows` | the stored rows of timelines for the first paint |
//! | `ends` | grants and proposals that end while they are shown |

pub(super) mod accounts;
mod conversation_row;
pub(super) mod detail;
pub(super) mod drawing;
pub(super) mod ends;
pub(super) mod first_rows;
pub(super) mod inbox;
mod names;
mod older;
pub(super) mod open;
pub(super) mod stored_rows;
mod timeline_row;
pub(super) mod timelines;
pub(super) mod touched;
pub(super) mod updates;
