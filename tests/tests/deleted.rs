//! Conversations that were deleted: nobody reads them any more, whatever they
//! held of them, and no words of one's own are lost with them.

use std::time::Duration;

use tidings_core::{
    code::Code,
    command::{
        Command, CreateConversation, CreateDirect, CreateThread, InviteMember, LeaveConversation, SendMessage, SetState,
    },
    engine::{Input, ListPage, OwnPage},
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
    limits::Limits,
    model::{ConversationState, MemberStatus, OwnQuery, Query, Role},
    wire::{ClientFrame, Fetch, FetchScope, Hello, ServerFrame, Versions, encode_frame},
};
use tidings_tests::sim::{
    node,
    store::StoreFaults,
    trace::Keep,
    world::{Device, World},
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

#[track_caller]
fn done(world: &mut World, device: Device, command: impl Into<Command>) -> Option<ConversationId> {
    let request = world.command(device, command);
    world.client(device).screen.answers[&request].clone().unwrap().0
}

/// A group of Ann, Bob and Carl, in which Ann has said something, and Carl has no network.
fn group(world: &mut World) -> ([Device; 3], ConversationId) {
    let devices @ [ann, bob, carl] = ["ann", "bob", "carl"].map(|name| world.add(name));
    let members = vec![account("bob"), account("carl")];
    let group = done(world, ann, CreateConversation::group(Some("Trip".into()), members)).unwrap();
    assert!(world.settle_ms(60_000));
    for device in devices {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    world.set_network(carl, false);
    done(world, ann, SendMessage::new(group, "very secret"));
    assert!(world.settle_ms(60_000));
    assert_eq!(world.client(bob).screen.texts(group), ["very secret"]);
    (devices, group)
}

fn keeps(world: &mut World, device: Device, conversation: ConversationId) -> Vec<String> {
    let stored = world.client(device).disk.crash();
    let is_of = |key: &&String| key.contains(&conversation.to_string());
    stored.records().keys().filter(is_of).cloned().collect()
}

#[test]
fn s24_what_was_deleted_is_readable_by_nobody() {
    let mut world = World::new(41, Limits::default());
    let ([ann, bob, carl], group) = group(&mut world);
    done(&mut world, carl, SendMessage::new(group, "written meanwhile"));
    done(&mut world, ann, SetState { conversation: group, state: ConversationState::Deleted });
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    world.set_network(carl, true);
    let late = world.add("bob");
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    for device in [ann, bob, carl, late] {
        world.run_ms(5_000);
        assert!(!world.client(device).screen.inbox.contains_key(&group), "device {device}");
        assert_eq!(world.client(device).screen.texts(group), [""; 0], "device {device}");
        assert!(!world.client(device).screen.details.contains_key(&group), "device {device}");
        assert_eq!(keeps(&mut world, device, group), [""; 0], "device {device}");
        let (statuses, states) = (MemberStatus::ALL.to_vec(), ConversationState::ALL.to_vec());
        let request = world.list(device, Query::Own(OwnQuery { statuses, states, ..OwnQuery::default() }));
        world.run_ms(1_000);
        let page = world.client(device).screen.pages.remove(&request);
        assert!(matches!(&page, Some(ListPage::Own(OwnPage { rows, .. })) if rows.is_empty()), "{page:?}");
    }
    // Nothing that a person wrote is lost.
    let refused: Vec<_> = world.client(carl).screen.refused.values().map(|row| (row.words.clone(), row.code)).collect();
    assert_eq!(refused, [(Some("written meanwhile".to_owned()), Code::ConversationDeleted)]);
    assert_eq!(world.client(carl).screen.unsynced, 0);
    // Nor does a start bring it back.
    for device in [ann, bob, carl] {
        world.set_network(device, false);
        world.crash_client(device);
        world.run_ms(1_000);
        assert!(!world.client(device).screen.inbox.contains_key(&group), "device {device}");
    }
}

#[test]
fn s24_a_fetch_of_what_was_deleted_is_refused_to_members_and_administrators() {
    let mut world = World::new(42, Limits::default());
    world.administrator = Some(account("root"));
    let ([ann, ..], group) = group(&mut world);
    done(&mut world, ann, SetState { conversation: group, state: ConversationState::Deleted });
    assert!(world.settle_ms(60_000));
    for name in ["bob", "root"] {
        let who = account(name);
        let stranger = world.open_stranger(&who).unwrap();
        let device = tidings_core::ids::DeviceId::from_bytes([name.len() as u8; 16]);
        let hello =
            Hello { versions: Versions::OWN, token: world.token_of(&who), device, cursor: None, incarnation: None };
        world.inject(stranger, encode_frame(&ClientFrame::Hello(hello)));
        world.run_ms(1_000);
        let stream = StreamId::Conversation(group);
        for scope in [FetchScope::After(Position::ZERO), FetchScope::Page(1)] {
            let fetch = Fetch { request: 1, stream: stream.clone(), scope, held: Vec::new(), chain: None };
            world.inject(stranger, encode_frame(&ClientFrame::Fetch(fetch)));
        }
        world.run_ms(1_000);
        let frames = world.drain_strange(stranger);
        let said = format!("{frames:?}");
        assert!(!said.contains("very secret"), "{name} is told: {said}");
        let refused = frames.iter().filter(
            |frame| matches!(frame, ServerFrame::Refused(refused) if refused.code == Code::ConversationDeleted),
        );
        assert_eq!(refused.count(), 2, "{name}: {said}");
        let told = frames.iter().filter(|frame| matches!(frame, ServerFrame::Summaries(rows) if !rows.is_empty()));
        assert_eq!(told.count(), 0, "{name}: {said}");
        world.close_stranger(stranger);
    }
}

/// The notice of it is lost: who is on another node learns it by whatever they ask for next.
#[test]
fn s24_whoever_asks_for_a_thread_of_what_was_deleted_shows_none_of_it_any_more() {
    // So few that what has been said before comes as documents, and threads not at all.
    let config = node::config(&Limits { catch_up_entries_max: 1, ..Limits::default() });
    let mut world = World::with(44, config, 2, None, Keep::Digest);
    world.administrator = Some(account("root"));
    let ([ann, ..], group) = group(&mut world);
    world.set_reachable(ann, 1, false);
    world.cut(ann);
    let message = world.client(ann).screen.rows(group)[0].id.clone();
    let thread = ConversationId::thread(&TenantId::parse("acme").unwrap(), group, &message);
    done(&mut world, ann, CreateThread { conversation: group, message, title: None });
    world.input(ann, Input::OpenThread { conversation: group, thread });
    assert!(world.settle_ms(60_000));
    done(&mut world, ann, SendMessage { thread: Some(thread), ..SendMessage::new(group, "and more") });
    assert!(world.settle_ms(60_000));
    let root = world.add("root");
    world.set_reachable(root, 0, false);
    assert!(world.settle_ms(60_000));
    world.input(root, Input::OpenConversation(group));
    assert!(world.settle_ms(60_000));
    assert_eq!(world.client(root).screen.texts(group), ["very secret"]);
    world.fate(0).set_faults(StoreFaults { lost_percent: 100, ..StoreFaults::default() });
    done(&mut world, ann, SetState { conversation: group, state: ConversationState::Deleted });
    world.run_ms(1_000);
    assert_eq!(world.client(root).screen.texts(group), ["very secret"], "nobody has told");
    world.input(root, Input::OpenThread { conversation: group, thread });
    world.run_ms(1_000);
    assert_eq!(world.client(root).screen.texts(group), [""; 0]);
    assert!(world.settle_ms(60_000));
    assert_eq!(world.client(root).screen.texts(group), [""; 0]);
    assert_eq!(keeps(&mut world, root, group), [""; 0]);
}

#[test]
fn s24_a_direct_that_was_deleted_does_not_come_to_life_again() {
    let mut world = World::new(43, Limits::default());
    world.administrator = Some(account("ann"));
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    done(&mut world, ann, CreateDirect { peer: account("bob") });
    let direct = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"));
    assert!(world.settle_ms(60_000));
    done(&mut world, ann, SetState { conversation: direct, state: ConversationState::Deleted });
    assert!(world.settle_ms(60_000));
    assert!(!world.client(bob).screen.inbox.contains_key(&direct));
    let request = world.command(bob, CreateDirect { peer: account("ann") });
    assert_eq!(world.client(bob).screen.answers[&request], Err(Code::ConversationDeleted));
    // A device that does not know is told by the server.
    world.set_network(bob, false);
    world.crash_client(bob);
    world.run_ms(100);
    world.command(bob, CreateDirect { peer: account("ann") });
    world.set_network(bob, true);
    assert!(world.settle_ms(120_000), "{}", world.unrest());
    let codes: Vec<_> = world.client(bob).screen.refused.values().map(|row| row.code).collect();
    assert_eq!(codes, [Code::ConversationDeleted]);
    assert!(!world.client(bob).screen.inbox.contains_key(&direct));
}

#[test]
fn s26_devices_drop_what_they_hold_whenever_they_are_told() {
    let mut config = node::config(&Limits::default());
    (config.node.erase_after, config.node.erase_interval) = (Duration::ZERO, Duration::from_secs(1));
    let mut world = World::with(44, config, 1, None, Keep::Digest);
    let ([ann, bob, carl], group) = group(&mut world);
    done(&mut world, carl, SendMessage::new(group, "written meanwhile"));
    let (dan, eve) = (world.add("dan"), world.add("eve"));
    for name in ["dan", "eve"] {
        done(&mut world, ann, InviteMember { conversation: group, account: account(name), role: Role::Member });
    }
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    // Bob has left, and Dan and Eve never came in: one of each with, the others without a network.
    done(&mut world, bob, LeaveConversation { conversation: group });
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    assert_eq!(world.client(bob).screen.texts(group), ["very secret"], "who left keeps what was read");
    for device in [dan, eve] {
        assert!(world.client(device).screen.inbox.contains_key(&group), "device {device}");
    }
    world.set_network(dan, false);
    done(&mut world, ann, SetState { conversation: group, state: ConversationState::Deleted });
    world.run_ms(60_000);
    assert_eq!(world.journal(&StreamId::Conversation(group)), [], "it is erased");
    for device in [carl, dan] {
        world.set_network(device, true);
    }
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    for device in [ann, bob, carl, dan, eve] {
        world.run_ms(5_000);
        assert!(!world.client(device).screen.inbox.contains_key(&group), "device {device}");
        assert_eq!(world.client(device).screen.texts(group), [""; 0], "device {device}");
        assert_eq!(keeps(&mut world, device, group), [""; 0], "device {device}");
    }
    let refused: Vec<_> = world.client(carl).screen.refused.values().map(|row| (row.words.clone(), row.code)).collect();
    assert_eq!(refused, [(Some("written meanwhile".to_owned()), Code::ConversationDeleted)]);
}
