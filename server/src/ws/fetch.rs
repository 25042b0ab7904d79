//! Answers Fetch straight from storage: no document is ever loaded here, and each answer is as of one position.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidings_core::{
    authority::Refusal,
    code::Code,
    doc::Change,
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, PageNumber, Stamp, StreamId, TenantId, TimelineId},
    journal::{Entry, Position},
    limits::Limits,
    model::{ConversationState, MemberStatus, Thread},
    time::WallTime,
    wire::{DocumentSnapshot, Fetch, FetchScope, Fetched, MemberReceipt, Refused, ServerFrame, Unread, WaitingChange},
};
use tokio::time::Instant;

use crate::{
    auth::Identity,
    live::{Frame, fanout},
    node::Node,
    reader::not_active,
    store::{FoundChange, Snapshot, StoreError, StoredDocument, StreamHead, WhichThreads},
};

/// Attempts to read several documents as of one position.
const CONSISTENT_TRIES_MAX: u32 = 5;

/// Why a fetch has no answer.
enum FetchError {
    /// The account may not read it, or it does not exist.
    Refused(Code, &'static str),
    /// Refused, with the changes that the account had admitted there and the store lacks.
    Lacking(Code, &'static str, Vec<ChangeHash>),
    /// The store failed.
    Store(StoreError),
    /// The stream moved too often to be read as of one position.
    Moving,
}

impl From<StoreError> for FetchError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The frames of the answer: profiles if the client needs them, then Fetched; or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, fetch: &Fetch) -> Vec<Arc<Frame>> {
    let started = Instant::now();
    let answer = (Fetching { node, identity, fetch }).answer().await;
    node.metrics.fetch_seconds.record(started.elapsed());
    match answer {
        Ok(frames) => frames,
        Err(error) => {
            let clock = &node.clock;
            let retry_at: Option<WallTime> = Some(clock.wall_now().plus(clock.retry_delay()));
            let mut lacks = Vec::new();
            let (code, detail, retry_at) = match error {
                FetchError::Refused(code, detail) => (code, detail, None),
                FetchError::Lacking(code, detail, lacking) => {
                    lacks = lacking;
                    (code, detail, None)
                }
                FetchError::Moving => (Code::StoreUnavailable, "the stream changes too fast right now", retry_at),
                FetchError::Store(error @ StoreError::Damaged { .. }) => {
                    tracing::error!(%error, tenant = %identity.tenant, "a fetch was deferred: the journal has to be mended");
                    let retry_at = Some(clock.wall_now().plus(clock.mend_delay()));
                    (Code::StreamDamaged, "what is stored of this is damaged", retry_at)
                }
                FetchError::Store(error) => {
                    tracing::warn!(%error, stream = %fetch.stream, "the store failed a fetch");
                    (error.code(), "the store cannot answer", retry_at)
                }
            };
            node.metrics.fetches_refused.of(code).count();
            let (request, stream) = (fetch.request, fetch.stream.clone());
            let refusal = Refusal { code, detail: detail.to_owned(), retry_at };
            let refused = Refused { lacks, ..refusal.answer(request, stream, 0) };
            vec![Frame::new(&ServerFrame::Refused(refused))]
        }
    }
}

struct Fetching<'a> {
    node: &'a Node,
    identity: &'a Identity,
    fetch: &'a Fetch,
}

impl Fetching<'_> {
    fn tenant(&self) -> &TenantId {
        &self.identity.tenant
    }

    async fn answer(&self) -> Result<Vec<Arc<Frame>>, FetchError> {
        self.readable().await?;
        let mut fetched = match self.fetch.scope {
            FetchScope::After(_) | FetchScope::Watch(_) if self.is_of_another() => self.restart().await?,
            FetchScope::After(position) | FetchScope::Watch(position) => self.after(position).await?,
            FetchScope::Anew => self.restart().await?,
            FetchScope::Page(number) => self.page(None, number).await?,
            FetchScope::Thread(thread) => self.thread(thread).await?,
            FetchScope::ThreadPage(thread, number) => self.page(Some(thread), number).await?,
        };
        let after = self.after_position();
        // With entries the client can derive the rest.
        if fetched.restart || after.is_none() {
            fetched.lacks = self.lacks(Some(fetched.head)).await?;
        }
        let mut frames = Vec::new();
        let fresh = fetched.restart || after == Some(Position::ZERO);
        if let Some(conversation) = self.fetch.stream.conversation() {
            let members = self.node.store.active_members(self.tenant(), conversation).await?;
            // Checked again after reading, so that nothing is sent to somebody who was removed meanwhile.
            if !members.contains(&self.identity.account) || self.is_deleted(conversation).await? {
                self.readable().await?;
            }
            let blocked = match fresh || members.len() == 2 {
                true => self.blocked_among(&members).await?,
                false => Vec::new(),
            };
            if fresh {
                let heard: Vec<AccountId> =
                    members.iter().filter(|member| !blocked.contains(member)).cloned().collect();
                frames.extend(self.profiles(&heard).await?);
            }
            // Subscribers are not sent who has read.
            let may_see = members.contains(&self.identity.account) || self.identity.administrator;
            let is_small = members.len() <= self.node.config.node.bounds.receipt_members_max as usize;
            if after.is_some() && may_see && is_small {
                fetched.receipts = self.receipts(conversation).await?;
                if members.len() == 2 {
                    fetched.receipts.retain(|receipt| !blocked.contains(&receipt.account));
                }
            }
        }
        frames.push(Frame::new(&ServerFrame::Fetched(fetched)));
        Ok(frames)
    }

    /// Returns true for a home of another account. Entries of a stream may belong to a home, so another account
    /// is only given single documents.
    fn is_of_another(&self) -> bool {
        matches!(&self.fetch.stream, StreamId::Account(account) if *account != self.identity.account)
    }

    async fn is_deleted(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        let state = self.node.store.conversation_state(self.tenant(), conversation).await?;
        Ok(state == Some(ConversationState::Deleted))
    }

    /// As `allowed`, with the lacking changes if it is not.
    async fn readable(&self) -> Result<(), FetchError> {
        match self.allowed().await {
            Err(FetchError::Refused(code, detail)) => {
                Err(FetchError::Lacking(code, detail, self.lacks_unread().await?))
            }
            allowed => allowed,
        }
    }

    /// Checks access: only active members read a conversation, and nobody a deleted one; only the account
    /// itself its own stream, except for tenant administrators.
    async fn allowed(&self) -> Result<(), FetchError> {
        let conversation = match &self.fetch.stream {
            StreamId::Account(account) if *account == self.identity.account => return Ok(()),
            StreamId::Account(_) if self.identity.administrator => return Ok(()),
            StreamId::Account(_) => {
                return Err(FetchError::Refused(Code::NotTheOwner, "only the account itself reads its stream"));
            }
            StreamId::Conversation(conversation) => *conversation,
        };
        let deleted = Err(FetchError::Refused(Code::ConversationDeleted, "the conversation was deleted"));
        if self.identity.administrator {
            return if self.is_deleted(conversation).await? { deleted } else { Ok(()) };
        }
        let member = self.node.store.member(self.tenant(), conversation, &self.identity.account).await?;
        let status = member.map(|member| member.status);
        // Those who had a part learn that it is deleted; others do not learn even that it existed.
        if status.is_some() && self.is_deleted(conversation).await? {
            return deleted;
        }
        match status {
            Some(MemberStatus::Active) => Ok(()),
            status => {
                let (code, detail) = not_active(status);
                Err(FetchError::Refused(code, detail))
            }
        }
    }

    /// The changes that the client asks about.
    fn asked(&self) -> &[WaitingChange] {
        &self.fetch.held[..self.fetch.held.len().min(Limits::HELD_CHANGES_MAX)]
    }

    /// The lacking changes, for an account that may not read the stream. If it never had a part all of them are
    /// lacking, whether the stream exists or not; an administrator writes without a part.
    async fn lacks_unread(&self) -> Result<Vec<ChangeHash>, FetchError> {
        let Some(conversation) = self.fetch.stream.conversation() else { return Ok(Vec::new()) };
        if self.identity.administrator {
            return self.lacks(None).await;
        }
        match self.node.store.member(self.tenant(), conversation, &self.identity.account).await? {
            Some(_) => self.lacks(None).await,
            None => Ok(self.asked().iter().map(|change| change.hash).collect()),
        }
    }

    /// The asked changes that the stream does not contain in any form as of a head, or as it is now: what is admitted
    /// behind the documents of an answer is not in them.
    async fn lacks(&self, head: Option<Position>) -> Result<Vec<ChangeHash>, FetchError> {
        let held = self.asked();
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let hashes: Vec<ChangeHash> = held.iter().map(|change| change.hash).collect();
        let found = self.node.store.find_changes(self.tenant(), &self.fetch.stream, &hashes).await?;
        let found = found.into_iter().filter(|change| is_by(change.position, head));
        let found: BTreeMap<ChangeHash, FoundChange> = found.map(|change| (change.hash, change)).collect();
        let lacking: Vec<&WaitingChange> = held.iter().filter(|change| !found.contains_key(&change.hash)).collect();
        let again = match lacking.iter().any(|change| change.message.is_some()) {
            true => {
                // A change written again is after everything that the store was restored with. The very same
                // change may have been admitted before, but not at the same time.
                let is_of_before = |change: &&WaitingChange| {
                    let found = found.get(&change.hash);
                    found.is_some_and(|found| Some(found.accepted_at) == change.accepted_at)
                };
                let known = held.iter().filter(is_of_before).map(|change| found[&change.hash].position).max();
                self.stamps_since(known.max(self.after_position()).unwrap_or(Position::ZERO), head).await?
            }
            false => BTreeSet::new(),
        };
        let is_there = |change: &WaitingChange| change.message.is_some_and(|stamp| again.contains(&stamp));
        Ok(lacking.into_iter().filter(|change| !is_there(change)).map(|change| change.hash).collect())
    }

    /// The position up to which the client has everything, if it asks for what is new.
    fn after_position(&self) -> Option<Position> {
        match self.fetch.scope {
            FetchScope::After(position) | FetchScope::Watch(position) => Some(position),
            FetchScope::Anew => Some(Position::ZERO),
            FetchScope::Page(_) | FetchScope::Thread(_) | FetchScope::ThreadPage(..) => None,
        }
    }

    /// The stamps of the account's messages that were written after a position, as of a head.
    async fn stamps_since(&self, mut after: Position, head: Option<Position>) -> Result<BTreeSet<Stamp>, FetchError> {
        let (entries_max, mut stamps) = (self.node.config.node.bounds.entries_read_max, BTreeSet::new());
        loop {
            let stream = &self.fetch.stream;
            let entries = self.node.store.entries_after(self.tenant(), stream, after, entries_max).await?;
            let Some(last) = entries.last().map(|last| last.position) else { return Ok(stamps) };
            let of_pages = entries.iter().filter(|entry| entry.document.page().is_some());
            for entry in of_pages.take_while(|entry| is_by(entry.position, head)) {
                let Ok(change) = Change::parse(&entry.change) else { continue };
                let messages = change.messages(&entry.document);
                stamps.extend(messages.filter(|id| id.author == self.identity.account).map(|id| id.stamp));
            }
            if !is_by(last.next(), head) {
                return Ok(stamps);
            }
            after = last;
        }
    }

    /// The entries after a position, or a restart if there are too many.
    async fn after(&self, position: Position) -> Result<Fetched, FetchError> {
        let (head, chain) = self.node.store.head_since(self.tenant(), &self.fetch.stream, position).await?;
        if self.fetch.chain.zip(chain).is_some_and(|(held, chain)| held != chain) {
            self.node.note_restored("a fetch names another history than the stream's");
            return Err(FetchError::Refused(Code::HistoryDiffers, "the stream has another history"));
        }
        let entries_max = self.node.limits.catch_up_entries_max;
        let missing = head.position.number().checked_sub(position.number());
        if missing.is_none() {
            self.node.note_restored("a fetch names a position that the stream has not come to");
        }
        if let Some(missing) = missing.filter(|&missing| missing <= u64::from(entries_max)) {
            let stream = &self.fetch.stream;
            let entries = match missing {
                0 => Ok(Vec::new()),
                _ => self.node.store.entries_after(self.tenant(), stream, position, entries_max).await,
            };
            let mut entries = match entries {
                Ok(entries) => entries,
                // There may be a snapshot after the damage.
                Err(StoreError::Damaged { .. }) => return self.restart().await,
                Err(error) => return Err(error.into()),
            };
            entries.retain(|entry| entry.position <= head.position);
            let bytes: usize = entries.iter().map(|entry| entry.change.len()).sum();
            if bytes <= self.node.limits.frame_bytes_max as usize {
                return Ok(Fetched { entries, ..self.empty(head) });
            }
        }
        self.restart().await
    }

    /// The documents of a stream with their later entries, as of one position.
    async fn restart(&self) -> Result<Fetched, FetchError> {
        for _ in 0..CONSISTENT_TRIES_MAX {
            let first = match &self.fetch.stream {
                StreamId::Conversation(conversation) => TimelineId::of(*conversation).document(),
                StreamId::Account(account) => DocumentId::Account(account.clone()),
            };
            let (stored, head) = self.node.store.document(self.tenant(), &first).await?;
            let second = match &self.fetch.stream {
                StreamId::Conversation(_) if head.page == 0 => None,
                StreamId::Conversation(conversation) => Some(TimelineId::of(*conversation).page(head.page)),
                StreamId::Account(_) if self.is_of_another() => None,
                StreamId::Account(account) => Some(DocumentId::Home(account.clone())),
            };
            let mut fetched = Fetched { restart: true, ..self.empty(head) };
            add_document(&mut fetched, first, stored);
            if let Some(second) = second {
                let (stored, _) = self.node.store.document(self.tenant(), &second).await?;
                // A snapshot made since then contains more than the first document.
                if stored.snapshot.as_ref().is_some_and(|snapshot| snapshot.position > head.position) {
                    continue;
                }
                if let DocumentId::Page(timeline, page) = second {
                    fetched.threads = self.threads(timeline.conversation, WhichThreads::From(second.clone())).await?;
                    if page > 1 {
                        fetched.unread = self.unread(timeline.conversation, head.position).await?;
                    }
                }
                add_document(&mut fetched, second, stored);
            }
            return Ok(fetched);
        }
        Err(FetchError::Moving)
    }

    /// One page, of the conversation or of a thread, with the entries after its snapshot, and the threads that
    /// start from its messages.
    async fn page(&self, thread: Option<ConversationId>, number: PageNumber) -> Result<Fetched, FetchError> {
        let unknown = FetchError::Refused(Code::DocumentUnknown, "there is no such page");
        let Some(conversation) = self.fetch.stream.conversation() else { return Err(unknown) };
        let document = TimelineId { conversation, thread }.page(number);
        let (stored, head) = self.node.store.document(self.tenant(), &document).await?;
        let mut fetched = self.empty(head);
        let newest = match thread {
            None => head.page,
            Some(thread) => {
                fetched.threads = self.threads(conversation, WhichThreads::One(thread)).await?;
                fetched.threads.first().map_or(0, |thread| thread.page)
            }
        };
        if number == 0 || number > newest {
            return Err(unknown);
        }
        fetched.threads.extend(self.threads(conversation, WhichThreads::From(document.clone())).await?);
        add_document(&mut fetched, document, stored);
        Ok(fetched)
    }

    /// A thread: its document and its newest page, as of one position, and the threads that start from that
    /// page's messages.
    async fn thread(&self, thread: ConversationId) -> Result<Fetched, FetchError> {
        let unknown = || FetchError::Refused(Code::DocumentUnknown, "there is no such thread");
        let conversation = self.fetch.stream.conversation().ok_or_else(unknown)?;
        for _ in 0..CONSISTENT_TRIES_MAX {
            let before = self.threads(conversation, WhichThreads::One(thread)).await?;
            let number = before.first().map(|thread| thread.page).ok_or_else(unknown)?;
            let document = TimelineId::of_thread(conversation, thread).document();
            let (stored, head) = self.node.store.document(self.tenant(), &document).await?;
            let mut fetched = self.empty(head);
            add_document(&mut fetched, document, stored);
            if number > 0 {
                let page = TimelineId::of_thread(conversation, thread).page(number);
                let (stored, _) = self.node.store.document(self.tenant(), &page).await?;
                if stored.snapshot.as_ref().is_some_and(|snapshot| snapshot.position > head.position) {
                    continue;
                }
                fetched.threads = self.threads(conversation, WhichThreads::From(page.clone())).await?;
                add_document(&mut fetched, page, stored);
            }
            // Counted after reading: what is counted twice counts once.
            let after = self.threads(conversation, WhichThreads::One(thread)).await?;
            if after.first().is_some_and(|thread| thread.page == number) {
                fetched.threads.extend(after);
                return Ok(fetched);
            }
        }
        Err(FetchError::Moving)
    }

    async fn threads(&self, conversation: ConversationId, which: WhichThreads) -> Result<Vec<Thread>, FetchError> {
        Ok(self.node.store.threads(self.tenant(), conversation, &which).await?)
    }

    /// The account's unread counts as of a head, since a client gets only the newest page.
    async fn unread(&self, conversation: ConversationId, head: Position) -> Result<Option<Unread>, StoreError> {
        self.node.store.unread(self.tenant(), &self.identity.account, conversation, head).await
    }

    /// An answer as of a head, without documents, entries and receipts.
    fn empty(&self, head: StreamHead) -> Fetched {
        Fetched {
            request: self.fetch.request,
            stream: self.fetch.stream.clone(),
            head: head.position,
            page: head.page,
            restart: false,
            documents: Vec::new(),
            entries: Vec::new(),
            receipts: Vec::new(),
            threads: Vec::new(),
            lacks: Vec::new(),
            unread: None,
            chain: head.chain,
        }
    }

    async fn receipts(&self, conversation: ConversationId) -> Result<Vec<MemberReceipt>, FetchError> {
        let receipts = self.node.store.receipts(self.tenant(), conversation).await?;
        let member_receipt = |(account, receipt)| MemberReceipt { conversation, account, receipt };
        Ok(receipts.into_iter().map(member_receipt).collect())
    }

    /// The members whom the account has blocked.
    async fn blocked_among(&self, members: &[AccountId]) -> Result<Vec<AccountId>, FetchError> {
        let own = std::slice::from_ref(&self.identity.account);
        let blocks = self.node.store.blocks_among(self.tenant(), own, members).await?;
        Ok(blocks.into_iter().map(|(_, blocked)| blocked).collect())
    }

    async fn profiles(&self, members: &[AccountId]) -> Result<Vec<Arc<Frame>>, FetchError> {
        let profiles = self.node.store.profiles(self.tenant(), members).await?;
        Ok(fanout::profiles_frames(&self.node.config.node.bounds, &profiles))
    }
}

/// Whether a position is reached at a head; at any, as of now.
fn is_by(position: Position, head: Option<Position>) -> bool {
    head.is_none_or(|head| position <= head)
}

/// Adds a document as of the answer's head: its snapshot, and the later entries.
fn add_document(fetched: &mut Fetched, document: DocumentId, stored: StoredDocument) {
    let empty = || Snapshot { position: Position::ZERO, data: Vec::new(), admissions: Vec::new() };
    let Snapshot { position, data, admissions } = stored.snapshot.unwrap_or_else(empty);
    fetched.documents.push(DocumentSnapshot { document, position, data, admissions });
    let head = fetched.head;
    fetched.entries.extend(stored.tail.into_iter().filter(|entry: &Entry| entry.position <= head));
    fetched.entries.sort_by_key(|entry| entry.position);
}
