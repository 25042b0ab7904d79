//! The hostile corpus, pushed by a member's session into a running server, and
//! frames that are none: each is answered with its code, the others see
//! nothing of it, and their messages go on.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod support;

use futures_util::SinkExt as _;
use peak_alloc::PeakAlloc;
use tidings_core::{
    authority::{Session, Stream},
    code::Code,
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{ConversationId, DeviceId, DocumentId, StreamId, TenantId},
    journal::{Entry, Position},
    limits::{Limits, frame_items},
    model::{PresenceKind, Receipt},
    wire::{
        ClientFrame, FetchScope, MemberReceipt, PresenceNotice, Push, PushedChange, ReceiptNotice, ServerFrame, encode,
    },
};
use tidings_server::clock;
use tidings_tests::hostile::{self, Case, Expected, Setup};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{Mutex, MutexGuard},
};
use tokio_tungstenite::{MaybeTlsStream, tungstenite::Message};

use support::{author::account, client::Client, database::Database, on_each_store, server::TestServer};

on_each_store! {
    hostile_changes_are_refused_and_nobody_sees_them,
    frames_that_are_none_end_their_session_only,
    frames_for_what_is_not_theirs_are_refused,
    what_is_no_websocket_message_ends_its_session_only,
}

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What the whole process may take for one push, beside copies of it.
const PUSH_MEMORY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Copies of a push in this process, client and server together: the frame as it
/// is encoded, sent, received and decoded, and one for buffers that double.
const PUSH_COPIES: usize = 5;
/// What may be left when the corpus is through: documents, connections, caches.
const LEFT_MEMORY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// More than a test sends; what is too fast is not asked about here.
const UNHURRIED: [&str; 6] =
    ["--changes-burst", "1000000", "--changes-per-second", "1000000", "--cursor-interval", "1h"];

/// One test at a time, since all of them share the memory that is measured.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// A running server with a conversation in which the attacker is a member.
struct World {
    server: TestServer,
    database: Database,
    stream: StreamId,
    setup: Setup,
    /// The victim's own replica.
    honest: Setup,
    victim: Client,
    /// Another member, who only reads.
    witness: Client,
    /// The last position of the journal.
    head: u64,
    /// The last position that the witness was told of.
    told: u64,
}

impl World {
    async fn start(database: Database) -> Self {
        let server = TestServer::start(&database, &UNHURRIED).await;
        let (setup, script) = Setup::new(&tenant(), ConversationId::from_bytes([0xb0; 16]), clock::wall_now());
        let stream = setup.stream.id().clone();
        let (honest, head) = (setup.clone(), script.len() as u64);
        let (last, before) = script.split_last().unwrap();
        for (session, pushed) in before {
            connect(&server, session).await.push_accepted(stream.clone(), vec![pushed.clone()]).await;
        }
        let mut witness = Client::connect(&server, "bob", DeviceId::from_bytes([0xb2; 16])).await;
        connect(&server, &last.0).await.push_accepted(stream.clone(), vec![last.1.clone()]).await;
        // What was accepted is told a moment later: whoever comes then hears of it twice.
        witness.entries_to(&stream, head).await;
        let victim = connect(&server, &setup.victim).await;
        Self { server, database, stream, setup, honest, victim, witness, head, told: head }
    }

    async fn attacker(&self) -> Client {
        connect(&self.server, &self.setup.attacker).await
    }

    /// The victim writes on and is answered with the next position, having
    /// heard of nothing in between; and the message arrives.
    async fn check_victim(&mut self, after: &str) {
        assert_eq!(self.victim.settle().await, [], "the victim saw something of {after}");
        let victim = self.setup.victim.clone();
        let message = self.honest.next_message(&victim);
        self.honest.admit(&victim, &message).unwrap();
        let accepted = self.victim.push_accepted(self.stream.clone(), vec![message.clone()]).await;
        self.head += 1;
        assert_eq!(accepted.positions, [Position::new(self.head)], "after {after}");
        let arrived = self.witness.entries_to(&self.stream, self.head).await;
        assert_eq!(arrived.last().unwrap().change, message.change, "after {after}");
        assert_eq!(arrived.len() as u64, self.head - self.told, "after {after}");
        self.told = self.head;
    }

    /// The journal holds what was acknowledged, without a gap, and the
    /// documents load from it.
    async fn check_store(&self, refused: &[Case]) {
        let store = self.database.open().await;
        let entries = store.entries_after(&tenant(), &self.stream, Position::ZERO, 100_000).await.unwrap();
        let positions: Vec<u64> = entries.iter().map(|entry| entry.position.number()).collect();
        assert_eq!(positions, (1..=self.head).collect::<Vec<_>>());
        for case in refused {
            // What the victim wrote is in the journal, also when it is pushed again by another.
            let stored = entries.iter().find(|entry| entry.change == case.pushed.change);
            assert!(stored.is_none_or(|entry| entry.account == self.setup.victim.account), "{case} is stored");
        }
        for document in [self.setup.conversation(), self.setup.page()] {
            let (stored, _) = store.document(&tenant(), &document).await.unwrap();
            let snapshot = stored.snapshot.as_ref();
            let snapshot = snapshot.map(|snapshot| (snapshot.position, &snapshot.data[..], &snapshot.admissions[..]));
            let restored = Document::restore(document.clone(), snapshot, &stored.tail).unwrap();
            let count = entries.iter().filter(|entry| entry.document == document).count();
            assert_eq!(restored.changes() as usize, count, "{document}");
        }
    }
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

async fn connect(server: &TestServer, session: &Session) -> Client {
    Client::connect(server, session.account.as_str(), session.device).await
}

/// How a push was answered.
#[derive(Debug, PartialEq)]
enum Answer {
    Accepted(Position),
    Refused(Code),
    Closed(Code),
}

async fn push(client: &mut Client, stream: &StreamId, pushed: &PushedChange) -> Answer {
    let request = client.push(stream, vec![pushed.clone()]).await;
    client
        .wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request => {
                Some(Answer::Accepted(accepted.positions[0]))
            }
            ServerFrame::Refused(refused) if refused.request == request => Some(Answer::Refused(refused.code)),
            ServerFrame::Closed(closed) => Some(Answer::Closed(closed.code)),
            _ => None,
        })
        .await
}

async fn hostile_changes_are_refused_and_nobody_sees_them(database: Database) {
    let _turn = turn().await;
    let mut world = World::start(database).await;
    let mut attacker = world.attacker().await;
    let mut cases = hostile::corpus(&world.setup);
    cases.retain(|case| case.expected != Expected::Harmless);
    let push_bytes_max = Limits::default().push_bytes_max as usize;
    let held = MEMORY.current_usage();
    let mut failures = Vec::new();
    for case in &cases {
        let Expected::Refused(code) = case.expected else { unreachable!("the others were left out") };
        let bytes = case.pushed.change.len();
        // A push that no session may send ends the session that sends it.
        let expected = match bytes > push_bytes_max {
            true => Answer::Closed(Code::FrameTooLarge),
            false if !case.fits_a_frame() => Answer::Closed(Code::FrameMalformed),
            false => Answer::Refused(code),
        };
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let answer = push(&mut attacker, &world.stream, &case.pushed).await;
        let taken = MEMORY.peak_usage().saturating_sub(before);
        if answer != expected {
            failures.push(format!("{case}: expected {expected:?}, got {answer:?}"));
        }
        if taken > PUSH_MEMORY_BYTES_MAX + PUSH_COPIES * bytes {
            failures.push(format!("{case}: took {taken} bytes for {bytes}"));
        }
        if matches!(answer, Answer::Closed(_)) {
            attacker = world.attacker().await;
        }
        world.check_victim(&case.to_string()).await;
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    let left = MEMORY.current_usage().saturating_sub(held);
    assert!(left <= LEFT_MEMORY_BYTES_MAX, "{left} bytes are left");
    check_harmless(&mut world, &mut attacker).await;
    world.check_store(&cases).await;
    world.server.stop().await;
}

/// What is harmless becomes an entry that the victim sees.
async fn check_harmless(world: &mut World, attacker: &mut Client) {
    let session = world.setup.attacker.clone();
    let names: Vec<&str> = hostile::harmless(&world.setup).iter().map(|case| case.name).collect();
    for (index, name) in names.into_iter().enumerate() {
        let case = hostile::harmless(&world.setup).swap_remove(index);
        let Answer::Accepted(position) = push(attacker, &world.stream, &case.pushed).await else {
            panic!("{case} was not accepted");
        };
        // One that is admitted already is answered with its old position.
        if position.number() > world.head {
            world.setup.admit(&session, &case.pushed).unwrap();
            world.head += 1;
            let seen: Vec<Entry> = world.victim.entries_to(&world.stream, world.head).await;
            assert_eq!(seen.len(), 1, "{name}");
            assert_eq!(seen[0].change, case.pushed.change, "{name}");
        }
        world.check_victim(name).await;
    }
}

/// Kinds of items that have a length, as the upper bits of their first byte.
const BYTES: u8 = 0x40;
const TEXT: u8 = 0x60;
const ARRAY: u8 = 0x80;
const MAP: u8 = 0xa0;

/// The header of an item of such a length in eight bytes.
fn header(kind: u8, length: u64) -> Vec<u8> {
    [&[kind | 27][..], &length.to_be_bytes()].concat()
}

/// A push of one change, as bytes.
fn honest_push(world: &mut World) -> Vec<u8> {
    let attacker = world.setup.attacker.clone();
    let changes = vec![world.setup.next_message(&attacker)];
    encode(&ClientFrame::Push(Push { request: 1, stream: world.stream.clone(), changes }))
}

fn malformed_frames(world: &mut World) -> Vec<(String, Vec<u8>, Code)> {
    let push = honest_push(world);
    let huge = 1u64 << 40;
    let mut frames: Vec<(String, Vec<u8>, Code)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>, code: Code| frames.push((name.to_owned(), bytes, code));
    for length in [1, 2, 3, 10, 40, push.len() / 2, push.len() - 1] {
        add(&format!("a push cut to {length} bytes"), push[..length].to_vec(), Code::FrameMalformed);
    }
    let push_of = |fields: &[u8]| [&[0x82, 0x01, 0x81][..], fields].concat();
    let malformed = Code::FrameMalformed;
    add("an array of 2^40 elements", header(ARRAY, huge), malformed);
    add("a push of an array of 2^64 - 1 fields", [&[0x82, 0x01][..], &header(ARRAY, u64::MAX)].concat(), malformed);
    add("a push of a map of 2^40 keys", push_of(&header(MAP, huge)), malformed);
    let changes = [&[0xa1, 0x02][..], &header(ARRAY, huge)].concat();
    add("2^40 changes", push_of(&changes), malformed);
    let change = [&[0xa1, 0x02, 0x81, 0xa1, 0x01][..], &header(BYTES, huge)].concat();
    add("a change of 2^40 bytes", push_of(&change), malformed);
    let receipts = [&[0x82, 0x03, 0x81][..], &header(ARRAY, huge), &[0xa0]].concat();
    add("2^40 receipts", receipts, malformed);
    let token = [&[0x82, 0x00, 0x81, 0xa1, 0x01][..], &header(TEXT, u64::MAX)].concat();
    add("a hello with a token of 2^64 - 1 bytes", token, malformed);
    add("arrays in one another", vec![0x81; 1_000_000], malformed);
    add(
        "arrays in one another under an unknown key",
        push_of(&[&[0xa1, 0x18, 0x63][..], &vec![0x81; 1_000_000]].concat()),
        malformed,
    );
    add(
        "maps in one another under an unknown key",
        push_of(&[&[0xa1, 0x18, 0x63][..], &[0xa1, 0x00].repeat(500_000)].concat()),
        malformed,
    );
    add("tags in one another", vec![0xc1; 1_000_000], malformed);
    add("endless arrays in one another", vec![0x9f; 1_000_000], malformed);
    add("a break without a beginning", vec![0xff], malformed);
    add("a kind that is a text", vec![0x82, 0x61, 0x61, 0x80], malformed);
    add("a kind that is negative", vec![0x82, 0x20, 0x80], Code::FrameUnknown);
    add("a kind of 2^40", [&[0x82, 0x1b][..], &huge.to_be_bytes(), &[0x80]].concat(), Code::FrameUnknown);
    add("an unknown kind", vec![0x82, 0x18, 0x63, 0x80], Code::FrameUnknown);
    add("a kind of the server's", vec![0x82, 0x0c, 0x80], Code::FrameUnknown);
    add("two frames in one", [&push[..], &push[..]].concat(), malformed);
    add(
        "a frame of the limit and one byte",
        vec![0; Limits::default().frame_bytes_max as usize + 1],
        Code::FrameTooLarge,
    );
    frames
}

async fn frames_that_are_none_end_their_session_only(database: Database) {
    let _turn = turn().await;
    let mut world = World::start(database).await;
    let mut failures = Vec::new();
    for (name, bytes, code) in malformed_frames(&mut world) {
        let mut attacker = world.attacker().await;
        MEMORY.reset_peak_usage();
        let (before, length) = (MEMORY.current_usage(), bytes.len());
        attacker.send_bytes(bytes).await;
        let closed = attacker.closed_code().await;
        let taken = MEMORY.peak_usage().saturating_sub(before);
        if closed != code {
            failures.push(format!("{name}: expected {code:?}, got {closed:?}"));
        }
        if taken > PUSH_MEMORY_BYTES_MAX + PUSH_COPIES * length {
            failures.push(format!("{name}: took {taken} bytes for {length}"));
        }
        world.check_victim(&name).await;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let mut attacker = world.attacker().await;
    attacker.socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(attacker.closed_code().await, Code::FrameMalformed);
    world.check_victim("a text").await;
    world.check_store(&[]).await;
    world.server.stop().await;
}

async fn frames_for_what_is_not_theirs_are_refused(database: Database) {
    let _turn = turn().await;
    let mut world = World::start(database).await;
    let mut attacker = world.attacker().await;
    let victim = account("ann");
    let elsewhere = ConversationId::from_bytes([0xdd; 16]);
    let muted = SettingField::MutedUntil;
    for (document, fact) in [
        (DocumentId::Account(victim.clone()), Fact::Profile(ProfileField::DisplayName, Some("Eve".into()))),
        (DocumentId::Home(victim.clone()), Fact::Setting(elsewhere, muted, Some(clock::wall_now()))),
    ] {
        let stream = StreamId::Account(victim.clone());
        let mut blank = Stream::new(tenant(), stream.clone());
        let written = blank.write(world.setup.attacker.device, &document, clock::wall_now(), &[fact]);
        let change = written.unwrap().0.bytes().to_vec();
        let answer = push(&mut attacker, &stream, &PushedChange { document, change }).await;
        assert_eq!(answer, Answer::Refused(Code::NotTheOwner));
    }
    for page in [0, 2, u32::MAX] {
        let refused = attacker.fetch(&world.stream, FetchScope::Page(page)).await.unwrap_err();
        assert_eq!(refused.code, Code::DocumentUnknown, "page {page}");
    }
    for conversation in [elsewhere, world.stream.conversation().unwrap()] {
        let end = Position::new(u64::MAX);
        let notice = ReceiptNotice { conversation, delivered: end, read: end };
        attacker.send(&ClientFrame::Receipts(vec![notice; frame_items::RECEIPTS])).await;
    }
    let presence = PresenceNotice { conversation: elsewhere, kind: PresenceKind::Typing };
    attacker.send(&ClientFrame::Presence(presence)).await;
    assert_eq!(attacker.settle().await, []);
    // Nobody has read further than there is anything to read.
    let told = world.victim.wait("Receipts", |frame| match frame {
        ServerFrame::Receipts(receipts) => Some(receipts),
        frame => panic!("{frame:?}"),
    });
    let head = Position::new(world.head);
    let receipt = Receipt { delivered: head, read: head };
    let conversation = world.stream.conversation().unwrap();
    assert_eq!(told.await, [MemberReceipt { conversation, account: account("eve"), receipt }]);
    world.check_victim("what is not theirs").await;
    world.check_store(&[]).await;
    world.server.stop().await;
}

async fn what_is_no_websocket_message_ends_its_session_only(database: Database) {
    let _turn = turn().await;
    let mut world = World::start(database).await;
    let long_ping = [&[0x89, 0xfe, 0x01, 0x00][..], &[0; 4 + 256]].concat();
    let long = [&[0x82, 0xff][..], &(1u64 << 62).to_be_bytes(), &[0; 4]].concat();
    for (name, bytes, code) in [
        ("a frame without a mask", vec![0x82, 0x01, 0x00], Code::FrameMalformed),
        ("an opcode that does not exist", vec![0x83, 0x80, 0, 0, 0, 0], Code::FrameMalformed),
        ("reserved bits", vec![0xf2, 0x80, 0, 0, 0, 0], Code::FrameMalformed),
        ("a continuation of nothing", vec![0x80, 0x80, 0, 0, 0, 0], Code::FrameMalformed),
        ("a long ping", long_ping, Code::FrameMalformed),
        ("a text that is not UTF-8", vec![0x81, 0x81, 0, 0, 0, 0, 0xff], Code::FrameMalformed),
        ("a frame of 2^62 bytes", long, Code::FrameTooLarge),
    ] {
        let mut attacker = world.attacker().await;
        let MaybeTlsStream::Plain(tcp) = attacker.socket.get_mut() else { unreachable!("tests speak in the clear") };
        tcp.write_all(&bytes).await.unwrap();
        assert_eq!(attacker.closed_code().await, code, "{name}");
        world.check_victim(name).await;
    }
    world.server.stop().await;
}
