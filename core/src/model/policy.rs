//! The policies of a conversation, enforced after the role check. The spine
//! reads them with their defaults; changing them comes with membership in full.

use crate::{model::Role, named::named};

named! {
    /// Who may send messages.
    SendPolicy {
        /// Whoever holds `message:send`.
        AllMembers = "all_members",
        /// Moderators and above.
        Moderators = "moderators",
        /// Admins and above.
        AdminsOnly = "admins_only",
    }
}

named! {
    /// Who may do something that members could do too.
    WhoPolicy {
        /// Every active member.
        AllMembers = "all_members",
        /// Admins and above.
        AdminsOnly = "admins_only",
    }
}

/// The policies of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// Who may send.
    pub send: SendPolicy,
    /// Who may add members.
    pub add_members: WhoPolicy,
    /// Who may change title and description.
    pub info_edit: WhoPolicy,
    /// Whether reactions are allowed.
    pub allow_reactions: bool,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            send: SendPolicy::AllMembers,
            add_members: WhoPolicy::AdminsOnly,
            info_edit: WhoPolicy::AdminsOnly,
            allow_reactions: true,
        }
    }
}

impl SendPolicy {
    /// Whether the policy lets this role send.
    pub fn admits(self, role: Role) -> bool {
        let lowest = match self {
            SendPolicy::AllMembers => Role::Guest,
            SendPolicy::Moderators => Role::Moderator,
            SendPolicy::AdminsOnly => Role::Admin,
        };
        role.rank() >= lowest.rank()
    }
}
