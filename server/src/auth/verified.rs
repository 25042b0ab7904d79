//! Tokens whose signature was found to be good, so that it is not checked again for whoever asks with the same token again. Only
//! that is remembered: what a token claims, and until when, is judged each time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::claims::Signer;

/// Tokens that are remembered. All of them are forgotten for one more; a token has 8 KiB at most.
pub(super) const TOKENS_MAX: usize = 4_096;

/// The signed part of a token.
pub(super) struct Signed {
    /// Its claims.
    pub(super) claims: Value,
    /// The kind of key that signed it.
    pub(super) signer: Signer,
}

/// The tokens that keys have signed, by hash: a token itself is kept nowhere. It lives as long as those keys do.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<[u8; 32], Arc<Signed>>>);

impl Verified {
    /// The signed part of a token: as remembered, or as it is found now.
    pub(super) fn or_else(&self, token: &str, find: impl FnOnce() -> Option<Signed>) -> Option<Arc<Signed>> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(signed) = self.lock().get(&hash) {
            return Some(Arc::clone(signed));
        }
        let signed = Arc::new(find()?);
        let mut tokens = self.lock();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(hash, Arc::clone(&signed));
        Some(signed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Signed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i30_so_many_tokens_are_remembered() {
        let verified = Verified::default();
        for number in 0..=TOKENS_MAX {
            let signed = || Some(Signed { claims: Value::Null, signer: Signer::Secret });
            assert!(verified.or_else(&number.to_string(), signed).is_some());
        }
        assert_eq!(verified.lock().len(), 1);
        assert!(verified.or_else("another", || None).is_none());
    }
}
