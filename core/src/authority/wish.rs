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
}

/// What is stated when an account asks; nothing if it is so already.
///
/// # Errors
/// Why it is not given what it asks for.
pub fn answer_wish(
    conversation: &Conversation,
    account: &AccountId,
    wish: Wish,
    at: WallTime,
    limits: &Limits,
) -> Result<Vec<Fact>, Refusal> {
    let way = match wish {
        Wish::Join(None) => Way::Open,
        Wish::Join(Some(code)) => Way::Invite(code.invite()),
        Wish::Accept => Way::Invited,
        Wish::Decline => Way::Decline,
    };
    answer(conversation, account, way, at, at, limits)
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
        account: &AccountId,
        wish: Wish,
        at: WallTime,
        limits: &Limits,
    ) -> Result<Option<PushedChange>, Refusal> {
        let Some(conversation) = self.id().conversation() else {
            return Err(Refusal::new(Code::WrongKind, "not a conversation"));
        };
        let facts = answer_wish(self.conversation(), account, wish, at, limits)?;
        let document = DocumentId::Conversation(conversation);
        let change = self.compose(system.device, &document, at, &facts);
        Ok(change.map(|change| PushedChange { document, change: change.bytes().to_vec() }))
    }
}

/// Checks that facts are what follows from something that somebody asked for.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let moved = facts.iter().find_map(|fact| match fact {
        Fact::MemberStatus(account, standing) => Some((account, standing.at)),
        _ => None,
    });
    let used = facts.iter().find_map(|fact| match fact {
        Fact::InviteUses(invite, _) => Some(Way::Invite(*invite)),
        _ => None,
    });
    let follows =
        |way| moved.map(|(account, at)| answer(conversation, account, way, at, context.accepted_at, context.limits));
    for way in used.into_iter().chain([Way::Open, Way::Invited, Way::Decline]) {
        match follows(way) {
            Some(Ok(expected)) if expected == facts => return Ok(()),
            Some(Err(refusal)) if Some(way) == used => return Err(refusal),
            _ => {}
        }
    }
    refuse(Code::PermissionDenied, "nothing that the system writes follows from anybody's wish")
}

/// `at` is when it was written, `accepted_at` the clock of invites.
fn answer(
    conversation: &Conversation,
    account: &AccountId,
    way: Way,
    at: WallTime,
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<Vec<Fact>, Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
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
                Ok(vec![moved(member, account, MemberStatus::Left, at)])
            }
            Some(MemberStatus::Active) => deny(Code::MemberExists, "already a member"),
            _ => Ok(Vec::new()),
        };
    }
    match status {
        Some(MemberStatus::Active) => return Ok(Vec::new()),
        Some(MemberStatus::Banned) => return deny(Code::MemberBanned, "the account was banned"),
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
            let (role, uses) = used(conversation, id, accepted_at)?;
            facts.push(Fact::InviteUses(id, uses));
            (role, !conversation.policies.join_approval)
        }
        Way::Open if conversation.policies.join == JoinPolicy::Open => {
            (Role::Member, !conversation.policies.join_approval)
        }
        Way::Open => return deny(Code::JoinForbidden, "nobody comes in by themselves"),
        Way::Invited => return deny(Code::MemberUnknown, "the account was not invited"),
        Way::Decline => unreachable!("answered above"),
    };
    let to = if approved { MemberStatus::Active } else { MemberStatus::Requested };
    if status == Some(to) {
        return Ok(Vec::new());
    }
    if approved && conversation.active_members().count() >= limits.members_max as usize {
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
    Ok(facts)
}

fn moved(member: Option<&Member>, account: &AccountId, to: MemberStatus, at: WallTime) -> Fact {
    let former = member.and_then(|member| member.standing.as_ref());
    Fact::MemberStatus(account.clone(), Standing::next(former, to, account, at))
}

/// The role that an invite gives, and how often it was used with this time.
fn used(conversation: &Conversation, id: InviteId, accepted_at: WallTime) -> Result<(Role, u32), Refusal> {
    let deny = |code, detail: &str| Err(Refusal::new(code, detail));
    let Some(invite) = conversation.invites.get(&id) else {
        return deny(Code::InviteUnknown, "no invite of this code");
    };
    let Invite { role, until, uses_max, enabled, .. } = invite;
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
    Ok((role.clone(), uses.saturating_add(1)))
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
    }

    impl Room {
        fn new(policies: &[Policy]) -> Self {
            let id = ConversationId::from_bytes([7; 16]);
            let tenant = TenantId::parse("acme").unwrap();
            let mut stream = Stream::new(tenant, StreamId::Conversation(id), Position::ZERO, 0);
            stream.insert(Document::new(DocumentId::Conversation(id)));
            let mut room = Self { stream, limits: Limits::default() };
            let joined = Standing::next(None, MemberStatus::Active, &account("ow"), NOW);
            let mut facts = vec![
                Fact::Created(Created::new(ConversationKind::Group, account("ow"), NOW)),
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
            let answer = answer_wish(self.stream.conversation(), &account(name), wish, NOW, &self.limits);
            let facts = answer.map_err(|refusal| refusal.code)?;
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
            if former.is_none() {
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
        let late = answer_wish(room.stream.conversation(), &account("cid"), join, later, &room.limits);
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
    fn a29_the_system_writes_only_what_follows_from_a_wish() {
        let mut room = Room::new(&[Policy::Join(JoinPolicy::Open)]);
        let system = Session::system(TenantId::parse("acme").unwrap(), room.stream.id());
        let wish =
            answer_wish(room.stream.conversation(), &account("ann"), Wish::Join(None), NOW, &room.limits).unwrap();
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
