//! Conversations about a resource: stories of a client with two devices and an
//! owner, through the real engine and the real server on a virtual network.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tidings_core::{
    command::{CreateResource, SendMessage},
    engine::{Input, ListPage, OwnPage},
    ids::{AccountId, ConversationId, TenantId},
    limits::Limits,
    model::{ConversationKind, OwnQuery, Query, Role},
};
use tidings_tests::sim::world::{Device, World};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn of_bob(resource: &str) -> CreateResource {
    let (title, owner) = (Some(format!("The {resource}")), account("bob"));
    CreateResource { resource: resource.into(), title, owner, owner_name: None, client_name: None }
}

/// Asks about a resource, and what the conversation is.
fn asks(world: &mut World, device: Device, resource: &str, text: &str) -> ConversationId {
    let request = world.command(device, of_bob(resource));
    world.run_ms(500);
    let conversation = world.client(device).screen.answers[&request].clone().unwrap().0.unwrap();
    world.input(device, Input::OpenConversation(conversation));
    world.command(device, SendMessage::new(conversation, text));
    world.run_ms(500);
    conversation
}

fn listed(world: &mut World, device: Device, resource: &str) -> Vec<ConversationId> {
    let query = Query::Own(OwnQuery { resource: Some(resource.into()), ..OwnQuery::default() });
    let request = 1_000_000 + world.client(device).screen.pages.len() as u64;
    world.input(device, Input::List { request, query });
    world.run_ms(2_000);
    match &world.client(device).screen.pages[&request] {
        ListPage::Own(OwnPage { rows, complete: true, .. }) => rows.iter().map(|row| row.conversation).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a32_two_devices_of_a_client_ask_offline_about_the_same_and_get_one_conversation() {
    let mut world = World::new(15, Limits::default());
    let (phone, tablet) = (world.add("ann"), world.add("ann"));
    let bob = world.add("bob");
    world.set_network(phone, false);
    world.set_network(tablet, false);
    let conversation = asks(&mut world, phone, "flat 7", "is it free?");
    assert_eq!(asks(&mut world, tablet, "flat 7", "how large is it?"), conversation);
    let tenant = TenantId::parse("acme").unwrap();
    assert_eq!(conversation, ConversationId::resource(&tenant, "flat 7", &account("ann")));
    world.set_network(phone, true);
    assert!(world.settle_ms(300_000));
    world.set_network(tablet, true);
    assert!(world.settle_ms(300_000));
    world.input(bob, Input::OpenConversation(conversation));
    assert!(world.settle_ms(300_000));
    for device in [phone, tablet, bob] {
        let screen = &world.client(device).screen;
        assert_eq!(screen.texts(conversation), ["is it free?", "how large is it?"], "device {device}");
        assert!(screen.refused.is_empty(), "device {device}");
        let detail = &screen.details[&conversation];
        assert_eq!((detail.kind, detail.title.as_deref()), (ConversationKind::Resource, Some("The flat 7")));
        let resource = detail.resource.clone().unwrap();
        assert_eq!((resource.client, resource.owner), (account("ann"), account("bob")));
    }
    assert_eq!(world.client(bob).screen.inbox[&conversation].role, Role::Owner);
}

#[test]
fn l1_an_owner_finds_every_client_who_asks_about_a_resource() {
    let mut world = World::new(16, Limits::default());
    let (ann, carl, bob) = (world.add("ann"), world.add("carl"), world.add("bob"));
    let first = asks(&mut world, ann, "flat 7", "is it free?");
    asks(&mut world, ann, "flat 8", "and this one?");
    world.run_ms(5_000);
    let second = asks(&mut world, carl, "flat 7", "does it have a garden?");
    assert!(world.settle_ms(60_000));
    assert_eq!(listed(&mut world, bob, "flat 7"), [second, first]);
    assert_eq!(listed(&mut world, carl, "flat 8"), []);
    // Offline too, from the rows that are held.
    world.set_network(ann, false);
    assert_eq!(listed(&mut world, ann, "flat 7"), [first]);
}
