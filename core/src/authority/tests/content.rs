//! The rules of each kind of content, and who may send it.

use super::*;
use crate::{
    model::{
        Grant,
        content::{Content, Custom, Location},
    },
    wire::decode,
};

const DEGREE: i32 = Location::UNITS_PER_DEGREE;

fn sent(content: impl Into<Content>) -> [Fact; 1] {
    let body = MessageBody { content: content.into(), reply_to: None, mentions: None };
    [Fact::Message(message(9, "me"), body)]
}

fn place(latitude: i32, longitude: i32) -> Location {
    Location { name: None, latitude, longitude }
}

fn custom(of: &str, payload: &str) -> Custom {
    Custom { text: None, of: of.into(), payload: payload.into() }
}

/// `["hologram", {0: "a whale"}]`.
fn unknown() -> Content {
    decode(b"\x82\x68hologram\xa1\x00\x67a whale").unwrap()
}

#[test]
fn a88_a_location_is_on_earth_and_its_name_a_line() {
    let fixture = Fixture::group();
    let check = |location: Location, expected| fixture.check("me", Some(1), &sent(location), expected);
    check(place(90 * DEGREE, -180 * DEGREE), Ok(()));
    check(place(90 * DEGREE + 1, 0), Err(Code::ValueInvalid));
    check(place(0, 180 * DEGREE + 1), Err(Code::ValueInvalid));
    check(place(i32::MIN, i32::MIN), Err(Code::ValueInvalid));
    check(Location { name: Some("The pier".into()), ..place(0, 0) }, Ok(()));
    check(Location { name: Some("two\nlines".into()), ..place(0, 0) }, Err(Code::LineInvalid));
    check(Location { name: Some("x".repeat(121)), ..place(0, 0) }, Err(Code::TextTooLong));
}

#[test]
fn a88_custom_content_has_a_type_and_within_bounds_a_payload_and_a_text() {
    let fixture = Fixture::group();
    let check = |custom: Custom, expected| fixture.check("me", Some(1), &sent(custom), expected);
    for payload in ["", "{}", "no JSON", &"x".repeat(8_000)] {
        check(custom("demo.dice", payload), Ok(()));
    }
    check(custom("demo.dice", &"é".repeat(4_001)), Err(Code::TextTooLong));
    for of in ["", "Demo", "demo/dice", "-demo"] {
        check(custom(of, "{}"), Err(Code::ValueInvalid));
    }
    check(Custom { text: Some("x".repeat(4_001)), ..custom("demo.dice", "{}") }, Err(Code::TextTooLong));
}

#[test]
fn a88_content_of_an_unknown_kind_is_not_admitted() {
    let fixture = Fixture::group();
    fixture.check("me", Some(1), &sent(unknown()), Err(Code::KindUnknown));
    fixture.check(
        "me",
        Some(1),
        &[Fact::Edit(message(2, "me"), Edit { content: unknown(), at: NOW })],
        Err(Code::KindUnknown),
    );
}

#[test]
fn a89_what_is_neither_words_nor_a_place_takes_send_media_beside_send() {
    let mut fixture = Fixture::group();
    fixture.push("me", Some(1), &sent(custom("demo.dice", "{}"))).unwrap();
    for (permission, words, media) in [
        (Permission::MessageSendMedia, Ok(()), Err(Code::PermissionDenied)),
        (Permission::MessageSend, Err(Code::PermissionDenied), Err(Code::PermissionDenied)),
    ] {
        let mut fixture = fixture.clone();
        let denied = Grant { allowed: false, by: account("ow"), at: NOW, until: None };
        fixture.push("ow", None, &[Fact::MemberGrant(account("me"), permission, Some(denied))]).unwrap();
        let say = |content: Content| {
            let body = MessageBody { content, reply_to: None, mentions: None };
            [Fact::Message(message(10, "me"), body)]
        };
        fixture.check("me", Some(1), &say("words".into()), words);
        fixture.check("me", Some(1), &say(place(0, 0).into()), words);
        fixture.check("me", Some(1), &say(custom("demo.dice", "{}").into()), media);
        let edit = Edit { content: custom("demo.dice", "[]").into(), at: NOW };
        fixture.check("me", Some(1), &[Fact::Edit(message(9, "me"), edit)], media);
    }
}

#[test]
fn a90_an_edit_is_of_the_kind_of_its_message() {
    let mut fixture = Fixture::group();
    fixture.push("me", Some(1), &sent(place(0, 0))).unwrap();
    let edit = |number, content: Content| [Fact::Edit(message(number, "me"), Edit { content, at: NOW })];
    fixture.check("me", Some(1), &edit(9, place(DEGREE, 0).into()), Ok(()));
    fixture.check("me", Some(1), &edit(9, "words".into()), Err(Code::WrongKind));
    fixture.check("me", Some(1), &edit(2, place(0, 0).into()), Err(Code::WrongKind));
    fixture.check("me", Some(1), &edit(2, "other words".into()), Ok(()));
}
