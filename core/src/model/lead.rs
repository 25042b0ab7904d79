//! Leads: the business of a resource conversation, from the client's request to its outcome. A conversation has
//! one at a time, and a new one begins after the former was closed.

use core::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::Serialize;

use crate::{
    api::{read_as_text, write_as_text},
    ids::AccountId,
    named::named,
    time::WallTime,
};

/// The number of a lead within its conversation: 1, 2, 3 …
pub type LeadNumber = u32;

/// The opening of a lead: written once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeadOpened {
    /// The client, or whoever reopened the conversation.
    #[n(0)]
    pub by: AccountId,
    /// When, by their clock; by the server's if a message of the client opened it.
    #[n(1)]
    pub at: WallTime,
    /// The client's intent, as a name defined by the operator, ≤ 64 characters.
    #[n(2)]
    pub intent: Option<String>,
    /// The channel by which the client wants to be reached, as a name defined by the operator, ≤ 64 characters.
    #[n(3)]
    pub contact_channel: Option<String>,
}

/// A lead as the conversation's document states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// Its number within the conversation.
    #[cfg_attr(feature = "ts", tsify(type = "number"))]
    pub number: LeadNumber,
    /// The account that opened it.
    pub opened_by: AccountId,
    /// When it was opened.
    pub opened_at: WallTime,
    /// The client's intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The channel by which the client wants to be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_channel: Option<String>,
    /// Its stage.
    pub stage: LeadStage,
    /// True if it is archived, with its conversation. Independent of the stage.
    pub is_archived: bool,
    /// The reason why it was closed, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closure_reason: Option<String>,
}

impl Lead {
    /// A lead that has just begun.
    pub fn begun(number: LeadNumber, opened: LeadOpened) -> Self {
        let LeadOpened { by, at, intent, contact_channel } = opened;
        Self {
            number,
            opened_by: by,
            opened_at: at,
            intent,
            contact_channel,
            stage: LeadStage::open(),
            is_archived: false,
            closure_reason: None,
        }
    }
}

/// The stage of a lead: `open`, `closed_won`, `closed_lost`, or one of the operator's own in between.
/// A name of 1 to 32 lower-case letters, digits and underscores that begins with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "ts",
    derive(tsify::Tsify),
    // The open string type still lets editors complete the built-in names.
    tsify(type = r#""open" | "closed_won" | "closed_lost" | (string & {})"#)
)]
pub struct LeadStage(String);

write_as_text! { LeadStage }
read_as_text! { LeadStage, or ValueInvalid, |name| LeadStage::parse(name).ok_or("no stage can be called that") }

const STAGE_CHARACTERS_MAX: usize = 32;
const OPEN: &str = "open";
const WON: &str = "closed_won";
const LOST: &str = "closed_lost";
/// The prefix of the stages in which a lead has ended.
const CLOSED: &str = "closed_";

impl LeadStage {
    /// The initial stage.
    pub fn open() -> Self {
        Self(OPEN.to_owned())
    }

    /// The final stage for an outcome.
    pub fn closed(outcome: LeadOutcome) -> Self {
        let name = match outcome {
            LeadOutcome::Won => WON,
            LeadOutcome::Lost => LOST,
        };
        Self(name.to_owned())
    }

    /// Parses a stage. Of the names with the prefix of final stages, only the two final stages are valid.
    pub fn parse(name: &str) -> Option<Self> {
        let fits = (1..=STAGE_CHARACTERS_MAX).contains(&name.len());
        let is_letter = |byte: u8| byte.is_ascii_lowercase();
        let legal = name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'_');
        let is_end = name == WON || name == LOST;
        let stands = fits && legal && name.bytes().next().is_some_and(is_letter);
        (stands && (is_end || !name.starts_with(CLOSED))).then(|| Self(name.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The outcome, if the lead has ended.
    pub fn outcome(&self) -> Option<LeadOutcome> {
        match self.as_str() {
            WON => Some(LeadOutcome::Won),
            LOST => Some(LeadOutcome::Lost),
            _ => None,
        }
    }

    /// Returns true if the lead has ended.
    pub fn is_closed(&self) -> bool {
        self.0.starts_with(CLOSED)
    }
}

impl fmt::Display for LeadStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<C> Encode<C> for LeadStage {
    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        encoder.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for LeadStage {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        LeadStage::parse(decoder.str()?).ok_or_else(|| decode::Error::message("no stage can be called that"))
    }
}

named! {
    /// The outcome of a lead.
    closed LeadOutcome {
        /// The client accepted what was offered.
        Won = "won",
        /// The client did not.
        Lost = "lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_one_of_three_or_the_operators_own() {
        for name in ["open", "closed_won", "closed_lost", "visit_planned", "offer2"] {
            assert_eq!(LeadStage::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "Open", "2nd", "_x", "closed_", "closed_early", "visit planned", "é", &"a".repeat(33)] {
            assert_eq!(LeadStage::parse(name), None, "{name:?}");
        }
        assert!(LeadStage::closed(LeadOutcome::Won).is_closed() && !LeadStage::open().is_closed());
    }
}
