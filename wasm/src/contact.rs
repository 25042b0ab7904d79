//! The own address book, who was found of it, and whom the account blocks, as
//! screens show them.

use serde::Serialize;
use tidings_core::{
    ids::{AccountId, ContactId},
    model::{self, ContactKind},
    time::WallTime,
    wire,
};
use tsify::Tsify;

use crate::time::millis;

/// An entry of the own address book.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ContactRow {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: ContactKind,
    /// The linked account.
    pub account: Option<String>,
    /// The own name for it.
    pub nickname: Option<String>,
    /// Whether it is a favorite.
    pub favorite: bool,
    /// Its phone number, in the form of E.164.
    pub phone: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
}

/// An account that has a contact point which was asked for.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ContactMatch {
    /// The place of the contact point among those asked for, from 0 on.
    pub index: u32,
    /// It, as it is written everywhere: a number in the form of E.164, an address in lower case.
    pub point: String,
    /// Whose it is.
    pub account: String,
}

/// Somebody whom the own account has blocked.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct BlockedRow {
    /// The account it applies to.
    pub account: String,
    /// Since when, in milliseconds since 1970.
    pub since: f64,
}

impl From<(ContactId, model::Contact)> for ContactRow {
    fn from((id, contact): (ContactId, model::Contact)) -> Self {
        let model::Contact { kind, account, nickname, favorite, phone, email } = contact;
        let account = account.map(|account| account.to_string());
        Self { id: id.to_string(), kind, account, nickname, favorite, phone, email }
    }
}

impl From<wire::ContactMatch> for ContactMatch {
    fn from(found: wire::ContactMatch) -> Self {
        let wire::ContactMatch { index, point, account } = found;
        Self { index, point, account: account.to_string() }
    }
}

impl From<(AccountId, WallTime)> for BlockedRow {
    fn from((account, since): (AccountId, WallTime)) -> Self {
        Self { account: account.to_string(), since: millis(since) }
    }
}
