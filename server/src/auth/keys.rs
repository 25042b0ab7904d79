//! The keys that tokens are verified with: a secret, a JSON Web Key Set, or the development secret. A set is
//! read again at intervals, so that its owner can rotate keys. `claims` reads the claims.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, atomic::AtomicU64},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use tokio::{sync::Mutex, time::Instant};

use super::{
    claims::Signer,
    config::{ClaimConfig, KeyConfig},
    fetch::{FetchKeysError, KeySetUrl},
    key_set::{self, Key, Origin, ReadKeySetError, SECRET_BYTES_MIN},
    verified::Verified,
};

/// Minimum time between two reads for an unknown key, so that made-up key names cost the provider no more
/// than this.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// The secret of `--dev`, known to everybody; using it logs a warning.
pub const DEVELOPMENT_SECRET: &str = "tidings-development-secret-known-to-everybody";

/// Why the keys cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadKeysError {
    /// Neither a secret nor a key set is configured.
    #[error("no key to verify tokens with: set --jwt-secret, --jwks or --jwks-url, or --dev for development")]
    Missing,
    /// The secret is short enough to be guessed.
    #[error("the secret has {bytes} bytes, but HS256 needs at least {SECRET_BYTES_MIN}")]
    SecretTooShort {
        /// Length of the secret.
        bytes: usize,
    },
    /// The development secret beside a real key would give anybody valid tokens.
    #[error("--dev accepts tokens signed with a publicly known secret: do not set --jwt-secret or a key set beside it")]
    DevBesideKeys,
    /// No issuer is configured for a key set.
    #[error(
        "the keys of a set may sign for others too: name the accepted issuers with --jwt-issuer, or set --jwt-any-issuer"
    )]
    IssuerMissing,
    /// No audience is configured for a key set.
    #[error(
        "the keys of a set may sign for other applications too: name this application with --jwt-audience, \
         or set --jwt-any-audience"
    )]
    AudienceMissing,
    /// The file of the key set cannot be read.
    #[error("cannot read the key set {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The key set cannot be fetched.
    #[error("cannot fetch the key set {url}: {source}")]
    Unreachable {
        /// The URL.
        url: String,
        /// The cause.
        #[source]
        source: FetchKeysError,
    },
    /// It is not a JSON Web Key Set, or none of its keys can be used.
    #[error("the key set {place} cannot be used: {source}")]
    Invalid {
        /// The file or URL.
        place: String,
        /// The cause.
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
            Self::Unreachable { .. } => "jwks_unreachable",
            Self::Invalid { source: ReadKeySetError::SecretTooShort { .. }, .. } => "secret_too_short",
            Self::Invalid { .. } => "jwks_invalid",
        }
    }
}

/// Every key of this server, and how the claims of its tokens are read.
pub struct Keys {
    secret: Option<Key>,
    pub(super) signing: Option<EncodingKey>,
    pub(super) claims: ClaimConfig,
    file: Option<PathBuf>,
    url: Option<KeySetUrl>,
    sets: RwLock<Sets>,
    /// When an unknown key was last looked for.
    looked_at: Mutex<Option<Instant>>,
    /// How many times a token was tried with a key.
    pub(super) tried: AtomicU64,
}

/// The keys of the sets as last read.
#[derive(Clone, Default)]
pub(super) struct Sets {
    of_file: Arc<Vec<Key>>,
    of_url: Arc<Vec<Key>>,
    /// The tokens that these keys, or the secret, have signed: gone when the sets are read again.
    pub(super) verified: Arc<Verified>,
}

impl Keys {
    /// Loads the configured keys.
    ///
    /// # Errors
    /// When none is configured, one is too weak, the key set cannot be read or used, or no issuer or audience
    /// is configured for it.
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
        let mut keys = Self::none(config.claims.clone());
        if let Some(secret) = secret {
            keys.set_secret(secret)?;
        }
        if let Some(path) = &config.jwks {
            keys.sets.get_mut().unwrap_or_else(PoisonError::into_inner).of_file = read_file(path)?;
        }
        (keys.file, keys.url) = (config.jwks.clone(), config.jwks_url.clone());
        if keys.count() == 0 && keys.url.is_none() { Err(LoadKeysError::Missing) } else { Ok(keys) }
    }

    fn none(claims: ClaimConfig) -> Self {
        let (sets, looked_at, tried) = (RwLock::default(), Mutex::default(), AtomicU64::default());
        Self { secret: None, signing: None, claims, file: None, url: None, sets, looked_at, tried }
    }

    /// Keys of a single HS256 secret, for verifying and signing.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes.
    pub fn from_secret(secret: &str, claims: ClaimConfig) -> Result<Self, LoadKeysError> {
        let mut keys = Self::none(claims);
        keys.set_secret(secret)?;
        Ok(keys)
    }

    fn set_secret(&mut self, secret: &str) -> Result<(), LoadKeysError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(LoadKeysError::SecretTooShort { bytes: secret.len() });
        }
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        self.secret = Some(Key { id: None, algorithm: Algorithm::HS256, decoding, signer: Signer::Secret });
        self.signing = Some(EncodingKey::from_secret(secret.as_bytes()));
        Ok(())
    }

    /// The keys of `--dev`: the development secret.
    pub fn development() -> Self {
        Self::from_secret(DEVELOPMENT_SECRET, ClaimConfig::default()).expect("the development secret is long enough")
    }

    /// The number of keys.
    pub fn count(&self) -> usize {
        let sets = self.sets();
        usize::from(self.secret.is_some()) + sets.of_file.len() + sets.of_url.len()
    }

    /// Returns true if there is a key set that can be read again.
    pub fn has_sets(&self) -> bool {
        self.file.is_some() || self.url.is_some()
    }

    /// The kinds of tokens that are taken, for the log. Of a set by URL that is known once it was fetched.
    pub fn kinds(&self) -> String {
        let sets = self.sets();
        let secret = self.secret.iter().map(|key| format!("{:?} of a shared key", key.algorithm));
        let file = self.file.iter().map(|_| format!("{} of a file", algorithms(&sets.of_file)));
        let url = self.url.iter().map(|_| "those of a URL".to_owned());
        secret.chain(file).chain(url).collect::<Vec<_>>().join(", ")
    }

    /// Tries the secret and every key of these sets until one gives an answer.
    pub(super) fn find_map<T>(&self, sets: &Sets, look: impl FnMut(&Key) -> Option<T>) -> Option<T> {
        self.secret.iter().chain(sets.of_file.iter()).chain(sets.of_url.iter()).find_map(look)
    }

    /// Reads the key sets again from their file and URL. A set that cannot be read stays as it was.
    ///
    /// # Errors
    /// When a set could not be read.
    pub async fn read_again(&self) -> Result<(), LoadKeysError> {
        let of_file = self.file.as_deref().map(read_file).transpose();
        let of_url = match &self.url {
            Some(url) => fetch(url).await.map(Some),
            None => Ok(None),
        };
        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(Some(keys)) = &of_file {
            sets.of_file = Arc::clone(keys);
        }
        if let Ok(Some(keys)) = &of_url {
            sets.of_url = Arc::clone(keys);
        }
        sets.verified = Arc::default();
        of_file.and(of_url).map(|_| ())
    }

    /// Reads the key sets again for an unknown key, unless that was just done. Returns true if it did.
    ///
    /// # Errors
    /// As `read_again`.
    pub async fn look_again(&self) -> Result<bool, LoadKeysError> {
        if self.url.is_none() {
            return Ok(false);
        }
        // Holding the lock makes concurrent callers wait for this read instead of starting their own.
        let mut looked_at = self.looked_at.lock().await;
        if looked_at.is_some_and(|at| at.elapsed() < LOOK_INTERVAL) {
            return Ok(false);
        }
        *looked_at = Some(Instant::now());
        self.read_again().await.map(|()| true)
    }

    /// The sets as they are now.
    pub(super) fn sets(&self) -> Sets {
        self.sets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn fetch(url: &KeySetUrl) -> Result<Arc<Vec<Key>>, LoadKeysError> {
    let text = url.fetch().await.map_err(|source| LoadKeysError::Unreachable { url: url.to_string(), source })?;
    let keys = key_set::read(&text, Origin::Url);
    keys.map(Arc::new).map_err(|source| LoadKeysError::Invalid { place: url.to_string(), source })
}

/// The algorithms of keys, each once.
fn algorithms(keys: &[Key]) -> String {
    let names: BTreeSet<String> = keys.iter().map(|key| format!("{:?}", key.algorithm)).collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn read_file(path: &Path) -> Result<Arc<Vec<Key>>, LoadKeysError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| LoadKeysError::Unreadable { path: path.to_owned(), source })?;
    let keys = key_set::read(&text, Origin::File);
    keys.map(Arc::new).map_err(|source| LoadKeysError::Invalid { place: path.display().to_string(), source })
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.count())
    }
}
