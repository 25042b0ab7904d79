//! The own address book, and whom the account blocks, as screens show them.

use serde::Serialize;

use crate::{
    ids::{AccountId, ContactId},
    model::Contact,
    time::WallTime,
};

/// An entry of the own address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactRow {
    /// Its id.
    pub id: ContactId,
    /// What is written in it.
    #[serde(flatten)]
    pub contact: Contact,
}

/// Somebody whom the own account has blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockedRow {
    /// The account it applies to.
    pub account: AccountId,
    /// Since when.
    pub since: WallTime,
}
