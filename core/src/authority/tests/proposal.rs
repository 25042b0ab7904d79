//! Proposals of an owner or their staff, and the client's responses.

use super::{resource::begun, *};
use crate::model::{
    Content, Party,
    content::{
        MeetingKind, Proposal, ProposalAnswer, ProposalKind, ProposalResponse, ProposalStatus, ResponseKind, Slot,
    },
};

const HOUR: u64 = 3_600_000;

fn hours(hours: u64) -> WallTime {
    WallTime::from_millis(NOW.as_millis() + hours * HOUR)
}

fn visit(party: Party) -> Proposal {
    Proposal {
        text: Some("A visit?".into()),
        proposal_type: ProposalKind::Visit,
        time_start: hours(24),
        time_end: hours(25),
        timezone: "America/Mexico_City".into(),
        meeting_type: Some(MeetingKind::OnSite),
        location: Some("Long Street 1".into()),
        from_resource_address: true,
        expires_at: Some(hours(12)),
        created_by_role: Some(party),
    }
}

fn response(to: MessageId, response: ResponseKind) -> ProposalResponse {
    ProposalResponse { comment: None, proposal: to, page: 1, response, suggested_slots: Vec::new() }
}

fn sends(number: u8, author: &str, content: impl Into<Content>) -> Fact {
    Fact::Message(message(number, author), MessageBody { content: content.into(), reply_to: None, mentions: None })
}

/// The flat's conversation, with proposal 1 of its owner.
fn proposed() -> Fixture {
    let mut fixture = begun();
    fixture.push("bob", Some(1), &[sends(1, "bob", visit(Party::Owner))]).unwrap();
    fixture
}

/// As `proposed`, and since then the next page has begun.
fn proposed_on_the_page_before() -> Fixture {
    let mut fixture = proposed();
    fixture.limits.page_changes_soft = 2;
    fixture.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    fixture.push("bob", Some(2), &[says(3, "bob")]).unwrap();
    fixture
}

fn respond(number: u8, kind: ResponseKind) -> Fact {
    sends(number, "ann", response(message(1, "bob"), kind))
}

impl Fixture {
    /// Admits what is due, as the server does after a submission.
    fn follow(&mut self) {
        let system = Session::system(self.stream.tenant().clone(), self.stream.id());
        for due in self.stream.consequences() {
            let change = self.stream.compose(system.device, &due.document, NOW, &due.facts).unwrap();
            let pushed = PushedChange { document: due.document, change: change.bytes().to_vec() };
            self.admit(&system, &pushed).unwrap();
        }
        assert_eq!(self.stream.consequences(), []);
    }

    fn status_of_proposal(&self, number: u8, at: WallTime) -> ProposalStatus {
        let proposal = message(number, "bob");
        let page = self.stream.page_of(&proposal).unwrap();
        let answer = self.stream.proposal_answer(page, &proposal);
        visit(Party::Owner).status(answer.as_ref(), at)
    }
}

#[test]
fn a100_the_owner_and_their_staff_propose() {
    let fixture = begun();
    fixture.check("bob", Some(1), &[sends(1, "bob", visit(Party::Owner))], Ok(()));
    fixture.check("carl", Some(1), &[sends(1, "carl", visit(Party::Staff))], Ok(()));
    fixture.check("ann", Some(1), &[sends(1, "ann", visit(Party::Client))], Err(Code::PermissionDenied));
    fixture.check("dora", Some(1), &[sends(1, "dora", visit(Party::Staff))], Err(Code::PermissionDenied));
    // As a party that is not their own.
    fixture.check("carl", Some(1), &[sends(1, "carl", visit(Party::Owner))], Err(Code::NotTheAuthor));
    let nobody = Proposal { created_by_role: None, ..visit(Party::Owner) };
    fixture.check("bob", Some(1), &[sends(1, "bob", nobody)], Err(Code::NotTheAuthor));
    // A tenant administrator may too, as their own party.
    let root = Session { administrator: true, ..session("root") };
    let as_root = |party| fixture.clone().push_as(&root, Some(1), &[sends(1, "root", visit(party))]).map(drop);
    assert_eq!(as_root(Party::Root), Ok(()));
    assert_eq!(as_root(Party::Owner), Err(Code::NotTheAuthor));
    // Nowhere else.
    let group = Fixture::group();
    group.check("ow", Some(1), &[sends(9, "ow", visit(Party::Owner))], Err(Code::WrongKind));
    group.check(
        "me",
        Some(1),
        &[sends(9, "me", response(message(1, "mo"), ResponseKind::Accept))],
        Err(Code::WrongKind),
    );
}

#[test]
fn a100_a_proposal_says_when_where_and_how() {
    let fixture = begun();
    let check = |proposal, code: Option<Code>| {
        fixture.check("bob", Some(1), &[sends(1, "bob", proposal)], code.map_or(Ok(()), Err));
    };
    let good = visit(Party::Owner);
    check(Proposal { time_end: good.time_start, ..good.clone() }, Some(Code::ValueInvalid));
    check(Proposal { meeting_type: None, ..good.clone() }, Some(Code::ValueInvalid));
    let booking = Proposal { proposal_type: ProposalKind::BookingManual, meeting_type: None, ..good.clone() };
    check(booking, None);
    check(Proposal { location: Some("x".repeat(500)), ..good.clone() }, None);
    check(Proposal { location: Some("x".repeat(501)), ..good.clone() }, Some(Code::TextTooLong));
    check(Proposal { text: Some("x".repeat(4_001)), ..good.clone() }, Some(Code::TextTooLong));
    for zone in ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"] {
        check(Proposal { timezone: zone.into(), ..good.clone() }, None);
    }
    for zone in ["", "/", "Europe/", "Europe Berlin", "+02:00", &"a".repeat(65)] {
        check(Proposal { timezone: zone.into(), ..good.clone() }, Some(Code::ValueInvalid));
    }
    check(Proposal { proposal_type: ProposalKind::Unknown, ..good.clone() }, Some(Code::KindUnknown));
    // It stays as it was sent, because somebody may have accepted it.
    let later = Edit { content: Proposal { time_end: hours(99), ..good }.into(), at: NOW };
    proposed().check("bob", Some(1), &[Fact::Edit(message(1, "bob"), later)], Err(Code::WrongKind));
}

#[test]
fn a101_the_client_responds() {
    let fixture = proposed();
    fixture.check("ann", Some(1), &[respond(2, ResponseKind::Accept)], Ok(()));
    let as_other = |name: &str| [sends(2, name, response(message(1, "bob"), ResponseKind::Accept))];
    fixture.check("bob", Some(1), &as_other("bob"), Err(Code::PermissionDenied));
    fixture.check("carl", Some(1), &as_other("carl"), Err(Code::PermissionDenied));
    let check = |response, code: Option<Code>| {
        fixture.check("ann", Some(1), &[sends(2, "ann", response)], code.map_or(Ok(()), Err));
    };
    let good = response(message(1, "bob"), ResponseKind::RequestChange);
    check(ProposalResponse { proposal: message(7, "bob"), ..good.clone() }, Some(Code::MessageUnknown));
    check(ProposalResponse { page: 2, ..good.clone() }, Some(Code::MessageUnknown));
    check(ProposalResponse { comment: Some("x".repeat(1_000)), ..good.clone() }, None);
    check(ProposalResponse { comment: Some("x".repeat(1_001)), ..good.clone() }, Some(Code::TextTooLong));
    let slot = Slot { start_date_time: hours(30), end_date_time: hours(31), timezone: "UTC".into() };
    check(ProposalResponse { suggested_slots: vec![slot.clone(); 10], ..good.clone() }, None);
    let backwards = Slot { end_date_time: hours(30), ..slot.clone() };
    check(ProposalResponse { suggested_slots: vec![backwards], ..good.clone() }, Some(Code::ValueInvalid));
    let accepts = ProposalResponse { response: ResponseKind::Accept, suggested_slots: vec![slot], ..good };
    check(accepts, Some(Code::ValueInvalid));
    // Something that is not a proposal, or was deleted, has no response.
    let mut fixture = proposed();
    fixture.push("bob", Some(1), &[says(3, "bob")]).unwrap();
    let to_words = response(message(3, "bob"), ResponseKind::Accept);
    fixture.check("ann", Some(1), &[sends(4, "ann", to_words)], Err(Code::WrongKind));
    fixture.push("bob", Some(1), &[deletion(1, "bob", "bob")]).unwrap();
    fixture.check("ann", Some(1), &[respond(4, ResponseKind::Accept)], Err(Code::MessageDeleted));
}

#[test]
fn a102_the_first_accept_or_reject_settles_a_proposal() {
    let mut fixture = proposed();
    assert_eq!(fixture.status_of_proposal(1, NOW), ProposalStatus::Pending);
    fixture.push("ann", Some(1), &[respond(2, ResponseKind::RequestChange)]).unwrap();
    // The answer holds at once, before and after it is stated.
    assert_eq!(fixture.status_of_proposal(1, NOW), ProposalStatus::RescheduleRequested);
    fixture.follow();
    assert_eq!(fixture.status_of_proposal(1, NOW), ProposalStatus::RescheduleRequested);
    fixture.push("ann", Some(1), &[respond(3, ResponseKind::Accept)]).unwrap();
    // A response in the same push is too late already.
    fixture.check("ann", Some(1), &[respond(4, ResponseKind::Reject)], Err(Code::ProposalSettled));
    fixture.follow();
    fixture.check("ann", Some(1), &[respond(4, ResponseKind::Reject)], Err(Code::ProposalSettled));
    assert_eq!(fixture.status_of_proposal(1, hours(99)), ProposalStatus::Accepted);
}

#[test]
fn a102_a_response_on_a_later_page_settles_a_proposal_on_an_earlier_one() {
    let mut fixture = proposed();
    fixture.limits.page_changes_soft = 2;
    fixture.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    fixture.push("ann", Some(2), &[respond(3, ResponseKind::Accept)]).unwrap();
    fixture.follow();
    let page = fixture.stream.document(&fixture.document(Some(1))).unwrap();
    assert!(page.facts("").any(|fact| matches!(fact, Fact::ProposalAnswer(..))));
    fixture.check("ann", Some(2), &[respond(4, ResponseKind::Reject)], Err(Code::ProposalSettled));
}

#[test]
fn a102_a_response_is_not_judged_without_the_page_of_its_proposal() {
    let mut fixture = proposed();
    fixture.limits.page_changes_soft = 2;
    for (number, page) in [(2, 1), (3, 2)] {
        fixture.push("bob", Some(page), &[says(number, "bob")]).unwrap();
    }
    let mut told = fixture.stream.clone();
    let entry = fixture.push("ann", Some(2), &[respond(4, ResponseKind::Accept)]).unwrap().entry;
    told.remove(&fixture.document(Some(1)));
    assert_eq!(told.verify_entry(&entry, &fixture.limits), Ok(()));
}

#[test]
fn a106_a_response_takes_room_on_the_page_of_its_proposal_and_the_answer_none() {
    let mut fixture = proposed();
    fixture.limits.page_changes_soft = 2;
    fixture.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    let full = u32::try_from(fixture.bytes(1)).unwrap();
    let respond_again = |number| [respond(number, ResponseKind::RequestChange)];
    fixture.limits.page_bytes_max = full + 100;
    fixture.check("ann", Some(2), &respond_again(3), Err(Code::PageFull));
    fixture.limits.page_bytes_max = full + 1_000;
    fixture.push("ann", Some(2), &respond_again(3)).unwrap();
    fixture.limits.page_bytes_max = full;
    fixture.follow();
    fixture.check("ann", Some(2), &respond_again(4), Err(Code::PageFull));
    // One that has an answer takes another, up to the same number of changes.
    fixture.limits.page_bytes_max = full + 10_000;
    fixture.limits.page_changes_max = 3;
    fixture.check("ann", Some(2), &respond_again(4), Err(Code::PageFull));
    fixture.limits.page_changes_max = 4;
    fixture.push("ann", Some(2), &respond_again(4)).unwrap();
    fixture.limits.page_changes_max = 3;
    fixture.follow();
    assert_eq!(fixture.status_of_proposal(1, NOW), ProposalStatus::RescheduleRequested);
}

#[test]
fn a106_an_answer_that_is_stated_is_not_due_again() {
    let mut fixture = proposed_on_the_page_before();
    let page = fixture.stream.document(&fixture.document(Some(2))).unwrap().clone();
    fixture.push("ann", Some(2), &[respond(4, ResponseKind::Accept)]).unwrap();
    let response = fixture.admitted.last().unwrap().clone();
    fixture.follow();
    // Loaded as of different positions: the proposal with its answer, and the page of the response before that.
    fixture.stream.insert(page);
    fixture.stream.apply_entry(&response).unwrap().unwrap();
    assert_eq!(fixture.stream.consequences(), []);
}

#[test]
fn a106_an_answer_that_is_stated_on_a_page_that_is_not_loaded_is_not_due_again() {
    let mut fixture = proposed_on_the_page_before();
    let mut elsewhere = fixture.stream.clone();
    elsewhere.remove(&fixture.document(Some(1)));
    fixture.push("ann", Some(2), &[respond(4, ResponseKind::Accept)]).unwrap();
    fixture.follow();
    let [.., response, answer] = fixture.admitted.as_slice() else { panic!("two entries") };
    elsewhere.apply_entry(response).unwrap().unwrap();
    assert_eq!(elsewhere.consequences().len(), 1);
    assert!(elsewhere.apply_entry(answer).unwrap().is_none(), "its page is not here");
    assert_eq!(elsewhere.consequences(), []);
}

#[test]
fn a103_nobody_responds_after_the_end() {
    let mut fixture = begun();
    let over = Proposal { expires_at: Some(NOW), ..visit(Party::Owner) };
    fixture.push("bob", Some(1), &[sends(1, "bob", over)]).unwrap();
    fixture.check("ann", Some(1), &[respond(2, ResponseKind::Accept)], Err(Code::ProposalExpired));
}

#[test]
fn a103_an_import_brings_in_what_was_responded_in_time() {
    let mut fixture = begun();
    let over = Proposal { expires_at: Some(NOW), ..visit(Party::Owner) };
    fixture.push("bob", Some(1), &[sends(1, "bob", over)]).unwrap();
    let importing = Session { administrator: true, ..session("ann") };
    fixture.push_as(&importing, Some(1), &[respond(2, ResponseKind::Accept)]).unwrap();
}

#[test]
fn a106_only_what_follows_is_written_as_the_system() {
    let mut fixture = proposed();
    let system = Session::system(fixture.stream.tenant().clone(), fixture.stream.id());
    let answer = |status| {
        let answer = ProposalAnswer { status, response: message(2, "ann") };
        [Fact::ProposalAnswer(message(1, "bob"), answer)]
    };
    let as_system = |fixture: &Fixture, facts: &[Fact]| fixture.clone().push_as(&system, Some(1), facts).map(drop);
    assert_eq!(as_system(&fixture, &answer(ProposalStatus::Accepted)), Err(Code::PermissionDenied));
    fixture.push("ann", Some(1), &[respond(2, ResponseKind::Accept)]).unwrap();
    assert_eq!(as_system(&fixture, &answer(ProposalStatus::Rejected)), Err(Code::PermissionDenied));
    assert_eq!(as_system(&fixture, &answer(ProposalStatus::Accepted)), Ok(()));
    for name in ["ann", "bob"] {
        fixture.check(name, Some(1), &answer(ProposalStatus::Accepted), Err(Code::PermissionDenied));
    }
}
