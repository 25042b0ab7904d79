//! Sync over real sockets, the same cases on both real stores.

use std::time::Duration;

use tidings_core::{
    code::Code,
    doc::{Change, Document, Message},
    ids::{ChangeHash, ConversationId, DocumentId, StreamId, TimelineId},
    journal::{Cursor, Position},
    limits::Limits,
    model::{MemberStatus, PresenceKind},
    wire::{ClientFrame, FetchScope, Fetched, PresenceNotice, ReceiptNotice, ServerFrame, WaitingChange},
};

use crate::support::{
    author::{Author, account, boats, group},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    a_message_reaches_every_live_session_of_every_member,
    a_session_hears_of_positions_in_order,
    what_was_missed_comes_with_the_next_hello,
    a_newer_cursor_repeats_nothing_that_was_sent,
    pushing_an_admitted_change_again_answers_its_old_position,
    a73_a_group_begins_with_a_thousand_people,
    changes_behind_a_refused_one_are_not_judged,
    a_removed_member_is_told_and_shut_out,
    whoever_pushes_again_what_was_admitted_before_they_were_removed_is_told_so,
    a_new_member_is_told_and_let_in,
    a_stranger_can_neither_fetch_nor_push,
    j44_whoever_may_not_read_is_told_what_the_stream_lacks_of_their_own,
    nobody_fetches_the_stream_of_another_account,
    a_fetch_from_the_start_of_a_long_stream_starts_anew_with_documents,
    a_fetch_behind_what_is_held_gives_entries_only,
    a_fetch_beyond_the_head_starts_anew,
    a_small_and_a_large_gap_of_the_own_account_stream_are_fetched,
    an_older_page_is_fetched_by_its_number,
    snapshots_are_cut_in_the_background_and_fetched,
    a_profile_reaches_those_who_share_a_conversation,
    whoever_brings_people_together_is_sent_their_profiles,
    more_changes_than_the_rate_allows_are_deferred,
    pushes_of_one_stream_from_many_sessions_are_all_admitted,
    a_stream_goes_on_after_its_task_ended,
}

async fn j44_whoever_may_not_read_is_told_what_the_stream_lacks_of_their_own(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    let changes = vec![author.create(&["bob"]), author.remove("bob")];
    let known = Change::parse(&changes[1].change).unwrap().hash();
    ann.push_accepted(stream(boats()), changes).await;
    let unknown = ChangeHash::from_bytes([7; 32]);
    let held: Vec<_> = [known, unknown].map(|hash| WaitingChange { hash, message: None, accepted_at: None }).into();
    // Of a stranger it has nothing, whether there is such a conversation or not.
    let elsewhere = ConversationId::from_bytes([9; 16]);
    let cases = [
        ("bob", device(2), boats(), vec![unknown]),
        ("carl", device(3), boats(), vec![known, unknown]),
        ("carl", device(4), elsewhere, vec![known, unknown]),
    ];
    for (name, device, conversation, expected) in cases {
        let mut client = Client::connect(&server, name, device).await;
        let refused = client.fetch_holding(&stream(conversation), FetchScope::Anew, held.clone()).await.unwrap_err();
        assert_eq!(refused.lacks, expected, "{name}");
    }
}

fn texts(entries: &[tidings_core::journal::Entry]) -> Vec<String> {
    let mut reader = Document::new(TimelineId::of(boats()).page(1));
    for entry in entries.iter().filter(|entry| entry.document.page() == Some(1)) {
        reader.apply_entry(entry).unwrap();
    }
    let mut messages = Message::read_all(&reader);
    messages.sort_by_key(|message| reader.admissions().get(&message.id).unwrap().position);
    messages.iter().map(|message| message.text().to_owned()).collect()
}

async fn a_message_reaches_every_live_session_of_every_member(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut tablet = Client::connect(&server, "ann", device(3)).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    for other in [&mut bob, &mut tablet] {
        let summaries = other.wait("Summaries", |frame| match frame {
            ServerFrame::Summaries(summaries) => Some(summaries),
            _ => None,
        });
        let summaries = summaries.await;
        assert_eq!(summaries[0].conversation, boats());
        assert_eq!(summaries[0].title.as_deref(), Some("Boats"));
    }
    let accepted = ann.push_accepted(stream(boats()), vec![author.say("ahoy"), author.say("anybody?")]).await;
    assert_eq!(accepted.positions, [Position::new(2), Position::new(3)]);
    for other in [&mut bob, &mut tablet] {
        assert_eq!(texts(&other.entries_to(&stream(boats()), 3).await), ["ahoy", "anybody?"]);
    }
    let echo = ann.settle().await;
    assert!(!echo.iter().any(|frame| matches!(frame, ServerFrame::Entries(_))), "{echo:?}");
    server.stop().await;
}

async fn a73_a_group_begins_with_a_thousand_people(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    // As long as the ids that providers give.
    let others: Vec<String> = (1..1_000).map(|number| format!("{number:036}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let mut last = Client::connect(&server, others[998], device(2)).await;
    let (mut ann, mut author) = group(&server, &others).await;
    ann.push_accepted(stream(boats()), vec![author.say("ahoy")]).await;
    assert_eq!(texts(&last.entries_to(&stream(boats()), 2).await), ["ahoy"]);
    let entries = last.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
    let mut replica = Author::of(others[998], device(2), boats());
    replica.apply(&entries);
    assert_eq!(replica.stream.conversation().active_members().count(), 1_000);
    server.stop().await;
}

async fn a_session_hears_of_positions_in_order(database: Database) {
    let server = TestServer::start(&database, &["--changes-burst", "10000"]).await;
    let (mut ann, mut ann_writes) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut bob_writes = Author::of("bob", device(2), boats());
    bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    for number in 0..40 {
        ann.push(&stream(boats()), vec![ann_writes.say(&format!("ann {number}"))]).await;
        bob.push(&stream(boats()), vec![bob_writes.say(&format!("bob {number}"))]).await;
    }
    for client in [&mut ann, &mut bob] {
        let mut positions = Vec::new();
        while positions.len() < 80 {
            match client.next().await {
                ServerFrame::Entries(entries) => positions.extend(entries.entries.iter().map(|entry| entry.position)),
                ServerFrame::Accepted(accepted) => positions.extend(accepted.positions),
                ServerFrame::Refused(refused) => panic!("{refused:?}"),
                _ => {}
            }
        }
        let expected: Vec<Position> = (2..82).map(Position::new).collect();
        assert_eq!(positions, expected);
    }
    server.stop().await;
}

async fn what_was_missed_comes_with_the_next_hello(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let bob = Client::connect(&server, "bob", device(2)).await;
    let cursor = bob.cursor;
    drop(bob);
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two"), author.say("three")]).await;
    let (mut bob, frames) = Client::resume(&server, "bob", device(2), cursor).await;
    let missed: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Entries(entries) => Some(entries.entries.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(texts(&missed), ["one", "two", "three"]);
    assert!(matches!(frames[0], ServerFrame::Welcome(_)));
    let cursor = bob.cursor;
    assert!(bob.settle().await.is_empty());
    drop(bob);
    nothing_more_is_missed(&server, cursor, 4).await;
    server.stop().await;
}

/// Bob comes back until nothing is sent twice: a store may hold its cursor
/// back for a moment, while transactions run that have nothing to do with him.
async fn nothing_more_is_missed(server: &TestServer, cursor: Option<Cursor>, head: u64) {
    let settled = tokio::time::timeout(crate::support::server::PATIENCE, async {
        let mut cursor = cursor;
        loop {
            let (bob, frames) = Client::resume(server, "bob", device(2), cursor).await;
            let entries = frames.iter().filter_map(|frame| match frame {
                ServerFrame::Entries(entries) => Some(&entries.entries),
                _ => None,
            });
            let entries: Vec<_> = entries.flatten().collect();
            if entries.is_empty() {
                return;
            }
            assert!(entries.iter().all(|entry| entry.position <= Position::new(head)));
            cursor = bob.cursor;
        }
    });
    settled.await.expect("the cursor covers what was sent");
}

async fn a_newer_cursor_repeats_nothing_that_was_sent(database: Database) {
    let server = TestServer::start(&database, &["--cursor-interval", "200ms"]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let first = bob.cursor;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let mut entries = Vec::new();
    let newer = bob.wait("a newer cursor", |frame| match frame {
        ServerFrame::Entries(more) => {
            entries.extend(more.entries);
            None
        }
        ServerFrame::CaughtUp(cursor) => (Some(cursor) > first).then_some(cursor),
        _ => None,
    });
    let newer = newer.await;
    // The first entry was never sent: bob came after it. A cursor held back may bring it along.
    let positions = entries.iter().map(|entry| entry.position.number());
    assert_eq!(positions.filter(|&position| position > 1).collect::<Vec<u64>>(), [2, 3]);
    drop(bob);
    nothing_more_is_missed(&server, Some(newer), 3).await;
    server.stop().await;
}

async fn pushing_an_admitted_change_again_answers_its_old_position(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    let changes = vec![author.say("once"), author.say("twice")];
    let first = ann.push_accepted(stream(boats()), changes.clone()).await;
    let again = ann.push_accepted(stream(boats()), changes.clone()).await;
    assert_eq!((&again.positions, &again.accepted_at), (&first.positions, &first.accepted_at));
    // Among new ones, of which one comes twice.
    let new = author.say("thrice");
    let [once, twice] = <[_; 2]>::try_from(changes).unwrap();
    let mixed = ann.push_accepted(stream(boats()), vec![twice, new.clone(), once, new]).await;
    assert_eq!(mixed.positions, [3, 4, 2, 4].map(Position::new));
    assert_eq!([mixed.accepted_at[2], mixed.accepted_at[0]], first.accepted_at[..]);
    assert_eq!(mixed.accepted_at[1], mixed.accepted_at[3]);
    server.stop().await;
}

async fn changes_behind_a_refused_one_are_not_judged(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    let good = author.say("good");
    let mut bad = author.say("bad");
    bad.change.truncate(bad.change.len() / 2);
    let behind = author.say("behind");
    let request = ann.push(&stream(boats()), vec![good, bad, behind]).await;
    let accepted = ann.wait("Accepted", |frame| match frame {
        ServerFrame::Accepted(accepted) if accepted.request == request => Some(accepted),
        _ => None,
    });
    assert_eq!(accepted.await.positions, [Position::new(2)]);
    let refused = ann.wait("Refused", |frame| match frame {
        ServerFrame::Refused(refused) if refused.request == request => Some(refused),
        _ => None,
    });
    let refused = refused.await;
    assert_eq!((refused.index, refused.code, refused.retry_at), (1, Code::ChangeMalformed, None));
    assert!(ann.settle().await.is_empty());
    server.stop().await;
}

async fn a_removed_member_is_told_and_shut_out(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut bob_writes = Author::of("bob", device(2), boats());
    bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    ann.push_accepted(stream(boats()), vec![author.remove("bob")]).await;
    let revoked = bob.wait("Revoked", |frame| match frame {
        ServerFrame::Revoked(revoked) => Some(revoked),
        ServerFrame::Entries(entries) => panic!("{entries:?}"),
        _ => None,
    });
    let revoked = revoked.await;
    assert_eq!((revoked.status, revoked.position), (MemberStatus::Removed, Position::new(2)));
    ann.push_accepted(stream(boats()), vec![author.say("without bob")]).await;
    let heard = bob.settle().await;
    assert!(heard.is_empty(), "{heard:?}");
    let refused = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap_err();
    assert_eq!(refused.code, Code::MemberRemoved);
    let refused = bob.push_refused(stream(boats()), vec![bob_writes.say("still here?")]).await;
    assert_eq!(refused.code, Code::MemberRemoved);
    server.stop().await;
}

async fn whoever_pushes_again_what_was_admitted_before_they_were_removed_is_told_so(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut bob_writes = Author::of("bob", device(2), boats());
    bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let said = bob_writes.say("heard by everybody but me");
    bob.push_accepted(stream(boats()), vec![said.clone()]).await;
    drop(bob);
    author.apply(&ann.entries_to(&stream(boats()), 2).await);
    ann.push_accepted(stream(boats()), vec![author.remove("bob")]).await;
    // Without a cursor, there is no telling what bob's device knows.
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    assert_eq!(bob.push_accepted(stream(boats()), vec![said]).await.positions, [Position::new(2)]);
    let revoked = bob.wait("Revoked", |frame| match frame {
        ServerFrame::Revoked(revoked) => Some((revoked.status, revoked.position)),
        _ => None,
    });
    assert_eq!(revoked.await, (MemberStatus::Removed, Position::new(3)));
    server.stop().await;
}

async fn a_new_member_is_told_and_let_in(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    ann.push_accepted(stream(boats()), vec![author.say("before")]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let refused = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap_err();
    assert_eq!(refused.code, Code::NotAMember);
    ann.push_accepted(stream(boats()), vec![author.add("bob")]).await;
    let summary = bob.wait("Summaries", |frame| match frame {
        ServerFrame::Summaries(mut summaries) => summaries.pop(),
        _ => None,
    });
    assert_eq!(summary.await.position, Position::new(3));
    let fetched = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert_eq!(texts(&fetched.entries), ["before"]);
    ann.push_accepted(stream(boats()), vec![author.say("after")]).await;
    assert_eq!(bob.entries_to(&stream(boats()), 4).await.len(), 1);
    server.stop().await;
}

async fn a_stranger_can_neither_fetch_nor_push(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let created = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    for scope in [FetchScope::After(Position::ZERO), FetchScope::After(Position::new(1)), FetchScope::Page(1)] {
        let refused = eve.fetch(&stream(boats()), scope).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_at), (Code::NotAMember, None));
    }
    let mut eve_writes = Author::of("eve", device(6), boats());
    eve_writes.apply(&created);
    let refused = eve.push_refused(stream(boats()), vec![eve_writes.say("let me in")]).await;
    assert_eq!(refused.code, Code::ConversationUnknown);
    eve.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Typing })).await;
    ann.push_accepted(stream(boats()), vec![author.say("hush")]).await;
    assert!(eve.settle().await.is_empty());
    assert!(ann.settle().await.is_empty());
    server.stop().await;
}

async fn nobody_fetches_the_stream_of_another_account(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of_account("ann", device(1));
    let own = StreamId::Account(account("ann"));
    ann.push_accepted(own.clone(), vec![author.call_themselves("Ann")]).await;
    let fetched = ann.fetch(&own, FetchScope::After(Position::ZERO)).await.unwrap();
    assert_eq!(fetched.entries.len(), 1);
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let refused = eve.fetch(&own, FetchScope::After(Position::ZERO)).await.unwrap_err();
    assert_eq!(refused.code, Code::NotTheOwner);
    server.stop().await;
}

/// The documents of an answer, each with the entries behind its snapshot.
fn restored(fetched: &Fetched) -> Vec<Document> {
    fetched
        .documents
        .iter()
        .map(|snapshot| {
            let tail: Vec<_> =
                fetched.entries.iter().filter(|entry| entry.document == snapshot.document).cloned().collect();
            let saved = (snapshot.position, snapshot.data.as_slice(), snapshot.admissions.as_slice());
            Document::restore(snapshot.document.clone(), Some(saved), &tail).unwrap()
        })
        .collect()
}

async fn a_fetch_from_the_start_of_a_long_stream_starts_anew_with_documents(database: Database) {
    let server = TestServer::start(&database, &["--catch-up-entries-max", "5"]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let messages = (0..8).map(|number| author.say(&format!("message {number}"))).collect();
    ann.push_accepted(stream(boats()), messages).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let (delivered, read) = (Position::new(9), Position::new(9));
    bob.send(&ClientFrame::Receipts(vec![ReceiptNotice { conversation: boats(), delivered, read }])).await;
    ann.wait("Receipts", |frame| matches!(frame, ServerFrame::Receipts(_)).then_some(())).await;
    let fetched = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert!(fetched.restart);
    assert_eq!((fetched.head, fetched.page), (Position::new(9), 1));
    let documents = restored(&fetched);
    assert_eq!(documents[0].id(), &TimelineId::of(boats()).document());
    assert_eq!(Message::read_all(&documents[1]).len(), 8);
    assert_eq!(fetched.receipts[0].account, account("bob"));
    assert_eq!(fetched.receipts[0].receipt.read, Position::new(9));
    server.stop().await;
}

async fn a_fetch_behind_what_is_held_gives_entries_only(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::new(2))).await.unwrap();
    assert!(!fetched.restart && fetched.documents.is_empty());
    assert_eq!((fetched.head, fetched.entries.len()), (Position::new(3), 1));
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::new(3))).await.unwrap();
    assert!(!fetched.restart && fetched.entries.is_empty());
    server.stop().await;
}

async fn a_fetch_beyond_the_head_starts_anew(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, _) = group(&server, &[]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::new(77))).await.unwrap();
    assert!(fetched.restart);
    assert_eq!((fetched.head, fetched.page, fetched.documents.len()), (Position::new(1), 0, 1));
    server.stop().await;
}

async fn a_small_and_a_large_gap_of_the_own_account_stream_are_fetched(database: Database) {
    let server = TestServer::start(&database, &["--catch-up-entries-max", "3"]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of_account("ann", device(1));
    let own = StreamId::Account(account("ann"));
    let mut changes: Vec<_> = (1..=6).map(|number| author.call_themselves(&format!("Ann {number}"))).collect();
    changes.push(author.befriend("bob"));
    changes.push(author.befriend("cid"));
    ann.push_accepted(own.clone(), changes).await;
    let mut tablet = Client::connect(&server, "ann", device(3)).await;
    let small = tablet.fetch(&own, FetchScope::After(Position::new(5))).await.unwrap();
    assert!(!small.restart && small.documents.is_empty());
    let positions: Vec<u64> = small.entries.iter().map(|entry| entry.position.number()).collect();
    assert_eq!((small.head, positions), (Position::new(8), vec![6, 7, 8]));
    for behind in [Position::ZERO, Position::new(4)] {
        let large = tablet.fetch(&own, FetchScope::After(behind)).await.unwrap();
        assert!(large.restart);
        assert_eq!(large.head, Position::new(8));
        let documents = restored(&large);
        let ids: Vec<&DocumentId> = documents.iter().map(Document::id).collect();
        assert_eq!(ids, [&DocumentId::Account(account("ann")), &DocumentId::Home(account("ann"))]);
        // What was fetched is the whole of it: the device can write on.
        let heads: Vec<_> = ids.iter().map(|id| author.stream.document(id).unwrap().heads()).collect();
        assert_eq!(documents.iter().map(Document::heads).collect::<Vec<_>>(), heads);
    }
    server.stop().await;
}

async fn an_older_page_is_fetched_by_its_number(database: Database) {
    let server = TestServer::start(&database, &["--page-changes-soft", "3"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    author.limits = Limits { page_changes_soft: 3, ..Limits::default() };
    for number in 0..5 {
        ann.push_accepted(stream(boats()), vec![author.say(&format!("message {number}"))]).await;
    }
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert_eq!((fetched.head, fetched.page, fetched.restart), (Position::new(6), 2, false));
    let page = &restored(&fetched)[0];
    assert_eq!((page.id(), page.changes()), (&TimelineId::of(boats()).page(1), 3));
    for absent in [0, 3] {
        let refused = ann.fetch(&stream(boats()), FetchScope::Page(absent)).await.unwrap_err();
        assert_eq!(refused.code, Code::DocumentUnknown);
    }
    let mut late = Author::of("ann", device(9), boats());
    late.apply(&ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries[..2]);
    let mut tablet = Client::connect(&server, "ann", device(9)).await;
    let refused = tablet.push_refused(stream(boats()), vec![late.say("written offline")]).await;
    assert_eq!(refused.code, Code::PageClosed);
    server.stop().await;
}

async fn snapshots_are_cut_in_the_background_and_fetched(database: Database) {
    let flags = ["--snapshot-entries", "4", "--snapshot-interval", "50ms", "--catch-up-entries-max", "2"];
    let server = TestServer::start(&database, &flags).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    let messages = (0..6).map(|number| author.say(&format!("message {number}"))).collect();
    ann.push_accepted(stream(boats()), messages).await;
    let page = TimelineId::of(boats()).page(1);
    let fetched = tokio::time::timeout(crate::support::server::PATIENCE, async {
        loop {
            let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
            if fetched.documents.iter().any(|snapshot| snapshot.document == page && !snapshot.data.is_empty()) {
                return fetched;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let fetched = fetched.await.expect("a snapshot is cut");
    assert!(!fetched.entries.iter().any(|entry| entry.document == page));
    assert_eq!(Message::read_all(&restored(&fetched)[1]).len(), 6);
    ann.push_accepted(stream(boats()), vec![author.say("behind the snapshot")]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert_eq!(Message::read_all(&restored(&fetched)[0]).len(), 7);
    server.stop().await;
}

async fn a_profile_reaches_those_who_share_a_conversation(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (_ann, _) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let mut tablet = Client::connect(&server, "ann", device(3)).await;
    let mut author = Author::of_account("ann", device(3));
    tablet.push_accepted(StreamId::Account(account("ann")), vec![author.call_themselves("Ann of Cove")]).await;
    let profiles = bob.wait("Profiles", |frame| match frame {
        ServerFrame::Profiles(profiles) => Some(profiles),
        ServerFrame::Entries(entries) => panic!("{entries:?}"),
        _ => None,
    });
    let profiles = profiles.await;
    assert_eq!(profiles[0].account, account("ann"));
    assert_eq!(profiles[0].profile.display_name.as_deref(), Some("Ann of Cove"));
    assert!(eve.settle().await.is_empty());
    server.stop().await;
}

/// The names in the next Profiles.
async fn profile_names(client: &mut Client) -> Vec<String> {
    let profiles = client.wait("Profiles", |frame| match frame {
        ServerFrame::Profiles(profiles) => Some(profiles),
        _ => None,
    });
    profiles.await.into_iter().filter_map(|notice| notice.profile.display_name).collect()
}

async fn whoever_brings_people_together_is_sent_their_profiles(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    for (number, name, display_name) in [(2, "bob", "Bob of Bay"), (3, "cid", "Cid of Cape")] {
        let mut client = Client::connect(&server, name, device(number)).await;
        let mut author = Author::of_account(name, device(number));
        client.push_accepted(StreamId::Account(account(name)), vec![author.call_themselves(display_name)]).await;
    }
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    assert_eq!(profile_names(&mut ann).await, ["Bob of Bay"]);
    ann.push_accepted(stream(boats()), vec![author.add("cid")]).await;
    assert_eq!(profile_names(&mut ann).await, ["Cid of Cape"]);
    let told = ann.settle().await;
    assert!(!told.iter().any(|frame| matches!(frame, ServerFrame::Summaries(_))), "{told:?}");
    server.stop().await;
}

async fn more_changes_than_the_rate_allows_are_deferred(database: Database) {
    let server = TestServer::start(&database, &["--changes-burst", "3", "--changes-per-second", "1"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let third = author.say("three");
    let refused = ann.push_refused(stream(boats()), vec![third.clone()]).await;
    assert_eq!((refused.code, refused.index), (Code::RateLimited, 0));
    let wait = refused.retry_at.unwrap().as_millis() - tidings_server::clock::wall_now().as_millis();
    assert!(wait <= 1_000, "{wait}");
    tokio::time::sleep(Duration::from_millis(wait + 20)).await;
    ann.push_accepted(stream(boats()), vec![third]).await;
    server.stop().await;
}

async fn pushes_of_one_stream_from_many_sessions_are_all_admitted(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let names: Vec<String> = (0..8).map(|number| format!("member{number}")).collect();
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut ann, _) = group(&server, &members).await;
    let created = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
    let mut writing = tokio::task::JoinSet::new();
    for (number, name) in (100..).zip(names) {
        let mut client = Client::connect(&server, &name, device(number)).await;
        let mut author = Author::of(&name, device(number), boats());
        author.apply(&created);
        writing.spawn(async move {
            for number in 0..10 {
                client.push_accepted(stream(boats()), vec![author.say(&format!("{number}"))]).await;
            }
        });
    }
    let entries = ann.entries_to(&stream(boats()), 81).await;
    let positions: Vec<u64> = entries.iter().map(|entry| entry.position.number()).collect();
    assert_eq!(positions, (2..82).collect::<Vec<u64>>());
    while let Some(ended) = writing.join_next().await {
        ended.unwrap();
    }
    server.stop().await;
}

async fn a_stream_goes_on_after_its_task_ended(database: Database) {
    let server = TestServer::start(&database, &["--stream-idle", "1ms", "--cache-bytes-max", "0"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    for number in 2..6 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let accepted = ann.push_accepted(stream(boats()), vec![author.say("again")]).await;
        assert_eq!(accepted.positions, [Position::new(number)]);
    }
    server.stop().await;
}
