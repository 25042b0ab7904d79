//! The client engine: commands, frames, stored records, time and a seed in;
//! frames, storage tasks and updates for the screen out. It has no clock,
//! socket, store or task of its own, so that browsers, native clients and the
//! simulation drive the very same code.
//!
//! The contract: call `handle` with one input, then `poll` until it answers
//! none. A second input before that is a misuse and changes nothing.
//!
//! The engine has a phase, the context that it hands to its parts, and the parts. A part owns its
//! fields, keeps what its comment calls an invariant, and is handed what it needs of another one. What
//! concerns several parts is a method of the engine, in the file of what it is about.
//!
//! | part | in | owns | rules |
//! |---|---|---|---|
//! | `Context` | `context`, `timers`, `store/transactions` | what all work with: time, session, bounds, chance, store, timers, outputs | E6, E93 |
//! | `Link` | `link/connection` | the connection, the token, the cursor | E8, E9 |
//! | `Heads` | `streams/heads` | where each held stream stands, and of which incarnation that is | E60 |
//! | `Streams` | `streams/loaded`, `streams/replica` | the streams in memory, which of them changed, which the server put off | E91, S7 |
//! | `PendingCommands` | `commands/pending`, `commands/outbox` | where a command is that is not answered | E1, E4 |
//! | `RefusedCommands` | `commands/refused` | what was refused, and who commands it again | E2 |
//! | `Inbox` | `screen/inbox` | the list, and what is due for each row of it | E7, E128 |
//! | `Requests` | `requests/` | what only the server can answer | E42, L2, S27 |
//! | `Accounts` | `screen/accounts` | profiles, what the own account keeps for itself, names | E97 |
//! | `OpenConversations` | `screen/open` | what screens show | E91, E92 |
//! | `Presence` | `registers/presence` | who is there, and who types | E95 |
//! | `Receipts` | `registers/receipts` | own registers that are to be sent | R1 |

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
        streams::{heads::Heads, loaded::Streams},
        timers::Timer,
    },
    ids::{AccountId, DeviceId, TenantId},
    journal::Position,
    storage::{StorageAnswer, StorageError, TaskId, Write},
    time::Now,
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
    link: Link,

    /// Where each held stream stands.
    heads: Heads,
    /// The streams in memory, or on their way there.
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
            heads: Heads::default(),
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

    /// Takes one input.
    ///
    /// # Errors
    /// `Misuse` when outputs of the former input were not taken, or after Close.
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

    /// The next output; none when all are taken.
    pub fn poll(&mut self) -> Option<Output> {
        self.ctx.next_output()
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
    pub fn heads(&self) -> std::collections::BTreeMap<crate::ids::DocumentId, Vec<crate::ids::ChangeHash>> {
        let views = self.streams.replicas().filter_map(|replica| replica.view.as_ref());
        let shown = views.flat_map(|view| view.documents());
        let held = self.streams.replicas().flat_map(|replica| replica.confirmed.documents());
        assert!(
            shown.chain(held).all(crate::doc::Document::says_what_the_library_says),
            "a document says what the library says"
        );
        let documents = self.streams.replicas().flat_map(|replica| replica.confirmed.documents());
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

    /// What every input ends with: timers, pushes, the screen, the store.
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
            self.set_grants_timer();
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
        if self.link.is_welcome() && self.ctx.server_clock.must_ask(self.ctx.now) {
            self.ctx.ping();
        }
        self.expire_typing();
        self.expire_grants();
        self.retry_fetches();
        self.send_asides();
        if self.ctx.timers.expire(Timer::Rows, now) {
            self.save_timelines();
        }
    }

    fn write_dirty(&mut self) {
        for stream in self.heads.drain_changed() {
            let read =
                stream.conversation().map_or(Position::ZERO, |conversation| self.inbox.unread_from(conversation));
            if let Some(replica) = self.streams.quietly(&stream) {
                for thread in replica.drain_changed_threads() {
                    self.ctx.store.write(record::put(record::thread_key(&stream, thread.id), &thread));
                }
                let mut head = replica.head(&self.ctx.session.account, read);
                match replica.former {
                    Some(_) => head.given_back = self.heads.get(&stream).and_then(|head| head.given_back),
                    None => head.incarnation = self.heads.incarnation(),
                }
                // Of a stream that is not whole, or that nobody has begun, nothing is
                // held that a start could go on from: without a head it is fetched then.
                let begun = head.position > Position::ZERO || !replica.outbox.is_empty();
                self.ctx.store.write(match replica.whole && begun {
                    true => record::put(record::head_key(&stream), &head),
                    false => Write::Delete(record::head_key(&stream)),
                });
                self.heads.set(stream, head);
            }
        }
        for (conversation, record) in self.inbox.drain_stored() {
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
            cursor: self.link.cursor(),
            clock: self.ctx.clock.latest(),
            next_sequence: self.ctx.next_sequence,
            incarnation: self.heads.incarnation(),
            administrator: self.ctx.session.administrator,
            version: record::VERSION.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
