//! Secrets of endpoints, and signatures made with them.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use tidings_core::time::WallTime;

use crate::store::Endpoint;

/// Bytes of a secret: at least 24 by the specification, and at most 64.
const SECRET_BYTES: usize = 32;

/// A new secret.
pub(crate) fn new_secret() -> Vec<u8> {
    rand::random::<[u8; SECRET_BYTES]>().to_vec()
}

/// A secret as it is given to whoever verifies signatures.
pub(crate) fn print_secret(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// The header with the signatures of a request: of the secret, and of the former one while it holds.
pub(super) fn signatures(endpoint: &Endpoint, event: &str, now: WallTime, body: &[u8]) -> Option<String> {
    let seconds = now.as_millis() / 1_000;
    let signed = [event.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body].concat();
    let former = endpoint.former.iter().filter(|(_, until)| *until > now).map(|(secret, _)| secret);
    let secrets = std::iter::once(&endpoint.secret).chain(former);
    let signatures: Option<Vec<String>> = secrets.map(|secret| signature(secret, &signed)).collect();
    signatures.map(|signatures| signatures.join(" "))
}

fn signature(secret: &[u8], signed: &[u8]) -> Option<String> {
    let encoded = jsonwebtoken::crypto::sign(signed, &EncodingKey::from_secret(secret), Algorithm::HS256).ok()?;
    let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
    Some(format!("v1,{}", BASE64.encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::EndpointState;

    /// Source: the example of the `standardwebhooks` libraries, whose signature they publish.
    #[test]
    fn h1_a_signature_is_the_one_that_published_libraries_make() {
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut endpoint = Endpoint {
            id: "one".to_owned(),
            url: String::new(),
            events: BTreeSet::new(),
            secret,
            former: None,
            state: EndpointState::On,
            created_at: WallTime::from_millis(0),
        };
        let now = WallTime::from_millis(1_614_265_330_000);
        let sign = |endpoint: &Endpoint| {
            signatures(endpoint, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#).unwrap()
        };
        let published = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&endpoint), published);
        endpoint.former =
            Some((std::mem::replace(&mut endpoint.secret, vec![7; 32]), WallTime::from_millis(now.as_millis() + 1)));
        let both = sign(&endpoint);
        assert!(both.ends_with(&format!(" {published}")) && both.split(' ').count() == 2, "{both}");
        endpoint.former = endpoint.former.map(|(secret, _)| (secret, now));
        assert_eq!(sign(&endpoint).split(' ').count(), 1);
    }
}
