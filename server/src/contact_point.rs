//! Contact points as people write them, in the one form by which they are
//! compared. The plans of all countries are here and not in the core: numbers
//! are matched by servers only, and a browser need not load 1 MB of them.

use std::str::FromStr as _;

use phonenumber::{Mode, country};
use tidings_core::model::{ContactPoint, Email, Phone};

/// The longest text that is looked at, bytes: an address's length.
const TEXT_BYTES_MAX: usize = 254;

/// Where a phone number without a country code is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(country::Id);

impl Region {
    /// The region of two letters of ISO 3166, in either case.
    pub fn parse(text: &str) -> Option<Region> {
        country::Id::from_str(&text.to_ascii_uppercase()).ok().map(Region)
    }
}

/// What a text means; none if it is neither a number nor an address. A number
/// that no plan knows is one all the same: plans are younger than numbers.
pub fn read(text: &str, region: Option<Region>) -> Option<ContactPoint> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if text.contains('@') {
        return Email::parse(text).map(ContactPoint::Email);
    }
    let number = phonenumber::parse(region.map(|region| region.0), Phone::tidy(text)).ok()?;
    Phone::parse(&number.format().mode(Mode::E164).to_string()).map(ContactPoint::Phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, region: &str, expected: Option<&str>) {
        let point = read(text, Region::parse(region));
        assert_eq!(point.as_ref().map(ContactPoint::as_str), expected, "{text:?} in {region:?}");
    }

    #[test]
    fn c6_a_number_is_read_as_people_write_it_where_they_are() {
        check("+4930123456", "", Some("+4930123456"));
        check("+49 (0)30 / 12 34 56", "US", Some("+4930123456"));
        check("030 123456", "de", Some("+4930123456"));
        check("(425) 555-1212", "US", Some("+14255551212"));
        check("0049 30 123456", "DE", Some("+4930123456"));
        check(" Ann@Example.org ", "", Some("ann@example.org"));
        for text in ["030 123456", "", "+", "ann", "ann@", "@", "+49", &"1".repeat(300), "👍", "١٢٣"] {
            check(text, "", None);
        }
        assert_eq!(Region::parse("nowhere"), None);
    }
}
