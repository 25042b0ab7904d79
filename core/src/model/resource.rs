//! The resource that a resource conversation is about.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::AccountId;

/// Something of the operator's that a client discusses with its owner.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its id in the operator's system, 1–64 characters.
    #[n(0)]
    pub id: String,
    /// Its title, ≤ 200 characters; in what is shown, the present one.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The account that asks about it, and creates the conversation.
    #[n(2)]
    pub client: AccountId,
    /// The client's name, ≤ 120 characters; in what is shown, the present one where it is known.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The account that owns it.
    #[n(4)]
    pub owner: AccountId,
    /// The owner's name, likewise.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
}

impl core::fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Resource({:?}, of {}, for {})", self.id, self.owner, self.client)
    }
}
