//! External ids: the operator's own names of accounts and conversations, given by an administrator of the tenant,
//! shown to whoever may read what has one, and found by nobody else.

use std::{collections::BTreeMap, sync::Arc};

use axum::Json;
use serde::{Deserialize, Serialize};
use tidings_core::{
    code::Code,
    ids::{AccountId, ConversationId, StreamId},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Bearer, Caller},
    input::{Ids, Input, Nothing, RequestKey},
    problem::{Answer, Problem},
};
use crate::{
    external_id::ExternalId,
    node::Node,
    store::{Named, Naming},
};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(give_external_id, take_external_id_away))
}

/// The operator's own name for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewExternalId {
    /// The name: 1 to 128 characters.
    external_id: ExternalId,
}

/// What an account is called by the operator's own systems.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OwnName {
    /// The account.
    account: AccountId,
    /// Its name there; left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
}

/// Gives an account the name that the operator's own systems have for it, by which it is found. For an administrator
/// of the tenant.
#[utoipa::path(put, path = "/v1/accounts/{account}/external-id", tag = "accounts",
    params(("account" = String, Path,)),
    request_body = NewExternalId,
    responses((status = 200, body = OwnName)))]
async fn give_external_id(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { body, key }: Input<NewExternalId>,
) -> Answer<Json<OwnName>> {
    name(&caller, account, Some(body.external_id), key.as_ref()).await
}

/// Takes the operator's own name of an account away. For an administrator of the tenant.
#[utoipa::path(delete, path = "/v1/accounts/{account}/external-id", tag = "accounts",
    params(("account" = String, Path,)),
    responses((status = 200, body = OwnName)))]
async fn take_external_id_away(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<OwnName>> {
    name(&caller, account, None, key.as_ref()).await
}

async fn name(
    caller: &Caller,
    account: AccountId,
    external_id: Option<ExternalId>,
    key: Option<&RequestKey>,
) -> Answer<Json<OwnName>> {
    caller.administers()?;
    if caller.made_before(key).await?.is_some() {
        caller.take(&caller.node.shares.changes, 1)?;
        return Ok(Json(OwnName { account, external_id }));
    }
    let known = caller.node.store.knows_account(&caller.identity.tenant, &account).await;
    if !known.map_err(|error| caller.failed(&error))? {
        return Err(Problem::account_unknown());
    }
    caller.is_not_erased(&account).await?;
    caller.set_external_id(&StreamId::Account(account.clone()), external_id.as_ref()).await?;
    caller.remember_now(key, "").await?;
    Ok(Json(OwnName { account, external_id }))
}

fn taken() -> Problem {
    Problem::new(Code::ExternalIdTaken, "another one has this external id")
}

impl Caller {
    /// Gives an account or a conversation an external id, or takes it away.
    pub(super) async fn set_external_id(&self, stream: &StreamId, id: Option<&ExternalId>) -> Answer<()> {
        // Whoever is told that a name is taken learns of what has it.
        self.administers()?;
        self.take(&self.node.shares.changes, 1)?;
        let naming = self.node.store.set_external_id(&self.identity.tenant, stream, id).await;
        match naming.map_err(|error| self.failed(&error))? {
            Naming::Given => Ok(()),
            Naming::Taken => Err(taken()),
            Naming::Gone => Err(Problem::conversation_unknown()),
        }
    }

    /// Checks that no other conversation has an external id.
    pub(super) async fn external_id_is_free(&self, id: &ExternalId, conversation: ConversationId) -> Answer<()> {
        self.administers()?;
        match self.called(Named::Conversations, id).await? {
            Some(other) if other != StreamId::Conversation(conversation) => Err(taken()),
            _ => Ok(()),
        }
    }

    /// The account with an external id.
    pub(super) async fn account_called(&self, id: &ExternalId) -> Answer<AccountId> {
        match self.called(Named::Accounts, id).await? {
            Some(StreamId::Account(account)) => Ok(account),
            _ => Err(Problem::account_unknown()),
        }
    }

    /// The conversation with an external id.
    pub(super) async fn conversation_called(&self, id: &ExternalId) -> Answer<ConversationId> {
        let found = self.called(Named::Conversations, id).await?;
        found.and_then(|stream| stream.conversation()).ok_or_else(Problem::conversation_unknown)
    }

    async fn called(&self, among: Named, id: &ExternalId) -> Answer<Option<StreamId>> {
        let found = self.node.store.find_external_id(&self.identity.tenant, among, id).await;
        found.map_err(|error| self.failed(&error))
    }
}

impl Bearer {
    /// The external id of a stream.
    pub(super) async fn external_id(&self, stream: StreamId) -> Answer<Option<ExternalId>> {
        let found = self.external_ids(vec![stream]).await?;
        Ok(found.into_values().next())
    }

    /// The external ids of those of these streams that have one.
    pub(super) async fn external_ids(&self, streams: Vec<StreamId>) -> Answer<BTreeMap<StreamId, ExternalId>> {
        let found = self.node.store.external_ids(&self.identity.tenant, &streams).await;
        Ok(found.map_err(|error| self.failed(&error))?.into_iter().collect())
    }
}
