//! Slow mode: what is written faster than it allows waits, and nothing of it is lost.

use tidings_core::{
    code::Code,
    command::{
        CreateConversation, CreateThread, DeleteMessage, EditMessage, LeaveConversation, React, RemoveMember,
        SendMessage, SetPolicy, SetProfile,
    },
    engine::Input,
    ids::{AccountId, ConversationId, MessageId, TenantId},
    limits::Limits,
    model::{MemberStatus, Policy, Profile},
    time::WallTime,
};
use tidings_tests::sim::world::{Device, World};

const SECONDS: u32 = 3;
const HOUR: u32 = 3_600;

/// A group of Ann and Bob in slow mode, open on everybody's screen.
fn slow_group(world: &mut World) -> ([Device; 2], ConversationId) {
    group_of_pace(world, SECONDS)
}

fn group_of_pace(world: &mut World, seconds: u32) -> ([Device; 2], ConversationId) {
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let create = CreateConversation {
        policies: vec![Policy::SlowModeSeconds(seconds)],
        ..CreateConversation::group(Some("Trip".into()), vec![AccountId::parse("bob").unwrap()])
    };
    let request = world.command(ann, create);
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    ([ann, bob], group)
}

#[test]
fn a30_a_burst_that_was_written_offline_is_sent_one_by_one() {
    let mut world = World::new(12, Limits::default());
    let ([ann, bob], group) = slow_group(&mut world);
    world.set_network(bob, false);
    let texts: Vec<String> = (1..=20).map(|number| format!("line {number}")).collect();
    for text in &texts {
        world.command(bob, SendMessage::new(group, text));
    }
    world.run_ms(1_000);
    assert_eq!(world.client(bob).screen.unsynced, 20);
    world.set_network(bob, true);
    assert!(world.settle_ms(20 * 1_000 * u64::from(SECONDS) + 60_000), "{}", world.unrest());
    for device in [ann, bob] {
        assert_eq!(world.client(device).screen.texts(group), texts);
    }
    assert!(world.client(bob).screen.refused.is_empty());
    let accepted: Vec<WallTime> =
        world.client(ann).screen.rows(group).iter().map(|row| row.accepted_at.unwrap()).collect();
    let apart = accepted.windows(2).map(|pair| pair[1].as_millis() - pair[0].as_millis());
    assert!(apart.clone().all(|millis| millis >= 1_000 * u64::from(SECONDS)), "{:?}", apart.collect::<Vec<_>>());
}

#[test]
fn a30_whoever_keeps_order_is_not_slowed_down() {
    let mut world = World::new(13, Limits::default());
    let ([ann, bob], group) = slow_group(&mut world);
    for number in 1..=5 {
        world.command(ann, SendMessage::new(group, format!("line {number}")));
    }
    world.run_ms(u64::from(SECONDS) * 500);
    assert_eq!(world.client(bob).screen.texts(group).len(), 5);
}

#[test]
fn a81_threads_do_not_make_it_fast() {
    let mut world = World::new(15, Limits::default());
    world.verify = true;
    let ([ann, bob], group) = slow_group(&mut world);
    let tenant = TenantId::parse("acme").unwrap();
    let threads: Vec<ConversationId> = (1..=3)
        .map(|number| {
            let request = world.command(ann, SendMessage::new(group, format!("question {number}")));
            let message = world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
            let thread = ConversationId::thread(&tenant, group, &message);
            world.command(ann, CreateThread { conversation: group, message, title: None });
            thread
        })
        .collect();
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    // Together, and to be read by whoever looks.
    for &thread in &threads {
        world.command(bob, SendMessage { thread: Some(thread), ..SendMessage::new(group, "answer") });
        world.run_ms(100);
    }
    world.command(bob, SendMessage::new(group, "and one more"));
    for &thread in &threads {
        world.input(ann, Input::OpenThread { conversation: group, thread });
    }
    assert!(world.settle_ms(5 * 1_000 * u64::from(SECONDS) + 60_000), "{}", world.unrest());
    let screen = &world.client(ann).screen;
    let rooms = threads.iter().chain([&group]);
    let rows = rooms.flat_map(|room| screen.rows(*room)).filter(|row| row.id.author.as_str() == "bob");
    let mut accepted: Vec<u64> = rows.map(|row| row.accepted_at.unwrap().as_millis()).collect();
    accepted.sort_unstable();
    assert_eq!(accepted.len(), 4);
    assert!(accepted.windows(2).all(|pair| pair[1] - pair[0] >= 1_000 * u64::from(SECONDS)), "{accepted:?}");
    assert!(screen.faults.is_empty(), "{:?}", screen.faults);
}

/// Ann and Bob in a group of one message an hour, where Bob has said "one", and
/// "two" waits.
fn waiting(world: &mut World) -> ([Device; 2], ConversationId, [MessageId; 2]) {
    let (both @ [_, bob], group) = group_of_pace(world, HOUR);
    let one = say(world, bob, group, "one");
    world.run_ms(1_000);
    let two = say(world, bob, group, "two");
    world.run_ms(1_000);
    (both, group, [one, two])
}

#[track_caller]
fn say(world: &mut World, device: Device, group: ConversationId, text: &str) -> MessageId {
    let request = world.command(device, SendMessage::new(group, text));
    world.client(device).screen.answers[&request].clone().unwrap().1.unwrap()
}

#[test]
fn s20_what_does_not_depend_on_a_deferred_message_goes_on() {
    let mut world = World::new(31, Limits::default());
    let ([ann, bob], group, [one, two]) = waiting(&mut world);
    world.command(bob, React { conversation: group, message: one.clone(), emoji: "👍".into() });
    world.command(bob, EditMessage { conversation: group, message: one.clone(), content: "first".into() });
    world.command(bob, EditMessage { conversation: group, message: two, content: "second".into() });
    let three = say(&mut world, bob, group, "three");
    world.command(bob, EditMessage { conversation: group, message: one, content: "the first".into() });
    world.run_ms(1_000);
    assert_eq!(world.client(ann).screen.texts(group), ["the first"]);
    assert_eq!(world.client(ann).screen.rows(group)[0].reactions.len(), 1);
    // All of it is on the own screen, and what waits says why and until when.
    assert_eq!(world.client(bob).screen.texts(group), ["the first", "second", "three"]);
    assert_eq!(world.client(bob).screen.unsynced, 3);
    let rows = world.client(bob).screen.rows(group);
    assert_eq!(rows[2].id, three);
    let waits: Vec<_> = rows.iter().map(|row| row.waits.map(|wait| wait.code)).collect();
    assert_eq!(waits, [None, Some(Code::SlowMode), Some(Code::SlowMode)]);
    let until = rows[0].accepted_at.unwrap().as_millis() + 1_000 * u64::from(HOUR);
    assert_eq!(rows[1].waits.unwrap().until.as_millis(), until);
    let first = rows_wait(&mut world, bob, group);
    assert_eq!(world.client(bob).screen.inbox[&group].waits, first);
    // In the end all is said, once, in its order.
    assert!(world.settle_ms(3 * 1_000 * u64::from(HOUR)), "{}", world.unrest());
    for device in [ann, bob] {
        assert_eq!(world.client(device).screen.texts(group), ["the first", "second", "three"]);
    }
    assert!(world.client(bob).screen.refused.is_empty());
    assert_eq!(rows_wait(&mut world, bob, group), None);
    assert_eq!(world.client(bob).screen.inbox[&group].waits, None);
}

fn rows_wait(world: &mut World, device: Device, group: ConversationId) -> Option<tidings_core::api::Wait> {
    world.client(device).screen.rows(group).iter().find_map(|row| row.waits)
}

#[test]
fn s20_whoever_leaves_while_a_message_waits_has_left() {
    let mut world = World::new(32, Limits::default());
    let ([ann, bob], group, _) = waiting(&mut world);
    world.command(bob, LeaveConversation { conversation: group });
    world.run_ms(1_000);
    let details = &world.client(ann).screen.details[&group];
    assert!(details.members.iter().all(|member| member.account.as_str() != "bob"), "Bob is gone for Ann too");
    assert_eq!(world.client(bob).screen.inbox[&group].status, MemberStatus::Left);
    // The words are given back.
    let refused: Vec<_> = world.client(bob).screen.refused.values().map(|row| (row.words.clone(), row.code)).collect();
    assert_eq!(refused, [(Some("two".to_owned()), Code::MemberLeft)]);
    assert_eq!(world.client(bob).screen.unsynced, 0);
}

#[test]
fn s21_a_message_that_is_taken_back_while_it_waits_is_never_sent() {
    for is_offline in [false, true] {
        let mut world = World::new(33, Limits::default());
        let ([ann, bob], group, [_, two]) = waiting(&mut world);
        world.command(bob, EditMessage { conversation: group, message: two.clone(), content: "second".into() });
        world.set_network(bob, !is_offline);
        let request = world.command(bob, DeleteMessage { conversation: group, message: two.clone() });
        world.run_ms(100);
        assert_eq!(world.client(bob).screen.answers[&request], Ok((None, Some(two))));
        assert_eq!(world.client(bob).screen.unsynced, 0);
        assert_eq!(world.client(bob).screen.texts(group), ["one"]);
        world.set_network(bob, true);
        world.crash_client(bob);
        assert!(world.settle_ms(2 * 1_000 * u64::from(HOUR)), "{}", world.unrest());
        assert_eq!(world.client(ann).screen.texts(group), ["one"]);
    }
}

#[test]
fn s21_a_message_written_and_taken_back_offline_is_not_sent_when_it_is_deferred() {
    let mut world = World::new(34, Limits::default());
    let ([ann, bob], group) = group_of_pace(&mut world, HOUR);
    world.set_network(bob, false);
    say(&mut world, bob, group, "one");
    let two = say(&mut world, bob, group, "two");
    world.command(bob, DeleteMessage { conversation: group, message: two });
    world.set_network(bob, true);
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    assert_eq!(world.client(ann).screen.texts(group), ["one"]);
}

#[test]
fn s22_slow_mode_that_ends_is_noticed_at_once() {
    let mut world = World::new(35, Limits::default());
    let ([ann, bob], group, _) = waiting(&mut world);
    world.command(ann, SetPolicy { conversation: group, policy: Policy::SlowModeSeconds(0) });
    world.run_ms(2_000);
    assert_eq!(world.client(ann).screen.texts(group), ["one", "two"]);
    assert_eq!(rows_wait(&mut world, bob, group), None);
}

#[test]
fn s20_a_reply_that_waits_and_is_refused_is_counted_no_more() {
    let mut world = World::new(37, Limits::default());
    let ([ann, bob], group, [one, _]) = waiting(&mut world);
    world.command(ann, CreateThread { conversation: group, message: one.clone(), title: None });
    world.run_ms(1_000);
    let thread = ConversationId::thread(&TenantId::parse("acme").unwrap(), group, &one);
    world.command(bob, SendMessage { thread: Some(thread), ..SendMessage::new(group, "in it") });
    world.run_ms(1_000);
    let replies = |world: &mut World| world.client(bob).screen.rows(group)[0].thread.as_ref().map(|it| it.replies);
    assert_eq!(replies(&mut world), Some(1));
    world.command(ann, RemoveMember { conversation: group, account: AccountId::parse("bob").unwrap() });
    world.run_ms(1_000);
    assert_eq!(replies(&mut world), Some(0));
    let refused = world.client(bob).screen.refused.values().map(|row| row.words.clone().unwrap());
    assert_eq!(refused.collect::<Vec<_>>(), ["two", "in it"]);
}

#[test]
fn s20_what_waits_beside_the_others_survives_a_start() {
    let mut world = World::new(36, Limits::default());
    let ([ann, bob], group, [one, _]) = waiting(&mut world);
    world.command(bob, EditMessage { conversation: group, message: one, content: "first".into() });
    world.crash_client(bob);
    world.input(bob, Input::OpenConversation(group));
    world.command(
        bob,
        SetProfile { profile: Profile { display_name: Some("Bob".into()), ..Profile::default() }, account: None },
    );
    world.run_ms(1_000);
    assert_eq!(world.client(ann).screen.texts(group), ["first"]);
    assert_eq!(world.client(bob).screen.texts(group), ["first", "two"]);
    assert!(world.settle_ms(2 * 1_000 * u64::from(HOUR)), "{}", world.unrest());
    assert_eq!(world.client(ann).screen.texts(group), ["first", "two"]);
}

#[test]
fn s23_a_row_of_the_list_says_why_what_is_pending_waits() {
    let limits = Limits { changes_burst: 10, changes_per_second: 1, ..Limits::default() };
    let mut world = World::new(37, limits);
    let ([_, bob], group) = group_of_pace(&mut world, 0);
    for number in 0..20 {
        say(&mut world, bob, group, &format!("line {number}"));
        world.run_ms(10);
    }
    world.run_ms(200);
    let waits = world.client(bob).screen.inbox[&group].waits;
    assert_eq!(waits.map(|wait| wait.code), Some(Code::RateLimited));
    assert!(world.settle_ms(120_000), "{}", world.unrest());
    assert_eq!(world.client(bob).screen.inbox[&group].waits, None);
}
