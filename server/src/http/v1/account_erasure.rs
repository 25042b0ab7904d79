//! The erasure of an account, asked for by an administrator of its tenant and followed until it is done.

use std::sync::Arc;

use axum::{Json, http::StatusCode};
use serde::Serialize;
use tidings_core::{code::Code, ids::AccountId, time::WallTime};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Ids, Input, Nothing},
    problem::{Answer, Problem},
};
use crate::{node::Node, store::AccountErasure};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new().routes(routes!(read_erasure, erase))
}

/// How far the erasure of an account has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Erasure {
    /// The account.
    account: AccountId,
    /// The state.
    state: ErasureState,
    /// When it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_at: Option<WallTime>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<WallTime>,
    /// Conversations that were gone through in the current round; there are rounds until one finds nothing to do.
    conversations: u64,
    /// Messages that were deleted.
    messages: u64,
    /// Reactions that were taken off.
    reactions: u64,
    /// What could not be deleted or ended in the current round, for a reason in the server's log; zero where everything
    /// could be.
    refused: u64,
}

/// The state of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ErasureState {
    /// Nobody has asked for it.
    None,
    /// It goes on.
    Erasing,
    /// It is done.
    Erased,
}

impl Erasure {
    fn of(account: AccountId, erasure: Option<AccountErasure>) -> Self {
        let Some(erasure) = erasure else {
            let (state, counts) = (ErasureState::None, 0);
            return Self {
                account,
                state,
                requested_at: None,
                erased_at: None,
                conversations: counts,
                messages: counts,
                reactions: counts,
                refused: counts,
            };
        };
        let AccountErasure { requested_at, erased_at, conversations, messages, reactions, refused, .. } = erasure;
        let state = if erased_at.is_some() { ErasureState::Erased } else { ErasureState::Erasing };
        Self {
            account,
            state,
            requested_at: Some(requested_at),
            erased_at,
            conversations,
            messages,
            reactions,
            refused,
        }
    }
}

impl Caller {
    /// Refuses what is about an account that was erased, or is being erased.
    pub(super) async fn is_not_erased(&self, account: &AccountId) -> Answer<()> {
        match self.erasure_of(account).await? {
            None => Ok(()),
            Some(_) => Err(Problem::new(Code::AccountErased, "the account was erased")),
        }
    }

    async fn erasure_of(&self, account: &AccountId) -> Answer<Option<AccountErasure>> {
        let erasure = self.node.store.account_erasure(&self.identity.tenant, account).await;
        erasure.map_err(|error| self.failed(&error))
    }

    /// The erasure of an account that the store knows.
    async fn erasure_of_known(&self, account: &AccountId) -> Answer<Option<AccountErasure>> {
        let erasure = self.erasure_of(account).await?;
        let known = self.node.store.knows_account(&self.identity.tenant, account).await;
        if erasure.is_none() && !known.map_err(|error| self.failed(&error))? {
            return Err(Problem::account_unknown());
        }
        Ok(erasure)
    }
}

/// How far the erasure of an account has come. For an administrator of the tenant.
#[utoipa::path(get, path = "/v1/accounts/{account}/erasure", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 200, body = Erasure)))]
async fn read_erasure(caller: Caller, Ids(account): Ids<AccountId>) -> Answer<Json<Erasure>> {
    caller.administers()?;
    caller.take(&caller.node.shares.fetches, 1)?;
    let erasure = caller.erasure_of_known(&account).await?;
    Ok(Json(Erasure::of(account, erasure)))
}

/// Erases an account, for good: it is suspended at once, and then its messages and reactions are deleted, its
/// memberships end, and its profile and everything that it keeps for itself is deleted. It goes on by itself, whatever
/// becomes of the servers meanwhile; asked for again it is answered how far that is. For another administrator of the
/// tenant than the account itself.
#[utoipa::path(put, path = "/v1/accounts/{account}/erasure", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 202, body = Erasure)))]
async fn erase(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<(StatusCode, Json<Erasure>)> {
    caller.administers()?;
    caller.take(&caller.node.shares.changes, 1)?;
    if account == caller.identity.account {
        return Err(Problem::new(Code::ValueInvalid, "another administrator of the tenant erases this account"));
    }
    // Only another request under the key is to be refused: an erasure is begun once whoever asks for it.
    let before = caller.made_before(key.as_ref()).await?;
    let (node, tenant) = (&caller.node, &caller.identity.tenant);
    let erasure = match caller.erasure_of_known(&account).await? {
        Some(erasure) => erasure,
        None => {
            let begun = node.store.begin_account_erasure(tenant, &account, node.clock.wall_now()).await;
            let by = caller.identity.acted_by().unwrap_or(&caller.identity.account);
            tracing::info!(%tenant, %account, %by, "an account is to be erased");
            begun.map_err(|error| caller.failed(&error))?
        }
    };
    if before.is_none() {
        caller.remember_now(key.as_ref(), "").await?;
    }
    Ok((StatusCode::ACCEPTED, Json(Erasure::of(account, Some(erasure)))))
}
