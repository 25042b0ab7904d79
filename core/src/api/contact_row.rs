//! The account's address book and its blocked accounts, as screens show them.

use serde::Serialize;

use crate::{
    ids::{AccountId, ContactId},
    model::Contact,
    time::WallTime,
};

/// An entry of the account's address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactRow {
    /// Its id.
    pub id: ContactId,
    /// The content of the entry.
    #[serde(flatten)]
    pub contact: Contact,
}

/// An account that the own account has blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockedRow {
    /// The blocked account.
    pub account: AccountId,
    /// When it was blocked.
    pub since: WallTime,
}
