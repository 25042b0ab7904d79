//! Adds a contact to the own address book, or changes it.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, made_up, plan},
    doc::Fact,
    ids::{ContactId, DocumentId},
    model::{Contact, Phone},
};

/// Adds a contact, or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AddContact {
    /// Its id: derived from the account it is linked to, else random.
    #[n(0)]
    #[serde(default = "made_up")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub id: ContactId,
    /// What it says.
    #[n(1)]
    pub contact: Contact,
}

impl AddContact {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = DocumentId::Home(planning.account().clone());
        let mut contact = self.contact.clone();
        contact.phone = contact.phone.map(|phone| Phone::tidy(&phone));
        contact.email = contact.email.map(|email| email.trim().to_ascii_lowercase());
        plan(document, vec![Fact::Contact(self.id, Some(contact))])
    }
}
