//! What the screen shows, and what it is sent when that changes.
//!
//! | file | holds |
//! |---|---|
//! | `timelines` | opening, showing and extending timelines; their rows |
//! | `open` | `OpenConversations`: what screens show |
//! | `inbox` | `Inbox`: the list, and what is due for each row of it |
//! | `touched` | `Touched`: what changed of a stream since the screen last looked |
//! | `detail` | the panel of an open conversation |
//! | `accounts` | `Accounts`: profiles, names, contacts, settings |
//! | `first_rows` | the stored rows of the list for the first paint |
//! | `grants` | grants that end while somebody looks at them |

pub(super) mod accounts;
pub(super) mod detail;
pub(super) mod first_rows;
pub(super) mod grants;
pub(super) mod inbox;
pub(super) mod open;
pub(super) mod timelines;
pub(super) mod touched;
