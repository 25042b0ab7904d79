//! Contact discovery: which people of an address book have an account. The asker must name the phone numbers
//! and addresses, and gets answers for those only.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{ids::AccountId, limits::frame_items, wire::bounded};

/// Requests the accounts with these verified contact points. Answered by ContactMatches, or by Refused with
/// this request and the own account's stream.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MatchContacts {
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// Phone numbers and e-mail addresses, as people write them; anything else matches nobody.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::POINTS }, _, _>")]
    pub points: Vec<String>,
    /// Home country of numbers without a country code: two letters of ISO 3166.
    #[n(2)]
    pub region: Option<String>,
}

/// The matching accounts, by index and account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ContactMatches {
    /// The request it answers.
    #[n(0)]
    pub request: u64,
    /// The matches; a point without an account has none.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")]
    pub matches: Vec<ContactMatch>,
}

/// A match.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct ContactMatch {
    /// The index of the contact point in the request.
    #[n(0)]
    pub index: u32,
    /// The normalized contact point: a number in E.164 form, an address in lower case.
    #[n(1)]
    pub point: String,
    /// The account it belongs to.
    #[n(2)]
    pub account: AccountId,
}

// Debug output must not contain people's numbers.
impl core::fmt::Debug for MatchContacts {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "MatchContacts(request {}, {} points, in {:?})", self.request, self.points.len(), self.region)
    }
}

impl core::fmt::Debug for ContactMatch {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "ContactMatch({} is of {})", self.index, self.account)
    }
}
