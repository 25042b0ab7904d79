//! The claims of a token: issuer, audience, validity and the identity it speaks for. They are read leniently
//! where providers differ, and checked strictly where they grant access.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tidings_core::{
    ids::{AccountId, TenantId},
    model::ContactPoint,
    time::WallTime,
};

use super::{
    Identity, Scope, Service, VerifyTokenError,
    config::{ClaimConfig, ClaimPath},
};
use crate::contact_point;

/// The tenant of tokens that name none.
const DEFAULT_TENANT: &str = "default";

/// The kind of key that signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The operator's secret.
    Secret,
    /// A key of the key set, which may be shared with other applications.
    KeySet,
}

/// The identity that the claims speak for at a given time.
pub(super) fn identity(
    config: &ClaimConfig,
    claims: &Value,
    signer: Signer,
    now: WallTime,
) -> Result<Identity, VerifyTokenError> {
    let invalid = VerifyTokenError::Invalid;
    if !names_one_of(&claims["iss"], &config.jwt_issuer) {
        return Err(invalid("its issuer is not one that this server trusts"));
    }
    if !names_one_of(&claims["aud"], &config.jwt_audience) {
        return Err(invalid("its audience is not this server's"));
    }
    let not_before = match &claims["nbf"] {
        Value::Null => WallTime::from_millis(0),
        date => numeric_date(date).ok_or(invalid("its nbf is no time"))?,
    };
    if not_before > now {
        return Err(invalid("its time has not begun"));
    }
    let expires_at = numeric_date(&claims["exp"]).ok_or(invalid("its exp is no time"))?;
    if expires_at <= now {
        return Err(VerifyTokenError::Expired);
    }
    Ok(Identity {
        tenant: tenant(config, claims).ok_or(invalid("it names no legal tenant"))?,
        account: account(config, claims).ok_or(invalid("it names no legal account"))?,
        administrator: is_administrator(config, claims, signer),
        expires_at,
        contact_points: contact_points(claims),
        service: scopes(config, claims, signer).map(|scopes| Box::new(Service { scopes, acting: None })),
    })
}

/// The account that the claims name, if it is valid.
pub(super) fn account(config: &ClaimConfig, claims: &Value) -> Option<AccountId> {
    let named = match &config.jwt_account_claim {
        Some(path) => path.find(claims)?,
        None => &claims["sub"],
    };
    AccountId::parse(named.as_str()?).ok().filter(|account| !account.is_system())
}

fn tenant(config: &ClaimConfig, claims: &Value) -> Option<TenantId> {
    let named = match (&config.jwt_tenant_claim, &claims["tenant"]) {
        // An operator who names a tenant claim has several tenants, so a token without it belongs to none.
        (Some(path), _) => path.find(claims)?.as_str()?,
        (None, Value::Null) => DEFAULT_TENANT,
        (None, named) => named.as_str()?,
    };
    TenantId::parse(named).ok()
}

fn is_administrator(config: &ClaimConfig, claims: &Value, signer: Signer) -> bool {
    let is_admin = |value: &Value| match value {
        Value::String(text) => config.jwt_admin_value.iter().any(|wanted| wanted == text),
        Value::Bool(truth) => config.jwt_admin_value.iter().any(|wanted| *wanted == truth.to_string()),
        _ => false,
    };
    let holds_admin = |value: &Value| value.as_array().is_some_and(|values| values.iter().any(is_admin));
    match (&config.jwt_admin_claim, signer) {
        (Some(path), _) => path.find(claims).is_some_and(|value| holds_admin(value) || is_admin(value)),
        (None, Signer::Secret) => holds_admin(&claims["labels"]),
        // Keys of a set may be shared, and users of the provider may be able to set such a claim.
        (None, Signer::KeySet) => false,
    }
}

fn scopes(config: &ClaimConfig, claims: &Value, signer: Signer) -> Option<BTreeSet<Scope>> {
    match (&config.jwt_scope_claim, signer) {
        (Some(path), _) => Scope::read(path.find(claims)?),
        (None, Signer::Secret) => Scope::read(&claims["labels"]),
        // As for administrators: `act` grants access, and somebody else may be able to set the claim.
        (None, Signer::KeySet) => None,
    }
}

/// Returns true if a claim is, or contains, one of the wanted values, or if none is wanted.
fn names_one_of(claim: &Value, wanted: &[String]) -> bool {
    let mut wanted = wanted.iter().filter(|value| !value.is_empty()).peekable();
    if wanted.peek().is_none() {
        return true;
    }
    let named: Vec<&str> = match claim {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    wanted.any(|value| named.contains(&value.as_str()))
}

/// A NumericDate of RFC 7519: seconds since 1970, whole or not.
fn numeric_date(value: &Value) -> Option<WallTime> {
    if let Some(seconds) = value.as_u64() {
        return Some(WallTime::from_millis(seconds.saturating_mul(1_000)));
    }
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
    // The cast saturates.
    Some(WallTime::from_millis((seconds * 1_000.0) as u64))
}

/// The verified contact points. Some providers write booleans as text.
fn contact_points(claims: &Value) -> BTreeSet<ContactPoint> {
    let is_true = |value: &Value| *value == Value::Bool(true) || value.as_str() == Some("true");
    [("email", "email_verified"), ("phone_number", "phone_number_verified")]
        .into_iter()
        .filter(|(_, verified)| is_true(&claims[*verified]))
        .filter_map(|(claim, _)| contact_point::read(claims[claim].as_str()?, None))
        .collect()
}

/// Claims that a server with this configuration accepts.
pub(super) fn write(
    config: &ClaimConfig,
    tenant: &TenantId,
    account: &AccountId,
    labels: &[String],
    contact_points: &BTreeSet<ContactPoint>,
    expires_at: WallTime,
) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |path: Option<&ClaimPath>, name, value| {
        path.cloned().unwrap_or(ClaimPath::of(name)).put(&mut claims, value);
    };
    put(None, "exp", json!(expires_at.as_seconds()));
    for (name, values) in [("iss", &config.jwt_issuer), ("aud", &config.jwt_audience)] {
        if let Some(value) = values.iter().find(|value| !value.is_empty()) {
            put(None, name, json!(value));
        }
    }
    if !labels.is_empty() {
        put(config.jwt_admin_claim.as_ref(), "labels", json!(labels));
    }
    for point in contact_points {
        let (name, verified) = match point {
            ContactPoint::Email(_) => ("email", "email_verified"),
            ContactPoint::Phone(_) => ("phone_number", "phone_number_verified"),
        };
        put(None, name, json!(point.to_string()));
        put(None, verified, json!(true));
    }
    put(config.jwt_tenant_claim.as_ref(), "tenant", json!(tenant.as_str()));
    put(config.jwt_account_claim.as_ref(), "sub", json!(account.as_str()));
    claims
}
