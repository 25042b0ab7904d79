//! What apps see, each shape written once: the rows and details of a screen,
//! and the texts that stand for ids and times. serde's form is the product's
//! JSON (ids as text, times as milliseconds, fields in camel case), the feature
//! `ts` adds the TypeScript of it, and `openapi` the schema by which a server describes it.
//!
//! Rows are built from documents, receipts and profiles, and built again only
//! for what a change touched. Derived facts live here, never in a document.

mod contact_row;
mod conversation_detail;
mod conversation_row;
mod refused_row;
mod text;
mod timeline_row;
mod wait;

pub use contact_row::{BlockedRow, ContactRow};
pub use conversation_detail::{
    ConversationDetail, GrantRow, HeldRow, InviteRow, MemberChange, MemberRow, PinRow, PlacedMember, RoleRow, Roster,
};
pub use conversation_row::{ConversationRow, LastMessageRow, UNREAD_MAX};
pub use refused_row::RefusedRow;
pub(crate) use text::{read_as_text, schema_of_text, write_as_text};
pub use text::{refusal, refuse};
pub use timeline_row::{MessageState, ProposalRow, ReactionRow, ReplyRow, ThreadRow, TimelineRow};
pub use wait::Wait;
