//! The client engine: commands, frames, stored records, time and a seed in;
//! frames, storage tasks and updates for the screen out. It has no clock,
//! socket, store or task of its own, so that browsers, native clients and the
//! simulation drive the very same code.
//!
//! The contract: call `handle` with one input, then `poll` until it answers
//! none. A second input before that is a misuse and changes nothing.

mod accounts;
mod aside;
mod asking;
mod backoff;
mod catch_up;
mod clock;
mod commands;
mod context;
mod counts;
mod damage;
mod deleted;
mod detail;
mod doubt;
mod entries;
mod fault;
mod fetched;
mod first_rows;
mod grants;
mod history;
mod inbox;
mod incarnation;
mod input;
mod link;
mod loaded;
mod open;
mod outbox;
mod output;
mod own;
mod pages;
mod pending;
mod presence;
mod random;
mod receipts;
mod record;
mod refused;
mod registers;
mod replica;
mod requests;
mod screen;
mod settings;
mod stamps;
mod start;
mod store;
mod streams;
mod threads;
mod timers;
mod touched;
mod unborn;
mod unread;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use counts::Counts;
pub use fault::ServerFault;
#[cfg(any(test, feature = "testing"))]
pub use incarnation::kept_words;
pub use input::Input;
pub use output::{Cause, ConnectionState, Output, TimelineUpdate, Update};
pub use record::IRREPLACEABLE;
#[cfg(any(test, feature = "testing"))]
pub use record::{content_of as record_content, recode as recode_record, seal as seal_record};
pub use requests::lists::{DirectoryPage, ListPage, OwnPage};
pub use settings::Settings;

use crate::{
    code::Code,
    engine::{
        accounts::Accounts,
        context::Context,
        inbox::Inbox,
        link::Link,
        loaded::Streams,
        open::OpenConversations,
        pending::PendingCommands,
        presence::Presence,
        receipts::Receipts,
        record::{HeadRecord, MetaRecord},
        refused::RefusedCommands,
        requests::Requests,
        store::Finished,
        timers::Timer,
    },
    ids::{AccountId, ConversationId, DeviceId, IncarnationId, StreamId, TenantId},
    journal::{Cursor, Position},
    storage::{StorageAnswer, StorageError, TaskId, Write},
    time::{Now, WallTime},
};

/// What an engine is made for.
#[derive(Clone)]
pub struct EngineConfig {
    /// The tenant.
    pub tenant: TenantId,
    /// The account, as the token will say too.
    pub account: AccountId,
    /// Fresh random bytes from the platform.
    pub seed: [u8; 32],
    /// Whether to decide anew about every entry that the server admitted, and
    /// to report those that it should have refused.
    pub verify: bool,
    /// How much it brings in ahead, shows at once and keeps at hand.
    pub settings: Settings,
}

/// An input came before the outputs of the former one were taken, or after Close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an input came before the outputs of the former one were taken, or after the end")]
pub struct Misuse;

#[derive(Debug)]
enum Phase {
    /// The stored state is being read; these inputs wait.
    Starting(VecDeque<Input>),
    Running,
    Closed,
}

/// The client engine of one account on one device.
pub struct Engine {
    phase: Phase,
    ctx: Context,
    cursor: Option<Cursor>,
    /// What the server's store was when it was last told.
    incarnation: Option<IncarnationId>,
    link: Link,

    /// Where each held stream stands.
    heads: BTreeMap<StreamId, HeadRecord>,
    /// The streams in memory, or on their way there.
    streams: Streams,
    /// Streams with a push or a fetch that the server deferred.
    deferred: BTreeSet<StreamId>,
    commands: PendingCommands,
    refused: RefusedCommands,
    inbox: Inbox,
    /// Conversations that turned out to be deleted since the start.
    deleted: BTreeSet<ConversationId>,
    requests: Requests,
    accounts: Accounts,
    open: OpenConversations,
    presence: Presence,
    receipts: Receipts,
    /// When the first of what is granted or denied for a while ends, in open timelines.
    grants_end: BTreeMap<ConversationId, WallTime>,

    /// Timelines whose stored rows are behind, and when to store them.
    stale_timelines: BTreeSet<ConversationId>,
    dirty_heads: BTreeSet<StreamId>,
    unsynced_shown: Option<u32>,
    uses: u64,
}

impl Engine {
    /// An engine that begins by reading its stored state.
    pub fn new(now: Now, config: EngineConfig) -> Engine {
        let mut engine = Engine {
            phase: Phase::Starting(VecDeque::new()),
            ctx: Context::new(now, config),
            cursor: None,
            incarnation: None,
            link: Link::default(),
            heads: BTreeMap::new(),
            streams: Streams::default(),
            deferred: BTreeSet::new(),
            commands: PendingCommands::default(),
            refused: RefusedCommands::default(),
            inbox: Inbox::default(),
            deleted: BTreeSet::new(),
            requests: Requests::default(),
            accounts: Accounts::default(),
            open: OpenConversations::default(),
            presence: Presence::default(),
            receipts: Receipts::default(),
            grants_end: BTreeMap::new(),
            stale_timelines: BTreeSet::new(),
            dirty_heads: BTreeSet::new(),
            unsynced_shown: None,
            uses: 0,
        };
        engine.read_first_rows();
        engine.read_start();
        engine
    }

    /// Takes one input.
    ///
    /// # Errors
    /// `Misuse` when outputs of the former input were not taken, or after Close.
    pub fn handle(&mut self, now: Now, input: Input) -> Result<(), Misuse> {
        if !self.ctx.outputs.is_empty() || matches!(self.phase, Phase::Closed) {
            return Err(Misuse);
        }
        self.ctx.now = now;
        match (&mut self.phase, input) {
            (_, Input::StorageFinished(task, result)) => self.storage_finished(task, result),
            (Phase::Starting(waiting), input) => waiting.push_back(input),
            (_, input) => self.dispatch(input),
        }
        self.flush();
        Ok(())
    }

    /// The next output; none when all are taken.
    pub fn poll(&mut self) -> Option<Output> {
        self.ctx.outputs.pop_front()
    }

    /// What all its inputs cost so far.
    pub fn counts(&self) -> Counts {
        self.ctx.counter.get()
    }

    /// The account it works for.
    pub fn account(&self) -> &AccountId {
        &self.ctx.session.account
    }

    /// The device it writes as.
    pub fn device(&self) -> DeviceId {
        self.ctx.session.device
    }

    /// The heads of every document in memory, as admitted. For tests, which so hold
    /// what each says to what the library says.
    #[cfg(any(test, feature = "testing"))]
    pub fn heads(&self) -> BTreeMap<crate::ids::DocumentId, Vec<crate::ids::ChangeHash>> {
        let views = self.streams.loaded().filter_map(|replica| replica.view.as_ref());
        let shown = views.flat_map(|view| view.documents());
        let held = self.streams.loaded().flat_map(|replica| replica.confirmed.documents());
        assert!(
            shown.chain(held).all(crate::doc::Document::says_what_the_library_says),
            "a document says what the library says"
        );
        let documents = self.streams.loaded().flat_map(|replica| replica.confirmed.documents());
        documents.map(|document| (document.id().clone(), document.heads())).collect()
    }

    fn dispatch(&mut self, input: Input) {
        match input {
            Input::Command { request, command } => self.take_command(request, command),
            Input::RetryRefused { request, id, words } => self.retry_refused(request, id, words),
            Input::DiscardRefused { id } => self.refused.discard(&mut self.ctx, id),
            Input::List { request, query } => self.list(request, query),
            Input::Head { request, conversation } => self.tell_head(request, conversation),
            Input::OpenConversation(conversation) => self.open_conversation(conversation),
            Input::OpenThread { conversation, thread } => self.open_thread(conversation, thread),
            Input::CloseConversation(conversation) => self.close_conversation(conversation),
            Input::LoadOlder(conversation) => self.load_older(conversation),
            // Receipts and presence are of the conversation.
            Input::MarkRead(room) | Input::Typing { conversation: room, .. } if self.is_thread(room) => {}
            Input::MarkRead(conversation) => self.mark_read(conversation),
            Input::Typing { conversation, on } => self.send_typing(conversation, on),
            Input::MatchContacts { request, points, region } => self.match_contacts(request, points, region),
            Input::ListSubscribers { request, conversation, reached, after, count_max } => {
                self.list_subscribers(request, conversation, reached, after, count_max);
            }
            Input::SetNetwork(on) => self.set_network(on),
            Input::ConnectNow => self.connect_now(),
            Input::Token(token) => self.token_given(token),
            Input::TokenFailed(detail) => self.token_failed(detail),
            Input::LinkOpened => self.link_opened(),
            Input::LinkLost => self.link_failed(None, None),
            Input::FrameReceived(bytes) => self.frame_received(&bytes),
            Input::StorageFinished(task, result) => self.storage_finished(task, result),
            Input::TimerDue => {}
            Input::Close => self.close(),
        }
    }

    fn storage_finished(&mut self, task: TaskId, result: Result<StorageAnswer, StorageError>) {
        let code = result.as_ref().err().map(|error| error.code());
        let done = result.as_ref().map(|_| ()).map_err(|error| *error);
        match self.ctx.store.finish(task, done, self.ctx.now.monotonic, &mut self.ctx.timers) {
            Finished::Read(purpose) => self.read_finished(purpose, result),
            Finished::Written { commands, recovered } => {
                for sequence in commands {
                    self.command_stored(sequence);
                }
                if recovered {
                    self.ctx.update(Update::StorageRecovered);
                }
            }
            Finished::Failed { commands } => {
                let code = code.unwrap_or(Code::StorageCorrupt);
                self.undo_commands(&commands, code);
                self.ctx.update(Update::StorageFailed(code));
            }
            Finished::Unknown => {}
        }
    }

    fn close(&mut self) {
        self.link_closed();
        self.save_timelines();
        self.ctx.update(Update::Connection(ConnectionState::Closed));
        self.flush();
        self.phase = Phase::Closed;
    }

    /// What every input ends with: timers, pushes, the screen, the store.
    fn flush(&mut self) {
        if matches!(self.phase, Phase::Running) {
            self.run_timers();
            let is_online = self.link.is_online();
            self.receipts.send(&mut self.ctx, &self.inbox, is_online);
            self.send_pushes();
            if self.link.is_online() {
                self.requests.memberships.send(&mut self.ctx);
                self.requests.held.ask(&mut self.ctx, &self.open);
            }
            self.flush_screen();
            self.evict_streams();
            self.write_dirty();
            self.ctx.timers.set(Timer::Deferred, self.deferred_timer());
            self.requests.memberships.set_timer(&mut self.ctx);
            self.ctx.timers.set(Timer::Grants, self.grants_timer());
        }
        self.retry_start();
        self.ctx.flush();
    }

    fn write_dirty(&mut self) {
        for stream in core::mem::take(&mut self.dirty_heads) {
            let read = stream.conversation().map_or(Position::ZERO, |conversation| self.read_to(conversation));
            if let Some(replica) = self.streams.quietly(&stream) {
                for thread in replica.take_changed_threads() {
                    self.ctx.store.write(record::put(record::thread_key(&stream, thread.id), &thread));
                }
                let mut head = replica.head(&self.ctx.session.account, read);
                match replica.former {
                    Some(_) => head.given_back = self.heads.get(&stream).and_then(|head| head.given_back),
                    None => head.incarnation = self.incarnation,
                }
                // Of a stream that is not whole, or that nobody has begun, nothing is
                // held that a start could go on from: without a head it is fetched then.
                let begun = head.position > Position::ZERO || !replica.outbox.is_empty();
                self.ctx.store.write(match replica.whole && begun {
                    true => record::put(record::head_key(&stream), &head),
                    false => Write::Delete(record::head_key(&stream)),
                });
                self.heads.insert(stream, head);
            }
        }
        for (conversation, record) in self.inbox.take_stored() {
            self.ctx.store.write(record::put(record::inbox_key(conversation), record));
        }
        if core::mem::take(&mut self.ctx.dirty_meta) {
            self.ctx.store.write(record::put(record::META.to_owned(), &self.meta()));
        }
    }

    fn meta(&self) -> MetaRecord {
        MetaRecord {
            format: record::FORMAT,
            tenant: self.ctx.session.tenant.clone(),
            account: self.ctx.session.account.clone(),
            device: self.ctx.session.device,
            cursor: self.cursor,
            clock: self.ctx.clock.latest(),
            next_sequence: self.ctx.next_sequence,
            incarnation: self.incarnation,
            administrator: self.ctx.session.administrator,
            version: record::VERSION.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
