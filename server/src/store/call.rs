//! Every call of a store, listed once. The list generates the trait, the gates in front of a store, and the
//! call names used in metrics.

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
    AccountErasure, AnsweredRequest, CatchUp, CommitOutcome, DeletedConversation, Delivery, DeliveryOutcome,
    DeliveryRow, DeliveryState, DeviceOwner, Endpoint, EndpointChange, FoundChange, Lane, LeaseTerms, ListPage,
    MemberRow, Named, Naming, Notice, Overview, Part, Projections, Records, Snapshot, StaleDocument, Standing,
    StoreCounts, StoreError, StoredDocument, StreamCommit, StreamHead, SubscriberCounts, Suspension, TenantNews,
    Toward, WhichThreads,
};

use crate::external_id::ExternalId;

/// How a call accesses the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Writes nothing that others can read.
    Read,
    /// May write.
    Write,
}

macro_rules! store_calls {
    ($(
        $(#[doc = $doc:literal])+
        $access:ident $call:ident: $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;
    )+) => {
        /// The calls of a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum StoreCall {
            $(#[doc = concat!("`Store::", stringify!($name), "`.")] $call,)+
        }

        impl StoreCall {
            /// All of them, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$call,)+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$call => stringify!($name),)+ }
            }

            /// Returns whether the call may write.
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

            /// Closes every connection, after which every call fails. A SQLite file is then complete without
            /// its side files.
            async fn close(&self);

            /// Raw access for a verifier: rows as stored, with nothing mended.
            fn records(&self) -> &dyn Records;

            /// Access to what is derived from the journal: compare it, rebuild it, and learn of rows that no
            /// longer decode.
            fn projections(&self) -> &dyn Projections;

            /// Access for an operator, who looks over all tenants.
            fn overview(&self) -> &dyn Overview;

            /// How many transactions that write it carries out at once, or lets one kind of work have of many.
            fn writes_at_once(&self) -> usize;

            /// Counters kept by the store itself.
            fn counts(&self) -> StoreCounts;

            /// Notifies the other nodes without waiting. The notice may be lost.
            fn notify(&self, notice: Notice);

            /// Waits for notices of other nodes, for about a second at most. Each entry is reported at least
            /// once during the life of this node: usually by a notice, otherwise by polling. Notices of
            /// receipts and presence may be lost: catch-up has the receipts, and presence is transient.
            async fn notices(&self) -> Result<Vec<Notice>, StoreError>;
        }

        /// A store that wraps another one. Each call goes through `pass`, except those that a gate
        /// implements itself.
        pub trait Gate: Send + Sync + 'static {
            /// The wrapped store.
            fn store(&self) -> &dyn Store;

            /// Forwards a call to the wrapped store. A gate may do more, or not forward it.
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

            /// Forwards `Store::close`.
            fn close(&self) -> impl Future<Output = ()> + Send {
                self.store().close()
            }

            /// Forwards `Store::notify`.
            fn notify(&self, notice: Notice) {
                self.store().notify(notice);
            }

            /// Forwards `Store::notices`.
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

            fn overview(&self) -> &dyn Overview {
                self.store().overview()
            }

            fn writes_at_once(&self) -> usize {
                self.store().writes_at_once()
            }

            fn counts(&self) -> StoreCounts {
                self.store().counts()
            }

            fn notify(&self, notice: Notice) {
                Gate::notify(self, notice);
            }

            async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
                Gate::notices(self).await
            }
        }
    };
}

store_calls! {
    /// Upgrades the database to this program's version, and prepares it as `ready` does.
    Write Migrate: migrate() -> ();

    /// Checks that the tables have this program's version, without changing anything.
    Read CheckSchema: check_schema() -> ();

    /// The store's incarnation, which changes only when it is restored to an older state.
    Read Incarnation: incarnation() -> IncarnationId;

    /// Gives the store a new incarnation: it was restored to an older state, so that positions sent to clients
    /// since then mean nothing in it.
    Write Restored: restored() -> IncarnationId;

    /// Prepares a database of this program's version for serving. Needs access to rows only.
    Write Ready: ready() -> ();

    /// Runs the periodic maintenance of the database, so that none of its files grows without bound.
    Write Tend: tend() -> ();

    /// Copies the store, as of one moment, into a new SQLite file that only its owner can read. Others may read
    /// and write meanwhile.
    ///
    /// # Errors
    /// `StoreError::File` if the file exists; `StoreError::NoBackup` for a database that has its own
    /// backup program.
    Read Backup: backup(file: &Path) -> ();

    /// Returns true if the account has a device, a profile or a part in a conversation.
    Read KnowsAccount: knows_account(tenant: &TenantId, account: &AccountId) -> bool;

    /// Fails if the store does not answer.
    Read Ping: ping() -> ();

    /// The owner of a device of the tenant as seen by an account; none if the device was never registered.
    Read DeviceOwner: device_owner(tenant: &TenantId, account: &AccountId, device: DeviceId) -> Option<DeviceOwner>;

    /// Binds a device of the tenant to an account for good, at the first call.
    Write RegisterDevice: register_device(tenant: &TenantId, account: &AccountId, device: DeviceId) -> DeviceOwner;

    /// Suspends an account, known or not, or lifts its suspension. Every node that shares the store is
    /// notified, this one included; since such a notice may be lost, nodes also poll.
    Write SetSuspension: set_suspension(tenant: &TenantId, account: &AccountId, suspension: Suspension) -> ();

    /// The suspended ones among these accounts.
    Read Suspended: suspended(tenant: &TenantId, accounts: &[AccountId]) -> Vec<AccountId>;

    /// Those of these accounts that have blocked `account`.
    Read Blockers: blockers(tenant: &TenantId, account: &AccountId, among: &[AccountId]) -> Vec<AccountId>;

    /// Those of these accounts that `account` may not reach: invite, add, or begin a direct conversation with.
    Read Unreachable: unreachable(tenant: &TenantId, account: &AccountId, among: &[AccountId]) -> Vec<AccountId>;

    /// The blocks of these readers on these authors, as pairs of reader and author.
    Read BlocksAmong: blocks_among(
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Vec<(AccountId, AccountId)>;

    /// Replaces the verified contact points of an account. Writes nothing if they are unchanged.
    Write SetContactPoints: set_contact_points(
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> ();

    /// The verified contact points of an account.
    Read ContactPoints: contact_points(tenant: &TenantId, account: &AccountId) -> BTreeSet<ContactPoint>;

    /// The accounts with these verified contact points, other than the asker, suspended ones and those that
    /// have blocked the asker.
    Read MatchContactPoints: match_contact_points(
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Vec<(ContactPoint, AccountId)>;

    /// Gives what a stream is of, an account or a conversation, the operator's own name for it, in place of the one
    /// that it had; none takes that away. A conversation that is deleted loses it.
    Write SetExternalId: set_external_id(
        tenant: &TenantId,
        stream: &StreamId,
        id: Option<&ExternalId>,
    ) -> Naming;

    /// The operator's own names of those of these streams that have one.
    Read ExternalIds: external_ids(tenant: &TenantId, streams: &[StreamId]) -> Vec<(StreamId, ExternalId)>;

    /// What the operator calls so, among accounts or among conversations.
    Read FindExternalId: find_external_id(tenant: &TenantId, among: Named, id: &ExternalId) -> Option<StreamId>;

    /// The request that an account made under a key, if it was carried out.
    Read FindRequest: find_request(tenant: &TenantId, account: &AccountId, key: &str) -> Option<AnsweredRequest>;

    /// Stores that a request was carried out.
    Write RememberRequest: remember_request(tenant: &TenantId, request: &AnsweredRequest) -> ();

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

    /// The position of the last entry of a document.
    Read LastEntry: last_entry(tenant: &TenantId, document: &DocumentId) -> Option<Position>;

    /// Where a stream stands.
    Read StreamHead: stream_head(tenant: &TenantId, stream: &StreamId) -> StreamHead;

    /// The stream head, with the hash of its journal at a position, if there is an entry there.
    Read HeadSince: head_since(
        tenant: &TenantId,
        stream: &StreamId,
        position: Position,
    ) -> (StreamHead, Option<ChainHash>);

    /// An account's row in a conversation, also as a subscriber; none if it was never a member.
    Read Member: member(tenant: &TenantId, conversation: ConversationId, account: &AccountId) -> Option<MemberRow>;

    /// The state of a conversation; none if it was never created.
    Read ConversationState: conversation_state(
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Option<ConversationState>;

    /// The active members of a conversation, without its subscribers.
    Read ActiveMembers: active_members(tenant: &TenantId, conversation: ConversationId) -> Vec<AccountId>;

    /// At most `count_max` conversations behind one, by id, of which the account is or was a member or subscriber, or
    /// was to be one.
    Read Parts: parts(
        tenant: &TenantId,
        account: &AccountId,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Vec<Part>;

    /// The documents of a stream into which an account wrote, or with a message of its. Looks at the entries of the
    /// stream, but not at their changes.
    Read DocumentsWritten: documents_written(
        tenant: &TenantId,
        stream: &StreamId,
        account: &AccountId,
    ) -> Vec<DocumentId>;

    /// The channels that an account subscribes to.
    Read Subscriptions: subscriptions(tenant: &TenantId, account: &AccountId) -> Vec<ConversationId>;

    /// At most `count_max` subscribers of a channel after an account, in the order of accounts, with the time
    /// of their subscription.
    Read Subscribers: subscribers(
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Vec<(AccountId, WallTime)>;

    /// The number of subscribers of a channel; none if the conversation is not a channel.
    Read SubscriberCount: subscriber_count(tenant: &TenantId, conversation: ConversationId) -> Option<u32>;

    /// The number of subscribers of a channel, and how many of them have reached a position.
    Read SubscriberCounts: subscriber_counts(
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> SubscriberCounts;

    /// A page of an account's conversations, from the key of the query. Looks at every conversation of the
    /// account and at no other, because they are ordered by activity.
    Read OwnConversations: own_conversations(
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
        toward: Toward,
    ) -> ListPage<ListedRow, ActivityKey>;

    /// The conversations of a tenant about a resource behind one of them, by id, except those that were deleted.
    Read ConversationsAbout: conversations_about(
        tenant: &TenantId,
        resource: &str,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Vec<ConversationId>;

    /// A page of the directory with the conversations that have a word for each of these prefixes, from the key
    /// of the query. Looks at a bounded number of words.
    Read Directory: directory(
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &SortedSet<String>,
        query: &DirectoryQuery,
        toward: Toward,
    ) -> ListPage<DirectoryRow, WordKey>;

    /// A document: its snapshot and the entries after it, and the head of its stream, all as of one moment. A
    /// corrupt snapshot is quarantined, and the answer has all entries instead.
    Read Document: document(tenant: &TenantId, document: &DocumentId) -> (StoredDocument, StreamHead);

    /// The places of those of these changes that the stream holds.
    Read FindChanges: find_changes(tenant: &TenantId, stream: &StreamId, hashes: &[ChangeHash]) -> Vec<FoundChange>;

    /// At most `entries_max` entries of a stream after a position.
    Read EntriesAfter: entries_after(
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Vec<Entry>;

    /// Writes several streams in one transaction. A conflict of one stream does not affect the others. The
    /// outcomes are in the order of the commits.
    Write Commit: commit(commits: &[StreamCommit]) -> Vec<CommitOutcome>;

    /// What an account missed since a cursor. Without a cursor, everything it may see, but no entries.
    Read CatchUp: catch_up(
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> CatchUp;

    /// What is new in the conversations of a tenant since a cursor, or where a cursor stands now; of an order of ticks
    /// no more than a bounded part, so it is asked again from the answer's cursor until it is whole. Looks at what
    /// is new, and not at the conversations that there are.
    Read CatchUpTenant: catch_up_tenant(tenant: &TenantId, cursor: Option<Cursor>, entries_max: u32) -> TenantNews;

    /// The summaries of these conversations for this account, where it is an
    /// active member.
    Read Summaries: summaries(
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Vec<ConversationSummary>;

    /// The unread counts of an active member of a conversation, as of a position; none for other accounts.
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

    /// Moves receipts forward, for active members only and never past the head. Returns those that moved, with
    /// their new values.
    Write MergeReceipts: merge_receipts(tenant: &TenantId, receipts: &[MemberReceipt]) -> Vec<MemberReceipt>;

    /// The receipts of a conversation's active members, without its subscribers.
    Read Receipts: receipts(tenant: &TenantId, conversation: ConversationId) -> Vec<(AccountId, Receipt)>;

    /// Threads of a conversation as shown on the messages they start from, by id.
    Read Threads: threads(tenant: &TenantId, conversation: ConversationId, which: &WhichThreads) -> Vec<Thread>;

    /// The messages that are held in a conversation, by id.
    Read HeldMessages: held_messages(tenant: &TenantId, conversation: ConversationId) -> Vec<HeldMessage>;

    /// The position of the entry that last changed a member's membership.
    Read MovedAt: moved_at(tenant: &TenantId, conversation: ConversationId, account: &AccountId) -> Option<Position>;

    /// Documents with at least `entries_min` entries since their snapshot.
    Read StaleDocuments: stale_documents(entries_min: u32, count_max: u32) -> Vec<StaleDocument>;

    /// Stores a snapshot unless a newer one is stored or the document was erased.
    Write SaveSnapshot: save_snapshot(tenant: &TenantId, document: &DocumentId, snapshot: &Snapshot) -> ();

    /// Sets aside a snapshot that does not contain the document it should, so that it is never read again. Does
    /// nothing if it is no longer the stored one.
    Write QuarantineSnapshot: quarantine_snapshot(
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> ();

    /// At most `count_max` conversations that were deleted before a time and are not fully erased.
    Read DeletedConversations: deleted_conversations(before: WallTime, count_max: u32) -> Vec<DeletedConversation>;

    /// The tenants that have a webhook endpoint, whether it is on or not.
    Read ToldTenants: told_tenants() -> Vec<TenantId>;

    /// Adds a webhook endpoint to a tenant, unless that has `count_max` already, or this was done for the same request
    /// within a day. Returns false if it has so many. What is submitted from then on is told it.
    Write AddEndpoint: add_endpoint(
        tenant: &TenantId,
        endpoint: &Endpoint,
        count_max: u32,
        once: Option<&AnsweredRequest>,
    ) -> bool;

    /// The webhook endpoints of a tenant, the oldest first.
    Read Endpoints: endpoints(tenant: &TenantId) -> Vec<Endpoint>;

    /// A webhook endpoint of a tenant.
    Read Endpoint: endpoint(tenant: &TenantId, id: &str) -> Option<Endpoint>;

    /// Changes a webhook endpoint, unless this was done for the same request within a day; returns what it is now, or
    /// none if there is none.
    Write ChangeEndpoint: change_endpoint(
        tenant: &TenantId,
        id: &str,
        change: &EndpointChange,
        once: Option<&AnsweredRequest>,
    ) -> Option<Endpoint>;

    /// Removes a webhook endpoint, which is told nothing more. Returns true if there was one.
    Write RemoveEndpoint: remove_endpoint(tenant: &TenantId, id: &str) -> bool;

    /// At most `count_max` webhook endpoints of all tenants that are on and have a delivery that is due.
    Read EndpointsDue: endpoints_due(now: WallTime, count_max: u32) -> Vec<(TenantId, String)>;

    /// Leases the first pending delivery of at most `count_max` lanes of conversations at an endpoint, where it is due.
    Write LeaseDeliveries: lease_deliveries(
        endpoint: (&TenantId, &str),
        terms: &LeaseTerms,
        count_max: u32,
        except: &[(ConversationId, Lane)],
    ) -> Vec<Delivery>;

    /// Writes the outcomes of leased deliveries, each of another lane, except those whose lease was lost. Where
    /// that lets the next one of the conversation go, it is leased by these terms and returned in its place.
    Write FinishDeliveries: finish_deliveries(
        ended: &[(Delivery, DeliveryOutcome)],
        terms: &LeaseTerms,
    ) -> Vec<Option<Delivery>>;

    /// At most `count_max` deliveries of an endpoint after one of these, by when they are due or died.
    Read Deliveries: deliveries(
        endpoint: (&TenantId, &str),
        state: DeliveryState,
        from: Option<&(WallTime, String)>,
        toward: Toward,
        count_max: u32,
    ) -> ListPage<DeliveryRow, (WallTime, String)>;

    /// Makes dead letters pending again: that of one event, or at most `count_max`. Returns how many.
    Write ReplayDeliveries: replay_deliveries(
        endpoint: (&TenantId, &str),
        event: Option<&str>,
        now: WallTime,
        count_max: u32,
    ) -> u32;

    /// Deletes at most `rows_max` deliveries of entries that were admitted before a time, and as many of a removed
    /// endpoint; switches off endpoints for which more than `waiting_max` wait. Returns true if nothing is left to
    /// delete.
    Write SweepDeliveries: sweep_deliveries(before: WallTime, waiting_max: u32, rows_max: u32) -> bool;

    /// Erases a bounded number of rows of a deleted conversation. Returns true if only its tombstone is left.
    /// From the first call on, nothing more is written to the conversation.
    Write Erase: erase(tenant: &TenantId, conversation: ConversationId, now: WallTime) -> bool;

    /// Asks for an account to be erased, once, and suspends it for good. Nodes are notified as of a suspension.
    Write BeginAccountErasure: begin_account_erasure(
        tenant: &TenantId,
        account: &AccountId,
        now: WallTime,
    ) -> AccountErasure;

    /// The erasure of an account, if it was asked for.
    Read AccountErasure: account_erasure(tenant: &TenantId, account: &AccountId) -> Option<AccountErasure>;

    /// Leases an erasure that is not done and that nobody works on, the oldest first, until a time.
    Write LeaseAccountErasure: lease_account_erasure(now: WallTime, until: WallTime) -> Option<AccountErasure>;

    /// Stores how far an erasure has come, and leases it until a time.
    Write AdvanceAccountErasure: advance_account_erasure(erasure: &AccountErasure, until: WallTime) -> ();

    /// Deletes a bounded number of rows of an account that is being erased. Returns true if nothing of it is left but
    /// what is kept for good; from then on nothing more is written to its stream.
    Write EraseAccount: erase_account(tenant: &TenantId, account: &AccountId, now: WallTime) -> bool;
}
