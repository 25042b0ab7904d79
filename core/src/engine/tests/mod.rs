//! The engine alone: its contract, and bytes that nobody meant.

mod counts;
mod deleted;
mod generation;
mod heartbeat;
mod history;
mod home;
mod members;
mod membership;
mod newer;
mod outbox;
mod pages;
mod session;

use core::time::Duration;

use proptest::prelude::*;

pub(super) use session::{go_online, receive};

use super::*;
use crate::{
    command::{BanMember, Command, CreateConversation, SendMessage, SetMemberText, SetPermission},
    engine::store::record::OUTBOX,
    ids::{ChangeHash, ConversationId, IncarnationId, MessageId, Stamp, StreamId},
    journal::{Cursor, Entry, Head},
    limits::Limits,
    model::{MemberField, Permission, PresenceKind, Profile},
    storage::{MemoryStore, StorageRequest, StorageTask, Write},
    time::{MonotonicTime, WallTime},
    wire::{Accepted, ClientFrame, Entries, Fetched, Pong, Push, Refused, ServerFrame, Welcome, decode_frame, encode},
};

pub(super) fn config() -> EngineConfig {
    EngineConfig {
        tenant: TenantId::parse("acme").unwrap(),
        account: AccountId::parse("ann").unwrap(),
        seed: [7; 32],
        verify: false,
        settings: Settings::default(),
    }
}

pub(super) fn now() -> Now {
    Now { monotonic: MonotonicTime::from_millis(5), wall: WallTime::from_millis(1_767_225_600_000) }
}

/// Takes every output; carries out what the store is asked.
pub(super) fn drain(engine: &mut Engine, store: &mut MemoryStore) -> Vec<Output> {
    let mut outputs = Vec::new();
    let mut tasks = VecDeque::new();
    loop {
        while let Some(output) = engine.poll() {
            match output {
                Output::Storage(task) => tasks.push_back(task),
                output => outputs.push(output),
            }
        }
        let Some(task) = tasks.pop_front() else { return outputs };
        engine.handle(now(), Input::StorageFinished(task.id, store.run(&task.request))).unwrap();
    }
}

/// What a start reads, one after the other: the newest rows of the list, and all the rest.
fn start_reads(engine: &mut Engine) -> [StorageTask; 2] {
    let reads = std::iter::from_fn(|| engine.poll()).map(|output| match output {
        Output::Storage(task) => task,
        other => panic!("a start reads, {other:?}"),
    });
    reads.collect::<Vec<_>>().try_into().expect("two reads")
}

pub(super) fn give(engine: &mut Engine, store: &mut MemoryStore, input: Input) -> Vec<Output> {
    engine.handle(now(), input).unwrap();
    drain(engine, store)
}

#[test]
fn e11_a_second_input_before_the_outputs_were_taken_is_a_misuse() {
    let mut engine = Engine::new(now(), config());
    assert_eq!(engine.handle(now(), Input::TimerDue), Err(Misuse));
    let mut store = MemoryStore::default();
    drain(&mut engine, &mut store);
    assert_eq!(engine.handle(now(), Input::Close), Ok(()));
    drain(&mut engine, &mut store);
    assert_eq!(engine.handle(now(), Input::TimerDue), Err(Misuse));
}

#[test]
fn e1_a_command_is_shown_as_stored_only_when_the_store_has_said_so() {
    let mut engine = Engine::new(now(), config());
    let mut store = MemoryStore::default();
    drain(&mut engine, &mut store);
    let command = CreateConversation::group(None, vec![]).into();
    engine.handle(now(), Input::Command { request: 1, command }).unwrap();
    let mut tasks = Vec::new();
    while let Some(output) = engine.poll() {
        assert!(!matches!(output, Output::Update(Update::CommandStored { .. })), "the store has not answered");
        if let Output::Storage(task) = output {
            tasks.push(task);
        }
    }
    let [task] = &tasks[..] else { panic!("one transaction an input, {tasks:?}") };
    let StorageRequest::Write(writes) = &task.request else { panic!("a write") };
    assert!(writes.iter().any(|write| matches!(write, Write::Put(key, _) if key.starts_with(OUTBOX))));
    let answer = store.run(&task.request);
    engine.handle(now(), Input::StorageFinished(task.id, answer)).unwrap();
    let outputs = drain(&mut engine, &mut store);
    assert!(outputs.iter().any(|output| matches!(output, Output::Update(Update::CommandStored { request: 1, .. }))));
}

/// A group with Bob, open on the screen.
fn open_group(engine: &mut Engine, store: &mut MemoryStore) -> ConversationId {
    drain(engine, store);
    let bob = AccountId::parse("bob").unwrap();
    let command = CreateConversation::group(None, vec![bob]).into();
    let outputs = give(engine, store, Input::Command { request: 1, command });
    let conversation = outputs.iter().find_map(|output| match output {
        Output::Update(Update::CommandStored { conversation, .. }) => *conversation,
        _ => None,
    });
    let conversation = conversation.expect("the group is stored");
    give(engine, store, Input::OpenConversation(conversation));
    conversation
}

/// How many things are granted to Bob, as the screen is told; none if it is not told.
fn grants_of_bob(outputs: &[Output]) -> Option<usize> {
    outputs.iter().rev().find_map(|output| match output {
        Output::Update(Update::Conversation(detail)) => {
            let mut rows = detail.members.iter().chain(&detail.candidates);
            rows.find(|member| member.account.as_str() == "bob").map(|bob| bob.grants.len())
        }
        Output::Update(Update::Members { changes, .. }) => {
            let mut rows = changes.iter().filter_map(|change| change.row.as_ref());
            rows.find(|row| row.member.account.as_str() == "bob").map(|row| row.member.grants.len())
        }
        _ => None,
    })
}

#[test]
fn v6_what_is_granted_for_a_while_leaves_the_screen_when_it_ends() {
    see_grant_end(None);
}

#[test]
fn v6_so_does_what_was_granted_to_somebody_who_is_banned() {
    see_grant_end(Some(|conversation| BanMember { conversation, account: AccountId::parse("bob").unwrap() }.into()));
}

/// Grants something to Bob for a minute; what is done meanwhile changes nothing about its end.
fn see_grant_end(meanwhile: Option<fn(ConversationId) -> Command>) {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    let command = SetPermission {
        conversation,
        account: AccountId::parse("bob").unwrap(),
        permission: Permission::PinAdd,
        allowed: Some(true),
        until: Some(now().wall.plus(Duration::from_secs(60))),
    };
    let outputs = give(&mut engine, &mut store, Input::Command { request: 2, command: command.into() });
    assert_eq!(grants_of_bob(&outputs), Some(1));
    if let Some(command) = meanwhile {
        let command = command(conversation);
        assert_eq!(grants_of_bob(&give(&mut engine, &mut store, Input::Command { request: 3, command })), Some(1));
    }
    let end = |millis| Now {
        monotonic: now().monotonic.plus(Duration::from_millis(millis)),
        wall: now().wall.plus(Duration::from_millis(millis)),
    };
    engine.handle(end(59_999), Input::TimerDue).unwrap();
    assert_eq!(grants_of_bob(&drain(&mut engine, &mut store)), None);
    assert!(engine.ctx.timers.wake_at.is_some_and(|at| at <= end(60_000).monotonic), "it is woken by then");
    engine.handle(end(60_000), Input::TimerDue).unwrap();
    let outputs: Vec<Output> = core::iter::from_fn(|| engine.poll()).collect();
    assert_eq!(grants_of_bob(&outputs), Some(0));
}

/// A device's clock that was set back would let a grant hold for longer.
#[test]
fn v6_a_device_whose_clock_is_set_asks_the_server_for_the_time() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    let end = now().wall.plus(Duration::from_secs(60));
    let command = SetPermission {
        conversation,
        account: AccountId::parse("bob").unwrap(),
        permission: Permission::PinAdd,
        allowed: Some(true),
        until: Some(end),
    };
    give(&mut engine, &mut store, Input::Command { request: 2, command: command.into() });
    go_online(&mut engine, &mut store);
    let monotonic = now().monotonic.plus(Duration::from_secs(10));
    let set_back = Now { monotonic, wall: WallTime::from_millis(now().wall.as_millis() - 3_600_000) };
    engine.handle(set_back, Input::TimerDue).unwrap();
    let outputs: Vec<Output> = core::iter::from_fn(|| engine.poll()).collect();
    assert_eq!(grants_of_bob(&outputs), None);
    let pings = outputs.iter().filter_map(|output| match output {
        Output::Send(bytes) => match decode_frame::<ClientFrame>(bytes, usize::MAX) {
            Ok(ClientFrame::Ping(number)) => Some(number),
            _ => None,
        },
        _ => None,
    });
    let pings: Vec<u64> = pings.collect();
    assert_eq!(pings.len(), 1);
    let pong = ServerFrame::Pong(Pong { number: pings[0], server_time: end });
    engine.handle(set_back, Input::FrameReceived(encode(&pong))).unwrap();
    let outputs: Vec<Output> = core::iter::from_fn(|| engine.poll()).collect();
    assert_eq!(grants_of_bob(&outputs), Some(0));
}

#[test]
fn v7_a_message_shows_the_name_that_its_author_has_in_the_conversation() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    give(
        &mut engine,
        &mut store,
        Input::Command { request: 2, command: SendMessage::new(conversation, "hello").into() },
    );
    let text = Some("Captain Ann".to_owned());
    let command = SetMemberText { conversation, field: MemberField::DisplayName, text };
    let outputs = give(&mut engine, &mut store, Input::Command { request: 3, command: command.into() });
    let names = outputs.iter().filter_map(|output| match output {
        Output::Update(Update::Timeline(timeline)) => timeline.rows.last().map(|row| row.author_name.as_str()),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>().last(), Some(&"Captain Ann"));
}

#[test]
fn e7_a_restart_shows_the_list_and_what_is_not_sent() {
    let mut store = MemoryStore::default();
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    let command = CreateConversation::group(Some("Trip".into()), vec![]).into();
    let outputs = give(&mut engine, &mut store, Input::Command { request: 1, command });
    let conversation = outputs.iter().find_map(|output| match output {
        Output::Update(Update::CommandStored { conversation, .. }) => *conversation,
        _ => None,
    });
    let command = SendMessage::new(conversation.unwrap(), "words").into();
    give(&mut engine, &mut store, Input::Command { request: 2, command });
    let mut engine = Engine::new(now(), config());
    let mut first = Vec::new();
    let [_, task] = start_reads(&mut engine);
    engine.handle(now(), Input::StorageFinished(task.id, store.run(&task.request))).unwrap();
    while let Some(output) = engine.poll() {
        first.push(output);
    }
    let ready = first.iter().position(|output| matches!(output, Output::Update(Update::Ready))).unwrap();
    let shown = first.iter().take(ready).any(|output| {
        matches!(output, Output::Update(Update::Conversations(rows)) if rows[0].name == "Trip" && rows[0].last_message.is_some())
    });
    assert!(shown, "{first:?}");
    assert!(first.iter().any(|output| matches!(output, Output::Update(Update::Unsynced(2)))));
}

#[test]
fn e7_the_newest_rows_of_the_list_are_shown_before_the_rest_is_read() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    for title in ["Trip", "Flat"] {
        let command = CreateConversation::group(Some(title.into()), vec![]).into();
        give(&mut engine, &mut store, Input::Command { request: 1, command });
    }
    engine.handle(Now { monotonic: MonotonicTime::from_millis(60_000), ..now() }, Input::TimerDue).unwrap();
    drain(&mut engine, &mut store);
    let mut engine = Engine::new(now(), config());
    let [task, _] = start_reads(&mut engine);
    engine.handle(now(), Input::StorageFinished(task.id, store.run(&task.request))).unwrap();
    let shown: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
    let [Output::Update(Update::FirstRows(rows))] = &shown[..] else { panic!("nothing but the rows: {shown:?}") };
    assert_eq!(rows.len(), 2);
    assert!(rows[0].conversation < rows[1].conversation, "of the same moment, by id");
}

#[test]
fn e7_the_rows_of_a_timeline_are_shown_before_its_documents_are_read() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let stream = session::push_of(&mut engine, &mut store, 1).stream;
    let conversation = stream.conversation().unwrap();
    give(&mut engine, &mut store, Input::OpenConversation(conversation));
    give(&mut engine, &mut store, Input::CloseConversation(conversation));
    // As if all of it had been admitted: nothing that waits needs the documents.
    store.run(&StorageRequest::Write(vec![Write::DeletePrefix(OUTBOX.to_owned())])).unwrap();
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    engine.handle(now(), Input::OpenConversation(conversation)).unwrap();
    let mut tasks = Vec::new();
    while let Some(output) = engine.poll() {
        if let Output::Storage(task) = output {
            tasks.push(task);
        }
    }
    let [rows, _documents] = &tasks[..] else { panic!("two reads, one after the other: {tasks:?}") };
    engine.handle(now(), Input::StorageFinished(rows.id, store.run(&rows.request))).unwrap();
    let outputs: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
    let shown = |output: &Output| matches!(output, Output::Update(Update::Timeline(update)) if !update.rows.is_empty());
    assert!(outputs.iter().any(shown), "{outputs:?}");
}

#[test]
fn a_start_that_cannot_read_writes_nothing_and_tries_again() {
    let mut engine = Engine::new(now(), config());
    let [_, task] = start_reads(&mut engine);
    engine.handle(now(), Input::StorageFinished(task.id, Err(StorageError::Blocked))).unwrap();
    let outputs: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
    let [Output::Update(Update::StorageFailed(Code::StorageBlocked)), Output::WakeAt(_)] = outputs[..] else {
        panic!("told, and nothing written: {outputs:?}");
    };
    let later = Now { monotonic: MonotonicTime::from_millis(60_000), ..now() };
    engine.handle(later, Input::TimerDue).unwrap();
    let outputs: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
    assert!(matches!(&outputs[..], [Output::Storage(task)] if matches!(task.request, StorageRequest::Read(_))));
}

#[test]
fn e12_records_of_the_first_format_are_taken_over() {
    let mut store = MemoryStore::default();
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    let device = engine.device();
    let command = CreateConversation::group(Some("Trip".into()), vec![]).into();
    give(&mut engine, &mut store, Input::Command { request: 1, command });
    // As the first format had them: the contents alone.
    let mut former = MemoryStore::default();
    for (key, sealed) in store.records() {
        let mut content = sealed[8..].to_vec();
        if key == record::META {
            let meta: MetaRecord = record::read(key, sealed).unwrap();
            assert_eq!(meta.format, 2);
            content = encode(&MetaRecord { format: 1, cursor: Some(Cursor::new(9)), ..meta });
        }
        former.run(&StorageRequest::Write(vec![Write::Put(key.clone(), content)])).unwrap();
    }
    let mut engine = Engine::new(now(), EngineConfig { seed: [8; 32], ..config() });
    let outputs = drain(&mut engine, &mut former);
    assert!(outputs.contains(&Output::Update(Update::Unsynced(1))), "{outputs:?}");
    assert!(!outputs.iter().any(|output| matches!(output, Output::Update(Update::StorageFailed(_)))), "{outputs:?}");
    assert_eq!((engine.device(), engine.link.cursor()), (device, None), "the same device, which asks for everything");
    let keys: Vec<&String> = former.records().keys().collect();
    assert!(
        former.records().iter().all(|(key, value)| record::sealed(key.clone(), &value[8..]).1 == *value),
        "{keys:?}"
    );
    let mut engine = Engine::new(now(), config());
    let outputs = drain(&mut engine, &mut former);
    assert!(outputs.contains(&Output::Update(Update::Unsynced(1))), "{outputs:?}");
}

#[test]
fn e12_a_store_that_cannot_be_read_now_is_not_taken_for_a_damaged_one() {
    let mut store = MemoryStore::default();
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    give(
        &mut engine,
        &mut store,
        Input::Command { request: 1, command: CreateConversation::group(None, vec![]).into() },
    );
    let streams: Vec<String> =
        store.records().keys().filter_map(|key| key.strip_prefix("head/")).map(str::to_owned).collect();
    let documents = streams.iter().map(|stream| Write::Put(format!("document/{stream}/held"), vec![1])).collect();
    store.run(&StorageRequest::Write(documents)).unwrap();
    let mut engine = Engine::new(now(), config());
    let [_, task] = start_reads(&mut engine);
    engine.handle(now(), Input::StorageFinished(task.id, store.run(&task.request))).unwrap();
    let before = store.clone();
    let mut failed = 0;
    // The reads of the streams fail; what the start writes is written.
    let mut tasks: VecDeque<_> = VecDeque::new();
    loop {
        while let Some(output) = engine.poll() {
            if let Output::Storage(task) = output {
                tasks.push_back(task);
            }
        }
        let Some(task) = tasks.pop_front() else { break };
        let answer = match &task.request {
            StorageRequest::Read(_) => Err(StorageError::Blocked),
            StorageRequest::Write(_) => store.run(&task.request),
        };
        failed += usize::from(answer.is_err());
        engine.handle(now(), Input::StorageFinished(task.id, answer)).unwrap();
    }
    assert!(failed > 0, "a stream was to be read");
    for (key, value) in before.records().iter().filter(|(key, _)| *key != record::META) {
        assert_eq!(store.records().get(key), Some(value), "{key}");
    }
}

fn keys() -> impl Strategy<Value = String> {
    let id = ConversationId::from_bytes([1; 16]);
    proptest::sample::select(vec![
        "meta".to_owned(),
        format!("head/conversation/{id}"),
        format!("inbox/{id}"),
        "outbox/0000000000000001".to_owned(),
        "refused/0000000000000002".to_owned(),
        "profile/bob".to_owned(),
        format!("tail/conversation/{id}/0000000000000001"),
        format!("document/conversation/{id}/conversation/{id}"),
        format!("rows/{id}"),
        "first_rows".to_owned(),
        "head/account/ann".to_owned(),
        "tail/account/ann/0000000000000001".to_owned(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn s2_arbitrary_records_and_frames_are_never_a_panic(
        records in proptest::collection::vec((keys(), proptest::collection::vec(any::<u8>(), 0..60), any::<bool>()), 0..12),
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
    ) {
        let mut store = MemoryStore::default();
        let writes = records.into_iter().map(|(key, value, sealed)| {
            let (key, value) = if sealed { record::sealed(key, &value) } else { (key, value) };
            Write::Put(key, value)
        });
        let writes = writes.collect();
        store.run(&StorageRequest::Write(writes)).unwrap();
        let mut engine = Engine::new(now(), config());
        drain(&mut engine, &mut store);
        give(&mut engine, &mut store, Input::OpenConversation(ConversationId::from_bytes([1; 16])));
        give(&mut engine, &mut store, Input::Token("token".into()));
        give(&mut engine, &mut store, Input::LinkOpened);
        for frame in frames {
            give(&mut engine, &mut store, Input::FrameReceived(frame));
        }
    }
}
