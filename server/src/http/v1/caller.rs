//! Who asks: a bearer token in, and a caller out, whose presence proves that the token holds and that
//! its account is not suspended.

use std::{ops::Deref, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use tidings_core::code::Code;

use super::problem::Problem;
use crate::{auth::Identity, job, node::Node, rate::AccountRates, store::StoreError};

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
