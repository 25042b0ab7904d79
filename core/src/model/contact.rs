//! An entry of an account's private address book.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{ids::AccountId, named::named};

named! {
    /// The kind of a contact.
    ContactKind {
        /// A person.
        Person = "person",
        /// A service.
        Service = "service",
        /// A program.
        Bot = "bot",
    }
}

/// A contact; its id is its key in the home document.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// Its kind.
    #[n(0)]
    pub kind: ContactKind,
    /// The linked account, the preferred link.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The account's own name for it, ≤ 120 characters.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// True if it is a favorite.
    #[n(3)]
    pub favorite: bool,
    /// Its phone number, in E.164 form. A text here, so that an invalid one can be refused with a code that
    /// says so.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Its e-mail address.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Contact {
    /// A contact without further data.
    pub fn new(kind: ContactKind) -> Self {
        Self { kind, account: None, nickname: None, favorite: false, phone: None, email: None }
    }
}

// An address book is about people who did not write it.
impl core::fmt::Debug for Contact {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Contact({}, of {:?}, favorite {})", self.kind, self.account, self.favorite)
    }
}
