//! The frames between a client and the server: CBOR with integer keys, unknown keys ignored, the versions in
//! the first frame. Frames carry bytes and positions; the engine and the server give them meaning.

pub(crate) mod bounded;
mod client;
mod codec;
mod contact;
mod held;
mod list;
#[cfg(test)]
pub(crate) mod newer;
mod packed;
mod server;
mod subscriber;
mod version;

pub use client::{
    ClientFrame, Fetch, FetchScope, Hello, MembershipRequest, PresenceNotice, Push, PushedChange, ReceiptNotice,
    WaitingChange, question_in,
};
pub use codec::{DecodeFrameError, decode, encode};
pub use contact::{ContactMatch, ContactMatches, MatchContacts};
pub use held::{HeldMessages, ListHeld};
pub use list::{List, Listed, ListedRow, ListedRows};
pub use packed::{decode_frame, encode_frame};
pub use server::{
    Accepted, Closed, ConversationSummary, DocumentSnapshot, Entries, Fetched, LastMessage, MemberPresence,
    MemberReceipt, Piece, Pong, Present, PresentMember, ProfileNotice, Refused, Revoked, ServerFrame, Unread, Welcome,
};
pub use subscriber::{ListSubscribers, Subscriber, SubscriberCount, Subscribers};
pub use version::Versions;
