//! Bearer tokens: JSON Web Tokens with the claims `sub` (account), `tenant`,
//! `labels` and `exp`, and those of OpenID Connect for where the account is
//! reached: `email`, `phone_number`, and whether each is verified.

use std::{collections::BTreeSet, time::Duration};

use jsonwebtoken::{Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidings_core::{
    ids::{AccountId, TenantId},
    model::ContactPoint,
    time::WallTime,
};

use super::{Identity, Keys, VerifyTokenError};
use crate::contact_point;

/// The longest token that is looked at, bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The tenant of a token that names none.
const DEFAULT_TENANT: &str = "default";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    // Of any type here: one that is odd takes nothing else with it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    email: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    email_verified: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    phone_number: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    phone_number_verified: Value,
}

impl Claims {
    /// The contact points that are verified. Some providers write a truth value as text.
    fn contact_points(&self) -> BTreeSet<ContactPoint> {
        let is_true = |value: &Value| *value == Value::Bool(true) || value.as_str() == Some("true");
        let read = |claim: &Value| contact_point::read(claim.as_str()?, None);
        let claims = [(&self.email, &self.email_verified), (&self.phone_number, &self.phone_number_verified)];
        claims.into_iter().filter(|(_, verified)| is_true(verified)).filter_map(|(claim, _)| read(claim)).collect()
    }
}

/// Why a token cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueTokenError {
    /// Only public keys are configured.
    #[error("no secret to sign with")]
    NoSecret,
    /// The signature failed.
    #[error("cannot sign: {0}")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl Keys {
    /// Checks a token's signature, claims and time.
    ///
    /// # Errors
    /// `Expired` for a token that was valid, `Invalid` for anything else.
    pub fn verify(&self, token: &str, now: WallTime) -> Result<Identity, VerifyTokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(VerifyTokenError::Invalid("too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| VerifyTokenError::Invalid("malformed"))?;
        let claims = self
            .keys
            .iter()
            .filter(|key| key.algorithm == header.alg)
            // A token that names its key is checked against no other; a secret has no name.
            .filter(|key| header.kid.is_none() || key.id.is_none() || key.id == header.kid)
            .find_map(|key| {
                // Times are compared below, with the time that was passed in.
                let mut validation = Validation::new(key.algorithm);
                validation.validate_exp = false;
                validation.validate_nbf = false;
                validation.validate_aud = false;
                validation.required_spec_claims.clear();
                jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).ok()
            })
            .ok_or(VerifyTokenError::Invalid("no known key signed these claims"))?
            .claims;
        if claims.nbf.is_some_and(|not_before| not_before > now.as_seconds()) {
            return Err(VerifyTokenError::Invalid("not valid yet"));
        }
        let expires_at = WallTime::from_millis(claims.exp.saturating_mul(1_000));
        if expires_at <= now {
            return Err(VerifyTokenError::Expired);
        }
        let tenant = claims.tenant.as_deref().unwrap_or(DEFAULT_TENANT);
        Ok(Identity {
            tenant: TenantId::parse(tenant).map_err(|_| VerifyTokenError::Invalid("no legal tenant"))?,
            account: AccountId::parse(&claims.sub)
                .ok()
                .filter(|account| !account.is_system())
                .ok_or(VerifyTokenError::Invalid("no legal account"))?,
            administrator: claims.labels.iter().any(|label| label == "admin" || label == "root"),
            expires_at,
            contact_points: claims.contact_points(),
        })
    }

    /// Signs a token with the secret.
    ///
    /// # Errors
    /// When only public keys are configured.
    pub fn issue(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        labels: &[String],
        now: WallTime,
        ttl: Duration,
    ) -> Result<String, IssueTokenError> {
        self.issue_reached_at(tenant, account, labels, &BTreeSet::new(), now, ttl)
    }

    /// The same, of an account with these verified contact points: one of each kind.
    ///
    /// # Errors
    /// When only public keys are configured.
    pub fn issue_reached_at(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        labels: &[String],
        contact_points: &BTreeSet<ContactPoint>,
        now: WallTime,
        ttl: Duration,
    ) -> Result<String, IssueTokenError> {
        let claim = |is: fn(&ContactPoint) -> bool| {
            let point = contact_points.iter().find(|point| is(point));
            let verified = if point.is_some() { Value::Bool(true) } else { Value::Null };
            (point.map_or(Value::Null, |point| Value::String(point.to_string())), verified)
        };
        let (email, email_verified) = claim(|point| matches!(point, ContactPoint::Email(_)));
        let (phone_number, phone_number_verified) = claim(|point| matches!(point, ContactPoint::Phone(_)));
        let signing = self.signing.as_ref().ok_or(IssueTokenError::NoSecret)?;
        let claims = Claims {
            sub: account.to_string(),
            exp: now.plus(ttl).as_seconds(),
            nbf: None,
            tenant: Some(tenant.to_string()),
            labels: labels.to_vec(),
            email,
            email_verified,
            phone_number,
            phone_number_verified,
        };
        jsonwebtoken::encode(&Header::default(), &claims, signing).map_err(IssueTokenError::Sign)
    }
}
