//! Application-defined content.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Fields, cut};

/// A type of content that an application defines for itself, such as a poll or a payment. Only the application
/// understands it; since it may show anything, it counts as media.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Custom {
    /// A text to show in lists, and where the type is unknown.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The application's name of the type: lower-case letters, digits and `-_.`, 64 at most.
    #[n(1)]
    #[serde(rename = "type")]
    pub of: String,
    /// Data for the application, 8,000 bytes at most; none in a preview. The package reads and writes JSON
    /// here, but other clients may have written something else.
    #[n(2)]
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", tsify(optional, type = "unknown"))]
    pub payload: String,
}

impl Custom {
    pub(super) const IS_MEDIA: bool = true;

    pub(super) fn read(fields: Fields) -> Option<Self> {
        Some(Self { text: fields.text, of: fields.of?, payload: fields.payload? })
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { text: self.text.as_deref().map(cut), of: self.of.clone(), payload: String::new() }
    }
}
