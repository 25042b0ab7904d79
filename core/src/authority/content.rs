//! Step 9, of messages: what each kind of content may say (A88 to A90).

use crate::{
    authority::{Refusal, refuse, value},
    code::Code,
    limits::Limits,
    model::{
        content::{Content, Custom, Location, Text},
        shows,
    },
};

/// Bytes of the payload of custom content.
const PAYLOAD_BYTES_MAX: usize = 8_000;

/// Characters of what a place is called.
const PLACE_CHARACTERS_MAX: usize = 120;

/// What a message may say, whenever it is said.
pub(super) fn check(limits: &Limits, content: &Content) -> Result<(), Refusal> {
    match content {
        Content::Text(text) => check_text(limits, text),
        Content::Location(location) => check_location(location),
        Content::Custom(custom) => check_custom(limits, custom),
        Content::Unknown(_) => refuse(Code::KindUnknown, "a kind of content that this version does not know"),
    }
}

fn check_text(limits: &Limits, Text { text }: &Text) -> Result<(), Refusal> {
    if !shows(text) {
        return refuse(Code::TextEmpty, "a message says something");
    }
    check_words(limits, text)
}

fn check_location(Location { name, latitude, longitude }: &Location) -> Result<(), Refusal> {
    for (coordinate, degrees_max) in [(latitude, 90), (longitude, 180)] {
        if coordinate.unsigned_abs() > degrees_max * Location::UNITS_PER_DEGREE.unsigned_abs() {
            return refuse(Code::ValueInvalid, "location: not on Earth");
        }
    }
    name.as_deref().map_or(Ok(()), |name| value::check_line("location", name, PLACE_CHARACTERS_MAX))
}

fn check_custom(limits: &Limits, Custom { text, of, payload }: &Custom) -> Result<(), Refusal> {
    value::check_name(of)?;
    if payload.len() > PAYLOAD_BYTES_MAX {
        return refuse(Code::TextTooLong, format!("payload: at most {PAYLOAD_BYTES_MAX} bytes"));
    }
    text.as_deref().map_or(Ok(()), |text| check_words(limits, text))
}

fn check_words(limits: &Limits, text: &str) -> Result<(), Refusal> {
    value::check_characters("text", text, limits.message_characters_max as usize)
}
