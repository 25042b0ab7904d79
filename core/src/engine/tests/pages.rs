//! Older pages, which are read when somebody scrolls to them.

use super::{counts::commanded_elsewhere, session::*, *};
use crate::{command::React, doc::Message, ids::TimelineId, wire::Entries};

/// A restarted engine looks at a conversation; the store has read an older page, and has not said so yet.
#[test]
fn e129_what_comes_of_a_page_while_it_is_read_is_on_it() {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    engine.ctx.limits.page_changes_soft = 20;
    let push = push_of(&mut engine, &mut store, 40);
    receive(&mut engine, &mut store, &answer(&push, 1));
    let (stream, conversation) = (push.stream.clone(), push.stream.conversation().unwrap());
    let page = TimelineId::of(conversation).page(1);
    let oldest = Message::read_all(engine.replica(&stream).unwrap().confirmed.document(&page).unwrap()).remove(0).id;
    let react = React { conversation, message: oldest.clone(), emoji: "👍".into() };
    let entries = commanded_elsewhere(&push, [react.into()].into_iter());

    let mut engine = Engine::new(now(), config());
    drain(&mut engine, &mut store);
    go_online(&mut engine, &mut store);
    engine.handle(now(), Input::OpenConversation(conversation)).unwrap();
    let key = record::document_key(&page);
    let (mut held, mut reactions) = (None, 0);
    let mut sent = Some(ServerFrame::Entries(Entries { stream, entries }));
    let mut tasks = VecDeque::new();
    loop {
        while let Some(output) = engine.poll() {
            match output {
                Output::Storage(task) => tasks.push_back(task),
                Output::Update(Update::Timeline(update)) => {
                    let rows = update.rows.iter().filter(|row| row.id == oldest);
                    reactions = rows.map(|row| row.reactions.len()).next_back().unwrap_or(reactions);
                }
                _ => {}
            }
        }
        let is_of_page =
            |task: &StorageTask| matches!(&task.request, StorageRequest::Read(keys) if keys.contains(&key));
        let input = match tasks.pop_front() {
            Some(task) if sent.is_some() && is_of_page(&task) => {
                held = Some(Input::StorageFinished(task.id, store.run(&task.request)));
                continue;
            }
            Some(task) => Input::StorageFinished(task.id, store.run(&task.request)),
            None if held.is_none() => break,
            None => match sent.take() {
                Some(entries) => Input::FrameReceived(encode(&entries)),
                None => held.take().unwrap(),
            },
        };
        engine.handle(now(), input).unwrap();
    }
    assert!(sent.is_none(), "the page was read");
    assert_eq!(reactions, 1);
}
