//! Step 6: the policies, which narrow what the roles allow.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::Role,
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let policies = &context.conversation().policies;
    let role = context.role().unwrap_or(Role::Guest);
    for fact in facts {
        match fact {
            Fact::Message(..) if !policies.send.admits(role) => {
                return refuse(Code::PolicyForbids, format!("only {} may send", policies.send));
            }
            Fact::Reaction(_, _, _, true) if !policies.allow_reactions => {
                return refuse(Code::PolicyForbids, "reactions are off");
            }
            _ => {}
        }
    }
    Ok(())
}
