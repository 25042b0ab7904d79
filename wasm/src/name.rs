//! The core's named enums. Each is a union of string literals in TypeScript,
//! spelled out at compile time from the core's own table of names: there is no
//! second list that could drift.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tidings_core::{code, model, view};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::failure::{Checked, Failure};

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident($core:ty),)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $core);

        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                Self(value)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                let value = <$core>::parse(&name);
                value.map(Self).ok_or_else(|| D::Error::custom(concat!("unknown ", stringify!($name))))
            }
        }

        union_of!($name, $core, <$core>::ALL, "", $($doc)+);
    )+};
}

/// The TypeScript of a type: the union of the names of these values, and what
/// else it may be.
macro_rules! union_of {
    ($name:ident, $core:ty, $values:expr, $rest:literal, $($doc:literal)+) => {
        impl Tsify for $name {
            type JsType = JsValue;

            const DECL: &'static str = {
                const VALUES: &[$core] = $values;
                const NAMES: [&str; VALUES.len()] = {
                    let mut names = [""; VALUES.len()];
                    let mut index = 0;
                    while index < names.len() {
                        names[index] = VALUES[index].as_str();
                        index += 1;
                    }
                    names
                };
                const HEAD: &str = concat!("/**\n *", $($doc, )+ "\n */\nexport type ", stringify!($name), " =");
                const UNION: [u8; union_length(HEAD, &NAMES, $rest)] = union(HEAD, &NAMES, $rest);
                match core::str::from_utf8(&UNION) {
                    Ok(text) => text,
                    Err(_) => panic!("names are text"),
                }
            };
        }

        const _: () = {
            #[wasm_bindgen(typescript_custom_section)]
            const TYPESCRIPT: &'static str = <$name as Tsify>::DECL;
        };
    };
}

names! {
    /// A stable code of a refusal, a closed session or a failure.
    Code(code::Code),
    /// What an account is.
    AccountKind(model::AccountKind),
    /// What a contact is.
    ContactKind(model::ContactKind),
    /// What a conversation is, fixed at creation.
    ConversationKind(model::ConversationKind),
    /// Whether a conversation still goes on.
    ConversationState(model::ConversationState),
    /// A text that describes a conversation.
    InfoField(model::InfoField),
    /// What an object of another service is.
    LinkKind(model::LinkKind),
    /// How one who is not a member comes in.
    JoinPolicy(model::JoinPolicy),
    /// What becomes of what a removed member wrote before the removal reached them.
    LateWrites(model::LateWrites),
    /// A text of a member's own entry in a conversation.
    MemberField(model::MemberField),
    /// Where a member stands.
    MemberStatus(model::MemberStatus),
    /// The kind of a message's content.
    MessageKind(model::MessageKind),
    /// How far a message has come.
    MessageState(view::MessageState),
    /// What a member may be allowed to do.
    Permission(model::Permission),
    /// What an account is doing in a conversation.
    PresenceKind(model::PresenceKind),
    /// Who may know of a conversation.
    Scope(model::Scope),
    /// Who may send messages.
    SendPolicy(model::SendPolicy),
    /// What of a conversation an account wants to be notified of.
    NotificationLevel(model::NotificationLevel),
    /// Who may invite an account, add it, or begin a direct with it.
    Reachability(model::Reachability),
    /// Who may open threads.
    SubroomPolicy(model::SubroomPolicy),
    /// Who may do something that is the admins' otherwise.
    WhoPolicy(model::WhoPolicy),
}

/// What a member is in a conversation: a built-in role, or one of the conversation's own by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role(pub String);

impl Role {
    /// The role that is meant.
    ///
    /// # Errors
    /// `role_unknown` for what no role can be called.
    pub fn check(&self) -> Checked<model::Role> {
        model::Role::parse(&self.0).ok_or_else(|| Failure::new(code::Code::RoleUnknown, "no role can be called that"))
    }

    /// The role of a conversation's own that is meant.
    ///
    /// # Errors
    /// `role_unknown` for a built-in one, and what no role can be called.
    pub fn check_custom(&self) -> Checked<model::RoleName> {
        match self.check()? {
            model::Role::Custom(name) => Ok(name),
            _ => Err(Failure::new(code::Code::RoleUnknown, "a built-in role is as it is")),
        }
    }
}

impl From<model::Role> for Role {
    fn from(role: model::Role) -> Self {
        Self(role.as_str().to_owned())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

// The rest is any other text, written so that editors still complete the names.
union_of!(
    Role,
    model::Role,
    &model::Role::BUILT_IN,
    " | (string & {})",
    " What a member is in a conversation: a built-in role, or one of the conversation's own by its name."
);

/// The bytes of `{head} "a" | "b"{rest};`.
const fn union_length(head: &str, names: &[&str], rest: &str) -> usize {
    let mut length = head.len() + rest.len() + 1;
    let mut index = 0;
    while index < names.len() {
        // A space, the quotes, and a bar between two names.
        length += names[index].len() + if index == 0 { 3 } else { 5 };
        index += 1;
    }
    length
}

const fn union<const LENGTH: usize>(head: &str, names: &[&str], rest: &str) -> [u8; LENGTH] {
    let mut bytes = [b';'; LENGTH];
    let mut at = copy(head, &mut bytes, 0);
    let mut index = 0;
    while index < names.len() {
        at = copy(if index == 0 { " \"" } else { " | \"" }, &mut bytes, at);
        at = copy(names[index], &mut bytes, at);
        at = copy("\"", &mut bytes, at);
        index += 1;
    }
    at = copy(rest, &mut bytes, at);
    assert!(at + 1 == LENGTH);
    bytes
}

const fn copy<const LENGTH: usize>(text: &str, into: &mut [u8; LENGTH], at: usize) -> usize {
    let mut index = 0;
    while index < text.len() {
        into[at + index] = text.as_bytes()[index];
        index += 1;
    }
    at + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_any_name_that_a_role_can_have() {
        for name in ["owner", "subscriber", "Trip planner"] {
            assert_eq!(Role(name.into()).check().unwrap().as_str(), name);
        }
        for name in ["", "Owner", "a/b", " a"] {
            assert_eq!(Role(name.into()).check().unwrap_err().code.0, code::Code::RoleUnknown, "{name:?}");
        }
    }

    #[test]
    fn a_union_spells_out_every_name_of_the_core() {
        assert_eq!(
            WhoPolicy::DECL,
            "/**\n * Who may do something that is the admins' otherwise.\n */\n\
             export type WhoPolicy = \"all_members\" | \"admins_only\";"
        );
        assert!(Role::DECL.ends_with(
            "export type Role = \"owner\" | \"admin\" | \"moderator\" | \"member\" | \"guest\" | \"subscriber\" | \
             (string & {});"
        ));
        for code in code::Code::ALL {
            assert!(Code::DECL.contains(&format!("\"{code}\"")), "{code}");
        }
        assert_eq!(Code::DECL.matches(" | ").count() + 1, code::Code::ALL.len());
    }
}
