//! What becomes of what one who is not a member asks for: a pure function
//! that names the facts. The server writes them as the account of the system,
//! clients predict them, and whoever verifies a journal finds them again.

use crate::{
    authority::{Context, Refusal, Session, Stream, refuse},
    code::Code,
    doc::Fact,
    ids::{AccountId, DocumentId, InviteId},
    limits::Limits,
    model::{
        Conversation, ConversationKind, ConversationState, Invite, JoinPolicy, Member, MemberStatus, Role, Standing,
        Wish,
    },
    time::WallTime,
    wire::PushedChange,
};

/// The way somebody comes in or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By themselves.
    Open,
    /// By a link.
    Invite(InviteId),
    /// By an invitation.
    Invited,
    /// Not.
    Decline,
    /// Out of a channel they subscribe to.
    Leave,
}

/// What follows from a wish: nothing if it is so already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What the system states in the conversation's document.
    pub facts: Vec<Fact>,
    /// What becomes of the account's subscription, which is in no document:
    /// it is a row of the server.
    pub subscription: Option<Subscription>,
}

/// What becomes of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// It begins.
    Begins,
    /// It ends.
    Ends,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Whether it subscribes to the channel, which no document says.
    pub subscribes: bool,
}

/// What follows when an account asks.
///
/// # Errors
/// Why it is not given what it asks for.
pub fn answer_wish(
    conversation: &Conversation,
    asker: Asker<'_>,
    wish: Wish,
    at: WallTime,
    limits: &Limits,
) -> Result<Answer, Refusal> {
    let way = match wish {
        Wish::Join(None) => Way::Open,
        Wish::Join(Some(code)) => Way::Invite(code.invite()),
        Wish::Accept => Way::Invited,
        Wish::Decline => Way::Decline,
        Wish::Leave => Way::Leave,
    };
    answer(conversation, asker, way, at, at, limits)
}

/// What the server does about a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilled {
    /// What the system writes; nothing if the document says it already, or does not say such things.
    pub pushed: Option<PushedChange>,
    /// What becomes of the account's subscription.
    pub subscription: Option<Subscription>,
}

impl Stream {
    /// What the system writes when an account asks, its session being `system`;
    /// nothing if it is so already. The conversation's document is loaded.
    ///
    /// # Errors
    /// Why it is not given what it asks for.
    pub fn fulfil(
        &self,
        system: &Session,
        asker: Asker<'_>,
        wish: Wish,
        at: WallTime,
        limits: &Limits,
    ) -> Result<Fulfilled, Refusal> {
        let Some(conversation) = self.id().conversation() else {
            return Err(Refusal::new(Code::WrongKind, "not a conversation"));
        };
        let Answer { facts, subscription } = answer_wish(self.conversation(), asker, wish, at, limits)?;
        let document = DocumentId::Conversation(conversation);
        let change = self.compose(system.device, &document, at, &facts);
        let pushed = change.map(|change| PushedChange { document, change: change.bytes().to_vec() });
        Ok(Fulfilled { pushed, subscription })
    }
}

/// Checks that facts are what follows from something that somebody asked for.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let moved = facts.iter().find_map(|fact| match fact {
        Fact::MemberStatus(account, standing) => Some((account, standing.at)),
        _ => None,
    });
    // A subscriber is in no document: only the use of an invite is stated then, as it would be for anybody.
    let (account, at) = moved.unwrap_or((context.account(), context.accepted_at));
    let used = facts.iter().find_map(|fact| match fact {
        Fact::InviteUses(invite, _) => Some(Way::Invite(*invite)),
        _ => None,
    });
    let asker = Asker { account, subscribes: false };
    for way in used.into_iter().chain([Way::Open, Way::Invited, Way::Decline]) {
        match answer(conversation, asker, way, at, context.accepted_at, context.limits) {
            Ok(expected) if expected.facts == facts => return Ok(()),
            Err(refusal) if Some(way) == used => return Err(refusal),
            _ => {}
        }
    }
    refuse(Code::PermissionDenied, "nothing that the system writes follows from anybody's wish")
}

/// `at` is when it was written, `accepted_at` the clock of invites.
fn answer(
    conversation: &Conversation,
    asker: Asker<'_>,
    way: Way,
    at: WallTime,
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<Answer, Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
    let Asker { account, subscribes } = asker;
    let kind = conversation.kind();
    match conversation.state() {
        _ if kind.is_none() => return deny(Code::ConversationUnknown, "the conversation does not exist"),
        ConversationState::Deleted => return deny(Code::ConversationDeleted, "the conversation is deleted"),
        _ if kind == Some(ConversationKind::Direct) => {
            return deny(Code::WrongKind, "a direct has its two members for ever");
        }
        ConversationState::Active | ConversationState::Archived | ConversationState::Closed => {}
    }
    let member = conversation.members.get(account);
    let status = member.map(Member::status);
    if way == Way::Decline {
        return match status {
            Some(MemberStatus::Invited | MemberStatus::Requested) => {
                Ok(Answer { facts: vec![moved(member, account, MemberStatus::Left, at)], subscription: None })
            }
            Some(MemberStatus::Active) => deny(Code::MemberExists, "already a member"),
            _ => Ok(Answer::default()),
        };
    }
    if way == Way::Leave {
        return match status {
            Some(MemberStatus::Active) => deny(Code::MemberExists, "a member leaves by a change of its own"),
            _ => Ok(Answer { facts: Vec::new(), subscription: subscribes.then_some(Subscription::Ends) }),
        };
    }
    match status {
        Some(MemberStatus::Active) => return Ok(Answer::default()),
        Some(MemberStatus::Banned) => return deny(Code::MemberBanned, "the account was banned"),
        Some(MemberStatus::Invited) => {}
        _ if subscribes && is_for_subscribers(conversation, way) => return Ok(Answer::default()),
        _ => {}
    }
    match conversation.state() {
        ConversationState::Closed => return deny(Code::ConversationClosed, "the conversation is closed"),
        ConversationState::Archived => return deny(Code::ConversationArchived, "the conversation is archived"),
        ConversationState::Active | ConversationState::Deleted => {}
    }
    let mut facts = Vec::new();
    let (role, approved) = match way {
        // Whoever was invited need not ask anybody else.
        _ if status == Some(MemberStatus::Invited) => (member.map_or(Role::Member, |member| member.role.clone()), true),
        Way::Invite(id) => {
            let Invite { role, uses_max, .. } = usable(conversation, id, accepted_at)?;
            // Of subscribers a document says no more than it must.
            if *role != Role::Subscriber || uses_max.is_some() {
                let uses = conversation.invite_uses.get(&id).copied().unwrap_or(0);
                facts.push(Fact::InviteUses(id, uses.saturating_add(1)));
            }
            (role.clone(), !conversation.policies.join_approval)
        }
        Way::Open if conversation.policies.join == JoinPolicy::Open => {
            let role = if kind == Some(ConversationKind::Channel) { Role::Subscriber } else { Role::Member };
            (role, !conversation.policies.join_approval)
        }
        Way::Open => return deny(Code::JoinForbidden, "nobody comes in by themselves"),
        Way::Invited => return deny(Code::MemberUnknown, "the account was not invited"),
        Way::Decline | Way::Leave => unreachable!("answered above"),
    };
    let as_subscriber = role == Role::Subscriber;
    let subscription = (as_subscriber && approved).then_some(Subscription::Begins);
    let to = match (approved, as_subscriber) {
        (true, true) => MemberStatus::Subscribed,
        (true, false) => MemberStatus::Active,
        (false, _) => MemberStatus::Requested,
    };
    // The document says of subscribers only what becomes of those it knows.
    if subscription.is_some() && (status == Some(to) || member.is_none()) {
        return Ok(Answer { facts, subscription });
    }
    if status == Some(to) {
        return Ok(Answer::default());
    }
    if to == MemberStatus::Active && conversation.active_members().count() >= limits.members_max as usize {
        return deny(Code::TooManyMembers, &format!("at most {}", limits.members_max));
    }
    // What is said already is not written again.
    if member.is_none_or(|member| member.role != role) {
        facts.push(Fact::MemberRole(account.clone(), role));
    }
    facts.push(moved(member, account, to, at));
    // What was granted before does not come back.
    let granted = member.into_iter().flat_map(|member| &member.grants).filter(|(_, grant)| grant.allowed);
    facts.extend(granted.map(|(permission, _)| Fact::MemberGrant(account.clone(), *permission, None)));
    Ok(Answer { facts, subscription })
}

/// Whether who comes into a channel this way subscribes.
fn is_for_subscribers(conversation: &Conversation, way: Way) -> bool {
    match way {
        Way::Open => true,
        Way::Invite(id) => conversation.invites.get(&id).is_some_and(|invite| invite.role == Role::Subscriber),
        Way::Invited | Way::Decline | Way::Leave => false,
    }
}

fn moved(member: Option<&Member>, account: &AccountId, to: MemberStatus, at: WallTime) -> Fact {
    let former = member.and_then(|member| member.standing.as_ref());
    Fact::MemberStatus(account.clone(), Standing::next(former, to, account, at))
}

/// The invite, if it lets anybody in now.
fn usable(conversation: &Conversation, id: InviteId, accepted_at: WallTime) -> Result<&Invite, Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
    let Some(invite) = conversation.invites.get(&id) else {
        return deny(Code::InviteUnknown, "no invite of this code");
    };
    let Invite { until, uses_max, enabled, .. } = invite;
    if conversation.policies.join == JoinPolicy::InviteOnly || !enabled {
        return deny(Code::InviteDisabled, "the invite lets nobody in at the moment");
    }
    if until.is_some_and(|until| accepted_at >= until) {
        return deny(Code::InviteExpired, "the invite has expired");
    }
    let uses = conversation.invite_uses.get(&id).copied().unwrap_or(0);
    if uses_max.is_some_and(|max| uses >= max) {
        return deny(Code::InviteUsedUp, "the invite has let in as many as it may");
    }
    Ok(invite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doc::Document,
        ids::{ConversationId, DeviceId, DocumentId, InviteCode, StreamId, TenantId},
        journal::Position,
        model::{Created, Grant, Permission, Policy},
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

    /// A group of `ow`, with these policies.
    struct Room {
        stream: Stream,
        limits: Limits,
        /// The rows that a server would keep.
        subscribers: std::collections::BTreeSet<String>,
    }

    impl Room {
        fn new(policies: &[Policy]) -> Self {
            Self::of(ConversationKind::Group, policies)
        }

        fn of(kind: ConversationKind, policies: &[Policy]) -> Self {
            let id = ConversationId::from_bytes([7; 16]);
            let tenant = TenantId::parse("acme").unwrap();
            let mut stream = Stream::new(tenant, StreamId::Conversation(id), Position::ZERO, 0);
            stream.insert(Document::new(DocumentId::Conversation(id)));
            let mut room = Self { stream, limits: Limits::default(), subscribers: Default::default() };
            let joined = Standing::next(None, MemberStatus::Active, &account("ow"), NOW);
            let mut facts = vec![
                Fact::Created(Created::new(kind, account("ow"), NOW)),
                Fact::MemberRole(account("ow"), Role::Owner),
                Fact::MemberStatus(account("ow"), joined),
            ];
            facts.extend(policies.iter().map(|policy| Fact::Policy(*policy)));
            room.write("ow", &facts).unwrap();
            room
        }

        fn write(&mut self, name: &str, facts: &[Fact]) -> Result<(), Code> {
            self.write_as(&session(account(name)), facts)
        }

        fn write_as(&mut self, session: &Session, facts: &[Fact]) -> Result<(), Code> {
            let document = DocumentId::Conversation(self.stream.id().conversation().unwrap());
            let (change, _) = self.stream.clone().write(session.device, &document, NOW, facts).unwrap();
            let pushed = PushedChange { document, change: change.bytes().to_vec() };
            match self.stream.admit(session, &pushed, NOW, &self.limits) {
                Ok(_) => Ok(()),
                Err(crate::authority::AdmitError::Refused(refusal)) => Err(refusal.code),
                Err(other) => panic!("{other:?}"),
            }
        }

        /// What somebody asks for is answered, and written by the system.
        fn ask(&mut self, name: &str, wish: Wish) -> Result<(), Code> {
            let account = account(name);
            let asker = Asker { account: &account, subscribes: self.subscribers.contains(name) };
            let answer = answer_wish(self.stream.conversation(), asker, wish, NOW, &self.limits);
            let Answer { facts, subscription } = answer.map_err(|refusal| refusal.code)?;
            match subscription {
                Some(Subscription::Begins) => drop(self.subscribers.insert(name.to_owned())),
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
                self.stream.conversation().members.get(&account(name)).and_then(|member| member.standing.clone());
            let mut facts =
                vec![Fact::MemberStatus(account(name), Standing::next(former.as_ref(), to, &account(by), NOW))];
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
        let mut room = Room::new(&[]);
        assert_eq!(room.ask("ann", Wish::Join(None)), Err(Code::JoinForbidden));
        assert_eq!(room.ask("ann", Wish::Accept), Err(Code::MemberUnknown));
        let mut room = Room::new(&[Policy::Join(JoinPolicy::Open)]);
        assert_eq!(room.ask("ann", Wish::Join(None)), Ok(()));
        assert_eq!(room.status("ann"), Some(MemberStatus::Active));
        // Once more is no more.
        let position = room.stream.position();
        assert_eq!(room.ask("ann", Wish::Join(None)), Ok(()));
        assert_eq!(room.stream.position(), position);
        assert_eq!(room.ask("ann", Wish::Decline), Err(Code::MemberExists));
        room.moves("ow", "ann", MemberStatus::Banned).unwrap();
        assert_eq!(room.ask("ann", Wish::Join(None)), Err(Code::MemberBanned));
        room.limits.members_max = 1;
        assert_eq!(room.ask("bob", Wish::Join(None)), Err(Code::TooManyMembers));
        room.write("ow", &[Fact::State(ConversationState::Closed)]).unwrap();
        assert_eq!(room.ask("bob", Wish::Join(None)), Err(Code::ConversationClosed));
    }

    #[test]
    fn a27_who_needs_approval_waits_for_it() {
        let mut room = Room::new(&[Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)]);
        for name in ["ann", "bob", "cid"] {
            assert_eq!(room.ask(name, Wish::Join(None)), Ok(()));
            assert_eq!(room.status(name), Some(MemberStatus::Requested));
        }
        assert_eq!(room.ask("ann", Wish::Join(None)), Ok(()));
        room.moves("ow", "ann", MemberStatus::Active).unwrap();
        room.moves("ow", "bob", MemberStatus::Removed).unwrap();
        assert_eq!(room.ask("cid", Wish::Decline), Ok(()));
        let statuses = ["ann", "bob", "cid"].map(|name| room.status(name).unwrap());
        assert_eq!(statuses, [MemberStatus::Active, MemberStatus::Removed, MemberStatus::Left]);
    }

    #[test]
    fn a27_an_invitation_is_taken_or_declined_by_the_one_invited() {
        let mut room = Room::new(&[Policy::JoinApproval(true)]);
        for name in ["ann", "bob"] {
            room.moves("ow", name, MemberStatus::Invited).unwrap();
        }
        assert_eq!(room.ask("ann", Wish::Accept), Ok(()));
        assert_eq!(room.ask("bob", Wish::Decline), Ok(()));
        assert_eq!(room.status("ann"), Some(MemberStatus::Active));
        assert_eq!(room.status("bob"), Some(MemberStatus::Left));
        let ann = room.stream.conversation().members[&account("ann")].clone();
        assert_eq!((ann.role, ann.standing.unwrap().invited_by), (Role::Guest, Some(account("ow"))));
    }

    #[test]
    fn a28_an_invite_lets_in_as_many_as_it_may_while_it_may() {
        let join = Wish::Join(Some(CODE));
        let mut room = Room::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
        assert_eq!(room.ask("ann", join), Err(Code::InviteUnknown));
        room.invite(|invite| invite.uses_max = Some(2));
        for name in ["ann", "bob"] {
            assert_eq!(room.ask(name, join), Ok(()));
            assert_eq!(room.status(name), Some(MemberStatus::Active));
        }
        assert_eq!(room.ask("cid", join), Err(Code::InviteUsedUp));
        assert_eq!(room.ask("cid", Wish::Join(None)), Err(Code::JoinForbidden));
        room.invite(|invite| invite.until = Some(NOW.plus(core::time::Duration::from_millis(1))));
        let later = NOW.plus(core::time::Duration::from_millis(1));
        let cid = account("cid");
        let asker = Asker { account: &cid, subscribes: false };
        let late = answer_wish(room.stream.conversation(), asker, join, later, &room.limits);
        assert_eq!(late.map_err(|refusal| refusal.code), Err(Code::InviteExpired));
        assert_eq!(room.ask("cid", join), Ok(()));
        room.invite(|invite| invite.enabled = false);
        assert_eq!(room.ask("dan", join), Err(Code::InviteDisabled));
        room.invite(|_| {});
        room.write("ow", &[Fact::Policy(Policy::Join(JoinPolicy::InviteOnly))]).unwrap();
        assert_eq!(room.ask("dan", join), Err(Code::InviteDisabled));
        assert_eq!(room.stream.conversation().invite_uses[&CODE.invite()], 3);
    }

    #[test]
    fn a28_an_invite_gives_no_more_than_a_members_rank() {
        let mut room = Room::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
        let invite = |role, by: &str| {
            let invite = Invite { role, until: None, uses_max: None, enabled: true, by: account(by), at: NOW };
            [Fact::Invite(CODE.invite(), Some(invite))]
        };
        assert_eq!(room.write("ow", &invite(Role::Moderator, "ow")), Err(Code::RankTooLow));
        assert_eq!(room.write("ow", &invite(Role::Member, "ann")), Err(Code::NotTheAuthor));
        room.write("ow", &invite(Role::Guest, "ow")).unwrap();
        room.ask("ann", Wish::Join(Some(CODE))).unwrap();
        assert_eq!(room.stream.conversation().members[&account("ann")].role, Role::Guest);
        assert_eq!(room.write("ann", &invite(Role::Guest, "ann")), Err(Code::PermissionDenied));
        assert_eq!(room.write("ow", &[Fact::InviteUses(CODE.invite(), 0)]), Err(Code::PermissionDenied));
    }

    #[test]
    fn a50_who_comes_into_a_channel_by_themselves_subscribes_and_is_in_no_document() {
        let mut room = Room::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
        let position = room.stream.position();
        for _ in 0..2 {
            assert_eq!(room.ask("ann", Wish::Join(None)), Ok(()));
        }
        assert!(room.subscribers.contains("ann"));
        assert_eq!((room.status("ann"), room.stream.position()), (None, position));
        room.moves("ow", "bob", MemberStatus::Banned).unwrap();
        assert_eq!(room.ask("bob", Wish::Join(None)), Err(Code::MemberBanned));
        room.limits.members_max = 1;
        assert_eq!(room.ask("cid", Wish::Join(None)), Ok(()), "subscribers take no place of a member");
        room.write("ow", &[Fact::State(ConversationState::Archived)]).unwrap();
        assert_eq!(room.ask("dan", Wish::Join(None)), Err(Code::ConversationArchived));
        let mut closed = Room::of(ConversationKind::Channel, &[]);
        assert_eq!(closed.ask("ann", Wish::Join(None)), Err(Code::JoinForbidden));
    }

    #[test]
    fn a50_an_invite_for_subscribers_counts_only_the_uses_that_end() {
        let join = Wish::Join(Some(CODE));
        let mut group = Room::new(&[Policy::Join(JoinPolicy::LinkJoin)]);
        let by = account("ow");
        let invite = Invite { role: Role::Subscriber, until: None, uses_max: None, enabled: true, by, at: NOW };
        let invite = Fact::Invite(CODE.invite(), Some(invite));
        assert_eq!(group.write("ow", &[invite]), Err(Code::RoleUnknown));
        let mut room = Room::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::LinkJoin)]);
        room.invite(|invite| invite.role = Role::Subscriber);
        let position = room.stream.position();
        assert_eq!(room.ask("ann", join), Ok(()));
        assert_eq!(room.stream.position(), position);
        room.invite(|invite| (invite.role, invite.uses_max) = (Role::Subscriber, Some(1)));
        assert_eq!(room.ask("ann", join), Ok(()), "who subscribes uses nothing up");
        for _ in 0..2 {
            assert_eq!(room.ask("bob", join), Ok(()));
        }
        assert_eq!(room.ask("cid", join), Err(Code::InviteUsedUp));
        assert_eq!(room.stream.conversation().invite_uses[&CODE.invite()], 1);
        assert_eq!(room.subscribers.iter().collect::<Vec<_>>(), ["ann", "bob"]);
        room.invite(|_| {});
        assert_eq!(room.ask("dan", join), Ok(()));
        assert_eq!(room.status("dan"), Some(MemberStatus::Active), "a member's invite makes a member");
    }

    #[test]
    fn a51_a_subscriber_writes_nothing() {
        let mut room = Room::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
        room.ask("ann", Wish::Join(None)).unwrap();
        assert_eq!(room.write("ann", &[Fact::Locked(true)]), Err(Code::NotAMember));
        room.moves("ow", "ann", MemberStatus::Removed).unwrap();
        room.subscribers.clear();
        room.ask("ann", Wish::Join(None)).unwrap();
        assert_eq!(room.status("ann"), Some(MemberStatus::Subscribed));
        assert_eq!(room.write("ann", &[Fact::Locked(true)]), Err(Code::NotAMember));
    }

    #[test]
    fn a52_who_waits_to_subscribe_is_let_in_by_whoever_approves() {
        let policies = [Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)];
        let mut room = Room::of(ConversationKind::Channel, &policies);
        room.ask("ann", Wish::Join(None)).unwrap();
        assert_eq!(room.status("ann"), Some(MemberStatus::Requested));
        assert!(room.subscribers.is_empty());
        assert_eq!(room.moves("ow", "ann", MemberStatus::Active), Err(Code::RoleUnknown));
        assert_eq!(room.moves("ow", "ann", MemberStatus::Subscribed), Ok(()));
        assert_eq!(room.stream.conversation().active_members().count(), 1);
        assert_eq!(room.moves("ow", "bob", MemberStatus::Subscribed), Err(Code::NotTheOwner));
        let mut group = Room::new(&policies);
        group.ask("ann", Wish::Join(None)).unwrap();
        assert_eq!(group.moves("ow", "ann", MemberStatus::Subscribed), Err(Code::NotTheOwner));
    }

    #[test]
    fn a53_staff_put_a_subscriber_out_whom_the_document_does_not_know() {
        let mut room = Room::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
        room.ask("ann", Wish::Join(None)).unwrap();
        assert_eq!(room.moves("ow", "ann", MemberStatus::Removed), Ok(()));
        assert_eq!(room.moves("ow", "bob", MemberStatus::Banned), Ok(()));
        assert_eq!(room.moves("ow", "cid", MemberStatus::Active), Ok(()), "one who is added is a member");
        assert_eq!(Room::new(&[]).moves("ow", "ann", MemberStatus::Removed), Err(Code::MemberUnknown));
    }

    #[test]
    fn a54_a_subscriber_leaves_by_a_wish_and_a_member_does_not() {
        let mut room = Room::of(ConversationKind::Channel, &[Policy::Join(JoinPolicy::Open)]);
        room.ask("ann", Wish::Join(None)).unwrap();
        room.write("ow", &[Fact::State(ConversationState::Closed)]).unwrap();
        for _ in 0..2 {
            assert_eq!(room.ask("ann", Wish::Leave), Ok(()));
        }
        assert!(room.subscribers.is_empty());
        assert_eq!(room.ask("ow", Wish::Leave), Err(Code::MemberExists));
        room.write("ow", &[Fact::State(ConversationState::Deleted)]).unwrap();
        assert_eq!(room.ask("ann", Wish::Leave), Err(Code::ConversationDeleted));
    }

    #[test]
    fn a29_the_system_writes_only_what_follows_from_a_wish() {
        let mut room = Room::new(&[Policy::Join(JoinPolicy::Open)]);
        let system = Session::system(TenantId::parse("acme").unwrap(), room.stream.id());
        let ann = account("ann");
        let asker = Asker { account: &ann, subscribes: false };
        let wish = answer_wish(room.stream.conversation(), asker, Wish::Join(None), NOW, &room.limits).unwrap().facts;
        let mut owner = wish.clone();
        owner[0] = Fact::MemberRole(account("ann"), Role::Owner);
        assert_eq!(room.write_as(&system, &owner), Err(Code::PermissionDenied));
        assert_eq!(room.write_as(&system, &[Fact::Locked(true)]), Err(Code::PermissionDenied));
        let mut more = wish.clone();
        more.push(Fact::Locked(true));
        assert_eq!(room.write_as(&system, &more), Err(Code::PermissionDenied));
        assert_eq!(room.write("ann", &wish), Err(Code::NotAMember));
        // Nor does anybody write with its device.
        let thief = Session { account: account("ow"), ..system.clone() };
        assert_eq!(room.write_as(&thief, &[Fact::Locked(true)]), Err(Code::ActorConflict));
        room.write_as(&system, &wish).unwrap();
    }

    #[test]
    fn a25_who_comes_back_by_themselves_has_nothing_of_what_was_granted() {
        let mut room = Room::new(&[Policy::Join(JoinPolicy::Open)]);
        room.ask("ann", Wish::Join(None)).unwrap();
        let grant = |allowed| Some(Grant { allowed, by: account("ow"), at: NOW, until: None });
        for (permission, allowed) in [(Permission::MemberRole, true), (Permission::MessageSend, false)] {
            room.write("ow", &[Fact::MemberGrant(account("ann"), permission, grant(allowed))]).unwrap();
        }
        room.moves("ann", "ann", MemberStatus::Left).unwrap();
        room.ask("ann", Wish::Join(None)).unwrap();
        let ann = &room.stream.conversation().members[&account("ann")];
        assert_eq!(ann.grants.keys().collect::<Vec<_>>(), [&Permission::MessageSend]);
    }
}
