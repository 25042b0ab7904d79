//! Authentication: turns a bearer token into an identity. The authority decides what the identity may do.

mod claims;
mod config;
mod fetch;
mod key_set;
mod keys;
#[cfg(test)]
mod tests;
mod token;

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
pub use fetch::{FetchKeysError, KeySetUrl, ParseKeySetUrlError};
pub use key_set::ReadKeySetError;
pub use keys::{DEVELOPMENT_SECRET, Keys, LoadKeysError};
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
}

impl Identity {
    /// The key under which its shares of the node are counted.
    pub fn key(&self) -> AccountKey {
        (self.tenant.clone(), self.account.clone())
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
