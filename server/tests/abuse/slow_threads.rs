//! Slow mode, evaded by one message in each of many threads: six in 40 ms once, and
//! by whatever makes a server forget what was said.

use tidings_core::{
    code::Code,
    command::{CreateThread, SendMessage, SetPolicy},
    ids::{ConversationId, MessageId, Stamp, TenantId},
    model::Policy,
    wire::PushedChange,
};
use tidings_server::clock;

use super::setup::{Author, Client, Database, TestServer, boats, device, group, on_each_store, read_by, stream};

on_each_store! {
    a81_slow_mode_is_not_evaded_by_threads_or_a_new_start,
}

const THREADS: u16 = 3;

/// A text of an author into a conversation or one of its threads, with its id.
fn text(author: &mut Author, number: u16, thread: Option<ConversationId>) -> (PushedChange, MessageId) {
    let stamp = Stamp::new(clock::wall_now(), number, rand::random());
    let text = SendMessage { stamp, thread, ..SendMessage::new(boats(), "words") };
    let message = text.message(&author.session.account);
    (author.write(text), message)
}

async fn a81_slow_mode_is_not_evaded_by_threads_or_a_new_start(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut hers) = group(&server, &["bob"]).await;
    let mut threads = Vec::new();
    for number in 0..THREADS {
        let (said, message) = text(&mut hers, number, None);
        threads.push(ConversationId::thread(&TenantId::parse("acme").unwrap(), boats(), &message));
        let opened = hers.write(CreateThread { conversation: boats(), message, title: None });
        ann.push_accepted(stream(boats()), vec![said, opened]).await;
    }
    let (said, unopened) = text(&mut hers, THREADS, None);
    let slow = SetPolicy { conversation: boats(), policy: Policy::SlowModeSeconds(600) };
    ann.push_accepted(stream(boats()), vec![said, hers.write(slow)]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut his = read_by(&mut bob, "bob", 2).await;
    let (first, _) = text(&mut his, 10, Some(threads[0]));
    bob.push_accepted(stream(boats()), vec![first]).await;
    let tries = |his: &Author| {
        let mut all: Vec<PushedChange> =
            threads.iter().map(|thread| text(&mut his.clone(), 11, Some(*thread)).0).collect();
        all.push(text(&mut his.clone(), 12, None).0);
        let thread = CreateThread { conversation: boats(), message: unopened.clone(), title: None };
        all.push(his.clone().write(thread));
        all
    };
    for pushed in tries(&his) {
        let document = pushed.document.clone();
        let refused = bob.push_refused(stream(boats()), vec![pushed]).await;
        assert_eq!(refused.code, Code::SlowMode, "{document}");
    }
    server.stop().await;
    // One that holds nothing of it but the journal.
    let server = TestServer::start(&database, &[]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    for pushed in tries(&his) {
        let document = pushed.document.clone();
        let refused = bob.push_refused(stream(boats()), vec![pushed]).await;
        assert_eq!(refused.code, Code::SlowMode, "{document}, after a new start");
    }
    server.stop().await;
}
