//! Commands whose premise is wrong say so; those of which nothing is left to do
//! because somebody else did it are content.

use super::*;
use crate::{
    authority::{Session, Stream},
    code::Code,
    doc::Fact,
    ids::{DeviceId, TimelineId},
    limits::Limits,
    model::{MemberStatus, Membership, Role},
    time::WallTime,
};

const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);
const GROUP: ConversationId = ConversationId::from_bytes([7; 16]);

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A stream with the conversation that Ann begins, as she sees it.
struct Desk {
    session: Session,
    stream: Stream,
}

impl Desk {
    fn new() -> Self {
        let tenant = TenantId::parse("acme").unwrap();
        let device = DeviceId::from_bytes([1; 16]);
        let session = Session { tenant: tenant.clone(), account: account("ann"), device, administrator: false };
        let stream = Stream::new(tenant, StreamId::Conversation(GROUP));
        let mut desk = Self { session, stream };
        let group = CreateConversation::group(Some("Trip".into()), vec![account("bob")]);
        desk.does(CreateConversation { conversation: GROUP, ..group });
        desk
    }

    fn plan(&self, command: impl Into<Command>) -> Result<Option<Plan>, Code> {
        let limits = Limits::default();
        let planning = Planning { session: &self.session, stream: &self.stream, at: NOW, limits: &limits };
        command.into().plan(&planning).map_err(|refusal| refusal.code)
    }

    fn does(&mut self, command: impl Into<Command>) {
        let plan = self.plan(command).unwrap().expect("something is left to do");
        self.states(plan.facts);
    }

    fn states(&mut self, facts: Vec<Fact>) {
        let document = TimelineId::of(GROUP).document();
        self.stream.write(self.session.device, &document, NOW, &facts).expect("something new is stated");
    }

    /// Where somebody came to stand by themselves.
    fn stands(&mut self, name: &str, status: MemberStatus) {
        let members = &self.stream.conversation().members;
        let former = members.get(&account(name)).and_then(|member| member.membership.as_ref());
        let membership = Membership::next(former, status, &account(name), NOW);
        self.states(vec![Fact::MemberStatus(account(name), membership)]);
    }
}

fn add(name: &str, role: Role) -> AddMember {
    AddMember { conversation: GROUP, account: account(name), role }
}

fn unban(name: &str) -> UnbanMember {
    UnbanMember { conversation: GROUP, account: account(name) }
}

fn answer(name: &str, approved: bool) -> AnswerRequest {
    AnswerRequest { conversation: GROUP, account: account(name), approved }
}

#[test]
fn a82_adding_a_member_in_another_role_changes_nothing_and_says_so() {
    let mut desk = Desk::new();
    assert_eq!(desk.plan(add("bob", Role::Admin)), Err(Code::MemberExists));
    assert_eq!(desk.plan(add("bob", Role::Member)), Ok(None));
    let invite = InviteMember { conversation: GROUP, account: account("bob"), role: Role::Member };
    assert_eq!(desk.plan(invite), Err(Code::MemberExists));
    desk.does(add("zoe", Role::Admin));
    assert_eq!(desk.plan(add("zoe", Role::Admin)), Ok(None));
}

#[test]
fn a82_a_ban_that_nobody_has_is_not_lifted() {
    let mut desk = Desk::new();
    assert_eq!(desk.plan(unban("zoe")), Err(Code::MemberUnknown));
    assert_eq!(desk.plan(unban("bob")), Err(Code::MemberUnknown));
    desk.does(BanMember { conversation: GROUP, account: account("bob") });
    desk.does(unban("bob"));
    assert_eq!(desk.plan(unban("bob")), Ok(None), "somebody else lifted it");
}

#[test]
fn a82_who_does_not_ask_any_more_is_not_answered() {
    let mut desk = Desk::new();
    assert_eq!(desk.plan(answer("zoe", true)), Err(Code::MemberUnknown));
    assert_eq!(desk.plan(answer("bob", false)), Err(Code::MemberUnknown));
    assert_eq!(desk.plan(answer("bob", true)), Ok(None), "somebody else let them in");
    desk.stands("zoe", MemberStatus::Requested);
    assert!(desk.plan(answer("zoe", true)).unwrap().is_some());
    desk.stands("zoe", MemberStatus::Left);
    assert_eq!(desk.plan(answer("zoe", true)), Err(Code::MemberUnknown));
    assert_eq!(desk.plan(answer("zoe", false)), Err(Code::MemberUnknown));
}
