//! Proposals of a resource's owner or their staff to the client: a time for a visit, or a booking.

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Fields, cut};
use crate::{ids::MessageId, model::Party, named::named, time::WallTime};

named! {
    /// The kind of a proposal.
    ProposalKind {
        /// To see the resource.
        Visit = "visit",
        /// To book it, arranged by hand.
        BookingManual = "booking_manual",
    }
}

named! {
    /// The kind of a meeting.
    MeetingKind {
        /// At a place.
        OnSite = "on_site",
        /// By a video call.
        VideoCall = "video_call",
    }
}

named! {
    /// The status of a proposal. It follows from the responses, and from its expiry.
    ProposalStatus {
        /// Nobody has responded.
        Pending = "pending",
        /// The client accepted it.
        Accepted = "accepted",
        /// The client rejected it.
        Rejected = "rejected",
        /// The client asked for another time, and may still accept or reject this one.
        RescheduleRequested = "reschedule_requested",
        /// It expired before the client accepted or rejected it.
        Expired = "expired",
    }
}

impl ProposalStatus {
    /// Returns true if no response can change it any more.
    pub fn is_settled(self) -> bool {
        matches!(self, ProposalStatus::Accepted | ProposalStatus::Rejected)
    }
}

/// A proposal. Its answer is not part of it: see [`ProposalAnswer`].
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// A summary as text, like that of a text message.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The kind of proposal.
    #[n(1)]
    pub proposal_type: ProposalKind,
    /// When it begins.
    #[n(2)]
    pub time_start: WallTime,
    /// When it ends: later than it begins.
    #[n(3)]
    pub time_end: WallTime,
    /// The time zone in which both are shown, in a name of the IANA database such as `America/Mexico_City`.
    #[n(4)]
    pub timezone: String,
    /// The kind of meeting; required for a visit.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_type: Option<MeetingKind>,
    /// The address, or the link of the call; ≤ 500 characters.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// True if the location is the resource's own address.
    #[n(7)]
    pub from_resource_address: bool,
    /// When it expires; none for never.
    #[n(8)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<WallTime>,
    /// The party of its author, which the command fills in.
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub created_by_role: Option<Party>,
}

impl Proposal {
    pub(super) const IS_MEDIA: bool = false;

    pub(super) fn read(fields: Fields) -> Option<Self> {
        Some(Self {
            text: fields.text,
            proposal_type: fields.proposal_type?,
            time_start: fields.time_start?,
            time_end: fields.time_end?,
            timezone: fields.timezone?,
            meeting_type: fields.meeting_type,
            location: fields.location,
            from_resource_address: fields.from_resource_address.unwrap_or_default(),
            expires_at: fields.expires_at,
            created_by_role: None,
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn preview(&self) -> Self {
        Self { text: self.text.as_deref().map(cut), location: None, expires_at: None, ..self.clone() }
    }

    /// Its status, given the answer to it, if there is one.
    pub fn status(&self, answer: Option<&ProposalAnswer>, now: WallTime) -> ProposalStatus {
        match answer.map(|answer| answer.status) {
            Some(status) if status.is_settled() => status,
            _ if self.is_expired(now) => ProposalStatus::Expired,
            status => status.unwrap_or(ProposalStatus::Pending),
        }
    }

    /// Returns true if it has expired.
    pub fn is_expired(&self, now: WallTime) -> bool {
        self.expires_at.is_some_and(|expires_at| now >= expires_at)
    }
}

/// The answer that a response gives to a proposal: stated beside the proposal, as a consequence of
/// the response.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProposalAnswer {
    /// Accepted, rejected, or another time requested.
    #[n(0)]
    pub status: ProposalStatus,
    /// The response.
    #[n(1)]
    pub response: MessageId,
}
