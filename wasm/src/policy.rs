//! Policies: one to be set, as an object with its name, and all of them as a
//! row shows them. Names and values are the core's.

use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Error as _},
};
use tidings_core::{
    code::Code,
    model::{self, JoinPolicy, LateWrites, SendPolicy, SubroomPolicy, WhoPolicy},
};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::failure::{Checked, Failure};

/// The policies of a conversation, under their stable names.
#[derive(Debug, Clone, PartialEq, Serialize, Tsify)]
pub struct Policies {
    /// Who may send.
    pub send: SendPolicy,
    /// How one comes in.
    pub join: JoinPolicy,
    /// Whether who comes in by a link or by themselves waits for approval.
    pub join_approval: bool,
    /// Who may add members.
    pub add_members: WhoPolicy,
    /// Who may change what describes the conversation.
    pub info_edit: WhoPolicy,
    /// Who may open threads.
    pub subrooms: SubroomPolicy,
    /// How deep threads of threads go, 0 to 32.
    pub subroom_depth_max: u32,
    /// Days until a message is erased, up to 36,500; 0 keeps it.
    pub retention_days: u32,
    /// Seconds between two messages of one account, up to 86,400; 0 for no slow mode.
    pub slow_mode_seconds: u32,
    /// Whether reactions are allowed.
    pub reactions: bool,
    /// Whether stickers are allowed.
    pub stickers: bool,
    /// Whether attachments are allowed.
    pub attachments: bool,
    /// What becomes of what a removed member wrote before they knew of it.
    pub late_writes: LateWrites,
}

impl From<model::Policies> for Policies {
    fn from(policies: model::Policies) -> Self {
        let model::Policies {
            send,
            join,
            join_approval,
            add_members,
            info_edit,
            subrooms,
            subroom_depth_max,
            retention_days,
            slow_mode_seconds,
            reactions,
            stickers,
            attachments,
            late_writes,
        } = policies;
        Self {
            send,
            join,
            join_approval,
            add_members,
            info_edit,
            subrooms,
            subroom_depth_max,
            retention_days,
            slow_mode_seconds,
            reactions,
            stickers,
            attachments,
            late_writes,
        }
    }
}

/// One policy with its value: an object with nothing but the one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    name: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Name(String),
    Switch(bool),
    Number(u64),
}

impl Tsify for Policy {
    type JsType = JsValue;

    const DECL: &'static str = "/**\n * One policy with its value, such as `{ send: \"moderators\" }`.\n */\n\
        export type Policy = { [Name in keyof Policies]: { [Key in Name]: Policies[Name] } }[keyof Policies];";
}

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &'static str = Policy::DECL;

impl Policy {
    /// The policy that is meant.
    ///
    /// # Errors
    /// `policy_unknown` for a name that is none, or a value that is none of this policy.
    pub fn check(&self) -> Checked<model::Policy> {
        let value = match &self.value {
            Value::Name(name) => model::PolicyValue::Name(name),
            Value::Switch(on) => model::PolicyValue::Switch(*on),
            Value::Number(number) => model::PolicyValue::Number(*number),
        };
        let policy = model::PolicyName::parse(&self.name).and_then(|name| model::Policy::new(name, value));
        let policy = policy.filter(|policy| policy.is_known());
        policy.ok_or_else(|| Failure::new(Code::PolicyUnknown, "no policy, or no value of this policy"))
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PolicyVisitor)
    }
}

struct PolicyVisitor;

impl<'de> de::Visitor<'de> for PolicyVisitor {
    type Value = Policy;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with one policy")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Policy, A::Error> {
        let policy = map.next_entry()?.map(|(name, value)| Policy { name, value });
        match (policy, map.next_key::<String>()?) {
            (Some(policy), None) => Ok(policy),
            _ => Err(A::Error::custom("not exactly one policy")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl de::Visitor<'_> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name, a boolean or a whole number that is not negative")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Value, E> {
        Ok(Value::Name(name.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Value, E> {
        Ok(Value::Switch(on))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        number.try_into().map(Value::Number).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_the_core_is_under_its_name() {
        for name in model::PolicyName::ALL {
            assert!(Policies::DECL.contains(&format!("    {name}: ")), "{name}");
        }
    }

    #[test]
    fn what_no_policy_says_has_its_code() {
        let check = |name: &str, value| Policy { name: name.into(), value }.check();
        let moderators = || Value::Name("moderators".into());
        assert_eq!(check("send", moderators()).unwrap(), model::Policy::Send(model::SendPolicy::Moderators));
        assert_eq!(check("slow_mode_seconds", Value::Number(30)).unwrap(), model::Policy::SlowModeSeconds(30));
        for (name, value) in [("sending", moderators()), ("add_members", moderators()), ("send", Value::Switch(true))] {
            assert_eq!(check(name, value).unwrap_err().code, Code::PolicyUnknown, "{name}");
        }
    }
}
