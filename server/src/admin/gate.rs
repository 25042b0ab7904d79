//! Lets requests in: whoever has the secret may look, and a post is an act only if it comes from the page itself. Says to
//! browsers what the page may do, which is little.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What each answer says to a browser. `same-origin` has it name the origin of the forms that are posted.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// The hash of the secret: hashes are of one length, whatever is asked with.
pub(super) struct Gate {
    secret: [u8; 32],
}

impl Gate {
    pub(super) fn new(secret: &str) -> Self {
        Self { secret: Sha256::digest(secret).into() }
    }

    /// Returns true if the password of HTTP Basic is the secret; the name is anybody's.
    fn knows(&self, authorization: &HeaderValue) -> bool {
        let password = || {
            let (scheme, credentials) = authorization.to_str().ok()?.split_once(' ')?;
            let named =
                BASE64.decode(credentials.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
            let colon = named.iter().position(|byte| *byte == b':')?;
            Some(<[u8; 32]>::from(Sha256::digest(&named[colon + 1..])))
        };
        password().is_some_and(|given| given.ct_eq(&self.secret).into())
    }
}

/// Returns true if a request comes from the page itself. Browsers say so of each post, by one of two headers; what says nothing
/// may be anything.
fn is_own(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let [origin, host] = [header::ORIGIN, header::HOST].map(|name| headers.get(name)?.to_str().ok());
    let origin: Option<Uri> = origin.and_then(|origin| origin.parse().ok());
    let authority = origin.as_ref().filter(|origin| origin.scheme().is_some()).and_then(Uri::authority);
    authority.zip(host).is_some_and(|(authority, host)| authority.as_str().eq_ignore_ascii_case(host))
}

/// Lets a request pass, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let is_known = authorization.is_some_and(|authorization| gate.knows(authorization));
    let mut response = if !is_known {
        if authorization.is_some() {
            tracing::warn!("the operator's page was asked for with a wrong secret");
        }
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Tidings\", charset=\"UTF-8\"")];
        (StatusCode::UNAUTHORIZED, challenge, "the operator's secret is the password").into_response()
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_own(request.headers()) {
        tracing::warn!(
            path = request.uri().path(),
            "an act on the operator's page came from elsewhere, and was refused"
        );
        (StatusCode::FORBIDDEN, "only the page itself may post this").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn o3_a_post_is_the_pages_own_only_if_it_says_so() {
        let [origin, host] = [header::ORIGIN, header::HOST];
        let own = [
            headers(&[(SEC_FETCH_SITE, "same-origin")]),
            headers(&[(origin.clone(), "http://node:9100"), (host.clone(), "node:9100")]),
            headers(&[(origin.clone(), "https://ops.example"), (host.clone(), "OPS.example")]),
        ];
        assert!(own.iter().all(is_own));
        let others = [
            headers(&[]),
            headers(&[(host.clone(), "node:9100")]),
            headers(&[
                (SEC_FETCH_SITE, "same-site"),
                (origin.clone(), "http://node:9100"),
                (host.clone(), "node:9100"),
            ]),
            headers(&[(SEC_FETCH_SITE, "none")]),
            headers(&[(origin.clone(), "null"), (host.clone(), "null")]),
            headers(&[(origin.clone(), "http://node:9101"), (host.clone(), "node:9100")]),
            headers(&[(origin, "http://node:9100.evil.example"), (host, "node:9100")]),
        ];
        assert!(!others.iter().any(is_own));
    }

    #[test]
    fn o2_only_the_whole_secret_is_taken_as_the_password() {
        let gate = Gate::new("a secret: with a colon");
        let knows = |credentials: String| gate.knows(&HeaderValue::from_str(&credentials).unwrap());
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        assert!(knows(basic("ops:a secret: with a colon")) && knows(basic(":a secret: with a colon")));
        for text in ["a secret: with a colon", "ops:a secret", "ops:a secret: with a colon ", "ops:", ""] {
            assert!(!knows(basic(text)), "{text:?}");
        }
        assert!(!knows(basic("ops:a secret: with a colon").replace("Basic", "Bearer")) && !knows("Basic ?".into()));
    }
}
