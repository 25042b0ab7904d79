//! Tokens of every kind of key, and every way in which one is not valid.

use std::{collections::BTreeSet, time::Duration};

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};
use tidings_core::{
    ids::{AccountId, TenantId},
    model::ContactPoint,
    time::WallTime,
};

use super::{Identity, Keys, LoadKeysError, VerifyTokenError};
use crate::config::KeyConfig;

// Keys of these tests only.
const RS256: &[u8] = include_bytes!("../../tests/fixtures/rs256.pem");
const ED25519: &[u8] = include_bytes!("../../tests/fixtures/ed25519.pem");

const NOW: WallTime = WallTime::from_millis(1_800_000_000_000);

fn secret_keys() -> Keys {
    Keys::from_secret("a secret of some length for tests")
}

/// Keys loaded from a file with these entries.
fn key_set(keys: Vec<Value>) -> Result<Keys, LoadKeysError> {
    let path = std::env::temp_dir().join(format!("tidings_jwks_{:016x}.json", rand::random::<u64>()));
    std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
    let loaded = Keys::load(&KeyConfig { jwt_secret: None, jwks: Some(path.clone()), dev: false });
    std::fs::remove_file(path).unwrap();
    loaded
}

fn jwk(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    serde_json::to_value(JwkSet { keys: vec![jwk] }).unwrap()["keys"][0].clone()
}

fn sign(key: &EncodingKey, algorithm: Algorithm, id: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn claims() -> Value {
    json!({ "sub": "ann", "exp": NOW.as_seconds() + 60 })
}

#[track_caller]
fn invalid(claims: &Value) {
    let key = EncodingKey::from_secret(b"a secret of some length for tests");
    let token = sign(&key, Algorithm::HS256, None, claims);
    let verified = secret_keys().verify(&token, NOW);
    assert!(matches!(verified, Err(VerifyTokenError::Invalid(_))), "{claims}: {verified:?}");
}

#[test]
fn an_issued_token_speaks_for_its_account_until_it_expires() {
    let (tenant, account) = (TenantId::parse("acme").unwrap(), AccountId::parse("ann").unwrap());
    let ttl = Duration::from_secs(60);
    let token = secret_keys().issue(&tenant, &account, &["root".to_owned()], NOW, ttl).unwrap();
    let expires_at = NOW.plus(ttl);
    let identity = Identity { tenant, account, administrator: true, expires_at, contact_points: BTreeSet::new() };
    assert_eq!(secret_keys().verify(&token, NOW), Ok(identity));
    assert!(secret_keys().verify(&token, NOW.plus(Duration::from_secs(59))).is_ok());
    assert_eq!(secret_keys().verify(&token, expires_at), Err(VerifyTokenError::Expired));
}

#[test]
fn a_token_without_tenant_and_labels_is_of_the_default_tenant() {
    let key = EncodingKey::from_secret(b"a secret of some length for tests");
    let identity = secret_keys().verify(&sign(&key, Algorithm::HS256, None, &claims()), NOW).unwrap();
    assert_eq!((identity.tenant.as_str(), identity.administrator), ("default", false));
}

#[test]
fn c6_only_what_the_provider_verified_is_a_contact_point() {
    let points = |more: &Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let key = EncodingKey::from_secret(b"a secret of some length for tests");
        let token = sign(&key, Algorithm::HS256, None, &claims);
        let points = secret_keys().verify(&token, NOW).unwrap().contact_points;
        points.iter().map(ContactPoint::to_string).collect::<Vec<_>>()
    };
    let both = json!({ "email": "Ann@Example.org", "email_verified": true,
        "phone_number": "+1 (425) 555-1212", "phone_number_verified": "true" });
    assert_eq!(points(&both), ["+14255551212", "ann@example.org"]);
    let none: [Value; 6] = [
        json!({}),
        json!({ "email": "ann@example.org", "phone_number": "+14255551212" }),
        json!({ "email": "ann@example.org", "email_verified": false }),
        json!({ "email": "ann", "email_verified": true, "phone_number": "425 555", "phone_number_verified": true }),
        json!({ "email": 7, "email_verified": true, "phone_number": ["+14255551212"], "phone_number_verified": true }),
        json!({ "email": "ann@example.org", "email_verified": 1 }),
    ];
    none.iter().for_each(|claims| assert_eq!(points(claims), [""; 0], "{claims}"));
}

#[test]
fn claims_must_be_there_and_legal() {
    invalid(&json!({ "sub": "ann" }));
    invalid(&json!({ "exp": NOW.as_seconds() + 60 }));
    invalid(&json!({ "sub": "an n", "exp": NOW.as_seconds() + 60 }));
    invalid(&json!({ "sub": "ann", "exp": "soon" }));
    invalid(&json!({ "sub": "ann", "exp": NOW.as_seconds() + 60, "tenant": "a/b" }));
    invalid(&json!({ "sub": "ann", "exp": NOW.as_seconds() + 60, "labels": "admin" }));
    invalid(&json!({ "sub": "ann", "exp": NOW.as_seconds() + 60, "nbf": NOW.as_seconds() + 1 }));
}

#[test]
fn a_signature_of_another_key_is_not_valid() {
    let key = EncodingKey::from_secret(b"another secret");
    let token = sign(&key, Algorithm::HS256, None, &claims());
    assert!(matches!(secret_keys().verify(&token, NOW), Err(VerifyTokenError::Invalid(_))));
}

#[test]
fn bytes_that_are_no_token_are_not_valid() {
    // An unsigned token: {"alg":"none"} and the claims.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjk5OTk5OTk5OTl9.";
    for text in ["", ".", "..", "a.b.c", "é", unsigned, &"x".repeat(20_000)] {
        assert!(matches!(secret_keys().verify(text, NOW), Err(VerifyTokenError::Invalid(_))), "{text:?}");
    }
}

#[test]
fn a_key_set_checks_rsa_and_ed25519_signatures() {
    let rsa = EncodingKey::from_rsa_pem(RS256).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let keys = key_set(vec![jwk(&rsa, Algorithm::RS256, "one"), jwk(&ed25519, Algorithm::EdDSA, "two")]).unwrap();
    for (key, algorithm, id) in [(&rsa, Algorithm::RS256, "one"), (&ed25519, Algorithm::EdDSA, "two")] {
        for id in [Some(id), None] {
            let token = sign(key, algorithm, id, &claims());
            assert_eq!(keys.verify(&token, NOW).unwrap().account.as_str(), "ann");
        }
        let token = sign(key, algorithm, Some("three"), &claims());
        assert!(keys.verify(&token, NOW).is_err(), "a token names a key that is not in the set");
    }
    assert!(
        keys.issue(&TenantId::parse("acme").unwrap(), &AccountId::parse("ann").unwrap(), &[], NOW, Duration::ZERO)
            .is_err()
    );
}

#[test]
fn a_public_key_is_no_secret_to_sign_with() {
    let rsa = EncodingKey::from_rsa_pem(RS256).unwrap();
    let public = jwk(&rsa, Algorithm::RS256, "one");
    let keys = key_set(vec![public.clone()]).unwrap();
    let modulus = public["n"].as_str().unwrap();
    for secret in
        [EncodingKey::from_secret(modulus.as_bytes()), EncodingKey::from_secret(public.to_string().as_bytes())]
    {
        let token = sign(&secret, Algorithm::HS256, Some("one"), &claims());
        assert!(keys.verify(&token, NOW).is_err());
    }
}

#[test]
fn keys_for_other_purposes_in_a_set_are_passed_over() {
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let elliptic = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": "AA", "y": "AA" });
    assert!(matches!(key_set(vec![elliptic.clone()]), Err(LoadKeysError::Invalid { .. })));
    let keys = key_set(vec![elliptic, jwk(&ed25519, Algorithm::EdDSA, "two")]).unwrap();
    assert!(keys.verify(&sign(&ed25519, Algorithm::EdDSA, None, &claims()), NOW).is_ok());
}
