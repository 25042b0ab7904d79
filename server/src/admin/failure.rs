//! What could not be shown or done, as a page.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::html;
use tidings_core::code::Code;

use super::page::{Tab, page};
use crate::{error::ServeError, store::StoreError};

/// Why a page is not the one that was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// A part of the address or of a form does not parse.
    Input {
        /// The part.
        name: &'static str,
        /// What it must be.
        detail: String,
    },
    /// There is no such thing.
    Unknown(ServeError),
    /// The store failed, or an act.
    Failed(ServeError),
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let code = error.code();
        let is_unknown =
            [Code::ConversationUnknown, Code::WebhookUnknown, Code::DeliveryUnknown, Code::DocumentUnknown]
                .iter()
                .any(|unknown| unknown.as_str() == code);
        if is_unknown || code == "account_unknown" { Self::Unknown(error) } else { Self::Failed(error) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        ServeError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, code, detail) = match &self {
            Self::Input { name, detail } => (
                StatusCode::BAD_REQUEST,
                "That is not understood",
                Code::ValueInvalid.as_str(),
                format!("{name}: {detail}"),
            ),
            Self::Unknown(error) => (StatusCode::NOT_FOUND, "There is no such thing", error.code(), error.to_string()),
            Self::Failed(error) => {
                tracing::warn!(%error, "the operator was not answered");
                (StatusCode::SERVICE_UNAVAILABLE, "That did not work", error.code(), error.to_string())
            }
        };
        let body = html! {
            p.failure role="alert" { (detail) " " code { (code) } }
        };
        (status, page(Tab::None, title, body)).into_response()
    }
}
