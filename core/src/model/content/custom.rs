//! What an application defines for itself.

use minicbor::{Decode, Encode};

use super::cut;

/// A type of content that an application defines for itself, such as a poll or a
/// payment. Nobody but the application knows what is in it; that it may show anything
/// is why it counts as media.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Custom {
    /// What stands for it in a list, and where the type is not known.
    #[n(0)]
    pub text: Option<String>,
    /// The application's name of the type: lower-case letters, digits and `-_.`, 64 at most.
    #[n(1)]
    pub of: String,
    /// What the application makes of it, 8,000 bytes at most; empty in a preview. The package writes and
    /// reads JSON here.
    #[n(2)]
    pub payload: String,
}

impl Custom {
    pub(super) const IS_MEDIA: bool = true;

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { text: self.text.as_deref().map(cut), of: self.of.clone(), payload: String::new() }
    }
}
