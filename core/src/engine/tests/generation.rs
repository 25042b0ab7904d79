//! A generation as a device is told of it: as the entry that comes next, or with the document.

use super::*;
use crate::{
    authority::{Session, Stream},
    command::SetInfo,
    doc::{Document, Fact},
    engine::{
        commands::outbox::OutboxEntry,
        streams::replica::{Executed, Replica},
    },
    ids::{DeviceId, DocumentId, TimelineId},
    journal::{Entry, Position},
    model::{ConversationKind, Created, InfoField, MemberStatus, Membership, Role},
    wire::{DocumentSnapshot, Fetched, PushedChange},
};

const AT: WallTime = WallTime::from_millis(1_767_225_600_000);

fn info(field: InfoField, text: Option<&str>) -> Fact {
    Fact::Info(field, text.map(str::to_owned))
}

/// A conversation of one entry, as the server has it and as a device holds it.
fn both() -> (Stream, Replica, DocumentId) {
    let (tenant, conversation) = (TenantId::parse("acme").unwrap(), ConversationId::from_bytes([7; 16]));
    let stream = StreamId::Conversation(conversation);
    let document = TimelineId::of(conversation).document();
    let ann = AccountId::parse("ann").unwrap();
    let facts = [
        Fact::Created(Created::new(ConversationKind::Group, ann.clone(), AT)),
        info(InfoField::Title, Some("Trip")),
        info(InfoField::Description, Some("on the lake")),
    ];
    let change = Document::new(document.clone()).write(DeviceId::from_bytes([1; 16]), AT, &facts).unwrap();
    let entry = Entry {
        position: Position::new(1),
        document: document.clone(),
        account: ann.clone(),
        administrator: false,
        accepted_at: AT,
        change: change.bytes().to_vec(),
        deletes: None,
    };
    let mut server = Stream::new(tenant.clone(), stream.clone());
    server.insert(Document::new(document.clone()));
    server.receive_entry(&entry).unwrap();
    let mut held = Replica::empty(tenant, stream, true);
    held.receive(&[entry], &ann).1.unwrap();
    (server, held, document)
}

/// What waits on the device: the description is taken away, and the title another one.
fn wait(held: &mut Replica, document: &DocumentId) {
    let facts = [info(InfoField::Description, None), info(InfoField::Title, Some("Boats"))];
    for (sequence, fact) in (1..).zip(facts) {
        let change = held.view().compose(DeviceId::from_bytes([2; 16]), document, AT, &[fact]).unwrap();
        let command = SendMessage::new(ConversationId::from_bytes([7; 16]), "stands for what was commanded").into();
        let document = document.clone();
        let (rewrites, is_offered, stored, parked) = (0, false, true, None);
        let entry = OutboxEntry {
            sequence,
            command,
            at: AT,
            document,
            change,
            rewrites,
            is_offered,
            is_there: false,
            stored,
            parked,
        };
        held.resume(entry).unwrap();
    }
}

#[track_caller]
fn check_shown(held: &Replica) {
    let shown = &held.view().conversation().info;
    assert_eq!(shown.get(&InfoField::Title).map(String::as_str), Some("Boats"));
    assert_eq!(shown.get(&InfoField::Description), None);
    assert_eq!(held.confirmed.conversation().info[&InfoField::Title], "Trip");
}

#[test]
fn e140_what_waits_stays_on_top_of_a_generation() {
    let (mut server, mut held, document) = both();
    wait(&mut held, &document);
    check_shown(&held);
    let squashed = server.squash(&document, AT).unwrap();
    let (received, end) = held.receive(&[squashed.entry], &AccountId::parse("bob").unwrap());
    assert_eq!((received.len(), end.is_ok(), held.outbox.len()), (1, true, 2));
    assert_eq!(held.confirmed.head(), server.head());
    check_shown(&held);
    assert_eq!(held.view().document(&document).unwrap().visible("info/description", None), []);
}

#[test]
fn e141_a_later_generation_is_of_the_same_history() {
    let (mut server, mut held, document) = both();
    wait(&mut held, &document);
    let of_former = held.confirmed.document(&document).unwrap().save();
    let squashed = server.squash(&document, AT).unwrap();
    let fetched = |server: &Stream, (position, data, admissions): (Position, Vec<u8>, Vec<u8>)| Fetched {
        request: 1,
        stream: server.id().clone(),
        head: server.position(),
        page: 0,
        restart: true,
        documents: vec![DocumentSnapshot { document: document.clone(), position, data, admissions }],
        entries: Vec::new(),
        receipts: Vec::new(),
        threads: Vec::new(),
        lacks: Vec::new(),
        unread: None,
        chain: server.head().chain,
    };
    let (anew, me) = (fetched(&server, server.document(&document).unwrap().save()), AccountId::parse("ann").unwrap());
    assert!(held.restart(&anew, &me).unwrap().is_empty());
    assert_eq!((held.confirmed.head(), held.outbox.len()), (server.head(), 2));
    check_shown(&held);
    // The other way round what is held is lacking.
    assert_eq!(squashed.entry.position, held.confirmed.position());
    assert!(held.restart(&fetched(&server, of_former), &me).is_err());
}

const NAMES: [&str; 3] = ["ann", "bob", "carl"];

fn session(name: &str) -> Session {
    let device = DeviceId::from_bytes([name.as_bytes()[0]; 16]);
    let tenant = TenantId::parse("acme").unwrap();
    Session { tenant, account: AccountId::parse(name).unwrap(), device, administrator: false }
}

/// What somebody commands of the conversation, by two numbers.
fn command(conversation: ConversationId, which: u8, of: u8) -> Command {
    let text = (of > 0).then(|| format!("text {of}"));
    let account = AccountId::parse(NAMES[usize::from(of) % NAMES.len()]).unwrap();
    match which % 5 {
        0 | 1 => SetInfo { conversation, field: InfoField::Title, text }.into(),
        2 => SetInfo { conversation, field: InfoField::Description, text }.into(),
        3 => SetMemberText { conversation, field: MemberField::DisplayName, text }.into(),
        _ => {
            let role = if of.is_multiple_of(2) { Role::Admin } else { Role::Member };
            crate::command::ChangeRole { conversation, account, role }.into()
        }
    }
}

/// A conversation at the server, and somebody's device that was away.
struct Late {
    server: Stream,
    held: Replica,
    entries: Vec<Entry>,
    conversation: ConversationId,
    refused: usize,
}

impl Late {
    /// Ann owns the conversation, Bob, whose device it is, is an admin, and Carl a member.
    fn begin() -> Self {
        let (tenant, conversation) = (TenantId::parse("acme").unwrap(), ConversationId::from_bytes([7; 16]));
        let stream = StreamId::Conversation(conversation);
        let mut server = Stream::new(tenant.clone(), stream.clone());
        server.insert(Document::new(TimelineId::of(conversation).document()));
        let ann = session("ann");
        let mut facts = vec![Fact::Created(Created::new(ConversationKind::Group, ann.account.clone(), AT))];
        for (name, role) in NAMES.into_iter().zip([Role::Owner, Role::Admin, Role::Member]) {
            let account = session(name).account;
            facts.push(Fact::MemberRole(account.clone(), role));
            let membership = Membership::next(None, MemberStatus::Active, &ann.account, AT);
            facts.push(Fact::MemberStatus(account, membership));
        }
        let held = Replica::empty(tenant, stream, true);
        let mut late = Self { server, held, entries: Vec::new(), conversation, refused: 0 };
        late.state(&ann, &facts);
        late.receive(0);
        late
    }

    fn document(&self) -> DocumentId {
        TimelineId::of(self.conversation).document()
    }

    fn state(&mut self, session: &Session, facts: &[Fact]) {
        let written = self.server.clone().write(session.device, &self.document(), AT, facts);
        let Some((change, _)) = written else { return };
        self.push(session, change.bytes().to_vec());
    }

    fn push(&mut self, session: &Session, change: Vec<u8>) -> bool {
        let pushed = PushedChange { document: self.document(), change };
        let admitted = self.server.admit(session, &pushed, AT, &Limits::default());
        let is_admitted = admitted.is_ok();
        self.entries.extend(admitted.map(|admitted| admitted.entry));
        is_admitted
    }

    fn squash(&mut self) {
        let squashed = self.server.squash(&self.document(), AT).unwrap();
        self.entries.push(squashed.entry);
    }

    /// What somebody commands on a device that has seen everything.
    fn command_there(&mut self, name: &str, which: u8, of: u8) {
        let mut replica = Replica::empty(self.server.tenant().clone(), self.server.id().clone(), true);
        let device = DeviceId::from_bytes([name.as_bytes()[0] + 0x80; 16]);
        let session = Session { device, ..session(name) };
        replica.receive(&self.entries, &session.account).1.unwrap();
        let command = command(self.conversation, which, of);
        if let Ok(Executed::Written(entry)) = replica.execute(&session, &Limits::default(), now(), 1, command, AT) {
            self.push(&session, entry.change.bytes().to_vec());
        }
    }

    fn command_here(&mut self, sequence: u64, which: u8, of: u8) {
        let command = command(self.conversation, which, of);
        let executed = self.held.execute(&session("bob"), &Limits::default(), now(), sequence, command, AT);
        if let Ok(Executed::Written(entry)) = executed {
            self.held.outbox.entries.push_back(*entry);
        }
    }

    fn receive(&mut self, after: usize) {
        let entries = self.entries[after..].to_vec();
        let (received, end) = self.held.receive(&entries, &session("bob").account);
        assert_eq!((received.len(), end.is_ok()), (entries.len(), true));
    }

    /// The device is back, hears what it missed and has what waits answered, as it is or written anew.
    fn come_back(&mut self, heard: usize) {
        self.receive(heard);
        let bob = session("bob");
        while let Some(entry) = self.held.outbox.entries.front() {
            let heard = self.entries.len();
            let bytes = entry.change.bytes().to_vec();
            if self.push(&bob, bytes.clone()) {
                self.receive(heard);
                continue;
            }
            let rewritten = self.held.rewrite(&bob, &Limits::default(), now());
            self.refused += rewritten.refused.len();
            let is_same = |entry: &OutboxEntry| entry.change.bytes() == bytes;
            assert!(!self.held.outbox.entries.front().is_some_and(is_same), "it goes on");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What a device that was away over generations wrote comes to what it would have come to without them.
    #[test]
    fn e140_a_late_device_comes_to_what_it_would_have_come_to_without_a_generation(
        before in proptest::collection::vec((0..5u8, 0..6u8), 0..4),
        here in proptest::collection::vec((0..5u8, 0..6u8), 1..6),
        there in proptest::collection::vec((0..NAMES.len(), 0..5u8, 0..6u8), 0..6),
        places in proptest::collection::vec(0..6usize, 1..3),
    ) {
        let run = |is_squashed: bool| {
            let mut late = Late::begin();
            before.iter().for_each(|(which, of)| late.command_there("ann", *which, *of));
            late.receive(1);
            let heard = late.entries.len();
            for (sequence, (which, of)) in (1..).zip(&here) {
                late.command_here(sequence, *which, *of);
            }
            for place in 0..=there.len() {
                if is_squashed && places.iter().any(|at| *at % (there.len() + 1) == place) {
                    late.squash();
                }
                if let Some((name, which, of)) = there.get(place) {
                    late.command_there(NAMES[*name], *which, *of);
                }
            }
            late.come_back(heard);
            late
        };
        let (plain, squashed) = (run(false), run(true));
        prop_assert_eq!(squashed.server.conversation(), plain.server.conversation());
        prop_assert_eq!(squashed.held.view().conversation(), plain.server.conversation());
        prop_assert_eq!(squashed.held.confirmed.head(), squashed.server.head());
        prop_assert_eq!(squashed.refused, plain.refused);
        let facts = |stream: &Stream| stream.document(&plain.document()).unwrap().facts("").collect::<Vec<_>>();
        prop_assert_eq!(facts(&squashed.server), facts(&plain.server));
    }
}
