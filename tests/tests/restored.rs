//! A server whose store was put back to an older state, with devices that are
//! ahead of it: nobody's words vanish, and every conversation goes on.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use tidings_core::{
    code::Code,
    command::{CreateConversation, CreateDirect, EditMessage, SendText},
    engine::Input,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    limits::Limits,
};
use tidings_tests::sim::world::{Device, World};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

struct Trip {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
}

/// Ann and Bob, and no conversation yet.
fn pair(limits: Limits) -> (World, Device, Device) {
    let mut world = World::new(11, limits);
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    assert!(world.settle_ms(60_000));
    (world, ann, bob)
}

fn begin((mut world, ann, bob): (World, Device, Device)) -> Trip {
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")]));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    Trip { world, ann, bob, group }
}

fn small_pages() -> Limits {
    Limits { page_changes_soft: 4, page_changes_max: 40, ..Limits::default() }
}

impl Trip {
    fn say(&mut self, device: Device, text: &str) {
        let request = self.world.command(device, SendText::new(self.group, text));
        self.world.client(device).screen.answers[&request].clone().unwrap();
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "the world comes to rest");
    }

    fn texts(&mut self, device: Device) -> Vec<String> {
        self.world.client(device).screen.texts(self.group)
    }

    fn refused(&mut self, device: Device) -> Vec<(Code, String)> {
        let rows = self.world.client(device).screen.refused.values();
        rows.map(|row| (row.code, row.words.clone().unwrap_or_default())).collect()
    }

    /// Both show the same, each of these once, and nothing else.
    #[track_caller]
    fn check(&mut self, expected: &[&str]) {
        assert_eq!((self.refused(self.ann), self.refused(self.bob)), (vec![], vec![]));
        let (ann, bob) = (self.texts(self.ann), self.texts(self.bob));
        assert_eq!(ann, bob);
        assert_eq!(ann.len(), expected.len(), "{ann:?}");
        assert_eq!(ann.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected.iter().copied().collect());
        assert_eq!((self.refused(self.ann), self.refused(self.bob)), (vec![], vec![]));
    }
}

#[test]
fn e60_what_the_store_lost_is_offered_again_under_the_same_ids() {
    for is_said in [true, false] {
        let mut trip = begin(pair(Limits::default()));
        let (ann, bob) = (trip.ann, trip.bob);
        trip.say(ann, "one");
        trip.settle();
        let copy = trip.world.database().copy();
        trip.say(ann, "two");
        trip.settle();
        trip.say(bob, "three");
        trip.say(ann, "four");
        trip.settle();
        let ids: BTreeSet<_> = trip.world.client(ann).screen.timelines[&trip.group].keys().cloned().collect();
        trip.world.put_back(&copy, is_said);
        trip.settle();
        trip.check(&["one", "two", "three", "four"]);
        let after: BTreeSet<_> = trip.world.client(bob).screen.timelines[&trip.group].keys().cloned().collect();
        assert_eq!(ids, after);
        trip.say(bob, "five");
        trip.say(ann, "six");
        trip.settle();
        trip.check(&["one", "two", "three", "four", "five", "six"]);
    }
}

#[test]
fn e60_an_edited_message_comes_back_with_its_last_words() {
    let mut trip = begin(pair(Limits::default()));
    let ann = trip.ann;
    let copy = trip.world.database().copy();
    let request = trip.world.command(ann, SendText::new(trip.group, "helo"));
    let message = trip.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    trip.settle();
    trip.world.command(ann, EditMessage { conversation: trip.group, message, text: "hello".into() });
    trip.settle();
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.check(&["hello"]);
}

#[test]
fn e60_what_waits_offline_follows_what_was_lost() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    let copy = trip.world.database().copy();
    trip.say(ann, "lost");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.say(ann, "offline");
    trip.world.put_back(&copy, true);
    trip.say(bob, "meanwhile");
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    trip.check(&["lost", "offline", "meanwhile"]);
}

#[test]
fn e60_a_crash_in_the_middle_neither_loses_nor_doubles() {
    for moment_ms in [30, 60, 90, 120, 160, 200, 300, 500, 1_000] {
        let mut trip = begin(pair(Limits::default()));
        let ann = trip.ann;
        let copy = trip.world.database().copy();
        trip.say(ann, "one");
        trip.say(ann, "two");
        trip.settle();
        trip.world.put_back(&copy, true);
        trip.world.run_ms(moment_ms);
        trip.world.crash_client_badly(ann);
        trip.world.input(ann, Input::OpenConversation(trip.group));
        trip.settle();
        trip.check(&["one", "two"]);
    }
}

/// The store lost the group; its owner has come back and begun it again, Bob is yet to come.
fn begun_again(is_said: bool) -> Trip {
    let (mut world, ann, bob) = pair(Limits::default());
    world.run_ms(1_000);
    let copy = world.database().copy();
    let mut trip = begin((world, ann, bob));
    trip.say(ann, "one");
    trip.settle();
    trip.say(bob, "two");
    trip.settle();
    trip.world.set_network(bob, false);
    trip.world.put_back(&copy, is_said);
    trip.say(ann, "three");
    trip.settle();
    trip.world.set_network(bob, true);
    trip.settle();
    trip
}

#[test]
fn e61_a_conversation_that_the_store_lost_is_begun_again_by_its_owner() {
    let mut trip = begun_again(true);
    trip.check(&["one", "two", "three"]);
    trip.say(trip.bob, "four");
    trip.settle();
    trip.check(&["one", "two", "three", "four"]);
}

#[test]
fn e63_a_stream_that_was_put_back_in_silence_heals_when_it_is_written_to() {
    let mut trip = begun_again(false);
    // It is as long again as what Bob holds: nothing tells him.
    trip.say(trip.bob, "four");
    trip.settle();
    trip.check(&["one", "two", "three", "four"]);
}

#[test]
fn e61_words_of_a_conversation_that_nobody_begins_again_are_given_back() {
    let (mut world, ann, bob) = pair(Limits::default());
    world.run_ms(1_000);
    let copy = world.database().copy();
    let mut trip = begin((world, ann, bob));
    trip.say(bob, "two");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "two".to_owned())]);
    assert!(!trip.world.client(bob).screen.inbox.contains_key(&trip.group));
    // When its owner has begun it again, they are sent by hand.
    trip.world.set_network(ann, true);
    trip.settle();
    let id = *trip.world.client(bob).screen.refused.keys().next().unwrap();
    trip.world.retry(bob, id, None);
    trip.settle();
    trip.world.input(bob, Input::OpenConversation(trip.group));
    trip.settle();
    trip.check(&["two"]);
}

#[test]
fn e61_a_direct_is_begun_again_by_either_side() {
    for first in ["ann", "bob"] {
        let (mut world, ann, bob) = pair(Limits::default());
        world.run_ms(1_000);
        let copy = world.database().copy();
        let group = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"));
        world.command(ann, CreateDirect { peer: account("bob") });
        assert!(world.settle_ms(60_000));
        for device in [ann, bob] {
            world.input(device, Input::OpenConversation(group));
        }
        let mut trip = Trip { world, ann, bob, group };
        trip.say(ann, "one");
        trip.say(bob, "two");
        trip.settle();
        let late = if first == "ann" { bob } else { ann };
        trip.world.set_network(late, false);
        trip.world.put_back(&copy, true);
        trip.settle();
        trip.world.set_network(late, true);
        trip.settle();
        trip.check(&["one", "two"]);
    }
}

#[test]
fn e62_what_may_be_there_already_is_given_back_and_never_doubled() {
    let mut trip = begin(pair(small_pages()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(ann, "one");
    trip.settle();
    let copy = trip.world.database().copy();
    trip.say(ann, "two");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    for text in ["a", "b", "c", "d", "e", "f"] {
        trip.say(bob, text);
        trip.settle();
    }
    trip.world.set_network(ann, true);
    trip.settle();
    assert_eq!(trip.refused(ann), [(Code::StoreRestored, "two".to_owned())]);
    let journal = trip.world.journal(&StreamId::Conversation(trip.group));
    assert_eq!(journal.len(), 8);
}
