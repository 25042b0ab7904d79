//! One person's device: the engine, its store, and the screen as the updates
//! have painted it.

use std::collections::{BTreeMap, VecDeque};

use tidings_core::{
    api::{ConversationDetail, ConversationRow, RefusedRow, TimelineRow},
    code::Code,
    command::Command,
    engine::{ConnectionState, Engine, EngineConfig, Input, ListPage, Output, ServerFault, Update},
    ids::{AccountId, ChangeHash, ContactId, ConversationId, DeviceId, DocumentId, MessageId, StreamId},
    journal::Head,
    model::{Contact, Profile, Query, Reachability},
    storage::MemoryStore,
    time::{MonotonicTime, Now, WallTime},
    wire::Subscribers,
};

use super::{disk::Disk, trace::brief};

/// How a command ended: durable here, with what it created; or why not.
pub type Answer = Result<(Option<ConversationId>, Option<MessageId>), Code>;

/// What the updates have painted.
#[derive(Debug, Default)]
pub struct Screen {
    /// The list.
    pub inbox: BTreeMap<ConversationId, ConversationRow>,
    /// The open threads, and what each is a thread of.
    pub threads: BTreeMap<ConversationId, ConversationId>,
    /// The open timelines.
    pub timelines: BTreeMap<ConversationId, BTreeMap<MessageId, TimelineRow>>,
    /// Whether older rows can be had.
    pub has_older: BTreeMap<ConversationId, bool>,
    /// The open details.
    pub details: BTreeMap<ConversationId, ConversationDetail>,
    /// The refused commands.
    pub refused: BTreeMap<u64, RefusedRow>,
    /// The connection.
    pub connection: Option<ConnectionState>,
    /// Commands not admitted yet.
    pub unsynced: u32,
    /// How commands ended: none when durable here.
    pub answers: BTreeMap<u64, Answer>,
    /// Whether the stored state has been read.
    pub ready: bool,
    /// The faults of the server that were told.
    pub faults: Vec<ServerFault>,
    /// What the store was told to fail with; none where it recovered.
    pub storage: Vec<Option<Code>>,
    /// How many rows timelines were told, in all.
    pub rows_told: usize,
    /// What is shown of accounts.
    pub profiles: BTreeMap<AccountId, Profile>,
    /// The pages of lists that were asked for.
    pub pages: BTreeMap<u64, ListPage>,
    /// Subscribers that were asked for, by the number of the question.
    pub subscribers: BTreeMap<u64, Subscribers>,
    /// The own contacts.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// Whom the account has blocked.
    pub blocked: BTreeMap<AccountId, WallTime>,
    /// Who may reach the account; none until it says so.
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
            // What the screen was told before, and is told again.
            Update::FirstRows(_) => {}
            Update::Ready => self.ready = true,
            Update::Connection(state) => self.connection = Some(state),
            Update::Conversations(rows) => self.inbox.extend(rows.into_iter().map(|row| (row.conversation, row))),
            Update::Timeline(update) => {
                let rows = self.timelines.entry(update.conversation).or_default();
                if update.restart {
                    rows.clear();
                }
                self.rows_told += update.rows.len();
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

/// What a device wants of the world.
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
    /// Whether it decides anew about what the server admitted.
    pub verify: bool,
    engine: Engine,
    /// Its disk.
    pub disk: Disk,
    /// What it shows.
    pub screen: Screen,
    /// What it wants.
    pub wanted: Wanted,
    /// What the screen was told since somebody asked, a line each.
    pub painted: Vec<String>,
    /// When it wants to be woken.
    pub wake_at: Option<MonotonicTime>,
    next_request: u64,
}

impl Client {
    /// A new device, or one that starts again on what its disk holds.
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

    /// The device it writes as.
    pub fn device(&self) -> DeviceId {
        self.engine.device()
    }

    /// Gives the engine an input and carries out what it says.
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

    /// Commands something; the number of the answer.
    pub fn command(&mut self, now: Now, command: impl Into<Command>) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::Command { request, command: command.into() });
        request
    }

    /// Asks for a page of a list; the number of the answer.
    pub fn list(&mut self, now: Now, query: Query) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::List { request, query });
        request
    }

    /// Retries a refused command; the number of the answer.
    pub fn retry(&mut self, now: Now, id: u64, words: Option<String>) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(now, Input::RetryRefused { request, id, words });
        request
    }

    /// Takes what the disk has done by now.
    pub fn run_disk(&mut self, now: Now) {
        while let Some((task, answer)) = self.disk.finish_one(now.monotonic.as_millis()) {
            self.engine.handle(now, Input::StorageFinished(task, answer)).expect("outputs are drained");
            self.drain(now);
        }
    }

    /// What is stored, without the tasks that wait.
    pub fn store(&mut self) -> &mut MemoryStore {
        self.disk.store()
    }

    /// The heads of the documents that are loaded, as admitted.
    pub fn heads(&self) -> BTreeMap<DocumentId, Vec<ChangeHash>> {
        self.engine.heads()
    }

    /// Where the streams stand that are loaded.
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

/// An update in a line: what it is, and a digest of all it says.
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
