//! Text content.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Fields, cut};

/// Text in a subset of Markdown.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Text {
    /// The text, `message_characters_max` at most.
    #[n(0)]
    pub text: String,
}

impl Text {
    pub(super) const IS_MEDIA: bool = false;

    pub(super) fn read(fields: Fields) -> Option<Self> {
        Some(Self { text: fields.text? })
    }

    pub(super) fn text(&self) -> Option<&str> {
        Some(&self.text)
    }

    pub(super) fn preview(&self) -> Self {
        Self { text: cut(&self.text) }
    }
}
