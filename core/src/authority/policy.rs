//! Step 6: the policies that restrict what the roles allow. Policies that open something to members are part of
//! a member's permissions.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    if context.session.administrator {
        return Ok(());
    }
    let policies = &context.conversation().policies;
    let rank = context.power().map_or(0, |power| power.rank);
    for fact in facts {
        match fact {
            Fact::Message(..) | Fact::Edit(..) => check_send(context, rank)?,
            Fact::Reaction(_, _, _, true) if !policies.reactions => {
                return refuse(Code::PolicyForbids, "reactions are off");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks who may say something new, whatever the kind of fact.
pub(super) fn check_send(context: &Context<'_>, rank: u8) -> Result<(), Refusal> {
    let send = context.conversation().policies.send;
    match send.lowest_rank() {
        Some(lowest) if rank >= lowest => Ok(()),
        Some(_) => refuse(Code::PolicyForbids, format!("who may send: {send}")),
        None => refuse(Code::PolicyUnknown, "who may send is a newer version's to say"),
    }
}
