//! How accounts find one another and block one another.

use std::collections::BTreeSet;

use tidings_core::{
    ids::ContactId,
    model::{ContactPoint, Reachability},
};

use super::*;
use crate::store::Suspension;

fn point(text: &str) -> ContactPoint {
    ContactPoint::parse(text).unwrap()
}

async fn reached_at(store: &dyn Store, name: &str, points: &[&str]) {
    let points: BTreeSet<ContactPoint> = points.iter().map(|text| point(text)).collect();
    store.set_contact_points(&tenant(), &account(name), &points).await.unwrap();
}

/// The accounts that a search by contact points returns to an asker.
async fn found(store: &dyn Store, asker: &str, points: &[&str]) -> Vec<(String, String)> {
    let points: Vec<ContactPoint> = points.iter().map(|text| point(text)).collect();
    let found = store.match_contact_points(&tenant(), &account(asker), &points).await.unwrap();
    found.into_iter().map(|(point, account)| (point.to_string(), account.to_string())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(point, account)| ((*point).to_owned(), (*account).to_owned())).collect()
}

/// A commit to an account's home that blocks or unblocks others.
fn blocks(name: &str, expected: u64, others: &[(&str, bool)]) -> StreamCommit {
    let mut commit = commit(StreamId::Account(account(name)), expected);
    commit.entries.push(entry(position(expected + 1), DocumentId::Home(account(name)), name, false));
    commit.blocks = others.iter().map(|(other, blocked)| (account(other), *blocked)).collect();
    commit
}

pub(crate) async fn accounts_are_found_by_the_points_they_have_now(store: &dyn Store) {
    reached_at(store, "ann", &["+4930123456", "ann@example.org"]).await;
    reached_at(store, "bob", &["bob@example.org"]).await;
    reached_at(store, "bot", &["ann@example.org"]).await;
    let asked = ["+4930123456", "ann@example.org", "bob@example.org", "zoe@example.org"];
    let ann = [("+4930123456", "ann"), ("ann@example.org", "ann"), ("ann@example.org", "bot")];
    assert_eq!(found(store, "cid", &asked).await, pairs(&[&ann[..], &[("bob@example.org", "bob")]].concat()));
    assert_eq!(found(store, "bob", &asked).await, pairs(&ann), "nobody finds themselves");
    assert_eq!(found(store, "cid", &[]).await, []);
    reached_at(store, "ann", &["ann@example.com"]).await;
    reached_at(store, "ann", &["ann@example.com"]).await;
    assert_eq!(found(store, "cid", &["+4930123456", "ann@example.com"]).await, pairs(&[("ann@example.com", "ann")]));
    reached_at(store, "ann", &[]).await;
    assert_eq!(found(store, "cid", &["ann@example.com"]).await, []);
    let elsewhere = TenantId::parse("other").unwrap();
    let points = [point("bob@example.org")];
    assert_eq!(store.match_contact_points(&elsewhere, &account("cid"), &points).await.unwrap(), []);
}

pub(crate) async fn whoever_is_suspended_or_blocks_the_asker_is_not_found(store: &dyn Store) {
    reached_at(store, "ann", &["ann@example.org"]).await;
    let suspend = async |suspension| store.set_suspension(&tenant(), &account("ann"), suspension).await.unwrap();
    let ann = pairs(&[("ann@example.org", "ann")]);
    suspend(Suspension::Suspended).await;
    assert_eq!(found(store, "bob", &["ann@example.org"]).await, []);
    suspend(Suspension::Lifted).await;
    assert_eq!(found(store, "bob", &["ann@example.org"]).await, ann);
    write(store, &[blocks("ann", 0, &[("bob", true)])]).await;
    assert_eq!(found(store, "bob", &["ann@example.org"]).await, []);
    assert_eq!(found(store, "cid", &["ann@example.org"]).await, ann);
    write(store, &[blocks("ann", 1, &[("bob", false)])]).await;
    assert_eq!(found(store, "bob", &["ann@example.org"]).await, ann);
}

pub(crate) async fn blocks_are_what_was_written_last(store: &dyn Store) {
    let ask = async |name| {
        let among = [account("ann"), account("bob"), account("zoe")];
        store.blockers(&tenant(), &account(name), &among).await.unwrap()
    };
    write(store, &[blocks("ann", 0, &[("cid", true), ("dan", true)]), blocks("bob", 0, &[("cid", true)])]).await;
    assert_eq!(ask("cid").await, [account("ann"), account("bob")]);
    assert_eq!(ask("dan").await, [account("ann")]);
    assert_eq!(ask("ann").await, []);
    let one = [account("bob")];
    assert_eq!(store.blockers(&tenant(), &account("cid"), &one).await.unwrap(), one);
    // Two commits of a stream in one transaction: the last one wins.
    write(store, &[blocks("ann", 1, &[("cid", false)]), blocks("ann", 2, &[("dan", false), ("cid", true)])]).await;
    assert_eq!((ask("cid").await, ask("dan").await), (vec![account("ann"), account("bob")], vec![]));
    let elsewhere = TenantId::parse("other").unwrap();
    assert_eq!(store.blockers(&elsewhere, &account("cid"), &one).await.unwrap(), []);
}

/// A commit to an account's home that sets its reachability and links contacts.
fn reach(
    name: &str,
    expected: u64,
    reachability: Option<Reachability>,
    contacts: &[(u8, Option<&str>)],
) -> StreamCommit {
    let contact = |(id, other): &(u8, Option<&str>)| (ContactId::from_bytes([*id; 16]), other.map(account));
    StreamCommit { reachability, contacts: contacts.iter().map(contact).collect(), ..blocks(name, expected, &[]) }
}

pub(crate) async fn an_account_is_reached_by_whom_it_lets(store: &dyn Store) {
    let ask = async |name| {
        let among = [account("ann"), account("bob"), account("zoe")];
        store.unreachable(&tenant(), &account(name), &among).await.unwrap()
    };
    assert_eq!(ask("cid").await, []);
    let of_ann = reach("ann", 0, Some(Reachability::Contacts), &[(1, Some("cid")), (2, Some("cid")), (3, None)]);
    write(store, &[of_ann, reach("bob", 0, Some(Reachability::Nobody), &[(1, Some("cid"))])]).await;
    assert_eq!((ask("cid").await, ask("dan").await), (vec![account("bob")], vec![account("ann"), account("bob")]));
    // One of two contacts of the same account is deleted, then the other one.
    write(store, &[reach("ann", 1, None, &[(1, None)])]).await;
    assert_eq!(ask("cid").await, [account("bob")]);
    write(store, &[reach("ann", 2, None, &[(2, Some("dan"))])]).await;
    assert_eq!((ask("cid").await, ask("dan").await), (vec![account("ann"), account("bob")], vec![account("bob")]));
    write(store, &[reach("ann", 3, Some(Reachability::Everybody), &[])]).await;
    assert_eq!(ask("cid").await, [account("bob")]);
    let elsewhere = TenantId::parse("other").unwrap();
    assert_eq!(store.unreachable(&elsewhere, &account("cid"), &[account("bob")]).await.unwrap(), []);
}
