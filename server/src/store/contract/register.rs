//! Rows beside the journal: receipts, devices, members, profiles.

use tidings_core::{
    model::{HeldMessage, MessageBody, Parent, Receipt, Thread},
    wire::MemberReceipt,
};

use super::*;
use crate::store::{DeviceOwner, Suspension, WhichThreads};

fn receipt(delivered: u64, read: u64) -> Receipt {
    Receipt { delivered: position(delivered), read: position(read) }
}

fn of(name: &str, number: u32, delivered: u64, read: u64) -> MemberReceipt {
    MemberReceipt { conversation: conversation(number), account: account(name), receipt: receipt(delivered, read) }
}

async fn merge(store: &dyn Store, receipts: &[MemberReceipt]) -> Vec<MemberReceipt> {
    store.merge_receipts(&tenant(), receipts).await.unwrap()
}

pub(crate) async fn receipts_only_grow_and_end_at_the_head(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), messages(1, 1, "bob", 4), group(2, &["ann"])]).await;
    assert_eq!(merge(store, &[of("ann", 1, 3, 2)]).await, [of("ann", 1, 3, 2)]);
    assert_eq!(merge(store, &[of("ann", 1, 1, 1)]).await, []);
    assert_eq!(merge(store, &[of("ann", 1, 0, 4), of("ann", 1, 2, 0)]).await, [of("ann", 1, 4, 4)]);
    let beyond = [of("ann", 2, u64::MAX, 0), of("ann", 1, 3, u64::MAX), of("ann", 9, 1, 1)];
    assert_eq!(merge(store, &beyond).await, [of("ann", 1, 5, 5), of("ann", 2, 1, 0)]);
    assert_eq!(merge(store, &beyond).await, []);
    assert_eq!(merge(store, &[]).await, []);
    assert_eq!(store.receipts(&tenant(), conversation(1)).await.unwrap(), [(account("ann"), receipt(5, 5))]);
}

pub(crate) async fn receipts_of_many_members_move_together(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob", "cid"]), group(2, &["ann", "bob"]), messages(1, 1, "ann", 2)]).await;
    let first = [of("bob", 1, 2, 1), of("ann", 1, 3, 3), of("bob", 2, 1, 1)];
    assert_eq!(merge(store, &first).await, [of("ann", 1, 3, 3), of("bob", 1, 2, 1), of("bob", 2, 1, 1)]);
    let second = [of("ann", 1, 3, 3), of("cid", 1, 1, 0), of("bob", 1, 3, 0)];
    assert_eq!(merge(store, &second).await, [of("bob", 1, 3, 1), of("cid", 1, 1, 0)]);
}

pub(crate) async fn receipts_need_active_membership(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"])]).await;
    let all = [of("eve", 1, 1, 1), of("bob", 1, 1, 1), of("ann", 9, 1, 1)];
    assert_eq!(merge(store, &all).await, [of("bob", 1, 1, 1)]);
    write(store, &[membership(1, 1, "bob", MemberStatus::Removed)]).await;
    assert_eq!(merge(store, &[of("bob", 1, 2, 2)]).await, []);
    assert_eq!(store.receipts(&tenant(), conversation(1)).await.unwrap(), []);
}

pub(crate) async fn a_device_belongs_to_its_first_account_for_ever(store: &dyn Store) {
    let other = TenantId::parse("globex").unwrap();
    let register =
        async |tenant: &TenantId, name| store.register_device(tenant, &account(name), device(1)).await.unwrap();
    let owner = async |name| store.device_owner(&tenant(), &account(name), device(1)).await.unwrap();
    assert_eq!(owner("ann").await, None);
    assert_eq!(register(&tenant(), "ann").await, DeviceOwner::Same);
    assert_eq!(register(&tenant(), "ann").await, DeviceOwner::Same);
    assert_eq!(register(&tenant(), "bob").await, DeviceOwner::Other);
    assert_eq!((owner("ann").await, owner("bob").await), (Some(DeviceOwner::Same), Some(DeviceOwner::Other)));
    // Tenants are isolated: in another one the same id is another device.
    assert_eq!(register(&other, "bob").await, DeviceOwner::Same);
    assert_eq!(register(&other, "ann").await, DeviceOwner::Other);
    assert_eq!(register(&tenant(), "ann").await, DeviceOwner::Same);
    let racing = ["ann", "bob", "cid", "dan"]
        .map(|name| async move { store.register_device(&tenant(), &account(name), device(2)).await.unwrap() });
    let owners = futures_util::future::join_all(racing).await;
    assert_eq!(owners.iter().filter(|owner| **owner == DeviceOwner::Same).count(), 1);
}

pub(crate) async fn members_are_what_was_written_last(store: &dyn Store) {
    write(store, &[group(1, &["cid", "ann", "bob"])]).await;
    let mut promoted = membership(1, 1, "ann", MemberStatus::Active);
    promoted.members[0].1.role = Role::Owner;
    write(store, &[promoted, membership(1, 2, "bob", MemberStatus::Left)]).await;
    let member_of = async |name| store.member(&tenant(), conversation(1), &account(name)).await.unwrap();
    assert_eq!(
        member_of("ann").await,
        Some(MemberRow { role: Role::Owner, status: MemberStatus::Active, moved_at: None, joined: None })
    );
    assert_eq!(member_of("bob").await, Some(member(MemberStatus::Left, 2)));
    assert_eq!(member_of("eve").await, None);
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), ["ann", "cid"].map(account));
}

pub(crate) async fn co_members_share_a_conversation_in_which_both_are_active(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob", "cid"]), group(2, &["ann", "bob"]), group(3, &["bob", "eve"])]).await;
    write(store, &[group(4, &["ann", "fay"]), membership(4, 1, "ann", MemberStatus::Left)]).await;
    write(store, &[membership(1, 1, "cid", MemberStatus::Left)]).await;
    let co_members = async |name| store.co_members(&tenant(), &account(name)).await.unwrap();
    assert_eq!(co_members("ann").await, ["ann", "bob"].map(account));
    assert_eq!(co_members("gus").await, [account("gus")]);
}

pub(crate) async fn profiles_come_for_those_who_have_one(store: &dyn Store) {
    write(store, &[profile("ann", 0, "Ann"), profile("bob", 0, "Bob")]).await;
    write(store, &[profile("ann", 1, "Anna")]).await;
    let wanted = ["cid", "bob", "ann"].map(account);
    let profiles = store.profiles(&tenant(), &wanted).await.unwrap();
    let named: Vec<_> =
        profiles.iter().map(|notice| (notice.account.as_str(), notice.profile.display_name.as_deref())).collect();
    assert_eq!(named, [("ann", Some("Anna")), ("bob", Some("Bob"))]);
}

pub(crate) async fn a_profile_says_since_when_it_is(store: &dyn Store) {
    let mut twice = profile("ann", 0, "Ann");
    let anne = profile("ann", 1, "Anne");
    twice.entries.extend(anne.entries);
    let created_at = twice.profile.and_then(|profile| profile.created_at);
    twice.profile = anne.profile.map(|profile| Profile { created_at, ..profile });
    // A suspension creates no profile and no timestamp of one.
    suspend(store, "bob", Suspension::Suspended).await;
    write(store, &[twice, profile("bob", 0, "Bob")]).await;
    let times = async || {
        let profiles = store.profiles(&tenant(), &["ann", "bob"].map(account)).await.unwrap();
        profiles.into_iter().map(|notice| (notice.profile.created_at, notice.profile.updated_at)).collect::<Vec<_>>()
    };
    let at =
        |number| Some(entry(position(number), DocumentId::Account(account("ann")), "ann", false).entry.accepted_at);
    assert_eq!(times().await, [(at(1), at(2)), (at(1), at(1))]);
    let mut home = commit(StreamId::Account(account("ann")), 2);
    home.entries.push(entry(position(3), DocumentId::Home(account("ann")), "ann", false));
    write(store, &[home]).await;
    assert_eq!(times().await[0], (at(1), at(2)), "a home is not public");
    write(store, &[profile("ann", 3, "Anna")]).await;
    assert_eq!(times().await[0], (at(1), at(4)));
}

async fn suspend(store: &dyn Store, name: &str, suspension: Suspension) {
    store.set_suspension(&tenant(), &account(name), suspension).await.unwrap();
}

pub(crate) async fn a_suspension_holds_until_it_is_lifted(store: &dyn Store) {
    let everybody = ["ann", "bob", "cid"].map(account);
    write(store, &[profile("ann", 0, "Ann")]).await;
    assert_eq!(store.suspended(&tenant(), &everybody).await.unwrap(), []);
    // One account with a profile, and one that was never seen.
    suspend(store, "ann", Suspension::Suspended).await;
    suspend(store, "bob", Suspension::Suspended).await;
    write(store, &[profile("ann", 1, "Anna"), profile("bob", 0, "Bob")]).await;
    assert_eq!(store.suspended(&tenant(), &everybody).await.unwrap(), ["ann", "bob"].map(account));
    assert_eq!(store.suspended(&TenantId::parse("globex").unwrap(), &everybody).await.unwrap(), []);
    suspend(store, "ann", Suspension::Lifted).await;
    suspend(store, "cid", Suspension::Lifted).await;
    assert_eq!(store.suspended(&tenant(), &everybody).await.unwrap(), [account("bob")]);
}

pub(crate) async fn a_suspension_is_no_profile(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), profile("ann", 0, "Ann")]).await;
    let cursor = settled_cursor(store, "ann").await;
    suspend(store, "ann", Suspension::Suspended).await;
    suspend(store, "bob", Suspension::Suspended).await;
    let missed = store.catch_up(&tenant(), &account("ann"), Some(cursor), ENTRIES_MAX).await.unwrap();
    assert_eq!(missed.profiles, []);
    let profiles = store.profiles(&tenant(), &["ann", "bob"].map(account)).await.unwrap();
    assert_eq!(profiles.len(), 1);
    let all = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
    assert_eq!(all.profiles, profiles);
}

pub(crate) async fn threads_are_found_by_the_page_they_start_from(store: &dyn Store) {
    let thread = |number: u8, room, page| {
        let message = MessageId { stamp: Stamp::from_bytes([number; 16]), author: account("ann") };
        let parent = Parent { conversation: room, message, page, depth: 1 };
        Thread::new(ConversationId::from_bytes([number; 16]), parent)
    };
    let (first, other) = (thread(1, conversation(1), 1), thread(2, conversation(1), 2));
    let nested = thread(3, first.id, 1);
    let with = |expected, threads: &[&Thread]| {
        let threads = threads.iter().copied().cloned().collect();
        StreamCommit { threads, ..messages(1, expected, "ann", 1) }
    };
    write(store, &[group(1, &["ann"])]).await;
    write(store, &[with(1, &[&first, &other]), with(2, &[&nested])]).await;
    let mut counted = first.clone();
    counted.page = 1;
    counted.count(position(4), WallTime::from_millis(7), [&other.parent.message]);
    write(store, &[with(3, &[&counted])]).await;
    let found = async |which| store.threads(&tenant(), conversation(1), &which).await.unwrap();
    let page = |number| WhichThreads::From(TimelineId::of(conversation(1)).page(number));
    assert_eq!(found(WhichThreads::All).await, [counted.clone(), other.clone(), nested.clone()]);
    assert_eq!(found(WhichThreads::One(first.id)).await, [counted.clone()]);
    assert_eq!(found(WhichThreads::One(ConversationId::from_bytes([9; 16]))).await, []);
    assert_eq!((found(page(1)).await, found(page(2)).await), (vec![counted], vec![other]));
    let within = TimelineId::of_thread(conversation(1), first.id).page(1);
    assert_eq!(found(WhichThreads::From(within)).await, [nested]);
    assert_eq!(store.threads(&tenant(), conversation(2), &WhichThreads::All).await.unwrap(), []);
}

pub(crate) async fn messages_are_held_until_somebody_decides(store: &dyn Store) {
    let message = |number: u8| HeldMessage {
        message: MessageId { stamp: Stamp::from_bytes([number; 16]), author: account("bob") },
        body: MessageBody { content: "words".into(), reply_to: None, mentions: None },
        thread: None,
        base: position(1),
    };
    let with = |expected, rows: &[(&HeldMessage, bool)]| {
        let held = rows
            .iter()
            .map(|(message, is_held)| (message.message.clone(), is_held.then(|| (*message).clone())))
            .collect();
        StreamCommit { held, ..messages(1, expected, "ann", 1) }
    };
    let held = async |number| store.held_messages(&tenant(), conversation(number)).await.unwrap();
    let (first, other) = (message(1), message(2));
    write(store, &[group(1, &["ann", "bob"])]).await;
    assert_eq!(held(1).await, []);
    write(store, &[with(1, &[(&other, true)]), with(2, &[(&first, true)])]).await;
    assert_eq!(held(1).await, [first.clone(), other.clone()]);
    assert_eq!(held(2).await, []);
    write(store, &[with(3, &[(&first, false)])]).await;
    assert_eq!(held(1).await, [other]);
    let moved_at = async |name| store.moved_at(&tenant(), conversation(1), &account(name)).await.unwrap();
    assert_eq!((moved_at("bob").await, moved_at("cid").await), (Some(position(1)), None));
}
