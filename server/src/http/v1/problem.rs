//! What a request is answered that is refused or fails: problem details (RFC 9457) with the
//! stable code that everybody else is told too.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tidings_core::{authority::Refusal, code::Code, time::WallTime};
use utoipa::ToSchema;

use crate::{node::Node, store::StoreError, stream::CallError};

/// The media type of problem details.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// Names the kind of problem: `urn:tidings:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words.
    title: String,
    /// The status of the response.
    status: u16,
    /// More about it, for people who debug.
    detail: String,
    /// The stable code.
    code: Code,
    /// From when on the same request may succeed, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<WallTime>,
    /// Seconds until then.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// What a handler answers.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A refusal for good.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let kind = format!("urn:tidings:problem:{code}");
        let (title, status) = (code.as_str().replace('_', " "), status(code).as_u16());
        Self { kind, title, status, detail: detail.into(), code, retry_at: None, retry_after: None }
    }

    /// The same with another status, where the method or the path says what was wrong.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status: status.as_u16(), ..self }
    }

    /// What an id is answered that there is nothing under, or nothing that whoever asks may know of.
    pub(crate) fn conversation_unknown() -> Self {
        Self::new(Code::ConversationUnknown, "there is no such conversation for this account")
    }

    /// An account that was never seen, or that whoever asks shares no conversation with.
    pub(crate) fn account_unknown() -> Self {
        Self::new(Code::MemberUnknown, "the account was never seen, or no conversation is shared with it")
    }

    /// The same of a conversation that was looked for; like one that does not exist where it is not to be read.
    pub(crate) fn if_one_may_know(self) -> Self {
        match self.code {
            Code::NotAMember
            | Code::MemberLeft
            | Code::MemberRemoved
            | Code::MemberBanned
            | Code::ConversationDeleted => Self::conversation_unknown(),
            _ => self,
        }
    }

    /// A refusal of the authority, or one that names a time to come again.
    pub(crate) fn refused(node: &Node, refusal: Refusal) -> Self {
        let Refusal { code, detail, retry_at } = refusal;
        let retry_after = retry_at.map(|at| {
            let wait = at.as_millis().saturating_sub(node.clock.wall_now().as_millis());
            wait.div_ceil(1_000).max(1)
        });
        Self { retry_at, retry_after, ..Self::new(code, detail) }
    }

    /// A request over the share of its account.
    pub(crate) fn rate_limited(node: &Node, wait: std::time::Duration) -> Self {
        let again = node.clock.wall_now().plus(wait);
        Self::refused(node, Refusal::deferred(Code::RateLimited, "more at once than an account may ask for", again))
    }

    /// A failure of the store, whose details are for the log.
    pub(crate) fn store_failed(node: &Node, error: &StoreError) -> Self {
        let delay = match error {
            StoreError::Damaged { .. } => {
                tracing::error!(%error, "a request was deferred: the journal has to be mended");
                node.clock.mend_delay()
            }
            error => {
                tracing::warn!(%error, "the store failed a request");
                node.clock.retry_delay()
            }
        };
        let again = node.clock.wall_now().plus(delay);
        Self::refused(node, Refusal::deferred(error.code(), "the store cannot answer", again))
    }

    /// What was asked of a stream, and not done.
    pub(crate) fn call_failed(node: &Node, error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => Self::refused(node, refusal),
            CallError::Store(error) => Self::store_failed(node, &error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The status by which programs that know no code understand one.
fn status(code: Code) -> StatusCode {
    match code {
        Code::TokenInvalid | Code::TokenForeign | Code::TokenExpired | Code::TokenUnavailable => {
            StatusCode::UNAUTHORIZED
        }
        Code::ConversationUnknown
        | Code::MessageUnknown
        | Code::MemberUnknown
        | Code::InviteUnknown
        | Code::DocumentUnknown
        | Code::RoleUnknown
        | Code::RouteUnknown
        | Code::WebhookUnknown
        | Code::DeliveryUnknown => StatusCode::NOT_FOUND,
        Code::AccountErased
        | Code::ConversationDeleted
        | Code::MessageDeleted
        | Code::InviteExpired
        | Code::InviteUsedUp => StatusCode::GONE,
        Code::AccountSuspended
        | Code::NotAMember
        | Code::MemberLeft
        | Code::MemberRemoved
        | Code::MemberBanned
        | Code::PermissionDenied
        | Code::PolicyForbids
        | Code::RankTooLow
        | Code::JoinForbidden
        | Code::InviteDisabled
        | Code::RoleOutranks
        | Code::NotTheOwner
        | Code::NotTheAuthor
        | Code::NotDeliverable
        | Code::AccountUnavailable => StatusCode::FORBIDDEN,
        Code::ConversationExists
        | Code::NameTaken
        | Code::ExternalIdTaken
        | Code::ConversationClosed
        | Code::ConversationArchived
        | Code::ConversationLocked
        | Code::MemberExists
        | Code::WrongKind
        | Code::RoleInUse
        | Code::LastOwner
        | Code::AlreadyWritten
        | Code::ProposalSettled
        | Code::ProposalExpired
        | Code::LeadInvalid
        | Code::MessageHeld
        | Code::HeldAdmitted
        | Code::HeldDiscarded
        | Code::ActorConflict
        | Code::PageClosed
        | Code::PageNotOpen
        | Code::PageFull
        | Code::DocumentFull
        | Code::TooManyMembers
        | Code::TooManyInvites
        | Code::TooManyRoles
        | Code::TooManyPins
        | Code::TooManyReactions
        | Code::TooManyContacts
        | Code::ThreadTooDeep
        | Code::Stale
        | Code::StoreRestored
        | Code::HistoryDiffers => StatusCode::CONFLICT,
        Code::FrameTooLarge | Code::ChangeTooLarge | Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::RateLimited | Code::SlowMode | Code::TooManySessions | Code::TooManyWatched => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Code::Draining | Code::StoreUnavailable | Code::StreamDamaged => StatusCode::SERVICE_UNAVAILABLE,
        Code::StoreFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::ValueInvalid
        | Code::TextEmpty
        | Code::LineInvalid
        | Code::EmojiInvalid
        | Code::TextTooLong
        | Code::TooManyMentions
        | Code::IdInvalid
        | Code::PhoneInvalid
        | Code::EmailInvalid
        | Code::KindUnknown
        | Code::PolicyUnknown
        | Code::ClockAhead
        | Code::TimeInvalid
        | Code::FrameUnknown
        | Code::FrameMalformed
        | Code::FrameUnexpected
        | Code::ChangeMalformed
        | Code::ChangeCompressed
        | Code::ChangeExtras
        | Code::ColumnIllegal
        | Code::TooManyOperations
        | Code::TooManyPredecessors
        | Code::TooManyDependencies
        | Code::IndexOutOfRange
        | Code::WrongActors
        | Code::WrongActor
        | Code::WrongSequence
        | Code::DependencyMissing
        | Code::WrongStartOperation
        | Code::WrongChecksum
        | Code::NotCanonical
        | Code::OperationIllegal
        | Code::WrongPredecessors
        | Code::VersionUnsupported
        | Code::UpgradeRequired => StatusCode::BAD_REQUEST,
        // A client's own, which no server tells.
        Code::HelloTimeout
        | Code::SlowReader
        | Code::SessionReplaced
        | Code::SnapshotInvalid
        | Code::OutboxFull
        | Code::StorageFull
        | Code::StorageBlocked
        | Code::StorageCorrupt
        | Code::StorageGone
        | Code::StoreInUse
        | Code::Unreachable
        | Code::ClientClosed
        | Code::EngineStopped
        | Code::ModuleUnavailable
        | Code::Misuse
        | Code::Internal
        | Code::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
