//! Begins the conversation about a resource: there is one for each client, so
//! whoever begins it twice finds nothing left to do.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId, TenantId},
    model::{ConversationKind, Created, MemberStatus, Resource, Role},
};

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
}

impl CreateResource {
    /// The conversation, for this client.
    pub fn conversation(&self, tenant: &TenantId, client: &AccountId) -> ConversationId {
        ConversationId::resource(tenant, &self.resource, client)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let client = planning.account().clone();
        if self.owner == client {
            return Err(Refusal::new(Code::ValueInvalid, "nobody asks themselves about what is theirs"));
        }
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
        let created = Created::new(ConversationKind::Resource, client, planning.at);
        let mut facts = vec![Fact::Created(Created { resource: Some(Box::new(resource)), ..created })];
        for (member, role) in members {
            facts.push(planning.moved(&member, MemberStatus::Active));
            facts.push(Fact::MemberRole(member, role));
        }
        conversation_plan(conversation, facts)
    }
}
