//! Requests to come into a conversation, and what ends them.

use super::{
    session::{admitted, answer, fetched, fetches, head_of, push_of, pushes, refused, refused_ids, sent},
    *,
};
use crate::{
    command::{LeaveConversation, RequestMembership, TransferOwnership},
    model::{ConversationKind, ConversationState, MemberStatus, MembershipAction, Receipt, Role},
    wire::{ConversationSummary, Revoked},
};

/// The number with which a request was sent.
fn asked(outputs: &[Output]) -> u64 {
    let request = sent(outputs).find_map(|frame| match frame {
        ClientFrame::MembershipRequest(asked) => Some(asked.request),
        _ => None,
    });
    request.expect("it is asked")
}

fn granted(request: u64, stream: StreamId) -> ServerFrame {
    let (positions, accepted_at) = (vec![Position::new(3)], vec![now().wall]);
    ServerFrame::Accepted(Accepted { request, stream, positions, accepted_at, administrators: Vec::new() })
}

/// A conversation as a server lists it.
fn summary(conversation: ConversationId) -> ConversationSummary {
    ConversationSummary {
        conversation,
        kind: ConversationKind::Group,
        title: None,
        state: ConversationState::Active,
        role: Role::Member,
        status: MemberStatus::Active,
        member_count: 0,
        others: Vec::new(),
        last_message: None,
        position: Position::new(3),
        page: 0,
        receipt: Receipt::default(),
        unread: 0,
        created_at: now().wall,
        subscriber_count: 0,
        resource: None,
        joined: Position::ZERO,
        chain: Default::default(),
    }
}

#[test]
fn s27_a_membership_request_that_is_granted_where_nothing_is_left_is_over() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    let conversation = ConversationId::from_bytes([1; 16]);
    let command = RequestMembership { conversation, action: MembershipAction::Join(None) }.into();
    let outputs = give(&mut engine, &mut store, Input::Command { request: 1, command });
    let request = asked(&outputs);
    let deleted = ConversationSummary { state: ConversationState::Deleted, ..summary(conversation) };
    receive(&mut engine, &mut store, &ServerFrame::Summaries(vec![deleted]));
    let stream = StreamId::Conversation(conversation);
    let outputs = receive(&mut engine, &mut store, &granted(request, stream));
    assert!(outputs.contains(&Output::Update(Update::Unsynced(0))), "{outputs:?}");
}

/// What becomes of a message that waits when the server, having said which entry removed the account, sends the
/// stream up to its second entry, in which the account is a member.
fn fetch_behind_removal(at: u64) -> Vec<Output> {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    let stream = created.stream.clone();
    let conversation = stream.conversation().unwrap();
    receive(&mut engine, &mut store, &answer(&created, 1));
    let mut send = |text| {
        let command = SendMessage::new(conversation, text).into();
        pushes(&give(&mut engine, &mut store, Input::Command { request: 9, command })).next()
    };
    let push = send("one").expect("it is pushed");
    assert!(send("two").is_none(), "one push at a time");
    let outputs = receive(&mut engine, &mut store, &refused(&push, Code::Stale));
    let request = fetches(&outputs, &stream).next().expect("what it was written against is outdated");
    let (status, position) = (MemberStatus::Removed, Position::new(at));
    receive(&mut engine, &mut store, &ServerFrame::Revoked(Revoked { conversation, status, position }));
    let before = head_of(Head::default(), &admitted(&created, 1));
    receive(&mut engine, &mut store, &fetched(request, &stream, before, admitted(&push, 2)))
}

#[test]
fn e145_who_was_removed_and_is_in_what_is_fetched_since_writes_on() {
    let outputs = fetch_behind_removal(2);
    assert_eq!(pushes(&outputs).map(|push| push.changes.len()).collect::<Vec<_>>(), [1], "{outputs:?}");
    assert!(outputs.iter().all(|output| refused_ids(output).is_empty()), "{outputs:?}");
}

#[test]
fn e145_who_was_removed_behind_what_is_fetched_does_not() {
    let outputs = fetch_behind_removal(3);
    assert_eq!(pushes(&outputs).count(), 0, "{outputs:?}");
    assert!(outputs.iter().any(|output| !refused_ids(output).is_empty()), "{outputs:?}");
}

#[test]
fn s27_a_membership_request_of_whoever_could_not_leave_is_over() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    let account = AccountId::parse("bob").unwrap();
    let give_away = TransferOwnership { conversation, account }.into();
    give(&mut engine, &mut store, Input::Command { request: 2, command: give_away });
    let push = pushes(&go_online(&mut engine, &mut store)).next().expect("the group is pushed");
    receive(&mut engine, &mut store, &answer(&push, 1));
    let command = LeaveConversation { conversation }.into();
    let push = pushes(&give(&mut engine, &mut store, Input::Command { request: 3, command })).next();
    let command = RequestMembership { conversation, action: MembershipAction::Join(None) }.into();
    let request = asked(&give(&mut engine, &mut store, Input::Command { request: 4, command }));
    // To the server nobody has left.
    let outputs = receive(&mut engine, &mut store, &granted(request, StreamId::Conversation(conversation)));
    assert!(!outputs.contains(&Output::Update(Update::Unsynced(0))), "{outputs:?}");
    let outputs = receive(&mut engine, &mut store, &refused(&push.expect("it is pushed"), Code::LastOwner));
    assert!(outputs.contains(&Output::Update(Update::Unsynced(0))), "{outputs:?}");
}

#[test]
fn e146_a_conversation_that_is_there_without_its_creator_has_a_row_and_no_detail() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let conversation = open_group(&mut engine, &mut store);
    let push = pushes(&go_online(&mut engine, &mut store)).next().expect("the group is pushed");
    // Another device began it, and the account was removed since.
    let removed = ConversationSummary { status: MemberStatus::Removed, ..summary(conversation) };
    receive(&mut engine, &mut store, &ServerFrame::Summaries(vec![removed]));
    let outputs = receive(&mut engine, &mut store, &refused(&push, Code::MemberRemoved));
    assert!(outputs.contains(&Output::Update(Update::Gone(conversation))), "{outputs:?}");
    let listed = |output: &Output| matches!(output, Output::Update(Update::Conversations(rows)) if rows.len() == 1);
    assert!(outputs.iter().any(listed), "{outputs:?}");
}
