//! One stream with its authority, its devices and the invariants that must hold whatever is pushed: what is
//! admitted can be saved and loaded, reaches every replica that has only the entries, and lets everybody write
//! on; what is refused changes nothing.

mod begin;
mod facts;
mod generation;

pub use generation::{Claim, states_generation, with_generation};

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use tidings_core::{
    authority::{AdmitError, Admitted, Refusal, Session, Stream},
    doc::{Change, Document, Fact, Generation, Key, ProfileField},
    engine::{EngineConfig, Settings},
    ids::{AccountId, ChangeHash, ContactId, DeviceId, DocumentId, MessageId, Stamp, StreamId, TenantId, TimelineId},
    journal::{Admissions, Entry, Position},
    limits::Limits,
    model::{Contact, ContactKind, Conversation, InfoField, MessageBody, Role},
    time::WallTime,
    wire::PushedChange,
};

use crate::membership;

/// 2026-01-01, when rooms begin.
const BEGIN: WallTime = WallTime::from_millis(1_767_225_600_000);

/// The accounts of a group by their role in it; the last one is not a member.
pub const NAMES: [&str; 7] = ["ow", "ad", "mo", "me", "gu", "ow2", "zoe"];
const ROLES: [Role; 6] = [Role::Owner, Role::Admin, Role::Moderator, Role::Member, Role::Guest, Role::Owner];

/// The owners of the devices: two are `me`'s, and the last one is a tenant administrator's.
const DEVICES: [&str; 9] = ["ow", "ad", "mo", "me", "me", "gu", "ow2", "zoe", "root"];

/// A device, with the state its engine would have.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its session.
    pub session: Session,
    /// Everything it has received.
    confirmed: Arc<Stream>,
    /// The same with its unpushed changes on top.
    view: Option<Arc<Stream>>,
    pending: Vec<PushedChange>,
}

/// A stream with everybody around it.
#[derive(Debug, Clone)]
pub struct Room {
    authority: Arc<Stream>,
    /// A replica that gets the entries and nothing else.
    follower: Arc<Stream>,
    /// The stream before its first entry.
    begun: Arc<Stream>,
    journal: Vec<Entry>,
    devices: Vec<Device>,
    limits: Limits,
    messages: u8,
}

/// The state of a document on which replicas must agree.
#[derive(Debug, PartialEq)]
struct State {
    heads: Vec<ChangeHash>,
    facts: Vec<Fact>,
    admissions: Admissions,
    changes: u32,
    generation: Option<Generation>,
    updated_at: Option<WallTime>,
    latest: Vec<Option<(u64, ChangeHash)>>,
}

/// State that a refused push must not change.
type Fingerprint = (Position, u32, Conversation, Vec<(DocumentId, Vec<ChangeHash>, u32)>);

/// The kind of stream of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomKind {
    /// A group with a member of each role.
    Group,
    /// A direct conversation of `me` and `ad`.
    Direct,
    /// The documents of the account `me`.
    Account,
    /// A conversation that nobody has created yet.
    Nothing,
}

impl Room {
    /// A room with a history, some of it concurrent.
    pub fn begun(kind: RoomKind) -> Self {
        static ROOMS: OnceLock<[Room; 4]> = OnceLock::new();
        let rooms = ROOMS.get_or_init(|| {
            [begin::group(), begin::direct(), begin::account_stream(), begin::nothing()].map(|mut room| {
                (0..room.devices.len()).for_each(|device| room.sync(device));
                room
            })
        });
        rooms[kind as usize].clone()
    }

    fn new(id: StreamId) -> Self {
        let tenant = tenant();
        let mut stream = Stream::new(tenant.clone(), id.clone());
        let documents = match id {
            StreamId::Conversation(conversation) => vec![TimelineId::of(conversation).document()],
            StreamId::Account(account) => vec![DocumentId::Account(account.clone()), DocumentId::Home(account)],
        };
        documents.into_iter().for_each(|document| stream.insert(Document::new(document)));
        let stream = Arc::new(stream);
        let device = |(index, name): (usize, &&str)| Device {
            session: Session {
                tenant: tenant.clone(),
                account: account(name),
                device: DeviceId::from_bytes([u8::try_from(index).expect("there are few") + 1; 16]),
                administrator: *name == "root",
            },
            confirmed: stream.clone(),
            view: None,
            pending: Vec::new(),
        };
        let limits = Limits {
            change_bytes_max: 16 * 1024,
            change_operations_max: 64,
            page_changes_soft: 12,
            page_changes_max: 20,
            members_max: 7,
            heads_max: 6,
            pins_max: 3,
            roles_max: 2,
            reactions_max: 2,
            mentions_max: 3,
            message_characters_max: 100,
            ..Limits::default()
        };
        let devices = DEVICES.iter().enumerate().map(device).collect();
        Self {
            authority: stream.clone(),
            follower: stream.clone(),
            begun: stream,
            journal: Vec::new(),
            devices,
            limits,
            messages: 0,
        }
    }

    /// The authority's stream.
    pub fn stream(&self) -> &Stream {
        &self.authority
    }

    /// The admitted entries.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// The devices.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// When the next change will be admitted.
    pub fn now(&self) -> WallTime {
        WallTime::from_millis(BEGIN.as_millis() + 1_000 * (1 + self.journal.len() as u64))
    }

    /// A device receives everything, and drops what it had not pushed.
    pub fn sync(&mut self, device: usize) {
        let follower = self.follower.clone();
        let device = &mut self.devices[device];
        (device.confirmed, device.view) = (follower, None);
        device.pending.clear();
    }

    /// A device writes facts on top of what it sees. None if they hold already. Also returns the answer of the
    /// device's own authority, where the real one must give the same: the device has seen everything, the
    /// document can exist, and each fact became an operation on a key of its own.
    pub fn write(
        &mut self,
        device: usize,
        document: &DocumentId,
        facts: &[Fact],
    ) -> Option<(PushedChange, Option<Result<(), Refusal>>)> {
        let now = self.now();
        let position = self.authority.position();
        let limits = self.limits.clone();
        let device = &mut self.devices[device];
        let seen_all = device.confirmed.position() == position && device.pending.is_empty();
        let view = Arc::make_mut(device.view.get_or_insert_with(|| device.confirmed.clone()));
        view.missing(document).into_iter().for_each(|missing| view.insert(Document::new(missing)));
        let predicted = view.decide(&device.session, document, facts, now, &limits);
        let (change, _) = view.write(device.session.device, document, now, facts)?;
        let keys: BTreeSet<Key> = facts.iter().map(|fact| fact.write().0).collect();
        let told = seen_all
            && document.is_canonical()
            && keys.len() == facts.len()
            && change.operations().len() == facts.len();
        let pushed = PushedChange { document: document.clone(), change: change.bytes().to_vec() };
        device.pending.push(pushed.clone());
        Some((pushed, told.then_some(predicted)))
    }

    /// Pushes what a device has written, up to the first refusal.
    pub fn push_pending(&mut self, device: usize) -> Vec<Result<Admitted, AdmitError>> {
        let mut answers = Vec::new();
        for pushed in core::mem::take(&mut self.devices[device].pending) {
            let answer = self.push(&self.devices[device].session.clone(), &pushed);
            let refused = answer.is_err();
            answers.push(answer);
            if refused {
                break;
            }
        }
        // Admitted changes return with the next sync, as to everybody.
        self.devices[device].view = None;
        answers
    }

    /// Pushes a change and checks the invariants of the answer.
    ///
    /// # Errors
    /// The authority's.
    ///
    /// # Panics
    /// When an invariant is violated.
    pub fn push(&mut self, session: &Session, pushed: &PushedChange) -> Result<Admitted, AdmitError> {
        let now = self.now();
        let stream = Arc::make_mut(&mut self.authority);
        if pushed.document.stream() == *stream.id() {
            stream.insert_missing_for(&pushed.document, &pushed.change);
        }
        let before = fingerprint(stream);
        let answer = stream.admit(session, pushed, now, &self.limits);
        match &answer {
            Ok(admitted) => {
                assert!(!states_generation(&pushed.change), "a generation is admitted from {}", session.account);
                assert_eq!(admitted.entry.change, pushed.change, "the entry is not what was pushed");
                self.check_membership(&before.2, admitted);
                self.check_admitted(admitted);
            }
            Err(AdmitError::AlreadyAdmitted(hash)) => {
                assert_eq!(fingerprint(&self.authority), before, "an admitted change pushed again changed the stream");
                let known = self.journal.iter().any(|entry| hash_of(&entry.change) == *hash);
                assert!(known, "said to be admitted already, and is not in the journal");
            }
            Err(AdmitError::Refused(refusal)) => {
                assert_eq!(fingerprint(&self.authority), before, "{} changed the stream", refusal.code);
            }
        }
        answer
    }

    fn check_membership(&self, before: &Conversation, admitted: &Admitted) {
        if self.authority.id().conversation().is_some() {
            let (entry, facts, after) = (&admitted.entry, &admitted.effects.facts, self.authority.conversation());
            assert_eq!(membership::check(entry, facts, before, after, &self.limits), Ok(()), "{facts:?}");
        }
    }

    fn check_admitted(&mut self, admitted: &Admitted) {
        let entry = &admitted.entry;
        assert_eq!(entry.position.number(), self.journal.len() as u64 + 1, "positions have a gap");
        assert_eq!(hash_of(&entry.change), admitted.hash, "the change does not keep its hash");
        self.journal.push(entry.clone());
        let follower = Arc::make_mut(&mut self.follower);
        hold(follower, entry);
        let received = follower.receive_entry(entry).expect("who holds the entries takes an admitted change");
        assert_eq!(received.as_ref(), Some(&admitted.effects), "a follower sees something else");
        assert_eq!(self.follower.head(), self.authority.head(), "a follower has another history");
        let document = self.authority.document(&entry.document).expect("what was changed is loaded");
        let replica = self.follower.document(&entry.document).expect("a follower has every document");
        let state = self.state(document);
        assert_eq!(self.state(replica), state, "a follower differs");
        assert_eq!(self.follower.conversation(), self.authority.conversation(), "a follower's conversation differs");
        let (position, data, admissions) = document.save();
        let snapshot = Some((position, data.as_slice(), admissions.as_slice()));
        let restored = Document::restore(document.id().clone(), snapshot, &[]).expect("an admitted change loads");
        assert_eq!(self.state(&restored), state, "a snapshot differs");
        assert!(restored.contains(admitted.hash), "a snapshot does not have the change");
        if entry.document.is_conversation() {
            assert_eq!(*self.authority.conversation(), Conversation::read(&restored), "read anew, it differs");
        }
    }

    fn state(&self, document: &Document) -> State {
        let latest = self.devices.iter().map(|device| document.latest_of(device.session.device)).collect();
        State {
            heads: document.heads(),
            facts: document.facts("").collect(),
            admissions: document.admissions().clone(),
            changes: document.changes(),
            generation: document.generation(),
            updated_at: document.updated_at(),
            latest,
        }
    }

    /// Checks that replicas built in other ways are equal: from the entries alone, applied as one run, and from
    /// a snapshot at each of the cuts with the entries after it.
    ///
    /// # Panics
    /// When one differs, or does not load.
    pub fn check_replicas(&self, cuts: &[usize]) {
        let mut follower = Stream::clone(&self.begun);
        for entry in &self.journal {
            hold(&mut follower, entry);
            follower.queue_entry(entry).expect("who holds the entries takes an admitted change");
        }
        follower.flush().expect("admitted changes apply together");
        for document in self.authority.documents().filter(|document| document.changes() > 0) {
            let replica = follower.document(document.id()).expect("its entries were taken in");
            assert_eq!(self.state(replica), self.state(document), "a run of entries differs");
            let entries: Vec<Entry> =
                self.journal.iter().filter(|entry| entry.document == *document.id()).cloned().collect();
            let state = self.state(document);
            for cut in cuts {
                let (head, tail) = entries.split_at(cut % (entries.len() + 1));
                let id = document.id();
                let first = Document::restore(id.clone(), None, head).expect("the entries apply");
                let (position, data, admissions) = first.save();
                let snapshot = Some((position, data.as_slice(), admissions.as_slice()));
                let second = Document::restore(id.clone(), snapshot, tail).expect("the entries behind it apply");
                assert_eq!(self.state(&second), state, "a replica from a snapshot and a tail differs");
            }
        }
    }

    /// Lets every device receive everything and write on, one after another. Its copy of the authority must
    /// give the authority's answer.
    ///
    /// # Panics
    /// When one cannot write.
    pub fn check_everybody_writes(&mut self) {
        let mut view = Stream::clone(&self.follower);
        let mut authority = Stream::clone(&self.authority);
        let now = self.now();
        for device in 0..self.devices.len() {
            let session = self.devices[device].session.clone();
            let (document, fact) = self.next_words(device, &view);
            for stream in [&mut view, &mut authority] {
                stream.missing(&document).into_iter().for_each(|missing| stream.insert(Document::new(missing)));
            }
            let facts = [fact];
            let predicted = view.decide(&session, &document, &facts, now, &self.limits);
            let said = authority.decide(&session, &document, &facts, now, &self.limits);
            assert_eq!(said, predicted, "{} is told otherwise", session.account);
            if predicted.is_ok()
                && let Some((change, _)) = view.write(session.device, &document, now, &facts)
            {
                let pushed = PushedChange { document: document.clone(), change: change.bytes().to_vec() };
                let answer = authority.admit(&session, &pushed, now, &self.limits).map(|_| ());
                assert_eq!(answer, Ok(()), "{} cannot write on", session.account);
            }
        }
        for document in authority.documents().filter(|document| document.changes() > 0) {
            let replica = view.document(document.id()).expect("both have what was written");
            assert_eq!(replica.heads(), document.heads(), "what everybody wrote differs");
        }
    }

    /// Something that a device could say next, of another kind for each device.
    fn next_words(&mut self, device: usize, view: &Stream) -> (DocumentId, Fact) {
        let author = self.devices[device].session.account.clone();
        let turn = device + self.journal.len();
        match view.id().clone() {
            StreamId::Conversation(conversation) => match (turn % 3, view.last_message()) {
                (0, _) => (
                    TimelineId::of(conversation).document(),
                    Fact::Info(InfoField::Title, Some(format!("by {author} {turn}"))),
                ),
                (1, Some(last)) => {
                    let page = TimelineId::of(conversation).page(view.page());
                    (page, Fact::Reaction(last.message, "👋".into(), author, true))
                }
                _ => {
                    let open = TimelineId::of(conversation);
                    let open = open.page(view.open_page(open, &self.limits));
                    (open, says(self.new_message(&author), "on we go"))
                }
            },
            StreamId::Account(account) if turn.is_multiple_of(2) => {
                let bio = Fact::Profile(ProfileField::Bio, Some(format!("by {author} {turn}")));
                (DocumentId::Account(account), bio)
            }
            StreamId::Account(account) => {
                let contact = Contact { favorite: true, ..Contact::new(ContactKind::Bot) };
                let id = ContactId::from_bytes([u8::try_from(device).expect("there are few") + 100; 16]);
                (DocumentId::Home(account), Fact::Contact(id, Some(contact)))
            }
        }
    }

    fn new_message(&mut self, author: &AccountId) -> MessageId {
        self.messages = self.messages.wrapping_add(1);
        let number = self.messages;
        MessageId { stamp: Stamp::new(self.now(), u16::from(number), [number; 8]), author: author.clone() }
    }

    fn view(&self, device: usize) -> &Stream {
        let device = &self.devices[device];
        device.view.as_ref().unwrap_or(&device.confirmed)
    }

    fn say(&mut self, device: usize, document: &DocumentId, facts: &[Fact]) {
        let _ = self.write(device, document, facts).expect("something new is said");
        for answer in self.push_pending(device) {
            answer.expect("an honest change is admitted");
        }
    }
}

/// A message with this text.
pub fn says(id: MessageId, text: &str) -> Fact {
    Fact::Message(id, MessageBody { content: text.into(), reply_to: None, mentions: None })
}

/// The account of this name.
pub fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("the names are legal")
}

/// The tenant of every room.
pub fn tenant() -> TenantId {
    TenantId::parse("acme").expect("the name is legal")
}

/// The engine of a device of an account.
pub fn config(name: &str, seed: [u8; 32]) -> EngineConfig {
    EngineConfig { tenant: tenant(), account: account(name), seed, verify: true, settings: Settings::default() }
}

/// Loads the document of a thread, which is not loaded unless somebody looks at it.
fn hold(follower: &mut Stream, entry: &Entry) {
    if entry.document.thread().is_some() && follower.document(&entry.document).is_none() {
        follower.insert(Document::new(entry.document.clone()));
    }
}

fn hash_of(change: &[u8]) -> ChangeHash {
    Change::parse(change).expect("an admitted change is read again").hash()
}

fn fingerprint(stream: &Stream) -> Fingerprint {
    let documents = stream.documents();
    let documents = documents.map(|document| (document.id().clone(), document.heads(), document.changes())).collect();
    (stream.position(), stream.page(), stream.conversation().clone(), documents)
}

/// The name of a fact's subject.
pub fn name_of(fact: &Fact) -> &'static str {
    match fact.write().0 {
        Key::Created => "created",
        Key::Info(field) => field.as_str(),
        Key::Theme => "theme",
        Key::Scope => "scope",
        Key::State => "state",
        Key::Locked => "locked",
        Key::Policy(_) => "policy",
        Key::RoleDefinition(_) => "definition",
        Key::MemberRole(_) => "role",
        Key::MemberStatus(_) => "status",
        Key::MemberGrant(..) => "grant",
        Key::MemberText(..) => "text",
        Key::Invite(_) => "invite",
        Key::InviteUses(_) => "uses",
        Key::Held(_) => "held",
        Key::Pin(_) => "pin",
        Key::LeadOpened(_) | Key::LeadStage(_) | Key::LeadArchived(_) | Key::LeadClosureReason(_) => "lead",
        Key::ProposalAnswer(_) => "answer",
        Key::Message(_) => "message",
        Key::Edit(_) => "edit",
        Key::Deleted(_) => "deleted",
        Key::Reaction(..) => "reaction",
        Key::Contact(_) => "contact",
        Key::Blocked(_) => "blocked",
        Key::Reachability => "reachability",
        Key::MutedUntil(_) | Key::PinnedAt(_) | Key::ArchivedAt(_) | Key::Notifications(_) => "setting",
        Key::ProfileKind
        | Key::ProfileDisplayName
        | Key::ProfileAvatarUrl
        | Key::ProfileBio
        | Key::ProfileStatus
        | Key::ProfileReference => "profile",
    }
}
