//! The keys tokens are checked against: a secret, a JSON Web Key Set, or the
//! development secret. Which claims a token needs is `token`'s.

use std::path::PathBuf;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm},
};

use crate::config::KeyConfig;

/// The secret of `--dev`: known to everybody, and loudly logged.
pub const DEVELOPMENT_SECRET: &str = "tidings-development-secret-known-to-everybody";

/// Why the keys cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadKeysError {
    /// Neither a secret nor a key set is configured.
    #[error("no key to check tokens with: give --jwt-secret or --jwks, or --dev for development")]
    Missing,
    /// The file of the key set cannot be read.
    #[error("cannot read the key set {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a JSON Web Key Set, or no key of it can be used.
    #[error("the key set {path} cannot be used: {detail}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
}

/// One key, bound to the one algorithm it may be used with.
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Every key of this server.
pub struct Keys {
    pub(super) keys: Vec<Key>,
    pub(super) signing: Option<EncodingKey>,
}

impl Keys {
    /// Loads the configured keys.
    ///
    /// # Errors
    /// When none is configured, or the key set cannot be read or used.
    pub fn load(config: &KeyConfig) -> Result<Self, LoadKeysError> {
        let mut keys = Self { keys: Vec::new(), signing: None };
        if let Some(secret) = &config.jwt_secret {
            keys.add_secret(secret.expose());
        } else if config.dev {
            keys.add_secret(DEVELOPMENT_SECRET);
        }
        if let Some(path) = &config.jwks {
            let text = std::fs::read_to_string(path)
                .map_err(|source| LoadKeysError::Unreadable { path: path.clone(), source })?;
            let invalid = |detail: String| LoadKeysError::Invalid { path: path.clone(), detail };
            let set: JwkSet = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
            for (index, jwk) in set.keys.iter().enumerate() {
                // Sets of identity providers hold keys for other purposes too.
                if let Err(detail) = keys.add_jwk(jwk) {
                    tracing::warn!(index, detail, "a key of the key set is not used");
                }
            }
            if keys.keys.is_empty() {
                return Err(invalid("no key for HS256, RS256 or EdDSA".to_owned()));
            }
        }
        if keys.keys.is_empty() { Err(LoadKeysError::Missing) } else { Ok(keys) }
    }

    /// One HS256 secret, for checking and for signing.
    pub fn from_secret(secret: &str) -> Self {
        let mut keys = Self { keys: Vec::new(), signing: None };
        keys.add_secret(secret);
        keys
    }

    fn add_secret(&mut self, secret: &str) {
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        self.keys.push(Key { id: None, algorithm: Algorithm::HS256, decoding });
        self.signing = Some(EncodingKey::from_secret(secret.as_bytes()));
    }

    fn add_jwk(&mut self, jwk: &Jwk) -> Result<(), String> {
        let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
            (AlgorithmParameters::OctetKey(_), None | Some(KeyAlgorithm::HS256)) => Algorithm::HS256,
            (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
            (AlgorithmParameters::OctetKeyPair(key), None | Some(KeyAlgorithm::EdDSA))
                if key.curve == EllipticCurve::Ed25519 =>
            {
                Algorithm::EdDSA
            }
            _ => return Err("neither HS256, RS256 nor Ed25519".to_owned()),
        };
        let decoding = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
        self.keys.push(Key { id: jwk.common.key_id.clone(), algorithm, decoding });
        Ok(())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.keys.len())
    }
}
