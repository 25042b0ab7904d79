//! Roles: the built-in ones with their ranks, and custom ones of a conversation.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    api::{read_as_text, write_as_text},
    model::Permissions,
};

/// The role of a member: a built-in role, or the name of a custom one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "ts",
    derive(tsify::Tsify),
    // The open string type still lets editors complete the built-in names.
    tsify(type = r#""owner" | "admin" | "moderator" | "member" | "guest" | "subscriber" | (string & {})"#)
)]
pub enum Role {
    /// Has every permission, and is the only one that may delete the conversation.
    Owner,
    /// Manages members and metadata.
    Admin,
    /// Moderates messages.
    Moderator,
    /// Reads and writes.
    Member,
    /// Read-only.
    Guest,
    /// Reads a channel; a row of the server, not a listed member.
    Subscriber,
    /// A custom role of the conversation.
    Custom(RoleName),
    /// A name that cannot be a role in this version. It has no rank and no permissions.
    Unknown,
}

write_as_text! { Role }
read_as_text! { RoleName, or RoleUnknown, |name| RoleName::parse(name).ok_or("no role of its own can be called that") }
read_as_text! { Role, or RoleUnknown, |name| Role::parse(name).ok_or("no role can be called that") }

/// The name of a custom role: 1–64 characters, and not easily mistaken for a built-in name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

/// The definition of a custom role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RoleDefinition {
    /// Its rank, 1–99: members below it can be acted on.
    #[n(0)]
    pub rank: u8,
    /// Its permissions.
    #[n(1)]
    pub permissions: Permissions,
}

/// Maximum number of characters of a role's name.
const ROLE_NAME_CHARACTERS_MAX: usize = 64;

impl Role {
    /// The built-in roles, by falling rank.
    pub const BUILT_IN: [Role; 6] =
        [Role::Owner, Role::Admin, Role::Moderator, Role::Member, Role::Guest, Role::Subscriber];

    /// The rank of a built-in role: nobody acts on a member of their own rank or above. The conversation
    /// defines the ranks of custom roles.
    pub fn built_in_rank(&self) -> Option<u8> {
        Some(match self {
            Role::Owner => 100,
            Role::Admin => 75,
            Role::Moderator => 50,
            Role::Member => 25,
            Role::Guest => 10,
            Role::Subscriber => 0,
            Role::Custom(_) | Role::Unknown => return None,
        })
    }

    /// The permissions of a built-in role: each role has those of the roles below it.
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
            Role::Unknown => "unknown",
        }
    }

    /// Parses a role's name; none if no role can have it.
    pub fn parse(name: &str) -> Option<Role> {
        let built_in = Role::BUILT_IN.into_iter().find(|role| role.as_str() == name);
        built_in.or_else(|| RoleName::parse(name).map(Role::Custom))
    }

    /// Parses a role's name; `Unknown` if no role can have it in this version.
    pub fn read(name: &str) -> Role {
        Role::parse(name).unwrap_or(Role::Unknown)
    }
}

impl RoleName {
    /// Parses a valid name: letters of one script, ASCII digits, spaces and signs but no slash, no space at its
    /// ends; and not mistakable for a built-in role.
    pub fn parse(name: &str) -> Option<RoleName> {
        let fits = (1..=ROLE_NAME_CHARACTERS_MAX).contains(&name.chars().count());
        let is_sign = |character: char| !character.is_ascii_alphabetic() && (' '..='~').contains(&character);
        let mut scripts = name.chars().filter(|character| !is_sign(*character)).map(script_of);
        let first = scripts.next().unwrap_or(Some(0));
        let is_one_script = first.is_some() && scripts.all(|script| script == first);
        let legal = fits && is_one_script && name.trim() == name && !name.contains('/') && !reads_as_built_in(name);
        legal.then(|| RoleName(name.to_owned()))
    }

    /// Its text.
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Returns true if somebody could mistake it for a built-in name, or for the name of an unknown role.
fn reads_as_built_in(name: &str) -> bool {
    let read = |character: char| match character.to_ascii_lowercase() {
        '0' => Some('o'),
        '1' | '|' | '!' => Some('i'),
        letter => letter.is_alphanumeric().then_some(letter),
    };
    let name: String = name.chars().filter_map(read).collect();
    Role::BUILT_IN.iter().chain([&Role::Unknown]).any(|role| name == role.as_str())
}

/// The scripts that names can be written in, as Unicode blocks. Look-alike letters of other blocks (fullwidth,
/// mathematical, phonetic) are excluded.
const SCRIPTS: [&[(char, char)]; 10] = [
    // Latin, without the dotless i and the long s.
    &[
        ('A', 'Z'),
        ('a', 'z'),
        ('\u{c0}', '\u{d6}'),
        ('\u{d8}', '\u{f6}'),
        ('\u{f8}', '\u{130}'),
        ('\u{132}', '\u{17e}'),
    ],
    // Greek, Cyrillic, Armenian, Hebrew, Arabic.
    &[('\u{370}', '\u{3ff}')],
    &[('\u{400}', '\u{4ff}')],
    &[('\u{531}', '\u{58f}')],
    &[('\u{591}', '\u{5f4}')],
    &[('\u{620}', '\u{6ff}')],
    // Scripts of India; Thai and Lao; Georgian.
    &[('\u{900}', '\u{dff}')],
    &[('\u{e01}', '\u{eff}')],
    &[('\u{10a0}', '\u{10ff}')],
    // Han, Kana and Hangul, which are written together.
    &[('\u{3041}', '\u{30ff}'), ('\u{3400}', '\u{4dbf}'), ('\u{4e00}', '\u{9fff}'), ('\u{ac00}', '\u{d7a3}')],
];

/// The index of a letter's script.
fn script_of(letter: char) -> Option<usize> {
    let has = |blocks: &&[(char, char)]| blocks.iter().any(|(first, last)| (*first..=*last).contains(&letter));
    SCRIPTS.iter().position(has)
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
        decoder.str().map(Role::read)
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
    #[cfg(feature = "ts")]
    fn the_type_names_every_built_in_role() {
        for role in Role::BUILT_IN {
            assert!(<Role as tsify::Tsify>::DECL.contains(&format!("\"{role}\" | ")), "{role}");
        }
    }

    #[test]
    fn p1_a_guest_may_only_read() {
        assert_eq!(Role::Guest.built_in_permissions(), Some(Permissions::default()));
        assert_eq!(Role::Subscriber.built_in_permissions(), Some(Permissions::default()));
    }

    #[test]
    fn a76_nobody_takes_a_role_for_a_built_in_one() {
        for name in [
            "оwner",
            "0wner",
            "adm1n",
            "Adm!n",
            "admın",
            "o.w.n.e.r",
            "ad min",
            "ｏｗｎｅｒ",
            "𝐨𝐰𝐧𝐞𝐫",
            "ᴏᴡɴᴇʀ",
            "ꓳꓪꓠꓰꓣ",
            "mеmber",
            "guest\u{200b}",
            "\u{202e}renwo",
            "owner\u{301}",
            "a\u{ad}b",
            "👑",
        ] {
            assert_eq!(Role::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_custom_role_is_called_like_no_built_in_one() {
        for role in Role::BUILT_IN {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for name in ["Owner", "ADMIN", "", " a", "a ", "a/b", "a\nb", &"x".repeat(65)] {
            assert_eq!(Role::parse(name), None, "{name:?}");
        }
        for name in
            ["trip planner", "Łowca", "x", "co-owner", "admin 2", "Кассир", "料理人", "シェフ", "보조", "Überblick"]
        {
            assert_eq!(Role::parse(name), Some(Role::Custom(RoleName(name.to_owned()))));
        }
    }
}
