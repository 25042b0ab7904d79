//! Slow mode: what is written faster than it allows waits, and nothing of it is lost.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tidings_core::{
    command::{CreateConversation, CreateThread, SendText},
    engine::Input,
    ids::{AccountId, ConversationId, TenantId},
    limits::Limits,
    model::Policy,
    time::WallTime,
};
use tidings_tests::sim::world::{Device, World};

const SECONDS: u32 = 3;

/// A group of Ann and Bob in slow mode, open on everybody's screen.
fn slow_group(world: &mut World) -> ([Device; 2], ConversationId) {
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let create = CreateConversation {
        policies: vec![Policy::SlowModeSeconds(SECONDS)],
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
        world.command(bob, SendText::new(group, text));
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
        world.command(ann, SendText::new(group, format!("line {number}")));
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
            let request = world.command(ann, SendText::new(group, format!("question {number}")));
            let message = world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
            let thread = ConversationId::thread(&tenant, group, &message);
            world.command(ann, CreateThread { conversation: group, message, title: None });
            thread
        })
        .collect();
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    // Together, and to be read by whoever looks.
    for &thread in &threads {
        world.command(bob, SendText { thread: Some(thread), ..SendText::new(group, "answer") });
        world.run_ms(100);
    }
    world.command(bob, SendText::new(group, "and one more"));
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
