//! What waits to be sent, and is written anew.

use super::{
    session::{admitted, answer, fetched, fetches, head_of, push_of, pushes, refused, refused_ids},
    *,
};
use crate::engine::commands::outbox::REWRITES_MAX;

#[test]
fn e70_what_waits_behind_what_was_said_already_is_written_anew_when_its_own_turn_comes() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&created, 1));
    let conversation = created.stream.conversation().unwrap();
    let say = |text: String| Input::Command { request: 9, command: SendMessage::new(conversation, text).into() };
    let outputs = give(&mut engine, &mut store, say("first".to_owned()));
    let mut push = pushes(&outputs).next().unwrap();
    (0..=REWRITES_MAX).for_each(|number| drop(give(&mut engine, &mut store, say(number.to_string()))));
    let head = head_of(Head::default(), &admitted(&created, 1));
    let is_kept = |outputs: &[Output]| outputs.iter().all(|output| refused_ids(output).is_empty());
    // A copy of this device says all of them, each just before this one does.
    for number in 0..=REWRITES_MAX {
        let outputs = receive(&mut engine, &mut store, &refused(&push, Code::AlreadyWritten));
        let request = fetches(&outputs, &created.stream).next().expect("what it was said by is fetched");
        let outputs = receive(&mut engine, &mut store, &fetched(request, &created.stream, head, Vec::new()));
        push = pushes(&outputs).next().unwrap_or_else(|| panic!("after {number} the next is pushed: {outputs:?}"));
    }
    let outputs = receive(&mut engine, &mut store, &refused(&push, Code::ClockAhead));
    assert!(is_kept(&outputs), "the last is written anew by the server's time: {outputs:?}");
    assert_eq!(store.records().keys().filter(|key| key.starts_with(OUTBOX)).count(), 1);
}

#[test]
fn e8_a_creation_that_was_admitted_by_another_change_is_not_refused() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 1);
    let mut outputs = receive(&mut engine, &mut store, &refused(&push, Code::ConversationExists));
    let request = fetches(&outputs, &push.stream).next().expect("what there is is fetched");
    let created = admitted(&push, 1)[..1].to_vec();
    let fetched = fetched(request, &push.stream, Head::default(), created);
    outputs.extend(receive(&mut engine, &mut store, &fetched));
    assert!(outputs.iter().all(|output| refused_ids(output).is_empty()), "{outputs:?}");
    let again = pushes(&outputs).next().expect("the rest is written on that");
    assert_eq!(again.changes.len(), 1);
}

#[test]
fn e3_a_push_on_its_way_is_answered_before_the_outbox_is_written_anew() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&created, 1));
    let conversation = created.stream.conversation().unwrap();
    let say = |text: &str| Input::Command { request: 9, command: SendMessage::new(conversation, text).into() };
    let push = pushes(&give(&mut engine, &mut store, say("on its way"))).next().unwrap();
    // Written anew, it would be another change: it would know of this one.
    let elsewhere = SendMessage::new(conversation, "elsewhere").into();
    let entries = counts::commanded_elsewhere(&created, [elsewhere].into_iter());
    receive(&mut engine, &mut store, &ServerFrame::Entries(Entries { stream: push.stream.clone(), entries }));
    engine.rewrite(&push.stream);
    assert_eq!(pushes(&drain(&mut engine, &mut store)).count(), 0);
    receive(&mut engine, &mut store, &answer(&push, 3));
    assert_eq!(store.records().keys().find(|key| key.starts_with(OUTBOX)), None, "it was admitted");
    let outputs = give(&mut engine, &mut store, say("next"));
    assert_eq!(pushes(&outputs).count(), 1, "{outputs:?}");

    // What an answer leaves is written anew right after it.
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 2);
    engine.rewrite(&push.stream);
    let entries = admitted(&push, 1)[..2].to_vec();
    receive(&mut engine, &mut store, &ServerFrame::Entries(Entries { stream: push.stream.clone(), entries }));
    let outputs = receive(&mut engine, &mut store, &refused_at(&push, push.request, 1, Code::PermissionDenied));
    let again = pushes(&outputs).next().expect("the rest is pushed again");
    assert_eq!(again.changes.len(), 1);
}

/// The answer that refuses a request about the stream of a push.
fn refused_at(push: &Push, request: u64, index: u32, code: Code) -> ServerFrame {
    match refused(push, code) {
        ServerFrame::Refused(answer) => ServerFrame::Refused(Refused { request, index, ..answer }),
        other => other,
    }
}

#[test]
fn e8_what_was_accepted_is_not_refused_where_its_entries_cannot_be_fetched() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let push = push_of(&mut engine, &mut store, 1);
    let first = Push { changes: push.changes[..1].to_vec(), ..push.clone() };
    let mut outputs = receive(&mut engine, &mut store, &answer(&first, 6));
    let request = fetches(&outputs, &push.stream).next().expect("what precedes it is fetched");
    outputs.extend(receive(&mut engine, &mut store, &refused_at(&push, push.request, 1, Code::WrongActor)));
    outputs.extend(receive(&mut engine, &mut store, &refused_at(&push, request, 0, Code::MemberBanned)));
    let again = pushes(&outputs).last().expect("the rest is pushed again");
    assert_eq!(again.changes.len(), 1);
    outputs.extend(receive(&mut engine, &mut store, &refused(&again, Code::MemberBanned)));
    assert_eq!(outputs.iter().flat_map(refused_ids).count(), 1, "{outputs:?}");
}

#[test]
fn e8_nothing_is_given_back_of_a_conversation_off_the_list_before_its_push_is_answered() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    let created = push_of(&mut engine, &mut store, 0);
    receive(&mut engine, &mut store, &answer(&created, 1));
    let conversation = created.stream.conversation().unwrap();
    let command = SendMessage::new(conversation, "words").into();
    give(&mut engine, &mut store, Input::Command { request: 9, command });
    // Everything but the outbox is lost.
    let lost = store.records().keys().filter(|key| !key.starts_with(OUTBOX)).cloned().map(Write::Delete).collect();
    store.run(&StorageRequest::Write(lost)).unwrap();
    let mut engine = Engine::new(now(), config());
    let mut outputs = drain(&mut engine, &mut store);
    outputs.extend(go_online(&mut engine, &mut store));
    outputs.extend(give(&mut engine, &mut store, Input::OpenConversation(conversation)));
    let push = pushes(&outputs).last().expect("what waits is pushed");
    let request = fetches(&outputs, &created.stream).last().expect("what is shown is fetched");
    let banned = |request| refused_at(&push, request, 0, Code::MemberBanned);
    outputs.extend(receive(&mut engine, &mut store, &banned(request)));
    outputs.extend(receive(&mut engine, &mut store, &answer(&push, 2)));
    let again = fetches(&outputs, &created.stream).last().filter(|again| *again != request);
    outputs.extend(receive(&mut engine, &mut store, &banned(again.expect("what precedes it is asked for"))));
    assert!(outputs.iter().all(|output| refused_ids(output).is_empty()), "{outputs:?}");
    assert!(!store.records().keys().any(|key| key.starts_with(OUTBOX)));
}
