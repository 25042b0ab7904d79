//! Membership requests: of accounts that are not members, and of subscribers of channels.

use crate::{
    authority::{AdmitError, Asker, MembershipEffect, Session, Stream, Subscription, membership_effect},
    code::Code,
    doc::{Document, Fact},
    ids::{AccountId, ConversationId, DeviceId, InviteCode, StreamId, TenantId, TimelineId},
    limits::Limits,
    model::{
        ConversationKind, ConversationState, Created, Grant, Invite, JoinPolicy, Member, MemberStatus, Membership,
        MembershipAction, Permission, Policy, Role,
    },
    sorted::SortedSet,
    time::WallTime,
    wire::PushedChange,
};

const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);
const CODE: InviteCode = InviteCode::from_bytes([9; 16]);

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn session(account: AccountId) -> Session {
    let mut device = [0; 16];
    device[..account.as_str().len()].copy_from_slice(account.as_str().as_bytes());
    let tenant = TenantId::parse("acme").unwrap();
    Session { tenant, account, device: DeviceId::from_bytes(device), administrator: false }
}

/// A group of `ow`, with the given policies.
struct Fixture {
    stream: Stream,
    limits: Limits,
    /// The subscriber rows that a server would keep, past ones included.
    subscribers: SortedSet<String>,
    rows: SortedSet<String>,
}

impl Fixture {
    fn new(policies: &[Policy]) -> Self {
        Self::of(ConversationKind::Group, policies)
    }

    fn of(kind: ConversationKind, policies: &[Policy]) -> Self {
        let id = ConversationId::from_bytes([7; 16]);
        let tenant = TenantId::parse("acme").unwrap();
        let mut stream = Stream::new(tenant, StreamId::Conversation(id));
        stream.insert(Document::new(TimelineId::of(id).document()));
        let mut fixture =
            Self { stream, limits: Limits::default(), subscribers: SortedSet::new(), rows: SortedSet::new() };
        let joined = Membership::next(None, MemberStatus::Active, &account("ow"), NOW);
        let mut facts = vec![
            Fact::Created(Created::new(kind, account("ow"), NOW)),
            Fact::MemberRole(account("ow"), Role::Owner),
            Fact::MemberStatus(account("ow"), joined),
        ];
        facts.extend(policies.iter().map(|policy| Fact::Policy(*policy)));
        fixture.write("ow", &facts).unwrap();
        fixture
    }

    fn write(&mut self, name: &str, facts: &[Fact]) -> Result<(), Code> {
        self.write_as(&session(account(name)), facts)
    }

    fn write_as(&mut self, session: &Session, facts: &[Fact]) -> Result<(), Code> {
        let document = TimelineId::of(self.stream.id().conversation().unwrap()).document();
        let (change, _) = self.stream.clone().write(session.device, &document, NOW, facts).unwrap();
        let pushed = PushedChange { document, change: change.bytes().to_vec() };
        match self.stream.admit(session, &pushed, NOW, &self.limits) {
            Ok(_) => Ok(()),
            Err(AdmitError::Refused(refusal)) => Err(refusal.code),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Answers a request, and writes its effect as the system.
    fn ask(&mut self, name: &str, action: &MembershipAction) -> Result<(), Code> {
        let account = account(name);
        let (knows, subscribes) = (self.rows.contains(name), self.subscribers.contains(name));
        let asker = Asker { account: &account, knows, subscribes, moved_at: None };
        let answer = membership_effect(self.stream.conversation(), asker, action, NOW, &self.limits);
        let MembershipEffect { facts, subscription } = answer.map_err(|refusal| refusal.code)?;
        match subscription {
            Some(Subscription::Begins) => {
                self.subscribers.insert(name.to_owned());
                self.rows.insert(name.to_owned());
            }
            Some(Subscription::Ends) => drop(self.subscribers.remove(name)),
            None => {}
        }
        if !facts.is_empty() {
            self.write_as(&Session::system(TenantId::parse("acme").unwrap(), self.stream.id()), &facts).unwrap();
        }
        Ok(())
    }

    fn status(&self, name: &str) -> Option<MemberStatus> {
        self.stream.conversation().members.get(&account(name)).map(Member::status)
    }

    fn moves(&mut self, by: &str, name: &str, to: MemberStatus) -> Result<(), Code> {
        let former =
            self.stream.conversation().members.get(&account(name)).and_then(|member| member.membership.clone());
        let mut facts =
            vec![Fact::MemberStatus(account(name), Membership::next(former.as_ref(), to, &account(by), NOW))];
        if former.is_none() && matches!(to, MemberStatus::Active | MemberStatus::Invited) {
            facts.push(Fact::MemberRole(account(name), Role::Guest));
        }
        self.write(by, &facts)
    }

    fn invite(&mut self, change: impl FnOnce(&mut Invite)) {
        let by = account("ow");
        let mut invite = Invite { role: Role::Member, until: None, uses_max: None, enabled: true, by, at: NOW };
        change(&mut invite);
        self.write("ow", &[Fact::Invite(CODE.invite(), Some(invite))]).unwrap();
    }
}

#[test]
fn a27_who_may_come_in_by_themselves_does_and_others_do_not() {
    let mut fixture = Fixture::new(&[]);
    assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Err(Code::ConversationUnknown));
    fixture.moves("ow", "zoe", MemberStatus::Active).unwrap();
    fixture.moves("ow", "zoe", MemberStatus::Removed).unwrap();
    assert_eq!(fixture.ask("zoe", &MembershipAction::Join(None)), Err(Code::JoinForbidden));
    assert_eq!(fixture.ask("zoe", &MembershipAction::Accept), Err(Code::MemberUnknown));
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::Open)]);
    assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Ok(()));
    assert_eq!(fixture.status("ann"), Some(MemberStatus::Active));
    // Repeating it changes nothing.
    let position = fixture.stream.position();
    assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Ok(()));
    assert_eq!(fixture.stream.position(), position);
    assert_eq!(fixture.ask("ann", &MembershipAction::Decline), Err(Code::MemberExists));
    fixture.moves("ow", "ann", MemberStatus::Banned).unwrap();
    assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Err(Code::MemberBanned));
    fixture.limits.members_max = 1;
    assert_eq!(fixture.ask("bob", &MembershipAction::Join(None)), Err(Code::TooManyMembers));
    fixture.write("ow", &[Fact::State(ConversationState::Closed)]).unwrap();
    assert_eq!(fixture.ask("bob", &MembershipAction::Join(None)), Err(Code::ConversationClosed));
}

#[test]
fn a27_who_needs_approval_waits_for_it() {
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)]);
    for name in ["ann", "bob", "cid"] {
        assert_eq!(fixture.ask(name, &MembershipAction::Join(None)), Ok(()));
        assert_eq!(fixture.status(name), Some(MemberStatus::Requested));
    }
    assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Ok(()));
    fixture.moves("ow", "ann", MemberStatus::Active).unwrap();
    fixture.moves("ow", "bob", MemberStatus::Removed).unwrap();
    assert_eq!(fixture.ask("cid", &MembershipAction::Decline), Ok(()));
    let statuses = ["ann", "bob", "cid"].map(|name| fixture.status(name).unwrap());
    assert_eq!(statuses, [MemberStatus::Active, MemberStatus::Removed, MemberStatus::Left]);
}

#[test]
fn a27_an_invitation_is_taken_or_declined_by_the_one_invited() {
    let mut fixture = Fixture::new(&[Policy::JoinApproval(true)]);
    for name in ["ann", "bob"] {
        fixture.moves("ow", name, MemberStatus::Invited).unwrap();
    }
    assert_eq!(fixture.ask("ann", &MembershipAction::Accept), Ok(()));
    assert_eq!(fixture.ask("bob", &MembershipAction::Decline), Ok(()));
    assert_eq!(fixture.status("ann"), Some(MemberStatus::Active));
    assert_eq!(fixture.status("bob"), Some(MemberStatus::Left));
    let ann = fixture.stream.conversation().members[&account("ann")].clone();
    assert_eq!((ann.role, ann.membership.unwrap().invited_by), (Role::Guest, Some(account("ow"))));
}

#[test]
fn a28_an_invite_lets_in_as_many_as_it_may_while_it_may() {
    let join = MembershipAction::Join(Some(CODE));
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
    assert_eq!(fixture.ask("ann", &join), Err(Code::InviteUnknown));
    fixture.invite(|invite| invite.uses_max = Some(2));
    for name in ["ann", "bob"] {
        assert_eq!(fixture.ask(name, &join), Ok(()));
        assert_eq!(fixture.status(name), Some(MemberStatus::Active));
    }
    assert_eq!(fixture.ask("cid", &join), Err(Code::InviteUsedUp));
    assert_eq!(fixture.ask("cid", &MembershipAction::Join(None)), Err(Code::ConversationUnknown));
    fixture.invite(|invite| invite.until = Some(NOW.plus(core::time::Duration::from_millis(1))));
    let later = NOW.plus(core::time::Duration::from_millis(1));
    let cid = account("cid");
    let asker = Asker { account: &cid, knows: false, subscribes: false, moved_at: None };
    let late = membership_effect(fixture.stream.conversation(), asker, &join, later, &fixture.limits);
    assert_eq!(late.map_err(|refusal| refusal.code), Err(Code::InviteExpired));
    assert_eq!(fixture.ask("cid", &join), Ok(()));
    fixture.invite(|invite| invite.enabled = false);
    assert_eq!(fixture.ask("dan", &join), Err(Code::InviteDisabled));
    fixture.invite(|_| {});
    fixture.write("ow", &[Fact::Policy(Policy::Join(JoinPolicy::InviteOnly))]).unwrap();
    assert_eq!(fixture.ask("dan", &join), Err(Code::InviteDisabled));
    assert_eq!(fixture.stream.conversation().invite_uses[&CODE.invite()], 3);
}

#[test]
fn a28_an_invite_gives_no_more_than_a_members_rank() {
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
    let invite = |role, by: &str| {
        let invite = Invite { role, until: None, uses_max: None, enabled: true, by: account(by), at: NOW };
        [Fact::Invite(CODE.invite(), Some(invite))]
    };
    assert_eq!(fixture.write("ow", &invite(Role::Moderator, "ow")), Err(Code::RankTooLow));
    assert_eq!(fixture.write("ow", &invite(Role::Member, "ann")), Err(Code::NotTheAuthor));
    fixture.write("ow", &invite(Role::Guest, "ow")).unwrap();
    fixture.ask("ann", &MembershipAction::Join(Some(CODE))).unwrap();
    assert_eq!(fixture.stream.conversation().members[&account("ann")].role, Role::Guest);
    assert_eq!(fixture.write("ann", &invite(Role::Guest, "ann")), Err(Code::PermissionDenied));
    assert_eq!(fixture.write("ow", &[Fact::InviteUses(CODE.invite(), 0)]), Err(Code::PermissionDenied));
}

#[test]
fn a50_who_comes_into_a_channel_by_themselves_subscribes_and_is_in_no_document() {
    let mut fixture = Fixture::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
    let position = fixture.stream.position();
    for _ in 0..2 {
        assert_eq!(fixture.ask("ann", &MembershipAction::Join(None)), Ok(()));
    }
    assert!(fixture.subscribers.contains("ann"));
    assert_eq!((fixture.status("ann"), fixture.stream.position()), (None, position));
    fixture.moves("ow", "bob", MemberStatus::Banned).unwrap();
    assert_eq!(fixture.ask("bob", &MembershipAction::Join(None)), Err(Code::MemberBanned));
    fixture.limits.members_max = 1;
    assert_eq!(fixture.ask("cid", &MembershipAction::Join(None)), Ok(()), "subscribers take no place of a member");
    fixture.write("ow", &[Fact::State(ConversationState::Archived)]).unwrap();
    assert_eq!(fixture.ask("dan", &MembershipAction::Join(None)), Err(Code::ConversationArchived));
    let mut closed = Fixture::of(ConversationKind::Channel, &[]);
    assert_eq!(closed.ask("ann", &MembershipAction::Join(None)), Err(Code::ConversationUnknown));
}

/// To a stranger these are answered as if there were no conversation.
#[test]
fn p36_a_membership_request_of_who_has_no_part_in_it_is_answered_as_if_there_were_nothing() {
    let conversation = |policies: &[Policy], facts: &[Fact]| {
        let mut fixture = Fixture::new(policies);
        for fact in facts {
            fixture.write("ow", std::slice::from_ref(fact)).unwrap();
        }
        fixture
    };
    let deleted = [Fact::State(ConversationState::Deleted)];
    let closed = [Fact::State(ConversationState::Closed)];
    let mut fixtures = [
        conversation(&[], &[]),
        conversation(&[], &closed),
        conversation(&[Policy::Join(JoinPolicy::Open)], &deleted),
        conversation(&[Policy::Join(JoinPolicy::LinkJoin)], &deleted),
    ];
    let mut nothing = Fixture::new(&[]);
    nothing.stream.insert(Document::new(TimelineId::of(nothing.stream.id().conversation().unwrap()).document()));
    for action in [
        MembershipAction::Join(None),
        MembershipAction::Join(Some(CODE)),
        MembershipAction::Accept,
        MembershipAction::Decline,
        MembershipAction::Leave,
    ] {
        let expected = nothing.ask("eve", &action);
        assert!(expected.is_err());
        for fixture in &mut fixtures {
            assert_eq!(fixture.ask("eve", &action), expected, "{action:?}");
        }
    }
}

#[test]
fn a50_an_invite_for_subscribers_counts_only_the_uses_that_end() {
    let join = MembershipAction::Join(Some(CODE));
    let mut group = Fixture::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
    let by = account("ow");
    let invite = Invite { role: Role::Subscriber, until: None, uses_max: None, enabled: true, by, at: NOW };
    let invite = Fact::Invite(CODE.invite(), Some(invite));
    assert_eq!(group.write("ow", &[invite]), Err(Code::RoleUnknown));
    let mut fixture = Fixture::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::LinkJoin)]);
    fixture.invite(|invite| invite.role = Role::Subscriber);
    let position = fixture.stream.position();
    assert_eq!(fixture.ask("ann", &join), Ok(()));
    assert_eq!(fixture.stream.position(), position);
    fixture.invite(|invite| (invite.role, invite.uses_max) = (Role::Subscriber, Some(1)));
    assert_eq!(fixture.ask("ann", &join), Ok(()), "who subscribes uses nothing up");
    for _ in 0..2 {
        assert_eq!(fixture.ask("bob", &join), Ok(()));
    }
    assert_eq!(fixture.ask("cid", &join), Err(Code::InviteUsedUp));
    assert_eq!(fixture.stream.conversation().invite_uses[&CODE.invite()], 1);
    assert_eq!(fixture.subscribers.iter().collect::<Vec<_>>(), ["ann", "bob"]);
    fixture.invite(|_| {});
    assert_eq!(fixture.ask("dan", &join), Ok(()));
    assert_eq!(fixture.status("dan"), Some(MemberStatus::Active), "a member's invite makes a member");
}

#[test]
fn a51_a_subscriber_writes_nothing() {
    let mut fixture = Fixture::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    assert_eq!(fixture.write("ann", &[Fact::Locked(true)]), Err(Code::NotAMember));
    fixture.moves("ow", "ann", MemberStatus::Removed).unwrap();
    fixture.subscribers.clear();
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    assert_eq!(fixture.status("ann"), Some(MemberStatus::Subscribed));
    assert_eq!(fixture.write("ann", &[Fact::Locked(true)]), Err(Code::NotAMember));
}

#[test]
fn a52_who_waits_to_subscribe_is_let_in_by_whoever_approves() {
    let policies = [Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)];
    let mut fixture = Fixture::of(ConversationKind::Channel, &policies);
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    assert_eq!(fixture.status("ann"), Some(MemberStatus::Requested));
    assert!(fixture.subscribers.is_empty());
    assert_eq!(fixture.moves("ow", "ann", MemberStatus::Active), Err(Code::RoleUnknown));
    assert_eq!(fixture.moves("ow", "ann", MemberStatus::Subscribed), Ok(()));
    assert_eq!(fixture.stream.conversation().active_members().count(), 1);
    assert_eq!(fixture.moves("ow", "bob", MemberStatus::Subscribed), Err(Code::NotTheOwner));
    let mut group = Fixture::new(&policies);
    group.ask("ann", &MembershipAction::Join(None)).unwrap();
    assert_eq!(group.moves("ow", "ann", MemberStatus::Subscribed), Err(Code::NotTheOwner));
}

#[test]
fn a53_staff_put_a_subscriber_out_whom_the_document_does_not_know() {
    let mut fixture = Fixture::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    assert_eq!(fixture.moves("ow", "ann", MemberStatus::Removed), Ok(()));
    assert_eq!(fixture.moves("ow", "bob", MemberStatus::Banned), Ok(()));
    assert_eq!(fixture.moves("ow", "cid", MemberStatus::Active), Ok(()), "one who is added is a member");
    assert_eq!(Fixture::new(&[]).moves("ow", "ann", MemberStatus::Removed), Err(Code::MemberUnknown));
}

#[test]
fn a54_a_subscriber_leaves_by_a_membership_request_and_a_member_does_not() {
    let mut fixture = Fixture::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    fixture.write("ow", &[Fact::State(ConversationState::Closed)]).unwrap();
    for _ in 0..2 {
        assert_eq!(fixture.ask("ann", &MembershipAction::Leave), Ok(()));
    }
    assert!(fixture.subscribers.is_empty());
    assert_eq!(fixture.ask("ow", &MembershipAction::Leave), Err(Code::MemberExists));
    fixture.write("ow", &[Fact::State(ConversationState::Deleted)]).unwrap();
    assert_eq!(fixture.ask("ann", &MembershipAction::Leave), Err(Code::ConversationDeleted));
}

#[test]
fn a29_the_system_writes_only_what_follows_from_a_membership_request() {
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::Open)]);
    let system = Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id());
    let ann = account("ann");
    let asker = Asker { account: &ann, knows: false, subscribes: false, moved_at: None };
    let action =
        membership_effect(fixture.stream.conversation(), asker, &MembershipAction::Join(None), NOW, &fixture.limits)
            .unwrap()
            .facts;
    let mut owner = action.clone();
    owner[0] = Fact::MemberRole(account("ann"), Role::Owner);
    assert_eq!(fixture.write_as(&system, &owner), Err(Code::PermissionDenied));
    assert_eq!(fixture.write_as(&system, &[Fact::Locked(true)]), Err(Code::PermissionDenied));
    let mut more = action.clone();
    more.push(Fact::Locked(true));
    assert_eq!(fixture.write_as(&system, &more), Err(Code::PermissionDenied));
    assert_eq!(fixture.write("ann", &action), Err(Code::NotAMember));
    // Nor can anybody write with its device.
    let thief = Session { account: account("ow"), ..system.clone() };
    assert_eq!(fixture.write_as(&thief, &[Fact::Locked(true)]), Err(Code::ActorConflict));
    fixture.write_as(&system, &action).unwrap();
}

#[test]
fn a25_who_comes_back_by_themselves_has_nothing_of_what_was_granted() {
    let mut fixture = Fixture::new(&[Policy::Join(JoinPolicy::Open)]);
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    let grant = |allowed| Some(Grant { allowed, by: account("ow"), at: NOW, until: None });
    for (permission, allowed) in [(Permission::MemberRole, true), (Permission::MessageSend, false)] {
        fixture.write("ow", &[Fact::MemberGrant(account("ann"), permission, grant(allowed))]).unwrap();
    }
    fixture.moves("ann", "ann", MemberStatus::Left).unwrap();
    fixture.ask("ann", &MembershipAction::Join(None)).unwrap();
    let ann = &fixture.stream.conversation().members[&account("ann")];
    assert_eq!(ann.grants.keys().collect::<Vec<_>>(), [&Permission::MessageSend]);
}
