//! Errors of the exported functions: a code, detail for debugging, and whether trying again may help. The
//! TypeScript side turns them into an `Error`.

use serde::Serialize;
use tidings_core::{api::refusal, code::Code, engine::Misuse};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

/// Why a call failed. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Tsify)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// Detail for debugging.
    pub detail: String,
    /// True if the same call may succeed later.
    pub retryable: bool,
}

/// Result of a conversion from JavaScript.
pub type Checked<T> = Result<T, Failure>;

impl Failure {
    /// A failure with this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retryable: code.is_retryable() }
    }

    /// The failure for a serde error: with the code that the value's own type reports, if it does.
    pub fn read(error: impl ToString) -> Self {
        let text = error.to_string();
        // serde's error is wrapped in a JavaScript one, after its context.
        let (code, detail) = refusal(text.split_once("Error: ").map_or(&text, |(_, error)| error));
        Self::new(code, detail)
    }

    /// A value of the wrong type or form.
    pub fn value(detail: impl ToString) -> Self {
        Self::new(Code::ValueInvalid, detail.to_string())
    }
}

impl From<Misuse> for Failure {
    fn from(error: Misuse) -> Self {
        Self::new(Code::Misuse, error.to_string())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        Ts::from_rust(&failure).map_or(JsValue::UNDEFINED, JsValue::from)
    }
}

/// Returns true if the same call may succeed later without being changed.
///
/// # Errors
/// `value_invalid` for an unknown code.
#[wasm_bindgen(js_name = isRetryable)]
pub fn is_retryable(#[wasm_bindgen(unchecked_param_type = "Code")] code: Ts<Code>) -> Result<bool, Failure> {
    let code = code.to_rust().map_err(Failure::read)?;
    Ok(code.is_retryable())
}
