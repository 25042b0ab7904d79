//! Invite links, and what one who is not a member can ask for.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    ids::{AccountId, InviteCode, InviteId},
    model::{HeldMessage, Role},
    time::WallTime,
};

/// An invite link. Its code is nowhere: its id is made from the code by a
/// function that nobody can go back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// What who comes in by it becomes: a member at most.
    #[n(0)]
    pub role: Role,
    /// From when on it lets nobody in; none for never.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
    /// How many it lets in; none for any number.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// Whether it lets anybody in at the moment.
    #[n(3)]
    pub enabled: bool,
    /// Who made it.
    #[n(4)]
    pub by: AccountId,
    /// When it was made.
    #[n(5)]
    pub at: WallTime,
}

/// What one who is not a member asks the server for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum MembershipAction {
    /// To be let in, by the invite of this code if one is given.
    #[n(0)]
    Join(#[n(0)] Option<InviteCode>),
    /// To take an invitation.
    #[n(1)]
    Accept,
    /// To decline an invitation, or take back the request to join.
    #[n(2)]
    Decline,
    /// To subscribe to a channel no more; an app commands to leave.
    #[serde(skip)]
    #[n(3)]
    Leave,
    /// To have a message let in that was written before one knew of one's removal.
    #[serde(skip)]
    #[n(4)]
    SubmitHeld(#[n(0)] HeldMessage),
}

impl InviteCode {
    /// The id of the invite of this code.
    pub fn invite(&self) -> InviteId {
        let digest = Sha256::new().chain_update(b"tidings invite").chain_update(self.as_bytes()).finalize();
        InviteId::from_bytes(core::array::from_fn(|index| digest[index]))
    }
}
