//! A device whose server, or whose store, has met a newer version.

use super::{
    session::{admitted, answer, begin_session, connections, fetches, head_of, push_of, pushes, sent, welcome},
    *,
};
use crate::{
    api::ConversationRow,
    model::{
        AccountKind, Content, ConversationKind, ConversationState, MemberStatus, PresenceKind, Profile, Receipt, Role,
    },
    wire::{
        Closed, ConversationSummary, LastMessage, MemberPresence, ProfileNotice, Revoked, Versions, newer::with_a_name,
    },
};

/// `["drawing", {0: "A drawing"}]`.
fn drawing() -> Content {
    crate::wire::decode(b"\x82\x67drawing\xa1\x00\x69A drawing").unwrap()
}

/// A conversation of which this version knows nothing but that it is there.
fn summary() -> ConversationSummary {
    let message = MessageId { stamp: Stamp::new(now().wall, 1, [9; 8]), author: AccountId::parse("bob").unwrap() };
    ConversationSummary {
        conversation: ConversationId::from_bytes([9; 16]),
        kind: ConversationKind::Unknown,
        title: Some("Whiteboard".into()),
        state: ConversationState::Unknown,
        role: Role::Unknown,
        status: MemberStatus::Active,
        member_count: 2,
        others: vec![AccountId::parse("bob").unwrap()],
        last_message: Some(LastMessage { message, preview: Some(drawing()), position: Position::new(3) }),
        position: Position::new(3),
        page: 1,
        receipt: Receipt::default(),
        unread: 1,
        created_at: now().wall,
        joined: Position::ZERO,
        subscriber_count: 0,
        chain: Default::default(),
        resource: None,
    }
}

fn rows(outputs: &[Output]) -> Vec<ConversationRow> {
    let rows = outputs.iter().filter_map(|output| match output {
        Output::Update(Update::Conversations(rows)) => Some(rows.clone()),
        _ => None,
    });
    rows.flatten().collect()
}

#[track_caller]
fn check_well(outputs: &[Output]) {
    let is_odd = |output: &&Output| {
        matches!(output, Output::Disconnect | Output::Update(Update::StorageFailed(_) | Update::ServerFault(_)))
    };
    assert_eq!(outputs.iter().find(is_odd), None);
}

#[test]
fn w60_what_a_newer_server_tells_is_shown_stored_and_read_again() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    let bob = AccountId::parse("bob").unwrap();
    let conversation = summary().conversation;
    let profile = Profile { kind: Some(AccountKind::Unknown), ..Profile::default() };
    let moved = ConversationSummary {
        conversation: ConversationId::from_bytes([8; 16]),
        status: MemberStatus::Unknown,
        ..summary()
    };
    let mut outputs = Vec::new();
    for frame in [
        ServerFrame::Summaries(vec![summary(), moved.clone()]),
        ServerFrame::Profiles(vec![ProfileNotice { account: bob.clone(), profile }]),
        ServerFrame::Presence(MemberPresence { conversation, account: bob, kind: PresenceKind::Unknown }),
    ] {
        outputs.extend(receive(&mut engine, &mut store, &frame));
    }
    check_well(&outputs);
    let shown = rows(&outputs);
    assert_eq!(shown.len(), 2, "{outputs:?}");
    let row = shown.iter().find(|row| row.conversation == conversation).unwrap().clone();
    assert_eq!((row.kind, row.state), (ConversationKind::Unknown, ConversationState::Unknown));
    assert_eq!(row.last_message.as_ref().and_then(|last| last.preview.clone()), Some(drawing()));
    // It is asked for what it may read, and for nothing of what it stands in in a way that it does not know.
    assert_eq!(fetches(&outputs, &StreamId::Conversation(conversation)).count(), 1);
    assert_eq!(fetches(&outputs, &StreamId::Conversation(moved.conversation)).count(), 0);
    let stands = MemberStatus::Unknown;
    let revoked = ServerFrame::Revoked(Revoked { conversation, status: stands, position: Position::new(4) });
    check_well(&receive(&mut engine, &mut store, &revoked));
    // The next start reads the same from its store, and nothing is damaged.
    let mut engine = Engine::new(now(), config());
    let outputs = drain(&mut engine, &mut store);
    check_well(&outputs);
    let row = ConversationRow { status: stands, ..row };
    assert!(rows(&outputs).contains(&row), "{outputs:?}");
}

#[test]
fn w60_a_refusal_with_a_code_of_a_newer_version_is_one_and_the_code_is_kept() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 0);
    let refused = ServerFrame::Refused(Refused {
        request: push.request,
        stream: push.stream,
        index: 0,
        code: Code::Unknown,
        detail: "says the next version".into(),
        retry_at: None,
        lacks: Vec::new(),
    });
    let codes = |outputs: &[Output]| {
        let refused = outputs.iter().filter_map(|output| match output {
            Output::Update(Update::Refused { rows, .. }) => Some(rows.iter().map(|row| row.code).collect::<Vec<_>>()),
            _ => None,
        });
        refused.flatten().collect::<Vec<_>>()
    };
    let outputs = receive(&mut engine, &mut store, &refused);
    check_well(&outputs);
    assert_eq!(codes(&outputs), [Code::Unknown]);
    let mut engine = Engine::new(now(), config());
    assert_eq!(codes(&drain(&mut engine, &mut store)), [Code::Unknown]);
}

#[test]
fn w61_a_frame_of_a_newer_server_is_passed_over() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    for frame in [vec![0x82, 0x18, 0x63, 0x80], vec![0x82, 0x18, 0x63, 0x81, 0xa1, 0x00, 0x05]] {
        assert_eq!(give(&mut engine, &mut store, Input::FrameReceived(frame)), []);
    }
}

#[test]
fn w64_a_device_that_is_too_old_keeps_what_is_written_until_it_is_upgraded() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    open_group(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("token".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let cause = Cause { code: Code::UpgradeRequired, detail: "this server speaks the versions 7 to 9".into() };
    let closed = Closed { code: cause.code, detail: cause.detail.clone(), retry_after_ms: None };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Closed(closed));
    assert_eq!(connections(&outputs), [ConnectionState::Rejected(cause)]);
    // It does not come again by itself, and takes commands as before.
    let later = Now { monotonic: MonotonicTime::from_millis(3_600_000), ..now() };
    engine.handle(later, Input::TimerDue).unwrap();
    assert!(!drain(&mut engine, &mut store).iter().any(|output| matches!(output, Output::Connect)));
    let group = *engine.inbox.iter().next().unwrap().0;
    let outputs = give(
        &mut engine,
        &mut store,
        Input::Command { request: 2, command: SendMessage::new(group, "written meanwhile").into() },
    );
    assert!(outputs.iter().any(|output| matches!(output, Output::Update(Update::CommandStored { request: 2, .. }))));
    assert!(outputs.contains(&Output::Update(Update::Unsynced(2))), "{outputs:?}");
    // The next version of the app goes on from the same store.
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    let outputs = begin_session(&mut engine, &mut store);
    assert_eq!(pushes(&outputs).map(|push| push.changes.len()).sum::<usize>(), 2, "{outputs:?}");
}

#[test]
fn w63_a_device_says_which_versions_it_speaks_and_comes_again_where_the_server_is_older() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("token".into()));
    let outputs = give(&mut engine, &mut store, Input::LinkOpened);
    let said =
        sent(&outputs).any(|frame| matches!(frame, ClientFrame::Hello(hello) if hello.versions == Versions::OWN));
    assert!(said, "{outputs:?}");
    let closed = Closed { code: Code::VersionUnsupported, detail: String::new(), retry_after_ms: None };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Closed(closed));
    assert!(matches!(&connections(&outputs)[..], [ConnectionState::Waiting { .. }]), "{outputs:?}");
    // Nor does it go on with a server that speaks what it does not.
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("token".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let welcome = Welcome { version: Versions::OWN.newest + 1, ..welcome() };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome)));
    assert!(outputs.contains(&Output::Disconnect), "{outputs:?}");
}

#[test]
fn w65_a_command_of_a_newer_version_waits_in_the_store_for_it() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    open_group(&mut engine, &mut store);
    let (key, sealed) = store.records().iter().find(|(key, _)| key.starts_with(OUTBOX)).unwrap();
    let content = record::content_of(sealed);
    // A map whose first field is a command: an array of two, the number of its kind and what it says.
    let (head, rest) = content.split_at(3);
    assert_eq!((head[0] >> 5, &head[1..], rest[0] < 24), (5, &[0x00, 0x82][..], true));
    let newer = record::sealed(key.clone(), &[head, &[0x18, 99], &rest[1..]].concat());
    store.run(&StorageRequest::Write(vec![Write::Put(newer.0.clone(), newer.1.clone())])).unwrap();
    let mut engine = Engine::new(now(), config());
    check_well(&drain(&mut engine, &mut store));
    check_well(&go_online(&mut engine, &mut store));
    let kept = store.records().iter().filter(|(key, _)| key.contains(OUTBOX));
    assert_eq!(kept.collect::<Vec<_>>(), [(&newer.0, &newer.1)]);
}

/// The store as another version of the package left it, for which these were unknown.
fn written_by_another_version(store: &mut MemoryStore, conversation: ConversationId) {
    let meta: MetaRecord = record::read(record::META, &store.records()[record::META]).unwrap();
    let key = record::inbox_key(conversation);
    let mut row: record::InboxRecord = record::read(&key, &store.records()[&key]).unwrap();
    row.row.kind = ConversationKind::Unknown;
    let meta = MetaRecord { version: "0.0.1".into(), ..meta };
    let writes = vec![record::put(record::META.to_owned(), &meta), record::put(key, &row)];
    store.run(&StorageRequest::Write(writes)).unwrap();
}

#[test]
fn w66_a_store_that_another_version_wrote_is_told_anew_and_its_outbox_stays() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&push, 1));
    let conversation = push.stream.conversation().unwrap();
    let plain = ConversationSummary {
        conversation,
        kind: ConversationKind::Group,
        state: ConversationState::Active,
        last_message: None,
        position: Position::new(1),
        chain: head_of(Head::default(), &admitted(&push, 1)).chain,
        ..summary()
    };
    let cursor_said = |store: &mut MemoryStore| {
        let mut engine = Engine::new(now(), config());
        drain(&mut engine, store);
        give(&mut engine, store, Input::Token("token".into()));
        let outputs = give(&mut engine, store, Input::LinkOpened);
        let hello = sent(&outputs).find_map(|frame| match frame {
            ClientFrame::Hello(hello) => Some(hello.cursor),
            _ => None,
        });
        (engine, hello.unwrap())
    };
    assert_eq!(cursor_said(&mut store).1, Some(Cursor::new(1)));
    written_by_another_version(&mut store, conversation);
    let (mut engine, cursor) = cursor_said(&mut store);
    assert_eq!(cursor, None);
    receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome())));
    check_well(&receive(&mut engine, &mut store, &ServerFrame::Summaries(vec![plain])));
    assert_eq!(engine.inbox.get(&conversation).unwrap().row.kind, ConversationKind::Group);
    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    let command = SendMessage::new(conversation, "not sent yet").into();
    give(&mut engine, &mut store, Input::Command { request: 1, command });
    written_by_another_version(&mut store, conversation);
    let (mut engine, _) = cursor_said(&mut store);
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome())));
    assert_eq!(pushes(&outputs).map(|push| push.changes.len()).sum::<usize>(), 1, "{outputs:?}");
}

#[test]
fn w60_a_name_that_is_not_known_is_read_wherever_it_stands_in_a_record() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 1);
    let sent = ConversationSummary { status: MemberStatus::Invited, ..summary() };
    let conversation = sent.conversation;
    let profile = Profile { kind: Some(AccountKind::Bot), ..Profile::default() };
    let refused = Refused {
        request: push.request,
        stream: push.stream.clone(),
        index: 1,
        code: Code::ValueInvalid,
        detail: String::new(),
        retry_at: None,
        lacks: Vec::new(),
    };
    for frame in [
        ServerFrame::Summaries(vec![sent]),
        ServerFrame::Profiles(vec![ProfileNotice { account: AccountId::parse("bob").unwrap(), profile }]),
        answer(&Push { changes: push.changes[..1].to_vec(), ..push.clone() }, 1),
        ServerFrame::Refused(refused),
    ] {
        receive(&mut engine, &mut store, &frame);
    }
    let group = push.stream.conversation().unwrap();
    give(&mut engine, &mut store, Input::OpenConversation(group));
    let ask = crate::command::RequestMembership { conversation, action: crate::model::MembershipAction::Accept };
    for (request, command) in [(7, ask.into()), (8, SendMessage::new(group, "more").into())] {
        give(&mut engine, &mut store, Input::Command { request, command });
    }
    let later = Now { monotonic: MonotonicTime::from_millis(60_000), ..now() };
    engine.handle(later, Input::TimerDue).unwrap();
    drain(&mut engine, &mut store);
    let mut kinds = crate::sorted::SortedSet::new();
    for (key, sealed) in store.records() {
        kinds.insert(key.split('/').next().unwrap());
        for newer in with_a_name(record::content_of(sealed)) {
            let sealed = record::sealed(key.clone(), &newer).1;
            assert!(record::recode(key, &newer).is_some() || record::is_newer(key, &sealed), "{key}");
        }
    }
    assert_eq!(
        Vec::from_iter(kinds),
        ["first_rows", "head", "inbox", "membership", "meta", "outbox", "profile", "refused", "rows", "tail"]
    );
}
