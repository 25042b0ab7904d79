//! The authority: decides who may write what. Pure functions of stream state, change, session and
//! `accepted_at`: the server, the engine, the simulator and a verifier call the same ones. The rules are
//! numbered in SPEC.md, part A.
//!
//! `shape` reads a stranger's bytes; the other files are the steps of the decision, in the order in which
//! they run.

mod account;
mod admit;
mod block;
mod consequence;
mod content;
mod count;
mod create;
mod generation;
mod held;
#[cfg(feature = "testing")]
mod judge;
mod lead;
mod membership_request;
mod newer;
mod pace;
mod page;
mod permission;
mod pin;
mod policy;
mod proposal;
mod rank;
mod refusal;
mod said;
mod shape;
mod size;
mod state;
mod status;
mod stream;
mod thread;
mod value;
mod verify;

pub use admit::{AdmitError, Admitted};
pub use consequence::Consequence;
pub(crate) use held::held_outcome;
#[cfg(feature = "testing")]
pub use judge::Judge;
pub use membership_request::{
    Asker, MembershipEffect, MembershipOutcome, Subscription, membership_effect, unknown_to_asker,
};
pub use refusal::Refusal;
pub use said::SAID_ENTRIES_MAX;
#[cfg(feature = "testing")]
pub use shape::step;
pub use stream::{Effects, Stream};
pub use verify::{Aspect, Difference, Verifier};

use core::cell::OnceCell;

use crate::{
    code::Code,
    doc::Fact,
    ids::{AccountId, DeviceId, DocumentId, PageNumber, StreamId, TenantId, TimelineId},
    limits::Limits,
    model::{Conversation, Permission, Power},
    time::WallTime,
};

/// The identity that asks, as proven by the token and the device's registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The tenant of the token.
    pub tenant: TenantId,
    /// The account of the token.
    pub account: AccountId,
    /// The device, bound to the account.
    pub device: DeviceId,
    /// True for a tenant administrator, who passes every check but shape, size and the invariants
    /// of membership.
    pub administrator: bool,
}

impl Session {
    /// The session in which a server writes the effects of membership requests in a stream: the system's
    /// account, with a device of the stream's own.
    pub fn system(tenant: TenantId, stream: &StreamId) -> Self {
        let device = DeviceId::of_system(&tenant, stream);
        Self { tenant, account: AccountId::system(), device, administrator: false }
    }
}

/// The input of a decision.
pub(crate) struct Context<'a> {
    stream: &'a Stream,
    session: &'a Session,
    document: &'a DocumentId,
    accepted_at: WallTime,
    limits: &'a Limits,
    /// Looked up when a step first asks for it.
    power: OnceCell<Option<Power>>,
}

impl<'a> Context<'a> {
    fn new(
        stream: &'a Stream,
        session: &'a Session,
        document: &'a DocumentId,
        accepted_at: WallTime,
        limits: &'a Limits,
    ) -> Self {
        Self { stream, session, document, accepted_at, limits, power: OnceCell::new() }
    }

    fn conversation(&self) -> &Conversation {
        self.stream.conversation()
    }

    /// The conversation or thread that the document belongs to.
    fn timeline(&self) -> &Conversation {
        let timeline = self.document.timeline().and_then(|timeline| self.stream.timeline(timeline));
        timeline.unwrap_or(self.conversation())
    }

    /// The page that takes new messages in the document's timeline.
    fn open_page(&self) -> PageNumber {
        self.document.timeline().map_or(0, |timeline| self.stream.open_page(timeline, self.limits))
    }

    fn account(&self) -> &AccountId {
        &self.session.account
    }

    /// Returns true if the account has a denial of the permission to send.
    fn is_muted(&self) -> bool {
        let member = self.conversation().active_member(self.account()).filter(|_| !self.session.administrator);
        let grant = member.and_then(|member| member.grants.get(&Permission::MessageSend));
        grant.is_some_and(|grant| !grant.allowed && grant.holds_at(self.accepted_at))
    }

    /// The rank and permissions with which the session acts: those of its member now, or everything for a
    /// tenant administrator. None for an account that is not an active member.
    fn power(&self) -> Option<Power> {
        let conversation = self.conversation();
        let of_member = |member| conversation.power_at(member, self.accepted_at);
        *self.power.get_or_init(|| match self.session.administrator {
            true => Some(Power::administrator()),
            false => conversation.active_member(self.account()).map(of_member),
        })
    }
}

/// Runs steps 3 to 9 of the decision on a change's facts.
pub(crate) fn decide(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    if context.document.timeline().is_some_and(|timeline| context.stream.timeline(timeline).is_none()) {
        return refuse(Code::ConversationUnknown, "the thread is not here");
    }
    count::check(context, facts)?;
    match context.document {
        DocumentId::Account(_) | DocumentId::Home(_) => account::check(context, facts)?,
        DocumentId::Timeline(_) | DocumentId::Page(..)
            if context.account().is_system() && consequence::is_one(facts) =>
        {
            consequence::check(context, facts)?;
        }
        DocumentId::Timeline(TimelineId { thread: None, .. }) if context.account().is_system() => {
            membership_request::check(context, facts)?
        }
        DocumentId::Page(..) if context.account().is_system() => {
            held::check_admitted(context, facts)?;
            page::check(context, facts)?;
        }
        DocumentId::Timeline(timeline) if context.timeline().created.is_none() => match timeline.thread {
            None => create::check(context, facts)?,
            Some(_) => thread::check(context, facts)?,
        },
        DocumentId::Timeline(_) | DocumentId::Page(..) => {
            state::check(context, facts)?;
            status::check(context, facts)?;
            permission::check(context, facts)?;
            policy::check(context, facts)?;
            rank::check(context, facts)?;
            held::check_decisions(context, facts)?;
            page::check(context, facts)?;
            pin::check(context, facts)?;
            proposal::check(context, facts)?;
            lead::check(context, facts)?;
        }
    }
    size::check(context, facts, 0)?;
    value::check(context, facts)
}

/// Refuses with a code and a detail for debugging.
fn refuse(code: Code, detail: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::new(code, detail))
}

#[cfg(test)]
mod tests;
