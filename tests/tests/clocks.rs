//! Devices whose clocks are wrong: what they wrote meanwhile is sent all the
//! same, under the server's time, and nobody is mute afterwards.

use tidings_core::{
    code::Code,
    command::{
        CreateConversation, CreateDirect, CreateThread, DeleteMessage, EditMessage, React, SendMessage, SetInfo,
        SetPolicy, SetProfile,
    },
    engine::{ConnectionState, Input},
    ids::{AccountId, ConversationId, MessageId, TenantId, TimelineId},
    limits::Limits,
    model::{InfoField, Policy, Profile},
};
use tidings_tests::sim::world::{Device, World};

const HOUR_MS: i64 = 3_600_000;
const YEARS_MS: i64 = 10 * 365 * 24 * HOUR_MS;
/// How far a time may be from the true one where a device knows the server's, ms.
const NEAR_MS: u64 = 60_000;

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// Ann, who has no network, and Bob, who reads; in a group of both.
fn group(world: &mut World) -> ([Device; 2], ConversationId) {
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![account("bob")]));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    world.set_network(ann, false);
    ([ann, bob], group)
}

#[track_caller]
fn say(world: &mut World, device: Device, conversation: ConversationId, text: &str) -> MessageId {
    let request = world.command(device, SendMessage::new(conversation, text));
    world.client(device).screen.answers[&request].clone().unwrap().1.unwrap()
}

/// Everybody sees these texts, and the author of none was told that it was refused.
#[track_caller]
fn check(world: &mut World, [ann, bob]: [Device; 2], conversation: ConversationId, texts: &[&str]) {
    assert!(world.settle_ms(600_000), "{}", world.unrest());
    assert_eq!(world.client(ann).screen.refused.values().map(|row| row.code).collect::<Vec<_>>(), []);
    for device in [ann, bob] {
        assert_eq!(world.client(device).screen.texts(conversation), texts, "device {device}");
    }
}

#[test]
fn e70_a_clock_that_was_ahead_makes_nobody_mute() {
    // The clock is right again before the device comes online, afterwards, or never.
    for (skew_ms, is_mended) in [(HOUR_MS, true), (YEARS_MS, true), (HOUR_MS, false), (YEARS_MS, false)] {
        let mut world = World::new(21, Limits::default());
        let (both @ [ann, bob], group) = group(&mut world);
        world.set_client_skew(ann, skew_ms);
        say(&mut world, ann, group, "from the future");
        world.run_ms(1_000);
        if is_mended {
            world.set_client_skew(ann, 0);
        }
        world.crash_client(ann);
        world.run_ms(100);
        world.input(ann, Input::OpenConversation(group));
        say(&mut world, ann, group, "after a start");
        world.set_network(ann, true);
        check(&mut world, both, group, &["from the future", "after a start"]);
        say(&mut world, ann, group, "and goes on");
        check(&mut world, both, group, &["from the future", "after a start", "and goes on"]);
        let now = world.now().wall.as_millis();
        for row in world.client(bob).screen.rows(group) {
            assert!(row.created_at.as_millis() < now, "{} lies ahead", row.text());
            assert!(now - row.created_at.as_millis() < 600_000 + NEAR_MS, "{} lies behind", row.text());
        }
    }
}

#[test]
fn e70_what_was_written_a_while_ago_by_a_clock_that_is_still_wrong_keeps_its_true_time() {
    let mut world = World::new(22, Limits::default());
    let (both @ [ann, bob], group) = group(&mut world);
    world.set_client_skew(ann, HOUR_MS);
    let written = world.now().wall.as_millis();
    say(&mut world, ann, group, "half an hour ago");
    world.run_ms(1_800_000);
    world.set_network(ann, true);
    check(&mut world, both, group, &["half an hour ago"]);
    let rows = world.client(bob).screen.rows(group);
    assert!(rows[0].created_at.as_millis().abs_diff(written) < NEAR_MS);
}

#[test]
fn e70_what_names_a_message_goes_with_its_new_id() {
    let mut world = World::new(23, Limits::default());
    let (both @ [ann, bob], group) = group(&mut world);
    world.set_client_skew(ann, HOUR_MS);
    let first = say(&mut world, ann, group, "frist");
    world.command(ann, EditMessage { conversation: group, message: first.clone(), content: "first".into() });
    world.command(ann, React { conversation: group, message: first.clone(), emoji: "👍".into() });
    let answer = SendMessage { reply_to: Some(first.clone()), ..SendMessage::new(group, "second") };
    world.command(ann, answer);
    let third = say(&mut world, ann, group, "third");
    world.command(ann, DeleteMessage { conversation: group, message: third });
    let open = CreateThread { conversation: group, message: first.clone(), title: None };
    let thread = open.thread(&TenantId::parse("acme").unwrap());
    world.command(ann, open);
    world.command(ann, SendMessage { thread: Some(thread), ..SendMessage::new(group, "in the thread") });
    world.set_network(ann, true);
    check(&mut world, both, group, &["first", "second", ""]);
    let rows = world.client(bob).screen.rows(group);
    assert_ne!(rows[0].id, first);
    assert_eq!(rows[0].reactions.len(), 1);
    assert_eq!(rows[1].reply_to.as_ref().map(|reply| &reply.id), Some(&rows[0].id));
    assert_eq!(rows[0].thread.as_ref().map(|thread| thread.replies), Some(1));
    assert!(rows[2].deleted_by.is_some());
}

#[test]
fn e70_an_answer_to_what_a_clock_ahead_wrote_is_not_refused_here() {
    let mut world = World::new(22, Limits::default());
    let (both @ [ann, _], group) = group(&mut world);
    world.set_client_skew(ann, HOUR_MS);
    let message = say(&mut world, ann, group, "from the future");
    world.set_client_skew(ann, 0);
    // The server tells the time, and nothing else.
    world.set_network(ann, true);
    while world.client(ann).screen.connection != Some(ConnectionState::Online) {
        world.run_ms(1);
    }
    world.set_network(ann, false);
    let answer = SendMessage { reply_to: Some(message), ..SendMessage::new(group, "an answer") };
    let request = world.command(ann, answer);
    assert!(world.client(ann).screen.answers[&request].is_ok());
    world.set_network(ann, true);
    check(&mut world, both, group, &["from the future", "an answer"]);
}

#[test]
fn e70_what_was_refused_is_shown_with_the_new_id_of_the_message_that_it_names() {
    let mut world = World::new(24, Limits::default());
    let ([ann, bob], group) = group(&mut world);
    let other = world.add("ann");
    assert!(world.settle_ms(60_000));
    world.set_client_skew(ann, HOUR_MS);
    world.command(ann, SetInfo { conversation: group, field: InfoField::Title, text: Some("Boats".into()) });
    let message = say(&mut world, ann, group, "first");
    world.command(ann, React { conversation: group, message: message.clone(), emoji: "👍".into() });
    world.command(other, SetPolicy { conversation: group, policy: Policy::Reactions(false) });
    assert!(world.settle_ms(60_000));
    // All of it is written anew, and the reaction refused, before the clock is known to be wrong.
    let tenant = TenantId::parse("acme").unwrap();
    world.node(0).unwrap().squash(tenant, TimelineId::of(group).document());
    world.run_ms(1_000);
    world.set_network(ann, true);
    assert!(world.settle_ms(600_000), "{}", world.unrest());
    let shown = world.client(bob).screen.rows(group)[0].id.clone();
    assert_ne!(shown, message);
    let refused = world.client(ann).screen.refused.values().map(|row| (row.code, row.message.clone()));
    assert_eq!(refused.collect::<Vec<_>>(), [(Code::PolicyForbids, Some(shown))]);
}

#[test]
fn e70_a_first_start_without_a_network_and_with_a_wrong_clock_opens_a_direct() {
    for skew_ms in [HOUR_MS, YEARS_MS, -HOUR_MS] {
        let mut world = World::new(24, Limits::default());
        let (ann, bob) = (world.add("ann"), world.add("bob"));
        world.set_network(ann, false);
        world.set_client_skew(ann, skew_ms);
        let profile = Profile { display_name: Some("Ann".into()), ..Profile::default() };
        world.command(ann, SetProfile { profile, account: None });
        world.command(ann, CreateDirect { peer: account("bob") });
        let direct = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"));
        say(&mut world, ann, direct, "hello");
        world.set_network(ann, true);
        assert!(world.settle_ms(600_000), "{}", world.unrest());
        world.input(ann, Input::OpenConversation(direct));
        world.input(bob, Input::OpenConversation(direct));
        check(&mut world, [ann, bob], direct, &["hello"]);
        assert_eq!(world.client(bob).screen.rows(direct)[0].author_name, "Ann");
    }
}

#[test]
fn e70_a_clock_that_jumps_while_online_costs_nothing_but_a_question() {
    let mut world = World::new(25, Limits::default());
    let (both @ [ann, _], group) = group(&mut world);
    world.set_network(ann, true);
    assert!(world.settle_ms(60_000));
    world.set_client_skew(ann, 2 * HOUR_MS);
    let title = SetInfo { conversation: group, field: InfoField::Title, text: Some("Later".into()) };
    world.command(ann, title);
    say(&mut world, ann, group, "just after the jump");
    check(&mut world, both, group, &["just after the jump"]);
    assert!(world.sent.refusals.contains_key(&Code::ClockAhead), "the server refused it first");
    assert_eq!(world.client(ann).screen.inbox[&group].title.as_deref(), Some("Later"));
}

/// Behind by so much is allowed: nothing is refused, and the time that is told stays wrong.
#[test]
fn e71_what_a_clock_behind_wrote_without_a_network_keeps_its_time() {
    let mut world = World::new(26, Limits::default());
    let (both @ [ann, bob], group) = group(&mut world);
    world.crash_client(ann);
    world.set_client_skew(ann, -24 * HOUR_MS);
    world.run_ms(100);
    world.input(ann, Input::OpenConversation(group));
    say(&mut world, ann, group, "yesterday, as it seems");
    world.set_network(ann, true);
    check(&mut world, both, group, &["yesterday, as it seems"]);
    say(&mut world, ann, group, "today");
    check(&mut world, both, group, &["yesterday, as it seems", "today"]);
    let (now, rows) = (world.now().wall.as_millis(), world.client(bob).screen.rows(group));
    assert!(now - rows[1].created_at.as_millis() < 600_000 + NEAR_MS);
}
