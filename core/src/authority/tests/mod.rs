//! The rules of part A, one stream at a time: facts are written as a client would write them and pushed as a
//! session would push them. It is long because all steps share one cast of members.

mod account;
mod block;
mod content;
mod count;
mod generation;
mod given;
mod held;
mod lead;
mod line;
mod membership;
mod membership_request;
mod newer;
mod pace;
mod proposal;
mod resource;
mod run;
mod silence;
mod size;
mod there;
mod thread;

use proptest::prelude::*;

use super::*;
use crate::{
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{ContactId, ConversationId, MessageId, Stamp, StreamId},
    journal::{Entry, Position},
    model::{
        ConversationKind, ConversationState, Created, Deletion, Edit, InfoField, MemberStatus, Membership, MessageBody,
        Permission, Pin, Policy, Role, SendPolicy,
    },
    wire::PushedChange,
};

const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn session(name: &str) -> Session {
    let mut device = [0; 16];
    device[..name.len()].copy_from_slice(name.as_bytes());
    Session {
        tenant: TenantId::parse("acme").unwrap(),
        account: account(name),
        device: DeviceId::from_bytes(device),
        administrator: false,
    }
}

fn message(number: u8, author: &str) -> MessageId {
    MessageId { stamp: Stamp::new(NOW, u16::from(number), [number; 8]), author: account(author) }
}

fn says(number: u8, author: &str) -> Fact {
    let body = MessageBody { content: "words".into(), reply_to: None, mentions: None };
    Fact::Message(message(number, author), body)
}

fn edit(number: u8, author: &str) -> Fact {
    Fact::Edit(message(number, author), Edit { content: "other words".into(), at: NOW })
}

fn deletion(number: u8, author: &str, by: &str) -> Fact {
    Fact::Deleted(message(number, author), Deletion { by: account(by), at: NOW })
}

fn pin(number: u8, by: &str) -> Fact {
    Fact::Pin(message(number, "mo"), Some(Pin { by: account(by), at: NOW, page: 1 }))
}

fn role(name: &str, role: Role) -> Fact {
    Fact::MemberRole(account(name), role)
}

/// A change of status by whoever pushes it.
fn status(name: &str, status: MemberStatus) -> Fact {
    Fact::MemberStatus(account(name), Membership::next(None, status, &account(name), NOW))
}

fn created(kind: ConversationKind, by: &str) -> Fact {
    Fact::Created(Created::new(kind, account(by), NOW))
}

/// A stream with the limits it is judged by.
#[derive(Clone)]
struct Fixture {
    stream: Stream,
    limits: Limits,
    /// The entries so far.
    admitted: Vec<Entry>,
}

impl Fixture {
    fn new(conversation: ConversationId) -> Self {
        let tenant = TenantId::parse("acme").unwrap();
        let stream = Stream::new(tenant, StreamId::Conversation(conversation));
        Self { stream, limits: Limits::default(), admitted: Vec::new() }
    }

    /// A group with one account of each role, named after it: `ow`, `ad`, `mo`, `me`, `gu`; and messages 1 (by
    /// `mo`) and 2 (by `me`).
    fn group() -> Self {
        let mut fixture = Self::new(ConversationId::from_bytes([7; 16]));
        let mut facts = vec![created(ConversationKind::Group, "ow"), Fact::Info(InfoField::Title, Some("Trip".into()))];
        for (name, its_role) in roles() {
            facts.extend([role(name, its_role), status(name, MemberStatus::Active)]);
        }
        fixture.push("ow", None, &facts).unwrap();
        fixture.push("mo", Some(1), &[says(1, "mo")]).unwrap();
        fixture.push("me", Some(1), &[says(2, "me")]).unwrap();
        fixture
    }

    fn direct() -> Self {
        let tenant = TenantId::parse("acme").unwrap();
        let mut fixture = Self::new(ConversationId::direct(&tenant, &account("ann"), &account("bob")));
        fixture.push("ann", None, &direct_facts("ann")).unwrap();
        fixture
    }

    fn conversation(&self) -> ConversationId {
        self.stream.id().conversation().unwrap()
    }

    fn document(&self, page: Option<u32>) -> DocumentId {
        match page {
            Some(number) => TimelineId::of(self.conversation()).page(number),
            None => TimelineId::of(self.conversation()).document(),
        }
    }

    /// The facts, completed with what follows for a member whose status they change.
    fn moved(&self, session: &Session, facts: &[Fact]) -> Vec<Fact> {
        let members = &self.stream.conversation().members;
        let moved = |fact: &Fact| match fact {
            Fact::MemberStatus(account, to) => {
                let former = members.get(account).and_then(|member| member.membership.as_ref());
                Fact::MemberStatus(account.clone(), Membership::next(former, to.status, &session.account, to.at))
            }
            other => other.clone(),
        };
        facts.iter().map(moved).collect()
    }

    /// The change that an up-to-date client would write.
    fn write(&self, session: &Session, document: &DocumentId, facts: &[Fact]) -> PushedChange {
        let facts = self.moved(session, facts);
        let (change, _) = self.stream.clone().write(session.device, document, NOW, &facts).expect("something to write");
        PushedChange { document: document.clone(), change: change.bytes().to_vec() }
    }

    fn admit(&mut self, session: &Session, pushed: &PushedChange) -> Result<Admitted, AdmitError> {
        self.stream.insert_missing_for(&pushed.document, &pushed.change);
        let admitted = self.stream.admit(session, pushed, NOW, &self.limits)?;
        self.admitted.push(admitted.entry.clone());
        Ok(admitted)
    }

    fn push_as(&mut self, session: &Session, page: Option<u32>, facts: &[Fact]) -> Result<Admitted, Code> {
        let document = self.document(page);
        let pushed = self.write(session, &document, facts);
        self.admit(session, &pushed).map_err(code_of)
    }

    fn push(&mut self, name: &str, page: Option<u32>, facts: &[Fact]) -> Result<Admitted, Code> {
        self.push_as(&session(name), page, facts)
    }

    #[track_caller]
    fn check(&self, name: &str, page: Option<u32>, facts: &[Fact], expected: Result<(), Code>) {
        let got = self.clone().push(name, page, facts).map(|_| ());
        assert_eq!(got, expected, "{name}: {facts:?}");
    }
}

fn roles() -> [(&'static str, Role); 5] {
    [("ow", Role::Owner), ("ad", Role::Admin), ("mo", Role::Moderator), ("me", Role::Member), ("gu", Role::Guest)]
}

fn direct_facts(by: &str) -> Vec<Fact> {
    let mut facts = vec![created(ConversationKind::Direct, by)];
    for name in ["ann", "bob"] {
        facts.extend([role(name, Role::Member), status(name, MemberStatus::Active)]);
    }
    facts
}

fn code_of(error: AdmitError) -> Code {
    match error {
        AdmitError::Refused(refusal) => refusal.code,
        AdmitError::AlreadyAdmitted(_) => panic!("was admitted before"),
    }
}

#[test]
fn b1_bytes_that_are_not_one_framed_change_are_refused() {
    let fixture = Fixture::group();
    let honest = fixture.write(&session("me"), &fixture.document(Some(1)), &[says(9, "me")]);
    let check = |expected: Code, mangle: &dyn Fn(&mut Vec<u8>)| {
        let mut pushed = honest.clone();
        mangle(&mut pushed.change);
        assert_eq!(fixture.clone().admit(&session("me"), &pushed).map_err(code_of).err(), Some(expected));
    };
    check(Code::ChangeMalformed, &|bytes| bytes.clear());
    check(Code::ChangeMalformed, &|bytes| bytes.truncate(9));
    check(Code::ChangeMalformed, &|bytes| bytes.push(0));
    check(Code::ChangeMalformed, &|bytes| bytes[0] ^= 1);
    check(Code::ChangeCompressed, &|bytes| bytes[8] = 2);
    check(Code::ChangeMalformed, &|bytes| bytes[9] = 0xff);
    check(Code::ChangeTooLarge, &|bytes| bytes.resize(300_000, 0));
}

#[test]
fn b5_b6_a_change_has_one_place_in_its_devices_chain() {
    let mut fixture = Fixture::group();
    let page = fixture.document(Some(1));
    let me = session("me");
    let first = fixture.write(&me, &page, &[says(3, "me")]);
    // From another device.
    assert_eq!(fixture.clone().admit(&session("mo"), &first).map_err(code_of).err(), Some(Code::WrongActor));
    // Two changes with the same number.
    let second = fixture.write(&me, &page, &[says(4, "me")]);
    fixture.admit(&me, &first).unwrap();
    assert_eq!(fixture.admit(&me, &second).map_err(code_of).err(), Some(Code::ActorConflict));
    // A skipped number, which depends on a change that nobody has.
    let mut ahead = fixture.clone();
    ahead.push("me", Some(1), &[says(5, "me")]).unwrap();
    let third = ahead.write(&me, &page, &[says(6, "me")]);
    assert_eq!(fixture.admit(&me, &third).map_err(code_of).err(), Some(Code::WrongSequence));
    // Another device's change that was not admitted.
    let mut elsewhere = fixture.clone();
    elsewhere.push("mo", Some(1), &[says(7, "mo")]).unwrap();
    let dangling = elsewhere.write(&session("ad"), &page, &[says(8, "ad")]);
    assert_eq!(fixture.admit(&session("ad"), &dangling).map_err(code_of).err(), Some(Code::DependencyMissing));
    // A clock ahead of the server.
    let late = NOW.plus(core::time::Duration::from_secs(600));
    let (change, _) = fixture.stream.clone().write(me.device, &page, late, &[says(9, "me")]).unwrap();
    let pushed = PushedChange { document: page, change: change.bytes().to_vec() };
    assert_eq!(fixture.admit(&me, &pushed).map_err(code_of).err(), Some(Code::ClockAhead));
}

#[test]
fn b1_a_wrong_checksum_is_refused() {
    let mut fixture = Fixture::group();
    let mut pushed = fixture.write(&session("me"), &fixture.document(Some(1)), &[says(9, "me")]);
    pushed.change[5] ^= 1;
    assert_eq!(fixture.admit(&session("me"), &pushed).map_err(code_of).err(), Some(Code::WrongChecksum));
}

#[test]
fn b11_only_known_keys_of_the_kind_of_document_are_written() {
    let fixture = Fixture::group();
    // A page's facts on the conversation document, and vice versa.
    fixture.check("ow", None, &[says(9, "ow")], Err(Code::OperationIllegal));
    fixture.check("ow", Some(1), &[Fact::Info(InfoField::Title, Some("x".into()))], Err(Code::OperationIllegal));
    let mut small = fixture.clone();
    small.limits.change_operations_max = 1;
    let both = [Fact::Info(InfoField::Title, Some("x".into())), Fact::Info(InfoField::Description, Some("y".into()))];
    small.check("ow", None, &both, Err(Code::TooManyOperations));
}

#[test]
fn b12_an_operation_replaces_what_its_author_could_see() {
    // Honest concurrent writes of one key on a page are all admitted, in any order: each has seen what it
    // claims to have seen.
    let mut fixture = Fixture::group();
    let page = fixture.document(Some(1));
    let one = fixture.write(&session("me"), &page, &[edit(2, "me")]);
    let mut other_device = session("me");
    other_device.device = DeviceId::from_bytes([9; 16]);
    let other = fixture.write(&other_device, &page, &[edit(2, "me")]);
    fixture.admit(&session("me"), &one).unwrap();
    fixture.admit(&other_device, &other).unwrap();
    assert_eq!(fixture.stream.document(&page).unwrap().heads().len(), 2);
}

#[test]
fn b9_nobody_piles_up_more_heads_than_a_change_may_depend_on() {
    let mut fixture = Fixture::group();
    fixture.limits.heads_max = 3;
    let page = fixture.document(Some(1));
    let device = |number: u8| Session { device: DeviceId::from_bytes([number; 16]), ..session("me") };
    // All of them have seen the same.
    let beside: Vec<PushedChange> = (10..14).map(|n| fixture.write(&device(n), &page, &[says(n, "me")])).collect();
    for (number, pushed) in (10..).zip(&beside[..3]) {
        fixture.admit(&device(number), pushed).unwrap();
    }
    assert_eq!(fixture.clone().admit(&device(13), &beside[3]).map_err(code_of).err(), Some(Code::Stale));
    // Rewritten on top of what it has seen meanwhile, it leaves one head again.
    let anew = fixture.write(&device(13), &page, &[says(13, "me")]);
    fixture.admit(&device(13), &anew).unwrap();
    assert_eq!(fixture.stream.document(&page).unwrap().heads().len(), 1);
}

#[test]
fn a6_a_change_pushed_again_is_known() {
    let mut fixture = Fixture::group();
    let me = session("me");
    let pushed = fixture.write(&me, &fixture.document(Some(1)), &[says(9, "me")]);
    let admitted = fixture.admit(&me, &pushed).unwrap();
    assert_eq!(fixture.admit(&me, &pushed).err(), Some(AdmitError::AlreadyAdmitted(admitted.hash)));
}

#[test]
fn a7_a_refusal_leaves_the_stream_as_it_was() {
    let mut fixture = Fixture::group();
    let document = fixture.document(None);
    let before = (fixture.stream.position(), fixture.stream.document(&document).unwrap().heads());
    // The first statement is allowed, the second is not.
    let mixed = [Fact::Info(InfoField::Title, Some("x".into())), Fact::State(ConversationState::Deleted)];
    assert_eq!(fixture.push("ad", None, &mixed).err(), Some(Code::PermissionDenied));
    assert_eq!((fixture.stream.position(), fixture.stream.document(&document).unwrap().heads()), before);
    assert!(fixture.push("me", Some(1), &[says(9, "me")]).is_ok());
}

#[test]
fn e3_pending_changes_that_do_not_follow_leave_no_document() {
    let mut fixture = Fixture::group();
    let page = fixture.document(Some(2));
    let mut writer = Document::new(page.clone());
    let mut write = |number| writer.write(session("me").device, NOW, &[says(number, "me")]).unwrap();
    let (first, second) = (write(3), write(4));
    fixture.stream.apply_pending(&page, &second).unwrap_err();
    assert!(fixture.stream.document(&page).is_none());
    fixture.stream.apply_pending(&page, &first).unwrap();
    fixture.stream.apply_pending(&page, &second).unwrap();
    assert_eq!(fixture.stream.document(&page).unwrap().heads(), writer.heads());
}

#[test]
fn a8_the_state_of_a_conversation_binds_everybody() {
    let leave = [status("me", MemberStatus::Left)];
    let cases = [
        (ConversationState::Archived, Code::ConversationArchived, true),
        (ConversationState::Closed, Code::ConversationClosed, true),
        (ConversationState::Deleted, Code::ConversationDeleted, false),
    ];
    for (state, code, may_leave) in cases {
        let mut fixture = Fixture::group();
        fixture.push("ow", None, &[Fact::State(state)]).unwrap();
        fixture.check("ow", Some(1), &[says(9, "ow")], Err(code));
        fixture.check("me", None, &leave, if may_leave { Ok(()) } else { Err(code) });
        let reopened = fixture.push("ow", None, &[Fact::State(ConversationState::Active)]).map(|_| ());
        assert_eq!(reopened, if may_leave { Ok(()) } else { Err(code) });
    }
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Locked(true)]).unwrap();
    fixture.check("me", Some(1), &[says(9, "me")], Err(Code::ConversationLocked));
    fixture.check("mo", Some(1), &[says(9, "mo")], Ok(()));
    fixture.check("me", None, &leave, Ok(()));
}

#[test]
fn a9_only_an_active_member_writes() {
    for (now, code) in [(MemberStatus::Removed, Code::MemberRemoved), (MemberStatus::Banned, Code::MemberBanned)] {
        let mut fixture = Fixture::group();
        fixture.push("ow", None, &[status("me", now)]).unwrap();
        fixture.check("me", Some(1), &[says(9, "me")], Err(code));
    }
    let mut fixture = Fixture::group();
    fixture.push("me", None, &[status("me", MemberStatus::Left)]).unwrap();
    fixture.check("me", Some(1), &[says(9, "me")], Err(Code::MemberLeft));
    fixture.check("zoe", Some(1), &[says(9, "zoe")], Err(Code::NotAMember));
    Fixture::new(ConversationId::from_bytes([1; 16])).check(
        "ow",
        Some(1),
        &[says(9, "ow")],
        Err(Code::ConversationUnknown),
    );
}

fn carries(role: &Role, permission: Permission) -> bool {
    role.built_in_permissions().unwrap().holds(permission)
}

#[test]
fn a10_each_statement_asks_for_its_permission() {
    // The facts, and the lowest role that may state them.
    let cases: Vec<(Option<u32>, Vec<Fact>, &str, Permission)> = vec![
        (Some(1), vec![deletion(1, "mo", "mo")], "mo", Permission::MessageDeleteAny),
        (None, vec![pin(1, "mo")], "mo", Permission::PinAdd),
        (None, vec![Fact::Info(InfoField::Title, Some("x".into()))], "ad", Permission::ConversationInfo),
        (None, vec![Fact::Info(InfoField::Description, Some("x".into()))], "ad", Permission::ConversationInfo),
        (None, vec![role("zoe", Role::Member), status("zoe", MemberStatus::Active)], "ad", Permission::MemberAdd),
        (None, vec![status("xy", MemberStatus::Removed)], "ad", Permission::MemberRemove),
        (None, vec![status("xy", MemberStatus::Banned)], "ad", Permission::MemberBan),
        (None, vec![role("xy", Role::Member)], "ad", Permission::MemberRole),
        (None, vec![Fact::State(ConversationState::Archived)], "ad", Permission::ConversationArchive),
        (None, vec![Fact::Locked(true)], "ad", Permission::ConversationLock),
        (None, vec![Fact::Policy(Policy::Send(SendPolicy::Moderators))], "ad", Permission::ConversationSettings),
        (None, vec![Fact::State(ConversationState::Deleted)], "ow", Permission::ConversationDelete),
    ];
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[role("xy", Role::Guest), status("xy", MemberStatus::Active)]).unwrap();
    for (page, facts, lowest, permission) in cases {
        for (name, its_role) in roles() {
            let signed: Vec<Fact> = facts.iter().map(|fact| signed_by(fact, name)).collect();
            let expected = if carries(&its_role, permission) { Ok(()) } else { Err(Code::PermissionDenied) };
            fixture.check(name, page, &signed, expected);
        }
        let holders = Role::BUILT_IN.into_iter().rfind(|role| carries(role, permission));
        assert_eq!(holders, roles().into_iter().find(|(name, _)| *name == lowest).map(|(_, role)| role));
    }
    // One's own messages.
    for (name, its_role) in roles() {
        let expected = |permission| if carries(&its_role, permission) { Ok(()) } else { Err(Code::PermissionDenied) };
        fixture.check(name, Some(1), &[says(9, name)], expected(Permission::MessageSend));
        let reaction = Fact::Reaction(message(1, "mo"), "👍".into(), account(name), true);
        fixture.check(name, Some(1), &[reaction], expected(Permission::MessageReact));
    }
    fixture.check("me", Some(1), &[edit(2, "me")], Ok(()));
    fixture.check("me", Some(1), &[deletion(2, "me", "me")], Ok(()));
}

/// The same fact, signed by another account if it is signed at all.
fn signed_by(fact: &Fact, name: &str) -> Fact {
    match fact.clone() {
        Fact::Deleted(message, deletion) => Fact::Deleted(message, Deletion { by: account(name), ..deletion }),
        Fact::Pin(message, Some(pin)) => Fact::Pin(message, Some(Pin { by: account(name), ..pin })),
        other => other,
    }
}

#[test]
fn a11_what_is_signed_with_an_account_is_written_by_it() {
    let fixture = Fixture::group();
    for facts in [
        vec![says(9, "mo")],
        vec![edit(1, "mo")],
        vec![deletion(1, "mo", "mo")],
        vec![Fact::Reaction(message(1, "mo"), "👍".into(), account("me"), true)],
    ] {
        fixture.check("ow", Some(1), &facts, Err(Code::NotTheAuthor));
    }
    fixture.check("ow", None, &[pin(1, "mo")], Err(Code::NotTheAuthor));
}

#[test]
fn a12_a_direct_keeps_its_two_members_and_each_may_pin() {
    let mut fixture = Fixture::direct();
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    let pinned = Fact::Pin(message(1, "ann"), Some(Pin { by: account("bob"), at: NOW, page: 1 }));
    fixture.check("bob", None, &[pinned], Ok(()));
    fixture.check("ann", None, &[role("zoe", Role::Member), status("zoe", MemberStatus::Active)], Err(Code::WrongKind));
    fixture.check("ann", None, &[status("bob", MemberStatus::Removed)], Err(Code::WrongKind));
    fixture.check("ann", None, &[status("ann", MemberStatus::Left)], Err(Code::WrongKind));
    fixture.check("ann", None, &[role("bob", Role::Guest)], Err(Code::WrongKind));
    fixture.check("ann", None, &[Fact::Info(InfoField::Title, Some("x".into()))], Err(Code::PermissionDenied));
}

#[test]
fn a13_policies_narrow_what_roles_allow() {
    for (policy, senders) in [
        (SendPolicy::AllMembers, vec!["ow", "ad", "mo", "me"]),
        (SendPolicy::Moderators, vec!["ow", "ad", "mo"]),
        (SendPolicy::AdminsOnly, vec!["ow", "ad"]),
    ] {
        let mut fixture = Fixture::group();
        if policy != SendPolicy::AllMembers {
            fixture.push("ow", None, &[Fact::Policy(Policy::Send(policy))]).unwrap();
        }
        for name in ["ow", "ad", "mo", "me"] {
            let expected = if senders.contains(&name) { Ok(()) } else { Err(Code::PolicyForbids) };
            fixture.check(name, Some(1), &[says(9, name)], expected);
        }
    }
}

#[test]
fn a14_nobody_grants_what_they_lack_or_acts_on_their_rank_or_above() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[role("a2", Role::Admin), status("a2", MemberStatus::Active)]).unwrap();
    let join = |its_role| [role("zoe", its_role), status("zoe", MemberStatus::Active)];
    fixture.check("ad", None, &join(Role::Owner), Err(Code::RankTooLow));
    fixture.check("ad", None, &join(Role::Admin), Ok(()));
    fixture.check("ad", None, &[role("me", Role::Owner)], Err(Code::RankTooLow));
    fixture.check("ad", None, &[role("ad", Role::Owner)], Err(Code::RankTooLow));
    fixture.check("ad", None, &[role("a2", Role::Member)], Err(Code::RankTooLow));
    fixture.check("ad", None, &[status("a2", MemberStatus::Removed)], Err(Code::RankTooLow));
    fixture.check("ad", None, &[status("ow", MemberStatus::Banned)], Err(Code::RankTooLow));
    fixture.check("ad", None, &[status("mo", MemberStatus::Removed)], Ok(()));
    fixture.check("ad", None, &[status("me", MemberStatus::Left)], Err(Code::NotTheOwner));
    fixture.check("ad", None, &[role("ad", Role::Member)], Ok(()));
    fixture.check("ad", None, &[status("zoe", MemberStatus::Removed)], Err(Code::MemberUnknown));
    // A role alone makes nobody a member, not even a former one.
    fixture.check("ad", None, &[role("zoe", Role::Member)], Err(Code::MemberUnknown));
    fixture.check(
        "ad",
        None,
        &[role("me", Role::Guest), status("me", MemberStatus::Removed)],
        Err(Code::MemberUnknown),
    );
    let twice = fixture.moved(&session("ad"), &[status("me", MemberStatus::Active)]);
    let decided = fixture.stream.decide(&session("ad"), &fixture.document(None), &twice, NOW, &fixture.limits);
    assert_eq!(decided.map_err(|refusal| refusal.code), Err(Code::MemberExists));
    // A former owner does not return as one through an admin.
    fixture.push("ow", None, &[role("a2", Role::Owner)]).unwrap();
    fixture.push("a2", None, &[status("a2", MemberStatus::Left)]).unwrap();
    fixture.check("ad", None, &[status("a2", MemberStatus::Active)], Err(Code::RankTooLow));
    fixture.check("ow", None, &[status("a2", MemberStatus::Active)], Ok(()));
    // A banned account returns only after being unbanned.
    fixture.push("ow", None, &[status("gu", MemberStatus::Banned)]).unwrap();
    fixture.check("mo", None, &[status("gu", MemberStatus::Active)], Err(Code::PermissionDenied));
    fixture.check("ad", None, &[status("gu", MemberStatus::Active)], Ok(()));
}

#[test]
fn a15_a_group_always_has_an_owner_and_no_more_members_than_it_may() {
    let mut fixture = Fixture::group();
    fixture.check("ow", None, &[status("ow", MemberStatus::Left)], Err(Code::LastOwner));
    fixture.check("ow", None, &[role("ow", Role::Admin)], Err(Code::LastOwner));
    fixture.check("ow", None, &[role("ad", Role::Owner), role("ow", Role::Admin)], Ok(()));
    fixture.check("ow", None, &[role("ad", Role::Owner), status("ow", MemberStatus::Left)], Ok(()));
    fixture.limits.members_max = 5;
    let join = [role("zoe", Role::Member), status("zoe", MemberStatus::Active)];
    fixture.check("ow", None, &join, Err(Code::TooManyMembers));
    fixture.push("ow", None, &[status("gu", MemberStatus::Removed)]).unwrap();
    fixture.check("ow", None, &join, Ok(()));
}

#[test]
fn a16_a_conversation_change_that_has_not_seen_what_it_replaces_is_stale() {
    let mut fixture = Fixture::group();
    let document = fixture.document(None);
    let late = fixture.write(&session("ow"), &document, &[role("me", Role::Moderator)]);
    fixture.push("ad", None, &[status("gu", MemberStatus::Removed)]).unwrap();
    assert!(fixture.clone().admit(&session("ow"), &late).is_ok(), "another key has nothing to do with it");
    fixture.push("ad", None, &[role("me", Role::Guest)]).unwrap();
    assert_eq!(fixture.admit(&session("ow"), &late).map_err(code_of).err(), Some(Code::Stale));
    assert_eq!(fixture.stream.conversation().members[&account("me")].role, Role::Guest);
}

#[test]
fn a17_the_first_change_states_kind_and_members_whole() {
    let tenant = TenantId::parse("acme").unwrap();
    let derived = ConversationId::direct(&tenant, &account("ann"), &account("bob"));
    let facts = direct_facts("ann");
    Fixture::new(derived).check("ann", None, &facts, Ok(()));
    Fixture::new(ConversationId::from_bytes([1; 16])).check("ann", None, &facts, Err(Code::IdInvalid));
    Fixture::new(derived).check("bob", None, &facts, Err(Code::NotTheAuthor));
    Fixture::new(derived).check("ann", None, &facts[..3], Err(Code::ValueInvalid));
    Fixture::new(derived).check("ann", None, &facts[..4], Err(Code::OperationIllegal));
    Fixture::new(derived).check("ann", None, &facts[1..], Err(Code::ConversationUnknown));
    // The same direct conversation from the other side: nothing is left to do there.
    Fixture::direct().check("bob", None, &[created(ConversationKind::Direct, "bob")], Err(Code::Stale));
    let group = |members: &[(&str, Role)]| {
        let mut facts = vec![created(ConversationKind::Group, "ann")];
        for (name, its_role) in members {
            facts.extend([role(name, its_role.clone()), status(name, MemberStatus::Active)]);
        }
        facts
    };
    let fixture = Fixture::new(ConversationId::from_bytes([2; 16]));
    fixture.check("ann", None, &group(&[("ann", Role::Owner)]), Ok(()));
    fixture.check("ann", None, &group(&[("bob", Role::Owner)]), Err(Code::LastOwner));
    fixture.check("ann", None, &group(&[("ann", Role::Owner), ("bob", Role::Admin)]), Ok(()));
    Fixture::group().check("ad", None, &[created(ConversationKind::Group, "ad")], Err(Code::ConversationExists));
}

#[test]
fn a18_an_account_is_written_by_itself() {
    let tenant = TenantId::parse("acme").unwrap();
    let conversation = ConversationId::from_bytes([1; 16]);
    let limits = Limits::default();
    let mut administrator = session("root");
    administrator.administrator = true;
    let name = Fact::Profile(ProfileField::DisplayName, Some("Ann".into()));
    let pinned = Fact::Setting(conversation, SettingField::PinnedAt, Some(NOW));
    let cases = [
        (session("ann"), DocumentId::Account(account("ann")), &name, true),
        (session("bob"), DocumentId::Account(account("ann")), &name, false),
        (administrator.clone(), DocumentId::Account(account("ann")), &name, true),
        (session("ann"), DocumentId::Home(account("ann")), &pinned, true),
        (administrator, DocumentId::Home(account("ann")), &pinned, false),
    ];
    for (session, document, fact, allowed) in cases {
        let stream = Stream::new(tenant.clone(), document.stream());
        let decided = stream.decide(&session, &document, std::slice::from_ref(fact), NOW, &limits);
        assert_eq!(decided.map_err(|refusal| refusal.code), if allowed { Ok(()) } else { Err(Code::NotTheOwner) });
    }
}

#[test]
fn a19_values_have_their_lengths_and_ranges() {
    let mut fixture = Fixture::group();
    let text = |text: String| {
        let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
        vec![Fact::Message(message(9, "ow"), body)]
    };
    fixture.check("ow", Some(1), &text(" \n".into()), Err(Code::TextEmpty));
    fixture.check("ow", Some(1), &text("é".repeat(4_000)), Ok(()));
    fixture.check("ow", Some(1), &text("é".repeat(4_001)), Err(Code::TextTooLong));
    fixture.check("ow", None, &[Fact::Info(InfoField::Title, Some("x".repeat(200)))], Ok(()));
    fixture.check("ow", None, &[Fact::Info(InfoField::Title, Some("x".repeat(201)))], Err(Code::TextTooLong));
    fixture.check("ow", None, &[Fact::Info(InfoField::Description, Some("x".repeat(2_001)))], Err(Code::TextTooLong));
    let many = Some(vec![account("me"); 51]);
    let body = MessageBody { content: "x".into(), reply_to: None, mentions: many };
    fixture.check("ow", Some(1), &[Fact::Message(message(9, "ow"), body)], Err(Code::TooManyMentions));
    let ahead = MessageId {
        stamp: Stamp::new(NOW.plus(core::time::Duration::from_secs(301)), 0, [0; 8]),
        author: account("ow"),
    };
    let body = MessageBody { content: "x".into(), reply_to: None, mentions: None };
    fixture.check("ow", Some(1), &[Fact::Message(ahead, body)], Err(Code::ClockAhead));
    fixture.limits.pins_max = 1;
    fixture.push("ow", None, &[pin(1, "ow")]).unwrap();
    let another = Fact::Pin(message(2, "me"), Some(Pin { by: account("ow"), at: NOW, page: 1 }));
    fixture.check("ow", None, &[another], Err(Code::TooManyPins));
    fixture.limits.reactions_max = 1;
    let reaction = |emoji: &str| [Fact::Reaction(message(1, "mo"), emoji.into(), account("me"), true)];
    fixture.push("me", Some(1), &reaction("👍")).unwrap();
    fixture.check("me", Some(1), &reaction("🎉"), Err(Code::TooManyReactions));
}

#[test]
fn a20_an_administrator_passes_all_but_shape_authorship_and_invariants() {
    let mut administrator = session("root");
    administrator.administrator = true;
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::State(ConversationState::Archived)]).unwrap();
    let admitted = fixture.push_as(&administrator, None, &[status("ad", MemberStatus::Removed)]).unwrap();
    assert!(admitted.entry.administrator);
    assert!(fixture.push_as(&administrator, Some(1), &[deletion(2, "me", "root")]).is_ok());
    let denied = |fixture: &Fixture, page, fact: Fact| fixture.clone().push_as(&administrator, page, &[fact]).err();
    assert_eq!(denied(&fixture, Some(1), says(9, "me")), Some(Code::NotTheAuthor));
    assert_eq!(denied(&fixture, None, status("ow", MemberStatus::Removed)), Some(Code::LastOwner));
    assert_eq!(denied(&fixture, None, Fact::Info(InfoField::Title, Some("x".repeat(201)))), Some(Code::TextTooLong));
}

#[test]
fn a86_what_was_deleted_is_written_by_no_administrator_either() {
    let root = Session { administrator: true, ..session("root") };
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::State(ConversationState::Deleted)]).unwrap();
    for (page, fact) in [(None, Fact::State(ConversationState::Active)), (Some(1), deletion(2, "me", "root"))] {
        let refused = fixture.push_as(&root, page, &[fact]).map(drop);
        assert_eq!(refused, Err(Code::ConversationDeleted));
    }
}

#[test]
fn a21_a_message_is_written_once_and_spoken_of_on_its_page() {
    let mut fixture = Fixture::group();
    fixture.check("me", Some(1), &[edit(99, "me")], Err(Code::MessageUnknown));
    let again = MessageBody { content: "other".into(), reply_to: None, mentions: None };
    fixture.check("me", Some(1), &[Fact::Message(message(2, "me"), again)], Err(Code::AlreadyWritten));
    fixture.push("me", Some(1), &[deletion(2, "me", "me")]).unwrap();
    fixture.check("me", Some(1), &[edit(2, "me")], Err(Code::MessageDeleted));
    let reaction = Fact::Reaction(message(2, "me"), "👍".into(), account("me"), true);
    fixture.check("me", Some(1), &[reaction], Err(Code::MessageDeleted));
    fixture.check("mo", Some(1), &[deletion(2, "me", "mo")], Err(Code::Stale));
}

#[test]
fn a21_a_message_that_is_on_the_page_before_is_not_written_on_the_next() {
    let mut fixture = Fixture::group();
    fixture.limits.page_changes_soft = 4;
    fixture.push("me", Some(1), &[says(10, "me")]).unwrap();
    fixture.push("me", Some(1), &[says(11, "me")]).unwrap();
    // As the first change of the next page, and as a later one.
    fixture.check("me", Some(2), &[says(10, "me")], Err(Code::AlreadyWritten));
    fixture.push("mo", Some(2), &[says(12, "mo")]).unwrap();
    fixture.check("me", Some(2), &[says(10, "me")], Err(Code::AlreadyWritten));
    fixture.check("me", Some(2), &[says(13, "me")], Ok(()));
    // The page is loaded for that.
    let former = fixture.document(Some(1));
    fixture.stream.remove(&former);
    assert_eq!(fixture.stream.missing(&fixture.document(Some(2))), [former]);
    // One that nobody may open yet is judged without the page before.
    let far = fixture.document(Some(4));
    fixture.stream.insert(Document::new(far.clone()));
    assert_eq!(fixture.stream.missing(&far), []);
    // Who has not got it judges all the rest.
    let before = fixture.stream.clone();
    let mut entry = fixture.push("mo", Some(2), &[says(14, "mo")]).unwrap().entry;
    assert_eq!(before.verify_entry(&entry, &fixture.limits), Ok(()));
    entry.account = account("me");
    assert!(before.verify_entry(&entry, &fixture.limits).is_err(), "signed for another account");
}

#[test]
fn d6_pages_close_open_and_fill() {
    let mut fixture = Fixture::group();
    fixture.limits.page_changes_soft = 4;
    fixture.limits.page_changes_max = 6;
    fixture.check("me", Some(2), &[says(9, "me")], Err(Code::PageNotOpen));
    fixture.push("me", Some(1), &[says(10, "me")]).unwrap();
    fixture.push("me", Some(1), &[says(11, "me")]).unwrap();
    fixture.check("me", Some(1), &[says(12, "me")], Err(Code::PageClosed));
    fixture.check("me", Some(3), &[says(12, "me")], Err(Code::PageNotOpen));
    fixture.push("me", Some(1), &[edit(2, "me")]).unwrap();
    fixture.push("me", Some(2), &[says(12, "me")]).unwrap();
    assert_eq!(fixture.stream.page(), 2);
    fixture.check("me", Some(1), &[says(13, "me")], Err(Code::PageClosed));
    fixture.push("me", Some(1), &[edit(10, "me")]).unwrap();
    fixture.check("me", Some(1), &[edit(11, "me")], Err(Code::PageFull));
    fixture.check("me", Some(2), &[says(13, "me")], Ok(()));
}

fn rank(role: &Role) -> u8 {
    role.built_in_rank().unwrap()
}

/// Random facts about membership by random members.
fn moves() -> impl Strategy<Value = Vec<(usize, Fact)>> {
    let names = ["ow", "ad", "mo", "me", "gu", "zoe"];
    let its_role = proptest::sample::select(Role::BUILT_IN.to_vec());
    let its_status = proptest::sample::select(MemberStatus::ALL.to_vec());
    let fact = (0..names.len(), its_role, its_status, any::<bool>())
        .prop_map(move |(who, to, now, which)| if which { role(names[who], to) } else { status(names[who], now) });
    proptest::collection::vec((0..names.len(), fact), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a15_no_sequence_of_admitted_changes_breaks_an_invariant(moves in moves()) {
        let names = ["ow", "ad", "mo", "me", "gu", "zoe"];
        let mut fixture = Fixture::group();
        fixture.limits.members_max = 5;
        for (actor, fact) in moves {
            let before = fixture.stream.conversation().members.clone();
            let actor_before = before.get(&account(names[actor])).cloned();
            let stated = fixture.moved(&session(names[actor]), std::slice::from_ref(&fact));
            if fixture.stream.clone().write(session(names[actor]).device, &fixture.document(None), NOW, &stated).is_none() {
                continue;
            }
            if fixture.push(names[actor], None, std::slice::from_ref(&fact)).is_ok() {
                let own = actor_before.map_or(0, |member| rank(&member.role));
                for (name, member) in &fixture.stream.conversation().members {
                    let former = before.get(name);
                    let rises = former.is_none_or(|former| rank(&member.role) > rank(&former.role));
                    prop_assert!(!rises || rank(&member.role) <= own, "{name} rose above who raised them");
                }
            }
            let active = || fixture.stream.conversation().active_members();
            prop_assert!(active().any(|(_, member)| member.role == Role::Owner));
            prop_assert!(active().count() <= 5);
        }
    }
}
