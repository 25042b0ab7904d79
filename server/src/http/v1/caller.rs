//! Who asks: a bearer token in, and a caller out, whose presence proves that the token holds and that
//! its account is not suspended.

use std::{ops::Deref, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{Method, header, request::Parts},
};
use tidings_core::{code::Code, ids::AccountId};

use super::problem::Problem;
use crate::{
    auth::{Identity, Scope},
    job,
    node::Node,
    rate::AccountRates,
    store::StoreError,
};

/// The header with the account that a service acts for.
pub(super) const ACTING_FOR: &str = "tidings-account";

/// Somebody whose token holds. Whether the account is suspended is still to be asked: only what asks
/// that in one question with others takes one of these.
pub(crate) struct Bearer {
    pub(super) node: Arc<Node>,
    pub(super) identity: Identity,
}

/// Somebody who may ask.
pub(crate) struct Caller(Bearer);

impl Deref for Caller {
    type Target = Bearer;

    fn deref(&self) -> &Bearer {
        &self.0
    }
}

impl Bearer {
    /// Takes one of a share of the account.
    pub(super) fn take(&self, rates: &AccountRates, count: usize) -> Result<(), Problem> {
        rates.take(&self.identity.key(), count).map_err(|wait| Problem::rate_limited(&self.node, wait))
    }

    pub(super) fn failed(&self, error: &StoreError) -> Problem {
        Problem::store_failed(&self.node, error)
    }

    pub(super) fn suspended() -> Problem {
        Problem::new(Code::AccountSuspended, "the account is suspended")
    }
}

impl FromRequestParts<Arc<Node>> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let scheme_and_token = header.and_then(|value| value.trim().split_once(' '));
        let token = match scheme_and_token {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(Problem::new(Code::TokenInvalid, "a bearer token in the header Authorization is needed")),
        };
        let identity = job::keys::identify(node, token).await.map_err(|error| {
            tracing::debug!(reason = %error, "token refused");
            Problem::new(error.code(), error.to_string())
        })?;
        let needed = if matches!(parts.method, Method::GET | Method::HEAD) { Scope::Read } else { Scope::Write };
        require(&identity, needed)?;
        let identity = match parts.headers.get(ACTING_FOR) {
            None => identity,
            Some(account) => acting_for(node, identity, account.to_str().unwrap_or_default()).await?,
        };
        Ok(Self { node: Arc::clone(node), identity })
    }
}

impl FromRequestParts<Arc<Node>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        let bearer = Bearer::from_request_parts(parts, node).await?;
        let Identity { tenant, account, .. } = &bearer.identity;
        match node.store.suspended(tenant, std::slice::from_ref(account)).await {
            Ok(suspended) if suspended.is_empty() => Ok(Self(bearer)),
            Ok(_) => Err(Bearer::suspended()),
            Err(error) => Err(Problem::store_failed(node, &error)),
        }
    }
}

fn require(identity: &Identity, scope: Scope) -> Result<(), Problem> {
    match identity.allows(scope) {
        true => Ok(()),
        false => Err(Problem::new(Code::PermissionDenied, format!("the token lacks the scope {}", scope.as_str()))),
    }
}

/// The identity of a service that acts for an account. The service must not be suspended; whether the account
/// is, is checked as if it asked itself.
async fn acting_for(node: &Arc<Node>, service: Identity, account: &str) -> Result<Identity, Problem> {
    require(&service, Scope::Act)?;
    let account = AccountId::parse(account).ok().filter(|account| !account.is_system());
    let account = account.ok_or_else(|| Problem::new(Code::IdInvalid, format!("{ACTING_FOR}: not an account")))?;
    let suspended = node.store.suspended(&service.tenant, std::slice::from_ref(&service.account)).await;
    match suspended.map_err(|error| Problem::store_failed(node, &error))?.is_empty() {
        true => Ok(service.acting_for(account)),
        false => Err(Bearer::suspended()),
    }
}
