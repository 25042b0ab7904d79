//! Removes a contact from the own address book.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, Key},
    ids::{ContactId, DocumentId},
};

/// Removes a contact.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RemoveContact {
    /// The id of the contact.
    #[n(0)]
    pub id: ContactId,
}

impl RemoveContact {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = DocumentId::Home(planning.account().clone());
        let held = planning.stream.document(&document).and_then(|home| home.get(&Key::Contact(self.id)));
        if held.is_none() {
            return Ok(None);
        }
        plan(document, vec![Fact::Contact(self.id, None)])
    }
}
