//! Commands that create a conversation, and that change what it says of itself.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer};

use crate::{
    api::refuse,
    authority::Refusal,
    code::Code,
    command::{
        lead, made_up,
        planning::{PlanResult, Planning, conversation_fact, conversation_plan},
    },
    doc::Fact,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::{
        ConversationKind, ConversationState, Created, InfoField, LeadOpened, Link, MemberStatus, Policy, Resource,
        Role, Scope, Theme,
    },
    sorted::SortedSet,
};

/// Creates a conversation with a roster. The creator is its owner; the others
/// are members.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct CreateConversation {
    /// Its id, random.
    #[n(0)]
    #[serde(skip, default = "made_up")]
    pub conversation: ConversationId,
    /// Its kind; a direct has its own command.
    #[n(1)]
    #[serde(deserialize_with = "read_kind")]
    #[cfg_attr(feature = "ts", tsify(type = "Exclude<ConversationKind, \"direct\" | \"thread\" | \"resource\">"))]
    pub kind: ConversationKind,
    /// Its title.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub title: Option<String>,
    /// Its name for search, which a public one has.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub name: Option<String>,
    /// Who may know of it; private if left out.
    #[n(4)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub scope: Option<Scope>,
    /// The policies that are not the kind's own.
    #[n(5)]
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// Who is in it from the start, beside the creator.
    #[n(6)]
    #[serde(default)]
    pub members: Vec<AccountId>,
    /// The account that it belongs to, if not its creator; for an administrator of the tenant to say.
    #[n(7)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub account: Option<AccountId>,
    /// The object of another service that it is the back of; for an administrator of the tenant to say.
    #[n(8)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub link: Option<Link>,
}

fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConversationKind, D::Error> {
    let name = String::deserialize(deserializer)?;
    ConversationKind::parse(&name).ok_or_else(|| refuse(Code::KindUnknown, "no kind of conversation"))
}

impl CreateConversation {
    /// A private conversation of a kind that the engine is to give an id.
    pub fn new(kind: ConversationKind, title: Option<String>, members: Vec<AccountId>) -> Self {
        let conversation = made_up();
        let policies = Vec::new();
        Self { conversation, kind, title, name: None, scope: None, policies, members, account: None, link: None }
    }

    /// A private group that the engine is to give an id.
    pub fn group(title: Option<String>, members: Vec<AccountId>) -> Self {
        Self::new(ConversationKind::Group, title, members)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let owner = planning.account();
        let created = Created {
            account: self.account.clone(),
            link: self.link.clone(),
            ..Created::new(self.kind, owner.clone(), planning.at)
        };
        let mut facts = vec![Fact::Created(created)];
        for (field, text) in [(InfoField::Name, &self.name), (InfoField::Title, &self.title)] {
            facts.extend(text.clone().map(|text| Fact::Info(field, Some(text))));
        }
        facts.extend(self.scope.map(Fact::Scope));
        facts.extend(self.policies.iter().map(|policy| Fact::Policy(*policy)));
        let members: SortedSet<&AccountId> = self.members.iter().filter(|account| *account != owner).collect();
        let roster = core::iter::once((owner, Role::Owner)).chain(members.into_iter().map(|one| (one, Role::Member)));
        for (account, role) in roster {
            facts.push(Fact::MemberRole(account.clone(), role));
            facts.push(planning.moved(account, MemberStatus::Active));
        }
        conversation_plan(self.conversation, facts)
    }
}

/// Opens the direct with somebody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct CreateDirect {
    /// The other one.
    #[n(0)]
    pub peer: AccountId,
}

impl CreateDirect {
    pub(super) fn stream(&self, tenant: &TenantId, account: &AccountId) -> StreamId {
        StreamId::Conversation(ConversationId::direct(tenant, account, &self.peer))
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if self.peer == *planning.account() {
            return Err(Refusal::new(Code::ValueInvalid, "a direct has two different members"));
        }
        // Both sides derive the same conversation: for whoever comes second nothing is left to do.
        if planning.stream.conversation().created.is_some() {
            return Ok(None);
        }
        let account = planning.account().clone();
        let conversation = ConversationId::direct(planning.stream.tenant(), &account, &self.peer);
        let created = Created::new(ConversationKind::Direct, account.clone(), planning.at);
        let mut facts = vec![Fact::Created(created)];
        for member in [account, self.peer.clone()] {
            facts.push(Fact::MemberRole(member.clone(), Role::Member));
            facts.push(planning.moved(&member, MemberStatus::Active));
        }
        conversation_plan(conversation, facts)
    }
}

/// Asks the owner of a resource about it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct CreateResource {
    /// The resource's id, of the operator's, 1–64 characters.
    #[n(0)]
    pub resource: String,
    /// What it is called.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub title: Option<String>,
    /// Whose it is.
    #[n(2)]
    pub owner: AccountId,
    /// What the owner is called.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub owner_name: Option<String>,
    /// What the commanding account, the client, is called.
    #[n(4)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub client_name: Option<String>,
    /// What the client wants, in a name of the operator's, ≤ 64 characters.
    #[n(5)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub intent: Option<String>,
    /// How the client wants to be reached, in a name of the operator's, ≤ 64 characters.
    #[n(6)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub contact_channel: Option<String>,
}

impl CreateResource {
    /// A conversation about a resource of an owner, of which nothing more is said.
    pub fn new(resource: impl Into<String>, owner: AccountId) -> Self {
        let (resource, none) = (resource.into(), || None);
        let (title, owner_name, client_name) = (none(), none(), none());
        Self { resource, title, owner, owner_name, client_name, intent: none(), contact_channel: none() }
    }

    /// The conversation, for this client.
    pub fn conversation(&self, tenant: &TenantId, client: &AccountId) -> ConversationId {
        ConversationId::resource(tenant, &self.resource, client)
    }

    pub(super) fn stream(&self, tenant: &TenantId, account: &AccountId) -> StreamId {
        StreamId::Conversation(self.conversation(tenant, account))
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let client = planning.account().clone();
        if self.owner == client {
            return Err(Refusal::new(Code::ValueInvalid, "nobody asks themselves about what is theirs"));
        }
        // There is one for each client, who may begin it twice.
        if planning.stream.conversation().created.is_some() {
            return Ok(None);
        }
        let conversation = self.conversation(planning.stream.tenant(), &client);
        let members = [(client.clone(), Role::Member), (self.owner.clone(), Role::Owner)];
        let resource = Resource {
            id: self.resource.clone(),
            title: self.title.clone(),
            client: client.clone(),
            client_name: self.client_name.clone(),
            owner: self.owner.clone(),
            owner_name: self.owner_name.clone(),
        };
        let created = Created::new(ConversationKind::Resource, client.clone(), planning.at);
        let opened = LeadOpened {
            by: client,
            at: planning.at,
            intent: self.intent.clone(),
            contact_channel: self.contact_channel.clone(),
        };
        let created = Created { resource: Some(Box::new(resource)), ..created };
        let mut facts = vec![Fact::Created(created), Fact::LeadOpened(1, opened)];
        for (member, role) in members {
            facts.push(planning.moved(&member, MemberStatus::Active));
            facts.push(Fact::MemberRole(member, role));
        }
        conversation_plan(conversation, facts)
    }
}

/// Changes name, title, description or picture of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetInfo {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which text.
    #[n(1)]
    pub field: InfoField,
    /// The new one; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub text: Option<String>,
}

impl SetInfo {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().text(self.field) == self.text.as_deref();
        conversation_fact(self.conversation, is_so, Fact::Info(self.field, self.text.clone()))
    }
}

/// Changes how a conversation looks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetTheme {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The new look; none for the app's own.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub theme: Option<Theme>,
}

impl SetTheme {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().theme == self.theme;
        conversation_fact(self.conversation, is_so, Fact::Theme(self.theme.clone()))
    }
}

/// Changes who may know of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetScope {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Who may.
    #[n(1)]
    pub scope: Scope,
}

impl SetScope {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().scope() == self.scope;
        conversation_fact(self.conversation, is_so, Fact::Scope(self.scope))
    }
}

/// Changes a policy of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetPolicy {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, and what it says now.
    #[n(1)]
    pub policy: Policy,
}

impl SetPolicy {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().policies.get(self.policy.name()) == self.policy;
        conversation_fact(self.conversation, is_so, Fact::Policy(self.policy))
    }
}

/// Archives, closes, reopens or deletes a conversation for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetState {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What it is then.
    #[n(1)]
    pub state: ConversationState,
}

impl SetState {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let conversation = planning.stream.conversation();
        let is_so = conversation.state() == self.state;
        match conversation.lead() {
            Some(lead) if !is_so => conversation_plan(self.conversation, lead::with_state(planning, lead, self.state)),
            _ => conversation_fact(self.conversation, is_so, Fact::State(self.state)),
        }
    }
}

/// Locks a conversation to all but moderators and above, or unlocks it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetLocked {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whether it is locked then.
    #[n(1)]
    pub locked: bool,
}

impl SetLocked {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let is_so = planning.stream.conversation().locked == self.locked;
        conversation_fact(self.conversation, is_so, Fact::Locked(self.locked))
    }
}
