//! The journal: what is admitted, what conflicts, and what is returned.

use futures_util::future::join_all;

use super::*;
use crate::store::{FoundChange, NameChange, Snapshot, StreamHead};

pub(crate) async fn entries_come_back_as_they_were_written(store: &dyn Store) {
    let (mut first, second) = (group(1, &["ann", "root"]), messages(1, 1, "ann", 4));
    first.entries[0].entry.account = account("root");
    first.entries[0].entry.administrator = true;
    write(store, std::slice::from_ref(&first)).await;
    write(store, std::slice::from_ref(&second)).await;
    let written: Vec<Entry> = first.entries.into_iter().chain(second.entries).map(|new| new.entry).collect();
    let all = store.entries_after(&tenant(), &stream(1), Position::ZERO, 100).await.unwrap();
    assert_eq!(all, written);
    let some = store.entries_after(&tenant(), &stream(1), position(2), 2).await.unwrap();
    assert_eq!(positions(&some), [3, 4]);
    let head = store.stream_head(&tenant(), &stream(1)).await.unwrap();
    assert_eq!(head, StreamHead { position: position(5), page: 1, chain: chain(position(5)) });
    let beyond = store.entries_after(&tenant(), &stream(1), position(u64::MAX), 10).await.unwrap();
    assert_eq!(beyond, []);
    assert_eq!(store.stream_head(&tenant(), &stream(2)).await.unwrap(), StreamHead::default());
}

pub(crate) async fn a_conflict_of_one_stream_leaves_the_others(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["ann"]), group(3, &["ann"])]).await;
    let mut late = messages(2, 0, "ann", 3);
    late.members = vec![(account("eve"), member(MemberStatus::Active, 2))];
    let commits = [messages(3, 1, "ann", 2), late, messages(1, 1, "ann", 2), messages(4, 7, "ann", 1)];
    let outcomes = store.commit(&commits).await.unwrap();
    assert_eq!(
        outcomes,
        [CommitOutcome::Committed, CommitOutcome::Conflict, CommitOutcome::Committed, CommitOutcome::Conflict]
    );
    for (number, head) in [(1, 3), (2, 1), (3, 3), (4, 0)] {
        assert_eq!(store.stream_head(&tenant(), &stream(number)).await.unwrap().position, position(head));
        let entries = store.entries_after(&tenant(), &stream(number), Position::ZERO, 100).await.unwrap();
        assert_eq!(positions(&entries), (1..=head).collect::<Vec<_>>());
    }
    assert_eq!(store.member(&tenant(), conversation(2), &account("eve")).await.unwrap(), None);
    assert_eq!(store.commit(&[]).await.unwrap(), []);
}

pub(crate) async fn a_stream_is_created_once(store: &dyn Store) {
    write(store, &[group(1, &["ann"])]).await;
    assert_eq!(store.commit(&[group(1, &["bob"])]).await.unwrap(), [CommitOutcome::Conflict]);
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), [account("ann")]);
    let twice = store.commit(&[group(2, &["ann"]), group(2, &["bob"])]).await.unwrap();
    assert_eq!(twice, [CommitOutcome::Committed, CommitOutcome::Conflict]);
}

pub(crate) async fn commits_of_one_stream_follow_each_other_in_one_call(store: &dyn Store) {
    let removed = membership(1, 1, "bob", MemberStatus::Removed);
    let back = membership(1, 2, "bob", MemberStatus::Active);
    write(store, &[group(1, &["ann", "bob"]), removed, back, messages(1, 3, "bob", 2)]).await;
    let entries = store.entries_after(&tenant(), &stream(1), Position::ZERO, 100).await.unwrap();
    assert_eq!(positions(&entries), [1, 2, 3, 4, 5]);
    assert_eq!(
        store.member(&tenant(), conversation(1), &account("bob")).await.unwrap(),
        Some(MemberRow { joined: None, ..member(MemberStatus::Active, 1) })
    );
}

pub(crate) async fn of_racing_commits_one_is_admitted(store: &dyn Store) {
    for expected in 0..5 {
        let racing = (0..8).map(|number: u32| async move {
            // Each in another order, together with a stream of its own.
            let mut commits = vec![messages(1, expected, "ann", 1), messages(2, expected, "ann", 1)];
            commits.rotate_left(number as usize % 2);
            commits.push(messages(10 + number, expected, "ann", 1));
            store.commit(&commits).await.unwrap()
        });
        let outcomes = join_all(racing).await;
        for index in 0..3 {
            let admitted = outcomes.iter().filter(|outcomes| outcomes[index] == CommitOutcome::Committed).count();
            assert!(if index == 2 { admitted == 8 } else { admitted <= 2 }, "{outcomes:?}");
        }
        let admitted = outcomes.iter().flatten().filter(|outcome| **outcome == CommitOutcome::Committed).count();
        assert_eq!(admitted, 8 + 2, "{outcomes:?}");
    }
}

pub(crate) async fn changes_are_found_by_their_hash(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), messages(1, 1, "ann", 5), group(2, &["ann"])]).await;
    let wanted = [hash(position(4)), hash(position(99)), hash(position(2))];
    let found = store.find_changes(&tenant(), &stream(1), &wanted).await.unwrap();
    let place = |number: u64| FoundChange {
        hash: hash(position(number)),
        document: TimelineId::of(conversation(1)).page(1),
        position: position(number),
        account: account("ann"),
        administrator: false,
        accepted_at: WallTime::from_millis(1_700_000_000_000 + number),
    };
    assert_eq!(found, [place(2), place(4)]);
    assert_eq!(store.find_changes(&tenant(), &stream(2), &[hash(position(2))]).await.unwrap(), []);
    assert_eq!(store.find_changes(&tenant(), &stream(1), &[]).await.unwrap(), []);
}

fn snapshot(number: u64) -> Snapshot {
    Snapshot {
        position: position(number),
        data: format!("document at {number}").into_bytes(),
        admissions: vec![0, 255, 3],
    }
}

pub(crate) async fn a_document_is_its_snapshot_and_what_came_after(store: &dyn Store) {
    let (page, document) = (TimelineId::of(conversation(1)).page(1), TimelineId::of(conversation(1)).document());
    write(store, &[group(1, &["ann"]), messages(1, 1, "ann", 5)]).await;
    let (stored, head) = store.document(&tenant(), &page).await.unwrap();
    assert_eq!((stored.snapshot, positions(&stored.tail), head.position), (None, vec![2, 3, 4, 5, 6], position(6)));
    store.save_snapshot(&tenant(), &page, &snapshot(4)).await.unwrap();
    let (stored, _) = store.document(&tenant(), &page).await.unwrap();
    assert_eq!((stored.snapshot, positions(&stored.tail)), (Some(snapshot(4)), vec![5, 6]));
    let (stored, head) = store.document(&tenant(), &document).await.unwrap();
    assert_eq!((stored.snapshot, positions(&stored.tail), head.page), (None, vec![1], 1));
    let (stored, head) = store.document(&tenant(), &DocumentId::Home(account("ann"))).await.unwrap();
    assert_eq!((stored, head), Default::default());
}

pub(crate) async fn an_older_snapshot_never_replaces_a_newer_one(store: &dyn Store) {
    let page = TimelineId::of(conversation(1)).page(1);
    write(store, &[messages(1, 0, "ann", 9)]).await;
    for number in [5, 3, 8, 7] {
        store.save_snapshot(&tenant(), &page, &snapshot(number)).await.unwrap();
    }
    let (stored, _) = store.document(&tenant(), &page).await.unwrap();
    assert_eq!((stored.snapshot, positions(&stored.tail)), (Some(snapshot(8)), vec![9]));
}

pub(crate) async fn documents_far_behind_their_snapshot_are_stale(store: &dyn Store) {
    let stale = async |entries_min, count_max| {
        let documents = store.stale_documents(entries_min, count_max).await.unwrap();
        documents.into_iter().map(|stale| stale.document).collect::<Vec<_>>()
    };
    let page = |number| TimelineId::of(conversation(number)).page(1);
    write(store, &[messages(1, 0, "ann", 40), messages(2, 0, "ann", 100), messages(3, 0, "ann", 3)]).await;
    assert_eq!(stale(40, 10).await, [page(2), page(1)]);
    assert_eq!(stale(41, 10).await, [page(2)]);
    assert_eq!(stale(1, 2).await, [page(2), page(1)]);
    assert_eq!(stale(3, 10).await.len(), 3);
    store.save_snapshot(&tenant(), &page(2), &snapshot(90)).await.unwrap();
    assert_eq!(stale(11, 10).await, [page(1)]);
    write(store, &[messages(2, 100, "ann", 30)]).await;
    assert_eq!(stale(40, 10).await, [page(2), page(1)]);
}

pub(crate) async fn any_script_and_any_character_can_be_stored(store: &dyn Store) {
    let mut created = group(1, &["ann"]);
    let title = "Zoë — مرحبا 你好 👩‍👩‍👧 '; DROP TABLE journal;-- \" \\ \u{202e}";
    created.conversation = Some(row(&["ann"], Some(title)));
    write(store, &[created]).await;
    let titled = async || store.summaries(&tenant(), &account("ann"), &[conversation(1)]).await.unwrap()[0].clone();
    let summary = titled().await;
    assert_eq!(summary.title.as_deref(), Some(title));
    assert_eq!(summary.last_message.unwrap().preview, Some("héllo 🌊".into()));
    let mut nul = messages(1, 1, "ann", 1);
    nul.conversation = Some(row(&["ann"], Some("a\0b")));
    write(store, &[nul, profile("ann", 0, "名前\0")]).await;
    assert_eq!(titled().await.title.as_deref(), Some("a\u{fffd}b"));
    let profiles = store.profiles(&tenant(), &[account("ann")]).await.unwrap();
    assert_eq!(profiles[0].profile.display_name.as_deref(), Some("名前\0"));
}

pub(crate) async fn a_change_of_256_kib_can_be_stored(store: &dyn Store) {
    let mut large = messages(1, 0, "ann", 2);
    enlarge(&mut large.entries[1], 256 * 1024);
    write(store, std::slice::from_ref(&large)).await;
    let entries = store.entries_after(&tenant(), &stream(1), position(1), 1).await.unwrap();
    assert_eq!(entries[0], large.entries[1].entry);
}

pub(crate) async fn tenants_do_not_see_each_other(store: &dyn Store) {
    let other = TenantId::parse("globex").unwrap();
    let mut same_ids = group(1, &["ann", "bob"]);
    same_ids.tenant = other.clone();
    write(store, &[group(1, &["ann"]), same_ids, profile("ann", 0, "Ann")]).await;
    write(store, &[messages(1, 1, "ann", 3)]).await;
    assert_eq!(store.stream_head(&other, &stream(1)).await.unwrap().position, position(1));
    assert_eq!(store.active_members(&tenant(), conversation(1)).await.unwrap(), [account("ann")]);
    assert_eq!(store.find_changes(&other, &stream(1), &[hash(position(2))]).await.unwrap(), []);
    assert_eq!(store.profiles(&other, &[account("ann")]).await.unwrap(), []);
    let caught_up = store.catch_up(&other, &account("ann"), None, ENTRIES_MAX).await.unwrap();
    assert_eq!((caught_up.summaries.len(), caught_up.summaries[0].member_count), (1, 2));
    assert_eq!(caught_up.profiles, []);
}

/// A commit by Ann that changes the public name of a group.
fn renames(number: u32, expected: u64, from: Option<&str>, to: Option<&str>) -> StreamCommit {
    StreamCommit { name: NameChange::between(from, to), ..messages(number, expected, "ann", 1) }
}

pub(crate) async fn a_public_name_is_one_conversations(store: &dyn Store) {
    let groups: Vec<StreamCommit> = (1..=4).map(|number| group(number, &["ann"])).collect();
    store.commit(&groups).await.unwrap();
    let claims = [renames(1, 1, None, Some("boats")), renames(2, 1, None, Some("boats"))];
    assert_eq!(store.commit(&claims).await.unwrap(), [CommitOutcome::Committed, CommitOutcome::NameTaken]);
    let late = [renames(3, 1, None, Some("boats")), messages(4, 1, "ann", 1)];
    assert_eq!(store.commit(&late).await.unwrap(), [CommitOutcome::NameTaken, CommitOutcome::Committed]);
    assert_eq!(store.stream_head(&tenant(), &late[0].stream).await.unwrap().position, position(1));
    let elsewhere = StreamCommit { tenant: TenantId::parse("other").unwrap(), ..group(1, &["ann"]) };
    let elsewhere = StreamCommit { name: NameChange::between(None, Some("boats")), ..elsewhere };
    assert_eq!(store.commit(&[elsewhere]).await.unwrap(), [CommitOutcome::Committed]);
}

pub(crate) async fn a_public_name_is_free_again_when_it_is_given_up(store: &dyn Store) {
    let groups = [group(1, &["ann"]), group(2, &["ann"])];
    store.commit(&groups).await.unwrap();
    store.commit(&[renames(1, 1, None, Some("boats"))]).await.unwrap();
    // A conflict releases no name.
    assert_eq!(store.commit(&[renames(1, 1, Some("boats"), None)]).await.unwrap(), [CommitOutcome::Conflict]);
    assert_eq!(store.commit(&[renames(2, 1, None, Some("boats"))]).await.unwrap(), [CommitOutcome::NameTaken]);
    store.commit(&[renames(1, 2, Some("boats"), Some("ships"))]).await.unwrap();
    assert_eq!(store.commit(&[renames(2, 1, None, Some("boats"))]).await.unwrap(), [CommitOutcome::Committed]);
    assert_eq!(store.commit(&[renames(2, 2, Some("boats"), Some("ships"))]).await.unwrap(), [CommitOutcome::NameTaken]);
}
