//! Removes a contact from the own address book.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, Key},
    ids::{ContactId, DocumentId},
};

/// Removes a contact.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
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
