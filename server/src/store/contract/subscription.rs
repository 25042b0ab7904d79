//! Subscribers of channels: who they are, their number, and what is sent to them.

use tidings_core::{model::Receipt, wire::MemberReceipt};

use super::*;
use crate::store::{SubscriberCounts, SubscriberRow};

const SINCE: WallTime = WallTime::from_millis(1_700_000_000_000);

/// A commit that creates a channel with this staff.
fn channel(number: u32, staff: &[&str]) -> StreamCommit {
    let mut commit = group(number, staff);
    commit.conversation = Some(channel_row(staff));
    commit
}

fn channel_row(staff: &[&str]) -> ConversationRow {
    ConversationRow { kind: ConversationKind::Channel, ..row(staff, None) }
}

/// A commit of subscriptions that begin or end, at a position.
fn subscriptions(number: u32, expected: u64, names: &[&str], status: MemberStatus) -> StreamCommit {
    let mut commit = commit(stream(number), expected);
    commit.subscribers = names.iter().map(|name| (account(name), SubscriberRow { status, at: SINCE })).collect();
    commit
}

/// A commit by staff that sets somebody's status in a channel's document.
fn status_commit(number: u32, expected: u64, name: &str, status: MemberStatus) -> StreamCommit {
    let mut commit = membership(number, expected, name, status);
    commit.conversation = Some(channel_row(&["ann"]));
    commit
}

async fn count(store: &dyn Store, number: u32) -> u32 {
    let counts = store.subscriber_counts(&tenant(), conversation(number), position(1)).await.unwrap();
    let summary = store.summaries(&tenant(), &account("ann"), &[conversation(number)]).await.unwrap();
    assert_eq!(summary[0].subscriber_count, counts.subscribers);
    counts.subscribers
}

async fn names(store: &dyn Store, number: u32) -> Vec<String> {
    let subscribers = store.subscribers(&tenant(), conversation(number), None, 100).await.unwrap();
    subscribers.into_iter().map(|(account, _)| account.to_string()).collect()
}

pub(crate) async fn subscribers_are_rows_beside_the_members(store: &dyn Store) {
    write(store, &[channel(1, &["ann"]), group(2, &["bob"])]).await;
    write(store, &[subscriptions(1, 1, &["bob", "cid"], MemberStatus::Active)]).await;
    assert_eq!(store.stream_head(&tenant(), &stream(1)).await.unwrap().position, position(1), "no entry says so");
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), [account("ann")]);
    assert_eq!(store.co_members(&tenant(), &account("bob")).await.unwrap(), [account("bob")]);
    assert_eq!(store.co_members(&tenant(), &account("ann")).await.unwrap(), [account("ann")]);
    let bob = store.member(&tenant(), conversation(1), &account("bob")).await.unwrap().unwrap();
    assert!(bob.is_subscriber());
    assert_eq!(store.subscriptions(&tenant(), &account("bob")).await.unwrap(), [conversation(1)]);
    assert_eq!(store.subscriptions(&tenant(), &account("ann")).await.unwrap(), []);
    let summary = store.summaries(&tenant(), &account("cid"), &[conversation(1)]).await.unwrap().remove(0);
    assert_eq!((summary.role, summary.status, summary.member_count), (Role::Subscriber, MemberStatus::Active, 1));
    assert_eq!((summary.position, summary.subscriber_count), (position(1), 2));
}

pub(crate) async fn the_count_is_what_the_rows_say_whatever_moves_them(store: &dyn Store) {
    write(store, &[channel(1, &["ann"])]).await;
    write(store, &[subscriptions(1, 1, &["bob", "cid", "dan", "eve"], MemberStatus::Active)]).await;
    // Some subscribe already, some never did, and some join and leave in one call.
    write(store, &[subscriptions(1, 1, &["bob"], MemberStatus::Active)]).await;
    write(store, &[subscriptions(1, 1, &["zoe"], MemberStatus::Left)]).await;
    assert_eq!(count(store, 1).await, 4);
    let both = [subscriptions(1, 1, &["fay"], MemberStatus::Active), subscriptions(1, 1, &["fay"], MemberStatus::Left)];
    write(store, &both).await;
    write(store, &[subscriptions(1, 1, &["bob"], MemberStatus::Left)]).await;
    assert_eq!((count(store, 1).await, names(store, 1).await), (3, vec!["cid".into(), "dan".into(), "eve".into()]));
    // Staff ban one and add another: the entry ends their subscriber rows.
    write(store, &[status_commit(1, 1, "cid", MemberStatus::Banned)]).await;
    write(store, &[status_commit(1, 2, "dan", MemberStatus::Active), messages(1, 3, "ann", 1)]).await;
    assert_eq!((count(store, 1).await, names(store, 1).await), (1, vec!["eve".into()]));
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), [account("ann"), account("dan")]);
    // Another was admitted by an entry.
    let mut approved = status_commit(1, 4, "cid", MemberStatus::Active);
    approved.members.clear();
    approved.subscribers = vec![(account("cid"), SubscriberRow { status: MemberStatus::Active, at: SINCE })];
    write(store, &[approved]).await;
    assert_eq!((count(store, 1).await, names(store, 1).await), (2, vec!["cid".into(), "eve".into()]));
}

pub(crate) async fn a_subscription_needs_the_position_it_was_judged_at(store: &dyn Store) {
    write(store, &[channel(1, &["ann"]), status_commit(1, 1, "bob", MemberStatus::Banned)]).await;
    let late = [subscriptions(1, 1, &["bob"], MemberStatus::Active)];
    assert_eq!(store.commit(&late).await.unwrap(), [CommitOutcome::Conflict]);
    assert_eq!(count(store, 1).await, 0);
    let unknown = [subscriptions(9, 3, &["bob"], MemberStatus::Active)];
    assert_eq!(store.commit(&unknown).await.unwrap(), [CommitOutcome::Conflict]);
}

pub(crate) async fn a_subscriber_catches_up_as_a_reader_and_learns_of_the_end(store: &dyn Store) {
    let catch_up = async |name, cursor| store.catch_up(&tenant(), &account(name), Some(cursor), 10).await.unwrap();
    write(store, &[channel(1, &["ann"]), profile("ann", 0, "Ann"), profile("bob", 0, "Bob")]).await;
    let (ann, bob) = (settled_cursor(store, "ann").await, settled_cursor(store, "bob").await);
    write(store, &[subscriptions(1, 1, &["bob", "cid"], MemberStatus::Active)]).await;
    let joined = catch_up("bob", bob).await;
    assert_eq!(joined.summaries.len(), 1);
    assert_eq!(joined.profiles.iter().map(|notice| notice.account.clone()).collect::<Vec<_>>(), [account("ann")]);
    let told = catch_up("ann", ann).await;
    assert_eq!((told.summaries.len(), told.profiles.len()), (0, 0), "staff hear nothing of who joins");
    let bob = settled_cursor(store, "bob").await;
    write(store, &[messages(1, 1, "ann", 2)]).await;
    let missed = catch_up("bob", bob).await;
    assert_eq!(positions(&missed.entries[0].1), [2, 3]);
    assert_eq!(missed.summaries[0].unread, 2);
    let bob = settled_cursor(store, "bob").await;
    write(store, &[subscriptions(1, 3, &["bob"], MemberStatus::Left), messages(1, 3, "ann", 1)]).await;
    let ended = catch_up("bob", bob).await;
    assert_eq!(ended.revoked, [(conversation(1), MemberStatus::Left, position(3))]);
    assert_eq!((ended.entries.len(), ended.summaries.len()), (0, 0));
}

pub(crate) async fn a_subscribers_receipts_are_told_to_nobody_else(store: &dyn Store) {
    write(store, &[channel(1, &["ann", "sue"]), messages(1, 1, "ann", 2)]).await;
    write(store, &[subscriptions(1, 3, &["bob", "cid"], MemberStatus::Active)]).await;
    let cursors = [settled_cursor(store, "ann").await, settled_cursor(store, "bob").await];
    let of = |name, delivered, read| {
        let receipt = Receipt { delivered: position(delivered), read: position(read) };
        MemberReceipt { conversation: conversation(1), account: account(name), receipt }
    };
    let all = [of("bob", 3, 2), of("cid", 2, 2), of("sue", 3, 3)];
    assert_eq!(store.merge_receipts(&tenant(), &all).await.unwrap(), all);
    let receipts =
        async |name, cursor| store.catch_up(&tenant(), &account(name), Some(cursor), 10).await.unwrap().receipts;
    assert_eq!(receipts("ann", cursors[0]).await, [of("sue", 3, 3)]);
    assert_eq!(receipts("bob", cursors[1]).await, [of("bob", 3, 2)]);
    assert_eq!(store.receipts(&tenant(), conversation(1)).await.unwrap(), [(account("sue"), all[2].receipt)]);
    let counts = async |at| store.subscriber_counts(&tenant(), conversation(1), position(at)).await.unwrap();
    assert_eq!(counts(2).await, SubscriberCounts { subscribers: 2, delivered: 2, read: 2 });
    assert_eq!(counts(3).await, SubscriberCounts { subscribers: 2, delivered: 1, read: 0 });
    write(store, &[subscriptions(1, 3, &["bob"], MemberStatus::Left)]).await;
    assert_eq!(counts(2).await, SubscriberCounts { subscribers: 1, delivered: 1, read: 1 });
    // From then on they are reported as staff.
    write(store, &[status_commit(1, 3, "cid", MemberStatus::Active)]).await;
    let ann = settled_cursor(store, "ann").await;
    store.merge_receipts(&tenant(), &[of("cid", 4, 4)]).await.unwrap();
    assert_eq!(receipts("ann", ann).await, [of("cid", 4, 4)]);
}

pub(crate) async fn subscribers_are_paged_by_account(store: &dyn Store) {
    write(store, &[channel(1, &["ann", "m3"])]).await;
    let all: Vec<String> = (0..7).map(|number| format!("s{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    write(store, &[subscriptions(1, 1, &all, MemberStatus::Active)]).await;
    let page = async |after: Option<&str>| {
        let after = after.map(account);
        let page = store.subscribers(&tenant(), conversation(1), after.as_ref(), 3).await.unwrap();
        assert!(page.iter().all(|(_, since)| *since == SINCE));
        page.into_iter().map(|(account, _)| account.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, ["s0", "s1", "s2"]);
    assert_eq!(page(Some("s2")).await, ["s3", "s4", "s5"]);
    assert_eq!(page(Some("s5")).await, ["s6"]);
    assert!(page(Some("s6")).await.is_empty());
}

pub(crate) async fn of_racing_subscriptions_none_is_lost(store: &dyn Store) {
    write(store, &[channel(1, &["ann"])]).await;
    let names: Vec<String> = (0..16).map(|number| format!("s{number:02}")).collect();
    let commits: Vec<[StreamCommit; 1]> =
        names.iter().map(|name| [subscriptions(1, 1, &[name], MemberStatus::Active)]).collect();
    let outcomes = futures_util::future::join_all(commits.iter().map(|commit| store.commit(commit))).await;
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == [CommitOutcome::Committed]));
    assert_eq!(count(store, 1).await, 16);
}
