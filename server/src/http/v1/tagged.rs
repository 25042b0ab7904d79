//! Entity tags: whoever has an answer already, and says so, is not sent it again.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use tidings_core::code::Code;

use super::problem::Problem;

/// Bytes of the hash that make a tag.
const TAG_BYTES: usize = 16;

/// The type of lines of JSON.
pub(super) const JSON_LINES: &str = "application/jsonl";

/// Tags what a read answers.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let is_read = request.method() == Method::GET;
    let held = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    // Events have no end to be tagged, and what an account wrote need not fit into memory.
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind == "text/event-stream" || kind == JSON_LINES);
    if !is_read || is_stream || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It was made whole in memory a moment ago.
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::new(Code::Internal, "the answer was not made").into_response();
    };
    let tag = tag_of(&bytes);
    let is_held = held.as_ref().and_then(|held| held.to_str().ok()).is_some_and(|held| names(held, &tag));
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if is_held {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn tag_of(bytes: &Bytes) -> String {
    let hash = Sha256::digest(bytes);
    format!("\"{}\"", BASE64URL_NOPAD.encode(&hash[..TAG_BYTES]))
}

/// Whether a list of tags, as If-None-Match has it, names this one.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_tag_it_holds_weak_or_strong() {
        for list in ["\"a\"", "\"b\", \"a\"", "W/\"a\"", "*"] {
            assert!(names(list, "\"a\""), "{list}");
        }
        for list in ["", "\"b\"", "a"] {
            assert!(!names(list, "\"a\""), "{list}");
        }
    }
}
