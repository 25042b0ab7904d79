//! Document sizes, the daily share of an account, and that admission costs the same in a long document as in a
//! short one.

use core::time::Duration;

use super::*;
use crate::{
    effort::Effort,
    limits::SHARE_UNIT_MS,
    model::{MemberField, MembershipAction},
};

fn named(name: &str, called: &str) -> [Fact; 1] {
    [Fact::MemberText(account(name), MemberField::DisplayName, Some(called.into()))]
}

/// A message of so many characters.
fn says_long(number: u8, author: &str, characters: usize) -> Fact {
    let text = "x".repeat(characters);
    let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
    Fact::Message(message(number, author), body)
}

impl Fixture {
    pub(super) fn bytes(&self, page: u32) -> u64 {
        self.stream.document(&self.document(Some(page))).unwrap().change_bytes()
    }
}

#[test]
fn d20_a_page_closes_by_bytes_and_fills_by_bytes() {
    let mut fixture = Fixture::group();
    let begun = u32::try_from(fixture.bytes(1)).unwrap();
    fixture.limits.page_bytes_soft = begun + 1_000;
    fixture.limits.page_bytes_max = begun + 3_000;
    fixture.push("me", Some(1), &[says_long(3, "me", 500)]).unwrap();
    // A message that begins below the limit may pass it: no message is too long for an open page.
    fixture.check("me", Some(2), &[says(4, "me")], Err(Code::PageNotOpen));
    fixture.push("me", Some(1), &[says_long(4, "me", 1_000)]).unwrap();
    fixture.check("me", Some(1), &[says(5, "me")], Err(Code::PageClosed));
    fixture.check("me", Some(2), &[says(5, "me")], Ok(()));
    let edited = |characters| {
        let text = "x".repeat(characters);
        [Fact::Edit(message(2, "me"), Edit { content: text.into(), at: NOW })]
    };
    let left = usize::try_from(u64::from(fixture.limits.page_bytes_max) - fixture.bytes(1)).unwrap();
    fixture.check("me", Some(1), &edited(left), Err(Code::PageFull));
    fixture.push("me", Some(1), &edited(left - 400)).unwrap();
    assert!(fixture.bytes(1) <= u64::from(fixture.limits.page_bytes_max));
    fixture.check("me", Some(1), &edited(400), Err(Code::PageFull));
}

#[test]
fn d20_every_replica_counts_the_same_bytes() {
    let mut fixture = Fixture::group();
    fixture.limits.page_bytes_soft = 2_000;
    let mut entries = Vec::new();
    for number in 3..20 {
        let page = fixture.stream.open_page(TimelineId::of(fixture.conversation()), &fixture.limits);
        let said = fixture.push("me", Some(page), &[says_long(number, "me", 40 * usize::from(number))]).unwrap();
        entries.push(said.entry);
    }
    let pages: Vec<u32> = entries.iter().filter_map(|entry| entry.document.page()).collect();
    assert!(fixture.stream.page() > 3 && pages.is_sorted());
    for page in 2..=fixture.stream.page() {
        let id = fixture.document(Some(page));
        let own = || entries.iter().filter(|entry| entry.document == id);
        let bytes = own().map(|entry| entry.change.len() as u64).sum::<u64>();
        let (mut stored, mut received) = (Document::new(id.clone()), Document::new(id.clone()));
        for entry in own() {
            stored.apply_entry(entry).unwrap();
            received.queue_entry(entry).unwrap();
        }
        received.flush().unwrap();
        let (position, data, beside) = stored.save();
        let restored = Document::restore(id.clone(), Some((position, &data, &beside)), &[]).unwrap();
        let counted = [&stored, &received, &restored].map(Document::change_bytes);
        assert_eq!((counted, fixture.bytes(page)), ([bytes; 3], bytes));
    }
}

impl Fixture {
    /// Has the owner write in the conversation's document until it has so many changes.
    fn fill(&mut self, changes: u32) {
        let document = self.document(None);
        while self.stream.document(&document).unwrap().changes() < changes {
            let title = format!("Trip {}", self.stream.position().number());
            self.push("ow", None, &[Fact::Info(InfoField::Title, Some(title))]).unwrap();
        }
    }

    /// The time until which a change pushed at `at` is deferred.
    fn deferred(&self, name: &str, facts: &[Fact], at: WallTime) -> Option<WallTime> {
        let mut fixture = self.clone();
        let pushed = fixture.write(&session(name), &fixture.document(None), facts);
        match fixture.stream.admit(&session(name), &pushed, at, &fixture.limits) {
            Ok(_) => None,
            Err(AdmitError::Refused(Refusal { code: Code::RateLimited, retry_at, .. })) => retry_at,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn d22_near_its_end_a_document_is_for_those_who_keep_order_and_then_for_owners() {
    let mut fixture = Fixture::group();
    (fixture.limits.document_changes_soft, fixture.limits.document_changes_max) = (4, 8);
    fixture.fill(3);
    let removed = [status("gu", MemberStatus::Removed)];
    let left = |name| [status(name, MemberStatus::Left)];
    fixture.check("me", None, &named("me", "Meg"), Ok(()));
    fixture.fill(4);
    fixture.check("me", None, &named("me", "Meg"), Err(Code::DocumentFull));
    fixture.check("mo", None, &named("mo", "Moe"), Ok(()));
    fixture.check("ad", None, &removed, Ok(()));
    fixture.check("me", None, &left("me"), Ok(()));
    fixture.fill(6);
    fixture.check("ad", None, &removed, Err(Code::DocumentFull));
    fixture.check("ow", None, &removed, Ok(()));
    fixture.check("me", None, &left("me"), Ok(()));
    fixture.fill(8);
    fixture.check("ow", None, &removed, Err(Code::DocumentFull));
    fixture.check("me", None, &left("me"), Err(Code::DocumentFull));
    fixture.check("ow", None, &[Fact::State(ConversationState::Deleted)], Ok(()));
    // Messages have their own pages.
    fixture.check("me", Some(1), &[says(9, "me")], Ok(()));
}

#[test]
fn d22_a_document_is_full_by_its_bytes_too() {
    let mut fixture = Fixture::group();
    let bytes = |fixture: &Fixture| fixture.stream.document(&fixture.document(None)).unwrap().change_bytes();
    let begun = u32::try_from(bytes(&fixture)).unwrap();
    (fixture.limits.document_bytes_soft, fixture.limits.document_bytes_max) = (begun + 500, begun + 1_500);
    fixture.check("me", None, &named("me", "Meg"), Ok(()));
    fixture.fill(6);
    fixture.check("me", None, &named("me", "Meg"), Err(Code::DocumentFull));
    let about = |characters| [Fact::Info(InfoField::Description, Some("x".repeat(characters)))];
    fixture.check("ow", None, &about(400), Ok(()));
    fixture.check("ow", None, &about(1_000), Err(Code::DocumentFull));
}

#[test]
fn d22_nobody_comes_in_where_there_is_room_for_leaving_only() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::Join(crate::model::JoinPolicy::Open))]).unwrap();
    let join = |fixture: &Fixture| {
        let system = Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id());
        let (zoe, mut fixture) = (account("zoe"), fixture.clone());
        let asker = Asker { account: &zoe, knows: false, subscribes: false, moved_at: None };
        let outcome = fixture
            .stream
            .membership_outcome(&system, asker, &MembershipAction::Join(None), NOW, &fixture.limits)
            .unwrap();
        fixture.admit(&system, &outcome.pushed.unwrap()).map(drop).map_err(code_of)
    };
    assert_eq!(join(&fixture), Ok(()));
    (fixture.limits.document_changes_soft, fixture.limits.document_changes_max) = (2, 8);
    assert_eq!(join(&fixture), Err(Code::DocumentFull));
}

#[test]
fn d22_whom_an_account_blocks_has_room_of_its_own() {
    let id = DocumentId::Home(account("ann"));
    let stream = Stream::new(TenantId::parse("acme").unwrap(), id.stream());
    let mut fixture = Fixture { stream, limits: Limits::default(), admitted: Vec::new() };
    fixture.stream.insert(Document::new(id.clone()));
    (fixture.limits.document_changes_soft, fixture.limits.document_changes_max) = (2, 3);
    let blocks = |name: &str| Fact::Blocked(account(name), Some(NOW));
    let pins = |number: u8| {
        let field = SettingField::PinnedAt;
        Fact::Setting(ConversationId::from_bytes([number; 16]), field, Some(NOW))
    };
    let mut push = |fact: Fact| {
        let pushed = fixture.write(&session("ann"), &id, &[fact]);
        fixture.admit(&session("ann"), &pushed).map(drop).map_err(code_of)
    };
    assert_eq!((push(pins(1)), push(pins(2))), (Ok(()), Ok(())));
    assert_eq!((push(pins(3)), push(blocks("bob"))), (Err(Code::DocumentFull), Ok(())));
    assert_eq!(push(blocks("cid")), Err(Code::DocumentFull));
}

#[test]
fn p20_what_an_account_writes_again_and_again_is_deferred() {
    let mut fixture = Fixture::group();
    fixture.limits.share_units = 3;
    let after = |units: u64| NOW.plus(Duration::from_millis(units * SHARE_UNIT_MS));
    for called in ["Meg", "Mel", "Mia"] {
        fixture.push("me", None, &named("me", called)).unwrap();
    }
    assert_eq!(fixture.deferred("me", &named("me", "May"), NOW), Some(after(1)));
    assert_eq!(fixture.deferred("me", &named("me", "May"), after(1)), None);
    assert_eq!(fixture.deferred("gu", &named("gu", "Guy"), NOW), None, "a share is each account's own");
    // By bytes too.
    let about = [Fact::Info(InfoField::Description, Some("x".repeat(1_000)))];
    assert_eq!(fixture.deferred("ad", &about, NOW), None);
    fixture.push("ad", None, &about).unwrap();
    assert_eq!(fixture.deferred("ad", &named("ad", "Ada"), NOW), Some(after(1)));
    // Writing on a page costs nothing, and a tenant administrator has no share.
    fixture.check("me", Some(1), &[says(9, "me")], Ok(()));
    let root = Session { administrator: true, ..session("root") };
    for number in 0..5 {
        fixture.push_as(&root, None, &[Fact::Info(InfoField::Title, Some(format!("Trip {number}")))]).unwrap();
    }
}

#[test]
fn p20_a_share_is_the_same_after_a_restart() {
    let mut fixture = Fixture::group();
    fixture.limits.share_units = 2;
    fixture.push("me", None, &named("me", "Meg")).unwrap();
    fixture.push("me", None, &named("me", "Mel")).unwrap();
    let (position, data, beside) = fixture.stream.document(&fixture.document(None)).unwrap().save();
    let restored = Document::restore(fixture.document(None), Some((position, &data, &beside)), &[]).unwrap();
    let deferred = fixture.deferred("me", &named("me", "Mia"), NOW);
    fixture.stream.insert(restored);
    assert!(deferred.is_some());
    assert_eq!(fixture.deferred("me", &named("me", "Mia"), NOW), deferred);
}

#[test]
fn p20_who_comes_and_goes_pays_for_it() {
    let mut fixture = Fixture::group();
    fixture.limits.share_units = 4;
    fixture.push("ow", None, &[Fact::Policy(Policy::Join(crate::model::JoinPolicy::Open))]).unwrap();
    let zoe = account("zoe");
    let system = Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id());
    let come = |fixture: &mut Fixture| {
        let asker = Asker { account: &zoe, knows: false, subscribes: false, moved_at: None };
        let outcome = fixture
            .stream
            .membership_outcome(&system, asker, &MembershipAction::Join(None), NOW, &fixture.limits)
            .unwrap();
        fixture.admit(&system, &outcome.pushed.unwrap()).map(drop).map_err(code_of)
    };
    for _ in 0..2 {
        come(&mut fixture).unwrap();
        fixture.push("zoe", None, &[status("zoe", MemberStatus::Left)]).unwrap();
    }
    assert_eq!(come(&mut fixture), Err(Code::RateLimited));
}

#[test]
fn d23_admitting_costs_the_same_in_a_long_document() {
    let mut fixture = Fixture::group();
    (fixture.limits.share_units, fixture.limits.document_changes_soft) = (u32::MAX, u32::MAX);
    let (id, device) = (fixture.document(None), session("me").device);
    let mut writer = fixture.stream.document(&id).unwrap().clone();
    let mut efforts = Vec::new();
    for number in 0..1_500 {
        let change = writer.write(device, NOW, &named("me", &format!("Meg {number}"))).unwrap();
        let pushed = PushedChange { document: id.clone(), change: change.bytes().to_vec() };
        let queued = || fixture.stream.queue(&session("me"), &pushed, NOW, &fixture.limits).unwrap().map(drop);
        let (queued, effort) = Effort::of(queued);
        assert_eq!(queued, Ok(()));
        // A batch of one, as when people write one after another.
        let (flushed, also) = Effort::of(|| fixture.stream.flush());
        flushed.unwrap();
        // The first one copies what it shares with the writer.
        if number > 0 {
            efforts.extend([effort, also]);
        }
    }
    let most = efforts.iter().map(|effort| (effort.passes, effort.copies)).max();
    assert_eq!(most, Some((0, 0)));
    assert_eq!(fixture.stream.document(&id).unwrap().heads(), writer.heads());
    // What the system writes for somebody who joins is not written into a copy either.
    let (system, zoe) = (Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id()), account("zoe"));
    fixture.push("ow", None, &[Fact::Policy(Policy::Join(crate::model::JoinPolicy::Open))]).unwrap();
    let asker = Asker { account: &zoe, knows: false, subscribes: false, moved_at: None };
    let (outcome, effort) = Effort::of(|| {
        fixture.stream.membership_outcome(&system, asker, &MembershipAction::Join(None), NOW, &fixture.limits).unwrap()
    });
    let queued = fixture.stream.queue(&system, &outcome.pushed.unwrap(), NOW, &fixture.limits).unwrap();
    assert_eq!((queued.is_ok(), Effort { asked: 0, ..effort }), (true, Effort::default()));
}
