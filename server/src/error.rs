//! Errors outside a session: of HTTP requests, and of starting the server. Each has a stable code; details go
//! to the log.

use std::time::Duration;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tidings_core::{
    code::Code,
    ids::{AccountId, StreamId},
    limits::LimitError,
};

use crate::{
    admin::AdminError,
    auth::{IssueTokenError, LoadKeysError},
    health::{HealthError, HealthUrl},
    mend::Mended,
    store::StoreError,
    stream::CallError,
    transfer::TransferError,
    verify::Counts,
    webhook::DeliveryError,
};

/// A failed request: status, stable code, public text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct ApiError {
    /// The status of the response.
    pub status: StatusCode,
    /// The stable code.
    pub code: Code,
    /// The text for people.
    pub text: &'static str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "code": self.code.as_str(), "message": self.text });
        (self.status, Json(body)).into_response()
    }
}

/// Why a command of the program failed, or the server ended on its own.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A limit that makes no sense.
    #[error("--{} {}", .0.name.replace('_', "-"), .0)]
    Limit(#[from] LimitError),
    /// No usable key.
    #[error(transparent)]
    Keys(#[from] LoadKeysError),
    /// A token cannot be signed.
    #[error(transparent)]
    Token(#[from] IssueTokenError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A development server would be reachable from other machines.
    #[error("--dev issues tokens of any account to anybody: it may only listen on loopback, not on {0}")]
    DevExposed(std::net::SocketAddr),
    /// The operator's page cannot be served as configured.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The folder of the demo is not one.
    #[error("the demo folder {0} cannot be read")]
    Demo(std::path::PathBuf),
    /// The log filter does not parse.
    #[error("the log filter cannot be parsed: {0}")]
    LogFilter(String),
    /// The store has nothing of the requested stream.
    #[error("{0} has no entries in this tenant")]
    StreamUnknown(StreamId),
    /// No device of the account to suspend has ever connected.
    #[error("account {0} has never connected in this tenant; the command `suspend --unseen` suspends it anyway")]
    AccountUnknown(AccountId),
    /// Something stored does not follow from the entries.
    #[error("{0}")]
    Differs(Counts),
    /// A journal is damaged, so the rows derived from it are unknown.
    #[error("{0}")]
    Unmended(Mended),
    /// Something done on behalf of an account was refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There was no answer in time.
    #[error("no answer within {0:?}: it may or may not have been written")]
    Unanswered(Duration),
    /// A server that was asked is not well, or not there.
    #[error("{url}: {source}")]
    Unhealthy {
        /// What was asked.
        url: HealthUrl,
        /// The cause.
        #[source]
        source: HealthError,
    },
    /// Something asked of a webhook was not done.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// An export or import ended early.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// Accepting connections failed.
    #[error("serving failed: {0}")]
    Serve(#[source] std::io::Error),
}

impl ServeError {
    /// The stable code of the one line on stderr.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit_invalid",
            Self::Keys(error) => error.code(),
            Self::Token(_) => "token_not_issued",
            Self::DevExposed(_) => "dev_exposed",
            Self::Store(StoreError::Unavailable(_)) => Code::StoreUnavailable.as_str(),
            Self::Store(StoreError::Full(_)) => Code::StoreFull.as_str(),
            Self::Store(StoreError::Corrupt { .. }) => "store_corrupt",
            Self::Store(StoreError::Damaged { .. }) => Code::StreamDamaged.as_str(),
            Self::Store(StoreError::Migrate(_)) => "store_migration_failed",
            Self::Store(StoreError::Missing(_)) => "store_missing",
            Self::Store(StoreError::File { .. }) => "store_file_failed",
            Self::Store(StoreError::NoBackup) => "store_backup_elsewhere",
            Self::Store(StoreError::Schema(_)) => "store_schema_differs",
            Self::Store(StoreError::UrlUnsupported { .. } | StoreError::Database(sqlx::Error::Configuration(_))) => {
                "store_address_invalid"
            }
            Self::Store(StoreError::PutBack) => Code::StoreRestored.as_str(),
            Self::Store(StoreError::Database(_)) => "store_refused",
            Self::Listen { .. } => "listen_failed",
            Self::Admin(error) => error.code(),
            Self::Demo(_) => "demo_unreadable",
            Self::LogFilter(_) => "log_filter_invalid",
            Self::StreamUnknown(StreamId::Conversation(_)) => Code::ConversationUnknown.as_str(),
            Self::StreamUnknown(StreamId::Account(_)) => "account_unknown",
            Self::AccountUnknown(_) => "account_unknown",
            Self::Differs(_) => "journal_differs",
            Self::Unmended(_) => Code::StreamDamaged.as_str(),
            Self::Call(CallError::Refused(refusal)) => refusal.code.as_str(),
            Self::Call(CallError::Store(error)) => error.code().as_str(),
            Self::Unanswered(_) => Code::StoreUnavailable.as_str(),
            Self::Unhealthy { .. } => "unhealthy",
            Self::Delivery(error) => error.code().as_str(),
            Self::Transfer(error) => error.code(),
            Self::Serve(_) => "serve_failed",
        }
    }
}
