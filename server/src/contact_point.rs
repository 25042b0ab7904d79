//! Contact points as people write them, normalized to the one form in which they are compared. The numbering
//! plans of all countries live here rather than in the core: only servers match numbers, and a browser need not
//! load 1 MB of them.

use std::str::FromStr as _;

use phonenumber::{Mode, country};
use tidings_core::model::{ContactPoint, Email, Phone};

/// The longest text that is read, in bytes: the maximum length of an e-mail address.
const TEXT_BYTES_MAX: usize = 254;

/// Home country of phone numbers written without a country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(country::Id);

impl Region {
    /// Parses a two-letter ISO 3166 code, in either case.
    pub fn parse(text: &str) -> Option<Region> {
        country::Id::from_str(&text.to_ascii_uppercase()).ok().map(Region)
    }
}

/// Reads a phone number or an e-mail address. A number that no plan knows is accepted all the same, because
/// numbers can be newer than the plans.
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
