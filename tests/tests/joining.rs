//! The ways in: stories of people who are not members yet, through the real
//! engine and the real server on a virtual network.

use tidings_core::{
    code::Code,
    command::{
        AddMember, AnswerRequest, BanMember, CreateConversation, InviteMember, InviteTerms, LeaveConversation,
        RemoveMember, RequestMembership, SendMessage, SetInvite, SetPolicy,
    },
    engine::Input,
    ids::{AccountId, ConversationId, InviteCode},
    limits::Limits,
    model::{JoinPolicy, MemberStatus, MembershipAction, Policy, Role},
};
use tidings_tests::sim::world::{Device, World};

const CODE: InviteCode = InviteCode::from_bytes(*b"a code of a link");

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A group of Ann alone; Bob is offline and knows of nothing.
struct Door {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
}

fn door(policies: &[Policy]) -> Door {
    let mut world = World::new(11, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let create =
        CreateConversation { policies: policies.to_vec(), ..CreateConversation::group(Some("Trip".into()), vec![]) };
    let request = world.command(ann, create);
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    world.input(ann, Input::OpenConversation(group));
    world.command(ann, SendMessage::new(group, "before anybody came"));
    assert!(world.settle_ms(60_000));
    world.set_network(bob, false);
    Door { world, ann, bob, group }
}

impl Door {
    /// Bob asks for something while offline; then he is back.
    fn asks(&mut self, action: MembershipAction) {
        let request = self.world.command(self.bob, RequestMembership { conversation: self.group, action });
        self.world.run_ms(1_000);
        assert!(self.world.client(self.bob).screen.answers[&request].is_ok());
        assert_eq!(self.world.client(self.bob).screen.unsynced, 1);
        self.world.set_network(self.bob, true);
        self.settle();
        assert_eq!(self.world.client(self.bob).screen.unsynced, 0);
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "the world comes to rest");
    }

    fn status(&mut self) -> Option<MemberStatus> {
        let group = self.group;
        self.world.client(self.bob).screen.inbox.get(&group).map(|row| row.status)
    }

    /// Bob is in: he reads what was said, and is heard.
    #[track_caller]
    fn check_in(&mut self) {
        assert_eq!(self.status(), Some(MemberStatus::Active));
        self.world.input(self.bob, Input::OpenConversation(self.group));
        self.settle();
        self.world.command(self.bob, SendMessage::new(self.group, "here I am"));
        self.settle();
        for device in [self.ann, self.bob] {
            let texts = self.world.client(device).screen.texts(self.group);
            assert_eq!(texts, ["before anybody came", "here I am"], "device {device}");
        }
    }

    #[track_caller]
    fn check_refused(&mut self, code: Code) {
        let refused = &self.world.client(self.bob).screen.refused;
        let codes: Vec<Code> = refused.values().map(|row| row.code).collect();
        assert_eq!(codes, [code]);
        assert!(self.world.client(self.bob).screen.texts(self.group).is_empty());
    }
}

#[test]
fn a27_who_asked_while_offline_is_in_on_reconnect() {
    let mut door = door(&[Policy::Join(JoinPolicy::Open)]);
    door.asks(MembershipAction::Join(None));
    door.check_in();
}

#[test]
fn s27_a_membership_request_to_come_in_waits_until_the_row_is_there() {
    let mut door = door(&[Policy::Join(JoinPolicy::Open)]);
    let (bob, group) = (door.bob, door.group);
    door.world.set_network(bob, true);
    door.settle();
    door.world.command(bob, RequestMembership { conversation: group, action: MembershipAction::Join(None) });
    while door.world.client(bob).screen.unsynced == 0 {
        door.world.run_ms(1);
    }
    while door.world.client(bob).screen.unsynced > 0 {
        door.world.run_ms(1);
    }
    assert_eq!(door.status(), Some(MemberStatus::Active));
}

#[test]
fn a27_who_may_not_come_in_is_told_and_sees_nothing() {
    let mut door = door(&[]);
    door.asks(MembershipAction::Join(None));
    door.check_refused(Code::ConversationUnknown);
    assert_eq!(door.status(), None);
}

#[test]
fn a27_who_waits_sees_nothing_until_approved() {
    let mut door = door(&[Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)]);
    door.asks(MembershipAction::Join(None));
    assert_eq!(door.status(), Some(MemberStatus::Requested));
    door.world.input(door.bob, Input::OpenConversation(door.group));
    door.settle();
    assert!(door.world.client(door.bob).screen.texts(door.group).is_empty());
    let answer = |name| AnswerRequest { conversation: door.group, account: account(name), approved: true };
    let (bobs, nobodys) = (answer("bob"), answer("zoe"));
    let request = door.world.command(door.ann, nobodys);
    door.settle();
    assert_eq!(door.world.client(door.ann).screen.answers[&request].clone().unwrap_err(), Code::MemberUnknown);
    door.world.command(door.ann, bobs);
    door.settle();
    door.check_in();
}

#[test]
fn a27_an_invitation_comes_and_is_taken() {
    let mut door = door(&[]);
    let invite = InviteMember { conversation: door.group, account: account("bob"), role: Role::Member };
    door.world.command(door.ann, invite);
    door.settle();
    door.world.set_network(door.bob, true);
    door.settle();
    assert_eq!(door.status(), Some(MemberStatus::Invited));
    door.world.set_network(door.bob, false);
    door.asks(MembershipAction::Accept);
    door.check_in();
}

#[test]
fn a28_an_invite_link_lets_in_once_and_is_then_used_up() {
    let mut door = door(&[Policy::Join(JoinPolicy::LinkJoin)]);
    let terms = InviteTerms { role: Role::Member, until: None, uses_max: Some(1), enabled: true };
    door.world.command(door.ann, SetInvite { conversation: door.group, invite: CODE.invite(), terms: Some(terms) });
    door.settle();
    door.asks(MembershipAction::Join(Some(CODE)));
    door.check_in();
    let carl = door.world.add("carl");
    door.settle();
    door.world
        .command(carl, RequestMembership { conversation: door.group, action: MembershipAction::Join(Some(CODE)) });
    door.settle();
    let refused = door.world.client(carl).screen.refused.values().map(|row| row.code).collect::<Vec<_>>();
    assert_eq!(refused, [Code::InviteUsedUp]);
}

#[test]
fn a27_a_membership_request_outlives_a_crash_and_two_ways_in_are_one() {
    let mut door = door(&[Policy::Join(JoinPolicy::Open)]);
    door.world.command(door.bob, RequestMembership { conversation: door.group, action: MembershipAction::Join(None) });
    door.world.command(door.bob, RequestMembership { conversation: door.group, action: MembershipAction::Join(None) });
    door.world.run_ms(1_000);
    door.world.crash_client(door.bob);
    door.settle();
    door.world.set_network(door.bob, true);
    door.settle();
    door.check_in();
}

#[test]
fn a27_who_is_banned_does_not_come_back() {
    let mut door = door(&[Policy::Join(JoinPolicy::Open)]);
    door.world.command(door.ann, BanMember { conversation: door.group, account: account("bob") });
    door.settle();
    door.asks(MembershipAction::Join(None));
    door.check_refused(Code::MemberBanned);
    door.world.command(door.ann, SetPolicy { conversation: door.group, policy: Policy::Join(JoinPolicy::InviteOnly) });
    door.settle();
}

#[test]
fn a73_a_group_begins_with_a_thousand_people() {
    let mut world = World::new(14, Limits::default());
    let (ann, last) = (world.add("ann"), world.add("p0999"));
    // No longer than people's ids are: the change is bounded in bytes, too.
    let others = |count: u32| (1..=count).map(|number| account(&format!("p{number:04}"))).collect();
    let request = world.command(ann, CreateConversation::group(Some("All of us".into()), others(999)));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    world.input(last, Input::OpenConversation(group));
    assert!(world.settle_ms(60_000), "{}", world.unrest());
    assert_eq!(world.client(last).screen.details[&group].members.len(), 1_000);
    let request = world.command(ann, CreateConversation::group(Some("And one".into()), others(1_000)));
    assert_eq!(world.client(ann).screen.answers[&request], Err(Code::TooManyMembers));
}

#[test]
fn v60_who_left_was_removed_or_banned_is_in_the_detail_with_when_and_by_whom() {
    let mut world = World::new(51, Limits::default());
    let ann = world.add("ann");
    let names = ["bob", "carl", "dora", "emil"];
    let devices = names.map(|name| world.add(name));
    let group = CreateConversation::group(Some("Trip".into()), names.map(account).to_vec());
    let request = world.command(ann, group);
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    world.input(ann, Input::OpenConversation(group));
    assert!(world.settle_ms(60_000));
    world.run_ms(10_000);
    let left = world.now().wall;
    world.command(devices[0], LeaveConversation { conversation: group });
    assert!(world.settle_ms(60_000));
    world.run_ms(10_000);
    world.command(ann, RemoveMember { conversation: group, account: account("carl") });
    world.command(ann, BanMember { conversation: group, account: account("dora") });
    assert!(world.settle_ms(60_000));
    let detail = &world.client(ann).screen.details[&group];
    let told: Vec<_> = detail
        .former
        .iter()
        .chain(&detail.candidates)
        .map(|row| (row.account.as_str(), row.status, row.status_by.as_ref().map(AccountId::as_str)))
        .collect();
    assert_eq!(
        told,
        [
            ("carl", MemberStatus::Removed, Some("ann")),
            ("bob", MemberStatus::Left, Some("bob")),
            ("dora", MemberStatus::Banned, Some("ann")),
        ]
    );
    assert_eq!(detail.former[1].status_at, Some(left));
    let members: Vec<_> = detail.members.iter().map(|row| row.account.as_str()).collect();
    assert_eq!(members, ["ann", "emil"]);
}

#[test]
fn v61_who_comes_in_has_nothing_unread_from_before() {
    let mut world = World::new(52, Limits::default());
    let ann = world.add("ann");
    let (bob, offline) = (world.add("bob"), world.add("bob"));
    let request = world.command(ann, CreateConversation::group(Some("Trip".into()), vec![]));
    let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    assert!(world.settle_ms(60_000));
    world.set_network(offline, false);
    let say = |world: &mut World, count: u32| {
        for number in 0..count {
            world.command(ann, SendMessage::new(group, format!("line {number}")));
        }
        assert!(world.settle_ms(60_000), "{}", world.unrest());
    };
    let add = AddMember { conversation: group, account: account("bob"), role: Role::Member };
    say(&mut world, 5);
    world.command(ann, add.clone());
    assert!(world.settle_ms(60_000));
    let unread = |world: &mut World, device: Device| world.client(device).screen.inbox[&group].unread;
    assert_eq!(unread(&mut world, bob), 0);
    say(&mut world, 3);
    // So a device counts that was there, one that was away, and one that is new: the server's count.
    world.set_network(offline, true);
    assert!(world.settle_ms(60_000));
    let new = world.add("bob");
    assert!(world.settle_ms(60_000));
    for device in [bob, offline, new] {
        assert_eq!(unread(&mut world, device), 3, "device {device}");
        world.crash_client(device);
        world.run_ms(1_000);
        assert_eq!(unread(&mut world, device), 3, "device {device}, started again");
    }
    // Nor is anything unread that was said while one was not in.
    world.command(ann, RemoveMember { conversation: group, account: account("bob") });
    assert!(world.settle_ms(60_000));
    say(&mut world, 4);
    world.command(ann, add);
    say(&mut world, 2);
    for device in [bob, offline, new] {
        assert_eq!(unread(&mut world, device), 2, "device {device}, back again");
    }
}
