//! Channels: stories of staff and subscribers, through the real engine and
//! the real server on a virtual network.

use tidings_core::{
    api::ConversationRow,
    code::Code,
    command::{
        AddMember, AnswerRequest, BanMember, CreateConversation, InviteMember, LeaveConversation, RemoveMember,
        RequestMembership, SendMessage,
    },
    engine::Input,
    ids::{AccountId, ConversationId, MessageId},
    limits::Limits,
    model::{ConversationKind, JoinPolicy, Link, LinkKind, MemberStatus, MembershipAction, Permission, Policy, Role},
    wire::Subscribers,
};
use tidings_tests::sim::world::{Device, World};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A channel of Ann's; Bob is offline and knows of nothing.
struct Studio {
    world: World,
    ann: Device,
    bob: Device,
    channel: ConversationId,
}

fn studio(policies: &[Policy]) -> Studio {
    let mut world = World::new(12, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let group = CreateConversation::group(Some("News".into()), vec![]);
    let create = CreateConversation { kind: ConversationKind::Channel, policies: policies.to_vec(), ..group };
    let request = world.command(ann, create);
    let channel = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    world.input(ann, Input::OpenConversation(channel));
    world.command(ann, SendMessage::new(channel, "before anybody came"));
    assert!(world.settle_ms(60_000));
    world.set_network(bob, false);
    Studio { world, ann, bob, channel }
}

impl Studio {
    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "the world comes to rest");
    }

    /// Bob joins while offline; then he is back, with the channel on his screen.
    fn joins(&mut self) {
        self.world
            .command(self.bob, RequestMembership { conversation: self.channel, action: MembershipAction::Join(None) });
        self.world.run_ms(1_000);
        self.world.set_network(self.bob, true);
        self.settle();
        self.world.input(self.bob, Input::OpenConversation(self.channel));
        self.settle();
    }

    fn row(&mut self, device: Device) -> ConversationRow {
        let channel = self.channel;
        self.world.client(device).screen.inbox[&channel].clone()
    }

    fn says(&mut self, text: &str) {
        self.world.command(self.ann, SendMessage::new(self.channel, text));
        self.settle();
    }

    fn heard(&mut self) -> Vec<String> {
        let channel = self.channel;
        self.world.client(self.bob).screen.texts(channel)
    }

    /// Asks for one subscriber of those behind another.
    fn ask(
        &mut self,
        device: Device,
        reached: Option<MessageId>,
        after: Option<AccountId>,
    ) -> Result<Subscribers, Code> {
        let request = 1_000_000 + self.world.client(device).screen.subscribers.len() as u64;
        let conversation = self.channel;
        let input = Input::ListSubscribers { request, conversation, reached, after, count_max: 1 };
        self.world.input(device, input);
        self.world.run_ms(5_000);
        let screen = &mut self.world.client(device).screen;
        match screen.answers.remove(&request) {
            Some(answer) => Err(answer.unwrap_err()),
            None => Ok(screen.subscribers[&request].clone()),
        }
    }

    fn command(&mut self, device: Device, command: impl Into<tidings_core::command::Command>) -> Result<(), Code> {
        let request = self.world.command(device, command);
        self.world.run_ms(1_000);
        self.world.client(device).screen.answers[&request].clone().map(drop)
    }
}

#[test]
fn a50_a_channel_is_shown_to_a_subscriber_like_any_conversation() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    studio.joins();
    let row = studio.row(studio.bob);
    assert_eq!((row.role, row.status, row.unread), (Role::Subscriber, MemberStatus::Active, 0));
    assert_eq!((row.member_count, row.subscriber_count), (1, 1));
    studio.says("hello");
    assert_eq!(studio.heard(), ["before anybody came", "hello"]);
    let row = studio.row(studio.bob);
    assert_eq!((row.role, row.unread), (Role::Subscriber, 1));
    studio.world.input(studio.bob, Input::MarkRead(studio.channel));
    studio.settle();
    assert_eq!(studio.row(studio.bob).unread, 0);
    // After a crash it is all there again, and what was said meanwhile comes.
    studio.world.crash_client(studio.bob);
    studio.says("while he was gone");
    studio.world.set_network(studio.bob, true);
    studio.settle();
    let row = studio.row(studio.bob);
    assert_eq!((row.role, row.status, row.unread), (Role::Subscriber, MemberStatus::Active, 1));
}

#[test]
fn a51_a_subscriber_is_told_offline_that_they_only_read() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    studio.joins();
    studio.world.set_network(studio.bob, false);
    let say = SendMessage::new(studio.channel, "may I?");
    assert_eq!(studio.command(studio.bob, say), Err(Code::NotAMember));
    let channel = studio.channel;
    let detail = studio.world.client(studio.bob).screen.details[&channel].clone();
    assert_eq!((detail.role, detail.status), (Some(Role::Subscriber), Some(MemberStatus::Active)));
    assert_eq!(detail.permissions.iter().count(), 0);
    assert_eq!(detail.members.len(), 1);
}

#[test]
fn a52_who_waits_is_let_in_by_staff_who_were_offline() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)]);
    studio.joins();
    assert_eq!(studio.row(studio.bob).status, MemberStatus::Requested);
    studio.world.set_network(studio.ann, false);
    let approve = AnswerRequest { conversation: studio.channel, account: account("bob"), approved: true };
    assert_eq!(studio.command(studio.ann, approve), Ok(()));
    studio.world.set_network(studio.ann, true);
    studio.settle();
    studio.says("welcome");
    let row = studio.row(studio.bob);
    assert_eq!((row.role, row.status), (Role::Subscriber, MemberStatus::Active));
    assert_eq!(studio.heard(), ["before anybody came", "welcome"]);
}

#[test]
fn a53_staff_put_subscribers_out_and_make_one_of_them_staff() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    studio.joins();
    assert_eq!(
        studio.command(studio.ann, RemoveMember { conversation: studio.channel, account: account("bob") }),
        Ok(())
    );
    studio.settle();
    assert_eq!(studio.row(studio.bob).status, MemberStatus::Removed);
    studio.says("without him");
    studio.joins();
    assert_eq!(studio.heard(), ["before anybody came", "without him"]);
    assert_eq!(studio.row(studio.bob).role, Role::Subscriber);
    let add = AddMember { conversation: studio.channel, account: account("bob"), role: Role::Admin };
    assert_eq!(studio.command(studio.ann, add), Ok(()));
    studio.settle();
    assert_eq!(studio.command(studio.bob, SendMessage::new(studio.channel, "as staff")), Ok(()));
    studio.settle();
    let row = studio.row(studio.bob);
    assert_eq!((row.role, row.status, row.member_count), (Role::Admin, MemberStatus::Active, 2));
    // Staff who leave may subscribe again; who is banned may not.
    assert_eq!(studio.command(studio.bob, LeaveConversation { conversation: studio.channel }), Ok(()));
    studio.settle();
    studio.joins();
    assert_eq!(studio.row(studio.bob).role, Role::Subscriber);
    assert_eq!(studio.command(studio.ann, BanMember { conversation: studio.channel, account: account("bob") }), Ok(()));
    studio.settle();
    assert_eq!(studio.row(studio.bob).status, MemberStatus::Banned);
    studio.joins();
    let refused = &studio.world.client(studio.bob).screen.refused;
    assert_eq!(refused.values().map(|row| row.code).collect::<Vec<_>>(), [Code::MemberBanned]);
}

#[test]
fn r50_staff_page_through_subscribers_and_see_how_far_they_have_come() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    studio.joins();
    let carl = studio.world.add("carl");
    studio
        .world
        .command(carl, RequestMembership { conversation: studio.channel, action: MembershipAction::Join(None) });
    studio.settle();
    studio.says("hello");
    studio.world.input(studio.bob, Input::MarkRead(studio.channel));
    studio.settle();
    let channel = studio.channel;
    let rows = &studio.world.client(studio.ann).screen.timelines[&channel];
    let hello = rows.values().find(|row| row.text() == "hello").unwrap().id.clone();
    let first = studio.ask(studio.ann, Some(hello.clone()), None).unwrap();
    assert_eq!((first.count, first.delivered, first.read), (2, 2, 1));
    assert_eq!(first.subscribers.iter().map(|row| &row.account).collect::<Vec<_>>(), [&account("bob")]);
    let second = studio.ask(studio.ann, None, Some(account("bob"))).unwrap();
    assert_eq!((second.count, second.delivered, second.read), (2, 2, 1));
    assert_eq!(second.subscribers.iter().map(|row| &row.account).collect::<Vec<_>>(), [&account("carl")]);
    assert_eq!(studio.ask(studio.ann, None, Some(account("carl"))).unwrap().subscribers, []);
    assert_eq!(studio.ask(studio.bob, None, None), Err(Code::PermissionDenied));
    let unsaid = MessageId { author: account("zoe"), ..hello };
    assert_eq!(studio.ask(studio.ann, Some(unsaid), None), Err(Code::MessageUnknown));
    studio.world.set_network(studio.ann, false);
    assert_eq!(studio.ask(studio.ann, None, None), Err(Code::Unreachable));
}

#[test]
fn a54_a_subscriber_leaves_while_offline() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    studio.joins();
    studio.world.set_network(studio.bob, false);
    assert_eq!(studio.command(studio.bob, LeaveConversation { conversation: studio.channel }), Ok(()));
    studio.says("do you hear?");
    studio.world.set_network(studio.bob, true);
    studio.settle();
    assert_eq!(studio.row(studio.bob).status, MemberStatus::Left);
    let channel = studio.channel;
    let shown = |studio: &mut Studio| studio.world.client(studio.bob).screen.details[&channel].status;
    assert_eq!(shown(&mut studio), Some(MemberStatus::Left));
    studio.says("gone");
    assert!(!studio.heard().contains(&"gone".to_owned()));
    studio.world.crash_client(studio.bob);
    studio.world.input(studio.bob, Input::OpenConversation(channel));
    studio.settle();
    assert_eq!(shown(&mut studio), Some(MemberStatus::Left));
    studio.joins();
    assert_eq!(studio.heard().last().map(String::as_str), Some("gone"));
}

#[test]
fn a53_a_subscriber_who_is_invited_goes_on_reading_what_is_here_until_they_accept() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    let (ann, bob, channel) = (studio.ann, studio.bob, studio.channel);
    studio.joins();
    studio.command(ann, InviteMember { conversation: channel, account: account("bob"), role: Role::Admin }).unwrap();
    studio.settle();
    let shown = |studio: &mut Studio| {
        let detail = studio.world.client(bob).screen.details.get(&channel).cloned().expect("it is shown");
        assert_eq!((detail.role.clone(), detail.status), (Some(Role::Admin), Some(MemberStatus::Invited)));
        assert!(!detail.permissions.holds(Permission::MessageSend));
        detail
    };
    let before = shown(&mut studio);
    studio.world.set_network(bob, false);
    studio.world.crash_client(bob);
    studio.settle();
    studio.world.input(bob, Input::OpenConversation(channel));
    studio.settle();
    assert_eq!(shown(&mut studio), before);
}

#[test]
fn v62_staff_see_how_many_subscribe() {
    let mut studio = studio(&[Policy::Join(JoinPolicy::Open)]);
    let (ann, channel) = (studio.ann, studio.channel);
    studio.joins();
    studio.world.run_ms(5_000);
    assert_eq!(studio.row(ann).subscriber_count, 1);
    assert_eq!(studio.world.client(ann).screen.details[&channel].subscriber_count, 1);
    studio.command(studio.bob, LeaveConversation { conversation: channel }).unwrap();
    studio.world.run_ms(5_000);
    assert_eq!(studio.row(ann).subscriber_count, 0);
    assert_eq!(studio.world.client(ann).screen.details[&channel].subscriber_count, 0);
}

#[test]
fn a83_an_administrator_begins_what_is_of_another_account_and_backs_an_object() {
    let mut world = World::new(17, Limits::default());
    world.administrator = Some(account("root"));
    let (root, ann) = (world.add("root"), world.add("ann"));
    world.run_ms(5_000);
    let link = Link { kind: LinkKind::Community, id: "c-17".into() };
    let channel = |kind| CreateConversation {
        account: Some(account("acme")),
        link: Some(link.clone()),
        ..CreateConversation::new(kind, Some("Board".into()), vec![account("ann")])
    };
    // Offline and online it is judged alike.
    world.set_network(ann, false);
    for kind in [ConversationKind::Channel, ConversationKind::Group] {
        let refused = world.command(ann, channel(kind));
        world.run_ms(1_000);
        assert_eq!(world.client(ann).screen.answers[&refused], Err(Code::PermissionDenied));
    }
    world.set_network(ann, true);
    let begun = world.command(root, channel(ConversationKind::Channel));
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    let id = world.client(root).screen.answers[&begun].clone().unwrap().0.unwrap();
    for device in [root, ann] {
        world.input(device, Input::OpenConversation(id));
        world.run_ms(5_000);
        let detail = &world.client(device).screen.details[&id];
        assert_eq!((detail.account.clone(), detail.link.clone()), (Some(account("acme")), Some(link.clone())));
    }
}
