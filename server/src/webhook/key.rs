//! Keys of endpoints, and the two signatures that are made with them: by a secret that the receiver has too, and by a key
//! pair of which the receiver has the public key.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{AlgorithmParameters, Jwk},
};
use tidings_core::time::WallTime;

use crate::store::{Endpoint, EndpointKeys};

/// The bytes before a seed in the form of a private Ed25519 key that libraries read (RFC 8410).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// New keys.
pub(crate) fn new_keys() -> EndpointKeys {
    EndpointKeys { secret: rand::random(), seed: rand::random() }
}

/// The secret as it is given to whoever verifies signatures with it.
pub(crate) fn print_secret(keys: &EndpointKeys) -> String {
    format!("whsec_{}", BASE64.encode(&keys.secret))
}

/// The public key as it is given to whoever verifies signatures with it.
pub(crate) fn print_public_key(keys: &EndpointKeys) -> String {
    let jwk = Jwk::from_encoding_key(&key_pair(keys), Algorithm::EdDSA).expect("every seed has a public key");
    let AlgorithmParameters::OctetKeyPair(parameters) = jwk.algorithm else { unreachable!("it is an Ed25519 key") };
    let bytes = BASE64URL_NOPAD.decode(parameters.x.as_bytes()).expect("a JWK has its bytes in this form");
    format!("whpk_{}", BASE64.encode(&bytes))
}

/// The header with the signatures of a request: by the keys, and by the former ones while they hold.
pub(super) fn signatures(endpoint: &Endpoint, event: &str, now: WallTime, body: &[u8]) -> Option<String> {
    let seconds = now.as_millis() / 1_000;
    let signed = [event.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body].concat();
    let former = endpoint.former.iter().filter(|(_, until)| *until > now).map(|(keys, _)| keys);
    let keys = std::iter::once(&endpoint.keys).chain(former);
    let signatures: Option<Vec<[String; 2]>> =
        keys.map(|keys| Some([symmetric(keys, &signed)?, asymmetric(keys, &signed)?])).collect();
    signatures.map(|signatures| signatures.concat().join(" "))
}

fn symmetric(keys: &EndpointKeys, signed: &[u8]) -> Option<String> {
    let signature = sign(signed, &EncodingKey::from_secret(&keys.secret), Algorithm::HS256)?;
    Some(format!("v1,{signature}"))
}

fn asymmetric(keys: &EndpointKeys, signed: &[u8]) -> Option<String> {
    let signature = sign(signed, &key_pair(keys), Algorithm::EdDSA)?;
    Some(format!("v1a,{signature}"))
}

fn key_pair(keys: &EndpointKeys) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8_HEAD[..], &keys.seed].concat())
}

fn sign(signed: &[u8], key: &EncodingKey, algorithm: Algorithm) -> Option<String> {
    let encoded = jsonwebtoken::crypto::sign(signed, key, algorithm).ok()?;
    Some(BASE64.encode(&BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::EndpointState;

    #[test]
    fn h1_former_keys_sign_until_their_time() {
        let former = EndpointKeys { secret: [7; 32], seed: [8; 32] };
        let now = WallTime::from_millis(1_614_265_330_000);
        let mut endpoint = Endpoint {
            id: "one".to_owned(),
            url: String::new(),
            events: BTreeSet::new(),
            keys: former.clone(),
            former: None,
            state: EndpointState::On,
            created_at: WallTime::from_millis(0),
        };
        let sign = |endpoint: &Endpoint| {
            let signatures = signatures(endpoint, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, b"{}").unwrap();
            signatures.split(' ').map(str::to_owned).collect::<Vec<_>>()
        };
        let by_former = sign(&endpoint);
        let versions = |signatures: &[String]| -> Vec<String> {
            signatures.iter().map(|signature| signature.split_once(',').unwrap().0.to_owned()).collect()
        };
        assert_eq!(versions(&by_former), ["v1", "v1a"]);
        endpoint.keys = EndpointKeys { secret: [1; 32], seed: [2; 32] };
        endpoint.former = Some((former, WallTime::from_millis(now.as_millis() + 1)));
        let by_both = sign(&endpoint);
        assert_eq!(versions(&by_both), ["v1", "v1a", "v1", "v1a"]);
        assert_eq!(by_both[2..], by_former);
        endpoint.former = endpoint.former.map(|(keys, _)| (keys, now));
        assert_eq!(sign(&endpoint), by_both[..2]);
    }
}
