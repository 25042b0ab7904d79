//! A conversation's beginning, settings and members, written so that it ends as its line says.

use tidings_core::{
    command::{
        AddMember, BanMember, ChangeRole, CreateConversation, CreateDirect, CreateResource, DefineRole, FinalizeLead,
        InviteMember, InviteTerms, LeaveConversation, RemoveMember, SetInfo, SetInvite, SetLeadStage, SetLocked,
        SetMemberText, SetPermission, SetPolicy, SetScope, SetState, SetTheme,
    },
    ids::{AccountId, ConversationId},
    model::{
        Conversation, ConversationKind, ConversationState, InfoField, LeadOutcome, LeadStage, MemberField,
        MemberStatus, Policies, PolicyName, Role, RoleDefinition, Scope,
    },
    time::WallTime,
};

use super::{
    archive::{self, Member},
    error::TransferError,
    import::{Import, Open},
    writer::Doing,
};

impl Import {
    /// Creates a conversation, unless it is there, and brings its settings and members in.
    pub(super) async fn begin(&mut self, open: &Open, there: &Conversation) -> Result<(), TransferError> {
        let line = &open.line;
        let conversation = line.conversation;
        let doing = Doing { by: &line.created_by, at: line.created_at };
        if there.created.is_none() {
            self.create(line, doing).await?;
        }
        if line.kind == ConversationKind::Direct {
            return self.describe_members(line).await;
        }
        for (field, text) in [(InfoField::Description, &line.description), (InfoField::AvatarUrl, &line.avatar_url)] {
            if let Some(text) = text.clone() {
                self.write("setting", doing, SetInfo { conversation, field, text: Some(text) }).await?;
            }
        }
        if line.theme.is_some() {
            self.write("setting", doing, SetTheme { conversation, theme: line.theme.clone() }).await?;
        }
        for archive::OwnRole { name, rank, permissions } in &line.roles {
            let Role::Custom(name) = name.clone() else { continue };
            let role = Some(RoleDefinition { rank: *rank, permissions: *permissions });
            self.write("role", doing, DefineRole { conversation, name, role }).await?;
        }
        self.bring_in(line, there).await?;
        self.describe_members(line).await?;
        for archive::Invite { id, role, until, uses_max, enabled, by, at } in &line.invites {
            let terms = Some(InviteTerms { role: role.clone(), until: *until, uses_max: *uses_max, enabled: *enabled });
            let doing = Doing { by, at: *at };
            self.write("invite", doing, SetInvite { conversation, invite: *id, terms }).await?;
        }
        Ok(())
    }

    async fn create(&mut self, line: &archive::Conversation, doing: Doing<'_>) -> Result<(), TransferError> {
        match (&line.kind, &line.resource) {
            (ConversationKind::Direct, _) => {
                let peer = line.members.iter().find(|member| member.account != line.created_by);
                let Some(peer) = peer.map(|member| member.account.clone()) else { return Ok(()) };
                self.write("conversation", doing, CreateDirect { peer }).await
            }
            (ConversationKind::Resource, Some(resource)) => {
                let lead = line.lead.as_ref();
                let command = CreateResource {
                    resource: resource.id.clone(),
                    title: resource.title.clone(),
                    owner: resource.owner.clone(),
                    owner_name: resource.owner_name.clone(),
                    client_name: resource.client_name.clone(),
                    intent: lead.and_then(|lead| lead.intent.clone()),
                    contact_channel: lead.and_then(|lead| lead.contact_channel.clone()),
                };
                self.write("conversation", doing, command).await?;
                match line.title.clone() {
                    Some(text) => {
                        let (conversation, field) = (line.conversation, InfoField::Title);
                        self.write("setting", doing, SetInfo { conversation, field, text: Some(text) }).await
                    }
                    None => Ok(()),
                }
            }
            _ => {
                let members = line.members.iter().filter(|member| is_from_the_start(line, member));
                let members = members.map(|member| member.account.clone()).take(self.members_max()).collect();
                let command = CreateConversation {
                    conversation: line.conversation,
                    account: line.account.clone(),
                    link: line.link.clone(),
                    ..CreateConversation::new(line.kind, line.title.clone(), members)
                };
                self.write("conversation", doing, command).await
            }
        }
    }

    /// Members beside the creator, at most.
    fn members_max(&self) -> usize {
        (self.limits().members_max as usize).saturating_sub(1)
    }

    /// Adds and invites who did not begin it.
    async fn bring_in(&mut self, line: &archive::Conversation, there: &Conversation) -> Result<(), TransferError> {
        let conversation = line.conversation;
        let mut members: Vec<&Member> = line.members.iter().filter(|member| !is_there(line, there, member)).collect();
        members.sort_by_key(|member| (member.joined_at, &member.account));
        let began = line.members.len() - members.len();
        for (index, member) in members.into_iter().enumerate() {
            if began + index > self.members_max() {
                self.report.unplaced("members beyond the limit of a conversation", 1);
                continue;
            }
            let (account, role) = (member.account.clone(), member.role.clone());
            let brought_by = member.invited_by.as_ref().unwrap_or(&member.status_by);
            match (member.status, member.joined_at) {
                (MemberStatus::Requested, _) => self.report.unplaced("requests to join", 1),
                (MemberStatus::Subscribed | MemberStatus::Unknown, _) => self.report.unplaced("subscriptions", 1),
                (MemberStatus::Banned, None) => {}
                (MemberStatus::Invited, _) | (_, None) => {
                    let doing = Doing { by: brought_by, at: member.status_at };
                    self.write("invitation", doing, InviteMember { conversation, account, role }).await?;
                }
                (_, Some(at)) => {
                    let doing = Doing { by: brought_by, at };
                    self.write("member", doing, AddMember { conversation, account, role }).await?;
                }
            }
        }
        Ok(())
    }

    /// Names, colors and grants of members.
    async fn describe_members(&mut self, line: &archive::Conversation) -> Result<(), TransferError> {
        let conversation = line.conversation;
        for member in &line.members {
            let texts = [(MemberField::DisplayName, &member.display_name), (MemberField::Color, &member.color)];
            for (field, text) in texts {
                let Some(text) = text.clone() else { continue };
                let doing = Doing { by: &member.account, at: member.joined_at.unwrap_or(line.created_at) };
                self.write("name", doing, SetMemberText { conversation, field, text: Some(text) }).await?;
            }
            for archive::Grant { permission, allowed, by, at, until } in &member.grants {
                let (account, permission, until) = (member.account.clone(), *permission, *until);
                let command = SetPermission { conversation, account, permission, allowed: Some(*allowed), until };
                self.write("grant", Doing { by, at: *at }, command).await?;
            }
        }
        Ok(())
    }

    /// Writes how a conversation ended: who left it, its policies, its state.
    pub(super) async fn close(&mut self, open: &Open) -> Result<(), TransferError> {
        let line = &open.line;
        let conversation = line.conversation;
        let doing = Doing { by: &line.created_by, at: line.created_at };
        if line.kind != ConversationKind::Direct {
            if let Some(policies) = line.policies.as_ref().filter(|_| open.is_new) {
                self.set_policies(conversation, doing, line.kind, policies).await?;
            }
            let creator = line.members.iter().find(|member| member.account == line.created_by);
            if let Some(creator) = creator.filter(|member| member.role != first_role(line.kind)) {
                let (account, role) = (creator.account.clone(), creator.role.clone());
                self.write("role of a member", doing, ChangeRole { conversation, account, role }).await?;
            }
            for member in &line.members {
                self.move_out(conversation, member).await?;
            }
            if let Some(name) = line.name.clone() {
                let (field, text) = (InfoField::Name, Some(name));
                self.write("setting", doing, SetInfo { conversation, field, text }).await?;
            }
            if line.scope != Scope::Private {
                self.write("setting", doing, SetScope { conversation, scope: line.scope }).await?;
            }
        }
        if line.locked {
            self.write("setting", doing, SetLocked { conversation, locked: true }).await?;
        }
        self.set_state(line, doing).await
    }

    async fn set_policies(
        &mut self,
        conversation: ConversationId,
        doing: Doing<'_>,
        kind: ConversationKind,
        policies: &Policies,
    ) -> Result<(), TransferError> {
        let usual = Policies::of(kind);
        for name in PolicyName::ALL {
            let policy = policies.get(*name);
            if policy != usual.get(*name) {
                self.write("policy", doing, SetPolicy { conversation, policy }).await?;
            }
        }
        Ok(())
    }

    async fn move_out(&mut self, conversation: ConversationId, member: &Member) -> Result<(), TransferError> {
        let account = member.account.clone();
        let doing = Doing { by: &member.status_by, at: member.status_at };
        match member.status {
            MemberStatus::Left => {
                let doing = Doing { by: &member.account, ..doing };
                self.write("leaving", doing, LeaveConversation { conversation }).await
            }
            MemberStatus::Removed => self.write("removal", doing, RemoveMember { conversation, account }).await,
            MemberStatus::Banned => self.write("ban", doing, BanMember { conversation, account }).await,
            MemberStatus::Active
            | MemberStatus::Invited
            | MemberStatus::Requested
            | MemberStatus::Subscribed
            | MemberStatus::Unknown => Ok(()),
        }
    }

    async fn set_state(&mut self, line: &archive::Conversation, doing: Doing<'_>) -> Result<(), TransferError> {
        let conversation = line.conversation;
        let owner: AccountId = line.resource.as_ref().map_or(&line.created_by, |resource| &resource.owner).clone();
        let doing = Doing { by: &owner, at: last_time(line, doing.at) };
        if let Some(lead) = &line.lead {
            if lead.number > 1 {
                self.report.unplaced("earlier leads of a resource conversation", u64::from(lead.number - 1));
            }
            let won = LeadStage::closed(LeadOutcome::Won);
            if lead.stage.is_closed() {
                let outcome = if lead.stage == won { LeadOutcome::Won } else { LeadOutcome::Lost };
                let reason = lead.closure_reason.clone();
                return self.write("lead", doing, FinalizeLead { conversation, outcome, reason }).await;
            }
            if lead.stage != LeadStage::open() {
                self.write("lead", doing, SetLeadStage { conversation, stage: lead.stage.clone() }).await?;
            }
        }
        match line.state {
            ConversationState::Archived | ConversationState::Closed => {
                self.write("state", doing, SetState { conversation, state: line.state }).await
            }
            ConversationState::Active | ConversationState::Deleted | ConversationState::Unknown => Ok(()),
        }
    }
}

/// The role that whoever creates a conversation begins with.
fn first_role(kind: ConversationKind) -> Role {
    match kind {
        ConversationKind::Resource => Role::Member,
        _ => Role::Owner,
    }
}

/// Returns true for those with whom a conversation begins.
fn is_from_the_start(line: &archive::Conversation, member: &Member) -> bool {
    member.status == MemberStatus::Active
        && member.role == Role::Member
        && member.joined_at == Some(line.created_at)
        && member.invited_by.as_ref() == Some(&line.created_by)
}

/// Returns true for members who need not be brought in: who began it, or were in it before the import.
fn is_there(line: &archive::Conversation, there: &Conversation, member: &Member) -> bool {
    let began = match (&line.kind, &line.resource) {
        (ConversationKind::Resource, Some(resource)) => {
            member.account == resource.client || member.account == resource.owner
        }
        _ => member.account == line.created_by || is_from_the_start(line, member),
    };
    began || there.members.contains_key(&member.account)
}

/// A time for what nobody knows the time of: not before anything that is known.
fn last_time(line: &archive::Conversation, at: WallTime) -> WallTime {
    line.members.iter().map(|member| member.status_at).fold(at, WallTime::max)
}
