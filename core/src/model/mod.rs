//! Plain values of the domain, one file per noun. They define their own names, limits and order, and know
//! nothing of documents, frames or stores.

mod contact;
mod contact_point;
pub mod content;
mod conversation;
mod emoji;
mod held;
mod invite;
mod lead;
mod line;
mod member;
mod message;
mod party;
mod permission;
mod policy;
mod presence;
mod profile;
mod query;
mod receipt;
mod resource;
mod role;
mod setting;
mod thread;
mod words;

pub use contact::{Contact, ContactKind};
pub use contact_point::{ContactPoint, Email, Phone};
pub use content::Content;
pub use conversation::{
    Conversation, ConversationKind, ConversationState, Created, InfoField, Link, LinkKind, Pin, Scope, Theme,
};
pub use emoji::{EMOJI_BYTES_MAX, is_emoji};
pub use held::{HELD_MAX, Held, HeldMessage, HeldState};
pub use invite::{Invite, MembershipAction};
pub use lead::{Lead, LeadNumber, LeadOpened, LeadOutcome, LeadStage};
pub use line::{is_line, shows};
pub use member::{Grant, Member, MemberField, MemberStatus, Membership};
pub use message::{Deletion, Edit, MessageBody};
pub use party::Party;
pub use permission::{Permission, Permissions, Power};
pub use policy::{
    JoinPolicy, LateWrites, Policies, Policy, PolicyName, PolicyValue, SendPolicy, SubroomPolicy, WhoPolicy,
};
pub use presence::PresenceKind;
pub use profile::{AccountKind, Profile};
pub use query::{
    ActivityKey, DirectoryQuery, DirectoryRow, Listing, OwnQuery, PAGE_MAX, Query, WordKey, has_row, member_status,
};
pub use receipt::Receipt;
pub use resource::Resource;
pub use role::{Role, RoleDefinition, RoleName};
pub use setting::{ConversationSetting, NotificationLevel, Reachability};
pub use thread::{LastReply, PARTICIPANTS_MAX, Parent, Thread};
pub use words::{SEARCH_CHARACTERS_MAX, SEARCH_WORDS_MAX, is_found, search, words};
