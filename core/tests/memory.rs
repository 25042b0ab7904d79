//! What documents take in memory, beside what they say that they take: a cache that
//! counts too little lets a node run out of memory, one that counts too much throws away
//! what it will need.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use peak_alloc::PeakAlloc;
use tidings_core::{
    doc::{Document, Fact},
    ids::{AccountId, ContactId, ConversationId, DeviceId, DocumentId, MessageId, Stamp, TimelineId},
    journal::Position,
    model::{Contact, ContactKind, Edit, MemberField, MessageBody},
    time::WallTime,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);
/// How far what is said may be from what is taken, in percent of it.
const PERCENT: core::ops::RangeInclusive<usize> = 70..=150;

fn conversation() -> ConversationId {
    ConversationId::from_bytes([7; 16])
}

fn account(number: u32) -> AccountId {
    AccountId::parse(&format!("person{number}")).unwrap()
}

fn message(number: u32) -> MessageId {
    let at = WallTime::from_millis(NOW.as_millis() + u64::from(number) * 777);
    MessageId { stamp: Stamp::new(at, 0, [(number % 251) as u8; 8]), author: account(1) }
}

/// Words that do not deflate to nothing.
fn words(number: u32, characters: usize) -> String {
    let mut state = u64::from(number) * 7_919 + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    };
    (0..characters).map(|_| letter()).collect()
}

fn says(number: u32, characters: usize) -> Fact {
    let text = words(number, characters);
    Fact::Message(message(number), MessageBody { content: text.into(), reply_to: None, mentions: None })
}

/// A document of so many facts, each a change of one of twenty devices.
fn write(id: &DocumentId, count: u32, fact: &dyn Fn(u32) -> Fact) -> Document {
    let mut document = Document::new(id.clone());
    for number in 0..count {
        let device = DeviceId::from_bytes([(number % 20) as u8 + 1; 16]);
        let change = document.clone().write(device, NOW, &[fact(number)]).unwrap();
        document.queue(&change, Position::new(u64::from(number) + 1), NOW).unwrap();
    }
    document.flush().unwrap();
    document.drop_fallback();
    document
}

/// A name, a document, how many changes it has, and each of them.
type Case<'a> = (&'a str, DocumentId, u32, &'a dyn Fn(u32) -> Fact);

#[test]
fn d24_a_document_says_what_it_takes_in_memory() {
    let page = TimelineId::of(conversation()).page(1);
    let edit = |number, characters| Fact::Edit(message(1), Edit { content: words(number, characters).into(), at: NOW });
    let name = |number| Fact::MemberText(account(1), MemberField::DisplayName, Some(words(number, 30)));
    let contact = |number| {
        let contact = Contact { nickname: Some(words(number, 20)), ..Contact::new(ContactKind::Person) };
        Fact::Contact(ContactId::of_account(&account(number)), Some(contact))
    };
    let cases: [Case<'_>; 7] = [
        ("short messages", page.clone(), 1_000, &|number| says(number, 40)),
        ("messages of half a page of text", page.clone(), 500, &|number| says(number, 500)),
        ("the longest messages", page.clone(), 60, &|number| says(number, 16_000)),
        ("one message edited again and again", page.clone(), 800, &|number| edit(number, 40)),
        ("long edits of one message", page, 40, &|number| edit(number, 16_000)),
        ("a name changed again and again", TimelineId::of(conversation()).document(), 2_000, &name),
        ("a phone book", DocumentId::Home(account(0)), 1_000, &contact),
    ];
    for (what, id, count, fact) in cases {
        let before = MEMORY.current_usage();
        let written = write(&id, count, fact);
        let (taken, said) = (MEMORY.current_usage() - before, written.bytes_estimate());
        let percent = said * 100 / taken;
        assert!(PERCENT.contains(&percent), "{what}: {taken} bytes are said to be {said}");
        let (position, data, beside) = written.save();
        drop(written);
        let before = MEMORY.current_usage();
        let loaded = Document::restore(id, Some((position, &data, &beside)), &[]).unwrap();
        let (taken, percent) = (MEMORY.current_usage() - before, said * 100 / (MEMORY.current_usage() - before));
        assert_eq!(loaded.bytes_estimate(), said);
        assert!(PERCENT.contains(&percent), "{what}, loaded: {taken} bytes are said to be {said}");
    }
}
