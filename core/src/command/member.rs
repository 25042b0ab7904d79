//! Commands that add, move and remove members, and change their roles, what they
//! may and how they are called.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::planning::{PlanResult, Planning, conversation_fact, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::{Grant, Member, MemberField, MemberStatus, Permission, Role, RoleDefinition, RoleName},
    time::WallTime,
};

/// Adds a member, or brings one back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AddMember {
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

impl AddMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().active_member(&self.account) {
            Some(member) if member.role == self.role => return Ok(None),
            // To add is not to change a role: who asked for another one is told that nothing came of it.
            Some(member) => {
                return Err(Refusal::new(Code::MemberExists, format!("a member already, as {}", member.role)));
            }
            None => {}
        }
        planning.lets_in(self.conversation, &self.account, &self.role, MemberStatus::Active)
    }
}

/// Removes a member from a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RemoveMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl RemoveMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        planning.status(self.conversation, &self.account, MemberStatus::Removed)
    }
}

/// Bans an account from a group: it cannot be added before it is unbanned.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct BanMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl BanMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        planning.status(self.conversation, &self.account, MemberStatus::Banned)
    }
}

/// Lifts a ban.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct UnbanMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl UnbanMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().members.get(&self.account).map(Member::status) {
            Some(MemberStatus::Banned) => planning.status(self.conversation, &self.account, MemberStatus::Removed),
            // Lifted already, by somebody else.
            Some(MemberStatus::Removed) => Ok(None),
            _ => Err(Refusal::new(Code::MemberUnknown, "the account is not banned")),
        }
    }
}

/// Leaves a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct LeaveConversation {
    /// The id of the conversation.
    #[n(0)]
    pub conversation: ConversationId,
}

impl LeaveConversation {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let account = planning.account();
        match planning.stream.conversation().members.get(account).map(Member::status) {
            Some(MemberStatus::Removed | MemberStatus::Banned) => Ok(None),
            _ => planning.status(self.conversation, account, MemberStatus::Left),
        }
    }
}

/// Changes a member's role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct ChangeRole {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// To what.
    #[n(2)]
    pub role: Role,
}

impl ChangeRole {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.active_member(&self.account)?.role == self.role;
        conversation_fact(self.conversation, is_so, Fact::MemberRole(self.account.clone(), self.role.clone()))
    }
}

/// Defines, changes or removes one of a conversation's own roles.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct DefineRole {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What it is called.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(type = "Role"))]
    pub name: RoleName,
    /// What it is; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub role: Option<RoleDefinition>,
}

impl DefineRole {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().roles.get(&self.name) == self.role.as_ref();
        conversation_fact(self.conversation, is_so, Fact::RoleDefinition(self.name.clone(), self.role))
    }
}

/// Grants or denies a member one permission, beside their role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetPermission {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// The permission it applies to.
    #[n(2)]
    pub permission: Permission,
    /// Whether they hold it; none goes back to what the role says.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub allowed: Option<bool>,
    /// From when on it goes back by itself; none for never.
    #[n(4)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub until: Option<WallTime>,
}

impl SetPermission {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let former = planning.active_member(&self.account)?.grants.get(&self.permission);
        if former.map(|grant| grant.allowed) == self.allowed && former.and_then(|grant| grant.until) == self.until {
            return Ok(None);
        }
        let by = planning.account().clone();
        let grant = self.allowed.map(|allowed| Grant { allowed, by, at: planning.at, until: self.until });
        conversation_plan(self.conversation, vec![Fact::MemberGrant(self.account.clone(), self.permission, grant)])
    }
}

/// Makes another member the owner, and oneself an admin.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct TransferOwnership {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Who is the owner then.
    #[n(1)]
    pub account: AccountId,
}

impl TransferOwnership {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.active_member(&self.account)?.role == Role::Owner {
            return Ok(None);
        }
        let owner = Fact::MemberRole(self.account.clone(), Role::Owner);
        let admin = Fact::MemberRole(planning.account().clone(), Role::Admin);
        conversation_plan(self.conversation, vec![owner, admin])
    }
}

/// Changes the own name or color in one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetMemberText {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The field that is set.
    #[n(1)]
    pub field: MemberField,
    /// The new one; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub text: Option<String>,
}

impl SetMemberText {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let account = planning.account();
        let member = planning.stream.conversation().members.get(account);
        let is_so = member.and_then(|member| member.text(self.field)) == self.text.as_deref();
        conversation_fact(self.conversation, is_so, Fact::MemberText(account.clone(), self.field, self.text.clone()))
    }
}
