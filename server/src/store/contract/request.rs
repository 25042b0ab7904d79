//! Requests that may be made again, and where accounts stand with a conversation.

use tidings_core::time::WallTime;

use super::*;
use crate::store::{AnsweredRequest, Standing, Suspension};

fn request(name: &str, key: &str, fingerprint: u8, at: u64) -> AnsweredRequest {
    AnsweredRequest {
        account: account(name),
        key: key.to_owned(),
        fingerprint: [fingerprint; 32],
        made: format!("made by {name}"),
        position: position(2),
        accepted_at: WallTime::from_millis(at),
    }
}

/// Messages that were written for these requests.
fn written(expected: u64, requests: Vec<AnsweredRequest>) -> StreamCommit {
    StreamCommit { requests, ..messages(1, expected, "ann", 1) }
}

pub(crate) async fn t4_a_request_is_stored_with_what_it_wrote_or_not_at_all(store: &dyn Store) {
    let find = async |name, key| store.find_request(&tenant(), &account(name), key).await.unwrap();
    write(store, &[group(1, &["ann", "bob"])]).await;
    let (one, two) = (request("ann", "one", 1, 100), request("bob", "one", 2, 200));
    write(store, &[written(1, vec![one.clone(), two.clone()])]).await;
    assert_eq!((find("ann", "one").await, find("bob", "one").await), (Some(one), Some(two)));
    assert_eq!((find("ann", "two").await, find("cid", "one").await), (None, None));
    // A commit that conflicts writes neither.
    let outcomes = store.commit(&[written(1, vec![request("ann", "two", 3, 300)])]).await.unwrap();
    assert_eq!(outcomes, [CommitOutcome::Conflict]);
    assert_eq!(find("ann", "two").await, None);
    // Under a key that nobody remembers another request is written.
    let again = request("ann", "one", 4, 400);
    write(store, &[written(2, vec![again.clone()])]).await;
    assert_eq!(find("ann", "one").await, Some(again.clone()));
    assert_eq!(store.forget_requests(WallTime::from_millis(400), 10).await.unwrap(), 1);
    assert_eq!((find("ann", "one").await, find("bob", "one").await), (Some(again), None));
}

pub(crate) async fn t7_where_accounts_stand_is_one_row(store: &dyn Store) {
    let standing = async |number, asker, subject| {
        store.standing(&tenant(), conversation(number), &account(asker), &account(subject)).await.unwrap()
    };
    assert_eq!(standing(1, "ann", "bob").await, Standing::default());
    write(store, &[group(1, &["ann", "bob"]), messages(1, 1, "bob", 3)]).await;
    let found = standing(1, "ann", "bob").await;
    // What is said moves the stream, and not its document.
    assert_eq!((found.state, found.changed), (Some(ConversationState::Active), position(1)));
    let status = |member: &Option<MemberRow>| member.as_ref().map(|member| member.status);
    assert_eq!(
        (status(&found.asker), status(&found.subject)),
        (Some(MemberStatus::Active), Some(MemberStatus::Active))
    );
    write(store, &[membership(1, 4, "bob", MemberStatus::Removed)]).await;
    store.set_suspension(&tenant(), &account("bob"), Suspension::Suspended).await.unwrap();
    let found = standing(1, "ann", "bob").await;
    assert_eq!(
        (found.changed, found.suspended, status(&found.subject)),
        (position(5), false, Some(MemberStatus::Removed))
    );
    let found = standing(1, "bob", "eve").await;
    assert_eq!((found.suspended, status(&found.asker), found.subject), (true, Some(MemberStatus::Removed), None));
    let page = TimelineId::of(conversation(1)).page(1);
    let first = store.first_entry(&tenant(), &page).await.unwrap().unwrap();
    assert_eq!(first.0, position(2));
    assert_eq!(store.last_entry(&tenant(), &page).await.unwrap(), Some(position(4)));
    let none = TimelineId::of(conversation(1)).page(2);
    assert_eq!(store.first_entry(&tenant(), &none).await.unwrap(), None);
    assert_eq!(store.last_entry(&tenant(), &none).await.unwrap(), None);
}
