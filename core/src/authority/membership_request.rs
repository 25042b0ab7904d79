//! Membership requests: a pure function from a request to the facts that follow. The server writes them as the
//! system's account, clients predict them, and a verifier derives them again.

use crate::{
    authority::{Context, Refusal, Session, Stream, held, refuse, value},
    code::Code,
    doc::Fact,
    ids::{AccountId, InviteId, TimelineId},
    journal::Position,
    limits::Limits,
    model::{
        Conversation, ConversationKind, ConversationState, Held, HeldMessage, HeldState, Invite, JoinPolicy, Member,
        MemberStatus, Membership, MembershipAction, Role, Scope,
    },
    time::WallTime,
    wire::PushedChange,
};

/// The way in which somebody joins or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// On their own, where that is allowed.
    Open,
    /// With an invite link.
    Invite(InviteId),
    /// Accepting an invitation.
    Invited,
    /// Declining an invitation or withdrawing a request.
    Decline,
    /// Leaving a channel that they subscribe to.
    Leave,
}

/// The effect of a membership request; empty if it already holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembershipEffect {
    /// The facts that the system states in the conversation's document.
    pub facts: Vec<Fact>,
    /// The change of the account's subscription, which is a row of the server and in no document.
    pub subscription: Option<Subscription>,
}

/// A change of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// It begins.
    Begins,
    /// It ends.
    Ends,
}

/// The account that asks, with what the server knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// True if it has or had a part in the conversation, which may be in no document.
    pub knows: bool,
    /// True if it subscribes to the channel, which is in no document.
    pub subscribes: bool,
    /// The position of the entry that last changed its membership, if it was ever a member.
    pub moved_at: Option<Position>,
}

/// The effect of an account's request.
///
/// # Errors
/// The refusal of the request.
pub fn membership_effect(
    conversation: &Conversation,
    asker: Asker<'_>,
    action: &MembershipAction,
    at: WallTime,
    limits: &Limits,
) -> Result<MembershipEffect, Refusal> {
    if !is_known_to(conversation, asker, action) {
        return Err(unknown_to_asker(action));
    }
    let way = match action {
        MembershipAction::SubmitHeld(submitted) => return effect_of_held(conversation, asker, submitted, at, limits),
        MembershipAction::Join(None) => Way::Open,
        MembershipAction::Join(Some(code)) => Way::Invite(code.invite()),
        MembershipAction::Accept => Way::Invited,
        MembershipAction::Decline => Way::Decline,
        MembershipAction::Leave => Way::Leave,
    };
    answer(conversation, asker, way, at, at, limits)
}

/// The refusal where the account may know of nothing, whether the conversation exists or not.
pub fn unknown_to_asker(action: &MembershipAction) -> Refusal {
    match action {
        MembershipAction::Join(Some(_)) => Refusal::new(Code::InviteUnknown, "no invite of this code"),
        MembershipAction::Join(None)
        | MembershipAction::Accept
        | MembershipAction::Decline
        | MembershipAction::Leave
        | MembershipAction::SubmitHeld(_) => {
            Refusal::new(Code::ConversationUnknown, "no conversation that the account may know of")
        }
    }
}

/// Returns true if an account may know that the conversation exists: it has or had a part in it, has an invite
/// code, or everybody may know.
fn is_known_to(conversation: &Conversation, asker: Asker<'_>, action: &MembershipAction) -> bool {
    let has_part = asker.knows || asker.subscribes || conversation.members.contains_key(asker.account);
    let is_there = conversation.kind().is_some_and(|kind| kind != ConversationKind::Direct)
        && conversation.state() != ConversationState::Deleted;
    let is_told = match action {
        MembershipAction::Join(None) => {
            conversation.policies.join == JoinPolicy::Open || conversation.scope() == Scope::Public
        }
        MembershipAction::Join(Some(code)) => conversation.invites.contains_key(&code.invite()),
        MembershipAction::Accept
        | MembershipAction::Decline
        | MembershipAction::Leave
        | MembershipAction::SubmitHeld(_) => false,
    };
    conversation.created.is_some() && (has_part || is_there && is_told)
}

/// The effect of submitting a message to be held: the document states that it is held.
fn effect_of_held(
    conversation: &Conversation,
    asker: Asker<'_>,
    submitted: &HeldMessage,
    at: WallTime,
    limits: &Limits,
) -> Result<MembershipEffect, Refusal> {
    held::may_hold(conversation, asker.account, &submitted.message, at)?;
    if asker.moved_at.is_none_or(|moved_at| submitted.base >= moved_at) {
        return Err(Refusal::new(Code::MemberRemoved, "written after the removal was known"));
    }
    value::check_body(limits, &submitted.body)?;
    let held = Held { state: HeldState::Held, thread: submitted.thread, by: AccountId::system(), at };
    Ok(MembershipEffect { facts: vec![Fact::Held(submitted.message.clone(), held)], subscription: None })
}

/// What the server does for a membership request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipOutcome {
    /// The change that the system writes; none if the document states it already, or never states it.
    pub pushed: Option<PushedChange>,
    /// The change of the account's subscription.
    pub subscription: Option<Subscription>,
}

impl Stream {
    /// Turns a request into the system's change, with `system` as its session; nothing if it already holds. The
    /// conversation's document must be loaded.
    ///
    /// # Errors
    /// The refusal of the request.
    pub fn membership_outcome(
        &self,
        system: &Session,
        asker: Asker<'_>,
        action: &MembershipAction,
        at: WallTime,
        limits: &Limits,
    ) -> Result<MembershipOutcome, Refusal> {
        let Some(conversation) = self.id().conversation() else {
            return Err(Refusal::new(Code::WrongKind, "not a conversation"));
        };
        let MembershipEffect { facts, subscription } =
            membership_effect(self.conversation(), asker, action, at, limits)?;
        let document = TimelineId::of(conversation).document();
        let change = self.compose(system.device, &document, at, &facts);
        let pushed = change.map(|change| PushedChange { document, change: change.bytes().to_vec() });
        Ok(MembershipOutcome { pushed, subscription })
    }
}

/// Checks that facts follow from some membership request.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    if let [Fact::Held(message, held)] = facts {
        return held::check_held(context, message, held);
    }
    let conversation = context.conversation();
    let moved = facts.iter().find_map(|fact| match fact {
        Fact::MemberStatus(account, membership) => Some((account, membership.at)),
        _ => None,
    });
    // A subscriber is in no document: only the use of an invite is stated, as for anybody else.
    let (account, at) = moved.unwrap_or((context.account(), context.accepted_at));
    let used = facts.iter().find_map(|fact| match fact {
        Fact::InviteUses(invite, _) => Some(Way::Invite(*invite)),
        _ => None,
    });
    let asker = Asker { account, knows: false, subscribes: false, moved_at: None };
    for way in used.into_iter().chain([Way::Open, Way::Invited, Way::Decline]) {
        match answer(conversation, asker, way, at, context.accepted_at, context.limits) {
            Ok(expected) if expected.facts == facts => return Ok(()),
            Err(refusal) if Some(way) == used => return Err(refusal),
            _ => {}
        }
    }
    refuse(Code::PermissionDenied, "nothing that the system writes follows from anybody's request")
}

/// `at` is the time of the request, `accepted_at` the time by which invites expire.
fn answer(
    conversation: &Conversation,
    asker: Asker<'_>,
    way: Way,
    at: WallTime,
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<MembershipEffect, Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
    let Asker { account, subscribes, .. } = asker;
    let kind = conversation.kind();
    match conversation.state() {
        _ if kind.is_none() => return deny(Code::ConversationUnknown, "the conversation does not exist"),
        ConversationState::Deleted => return deny(Code::ConversationDeleted, "the conversation is deleted"),
        _ if kind == Some(ConversationKind::Direct) => {
            return deny(Code::WrongKind, "a direct has its two members for ever");
        }
        _ if kind == Some(ConversationKind::Unknown) && !matches!(way, Way::Decline | Way::Leave) => {
            return deny(Code::KindUnknown, "a conversation of a newer version");
        }
        ConversationState::Active
        | ConversationState::Archived
        | ConversationState::Closed
        | ConversationState::Unknown => {}
    }
    let member = conversation.members.get(account);
    let status = member.map(Member::status);
    if way == Way::Decline {
        return match status {
            Some(MemberStatus::Invited | MemberStatus::Requested) => {
                Ok(MembershipEffect { facts: vec![moved(member, account, MemberStatus::Left, at)], subscription: None })
            }
            Some(MemberStatus::Active) => deny(Code::MemberExists, "already a member"),
            _ => Ok(MembershipEffect::default()),
        };
    }
    if way == Way::Leave {
        return match status {
            Some(MemberStatus::Active) => deny(Code::MemberExists, "a member leaves by a change of its own"),
            _ => Ok(MembershipEffect { facts: Vec::new(), subscription: subscribes.then_some(Subscription::Ends) }),
        };
    }
    match status {
        Some(MemberStatus::Active) => return Ok(MembershipEffect::default()),
        Some(MemberStatus::Banned) => return deny(Code::MemberBanned, "the account was banned"),
        Some(MemberStatus::Invited) => {}
        _ if subscribes && is_for_subscribers(conversation, way) => return Ok(MembershipEffect::default()),
        _ => {}
    }
    match conversation.state() {
        ConversationState::Closed | ConversationState::Unknown => {
            return deny(Code::ConversationClosed, "the conversation is closed");
        }
        ConversationState::Archived => return deny(Code::ConversationArchived, "the conversation is archived"),
        ConversationState::Active | ConversationState::Deleted => {}
    }
    let mut facts = Vec::new();
    let (role, approved) = match way {
        // An invited account need not ask anybody else.
        _ if status == Some(MemberStatus::Invited) => (member.map_or(Role::Member, |member| member.role.clone()), true),
        Way::Invite(id) => {
            let Invite { role, uses_max, .. } = usable(conversation, id, accepted_at)?;
            // A document says no more of subscribers than necessary.
            if *role != Role::Subscriber || uses_max.is_some() {
                let uses = conversation.invite_uses.get(&id).copied().unwrap_or(0);
                facts.push(Fact::InviteUses(id, uses.saturating_add(1)));
            }
            (role.clone(), !conversation.policies.join_approval)
        }
        Way::Open if conversation.policies.join == JoinPolicy::Open => {
            let role = if kind == Some(ConversationKind::Channel) { Role::Subscriber } else { Role::Member };
            (role, !conversation.policies.join_approval)
        }
        Way::Open => return deny(Code::JoinForbidden, "nobody comes in by themselves"),
        Way::Invited => return deny(Code::MemberUnknown, "the account was not invited"),
        Way::Decline | Way::Leave => unreachable!("answered above"),
    };
    let as_subscriber = role == Role::Subscriber;
    let subscription = (as_subscriber && approved).then_some(Subscription::Begins);
    let to = match (approved, as_subscriber) {
        (true, true) => MemberStatus::Subscribed,
        (true, false) => MemberStatus::Active,
        (false, _) => MemberStatus::Requested,
    };
    // A document states only the subscribers that it already lists.
    if subscription.is_some() && (status == Some(to) || member.is_none()) {
        return Ok(MembershipEffect { facts, subscription });
    }
    if status == Some(to) {
        return Ok(MembershipEffect::default());
    }
    if to == MemberStatus::Active && conversation.active >= limits.members_max {
        return deny(Code::TooManyMembers, &format!("at most {}", limits.members_max));
    }
    // A role that holds already is not written again.
    if member.is_none_or(|member| member.role != role) {
        facts.push(Fact::MemberRole(account.clone(), role));
    }
    facts.push(moved(member, account, to, at));
    // Former grants do not return.
    let granted = member.into_iter().flat_map(|member| &member.grants).filter(|(_, grant)| grant.allowed);
    facts.extend(granted.map(|(permission, _)| Fact::MemberGrant(account.clone(), *permission, None)));
    Ok(MembershipEffect { facts, subscription })
}

/// Returns true if somebody who enters a channel this way becomes a subscriber.
fn is_for_subscribers(conversation: &Conversation, way: Way) -> bool {
    match way {
        Way::Open => true,
        Way::Invite(id) => conversation.invites.get(&id).is_some_and(|invite| invite.role == Role::Subscriber),
        Way::Invited | Way::Decline | Way::Leave => false,
    }
}

fn moved(member: Option<&Member>, account: &AccountId, to: MemberStatus, at: WallTime) -> Fact {
    let former = member.and_then(|member| member.membership.as_ref());
    Fact::MemberStatus(account.clone(), Membership::next(former, to, account, at))
}

/// The invite, if it can be used now.
fn usable(conversation: &Conversation, id: InviteId, accepted_at: WallTime) -> Result<&Invite, Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
    let Some(invite) = conversation.invites.get(&id) else {
        return deny(Code::InviteUnknown, "no invite of this code");
    };
    let Invite { until, uses_max, enabled, .. } = invite;
    if matches!(conversation.policies.join, JoinPolicy::InviteOnly | JoinPolicy::Unknown) || !enabled {
        return deny(Code::InviteDisabled, "the invite lets nobody in at the moment");
    }
    if until.is_some_and(|until| accepted_at >= until) {
        return deny(Code::InviteExpired, "the invite has expired");
    }
    let uses = conversation.invite_uses.get(&id).copied().unwrap_or(0);
    if uses_max.is_some_and(|max| uses >= max) {
        return deny(Code::InviteUsedUp, "the invite has let in as many as it may");
    }
    Ok(invite)
}
