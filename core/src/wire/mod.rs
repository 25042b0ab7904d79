//! The frames between a client and the server: CBOR with integer keys,
//! unknown keys ignored, the version in the first frame. Frames carry bytes
//! and positions; what they mean is `engine`'s and the server's.

pub(crate) mod bounded;
mod client;
mod codec;
mod contact;
mod late;
mod list;
#[cfg(test)]
pub(crate) mod newer;
mod packed;
mod server;
mod subscriber;

pub use client::{
    Ask, ClientFrame, Fetch, FetchScope, HeldChange, Hello, PresenceNotice, Push, PushedChange, ReceiptNotice,
};
pub use codec::{DecodeFrameError, decode, encode};
pub use contact::{ContactMatch, ContactMatches, MatchContacts};
pub use late::{LateMessages, ListLate};
pub use list::{List, Listed, ListedRow, ListedRows};
pub use packed::{decode_frame, encode_frame};
pub use server::{
    Accepted, Closed, ConversationSummary, DocumentSnapshot, Entries, Fetched, LastMessage, MemberPresence,
    MemberReceipt, Piece, Pong, Present, PresentMember, ProfileNotice, Refused, Revoked, ServerFrame, Unread, Welcome,
};
pub use subscriber::{ListSubscribers, Subscriber, SubscriberCount, Subscribers};

/// The version of the protocol this crate speaks.
pub const PROTOCOL_VERSION: u16 = 1;
