//! Lists: an account's own conversations, and the directory.

use tidings_core::{
    model::{ActivityKey, DirectoryQuery, DirectoryRow, JoinPolicy, Listing, OwnQuery, WordKey, words},
    sorted::SortedSet,
};

use super::*;
use crate::store::{ListPage, SubscriberRow, Toward};

/// The time of a message that is the last one of its conversation.
fn at(millis: u64) -> WallTime {
    WallTime::from_millis(1_750_000_000_000 + millis)
}

/// A group whose last message has this time.
fn active(number: u32, members: &[&str], millis: u64) -> StreamCommit {
    let mut commit = group(number, members);
    commit.conversation = Some(row_at(members, millis));
    commit
}

fn row_at(members: &[&str], millis: u64) -> ConversationRow {
    let mut row = row(members, Some("Title"));
    if let Some(last) = &mut row.last_message {
        last.message.stamp = Stamp::new(at(millis), 0, [1; 8]);
    }
    row
}

/// A public, joinable channel with this title.
fn public(number: u32, title: &str) -> StreamCommit {
    titled(group(number, &["ann"]), title)
}

/// Makes the commit's conversation public under this title.
fn titled(mut commit: StreamCommit, title: &str) -> StreamCommit {
    commit.conversation = Some(ConversationRow {
        kind: ConversationKind::Channel,
        title: Some(title.to_owned()),
        listing: Some(Listing {
            name: None,
            description: Some("About it".to_owned()),
            avatar_url: None,
            join: JoinPolicy::Open,
            join_approval: false,
        }),
        ..row(&["ann"], None)
    });
    commit.words = Some(words(title).collect());
    commit
}

async fn own(store: &dyn Store, name: &str, query: OwnQuery) -> (Vec<ListedRow>, Option<ActivityKey>) {
    let ListPage { rows, next, .. } =
        store.own_conversations(&tenant(), &account(name), &query, Toward::End).await.unwrap();
    (rows, next)
}

fn numbers<'r>(rows: impl IntoIterator<Item = &'r ConversationId>) -> Vec<u32> {
    let number = |id: &ConversationId| u32::from_be_bytes(id.as_bytes()[..4].try_into().unwrap());
    rows.into_iter().map(number).collect()
}

fn of(rows: &[ListedRow]) -> Vec<u32> {
    numbers(rows.iter().map(|row| &row.summary.conversation))
}

async fn search(store: &dyn Store, prefixes: &[&str], query: &DirectoryQuery) -> (Vec<u32>, Option<WordKey>) {
    let prefixes: SortedSet<String> = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
    let ListPage { rows, next, .. } =
        store.directory(&tenant(), &account("bob"), &prefixes, query, Toward::End).await.unwrap();
    (numbers(rows.iter().map(|row| &row.conversation)), next)
}

async fn found(store: &dyn Store, prefixes: &[&str]) -> Vec<u32> {
    search(store, prefixes, &DirectoryQuery::default()).await.0
}

pub(crate) async fn l1_own_conversations_are_paged_by_newest_activity(store: &dyn Store) {
    let times = [(1, 50), (2, 70), (3, 60), (4, 70), (5, 10)];
    let commits: Vec<StreamCommit> =
        times.iter().map(|(number, millis)| active(*number, &["ann", "bob"], *millis)).collect();
    write(store, &commits).await;
    write(store, &[active(6, &["bob"], 99)]).await;
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let (rows, next) = own(store, "ann", OwnQuery { after, count_max: 2, ..OwnQuery::default() }).await;
        pages.push(of(&rows));
        match next {
            Some(key) => after = Some(key),
            None => break,
        }
    }
    assert_eq!(pages, [vec![2, 4], vec![3, 1], vec![5]]);
    let (rows, next) = own(store, "ann", OwnQuery { count_max: 5, ..OwnQuery::default() }).await;
    assert_eq!((rows.len(), next), (5, None), "there is no page behind one that is just full");
    let summaries = store.summaries(&tenant(), &account("ann"), &[conversation(2)]).await.unwrap();
    assert_eq!((&rows[0].summary, rows[0].activity_at), (&summaries[0], at(70)));
    // A message moves its conversation to the top.
    let mut said = messages(5, 1, "bob", 1);
    said.conversation = Some(row_at(&["ann", "bob"], 80));
    write(store, &[said]).await;
    assert_eq!(of(&own(store, "ann", OwnQuery::default()).await.0), [5, 2, 4, 3, 1]);
    assert!(own(store, "cid", OwnQuery::default()).await.0.is_empty());
}

/// Reads a list from its beginning to its end, and from there back to its beginning. Returns the pages of both
/// ways, by ids, in the order in which they were read.
pub(super) async fn there_and_back<R, K, T>(
    mut read: impl AsyncFnMut(Option<K>, Toward) -> ListPage<R, K>,
    id: impl Fn(&R) -> T,
) -> [Vec<Vec<T>>; 2] {
    let mut ways = [Vec::new(), Vec::new()];
    let mut from = None;
    loop {
        let page = read(from, Toward::End).await;
        ways[0].push(page.rows.iter().map(&id).collect());
        from = match page.next {
            Some(next) => Some(next),
            None => {
                from = page.previous;
                break;
            }
        };
    }
    while let Some(before) = from {
        let page = read(Some(before), Toward::Beginning).await;
        assert!(page.next.is_some(), "something follows a page that was read backward");
        ways[1].push(page.rows.iter().map(&id).collect());
        from = page.previous;
    }
    ways
}

pub(crate) async fn l1_own_conversations_are_read_both_ways(store: &dyn Store) {
    let times = [(1, 50), (2, 70), (3, 60), (4, 70), (5, 10)];
    let commits: Vec<StreamCommit> = times.map(|(number, millis)| active(number, &["ann"], millis)).into();
    write(store, &commits).await;
    let read = async |after, toward| {
        let query = OwnQuery { after, count_max: 2, ..OwnQuery::default() };
        store.own_conversations(&tenant(), &account("ann"), &query, toward).await.unwrap()
    };
    let ways = there_and_back(read, |row: &ListedRow| of(std::slice::from_ref(row))[0]).await;
    assert_eq!(ways, [vec![vec![2, 4], vec![3, 1], vec![5]], vec![vec![3, 1], vec![2, 4]]]);
    assert_eq!(of(&read(None, Toward::Beginning).await.rows), [1, 5], "the last page is the last rows");
}

pub(crate) async fn l5_the_directory_is_read_both_ways(store: &dyn Store) {
    let title = |number: u32| if number.is_multiple_of(3) { "Boat boats rare" } else { "Boat boats" };
    let commits: Vec<StreamCommit> = (1..=20).map(|number| public(number, title(number))).collect();
    write(store, &commits).await;
    for (prefixes, expected) in
        [(vec!["boat"], (1..=20).collect::<Vec<u32>>()), (vec!["boat", "rar"], vec![3, 6, 9, 12, 15, 18])]
    {
        let prefixes: SortedSet<String> = prefixes.into_iter().map(str::to_owned).collect();
        for count_max in [1, 3, 7, 100] {
            let read = async |after, toward| {
                let query = DirectoryQuery { after, count_max, ..DirectoryQuery::default() };
                store.directory(&tenant(), &account("bob"), &prefixes, &query, toward).await.unwrap()
            };
            let [there, back] = there_and_back(read, |row: &DirectoryRow| numbers([&row.conversation])[0]).await;
            assert_eq!(there.concat(), expected);
            // What the last page had is not read again.
            let back: Vec<u32> = back.into_iter().rev().flatten().collect();
            let last = there.last().map_or(0, Vec::len);
            assert_eq!(back, expected[..expected.len() - last], "{count_max} at once");
        }
    }
}

pub(crate) async fn l1_own_conversations_are_of_the_kinds_statuses_and_states_asked_for(store: &dyn Store) {
    let mut archived = active(2, &["ann"], 20);
    archived.conversation.as_mut().unwrap().state = ConversationState::Archived;
    let mut deleted = active(3, &["ann"], 30);
    deleted.conversation.as_mut().unwrap().state = ConversationState::Deleted;
    let mut invited = active(4, &["bob"], 40);
    invited.members.push((account("ann"), member(MemberStatus::Invited, 1)));
    let mut channel = active(5, &["bob"], 50);
    channel.conversation.as_mut().unwrap().kind = ConversationKind::Channel;
    write(store, &[active(1, &["ann"], 10), archived, deleted, invited, channel]).await;
    let mut subscribed = commit(stream(5), 1);
    let row = SubscriberRow { status: MemberStatus::Active, at: at(0) };
    subscribed.subscribers = vec![(account("ann"), row)];
    write(store, &[subscribed]).await;
    let rows = async |query| of(&own(store, "ann", query).await.0);
    let all = OwnQuery::default;
    // An invited account is sent nothing of what happens there.
    assert_eq!(rows(all()).await, [5, 2, 1, 4]);
    assert_eq!(rows(OwnQuery { kinds: vec![ConversationKind::Channel], ..all() }).await, [5]);
    assert_eq!(rows(OwnQuery { statuses: vec![MemberStatus::Subscribed], ..all() }).await, [5]);
    assert_eq!(rows(OwnQuery { statuses: vec![MemberStatus::Active], ..all() }).await, [2, 1]);
    let waiting = vec![MemberStatus::Requested, MemberStatus::Invited];
    assert_eq!(rows(OwnQuery { statuses: waiting, ..all() }).await, [4]);
    assert_eq!(rows(OwnQuery { states: vec![ConversationState::Archived], ..all() }).await, [2]);
    // A deleted conversation is on no list, whatever the query.
    assert!(rows(OwnQuery { states: vec![ConversationState::Deleted], ..all() }).await.is_empty());
}

pub(crate) async fn l1_own_conversations_about_a_resource_are_found(store: &dyn Store) {
    let about = |number, resource: &str, millis| {
        let mut commit = active(number, &["ann"], millis);
        commit.conversation.as_mut().unwrap().resource = Some(resource.to_owned());
        commit
    };
    let commits = [about(1, "flat 7", 10), about(2, "flat 8", 20), about(3, "flat 7", 30), active(4, &["ann"], 40)];
    write(store, &commits).await;
    let query = |resource: &str| OwnQuery { resource: Some(resource.to_owned()), ..OwnQuery::default() };
    let (rows, _) = own(store, "ann", query("flat 7")).await;
    assert_eq!(of(&rows), [3, 1]);
    assert_eq!(rows[0].summary.resource.as_deref(), Some("flat 7"));
    assert_eq!(of(&own(store, "ann", query("flat")).await.0), [0; 0]);
    assert_eq!(of(&own(store, "ann", OwnQuery::default()).await.0), [4, 3, 2, 1]);
}

pub(crate) async fn t20_conversations_about_a_resource_are_found_in_the_whole_tenant(store: &dyn Store) {
    let about = |number, of: &[&str], resource: &str| {
        let mut commit = active(number, of, 10);
        commit.conversation.as_mut().unwrap().resource = Some(resource.to_owned());
        commit
    };
    let mut gone = about(5, &["dan"], "flat 7");
    gone.conversation.as_mut().unwrap().state = ConversationState::Deleted;
    write(store, &[about(1, &["ann"], "flat 7"), about(2, &["bob"], "flat 8"), about(3, &["cat"], "flat 7")]).await;
    write(store, &[active(4, &["ann"], 40), gone]).await;
    let found = async |resource: &str, after: Option<ConversationId>, count_max: u32| {
        store.conversations_about(&tenant(), resource, after, count_max).await.unwrap()
    };
    let all = [conversation(1), conversation(3)];
    assert_eq!(found("flat 7", None, 10).await, all);
    assert_eq!(found("flat 7", None, 1).await, all[..1]);
    assert_eq!(found("flat 7", Some(all[0]), 1).await, all[1..]);
    assert!(found("flat 7", Some(all[1]), 1).await.is_empty() && found("flat", None, 10).await.is_empty());
    let elsewhere = TenantId::parse("rival").unwrap();
    assert!(store.conversations_about(&elsewhere, "flat 7", None, 10).await.unwrap().is_empty());
}

pub(crate) async fn l3_of_what_an_account_is_not_in_any_more_nothing_new_is_told(store: &dyn Store) {
    write(store, &[active(1, &["ann", "bob"], 10), active(2, &["ann", "bob"], 20)]).await;
    let mut gone = membership(1, 1, "bob", MemberStatus::Removed);
    gone.conversation = Some(row_at(&["ann"], 10));
    write(store, &[gone, membership(2, 1, "bob", MemberStatus::Left)]).await;
    // Later activity is not visible to them.
    let mut said = messages(1, 2, "ann", 1);
    said.conversation = Some(ConversationRow { state: ConversationState::Closed, ..row_at(&["ann"], 90) });
    write(store, &[said]).await;
    assert!(own(store, "bob", OwnQuery::default()).await.0.is_empty());
    let ended = vec![MemberStatus::Left, MemberStatus::Removed, MemberStatus::Banned];
    let query = OwnQuery { statuses: ended, ..OwnQuery::default() };
    let (rows, _) = own(store, "bob", query.clone()).await;
    assert_eq!(of(&rows), [1, 2]);
    let ListedRow { summary, activity_at } = &rows[0];
    assert_eq!(*activity_at, WallTime::from_millis(1_700_000_000_002), "the entry that put them out");
    assert_eq!((summary.status, summary.kind), (MemberStatus::Removed, ConversationKind::Group));
    assert_eq!((&summary.title, summary.state), (&None, ConversationState::Active));
    assert_eq!((summary.position, summary.member_count, &summary.last_message), (Position::ZERO, 0, &None));
    // They are sent a public title too; and a subscriber's row ends the list.
    let mut shown = titled(commit(stream(2), 2), "For all");
    shown.entries = messages(2, 2, "ann", 1).entries;
    let mut unsubscribed = commit(stream(2), 3);
    let row = SubscriberRow { status: MemberStatus::Left, at: at(7) };
    unsubscribed.subscribers = vec![(account("cid"), row)];
    write(store, &[shown, unsubscribed]).await;
    let (rows, _) = own(store, "bob", query.clone()).await;
    assert_eq!(rows[1].summary.title.as_deref(), Some("For all"));
    let (rows, _) = own(store, "cid", query).await;
    assert_eq!((of(&rows), rows[0].activity_at), (vec![2], at(7)));
}

pub(crate) async fn l5_the_directory_is_searched_by_how_words_begin(store: &dyn Store) {
    write(store, &[public(1, "Green Garden"), public(2, "Greenhouse Club"), public(3, "Äpfel im Garten")]).await;
    write(store, &[group(4, &["ann"])]).await;
    assert_eq!(found(store, &["green"]).await, [1, 2]);
    assert_eq!(found(store, &["gar"]).await, [1, 3]);
    assert_eq!(found(store, &["gar", "gre"]).await, [1]);
    assert_eq!(found(store, &["gre", "clubs"]).await, [0; 0]);
    assert_eq!(found(store, &["äp"]).await, [3]);
    assert_eq!(found(store, &["ap"]).await, [0; 0]);
    assert_eq!(found(store, &["g"]).await, [1, 3, 2], "each once, by the first word that is found");
    let groups = DirectoryQuery { kinds: vec![ConversationKind::Group], ..DirectoryQuery::default() };
    assert_eq!(search(store, &["g"], &groups).await, (vec![], None));
    let all = async |tenant: &TenantId, prefix: &str| {
        let prefixes = SortedSet::from([prefix.to_owned()]);
        let query = DirectoryQuery::default();
        store.directory(tenant, &account("ann"), &prefixes, &query, Toward::End).await.unwrap().rows
    };
    let row = &all(&tenant(), "club").await[0];
    assert_eq!(
        (row.title.as_deref(), row.member_count, row.status),
        (Some("Greenhouse Club"), 1, Some(MemberStatus::Active))
    );
    assert_eq!((row.listing.description.as_deref(), row.listing.join), (Some("About it"), JoinPolicy::Open));
    let elsewhere = TenantId::parse("other").unwrap();
    assert!(all(&elsewhere, "g").await.is_empty(), "tenants share no directory");
}

pub(crate) async fn l5_pages_of_the_directory_end_after_a_bounded_number_of_words(store: &dyn Store) {
    // Every title has two words that begin like the search word; few have the other one.
    let title = |number: u32| if number.is_multiple_of(9) { "Boat boats rare" } else { "Boat boats" };
    let commits: Vec<StreamCommit> = (1..=40).map(|number| public(number, title(number))).collect();
    write(store, &commits).await;
    let pages = async |prefixes: &[&str], count_max| {
        let (mut all, mut after, mut count) = (Vec::new(), None, 0);
        loop {
            let query = DirectoryQuery { after, count_max, ..DirectoryQuery::default() };
            let (rows, next) = search(store, prefixes, &query).await;
            assert!(rows.len() <= count_max as usize);
            all.extend(rows);
            count += 1;
            match next {
                Some(key) => after = Some(key),
                None => return (all, count),
            }
        }
    };
    assert_eq!(pages(&["boat"], 7).await.0, (1..=40).collect::<Vec<_>>());
    assert_eq!(pages(&["boat"], 100).await.0.len(), 40);
    let (rare, count) = pages(&["boat", "rar"], 3).await;
    assert_eq!(rare, [9, 18, 27, 36]);
    assert!(count > 1, "a page looks at twelve words, not at all eighty");
    // A key outside of the search must not reveal other words.
    let outside = DirectoryQuery {
        after: Some(WordKey { word: "a\0".into(), conversation: conversation(1) }),
        ..DirectoryQuery::default()
    };
    assert_eq!(search(store, &["rare"], &outside).await.0, [9, 18, 27, 36]);
    let behind = WordKey { word: "zzz\0".into(), conversation: conversation(1) };
    let outside = DirectoryQuery { after: Some(behind), ..DirectoryQuery::default() };
    assert_eq!(search(store, &["rare"], &outside).await, (vec![], None));
}

pub(crate) async fn l4_the_directory_changes_with_the_commit_that_changes_it(store: &dyn Store) {
    write(store, &[public(1, "Old name")]).await;
    let change = |expected: u64| {
        let mut commit = commit(stream(1), expected);
        commit.entries = messages(1, expected, "ann", 1).entries;
        commit
    };
    let conflict = titled(change(0), "Never was");
    assert_eq!(store.commit(&[conflict]).await.unwrap(), [CommitOutcome::Conflict]);
    assert_eq!((found(store, &["old"]).await, found(store, &["never"]).await), (vec![1], vec![]));
    // Two in one call: the last one wins, and what preceded the first is removed.
    write(store, &[titled(change(1), "Second name"), titled(change(2), "Third name")]).await;
    let each = async |names: &[&str]| {
        let mut all = Vec::new();
        for name in names {
            all.push(found(store, &[*name]).await);
        }
        all
    };
    assert_eq!(each(&["old", "second", "third", "name"]).await, [vec![], vec![], vec![1], vec![1]]);
    // A commit that changes nothing of the listing leaves it, and one that hides the conversation removes it.
    let mut said = change(3);
    said.conversation = titled(change(3), "Third name").conversation;
    write(store, &[said]).await;
    assert_eq!(found(store, &["third"]).await, [1]);
    let mut hidden = change(4);
    (hidden.conversation, hidden.words) = (Some(row(&["ann"], Some("Third name"))), Some(SortedSet::new()));
    write(store, &[hidden]).await;
    assert_eq!(found(store, &["third"]).await, [0; 0]);
}
