//! Conversations about a resource: stories of a client with two devices and an
//! owner, through the real engine and the real server on a virtual network.

use core::time::Duration;

use tidings_core::{
    api::TimelineRow,
    code::Code,
    command::{
        CreateResource, DeleteMessage, FinalizeLead, LeaveConversation, SendMessage, SetInfo, SetMemberText,
        SetProfile, SetState,
    },
    engine::{Input, ListPage, OwnPage},
    ids::{AccountId, ConversationId, MessageId, TenantId},
    limits::Limits,
    model::{
        Content, ConversationKind, ConversationState, InfoField, LeadOutcome, MemberField, OwnQuery, Profile, Query,
        Role,
        content::{MeetingKind, Proposal, ProposalKind, ProposalResponse, ProposalStatus, ResponseKind},
    },
    time::WallTime,
};
use tidings_tests::sim::world::{Device, World};

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn of_bob(resource: &str) -> CreateResource {
    CreateResource { title: Some(format!("The {resource}")), ..CreateResource::new(resource, account("bob")) }
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

/// Ann asks Bob about a flat; both look at it.
fn negotiation(seed: u64) -> (World, Device, Device, ConversationId) {
    let mut world = World::new(seed, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let conversation = asks(&mut world, ann, "flat 7", "may I see it?");
    world.input(bob, Input::OpenConversation(conversation));
    assert!(world.settle_ms(60_000));
    (world, ann, bob, conversation)
}

fn visit(text: &str, expires_at: Option<WallTime>) -> Content {
    Proposal {
        text: Some(text.into()),
        proposal_type: ProposalKind::Visit,
        time_start: WallTime::from_millis(4_000_000_000_000),
        time_end: WallTime::from_millis(4_000_001_800_000),
        timezone: "America/Mexico_City".into(),
        meeting_type: Some(MeetingKind::OnSite),
        location: None,
        from_resource_address: true,
        expires_at,
        created_by_role: None,
    }
    .into()
}

fn response(proposal: &MessageId, response: ResponseKind) -> Content {
    let (proposal, suggested_slots) = (proposal.clone(), Vec::new());
    ProposalResponse { comment: None, proposal, page: 0, response, suggested_slots }.into()
}

/// The newest row that proposes something.
fn proposal(world: &World, device: Device, conversation: ConversationId) -> TimelineRow {
    let rows = world.clients()[device].screen.rows(conversation);
    let is_proposal = |row: &&&TimelineRow| matches!(row.content, Some(Content::Proposal(_)));
    (*rows.iter().rev().find(is_proposal).expect("a proposal is shown")).clone()
}

fn status(world: &World, device: Device, conversation: ConversationId) -> ProposalStatus {
    proposal(world, device, conversation).proposal.expect("what became of it is shown").status
}

#[test]
fn a102_a_client_accepts_offline_what_was_taken_back_meanwhile_and_loses_no_words() {
    let (mut world, ann, bob, conversation) = negotiation(21);
    world.command(bob, SendMessage::new(conversation, visit("at four?", None)));
    assert!(world.settle_ms(60_000));
    assert_eq!(status(&world, ann, conversation), ProposalStatus::Pending);
    world.set_network(ann, false);
    let offered = proposal(&world, ann, conversation).id;
    world.command(ann, SendMessage::new(conversation, response(&offered, ResponseKind::Accept)));
    world.run_ms(500);
    assert_eq!(status(&world, ann, conversation), ProposalStatus::Accepted, "assumed offline");
    assert_eq!(status(&world, bob, conversation), ProposalStatus::Pending);
    world.command(bob, DeleteMessage { conversation, message: offered });
    world.run_ms(2_000);
    world.set_network(ann, true);
    assert!(world.settle_ms(60_000));
    let refused: Vec<Code> = world.clients()[ann].screen.refused.values().map(|row| row.code).collect();
    assert_eq!(refused, [Code::MessageDeleted]);
}

#[test]
fn a102_of_two_devices_of_a_client_the_first_response_settles_and_the_other_is_kept() {
    let (mut world, phone, bob, conversation) = negotiation(22);
    let tablet = world.add("ann");
    world.input(tablet, Input::OpenConversation(conversation));
    world.command(bob, SendMessage::new(conversation, visit("at four?", None)));
    assert!(world.settle_ms(60_000));
    let offered = proposal(&world, bob, conversation).id;
    world.set_network(tablet, false);
    world.command(tablet, SendMessage::new(conversation, response(&offered, ResponseKind::Reject)));
    world.command(phone, SendMessage::new(conversation, response(&offered, ResponseKind::Accept)));
    assert!(world.settle_ms(60_000));
    assert_eq!(status(&world, bob, conversation), ProposalStatus::Accepted);
    assert_eq!(status(&world, tablet, conversation), ProposalStatus::Rejected, "assumed, until the server says");
    world.set_network(tablet, true);
    assert!(world.settle_ms(60_000));
    for device in [phone, tablet, bob] {
        assert_eq!(status(&world, device, conversation), ProposalStatus::Accepted, "device {device}");
    }
    let refused: Vec<Code> = world.clients()[tablet].screen.refused.values().map(|row| row.code).collect();
    assert_eq!(refused, [Code::ProposalSettled]);
}

#[test]
fn a103_a_proposal_that_nobody_answers_expires_on_every_screen_by_itself() {
    let (mut world, ann, bob, conversation) = negotiation(23);
    let end = world.now().wall.plus(Duration::from_secs(20));
    world.command(bob, SendMessage::new(conversation, visit("now or never", Some(end))));
    world.run_ms(5_000);
    assert_eq!(status(&world, ann, conversation), ProposalStatus::Pending);
    world.run_ms(20_000);
    for device in [ann, bob] {
        assert_eq!(status(&world, device, conversation), ProposalStatus::Expired, "device {device}");
    }
}

#[test]
fn a107_a_resource_and_its_parties_are_shown_as_they_are_called_now() {
    let (mut world, ann, bob, conversation) = negotiation(25);
    let shown = |world: &World, device: Device| {
        let screen = &world.clients()[device].screen;
        let resource = screen.details[&conversation].resource.clone().unwrap();
        (screen.inbox[&conversation].title.clone().unwrap(), resource.title.unwrap(), resource.client_name)
    };
    for device in [ann, bob] {
        assert_eq!(shown(&world, device), ("The flat 7".into(), "The flat 7".into(), None));
    }
    let text = Some("The flat with a garden".to_owned());
    world.command(bob, SetInfo { conversation, field: InfoField::ResourceTitle, text });
    let profile = Profile { display_name: Some("Ann Lee".to_owned()), ..Profile::default() };
    world.command(ann, SetProfile { profile, account: None });
    assert!(world.settle_ms(60_000));
    let garden = || "The flat with a garden".to_owned();
    for device in [ann, bob] {
        assert_eq!(shown(&world, device), (garden(), garden(), Some("Ann Lee".into())), "device {device}");
    }
    // What she is called in this conversation alone stands before that.
    let text = Some("Annie".to_owned());
    world.command(ann, SetMemberText { conversation, field: MemberField::DisplayName, text });
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        assert_eq!(shown(&world, device).2, Some("Annie".into()), "device {device}");
    }
}

#[test]
fn a107_a_name_that_only_the_beginning_had_goes_with_whose_it_was() {
    let mut world = World::new(26, Limits::default());
    let (ann, bob) = (world.add("ann"), world.add("bob"));
    let command = CreateResource { client_name: Some("Ann".to_owned()), ..of_bob("flat 7") };
    let request = world.command(ann, command);
    world.run_ms(500);
    let conversation = world.client(ann).screen.answers[&request].clone().unwrap().0.unwrap();
    world.input(bob, Input::OpenConversation(conversation));
    assert!(world.settle_ms(60_000));
    let shown =
        |world: &World| world.clients()[bob].screen.details[&conversation].resource.clone().unwrap().client_name;
    assert_eq!(shown(&world), Some("Ann".into()));
    world.command(ann, LeaveConversation { conversation });
    assert!(world.settle_ms(60_000));
    assert_eq!(shown(&world), None);
}

#[test]
fn a105_a_client_who_writes_offline_reopens_and_sees_so_at_once() {
    let (mut world, ann, bob, conversation) = negotiation(24);
    let state = |world: &World, device: Device| world.clients()[device].screen.inbox[&conversation].state;
    let lead = |world: &World, device: Device| {
        let lead = world.clients()[device].screen.details[&conversation].lead.clone().unwrap();
        (lead.number, lead.stage.as_str().to_owned(), lead.is_archived)
    };
    assert_eq!(lead(&world, ann), (1, "open".into(), false));
    let (outcome, reason) = (LeadOutcome::Lost, Some("rented to somebody else".to_owned()));
    world.command(bob, FinalizeLead { conversation, outcome, reason });
    assert!(world.settle_ms(60_000));
    assert_eq!((state(&world, ann), lead(&world, ann)), (ConversationState::Closed, (1, "closed_lost".into(), false)));
    world.set_network(ann, false);
    world.command(ann, SendMessage::new(conversation, "is it free again?"));
    world.run_ms(500);
    assert_eq!((state(&world, ann), lead(&world, ann)), (ConversationState::Active, (2, "open".into(), false)));
    assert_eq!(state(&world, bob), ConversationState::Closed);
    world.set_network(ann, true);
    assert!(world.settle_ms(60_000));
    for device in [ann, bob] {
        assert_eq!(state(&world, device), ConversationState::Active, "device {device}");
        assert_eq!(lead(&world, device), (2, "open".into(), false), "device {device}");
        assert!(world.clients()[device].screen.refused.is_empty(), "device {device}");
    }
    // Archived: the same lead goes on.
    world.command(bob, SetState { conversation, state: ConversationState::Archived });
    assert!(world.settle_ms(60_000));
    assert_eq!(lead(&world, ann), (2, "open".into(), true));
    world.command(ann, SendMessage::new(conversation, "one more thing"));
    assert!(world.settle_ms(60_000));
    assert_eq!((state(&world, bob), lead(&world, bob)), (ConversationState::Active, (2, "open".into(), false)));
}
