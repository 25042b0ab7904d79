//! A deleted conversation is erased, and its stream is never written again.

use std::time::Duration;

use tidings_core::{
    ids::TimelineId,
    model::{ConversationState, MemberStatus, Receipt},
    wire::MemberReceipt,
};

use super::*;
use crate::store::{DeletedConversation, Snapshot, StreamHead, Suspension};

const DELETED_AT: WallTime = WallTime::from_millis(1_700_000_001_000);

fn later() -> WallTime {
    DELETED_AT.plus(Duration::from_secs(60))
}

/// A deleted group of Ann and Bob, which Carl has left, with these messages.
async fn deleted(store: &dyn Store, messages_count: u64) {
    write(store, &[group(1, &["ann", "bob", "carl"])]).await;
    write(store, &[membership(1, 1, "carl", MemberStatus::Left)]).await;
    write(store, &[messages(1, 2, "ann", messages_count)]).await;
    for document in [TimelineId::of(conversation(1)).document(), TimelineId::of(conversation(1)).page(1)] {
        let snapshot = Snapshot { position: position(2), data: b"words".to_vec(), admissions: Vec::new() };
        store.save_snapshot(&tenant(), &document, &snapshot).await.unwrap();
    }
    let receipt = Receipt { delivered: position(2), read: position(2) };
    let receipt = MemberReceipt { conversation: conversation(1), account: account("bob"), receipt };
    store.merge_receipts(&tenant(), &[receipt]).await.unwrap();
    let mut deletion = membership(1, 2 + messages_count, "ann", MemberStatus::Active);
    deletion.page = 1;
    deletion.entries[0].entry.accepted_at = DELETED_AT;
    deletion.conversation = Some(ConversationRow { state: ConversationState::Deleted, ..row(&["ann", "bob"], None) });
    write(store, &[deletion]).await;
}

async fn due(store: &dyn Store, before: WallTime) -> Vec<DeletedConversation> {
    store.deleted_conversations(before, 10).await.unwrap()
}

pub(in crate::store) async fn s25_what_was_deleted_is_erased_from_its_time_on(store: &dyn Store) {
    deleted(store, 2_500).await;
    assert_eq!(due(store, WallTime::from_millis(DELETED_AT.as_millis() - 1)).await, []);
    let waiting = [DeletedConversation { tenant: tenant(), conversation: conversation(1) }];
    assert_eq!(due(store, DELETED_AT).await, waiting);
    // A few rows at a time: a node that ends meanwhile leaves the rest to the next one.
    let mut calls = 1;
    while !store.erase(&tenant(), conversation(1), later()).await.unwrap() {
        calls += 1;
        assert_eq!(due(store, DELETED_AT).await, waiting, "after {calls} calls");
    }
    assert_eq!(calls, 3);
    assert_eq!(due(store, later()).await, []);
    assert!(store.erase(&tenant(), conversation(1), later()).await.unwrap());
    let record = store.records().stream_record(&tenant(), &stream(1)).await.unwrap();
    assert!(record.is_erased && !record.is_being_erased);
    assert_eq!((record.last, record.snapshots.len(), record.head.page), (position(0), 0, 0));
    for document in [TimelineId::of(conversation(1)).document(), TimelineId::of(conversation(1)).page(1)] {
        let (stored, _) = store.document(&tenant(), &document).await.unwrap();
        assert_eq!((stored.snapshot, stored.tail), (None, Vec::new()), "{document}");
    }
    assert_eq!(store.receipts(&tenant(), conversation(1)).await.unwrap(), []);
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), []);
    assert_eq!(record.rows_left, 0);
    let state = store.conversation_state(&tenant(), conversation(1)).await.unwrap();
    assert_eq!(state, Some(ConversationState::Deleted));
    let told = store.summaries(&tenant(), &account("ann"), &[conversation(1)]).await.unwrap().remove(0);
    assert_eq!((told.title, told.last_message, told.member_count, told.others), (None, None, 0, Vec::new()));
}

pub(in crate::store) async fn s25_nothing_is_written_to_what_was_erased(store: &dyn Store) {
    deleted(store, 3).await;
    assert!(store.erase(&tenant(), conversation(1), later()).await.unwrap());
    // Decided before the erasure, and as if the stream were new.
    let next = messages(1, 6, "ann", 1);
    let anew = group(1, &["ann"]);
    for commit in [next, anew] {
        assert_eq!(store.commit(std::slice::from_ref(&commit)).await.unwrap(), [CommitOutcome::Conflict]);
    }
    // A snapshot that was being made meanwhile would restore the text.
    let page = TimelineId::of(conversation(1)).page(1);
    let snapshot = Snapshot { position: position(4), data: b"words".to_vec(), admissions: Vec::new() };
    store.save_snapshot(&tenant(), &page, &snapshot).await.unwrap();
    assert_eq!(store.document(&tenant(), &page).await.unwrap().0.snapshot, None);
    let receipt = Receipt { delivered: position(2), read: position(2) };
    let receipt = MemberReceipt { conversation: conversation(1), account: account("ann"), receipt };
    assert_eq!(store.merge_receipts(&tenant(), &[receipt]).await.unwrap(), []);
    assert_ne!(store.stream_head(&tenant(), &stream(1)).await.unwrap(), StreamHead::default());
}

pub(in crate::store) async fn s25_only_what_was_deleted_is_erased(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["ann"])]).await;
    assert!(store.erase(&tenant(), conversation(1), later()).await.unwrap());
    assert_eq!(store.entries_after(&tenant(), &stream(1), position(0), 10).await.unwrap().len(), 1);
    assert_eq!(due(store, later()).await, []);
}

pub(in crate::store) async fn s26_whoever_had_a_part_is_told_that_it_is_gone(store: &dyn Store) {
    write(store, &[group(2, &["ann", "carl"])]).await;
    let names = ["ann", "bob", "carl"];
    let mut cursors = Vec::new();
    write(store, &[group(3, &["ann"])]).await;
    for name in names {
        cursors.push(settled_cursor(store, name).await);
    }
    deleted(store, 3).await;
    for erased in [false, true] {
        if erased {
            assert!(store.erase(&tenant(), conversation(1), later()).await.unwrap());
        }
        for (name, cursor) in names.into_iter().zip(&cursors) {
            let caught_up = store.catch_up(&tenant(), &account(name), Some(*cursor), ENTRIES_MAX).await.unwrap();
            let told: Vec<_> = caught_up.summaries.iter().map(|row| (row.conversation, row.state)).collect();
            assert_eq!(told, [(conversation(1), ConversationState::Deleted)], "{name}, erased {erased}");
            assert_eq!((caught_up.revoked, caught_up.entries), (Vec::new(), Vec::new()), "{name}, erased {erased}");
            let anew = store.catch_up(&tenant(), &account(name), None, ENTRIES_MAX).await.unwrap();
            assert!(anew.summaries.iter().all(|row| row.conversation != conversation(1)), "{name}");
        }
    }
}

pub(in crate::store) async fn t18_an_erasure_is_one_nodes_and_its_suspension_is_not_lifted(store: &dyn Store) {
    let (bob, now) = (account("bob"), DELETED_AT);
    assert_eq!(store.account_erasure(&tenant(), &bob).await.unwrap(), None);
    assert_eq!(store.lease_account_erasure(now, later()).await.unwrap(), None);
    let begun = store.begin_account_erasure(&tenant(), &bob, now).await.unwrap();
    assert_eq!((begun.requested_at, begun.erased_at, begun.after), (now, None, None));
    assert_eq!(store.begin_account_erasure(&tenant(), &bob, later()).await.unwrap(), begun);
    for suspension in [Suspension::Lifted, Suspension::Suspended, Suspension::Lifted] {
        store.set_suspension(&tenant(), &bob, suspension).await.unwrap();
        let only = [bob.clone()];
        assert_eq!(store.suspended(&tenant(), &only).await.unwrap(), only);
    }
    // One of many gets it, and another one when nothing is heard of that.
    let [one, other] = [store.lease_account_erasure(now, later()), store.lease_account_erasure(now, later())];
    let (one, other) = tokio::join!(one, other);
    let mut leased = [one.unwrap(), other.unwrap()].into_iter().flatten();
    let mut held = leased.next().unwrap();
    assert_eq!((&held, leased.next()), (&begun, None));
    (held.after, held.found, held.messages, held.refused) = (Some(conversation(1)), 7, 5, 1);
    store.advance_account_erasure(&held, later()).await.unwrap();
    let end = later().plus(Duration::from_millis(1));
    assert_eq!(store.lease_account_erasure(now, end).await.unwrap(), None);
    assert_eq!(store.lease_account_erasure(later(), end).await.unwrap(), Some(held.clone()));
    while !store.erase_account(&tenant(), &bob, end).await.unwrap() {}
    let done = store.account_erasure(&tenant(), &bob).await.unwrap().unwrap();
    assert_eq!((done.erased_at, done.messages), (Some(end), 5));
    assert_eq!(store.lease_account_erasure(end, end).await.unwrap(), None);
    let among = [bob.clone(), account("cat")];
    assert_eq!(store.unreachable(&tenant(), &account("ann"), &among).await.unwrap(), [bob]);
}
