//! Threads: stories of people who talk about one message, through the real
//! engine and the real server on a virtual network.

use tidings_core::{
    api::MessageState,
    code::Code,
    command::{
        CreateConversation, CreateThread, PinMessage, React, RemoveMember, SendMessage, SetThread, ThreadChange,
    },
    engine::Input,
    ids::{AccountId, ConversationId, DocumentId, MessageId, TenantId, TimelineId},
    limits::Limits,
    model::{ConversationKind, MemberStatus},
    time::WallTime,
};
use tidings_server::rate::Allowance;
use tidings_tests::sim::{
    node,
    trace::Keep,
    world::{Device, World},
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn small_pages() -> Limits {
    Limits { page_changes_soft: 10, page_changes_max: 40, catch_up_entries_max: 30, ..Limits::default() }
}

/// A group of Ann (its owner), Bob and Carl, who look at it, with one message.
struct Group {
    world: World,
    ann: Device,
    bob: Device,
    carl: Device,
    group: ConversationId,
    message: MessageId,
}

fn group(limits: Limits) -> Group {
    group_in(World::new(7, limits))
}

fn group_in(mut world: World) -> Group {
    let (ann, bob, carl) = (world.add("ann"), world.add("bob"), world.add("carl"));
    let members = vec![account("bob"), account("carl")];
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), members));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    for device in [ann, bob, carl] {
        world.input(device, Input::OpenConversation(group));
    }
    let request = world.command(ann, SendMessage::new(group, "where to?"));
    let message = world.client(ann).screen.answers[&request].clone().unwrap().1.unwrap();
    assert!(world.settle_ms(60_000));
    Group { world, ann, bob, carl, group, message }
}

impl Group {
    fn thread_of(&self, message: &MessageId) -> ConversationId {
        ConversationId::thread(&TenantId::parse("acme").unwrap(), self.group, message)
    }

    /// Opens the thread of a message, looks at it and says something there.
    fn reply(&mut self, device: Device, message: &MessageId, text: &str) -> ConversationId {
        let thread = self.thread_of(message);
        let create = CreateThread { conversation: self.group, message: message.clone(), title: None };
        let request = self.world.command(device, create);
        self.check_stored(device, request);
        self.look(device, thread);
        self.say(device, thread, text);
        thread
    }

    fn look(&mut self, device: Device, thread: ConversationId) {
        self.world.input(device, Input::OpenThread { conversation: self.group, thread });
        self.world.run_ms(500);
    }

    fn say(&mut self, device: Device, thread: ConversationId, text: &str) -> MessageId {
        let request =
            self.world.command(device, SendMessage { thread: Some(thread), ..SendMessage::new(self.group, text) });
        self.check_stored(device, request).unwrap()
    }

    #[track_caller]
    fn check_stored(&mut self, device: Device, request: u64) -> Option<MessageId> {
        self.world.run_ms(500);
        self.world.client(device).screen.answers[&request].clone().unwrap().1
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "the world comes to rest");
    }

    fn texts(&mut self, device: Device, thread: ConversationId) -> Vec<String> {
        self.world.client(device).screen.texts(thread)
    }

    /// What the first message shows of its thread: how many replies, and of whom.
    fn shown(&mut self, device: Device) -> Option<(u32, Vec<AccountId>)> {
        let row = self.world.client(device).screen.timelines[&self.group][&self.message].clone();
        row.thread.map(|thread| (thread.replies, thread.participants))
    }

    /// When the last entry of a document was admitted.
    fn updated_at(&self, document: &DocumentId) -> WallTime {
        let journal = self.world.journal(&document.stream());
        journal.iter().rfind(|entry| entry.document == *document).unwrap().accepted_at
    }

    /// When a conversation or thread was last changed, as a device tells.
    fn told_at(&mut self, device: Device, room: ConversationId) -> WallTime {
        self.world.client(device).screen.details[&room].updated_at
    }

    /// The documents of threads that a device has in memory.
    fn loaded(&mut self, device: Device) -> usize {
        self.world.client(device).heads().keys().filter(|document| document.thread().is_some()).count()
    }
}

#[test]
fn a41_who_opens_the_same_thread_offline_talks_in_the_same_one() {
    let mut group = group(Limits::default());
    let (ann, bob, carl, message) = (group.ann, group.bob, group.carl, group.message.clone());
    group.world.set_network(ann, false);
    group.world.set_network(bob, false);
    let thread = group.reply(ann, &message, "to the sea");
    assert_eq!(group.reply(bob, &message, "to the hills"), thread);
    assert_eq!(group.texts(ann, thread), ["to the sea"]);
    assert_eq!(group.shown(ann), Some((1, vec![])));
    assert_eq!(group.world.client(ann).screen.timelines[&thread].values().next().unwrap().state, MessageState::Pending);
    group.world.set_network(ann, true);
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    for device in [ann, bob] {
        assert_eq!(group.texts(device, thread), ["to the sea", "to the hills"], "device {device}");
        assert_eq!(group.world.client(device).screen.unsynced, 0);
        assert!(group.world.client(device).screen.refused.is_empty());
        let detail = &group.world.client(device).screen.details[&thread];
        assert_eq!((detail.kind, detail.members.len()), (ConversationKind::Thread, 3));
        assert_eq!(detail.parent.as_ref().map(|parent| (&parent.message, parent.depth)), Some((&message, 1)));
    }
    for device in [ann, bob, carl] {
        assert_eq!(group.shown(device), Some((2, vec![account("bob"), account("ann")])), "device {device}");
        // What is said there is not said in the conversation.
        let row = group.world.client(device).screen.inbox[&group.group].clone();
        assert_eq!(row.last_message.unwrap().message, message);
    }
    assert_eq!(group.world.client(carl).screen.inbox[&group.group].unread, 1);
}

#[test]
fn a41_who_looks_at_a_thread_before_it_begins_sees_it_begin_whatever_waits() {
    let mut group = group(Limits::default());
    let (ann, carl, message) = (group.ann, group.carl, group.message.clone());
    group.look(carl, group.thread_of(&message));
    group.world.set_network(carl, false);
    group.world.command(carl, SendMessage::new(group.group, "no idea"));
    let thread = group.reply(ann, &message, "to the sea");
    group.world.set_network(carl, true);
    group.settle();
    assert_eq!(group.texts(carl, thread), ["to the sea"]);
}

#[test]
fn a42_a_reply_that_arrives_behind_the_removal_is_refused_with_its_words() {
    let mut group = group(Limits::default());
    let (ann, bob, message, id) = (group.ann, group.bob, group.message.clone(), group.group);
    let thread = group.reply(ann, &message, "to the sea");
    group.settle();
    group.look(bob, thread);
    group.settle();
    group.world.set_network(bob, false);
    group.say(bob, thread, "too late");
    group.world.command(ann, RemoveMember { conversation: id, account: account("bob") });
    group.settle();
    group.world.set_network(bob, true);
    group.settle();
    let refused: Vec<_> = group.world.client(bob).screen.refused.values().cloned().collect();
    let [row] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!((row.code, row.words.as_deref(), row.thread), (Code::MemberRemoved, Some("too late"), Some(thread)));
    assert_eq!(group.texts(bob, thread), ["to the sea"]);
    assert_eq!(group.texts(ann, thread), ["to the sea"]);
    assert_eq!(group.world.client(bob).screen.details[&thread].status, Some(MemberStatus::Removed));
}

#[test]
fn v40_of_a_thread_that_nobody_looks_at_only_the_counts_are_held() {
    let mut group = group(small_pages());
    let (ann, bob, carl, message) = (group.ann, group.bob, group.carl, group.message.clone());
    let thread = group.reply(ann, &message, "reply 0");
    for number in 1..25 {
        group.say(ann, thread, &format!("reply {number}"));
    }
    group.settle();
    let expected: Vec<String> = (0..25).map(|number| format!("reply {number}")).collect();
    assert_eq!((group.loaded(bob), group.loaded(carl)), (0, 0));
    assert_eq!(group.shown(carl), Some((25, vec![account("ann")])));
    // Its newest page comes when it is opened, the others when somebody scrolls there.
    group.look(bob, thread);
    group.settle();
    while group.world.client(bob).screen.has_older[&thread] {
        group.world.input(bob, Input::LoadOlder(thread));
        group.settle();
    }
    assert_eq!(group.texts(bob, thread), expected);
    // It is there without a network from then on, on a device that starts again too.
    group.world.set_network(bob, false);
    group.world.crash_client(bob);
    group.world.input(bob, Input::OpenConversation(group.group));
    group.look(bob, thread);
    assert_eq!(group.shown(bob), Some((25, vec![account("ann")])));
    assert!(group.texts(bob, thread).len() >= 5 && expected.ends_with(&group.texts(bob, thread)));
    group.say(bob, thread, "offline");
    assert_eq!(group.shown(bob).unwrap().0, 26);
    // What was never here cannot be.
    group.world.set_network(carl, false);
    group.look(carl, thread);
    assert_eq!(group.texts(carl, thread), [""; 0]);
    let send = SendMessage { thread: Some(thread), ..SendMessage::new(group.group, "into the dark") };
    let request = group.world.command(carl, send);
    group.world.run_ms(500);
    assert_eq!(group.world.client(carl).screen.answers[&request], Err(Code::Unreachable));
    group.world.set_network(bob, true);
    group.world.set_network(carl, true);
    group.settle();
    assert_eq!(group.texts(carl, thread).last().unwrap(), "offline");
    // Nobody looks any more: it is let go of.
    group.world.input(carl, Input::CloseConversation(thread));
    assert_eq!(group.loaded(carl), 0);
    group.say(bob, thread, "again");
    group.settle();
    assert_eq!(group.shown(carl), Some((27, vec![account("bob"), account("ann")])));
}

#[test]
fn e40_what_waits_in_a_thread_is_written_anew_when_its_page_closed() {
    let mut group = group(small_pages());
    let (ann, bob, message) = (group.ann, group.bob, group.message.clone());
    let thread = group.reply(ann, &message, "first");
    group.settle();
    group.look(bob, thread);
    group.settle();
    group.world.set_network(bob, false);
    group.say(bob, thread, "bob offline");
    // More than Bob can catch up with entry by entry: he starts anew.
    for number in 0..40 {
        group.say(ann, thread, &format!("ann {number}"));
    }
    group.settle();
    group.world.crash_client(bob);
    group.world.input(bob, Input::OpenConversation(group.group));
    group.look(bob, thread);
    group.world.set_network(bob, true);
    group.settle();
    assert!(group.world.client(bob).screen.refused.is_empty());
    assert_eq!(group.texts(ann, thread).last().unwrap(), "bob offline");
    assert_eq!(group.texts(bob, thread).last().unwrap(), "bob offline");
    assert_eq!(group.shown(ann), Some((42, vec![account("bob"), account("ann")])));
}

#[test]
fn a43_a_thread_in_a_thread_has_reactions_pins_and_a_lock_of_its_own() {
    let mut group = group(Limits::default());
    let (ann, bob, carl, message, id) = (group.ann, group.bob, group.carl, group.message.clone(), group.group);
    let thread = group.reply(ann, &message, "to the sea");
    group.settle();
    group.look(bob, thread);
    group.settle();
    // A thread in the thread, opened and written in without a network.
    group.world.set_network(bob, false);
    let reply = group.world.client(bob).screen.rows(thread)[0].id.clone();
    let deeper = group.reply(bob, &reply, "which one?");
    group.world.set_network(bob, true);
    group.settle();
    group.look(ann, deeper);
    group.settle();
    assert_eq!(group.texts(ann, deeper), ["which one?"]);
    assert_eq!(group.world.client(ann).screen.details[&deeper].parent.as_ref().unwrap().depth, 2);
    assert_eq!(group.world.client(ann).screen.timelines[&thread][&reply].thread.as_ref().unwrap().replies, 1);
    let question = group.world.client(ann).screen.rows(deeper)[0].id.clone();
    group.world.command(ann, PinMessage { conversation: id, message: question.clone() });
    group.world.command(ann, React { conversation: id, message: question.clone(), emoji: "👍".into() });
    let lock = SetThread { conversation: id, thread: deeper, change: ThreadChange::Locked(true) };
    group.world.command(ann, lock);
    group.settle();
    let screen = &group.world.client(bob).screen;
    assert!(screen.timelines[&deeper][&question].pinned);
    assert_eq!(screen.timelines[&deeper][&question].reactions.len(), 1);
    assert!(screen.details[&deeper].locked && !screen.details[&thread].locked && !screen.details[&id].locked);
    assert_eq!((screen.details[&deeper].pins.len(), screen.details[&id].pins.len()), (1, 0));
    let request = group.world.command(bob, SendMessage { thread: Some(deeper), ..SendMessage::new(id, "hello?") });
    group.world.run_ms(500);
    assert_eq!(group.world.client(bob).screen.answers[&request], Err(Code::ConversationLocked));
    assert_eq!(group.loaded(carl), 0);
}

#[test]
fn s40_a_thread_that_was_put_off_is_asked_for_again_and_nothing_else() {
    let mut config = node::config(&small_pages());
    config.shares.fetches = Allowance::per_second(1, 1);
    let mut group = group_in(World::with(7, config, 1, None, Keep::Digest));
    let threads: Vec<ConversationId> = (0..4)
        .map(|index| {
            let (ann, question) = (group.ann, SendMessage::new(group.group, format!("question {index}")));
            let request = group.world.command(ann, question);
            let message = group.check_stored(ann, request).unwrap();
            group.reply(ann, &message, &format!("answer {index}"))
        })
        .collect();
    assert!(group.world.settle_ms(300_000));
    let tablet = group.world.add("bob");
    assert!(group.world.settle_ms(300_000));
    for device in [group.bob, tablet] {
        group.world.input(device, Input::OpenConversation(group.group));
        for thread in &threads {
            group.world.input(device, Input::OpenThread { conversation: group.group, thread: *thread });
        }
    }
    // A second for each of the eight threads, and as long again for what else there is to ask.
    group.world.run_ms(60_000);
    for device in [group.bob, tablet] {
        for thread in &threads {
            assert_eq!(group.world.client(device).screen.rows(*thread).len(), 1, "of {thread} on {device}");
        }
    }
}

#[test]
fn v64_a_detail_tells_when_its_conversation_or_thread_was_last_changed() {
    let mut group = group(Limits::default());
    let (ann, bob, id) = (group.ann, group.bob, group.group);
    let thread = group.reply(ann, &group.message.clone(), "to the sea");
    group.look(bob, thread);
    group.settle();
    let (of_group, of_thread) = (TimelineId::of(id).document(), TimelineId::of_thread(id, thread).document());
    let (begun, opened) = (group.updated_at(&of_group), group.updated_at(&of_thread));
    group.world.run_ms(5_000);
    let request = group.world.command(ann, SendMessage::new(id, "says nothing of the group"));
    group.check_stored(ann, request);
    group.settle();
    assert_eq!((group.told_at(bob, id), group.told_at(bob, thread)), (begun, opened));
    // One member who goes is told by their row alone.
    group.world.command(ann, RemoveMember { conversation: id, account: account("carl") });
    group.settle();
    let changed = group.updated_at(&of_group);
    assert!(changed > begun);
    assert_eq!((group.told_at(bob, id), group.told_at(bob, thread)), (changed, opened));
    let change = ThreadChange::Title(Some("The sea".into()));
    group.world.command(ann, SetThread { conversation: id, thread, change });
    group.settle();
    let titled = group.updated_at(&of_thread);
    for device in [ann, bob] {
        assert_eq!((group.told_at(device, id), group.told_at(device, thread)), (changed, titled), "device {device}");
        group.world.crash_client(device);
        group.world.input(device, Input::OpenConversation(id));
        group.look(device, thread);
        assert_eq!((group.told_at(device, id), group.told_at(device, thread)), (changed, titled), "{device} again");
    }
}
