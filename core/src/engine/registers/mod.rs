//! How far everybody has come, and who is there.
//!
//! | file | holds |
//! |---|---|
//! | `receipts` | `Receipts`: own registers to be sent |
//! | `others` | `Registers`: how far the other members have come |
//! | `unread` | counting unread messages |
//! | `presence` | `Presence`: who is there, and who types |

pub(super) mod others;
pub(super) mod presence;
pub(super) mod receipts;
pub(super) mod unread;
