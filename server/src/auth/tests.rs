//! Tokens signed with every kind of key, and every way in which a token can be invalid.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use clap::Parser as _;
use data_encoding::BASE64URL_NOPAD;
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

use super::{Identity, KeyConfig, Keys, LoadKeysError, ReadKeySetError, VerifyTokenError};
use crate::config::{Cli, Command};

// Keys of these tests only.
const RS256: &[u8] = include_bytes!("../../tests/fixtures/rs256.pem");
const P256: &[u8] = include_bytes!("../../tests/fixtures/p256.pem");
const ED25519: &[u8] = include_bytes!("../../tests/fixtures/ed25519.pem");

const NOW: WallTime = WallTime::from_millis(1_800_000_000_000);

const SECRET: &str = "a secret of some length for tests";

fn secret_keys() -> Keys {
    keys_with(&[])
}

/// Keys of the test secret with these flags.
fn keys_with(flags: &[&str]) -> Keys {
    Keys::load(&config(&[&["--jwt-secret", SECRET], flags].concat())).unwrap()
}

fn config(flags: &[&str]) -> KeyConfig {
    let command_line = ["tidings-server", "serve"].iter().chain(flags);
    let Command::Serve(config) = Cli::try_parse_from(command_line).unwrap().command else { unreachable!() };
    config.keys
}

/// Accepts every issuer and audience.
const ANY: [&str; 2] = ["--jwt-any-issuer", "--jwt-any-audience"];

/// Loads keys from a file with these entries.
fn key_set(keys: &[Value], flags: &[&str]) -> Result<Keys, LoadKeysError> {
    let path = std::env::temp_dir().join(format!("tidings_jwks_{:016x}.json", rand::random::<u64>()));
    std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
    let loaded = Keys::load(&config(&[&["--jwks", path.to_str().unwrap()], flags].concat()));
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
    let key = EncodingKey::from_secret(SECRET.as_bytes());
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
    let (contact_points, service) = (BTreeSet::new(), None);
    let identity = Identity { tenant, account, administrator: true, expires_at, contact_points, service };
    assert_eq!(secret_keys().verify(&token, NOW), Ok(identity));
    assert!(secret_keys().verify(&token, NOW.plus(Duration::from_secs(59))).is_ok());
    assert_eq!(secret_keys().verify(&token, expires_at), Err(VerifyTokenError::Expired));
}

#[test]
fn a_token_without_tenant_and_labels_is_of_the_default_tenant() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let identity = secret_keys().verify(&sign(&key, Algorithm::HS256, None, &claims()), NOW).unwrap();
    assert_eq!((identity.tenant.as_str(), identity.administrator), ("default", false));
}

#[test]
fn c6_only_what_the_provider_verified_is_a_contact_point() {
    let points = |more: &Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let key = EncodingKey::from_secret(SECRET.as_bytes());
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
    invalid(&json!({ "sub": ":system", "exp": NOW.as_seconds() + 60 }));
    invalid(&json!({ "sub": "ann", "exp": NOW.as_seconds() + 60, "nbf": NOW.as_seconds() + 1 }));
}

#[test]
fn i20_a_signature_of_another_key_is_not_valid() {
    let key = EncodingKey::from_secret(b"another secret");
    let token = sign(&key, Algorithm::HS256, None, &claims());
    assert!(secret_keys().verify(&token, NOW) == Err(VerifyTokenError::KeyUnknown));
}

#[test]
fn bytes_that_are_no_token_are_not_valid() {
    // An unsigned token: {"alg":"none"} and the claims.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjk5OTk5OTk5OTl9.";
    for text in ["", ".", "..", "a.b.c", "é", unsigned, &"x".repeat(20_000)] {
        assert!(
            matches!(secret_keys().verify(text, NOW), Err(VerifyTokenError::Invalid(_) | VerifyTokenError::KeyUnknown)),
            "{text:?}"
        );
    }
}

#[test]
fn i20_a_key_set_checks_rsa_p256_and_ed25519_signatures() {
    let p256 = EncodingKey::from_ec_pem(P256).unwrap();
    let rsa = EncodingKey::from_rsa_pem(RS256).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let keys = key_set(
        &[
            jwk(&rsa, Algorithm::RS256, "one"),
            jwk(&ed25519, Algorithm::EdDSA, "two"),
            jwk(&p256, Algorithm::ES256, "three"),
        ],
        &ANY,
    )
    .unwrap();
    for (key, algorithm, id) in
        [(&rsa, Algorithm::RS256, "one"), (&ed25519, Algorithm::EdDSA, "two"), (&p256, Algorithm::ES256, "three")]
    {
        for id in [Some(id), None] {
            let token = sign(key, algorithm, id, &claims());
            assert_eq!(keys.verify(&token, NOW).unwrap().account.as_str(), "ann");
        }
        let token = sign(key, algorithm, Some("four"), &claims());
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
    let keys = key_set(std::slice::from_ref(&public), &ANY).unwrap();
    let modulus = public["n"].as_str().unwrap();
    for secret in
        [EncodingKey::from_secret(modulus.as_bytes()), EncodingKey::from_secret(public.to_string().as_bytes())]
    {
        let token = sign(&secret, Algorithm::HS256, Some("one"), &claims());
        assert!(keys.verify(&token, NOW).is_err());
    }
}

#[test]
fn i20_keys_for_other_purposes_in_a_set_are_passed_over() {
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let good = jwk(&ed25519, Algorithm::EdDSA, "two");
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let secret = |bytes: usize| BASE64URL_NOPAD.encode(&vec![7; bytes]);
    let passed_over = [
        json!({ "kty": "EC", "crv": "P-384", "alg": "ES384", "x": secret(48), "y": secret(48) }),
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "n": secret(128), "e": "AQAB" }),
        // Five bytes: if the key were used, loading would fail.
        json!({ "kty": "oct", "k": secret(5), "use": "enc" }),
        with("use", json!("enc")),
        with("use", json!("other")),
        with("key_ops", json!(["sign"])),
        with("key_ops", json!([])),
        with("kid", json!(7)),
        json!("no key"),
        json!({}),
    ];
    for key in &passed_over {
        let loaded = key_set(std::slice::from_ref(key), &ANY);
        let is_empty = matches!(&loaded, Err(LoadKeysError::Invalid { source: ReadKeySetError::Empty, .. }));
        assert!(is_empty, "{key}: {loaded:?}");
    }
    let keys = key_set(&[&passed_over[..], std::slice::from_ref(&good)].concat(), &ANY).unwrap();
    assert!(keys.verify(&sign(&ed25519, Algorithm::EdDSA, None, &claims()), NOW).is_ok());
    for good in [with("use", json!("sig")), with("key_ops", json!(["verify"]))] {
        assert!(key_set(&[good], &ANY).is_ok());
    }
}

#[test]
fn i20_a_secret_that_can_be_guessed_is_no_key() {
    let load = |flags: &[&str]| Keys::load(&config(flags)).map(|_| ()).map_err(|error| error.code());
    assert_eq!(load(&["--jwt-secret", &"x".repeat(31)]), Err("secret_too_short"));
    assert_eq!(load(&["--jwt-secret", "x"]), Err("secret_too_short"));
    assert_eq!(load(&["--jwt-secret", ""]), Err("key_missing"));
    assert_eq!(load(&["--jwt-secret", &"x".repeat(32)]), Ok(()));
    let set = |bytes: usize| {
        let key = json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(&vec![7; bytes]) });
        key_set(&[key], &ANY).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!((set(0), set(31), set(32)), (Err("secret_too_short"), Err("secret_too_short"), Ok(())));
}

#[test]
fn i23_the_development_secret_is_no_key_beside_another() {
    let load = |flags: &[&str]| Keys::load(&config(flags)).map(|_| ()).map_err(|error| error.code());
    assert_eq!(load(&["--dev", "--jwt-secret", SECRET]), Err("dev_beside_keys"));
    assert_eq!(load(&[&["--dev", "--jwks", "keys.json"][..], &ANY].concat()), Err("dev_beside_keys"));
    // A variable set to the empty string counts as unset.
    assert_eq!(load(&["--dev", "--jwt-secret", ""]), Ok(()));
}

#[test]
fn i21_a_key_set_is_trusted_for_named_issuers_and_audiences_only() {
    let load = |flags: &[&str]| Keys::load(&config(flags)).map(|_| ()).map_err(|error| error.code());
    assert_eq!(load(&["--jwks", "keys.json"]), Err("issuer_missing"));
    assert_eq!(load(&["--jwks", "keys.json", "--jwt-issuer", "https://id.example"]), Err("audience_missing"));
    assert_eq!(load(&["--jwks", "keys.json", "--jwt-issuer", "", "--jwt-audience", "chat"]), Err("issuer_missing"));
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let set = [jwk(&ed25519, Algorithm::EdDSA, "two")];
    // Named issuers and audiences are required even if any would be accepted.
    let flags = ["--jwt-issuer", "https://id.example,id.example", "--jwt-audience", "chat,talk", "--jwt-any-audience"];
    let keys = key_set(&set, &flags).unwrap();
    let verify = |more: Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        keys.verify(&sign(&ed25519, Algorithm::EdDSA, None, &claims), NOW)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for audience in [json!("chat"), json!(["shop", "talk"])] {
        assert_eq!(verify(json!({ "iss": "id.example", "aud": audience })), Ok(()));
    }
    for audience in [json!("shop"), json!("chat "), json!(["shop"]), json!([]), json!(null), json!({ "chat": 1 })] {
        let refused = verify(json!({ "iss": "id.example", "aud": audience })).unwrap_err();
        assert!(refused.ends_with("its audience is not this server's"), "{refused}");
    }
    for issuer in [json!("https://id.example/"), json!("evil.example"), json!(null), json!("")] {
        let refused = verify(json!({ "iss": issuer, "aud": "chat" })).unwrap_err();
        assert!(refused.ends_with("its issuer is not one that this server trusts"), "{refused}");
    }
}

#[test]
fn i20_a_token_with_critical_headers_is_not_valid() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    for critical in [vec![], vec!["b64".to_owned()], vec!["exp".to_owned()]] {
        let header = Header { crit: Some(critical), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
        let refused = secret_keys().verify(&token, NOW).unwrap_err().to_string();
        assert!(refused.contains("critical"), "{refused}");
    }
}

#[test]
fn i20_times_need_not_be_whole_seconds() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let verify = |claims: Value| secret_keys().verify(&sign(&key, Algorithm::HS256, None, &claims), NOW);
    let seconds = NOW.as_seconds() as f64;
    let claims = json!({ "sub": "ann", "exp": seconds + 60.5, "nbf": seconds - 0.25, "iat": seconds - 0.75 });
    assert_eq!(verify(claims).unwrap().expires_at, NOW.plus(Duration::from_millis(60_500)));
    assert_eq!(verify(json!({ "sub": "ann", "exp": seconds - 0.25 })), Err(VerifyTokenError::Expired));
    let early = verify(json!({ "sub": "ann", "exp": seconds + 60.5, "nbf": seconds + 0.25 }));
    assert_eq!(early, Err(VerifyTokenError::Invalid("its time has not begun")));
    invalid(&json!({ "sub": "ann", "exp": -1.5 }));
    assert!(verify(json!({ "sub": "ann", "exp": 1e300 })).is_ok());
}

#[test]
fn i22_the_operator_says_which_claims_name_whom() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let keys = keys_with(&[
        "--jwt-account-claim",
        "https://tidings.example/account",
        "--jwt-tenant-claim",
        "/app_metadata/tenant",
        "--jwt-admin-claim",
        "/realm_access/roles",
        "--jwt-admin-value",
        "chat-admin",
    ]);
    let claims = |tenant: Value, roles: Value| {
        json!({ "sub": "7", "exp": NOW.as_seconds() + 60, "https://tidings.example/account": "ann", "labels": ["admin"],
            "app_metadata": { "tenant": tenant }, "realm_access": { "roles": roles } })
    };
    let verify = |claims: &Value| keys.verify(&sign(&key, Algorithm::HS256, None, claims), NOW);
    let identity = verify(&claims(json!("acme"), json!(["user", "chat-admin"]))).unwrap();
    assert_eq!((identity.account.as_str(), identity.tenant.as_str()), ("ann", "acme"));
    assert!(identity.administrator);
    for roles in [json!(["admin"]), json!("admin"), json!(true), json!({ "chat-admin": true }), json!(null)] {
        assert!(!verify(&claims(json!("acme"), roles)).unwrap().administrator);
    }
    // Where a tenant claim is configured, a token without it does not belong to the default tenant.
    assert!(verify(&claims(json!(null), json!([]))).is_err());
    let (tenant, account) = (TenantId::parse("acme").unwrap(), AccountId::parse("ann").unwrap());
    let issued = keys.issue(&tenant, &account, &["chat-admin".to_owned()], NOW, Duration::from_secs(60)).unwrap();
    let identity = keys.verify(&issued, NOW).unwrap();
    assert_eq!((identity.account, identity.tenant, identity.administrator), (account, tenant, true));
}

#[test]
fn i22_labels_make_an_administrator_as_a_list_only() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    for (labels, administrator) in
        [(json!(["admin"]), true), (json!("admin"), false), (json!({ "admin": true }), false), (json!(7), false)]
    {
        let claims = json!({ "sub": "ann", "exp": NOW.as_seconds() + 60, "labels": labels });
        let token = sign(&key, Algorithm::HS256, None, &claims);
        assert_eq!(secret_keys().verify(&token, NOW).unwrap().administrator, administrator, "{labels}");
    }
}

#[test]
fn i22_a_key_set_makes_administrators_only_by_a_claim_that_is_named() {
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let set = [jwk(&ed25519, Algorithm::EdDSA, "two")];
    let mut claims = claims();
    claims["labels"] = json!(["admin"]);
    let token = sign(&ed25519, Algorithm::EdDSA, None, &claims);
    assert!(!key_set(&set, &ANY).unwrap().verify(&token, NOW).unwrap().administrator);
    let named = key_set(&set, &[&ANY[..], &["--jwt-admin-claim", "labels"]].concat()).unwrap();
    assert!(named.verify(&token, NOW).unwrap().administrator);
}

#[test]
fn i30_a_signature_is_checked_once_and_whether_it_still_holds_each_time() {
    let keys = secret_keys();
    let (tenant, account) = (TenantId::parse("acme").unwrap(), AccountId::parse("ann").unwrap());
    let minute = Duration::from_secs(60);
    let token = keys.issue(&tenant, &account, &[], NOW, minute).unwrap();
    for _ in 0..5 {
        assert_eq!(keys.verify(&token, NOW).unwrap().account, account);
    }
    assert_eq!(keys.tried.load(Ordering::Relaxed), 1);
    assert_eq!(keys.verify(&token, NOW.plus(minute)), Err(VerifyTokenError::Expired));
    // One that no key has signed is not remembered.
    let (signed, _) = token.rsplit_once('.').unwrap();
    for _ in 0..2 {
        assert_eq!(keys.verify(&format!("{signed}.AAAA"), NOW), Err(VerifyTokenError::KeyUnknown));
    }
    assert_eq!(keys.tried.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn i30_what_a_key_has_signed_does_not_hold_once_the_key_is_gone() {
    let (gone, stays) = (EncodingKey::from_ed_pem(ED25519).unwrap(), EncodingKey::from_rsa_pem(RS256).unwrap());
    let path = std::env::temp_dir().join(format!("tidings_jwks_{:016x}.json", rand::random::<u64>()));
    let write = |keys: &[Value]| std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
    let (of_gone, of_stays) = (jwk(&gone, Algorithm::EdDSA, "gone"), jwk(&stays, Algorithm::RS256, "stays"));
    write(&[of_gone, of_stays.clone()]);
    let keys = Keys::load(&config(&[&["--jwks", path.to_str().unwrap()], &ANY[..]].concat())).unwrap();
    let token = sign(&gone, Algorithm::EdDSA, Some("gone"), &claims());
    keys.verify(&token, NOW).unwrap();
    write(&[of_stays]);
    keys.read_again().await.unwrap();
    assert_eq!(keys.verify(&token, NOW), Err(VerifyTokenError::KeyUnknown));
    std::fs::remove_file(&path).unwrap();
}
