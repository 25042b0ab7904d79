//! An account's documents: written by the account itself, and the public one also by tenant administrators. The
//! address book is bounded.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::DocumentId,
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let allowed = match context.document {
        DocumentId::Account(account) => account == context.account() || context.session.administrator,
        DocumentId::Home(account) => account == context.account(),
        DocumentId::Timeline(_) | DocumentId::Page(..) => false,
    };
    if !allowed {
        return refuse(Code::NotTheOwner, "only the account itself may write this");
    }
    if facts.iter().any(|fact| matches!(fact, Fact::Blocked(account, Some(_)) if account == context.account())) {
        return refuse(Code::ValueInvalid, "nobody blocks themselves");
    }
    check_count(context, facts, "contact/", |fact| matches!(fact, Fact::Contact(_, Some(_))))?;
    check_count(context, facts, "blocked/", |fact| matches!(fact, Fact::Blocked(_, Some(_))))
}

/// Checks the number of facts with a prefix after these are written; only if one of them is new.
fn check_count(context: &Context<'_>, facts: &[Fact], prefix: &str, adds: fn(&Fact) -> bool) -> Result<(), Refusal> {
    let home = context.stream.document(context.document);
    let is_new = |fact: &&Fact| adds(fact) && home.is_none_or(|home| home.get(&fact.write().0).is_none());
    let added = facts.iter().filter(is_new).count();
    let max = context.limits.contacts_max as usize;
    if added > 0 && home.map_or(0, |home| home.count(prefix)) + added > max {
        return refuse(Code::TooManyContacts, format!("at most {max}"));
    }
    Ok(())
}
