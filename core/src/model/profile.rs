//! An account's public side, as those who share a conversation with it see it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{named::named, time::WallTime};

named! {
    /// What an account is.
    AccountKind {
        /// A person.
        Personal = "personal",
        /// A program.
        Bot = "bot",
        /// An organization.
        Organization = "organization",
        /// A service of the operator.
        Service = "service",
    }
}

/// The public fields of an account; each empty until written. Its owner writes
/// all but the two times, which are the server's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct Profile {
    /// What the account is.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AccountKind>,
    /// The name for people, ≤ 120 characters.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where the picture is, ≤ 2,048 bytes.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// A short description, ≤ 160 characters.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// The current status, ≤ 80 characters.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the operator's own systems call the profile, ≤ 64 characters.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the server first accepted a change of it; no command states it.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<WallTime>,
    /// When the server last accepted a change of it; no command states it.
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<WallTime>,
}
