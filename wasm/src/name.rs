//! The core's named enums. Each is a union of string literals in TypeScript,
//! spelled out at compile time from the core's own table of names: there is no
//! second list that could drift.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tidings_core::{code, model, view};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

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

        impl Tsify for $name {
            type JsType = JsValue;

            const DECL: &'static str = {
                const NAMES: [&str; <$core>::ALL.len()] = {
                    let mut names = [""; <$core>::ALL.len()];
                    let mut index = 0;
                    while index < names.len() {
                        names[index] = <$core>::ALL[index].as_str();
                        index += 1;
                    }
                    names
                };
                const HEAD: &str = concat!("/**\n *", $($doc, )+ "\n */\nexport type ", stringify!($name), " =");
                const UNION: [u8; union_length(HEAD, &NAMES)] = union(HEAD, &NAMES);
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
    )+};
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
    /// What a member is in a conversation.
    Role(model::Role),
}

/// The bytes of `{head} "a" | "b";`.
const fn union_length(head: &str, names: &[&str]) -> usize {
    let mut length = head.len() + 1;
    let mut index = 0;
    while index < names.len() {
        // A space, the quotes, and a bar between two names.
        length += names[index].len() + if index == 0 { 3 } else { 5 };
        index += 1;
    }
    length
}

const fn union<const LENGTH: usize>(head: &str, names: &[&str]) -> [u8; LENGTH] {
    let mut bytes = [b';'; LENGTH];
    let mut at = copy(head, &mut bytes, 0);
    let mut index = 0;
    while index < names.len() {
        at = copy(if index == 0 { " \"" } else { " | \"" }, &mut bytes, at);
        at = copy(names[index], &mut bytes, at);
        at = copy("\"", &mut bytes, at);
        index += 1;
    }
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
    fn a_union_spells_out_every_name_of_the_core() {
        assert_eq!(
            Role::DECL,
            "/**\n * What a member is in a conversation.\n */\n\
             export type Role = \"owner\" | \"admin\" | \"moderator\" | \"member\" | \"guest\";"
        );
        for code in code::Code::ALL {
            assert!(Code::DECL.contains(&format!("\"{code}\"")), "{code}");
        }
        assert_eq!(Code::DECL.matches(" | ").count() + 1, code::Code::ALL.len());
    }
}
