//! An entry of an account's private address book.

use minicbor::{Decode, Encode};

use crate::{ids::AccountId, named::named};

named! {
    /// What a contact is.
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
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contact {
    /// What it is.
    #[n(0)]
    pub kind: ContactKind,
    /// The linked account, the preferred link.
    #[n(1)]
    pub account: Option<AccountId>,
    /// The own name for it, ≤ 120 characters.
    #[n(2)]
    pub nickname: Option<String>,
    /// Whether it is a favorite.
    #[n(3)]
    pub favorite: bool,
}
