//! Records that a device has stored and may find damaged: each record by itself, the contents of records
//! (admissions, snapshots), and an engine that starts on a store with damaged records.

use std::sync::OnceLock;

use tidings_core::{
    command::{RequestMembership, SendMessage},
    doc::Document,
    engine::{Input, recode_record, record_content, seal_record},
    ids::{ConversationId, MessageId, Stamp, TimelineId},
    journal::{Admission, Entry, Position},
    limits::Limits,
    model::MembershipAction,
    storage::{MemoryStore, StorageRequest, Write},
    time::{MonotonicTime, Now, WallTime},
    wire::decode,
};

use crate::{
    fuzz::{
        Verdict, edit,
        room::{Room, RoomKind, account, config},
        script::Script,
        view::Link,
    },
    random::Random,
    sim::{client::Client, disk::Disk},
};

/// Maximum number of records damaged at once.
const DAMAGES_MAX: usize = 4;

/// Decodes records, or starts an engine on damaged ones.
///
/// # Panics
/// When a record changes by being encoded again, or the engine panics.
pub fn run(input: &[u8]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut script = Script::new(input);
    match script.below(4) {
        0 => run_record(&mut script, &mut verdict),
        1 => run_admissions(&mut script, &mut verdict),
        2 => run_snapshot(&mut script, &mut verdict),
        _ => run_engine(&mut script, &mut verdict),
    }
    verdict
}

/// One record of each kind, as it was stored, and scripts.
pub fn seeds() -> Vec<Vec<u8>> {
    let script = |first: u8| {
        let mut random = Random::new(u64::from(first));
        core::iter::once(first).chain((0..60).map(|_| random.number() as u8)).collect()
    };
    let mut seeds: Vec<Vec<u8>> = (0..32).map(script).collect();
    for (key, value) in stored() {
        let kind = KINDS.iter().position(|kind| key.starts_with(kind)).expect("every record has a kind");
        seeds.push([&[0, u8::try_from(kind).expect("there are few")], record_content(value)].concat());
    }
    for document in Room::begun(RoomKind::Group).stream().documents() {
        let kind = u8::from(document.id().page().is_some());
        let (_, data, admissions) = document.save();
        seeds.push([&[2, kind, 255, admissions.len() as u8], admissions.as_slice(), data.as_slice()].concat());
        seeds.push([&[1], admissions.as_slice()].concat());
    }
    seeds
}

/// The kinds of records, by their key prefixes.
const KINDS: [&str; 13] = [
    "meta",
    "head",
    "inbox",
    "document",
    "tail",
    "outbox",
    "refused",
    "profile",
    "rows",
    "thread",
    "register",
    "membership",
    "first_rows",
];

fn run_record(script: &mut Script<'_>, verdict: &mut Verdict) {
    let kind = KINDS[script.below(KINDS.len())];
    let bytes = script.rest();
    match recode_record(kind, bytes) {
        Some(again) => {
            assert_eq!(recode_record(kind, &again).as_ref(), Some(&again), "a {kind} is another one after encoding");
            verdict.accept(kind);
        }
        None => verdict.refuse("storage_corrupt", kind),
    }
}

fn run_admissions(script: &mut Script<'_>, verdict: &mut Verdict) {
    let count = script.below(8);
    let messages = (0..count).map(|number| MessageId {
        stamp: Stamp::new(WallTime::from_millis(1_767_225_600_000), number as u16, [1; 8]),
        author: account("me"),
    });
    match Admission::decode_all(messages.clone(), script.rest()) {
        Ok(admissions) => {
            let again = Admission::decode_all(messages, &Admission::encode_all(&admissions));
            assert_eq!(again, Ok(admissions), "admissions are others after encoding");
            verdict.accept(format!("{count} admissions"));
        }
        Err(error) => verdict.refuse("admissions", &error.to_string()),
    }
}

/// A snapshot with admissions, and the entries after it.
fn run_snapshot(script: &mut Script<'_>, verdict: &mut Verdict) {
    let conversation = ConversationId::from_bytes([7; 16]);
    let id = match script.below(2) {
        0 => TimelineId::of(conversation).document(),
        _ => TimelineId::of(conversation).page(1),
    };
    let honest = script.byte();
    let room = Room::begun(RoomKind::Group);
    let length = usize::from(script.byte());
    let (admissions, data, position) = if honest == 255 {
        (script.bytes(length).to_vec(), script.rest().to_vec(), Position::new(1))
    } else {
        let document = room.stream().document(&id).expect("a room has both");
        let (position, data, admissions) = document.save();
        let data = if honest & 1 == 0 { data } else { edit::edit(script, data) };
        let admissions = if honest & 2 == 0 { admissions } else { edit::edit(script, admissions) };
        (admissions, if honest & 4 == 0 { data } else { reframe(script, &data) }, position)
    };
    let tail: Vec<Entry> = room.journal().iter().filter(|entry| entry.document == id).cloned().collect();
    match Document::restore(id.clone(), Some((position, &data, &admissions)), &tail) {
        Ok(document) => {
            let _ = document.facts("").count();
            let (position, data, admissions) = document.save();
            let again = Document::restore(id, Some((position, &data, &admissions)), &[]);
            let again = again.expect("what was restored and saved is restored again");
            assert_eq!(again.heads(), document.heads());
            verdict.accept("snapshot");
        }
        Err(error) => verdict.refuse("snapshot", &error.to_string()),
    }
}

/// An edit in a saved document, with a matching checksum.
fn reframe(script: &mut Script<'_>, data: &[u8]) -> Vec<u8> {
    let edited = edit::edit(script, data.to_vec());
    if edited.len() > 10 { crate::fuzz::mutate::reframe(&edited) } else { edited }
}

fn run_engine(script: &mut Script<'_>, verdict: &mut Verdict) {
    let records = stored();
    let mut store = MemoryStore::default();
    let mut writes: Vec<Write> = records.iter().map(|(key, value)| Write::Put(key.clone(), value.clone())).collect();
    for _ in 0..=script.below(DAMAGES_MAX) {
        let Some((key, value)) = script.pick(records).cloned() else { continue };
        writes.push(match script.below(8) {
            0 => Write::Delete(key),
            1 => Write::Put(key, script.pick(records).map(|(_, value)| value.clone()).unwrap_or_default()),
            2 => {
                let key = edit::edit(script, key.into_bytes());
                Write::Put(String::from_utf8_lossy(&key).into_owned(), value)
            }
            3 | 4 => Write::Put(key, edit::edit(script, value)),
            // As if it had been stored so: what the checksum cannot catch.
            _ => {
                let content = edit::edit(script, record_content(&value).to_vec());
                let sealed = seal_record(&key, &content);
                Write::Put(key, sealed)
            }
        });
    }
    store.run(&StorageRequest::Write(writes)).expect("the store has room");
    let room = Room::begun(RoomKind::Group);
    let conversation = room.stream().id().conversation().expect("a group");
    let mut client = Client::start(config("me", [1; 32]), Disk::new(store, 0), at(0));
    client.handle(at(0), Input::OpenConversation(conversation));
    client.command(at(1), SendMessage::new(conversation, "still here?"));
    let mut link = Link::new(&room, &account("me"));
    link.open(&mut client, at(2));
    for later in [1_000, 10_000, 60_000] {
        client.handle(at(later), Input::TimerDue);
        link.serve(&mut client, at(later));
    }
    client.handle(at(70_000), Input::LoadOlder(conversation));
    client.handle(at(70_000), Input::MarkRead(conversation));
    link.serve(&mut client, at(70_000));
    verdict.accept(format!("engine with {} rows", client.screen.rows(conversation).len()));
    let store = client.store().clone();
    let again = Client::start(config("me", [2; 32]), Disk::new(store, 0), at(80_000));
    verdict.accept(if again.screen.ready { "started again" } else { "not ready" });
}

fn at(time_ms: u64) -> Now {
    Now { monotonic: MonotonicTime::from_millis(time_ms), wall: WallTime::from_millis(1_767_225_700_000 + time_ms) }
}

/// The records of a device that was online in a group and went offline with one message unsent and
/// another one refused.
fn stored() -> &'static [(String, Vec<u8>)] {
    static STORED: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    STORED.get_or_init(|| {
        let room = Room::begun(RoomKind::Group);
        let conversation = room.stream().id().conversation().expect("a group");
        let mut client = Client::start(config("me", [1; 32]), Disk::new(MemoryStore::default(), 0), at(0));
        client.handle(at(0), Input::OpenConversation(conversation));
        let mut link = Link::new(&room, &account("me"));
        // Leave some entries after the snapshots.
        link.limits.page_changes_soft = Limits::default().page_changes_soft;
        link.open(&mut client, at(1));
        client.handle(at(5_000), Input::TimerDue);
        link.serve(&mut client, at(5_000));
        client.handle(at(5_001), Input::MarkRead(conversation));
        for text in ["refused at last", "waits"] {
            client.command(at(5_002), SendMessage::new(conversation, text));
        }
        link.refuse(&mut client, at(5_003));
        client.handle(at(9_000), Input::TimerDue);
        link.serve(&mut client, at(9_000));
        client.handle(at(9_001), Input::LinkLost);
        client.command(at(9_001), SendMessage::new(conversation, "unsent"));
        let elsewhere = ConversationId::from_bytes([8; 16]);
        client.command(at(9_001), RequestMembership { conversation: elsewhere, action: MembershipAction::Join(None) });
        let records = client.store().records().iter();
        let records: Vec<(String, Vec<u8>)> = records.map(|(key, value)| (key.clone(), value.clone())).collect();
        assert!(records.iter().all(|(key, value)| recode_record(key, record_content(value)).as_deref() == Some(record_content(value))));
        assert!(records.iter().any(|(key, value)| key.starts_with("tail/") && decode::<Entry>(record_content(value)).is_ok()));
        records
    })
}
