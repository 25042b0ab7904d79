//! Size limits: a page ends with its bytes; a document without pages reserves room near its end first for
//! moderators, and then for owners. So whoever fills one locks out only accounts of the same standing.

use crate::{
    authority::{Context, Refusal, consequence, refuse},
    code::Code,
    doc::{Document, Fact},
    ids::DocumentId,
    limits::Limits,
    model::{ConversationState, MemberStatus, Role},
};

/// How far a document may be filled, by who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reserve {
    /// Up to the soft limit: everybody.
    Common,
    /// Half-way from there to the maximum: moderators and above.
    Order,
    /// Up to the maximum: owners and tenant administrators, members who leave and, in a home, blocks.
    Own,
    /// Beyond the maximum: the deletion of a conversation.
    Last,
}

/// Checks that a change of `bytes` fits in its document; with 0 bytes, that any change would.
pub(super) fn check(context: &Context<'_>, facts: &[Fact], bytes: usize) -> Result<(), Refusal> {
    let Some(document) = context.stream.document(context.document) else { return Ok(()) };
    // What it follows from needed room: a response, or the change that archived or closed the conversation.
    if context.account().is_system() && consequence::is_one(facts) {
        return Ok(());
    }
    let after = document.change_bytes() + bytes as u64;
    if let Some(number) = context.document.page() {
        let fits = after <= u64::from(context.limits.page_bytes_max);
        let detail = || format!("page {number} has no room for {bytes} bytes");
        return if fits { Ok(()) } else { refuse(Code::PageFull, detail()) };
    }
    let reserve = reserve(context, facts);
    let (changes_max, bytes_max) = match bounds(reserve, context.limits) {
        Some(bounds) if document.changes() > 0 => bounds,
        Some(_) | None => return Ok(()),
    };
    if document.changes() < changes_max && after <= bytes_max {
        return Ok(());
    }
    refuse(Code::DocumentFull, describe(document))
}

fn describe(document: &Document) -> String {
    format!("{} changes of {} bytes", document.changes(), document.change_bytes())
}

/// The changes and bytes that a document may have; none if it is unbounded.
fn bounds(reserve: Reserve, limits: &Limits) -> Option<(u32, u64)> {
    let (soft, max) = (limits.document_changes_soft, limits.document_changes_max);
    let (bytes_soft, bytes_max) = (limits.document_bytes_soft, limits.document_bytes_max);
    let between = |soft: u32, max: u32| soft + max.saturating_sub(soft) / 2;
    match reserve {
        Reserve::Common => Some((soft, u64::from(bytes_soft))),
        Reserve::Order => Some((between(soft, max), u64::from(between(bytes_soft, bytes_max)))),
        Reserve::Own => Some((max, u64::from(bytes_max))),
        Reserve::Last => None,
    }
}

fn reserve(context: &Context<'_>, facts: &[Fact]) -> Reserve {
    let all = |of: fn(&Context<'_>, &Fact) -> bool| !facts.is_empty() && facts.iter().all(|fact| of(context, fact));
    if all(|_, fact| matches!(fact, Fact::State(ConversationState::Deleted))) {
        return Reserve::Last;
    }
    let is_own = match context.document {
        DocumentId::Home(_) => all(|_, fact| matches!(fact, Fact::Blocked(..) | Fact::Reachability(_))),
        DocumentId::Account(_) => false,
        DocumentId::Timeline(_) | DocumentId::Page(..) => all(leaves),
    };
    if is_own || context.session.administrator {
        return Reserve::Own;
    }
    let conversation = context.conversation();
    match context.power() {
        Some(power) if power.rank >= conversation.rank_of(&Role::Owner) => Reserve::Own,
        Some(power) if power.rank >= conversation.rank_of(&Role::Moderator) => Reserve::Order,
        Some(_) | None => Reserve::Common,
    }
}

/// Returns true if somebody leaves, on their own or by a membership request. Coming back uses the common room
/// only, so this cannot go on for ever.
fn leaves(context: &Context<'_>, fact: &Fact) -> bool {
    match fact {
        Fact::MemberStatus(account, to) => {
            to.status == MemberStatus::Left && (account == context.account() || context.account().is_system())
        }
        _ => false,
    }
}
