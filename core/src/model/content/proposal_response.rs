//! The client's response to a proposal.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Fields, ProposalStatus, cut};
use crate::{
    ids::{MessageId, PageNumber},
    limits::frame_items,
    named::named,
    time::WallTime,
    wire::bounded,
};

named! {
    /// The client's decision.
    ResponseKind {
        /// Accepts the proposal.
        Accept = "accept",
        /// Rejects it.
        Reject = "reject",
        /// Asks for another time.
        RequestChange = "request_change",
    }
}

impl ResponseKind {
    /// The status that it gives to the proposal.
    pub fn status(self) -> ProposalStatus {
        match self {
            ResponseKind::Accept => ProposalStatus::Accepted,
            ResponseKind::Reject => ProposalStatus::Rejected,
            ResponseKind::RequestChange => ProposalStatus::RescheduleRequested,
            ResponseKind::Unknown => ProposalStatus::Unknown,
        }
    }
}

/// A time that would suit the client.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// When it begins.
    #[n(0)]
    pub start_date_time: WallTime,
    /// When it ends: later than it begins.
    #[n(1)]
    pub end_date_time: WallTime,
    /// The time zone in which both are shown, in a name of the IANA database.
    #[n(2)]
    pub timezone: String,
}

/// A response to one proposal of the same timeline.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProposalResponse {
    /// The client's comment, ≤ 1,000 characters.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The proposal.
    #[n(1)]
    pub proposal: MessageId,
    /// The page that the proposal is on, which the command fills in.
    #[n(2)]
    #[serde(skip)]
    pub page: PageNumber,
    /// The client's decision.
    #[n(3)]
    pub response: ResponseKind,
    /// Alternative times, with a request for a change; at most ten.
    #[cbor(n(4), decode_with = "bounded::decode::<{ frame_items::SLOTS }, _, _>")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub suggested_slots: Vec<Slot>,
}

impl ProposalResponse {
    pub(super) const IS_MEDIA: bool = false;

    pub(super) fn read(fields: Fields) -> Option<Self> {
        Some(Self {
            comment: fields.comment,
            proposal: fields.proposal?,
            page: 0,
            response: fields.response?,
            suggested_slots: fields.suggested_slots.unwrap_or_default(),
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { comment: self.comment.as_deref().map(cut), suggested_slots: Vec::new(), ..self.clone() }
    }
}
