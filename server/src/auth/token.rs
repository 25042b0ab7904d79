//! Bearer tokens: JSON Web Tokens (RFC 7519) signed with a key of this server. `claims` reads their claims.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use jsonwebtoken::{Header, Validation};
use serde_json::Value;
use tidings_core::{
    ids::{AccountId, TenantId},
    model::ContactPoint,
    time::WallTime,
};

use super::{Identity, Keys, VerifyTokenError, claims, key_set::Key, verified::Signed};

/// The longest token that is read, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

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
    /// Checks a token's signature, claims and validity.
    ///
    /// # Errors
    /// `Expired` for a token that was valid, `KeyUnknown` for one signed with another key, `Invalid` for
    /// anything else.
    pub fn verify(&self, token: &str, now: WallTime) -> Result<Identity, VerifyTokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(VerifyTokenError::Invalid("it is too long"));
        }
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| VerifyTokenError::Invalid("it is no JSON Web Token"))?;
        // RFC 7515, 4.1.11: a recipient that does not support a critical header must reject the token. This
        // server supports none.
        if header.crit.is_some() {
            return Err(VerifyTokenError::Invalid("it has critical headers, which this server does not know"));
        }
        // A token that names its key is checked against no other; the secret has no name.
        let is_meant = |key: &Key| {
            key.algorithm == header.alg && (header.kid.is_none() || key.id.is_none() || key.id == header.kid)
        };
        let sets = self.sets();
        let signed = sets.verified.or_else(token, || {
            self.find_map(&sets, |key| {
                if !is_meant(key) {
                    return None;
                }
                self.tried.fetch_add(1, Ordering::Relaxed);
                signed_claims(token, key).map(|claims| Signed { claims, signer: key.signer })
            })
        });
        let signed = signed.ok_or(VerifyTokenError::KeyUnknown)?;
        claims::identity(&self.claims, &signed.claims, signed.signer, now)
    }

    /// The account that a token claims, for the log only: the signature is not checked.
    pub fn claimed_account(&self, token: &str) -> Option<AccountId> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        claims::account(&self.claims, &claims)
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

    /// Signs a token that also has these verified contact points: at most one of each kind.
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
        let signing = self.signing.as_ref().ok_or(IssueTokenError::NoSecret)?;
        let claims = claims::write(&self.claims, tenant, account, labels, contact_points, now.plus(ttl));
        jsonwebtoken::encode(&Header::default(), &claims, signing).map_err(IssueTokenError::Sign)
    }
}

/// The claims of a token, if this key has signed it.
fn signed_claims(token: &str, key: &Key) -> Option<Value> {
    // Only the signature is validated here; the claims are checked later, against the given time.
    let mut validation = Validation::new(key.algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Value>(token, &key.decoding, &validation).ok()?.claims;
    claims.is_object().then_some(claims)
}
