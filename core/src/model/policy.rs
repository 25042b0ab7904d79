//! The policies of a conversation, enforced after the role check.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Error as _},
};

use crate::{
    api::refuse,
    code::Code,
    model::{ConversationKind, Role},
    named::named,
};

/// The value of a policy, without its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyValue<'a> {
    /// One of a few names.
    Name(&'a str),
    /// On or off.
    Switch(bool),
    /// A number.
    Number(u64),
}

named! {
    /// Values of the policy on who may send messages.
    SendPolicy {
        /// Everybody with `message:send`.
        AllMembers = "all_members",
        /// Moderators and above.
        Moderators = "moderators",
        /// Admins and above.
        AdminsOnly = "admins_only",
    }
}

named! {
    /// Values of a policy that opens an admins' permission to members.
    WhoPolicy {
        /// Members and above.
        AllMembers = "all_members",
        /// Everybody with the permission.
        AdminsOnly = "admins_only",
    }
}

named! {
    /// Values of the policy on how accounts join.
    JoinPolicy {
        /// Only by being added or invited.
        InviteOnly = "invite_only",
        /// Also with an invite link.
        LinkJoin = "link_join",
        /// Anybody can join on their own.
        Open = "open",
    }
}

named! {
    /// Values of the policy on who may open threads.
    SubroomPolicy {
        /// Everybody with `thread:create`.
        AllMembers = "all_members",
        /// Admins and above.
        AdminsOnly = "admins_only",
        /// Not even owners.
        Nobody = "nobody",
    }
}

named! {
    /// Values of the policy on messages that a removed member wrote before the removal reached them.
    LateWrites {
        /// They are refused.
        Refuse = "refuse",
        /// They are held for a moderator.
        Hold = "hold",
    }
}

struct PolicyVisitor;

const NOT_ONE: &str = "not exactly one policy";

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PolicyVisitor)
    }
}

macro_rules! policies {
    ($($(#[$meta:meta])* $index:literal $variant:ident $text:literal $field:ident: $type:ty = $default:expr,)+) => {
        /// The policies of a conversation, under their stable names.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct Policies { $($(#[$meta])* pub $field: $type,)+ }

        impl Default for Policies {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// One policy with its value, such as `{ send: "moderators" }`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify))]
        pub enum Policy {
            $($(#[$meta])* #[cfg_attr(feature = "ts", serde(rename = $text))] #[n($index)] $variant(#[n(0)] $type),)+
        }

        impl<'de> de::Visitor<'de> for PolicyVisitor {
            type Value = Policy;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with one policy")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Policy, A::Error> {
                let unknown = || refuse(Code::PolicyUnknown, "no policy, or no value of this policy");
                let Some(name) = map.next_key::<String>()? else { return Err(A::Error::custom(NOT_ONE)) };
                let name = PolicyName::parse(&name).ok_or_else(unknown)?;
                let policy = match name {
                    $(PolicyName::$variant => map.next_value().map(Policy::$variant),)+
                };
                let policy = match policy {
                    // In every version, a policy with numbers has nothing else.
                    Err(error) if name.number_max().is_some() => return Err(error),
                    policy => policy.ok().filter(|policy| policy.is_known()).ok_or_else(unknown)?,
                };
                if map.next_key::<String>()?.is_some() {
                    return Err(A::Error::custom(NOT_ONE));
                }
                Ok(policy)
            }
        }

        named! {
            /// The name of a policy.
            closed PolicyName { $($(#[$meta])* $variant = $text,)+ }
        }

        impl Policy {
            /// The policy's name.
            pub fn name(self) -> PolicyName {
                match self { $(Policy::$variant(_) => PolicyName::$variant,)+ }
            }

            /// The policy's value.
            pub fn value(self) -> PolicyValue<'static> {
                match self { $(Policy::$variant(value) => value.to_value(),)+ }
            }

            /// Returns true if this version knows its value.
            pub fn is_known(self) -> bool {
                match self { $(Policy::$variant(value) => value.is_known(),)+ }
            }

            /// The policy with this name and value; none if the value is not valid for it.
            pub fn new(name: PolicyName, value: PolicyValue<'_>) -> Option<Policy> {
                Some(match name { $(PolicyName::$variant => Policy::$variant(Setting::from_value(value)?),)+ })
            }
        }

        impl Policies {
            /// Sets one of them.
            pub fn set(&mut self, policy: Policy) {
                match policy { $(Policy::$variant(value) => self.$field = value,)+ }
            }

            /// One of them.
            pub fn get(&self, name: PolicyName) -> Policy {
                match name { $(PolicyName::$variant => Policy::$variant(self.$field),)+ }
            }
        }
    };
}

policies! {
    /// Who may send messages.
    0 Send "send" send: SendPolicy = SendPolicy::AllMembers,
    /// How accounts join.
    1 Join "join" join: JoinPolicy = JoinPolicy::InviteOnly,
    /// If true, accounts that join by a link or on their own wait for approval.
    2 JoinApproval "join_approval" join_approval: bool = false,
    /// Who may add members.
    3 AddMembers "add_members" add_members: WhoPolicy = WhoPolicy::AdminsOnly,
    /// Who may change the texts that describe the conversation.
    4 InfoEdit "info_edit" info_edit: WhoPolicy = WhoPolicy::AdminsOnly,
    /// Who may open threads.
    5 Subrooms "subrooms" subrooms: SubroomPolicy = SubroomPolicy::AllMembers,
    /// Maximum depth of nested threads, 0–32.
    6 SubroomDepthMax "subroom_depth_max" subroom_depth_max: u32 = 8,
    /// Days until a message is erased, 0–36,500; 0 keeps it.
    7 RetentionDays "retention_days" retention_days: u32 = 0,
    /// Seconds between two messages of one account, 0–86,400; 0 for no slow mode.
    8 SlowModeSeconds "slow_mode_seconds" slow_mode_seconds: u32 = 0,
    /// If false, reactions are forbidden.
    9 Reactions "reactions" reactions: bool = true,
    /// If false, stickers are forbidden.
    10 Stickers "stickers" stickers: bool = true,
    /// If false, attachments are forbidden.
    11 Attachments "attachments" attachments: bool = true,
    /// Handling of messages that a removed member wrote before they knew.
    12 LateWrites "late_writes" late_writes: LateWrites = LateWrites::Refuse,
}

impl Policies {
    /// The policies of a new conversation of a kind.
    pub fn of(kind: ConversationKind) -> Self {
        let send = match kind {
            ConversationKind::Channel | ConversationKind::System => SendPolicy::AdminsOnly,
            ConversationKind::Direct
            | ConversationKind::Group
            | ConversationKind::Support
            | ConversationKind::Resource
            | ConversationKind::Thread
            | ConversationKind::Unknown => SendPolicy::AllMembers,
        };
        Self { send, ..Self::default() }
    }
}

impl PolicyName {
    /// The largest value of the policy, if it is a number.
    pub fn number_max(self) -> Option<u32> {
        match self {
            PolicyName::SubroomDepthMax => Some(32),
            PolicyName::RetentionDays => Some(36_500),
            PolicyName::SlowModeSeconds => Some(86_400),
            _ => None,
        }
    }
}

impl SubroomPolicy {
    /// The lowest rank that may open threads; none if nobody may, or for an unknown value.
    pub fn lowest_rank(self) -> Option<u8> {
        match self {
            SubroomPolicy::AllMembers => Role::Subscriber.built_in_rank(),
            SubroomPolicy::AdminsOnly => Role::Admin.built_in_rank(),
            SubroomPolicy::Nobody | SubroomPolicy::Unknown => None,
        }
    }
}

impl SendPolicy {
    /// The lowest rank that may send; none for an unknown value.
    pub fn lowest_rank(self) -> Option<u8> {
        match self {
            SendPolicy::AllMembers => Role::Subscriber.built_in_rank(),
            SendPolicy::Moderators => Role::Moderator.built_in_rank(),
            SendPolicy::AdminsOnly => Role::Admin.built_in_rank(),
            SendPolicy::Unknown => None,
        }
    }
}

/// A type of policy values.
trait Setting: Sized {
    fn to_value(self) -> PolicyValue<'static>;
    fn from_value(value: PolicyValue<'_>) -> Option<Self>;

    fn is_known(&self) -> bool {
        true
    }
}

impl Setting for bool {
    fn to_value(self) -> PolicyValue<'static> {
        PolicyValue::Switch(self)
    }

    fn from_value(value: PolicyValue<'_>) -> Option<Self> {
        match value {
            PolicyValue::Switch(on) => Some(on),
            PolicyValue::Name(_) | PolicyValue::Number(_) => None,
        }
    }
}

impl Setting for u32 {
    fn to_value(self) -> PolicyValue<'static> {
        PolicyValue::Number(u64::from(self))
    }

    fn from_value(value: PolicyValue<'_>) -> Option<Self> {
        match value {
            PolicyValue::Number(number) => number.try_into().ok(),
            PolicyValue::Name(_) | PolicyValue::Switch(_) => None,
        }
    }
}

macro_rules! named_settings {
    ($($type:ident),+) => {
        $(impl Setting for $type {
            fn to_value(self) -> PolicyValue<'static> {
                PolicyValue::Name(self.as_str())
            }

            fn from_value(value: PolicyValue<'_>) -> Option<Self> {
                match value {
                    PolicyValue::Name(name) => Some($type::read(name)),
                    PolicyValue::Switch(_) | PolicyValue::Number(_) => None,
                }
            }

            fn is_known(&self) -> bool {
                *self != $type::Unknown
            }
        })+
    };
}

named_settings!(SendPolicy, JoinPolicy, WhoPolicy, SubroomPolicy, LateWrites);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_what_its_name_and_value_make() {
        let policies = Policies::default();
        for &name in PolicyName::ALL {
            let policy = policies.get(name);
            assert_eq!(policy.name(), name);
            assert_eq!(Policy::new(name, policy.value()), Some(policy));
            let wrong = match policy.value() {
                PolicyValue::Number(_) => PolicyValue::Switch(true),
                PolicyValue::Name(_) | PolicyValue::Switch(_) => PolicyValue::Number(1),
            };
            assert_eq!(Policy::new(name, wrong), None);
        }
    }
}
