//! Plain values of the domain, one file a noun. They know their own names,
//! limits and order; they know no document, frame or store.

mod contact;
mod conversation;
mod member;
mod message;
mod permission;
mod policy;
mod presence;
mod profile;
mod receipt;
mod role;
mod setting;

pub use contact::{Contact, ContactKind};
pub use conversation::{Conversation, ConversationKind, ConversationState, Created, Pin};
pub use member::{Member, MemberStatus};
pub use message::{Deletion, Edit, MessageBody, MessageKind, PREVIEW_CHARACTERS, preview};
pub use permission::Permission;
pub use policy::{Policies, SendPolicy, WhoPolicy};
pub use presence::PresenceKind;
pub use profile::{AccountKind, Profile};
pub use receipt::Receipt;
pub use role::Role;
pub use setting::ConversationSetting;
