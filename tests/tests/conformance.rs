//! The scenarios of a public conformance suite that no other test of ours told: `docs/complement.md` says which
//! is which. Stories of two or three people, through the real engine and the real server on a virtual network;
//! long because the scenarios are many, and begin with the same group.

use tidings_core::{
    code::Code,
    command::{
        AddMember, AnswerRequest, BanMember, ChangeRole, Command, CreateConversation, CreateThread, DefineRole,
        DeleteMessage, EditMessage, InviteMember, LeaveConversation, PinMessage, React, RemoveMember,
        RequestMembership, SendMessage, SetInfo, SetPolicy, TransferOwnership, UnbanMember, Unreact,
    },
    engine::{DirectoryPage, Input, ListPage},
    ids::{AccountId, ConversationId, MessageId, StreamId, TenantId},
    limits::Limits,
    model::{
        DirectoryQuery, DirectoryRow, InfoField, JoinPolicy, MemberStatus, MembershipAction, Permission, Policy, Query,
        Role, RoleDefinition, RoleName, Scope,
    },
};
use tidings_tests::sim::{
    client::Answer,
    world::{Device, World},
};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A group that Ann owns, and looks at. Bob is online, and knows of nothing unless he is a member.
struct Trip {
    world: World,
    ann: Device,
    bob: Device,
    group: ConversationId,
}

impl Trip {
    fn of_ann() -> Self {
        Self::of(&[])
    }

    fn of(members: &[&str]) -> Self {
        let mut world = World::new(17, Limits::default());
        let (ann, bob) = (world.add("ann"), world.add("bob"));
        let members = members.iter().map(|name| account(name)).collect();
        let request = world.command(ann, CreateConversation::group(Some("Trip".into()), members));
        let group = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
        let mut trip = Trip { world, ann, bob, group };
        trip.settle();
        trip.look(ann);
        trip
    }

    /// A group that people ask to be let into.
    fn with_a_bell() -> Self {
        let mut trip = Self::of_ann();
        trip.opens();
        trip
    }

    fn opens(&mut self) {
        for policy in [Policy::JoinApproval(true), Policy::Join(JoinPolicy::Open)] {
            self.does(self.ann, SetPolicy { conversation: self.group, policy }).unwrap();
        }
    }

    #[track_caller]
    fn settle(&mut self) {
        assert!(self.world.settle_ms(300_000), "{}", self.world.unrest());
    }

    fn look(&mut self, device: Device) {
        self.world.input(device, Input::OpenConversation(self.group));
        self.settle();
    }

    /// Executes a command; what the device answers, once everybody has come to rest.
    #[track_caller]
    fn does(&mut self, device: Device, command: impl Into<Command>) -> Answer {
        let request = self.world.command(device, command);
        self.settle();
        self.world.client(device).screen.answers[&request].clone()
    }

    #[track_caller]
    fn asks(&mut self, device: Device, action: MembershipAction) {
        self.does(device, RequestMembership { conversation: self.group, action }).unwrap();
    }

    #[track_caller]
    fn says(&mut self, device: Device, text: &str) -> MessageId {
        self.does(device, SendMessage::new(self.group, text)).unwrap().1.unwrap()
    }

    fn invite(&self, name: &str) -> InviteMember {
        InviteMember { conversation: self.group, account: account(name), role: Role::Member }
    }

    fn removal(&self, name: &str) -> RemoveMember {
        RemoveMember { conversation: self.group, account: account(name) }
    }

    fn ban(&self, name: &str) -> BanMember {
        BanMember { conversation: self.group, account: account(name) }
    }

    fn title(&self, title: &str) -> SetInfo {
        SetInfo { conversation: self.group, field: InfoField::Title, text: Some(title.into()) }
    }

    /// Brings somebody in, and has them look.
    fn adds(&mut self, name: &str, role: Role) -> Device {
        let device = self.world.add(name);
        self.does(self.ann, AddMember { conversation: self.group, account: account(name), role }).unwrap();
        self.look(device);
        device
    }

    /// Where an account stands, as its device shows it.
    fn status(&mut self, device: Device) -> Option<MemberStatus> {
        let group = self.group;
        self.world.client(device).screen.inbox.get(&group).map(|row| row.status)
    }

    /// Where an account stands, as a member's device shows it.
    fn shown_to(&mut self, device: Device, name: &str) -> Option<MemberStatus> {
        let detail = &self.world.client(device).screen.details[&self.group];
        let mut rows = detail.members.iter().chain(&detail.candidates).chain(&detail.former);
        rows.find(|row| row.account.as_str() == name).map(|row| row.status)
    }

    fn refused(&mut self, device: Device) -> Vec<Code> {
        self.world.client(device).screen.refused.values().map(|row| row.code).collect()
    }

    fn unread(&mut self, device: Device) -> u32 {
        self.world.client(device).screen.inbox[&self.group].unread
    }

    /// The number of entries in the journal.
    fn entries(&self) -> usize {
        self.world.journal(&StreamId::Conversation(self.group)).len()
    }

    /// Opens the thread of a message and says something there.
    fn replies(&mut self, device: Device, message: &MessageId, text: &str) -> ConversationId {
        let thread = ConversationId::thread(&TenantId::parse("acme").unwrap(), self.group, message);
        let create = CreateThread { conversation: self.group, message: message.clone(), title: None };
        self.does(device, create).unwrap();
        self.world.input(device, Input::OpenThread { conversation: self.group, thread });
        self.settle();
        self.does(device, SendMessage { thread: Some(thread), ..SendMessage::new(self.group, text) }).unwrap();
        thread
    }

    /// A public conversation of Ann's, which is called so and described so.
    fn publishes(&mut self, name: &str, title: Option<&str>, description: Option<&str>) -> ConversationId {
        let group = CreateConversation::group(title.map(str::to_owned), vec![]);
        let group = CreateConversation { name: Some(name.into()), scope: Some(Scope::Public), ..group };
        let conversation = self.does(self.ann, group).unwrap().0.unwrap();
        let (field, text) = (InfoField::Description, description.map(str::to_owned));
        if text.is_some() {
            self.does(self.ann, SetInfo { conversation, field, text }).unwrap();
        }
        conversation
    }

    /// What Bob finds in the directory.
    #[track_caller]
    fn found(&mut self, words: &str) -> Vec<DirectoryRow> {
        let query = DirectoryQuery { words: words.into(), ..DirectoryQuery::default() };
        let request = self.world.list(self.bob, Query::Directory(query));
        self.world.run_ms(2_000);
        match self.world.client(self.bob).screen.pages.remove(&request) {
            Some(ListPage::Directory(DirectoryPage { rows, next: None })) => rows,
            other => panic!("one page of the directory, not {other:?}"),
        }
    }
}

#[test]
fn a27_where_the_policy_changes_people_may_ask_from_then_on() {
    let mut trip = Trip::of_ann();
    trip.asks(trip.bob, MembershipAction::Join(None));
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (None, vec![Code::ConversationUnknown]));
    trip.opens();
    trip.asks(trip.bob, MembershipAction::Join(None));
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Requested));
}

#[test]
fn a27_who_asks_again_waits_as_before() {
    let mut trip = Trip::with_a_bell();
    trip.asks(trip.bob, MembershipAction::Join(None));
    let entries = trip.entries();
    trip.asks(trip.bob, MembershipAction::Join(None));
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Requested), vec![]));
    assert_eq!(trip.entries(), entries, "nothing is written of it");
}

#[test]
fn a27_members_are_shown_who_asks() {
    let mut trip = Trip::with_a_bell();
    let carl = trip.adds("carl", Role::Member);
    trip.asks(trip.bob, MembershipAction::Join(None));
    for device in [trip.ann, carl] {
        assert_eq!(trip.shown_to(device, "bob"), Some(MemberStatus::Requested), "device {device}");
    }
    let candidate = &trip.world.client(carl).screen.details[&trip.group].candidates[0];
    assert_eq!(candidate.status_by, Some(account("bob")));
}

#[test]
fn a27_who_asked_takes_it_back_and_may_ask_again() {
    let mut trip = Trip::with_a_bell();
    trip.asks(trip.bob, MembershipAction::Join(None));
    trip.asks(trip.bob, MembershipAction::Decline);
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Left));
    assert_eq!(trip.shown_to(trip.ann, "bob"), Some(MemberStatus::Left));
    trip.asks(trip.bob, MembershipAction::Join(None));
    assert_eq!(trip.shown_to(trip.ann, "bob"), Some(MemberStatus::Requested));
}

#[test]
fn a27_who_was_declined_may_ask_again() {
    let mut trip = Trip::with_a_bell();
    for _ in 0..2 {
        trip.asks(trip.bob, MembershipAction::Join(None));
        assert_eq!(trip.status(trip.bob), Some(MemberStatus::Requested));
        let answer = AnswerRequest { conversation: trip.group, account: account("bob"), approved: false };
        trip.does(trip.ann, answer).unwrap();
        assert_eq!(trip.status(trip.bob), Some(MemberStatus::Removed));
    }
    assert!(trip.refused(trip.bob).is_empty());
}

#[test]
fn a27_who_is_invited_and_asks_is_in() {
    let mut trip = Trip::with_a_bell();
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Invited));
    trip.asks(trip.bob, MembershipAction::Join(None));
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Active), vec![]));
}

#[test]
fn a27_who_is_in_and_asks_stays_in() {
    let mut trip = Trip::with_a_bell();
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    trip.asks(trip.bob, MembershipAction::Accept);
    let entries = trip.entries();
    for action in [MembershipAction::Join(None), MembershipAction::Accept] {
        trip.asks(trip.bob, action);
    }
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Active), vec![]));
    assert_eq!(trip.entries(), entries, "nothing is written of it");
}

#[test]
fn a27_who_declines_an_invitation_is_out_for_everybody() {
    let mut trip = Trip::of_ann();
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    assert_eq!(trip.shown_to(trip.ann, "bob"), Some(MemberStatus::Invited));
    trip.asks(trip.bob, MembershipAction::Decline);
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Left), vec![]));
    assert_eq!(trip.shown_to(trip.ann, "bob"), Some(MemberStatus::Left));
    trip.asks(trip.bob, MembershipAction::Accept);
    assert_eq!(trip.refused(trip.bob), [Code::MemberUnknown], "it was one invitation");
}

#[test]
fn a27_who_declined_is_invited_again_and_may_come_in() {
    let mut trip = Trip::of_ann();
    for _ in 0..2 {
        trip.does(trip.ann, trip.invite("bob")).unwrap();
        trip.asks(trip.bob, MembershipAction::Decline);
        assert_eq!(trip.status(trip.bob), Some(MemberStatus::Left));
    }
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    trip.asks(trip.bob, MembershipAction::Accept);
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Active), vec![]));
}

#[test]
fn a27_who_came_left_and_came_back_is_in_on_every_device() {
    let mut trip = Trip::of_ann();
    let (bob, conversation) = (trip.bob, trip.group);
    trip.does(trip.ann, SetPolicy { conversation, policy: Policy::Join(JoinPolicy::Open) }).unwrap();
    let tablet = trip.world.add("bob");
    trip.settle();
    trip.world.set_network(tablet, false);
    trip.asks(bob, MembershipAction::Join(None));
    trip.does(bob, LeaveConversation { conversation }).unwrap();
    assert_eq!(trip.status(bob), Some(MemberStatus::Left));
    trip.asks(bob, MembershipAction::Join(None));
    trip.world.set_network(tablet, true);
    trip.settle();
    assert_eq!([bob, tablet].map(|device| trip.status(device)), [Some(MemberStatus::Active); 2]);
}

#[test]
fn a24_an_invitation_is_taken_back_by_those_who_may_add_and_nobody_else() {
    let mut trip = Trip::of_ann();
    let carl = trip.adds("carl", Role::Member);
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    assert_eq!(trip.does(carl, trip.removal("bob")), Err(Code::PermissionDenied));
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Invited));
    trip.does(trip.ann, trip.removal("bob")).unwrap();
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Removed));
    trip.asks(trip.bob, MembershipAction::Accept);
    assert_eq!(trip.refused(trip.bob), [Code::MemberUnknown]);
}

#[test]
fn a15_a_conversation_is_never_left_empty_and_an_invitation_outlives_who_made_it() {
    let mut trip = Trip::of_ann();
    let conversation = trip.group;
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    assert_eq!(trip.does(trip.ann, LeaveConversation { conversation }), Err(Code::LastOwner));
    let carl = trip.adds("carl", Role::Member);
    trip.does(trip.ann, TransferOwnership { conversation, account: account("carl") }).unwrap();
    trip.does(trip.ann, LeaveConversation { conversation }).unwrap();
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Invited));
    trip.asks(trip.bob, MembershipAction::Decline);
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Left), vec![]));
    assert_eq!(trip.shown_to(carl, "bob"), Some(MemberStatus::Left));
}

#[test]
fn a24_nobody_invites_themselves() {
    let mut trip = Trip::of_ann();
    assert_eq!(trip.does(trip.ann, trip.invite("ann")), Err(Code::MemberExists));
}

#[test]
fn a27_who_is_invited_is_shown_what_it_is_called_and_nothing_that_is_said() {
    let mut trip = Trip::of_ann();
    trip.says(trip.ann, "for members only");
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    trip.look(trip.bob);
    let screen = &trip.world.client(trip.bob).screen;
    let row = &screen.inbox[&trip.group];
    assert_eq!((row.title.as_deref(), row.status, &row.last_message), (Some("Trip"), MemberStatus::Invited, &None));
    assert!(screen.texts(trip.group).is_empty());
}

#[test]
fn a27_who_began_a_conversation_leaves_and_is_invited_back() {
    let mut trip = Trip::of(&["bob"]);
    let conversation = trip.group;
    trip.does(trip.ann, TransferOwnership { conversation, account: account("bob") }).unwrap();
    trip.does(trip.ann, LeaveConversation { conversation }).unwrap();
    trip.does(trip.bob, trip.invite("ann")).unwrap();
    assert_eq!(trip.status(trip.ann), Some(MemberStatus::Invited));
    trip.asks(trip.ann, MembershipAction::Accept);
    trip.says(trip.ann, "back again");
    let row = trip.world.client(trip.ann).screen.inbox[&conversation].clone();
    assert_eq!((row.status, row.role), (MemberStatus::Active, Role::Member), "as what the invitation says");
    assert!(trip.refused(trip.ann).is_empty());
}

#[test]
fn a9_who_is_no_member_bans_nobody() {
    let mut trip = Trip::of(&["bob"]);
    let (zoe, carl) = (trip.world.add("zoe"), trip.adds("carl", Role::Admin));
    // Nobody has a role without being a member, and so there is none to ban with.
    let promote = ChangeRole { conversation: trip.group, account: account("zoe"), role: Role::Admin };
    assert_eq!(trip.does(trip.ann, promote), Err(Code::MemberUnknown));
    assert_eq!(trip.does(zoe, trip.ban("bob")), Err(Code::ConversationUnknown));
    trip.does(trip.ann, trip.removal("carl")).unwrap();
    assert_eq!(trip.does(carl, trip.ban("bob")), Err(Code::MemberRemoved));
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Active));
}

#[test]
fn a24_who_was_never_there_is_not_removed() {
    let mut trip = Trip::of_ann();
    assert_eq!(trip.does(trip.ann, trip.removal("bob")), Err(Code::MemberUnknown));
    assert_eq!(trip.status(trip.bob), None);
}

#[test]
fn a24_who_has_left_is_not_removed() {
    let mut trip = Trip::of(&["bob"]);
    trip.does(trip.bob, LeaveConversation { conversation: trip.group }).unwrap();
    assert_eq!(trip.does(trip.ann, trip.removal("bob")), Err(Code::MemberUnknown));
    assert_eq!(trip.shown_to(trip.ann, "bob"), Some(MemberStatus::Left));
}

#[test]
fn a24_who_is_unbanned_can_be_invited_and_comes_back() {
    let mut trip = Trip::of(&["bob"]);
    trip.does(trip.ann, trip.ban("bob")).unwrap();
    assert_eq!(trip.status(trip.bob), Some(MemberStatus::Banned));
    assert_eq!(trip.does(trip.ann, trip.invite("bob")), Err(Code::MemberBanned));
    trip.does(trip.ann, UnbanMember { conversation: trip.group, account: account("bob") }).unwrap();
    trip.does(trip.ann, trip.invite("bob")).unwrap();
    trip.asks(trip.bob, MembershipAction::Accept);
    assert_eq!((trip.status(trip.bob), trip.refused(trip.bob)), (Some(MemberStatus::Active), vec![]));
    trip.says(trip.bob, "all is forgiven");
}

#[test]
fn a10_a_detail_tells_what_each_role_may_do_and_which_one_is_the_own() {
    let mut trip = Trip::of(&["bob"]);
    trip.look(trip.bob);
    for (device, role) in [(trip.ann, Role::Owner), (trip.bob, Role::Member)] {
        let detail = &trip.world.client(device).screen.details[&trip.group];
        let ranks: Vec<u8> = detail.roles.iter().map(|row| row.rank).collect();
        assert_eq!(ranks, [100, 75, 50, 25, 10], "device {device}");
        let own = detail.roles.iter().find(|row| row.name == role).unwrap();
        assert_eq!((detail.role.as_ref(), detail.permissions), (Some(&role), own.permissions));
        assert_eq!(detail.permissions.holds(Permission::MemberRole), role == Role::Owner);
    }
}

#[test]
fn a23_a_role_that_is_changed_is_changed_for_all_who_have_it() {
    let mut trip = Trip::of(&["bob"]);
    let (bob, carl) = (trip.bob, trip.adds("carl", Role::Member));
    let name = RoleName::parse("planner").unwrap();
    let define = |trip: &mut Trip, permissions: &[Permission]| {
        let role = RoleDefinition { rank: 30, permissions: permissions.iter().copied().collect() };
        let define = DefineRole { conversation: trip.group, name: name.clone(), role: Some(role) };
        trip.does(trip.ann, define).unwrap();
    };
    define(&mut trip, &[Permission::MessageSend, Permission::ConversationInfo]);
    for other in ["bob", "carl"] {
        let role = Role::Custom(name.clone());
        trip.does(trip.ann, ChangeRole { conversation: trip.group, account: account(other), role }).unwrap();
    }
    for device in [bob, carl] {
        trip.does(device, trip.title(&format!("by {device}"))).unwrap();
    }
    define(&mut trip, &[Permission::MessageSend]);
    for device in [bob, carl] {
        assert_eq!(trip.does(device, trip.title("too late")), Err(Code::PermissionDenied), "device {device}");
        trip.says(device, "but I may speak");
    }
}

#[test]
fn a14_who_began_a_conversation_is_an_owner_like_any_other() {
    let mut trip = Trip::of(&["bob"]);
    let conversation = trip.group;
    let carl = trip.adds("carl", Role::Admin);
    assert_eq!(trip.does(carl, trip.removal("ann")), Err(Code::RankTooLow));
    trip.does(trip.ann, ChangeRole { conversation, account: account("bob"), role: Role::Owner }).unwrap();
    assert_eq!(trip.does(trip.bob, trip.removal("ann")), Err(Code::RankTooLow));
    assert_eq!(trip.does(trip.ann, trip.removal("bob")), Err(Code::RankTooLow));
    let step_down = ChangeRole { conversation, account: account("ann"), role: Role::Admin };
    trip.does(trip.ann, step_down).unwrap();
    trip.does(trip.bob, trip.removal("ann")).unwrap();
    assert_eq!(trip.status(trip.ann), Some(MemberStatus::Removed));
}

#[test]
fn a21_what_is_deleted_shows_its_words_to_nobody() {
    let mut trip = Trip::of(&["bob"]);
    trip.look(trip.bob);
    let message = trip.says(trip.ann, "expected words");
    assert_eq!(trip.world.client(trip.bob).screen.texts(trip.group), ["expected words"]);
    trip.does(trip.ann, PinMessage { conversation: trip.group, message: message.clone() }).unwrap();
    trip.does(trip.ann, DeleteMessage { conversation: trip.group, message: message.clone() }).unwrap();
    // Nor to a device that comes later.
    let tablet = trip.world.add("bob");
    trip.settle();
    trip.look(tablet);
    for device in [trip.ann, trip.bob, tablet] {
        let row = trip.world.client(device).screen.timelines[&trip.group][&message].clone();
        assert_eq!((&row.content, row.deleted_by), (&None, Some(account("ann"))), "device {device}");
        let last = trip.world.client(device).screen.inbox[&trip.group].last_message.clone();
        assert_eq!(last.and_then(|last| last.preview), None, "device {device}");
        let pins = &trip.world.client(device).screen.details[&trip.group].pins;
        assert_eq!(pins.iter().map(|pin| &pin.preview).collect::<Vec<_>>(), [&None], "device {device}");
    }
}

#[test]
fn v8_what_is_deleted_shows_no_reactions() {
    let mut trip = Trip::of(&["bob"]);
    trip.look(trip.bob);
    let (conversation, message) = (trip.group, trip.says(trip.ann, "hello"));
    trip.does(trip.bob, React { conversation, message: message.clone(), emoji: "👍".into() }).unwrap();
    let reactions = |trip: &mut Trip| {
        let screens = [trip.ann, trip.bob].map(|device| &trip.world.clients()[device].screen);
        screens.map(|screen| screen.timelines[&conversation][&message].reactions.len())
    };
    assert_eq!(reactions(&mut trip), [1, 1]);
    trip.does(trip.ann, DeleteMessage { conversation, message: message.clone() }).unwrap();
    assert_eq!(reactions(&mut trip), [0, 0]);
    let unreact = Unreact { conversation, message: message.clone(), emoji: "👍".into() };
    assert_eq!(trip.does(trip.bob, unreact), Err(Code::MessageDeleted), "which is why");
}

#[test]
fn a21_what_was_never_said_is_not_deleted() {
    let mut trip = Trip::of(&["bob"]);
    let mut message = trip.says(trip.ann, "the only one");
    message.author = account("bob");
    assert_eq!(trip.does(trip.bob, DeleteMessage { conversation: trip.group, message }), Err(Code::MessageUnknown));
    assert_eq!(trip.unread(trip.bob), 1);
}

#[test]
fn e3_a_message_has_the_id_that_its_device_gave_it_on_every_device() {
    let mut trip = Trip::of(&["bob"]);
    let tablet = trip.world.add("ann");
    trip.settle();
    trip.look(tablet);
    trip.look(trip.bob);
    trip.world.set_network(trip.ann, false);
    let request = trip.world.command(trip.ann, SendMessage::new(trip.group, "first"));
    let given = trip.world.client(trip.ann).screen.answers[&request].clone().unwrap().1.unwrap();
    trip.world.set_network(trip.ann, true);
    trip.settle();
    for device in [trip.ann, tablet, trip.bob] {
        let rows = trip.world.client(device).screen.rows(trip.group);
        assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&given], "device {device}");
    }
}

#[test]
fn b12_what_is_so_already_is_not_written_again() {
    let mut trip = Trip::of(&["bob"]);
    trip.does(trip.ann, trip.title("To the sea")).unwrap();
    let entries = trip.entries();
    for _ in 0..2 {
        trip.does(trip.ann, trip.title("To the sea")).unwrap();
    }
    assert_eq!((trip.entries(), trip.refused(trip.ann)), (entries, vec![]));
}

#[test]
fn a10_a_name_is_for_those_who_may_describe_the_conversation() {
    let mut trip = Trip::of(&["bob"]);
    let carl = trip.adds("carl", Role::Admin);
    let conversation = trip.group;
    let name = |text: Option<&str>| SetInfo { conversation, field: InfoField::Name, text: text.map(str::to_owned) };
    assert_eq!(trip.does(trip.bob, name(Some("bobs"))), Err(Code::PermissionDenied));
    trip.does(carl, name(Some("carls"))).unwrap();
    assert_eq!(trip.does(trip.bob, name(None)), Err(Code::PermissionDenied));
    trip.does(trip.ann, name(None)).unwrap();
    assert_eq!(trip.world.client(carl).screen.details[&conversation].name, None);
    let entries = trip.entries();
    trip.does(carl, name(None)).unwrap();
    assert_eq!(trip.entries(), entries, "there is none to remove");
}

#[test]
fn l4_the_directory_shows_a_description_and_is_not_searched_by_it() {
    let mut trip = Trip::of_ann();
    let conversation = trip.publishes("test", Some("Test Name"), Some("About wombles"));
    assert!(trip.found("wombles").is_empty());
    let rows = trip.found("test");
    assert_eq!(rows.iter().map(|row| row.conversation).collect::<Vec<_>>(), [conversation]);
    assert_eq!(rows[0].listing.description.as_deref(), Some("About wombles"));
}

#[test]
fn l4_the_directory_tells_of_each_what_it_is_called_in_any_script() {
    let mut trip = Trip::of_ann();
    let called = [
        ("no-title", None, None),
        ("with-title", Some("title_1"), None),
        ("with-description", None, Some("description_1")),
        ("with-both", Some("title_2"), Some("description_2")),
        ("french", Some("un nom français"), Some("une description à la française")),
    ];
    for (name, title, description) in called {
        let conversation = trip.publishes(name, title, description);
        let rows = trip.found(&format!("@{name}"));
        let [row] = &rows[..] else { panic!("{name}: {rows:?}") };
        assert_eq!((row.conversation, row.member_count, row.status), (conversation, 1, None), "{name}");
        assert_eq!((row.listing.name.as_deref(), row.title.as_deref()), (Some(name), title));
        assert_eq!(row.listing.description.as_deref(), description, "{name}");
        assert_eq!((row.listing.join, row.listing.join_approval), (JoinPolicy::InviteOnly, false), "{name}");
    }
    assert_eq!(trip.found("FRANÇAIS").len(), 1);
}

#[test]
fn v40_messages_tell_which_thread_was_written_in_last() {
    let mut trip = Trip::of(&["bob"]);
    trip.look(trip.bob);
    let starts = ["one", "two"].map(|text| trip.says(trip.ann, text));
    let thread = trip.replies(trip.ann, &starts[0], "reply to one");
    trip.replies(trip.ann, &starts[1], "reply to two");
    let by_last_reply = |trip: &mut Trip| {
        let rows = trip.world.client(trip.bob).screen.rows(trip.group);
        let mut threads: Vec<_> = rows.iter().filter_map(|row| Some((row.thread.clone()?, row.text()))).collect();
        threads.sort_by_key(|(thread, _)| core::cmp::Reverse(thread.last_reply_at));
        threads.into_iter().map(|(thread, start)| (start.to_owned(), thread.replies)).collect::<Vec<_>>()
    };
    assert_eq!(by_last_reply(&mut trip), [("two".to_owned(), 1), ("one".to_owned(), 1)]);
    trip.does(trip.ann, SendMessage { thread: Some(thread), ..SendMessage::new(trip.group, "again") }).unwrap();
    assert_eq!(by_last_reply(&mut trip), [("one".to_owned(), 2), ("two".to_owned(), 1)]);
}

#[test]
fn v40_edits_and_reactions_are_no_replies() {
    let mut trip = Trip::of(&["bob"]);
    let (ann, conversation, root) = (trip.ann, trip.group, trip.says(trip.ann, "root"));
    let thread = trip.replies(ann, &root, "reply");
    let reply = trip.world.client(ann).screen.rows(thread)[0].id.clone();
    for message in [&root, &reply] {
        let edit = EditMessage { conversation, message: message.clone(), content: "edited".into() };
        trip.does(ann, edit).unwrap();
        trip.does(ann, React { conversation, message: message.clone(), emoji: "👍".into() }).unwrap();
    }
    let screen = &trip.world.client(ann).screen;
    for (timeline, message) in [(conversation, &root), (thread, &reply)] {
        let row = &screen.timelines[&timeline][message];
        assert_eq!((row.text(), row.reactions.len()), ("edited", 1));
    }
    let shown = screen.timelines[&conversation][&root].thread.clone().unwrap();
    assert_eq!((shown.replies, shown.participants), (1, vec![account("ann")]));
}

#[test]
fn v4_what_is_said_in_threads_is_not_unread_in_their_conversation() {
    let mut trip = Trip::of(&["bob"]);
    let (ann, bob, conversation) = (trip.ann, trip.bob, trip.group);
    trip.look(bob);
    let first = trip.says(ann, "hello world");
    let thread = trip.replies(ann, &first, "start of the thread");
    let mentions = vec![account("bob")];
    let to_bob = SendMessage { mentions, ..SendMessage::new(conversation, "hello bob") };
    trip.does(ann, SendMessage { thread: Some(thread), ..to_bob.clone() }).unwrap();
    trip.does(ann, to_bob).unwrap();
    trip.does(ann, SendMessage { thread: Some(thread), ..SendMessage::new(conversation, "end") }).unwrap();
    let reply = SendMessage { reply_to: Some(first), ..SendMessage::new(conversation, "a reply") };
    let reply = trip.does(ann, reply).unwrap().1.unwrap();
    trip.does(ann, React { conversation, message: reply, emoji: "👍".into() }).unwrap();
    assert_eq!(trip.unread(bob), 3, "neither what is in the thread, nor a reaction");
    // To have seen the thread moves no register.
    trip.world.input(bob, Input::OpenThread { conversation, thread });
    trip.settle();
    trip.world.input(bob, Input::MarkRead(thread));
    trip.settle();
    assert_eq!(trip.unread(bob), 3);
    trip.world.input(bob, Input::MarkRead(conversation));
    trip.settle();
    assert_eq!(trip.unread(bob), 0);
    trip.does(ann, SendMessage { thread: Some(thread), ..SendMessage::new(conversation, "one more") }).unwrap();
    assert_eq!(trip.unread(bob), 0);
    // The server counts alike.
    let new = trip.world.add("bob");
    trip.settle();
    assert_eq!(trip.unread(new), 0);
}
