//! Step 9 for messages: what each kind of content may contain (A88 to A90).

use crate::{
    authority::{Refusal, refuse, value},
    code::Code,
    limits::{Limits, frame_items},
    model::{
        content::{
            Content, Custom, Location, MeetingKind, Proposal, ProposalKind, ProposalResponse, ResponseKind, Text,
        },
        shows,
    },
    time::WallTime,
};

/// Maximum bytes of the payload of custom content.
const PAYLOAD_BYTES_MAX: usize = 8_000;

/// Maximum characters of a meeting place.
const PROPOSAL_LOCATION_CHARACTERS_MAX: usize = 500;

/// Maximum characters of the comment in a response.
const COMMENT_CHARACTERS_MAX: usize = 1_000;

/// Maximum bytes of the name of a time zone.
const TIMEZONE_BYTES_MAX: usize = 64;

/// Maximum characters of a place's name.
const PLACE_CHARACTERS_MAX: usize = 120;

/// Checks the content of a message, new or edited.
pub(super) fn check(limits: &Limits, content: &Content) -> Result<(), Refusal> {
    match content {
        Content::Text(text) => check_text(limits, text),
        Content::Location(location) => check_location(location),
        Content::Custom(custom) => check_custom(limits, custom),
        Content::Proposal(proposal) => check_proposal(limits, proposal),
        Content::ProposalResponse(response) => check_response(response),
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

fn check_proposal(limits: &Limits, proposal: &Proposal) -> Result<(), Refusal> {
    let Proposal { text, proposal_type, time_start, time_end, timezone, meeting_type, location, .. } = proposal;
    match (proposal_type, meeting_type) {
        (ProposalKind::Unknown, _) | (_, Some(MeetingKind::Unknown)) => {
            return refuse(Code::KindUnknown, "a proposal of a newer version");
        }
        (ProposalKind::Visit, None) => {
            return refuse(Code::ValueInvalid, "meetingType: a visit is on_site or a video_call");
        }
        (ProposalKind::Visit | ProposalKind::BookingManual, _) => {}
    }
    check_slot(*time_start, *time_end, timezone)?;
    if let Some(location) = location {
        value::check_line("location", location, PROPOSAL_LOCATION_CHARACTERS_MAX)?;
    }
    text.as_deref().map_or(Ok(()), |text| check_words(limits, text))
}

fn check_response(response: &ProposalResponse) -> Result<(), Refusal> {
    let ProposalResponse { comment, response, suggested_slots, .. } = response;
    if *response == ResponseKind::Unknown {
        return refuse(Code::KindUnknown, "a response of a newer version");
    }
    if !suggested_slots.is_empty() && *response != ResponseKind::RequestChange {
        return refuse(Code::ValueInvalid, "suggestedSlots: only with request_change");
    }
    if suggested_slots.len() > frame_items::SLOTS {
        return refuse(Code::ValueInvalid, format!("suggestedSlots: at most {}", frame_items::SLOTS));
    }
    for slot in suggested_slots {
        check_slot(slot.start_date_time, slot.end_date_time, &slot.timezone)?;
    }
    comment.as_deref().map_or(Ok(()), |comment| value::check_characters("comment", comment, COMMENT_CHARACTERS_MAX))
}

/// Checks a time span with the name of an IANA time zone. The set of names changes a few times a year, so only
/// their form is checked.
fn check_slot(start: WallTime, end: WallTime, timezone: &str) -> Result<(), Refusal> {
    if start >= end {
        return refuse(Code::ValueInvalid, "a time that ends before it begins");
    }
    let is_part = |part: &str| {
        let begins = part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        begins && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    match timezone.len() <= TIMEZONE_BYTES_MAX && timezone.split('/').all(is_part) {
        true => Ok(()),
        false => refuse(Code::ValueInvalid, "timezone: a name such as Europe/Berlin"),
    }
}

fn check_words(limits: &Limits, text: &str) -> Result<(), Refusal> {
    value::check_characters("text", text, limits.message_characters_max as usize)
}
