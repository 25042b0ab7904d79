//! A session: what is sent in it, and what becomes of the answers.

use super::*;
use crate::{
    command::SetProfile,
    ids::TimelineId,
    model::ConversationKind,
    wire::{Closed, Piece, PushedChange, Versions},
};

#[test]
fn s5_entries_that_do_not_apply_are_not_fetched_for_ever() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&push, 1));
    let mut receive = |frame: &ServerFrame| receive(&mut engine, &mut store, frame);
    let stream = push.stream.clone();
    let entry = Entry {
        position: Position::new(2),
        document: TimelineId::of(stream.conversation().unwrap()).document(),
        account: AccountId::parse("bob").unwrap(),
        administrator: false,
        accepted_at: now().wall,
        change: b"not a change".to_vec(),
        deletes: None,
    };
    let outputs = receive(&ServerFrame::Entries(Entries { stream: stream.clone(), entries: vec![entry.clone()] }));
    let request = fetches(&outputs, &stream).last().expect("what does not fit is fetched");
    let outputs = receive(&fetched(request, &stream, head_of(Head::default(), &admitted(&push, 1)), vec![entry]));
    assert!(outputs.contains(&Output::Disconnect), "{outputs:?}");
    assert!(!outputs.iter().any(|output| matches!(output, Output::Send(_))), "{outputs:?}");
}

/// What a session begins with.
pub(super) fn welcome() -> Welcome {
    Welcome {
        version: Versions::OWN.newest,
        tenant: config().tenant,
        account: config().account,
        administrator: false,
        server_time: now().wall,
        limits: Limits::default(),
        incarnation: IncarnationId::from_bytes([9; 16]),
    }
}

/// Opens a session, up to Welcome.
pub(super) fn begin_session(engine: &mut Engine, store: &mut MemoryStore) -> Vec<Output> {
    give(engine, store, Input::Token("token".into()));
    give(engine, store, Input::LinkOpened);
    receive(engine, store, &ServerFrame::Welcome(Box::new(welcome())))
}

/// Opens a session that has nothing to tell.
pub(in crate::engine) fn go_online(engine: &mut Engine, store: &mut MemoryStore) -> Vec<Output> {
    let mut outputs = begin_session(engine, store);
    outputs.extend(receive(engine, store, &ServerFrame::CaughtUp(Cursor::new(1))));
    outputs
}

pub(in crate::engine) fn receive(engine: &mut Engine, store: &mut MemoryStore, frame: &ServerFrame) -> Vec<Output> {
    give(engine, store, Input::FrameReceived(encode(frame)))
}

/// The push of an engine that created a group, and sent as many texts into it.
pub(super) fn push_of(engine: &mut Engine, store: &mut MemoryStore, texts: u64) -> Push {
    drain(engine, store);
    let command = CreateConversation::group(Some("Trip".into()), vec![]).into();
    let outputs = give(engine, store, Input::Command { request: 0, command });
    let conversation = outputs.iter().find_map(|output| match output {
        Output::Update(Update::CommandStored { conversation, .. }) => *conversation,
        _ => None,
    });
    for request in 1..=texts {
        let command = SendMessage::new(conversation.unwrap(), "words").into();
        give(engine, store, Input::Command { request, command });
    }
    let outputs = go_online(engine, store);
    pushes(&outputs).next().expect("what waits is pushed")
}

fn tokens_asked(outputs: &[Output]) -> Vec<Option<Cause>> {
    let refused = outputs.iter().filter_map(|output| match output {
        Output::NeedToken { refused } => Some(refused.clone()),
        _ => None,
    });
    refused.collect()
}

pub(super) fn connections(outputs: &[Output]) -> Vec<ConnectionState> {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Update(Update::Connection(state)) => Some(state.clone()),
        _ => None,
    });
    sent.collect()
}

#[test]
fn v90_the_words_of_the_server_that_refuses_a_token_reach_the_app_that_gives_the_next() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let closed = ServerFrame::Closed(Closed {
        code: Code::TokenInvalid,
        detail: "the audience is another app".to_owned(),
        retry_after_ms: None,
    });
    let cause = Cause { code: Code::TokenInvalid, detail: "the audience is another app".to_owned() };
    assert_eq!(tokens_asked(&drain(&mut engine, &mut store)), [None]);
    give(&mut engine, &mut store, Input::Token("first".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let outputs = receive(&mut engine, &mut store, &closed);
    let waiting = connections(&outputs).into_iter().find(|state| matches!(state, ConnectionState::Waiting { .. }));
    let Some(ConnectionState::Waiting { code: Some(code), detail: Some(detail), .. }) = waiting else {
        panic!("{outputs:?}")
    };
    assert_eq!(Cause { code, detail }, cause);
    let asked = give(&mut engine, &mut store, Input::TimerDue);
    assert_eq!(tokens_asked(&[outputs, asked].concat()), [Some(cause.clone())]);

    give(&mut engine, &mut store, Input::Token("second".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let outputs = receive(&mut engine, &mut store, &closed);
    assert_eq!(connections(&outputs), [ConnectionState::Rejected(cause.clone())]);
    let outputs = give(&mut engine, &mut store, Input::ConnectNow);
    assert_eq!(tokens_asked(&outputs), [Some(cause)]);
}

#[test]
fn a_token_that_expires_while_there_is_no_link_is_asked_for_anew_though_the_one_before_it_was_refused() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let cause = Cause { code: Code::TokenExpired, detail: "the token has expired".to_owned() };
    let closed = ServerFrame::Closed(Closed { code: cause.code, detail: cause.detail.clone(), retry_after_ms: None });
    drain(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("first".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    receive(&mut engine, &mut store, &closed);
    give(&mut engine, &mut store, Input::TimerDue);
    give(&mut engine, &mut store, Input::Token("second".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    give(&mut engine, &mut store, Input::LinkLost);
    give(&mut engine, &mut store, Input::ConnectNow);
    give(&mut engine, &mut store, Input::LinkOpened);
    let outputs = receive(&mut engine, &mut store, &closed);
    let asked = give(&mut engine, &mut store, Input::TimerDue);
    assert_eq!(tokens_asked(&[outputs, asked].concat()), [Some(cause)]);
}

#[test]
fn v90_the_cause_of_a_token_that_the_app_cannot_give_is_told_and_it_is_asked_again() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    let outputs = give(&mut engine, &mut store, Input::TokenFailed("503 from /token".to_owned()));
    let [ConnectionState::Waiting { code: Some(code), detail: Some(detail), .. }] = &connections(&outputs)[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((*code, detail.as_str()), (Code::TokenUnavailable, "503 from /token"));
    let outputs = give(&mut engine, &mut store, Input::ConnectNow);
    assert_eq!(tokens_asked(&outputs), [None]);
}

pub(super) fn sent(outputs: &[Output]) -> impl Iterator<Item = ClientFrame> {
    outputs.iter().filter_map(|output| match output {
        Output::Send(bytes) => decode_frame(bytes, usize::MAX).ok(),
        _ => None,
    })
}

pub(super) fn pushes(outputs: &[Output]) -> impl Iterator<Item = Push> {
    sent(outputs).filter_map(|frame| match frame {
        ClientFrame::Push(push) => Some(push),
        _ => None,
    })
}

/// The requests that fetch a stream.
pub(super) fn fetches(outputs: &[Output], stream: &StreamId) -> impl Iterator<Item = u64> {
    sent(outputs).filter_map(move |frame| match frame {
        ClientFrame::Fetch(fetch) if fetch.stream == *stream => Some(fetch.request),
        _ => None,
    })
}

/// A head with entries behind it, as a server has it.
pub(super) fn head_of(before: Head, entries: &[Entry]) -> Head {
    let hash = |entry: &Entry| ChangeHash::of_change(&entry.change).unwrap_or(ChangeHash::from_bytes([0; 32]));
    entries.iter().fold(before, |head, entry| head.next(&config().tenant, entry, hash(entry)))
}

/// What a fetch brings: entries behind a head, the last of which is the newest.
pub(super) fn fetched(request: u64, stream: &StreamId, before: Head, entries: Vec<Entry>) -> ServerFrame {
    let Head { position, chain } = head_of(before, &entries);
    ServerFrame::Fetched(Fetched {
        request,
        stream: stream.clone(),
        head: position,
        page: 0,
        restart: false,
        documents: Vec::new(),
        entries,
        receipts: Vec::new(),
        threads: Vec::new(),
        lacks: Vec::new(),
        unread: None,
        chain,
    })
}

#[test]
fn p23_a_frame_in_pieces_is_the_frame() {
    let cursor = encode(&ServerFrame::CaughtUp(Cursor::new(7)));
    let piece = |bytes: &[u8], last| ServerFrame::Piece(Piece { bytes: bytes.to_vec(), last });
    let begun = || {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        drain(&mut engine, &mut store);
        begin_session(&mut engine, &mut store);
        (engine, store)
    };
    let is_online = |outputs: &[Output]| connections(outputs).contains(&ConnectionState::Online);
    let (mut engine, mut store) = begun();
    assert!(!is_online(&receive(&mut engine, &mut store, &piece(&cursor[..2], false))));
    // What comes in between is taken as it comes.
    receive(&mut engine, &mut store, &ServerFrame::Summaries(Vec::new()));
    assert!(is_online(&receive(&mut engine, &mut store, &piece(&cursor[2..], true))));
    // Pieces of nothing, and pieces of a piece, end the session.
    for bytes in [encode(&piece(&cursor, true)), b"no frame".to_vec()] {
        let (mut engine, mut store) = begun();
        let outputs = receive(&mut engine, &mut store, &piece(&bytes, true));
        assert!(outputs.contains(&Output::Disconnect), "{outputs:?}");
    }
}

#[test]
fn s8_what_waits_is_pushed_once_the_session_has_begun() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    let command = CreateConversation::group(Some("Trip".into()), vec![]).into();
    give(&mut engine, &mut store, Input::Command { request: 0, command });
    assert_eq!(pushes(&begin_session(&mut engine, &mut store)).count(), 1);
    let outputs = receive(&mut engine, &mut store, &ServerFrame::CaughtUp(Cursor::new(1)));
    assert_eq!(pushes(&outputs).count(), 0, "it is under way: {outputs:?}");
}

/// The entries that the changes of a push become, from a position on.
pub(super) fn admitted(push: &Push, first: u64) -> Vec<Entry> {
    let entry = |(position, pushed): (u64, &PushedChange)| Entry {
        position: Position::new(position),
        document: pushed.document.clone(),
        account: config().account,
        administrator: false,
        accepted_at: now().wall,
        change: pushed.change.clone(),
        deletes: None,
    };
    (first..).zip(&push.changes).map(entry).collect()
}

pub(super) fn answer(push: &Push, first: u64) -> ServerFrame {
    let positions: Vec<Position> = (first..).zip(&push.changes).map(|(position, _)| Position::new(position)).collect();
    let accepted_at = vec![now().wall; positions.len()];
    ServerFrame::Accepted(Accepted {
        request: push.request,
        stream: push.stream.clone(),
        positions,
        accepted_at,
        administrators: Vec::new(),
    })
}

#[test]
fn s8_an_answer_that_comes_before_the_entries_in_front_of_it_waits_for_them() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&created, 1));
    let conversation = created.stream.conversation().unwrap();
    // Another device of the same account speaks first.
    let first = counts::commanded_elsewhere(&created, [SendMessage::new(conversation, "first").into()].into_iter());
    let say = Input::Command { request: 9, command: SendMessage::new(conversation, "second").into() };
    let pushed = pushes(&give(&mut engine, &mut store, say)).next().unwrap();

    let outputs = receive(&mut engine, &mut store, &answer(&pushed, 3));
    let request = fetches(&outputs, &created.stream).next().expect("what is missing is fetched");
    let created_head = head_of(Head::default(), &admitted(&created, 1));
    assert!(store.records().keys().any(|key| key.starts_with(OUTBOX)), "it cannot be taken in yet");
    let outputs = receive(&mut engine, &mut store, &fetched(request, &created.stream, created_head, first));
    assert_eq!(pushes(&outputs).count(), 0, "it was answered: {outputs:?}");
    assert!(!store.records().keys().any(|key| key.starts_with(OUTBOX)));
}

#[test]
fn s8_what_was_accepted_is_not_pushed_again_to_whoever_may_not_read_what_came_before() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 0);
    // Another device of the account wrote the same, and has left since.
    let outputs = receive(&mut engine, &mut store, &answer(&push, 5));
    let request = fetches(&outputs, &push.stream).next().expect("what is missing is fetched");
    let refused = Refused {
        request,
        stream: push.stream,
        index: 0,
        code: Code::MemberLeft,
        detail: String::new(),
        retry_at: None,
        lacks: Vec::new(),
    };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Refused(refused));
    assert_eq!(pushes(&outputs).count(), 0, "it was answered: {outputs:?}");
    assert!(!store.records().keys().any(|key| key.starts_with(OUTBOX)));
}

#[test]
fn a_refusal_is_of_the_change_that_was_pushed_not_of_what_has_moved_into_its_place() {
    for code in [Code::AlreadyWritten, Code::PermissionDenied] {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, 2);
        let [.., last] = &push.changes[..] else { panic!("three changes are pushed") };
        // All but the last turn out to be in the journal before the push is answered.
        let mut entries = admitted(&push, 1);
        entries.pop();
        receive(&mut engine, &mut store, &ServerFrame::Entries(Entries { stream: push.stream.clone(), entries }));
        let refusal = Refused {
            request: push.request,
            stream: push.stream.clone(),
            index: 1,
            code,
            detail: String::new(),
            retry_at: None,
            lacks: Vec::new(),
        };
        let outputs = receive(&mut engine, &mut store, &ServerFrame::Refused(refusal));
        let again = pushes(&outputs).next().expect("what nobody has answered is pushed again");
        assert_eq!(again.changes, std::slice::from_ref(last));
    }
}

/// A node that does not know a session's push, because another one committed it,
/// tells the session of the entry before it answers the push.
#[test]
fn e3_an_answer_behind_its_own_entry_takes_no_other_command_with_it() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 1);
    assert_eq!(push.changes.len(), 2);
    let entries = Entries { stream: push.stream.clone(), entries: admitted(&push, 1)[..1].to_vec() };
    receive(&mut engine, &mut store, &ServerFrame::Entries(entries));
    let (positions, accepted_at) = (vec![Position::new(1)], vec![now().wall]);
    let accepted =
        Accepted { request: push.request, stream: push.stream, positions, accepted_at, administrators: Vec::new() };
    receive(&mut engine, &mut store, &ServerFrame::Accepted(accepted));
    let waiting = store.records().keys().filter(|key| key.starts_with(OUTBOX)).count();
    assert_eq!(waiting, 1, "the words were not answered");
}

#[test]
fn s7_a_clock_set_back_defers_a_push_no_longer_than_a_server_may() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 0);
    let refused = Refused {
        request: push.request,
        stream: push.stream,
        index: 0,
        code: Code::StoreUnavailable,
        detail: String::new(),
        // Two seconds from now, had the device's clock not been set back by an hour.
        retry_at: Some(now().wall.plus(core::time::Duration::from_secs(3_602))),
        lacks: Vec::new(),
    };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Refused(refused));
    assert!(engine.ctx.timers.get(timers::Timer::Deferred).is_some(), "{outputs:?}");
    let latest = now().monotonic.plus(core::time::Duration::from_secs(120));
    assert!(engine.ctx.timers.get(timers::Timer::Deferred) <= Some(latest));
}

#[test]
fn s7_what_is_deferred_is_sent_again_in_time_by_a_clock_that_is_a_little_wrong() {
    let (wall, half_minute, wait) = (now().wall, Duration::from_secs(30), Duration::from_millis(250));
    for server_time in [wall.plus(half_minute), WallTime::from_millis(wall.as_millis() - 30_000)] {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, 0);
        receive(&mut engine, &mut store, &ServerFrame::Pong(Pong { number: 1, server_time }));
        let refused = Refused {
            request: push.request,
            stream: push.stream,
            index: 0,
            code: Code::RateLimited,
            detail: String::new(),
            retry_at: Some(server_time.plus(wait)),
            lacks: Vec::new(),
        };
        receive(&mut engine, &mut store, &ServerFrame::Refused(refused));
        assert_eq!(engine.ctx.timers.get(timers::Timer::Deferred), Some(now().monotonic.plus(wait)));
    }
}

#[test]
fn s7_a_fetch_that_is_sent_before_the_deferred_one_takes_its_place() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&created, 1));
    let say = Input::Command {
        request: 9,
        command: SendMessage::new(created.stream.conversation().unwrap(), "words").into(),
    };
    let push = pushes(&give(&mut engine, &mut store, say)).next().unwrap();
    // Something came before it.
    let outputs = receive(&mut engine, &mut store, &answer(&push, 3));
    let request = fetches(&outputs, &push.stream).next().expect("what is missing is fetched");
    let retry_at = Some(now().wall.plus(Duration::from_secs(60)));
    let refusal = Refused {
        request,
        stream: push.stream.clone(),
        index: 0,
        code: Code::RateLimited,
        detail: String::new(),
        retry_at,
        lacks: Vec::new(),
    };
    receive(&mut engine, &mut store, &ServerFrame::Refused(refusal));
    // What is told meanwhile leaves a gap as well.
    let entries = Entries { stream: push.stream.clone(), entries: admitted(&push, 3) };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Entries(entries));
    assert_eq!(fetches(&outputs, &push.stream).count(), 1, "{outputs:?}");
    assert_eq!(engine.ctx.timers.get(timers::Timer::Deferred), None);
}

#[test]
fn e41_a_conversation_whose_creation_is_refused_leaves_the_screen_until_it_is_tried_again() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 1);
    let conversation = push.stream.conversation().unwrap();
    give(&mut engine, &mut store, Input::OpenConversation(conversation));
    let outputs = receive(&mut engine, &mut store, &refused(&push, Code::NotDeliverable));
    assert!(outputs.contains(&Output::Update(Update::Gone(conversation))), "{outputs:?}");
    let ids: Vec<u64> = outputs.iter().flat_map(refused_ids).collect();
    assert_eq!(ids.len(), 2, "both commands are kept");
    let of_it = |key: &&String| key.contains(&conversation.to_string());
    assert_eq!(store.records().keys().find(of_it), None);

    // Tried again, it is the same one, and takes the words that were meant for it.
    let mut retry = |id: u64| give(&mut engine, &mut store, Input::RetryRefused { request: 7, id, words: None });
    let outputs = retry(ids[0]);
    let mut of_retry = pushes(&outputs);
    assert_eq!(of_retry.next().map(|push| push.stream), Some(push.stream));
    let is_detail = |output: &Output| matches!(output, Output::Update(Update::Conversation(_)));
    assert!(outputs.iter().any(is_detail), "{outputs:?}");
    assert!(retry(ids[1]).iter().any(|output| matches!(output, Output::Update(Update::CommandStored { .. }))));
}

/// The answer that refuses a push from its first change on.
pub(super) fn refused(push: &Push, code: Code) -> ServerFrame {
    let (stream, detail) = (push.stream.clone(), String::new());
    ServerFrame::Refused(Refused {
        request: push.request,
        stream,
        index: 0,
        code,
        detail,
        retry_at: None,
        lacks: Vec::new(),
    })
}

pub(super) fn refused_ids(output: &Output) -> Vec<u64> {
    match output {
        Output::Update(Update::Refused { rows, .. }) => rows.iter().map(|row| row.id).collect(),
        _ => Vec::new(),
    }
}

/// What a screen is told of requests, by number: whether they were stored.
fn answers(outputs: &[Output]) -> Vec<(u64, bool)> {
    let answer = |output: &Output| match output {
        Output::Update(Update::CommandStored { request, .. }) => Some((*request, true)),
        Output::Update(Update::CommandFailed { request, .. }) => Some((*request, false)),
        _ => None,
    };
    outputs.iter().filter_map(answer).collect()
}

#[test]
fn e2_a_refused_command_that_is_retried_twice_is_commanded_once_and_goes_when_that_is_stored() {
    for (result, is_stored) in [(Err(StorageError::Full), false), (Ok(StorageAnswer::Written), true)] {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let push = push_of(&mut engine, &mut store, 0);
        let outputs = receive(&mut engine, &mut store, &refused(&push, Code::NotDeliverable));
        let [id] = outputs.iter().flat_map(refused_ids).collect::<Vec<_>>()[..] else { panic!("{outputs:?}") };

        let mut retry = |request: u64, words: Option<&str>| {
            engine.handle(now(), Input::RetryRefused { request, id, words: words.map(str::to_owned) }).unwrap();
            std::iter::from_fn(|| engine.poll()).collect::<Vec<_>>()
        };
        let first = retry(1, None);
        let [task] = first.iter().filter_map(storage_task).collect::<Vec<_>>()[..] else { panic!("{first:?}") };
        let StorageRequest::Write(writes) = &task.request else { panic!("{task:?}") };
        let is_deleted =
            |key: &str| writes.iter().any(|write| matches!(write, Write::Delete(deleted) if deleted == key));
        let key = store.records().keys().find(|key| key.starts_with("refused/")).unwrap().clone();
        assert!(is_deleted(&key), "in one transaction: {writes:?}");
        assert!(writes.iter().any(|write| matches!(write, Write::Put(key, _) if key.starts_with(OUTBOX))));
        let second = retry(2, None);
        assert!(second.iter().find_map(storage_task).is_none() && answers(&second).is_empty(), "{second:?}");
        assert_eq!(answers(&retry(3, Some("other words"))), [(3, false)]);

        if result.is_ok() {
            store.run(&task.request).unwrap();
        }
        engine.handle(now(), Input::StorageFinished(task.id, result)).unwrap();
        let outputs = drain(&mut engine, &mut store);
        assert_eq!(answers(&outputs), [(1, is_stored), (2, is_stored)]);
        let later = Now { monotonic: MonotonicTime::from_millis(60_000), ..now() };
        engine.handle(later, Input::TimerDue).unwrap();
        drain(&mut engine, &mut store);
        assert_eq!(store.records().contains_key(&key), !is_stored);
        assert_eq!(store.records().keys().filter(|key| key.starts_with(OUTBOX)).count(), usize::from(is_stored));
    }
}

fn storage_task(output: &Output) -> Option<&StorageTask> {
    match output {
        Output::Storage(task) => Some(task),
        _ => None,
    }
}

#[test]
fn e2_a_first_profile_that_is_refused_is_not_shown_any_more() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    let profile = Profile { display_name: Some("Ann A.".into()), ..Profile::default() };
    let command = SetProfile { profile: profile.clone(), account: None }.into();
    let outputs = give(&mut engine, &mut store, Input::Command { request: 1, command });
    let shown = |outputs: &[Output]| {
        outputs.iter().rev().find_map(|output| match output {
            Output::Update(Update::Profile { profile, .. }) => Some(profile.clone()),
            _ => None,
        })
    };
    assert_eq!(shown(&outputs), Some(profile));
    let outputs = go_online(&mut engine, &mut store);
    let push = pushes(&outputs).next().expect("the profile is pushed");
    let outputs = receive(&mut engine, &mut store, &refused(&push, Code::ChangeTooLarge));
    assert_eq!(shown(&outputs), Some(Profile::default()), "{outputs:?}");
}

#[test]
fn e73_a_token_of_somebody_else_is_refused_with_a_code_of_its_own() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("another's".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let welcome = Welcome { account: AccountId::parse("bob").unwrap(), administrator: true, ..welcome() };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome)));
    let is_rejected = |output: &Output| match output {
        Output::Update(Update::Connection(ConnectionState::Rejected(cause))) => cause.code == Code::TokenForeign,
        _ => false,
    };
    assert!(outputs.iter().any(is_rejected), "{outputs:?}");
    // Tried again, the app is asked for a token, and nothing of the other account was taken over.
    let outputs = give(&mut engine, &mut store, Input::ConnectNow);
    assert!(outputs.iter().any(|output| matches!(output, Output::NeedToken { .. })), "{outputs:?}");
    assert!(!engine.ctx.session.administrator);
}

#[test]
fn e72_an_administrator_is_one_after_a_start_without_a_network_too() {
    let mut store = MemoryStore::default();
    let create = || Input::Command {
        request: 1,
        command: CreateConversation::new(ConversationKind::System, None, vec![]).into(),
    };
    for is_told in [false, true] {
        let mut engine = Engine::new(now(), config());
        drain(&mut engine, &mut store);
        assert_eq!(answers(&give(&mut engine, &mut store, create())), [(1, is_told)]);
        give(&mut engine, &mut store, Input::Token("token".into()));
        give(&mut engine, &mut store, Input::LinkOpened);
        let welcome = Welcome { administrator: true, ..welcome() };
        receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome)));
    }
}
