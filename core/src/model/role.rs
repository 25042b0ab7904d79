//! The fixed roles and their ranks. Custom roles come with membership in full.

use crate::{model::Permission, named::named};

named! {
    /// What a member is in a conversation.
    Role {
        /// May do everything, and is the only one who may end it.
        Owner = "owner",
        /// Manages members and metadata.
        Admin = "admin",
        /// Keeps order among the messages.
        Moderator = "moderator",
        /// Reads and writes.
        Member = "member",
        /// Reads.
        Guest = "guest",
    }
}

impl Role {
    /// The rank: nobody acts on a member of their own rank or above.
    pub fn rank(self) -> u8 {
        match self {
            Role::Owner => 100,
            Role::Admin => 75,
            Role::Moderator => 50,
            Role::Member => 25,
            Role::Guest => 10,
        }
    }

    /// Whether the role carries the permission: each permission is held from
    /// one role on, upwards.
    pub fn allows(self, permission: Permission) -> bool {
        self.rank() >= permission.lowest_role().rank()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_fall_in_the_order_of_declaration() {
        assert!(Role::ALL.windows(2).all(|pair| pair[0].rank() > pair[1].rank()));
    }

    #[test]
    fn p1_a_guest_may_only_read() {
        assert!(!Permission::ALL.iter().any(|&permission| Role::Guest.allows(permission)));
    }
}
