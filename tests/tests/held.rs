//! Late writes: stories of people who wrote before they knew that they were
//! removed, through the real engine and the real server on a virtual network.

use tidings_core::{
    api::HeldRow,
    code::Code,
    command::{
        AddMember, AnswerHeld, ChangeRole, CreateConversation, CreateThread, RemoveMember, SendMessage, SetPolicy,
    },
    engine::Input,
    ids::{AccountId, ConversationId, MessageId, TenantId},
    limits::Limits,
    model::{Content, LateWrites, Policy, Role, WhoPolicy},
};
use tidings_tests::sim::world::{Device, World};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A group of Ann (its owner), Bob and Carl, all of whom look at it.
struct Group {
    world: World,
    ann: Device,
    bob: Device,
    carl: Device,
    group: ConversationId,
}

fn group(late_writes: LateWrites) -> Group {
    let mut world = World::new(17, Limits::default());
    let (ann, bob, carl) = (world.add("ann"), world.add("bob"), world.add("carl"));
    let create = CreateConversation {
        policies: vec![Policy::LateWrites(late_writes)],
        ..CreateConversation::group(Some("Trip".into()), vec![account("bob"), account("carl")])
    };
    let request = world.command(ann, create);
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob, carl] {
        world.input(device, Input::OpenConversation(group));
    }
    assert!(world.settle_ms(60_000));
    Group { world, ann, bob, carl, group }
}

impl Group {
    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "{}", self.world.unrest());
    }

    /// Bob writes offline, is removed meanwhile, and comes back.
    fn bob_writes_late(&mut self, texts: &[&str]) {
        self.world.set_network(self.bob, false);
        for text in texts {
            self.world.command(self.bob, SendMessage::new(self.group, *text));
        }
        self.world.run_ms(500);
        self.remove_bob();
        self.world.set_network(self.bob, true);
        self.settle();
    }

    fn remove_bob(&mut self) {
        let (conversation, account) = (self.group, account("bob"));
        self.world.command(self.ann, RemoveMember { conversation, account });
        self.settle();
    }

    fn texts(&mut self, device: Device) -> Vec<String> {
        let group = self.group;
        self.world.client(device).screen.texts(group)
    }

    /// What a device shows as held.
    fn held(&mut self, device: Device) -> Vec<HeldRow> {
        let group = self.group;
        self.world.client(device).screen.details[&group].held.clone()
    }

    fn held_words(&mut self, device: Device) -> Vec<Option<String>> {
        self.held(device)
            .into_iter()
            .map(|row| row.content.as_ref().and_then(Content::text).map(str::to_owned))
            .collect()
    }

    fn answer(&mut self, device: Device, message: MessageId, admitted: bool) {
        let command = AnswerHeld { conversation: self.group, message, admitted };
        let request = self.world.command(device, command);
        self.world.run_ms(500);
        self.world.client(device).screen.answers[&request].clone().unwrap();
        // Whoever waits asks again once a minute.
        self.world.run_ms(70_000);
        self.settle();
    }

    /// What was refused to Bob, with his words.
    fn refused(&mut self) -> Vec<(Code, String)> {
        let refused = &self.world.client(self.bob).screen.refused;
        refused.values().map(|row| (row.code, row.words.clone().unwrap_or_default())).collect()
    }
}

#[test]
fn a60_what_was_written_before_the_removal_was_known_waits_for_somebody_to_decide() {
    let mut group = group(LateWrites::Hold);
    let (ann, carl) = (group.ann, group.carl);
    group.bob_writes_late(&["first", "second"]);
    let held = [(Code::MessageHeld, "first".to_owned()), (Code::MessageHeld, "second".to_owned())];
    assert_eq!(group.refused(), held);
    assert_eq!(group.held_words(ann), [Some("first".to_owned()), Some("second".to_owned())]);
    assert!(group.held(carl).is_empty(), "only those who decide are told");
    for device in [ann, carl] {
        assert!(group.texts(device).is_empty(), "device {device}");
    }

    let messages: Vec<MessageId> = group.held(ann).into_iter().map(|row| row.message).collect();
    group.answer(ann, messages[0].clone(), true);
    group.answer(ann, messages[1].clone(), false);
    for device in [ann, carl] {
        assert_eq!(group.texts(device), ["first"], "device {device}");
    }
    let row = group.world.client(carl).screen.rows(group.group)[0].clone();
    assert_eq!((row.id.author, row.id.stamp), (account("bob"), messages[0].stamp));
    assert!(group.held(ann).is_empty());
    let answered = [(Code::HeldAdmitted, "first".to_owned()), (Code::HeldDiscarded, "second".to_owned())];
    assert_eq!(group.refused(), answered);
}

#[test]
fn a60_words_that_a_lost_link_kept_back_are_asked_for_again() {
    let mut group = group(LateWrites::Hold);
    let ann = group.ann;
    group.world.set_network(group.bob, false);
    group.world.command(group.bob, SendMessage::new(group.group, "first"));
    group.world.run_ms(500);
    group.remove_bob();
    group.world.set_network(group.bob, true);
    while group.held(ann).is_empty() {
        group.world.run_ms(1);
    }
    // That it is held is known, and its words are on their way.
    group.world.set_network(ann, false);
    group.settle();
    assert_eq!(group.held_words(ann), [None]);
    group.world.set_network(ann, true);
    group.settle();
    assert_eq!(group.held_words(ann), [Some("first".to_owned())]);
}

#[test]
fn a85_who_adds_one_again_lets_in_what_is_held_of_them() {
    let mut group = group(LateWrites::Hold);
    let (ann, bob, carl) = (group.ann, group.bob, group.carl);
    group.bob_writes_late(&["first", "second"]);
    let add = AddMember { conversation: group.group, account: account("bob"), role: Role::Member };
    // One who may add, and not decide, decides nothing.
    let adds = Policy::AddMembers(WhoPolicy::AllMembers);
    group.world.command(ann, SetPolicy { conversation: group.group, policy: adds });
    group.settle();
    let request = group.world.command(carl, add.clone());
    group.settle();
    assert!(group.world.client(carl).screen.answers[&request].is_ok());
    assert_eq!((group.held(ann).len(), group.texts(ann)), (2, vec![]));
    group.remove_bob();
    group.world.command(ann, add);
    group.settle();
    assert!(group.held(ann).is_empty());
    for device in [ann, bob, carl] {
        assert_eq!(group.texts(device), ["first", "second"], "device {device}");
    }
    // He reads it there, and does not have to ask again.
    let told: Vec<Code> = group.refused().into_iter().map(|(code, _)| code).collect();
    assert_eq!(told, [Code::HeldAdmitted, Code::HeldAdmitted]);
}

#[test]
fn e148_what_another_device_says_again_after_a_put_back_is_not_left_to_be_sent_once_more() {
    let mut group = group(LateWrites::Hold);
    let (ann, bob) = (group.ann, group.bob);
    let tablet = group.world.add("bob");
    group.world.input(tablet, Input::OpenConversation(group.group));
    group.settle();
    let copy = group.world.database().copy();
    group.bob_writes_late(&["first"]);
    // It is let in, which the tablet alone learns.
    group.world.set_network(bob, false);
    let add = AddMember { conversation: group.group, account: account("bob"), role: Role::Member };
    group.world.command(ann, add);
    group.settle();
    assert_eq!(group.texts(tablet), ["first"]);
    group.world.put_back(&copy, true);
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    assert_eq!((group.texts(ann), group.refused()), (vec!["first".to_owned()], vec![]));
}

#[test]
fn a60_unless_the_policy_says_so_it_is_refused_with_its_words() {
    let mut group = group(LateWrites::Refuse);
    let ann = group.ann;
    group.bob_writes_late(&["too late"]);
    assert_eq!(group.refused(), [(Code::MemberRemoved, "too late".to_owned())]);
    assert!(group.held(ann).is_empty());
}

#[test]
fn a60_it_waits_through_crashes_of_everybody() {
    let mut group = group(LateWrites::Hold);
    let (ann, bob) = (group.ann, group.bob);
    group.bob_writes_late(&["keep me"]);
    for device in [ann, bob] {
        group.world.crash_client(device);
        group.world.input(device, Input::OpenConversation(group.group));
    }
    group.settle();
    assert_eq!(group.refused(), [(Code::MessageHeld, "keep me".to_owned())]);
    assert_eq!(group.held_words(ann), [Some("keep me".to_owned())]);
    let message = group.held(ann)[0].message.clone();
    group.answer(ann, message, true);
    assert_eq!(group.refused(), [(Code::HeldAdmitted, "keep me".to_owned())]);
    assert_eq!(group.texts(ann), ["keep me"]);
}

#[test]
fn a61_a_moderator_decides_and_nobody_below() {
    let mut group = group(LateWrites::Hold);
    let (ann, carl) = (group.ann, group.carl);
    group.bob_writes_late(&["may I?"]);
    let message = group.held(ann)[0].message.clone();
    let command = AnswerHeld { conversation: group.group, message: message.clone(), admitted: true };
    let request = group.world.command(carl, command);
    group.world.run_ms(500);
    let denied = group.world.client(carl).screen.answers[&request].clone();
    assert_eq!(denied, Err(Code::PermissionDenied));
    let role = ChangeRole { conversation: group.group, account: account("carl"), role: Role::Moderator };
    group.world.command(ann, role);
    group.settle();
    assert_eq!(group.held_words(carl), [Some("may I?".to_owned())]);
    group.answer(carl, message, true);
    assert_eq!(group.texts(ann), ["may I?"]);
}

#[test]
fn a60_a_reply_in_a_thread_is_let_into_the_thread() {
    let mut group = group(LateWrites::Hold);
    let (ann, bob) = (group.ann, group.bob);
    let request = group.world.command(ann, SendMessage::new(group.group, "where to?"));
    let message = group.world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    group.settle();
    let thread = ConversationId::thread(&TenantId::parse("acme").unwrap(), group.group, &message);
    group.world.command(ann, CreateThread { conversation: group.group, message, title: None });
    group.settle();
    for device in [ann, bob] {
        group.world.input(device, Input::OpenThread { conversation: group.group, thread });
    }
    group.settle();
    group.world.set_network(bob, false);
    group.world.command(bob, SendMessage { thread: Some(thread), ..SendMessage::new(group.group, "to the sea") });
    group.world.run_ms(500);
    group.remove_bob();
    group.world.set_network(bob, true);
    group.settle();
    let held = group.held(ann)[0].clone();
    assert_eq!((held.thread, held.content), (Some(thread), Some("to the sea".into())));
    group.answer(ann, held.message, true);
    assert_eq!(group.world.client(ann).screen.texts(thread), ["to the sea"]);
    assert_eq!(group.texts(ann), ["where to?"]);
}

#[test]
fn a60_its_author_asks_at_once_on_a_new_link() {
    let mut group = group(LateWrites::Hold);
    let (ann, bob) = (group.ann, group.bob);
    group.bob_writes_late(&["and?"]);
    let message = group.held(ann)[0].message.clone();
    group.world.command(ann, AnswerHeld { conversation: group.group, message, admitted: false });
    group.world.run_ms(1_000);
    group.world.set_network(bob, false);
    group.world.run_ms(1_000);
    group.world.set_network(bob, true);
    group.world.run_ms(10_000);
    assert_eq!(group.refused(), [(Code::HeldDiscarded, "and?".to_owned())]);
}
