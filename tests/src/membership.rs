//! Invariants of a conversation before and after any admitted change, formulated independently of the
//! authority's code and mostly from the two states alone. The simulation, the fuzzer and a property test check
//! every entry with them.

use std::collections::BTreeSet;

use tidings_core::{
    doc::Fact,
    ids::AccountId,
    journal::Entry,
    limits::Limits,
    model::{
        Content, Conversation, ConversationKind, ConversationState, Grant, HeldState, JoinPolicy, LateWrites, Lead,
        Member, MemberStatus, Membership, Permission, Permissions, Role, SendPolicy, WhoPolicy,
    },
    time::WallTime,
};

/// An error describes the violation, for whoever reads it.
pub type Checked = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}

/// The rank and permissions of the entry's author at the moment of the decision.
struct Actor<'a> {
    account: &'a AccountId,
    rank: u8,
    held: Permissions,
    at: WallTime,
}

/// Returns true if an entry begins a generation, judged by its bytes rather than by the engine's own code.
pub fn is_generation(entry: &Entry) -> bool {
    let key = b"generation";
    entry.account.is_system() && entry.change.windows(key.len()).any(|bytes| bytes == key)
}

/// Checks the effect of an entry on a conversation.
///
/// # Errors
/// The violated invariant.
pub fn check(entry: &Entry, facts: &[Fact], before: &Conversation, after: &Conversation, limits: &Limits) -> Checked {
    check_roster(before, after, limits)?;
    if before.created.is_none() {
        return check_created(entry, after);
    }
    ensure!(before.created == after.created, "created once more");
    if is_generation(entry) {
        ensure!(before == after, "a generation changes the conversation");
        return Ok(());
    }
    check_lead(before, after)?;
    if entry.account.is_system() {
        return match facts {
            [Fact::ProposalAnswer(..)] => check_answer(before, after),
            [Fact::State(state), ..] => check_reopening(*state, before, after),
            _ => check_membership_request(facts, before, after),
        };
    }
    ensure!(before.invite_uses == after.invite_uses, "{} counts who came in", entry.account);
    let member = before.active_member(&entry.account);
    ensure!(entry.administrator || member.is_some(), "{} acts and is not a member", entry.account);
    check_memberships(entry, before, after)?;
    if entry.administrator {
        return Ok(());
    }
    let Some(member) = member else { return Ok(()) };
    let actor = Actor {
        account: &entry.account,
        rank: before.rank_of(&member.role),
        held: held(before, member, entry.accepted_at),
        at: entry.accepted_at,
    };
    actor.check_open(before, after, facts)?;
    actor.check_words(before, facts)?;
    actor.check_metadata(before, after)?;
    actor.check_definitions(before, after)?;
    actor.check_invites(before, after)?;
    actor.check_held_message(before, after)?;
    let accounts: BTreeSet<&AccountId> = before.members.keys().chain(after.members.keys()).collect();
    accounts.into_iter().try_for_each(|account| actor.check_member(account, before, after))
}

/// Everything a member may do: what was given to them, and what policies open to members.
fn held(conversation: &Conversation, member: &Member, at: WallTime) -> Permissions {
    let mut held = given(conversation, member, at);
    let is_member = conversation.rank_of(&member.role) >= 25;
    let mut open = Vec::new();
    if is_member && conversation.policies.add_members == WhoPolicy::AllMembers {
        open.push(Permission::MemberAdd);
    }
    if is_member && conversation.policies.info_edit == WhoPolicy::AllMembers {
        open.push(Permission::ConversationInfo);
    }
    if conversation.kind() == Some(ConversationKind::Direct) {
        open.extend([Permission::PinAdd, Permission::PinRemove]);
    }
    let denied = |permission: &Permission| member.grants.get(permission).is_some_and(|grant| denies(grant, at));
    open.into_iter().filter(|permission| !denied(permission)).for_each(|permission| held.insert(permission));
    held
}

/// The permissions given to a member personally: by the role, and by grants.
fn given(conversation: &Conversation, member: &Member, at: WallTime) -> Permissions {
    let mut given = conversation.permissions_of(&member.role);
    for (permission, grant) in &member.grants {
        if denies(grant, at) {
            given.remove(*permission);
        } else if grant.allowed && !is_over(grant, at) {
            given.insert(*permission);
        }
    }
    given
}

fn is_over(grant: &Grant, at: WallTime) -> bool {
    grant.until.is_some_and(|until| until <= at)
}

fn denies(grant: &Grant, at: WallTime) -> bool {
    !grant.allowed && !is_over(grant, at)
}

/// Permissions that every member has need not be given by anybody.
fn beyond_members(permissions: Permissions) -> Permissions {
    permissions.without(Role::Member.built_in_permissions().unwrap_or_default())
}

/// Invariants that hold regardless of the author.
fn check_roster(before: &Conversation, after: &Conversation, limits: &Limits) -> Checked {
    let active = after.active_members().count();
    let Some(kind) = after.kind() else { return Err("a conversation that nobody created".to_owned()) };
    if kind == ConversationKind::Direct {
        ensure!(active == 2, "a direct of {active}");
        let unlike = |member: &Member| member.role != Role::Member || !member.grants.is_empty();
        ensure!(!after.members.values().any(unlike), "a direct with a role or a grant");
        return Ok(());
    }
    ensure!(after.active_members().any(|(_, member)| member.role == Role::Owner), "no active owner");
    let (max, former) = (limits.members_max as usize, before.active_members().count());
    ensure!(active <= max || active <= former, "{active} members, and at most {max} may be");
    let (max, former) = (limits.roles_max as usize, before.roles.len());
    ensure!(after.roles.len() <= max || after.roles.len() <= former, "more than {max} roles");
    for (account, member) in &after.members {
        let takes_part = matches!(member.status(), MemberStatus::Active | MemberStatus::Invited);
        match &member.role {
            Role::Custom(name) if takes_part => {
                ensure!(after.roles.contains_key(name), "{account} is {name}, which is not defined");
            }
            Role::Subscriber if takes_part => return Err(format!("{account} is a subscriber, and listed")),
            _ => {}
        }
        ensure!(member.membership.is_some(), "{account} is listed and stands nowhere");
    }
    for (id, invite) in &after.invites {
        ensure!(after.rank_of(&invite.role) <= 25, "{id} lets in as {}", invite.role);
        let defined = !matches!(&invite.role, Role::Custom(name) if !after.roles.contains_key(name));
        ensure!(defined, "{id} lets in as {}, which is not defined", invite.role);
    }
    let (max, former) = (limits.invites_max as usize, before.invites.len());
    ensure!(after.invites.len() <= max || after.invites.len() <= former, "more than {max} invites");
    let rank = after.roles.iter().find(|(_, role)| !(1..=99).contains(&role.rank));
    ensure!(rank.is_none(), "a role of an impossible rank: {rank:?}");
    Ok(())
}

/// A lead's state must match its conversation's.
fn check_lead(before: &Conversation, after: &Conversation) -> Checked {
    if after.kind() != Some(ConversationKind::Resource) || after.state() == ConversationState::Deleted {
        return Ok(());
    }
    let Some((number, lead)) = after.leads.last_key_value() else { return Err("no lead".to_owned()) };
    let (state, stage) = (after.state(), lead.stage.as_str());
    ensure!((state == ConversationState::Closed) == stage.starts_with("closed_"), "{state:?}, with a lead {stage}");
    let is_archived = state == ConversationState::Archived;
    ensure!(state == ConversationState::Closed || lead.is_archived == is_archived, "{state:?}, with another lead");
    ensure!(after.leads.keys().copied().eq(1..=*number), "leads are not numbered one after another");
    let newest = before.leads.len() as u32;
    let former = |(number, lead): (&u32, &Lead)| *number >= newest || after.leads.get(number) == Some(lead);
    ensure!(before.leads.iter().all(former), "a former lead changes");
    Ok(())
}

/// The system may state the answer to a proposal.
fn check_answer(before: &Conversation, after: &Conversation) -> Checked {
    ensure!(before.kind() == Some(ConversationKind::Resource), "a proposal in a {:?}", before.kind());
    ensure!(before == after, "an answer changes the conversation");
    Ok(())
}

/// The system may state that a conversation is reopened, which everybody has assumed since the client wrote.
fn check_reopening(state: ConversationState, before: &Conversation, after: &Conversation) -> Checked {
    ensure!(before.kind() == Some(ConversationKind::Resource), "the system opens a {:?}", before.kind());
    ensure!(state == ConversationState::Active && before == after, "the system makes it {state:?}, and nobody asked");
    Ok(())
}

/// The system may write only that somebody joins, asks to join or leaves, as they requested.
fn check_membership_request(facts: &[Fact], before: &Conversation, after: &Conversation) -> Checked {
    match facts {
        [Fact::Held(message, late)] => {
            let status = before.members.get(&message.author).map(Member::status);
            ensure!(status == Some(MemberStatus::Removed), "{message} of one who is {status:?} is held");
            ensure!(before.policies.late_writes == LateWrites::Hold, "{message} is held, and no policy says so");
            ensure!(late.state == HeldState::Held && !before.held.contains_key(message), "{message} is held twice");
            return Ok(());
        }
        [Fact::Message(message, _)] => {
            let state = before.held.get(message).map(|late| late.state);
            ensure!(state == Some(HeldState::Admitted), "the system writes {message}, which is {state:?}");
            return Ok(());
        }
        _ => {}
    }
    let changed: Vec<&AccountId> =
        after.members.keys().filter(|account| before.members.get(*account) != after.members.get(*account)).collect();
    // Subscribers of a channel are in no document: at most an invite is used.
    let is_channel = after.kind() == Some(ConversationKind::Channel);
    if changed.is_empty() && is_channel && facts.iter().all(|fact| matches!(fact, Fact::InviteUses(..))) {
        return Ok(());
    }
    let [account] = changed[..] else { return Err(format!("a membership request of {changed:?}")) };
    let nobody = Member::default();
    let (former, member) = (before.members.get(account).unwrap_or(&nobody), &after.members[account]);
    let membership = member.membership.as_ref();
    let follows = membership.map(|one| Membership::next(former.membership.as_ref(), one.status, account, one.at));
    ensure!(membership == follows.as_ref(), "{account} stands {membership:?}, which is not what they asked for");
    let others = |conversation: &Conversation| {
        let mut others = conversation.clone();
        let removed = others.members.remove(account);
        others.active -= u32::from(removed.is_some_and(|member| member.is_active()));
        others.invite_uses.clear();
        others
    };
    ensure!(
        others(before) == others(after),
        "a membership request of {account} changes more than {account}: {facts:?}"
    );
    let from = former.membership.as_ref().map(|membership| membership.status);
    let waited = matches!(from, Some(MemberStatus::Invited | MemberStatus::Requested));
    if member.status() == MemberStatus::Left {
        ensure!(waited && former.role == member.role, "{account} declines, and was {from:?}");
        return Ok(());
    }
    let comes = matches!(member.status(), MemberStatus::Active | MemberStatus::Requested | MemberStatus::Subscribed);
    let subscribes = member.status() == MemberStatus::Subscribed;
    ensure!(!subscribes || (is_channel && member.role == Role::Subscriber), "{account} subscribes as {}", member.role);
    ensure!(comes && from != Some(MemberStatus::Active), "{account} goes from {from:?} to {}", member.status());
    ensure!(from != Some(MemberStatus::Banned), "{account} comes in and is banned");
    ensure!(before.state() == ConversationState::Active, "{account} comes into one that is {:?}", before.state());
    ensure!(!member.grants.values().any(|grant| grant.allowed), "{account} comes with a grant");
    if from == Some(MemberStatus::Invited) {
        ensure!(former.role == member.role, "{account} was invited as {}", former.role);
        return Ok(());
    }
    ensure!(before.policies.join != JoinPolicy::InviteOnly, "{account} comes in where one is invited");
    ensure!(after.rank_of(&member.role) <= 25, "{account} comes in as {}", member.role);
    let waits = member.status() == MemberStatus::Requested;
    ensure!(waits == before.policies.join_approval, "{account} waits: {waits}");
    Ok(())
}

fn check_created(entry: &Entry, after: &Conversation) -> Checked {
    let Some(created) = &after.created else { return Ok(()) };
    ensure!(created.by == entry.account, "created as {} by {}", created.by, entry.account);
    let operators = created.kind == ConversationKind::System || created.account.is_some() || created.link.is_some();
    ensure!(entry.administrator || !operators, "{} is no administrator", entry.account);
    let role = after.active_member(&entry.account).map(|member| &member.role);
    let joins = matches!(created.kind, ConversationKind::Direct | ConversationKind::Resource);
    let expected = if joins { Role::Member } else { Role::Owner };
    ensure!(role == Some(&expected), "the creator is {role:?}");
    let granted = after.members.values().any(|member| !member.grants.is_empty());
    ensure!(!granted && after.roles.is_empty(), "it begins with grants or roles");
    Ok(())
}

/// A changed membership must be what its author stated, with true facts.
fn check_memberships(entry: &Entry, before: &Conversation, after: &Conversation) -> Checked {
    for (account, member) in &after.members {
        let former = before.members.get(account).and_then(|member| member.membership.as_ref());
        let Some(membership) = member.membership.as_ref().filter(|membership| Some(*membership) != former) else {
            continue;
        };
        let follows = Membership::next(former, membership.status, &entry.account, membership.at);
        ensure!(*membership == follows, "{account} stands {membership:?}, which does not follow from {former:?}");
    }
    Ok(())
}

impl Actor<'_> {
    fn needs(&self, what: &str, permissions: &[Permission]) -> Checked {
        let holds = permissions.iter().any(|permission| self.held.holds(*permission));
        ensure!(holds, "{} {what} without any of {permissions:?} at {:?}", self.account, self.at);
        Ok(())
    }

    /// Checks a conversation that is closed or locked.
    fn check_open(&self, before: &Conversation, after: &Conversation, facts: &[Fact]) -> Checked {
        ensure!(before.state() != ConversationState::Deleted, "{} writes in a deleted conversation", self.account);
        let leaves = facts.iter().all(|fact| match fact {
            Fact::MemberStatus(account, membership) => {
                account == self.account && membership.status == MemberStatus::Left
            }
            _ => false,
        });
        if leaves {
            return Ok(());
        }
        let is_client = before.resource().is_some_and(|resource| resource.client == *self.account);
        if before.state() != ConversationState::Active && is_client && matches!(facts, [Fact::Message(..)]) {
            let reopened = Conversation { state: after.state, leads: after.leads.clone(), ..before.clone() };
            ensure!(after.state() == ConversationState::Active && reopened == *after, "{} reopens more", self.account);
        } else if before.state() != ConversationState::Active {
            let reopened = Conversation { state: after.state, leads: after.leads.clone(), ..before.clone() };
            let is_state = |fact: &Fact| {
                matches!(
                    fact,
                    Fact::State(_)
                        | Fact::LeadOpened(..)
                        | Fact::LeadStage(..)
                        | Fact::LeadArchived(..)
                        | Fact::LeadClosureReason(..)
                )
            };
            let words = !facts.iter().all(is_state);
            ensure!(!words && reopened == *after, "{} writes in one that is {:?}", self.account, before.state());
        }
        ensure!(!before.locked || self.rank >= 50, "{} writes in a locked conversation", self.account);
        Ok(())
    }

    /// Checks facts on pages.
    fn check_words(&self, before: &Conversation, facts: &[Fact]) -> Checked {
        for fact in facts {
            match fact {
                Fact::Message(message, body) => {
                    ensure!(message.author == *self.account, "{} writes as {}", self.account, message.author);
                    self.needs("sends", &[Permission::MessageSend])?;
                    self.check_content(before, &body.content)?;
                    let lowest = match before.policies.send {
                        SendPolicy::AllMembers => 0,
                        SendPolicy::Moderators => 50,
                        SendPolicy::AdminsOnly => 75,
                        SendPolicy::Unknown => return Err(format!("{} sends where nobody may", self.account)),
                    };
                    ensure!(self.rank >= lowest, "{} sends where {:?} do", self.account, before.policies.send);
                }
                Fact::Edit(message, _) => {
                    ensure!(message.author == *self.account, "{} edits as {}", self.account, message.author);
                    self.needs("edits", &[Permission::MessageEdit])?;
                }
                Fact::Deleted(message, _) if message.author == *self.account => {
                    self.needs("deletes", &[Permission::MessageDelete])?;
                }
                Fact::Deleted(..) => self.needs("deletes", &[Permission::MessageDeleteAny])?,
                Fact::Reaction(_, _, account, on) => {
                    ensure!(account == self.account, "{} reacts as {account}", self.account);
                    self.needs("reacts", &[Permission::MessageReact])?;
                    ensure!(!on || before.policies.reactions, "{} reacts where nobody may", self.account);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks proposals and responses.
    fn check_content(&self, before: &Conversation, content: &Content) -> Checked {
        let client = before.resource().map(|resource| &resource.client);
        let is_client = client == Some(self.account);
        match content {
            Content::Proposal(_) => {
                ensure!(client.is_some() && !is_client, "{} proposes", self.account);
                self.needs("proposes", &[Permission::ProposalSend])
            }
            Content::ProposalResponse(_) => {
                ensure!(is_client, "{} responds", self.account);
                self.needs("responds", &[Permission::ProposalRespond])
            }
            _ => Ok(()),
        }
    }

    fn check_metadata(&self, before: &Conversation, after: &Conversation) -> Checked {
        if (&before.info, &before.theme) != (&after.info, &after.theme) {
            self.needs("describes", &[Permission::ConversationInfo])?;
        }
        if (&before.policies, before.scope) != (&after.policies, after.scope) {
            self.needs("sets policies", &[Permission::ConversationSettings])?;
        }
        if before.state() != after.state() {
            let resource = before.kind() == Some(ConversationKind::Resource);
            match after.state() {
                ConversationState::Deleted => self.needs("deletes", &[Permission::ConversationDelete])?,
                ConversationState::Closed if resource => self.needs("closes", &[Permission::ConversationClose])?,
                ConversationState::Active if resource => {}
                _ => self.needs("changes the state", &[Permission::ConversationArchive])?,
            }
        }
        let is_client = before.resource().is_some_and(|resource| resource.client == *self.account);
        if before.leads != after.leads && !(is_client && before.state() != ConversationState::Active) {
            self.needs("changes a lead", &[Permission::ConversationClose, Permission::ConversationArchive])?;
            ensure!(!is_client, "{} changes a lead", self.account);
        }
        if before.locked != after.locked {
            self.needs("locks", &[Permission::ConversationLock])?;
        }
        if after.pins.iter().any(|(message, pin)| before.pins.get(message) != Some(pin)) {
            self.needs("pins", &[Permission::PinAdd])?;
        }
        if before.pins.keys().any(|message| !after.pins.contains_key(message)) {
            self.needs("unpins", &[Permission::PinRemove])?;
        }
        Ok(())
    }

    fn check_definitions(&self, before: &Conversation, after: &Conversation) -> Checked {
        let names: BTreeSet<_> = before.roles.keys().chain(after.roles.keys()).collect();
        for name in names {
            let (former, role) = (before.roles.get(name), after.roles.get(name));
            if former == role {
                continue;
            }
            self.needs("defines a role", &[Permission::RoleDefine])?;
            for role in former.into_iter().chain(role) {
                ensure!(role.rank < self.rank, "{} defines {name}, which outranks them", self.account);
            }
            let lacking = role.map(|role| beyond_members(role.permissions).without(self.held)).unwrap_or_default();
            ensure!(lacking == Permissions::default(), "{} puts {lacking:?} into {name}", self.account);
        }
        Ok(())
    }

    /// Whoever may admit members decides about held messages, and only once.
    fn check_held_message(&self, before: &Conversation, after: &Conversation) -> Checked {
        for (message, late) in after.held.iter().filter(|(message, late)| before.held.get(*message) != Some(late)) {
            let state = before.held.get(message).map(|late| late.state);
            ensure!(state == Some(HeldState::Held), "{} decides about {message}, which is {state:?}", self.account);
            ensure!(late.state != HeldState::Held, "{message} is held again");
            ensure!(self.held.holds(Permission::MemberApprove), "{} decides about {message}", self.account);
        }
        Ok(())
    }

    fn check_invites(&self, before: &Conversation, after: &Conversation) -> Checked {
        if before.invites == after.invites {
            return Ok(());
        }
        self.needs("makes invites", &[Permission::InviteCreate])?;
        for (id, invite) in after.invites.iter().filter(|(id, invite)| before.invites.get(*id) != Some(*invite)) {
            ensure!(invite.by == *self.account, "{} makes {id} as {}", self.account, invite.by);
            let lacking = beyond_members(after.permissions_of(&invite.role)).without(self.held);
            ensure!(lacking == Permissions::default(), "{} gives {lacking:?} by {id}", self.account);
        }
        Ok(())
    }

    fn check_member(&self, account: &AccountId, before: &Conversation, after: &Conversation) -> Checked {
        let nobody = Member::default();
        let former = before.members.get(account).unwrap_or(&nobody);
        let Some(member) = after.members.get(account) else { return Err(format!("{account} is not listed any more")) };
        self.check_growth(account, (before, former), (after, member))?;
        if former == member {
            return Ok(());
        }
        let own = account == self.account;
        let below = before.rank_of(&former.role) < self.rank;
        ensure!(own || !former.is_active() || below, "{} acts on {account}, who is not below", self.account);
        ensure!(own || former.texts == member.texts, "{} writes {account}'s entry", self.account);
        if former.membership != member.membership {
            let from = former.membership.as_ref().map(|membership| membership.status);
            let is_channel = after.kind() == Some(ConversationKind::Channel);
            self.check_move(account, from, member.status(), is_channel)?;
        }
        if former.role != member.role {
            self.check_role(account, former, after, member)?;
        }
        self.check_grants(account, former, member)
    }

    /// Whatever changed: anybody who may do more now was given that by somebody else who may do it.
    fn check_growth(
        &self,
        account: &AccountId,
        (before, former): (&Conversation, &Member),
        (after, member): (&Conversation, &Member),
    ) -> Checked {
        let of = |conversation: &Conversation, member: &Member| match member.is_active() {
            true => (given(conversation, member, self.at), conversation.rank_of(&member.role)),
            false => (Permissions::default(), 0),
        };
        let ((had, rank), (has, new_rank)) = (of(before, former), of(after, member));
        let more = has.without(had);
        if more == Permissions::default() && new_rank <= rank {
            return Ok(());
        }
        ensure!(account != self.account, "{account} gives {more:?} and rank {new_rank} to themselves");
        let lacking = beyond_members(more).without(self.held);
        ensure!(lacking == Permissions::default(), "{} gives {lacking:?} to {account}", self.account);
        ensure!(new_rank <= self.rank, "{} gives {account} a rank above their own", self.account);
        Ok(())
    }

    fn check_move(
        &self,
        account: &AccountId,
        from: Option<MemberStatus>,
        to: MemberStatus,
        is_channel: bool,
    ) -> Checked {
        let own = account == self.account;
        match (from, to) {
            (_, MemberStatus::Unknown) => Err(format!("{account} goes to where this version knows of nothing")),
            (_, MemberStatus::Requested) => Err(format!("{} asks for {account}", self.account)),
            (Some(MemberStatus::Active), MemberStatus::Left) if own => Ok(()),
            (_, MemberStatus::Left) => Err(format!("{} makes {account} leave from {from:?}", self.account)),
            _ if own => Err(format!("{account} moves themselves to {to}")),
            (None, MemberStatus::Removed) if is_channel => self.needs("removes", &[Permission::MemberRemove]),
            (Some(MemberStatus::Active), MemberStatus::Active | MemberStatus::Invited)
            | (Some(MemberStatus::Invited), MemberStatus::Invited)
            | (Some(MemberStatus::Banned), MemberStatus::Invited)
            | (None | Some(MemberStatus::Left | MemberStatus::Removed), MemberStatus::Removed) => {
                Err(format!("{account} goes from {from:?} to {to}"))
            }
            (Some(MemberStatus::Requested), MemberStatus::Subscribed) => {
                self.needs("answers", &[Permission::MemberApprove])
            }
            (_, MemberStatus::Subscribed) => Err(format!("{account} goes from {from:?} to {to}")),
            (_, MemberStatus::Banned) | (Some(MemberStatus::Banned), _) => self.needs("bans", &[Permission::MemberBan]),
            (Some(MemberStatus::Requested), MemberStatus::Active | MemberStatus::Removed) => {
                self.needs("answers", &[Permission::MemberApprove])
            }
            (Some(MemberStatus::Active), MemberStatus::Removed) => self.needs("removes", &[Permission::MemberRemove]),
            (_, MemberStatus::Active | MemberStatus::Invited | MemberStatus::Removed) => {
                self.needs("adds", &[Permission::MemberAdd])
            }
        }
    }

    fn check_role(&self, account: &AccountId, former: &Member, after: &Conversation, member: &Member) -> Checked {
        let takes_part = matches!(member.status(), MemberStatus::Active | MemberStatus::Invited);
        ensure!(takes_part, "{account} has another role and takes no part");
        let rank = after.rank_of(&member.role);
        ensure!(rank <= self.rank, "{} gives {account} the rank {rank}", self.account);
        match former.is_active() {
            true if account == self.account => Ok(()),
            true => self.needs("gives a role", &[Permission::MemberRole]),
            false => self.needs("brings in", &[Permission::MemberAdd, Permission::MemberApprove]),
        }
    }

    fn check_grants(&self, account: &AccountId, former: &Member, member: &Member) -> Checked {
        for &permission in Permission::ALL {
            let (old, new) = (former.grants.get(&permission), member.grants.get(&permission));
            if old == new {
                continue;
            }
            let mutes = permission == Permission::MessageSend && new.is_none_or(|grant| !grant.allowed);
            let withheld = old.is_some_and(|grant| !grant.allowed);
            let may: &[Permission] = match (mutes, former.is_active() || withheld) {
                (true, _) => &[Permission::MemberPermissions, Permission::MemberMute],
                (false, true) => &[Permission::MemberPermissions],
                (false, false) => &[Permission::MemberAdd, Permission::MemberApprove],
            };
            self.needs("grants", may)?;
            ensure!(account != self.account, "{account} grants {permission} to themselves");
            if let Some(grant) = new {
                ensure!(former.is_active() && member.is_active(), "a grant to {account}, who is not a member");
                ensure!(grant.by == *self.account, "a grant of {} in the name of {}", self.account, grant.by);
            }
            let gives = new.is_some_and(|grant| grant.allowed) || (new.is_none() && withheld);
            ensure!(!gives || self.held.holds(permission), "{} gives {permission} and lacks it", self.account);
        }
        Ok(())
    }
}
