//! What is asked: the ids of a path, the choices of a query and the body, each of which is refused with
//! the code of what it is not; and the key under which a request may be made again.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::PathRejection},
    http::{HeaderMap, StatusCode, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tidings_core::{api::refusal, code::Code};

use super::problem::Problem;
use crate::{node::Node, store::Toward};

/// The header with the key of a request.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Characters of such a key at most.
pub(super) const KEY_CHARACTERS_MAX: usize = 255;

/// The ids of a path.
pub(crate) struct Ids<T>(pub(crate) T);

/// The choices of a query.
pub(crate) struct Choice<T>(pub(crate) T);

/// How many of a list: 1 to 100.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Count(u32);

/// A number that is no `Count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("from {} to {}", Count::MIN, Count::MAX)]
pub(crate) struct CountError;

impl Count {
    /// One at least.
    pub(crate) const MIN: u32 = 1;
    /// The most that is answered at once.
    pub(crate) const MAX: u32 = 100;
}

impl Default for Count {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for Count {
    type Error = CountError;

    fn try_from(count: u32) -> Result<Self, CountError> {
        if (Self::MIN..=Self::MAX).contains(&count) { Ok(Self(count)) } else { Err(CountError) }
    }
}

impl From<Count> for u32 {
    fn from(count: Count) -> Self {
        count.0
    }
}

impl From<Count> for usize {
    fn from(count: Count) -> Self {
        count.0 as Self
    }
}

/// From where a list is read, and which way: behind what `after` has, or before what `before` has.
pub(super) fn place<T>(
    after: Option<&str>,
    before: Option<&str>,
    cursor: impl Fn(&str) -> Option<T>,
) -> Result<(Option<T>, Toward), Problem> {
    let (text, toward) = if after.is_some() { (after, Toward::End) } else { (before, Toward::Beginning) };
    let unknown = || Problem::new(Code::ValueInvalid, "a cursor is one that was answered");
    match text {
        Some(text) => Ok((Some(cursor(text).ok_or_else(unknown)?), toward)),
        None => Ok((None, Toward::End)),
    }
}

/// A body, and the key of the request that it is of, if it has one.
pub(crate) struct Input<T> {
    pub(crate) body: T,
    pub(crate) key: Option<RequestKey>,
}

/// Something that is asked without a body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nothing;

/// What makes a request that is made again the same one.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey {
    /// As whoever asks gave it.
    pub(crate) key: String,
    /// A hash of what is asked.
    pub(crate) fingerprint: [u8; 32],
}

/// What a body is read as.
pub(crate) trait Body: Sized {
    /// Reads it, or says why it is none.
    fn read(bytes: &[u8]) -> Result<Self, Problem>;
}

impl RequestKey {
    /// The key of one of several things that a request writes. No header can hold it.
    pub(crate) fn part(&self, name: &str) -> Self {
        Self { key: format!("{}\n{name}", self.key), ..self.clone() }
    }
}

impl Body for Nothing {
    fn read(_: &[u8]) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl<T: DeserializeOwned> Body for T {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        // Read as what it is to be, a list would give the fields their values in order.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(wrong("a body is an object"));
        }
        serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))
    }
}

fn wrong(error: &str) -> Problem {
    let (code, detail) = refusal(error);
    Problem::new(code, detail).with_status(StatusCode::BAD_REQUEST)
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Node>> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, node).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => {
                Err(Problem::new(Code::IdInvalid, failed.body_text()))
            }
            Err(other) => Err(Problem::new(Code::IdInvalid, other.body_text())),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<Arc<Node>> for Choice<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Node>) -> Result<Self, Problem> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(choice)| Self(choice)).map_err(|error| wrong(&error.body_text()))
    }
}

impl<T: Body> FromRequest<Arc<Node>> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, node: &Arc<Node>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes_max = node.limits.change_bytes_max as usize;
        let too_large = || Problem::new(Code::BodyTooLarge, format!("a body has at most {bytes_max} bytes"));
        let announced = parts.headers.get("content-length").and_then(|length| length.to_str().ok());
        // What announces more is not read at all.
        if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > bytes_max) {
            return Err(too_large());
        }
        let bytes: Bytes = axum::body::to_bytes(body, bytes_max).await.map_err(|_| too_large())?;
        let key = key(&parts.headers)?.map(|key| RequestKey { key, fingerprint: fingerprint(&parts, &bytes) });
        Ok(Self { body: T::read(&bytes)?, key })
    }
}

/// The key of a request, with or without quotes round it.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    match (1..=KEY_CHARACTERS_MAX).contains(&key.len()) {
        true => Ok(Some(key.to_owned())),
        false => {
            let detail = format!("{IDEMPOTENCY_KEY}: 1 to {KEY_CHARACTERS_MAX} printable ASCII characters");
            Err(Problem::new(Code::ValueInvalid, detail))
        }
    }
}

fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    for part in [parts.method.as_str().as_bytes(), address.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
