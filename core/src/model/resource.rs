//! What a resource conversation is about.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::AccountId;

/// A thing of the operator's, of which a client talks with its owner.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its id there, 1–64 characters.
    #[n(0)]
    pub id: String,
    /// What it is called, ≤ 200 characters.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who asks about it, and begins the conversation.
    #[n(2)]
    pub client: AccountId,
    /// What the client was called then, ≤ 120 characters.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Whose it is.
    #[n(4)]
    pub owner: AccountId,
    /// What the owner was called then, ≤ 120 characters.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
}

impl core::fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Resource({:?}, of {}, for {})", self.id, self.owner, self.client)
    }
}
