//! A generation as a device is told of it: as the entry that comes next, or with the document.

use super::*;
use crate::{
    authority::Stream,
    doc::{Document, Fact},
    engine::{outbox::OutboxEntry, replica::Replica},
    ids::{DeviceId, DocumentId, TimelineId},
    journal::{Entry, Position},
    model::{ConversationKind, Created, InfoField},
    wire::{DocumentSnapshot, Fetched},
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
        let entry = OutboxEntry { sequence, command, at: AT, document, change, rewrites: 0, stored: true, aside: None };
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
    let anew = fetched(&server, server.document(&document).unwrap().save());
    assert!(held.restart(&anew).unwrap().is_empty());
    assert_eq!((held.confirmed.head(), held.outbox.len()), (server.head(), 2));
    check_shown(&held);
    // The other way round what is held is lacking.
    assert_eq!(squashed.entry.position, held.confirmed.position());
    assert!(held.restart(&fetched(&server, of_former)).is_err());
}
