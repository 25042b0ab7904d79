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
