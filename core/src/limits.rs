//! Every bound, with its unit and its reason. One value of `Limits` is configured on the server, sent to
//! clients in Welcome, and read by the authority on both sides.

mod check;

use core::time::Duration;

use minicbor::{Decode, Encode};

pub use self::check::LimitError;

/// Maximum bytes of a session's first frame, a Hello from a stranger, which is not deflated. More closes the
/// session with `frame_too_large`.
pub const HELLO_BYTES_MAX: usize = 16 * 1024;

/// Maximum number of items in each vector of a frame. A frame with more does not decode, and closes the session
/// with `frame_malformed`. Limits on what a client may request are lower, so that a request slightly over them
/// still gets an answer.
pub mod frame_items {
    /// Changes of a push.
    pub const CHANGES: usize = 2_000;
    /// Receipts that a client moves at once; the engine splits.
    pub const RECEIPTS: usize = 500;
    /// Contact points in one request.
    pub const POINTS: usize = 2_000;
    /// Kinds, statuses or states in the filter of a list.
    pub const CHOICES: usize = 16;
    /// Mentions of a message that is submitted to be held.
    pub const MENTIONS: usize = 100;
    /// Alternative times in a response to a proposal.
    pub const SLOTS: usize = 10;
    /// Conversations, profiles, receipts, rows or subscribers in one frame of a server.
    pub const ROWS: usize = 10_000;
    /// Entries of a stream in one frame of a server, and positions in the answer to a push.
    pub const ENTRIES: usize = 50_000;
    /// Named accounts of a conversation or thread.
    pub const SOME: usize = 100;
}

/// Time in which a unit of an account's share is regained, ms. Operators cannot set it, because it defines the
/// meaning of stored shares.
pub const SHARE_UNIT_MS: u64 = 60_000;

/// The limits of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Limits {
    /// Bytes of one change; refused with `change_too_large`.
    #[n(0)]
    pub change_bytes_max: u32,
    /// Operations of one change; refused with `too_many_operations`. A conversation
    /// begins with up to `members_max` members, of which each takes two.
    #[n(1)]
    pub change_operations_max: u32,
    /// Bytes of the changes of one push; the engine splits.
    #[n(2)]
    pub push_bytes_max: u32,
    /// Changes of one push; the engine splits.
    #[n(3)]
    pub push_changes_max: u32,
    /// Bytes of one frame; the session closes with `frame_too_large`.
    #[n(4)]
    pub frame_bytes_max: u32,
    /// Bytes of one key; refused with `operation_illegal`.
    #[n(5)]
    pub key_bytes_max: u32,
    /// Dependencies of one change; refused with `too_many_dependencies`.
    #[n(6)]
    pub change_dependencies_max: u32,
    /// How far a client's clock may be ahead, ms; beyond it refused with `clock_ahead`.
    #[n(7)]
    pub clock_ahead_ms_max: u64,
    /// Changes after which a page closes; new messages get `page_closed`.
    #[n(8)]
    pub page_changes_soft: u32,
    /// Changes after which a page accepts nothing: `page_full`.
    #[n(9)]
    pub page_changes_max: u32,
    /// Bytes of changes after which a page closes. A page of the longest messages then loads as fast on a new
    /// device as one of a thousand short messages, which have about half as many bytes and close their page by
    /// the number of changes.
    #[n(30)]
    pub page_bytes_soft: u32,
    /// Maximum bytes of changes in a page: `page_full`. At least `page_bytes_soft` and one change, so that an
    /// open page accepts any message.
    #[n(31)]
    pub page_bytes_max: u32,
    /// Changes after which a document without pages, such as a conversation's, accepts only moderation, and
    /// later only its owners' changes: `document_full`.
    #[n(32)]
    pub document_changes_soft: u32,
    /// Changes after which such a document accepts nothing but its deletion: a new device reads this many in a
    /// tenth of a second.
    #[n(33)]
    pub document_changes_max: u32,
    /// Bytes of changes with the effect of `document_changes_soft`.
    #[n(34)]
    pub document_bytes_soft: u32,
    /// Bytes of changes with the effect of `document_changes_max`.
    #[n(35)]
    pub document_bytes_max: u32,
    /// Units that an account may spend at once on changes of such a document, at 512 bytes each; one is
    /// regained every minute. Beyond it `rate_limited`. So no single account can fill a document within a day.
    #[n(36)]
    pub share_units: u32,
    /// Bytes of changes that a session may push per second, after the burst; then `rate_limited`.
    #[n(37)]
    pub change_bytes_per_second: u32,
    /// Bytes of changes that a session may push at once: an offline outbox of the longest messages must pass.
    #[n(38)]
    pub change_bytes_burst: u32,
    /// Members listed in a conversation; refused with `too_many_members`.
    #[n(10)]
    pub members_max: u32,
    /// Pins of a conversation; refused with `too_many_pins`.
    #[n(11)]
    pub pins_max: u32,
    /// Characters of a text message; refused with `text_too_long`.
    #[n(12)]
    pub message_characters_max: u32,
    /// Mentions of a message; refused with `too_many_mentions`.
    #[n(13)]
    pub mentions_max: u32,
    /// Emoji an account may put on one message; refused with `too_many_reactions`.
    #[n(14)]
    pub reactions_max: u32,
    /// Pushed changes a session may send per second, after the burst.
    #[n(15)]
    pub changes_per_second: u32,
    /// Pushed changes a session may send at once: an offline outbox must pass.
    #[n(16)]
    pub changes_burst: u32,
    /// Commands that may wait in an outbox; beyond it refused with `outbox_full`.
    #[n(17)]
    pub outbox_commands_max: u32,
    /// Entries sent for one stream at catch-up; beyond it the client fetches. This many have about as many
    /// bytes as a full page, which is sent instead, and let the client keep what it has.
    #[n(18)]
    pub catch_up_entries_max: u32,
    /// Silence of either side after which a client sends Ping, ms. The server ends a session after three of them
    /// in which it hears nothing.
    #[n(19)]
    pub heartbeat_ms: u64,
    /// Time for which a typing notice is shown, ms.
    #[n(20)]
    pub typing_ms: u64,
    /// Predecessors of one change's operations; refused with `too_many_predecessors`.
    #[n(21)]
    pub change_predecessors_max: u32,
    /// Heads of one document: a change that would leave more is `stale`, and rewritten on top of them. So
    /// nobody can pile up more heads than a change may depend on.
    #[n(22)]
    pub heads_max: u32,
    /// Custom roles of a conversation; refused with `too_many_roles`.
    #[n(23)]
    pub roles_max: u32,
    /// Invite links of a conversation; refused with `too_many_invites`.
    #[n(24)]
    pub invites_max: u32,
    /// Contacts of an account, and accounts that it blocks; refused with `too_many_contacts`.
    #[n(25)]
    pub contacts_max: u32,
    /// Contact points in one request; refused with `too_many_contacts`.
    #[n(26)]
    pub contact_points_max: u32,
    /// Facts of one change that is not a conversation's first; refused with `too_many_operations`.
    #[n(27)]
    pub change_facts_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// Changes that one fetch may ask about by hash: 32 KiB of hashes.
    pub const HELD_CHANGES_MAX: usize = 1_000;

    /// The limits of a deployment whose operator sets none.
    pub const DEFAULT: Limits = Limits {
        change_bytes_max: 256 * 1024,
        change_operations_max: 2_100,
        push_bytes_max: 1024 * 1024,
        push_changes_max: 500,
        frame_bytes_max: 4 * 1024 * 1024,
        key_bytes_max: 512,
        change_dependencies_max: 256,
        clock_ahead_ms_max: 5 * 60 * 1_000,
        page_changes_soft: 1_000,
        page_changes_max: 4_000,
        page_bytes_soft: 512 * 1024,
        page_bytes_max: 2 * 1024 * 1024,
        document_changes_soft: 8_000,
        document_changes_max: 10_000,
        document_bytes_soft: 2 * 1024 * 1024,
        document_bytes_max: 3 * 1024 * 1024,
        share_units: 1_000,
        change_bytes_per_second: 256 * 1024,
        change_bytes_burst: 8 * 1024 * 1024,
        members_max: 1_000,
        pins_max: 100,
        message_characters_max: 4_000,
        mentions_max: 50,
        reactions_max: 20,
        changes_per_second: 20,
        changes_burst: 500,
        outbox_commands_max: 10_000,
        catch_up_entries_max: 500,
        heartbeat_ms: 20_000,
        typing_ms: 6_000,
        change_predecessors_max: 2_000,
        heads_max: 128,
        roles_max: 50,
        invites_max: 100,
        contacts_max: 5_000,
        contact_points_max: 1_000,
        change_facts_max: 64,
    };

    /// The largest limits that a server may set, and a client accepts.
    pub const WIDEST: Limits = Limits {
        change_bytes_max: 4 * 1024 * 1024,
        change_operations_max: 20_000,
        change_facts_max: 20_000,
        change_predecessors_max: 40_000,
        change_dependencies_max: 4_096,
        key_bytes_max: 4_096,
        clock_ahead_ms_max: 366 * 24 * 3_600 * 1_000,
        heads_max: u32::MAX,
        page_changes_max: 100_000,
        page_bytes_max: 16 * 1024 * 1024,
        document_changes_max: 100_000,
        document_bytes_max: 16 * 1024 * 1024,
        frame_bytes_max: 64 * 1024 * 1024,
        ..Limits::DEFAULT
    };

    /// `clock_ahead_ms_max` as a duration.
    pub fn clock_ahead_max(&self) -> Duration {
        Duration::from_millis(self.clock_ahead_ms_max)
    }
}
