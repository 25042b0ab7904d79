//! The permission table: the name of each permission and the lowest role that has it. The authority reads it,
//! SPEC.md prints it.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{model::Role, named::named};

named! {
    /// A permission in a conversation.
    closed Permission {
        /// Send text.
        MessageSend = "message:send",
        /// Send attachments and stickers.
        MessageSendMedia = "message:send_media",
        /// Edit one's own message.
        MessageEdit = "message:edit",
        /// Delete one's own message.
        MessageDelete = "message:delete",
        /// React to a message.
        MessageReact = "message:react",
        /// Have a message sent later.
        MessageSchedule = "message:schedule",
        /// Open a thread.
        ThreadCreate = "thread:create",
        /// Make a proposal in a resource conversation, as its owner or their staff.
        ProposalSend = "proposal:send",
        /// Respond to a proposal, as the client.
        ProposalRespond = "proposal:respond",
        /// Close a resource conversation with its lead, as its owner or their staff.
        ConversationClose = "conversation:close",
        /// Delete anybody's message.
        MessageDeleteAny = "message:delete_any",
        /// Mention everybody at once.
        MentionAll = "mention:all",
        /// Pin a message.
        PinAdd = "pin:add",
        /// Unpin a message.
        PinRemove = "pin:remove",
        /// Admit or decline accounts that asked to join.
        MemberApprove = "member:approve",
        /// Mute a member for a while.
        MemberMute = "member:mute",
        /// Add or invite a member.
        MemberAdd = "member:add",
        /// Remove a member.
        MemberRemove = "member:remove",
        /// Ban a member, and lift a ban.
        MemberBan = "member:ban",
        /// Change a member's role.
        MemberRole = "member:role",
        /// Grant or deny a member single permissions.
        MemberPermissions = "member:permissions",
        /// Make invite links.
        InviteCreate = "invite:create",
        /// Change name, title, description, picture and theme.
        ConversationInfo = "conversation:info",
        /// Archive, close and reopen.
        ConversationArchive = "conversation:archive",
        /// Lock and unlock.
        ConversationLock = "conversation:lock",
        /// Change policies and scope.
        ConversationSettings = "conversation:settings",
        /// Delete the conversation.
        ConversationDelete = "conversation:delete",
        /// Define custom roles.
        RoleDefine = "role:define",
        /// Change how it is encrypted.
        EncryptionChange = "encryption:change",
    }
}

/// The table: each permission under the lowest role that has it.
const TABLE: &[(Role, &[Permission])] = &[
    (
        Role::Member,
        &[
            Permission::MessageSend,
            Permission::MessageSendMedia,
            Permission::MessageEdit,
            Permission::MessageDelete,
            Permission::MessageReact,
            Permission::MessageSchedule,
            Permission::ThreadCreate,
            Permission::ProposalSend,
            Permission::ProposalRespond,
            Permission::ConversationClose,
        ],
    ),
    (
        Role::Moderator,
        &[
            Permission::MessageDeleteAny,
            Permission::MentionAll,
            Permission::PinAdd,
            Permission::PinRemove,
            Permission::MemberApprove,
            Permission::MemberMute,
        ],
    ),
    (
        Role::Admin,
        &[
            Permission::MemberAdd,
            Permission::MemberRemove,
            Permission::MemberBan,
            Permission::MemberRole,
            Permission::MemberPermissions,
            Permission::InviteCreate,
            Permission::ConversationInfo,
            Permission::ConversationArchive,
            Permission::ConversationLock,
            Permission::ConversationSettings,
        ],
    ),
    (Role::Owner, &[Permission::ConversationDelete, Permission::RoleDefine, Permission::EncryptionChange]),
];

impl Permission {
    const fn bit(self) -> u64 {
        1 << self as u64
    }
}

/// A set of permissions, encoded as the list of their names. Names from a newer version are ignored, and grant
/// nothing here.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "Permission[]"))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Vec<Permission>))]
pub struct Permissions(u64);

impl Permissions {
    /// Every permission there is.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// The permissions of a rank: those of all roles up to it.
    pub(super) fn of_rank(rank: u8) -> Self {
        let rows = TABLE.iter().filter(|(role, _)| role.built_in_rank().is_some_and(|from| from <= rank));
        rows.flat_map(|(_, permissions)| permissions.iter().copied()).collect()
    }

    /// Returns true if the permission is in the set.
    pub fn holds(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Adds one.
    pub fn insert(&mut self, permission: Permission) {
        self.0 |= permission.bit();
    }

    /// Takes one out.
    pub fn remove(&mut self, permission: Permission) {
        self.0 &= !permission.bit();
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Permissions) -> Permissions {
        Permissions(self.0 & !other.0)
    }

    /// Each of them, in table order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.holds(*permission))
    }
}

/// The rank and permissions with which somebody acts; only members of a lower rank can be acted on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Power {
    /// The rank.
    pub rank: u8,
    /// The permissions.
    pub permissions: Permissions,
}

impl Power {
    /// The power of a tenant administrator: everything, above all members.
    pub fn administrator() -> Self {
        Self { rank: u8::MAX, permissions: Permissions::all() }
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Permission>::deserialize(deserializer).map(Self::from_iter)
    }
}

impl<C> Encode<C> for Permissions {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(u64::from(self.0.count_ones()))?;
        self.iter().try_for_each(|permission| encoder.str(permission.as_str()).map(drop))
    }
}

impl<'b, C> Decode<'b, C> for Permissions {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let names = decoder.array_iter::<&str>()?;
        names.map(|name| name.map(Permission::parse)).filter_map(Result::transpose).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_in_the_table_once() {
        let listed: Vec<Permission> = TABLE.iter().flat_map(|(_, permissions)| permissions.iter().copied()).collect();
        assert_eq!(listed.iter().copied().collect::<Permissions>(), Permissions::all());
        assert_eq!(listed.len(), Permission::ALL.len());
    }

    #[test]
    fn a10_the_specification_prints_the_table() {
        let specification = include_str!("../../SPEC.md");
        for (role, permissions) in TABLE {
            let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
            let row = format!("| {} | {role} |", names.join(", "));
            assert!(specification.contains(&row), "SPEC.md lacks the row\n{row}");
        }
    }

    #[test]
    fn a_set_reads_what_it_wrote_and_leaves_out_what_it_does_not_know() {
        let set: Permissions = [Permission::PinAdd, Permission::MessageSend].into_iter().collect();
        assert_eq!(crate::wire::decode::<Permissions>(&crate::wire::encode(&set)).unwrap(), set);
        let newer = crate::wire::encode(&vec!["pin:add", "moon:paint", "message:send"]);
        assert_eq!(crate::wire::decode::<Permissions>(&newer).unwrap(), set);
    }
}
