//! The permission table: what each permission is called and from which role
//! on it is held. The authority reads it, the docs print it.

use crate::{model::Role, named::named};

named! {
    /// What a member may be allowed to do.
    Permission {
        /// Send text.
        MessageSend = "message:send",
        /// Edit one's own message.
        MessageEdit = "message:edit",
        /// Delete one's own message.
        MessageDelete = "message:delete",
        /// React to a message.
        MessageReact = "message:react",
        /// Delete anybody's message.
        MessageDeleteAny = "message:delete_any",
        /// Mention everybody at once.
        MentionAll = "mention:all",
        /// Pin a message.
        PinAdd = "pin:add",
        /// Unpin a message.
        PinRemove = "pin:remove",
        /// Add a member.
        MemberAdd = "member:add",
        /// Remove a member.
        MemberRemove = "member:remove",
        /// Ban a member.
        MemberBan = "member:ban",
        /// Change a member's role.
        MemberRole = "member:role",
        /// Change title and description.
        ConversationInfo = "conversation:info",
        /// Archive, close and reopen.
        ConversationArchive = "conversation:archive",
        /// Lock and unlock.
        ConversationLock = "conversation:lock",
        /// Change policies.
        ConversationSettings = "conversation:settings",
        /// Delete the conversation.
        ConversationDelete = "conversation:delete",
    }
}

impl Permission {
    /// The lowest role that holds the permission.
    pub fn lowest_role(self) -> Role {
        match self {
            Permission::MessageSend
            | Permission::MessageEdit
            | Permission::MessageDelete
            | Permission::MessageReact => Role::Member,
            Permission::MessageDeleteAny | Permission::MentionAll | Permission::PinAdd | Permission::PinRemove => {
                Role::Moderator
            }
            Permission::MemberAdd
            | Permission::MemberRemove
            | Permission::MemberBan
            | Permission::MemberRole
            | Permission::ConversationInfo
            | Permission::ConversationArchive
            | Permission::ConversationLock
            | Permission::ConversationSettings => Role::Admin,
            Permission::ConversationDelete => Role::Owner,
        }
    }
}
