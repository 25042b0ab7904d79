//! What a message says. A coordinate is a number of degrees here, and the payload of
//! custom content a JavaScript value.

use js_sys::JSON;
use serde::{Deserialize, Serialize, Serializer};
use tidings_core::model::content;
use tsify::Tsify;
use wasm_bindgen::JsValue;

use crate::failure::{Checked, Failure};

/// What a message says.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Text in a subset of Markdown.
    Text { text: String },
    /// A place on Earth, in degrees of WGS 84.
    Location {
        /// What the place is called.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[tsify(optional)]
        name: Option<String>,
        latitude: f64,
        longitude: f64,
    },
    /// What an application defines for itself.
    Custom {
        /// The application's name of the type.
        #[serde(rename = "type")]
        of: String,
        /// What stands for it in a list, and where the type is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[tsify(optional)]
        text: Option<String>,
        /// Whatever JSON can say; none in a preview, and where another client wrote something else.
        #[serde(serialize_with = "as_value", skip_serializing_if = "String::is_empty")]
        #[tsify(optional, type = "unknown")]
        payload: String,
    },
    /// A kind of a newer version.
    Unknown {
        /// The name of the kind.
        name: String,
        /// What stands for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[tsify(optional)]
        text: Option<String>,
    },
}

/// Content as the package hands it over to be sent: the payload as a JSON text.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum NewContent {
    Text {
        text: String,
    },
    Location {
        #[tsify(optional)]
        name: Option<String>,
        latitude: f64,
        longitude: f64,
    },
    Custom {
        #[serde(rename = "type")]
        of: String,
        #[tsify(optional)]
        text: Option<String>,
        payload: String,
    },
}

fn as_value<S: Serializer>(payload: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value = JSON::parse(payload).unwrap_or(JsValue::UNDEFINED);
    serde_wasm_bindgen::preserve::serialize(&value, serializer)
}

const UNITS: f64 = content::Location::UNITS_PER_DEGREE as f64;

fn units(degrees: f64) -> Checked<i32> {
    let units = (degrees * UNITS).round();
    // What is no number is in no range.
    match (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&units) {
        true => Ok(units as i32),
        false => Err(Failure::value("location: not on Earth")),
    }
}

impl From<content::Content> for Content {
    fn from(content: content::Content) -> Self {
        match content {
            content::Content::Text(content::Text { text }) => Self::Text { text },
            content::Content::Location(content::Location { name, latitude, longitude }) => {
                Self::Location { name, latitude: f64::from(latitude) / UNITS, longitude: f64::from(longitude) / UNITS }
            }
            content::Content::Custom(content::Custom { text, of, payload }) => Self::Custom { of, text, payload },
            content::Content::Unknown(content) => {
                Self::Unknown { text: content.text().map(str::to_owned), name: content.kind }
            }
        }
    }
}

impl TryFrom<NewContent> for content::Content {
    type Error = Failure;

    fn try_from(content: NewContent) -> Checked<Self> {
        Ok(match content {
            NewContent::Text { text } => text.into(),
            NewContent::Location { name, latitude, longitude } => {
                content::Location { name, latitude: units(latitude)?, longitude: units(longitude)? }.into()
            }
            NewContent::Custom { of, text, payload } => content::Custom { text, of, payload }.into(),
        })
    }
}
