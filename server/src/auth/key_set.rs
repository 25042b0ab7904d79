//! A JSON Web Key Set (RFC 7517) and which of its keys verify tokens. Identity providers' sets also hold keys
//! for other purposes; these are skipped, but a secret that is too short is an error.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Signer;

/// Minimum length of a secret: that of an HS256 hash (RFC 7518, 3.2).
pub(super) const SECRET_BYTES_MIN: usize = 32;
/// Minimum size of an RSA modulus: 2,048 bits (RFC 7518, 3.3).
const MODULUS_BYTES_MIN: usize = 256;
/// Bytes of each coordinate of a point on P-256.
const COORDINATE_BYTES: usize = 32;
/// Maximum number of keys in a set: a token without a key id is tried against each.
const KEYS_MAX: usize = 64;

/// One key, bound to the one algorithm it may be used with.
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    pub(super) signer: Signer,
}

#[derive(Deserialize)]
struct KeySet {
    // Decoded one by one, so that a malformed key does not spoil the others.
    keys: Vec<Value>,
}

/// Why a text is not a key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadKeySetError {
    /// Not the JSON of a key set.
    #[error("not a JSON Web Key Set: {0}")]
    Malformed(String),
    /// None of its keys can verify tokens.
    #[error("it has no key for HS256, RS256, ES256 or EdDSA")]
    Empty,
    /// It has more keys than can be tried.
    #[error("it has more than {KEYS_MAX} keys")]
    TooLarge,
    /// One of its secrets is short enough to be guessed.
    #[error("the secret at index {index} has {bytes} bytes, but HS256 needs at least {SECRET_BYTES_MIN}")]
    SecretTooShort {
        /// Index of the key in the set.
        index: usize,
        /// Length of the secret.
        bytes: usize,
    },
}

/// The source of a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A local file.
    File,
    /// A URL, which others may read too.
    Url,
}

/// Reads the keys of a set that verify tokens.
pub(super) fn read(text: &str, origin: Origin) -> Result<Vec<Key>, ReadKeySetError> {
    let set: KeySet = serde_json::from_str(text).map_err(|error| ReadKeySetError::Malformed(error.to_string()))?;
    if set.keys.len() > KEYS_MAX {
        return Err(ReadKeySetError::TooLarge);
    }
    let mut keys = Vec::new();
    for (index, key) in set.keys.into_iter().enumerate() {
        match read_key(key, origin) {
            Ok(key) => keys.push(key),
            Err(Unused::SecretTooShort { bytes }) => return Err(ReadKeySetError::SecretTooShort { index, bytes }),
            Err(Unused::Other(detail)) => tracing::warn!(index, detail, "a key of the key set is not used"),
        }
    }
    if keys.is_empty() { Err(ReadKeySetError::Empty) } else { Ok(keys) }
}

/// Why a key of a set is skipped.
enum Unused {
    SecretTooShort { bytes: usize },
    Other(&'static str),
}

fn read_key(key: Value, origin: Origin) -> Result<Key, Unused> {
    let jwk: Jwk = serde_json::from_value(key).map_err(|_| Unused::Other("it is no JSON Web Key"))?;
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return Err(Unused::Other("its use is another than sig"));
    }
    if jwk.common.key_operations.as_ref().is_some_and(|allowed| !allowed.contains(&KeyOperations::Verify)) {
        return Err(Unused::Other("its key_ops are without verify"));
    }
    if origin == Origin::Url && matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
        return Err(Unused::Other("a secret that is fetched is none"));
    }
    let algorithm = algorithm(&jwk)?;
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| Unused::Other("its parameters do not decode"))?;
    Ok(Key { id: jwk.common.key_id, algorithm, decoding, signer: Signer::KeySet })
}

/// The one algorithm that a key is for, if it is supported and strong enough.
fn algorithm(jwk: &Jwk) -> Result<Algorithm, Unused> {
    let undecodable = Unused::Other("its parameters do not decode");
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::OctetKey(key), None | Some(KeyAlgorithm::HS256)) => match decoded_len(&key.value) {
            Some(SECRET_BYTES_MIN..) => Ok(Algorithm::HS256),
            Some(bytes) => Err(Unused::SecretTooShort { bytes }),
            None => Err(undecodable),
        },
        (AlgorithmParameters::RSA(key), None | Some(KeyAlgorithm::RS256)) => match decoded_len(&key.n) {
            Some(MODULUS_BYTES_MIN..) => Ok(Algorithm::RS256),
            Some(_) => Err(Unused::Other("an RSA key of fewer than 2,048 bits")),
            None => Err(undecodable),
        },
        (AlgorithmParameters::EllipticCurve(key), None | Some(KeyAlgorithm::ES256))
            if key.curve == EllipticCurve::P256 =>
        {
            let is_coordinate = |text| decoded_len(text) == Some(COORDINATE_BYTES);
            if is_coordinate(&key.x) && is_coordinate(&key.y) { Ok(Algorithm::ES256) } else { Err(undecodable) }
        }
        (AlgorithmParameters::OctetKeyPair(key), None | Some(KeyAlgorithm::EdDSA))
            if key.curve == EllipticCurve::Ed25519 =>
        {
            Ok(Algorithm::EdDSA)
        }
        _ => Err(Unused::Other("neither HS256, RS256, ES256 nor Ed25519")),
    }
}

fn decoded_len(text: &str) -> Option<usize> {
    BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok().map(|bytes| bytes.len())
}
