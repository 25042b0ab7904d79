//! Who is asking: bearer tokens in, an identity out. What the identity may do
//! is the authority's.

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

/// Who a token speaks for. Only `Keys::verify` makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// Whether it is a tenant administrator.
    pub administrator: bool,
    /// When the token's time is over.
    pub expires_at: WallTime,
    /// Where the account is reached, as the identity provider has verified. What
    /// a token does not say the account does not have.
    pub contact_points: BTreeSet<ContactPoint>,
}

impl Identity {
    /// Whose shares of the node it uses.
    pub fn key(&self) -> AccountKey {
        (self.tenant.clone(), self.account.clone())
    }

    /// What the authority needs to know of a session of this identity on a device.
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
    /// No key that this server knows has signed it.
    #[error("the token is not valid: no key of this server signed it")]
    KeyUnknown,
    /// Its time is over.
    #[error("the token's time is over")]
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
