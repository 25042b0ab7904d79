//! Pages of a "thread" whose id is the conversation's own: once admitted, stored
//! and sent to every member, shown nowhere, and beyond the reach of any moderator.

use tidings_core::{
    code::Code,
    doc::Fact,
    ids::{ConversationId, MessageId, Stamp, TimelineId},
    journal::Position,
    model::{InfoField, MessageBody},
};
use tidings_server::clock;

use super::setup::{Client, Database, TestServer, account, boats, device, group, on_each_store, read_by, stream};

on_each_store! {
    a72_no_document_has_a_second_name,
}

async fn a72_no_document_has_a_second_name(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let (mut ann, mut hers) = group(&server, &["bob"]).await;
    let his = read_by(&mut bob, "bob", 2).await;
    let words = {
        let stamp = Stamp::new(clock::wall_now(), 1, rand::random());
        let body = MessageBody { content: "boo".into(), reply_to: None, mentions: None };
        Fact::Message(MessageId { stamp, author: account("bob") }, body)
    };
    let title = Fact::Info(InfoField::Title, Some("boo".into()));
    let thread = ConversationId::from_bytes([9; 16]);
    for (document, fact) in [
        (TimelineId::of_thread(boats(), boats()).page(1), &words),
        (TimelineId::of_thread(boats(), boats()).page(7), &words),
        (TimelineId::of_thread(boats(), boats()).document(), &title),
        (TimelineId::of(boats()).page(0), &words),
        (TimelineId::of_thread(boats(), thread).page(0), &words),
    ] {
        let pushed = his.clone().state(&document, std::slice::from_ref(fact));
        bob.push(&stream(boats()), vec![pushed]).await;
        assert_eq!(bob.closed_code().await, Code::FrameMalformed, "{document}");
        bob = Client::connect(&server, "bob", device(2)).await;
    }
    let accepted = ann.push_accepted(stream(boats()), vec![hers.say("we go on")]).await;
    assert_eq!(accepted.positions, [Position::new(2)], "nothing of it is in the journal");
    server.stop().await;
}
