//! A place on Earth.

use minicbor::{Decode, Encode};
use serde::{Deserialize as _, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Fields, cut};

/// A place on Earth, in WGS 84 coordinates. They are integers, so that a place is the same on every device: a
/// ten-millionth of a degree is a centimetre.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// The name of the place, 120 characters at most.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// North of the equator, in ten-millionths of a degree; in degrees in JSON.
    #[n(1)]
    #[serde(serialize_with = "write_degrees")]
    #[cfg_attr(feature = "ts", tsify(type = "number"))]
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub latitude: i32,
    /// East of Greenwich, in ten-millionths of a degree; in degrees in JSON.
    #[n(2)]
    #[serde(serialize_with = "write_degrees")]
    #[cfg_attr(feature = "ts", tsify(type = "number"))]
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub longitude: i32,
}

impl Location {
    /// The units of the coordinates in a degree.
    pub const UNITS_PER_DEGREE: i32 = 10_000_000;

    pub(super) const IS_MEDIA: bool = false;

    pub(super) fn read(fields: Fields) -> Option<Self> {
        Some(Self { name: fields.name, latitude: fields.latitude?, longitude: fields.longitude? })
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { name: self.name.as_deref().map(cut), ..*self }
    }
}

const UNITS: f64 = Location::UNITS_PER_DEGREE as f64;

fn write_degrees<S: Serializer>(units: &i32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(f64::from(*units) / UNITS)
}

pub(super) fn read_degrees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let units = (f64::deserialize(deserializer)? * UNITS).round();
    // NaN is outside every range.
    match (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&units) {
        true => Ok(Some(units as i32)),
        false => Err(D::Error::custom("location: not on Earth")),
    }
}
