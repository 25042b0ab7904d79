//! An account's participation in a conversation. History is kept: leaving is
//! a status, not a deletion.

use crate::{model::Role, named::named};

named! {
    /// Where a member stands.
    MemberStatus {
        /// Takes part.
        Active = "active",
        /// Left by themselves.
        Left = "left",
        /// Was removed.
        Removed = "removed",
        /// Was banned, and cannot be added before being unbanned.
        Banned = "banned",
    }
}

/// One entry of a conversation's roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The role, also of one who is gone.
    pub role: Role,
    /// Where they stand.
    pub status: MemberStatus,
}
