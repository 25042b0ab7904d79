//! An account's documents: written by the account itself; the public one by
//! administrators of the tenant, too.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::DocumentId,
};

pub(super) fn check(context: &Context<'_>, _facts: &[Fact]) -> Result<(), Refusal> {
    let allowed = match context.document {
        DocumentId::Account(account) => account == context.account() || context.session.administrator,
        DocumentId::Home(account) => account == context.account(),
        DocumentId::Conversation(_) | DocumentId::Page(..) | DocumentId::Thread(..) | DocumentId::ThreadPage(..) => {
            false
        }
    };
    if allowed { Ok(()) } else { refuse(Code::NotTheOwner, "only the account itself may write this") }
}
