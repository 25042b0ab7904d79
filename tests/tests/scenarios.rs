//! Stories of two or three people, told through the real engine and the real
//! authority on a virtual network; long because the stories are many, and all
//! begin with the same group.

use tidings_core::{
    api::MessageState,
    code::Code,
    command::{
        AddMember, ChangeRole, CreateConversation, CreateDirect, DeleteMessage, EditMessage, LeaveConversation,
        PinMessage, React, RemoveMember, SendMessage, SetInfo, SetProfile, Unreact,
    },
    engine::{ConnectionState, Input},
    ids::{AccountId, ConversationId, MessageId, StreamId, TenantId},
    limits::Limits,
    model::{Content, InfoField, MemberStatus, Profile, Role},
    time::WallTime,
};
use tidings_tests::sim::{
    store::StoreFaults,
    world::{Device, World},
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn direct(one: &str, other: &str) -> ConversationId {
    ConversationId::direct(&TenantId::parse("acme").unwrap(), &account(one), &account(other))
}

fn small_pages() -> Limits {
    Limits { page_changes_soft: 10, page_changes_max: 40, catch_up_entries_max: 30, ..Limits::default() }
}

/// A group of Ann (its owner), Bob and Carl, everybody online and looking at it.
struct Group {
    world: World,
    ann: Device,
    bob: Device,
    carl: Device,
    group: ConversationId,
}

fn group(limits: Limits) -> Group {
    let mut world = World::new(7, limits);
    let (ann, bob, carl) = (world.add("ann"), world.add("bob"), world.add("carl"));
    let members = vec![account("bob"), account("carl")];
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), members));
    let (conversation, _) = world.client(ann).screen.answers[&request].clone().unwrap();
    let group = conversation.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob, carl] {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    Group { world, ann, bob, carl, group }
}

impl Group {
    fn say(&mut self, device: Device, text: &str) -> MessageId {
        let request = self.world.command(device, SendMessage::new(self.group, text));
        let answer = self.world.client(device).screen.answers[&request].clone();
        answer.unwrap().1.unwrap()
    }

    #[track_caller]
    fn check_texts(&mut self, expected: &[&str]) {
        for device in [self.ann, self.bob, self.carl] {
            assert_eq!(self.world.client(device).screen.texts(self.group), expected, "device {device}");
        }
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "the world comes to rest");
    }
}

#[test]
fn v3_a_message_reaches_the_others_and_tells_its_state() {
    let Group { mut world, ann, bob, group, .. } = group(Limits::default());
    let request = world.command(ann, SendMessage::new(group, "hello"));
    let message = world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    assert_eq!(world.client(ann).screen.timelines[&group][&message].state, MessageState::Pending);
    world.settle_ms(60_000);
    assert_eq!(world.client(bob).screen.texts(group), ["hello"]);
    assert_eq!(world.client(ann).screen.timelines[&group][&message].state, MessageState::Delivered);
    assert_eq!(world.client(bob).screen.inbox[&group].unread, 1);
    world.input(bob, Input::MarkRead(group));
    world.settle_ms(60_000);
    assert_eq!(world.client(ann).screen.timelines[&group][&message].state, MessageState::Read);
    assert_eq!(world.client(bob).screen.inbox[&group].unread, 0);
}

#[test]
fn v1_both_write_offline_and_end_with_the_same_screen() {
    let mut group = group(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    let first = group.say(ann, "before");
    group.settle();
    group.world.set_network(ann, false);
    group.world.set_network(bob, false);
    group.say(ann, "ann offline");
    group.say(bob, "bob offline");
    let id = group.group;
    group.world.command(ann, EditMessage { conversation: id, message: first.clone(), content: "edited".into() });
    group.world.command(bob, React { conversation: id, message: first.clone(), emoji: "👍".into() });
    group.world.run_ms(5_000);
    assert_eq!(group.world.client(ann).screen.texts(id), ["edited", "ann offline"]);
    assert!(group.world.client(ann).screen.timelines[&id][&first].unsynced);
    assert_eq!(group.world.client(ann).screen.unsynced, 2);
    group.world.set_network(ann, true);
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    group.check_texts(&["edited", "ann offline", "bob offline"]);
    for device in [ann, bob] {
        let row = &group.world.client(device).screen.timelines[&id][&first];
        assert_eq!((row.reactions.len(), row.unsynced), (1, false));
    }
}

#[test]
fn e4_a_crash_while_offline_keeps_everything_pending_included() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.say(ann, "sent");
    group.settle();
    group.world.set_network(ann, false);
    group.say(ann, "pending");
    group.world.crash_client(ann);
    group.world.input(ann, Input::OpenConversation(id));
    assert_eq!(group.world.client(ann).screen.texts(id), ["sent", "pending"]);
    assert_eq!(group.world.client(ann).screen.unsynced, 1);
    group.world.set_network(ann, true);
    group.settle();
    group.check_texts(&["sent", "pending"]);
}

#[test]
fn s4_a_server_crash_loses_and_doubles_nothing() {
    let mut group = group(Limits::default());
    let devices = [group.ann, group.bob, group.carl];
    let mut said = 0;
    for round in 0..30 {
        for device in devices {
            group.say(device, &format!("{device} {round}"));
            said += 1;
        }
        group.world.run_ms(15);
        if round % 4 == 0 {
            group.world.crash_server();
        }
    }
    group.settle();
    let texts = group.world.client(devices[0]).screen.texts(group.group);
    assert_eq!(texts.len(), said);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    group.check_texts(&texts);
}

#[test]
fn e2_a_member_removed_while_offline_gets_their_words_back() {
    let mut group = group(Limits::default());
    let (ann, bob, carl, id) = (group.ann, group.bob, group.carl, group.group);
    group.world.set_network(bob, false);
    group.say(bob, "one secret");
    group.say(bob, "two secrets");
    group.world.command(ann, RemoveMember { conversation: id, account: account("bob") });
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    let screen = &group.world.client(bob).screen;
    let words: Vec<&str> = screen.refused.values().filter_map(|row| row.words.as_deref()).collect();
    assert_eq!(words, ["one secret", "two secrets"]);
    assert!(screen.refused.values().all(|row| row.code == Code::MemberRemoved));
    assert_eq!(screen.inbox[&id].status, MemberStatus::Removed);
    assert_eq!((screen.unsynced, screen.texts(id).len()), (0, 0));
    for device in [ann, carl] {
        assert!(group.world.client(device).screen.texts(id).is_empty());
    }
    // And so it stays after a restart.
    group.world.crash_client(bob);
    assert_eq!(group.world.client(bob).screen.refused.len(), 2);
}

#[test]
fn two_people_who_open_the_same_direct_offline_have_one() {
    let mut world = World::new(3, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    world.set_network(ann, false);
    world.set_network(bob, false);
    world.command(ann, CreateDirect { peer: account("bob") });
    world.command(bob, CreateDirect { peer: account("ann") });
    let id = direct("ann", "bob");
    world.command(ann, SendMessage::new(id, "from ann"));
    world.command(bob, SendMessage::new(id, "from bob"));
    for device in [ann, bob] {
        world.input(device, Input::OpenConversation(id));
    }
    world.set_network(ann, true);
    assert!(world.settle_ms(60_000));
    world.set_network(bob, true);
    assert!(world.settle_ms(120_000));
    for device in [ann, bob] {
        let screen = &world.client(device).screen;
        assert_eq!(screen.texts(id), ["from ann", "from bob"]);
        assert_eq!(screen.inbox.len(), 1);
        assert!(screen.refused.is_empty());
    }
}

#[test]
fn e3_messages_written_into_a_page_that_closed_move_to_the_open_one() {
    let mut group = group(small_pages());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.say(ann, "a0");
    group.settle();
    group.world.set_network(bob, false);
    let written: Vec<MessageId> = (0..3).map(|index| group.say(bob, &format!("b{index}"))).collect();
    for index in 1..14 {
        group.say(ann, &format!("a{index}"));
    }
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    assert!(group.world.sent.refusals.contains_key(&Code::PageClosed));
    let mut expected: Vec<String> = (0..14).map(|index| format!("a{index}")).collect();
    expected.extend((0..3).map(|index| format!("b{index}")));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    group.check_texts(&expected);
    let rows = &group.world.client(ann).screen.timelines[&id];
    assert!(written.iter().all(|id| rows.contains_key(id)), "ids are kept");
    assert!(group.world.client(bob).screen.refused.is_empty());
}

#[test]
fn v5_older_pages_come_when_somebody_scrolls_there() {
    let mut group =
        group(Limits { page_changes_soft: 60, page_changes_max: 200, catch_up_entries_max: 20, ..Limits::default() });
    let (ann, id) = (group.ann, group.group);
    for index in 0..200 {
        group.say(ann, &format!("{index}"));
    }
    group.settle();
    let carl2 = group.world.add("carl");
    group.settle();
    group.world.input(carl2, Input::OpenConversation(id));
    group.settle();
    let shown = group.world.client(carl2).screen.texts(id);
    assert!(shown.len() < 120, "{} rows at first", shown.len());
    assert_eq!(shown.last().unwrap(), "199");
    for _ in 0..10 {
        group.world.input(carl2, Input::LoadOlder(id));
        group.settle();
    }
    let shown = group.world.client(carl2).screen.texts(id);
    assert_eq!(shown, (0..200).map(|index| index.to_string()).collect::<Vec<_>>());
    assert!(!group.world.client(carl2).screen.has_older[&id]);
}

#[test]
fn v70_a_conversation_without_a_title_is_called_by_the_others_if_there_are_any() {
    let mut group = group(Limits::default());
    let (ann, bob, carl) = (group.ann, group.bob, group.carl);
    let mut untitled = |members: &[&str]| {
        let members = members.iter().map(|name| account(name)).collect();
        let request = group.world.command(ann, CreateConversation::group(None, members));
        group.world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap()
    };
    let (alone, together) = (untitled(&[]), untitled(&["bob", "carl"]));
    group.settle();
    let trip = group.group;
    let mut name = |device, id| group.world.client(device).screen.inbox[&id].name.clone();
    assert_eq!(name(ann, alone), "");
    assert_eq!((name(ann, together), name(bob, together)), ("bob, carl".to_owned(), "ann, carl".to_owned()));
    assert_eq!(name(carl, trip), "Trip");
}

#[test]
fn e5_concurrent_changes_of_a_title_end_with_the_later_arrival() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.world.command(ann, ChangeRole { conversation: id, account: account("bob"), role: Role::Admin });
    group.settle();
    group.world.set_network(ann, false);
    group.world.command(ann, SetInfo { conversation: id, field: InfoField::Title, text: Some("by ann".into()) });
    group.world.command(bob, SetInfo { conversation: id, field: InfoField::Title, text: Some("by bob".into()) });
    group.settle();
    group.world.set_network(ann, true);
    group.settle();
    assert!(group.world.sent.refusals.contains_key(&Code::Stale));
    for device in [ann, bob, group.carl] {
        assert_eq!(group.world.client(device).screen.inbox[&id].name, "by ann");
    }
    assert!(group.world.client(ann).screen.refused.is_empty());
}

#[test]
fn e10_what_is_not_allowed_is_told_at_once_and_offline() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let message = group.say(ann, "mine");
    group.settle();
    group.world.set_network(bob, false);
    let cases: Vec<(tidings_core::command::Command, Code)> = vec![
        (RemoveMember { conversation: id, account: account("carl") }.into(), Code::PermissionDenied),
        (EditMessage { conversation: id, message: message.clone(), content: "x".into() }.into(), Code::NotTheAuthor),
        (DeleteMessage { conversation: id, message: message.clone() }.into(), Code::PermissionDenied),
        (PinMessage { conversation: id, message }.into(), Code::PermissionDenied),
        (SendMessage::new(id, "  ").into(), Code::TextEmpty),
        (SendMessage::new(id, "x".repeat(4_001)).into(), Code::TextTooLong),
        (SendMessage::new(ConversationId::from_bytes([9; 16]), "x").into(), Code::ConversationUnknown),
    ];
    for (command, code) in cases {
        let name = command.name();
        let request = group.world.command(bob, command);
        assert_eq!(group.world.client(bob).screen.answers[&request], Err(code), "{name}");
    }
    let request = group.world.command(ann, LeaveConversation { conversation: id });
    assert_eq!(group.world.client(ann).screen.answers[&request], Err(Code::LastOwner));
}

#[test]
fn a_member_added_later_reads_what_was_said_before() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.say(ann, "old words");
    group.settle();
    let dora = group.world.add("dora");
    group.settle();
    group.world.command(ann, AddMember { conversation: id, account: account("dora"), role: Role::Member });
    group.settle();
    group.world.input(dora, Input::OpenConversation(id));
    group.settle();
    assert_eq!(group.world.client(dora).screen.texts(id), ["old words"]);
    let request = group.world.command(dora, SendMessage::new(id, "new words"));
    assert!(group.world.client(dora).screen.answers[&request].is_ok());
    group.settle();
    group.check_texts(&["old words", "new words"]);
}

#[test]
fn s5_a_removed_member_who_is_added_again_catches_up() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.say(ann, "one");
    group.settle();
    group.world.command(ann, RemoveMember { conversation: id, account: account("bob") });
    group.settle();
    group.say(ann, "two");
    group.settle();
    assert_eq!(group.world.client(bob).screen.texts(id), ["one"]);
    group.world.command(ann, AddMember { conversation: id, account: account("bob"), role: Role::Member });
    group.settle();
    group.say(bob, "three");
    group.settle();
    group.check_texts(&["one", "two", "three"]);
}

#[test]
fn a_removed_member_with_nothing_pending_is_shown_as_removed() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    assert_eq!(group.world.client(bob).screen.inbox[&id].status, MemberStatus::Active);
    group.world.command(ann, RemoveMember { conversation: id, account: account("bob") });
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].status, MemberStatus::Removed);
    // What is stored of the documents does not say so, and the next session begins behind it.
    group.say(ann, "without Bob");
    group.world.run_ms(700_000);
    group.world.crash_client(bob);
    group.world.input(bob, Input::OpenConversation(id));
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].status, MemberStatus::Removed);
    let request = group.world.command(bob, SendMessage::new(id, "from outside"));
    assert_eq!(group.world.client(bob).screen.answers[&request], Err(Code::MemberRemoved));
    group.world.command(ann, AddMember { conversation: id, account: account("bob"), role: Role::Member });
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].status, MemberStatus::Active);
}

#[test]
fn a_refused_message_can_be_sent_again_or_given_up() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.world.set_network(bob, false);
    group.say(bob, "first");
    group.say(bob, "second");
    group.world.command(ann, RemoveMember { conversation: id, account: account("bob") });
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    let ids: Vec<u64> = group.world.client(bob).screen.refused.keys().copied().collect();
    let now = group.world.now();
    let request = group.world.client(bob).retry(now, ids[0], None);
    assert_eq!(group.world.client(bob).screen.answers[&request], Err(Code::MemberRemoved));
    assert_eq!(group.world.client(bob).screen.refused.len(), 2, "the words stay");
    group.world.command(ann, AddMember { conversation: id, account: account("bob"), role: Role::Member });
    group.settle();
    let now = group.world.now();
    group.world.client(bob).retry(now, ids[0], Some("first, reworded".into()));
    group.world.input(bob, Input::DiscardRefused { id: ids[1] });
    group.settle();
    assert!(group.world.client(bob).screen.refused.is_empty());
    group.check_texts(&["first, reworded"]);
}

#[test]
fn e6_a_full_store_gives_the_words_back_and_takes_them_later() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.world.client(ann).store().set_bytes_max(Some(0));
    let request = group.world.command(ann, SendMessage::new(id, "does not fit"));
    assert_eq!(group.world.client(ann).screen.answers[&request], Err(Code::StorageFull));
    assert!(group.world.client(ann).screen.texts(id).is_empty());
    group.world.client(ann).store().set_bytes_max(None);
    group.world.run_ms(10_000);
    group.say(ann, "fits");
    group.settle();
    group.check_texts(&["fits"]);
}

#[test]
fn profiles_name_people_everywhere() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.say(ann, "hi");
    let profile = Profile { display_name: Some("Ann Lee".into()), ..Profile::default() };
    group.world.command(ann, SetProfile { profile, account: None });
    // On her own screen at once.
    for device in [ann, bob] {
        let screen = &group.world.client(device).screen;
        assert!(screen.rows(id).iter().all(|row| row.author_name == "Ann Lee"), "device {device}");
        assert!(screen.details[&id].members.iter().any(|member| member.name == "Ann Lee"), "device {device}");
        group.settle();
    }
}

#[test]
fn a_profile_says_when_it_was_first_and_last_accepted() {
    let mut group = group(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    let mut times = |name: &str| {
        let profile = Profile {
            display_name: Some(name.into()),
            created_at: Some(WallTime::from_millis(1)),
            ..Profile::default()
        };
        group.world.command(ann, SetProfile { profile, account: None });
        group.settle();
        let mut shown = |client| {
            let profile = &group.world.client(client).screen.profiles[&account("ann")];
            assert_eq!(profile.display_name.as_deref(), Some(name));
            (profile.created_at.unwrap(), profile.updated_at.unwrap())
        };
        assert_eq!(shown(ann), shown(bob));
        shown(ann)
    };
    let first = times("Ann");
    assert_eq!(first.0, first.1);
    let second = times("Ann Lee");
    assert_eq!(second.0, first.0);
    assert!(second.1 > first.1);
}

#[test]
fn v2_a_timeline_is_told_only_what_changed() {
    let mut group = group(Limits::default());
    let (ann, bob) = (group.ann, group.bob);
    for index in 0..100 {
        group.say(ann, &format!("{index}"));
    }
    group.settle();
    let before = group.world.client(bob).screen.rows_sent;
    group.say(ann, "one more");
    group.settle();
    assert_eq!(group.world.client(bob).screen.rows_sent - before, 1);
}

#[test]
fn s3_a_second_device_of_an_account_sees_the_same() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.say(ann, "from the phone");
    group.settle();
    let laptop = group.world.add("ann");
    group.settle();
    group.world.input(laptop, Input::OpenConversation(id));
    group.settle();
    assert_eq!(group.world.client(laptop).screen.texts(id), ["from the phone"]);
    group.world.command(laptop, SendMessage::new(id, "from the laptop"));
    group.settle();
    group.check_texts(&["from the phone", "from the laptop"]);
}

#[test]
fn the_network_switch_cuts_the_link() {
    let mut group = group(Limits::default());
    let ann = group.ann;
    group.world.input(ann, Input::SetNetwork(false));
    assert_eq!(group.world.client(ann).screen.connection, Some(ConnectionState::Off));
    group.say(ann, "later");
    group.world.run_ms(60_000);
    assert_eq!(group.world.journal(&StreamId::Conversation(group.group)).len(), 1);
    group.world.input(ann, Input::SetNetwork(true));
    group.settle();
    group.check_texts(&["later"]);
}

#[test]
fn p34_whoever_is_brought_in_is_counted_once_however_long_the_store_cannot_be_written() {
    let mut world = World::new(44, Limits::default());
    let ann = world.add("ann");
    assert!(world.settle_ms(60_000));
    world.fate(0).set_faults(StoreFaults { unavailable_per_mille: 1_000, ..StoreFaults::default() });
    let members = (0..50).map(|number| account(&format!("member{number}"))).collect();
    world.command(ann, CreateConversation::group(Some("Team".into()), members));
    world.run_ms(60_000);
    assert_eq!(world.client(ann).screen.unsynced, 1);
    world.fate(0).set_faults(StoreFaults::default());
    assert!(world.settle_ms(60_000), "an account may bring in a thousand");
}

#[test]
fn p30_a_new_device_is_counted_once_however_long_the_store_cannot_be_written() {
    let mut world = World::new(45, Limits::default());
    world.fate(0).set_faults(StoreFaults { full: true, ..StoreFaults::default() });
    let ann = world.add("ann");
    for _ in 0..40 {
        world.input(ann, Input::ConnectNow);
        world.run_ms(1_000);
    }
    world.fate(0).set_faults(StoreFaults::default());
    world.input(ann, Input::ConnectNow);
    assert!(world.settle_ms(60_000), "an account may register twenty");
}

#[test]
fn e7_a_timeline_is_painted_before_its_documents_are_read() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.say(ann, "seen before");
    group.settle();
    let stored = group.world.client(ann).store().records().keys().any(|key| key.starts_with("rows/"));
    assert!(stored, "the newest rows are stored");
    group.world.crash_client(ann);
    group.world.input(ann, Input::OpenConversation(id));
    // What is stored comes first, and what the documents say changes nothing of it.
    assert_eq!(group.world.client(ann).screen.texts(id), ["seen before"]);
    assert_eq!(group.world.client(ann).screen.rows_sent, 1);
}

#[test]
fn what_is_said_of_old_pages_does_not_pile_up() {
    let mut group = group(small_pages());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let old: Vec<MessageId> = (0..30).map(|index| group.say(ann, &format!("{index}"))).collect();
    group.settle();
    // Bob starts again: only the newest page is in memory.
    group.world.crash_client(bob);
    group.settle();
    for round in 0..10 {
        for message in &old[..10] {
            let emoji = ["👍", "🎉"][round % 2].to_owned();
            let message = message.clone();
            group.world.command(
                ann,
                match round % 4 {
                    0 | 1 => tidings_core::command::Command::from(React { conversation: id, message, emoji }),
                    _ => Unreact { conversation: id, message, emoji }.into(),
                },
            );
        }
        group.settle();
    }
    let stored = group.world.client(bob).store().records().keys().filter(|key| key.starts_with("tail/")).count();
    assert!(stored < 70, "{stored} entries wait behind their snapshots");
    // And what was let go is there again for whoever scrolls.
    group.world.input(bob, Input::OpenConversation(id));
    for _ in 0..5 {
        group.world.input(bob, Input::LoadOlder(id));
        group.settle();
    }
    assert_eq!(group.world.client(bob).screen.texts(id), group.world.client(ann).screen.texts(id));
}

#[test]
fn v4_unread_are_the_messages_of_others_behind_the_read_position() {
    let mut group =
        group(Limits { page_changes_soft: 20, page_changes_max: 80, catch_up_entries_max: 10, ..Limits::default() });
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.world.set_network(bob, false);
    for index in 0..50 {
        group.say(ann, &format!("{index}"));
    }
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    // More than the newest page holds: the rest is counted by the server.
    assert_eq!(group.world.client(bob).screen.inbox[&id].unread, 50);
    group.say(bob, "mine does not count");
    group.say(ann, "one more");
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].unread, 51);
    group.world.input(bob, Input::MarkRead(id));
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].unread, 0);
    group.say(ann, "and another");
    group.settle();
    assert_eq!(group.world.client(bob).screen.inbox[&id].unread, 1);
}

#[test]
fn e8_two_copies_online_at_once_end_as_two_devices() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    let copy = group.world.copy(ann);
    group.world.input(copy, Input::OpenConversation(id));
    group.world.set_network(copy, true);
    // Nobody writes: that they share an id shows in the session alone.
    group.settle();
    group.world.run_ms(60_000);
    assert_eq!(group.world.session_count(&account("ann")), 2, "neither cuts the other off");
    for round in 0..10 {
        group.say(ann, &format!("original {round}"));
        group.say(copy, &format!("copy {round}"));
        group.world.run_ms(700);
    }
    group.settle();
    let texts = group.world.client(copy).screen.texts(id);
    assert_eq!(texts.len(), 20);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    group.check_texts(&texts);
}

/// Ann's store is put back to what it was, after much was admitted since.
fn check_restored_backup(messages_since: usize, offline_first: bool) {
    let mut group = group(small_pages());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    group.say(ann, "first");
    group.settle();
    group.world.set_network(ann, false);
    group.say(ann, "pending in the backup");
    group.world.run_ms(2_000);
    let backup = group.world.client(ann).store().clone();
    group.world.set_network(ann, true);
    group.settle();
    let mut expected = vec!["first".to_owned(), "pending in the backup".to_owned()];
    for index in 0..messages_since {
        for (name, device) in [("ann", ann), ("bob", bob)] {
            expected.push(format!("{name} {index}"));
            group.say(device, &format!("{name} {index}"));
            group.settle();
        }
    }
    group.world.set_network(ann, !offline_first);
    group.world.restart(ann, backup);
    group.world.input(ann, Input::OpenConversation(id));
    for text in ["after the restore", "and once more"] {
        group.say(ann, text);
        expected.push(text.to_owned());
    }
    group.world.run_ms(2_000);
    group.world.set_network(ann, true);
    group.settle();
    for device in [ann, bob, group.carl] {
        for _ in 0..20 {
            group.world.input(device, Input::LoadOlder(id));
            group.settle();
        }
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    group.check_texts(&expected);
    assert!(group.world.client(ann).screen.refused.is_empty());
    assert_eq!(group.world.client(ann).screen.unsynced, 0);
}

#[test]
fn e8_a_restored_backup_loses_and_doubles_nothing() {
    for messages_since in [1, 3, 6, 12, 30] {
        for offline_first in [true, false] {
            check_restored_backup(messages_since, offline_first);
        }
    }
}

#[test]
fn s48_a_message_that_was_written_anew_on_a_page_that_is_not_held_is_there_once() {
    let limits = Limits { page_changes_soft: 6, page_changes_max: 40, catch_up_entries_max: 2, ..Limits::default() };
    let mut group = group(limits);
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let mut expected = Vec::new();
    let mut talk = |group: &mut Group, count: usize| {
        for _ in 0..count {
            let words = format!("bob {}", expected.len());
            group.say(bob, &words);
            group.settle();
            expected.push(words);
        }
        expected.len()
    };
    talk(&mut group, 2);
    group.world.set_network(ann, false);
    group.say(ann, "written twice");
    group.world.run_ms(1_000);
    let backup = group.world.client(ann).disk.crash();
    // The page that it was written for closes, and so does the one that it is written for anew.
    let place = talk(&mut group, 5);
    group.world.set_network(ann, true);
    group.settle();
    talk(&mut group, 9);
    group.world.restart(ann, backup);
    group.world.input(ann, Input::OpenConversation(id));
    group.settle();
    let new = group.world.add("ann");
    group.world.input(new, Input::OpenConversation(id));
    for device in [ann, bob, group.carl, new] {
        for _ in 0..20 {
            group.world.input(device, Input::LoadOlder(id));
            group.settle();
        }
    }
    expected.insert(place, "written twice".to_owned());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    group.check_texts(&expected);
    assert!(group.world.client(ann).screen.refused.is_empty());
    assert_eq!(group.world.client(ann).screen.unsynced, 0);
}

#[test]
fn e8_a_device_id_of_another_account_is_given_up() {
    let mut world = World::new(9, Limits::default());
    let (ann, bob) = (world.add_seeded("ann", [1; 32]), world.add_seeded("bob", [1; 32]));
    world.set_network(bob, false);
    assert!(world.settle_ms(60_000));
    // Bob has written under the id before anybody tells him.
    world.command(bob, CreateDirect { peer: account("ann") });
    let id = direct("ann", "bob");
    world.command(bob, SendMessage::new(id, "under a taken id"));
    world.set_network(bob, true);
    assert!(world.settle_ms(60_000));
    world.input(ann, Input::OpenConversation(id));
    world.input(bob, Input::OpenConversation(id));
    world.command(ann, SendMessage::new(id, "answer"));
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        assert_eq!(world.client(device).screen.texts(id), ["under a taken id", "answer"]);
        assert!(world.client(device).screen.refused.is_empty());
    }
    assert_ne!(world.client(ann).device(), world.client(bob).device());
}

#[test]
fn e8_a_crash_between_a_new_id_and_the_rewriting_refuses_nothing() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    group.world.set_network(ann, false);
    let copy = group.world.copy(ann);
    group.world.input(copy, Input::OpenConversation(id));
    group.say(ann, "from the original");
    group.say(copy, "from the copy");
    group.world.set_network(copy, true);
    group.world.run_ms(10_000);
    let former = group.world.client(ann).device();
    group.world.set_network(ann, true);
    while group.world.client(ann).device() == former {
        group.world.run_ms(1);
    }
    group.world.crash_client(ann);
    group.world.input(ann, Input::OpenConversation(id));
    group.settle();
    group.check_texts(&["from the copy", "from the original"]);
    assert!(group.world.client(ann).screen.refused.is_empty());
}

#[test]
fn e8_a_copied_device_takes_a_new_id_and_loses_nothing() {
    let mut group = group(Limits::default());
    let (ann, id) = (group.ann, group.group);
    // A profile copied while offline: two devices with one id and one store.
    group.world.set_network(ann, false);
    let copy = group.world.copy(ann);
    group.world.input(copy, Input::OpenConversation(id));
    group.say(ann, "from the original");
    group.say(copy, "from the copy");
    group.world.set_network(copy, true);
    group.world.run_ms(10_000);
    group.world.set_network(ann, true);
    group.world.run_ms(10_000);
    group.settle();
    assert!(group.world.sent.refusals.contains_key(&Code::ActorConflict));
    group.check_texts(&["from the copy", "from the original"]);
    assert!(group.world.client(ann).screen.refused.is_empty());
}

#[test]
fn v2_what_quotes_a_message_follows_its_words() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let message = group.say(ann, "secret");
    group.settle();
    group.world.command(ann, PinMessage { conversation: id, message: message.clone() });
    let reply = SendMessage { reply_to: Some(message.clone()), ..SendMessage::new(id, "really?") };
    let request = group.world.command(bob, reply);
    let reply = group.world.client(bob).screen.answers[&request].clone().unwrap().1.unwrap();
    group.settle();
    let check = |group: &mut Group, expected: Option<Content>| {
        for device in [ann, bob, group.carl] {
            let screen = &group.world.client(device).screen;
            let quoted = screen.timelines[&id][&reply].reply_to.as_ref().map(|reply| &reply.preview);
            assert_eq!(quoted, Some(&expected), "device {device}");
            assert_eq!(screen.details[&id].pins[0].preview, expected, "device {device}");
        }
    };
    check(&mut group, Some("secret".into()));
    group.world.command(ann, EditMessage { conversation: id, message: message.clone(), content: "public".into() });
    group.settle();
    check(&mut group, Some("public".into()));
    group.world.command(ann, DeleteMessage { conversation: id, message });
    group.settle();
    check(&mut group, None);
}

#[test]
fn a84_a_reply_to_what_was_never_said_is_refused_at_once() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let said = group.say(ann, "by ann, and not by carl");
    group.settle();
    group.world.set_network(bob, false);
    let stranger = MessageId { author: account("carl"), ..said };
    let request = group.world.command(bob, SendMessage { reply_to: Some(stranger), ..SendMessage::new(id, "really?") });
    group.world.run_ms(1_000);
    assert_eq!(group.world.client(bob).screen.answers[&request], Err(Code::MessageUnknown));
    assert_eq!(group.world.client(bob).screen.unsynced, 0);
}
