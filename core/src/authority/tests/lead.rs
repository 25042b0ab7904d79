//! Leads: their stages, and the effect of a client's message on them.

use super::{
    resource::{begun, lead_opened},
    *,
};
use crate::model::{Lead, LeadOutcome, LeadStage};

fn stage(number: u32, name: &str) -> Fact {
    Fact::LeadStage(number, LeadStage::parse(name).unwrap())
}

fn archive() -> [Fact; 2] {
    [Fact::State(ConversationState::Archived), Fact::LeadArchived(1, true)]
}

fn finalize(outcome: LeadOutcome) -> [Fact; 2] {
    [Fact::State(ConversationState::Closed), Fact::LeadStage(1, LeadStage::closed(outcome))]
}

impl Fixture {
    fn lead(&self) -> &Lead {
        self.stream.conversation().lead().unwrap()
    }

    fn state(&self) -> ConversationState {
        self.stream.conversation().state()
    }

    /// Writes what is due, and checks that the document states it.
    fn follow_reopening(&mut self) {
        let system = Session::system(self.stream.tenant().clone(), self.stream.id());
        for due in self.stream.consequences() {
            let change = self.stream.compose(system.device, &due.document, NOW, &due.facts).unwrap();
            let pushed = PushedChange { document: due.document, change: change.bytes().to_vec() };
            self.admit(&system, &pushed).unwrap();
        }
        let document = self.stream.document(&self.document(None)).unwrap();
        assert_eq!(Conversation::read(document), *self.stream.conversation(), "nothing is assumed any more");
    }
}

#[test]
fn a104_a_lead_goes_with_its_conversation() {
    let fixture = begun();
    let check = |name: &str, facts: &[Fact], code: Option<Code>| {
        fixture.check(name, None, facts, code.map_or(Ok(()), Err));
    };
    check("bob", &archive(), None);
    check("bob", &finalize(LeadOutcome::Won), None);
    check("bob", &finalize(LeadOutcome::Lost), None);
    check("bob", &[stage(1, "visit_planned")], None);
    let with_reason =
        |reason: String| [&finalize(LeadOutcome::Lost)[..], &[Fact::LeadClosureReason(1, Some(reason))]].concat();
    check("bob", &with_reason("x".repeat(500)), None);
    check("bob", &with_reason("x".repeat(501)), Some(Code::TextTooLong));
    for unfit in [
        &[Fact::State(ConversationState::Archived)][..],
        &[Fact::State(ConversationState::Closed)],
        &[Fact::State(ConversationState::Closed), stage(1, "visit_planned")],
        &[stage(1, "closed_won")],
        &[Fact::LeadArchived(1, true)],
        &[Fact::State(ConversationState::Archived), Fact::LeadArchived(1, true), stage(1, "closed_lost")],
        &[stage(2, "visit_planned")],
        &[Fact::LeadOpened(2, lead_opened("bob"))],
    ] {
        check("bob", unfit, Some(Code::LeadInvalid));
    }
    // Staff may close, and archive if their role allows it; the client may do neither, and a reader nothing.
    check("carl", &finalize(LeadOutcome::Won), None);
    check("carl", &archive(), Some(Code::PermissionDenied));
    check("ann", &finalize(LeadOutcome::Won), Some(Code::PermissionDenied));
    check("ann", &[stage(1, "visit_planned")], Some(Code::PermissionDenied));
    check("dora", &finalize(LeadOutcome::Won), Some(Code::PermissionDenied));
    // A deletion does not affect the lead.
    check("bob", &[Fact::State(ConversationState::Deleted)], None);
}

#[test]
fn a104_the_owner_reopens_with_the_lead_or_a_new_one() {
    let mut fixture = begun();
    fixture.push("bob", None, &archive()).unwrap();
    let active = Fact::State(ConversationState::Active);
    fixture.check("bob", None, std::slice::from_ref(&active), Err(Code::LeadInvalid));
    fixture.check("bob", None, &[active.clone(), Fact::LeadArchived(1, false)], Ok(()));
    // An archived one can be closed directly.
    fixture.push("bob", None, &finalize(LeadOutcome::Lost)).unwrap();
    fixture.check("bob", None, std::slice::from_ref(&active), Err(Code::LeadInvalid));
    fixture.check("bob", None, &[active.clone(), Fact::LeadOpened(2, lead_opened("ann"))], Err(Code::NotTheAuthor));
    fixture.check("bob", None, &[active.clone(), Fact::LeadOpened(3, lead_opened("bob"))], Err(Code::LeadInvalid));
    fixture.push("bob", None, &[active, Fact::LeadOpened(2, lead_opened("bob"))]).unwrap();
    assert_eq!((fixture.lead().number, fixture.lead().stage.as_str()), (2, "open"));
    assert_eq!(fixture.stream.conversation().leads[&1].stage.as_str(), "closed_lost", "what came of the first stays");
}

#[test]
fn a105_a_message_of_the_client_reopens_what_is_archived() {
    let mut fixture = begun();
    fixture.push("bob", None, &[stage(1, "visit_planned")]).unwrap();
    fixture.push("bob", None, &archive()).unwrap();
    fixture.check("bob", Some(1), &[says(1, "bob")], Err(Code::ConversationArchived));
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    assert_eq!(fixture.state(), ConversationState::Active, "known before it is stated");
    // The next message of the same push finds it open.
    fixture.push("ann", Some(1), &[says(2, "ann")]).unwrap();
    fixture.follow_reopening();
    assert_eq!((fixture.lead().is_archived, fixture.lead().stage.as_str()), (false, "visit_planned"));
    fixture.check("bob", Some(1), &[says(3, "bob")], Ok(()));
    // An edit or a reaction reopens nothing.
    fixture.push("bob", None, &archive()).unwrap();
    fixture.check("ann", Some(1), &[edit(1, "ann")], Err(Code::ConversationArchived));
}

#[test]
fn a105_a_message_of_the_client_opens_a_new_lead_where_the_last_one_was_closed() {
    let mut fixture = begun();
    fixture.push("carl", None, &finalize(LeadOutcome::Won)).unwrap();
    fixture.check("bob", Some(1), &[says(1, "bob")], Err(Code::ConversationClosed));
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    fixture.follow_reopening();
    assert_eq!(fixture.state(), ConversationState::Active);
    let lead = fixture.lead();
    assert_eq!((lead.number, lead.opened_by.as_str(), lead.stage.as_str()), (2, "ann", "open"));
    assert_eq!(fixture.stream.conversation().leads[&1].stage.as_str(), "closed_won");
}

#[test]
fn a105_what_is_locked_or_deleted_is_reopened_by_nobody() {
    let mut fixture = begun();
    fixture.push("bob", None, &[Fact::Locked(true)]).unwrap();
    fixture.push("bob", None, &archive()).unwrap();
    fixture.check("ann", Some(1), &[says(1, "ann")], Err(Code::ConversationLocked));
    fixture.push("bob", None, &[Fact::State(ConversationState::Deleted)]).unwrap();
    fixture.check("ann", Some(1), &[says(1, "ann")], Err(Code::ConversationDeleted));
}

#[test]
fn a106_the_system_reopens_only_where_the_client_wrote() {
    let mut fixture = begun();
    fixture.push("bob", None, &archive()).unwrap();
    let system = Session::system(fixture.stream.tenant().clone(), fixture.stream.id());
    let reopens = [Fact::State(ConversationState::Active), Fact::LeadArchived(1, false)];
    let as_system = |fixture: &Fixture, facts: &[Fact]| fixture.clone().push_as(&system, None, facts).map(drop);
    assert_eq!(as_system(&fixture, &reopens), Err(Code::PermissionDenied));
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    assert_eq!(as_system(&fixture, &reopens[..1]), Err(Code::PermissionDenied));
    assert_eq!(as_system(&fixture, &reopens), Ok(()));
    let closes = [Fact::State(ConversationState::Closed)];
    assert_eq!(as_system(&fixture, &closes), Err(Code::PermissionDenied));
}

#[test]
fn a106_a_reopening_is_stated_in_a_document_without_room() {
    let mut fixture = begun();
    fixture.push("bob", None, &archive()).unwrap();
    let changes = fixture.stream.document(&fixture.document(None)).unwrap().changes();
    (fixture.limits.document_changes_soft, fixture.limits.document_changes_max) = (changes, changes);
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    fixture.follow_reopening();
    assert_eq!((fixture.state(), fixture.lead().is_archived), (ConversationState::Active, false));
    fixture.check("bob", None, &archive(), Err(Code::DocumentFull));
}

/// What it states of a lead that is not yet stated to be open would be lost.
#[test]
fn a106_nobody_speaks_of_the_state_or_the_lead_between_a_message_and_its_reopening() {
    let mut fixture = begun();
    fixture.push("bob", None, &finalize(LeadOutcome::Won)).unwrap();
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    let archive = [Fact::State(ConversationState::Archived), Fact::LeadArchived(2, true)];
    for facts in [&archive[..], &[stage(2, "visit_planned")]] {
        assert_eq!(fixture.clone().push("bob", None, facts).err(), Some(Code::Stale), "{facts:?}");
    }
    fixture.clone().push("bob", None, &[Fact::Info(InfoField::Title, Some("Boats".to_owned()))]).unwrap();
    fixture.follow_reopening();
    fixture.push("bob", None, &archive).unwrap();
    assert_eq!((fixture.lead().number, fixture.lead().is_archived), (2, true));
}

/// A former member is not sent what follows from their last message.
#[test]
fn a106_a_reopening_that_does_not_arrive_is_assumed_no_more() {
    let mut fixture = begun();
    fixture.push("bob", None, &archive()).unwrap();
    assert!(!fixture.stream.drop_consequences(), "nothing is due");
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    assert_eq!(fixture.state(), ConversationState::Active);
    assert!(fixture.stream.drop_consequences());
    assert_eq!((fixture.state(), fixture.lead().is_archived), (ConversationState::Archived, true));
    assert!(fixture.stream.consequences().is_empty());
}

#[test]
fn a106_what_was_said_before_a_conversation_was_closed_does_not_reopen_it() {
    let mut fixture = begun();
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    let page = fixture.stream.document(&fixture.document(Some(1))).unwrap().clone();
    fixture.push("ann", Some(1), &[says(2, "ann")]).unwrap();
    let said = fixture.admitted.last().unwrap().clone();
    fixture.push("bob", None, &finalize(LeadOutcome::Won)).unwrap();
    // Loaded as of different positions: the conversation as it was closed, and the page before.
    fixture.stream.insert(page);
    fixture.stream.apply_entry(&said).unwrap().unwrap();
    assert_eq!(fixture.stream.consequences(), []);
    assert_eq!(fixture.state(), ConversationState::Closed);
}
