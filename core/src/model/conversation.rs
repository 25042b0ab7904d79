//! A conversation as the authority and the views see it: the state of its
//! document in plain values. Reading it from the document is `doc`'s.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, InviteId, MessageId, PageNumber},
    model::{
        Held, Invite, Lead, LeadNumber, Member, Parent, Party, Permission, Permissions, Policies, PolicyName, Power,
        Resource, Role, RoleDefinition, RoleName, WhoPolicy,
    },
    named::named,
    sorted::SortedMap,
    time::WallTime,
};

named! {
    /// The kind of a conversation, fixed at creation.
    ConversationKind {
        /// Exactly two accounts.
        Direct = "direct",
        /// Up to a thousand members.
        Group = "group",
        /// Staff who write, and any number of subscribers.
        Channel = "channel",
        /// People and those who help them.
        Support = "support",
        /// Notices of the operator; only administrators of the tenant create one.
        System = "system",
        /// A client and the owner of a resource, about it.
        Resource = "resource",
        /// A conversation about one message, in the stream of that message's conversation.
        Thread = "thread",
    }
}

named! {
    /// The visibility of a conversation.
    Scope {
        /// Its members.
        Private = "private",
        /// The organization it belongs to.
        Organization = "organization",
        /// Everybody in the tenant: it is found by search, under its name.
        Public = "public",
    }
}

named! {
    /// The kind of object that a conversation belongs to.
    LinkKind {
        /// A partner.
        Partner = "partner",
        /// A community.
        Community = "community",
        /// A group of a community.
        Group = "group",
        /// A channel of a community.
        Channel = "channel",
    }
}

named! {
    /// The state of a conversation.
    ConversationState {
        /// Open.
        Active = "active",
        /// Read-only.
        Archived = "archived",
        /// Ended by its members or staff.
        Closed = "closed",
        /// Readable by nobody.
        Deleted = "deleted",
    }
}

/// The creation of a conversation: written once, by its first change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Created {
    /// Its kind.
    #[n(0)]
    pub kind: ConversationKind,
    /// The account that created it.
    #[n(1)]
    pub by: AccountId,
    /// When, by the creator's clock.
    #[n(2)]
    pub at: WallTime,
    /// The account that a channel belongs to, if not its creator.
    #[n(3)]
    pub account: Option<AccountId>,
    /// The object that it belongs to.
    #[n(4)]
    pub link: Option<Link>,
    /// The message that a thread starts from.
    #[n(5)]
    pub parent: Option<Parent>,
    /// The resource that a resource conversation is about.
    #[n(6)]
    pub resource: Option<Box<Resource>>,
}

impl Created {
    /// The creation of a conversation without another account or a linked object.
    pub fn new(kind: ConversationKind, by: AccountId, at: WallTime) -> Self {
        Self { kind, by, at, account: None, link: None, parent: None, resource: None }
    }
}

/// An object in another service that a conversation belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// The kind of object.
    #[n(0)]
    pub kind: LinkKind,
    /// Its id there, 1–64 characters.
    #[n(1)]
    pub id: String,
}

/// The look of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Theme {
    /// A picture behind the messages, ≤ 2,048 bytes.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background_url: Option<String>,
    /// Its color, `#RRGGBB`.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

named! {
    /// A text that describes a conversation.
    closed InfoField {
        /// The name for machines and search, unique in the tenant when public.
        Name = "name",
        /// The title for people.
        Title = "title",
        /// The description for people.
        Description = "description",
        /// URL of the picture.
        AvatarUrl = "avatar_url",
        /// The present title of the resource that the conversation is about.
        ResourceTitle = "resource_title",
    }
}

/// A pinned message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pin {
    /// The account that pinned it.
    #[n(0)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(1)]
    pub at: WallTime,
    /// The page that the message is on.
    #[n(2)]
    pub page: PageNumber,
}

/// The contents of a conversation document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// Its creation; none before its first change.
    pub created: Option<Created>,
    /// The texts that describe it.
    pub info: SortedMap<InfoField, String>,
    /// Its theme.
    pub theme: Option<Theme>,
    /// Its visibility, if set.
    pub scope: Option<Scope>,
    /// Its state, if set.
    pub state: Option<ConversationState>,
    /// True if only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// Its custom roles.
    pub roles: SortedMap<RoleName, RoleDefinition>,
    /// Current and former members, invited accounts, and those who asked to join.
    pub members: SortedMap<AccountId, Member>,
    /// The number of active members.
    pub active: u32,
    /// Its invite links.
    pub invites: SortedMap<InviteId, Invite>,
    /// The number of accounts that joined with each.
    pub invite_uses: SortedMap<InviteId, u32>,
    /// Messages of removed members that are or were held.
    pub held: SortedMap<MessageId, Held>,
    /// Its pins.
    pub pins: SortedMap<MessageId, Pin>,
    /// The leads of a resource conversation, the newest last.
    pub leads: SortedMap<LeadNumber, Lead>,
}

impl Conversation {
    /// Its kind; none before its first change.
    pub fn kind(&self) -> Option<ConversationKind> {
        self.created.as_ref().map(|created| created.kind)
    }

    /// Returns true if this version knows its kind, state and policies.
    pub fn is_known(&self) -> bool {
        self.kind() != Some(ConversationKind::Unknown)
            && self.state() != ConversationState::Unknown
            && PolicyName::ALL.iter().all(|name| self.policies.get(*name).is_known())
    }

    /// Its state, active by default.
    pub fn state(&self) -> ConversationState {
        self.state.unwrap_or(ConversationState::Active)
    }

    /// Its visibility, private by default.
    pub fn scope(&self) -> Scope {
        self.scope.unwrap_or(Scope::Private)
    }

    /// The name by which everybody in the tenant can find it; none unless it is public.
    pub fn public_name(&self) -> Option<&str> {
        let is_found = self.scope() == Scope::Public && self.state() != ConversationState::Deleted;
        self.text(InfoField::Name).filter(|_| is_found)
    }

    /// A text that describes it, if it is written.
    pub fn text(&self, field: InfoField) -> Option<&str> {
        self.info.get(&field).map(String::as_str)
    }

    /// Its title: its own, or its resource's.
    pub fn title(&self) -> Option<&str> {
        self.text(InfoField::Title).or_else(|| self.resource_title())
    }

    /// The title of its resource: the present one if that was stated, or the one that it was created with.
    pub fn resource_title(&self) -> Option<&str> {
        self.text(InfoField::ResourceTitle).or_else(|| self.resource()?.title.as_deref())
    }

    /// The resource it is about, as it was when the conversation was created; for a resource conversation.
    pub fn resource(&self) -> Option<&Resource> {
        self.created.as_ref()?.resource.as_deref()
    }

    /// The resource with its present title and names, given what people are called. Where a member is called by
    /// their id alone, the name stands that the conversation was created with.
    pub fn present_resource(&self, name_of: impl Fn(&AccountId) -> String) -> Option<Resource> {
        let name = |account: &AccountId, stated: &Option<String>| {
            let name = Some(name_of(account)).filter(|name| name != account.as_str());
            // Nothing is left of what somebody called themselves whose account was erased.
            name.or_else(|| stated.clone().filter(|_| self.active_member(account).is_some()))
        };
        let resource = self.resource()?;
        Some(Resource {
            title: self.resource_title().map(str::to_owned),
            client_name: name(&resource.client, &resource.client_name),
            owner_name: name(&resource.owner, &resource.owner_name),
            ..resource.clone()
        })
    }

    /// The current lead of a resource conversation: the newest.
    pub fn lead(&self) -> Option<&Lead> {
        self.leads.last_key_value().map(|(_, lead)| lead)
    }

    /// The party of an active member of a resource conversation.
    pub fn party(&self, account: &AccountId) -> Option<Party> {
        let resource = self.resource()?;
        self.active_member(account)?;
        Some(match account {
            account if *account == resource.client => Party::Client,
            account if *account == resource.owner => Party::Owner,
            _ => Party::Staff,
        })
    }

    /// The member, if active.
    pub fn active_member(&self, account: &AccountId) -> Option<&Member> {
        self.members.get(account).filter(|member| member.is_active())
    }

    /// The active members, by account.
    pub fn active_members(&self) -> impl Iterator<Item = (&AccountId, &Member)> {
        self.members.iter().filter(|(_, member)| member.is_active())
    }

    /// The number of active owners other than this account.
    pub fn owners_beside(&self, account: &AccountId) -> usize {
        self.active_members().filter(|(other, member)| *other != account && member.role == Role::Owner).count()
    }

    /// The rank of a role; 0 for a role that is not defined (any more).
    pub fn rank_of(&self, role: &Role) -> u8 {
        match role {
            Role::Custom(name) => self.roles.get(name).map_or(0, |definition| definition.rank),
            built_in => built_in.built_in_rank().unwrap_or(0),
        }
    }

    /// The permissions of a role; none for a role that is not defined (any more).
    pub fn permissions_of(&self, role: &Role) -> Permissions {
        match role {
            Role::Custom(name) => self.roles.get(name).map(|definition| definition.permissions).unwrap_or_default(),
            built_in => built_in.built_in_permissions().unwrap_or_default(),
        }
    }

    /// The permissions of a member at a time: those of the role, those that policies open to members, and
    /// grants, without denials.
    pub fn permissions_at(&self, member: &Member, time: WallTime) -> Permissions {
        let mut permissions = self.permissions_of(&member.role);
        if self.rank_of(&member.role) >= self.rank_of(&Role::Member) {
            if self.policies.add_members == WhoPolicy::AllMembers {
                permissions.insert(Permission::MemberAdd);
            }
            if self.policies.info_edit == WhoPolicy::AllMembers {
                permissions.insert(Permission::ConversationInfo);
            }
        }
        if self.kind() == Some(ConversationKind::Direct) {
            permissions.insert(Permission::PinAdd);
            permissions.insert(Permission::PinRemove);
        }
        for (permission, grant) in member.grants.iter().filter(|(_, grant)| grant.holds_at(time)) {
            match grant.allowed {
                true => permissions.insert(*permission),
                false => permissions.remove(*permission),
            }
        }
        permissions
    }

    /// What an active member may do at a time with the state, the lock and the policies applied, as far as these
    /// forbid it whatever is done it to: what a program asks that decides for itself.
    pub fn allowed_at(&self, account: &AccountId, time: WallTime) -> Permissions {
        let Some(member) = self.active_member(account) else { return Permissions::default() };
        let Power { rank, permissions: mut allowed } = self.power_at(member, time);
        let party = self.party(account);
        let of_others: &[Permission] = match party {
            Some(Party::Client) => &[Permission::ProposalSend, Permission::ConversationClose],
            Some(Party::Owner | Party::Staff | Party::Root) => &[Permission::ProposalRespond],
            Some(Party::Unknown) | None => {
                &[Permission::ProposalSend, Permission::ProposalRespond, Permission::ConversationClose]
            }
        };
        for permission in of_others {
            allowed.remove(*permission);
        }
        let is_locked = self.locked && rank < self.rank_of(&Role::Moderator);
        if !self.is_known() || is_locked || self.state() == ConversationState::Deleted {
            return Permissions::default();
        }
        if self.state() != ConversationState::Active {
            let ends = [Permission::ConversationArchive, Permission::ConversationClose, Permission::ConversationDelete];
            // A message of the client opens a conversation about a resource again.
            let opens = [Permission::MessageSend, Permission::MessageSendMedia, Permission::ProposalRespond];
            let opens = opens.into_iter().filter(|_| party == Some(Party::Client));
            allowed = ends.into_iter().chain(opens).filter(|permission| allowed.holds(*permission)).collect();
        }
        let reaches = |lowest: Option<u8>| lowest.is_some_and(|lowest| rank >= lowest);
        let sends = allowed.holds(Permission::MessageSend) && reaches(self.policies.send.lowest_rank());
        let said = [
            Permission::MessageSend,
            Permission::MessageSendMedia,
            Permission::MessageEdit,
            Permission::MessageSchedule,
            Permission::ThreadCreate,
            Permission::ProposalSend,
            Permission::ProposalRespond,
        ];
        for permission in said.into_iter().filter(|_| !sends) {
            allowed.remove(permission);
        }
        if !reaches(self.policies.subrooms.lowest_rank()) {
            allowed.remove(Permission::ThreadCreate);
        }
        if !self.policies.reactions {
            allowed.remove(Permission::MessageReact);
        }
        allowed
    }

    /// What an active member acts with at a time.
    pub fn power_at(&self, member: &Member, time: WallTime) -> Power {
        Power { rank: self.rank_of(&member.role), permissions: self.permissions_at(member, time) }
    }
}
