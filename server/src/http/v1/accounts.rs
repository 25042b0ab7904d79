//! Accounts: what is public of them, for everybody who asks by id; changed and suspended by an administrator of
//! the tenant; and whose contact points somebody has.

use std::sync::Arc;

use axum::Json;
use serde::{Deserialize, Serialize};
use tidings_core::{
    code::Code,
    command::SetProfile,
    ids::{AccountId, StreamId},
    model::Profile,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    command::Request,
    input::{Choice, Ids, Input, Nothing, RequestKey},
    messages::Stands,
    problem::{Answer, Problem},
};
use crate::{external_id::ExternalId, node::Node, store::Suspension, ws};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(read, change))
        .routes(routes!(suspend, lift_suspension))
        .routes(routes!(match_contacts))
}

/// Which account.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// What the operator's own systems call it.
    #[param(value_type = String)]
    external_id: ExternalId,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Account {
    /// Its id.
    account: AccountId,
    /// What is public of it.
    profile: Profile,
    /// What the operator's own systems call it, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
    /// Whether it may neither read nor write; for an administrator of the tenant to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<bool>,
}

/// Whether an account may neither read nor write.
#[derive(Debug, Serialize, ToSchema)]
struct Suspended {
    /// The account.
    account: AccountId,
    /// Whether it is suspended now.
    suspended: bool,
}

/// Contact points of an address book.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressBook {
    /// Phone numbers and e-mail addresses, at most 1,000.
    points: Vec<String>,
    /// The country of numbers without a country code: two letters of ISO 3166.
    region: Option<String>,
}

/// Whose they are.
#[derive(Serialize, ToSchema)]
struct Matches {
    /// By place and account; none for a point that nobody has.
    matches: Vec<Match>,
}

/// An account that was found.
#[derive(Serialize, ToSchema)]
struct Match {
    /// The place of the contact point among those asked for, from 0 on.
    index: u32,
    /// It, in the form in which it is written everywhere.
    point: String,
    /// Whose it is.
    account: AccountId,
}

impl Caller {
    pub(super) fn administers(&self) -> Answer<()> {
        match self.identity.administrator {
            true => Ok(()),
            false => Err(Problem::new(Code::PermissionDenied, "for an administrator of the tenant")),
        }
    }
}

/// An account: the own one, one with which a conversation is shared, or any for an administrator of the tenant.
#[utoipa::path(get, path = "/v1/accounts/{account}", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 200, body = Account)))]
async fn read(caller: Caller, Ids(account): Ids<AccountId>) -> Answer<Json<Account>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    of(&caller, account).await.map(Json)
}

/// The account that the operator's own systems call so, for whoever may read it.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(Which),
    responses((status = 200, body = Account)))]
async fn find(caller: Caller, Choice(which): Choice<Which>) -> Answer<Json<Account>> {
    caller.take(&caller.node.shares.fetches, 1)?;
    let account = caller.account_called(&which.external_id).await?;
    of(&caller, account).await.map(Json)
}

async fn of(caller: &Caller, account: AccountId) -> Answer<Account> {
    let (store, tenant) = (&caller.node.store, &caller.identity.tenant);
    let failed = |error| caller.failed(&error);
    let (own, administrator) = (account == caller.identity.account, caller.identity.administrator);
    if !own && !administrator {
        let known = store.co_members(tenant, &caller.identity.account).await.map_err(failed)?;
        if !known.contains(&account) {
            return Err(Problem::account_unknown());
        }
    }
    let accounts = std::slice::from_ref(&account);
    let profile = store.profiles(tenant, accounts).await.map_err(failed)?.into_iter().next();
    if profile.is_none() && administrator && !store.knows_account(tenant, &account).await.map_err(failed)? {
        return Err(Problem::account_unknown());
    }
    let suspended = match administrator {
        true => Some(!store.suspended(tenant, accounts).await.map_err(failed)?.is_empty()),
        false => None,
    };
    let profile = profile.map(|notice| notice.profile).unwrap_or_default();
    let external_id = caller.external_id(StreamId::Account(account.clone())).await?;
    Ok(Account { account, profile, external_id, suspended })
}

/// Makes the profile of an account the one that is given: the own one, or any for an administrator of the tenant. So an
/// account is created before anybody has used it.
#[utoipa::path(put, path = "/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path,)),
    request_body = Profile,
    responses((status = 200, body = Stands)))]
async fn change(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { body, key }: Input<Profile>,
) -> Answer<Json<Stands>> {
    caller.is_not_erased(&account).await?;
    let account = Some(account).filter(|account| *account != caller.identity.account);
    let command = SetProfile { profile: body, account };
    Ok(Json(caller.write(Request::new(command, key)).await?.place.into()))
}

/// Suspends an account: it may neither read nor write, and its sessions end.
#[utoipa::path(put, path = "/v1/accounts/{account}/suspension", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 200, body = Suspended)))]
async fn suspend(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Suspended>> {
    set_suspension(&caller, account, Suspension::Suspended, key.as_ref()).await
}

/// Lets a suspended account in again.
#[utoipa::path(delete, path = "/v1/accounts/{account}/suspension", tag = "accounts", params(("account" = String, Path,)),
    responses((status = 200, body = Suspended)))]
async fn lift_suspension(
    caller: Caller,
    Ids(account): Ids<AccountId>,
    Input { key, .. }: Input<Nothing>,
) -> Answer<Json<Suspended>> {
    set_suspension(&caller, account, Suspension::Lifted, key.as_ref()).await
}

async fn set_suspension(
    caller: &Caller,
    account: AccountId,
    suspension: Suspension,
    key: Option<&RequestKey>,
) -> Answer<Json<Suspended>> {
    caller.administers()?;
    caller.take(&caller.node.shares.changes, 1)?;
    if account == caller.identity.account {
        // Who has done so could not undo it.
        return Err(Problem::new(Code::ValueInvalid, "an account does not suspend itself"));
    }
    let answer = Suspended { account, suspended: suspension == Suspension::Suspended };
    if caller.made_before(key).await?.is_some() {
        return Ok(Json(answer));
    }
    if suspension == Suspension::Lifted {
        caller.is_not_erased(&answer.account).await?;
    }
    let set = caller.node.store.set_suspension(&caller.identity.tenant, &answer.account, suspension).await;
    set.map_err(|error| caller.failed(&error))?;
    caller.remember_now(key, "").await?;
    Ok(Json(answer))
}

/// Tells which accounts have one of these verified contact points.
#[utoipa::path(post, path = "/v1/contacts/match", tag = "accounts",
    request_body = AddressBook,
    responses((status = 200, body = Matches)))]
async fn match_contacts(caller: Caller, Input { body, .. }: Input<AddressBook>) -> Answer<Json<Matches>> {
    let AddressBook { points, region } = body;
    let matches = ws::match_contacts(&caller.node, &caller.identity, &points, region.as_deref()).await;
    let matches = matches.map_err(|refusal| Problem::refused(&caller.node, refusal))?.into_iter();
    let row = |found: tidings_core::wire::ContactMatch| Match {
        index: found.index,
        point: found.point,
        account: found.account,
    };
    Ok(Json(Matches { matches: matches.map(row).collect() }))
}
