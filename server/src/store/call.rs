//! Every call of a store, written once: from the list are made the trait, the
//! gates that stand in front of a store, and the names that metrics count by.

use std::{collections::BTreeSet, path::Path};

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, IncarnationId, StreamId, TenantId},
    journal::{ChainHash, Cursor, Entry, Position},
    model::{
        ActivityKey, ContactPoint, ConversationState, DirectoryQuery, DirectoryRow, HeldMessage, OwnQuery, Receipt,
        Thread, WordKey,
    },
    sorted::SortedSet,
    time::WallTime,
    wire::{ConversationSummary, ListedRow, MemberReceipt, ProfileNotice, Unread},
};

use super::{
    AnsweredRequest, CatchUp, CommitOutcome, DeletedConversation, DeviceOwner, FoundChange, MemberRow, Notice,
    Projections, Records, Snapshot, StaleDocument, Standing, StoreCounts, StoreError, StoredDocument, StreamCommit,
    StreamHead, SubscriberCounts, Suspension, WhichThreads,
};

/// What a call does to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Writes nothing that anybody reads.
    Read,
    /// May write.
    Write,
}

macro_rules! store_calls {
    ($(
        $(#[doc = $doc:literal])+
        $access:ident $call:ident: $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;
    )+) => {
        /// Names a call of a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum StoreCall {
            $(#[doc = concat!("`Store::", stringify!($name), "`.")] $call,)+
        }

        impl StoreCall {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$call,)+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$call => stringify!($name),)+ }
            }

            /// Whether it may write.
            pub fn access(self) -> Access {
                match self { $(Self::$call => Access::$access,)+ }
            }
        }

        /// The server's store. Every call is one transaction.
        ///
        /// # Errors
        /// `StoreError`; a call that failed has written nothing.
        #[async_trait]
        pub trait Store: Send + Sync + 'static {
            $($(#[doc = $doc])+ async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError>;)+

            /// Ends every connection, after which the store answers nothing. A SQLite
            /// file is then whole by itself.
            async fn close(&self);

            /// What a verifier reads, as it is stored and with nothing mended.
            fn records(&self) -> &dyn Records;

            /// What is made from the journal: compared with it, made again, and met when it rotted.
            fn projections(&self) -> &dyn Projections;

            /// What it has counted.
            fn counts(&self) -> StoreCounts;

            /// Tells the other nodes, without waiting for anything: a notice may be lost.
            fn tell(&self, notice: Notice);

            /// Waits for notices of other nodes, at most about a second. Of entries
            /// each is answered at least once over the life of this node: by notices
            /// first, and by looking in any case. Of receipts and presence some may be
            /// lost: catch-up has the receipts, and presence passes.
            async fn notices(&self) -> Result<Vec<Notice>, StoreError>;
        }

        /// What stands in front of a store, and is one: each call passes through
        /// `pass`, but for those that a gate writes itself.
        pub trait Gate: Send + Sync + 'static {
            /// The store behind it.
            fn store(&self) -> &dyn Store;

            /// Has a call done by the store; a gate may do more, or not have it done.
            fn pass<T: Send>(
                &self,
                _call: StoreCall,
                work: impl Future<Output = Result<T, StoreError>> + Send,
            ) -> impl Future<Output = Result<T, StoreError>> + Send {
                work
            }

            $(
                #[doc = concat!("`Store::", stringify!($name), "`.")]
                fn $name(&self $(, $argument: $type)*) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                    async move { self.pass(StoreCall::$call, self.store().$name($($argument),*)).await }
                }
            )+

            /// `Store::close`.
            fn close(&self) -> impl Future<Output = ()> + Send {
                self.store().close()
            }

            /// `Store::tell`.
            fn tell(&self, notice: Notice) {
                self.store().tell(notice);
            }

            /// `Store::notices`.
            fn notices(&self) -> impl Future<Output = Result<Vec<Notice>, StoreError>> + Send {
                self.store().notices()
            }
        }

        #[async_trait]
        impl<G: Gate> Store for G {
            $(async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError> {
                Gate::$name(self $(, $argument)*).await
            })+

            async fn close(&self) {
                Gate::close(self).await;
            }

            fn records(&self) -> &dyn Records {
                self.store().records()
            }

            fn projections(&self) -> &dyn Projections {
                self.store().projections()
            }

            fn counts(&self) -> StoreCounts {
                self.store().counts()
            }

            fn tell(&self, notice: Notice) {
                Gate::tell(self, notice);
            }

            async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
                Gate::notices(self).await
            }
        }
    };
}

store_calls! {
    /// Brings the database to this program's version, and readies it as `ready` does.
    Write Migrate: migrate() -> ();

    /// Checks that the tables are those of this program; changes nothing.
    Read CheckSchema: check_schema() -> ();

    /// What the store is as long as nobody puts it back to an older state.
    Read Incarnation: incarnation() -> IncarnationId;

    /// Makes the store another incarnation: it was put back to an older state, so
    /// that what clients were told since means nothing in it.
    Write Restored: restored() -> IncarnationId;

    /// Readies a database of this program's version for serving: needs rights on rows only.
    Write Ready: ready() -> ();

    /// Does what the database needs done now and then, so that no file of it grows without end.
    Write Tend: tend() -> ();

    /// Copies the store, as of one moment, into a new SQLite file that its owner
    /// alone can read. Others read and write meanwhile.
    ///
    /// # Errors
    /// `StoreError::File` where there is one already; `StoreError::NoBackup` of
    /// a database that has a program of its own for it.
    Read Backup: backup(file: &Path) -> ();

    /// Whether the account was ever seen here: it has a device, a profile or a place in a conversation.
    Read KnowsAccount: knows_account(tenant: &TenantId, account: &AccountId) -> bool;

    /// Whether the store answers.
    Read Ping: ping() -> ();

    /// Whose a device of the tenant is, seen from an account; none if it was never registered.
    Read DeviceOwner: device_owner(tenant: &TenantId, account: &AccountId, device: DeviceId) -> Option<DeviceOwner>;

    /// Binds a device of the tenant to an account for ever, at the first call.
    Write RegisterDevice: register_device(tenant: &TenantId, account: &AccountId, device: DeviceId) -> DeviceOwner;

    /// Suspends an account, whether it was ever seen or not, or lifts that. A
    /// suspension is told to every node that shares the store, this one
    /// included; such a notice may be lost, so nodes also look.
    Write SetSuspension: set_suspension(tenant: &TenantId, account: &AccountId, suspension: Suspension) -> ();

    /// Those of these accounts that are suspended.
    Read Suspended: suspended(tenant: &TenantId, accounts: &[AccountId]) -> Vec<AccountId>;

    /// Those of these accounts that have blocked this one.
    Read Blockers: blockers(tenant: &TenantId, account: &AccountId, among: &[AccountId]) -> Vec<AccountId>;

    /// Those of these accounts that do not let this one reach them: invite them, add
    /// them, or begin a direct with them.
    Read Unreachable: unreachable(tenant: &TenantId, account: &AccountId, among: &[AccountId]) -> Vec<AccountId>;

    /// The blocks of these readers on these authors: who has blocked, and whom.
    Read BlocksAmong: blocks_among(
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Vec<(AccountId, AccountId)>;

    /// Makes these the verified contact points of an account, and no others.
    /// Writes nothing when they are.
    Write SetContactPoints: set_contact_points(
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> ();

    /// Whose verified contact points these are: others than the asker, none
    /// that is suspended, and none that has blocked the asker.
    Read MatchContactPoints: match_contact_points(
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Vec<(ContactPoint, AccountId)>;

    /// The request that an account made under a key, if it was carried out.
    Read FindRequest: find_request(tenant: &TenantId, account: &AccountId, key: &str) -> Option<AnsweredRequest>;

    /// Forgets requests that were carried out before a time, at most `count_max`; how many there were.
    Write ForgetRequests: forget_requests(before: WallTime, count_max: u32) -> u32;

    /// Where two accounts stand with a conversation, which is all that is read to say what they may do in it:
    /// who asks, and of whom is asked.
    Read Standing: standing(
        tenant: &TenantId,
        conversation: ConversationId,
        asker: &AccountId,
        subject: &AccountId,
    ) -> Standing;

    /// The first entry of a document: where it is, and since when.
    Read FirstEntry: first_entry(tenant: &TenantId, document: &DocumentId) -> Option<(Position, WallTime)>;

    /// Where a stream stands.
    Read StreamHead: stream_head(tenant: &TenantId, stream: &StreamId) -> StreamHead;

    /// The same, with the hash of its journal up to a position, if it has an entry there.
    Read HeadSince: head_since(
        tenant: &TenantId,
        stream: &StreamId,
        position: Position,
    ) -> (StreamHead, Option<ChainHash>);

    /// Where an account stands in a conversation, as a subscriber too; none if it never was a member.
    Read Member: member(tenant: &TenantId, conversation: ConversationId, account: &AccountId) -> Option<MemberRow>;

    /// Whether a conversation goes on; none if it never began.
    Read ConversationState: conversation_state(
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Option<ConversationState>;

    /// The active members of a conversation, without its subscribers.
    Read ActiveMembers: active_members(tenant: &TenantId, conversation: ConversationId) -> Vec<AccountId>;

    /// The channels that an account subscribes to.
    Read Subscriptions: subscriptions(tenant: &TenantId, account: &AccountId) -> Vec<ConversationId>;

    /// At most `count_max` subscribers of a channel, by account, behind one, with since when.
    Read Subscribers: subscribers(
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Vec<(AccountId, WallTime)>;

    /// How many subscribe to a channel; none of what is no channel.
    Read SubscriberCount: subscriber_count(tenant: &TenantId, conversation: ConversationId) -> Option<u32>;

    /// How many subscribe to a channel, and how many of them have come to a position.
    Read SubscriberCounts: subscriber_counts(
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> SubscriberCounts;

    /// A page of an account's conversations, and where the next one begins. Looks at each of
    /// its conversations, and at no other: their order is that of what happens in them.
    Read OwnConversations: own_conversations(
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
    ) -> (Vec<ListedRow>, Option<ActivityKey>);

    /// A page of the directory, of what has a word for each of these prefixes, and where the
    /// next one begins. Looks at a bounded number of words, however many there are.
    Read Directory: directory(
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &SortedSet<String>,
        query: &DirectoryQuery,
    ) -> (Vec<DirectoryRow>, Option<WordKey>);

    /// A document: its snapshot and the entries behind it, and the head of
    /// its stream, all as of one moment. A snapshot that is not what was
    /// written is quarantined, and the answer has all entries instead.
    Read Document: document(tenant: &TenantId, document: &DocumentId) -> (StoredDocument, StreamHead);

    /// Where those of the changes stand that the stream holds.
    Read FindChanges: find_changes(tenant: &TenantId, stream: &StreamId, hashes: &[ChangeHash]) -> Vec<FoundChange>;

    /// At most `entries_max` entries of a stream behind a position.
    Read EntriesAfter: entries_after(
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Vec<Entry>;

    /// Writes several streams in one transaction. A conflict of one stream
    /// does not touch the others. The answer is in the order of the commits.
    Write Commit: commit(commits: &[StreamCommit]) -> Vec<CommitOutcome>;

    /// What an account missed since a cursor; everything it may see, without
    /// entries, when there is none.
    Read CatchUp: catch_up(
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> CatchUp;

    /// The summaries of these conversations for this account, where it is an
    /// active member.
    Read Summaries: summaries(
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Vec<ConversationSummary>;

    /// What an active member of a conversation has not read up to a position, as of that
    /// position; none of anybody else.
    Read Unread: unread(
        tenant: &TenantId,
        account: &AccountId,
        conversation: ConversationId,
        head: Position,
    ) -> Option<Unread>;

    /// The profiles of those of these accounts that have one.
    Read Profiles: profiles(tenant: &TenantId, accounts: &[AccountId]) -> Vec<ProfileNotice>;

    /// The accounts that share a conversation with this one, itself included.
    Read CoMembers: co_members(tenant: &TenantId, account: &AccountId) -> Vec<AccountId>;

    /// Moves receipts forward, where their account is an active member and
    /// never past the head; answers those that moved, as they are now.
    Write MergeReceipts: merge_receipts(tenant: &TenantId, receipts: &[MemberReceipt]) -> Vec<MemberReceipt>;

    /// The receipts of a conversation's active members, without its subscribers.
    Read Receipts: receipts(tenant: &TenantId, conversation: ConversationId) -> Vec<(AccountId, Receipt)>;

    /// What is shown of threads on the messages that they start from, by id.
    Read Threads: threads(tenant: &TenantId, conversation: ConversationId, which: &WhichThreads) -> Vec<Thread>;

    /// The messages that are held in a conversation, by id.
    Read HeldMessages: held_messages(tenant: &TenantId, conversation: ConversationId) -> Vec<HeldMessage>;

    /// The position of the entry that last changed where a member stands.
    Read MovedAt: moved_at(tenant: &TenantId, conversation: ConversationId, account: &AccountId) -> Option<Position>;

    /// Documents with at least `entries_min` entries behind their snapshot.
    Read StaleDocuments: stale_documents(entries_min: u32, count_max: u32) -> Vec<StaleDocument>;

    /// Stores a snapshot unless a newer one is stored, or the document has been erased.
    Write SaveSnapshot: save_snapshot(tenant: &TenantId, document: &DocumentId, snapshot: &Snapshot) -> ();

    /// Sets a snapshot aside that was read and is not the document it should
    /// be, so that it is never read again. Does nothing when it is no longer
    /// the stored one.
    Write QuarantineSnapshot: quarantine_snapshot(
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> ();

    /// At most `count_max` conversations that were deleted before a time, of which something is left.
    Read DeletedConversations: deleted_conversations(before: WallTime, count_max: u32) -> Vec<DeletedConversation>;

    /// Erases a part of a conversation that was deleted, bounded in rows; whether nothing is
    /// left of it but its tombstone. From the first call on nothing is written to it any more.
    Write Erase: erase(tenant: &TenantId, conversation: ConversationId, now: WallTime) -> bool;
}
