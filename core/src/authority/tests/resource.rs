//! Resource conversations between a client and the owner of a resource.

use super::*;
use crate::model::{LeadOpened, LeadOutcome, LeadStage, Resource, Scope};

fn flat() -> Resource {
    Resource {
        id: "flat 7".to_owned(),
        title: Some("Seven rooms by the sea".to_owned()),
        client: account("ann"),
        client_name: Some("Ann".to_owned()),
        owner: account("bob"),
        owner_name: None,
    }
}

/// No conversation yet, at the id of the flat's conversation with Ann.
fn empty() -> Fixture {
    let tenant = TenantId::parse("acme").unwrap();
    Fixture::new(ConversationId::resource(&tenant, "flat 7", &account("ann")))
}

/// The conversation about the flat, with Carl, who helps Bob as a member, and Dora, who only reads.
pub(super) fn begun() -> Fixture {
    let mut fixture = empty();
    fixture.push("ann", None, &about(Some(flat()))).unwrap();
    let helps = [("carl", Role::Member), ("dora", Role::Guest)].map(|(name, its_role)| {
        let added = [role(name, its_role), status(name, MemberStatus::Active)];
        fixture.push("bob", None, &added).map(drop)
    });
    assert_eq!(helps, [Ok(()), Ok(())]);
    fixture
}

pub(super) fn lead_opened(by: &str) -> LeadOpened {
    let (intent, contact_channel) = (Some("visit".to_owned()), Some("chat".to_owned()));
    LeadOpened { by: account(by), at: NOW, intent, contact_channel }
}

fn about(resource: Option<Resource>) -> Vec<Fact> {
    let created =
        Created { resource: resource.map(Box::new), ..Created::new(ConversationKind::Resource, account("ann"), NOW) };
    let mut facts = vec![Fact::Created(created), Fact::LeadOpened(1, lead_opened("ann"))];
    for (name, its_role) in [("ann", Role::Member), ("bob", Role::Owner)] {
        facts.extend([role(name, its_role), status(name, MemberStatus::Active)]);
    }
    facts
}

#[test]
fn a32_a_client_begins_the_conversation_about_a_resource_with_its_owner() {
    let mut fixture = empty();
    fixture.push("ann", None, &about(Some(flat()))).unwrap();
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    fixture.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    assert_eq!(fixture.stream.conversation().title(), Some("Seven rooms by the sea"));
    // The owner may add helpers; the client may not.
    let staff = |name| [role(name, Role::Admin), status(name, MemberStatus::Active)];
    fixture.check("ann", None, &staff("carl"), Err(Code::PermissionDenied));
    fixture.check("bob", None, &staff("carl"), Ok(()));
    // Created again on another device: nothing is left to do there.
    fixture.check("ann", None, &about(Some(Resource { title: None, ..flat() })), Err(Code::Stale));
    // It cannot be found publicly, whatever its scope says.
    fixture.push("bob", None, &[Fact::Scope(Scope::Public)]).unwrap();
    assert_eq!(fixture.stream.conversation().listing(), None);
}

#[test]
fn a107_what_a_resource_is_called_now_is_for_those_to_say_who_may_describe_its_conversation() {
    let mut fixture = begun();
    let called = |title: &str| [Fact::Info(InfoField::ResourceTitle, Some(title.to_owned()))];
    fixture.check("ann", None, &called("Mine"), Err(Code::PermissionDenied));
    fixture.check("carl", None, &called("Mine"), Err(Code::PermissionDenied));
    fixture.check("bob", None, &called(&"x".repeat(201)), Err(Code::TextTooLong));
    fixture.push("bob", None, &called("Eight rooms by the sea")).unwrap();
    assert_eq!(fixture.stream.conversation().title(), Some("Eight rooms by the sea"));
    // A title of its own stands, whatever its resource is called.
    let title = |title: Option<&str>| [Fact::Info(InfoField::Title, title.map(str::to_owned))];
    fixture.push("bob", None, &title(Some("For Ann"))).unwrap();
    fixture.push("bob", None, &called("Nine rooms")).unwrap();
    let conversation = fixture.stream.conversation();
    assert_eq!((conversation.title(), conversation.resource_title()), (Some("For Ann"), Some("Nine rooms")));
    fixture.push("bob", None, &title(None)).unwrap();
    assert_eq!(fixture.stream.conversation().title(), Some("Nine rooms"));
    // Nor does it matter that the conversation is over.
    let closed = [Fact::State(ConversationState::Closed), Fact::LeadStage(1, LeadStage::closed(LeadOutcome::Won))];
    fixture.push("bob", None, &closed).unwrap();
    fixture.check("bob", None, &title(Some("For Ann")), Err(Code::ConversationClosed));
    fixture.check("ann", None, &called("Mine"), Err(Code::PermissionDenied));
    fixture.push("bob", None, &called("Ten rooms")).unwrap();
    // Nothing else is about a resource.
    let mut group = Fixture::new(ConversationId::from_bytes([7; 16]));
    let begun =
        [created(ConversationKind::Group, "ann"), role("ann", Role::Owner), status("ann", MemberStatus::Active)];
    let with_resource = [&begun[..], &called("Mine")[..]].concat();
    group.check("ann", None, &with_resource, Err(Code::WrongKind));
    group.push("ann", None, &begun).unwrap();
    group.check("ann", None, &called("Mine"), Err(Code::WrongKind));
}

#[test]
fn a32_a_resource_conversation_is_the_clients_own_and_about_one_resource() {
    let check = |by: &str, resource: Option<Resource>, code| empty().check(by, None, &about(resource), Err(code));
    let tenant = TenantId::parse("acme").unwrap();
    let named = |id: String, code| {
        let fixture = Fixture::new(ConversationId::resource(&tenant, &id, &account("ann")));
        fixture.check("ann", None, &about(Some(Resource { id, ..flat() })), code);
    };
    named("x".repeat(64), Ok(()));
    named("x".repeat(65), Err(Code::TextTooLong));
    named(String::new(), Err(Code::ValueInvalid));
    check("ann", None, Code::WrongKind);
    check("bob", Some(flat()), Code::NotTheAuthor);
    check("ann", Some(Resource { client: account("zoe"), ..flat() }), Code::NotTheAuthor);
    check("ann", Some(Resource { owner: account("ann"), ..flat() }), Code::ValueInvalid);
    check("ann", Some(Resource { owner: account("zoe"), ..flat() }), Code::ValueInvalid);
    check("ann", Some(Resource { id: "flat 8".to_owned(), ..flat() }), Code::IdInvalid);
    check("ann", Some(Resource { title: Some("x".repeat(201)), ..flat() }), Code::TextTooLong);
    check("ann", Some(Resource { owner_name: Some("x".repeat(121)), ..flat() }), Code::TextTooLong);
    let more = |fact| {
        let facts = [about(Some(flat())), vec![fact]].concat();
        empty().check("ann", None, &facts, Err(Code::WrongKind));
    };
    more(Fact::Info(InfoField::Title, Some("Mine".into())));
    more(Fact::Scope(Scope::Public));
    let mut owns = about(Some(flat()));
    (owns[2], owns[4]) = (role("ann", Role::Owner), role("bob", Role::Member));
    empty().check("ann", None, &owns, Err(Code::ValueInvalid));
    // It begins with the client's first lead.
    let with_lead = |lead: Option<Fact>, code| {
        let mut facts = about(Some(flat()));
        facts.splice(1..2, lead);
        empty().check("ann", None, &facts, Err(code));
    };
    with_lead(None, Code::LeadInvalid);
    with_lead(Some(Fact::LeadOpened(2, lead_opened("ann"))), Code::LeadInvalid);
    with_lead(Some(Fact::LeadOpened(1, lead_opened("bob"))), Code::LeadInvalid);
    let long = LeadOpened { intent: Some("x".repeat(65)), ..lead_opened("ann") };
    with_lead(Some(Fact::LeadOpened(1, long)), Code::TextTooLong);
    // No other kind is about a resource, or has a lead.
    let group =
        Created { resource: Some(Box::new(flat())), ..Created::new(ConversationKind::Group, account("ann"), NOW) };
    let facts = [Fact::Created(group), role("ann", Role::Owner), status("ann", MemberStatus::Active)];
    empty().check("ann", None, &facts, Err(Code::WrongKind));
    let group =
        [created(ConversationKind::Group, "ann"), role("ann", Role::Owner), status("ann", MemberStatus::Active)];
    let facts = [&group[..], &[Fact::LeadOpened(1, lead_opened("ann"))]].concat();
    Fixture::new(ConversationId::from_bytes([7; 16])).check("ann", None, &facts, Err(Code::OperationIllegal));
}
