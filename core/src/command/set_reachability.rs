//! Says who may reach the own account: invite it, add it, or begin a direct with it.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, Home},
    ids::DocumentId,
    model::Reachability,
};

/// Says who may reach the own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetReachability {
    /// Who may reach the account first.
    #[n(0)]
    pub reachability: Reachability,
}

impl SetReachability {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let document = DocumentId::Home(planning.account().clone());
        let home = planning.stream.document(&document).map(Home::read).unwrap_or_default();
        if home.reachability.unwrap_or(Reachability::Everybody) == self.reachability {
            return Ok(None);
        }
        plan(document, vec![Fact::Reachability(Some(self.reachability))])
    }
}
