//! Catch-up returns everything that was missed, and as little else as possible.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    ids::EpochId,
    journal::Cursor,
    model::Receipt,
    wire::{ConversationSummary, MemberReceipt},
};

use super::*;
use crate::store::CatchUp;

async fn catch_up(store: &dyn Store, name: &str, cursor: Option<Cursor>) -> CatchUp {
    store.catch_up(&tenant(), &account(name), cursor, ENTRIES_MAX).await.unwrap()
}

/// A cursor with nothing left after it. A cursor issued while a transaction runs, even in another test, may
/// repeat some entries.
async fn cursor(store: &dyn Store, name: &str) -> Option<Cursor> {
    Some(settled_cursor(store, name).await)
}

fn conversations(caught_up: &CatchUp) -> Vec<ConversationId> {
    caught_up.summaries.iter().map(|summary| summary.conversation).collect()
}

fn streams(caught_up: &CatchUp) -> Vec<(StreamId, Vec<u64>)> {
    caught_up.entries.iter().map(|(stream, entries)| (stream.clone(), positions(entries))).collect()
}

fn names(caught_up: &CatchUp) -> Vec<&str> {
    caught_up.profiles.iter().map(|notice| notice.account.as_str()).collect()
}

async fn read(store: &dyn Store, name: &str, number: u32, read: u64) -> Vec<MemberReceipt> {
    let receipt = Receipt { delivered: position(read), read: position(read) };
    let receipt = MemberReceipt { conversation: conversation(number), account: account(name), receipt };
    store.merge_receipts(&tenant(), &[receipt]).await.unwrap()
}

pub(crate) async fn a_new_device_gets_every_conversation_and_no_entry(store: &dyn Store) {
    let mut titled = messages(2, 1, "bob", 3);
    titled.conversation = Some(row(&["ann", "bob", "cid", "dan", "eve", "fay"], Some("Title")));
    write(store, &[group(1, &["ann"]), group(2, &["ann", "bob"]), group(3, &["bob"]), titled]).await;
    write(store, &[profile("ann", 0, "Ann"), profile("bob", 0, "Bob"), profile("eve", 0, "Eve")]).await;
    read(store, "ann", 2, 2).await;
    let caught_up = catch_up(store, "ann", None).await;
    assert_eq!(conversations(&caught_up), [conversation(1), conversation(2)]);
    assert_eq!((streams(&caught_up), caught_up.receipts.len(), caught_up.revoked.len()), (vec![], 0, 0));
    assert_eq!(names(&caught_up), ["ann", "bob"]);
    let expected = ConversationSummary {
        conversation: conversation(2),
        kind: ConversationKind::Group,
        title: Some("Title".to_owned()),
        state: ConversationState::Active,
        role: Role::Member,
        status: MemberStatus::Active,
        subscriber_count: 0,
        member_count: 6,
        others: ["bob", "cid", "dan", "eve"].map(account).to_vec(),
        last_message: row(&["ann"], None).last_message,
        position: position(4),
        page: 1,
        receipt: Receipt { delivered: position(2), read: position(2) },
        unread: 2,
        resource: None,
        created_at: WallTime::from_millis(1_700_000_000_000),
        joined: position(1),
        chain: chain(position(4)),
    };
    assert_eq!(caught_up.summaries[1], expected);
}

pub(crate) async fn nothing_is_sent_when_nothing_changed(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), profile("ann", 0, "Ann")]).await;
    read(store, "bob", 1, 1).await;
    let cursor = cursor(store, "ann").await;
    // Activity of others among themselves is not missed.
    write(store, &[group(2, &["bob"]), profile("eve", 0, "Eve"), membership(2, 1, "bob", MemberStatus::Left)]).await;
    let caught_up = catch_up(store, "ann", cursor).await;
    assert!(Some(caught_up.cursor) >= cursor);
    assert_eq!(caught_up, CatchUp { cursor: caught_up.cursor, ..CatchUp::default() });
}

pub(crate) async fn only_what_changed_is_sent(store: &dyn Store) {
    let created: Vec<StreamCommit> = (0..30).map(|number| group(number, &["ann", "bob"])).collect();
    write(store, &created).await;
    let first = cursor(store, "ann").await;
    write(store, &[messages(7, 1, "bob", 3), messages(9, 1, "ann", 1)]).await;
    let caught_up = catch_up(store, "ann", first).await;
    assert_eq!(conversations(&caught_up), [conversation(7), conversation(9)]);
    assert_eq!(streams(&caught_up), [(stream(7), vec![2, 3, 4]), (stream(9), vec![2])]);
    assert_eq!(caught_up.summaries[0].unread, 3);
    assert_eq!(caught_up.entries[0].1[0], messages(7, 1, "bob", 1).entries[0].entry);
    let second = cursor(store, "ann").await;
    write(store, &[messages(7, 4, "bob", 1)]).await;
    assert_eq!(streams(&catch_up(store, "ann", second).await), [(stream(7), vec![5])]);
    assert_eq!(streams(&catch_up(store, "ann", first).await).len(), 2);
    assert_eq!(streams(&catch_up(store, "ann", Some(Cursor::ZERO)).await).len(), 30);
}

pub(crate) async fn a_stream_with_too_many_entries_is_left_to_fetch(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["ann"])]).await;
    let cursor = cursor(store, "ann").await;
    write(store, &[messages(1, 1, "bob", 5), messages(2, 1, "bob", 6)]).await;
    let caught_up = store.catch_up(&tenant(), &account("ann"), cursor, 5).await.unwrap();
    assert_eq!(conversations(&caught_up), [conversation(1), conversation(2)]);
    assert_eq!(streams(&caught_up), [(stream(1), vec![2, 3, 4, 5, 6])]);
    let none = store.catch_up(&tenant(), &account("ann"), cursor, 0).await.unwrap();
    assert_eq!((none.summaries.len(), streams(&none)), (2, vec![]));
}

pub(crate) async fn streams_beyond_the_bytes_of_one_answer_are_left_to_fetch(store: &dyn Store) {
    for number in 0..9 {
        let mut large = messages(number, 0, "bob", 4);
        large.entries.iter_mut().for_each(|new| enlarge(new, 256 * 1024));
        large.conversation = Some(row(&["ann"], None));
        large.members = vec![(account("ann"), member(MemberStatus::Active, 1))];
        write(store, &[large]).await;
    }
    write(store, &[messages(8, 4, "bob", 1)]).await;
    let caught_up = catch_up(store, "ann", Some(Cursor::ZERO)).await;
    assert_eq!(caught_up.summaries.len(), 9);
    assert_eq!(streams(&caught_up), (0..8).map(|number| (stream(number), vec![1, 2, 3, 4])).collect::<Vec<_>>());
}

pub(crate) async fn the_own_account_stream_is_caught_up_and_no_other(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"])]).await;
    let cursor = cursor(store, "ann").await;
    write(store, &[profile("ann", 0, "Ann"), profile("bob", 0, "Bob")]).await;
    let caught_up = catch_up(store, "ann", cursor).await;
    assert_eq!(streams(&caught_up), [(StreamId::Account(account("ann")), vec![1])]);
    assert_eq!((names(&caught_up), caught_up.summaries.len()), (vec!["ann", "bob"], 0));
    // No summary tells how far it has come: its newest entry does, if it is too many.
    write(store, &[profile("ann", 1, "Anna")]).await;
    for (entries_max, positions) in [(2, vec![1, 2]), (1, vec![2]), (0, vec![2])] {
        let caught_up = store.catch_up(&tenant(), &account("ann"), cursor, entries_max).await.unwrap();
        assert_eq!(streams(&caught_up), [(StreamId::Account(account("ann")), positions)]);
    }
}

pub(crate) async fn whoever_is_no_longer_a_member_is_told_so_and_gets_nothing(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), group(2, &["ann", "bob"])]).await;
    let first = cursor(store, "bob").await;
    write(store, &[messages(1, 1, "ann", 1), membership(1, 2, "bob", MemberStatus::Banned)]).await;
    write(store, &[messages(1, 3, "ann", 2)]).await;
    let caught_up = catch_up(store, "bob", first).await;
    assert_eq!(caught_up.revoked, [(conversation(1), MemberStatus::Banned, position(3))]);
    assert_eq!((conversations(&caught_up), streams(&caught_up)), (vec![], vec![]));
    assert_eq!(catch_up(store, "bob", cursor(store, "bob").await).await.revoked, []);
    let anew = catch_up(store, "bob", None).await;
    assert_eq!((conversations(&anew), anew.revoked), (vec![conversation(2)], vec![]));
}

pub(crate) async fn whoever_comes_back_is_sent_the_conversation_again(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), membership(1, 1, "bob", MemberStatus::Left)]).await;
    let cursor = cursor(store, "bob").await;
    write(store, &[membership(1, 2, "bob", MemberStatus::Active), profile("ann", 0, "Ann")]).await;
    let caught_up = catch_up(store, "bob", cursor).await;
    assert_eq!((conversations(&caught_up), caught_up.revoked), (vec![conversation(1)], vec![]));
}

pub(crate) async fn profiles_are_sent_when_they_change_or_are_new(store: &dyn Store) {
    let profiles = ["ann", "bob", "cid", "dan", "eve"].map(|name| profile(name, 0, name));
    write(store, &profiles).await;
    write(store, &[group(1, &["ann", "bob"]), group(2, &["cid", "dan"])]).await;
    let first = cursor(store, "ann").await;
    write(store, &[profile("bob", 1, "Robert"), profile("eve", 1, "Eva")]).await;
    let changed = catch_up(store, "ann", first).await;
    assert_eq!(names(&changed), ["bob"]);
    assert_eq!(changed.profiles[0].profile.display_name.as_deref(), Some("Robert"));
    let changed_cursor = cursor(store, "ann").await;
    write(store, &[membership(2, 1, "ann", MemberStatus::Active)]).await;
    let joined = catch_up(store, "ann", changed_cursor).await;
    assert_eq!(names(&joined), ["ann", "cid", "dan"]);
    let joined_cursor = cursor(store, "ann").await;
    write(store, &[membership(1, 1, "eve", MemberStatus::Active)]).await;
    let added = catch_up(store, "ann", joined_cursor).await;
    assert_eq!(names(&added), ["eve"]);
}

pub(crate) async fn receipts_of_others_are_sent_in_small_conversations_only(store: &dyn Store) {
    let mut large = group(2, &["ann", "bob"]);
    large.conversation.as_mut().unwrap().member_count = 101;
    write(store, &[group(1, &["ann", "bob"]), large, group(3, &["bob", "cid"])]).await;
    let first = cursor(store, "ann").await;
    for number in [1, 2, 3] {
        read(store, "bob", number, 1).await;
    }
    let others = catch_up(store, "ann", first).await;
    assert_eq!(conversations(&others), [conversation(1)]);
    let receipt = Receipt { delivered: position(1), read: position(1) };
    assert_eq!(others.receipts, [MemberReceipt { conversation: conversation(1), account: account("bob"), receipt }]);
    let others_cursor = cursor(store, "ann").await;
    read(store, "ann", 2, 1).await;
    let own = catch_up(store, "ann", others_cursor).await;
    assert_eq!(conversations(&own), [conversation(2)]);
    assert_eq!(own.receipts, [MemberReceipt { conversation: conversation(2), account: account("ann"), receipt }]);
}

pub(crate) async fn j45_a_cursor_of_another_history_is_refused(store: &dyn Store) {
    write(store, &[group(1, &["ann"])]).await;
    let before = cursor(store, "ann").await.unwrap();
    store.ready().await.unwrap();
    write(store, &[messages(1, 1, "ann", 1)]).await;
    let since = cursor(store, "ann").await.unwrap();
    assert!(since.tick > before.tick && since.epoch != before.epoch, "another epoch has begun");
    for known in [Cursor::ZERO, before, since] {
        assert!(knows(store, known).await, "{known:?}");
    }
    let strange = [
        // A cursor of the future; of an epoch that does not exist, now and then; past the end of an epoch.
        Cursor { tick: u64::MAX >> 1, ..since },
        Cursor { epoch: Some(EpochId::from_bytes([7; 16])), ..since },
        Cursor { epoch: Some(EpochId::from_bytes([7; 16])), ..before },
        Cursor { epoch: before.epoch, ..since },
    ];
    for cursor in strange {
        assert!(!knows(store, cursor).await, "{cursor:?}");
    }
}

pub(crate) async fn unread_counts_messages_of_others_behind_the_read_position(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), messages(1, 1, "bob", 3), messages(1, 4, "ann", 2)]).await;
    let mut reaction = messages(1, 6, "bob", 2);
    reaction.entries[0].author = None;
    // One of Ann's messages, sent late and admitted by Bob.
    reaction.entries[1].author = Some(account("ann"));
    write(store, &[reaction]).await;
    let unread = async |name| catch_up(store, name, None).await.summaries[0].unread;
    assert_eq!((unread("ann").await, unread("bob").await), (3, 3));
    read(store, "ann", 1, 3).await;
    assert_eq!(unread("ann").await, 1);
    // Bob deletes two of his own, the first of which ann has read.
    let mut deletions = messages(1, 8, "bob", 2);
    for (new, deleted) in deletions.entries.iter_mut().zip([3, 4]) {
        (new.author, new.entry.deletes) = (None, Some(position(deleted)));
    }
    let written = deletions.entries.clone();
    write(store, &[deletions]).await;
    assert_eq!((unread("ann").await, unread("bob").await), (0, 3));
    let stream = StreamId::Conversation(conversation(1));
    let entries = store.entries_after(&tenant(), &stream, position(8), 9).await.unwrap();
    assert_eq!(entries, written.into_iter().map(|new| new.entry).collect::<Vec<_>>());
    read(store, "ann", 1, 8).await;
    assert_eq!((unread("ann").await, unread("bob").await), (0, 3));
}

pub(crate) async fn unread_is_counted_as_of_a_position(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), messages(1, 1, "bob", 5)]).await;
    read(store, "ann", 1, 2).await;
    let mut deletion = messages(1, 6, "bob", 1);
    (deletion.entries[0].author, deletion.entries[0].entry.deletes) = (None, Some(position(3)));
    write(store, &[deletion, messages(1, 7, "bob", 1)]).await;
    let unread = async |name, head| {
        let unread = store.unread(&tenant(), &account(name), conversation(1), position(head)).await.unwrap();
        unread.map(|unread| (unread.count, unread.read))
    };
    let counted = [unread("ann", 6).await, unread("ann", 7).await, unread("ann", 8).await];
    assert_eq!(counted, [4, 3, 4].map(|count| Some((count, position(2)))));
    assert_eq!(unread("bob", 8).await, Some((0, position(1))), "who came in by then");
    assert_eq!(unread("cat", 8).await, None);
}

pub(crate) async fn unread_is_counted_to_its_cap(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"])]).await;
    write(store, &[messages(1, 1, "bob", 9_998)]).await;
    let unread = async || catch_up(store, "ann", None).await.summaries[0].unread;
    assert_eq!(unread().await, 9_998);
    write(store, &[messages(1, 9_999, "bob", 5)]).await;
    assert_eq!(unread().await, 9_999);
}

pub(crate) async fn summaries_are_for_active_members_only(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["bob"]), group(3, &["ann"])]).await;
    write(store, &[group(4, &["ann"]), membership(4, 1, "ann", MemberStatus::Left)]).await;
    let wanted = [4, 3, 2, 1, 9].map(conversation);
    let summaries = store.summaries(&tenant(), &account("ann"), &wanted).await.unwrap();
    let told: Vec<ConversationId> = summaries.iter().map(|summary| summary.conversation).collect();
    assert_eq!(told, [conversation(1), conversation(3)]);
    assert_eq!(store.summaries(&tenant(), &account("ann"), &[]).await.unwrap(), []);
}

/// The positions that catching up with the tenant tells of each conversation, the heads of those that it leaves out,
/// and the steps that it takes.
async fn caught_up(store: &dyn Store, mut cursor: Cursor) -> (BTreeMap<ConversationId, BTreeSet<u64>>, usize) {
    let mut told: BTreeMap<ConversationId, BTreeSet<u64>> = BTreeMap::new();
    for step in 1.. {
        let news = store.catch_up_tenant(&tenant(), Some(cursor), ENTRIES_MAX).await.unwrap();
        for (stream, entries) in &news.entries {
            told.entry(stream.conversation().unwrap()).or_default().extend(positions(entries));
        }
        for (conversation, head) in &news.heads {
            told.entry(*conversation).or_default().insert(head.number());
        }
        if news.is_whole {
            return (told, step);
        }
        assert!(news.cursor.tick > cursor.tick, "a step goes on");
        cursor = news.cursor;
    }
    unreachable!("steps end");
}

pub(crate) async fn t17_a_tenant_is_caught_up_with_in_steps_and_by_what_is_new(store: &dyn Store) {
    write(store, &[group(100, &["zoe"])]).await;
    let start = store.catch_up_tenant(&tenant(), None, ENTRIES_MAX).await.unwrap();
    assert!(start.is_whole && start.heads.is_empty(), "{start:?}");
    let elsewhere = TenantId::parse("rival").unwrap();
    write(store, &[StreamCommit { tenant: elsewhere, ..group(50, &["eve"]) }]).await;
    write(store, &[profile("ann", 0, "Ann")]).await;
    for number in 1..=12 {
        write(store, &[group(number, &["ann", "bob"])]).await;
        write(store, &[messages(number, 1, "ann", 99)]).await;
    }
    // While a transaction runs, even in another test, nothing behind its tick ends a step.
    settled_cursor(store, "ann").await;
    let (told, steps) = caught_up(store, start.cursor).await;
    let all: BTreeSet<u64> = (1..=100).collect();
    for number in 1..=12 {
        assert_eq!(told[&conversation(number)], all, "{number}");
    }
    assert!(
        told.keys().all(|found| (1..=12).any(|number| *found == conversation(number)) || *found == conversation(100))
    );
    assert!(steps >= 3, "{steps}");
    // More entries than are told one by one are told by the position of the last one.
    let news = store.catch_up_tenant(&tenant(), Some(start.cursor), 10).await.unwrap();
    assert!(!news.heads.is_empty() && news.entries.iter().all(|(_, entries)| entries.len() <= 10), "{news:?}");
    assert!(matches!(
        store.catch_up_tenant(&tenant(), Some(Cursor::new(u64::MAX >> 2)), 10).await,
        Err(StoreError::PutBack)
    ));
}

pub(crate) async fn t17_whoever_follows_a_tenant_learns_of_a_deletion_after_the_erasure(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["ann"])]).await;
    let start = store.catch_up_tenant(&tenant(), None, ENTRIES_MAX).await.unwrap();
    write(store, &[messages(1, 1, "ann", 3)]).await;
    let mut deletion = membership(1, 4, "ann", MemberStatus::Active);
    deletion.conversation = Some(ConversationRow { state: ConversationState::Deleted, ..row(&["ann"], None) });
    write(store, &[deletion]).await;
    let news = store.catch_up_tenant(&tenant(), Some(start.cursor), ENTRIES_MAX).await.unwrap();
    assert!(news.heads.contains(&(conversation(1), position(5))), "{news:?}");
    assert!(news.entries.iter().all(|(of, _)| *of != stream(1)), "nothing but the deletion is told: {news:?}");
    while !store.erase(&tenant(), conversation(1), WallTime::from_millis(u64::MAX >> 2)).await.unwrap() {}
    let news = store.catch_up_tenant(&tenant(), Some(start.cursor), ENTRIES_MAX).await.unwrap();
    assert!(news.heads.iter().any(|(found, _)| *found == conversation(1)), "{news:?}");
}
