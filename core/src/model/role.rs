//! Roles: the built-in ones with their ranks, and those that a conversation
//! defines for itself.

use core::fmt;

use minicbor::{Decode, Encode};

use crate::model::Permissions;

/// What a member is in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May do everything, and is the only one who may end it.
    Owner,
    /// Manages members and metadata.
    Admin,
    /// Keeps order among the messages.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Guest,
    /// Reads a channel; a row of the server, not of the roster.
    Subscriber,
    /// A role that the conversation defines.
    Custom(RoleName),
}

/// The name of a role that a conversation defines: 1–64 characters, not one
/// of the built-in names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

/// What a conversation says of one of its own roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoleDefinition {
    /// Its rank, 1–99: members below it can be acted on.
    #[n(0)]
    pub rank: u8,
    /// What it carries.
    #[n(1)]
    pub permissions: Permissions,
}

/// Characters of the name of a role at most.
const ROLE_NAME_CHARACTERS_MAX: usize = 64;

impl Role {
    /// The built-in roles, by falling rank.
    pub const BUILT_IN: [Role; 6] =
        [Role::Owner, Role::Admin, Role::Moderator, Role::Member, Role::Guest, Role::Subscriber];

    /// The rank of a built-in role: nobody acts on a member of their own rank
    /// or above. What a custom role's is, its conversation says.
    pub fn built_in_rank(&self) -> Option<u8> {
        Some(match self {
            Role::Owner => 100,
            Role::Admin => 75,
            Role::Moderator => 50,
            Role::Member => 25,
            Role::Guest => 10,
            Role::Subscriber => 0,
            Role::Custom(_) => return None,
        })
    }

    /// What a built-in role carries: each permission is held from one role
    /// on, upwards.
    pub fn built_in_permissions(&self) -> Option<Permissions> {
        self.built_in_rank().map(Permissions::of_rank)
    }

    /// The name, in documents, frames and SQL.
    pub const fn as_str(&self) -> &str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Moderator => "moderator",
            Role::Member => "member",
            Role::Guest => "guest",
            Role::Subscriber => "subscriber",
            Role::Custom(name) => name.as_str(),
        }
    }

    /// The role of this name; none if nothing can be called that.
    pub fn parse(name: &str) -> Option<Role> {
        let built_in = Role::BUILT_IN.into_iter().find(|role| role.as_str() == name);
        built_in.or_else(|| RoleName::parse(name).map(Role::Custom))
    }
}

impl RoleName {
    /// A legal name: no space at its ends, no control character, no slash, and
    /// not a built-in role's in any case.
    pub fn parse(name: &str) -> Option<RoleName> {
        let taken = Role::BUILT_IN.iter().any(|role| name.eq_ignore_ascii_case(role.as_str()));
        let legal = |character: char| !character.is_control() && character != '/';
        let fits = (1..=ROLE_NAME_CHARACTERS_MAX).contains(&name.chars().count());
        (fits && !taken && name.trim() == name && name.chars().all(legal)).then(|| RoleName(name.to_owned()))
    }

    /// As text.
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl<C> Encode<C> for Role {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Role {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Role::parse(decoder.str()?).ok_or_else(|| minicbor::decode::Error::message("not the name of a role"))
    }
}

impl<C> Encode<C> for RoleName {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RoleName {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        RoleName::parse(decoder.str()?).ok_or_else(|| minicbor::decode::Error::message("not the name of a custom role"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_fall_in_the_order_of_declaration() {
        assert!(Role::BUILT_IN.windows(2).all(|pair| pair[0].built_in_rank() > pair[1].built_in_rank()));
    }

    #[test]
    fn p1_a_guest_may_only_read() {
        assert_eq!(Role::Guest.built_in_permissions(), Some(Permissions::default()));
        assert_eq!(Role::Subscriber.built_in_permissions(), Some(Permissions::default()));
    }

    #[test]
    fn a_custom_role_is_called_like_no_built_in_one() {
        for role in Role::BUILT_IN {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for name in ["Owner", "ADMIN", "", " a", "a ", "a/b", "a\nb", &"x".repeat(65)] {
            assert_eq!(Role::parse(name), None, "{name:?}");
        }
        for name in ["trip planner", "Łowca", "x"] {
            assert_eq!(Role::parse(name), Some(Role::Custom(RoleName(name.to_owned()))));
        }
    }
}
