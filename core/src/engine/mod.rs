//! The client engine: commands, frames, stored records, time and a seed in;
//! frames, storage tasks and updates for the screen out. It has no clock,
//! socket, store or task of its own, so that browsers, native clients and the
//! simulation drive the very same code.
//!
//! The contract: call `handle` with one input, then `poll` until it answers
//! none. A second input before that is a misuse and changes nothing.
//!
//! The engine has a phase, the context that it lends to its parts, and the parts. A part owns its
//! fields, keeps the invariant in its comment, and is passed what it needs of another one. What concerns
//! several parts is a method of the engine, in the file of its subject: executing commands (`commands/`),
//! catching up and receiving (`streams/`), sessions (`link/`), restored stores (`restored/`) and updates of
//! the screen (`screen/`) each move streams, the list and the outbox together.
//!
//! | part | in | owns | rules |
//! |---|---|---|---|
//! | `Context` | `context`, `timers`, `store/transactions` | what all parts work with: time, session, limits, randomness, store, timers, outputs | E6, E93 |
//! | `Link` | `link/connection` | the connection, the token, the cursor | E8, E9 |
//! | `StreamHeads` | `streams/heads` | the journal head of each stream on this device, and its incarnation | E60 |
//! | `Streams` | `streams/loaded`, `streams/replica` | the streams in memory, which of them changed, which are deferred | E91, S7 |
//! | `PendingCommands` | `commands/pending`, `commands/outbox` | the commands that are not answered, and wait outside a loaded outbox | E1, E4 |
//! | `RefusedCommands` | `commands/refused` | refused commands, and the requests that retry them | E2 |
//! | `Inbox` | `screen/inbox` | the list, and the work due for each row | E7, E128 |
//! | `Requests` | `requests/` | requests that only the server can answer | E42, L2, S27 |
//! | `Accounts` | `screen/accounts` | profiles, names, and the own contacts, settings and blocks | E97 |
//! | `OpenConversations` | `screen/open` | the timelines that screens show | E91, E92 |
//! | `Presence` | `registers/presence` | who is online, and who is typing | E95 |
//! | `Receipts` | `registers/receipts` | own receipts that are to be sent | R1 |
//!
//! `Drawing` (`screen/drawing`) is no part: it borrows several, and draws rows without changing any.

mod commands;
mod context;
mod counts;
mod input;
mod link;
mod output;
mod random;
mod registers;
mod requests;
mod restored;
mod screen;
mod settings;
mod store;
mod streams;
mod timers;

use std::collections::VecDeque;

pub use counts::Counts;
pub use input::Input;
pub use output::{Cause, ConnectionState, Output, TimelineUpdate, Update};
pub use requests::lists::{DirectoryPage, ListPage, OwnPage};
#[cfg(any(test, feature = "testing"))]
pub use restored::incarnation::kept_words;
pub use settings::Settings;
pub use store::record::IRREPLACEABLE;
#[cfg(any(test, feature = "testing"))]
pub use store::record::{content_of as record_content, recode as recode_record, seal as seal_record};
pub use streams::fault::ServerFault;

use crate::{
    code::Code,
    engine::{
        commands::{pending::PendingCommands, refused::RefusedCommands},
        context::Context,
        link::connection::Link,
        registers::{presence::Presence, receipts::Receipts},
        requests::Requests,
        screen::{accounts::Accounts, inbox::Inbox, open::OpenConversations},
        store::{
            record::{self, MetaRecord},
            transactions::Finished,
        },
        streams::{heads::StreamHeads, loaded::Streams},
        timers::Timer,
    },
    ids::{AccountId, DeviceId, TenantId},
    journal::Position,
    storage::{StorageAnswer, StorageError, TaskId, Write},
    time::Now,
};

/// The configuration of an engine.
#[derive(Clone)]
pub struct EngineConfig {
    /// The tenant.
    pub tenant: TenantId,
    /// The account, as the token will say too.
    pub account: AccountId,
    /// Fresh random bytes from the platform.
    pub seed: [u8; 32],
    /// Whether to verify every entry that the server admitted, and to report those that it should
    /// have refused.
    pub verify: bool,
    /// How much it prefetches, shows at once and keeps in memory.
    pub settings: Settings,
}

/// An input came before the outputs of the last one were drained, or after Close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an input came before the outputs of the former one were taken, or after the end")]
pub struct Misuse;

#[derive(Debug)]
enum Phase {
    /// The stored state is being read. These inputs wait for it.
    Starting(VecDeque<Input>),
    Running,
    Closed,
}

/// The client engine of one account on one device.
pub struct Engine {
    phase: Phase,
    ctx: Context,
    link: Link,

    stream_heads: StreamHeads,
    streams: Streams,
    commands: PendingCommands,
    refused: RefusedCommands,
    inbox: Inbox,
    requests: Requests,
    accounts: Accounts,
    open: OpenConversations,
    presence: Presence,
    receipts: Receipts,
}

impl Engine {
    /// An engine that begins by reading its stored state.
    pub fn new(now: Now, config: EngineConfig) -> Engine {
        let mut engine = Engine {
            phase: Phase::Starting(VecDeque::new()),
            ctx: Context::new(now, config),
            link: Link::default(),
            stream_heads: StreamHeads::default(),
            streams: Streams::default(),
            commands: PendingCommands::default(),
            refused: RefusedCommands::default(),
            inbox: Inbox::default(),
            requests: Requests::default(),
            accounts: Accounts::default(),
            open: OpenConversations::default(),
            presence: Presence::default(),
            receipts: Receipts::default(),
        };
        engine.read_first_rows();
        engine.read_start();
        engine
    }

    /// Handles one input.
    ///
    /// # Errors
    /// `Misuse` when outputs of the last input were not drained, or after Close.
    pub fn handle(&mut self, now: Now, input: Input) -> Result<(), Misuse> {
        if !self.ctx.is_drained() || matches!(self.phase, Phase::Closed) {
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

    /// The next output; none when all are drained.
    pub fn poll(&mut self) -> Option<Output> {
        self.ctx.next_output()
    }

    /// The cost of all inputs so far.
    pub fn counts(&self) -> Counts {
        self.ctx.counts()
    }

    /// The account it works for.
    pub fn account(&self) -> &AccountId {
        &self.ctx.session.account
    }

    /// The device it writes as.
    pub fn device(&self) -> DeviceId {
        self.ctx.session.device
    }

    /// The heads of every document in memory, as admitted. For tests: it also checks the contents of
    /// each document against the library.
    #[cfg(any(test, feature = "testing"))]
    pub fn heads(&self) -> std::collections::BTreeMap<crate::ids::DocumentId, Vec<crate::ids::ChangeHash>> {
        let views = self.streams.replicas().filter_map(|replica| replica.pending_view());
        let shown = views.flat_map(|view| view.documents());
        let held = self.streams.replicas().flat_map(|replica| replica.confirmed.documents());
        assert!(
            shown.chain(held).all(crate::doc::Document::says_what_the_library_says),
            "a document says what the library says"
        );
        let documents = self.streams.replicas().flat_map(|replica| replica.confirmed.documents());
        documents.map(|document| (document.id().clone(), document.heads())).collect()
    }

    /// Whether a fetch waits for the time that the server has named. For tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn defers_a_fetch(&self) -> bool {
        self.streams.replicas().any(|replica| replica.fetch_at.is_some())
    }

    /// What it has asked the store to write, or is about to, and does not know to be written. For tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn unwritten(&self) -> Vec<Write> {
        self.ctx.store.unwritten().cloned().collect()
    }

    fn dispatch(&mut self, input: Input) {
        match input {
            Input::Command { request, command } => self.handle_command(request, command),
            Input::RetryRefused { request, id, words } => self.retry_refused(request, id, words),
            Input::DiscardRefused { id } => self.refused.discard(&mut self.ctx, id),
            Input::List { request, query } => self.list(request, query),
            Input::Head { request, conversation } => self.report_journal_head(request, conversation),
            Input::OpenConversation(conversation) => self.open_conversation(conversation),
            Input::OpenThread { conversation, thread } => self.open_thread(conversation, thread),
            Input::CloseConversation(conversation) => self.close_conversation(conversation),
            Input::LoadOlder(conversation) => self.load_older(conversation),
            // Receipts and presence are of the conversation.
            Input::MarkRead(timeline) | Input::Typing { conversation: timeline, .. }
                if self.open.is_thread(timeline) => {}
            Input::MarkRead(conversation) => self.mark_read(conversation),
            Input::Typing { conversation, on } => self.send_typing(conversation, on),
            Input::MatchContacts { request, points, region } => self.match_contacts(request, points, region),
            Input::ListSubscribers { request, conversation, reached, after, count_max } => {
                self.list_subscribers(request, conversation, reached, after, count_max);
            }
            Input::SetNetwork(on) => self.set_network(on),
            Input::ConnectNow => self.link.connect(&mut self.ctx),
            Input::Token(token) => self.link.set_token(&mut self.ctx, token),
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

    /// The end of every input: timers, pushes, the screen, the store.
    fn flush(&mut self) {
        if matches!(self.phase, Phase::Running) {
            self.run_timers();
            let is_online = self.link.is_online();
            self.receipts.send(&mut self.ctx, &self.inbox, is_online);
            if self.link.is_welcome() {
                self.streams.send_pushes(&mut self.ctx);
            }
            if self.link.is_online() {
                self.requests.memberships.send(&mut self.ctx);
                self.requests.held.ask(&mut self.ctx, &self.open);
            }
            self.flush_screen();
            self.evict_streams();
            self.write_dirty();
            self.streams.set_timer(&mut self.ctx);
            self.requests.memberships.set_timer(&mut self.ctx);
            self.set_ends_timer();
        }
        self.retry_start();
        self.ctx.flush();
    }

    fn run_timers(&mut self) {
        let now = self.ctx.now.monotonic;
        if self.ctx.timers.expire(Timer::Reconnect, now) {
            self.link.connect(&mut self.ctx);
        }
        if self.ctx.timers.expire(Timer::Heartbeat, now) && !self.link.keep_alive(&mut self.ctx) {
            return self.link_failed(Some(Code::Unreachable), None);
        }
        if self.link.is_welcome() && self.ctx.must_ask_time() {
            self.ctx.ping();
        }
        self.expire_typing();
        self.end_what_is_over();
        self.retry_fetches();
        self.send_parked();
        if self.ctx.timers.expire(Timer::Rows, now) {
            self.save_timelines();
        }
    }

    fn write_dirty(&mut self) {
        for stream in self.stream_heads.drain_changed() {
            let read =
                stream.conversation().map_or(Position::ZERO, |conversation| self.inbox.unread_from(conversation));
            if let Some(replica) = self.streams.quietly(&stream) {
                for thread in replica.drain_changed_threads() {
                    self.ctx.store.write(record::put(record::thread_key(&stream, thread.id), &thread));
                }
                let mut head = replica.head_record(&self.ctx.session.account, read);
                head.moved_after = self.stream_heads.moved_after(&stream, self.link.cursor());
                match replica.former {
                    Some(_) => head.given_back = self.stream_heads.get(&stream).and_then(|head| head.given_back),
                    None => head.incarnation = self.stream_heads.incarnation(),
                }
                // A stream that is incomplete, or has no entry yet, has nothing for a start to
                // continue from: without a head it is fetched.
                let begun = head.position > Position::ZERO || !replica.outbox.is_empty();
                self.ctx.store.write(match replica.whole && begun {
                    true => record::put(record::stream_head_key(&stream), &head),
                    false => Write::Delete(record::stream_head_key(&stream)),
                });
                self.stream_heads.set(stream, head);
            } else if let Some(mut head) =
                self.stream_heads.get(&stream).filter(|head| head.position > Position::ZERO).cloned()
            {
                head.moved_after = self.stream_heads.moved_after(&stream, self.link.cursor());
                self.ctx.store.write(record::put(record::stream_head_key(&stream), &head));
                self.stream_heads.set(stream, head);
            }
        }
        for (conversation, record) in self.inbox.drain_stored() {
            self.ctx.store.write(record::put(record::inbox_key(conversation), record));
        }
        if self.ctx.drain_dirty_meta() {
            self.ctx.store.write(record::put(record::META.to_owned(), &self.meta()));
        }
    }

    fn meta(&self) -> MetaRecord {
        MetaRecord {
            format: record::FORMAT,
            tenant: self.ctx.session.tenant.clone(),
            account: self.ctx.session.account.clone(),
            device: self.ctx.session.device,
            cursor: self.link.cursor(),
            clock: self.ctx.latest_stamp(),
            next_sequence: self.ctx.next_sequence(),
            incarnation: self.stream_heads.incarnation(),
            administrator: self.ctx.session.administrator,
            version: record::VERSION.to_owned(),
            former_devices: self.ctx.former_devices.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
