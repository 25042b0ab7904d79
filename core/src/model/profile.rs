//! An account's public profile, as seen by those who share a conversation with it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{named::named, time::WallTime};

named! {
    /// The kind of an account.
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

/// The public fields of an account, each empty until written. Its owner writes all but the two times, which the
/// server sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// The kind of account.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AccountKind>,
    /// The name for people, ≤ 120 characters.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// URL of the picture, ≤ 2,048 bytes.
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
    /// The account's name in the operator's own systems, ≤ 64 characters.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the server first accepted a change of it; no command sets it.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<WallTime>,
    /// When the server last accepted a change of it; no command sets it.
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<WallTime>,
}
