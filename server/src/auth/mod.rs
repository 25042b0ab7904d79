//! Authentication: turns a bearer token into an identity. The authority decides what the identity may do.

mod claims;
mod config;
mod fetch;
mod key_set;
mod keys;
mod scope;
#[cfg(test)]
mod tests;
mod token;
mod verified;

use std::collections::BTreeSet;

use tidings_core::{
    authority::Session,
    code::Code,
    ids::{AccountId, DeviceId, TenantId},
    model::ContactPoint,
    time::WallTime,
};

use crate::rate::AccountKey;

pub use config::{ClaimConfig, ClaimPath, KeyConfig, ParseClaimPathError};
pub(crate) use fetch::connector as tls_connector;
pub use fetch::{FetchKeysError, KeySetUrl, ParseKeySetUrlError};
pub use key_set::ReadKeySetError;
pub use keys::{DEVELOPMENT_SECRET, Keys, LoadKeysError};
pub use scope::Scope;
pub use token::IssueTokenError;

/// The identity that a token speaks for. Only `Keys::verify` makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// True for a tenant administrator.
    pub administrator: bool,
    /// When the token expires.
    pub expires_at: WallTime,
    /// E-mail addresses and phone numbers that the identity provider has verified. The account has no others.
    pub contact_points: BTreeSet<ContactPoint>,
    /// For the token of a service; none for a person's. Boxed, since every session keeps an identity.
    pub service: Option<Box<Service>>,
}

/// What the token of a service says beyond its account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Its scopes, beyond which it may do nothing.
    pub scopes: BTreeSet<Scope>,
    /// The service's own account, where it acts for another one.
    pub acting: Option<AccountId>,
}

impl Identity {
    /// The key under which its shares of the node are counted.
    pub fn key(&self) -> AccountKey {
        (self.tenant.clone(), self.account.clone())
    }

    /// The service that acts for the account; none where the account itself asks.
    pub fn acted_by(&self) -> Option<&AccountId> {
        self.service.as_ref()?.acting.as_ref()
    }

    /// Returns true if the token allows this. A person's token allows everything except acting for others.
    pub fn allows(&self, scope: Scope) -> bool {
        self.service.as_ref().map_or(scope != Scope::Act, |service| service.scopes.contains(&scope))
    }

    /// The identity with which this service acts for an account. It has the rights of that account and no
    /// others: a service that is an administrator acts for people without being one.
    pub fn acting_for(self, account: AccountId) -> Self {
        let scopes = self.service.map(|service| service.scopes).unwrap_or_default();
        let service = Some(Box::new(Service { scopes, acting: Some(self.account) }));
        Self { account, administrator: false, contact_points: BTreeSet::new(), service, ..self }
    }

    /// The session that the authority judges by, for this identity on a device.
    pub fn session(&self, device: DeviceId) -> Session {
        Session {
            tenant: self.tenant.clone(),
            account: self.account.clone(),
            device,
            administrator: self.administrator,
        }
    }
}

/// Why a token was not accepted. The text never contains the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyTokenError {
    /// Not a token, or not with the claims that this server needs.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// No key of this server has signed it.
    #[error("the token is not valid: no key of this server signed it")]
    KeyUnknown,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
}

impl VerifyTokenError {
    /// The stable code.
    pub fn code(self) -> Code {
        match self {
            Self::Invalid(_) | Self::KeyUnknown => Code::TokenInvalid,
            Self::Expired => Code::TokenExpired,
        }
    }
}
