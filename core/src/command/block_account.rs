//! Blocks an account, or no longer: what the other one of a direct writes is
//! then refused by the server, which alone knows.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, plan},
    doc::{Fact, Key},
    ids::{AccountId, DocumentId},
};

/// Blocks an account, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct BlockAccount {
    /// The account it applies to.
    #[n(0)]
    pub account: AccountId,
    /// Whether it is blocked from now on.
    #[n(1)]
    pub blocked: bool,
}

impl BlockAccount {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if self.account == *planning.account() {
            return Err(Refusal::new(Code::ValueInvalid, "nobody blocks themselves"));
        }
        let document = DocumentId::Home(planning.account().clone());
        let home = planning.stream.document(&document);
        let is_blocked = home.and_then(|home| home.get(&Key::Blocked(self.account.clone()))).is_some();
        if is_blocked == self.blocked {
            return Ok(None);
        }
        plan(document, vec![Fact::Blocked(self.account.clone(), self.blocked.then_some(planning.at))])
    }
}
