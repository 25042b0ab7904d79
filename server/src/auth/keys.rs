//! The keys tokens are checked against: a secret, a JSON Web Key Set, or the
//! development secret. What the claims of a token mean is `claims`'.

use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use super::{
    claims::Signer,
    config::{ClaimConfig, KeyConfig},
    key_set::{self, Key, ReadKeySetError, SECRET_BYTES_MIN},
};

/// The secret of `--dev`: known to everybody, and loudly logged.
pub const DEVELOPMENT_SECRET: &str = "tidings-development-secret-known-to-everybody";

/// Why the keys cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadKeysError {
    /// Neither a secret nor a key set is configured.
    #[error("no key to check tokens with: give --jwt-secret or --jwks, or --dev for development")]
    Missing,
    /// The secret can be guessed.
    #[error("the secret has {bytes} bytes; one of HS256 has at least {SECRET_BYTES_MIN}")]
    SecretTooShort {
        /// Its length.
        bytes: usize,
    },
    /// The development secret beside a real key: whoever knows it would get tokens that others take.
    #[error("--dev takes tokens of a secret that everybody knows: give no --jwt-secret and no key set beside it")]
    DevBesideKeys,
    /// Nothing says which issuers a key set is trusted for.
    #[error(
        "the keys of a set may sign for others too: say whose tokens are taken with --jwt-issuer, or --jwt-any-issuer"
    )]
    IssuerMissing,
    /// Nothing says which audiences a key set is trusted for.
    #[error(
        "the keys of a set may sign for other applications too: say what tokens must be for with --jwt-audience, \
         or --jwt-any-audience"
    )]
    AudienceMissing,
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
    #[error("the key set {path} cannot be used: {source}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadKeySetError,
    },
}

impl LoadKeysError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "key_missing",
            Self::SecretTooShort { .. } => "secret_too_short",
            Self::DevBesideKeys => "dev_beside_keys",
            Self::IssuerMissing => "issuer_missing",
            Self::AudienceMissing => "audience_missing",
            Self::Unreadable { .. } => "jwks_unreadable",
            Self::Invalid { source: ReadKeySetError::SecretTooShort { .. }, .. } => "secret_too_short",
            Self::Invalid { .. } => "jwks_invalid",
        }
    }
}

/// Every key of this server, and what the claims of its tokens mean.
pub struct Keys {
    pub(super) keys: Vec<Key>,
    pub(super) signing: Option<EncodingKey>,
    pub(super) claims: ClaimConfig,
}

impl Keys {
    /// Loads the configured keys.
    ///
    /// # Errors
    /// When none is configured, one is too weak, the key set cannot be read or used, or nothing says whose
    /// tokens a key set is trusted for.
    pub fn load(config: &KeyConfig) -> Result<Self, LoadKeysError> {
        let is_said = |values: &[String]| values.iter().any(|value| !value.is_empty());
        if config.has_key_set() {
            if !config.jwt_any_issuer && !is_said(&config.claims.jwt_issuer) {
                return Err(LoadKeysError::IssuerMissing);
            }
            if !config.jwt_any_audience && !is_said(&config.claims.jwt_audience) {
                return Err(LoadKeysError::AudienceMissing);
            }
        }
        let secret = match (config.secret(), config.dev) {
            (Some(_), true) => return Err(LoadKeysError::DevBesideKeys),
            (None, true) if config.has_key_set() => return Err(LoadKeysError::DevBesideKeys),
            (None, true) => Some(DEVELOPMENT_SECRET),
            (secret, false) => secret,
        };
        let mut keys = match secret {
            Some(secret) => Self::from_secret(secret, config.claims.clone())?,
            None => Self { keys: Vec::new(), signing: None, claims: config.claims.clone() },
        };
        if let Some(path) = &config.jwks {
            keys.keys.extend(read_file(path)?);
        }
        if keys.keys.is_empty() { Err(LoadKeysError::Missing) } else { Ok(keys) }
    }

    /// One HS256 secret, for checking and for signing.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes.
    pub fn from_secret(secret: &str, claims: ClaimConfig) -> Result<Self, LoadKeysError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(LoadKeysError::SecretTooShort { bytes: secret.len() });
        }
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        let key = Key { id: None, algorithm: Algorithm::HS256, decoding, signer: Signer::Secret };
        Ok(Self { keys: vec![key], signing: Some(EncodingKey::from_secret(secret.as_bytes())), claims })
    }

    /// The keys of `--dev`: the development secret.
    pub fn development() -> Self {
        Self::from_secret(DEVELOPMENT_SECRET, ClaimConfig::default()).expect("the development secret is long enough")
    }
}

fn read_file(path: &Path) -> Result<Vec<Key>, LoadKeysError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| LoadKeysError::Unreadable { path: path.to_owned(), source })?;
    key_set::read(&text).map_err(|source| LoadKeysError::Invalid { path: path.to_owned(), source })
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.keys.len())
    }
}
