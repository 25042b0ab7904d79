//! What an erased account said where messages are not on a conversation's own pages, and what stays of it all the same.

use serde_json::{Value, json};
use tidings_core::{
    command::{AnswerHeld, CreateConversation, CreateThread, SendMessage, SetPolicy},
    ids::{ConversationId, MessageId, Stamp, TenantId},
    journal::Position,
    model::{ConversationKind, HeldMessage, JoinPolicy, LateWrites, MembershipAction, MessageBody, Policy},
    wire::{ClientFrame, MembershipRequest, ServerFrame},
};
use tidings_server::clock;

use super::account_erasure::{FLAGS, WORD, erased, erasure, held, verified};
use super::{group, messages, say, segment};
use crate::support::{
    author::{self, Author, account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    rest::Caller,
    server::TestServer,
};

on_each_store! {
    t18_threads_channels_and_what_is_held_have_nothing_left,
    t18_what_is_refused_stays_and_is_told,
}

/// Has a message of bob's held, who does not know yet that he was removed.
async fn hold(bob: &mut Client, thread: Option<ConversationId>, base: Position) -> MessageId {
    let message = MessageId { stamp: Stamp::new(clock::wall_now(), 1, rand::random()), author: account("bob") };
    let body = MessageBody { content: WORD.into(), reply_to: None, mentions: None };
    let action = MembershipAction::SubmitHeld(HeldMessage { message: message.clone(), body, thread, base });
    let request =
        MembershipRequest { request: 1_000 + u64::from(rand::random::<u32>()), conversation: boats(), action };
    bob.send(&ClientFrame::MembershipRequest(request.clone())).await;
    bob.wait("an answer", |frame| match frame {
        ServerFrame::Accepted(accepted) if accepted.request == request.request => Some(()),
        ServerFrame::Refused(refused) => panic!("{refused:?}"),
        _ => None,
    })
    .await;
    message
}

async fn t18_threads_channels_and_what_is_held_have_nothing_left(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let root = Caller::administrator(server.address, "root");
    let (mut ann, mut of_ann) = author::group(&server, &["bob"]).await;
    let policy = Policy::LateWrites(LateWrites::Hold);
    let changes = vec![of_ann.write(SetPolicy { conversation: boats(), policy }), of_ann.say("from here")];
    ann.push_accepted(stream(boats()), changes).await;
    let opening = CreateThread { conversation: boats(), message: of_ann.newest_message(1), title: None };
    let thread = opening.thread(&TenantId::parse("acme").unwrap());
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut of_bob = Author::of("bob", device(2), boats());
    of_bob.apply(&held(&mut bob, &stream(boats())).await);
    let stamp = Stamp::new(clock::wall_now(), 1, rand::random());
    let said = SendMessage { stamp, thread: Some(thread), ..SendMessage::new(boats(), WORD) };
    let changes = vec![of_bob.write(opening), of_bob.write(said)];
    bob.push_accepted(stream(boats()), changes).await;
    // What is let in later is on a page that he has not written on.
    let reader = Caller::of(server.address, "ann");
    let in_thread = format!("{}?thread={thread}", messages(&boats().to_string()));
    for number in 0..3 {
        let said = json!({ "content": format!("of ann {number}"), "thread": thread });
        reader.post(&messages(&boats().to_string()), said).await.is(201);
    }
    of_ann.apply(&held(&mut ann, &stream(boats())).await);
    let base = of_ann.stream.position();
    ann.push_accepted(stream(boats()), vec![of_ann.remove("bob")]).await;
    let admitted = hold(&mut bob, Some(thread), base).await;
    hold(&mut bob, None, base).await;
    of_ann.apply(&held(&mut ann, &stream(boats())).await);
    let answer = AnswerHeld { conversation: boats(), message: admitted, admitted: true };
    ann.push_accepted(stream(boats()), vec![of_ann.write(answer)]).await;
    // A channel that he subscribes to.
    let channel = ConversationId::from_bytes([0xc0; 16]);
    let mut of_channel = Author::of("ann", device(1), channel);
    let open = CreateConversation {
        conversation: channel,
        kind: ConversationKind::Channel,
        policies: vec![Policy::Join(JoinPolicy::Open)],
        ..CreateConversation::group(Some("News".into()), Vec::new())
    };
    ann.push_accepted(stream(channel), vec![of_channel.write(open)]).await;
    let joined = Caller::of(server.address, "bob");
    joined.post(&format!("/v1/conversations/{channel}/join"), json!({})).await.is(200);
    let kept = [
        "SELECT count(*) FROM held_messages WHERE content IS NOT NULL",
        "SELECT count(*) FROM members WHERE account = 'bob' AND subscribed_at > 0 AND status = 'active'",
    ];
    for sql in kept {
        assert_eq!(database.number(sql).await, 1, "{sql}");
    }

    root.put(&erasure("bob")).await.is(202);
    let told = erased(&root, "bob").await;
    assert_eq!((&told["messages"], &told["refused"]), (&json!(2), &json!(0)), "{told}");
    let rows = reader.get(&in_thread).await.is(200);
    let of_bob: Vec<&Value> =
        rows["messages"].as_array().unwrap().iter().filter(|row| row["author"] == "bob").collect();
    assert_eq!(of_bob.len(), 2, "{rows}");
    assert!(!rows.to_string().contains(WORD), "{rows}");
    for sql in kept {
        assert_eq!(database.number(sql).await, 0, "{sql}");
    }
    server.stop().await;
    verified(&database).await;
}

async fn t18_what_is_refused_stays_and_is_told(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let root = Caller::administrator(server.address, "root");
    let conversation = group(&ann).await;
    let said = say(&bob, &conversation, WORD).await;
    let own = say(&ann, &conversation, "of ann").await;
    let at = |row: &Value| format!("{}/{}", messages(&conversation), segment(row["id"].as_str().unwrap()));
    // Ann fills the page, on which nothing more is said of any message.
    let mut filled = 0;
    loop {
        let edited = ann.patch(&at(&own), json!({ "content": format!("edit {filled}") })).await;
        if edited.status == 409 {
            edited.is_refused(409, "page_full");
            break;
        }
        filled += 1;
    }
    say(&bob, &conversation, "on a page with room").await;
    root.put(&erasure("bob")).await.is(202);
    let told = erased(&root, "bob").await;
    assert_eq!((&told["messages"], &told["refused"]), (&json!(1), &json!(1)), "{told}");
    let there = ann.get(&at(&said)).await.is(200);
    assert_eq!(there["content"]["text"], WORD);
    server.stop().await;
    verified(&database).await;
}
