//! Adds a contact to the own address book, or changes it.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ContactId, DocumentId},
    model::{Contact, Phone},
};

/// Adds a contact, or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AddContact {
    /// Its id: derived from the account it is linked to, else random.
    #[n(0)]
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
