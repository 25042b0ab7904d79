//! A server whose store was put back to an older state, with devices that are
//! ahead of it: nobody's words vanish, and every conversation goes on. long because
//! each rule is a story, and all begin with the same trip.

use std::collections::BTreeSet;

use tidings_core::{
    code::Code,
    command::{
        AddMember, BanMember, BlockAccount, ChangeRole, CreateConversation, CreateDirect, CreateThread, DeleteMessage,
        EditMessage, React, RemoveMember, SendMessage, SetConversationSetting, SetInfo, SetProfile, SetReachability,
        SetState, SettingChange, TransferOwnership,
    },
    doc::{Home, Message},
    engine::{ConnectionState, Input},
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId, TenantId, TimelineId},
    limits::Limits,
    model::{ConversationState, InfoField, MemberStatus, Profile, Reachability, Role},
    storage::MemoryStore,
};
use tidings_tests::sim::{
    database::StoreCopy,
    network::Trouble,
    world::{Device, World},
};

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

/// A group of which a copy of the store knows nothing.
fn begin_behind_a_copy(mut pair: (World, Device, Device)) -> (Trip, StoreCopy) {
    pair.0.run_ms(1_000);
    let copy = pair.0.database().copy();
    (begin(pair), copy)
}

fn small_pages() -> Limits {
    Limits { page_changes_soft: 4, page_changes_max: 40, ..Limits::default() }
}

impl Trip {
    fn say(&mut self, device: Device, text: &str) {
        let request = self.world.command(device, SendMessage::new(self.group, text));
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

    /// The journal has this once, and so many messages.
    #[track_caller]
    fn check_journal(&mut self, once: &str, count: usize) {
        let journal = self.world.stream(&StreamId::Conversation(self.group)).unwrap();
        let pages = journal.documents().filter(|document| document.id().page().is_some());
        let texts: Vec<String> = pages.flat_map(Message::read_all).map(|message| message.text().to_owned()).collect();
        assert_eq!(texts.iter().filter(|text| *text == once).count(), 1, "{texts:?}");
        assert_eq!(texts.len(), count);
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
    let request = trip.world.command(ann, SendMessage::new(trip.group, "helo"));
    let message = trip.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    trip.settle();
    trip.world.command(ann, EditMessage { conversation: trip.group, message, content: "hello".into() });
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
fn e60_what_is_read_of_a_former_incarnation_stays_in_memory_until_its_stream_is_fetched() {
    let (mut world, ann, bob) = pair(Limits::default());
    world.settings.streams_max = 1;
    world.restart(ann, MemoryStore::default());
    assert!(world.settle_ms(60_000));
    let mut begin = |title: &str| {
        let request = world.command(ann, CreateConversation::group(Some(title.into()), vec![account("bob")]));
        world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap()
    };
    let groups = ["a", "b", "c", "d"].map(&mut begin);
    assert!(world.settle_ms(60_000));
    let copy = world.database().copy();
    for group in groups {
        world.command(ann, SendMessage::new(group, group.to_string()));
        assert!(world.settle_ms(60_000));
    }
    world.put_back(&copy, true);
    assert!(world.settle_ms(60_000));
    for group in groups {
        world.input(bob, Input::OpenConversation(group));
        assert!(world.settle_ms(60_000));
        assert_eq!(world.client(bob).screen.texts(group), [group.to_string()]);
    }
}

#[test]
fn e60_what_was_read_of_a_former_incarnation_says_nothing_of_what_is_written_next() {
    for moment_ms in (0..1_000).step_by(20) {
        let mut trip = begin(pair(Limits::default()));
        let (ann, bob, group) = (trip.ann, trip.bob, trip.group);
        let copy = trip.world.database().copy();
        trip.say(ann, "lost");
        trip.say(ann, "lost too");
        trip.settle();
        // Ann has a new device: nobody writes these again, and the store stays as short as it is.
        trip.world.restart(ann, MemoryStore::default());
        trip.world.put_back(&copy, true);
        trip.world.run_ms(moment_ms);
        trip.world.input(bob, Input::MarkRead(group));
        trip.settle();
        trip.say(ann, "more");
        trip.settle();
        assert!(trip.world.client(bob).screen.inbox[&group].unread > 0, "read at {moment_ms} ms");
    }
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
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
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
fn e69_a_store_that_went_back_is_known_by_its_cursor() {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(ann, "one");
    // Long enough for the devices to be told a cursor of now.
    trip.world.run_ms(60_000);
    trip.world.put_back(&copy, false);
    trip.settle();
    // Nobody has asked for the group, which the server knows nothing of.
    trip.check(&["one"]);
    trip.say(bob, "two");
    trip.settle();
    trip.check(&["one", "two"]);
}

#[test]
fn e69_whoever_was_removed_since_the_store_went_back_is_given_their_words_back() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    trip.settle();
    let copy = trip.world.database().copy();
    trip.say(bob, "lost");
    // Long enough for a cursor behind it: nothing has moved since.
    trip.world.run_ms(60_000);
    trip.world.set_network(bob, false);
    trip.world.put_back(&copy, false);
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    trip.world.set_network(bob, true);
    trip.settle();
    assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())]);
}

#[test]
fn e144_what_moved_since_the_cursor_and_is_not_told_of_is_asked_for() {
    for starts_again in [false, true] {
        let (mut world, ann, bob) = pair(Limits::default());
        let copy = world.database().copy();
        let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")]));
        // Well before either has another cursor.
        world.run_ms(500);
        let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
        assert_eq!((world.client(ann).screen.unsynced, world.client(bob).screen.inbox.contains_key(&group)), (0, true));
        if starts_again {
            world.crash_client(ann);
        }
        world.put_back(&copy, false);
        assert!(world.stream(&StreamId::Conversation(group)).is_none(), "nobody has begun it again yet");
        assert!(world.settle_ms(60_000));
        assert!(world.stream(&StreamId::Conversation(group)).is_some(), "nobody had to look at it");
    }
}

/// The group as a copy has it, and what bob has said since, well before his device has another cursor.
fn with_a_word_since_the_cursor() -> (Trip, StoreCopy) {
    let mut trip = begin(pair(Limits::default()));
    trip.world.run_ms(10_000);
    let copy = trip.world.database().copy();
    trip.say(trip.bob, "lost");
    trip.world.run_ms(500);
    assert_eq!(trip.world.client(trip.bob).screen.unsynced, 0);
    (trip, copy)
}

#[test]
fn e144_whoever_is_out_is_given_their_words_back_that_nothing_is_told_of() {
    let (mut world, ann, bob) = pair(Limits::default());
    let copy = world.database().copy();
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")]));
    world.run_ms(500);
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    let mut trip = Trip { world, ann, bob, group };
    trip.say(bob, "lost");
    trip.world.run_ms(500);
    trip.world.command(ann, RemoveMember { conversation: group, account: account("bob") });
    trip.world.run_ms(500);
    assert_eq!(trip.world.client(bob).screen.inbox[&group].status, MemberStatus::Removed);
    trip.world.put_back(&copy, false);
    trip.settle();
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())]);
}

#[test]
fn e144_whoever_is_out_since_is_given_their_words_back() {
    for writes_on in [false, true] {
        let (mut trip, copy) = with_a_word_since_the_cursor();
        let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
        trip.world.set_network(bob, false);
        trip.world.put_back(&copy, false);
        trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
        trip.settle();
        let mut given_back = vec![(Code::StoreRestored, "lost".to_owned())];
        if writes_on {
            trip.say(bob, "late");
            given_back.insert(0, (Code::MemberRemoved, "late".to_owned()));
        }
        trip.world.set_network(bob, true);
        trip.settle();
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
        assert_eq!(trip.refused(bob), given_back);
        trip.world.crash_client(bob);
        trip.settle();
        assert_eq!(trip.refused(bob), given_back, "once");
    }
}

#[test]
fn e144_members_ask_about_what_is_not_told_of_though_its_owner_could() {
    let mut trip = begin(pair(Limits::default()));
    trip.settle();
    let copy = trip.world.database().copy();
    // Their cursors are behind all that there is.
    for device in [trip.ann, trip.bob] {
        trip.world.crash_client(device);
        trip.world.input(device, Input::OpenConversation(trip.group));
    }
    trip.settle();
    trip.say(trip.bob, "lost");
    trip.world.run_ms(500);
    trip.world.set_network(trip.ann, false);
    trip.world.put_back(&copy, false);
    trip.world.run_ms(60_000);
    trip.check_journal("lost", 1);
    assert_eq!(trip.refused(trip.bob), []);
    trip.world.set_network(trip.ann, true);
    trip.settle();
    trip.check(&["lost"]);
}

/// A group that the store lost in silence, as its owner's device did not come back, and bob's words in it.
fn with_a_word_in_what_is_not_there() -> Trip {
    let (world, ann, bob) = pair(Limits::default());
    let copy = world.database().copy();
    let mut trip = begin((world, ann, bob));
    trip.world.run_ms(500);
    trip.say(bob, "lost");
    trip.world.run_ms(500);
    assert_eq!(trip.world.client(bob).screen.unsynced, 0);
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, false);
    trip.world.run_ms(60_000);
    assert!(trip.world.stream(&StreamId::Conversation(trip.group)).is_none(), "nobody has begun it again");
    trip
}

#[test]
fn e144_a_member_waits_for_whoever_would_begin_it_again() {
    for starts_again in [false, true] {
        let mut trip = with_a_word_in_what_is_not_there();
        if starts_again {
            trip.world.crash_client(trip.bob);
            trip.settle();
            trip.world.input(trip.bob, Input::OpenConversation(trip.group));
            trip.settle();
        }
        assert_eq!((trip.refused(trip.bob), trip.texts(trip.bob)), (vec![], vec!["lost".to_owned()]), "{starts_again}");
        trip.world.set_network(trip.ann, true);
        trip.settle();
        trip.check(&["lost"]);
        assert_eq!(trip.refused(trip.bob), []);
    }
}

#[test]
fn e144_whoever_waits_to_be_told_and_is_out_instead_is_given_their_words_back() {
    for starts_again in [false, true] {
        let mut trip = with_a_word_in_what_is_not_there();
        let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
        if starts_again {
            trip.world.crash_client(bob);
            trip.settle();
        }
        assert_eq!(trip.refused(bob), []);
        trip.world.set_network(bob, false);
        trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
        trip.world.set_network(ann, true);
        trip.settle();
        trip.world.set_network(bob, true);
        trip.settle();
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
        assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())], "{starts_again}");
    }
}

#[test]
fn e144_whoever_was_removed_after_the_copy_is_in_again() {
    for starts_again in [false, true] {
        let mut trip = begin(pair(Limits::default()));
        let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
        trip.settle();
        let copy = trip.world.database().copy();
        // Their cursors are behind all that there is.
        for device in [ann, bob] {
            trip.world.crash_client(device);
        }
        trip.settle();
        trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
        trip.world.run_ms(500);
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
        trip.world.set_network(ann, false);
        trip.world.put_back(&copy, false);
        trip.settle();
        if starts_again {
            trip.world.crash_client(bob);
            trip.settle();
        }
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Active);
        trip.say(bob, "here");
        trip.settle();
        trip.check_journal("here", 1);
        // Whoever removed him says so again.
        trip.world.set_network(ann, true);
        trip.settle();
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
    }
}

#[test]
fn e69_a_store_that_went_back_is_known_by_whoever_comes_when_it_has_come_further() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    let copy = trip.world.database().copy();
    trip.say(bob, "one");
    // Long enough for the devices to be told a cursor of now.
    trip.world.run_ms(60_000);
    trip.world.crash_client(bob);
    for device in [ann, bob] {
        trip.world.set_network(device, false);
    }
    trip.world.put_back(&copy, false);
    // Of the group nobody says anything.
    let dora = trip.world.add("dora");
    for name in ["D", "Do", "Dor", "Dora"] {
        let profile = Profile { display_name: Some(name.into()), ..Profile::default() };
        trip.world.command(dora, SetProfile { profile, account: None });
        trip.settle();
    }
    // Bob does not look at it either.
    trip.world.set_network(bob, true);
    trip.settle();
    trip.check_journal("one", 1);
    trip.world.set_network(ann, true);
    trip.settle();
    trip.check_journal("one", 1);
}

/// The store lost the group, of which the devices hold what Bob said; Ann has begun it again with more words.
fn begun_again_in_silence(said: &[&str]) -> Trip {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    for text in said {
        trip.say(trip.bob, text);
        trip.settle();
    }
    trip.world.put_back(&copy, false);
    trip.say(trip.ann, "more");
    trip.settle();
    trip
}

#[test]
fn e63_a_stream_that_is_shorter_than_what_is_held_went_back() {
    begun_again_in_silence(&["one", "two", "three"]).check(&["one", "two", "three", "more"]);
}

#[test]
fn e63_a_stream_that_was_put_back_in_silence_heals_when_it_is_written_to() {
    // It is as long again as what Bob holds: nothing tells him.
    let mut trip = begun_again_in_silence(&["one"]);
    trip.say(trip.bob, "last");
    trip.settle();
    trip.check(&["one", "more", "last"]);
}

#[test]
fn e100_another_change_at_a_position_that_is_held_tells_that_the_store_went_back() {
    // It is as long again as what Bob holds, who writes nothing.
    let mut trip = begun_again(false);
    trip.check(&["one", "two", "three"]);
}

#[test]
fn e101_a_new_start_that_lacks_what_is_held_tells_that_the_store_went_back() {
    let mut trip = begin(pair(Limits { catch_up_entries_max: 2, ..Limits::default() }));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(ann, "one");
    trip.settle();
    let copy = trip.world.database().copy();
    trip.say(bob, "two");
    trip.settle();
    trip.world.set_network(bob, false);
    trip.world.put_back(&copy, false);
    // More than Bob holds, and more than he is sent one by one.
    let said = ["three", "four", "five", "six"];
    for text in said {
        trip.say(ann, text);
        trip.settle();
    }
    trip.world.set_network(bob, true);
    trip.settle();
    trip.check(&["one", "two", "three", "four", "five", "six"]);
}

#[test]
fn e102_whoever_is_out_in_the_copy_is_given_their_words_back_once_and_may_come_back() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    trip.say(bob, "kept");
    trip.settle();
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, AddMember { conversation, account: account("bob"), role: Role::Member });
    trip.settle();
    trip.say(bob, "lost");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    for _ in 0..2 {
        assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())]);
        assert_eq!(trip.world.client(bob).screen.inbox[&conversation].status, MemberStatus::Removed);
        assert_eq!(trip.texts(bob), ["kept", "lost"]);
        trip.world.crash_client_badly(bob);
        trip.world.input(bob, Input::OpenConversation(conversation));
        trip.settle();
    }
    // Ann brings him in again, as she had.
    trip.world.set_network(ann, true);
    trip.settle();
    assert_eq!((trip.texts(ann), trip.texts(bob)), (vec!["kept".to_owned()], vec!["kept".to_owned()]));
    let id = *trip.world.client(bob).screen.refused.keys().next().unwrap();
    trip.world.retry(bob, id, None);
    trip.settle();
    trip.check(&["kept", "lost"]);
}

#[test]
fn e102_what_whoever_is_out_had_read_stays_read() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    trip.say(ann, "one");
    trip.settle();
    trip.world.input(bob, Input::MarkRead(conversation));
    trip.settle();
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.put_back(&copy, true);
    for _ in 0..2 {
        trip.settle();
        let row = &trip.world.client(bob).screen.inbox[&conversation];
        assert_eq!((row.status, row.unread), (MemberStatus::Removed, 0));
        trip.world.crash_client(bob);
        trip.world.input(bob, Input::OpenConversation(conversation));
    }
}

#[test]
fn e102_what_they_had_read_hides_nothing_of_what_is_written_once_they_are_in_again() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    let copy = trip.world.database().copy();
    for text in ["one", "two", "three", "four"] {
        trip.say(ann, text);
    }
    trip.settle();
    trip.world.input(bob, Input::MarkRead(conversation));
    trip.settle();
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    // Ann has a new device: nobody writes these again, and the store stays as short as it is.
    trip.world.restart(ann, MemoryStore::default());
    trip.world.set_network(bob, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.say(ann, "more");
    trip.settle();
    trip.world.set_network(bob, true);
    trip.settle();
    let row = &trip.world.client(bob).screen.inbox[&conversation];
    assert_eq!((row.status, row.unread), (MemberStatus::Active, 1));
}

#[test]
fn e102_whoever_was_out_already_is_given_their_words_back_without_looking() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, AddMember { conversation, account: account("bob"), role: Role::Member });
    trip.settle();
    trip.say(bob, "lost");
    trip.settle();
    trip.world.command(ann, RemoveMember { conversation, account: account("bob") });
    trip.settle();
    // Nothing is open any more, and ann's device is not there to bring him in again.
    trip.world.crash_client(bob);
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())]);
    trip.world.crash_client(bob);
    trip.settle();
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "lost".to_owned())]);
}

#[test]
fn e60_who_was_out_in_the_copy_already_and_held_nothing_is_told_so() {
    let mut trip = begin(pair(Limits::default()));
    let carl = trip.world.add("carl");
    let (ann, conversation) = (trip.ann, trip.group);
    trip.settle();
    trip.world.command(ann, AddMember { conversation, account: account("carl"), role: Role::Member });
    while !trip.world.client(carl).screen.inbox.contains_key(&conversation) {
        trip.world.run_ms(1);
    }
    // It knows of the group, and has fetched nothing of it.
    trip.world.set_network(carl, false);
    trip.world.command(ann, RemoveMember { conversation, account: account("carl") });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.put_back(&copy, true);
    trip.world.input(carl, Input::OpenConversation(conversation));
    trip.world.set_network(carl, true);
    trip.settle();
    let listed = trip.world.client(carl).screen.inbox.get(&conversation).map(|row| row.status);
    assert_ne!(listed, Some(MemberStatus::Active));
}

#[test]
fn e60_who_was_removed_before_the_copy_is_told_so() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.world.set_network(bob, false);
    trip.world.command(ann, RemoveMember { conversation: trip.group, account: account("bob") });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.put_back(&copy, true);
    trip.world.set_network(bob, true);
    trip.settle();
    assert_eq!(trip.world.client(bob).screen.inbox[&trip.group].status, MemberStatus::Removed);
}

#[test]
fn e60_a_conversation_of_which_nothing_came_before_its_member_was_removed_leaves_the_list() {
    let (mut world, ann, bob) = pair(Limits::default());
    world.run_ms(1_000);
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")]));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    // The list has it, and its documents are on their way.
    while !world.client(bob).screen.inbox.contains_key(&group) {
        world.run_ms(1);
    }
    world.set_network(bob, false);
    assert!(world.settle_ms(60_000));
    world.command(ann, RemoveMember { conversation: group, account: account("bob") });
    assert!(world.settle_ms(60_000));
    let copy = world.database().copy();
    world.put_back(&copy, true);
    world.set_network(bob, true);
    assert!(world.settle_ms(60_000));
    assert!(!world.client(bob).screen.inbox.contains_key(&group));
}

#[test]
fn e61_words_of_a_conversation_that_nobody_begins_again_are_given_back() {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
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
fn e148_words_that_another_device_had_written_again_are_given_back_no_more() {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    let second = trip.world.add("bob");
    trip.settle();
    trip.world.input(second, Input::OpenConversation(trip.group));
    trip.settle();
    trip.say(bob, "two");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.set_network(second, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.refused(bob), [(Code::StoreRestored, "two".to_owned())]);
    for device in [ann, second] {
        trip.world.set_network(device, true);
        trip.settle();
    }
    trip.world.input(bob, Input::OpenConversation(trip.group));
    trip.settle();
    trip.check(&["two"]);
    assert_eq!(trip.refused(bob), []);
}

/// How a device hears that another one has offered a message before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Its own is refused.
    Refused,
    /// It is told more than entries, and asks about what waits.
    Anew,
    /// The store is put back once more, to behind that.
    PutBack,
}

#[test]
fn e62_words_that_are_offered_are_not_lost_where_another_device_has_offered_the_former_ones() {
    for told in [Told::Refused, Told::Anew, Told::PutBack] {
        let catch_up_entries_max = if told == Told::Anew { 1 } else { 1_000 };
        let mut trip = begin(pair(Limits { catch_up_entries_max, ..Limits::default() }));
        let (bob, conversation) = (trip.bob, trip.group);
        let second = trip.world.add("bob");
        trip.world.input(second, Input::OpenConversation(conversation));
        trip.settle();
        let copy = trip.world.database().copy();
        trip.say(bob, "frist");
        trip.settle();
        trip.world.set_network(second, false);
        let message = trip.world.client(bob).screen.rows(conversation)[0].id.clone();
        trip.world.command(bob, EditMessage { conversation, message, content: "first".into() });
        trip.settle();
        trip.world.put_back(&copy, true);
        // The edited message is offered, and not sent.
        while trip.world.client(bob).screen.unsynced == 0 {
            trip.world.run_ms(1);
        }
        trip.world.set_network(bob, false);
        trip.world.set_network(second, true);
        trip.settle();
        trip.say(second, "second");
        trip.settle();
        trip.check_journal("frist", 2);
        if told == Told::PutBack {
            let copy = trip.world.database().copy();
            trip.world.put_back(&copy, true);
        }
        trip.world.set_network(bob, true);
        trip.settle();
        assert_eq!(trip.texts(second), ["first", "second"], "{told:?}");
        trip.check(&["first", "second"]);
    }
}

#[test]
fn e61_what_is_begun_again_is_as_old_as_it_was() {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let ann = trip.ann;
    let second = trip.world.add("ann");
    trip.settle();
    trip.world.input(second, Input::OpenConversation(trip.group));
    trip.settle();
    trip.world.set_network(second, false);
    trip.name_group(ann, "Journey");
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    // The device that begins it again knows its former title only.
    for device in [second, ann] {
        trip.world.set_network(device, true);
        trip.settle();
    }
    for device in [ann, second] {
        assert_eq!(trip.world.client(device).screen.inbox[&trip.group].name, "Journey");
    }
}

#[test]
fn e61_what_is_begun_again_is_not_as_young_as_what_was_said_in_it() {
    let (mut trip, before) = begin_behind_a_copy(pair(Limits::default()));
    let ann = trip.ann;
    let second = trip.world.add("ann");
    trip.settle();
    trip.world.input(second, Input::OpenConversation(trip.group));
    trip.settle();
    let copy = trip.world.database().copy();
    trip.name_group(ann, "Journey");
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    // The device that begins it again knows its former title only, and has said something since the later one.
    trip.say(second, "one");
    trip.settle();
    trip.world.put_back(&before, true);
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    for device in [ann, second] {
        assert_eq!(trip.world.client(device).screen.inbox[&trip.group].name, "Journey");
    }
}

#[test]
fn e61_what_two_devices_of_its_owner_begin_again_at_once_is_one_conversation() {
    let (mut trip, copy) = begin_behind_a_copy(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    let second = trip.world.add("ann");
    trip.settle();
    trip.say(ann, "one");
    trip.say(bob, "two");
    trip.settle();
    for device in [ann, bob] {
        trip.world.set_network(device, false);
    }
    trip.world.put_back(&copy, true);
    while trip.world.client(second).screen.unsynced == 0 {
        trip.world.run_ms(1);
    }
    // It has begun it again, and has not told the server so.
    trip.world.set_network(second, false);
    assert!(trip.world.stream(&StreamId::Conversation(trip.group)).is_none());
    for device in [ann, second, bob] {
        trip.world.set_network(device, true);
        trip.settle();
    }
    assert_eq!(trip.refused(second), []);
    trip.check(&["one", "two"]);
    trip.check_journal("one", 2);
}

#[test]
fn e61_a_conversation_that_was_begun_again_is_shown_whole_where_it_stayed_open() {
    let (mut world, ann, bob) = pair(Limits::default());
    // What is behind the newest row is not shown at once, from a position on that means something else then.
    world.settings.rows_step = 1;
    world.restart(bob, MemoryStore::default());
    assert!(world.settle_ms(60_000));
    let (mut trip, copy) = begin_behind_a_copy((world, ann, bob));
    let said = ["one", "two", "three"];
    for text in said {
        trip.say(ann, text);
        trip.settle();
    }
    trip.world.input(bob, Input::CloseConversation(trip.group));
    trip.world.input(bob, Input::OpenConversation(trip.group));
    trip.settle();
    assert_eq!(trip.texts(bob), ["three"]);
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    assert!(!trip.world.client(bob).screen.inbox.contains_key(&trip.group));
    trip.world.set_network(ann, true);
    trip.settle();
    trip.check(&said);
}

#[test]
fn e61_who_owned_it_since_and_is_not_in_it_in_the_copy_has_it_no_more() {
    let (mut world, ann, bob) = pair(Limits::default());
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![]));
    let conversation = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    let mut trip = Trip { world, ann, bob, group: conversation };
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, AddMember { conversation, account: account("bob"), role: Role::Admin });
    trip.settle();
    trip.world.command(ann, TransferOwnership { conversation, account: account("bob") });
    trip.world.input(bob, Input::OpenConversation(conversation));
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, false);
    trip.settle();
    for _ in 0..2 {
        let screen = &trip.world.client(bob).screen;
        assert_eq!(screen.inbox.get(&conversation).map(|row| row.status), None);
        assert!(!screen.details.contains_key(&conversation));
        trip.world.crash_client(bob);
        trip.world.input(bob, Input::OpenConversation(conversation));
        trip.settle();
    }
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

/// Two devices of Ann and one of Bob; what Ann and Bob say, Ann's second device sees, and then no more.
fn with_a_second_device(limits: Limits) -> (Trip, Device) {
    let mut trip = begin(pair(limits));
    let second = trip.world.add("ann");
    trip.settle();
    trip.world.input(second, Input::OpenConversation(trip.group));
    trip.settle();
    (trip, second)
}

/// The same on small pages, with a copy in which Ann said "one", behind which she said "two".
fn with_two_behind_a_copy() -> (Trip, Device, StoreCopy) {
    let (mut trip, second) = with_a_second_device(small_pages());
    let ann = trip.ann;
    trip.say(ann, "one");
    trip.settle();
    let copy = trip.world.database().copy();
    trip.say(ann, "two");
    trip.settle();
    (trip, second, copy)
}

#[test]
fn j43_what_another_device_had_written_again_on_an_older_page_is_not_doubled() {
    for another_was_quicker in [true, false] {
        let (mut trip, second, copy) = with_two_behind_a_copy();
        let (ann, bob) = (trip.ann, trip.bob);
        trip.world.set_network(ann, false);
        trip.world.set_network(second, another_was_quicker);
        trip.world.put_back(&copy, true);
        // The page on which it may be is not the newest any more.
        for text in ["a", "b", "c", "d", "e", "f"] {
            trip.say(bob, text);
            trip.settle();
        }
        for device in [ann, second] {
            trip.world.set_network(device, true);
            trip.settle();
        }
        let refused: Vec<_> = [ann, second, bob].into_iter().flat_map(|device| trip.refused(device)).collect();
        assert_eq!(refused, []);
        trip.check_journal("two", 8);
    }
}

#[test]
fn e70_what_the_lost_store_refused_for_its_time_gives_no_message_another_id() {
    let (mut trip, second, copy) = with_two_behind_a_copy();
    trip.world.set_client_skew(second, 3_600_000);
    trip.say(second, "from the future");
    while !trip.world.sent.refusals.contains_key(&Code::ClockAhead) {
        trip.world.run_ms(1);
    }
    // The refusal has come, and what was admitted before it has not.
    trip.world.run_ms(30);
    trip.world.set_network(trip.ann, false);
    trip.world.put_back(&copy, true);
    for is_online in [false, true] {
        while (trip.world.client(second).screen.connection == Some(ConnectionState::Online)) != is_online {
            trip.world.run_ms(1);
        }
    }
    // By the right clock, the server's time as this device knows it is an hour ago.
    trip.world.set_client_skew(second, 0);
    trip.settle();
    trip.world.set_network(trip.ann, true);
    trip.settle();
    trip.check_journal("two", 3);
}

#[test]
fn e103_what_waits_and_another_device_had_written_again_is_not_doubled() {
    for is_put_back_again in [true, false] {
        let (mut trip, second, copy) = with_two_behind_a_copy();
        let (ann, bob) = (trip.ann, trip.bob);
        trip.world.set_network(second, false);
        trip.world.put_back(&copy, true);
        while trip.world.client(ann).screen.unsynced == 0 {
            trip.world.run_ms(1);
        }
        // It is commanded again, and waits.
        trip.world.set_network(ann, false);
        if is_put_back_again {
            trip.world.put_back(&copy, true);
        }
        trip.world.set_network(second, true);
        trip.settle();
        // The page on which it is now is not the newest any more.
        for text in ["a", "b", "c", "d", "e", "f"] {
            trip.say(bob, text);
            trip.settle();
        }
        trip.world.set_network(ann, true);
        trip.settle();
        trip.check_journal("two", 8);
        let refused: Vec<_> = [ann, second, bob].into_iter().flat_map(|device| trip.refused(device)).collect();
        assert_eq!(refused, []);
    }
}

#[test]
fn e66_so_is_what_a_device_changed_that_has_another_id_since() {
    let mut trip = begin(pair(Limits::default()));
    let ann = trip.ann;
    let copy = trip.world.database().copy();
    trip.name_group(ann, "Journey");
    // The same device twice: one of both takes another id.
    let device = trip.world.client(ann).device();
    let twin = trip.world.copy(ann);
    trip.world.set_network(twin, true);
    trip.settle();
    let twins = [ann, twin].map(|twin| trip.world.client(twin).device());
    assert_ne!(twins[0], twins[1]);
    let (same, other) = if twins[0] == device { (ann, twin) } else { (twin, ann) };
    trip.world.crash_client(other);
    trip.world.set_network(same, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.title(), Some("Journey".into()));
}

#[test]
fn e66_what_was_written_on_a_generation_stands_over_what_that_says_whatever_the_clock_said() {
    let mut trip = begin(pair(Limits::default()));
    let ann = trip.ann;
    trip.name_group(ann, "Journey");
    let copy = trip.world.database().copy();
    trip.squash();
    trip.world.set_client_skew(ann, -3_600_000);
    trip.name_group(ann, "Odyssey");
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.title(), Some("Odyssey".into()));
}

#[test]
fn e66_what_only_an_earlier_generation_states_does_not_stand() {
    let (mut trip, before) = begin_behind_a_copy(pair(Limits::default()));
    let ann = trip.ann;
    trip.squash();
    trip.world.run_ms(1_000);
    let copy = trip.world.database().copy();
    trip.name_group(ann, "Journey");
    // It is begun again with that title: nothing of what is held then says the former one.
    trip.world.put_back(&before, true);
    trip.settle();
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.title(), Some("Journey".into()));
}

#[test]
fn e66_what_only_a_later_generation_states_stands_where_the_former_one_stated_nothing() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, conversation) = (trip.ann, trip.group);
    trip.squash();
    trip.world.run_ms(1_000);
    let copy = trip.world.database().copy();
    let describe = |text: &str| SetInfo { conversation, field: InfoField::Description, text: Some(text.into()) };
    trip.world.command(ann, describe("Boats"));
    trip.settle();
    // The device twice: both have said so.
    let twin = trip.world.copy(ann);
    trip.world.set_network(twin, true);
    trip.settle();
    trip.world.set_network(twin, false);
    trip.world.run_ms(2_000);
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.world.command(ann, describe("Trains"));
    trip.settle();
    trip.squash();
    trip.world.run_ms(1_000);
    trip.world.set_network(twin, true);
    trip.settle();
    let stream = trip.world.stream(&StreamId::Conversation(conversation)).unwrap();
    assert_eq!(stream.conversation().info.get(&InfoField::Description).map(String::as_str), Some("Trains"));
}

#[test]
fn e103_what_was_admitted_without_an_answer_does_not_stand_over_what_was_said_since() {
    let (mut trip, second) = with_a_second_device(Limits::default());
    let (ann, conversation) = (trip.ann, trip.group);
    trip.world.trouble(ann, Trouble::Stalled);
    let entitle = |text: &str| SetInfo { conversation, field: InfoField::Title, text: Some(text.into()) };
    trip.world.command(ann, entitle("Journey"));
    trip.world.run_ms(1_000);
    trip.world.set_network(ann, false);
    assert_eq!((trip.title(), trip.world.client(ann).screen.unsynced), (Some("Journey".into()), 1));
    trip.name_group(second, "Odyssey");
    let document = TimelineId::of(conversation).document();
    trip.squash();
    let journal = trip.world.stream(&StreamId::Conversation(conversation)).unwrap();
    assert!(journal.document(&document).unwrap().generation().is_some());
    let copy = trip.world.database().copy();
    trip.world.put_back(&copy, true);
    trip.world.set_network(ann, true);
    trip.settle();
    assert_eq!(trip.title(), Some("Odyssey".into()));
}

#[test]
fn e104_what_an_administrator_has_no_part_in_any_more_leaves_their_list() {
    let (mut world, ann, bob) = pair(Limits::default());
    world.administrator = Some(account("root"));
    let root = world.add("root");
    let mut trip = begin((world, ann, bob));
    let (group, copy) = (trip.group, trip.world.database().copy());
    trip.world.command(ann, AddMember { conversation: group, account: account("root"), role: Role::Member });
    trip.settle();
    trip.world.input(root, Input::OpenConversation(group));
    trip.settle();
    assert!(trip.world.client(root).screen.inbox.contains_key(&group));
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    let screen = &trip.world.client(root).screen;
    assert!(!screen.inbox.contains_key(&group));
    // Ann adds them again, as she had.
    trip.world.set_network(ann, true);
    trip.settle();
    let screen = &trip.world.client(root).screen;
    assert!(screen.inbox.contains_key(&group));
}

#[test]
fn e62_what_was_written_in_a_thread_is_given_back() {
    let mut trip = begin(pair(Limits::default()));
    let ann = trip.ann;
    let request = trip.world.command(ann, SendMessage::new(trip.group, "one"));
    let message = trip.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    let open = CreateThread { conversation: trip.group, message, title: None };
    let thread = open.thread(&TenantId::parse("acme").unwrap());
    trip.world.command(ann, open);
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, SendMessage { thread: Some(thread), ..SendMessage::new(trip.group, "two") });
    trip.settle();
    trip.world.put_back(&copy, true);
    trip.settle();
    assert_eq!(trip.refused(ann), [(Code::StoreRestored, "two".to_owned())]);
}

#[test]
fn e62_a_thread_that_the_store_lost_gives_its_words_and_its_title_back() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    let request = trip.world.command(ann, SendMessage::new(conversation, "one"));
    let message = trip.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    trip.settle();
    let copy = trip.world.database().copy();
    let open = CreateThread { conversation, message, title: Some("Where to".into()) };
    let thread = open.thread(&TenantId::parse("acme").unwrap());
    trip.world.command(ann, open.clone());
    trip.settle();
    for (device, text) in [(ann, "two"), (bob, "three")] {
        trip.world.input(device, Input::OpenThread { conversation, thread });
        trip.settle();
        trip.world.command(device, SendMessage { thread: Some(thread), ..SendMessage::new(conversation, text) });
        trip.settle();
    }
    trip.world.put_back(&copy, true);
    trip.settle();
    let back = |text: &str| (Code::StoreRestored, text.to_owned());
    assert_eq!(trip.refused(ann), [back("Where to"), back("two")]);
    assert_eq!(trip.refused(bob), [back("three")]);
    // The thread is begun again by hand, and then the words can be sent.
    let ids: Vec<u64> = trip.world.client(ann).screen.refused.keys().copied().collect();
    trip.world.command(ann, open);
    trip.settle();
    for id in ids {
        trip.world.retry(ann, id, None);
        trip.settle();
    }
    assert_eq!(trip.refused(ann), []);
    assert_eq!(trip.world.client(ann).screen.texts(thread), ["two"]);
}

#[test]
fn e64_whom_an_account_blocks_and_who_may_reach_it_is_said_again() {
    for is_said in [true, false] {
        let (mut trip, second) = with_a_second_device(Limits::default());
        let ann = trip.ann;
        trip.world.command(ann, BlockAccount { account: account("dora"), blocked: true });
        trip.settle();
        let copy = trip.world.database().copy();
        trip.world.command(ann, BlockAccount { account: account("bob"), blocked: true });
        trip.world.command(ann, BlockAccount { account: account("dora"), blocked: false });
        trip.world.command(ann, SetReachability { reachability: Reachability::Contacts });
        let profile = Profile { display_name: Some("Ann".into()), ..Profile::default() };
        trip.world.command(ann, SetProfile { profile, account: None });
        let setting = SettingChange::Archived(true);
        trip.world.command(ann, SetConversationSetting { conversation: trip.group, setting });
        trip.settle();
        trip.world.set_network(ann, false);
        trip.world.put_back(&copy, is_said);
        trip.settle();
        trip.world.set_network(ann, true);
        trip.settle();
        for device in [ann, second] {
            let screen = &trip.world.client(device).screen;
            assert_eq!(screen.blocked.keys().cloned().collect::<Vec<_>>(), [account("bob")], "device {device}");
            assert_eq!(screen.reachability, Some(Reachability::Contacts));
            assert_eq!(screen.profiles[&account("ann")].display_name.as_deref(), Some("Ann"));
            assert!(screen.inbox[&trip.group].archived_at.is_some());
            assert!(screen.refused.is_empty());
        }
        let home = trip.world.stream(&StreamId::Account(account("ann"))).unwrap();
        let home = Home::read(home.document(&DocumentId::Home(account("ann"))).unwrap());
        assert_eq!(home.blocked.into_keys().collect::<Vec<_>>(), [account("bob")]);
    }
}

#[test]
fn e64_what_an_account_said_since_stands() {
    let (mut trip, second) = with_a_second_device(Limits::default());
    let ann = trip.ann;
    let copy = trip.world.database().copy();
    trip.world.command(ann, BlockAccount { account: account("bob"), blocked: true });
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.world.run_ms(5_000);
    // Another device had it blocked again, and the person changed their mind.
    trip.world.command(second, BlockAccount { account: account("bob"), blocked: false });
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    for device in [ann, second] {
        assert!(trip.world.client(device).screen.blocked.is_empty(), "device {device}");
    }
}

/// Two devices of Ann, and a copy. Behind it the first names the group "Journey" and writes "hallo" for "helo"; before
/// that the second, without a network, may have given it another name. When the copy is back the first commands both
/// again, and its network goes before they are sent; then the second has one again.
fn with_what_waits_to_be_said_again(named_before: Option<&str>) -> (Trip, Device, MessageId) {
    let (mut trip, second, _, message) = with_a_mistake();
    let ann = trip.ann;
    let copy = trip.world.database().copy();
    trip.world.set_network(second, false);
    if let Some(title) = named_before {
        trip.name_group(second, title);
    }
    trip.name_group(ann, "Journey");
    trip.edit(ann, &message, "hallo");
    trip.world.put_back(&copy, true);
    while trip.world.client(ann).screen.unsynced == 0 {
        trip.world.run_ms(1);
    }
    trip.world.set_network(ann, false);
    trip.world.set_network(second, true);
    trip.settle();
    trip.world.run_ms(5_000);
    (trip, second, message)
}

#[test]
fn e64_what_waits_to_be_said_again_does_not_stand_over_what_was_said_since() {
    let (mut trip, second, message) = with_what_waits_to_be_said_again(None);
    trip.edit(second, &message, "hello");
    trip.name_group(second, "Voyage");
    trip.world.set_network(trip.ann, true);
    trip.settle();
    trip.check(&["hello"]);
    assert_eq!(trip.title().as_deref(), Some("Voyage"));
}

#[test]
fn e64_what_waits_to_be_said_again_stands_over_what_was_said_before() {
    let (mut trip, _, _) = with_what_waits_to_be_said_again(Some("Voyage"));
    assert_eq!(trip.title().as_deref(), Some("Voyage"));
    trip.world.set_network(trip.ann, true);
    trip.settle();
    trip.check(&["hallo"]);
    assert_eq!(trip.title().as_deref(), Some("Journey"));
}

#[test]
fn e65_what_was_done_to_messages_that_the_copy_has_is_done_again() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    let mut say = |text: &str| {
        let request = trip.world.command(ann, SendMessage::new(trip.group, text));
        trip.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap()
    };
    let [kept, edited, deleted] = ["kept", "edtied", "deleted"].map(&mut say);
    trip.settle();
    let copy = trip.world.database().copy();
    let conversation = trip.group;
    trip.world.command(ann, EditMessage { conversation, message: edited, content: "edited".into() });
    trip.world.command(ann, DeleteMessage { conversation, message: deleted });
    trip.world.command(bob, React { conversation, message: kept.clone(), emoji: "👍".into() });
    trip.settle();
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.check(&["kept", "edited", ""]);
    let rows = trip.world.client(ann).screen.rows(conversation);
    assert_eq!(rows[0].reactions.len(), 1);
    assert!(rows[2].deleted_by.is_some());
}

/// Two devices of Ann, a copy of before, and a message behind it in whose words she made a mistake.
fn with_a_mistake() -> (Trip, Device, StoreCopy, MessageId) {
    let (mut trip, second) = with_a_second_device(Limits::default());
    let before = trip.world.database().copy();
    let request = trip.world.command(trip.ann, SendMessage::new(trip.group, "helo"));
    let message = trip.world.client(trip.ann).screen.answers[&request].clone().unwrap().1.unwrap();
    trip.settle();
    trip.world.run_ms(5_000);
    (trip, second, before, message)
}

impl Trip {
    fn edit(&mut self, device: Device, message: &MessageId, text: &str) {
        let (conversation, message) = (self.group, message.clone());
        self.world.command(device, EditMessage { conversation, message, content: text.into() });
        self.settle();
        self.world.run_ms(5_000);
    }

    fn name_group(&mut self, device: Device, title: &str) {
        let (conversation, text) = (self.group, Some(title.into()));
        self.world.command(device, SetInfo { conversation, field: InfoField::Title, text });
        self.settle();
        self.world.run_ms(5_000);
    }

    /// Has the group's document written anew.
    fn squash(&mut self) {
        let document = TimelineId::of(self.group).document();
        self.world.node(0).unwrap().squash(TenantId::parse("acme").unwrap(), document);
        self.world.run_ms(1_000);
    }

    fn title(&mut self) -> Option<String> {
        let journal = self.world.stream(&StreamId::Conversation(self.group)).unwrap();
        journal.conversation().title().map(str::to_owned)
    }
}

#[test]
fn e105_words_that_were_written_again_stand_over_those_of_another_copy() {
    let (mut trip, _, before, message) = with_a_mistake();
    let copy = trip.world.database().copy();
    let ann = trip.ann;
    trip.edit(ann, &message, "hello");
    for copy in [before, copy] {
        trip.world.put_back(&copy, true);
        trip.settle();
        trip.check(&["hello"]);
    }
}

#[test]
fn e105_words_that_were_written_again_and_edited_by_a_slow_clock_are_not_written_once_more() {
    let (mut trip, second, before, message) = with_a_mistake();
    let ann = trip.ann;
    trip.world.set_network(ann, false);
    trip.world.set_network(second, false);
    trip.world.put_back(&before, true);
    // Behind it what is written again is another change.
    trip.say(trip.bob, "hi");
    trip.settle();
    trip.world.set_client_skew(ann, -3_600_000);
    trip.edit(ann, &message, "hello");
    for device in [ann, second] {
        trip.world.set_network(device, true);
        trip.settle();
    }
    trip.check(&["hi", "hello"]);
}

#[test]
fn e105_what_is_written_again_in_former_words_does_not_stand_over_later_ones() {
    let (mut trip, second, before, message) = with_a_mistake();
    let ann = trip.ann;
    trip.world.set_network(ann, false);
    trip.edit(second, &message, "hello");
    let copy = trip.world.database().copy();
    trip.world.set_network(second, false);
    trip.world.put_back(&before, true);
    trip.settle();
    // Behind it what is written again is another change.
    trip.say(trip.bob, "hi");
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    trip.check(&["helo", "hi"]);
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.check(&["hello", "hi"]);
}

#[test]
fn e105_an_edit_does_not_stand_over_later_words_that_were_written_again() {
    let (mut trip, second, before, message) = with_a_mistake();
    let ann = trip.ann;
    trip.edit(ann, &message, "hallo");
    trip.world.set_network(ann, false);
    trip.edit(second, &message, "hello");
    trip.world.put_back(&before, true);
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    trip.check(&["hello"]);
}

#[test]
fn e106_what_the_copy_does_not_know_to_be_deleted_is_shown_again() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(ann, "one");
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, SetState { conversation: trip.group, state: ConversationState::Deleted });
    trip.settle();
    assert_eq!((trip.texts(ann), trip.texts(bob)), (vec![], vec![]));
    trip.world.put_back(&copy, true);
    trip.settle();
    trip.check(&["one"]);
}

#[test]
fn e107_words_that_a_deleted_conversation_lacks_are_given_back() {
    for is_said in [true, false] {
        let mut trip = begin(pair(Limits::default()));
        let (ann, bob) = (trip.ann, trip.bob);
        trip.say(bob, "one");
        trip.settle();
        let before = trip.world.database().copy();
        trip.world.command(ann, SetState { conversation: trip.group, state: ConversationState::Deleted });
        trip.settle();
        let deleted = trip.world.database().copy();
        trip.world.put_back(&before, true);
        trip.settle();
        trip.say(bob, "two");
        trip.settle();
        trip.world.put_back(&deleted, is_said);
        trip.settle();
        assert_eq!(trip.refused(bob), [(Code::StoreRestored, "two".to_owned())]);
        assert!(trip.texts(bob).is_empty());
    }
}

#[test]
fn e107_so_are_those_of_one_that_was_deleted_since_a_store_was_put_back_in_silence() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(bob, "one");
    trip.settle();
    let before = trip.world.database().copy();
    for text in ["two", "three", "four"] {
        trip.say(bob, text);
    }
    trip.settle();
    trip.world.set_network(bob, false);
    trip.world.put_back(&before, false);
    trip.settle();
    trip.world.command(ann, SetState { conversation: trip.group, state: ConversationState::Deleted });
    trip.settle();
    trip.world.set_network(bob, true);
    trip.settle();
    let refused = ["two", "three", "four"].map(|text| (Code::StoreRestored, text.to_owned()));
    assert_eq!(trip.refused(bob), refused);
    assert!(trip.texts(bob).is_empty());
}

#[test]
fn e66_what_a_device_changed_of_a_conversation_is_changed_again() {
    for is_squashed in [false, true] {
        check_changed_again(is_squashed);
    }
}

/// As a change says it, or a generation that took its place before the store was put back.
fn check_changed_again(is_squashed: bool) {
    let (mut world, ann, bob) = pair(Limits::default());
    let dora = world.add("dora");
    let mut trip = begin((world, ann, bob));
    let (conversation, account) = (trip.group, account("dora"));
    trip.world.command(ann, AddMember { conversation, account: account.clone(), role: Role::Member });
    trip.settle();
    let copy = trip.world.database().copy();
    trip.world.command(ann, BanMember { conversation, account: account.clone() });
    trip.world.command(ann, ChangeRole { conversation, account: self::account("bob"), role: Role::Admin });
    let title = SetInfo { conversation, field: InfoField::Title, text: Some("Journey".into()) };
    trip.world.command(ann, title);
    trip.world.command(ann, AddMember { conversation, account: self::account("carl"), role: Role::Admin });
    trip.settle();
    if is_squashed {
        trip.squash();
        trip.world.run_ms(1_000);
    }
    trip.world.put_back(&copy, true);
    trip.settle();
    let journal = trip.world.stream(&StreamId::Conversation(conversation)).unwrap();
    let members = &journal.conversation().members;
    assert_eq!(members[&account].status(), MemberStatus::Banned);
    assert_eq!(
        (&members[&self::account("bob")].role, &members[&self::account("carl")].role),
        (&Role::Admin, &Role::Admin)
    );
    assert_eq!(journal.conversation().title(), Some("Journey"));
    assert!(
        trip.world.client(dora).screen.inbox.get(&conversation).is_none_or(|row| row.status != MemberStatus::Active)
    );
    assert_eq!(trip.refused(ann), []);
}

#[test]
fn e67_more_than_one_question_asks_for_are_offered_again() {
    let limits = Limits { changes_burst: 100_000, changes_per_second: 100_000, ..Limits::default() };
    let mut trip = begin(pair(limits));
    let ann = trip.ann;
    let copy = trip.world.database().copy();
    let count = Limits::HELD_CHANGES_MAX + 5;
    for number in 0..count {
        trip.say(ann, &number.to_string());
    }
    trip.settle();
    trip.world.put_back(&copy, true);
    trip.settle();
    let journal = trip.world.stream(&StreamId::Conversation(trip.group)).unwrap();
    let pages = journal.documents().filter(|document| document.id().page().is_some());
    assert_eq!(pages.flat_map(Message::read_all).count(), count);
    assert_eq!(trip.refused(ann), []);
}

#[test]
fn e68_what_does_not_fit_is_fetched_anew_and_takes_nothing_of_the_own_with_it() {
    let mut trip = begin(pair(Limits::default()));
    let (ann, bob) = (trip.ann, trip.bob);
    trip.say(ann, "one");
    trip.settle();
    let copy = trip.world.database().copy();
    trip.say(ann, "two");
    trip.settle();
    trip.world.set_network(ann, false);
    trip.world.put_back(&copy, false);
    // The stream is as long again as what Ann holds: nothing tells her.
    trip.say(bob, "three");
    trip.settle();
    trip.world.set_network(ann, true);
    trip.settle();
    // What follows is written on what she does not hold.
    trip.say(bob, "four");
    trip.settle();
    trip.check(&["one", "two", "three", "four"]);
}
