//! Webhooks: events that are written with their entries, and leased in order.

use std::collections::BTreeSet;

use tidings_core::time::WallTime;

use super::{list::there_and_back, *};
use crate::store::{
    Delivery, DeliveryOutcome, DeliveryRow, DeliveryState, Endpoint, EndpointChange, EndpointKeys, EndpointState,
    EventKind, KEY_BYTES, LeaseTerms, Toward, WebhookEvent,
};

const AT: u64 = 1_000;
const KEYS: EndpointKeys = EndpointKeys { secret: [1; KEY_BYTES], seed: [2; KEY_BYTES] };

fn endpoint(id: &str, events: &[EventKind]) -> Endpoint {
    Endpoint {
        id: id.to_owned(),
        url: "https://example.org/".to_owned(),
        events: events.iter().copied().collect::<BTreeSet<_>>(),
        keys: KEYS,
        former: None,
        state: EndpointState::On,
        created_at: WallTime::from_millis(AT),
    }
}

/// Messages with an event each, admitted at `AT`.
fn told(number: u32, expected: u64, count: u64) -> StreamCommit {
    let events = (expected + 1..=expected + count).map(|at| WebhookEvent {
        id: format!("msg_{number}_{at}"),
        kind: EventKind::MessageCreated,
        position: position(at),
        ordinal: 0,
        accepted_at: WallTime::from_millis(AT),
        due_at: WallTime::from_millis(AT),
        body: format!("{{\"of\":{at}}}").into_bytes(),
        message: None,
        words: None,
    });
    StreamCommit { events: Some(events.collect()), ..messages(number, expected, "ann", count) }
}

fn terms(now: u64, lease: i64) -> LeaseTerms {
    LeaseTerms { now: WallTime::from_millis(now), until: WallTime::from_millis(now + 100), lease }
}

/// Finishes a delivery, and leases the next one of its conversation.
async fn finish(
    store: &dyn Store,
    delivery: &Delivery,
    outcome: &DeliveryOutcome,
    terms: &LeaseTerms,
) -> Option<Delivery> {
    let ended = [(delivery.clone(), outcome.clone())];
    store.finish_deliveries(&ended, terms).await.unwrap().remove(0)
}

async fn lease(store: &dyn Store, id: &str, now: u64, lease: i64) -> Vec<Delivery> {
    store.lease_deliveries((&tenant(), id), &terms(now, lease), 10, &[]).await.unwrap()
}

fn events(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.event.as_str()).collect()
}

/// What its author's erasure is to find: an event with the words of a message of bob's, and one of ann's.
pub(crate) async fn t18_the_words_of_an_erased_account_are_delivered_no_more(store: &dyn Store) {
    two_groups(store).await;
    assert!(store.add_endpoint(&tenant(), &endpoint("all", &[]), 3, None).await.unwrap());
    let mut commit = told(1, 1, 2);
    for (event, author) in commit.events.iter_mut().flatten().zip(["bob", "ann"]) {
        event.message = Some(MessageId { stamp: Stamp::new(event.accepted_at, 1, [1; 8]), author: account(author) });
        event.words = Some(b"words".to_vec());
    }
    write(store, &[commit]).await;
    let now = WallTime::from_millis(AT);
    store.begin_account_erasure(&tenant(), &account("bob"), now).await.unwrap();
    assert!(store.erase_account(&tenant(), &account("bob"), now).await.unwrap());
    let of_bob = lease(store, "all", AT, 1).await.remove(0);
    assert_eq!(of_bob.body, b"{\"of\":2}");
    let (done, terms) = (DeliveryOutcome::Delivered, terms(AT, 1));
    let of_ann = finish(store, &of_bob, &done, &terms).await.unwrap();
    assert_eq!(of_ann.body, b"words");
}

async fn two_groups(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), group(2, &["ann", "bob"])]).await;
}

pub(crate) async fn h2_an_event_is_stored_for_each_endpoint_that_is_told_it(store: &dyn Store) {
    two_groups(store).await;
    // Nobody is told.
    write(store, &[told(1, 1, 2)]).await;
    let none = store.endpoints_due(WallTime::from_millis(AT), 10).await.unwrap();
    assert_eq!(none, []);
    for (id, told) in [("all", &[][..]), ("some", &[EventKind::MessageCreated]), ("other", &[EventKind::LeadChanged])] {
        assert!(store.add_endpoint(&tenant(), &endpoint(id, told), 3, None).await.unwrap());
    }
    assert!(!store.add_endpoint(&tenant(), &endpoint("more", &[]), 3, None).await.unwrap());
    let off = EndpointChange { state: Some(EndpointState::Off), ..EndpointChange::default() };
    write(store, &[told(1, 3, 1)]).await;
    assert_eq!(store.endpoints_due(WallTime::from_millis(AT - 1), 10).await.unwrap(), []);
    let due = store.endpoints_due(WallTime::from_millis(AT), 10).await.unwrap();
    assert_eq!(due, ["all", "some"].map(|id| (tenant(), id.to_owned())));
    let changed = store.change_endpoint(&tenant(), "all", &off, None).await.unwrap().unwrap();
    assert_eq!(changed.state, EndpointState::Off);
    assert!(changed.keys == KEYS);
    // A commit of several streams, and one that conflicts.
    write(store, &[told(1, 4, 1), told(2, 1, 1)]).await;
    assert_eq!(store.commit(&[told(1, 4, 1)]).await.unwrap(), [CommitOutcome::Conflict]);
    assert_eq!(events(&lease(store, "some", AT, 1).await), ["msg_1_4", "msg_2_2"]);
    assert_eq!(events(&lease(store, "all", AT, 1).await), ["msg_1_4"]);
}

pub(crate) async fn h3_only_the_first_event_of_a_conversation_is_leased(store: &dyn Store) {
    two_groups(store).await;
    store.add_endpoint(&tenant(), &endpoint("one", &[]), 3, None).await.unwrap();
    write(store, &[told(1, 1, 3), told(2, 1, 1)]).await;
    let leased = lease(store, "one", AT, 1).await;
    assert_eq!(events(&leased), ["msg_1_2", "msg_2_2"]);
    assert_eq!(leased[0].body, b"{\"of\":2}");
    assert_eq!(lease(store, "one", AT + 1, 2).await, []);
    let retry = DeliveryOutcome::Retry(WallTime::from_millis(AT + 50), "answered 500".to_owned());
    assert_eq!(finish(store, &leased[0], &retry, &terms(AT + 2, 3)).await, None);
    // What is behind it waits with it, however often it is looked for.
    for now in [AT + 10, AT + 49] {
        assert_eq!(lease(store, "one", now, 4).await, []);
    }
    let again = lease(store, "one", AT + 50, 5).await;
    assert_eq!((events(&again), again[0].attempts), (vec!["msg_1_2"], 1));
    let next = finish(store, &again[0], &DeliveryOutcome::Delivered, &terms(AT + 51, 6)).await;
    let next = next.unwrap();
    assert_eq!((next.event.as_str(), next.lease), ("msg_1_3", 6));
    assert_eq!(lease(store, "one", AT + 52, 7).await, []);
    let given_back = finish(store, &next, &DeliveryOutcome::Released, &terms(AT + 53, 8)).await;
    assert_eq!(given_back, None);
    let leased = lease(store, "one", AT + 60, 9).await;
    assert_eq!((events(&leased), leased[0].attempts), (vec!["msg_1_3"], 0));
}

pub(crate) async fn h3_outcomes_are_stored_together_each_for_its_own_lane(store: &dyn Store) {
    two_groups(store).await;
    for id in ["one", "two"] {
        store.add_endpoint(&tenant(), &endpoint(id, &[]), 3, None).await.unwrap();
    }
    write(store, &[told(1, 1, 2), told(2, 1, 2)]).await;
    let one = lease(store, "one", AT, 1).await;
    let two = lease(store, "two", AT, 2).await;
    let retry = DeliveryOutcome::Retry(WallTime::from_millis(AT + 50), "answered 500".to_owned());
    let lost = Delivery { lease: 9, ..two[0].clone() };
    // In no order at all.
    let ended = [
        (two[1].clone(), DeliveryOutcome::Delivered),
        (one[1].clone(), retry),
        (lost, DeliveryOutcome::Delivered),
        (one[0].clone(), DeliveryOutcome::Delivered),
    ];
    let following = store.finish_deliveries(&ended, &terms(AT + 2, 3)).await.unwrap();
    let following = following.iter().map(|next| next.as_ref().map(|next| (next.event.as_str(), &*next.key.endpoint)));
    assert_eq!(following.collect::<Vec<_>>(), [Some(("msg_2_3", "two")), None, None, Some(("msg_1_3", "one"))]);
    // What was lost is still with whoever has the lease.
    let ended = [(two[0].clone(), DeliveryOutcome::Delivered)];
    assert_eq!(store.finish_deliveries(&ended, &terms(AT + 3, 4)).await.unwrap()[0].as_ref().unwrap().event, "msg_1_3");
    assert_eq!(events(&lease(store, "one", AT + 50, 5).await), ["msg_2_2"]);
}

pub(crate) async fn h4_a_lease_that_ran_out_is_taken_over_and_its_outcome_is_void(store: &dyn Store) {
    two_groups(store).await;
    store.add_endpoint(&tenant(), &endpoint("one", &[]), 3, None).await.unwrap();
    write(store, &[told(1, 1, 2)]).await;
    let first = lease(store, "one", AT, 1).await.remove(0);
    assert_eq!(lease(store, "one", AT + 99, 2).await, []);
    let second = lease(store, "one", AT + 100, 3).await.remove(0);
    assert_eq!(first.event, second.event);
    assert_eq!(finish(store, &first, &DeliveryOutcome::Delivered, &terms(AT + 101, 4)).await, None);
    let pending =
        store.deliveries((&tenant(), "one"), DeliveryState::Pending, None, Toward::End, 10).await.unwrap().rows;
    assert_eq!(pending.len(), 2);
    let next = finish(store, &second, &DeliveryOutcome::Delivered, &terms(AT + 102, 5)).await;
    assert_eq!(next.unwrap().event, "msg_1_3");
}

pub(crate) async fn h5_a_dead_letter_blocks_nobody_and_is_replayed(store: &dyn Store) {
    two_groups(store).await;
    store.add_endpoint(&tenant(), &endpoint("one", &[]), 3, None).await.unwrap();
    write(store, &[told(1, 1, 3)]).await;
    let mut leased = lease(store, "one", AT, 1).await.remove(0);
    for lease in [2, 3] {
        let dead = DeliveryOutcome::Dead("answered 500".to_owned());
        leased = finish(store, &leased, &dead, &terms(AT + 1, lease)).await.unwrap();
    }
    assert_eq!(leased.event, "msg_1_4");
    assert_eq!(finish(store, &leased, &DeliveryOutcome::Delivered, &terms(AT + 2, 4)).await, None);
    let one = (&tenant(), "one");
    let dead = async |from: Option<(WallTime, String)>, toward| {
        store.deliveries(one, DeliveryState::Dead, from.as_ref(), toward, 1).await.unwrap()
    };
    assert_eq!(dead(None, Toward::End).await.rows[0].failure.as_deref(), Some("answered 500"));
    let ways = there_and_back(dead, |row: &DeliveryRow| row.event.clone()).await;
    let [there, back] = ways.map(|pages| pages.concat());
    assert_eq!((there.join(" ").as_str(), back.join(" ").as_str()), ("msg_1_2 msg_1_3", "msg_1_2"));
    let now = WallTime::from_millis(AT + 10);
    assert_eq!(store.replay_deliveries(one, Some("msg_1_9"), now, 10).await.unwrap(), 0);
    assert_eq!(store.replay_deliveries(one, Some("msg_1_3"), now, 10).await.unwrap(), 1);
    let replayed = lease(store, "one", AT + 10, 5).await;
    assert_eq!((events(&replayed), replayed[0].attempts, replayed[0].since), (vec!["msg_1_3"], 0, now));
    assert_eq!(store.replay_deliveries(one, None, now, 10).await.unwrap(), 1);
    assert_eq!(dead(None, Toward::End).await.rows, []);
}

pub(crate) async fn h6_what_is_old_or_of_a_removed_endpoint_is_swept(store: &dyn Store) {
    two_groups(store).await;
    for id in ["one", "two"] {
        store.add_endpoint(&tenant(), &endpoint(id, &[]), 3, None).await.unwrap();
    }
    write(store, &[told(1, 1, 3)]).await;
    assert!(store.remove_endpoint(&tenant(), "one").await.unwrap());
    assert!(!store.remove_endpoint(&tenant(), "one").await.unwrap());
    assert_eq!(store.endpoint(&tenant(), "one").await.unwrap(), None);
    let sweep = async |before, waiting_max| {
        let before = WallTime::from_millis(before);
        while !store.sweep_deliveries(before, waiting_max, 2).await.unwrap() {}
    };
    sweep(AT, 3).await;
    let waiting = async |id| {
        let endpoint = (&tenant(), id);
        let page = store.deliveries(endpoint, DeliveryState::Pending, None, Toward::End, 10).await;
        page.unwrap().rows.len()
    };
    assert_eq!((waiting("one").await, waiting("two").await), (0, 3));
    let state = async || store.endpoint(&tenant(), "two").await.unwrap().unwrap().state;
    assert_eq!(state().await, EndpointState::On);
    sweep(AT, 2).await;
    assert_eq!(state().await, EndpointState::Full);
    sweep(AT + 1, 2).await;
    assert_eq!(waiting("two").await, 0);
}
