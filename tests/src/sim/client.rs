//! One person's device: the engine, its store, and the screen as painted by updates.

use std::collections::{BTreeMap, VecDeque};

use tidings_core::{
    api::{ConversationDetail, ConversationRow, RefusedRow, TimelineRow},
    code::Code,
    command::Command,
    engine::{ConnectionState, Engine, EngineConfig, Input, ListPage, Output, ServerFault, Update},
    ids::{AccountId, ChangeHash, ContactId, ConversationId, DeviceId, DocumentId, MessageId, StreamId},
    journal::Head,
    model::{Contact, Profile, Query, Reachability},
    storage::{MemoryStore, StorageRequest},
    time::{MonotonicTime, Now, WallTime},
    wire::Subscribers,
};

use super::{disk::Disk, trace::brief};

/// The outcome of a command: stored here, with the ids it created; or the refusal.
pub type Answer = Result<(Option<ConversationId>, Option<MessageId>), Code>;

/// The screen, painted from updates.
#[derive(Debug, Default)]
pub struct Screen {
    /// The conversation list.
    pub inbox: BTreeMap<ConversationId, ConversationRow>,
    /// The open threads, with the conversation of each.
    pub threads: BTreeMap<ConversationId, ConversationId>,
    /// The open timelines.
    pub timelines: BTreeMap<ConversationId, BTreeMap<MessageId, TimelineRow>>,
    /// True if older rows can be loaded.
    pub has_older: BTreeMap<ConversationId, bool>,
    /// The open details.
    pub details: BTreeMap<ConversationId, ConversationDetail>,
    /// The refused commands.
    pub refused: BTreeMap<u64, RefusedRow>,
    /// The connection.
    pub connection: Option<ConnectionState>,
    /// Commands not admitted yet.
    pub unsynced: u32,
    /// The outcomes of commands.
    pub answers: BTreeMap<u64, Answer>,
    /// True once the stored state has been read.
    pub ready: bool,
    /// Faults of the server that were reported.
    pub faults: Vec<ServerFault>,
    /// Storage failures that were reported; none for a recovery.
    pub storage: Vec<Option<Code>>,
    /// Number of rows that timelines were sent in total.
    pub rows_sent: usize,
    /// The profiles shown.
    pub profiles: BTreeMap<AccountId, Profile>,
    /// The requested pages of lists.
    pub pages: BTreeMap<u64, ListPage>,
    /// The requested subscribers, by request.
    pub subscribers: BTreeMap<u64, Subscribers>,
    /// The own contacts.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// Blocked accounts, and since when.
    pub blocked: BTreeMap<AccountId, WallTime>,
    /// The account's reachability; none until it is set.
    pub reachability: Option<Reachability>,
}

impl Screen {
    /// The texts of a timeline, in its order; `None` for a deleted one.
    pub fn texts(&self, conversation: ConversationId) -> Vec<String> {
        self.rows(conversation).into_iter().map(|row| row.text().to_owned()).collect()
    }

    /// The rows of a timeline, in its order.
    pub fn rows(&self, conversation: ConversationId) -> Vec<&TimelineRow> {
        let mut rows: Vec<&TimelineRow> =
            self.timelines.get(&conversation).into_iter().flat_map(BTreeMap::values).collect();
        rows.sort_by(|one, other| one.order().cmp(&other.order()));
        rows
    }

    /// Paints an update.
    pub fn paint(&mut self, update: Update) {
        match update {
            // Rows that the screen was sent before, and is sent again.
            Update::FirstRows(_) => {}
            Update::Ready => self.ready = true,
            Update::Connection(state) => self.connection = Some(state),
            Update::Conversations(rows) => self.inbox.extend(rows.into_iter().map(|row| (row.conversation, row))),
            Update::Timeline(update) => {
                let rows = self.timelines.entry(update.conversation).or_default();
                if update.restart {
                    rows.clear();
                }
                self.rows_sent += update.rows.len();
                rows.extend(update.rows.into_iter().map(|row| (row.id.clone(), row)));
                rows.retain(|id, _| !update.removed.contains(id));
                self.has_older.insert(update.conversation, update.has_older);
            }
            Update::Conversation(detail) => {
                self.details.insert(detail.conversation, *detail);
            }
            Update::Members { conversation, changes, updated_at } => {
                let detail = self.details.get_mut(&conversation).expect("members are told of behind a detail");
                changes.into_iter().for_each(|change| detail.change_member(change));
                detail.updated_at = updated_at;
            }
            Update::Gone(room) => {
                self.inbox.remove(&room);
                self.details.remove(&room);
            }
            Update::Refused { rows, removed } => {
                self.refused.extend(rows.into_iter().map(|row| (row.id, row)));
                self.refused.retain(|id, _| !removed.contains(id));
            }
            Update::Unsynced(count) => self.unsynced = count,
            Update::CommandStored { request, conversation, message } => {
                self.answers.insert(request, Ok((conversation, message)));
            }
            Update::CommandFailed { request, code, .. } => {
                self.answers.insert(request, Err(code));
            }
            Update::ServerFault(fault) => self.faults.push(fault),
            Update::StorageFailed(code) => self.storage.push(Some(code)),
            Update::StorageRecovered => self.storage.push(None),
            Update::Profile { account, profile } => {
                self.profiles.insert(account, profile);
            }
            Update::Contacts { rows, removed } => {
                self.contacts.extend(rows.into_iter().map(|row| (row.id, row.contact)));
                self.contacts.retain(|id, _| !removed.contains(id));
            }
            Update::Reachability(reachability) => self.reachability = Some(reachability),
            Update::Blocked(rows) => self.blocked = rows.into_iter().map(|row| (row.account, row.since)).collect(),
            Update::Presence { .. } | Update::ContactsMatched { .. } | Update::Head { .. } => {}
            Update::SubscribersListed { request, page } => {
                self.subscribers.insert(request, page);
            }
            Update::Listed { request, page } => {
                self.pages.insert(request, page);
            }
        }
    }
}

/// What a device wants from the world.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Frames to be sent.
    pub frames: VecDeque<Vec<u8>>,
    /// A link to be opened.
    pub connect: bool,
    /// The link to be closed.
    pub disconnect: bool,
    /// A token.
    pub token: bool,
}

/// A device.
pub struct Client {
    /// The account it belongs to.
    pub account: AccountId,
    /// True if it judges again what the server admitted.
    pub verify: bool,
    engine: Engine,
    /// Its disk.
    pub disk: Disk,
    /// Its screen.
    pub screen: Screen,
    /// Its wishes.
    pub wanted: Wanted,
    /// Updates since the last call, one line each.
    pub painted: Vec<String>,
    /// When it wants to be woken.
    pub wake_at: Option<MonotonicTime>,
    next_request: u64,
}

impl Client {
    /// A new device, or one that restarts on its disk.
    pub fn start(config: EngineConfig, disk: Disk, now: Now) -> Self {
        let (account, verify) = (config.account.clone(), config.verify);
        let engine = Engine::new(now, config);
        let mut client = Client {
            account,
            verify,
            engine,
            disk,
            screen: Screen::default(),
            wanted: Wanted::default(),
            painted: Vec::new(),
            wake_at: None,
            next_request: 1,
        };
        client.drain(now);
        client.run_disk(now);
        client
    }

    /// The device id it writes with.
    pub fn device(&self) -> DeviceId {
        self.engine.device()
    }

    /// Whether a fetch waits for the time that the server has named.
    pub fn defers_a_fetch(&self) -> bool {
        self.engine.defers_a_fetch()
    }

    /// The store once everything is written.
    pub fn written(&self) -> MemoryStore {
        let mut store = self.disk.crash();
        store.set_bytes_max(None);
        store.run(&StorageRequest::Write(self.engine.unwritten())).expect("it has no bound");
        store
    }

    /// Gives the engine an input and carries out its outputs.
    pub fn handle(&mut self, now: Now, input: Input) {
        if let Input::OpenThread { conversation, thread } = &input {
            self.screen.threads.insert(*thread, *conversation);
        }
        if let Input::CloseConversation(conversation) = &input {
            // Nobody looks at it any more.
            self.screen.threads.remove(conversation);
            self.screen.timelines.remove(conversation);
            self.screen.details.remove(conversation);
        }
        self.engine.handle(now, input).expect("outputs are drained and the engine is open");
        self.drain(now);
        self.run_disk(now);
    }

    /// Executes a command; returns its request id.
    pub fn command(&mut self, now: Now, command: impl Into<Command>) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::Command { request, command: command.into() });
        request
    }

    /// Requests a page of a list; returns the request id.
    pub fn list(&mut self, now: Now, query: Query) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::List { request, query });
        request
    }

    /// Retries a refused command; returns the request id.
    pub fn retry(&mut self, now: Now, id: u64, words: Option<String>) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::RetryRefused { request, id, words });
        request
    }

    /// Passes on what the disk has done by now.
    pub fn run_disk(&mut self, now: Now) {
        while let Some((task, answer)) = self.disk.finish_one(now.monotonic.as_millis()) {
            self.engine.handle(now, Input::StorageFinished(task, answer)).expect("outputs are drained");
            self.drain(now);
        }
    }

    /// The stored records, without queued tasks.
    pub fn store(&mut self) -> &mut MemoryStore {
        self.disk.store()
    }

    /// The heads of loaded documents, as admitted.
    pub fn heads(&self) -> BTreeMap<DocumentId, Vec<ChangeHash>> {
        self.engine.heads()
    }

    /// The heads of loaded streams.
    pub fn histories(&self) -> BTreeMap<StreamId, Head> {
        self.engine.histories()
    }

    fn drain(&mut self, now: Now) {
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Send(frame) => self.wanted.frames.push_back(frame),
                Output::Storage(task) => self.disk.take(now.monotonic.as_millis(), task),
                Output::Update(update) => {
                    self.painted.push(line(&update));
                    self.screen.paint(update);
                }
                Output::NeedToken { .. } => self.wanted.token = true,
                Output::Connect => self.wanted.connect = true,
                Output::Disconnect => {
                    self.wanted.disconnect = true;
                    self.wanted.frames.clear();
                }
                Output::WakeAt(at) => self.wake_at = Some(at),
            }
        }
    }
}

/// An update in a line: its kind, and a digest of its contents.
fn line(update: &Update) -> String {
    let said = format!("{update:?}");
    let name = said.split([' ', '(', '{']).next().unwrap_or_default();
    let detail = match update {
        Update::Connection(_) | Update::CommandFailed { .. } | Update::CommandStored { .. } => said.clone(),
        Update::StorageFailed(_) | Update::ServerFault(_) => said.clone(),
        Update::Refused { rows, removed } => {
            let codes: Vec<_> = rows.iter().map(|row| (row.id, row.command, row.code)).collect();
            format!("{name} {codes:?}, not {removed:?}")
        }
        _ => name.to_owned(),
    };
    format!("{detail} {}", brief(said.as_bytes()))
}
