//! Older pages, which are read when somebody scrolls to them.

use super::{
    counts::commanded_elsewhere,
    session::{admitted, *},
    *,
};
use crate::{
    command::React,
    doc::{Document, Message},
    ids::{DocumentId, TimelineId},
    wire::DocumentSnapshot,
};

/// A restarted engine looks at a conversation; the store has read an older page, and has not said so yet.
struct Reading {
    engine: Engine,
    store: MemoryStore,
    push: Push,
    page: DocumentId,
    /// The oldest message on the page.
    oldest: MessageId,
    read: Input,
}

impl Reading {
    fn new() -> Self {
        let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
        engine.ctx.limits.page_changes_soft = 20;
        let push = push_of(&mut engine, &mut store, 40);
        receive(&mut engine, &mut store, &answer(&push, 1));
        let conversation = push.stream.conversation().unwrap();
        let page = TimelineId::of(conversation).page(1);
        let held = engine.replica(&push.stream).unwrap().confirmed.document(&page).unwrap();
        let oldest = Message::read_all(held).remove(0).id;

        let mut engine = Engine::new(now(), config());
        drain(&mut engine, &mut store);
        go_online(&mut engine, &mut store);
        engine.handle(now(), Input::OpenConversation(conversation)).unwrap();
        let key = record::document_key(&page);
        let mut tasks = VecDeque::new();
        loop {
            tasks.extend(std::iter::from_fn(|| engine.poll()).filter_map(|output| match output {
                Output::Storage(task) => Some(task),
                _ => None,
            }));
            let task: StorageTask = tasks.pop_front().expect("the page is read");
            let is_of_page = matches!(&task.request, StorageRequest::Read(keys) if keys.contains(&key));
            let read = Input::StorageFinished(task.id, store.run(&task.request));
            if is_of_page {
                assert!(tasks.is_empty(), "{tasks:?}");
                return Self { engine, store, push, page, oldest, read };
            }
            engine.handle(now(), read).unwrap();
        }
    }

    fn held(&mut self) -> Option<&Document> {
        self.engine.replica(&self.push.stream).unwrap().confirmed.document(&self.page)
    }
}

#[test]
fn e129_what_comes_of_a_page_while_it_is_read_is_on_it() {
    let mut reading = Reading::new();
    let conversation = reading.push.stream.conversation().unwrap();
    let react = React { conversation, message: reading.oldest.clone(), emoji: "👍".into() };
    let entries = commanded_elsewhere(&reading.push, [react.into()].into_iter());
    let sent = ServerFrame::Entries(Entries { stream: reading.push.stream.clone(), entries });
    receive(&mut reading.engine, &mut reading.store, &sent);
    let outputs = give(&mut reading.engine, &mut reading.store, reading.read);
    let updates = outputs.iter().filter_map(|output| match output {
        Output::Update(Update::Timeline(update)) => Some(update),
        _ => None,
    });
    let shown = updates.flat_map(|update| &update.rows).filter(|row| row.id == reading.oldest);
    assert_eq!(shown.map(|row| row.reactions.len()).next_back(), Some(1));
}

#[test]
fn e129_a_page_that_was_read_before_the_store_was_put_back_is_not_taken_in() {
    let mut reading = Reading::new();
    let stream = reading.push.stream.clone();
    // The server has the first thirty entries, and shows two pages.
    let mut entries = admitted(&reading.push, 1);
    entries.truncate(30);
    let ServerFrame::Fetched(mut fetched) = fetched(7, &stream, Head::default(), entries) else { unreachable!() };
    let timeline = TimelineId::of(stream.conversation().unwrap());
    let shown = [timeline.document(), timeline.page(2)];
    fetched.entries.retain(|entry| shown.contains(&entry.document));
    (fetched.restart, fetched.page) = (true, 2);
    let bare = |document| DocumentSnapshot { document, position: Position::ZERO, data: vec![], admissions: vec![] };
    fetched.documents = shown.map(bare).into();
    reading.engine.make_former(&stream);
    reading.engine.restart_former(&stream, &fetched).unwrap();
    reading.engine.handle(now(), reading.read.clone()).unwrap();
    assert!(reading.held().is_none(), "it is of another history");
}
