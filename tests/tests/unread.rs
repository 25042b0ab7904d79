//! What is unread: stories of one who writes and takes back, and of one who has not
//! read, through the real engine and the real server on a virtual network.

use tidings_core::{
    command::{CreateConversation, DeleteMessage, LeaveConversation, SendMessage},
    engine::Input,
    ids::{AccountId, ConversationId, MessageId},
    limits::Limits,
};
use tidings_tests::sim::world::{Device, World};

/// A group of Ann, who writes on small pages, and Bob, who reads nothing.
struct Group {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
}

impl Group {
    fn new() -> Self {
        let limits =
            Limits { page_changes_soft: 10, page_changes_max: 40, catch_up_entries_max: 10, ..Limits::default() };
        let mut world = World::new(7, limits);
        let (ann, bob) = (world.add("ann"), world.add("bob"));
        let create = CreateConversation::group(Some("Trip".into()), vec![AccountId::parse("bob").unwrap()]);
        let request = world.command(ann, create);
        let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
        let mut group = Self { world, ann, bob, group };
        group.settle();
        group
    }

    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "{}", self.world.unrest());
    }

    fn say(&mut self, count: u32) -> Vec<MessageId> {
        let say = |number| {
            let request = self.world.command(self.ann, SendMessage::new(self.group, format!("line {number}")));
            self.world.client(self.ann).screen.answers[&request].clone().unwrap().1.unwrap()
        };
        let said = (0..count).map(say).collect();
        self.settle();
        said
    }

    fn delete(&mut self, message: &MessageId) {
        let delete = DeleteMessage { conversation: self.group, message: message.clone() };
        let request = self.world.command(self.ann, delete);
        self.settle();
        assert!(self.world.client(self.ann).screen.answers[&request].is_ok());
    }

    /// So count a device that was there all the time, also when it starts again, and a
    /// new one, which is told by the server.
    #[track_caller]
    fn check(&mut self, expected: u32) {
        let unread = |group: &mut Self, device| group.world.client(device).screen.inbox[&group.group].unread;
        assert_eq!(unread(self, self.bob), expected, "there all the time");
        self.world.crash_client(self.bob);
        self.world.run_ms(1_000);
        self.settle();
        assert_eq!(unread(self, self.bob), expected, "started again");
        let new = self.world.add("bob");
        self.settle();
        assert_eq!(unread(self, new), expected, "told by the server");
        self.world.set_network(new, false);
    }
}

#[test]
fn v63_what_is_deleted_is_unread_no_more_on_whichever_page() {
    let mut group = Group::new();
    let first = group.say(3);
    group.world.input(group.bob, Input::MarkRead(group.group));
    group.settle();
    group.world.set_network(group.bob, false);
    let said = group.say(35);
    group.world.set_network(group.bob, true);
    group.settle();
    group.check(35);
    // On the newest page, on one that is not here, and of what was read.
    group.delete(&said[34]);
    group.check(34);
    group.delete(&said[1]);
    group.check(33);
    group.delete(&first[0]);
    group.check(33);
    // While nobody was there.
    group.world.set_network(group.bob, false);
    group.delete(&said[2]);
    group.delete(&said[30]);
    group.delete(&first[1]);
    group.world.set_network(group.bob, true);
    group.settle();
    group.check(31);
    group.world.input(group.bob, Input::OpenConversation(group.group));
    for _ in 0..5 {
        group.world.input(group.bob, Input::LoadOlder(group.group));
        group.settle();
    }
    group.check(31);
    group.world.input(group.bob, Input::MarkRead(group.group));
    group.settle();
    group.delete(&said[20]);
    group.check(0);
}

#[test]
fn e124_what_another_device_read_of_an_older_page_is_not_unread_once_that_is_loaded() {
    let mut group = Group::new();
    let tablet = group.world.add("bob");
    group.say(5);
    // What the tablet reads it tells later.
    group.world.set_network(tablet, false);
    group.world.input(tablet, Input::MarkRead(group.group));
    group.say(15);
    // Started again, the phone has the newest page alone.
    group.world.crash_client(group.bob);
    group.settle();
    group.world.set_network(tablet, true);
    group.settle();
    group.say(1);
    group.world.set_network(group.bob, false);
    group.world.crash_client(group.bob);
    group.world.run_ms(1_000);
    group.world.input(group.bob, Input::OpenConversation(group.group));
    for _ in 0..3 {
        group.world.input(group.bob, Input::LoadOlder(group.group));
        group.world.run_ms(1_000);
    }
    assert_eq!(group.world.client(group.bob).screen.rows(group.group).len(), 21);
    assert_eq!(group.world.client(group.bob).screen.inbox[&group.group].unread, 16);
}

/// A device that has a summary of the conversation and nothing else is told of what
/// was deleted since with the newest page, which may be neither that of the message.
#[test]
fn e125_what_was_deleted_before_a_device_fetches_is_not_unread_there() {
    let mut group = Group::new();
    let said = group.say(35);
    group.world.settings.prefetch_conversations = 0;
    for (deleted, left) in [(1, 34), (34, 33)] {
        let new = group.world.add("bob");
        group.settle();
        let told = |group: &mut Group| group.world.client(new).screen.inbox[&group.group].unread;
        assert_eq!(told(&mut group), left + 1, "as the summary counts");
        group.delete(&said[deleted]);
        assert_eq!(told(&mut group), left, "line {deleted} is deleted");
        group.world.set_network(new, false);
    }
}

#[test]
fn v4_who_is_out_reads_nothing_more_on_whichever_page() {
    let mut group = Group::new();
    group.say(35);
    // From here on only the newest page is in memory.
    group.world.crash_client(group.bob);
    group.settle();
    group.world.command(group.bob, LeaveConversation { conversation: group.group });
    group.settle();
    let unread = |group: &mut Group| group.world.client(group.bob).screen.inbox[&group.group].unread;
    assert_eq!(unread(&mut group), 35);
    group.world.input(group.bob, Input::OpenConversation(group.group));
    group.world.input(group.bob, Input::MarkRead(group.group));
    group.settle();
    assert_eq!(unread(&mut group), 35, "no register moves");
    group.world.crash_client(group.bob);
    group.settle();
    assert_eq!(unread(&mut group), 35, "started again");
}
