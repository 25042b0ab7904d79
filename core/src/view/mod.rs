//! What a screen needs, as rows: built from documents, receipts and profiles,
//! rebuilt only for what a change touched. Derived facts live here, never in
//! a document.

mod contact;
mod conversation;
mod inbox;
mod refused;
mod timeline;
mod wait;

pub use contact::{BlockedRow, ContactRow};
pub use conversation::{
    ConversationDetail, GrantRow, InviteRow, LateRow, MemberChange, MemberRow, PinRow, PlacedMember, RoleRow, Roster,
};
pub use inbox::{ConversationRow, LastMessageRow, UNREAD_MAX};
pub use refused::RefusedRow;
pub use timeline::{MessageState, ReactionRow, ReplyRow, ThreadRow, TimelineRow};
pub use wait::Wait;
