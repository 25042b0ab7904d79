//! Public names, which a tenant has each once.

use tidings_core::{
    code::Code,
    command::{CreateConversation, SetInfo, SetScope, SetState},
    engine::Input,
    ids::ConversationId,
    limits::Limits,
    model::{ConversationState, InfoField, Scope},
};
use tidings_tests::sim::world::{Device, World};

/// A public conversation of somebody alone, and whether it has its name.
fn named(world: &mut World, device: Device, name: &str) -> ConversationId {
    let request = world.command(device, CreateConversation::group(Some("Trip".into()), vec![]));
    let group = world.client(device).screen.answers[&request].clone().unwrap().0.unwrap();
    world.input(device, Input::OpenConversation(group));
    world.command(device, SetInfo { conversation: group, field: InfoField::Name, text: Some(name.into()) });
    world.command(device, SetScope { conversation: group, scope: Scope::Public });
    assert!(world.settle_ms(60_000));
    group
}

#[track_caller]
fn check_refused(world: &mut World, device: Device, codes: &[Code]) {
    let refused: Vec<Code> = world.client(device).screen.refused.values().map(|row| row.code).collect();
    assert_eq!(refused, codes);
}

#[test]
fn a31_of_two_public_conversations_of_one_name_the_second_is_refused() {
    let mut world = World::new(14, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let boats = named(&mut world, ann, "boats");
    let other = named(&mut world, bob, "boats");
    check_refused(&mut world, ann, &[]);
    // What is refused is that it becomes public; the name it may have.
    check_refused(&mut world, bob, &[Code::NameTaken]);
    assert_eq!(world.client(bob).screen.details[&other].scope, Scope::Private);
    assert_eq!(world.client(bob).screen.details[&other].name.as_deref(), Some("boats"));
    // Freed by whoever has it, it is given.
    world.command(ann, SetInfo { conversation: boats, field: InfoField::Name, text: Some("ships".into()) });
    assert!(world.settle_ms(60_000));
    world.command(bob, SetScope { conversation: other, scope: Scope::Public });
    assert!(world.settle_ms(60_000));
    assert_eq!(world.client(bob).screen.details[&other].scope, Scope::Public);
    // What is deleted has no name.
    world.command(bob, SetState { conversation: other, state: ConversationState::Deleted });
    assert!(world.settle_ms(60_000));
    world.command(ann, SetInfo { conversation: boats, field: InfoField::Name, text: Some("boats".into()) });
    assert!(world.settle_ms(60_000));
    check_refused(&mut world, ann, &[]);
    assert_eq!(world.client(ann).screen.details[&boats].name.as_deref(), Some("boats"));
}
