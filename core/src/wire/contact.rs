//! Who of the people in an address book has an account: asked for by phone
//! numbers and addresses that the asker has, answered for those alone.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{ids::AccountId, limits::frame_items, wire::bounded};

/// Asks whose verified contact points these are. Answered by ContactMatches, or
/// Refused with its request and the own account's stream.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MatchContacts {
    /// Names it in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// Phone numbers and e-mail addresses, as people write them; what is
    /// neither is nobody's.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::POINTS }, _, _>")]
    pub points: Vec<String>,
    /// Where numbers without a country code are of: two letters of ISO 3166.
    #[n(2)]
    pub region: Option<String>,
}

/// The accounts that were found, by rising place and account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ContactMatches {
    /// What it answers.
    #[n(0)]
    pub request: u64,
    /// Them; none for a point that nobody has.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")]
    pub matches: Vec<ContactMatch>,
}

/// An account that was found.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct ContactMatch {
    /// The place of the contact point among those asked for, from 0 on.
    #[n(0)]
    pub index: u32,
    /// It, as it is written everywhere: a number in the form of E.164, an
    /// address in lower case.
    #[n(1)]
    pub point: String,
    /// Whose it is.
    #[n(2)]
    pub account: AccountId,
}

// Whoever prints one for debugging must not print people's numbers.
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
