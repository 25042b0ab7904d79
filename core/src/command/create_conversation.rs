//! Creates a group, a channel, a support or a system conversation with its
//! first members.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer};

use crate::{
    api::refuse,
    code::Code,
    command::{PlanResult, Planning, conversation_plan, made_up},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::{ConversationKind, Created, InfoField, Link, MemberStatus, Policy, Role, Scope},
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
        let conversation = ConversationId::from_bytes([0; 16]);
        Self {
            conversation,
            kind,
            title,
            name: None,
            scope: None,
            policies: Vec::new(),
            members,
            account: None,
            link: None,
        }
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
