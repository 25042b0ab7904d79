//! What is told of a deletion while the store still reads what is let go of with it.

use super::*;
use crate::{
    ids::AccountId,
    journal::Position,
    model::{ConversationKind, ConversationState, MemberStatus, Receipt, Role},
    wire::ConversationSummary,
};

fn deleted(conversation: ConversationId) -> ServerFrame {
    summary(conversation, ConversationState::Deleted, 9)
}

/// A conversation as a server lists it at a position.
fn summary(conversation: ConversationId, state: ConversationState, position: u64) -> ServerFrame {
    ServerFrame::Summaries(vec![ConversationSummary {
        conversation,
        kind: ConversationKind::Group,
        title: None,
        state,
        role: Role::Owner,
        status: MemberStatus::Active,
        member_count: 0,
        others: Vec::<AccountId>::new(),
        last_message: None,
        position: Position::new(position),
        page: 0,
        receipt: Receipt::default(),
        unread: 0,
        created_at: now().wall,
        subscriber_count: 0,
        resource: None,
        joined: Position::ZERO,
        chain: Default::default(),
    }])
}

#[test]
fn s24_what_was_read_of_a_conversation_before_its_deletion_and_comes_after_it_lists_it_no_more() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = session::push_of(&mut engine, &mut store, 1);
    receive(&mut engine, &mut store, &session::answer(&push, 1));
    let conversation = push.stream.conversation().unwrap();
    let is_listed = |engine: &Engine| engine.inbox.get(&conversation).is_some();
    receive(&mut engine, &mut store, &deleted(conversation));
    assert!(!is_listed(&engine));
    receive(&mut engine, &mut store, &summary(conversation, ConversationState::Active, 8));
    assert!(!is_listed(&engine), "it was read before the deletion");
    // On the next link, the store may have been put back.
    give(&mut engine, &mut store, Input::LinkLost);
    give(&mut engine, &mut store, Input::ConnectNow);
    session::begin_session(&mut engine, &mut store);
    receive(&mut engine, &mut store, &summary(conversation, ConversationState::Active, 8));
    assert!(is_listed(&engine));
}

#[test]
fn s24_rows_that_were_read_while_the_deletion_was_told_are_not_shown() {
    for is_deleted in [false, true] {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        let stream = session::push_of(&mut engine, &mut store, 1).stream;
        let conversation = stream.conversation().unwrap();
        give(&mut engine, &mut store, Input::OpenConversation(conversation));
        give(&mut engine, &mut store, Input::CloseConversation(conversation));
        // As if all of it had been admitted: nothing that waits needs the documents.
        store.run(&StorageRequest::Write(vec![Write::DeletePrefix(OUTBOX.to_owned())])).unwrap();
        let mut engine = Engine::new(now(), config());
        drain(&mut engine, &mut store);
        session::begin_session(&mut engine, &mut store);
        engine.handle(now(), Input::OpenConversation(conversation)).unwrap();
        let asked: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
        let rows = asked.iter().find_map(|output| match output {
            Output::Storage(task) => Some(task.clone()),
            _ => None,
        });
        let rows = rows.expect("the rows are read first");
        let answer = store.run(&rows.request);
        if is_deleted {
            engine.handle(now(), Input::FrameReceived(encode(&deleted(conversation)))).unwrap();
            while engine.poll().is_some() {}
        }
        engine.handle(now(), Input::StorageFinished(rows.id, answer)).unwrap();
        let outputs: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
        let shown =
            |output: &Output| matches!(output, Output::Update(Update::Timeline(update)) if !update.rows.is_empty());
        assert_eq!(outputs.iter().any(shown), !is_deleted, "{outputs:?}");
    }
}

#[test]
fn s24_what_a_store_that_was_put_back_has_of_a_deleted_conversation_is_shown_from_its_beginning() {
    let settings = Settings { rows_step: 2, ..Settings::default() };
    let (mut engine, mut store) = (Engine::new(now(), EngineConfig { settings, ..config() }), MemoryStore::default());
    let push = session::push_of(&mut engine, &mut store, 4);
    let (stream, conversation) = (push.stream.clone(), push.stream.conversation().unwrap());
    receive(&mut engine, &mut store, &session::answer(&push, 1));
    let outputs = give(&mut engine, &mut store, Input::OpenConversation(conversation));
    assert_eq!(shown(&outputs), [(2, true)]);
    receive(&mut engine, &mut store, &deleted(conversation));
    give(&mut engine, &mut store, Input::LinkLost);
    give(&mut engine, &mut store, Input::ConnectNow);
    give(&mut engine, &mut store, Input::Token("token".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let welcome = Welcome { incarnation: IncarnationId::from_bytes([8; 16]), ..session::welcome() };
    receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(welcome)));
    receive(&mut engine, &mut store, &ServerFrame::CaughtUp(Cursor::new(1)));
    let entries = session::admitted(&push, 1);
    let newest = Entries { stream: stream.clone(), entries: entries[4..].to_vec() };
    let outputs = receive(&mut engine, &mut store, &ServerFrame::Entries(newest));
    let request = session::fetches(&outputs, &stream).last().expect("what is before it is fetched");
    let outputs = receive(&mut engine, &mut store, &session::fetched(request, &stream, Head::default(), entries));
    assert_eq!(shown(&outputs), [(4, false)]);
}

/// The number of rows in each update of a timeline, and whether it has older ones.
fn shown(outputs: &[Output]) -> Vec<(usize, bool)> {
    let update = |output: &Output| match output {
        Output::Update(Update::Timeline(update)) => Some((update.rows.len(), update.has_older)),
        _ => None,
    };
    outputs.iter().filter_map(update).collect()
}
