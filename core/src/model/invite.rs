//! Invite links, and the requests of accounts that are not members.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    ids::{AccountId, InviteCode, InviteId},
    model::{HeldMessage, Role},
    time::WallTime,
};

/// An invite link. Its code is stored nowhere: its id is derived from the code by a one-way function.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// The role of accounts that join with it: member at most.
    #[n(0)]
    pub role: Role,
    /// When it expires; none for never.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
    /// Maximum number of accounts that can join with it; none for unlimited.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// True if it can be used at the moment.
    #[n(3)]
    pub enabled: bool,
    /// The account that made it.
    #[n(4)]
    pub by: AccountId,
    /// When it was made.
    #[n(5)]
    pub at: WallTime,
}

/// A request of an account that is not a member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum MembershipAction {
    /// Join, with the code of an invite if one is given.
    #[n(0)]
    Join(#[n(0)] Option<InviteCode>),
    /// Accept an invitation.
    #[n(1)]
    Accept,
    /// Decline an invitation, or withdraw the request to join.
    #[n(2)]
    Decline,
    /// Unsubscribe from a channel; apps use the command to leave.
    #[serde(skip)]
    #[n(3)]
    Leave,
    /// Submit a message that was written before its author knew of being removed.
    #[serde(skip)]
    #[n(4)]
    SubmitHeld(#[n(0)] HeldMessage),
}

impl InviteCode {
    /// The id of the invite with this code.
    pub fn invite(&self) -> InviteId {
        let digest = Sha256::new().chain_update(b"tidings invite").chain_update(self.as_bytes()).finalize();
        InviteId::from_bytes(core::array::from_fn(|index| digest[index]))
    }
}
