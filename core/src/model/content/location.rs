//! A place on Earth.

use minicbor::{Decode, Encode};

use super::cut;

/// A place on Earth, by the coordinates of WGS 84. They are integers, so that a place
/// is the same on every device: a ten-millionth of a degree is a centimetre.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Location {
    /// What the place is called, 120 characters at most.
    #[n(0)]
    pub name: Option<String>,
    /// Degrees north of the equator, times ten million.
    #[n(1)]
    pub latitude: i32,
    /// Degrees east of Greenwich, times ten million.
    #[n(2)]
    pub longitude: i32,
}

impl Location {
    /// The units of the coordinates in a degree.
    pub const UNITS_PER_DEGREE: i32 = 10_000_000;

    pub(super) const IS_MEDIA: bool = false;

    pub(super) fn text(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { name: self.name.as_deref().map(cut), ..*self }
    }
}
