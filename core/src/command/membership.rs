//! Commands by which one who is no member becomes one: invitations, invite
//! links, requests.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::planning::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId, InviteId},
    model::{Invite, Member, MemberStatus, MembershipAction, Role},
    time::WallTime,
};

/// Invites somebody, who is in once they accept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct InviteMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// As what.
    #[n(2)]
    pub role: Role,
}

impl InviteMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().members.get(&self.account).map(Member::status) {
            Some(MemberStatus::Active) => Err(Refusal::new(Code::MemberExists, "a member already")),
            Some(MemberStatus::Invited) => Ok(None),
            _ => planning.lets_in(self.conversation, &self.account, &self.role, MemberStatus::Invited),
        }
    }
}

/// Makes an invite link, changes one or takes one away. To rotate one is to
/// take it away and make another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetInvite {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, made from its code.
    #[n(1)]
    pub invite: InviteId,
    /// What it is then; none takes it away.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub terms: Option<InviteTerms>,
}

/// What an invite link does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct InviteTerms {
    /// What who comes in by it becomes.
    #[n(0)]
    pub role: Role,
    /// From when on it lets nobody in; none for never.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub until: Option<WallTime>,
    /// How many it lets in; none for any number.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub uses_max: Option<u32>,
    /// Whether it lets anybody in.
    #[n(3)]
    pub enabled: bool,
}

impl SetInvite {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let former = planning.stream.conversation().invites.get(&self.invite);
        let terms = |invite: &Invite| InviteTerms {
            role: invite.role.clone(),
            until: invite.until,
            uses_max: invite.uses_max,
            enabled: invite.enabled,
        };
        if former.map(terms) == self.terms {
            return Ok(None);
        }
        let by = planning.account().clone();
        let invite = self.terms.clone().map(|terms| {
            let InviteTerms { role, until, uses_max, enabled } = terms;
            Invite { role, until, uses_max, enabled, by, at: planning.at }
        });
        conversation_plan(self.conversation, vec![Fact::Invite(self.invite, invite)])
    }
}

/// Joins a conversation, takes or declines an invitation. It becomes no change
/// of this device, which cannot read the conversation: the server writes what
/// follows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RequestMembership {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What is asked for.
    #[n(1)]
    pub action: MembershipAction,
}

impl RequestMembership {
    pub(super) fn plan(&self, _: &Planning<'_>) -> PlanResult {
        Err(Refusal::new(Code::Misuse, "a membership request is answered by the server"))
    }
}

/// Lets in who asked, or declines.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AnswerRequest {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// Whether they are let in.
    #[n(2)]
    pub approved: bool,
}

impl AnswerRequest {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let Some(member) = planning.stream.conversation().members.get(&self.account) else {
            return Err(Refusal::new(Code::MemberUnknown, "the account has not asked"));
        };
        let is_answered = match member.status() {
            MemberStatus::Active | MemberStatus::Subscribed => self.approved,
            MemberStatus::Removed => !self.approved,
            _ => false,
        };
        match &member.role {
            // Somebody else answered the same.
            _ if is_answered => Ok(None),
            _ if member.status() != MemberStatus::Requested => {
                Err(Refusal::new(Code::MemberUnknown, "the account does not wait to be let in"))
            }
            Role::Subscriber if self.approved => {
                planning.status(self.conversation, &self.account, MemberStatus::Subscribed)
            }
            role if self.approved => planning.lets_in(self.conversation, &self.account, role, MemberStatus::Active),
            _ => planning.status(self.conversation, &self.account, MemberStatus::Removed),
        }
    }
}
