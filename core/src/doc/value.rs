//! The scalars a document holds. Structured values are one CBOR byte string.

use automerge::ScalarValue;

/// A scalar under a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number from 0 on.
    Uint(u64),
    /// A boolean.
    Bool(bool),
    /// A structured value in CBOR.
    Bytes(Vec<u8>),
}

impl Value {
    /// Converts an Automerge scalar; none for the types that keys cannot have.
    pub(super) fn from_scalar(scalar: &ScalarValue) -> Option<Value> {
        match scalar {
            ScalarValue::Str(text) => Some(Value::Text(text.to_string())),
            ScalarValue::Uint(number) => Some(Value::Uint(*number)),
            ScalarValue::Boolean(yes) => Some(Value::Bool(*yes)),
            ScalarValue::Bytes(bytes) => Some(Value::Bytes(bytes.clone())),
            ScalarValue::Int(_)
            | ScalarValue::F64(_)
            | ScalarValue::Counter(_)
            | ScalarValue::Timestamp(_)
            | ScalarValue::Unknown { .. }
            | ScalarValue::Null => None,
        }
    }

    /// Converts to an Automerge scalar.
    pub(super) fn to_scalar(&self) -> ScalarValue {
        match self {
            Value::Text(text) => ScalarValue::Str(text.as_str().into()),
            Value::Uint(number) => ScalarValue::Uint(*number),
            Value::Bool(yes) => ScalarValue::Boolean(*yes),
            Value::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
        }
    }
}

impl core::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Value::Text(text) => write!(formatter, "Text({} bytes)", text.len()),
            Value::Uint(number) => write!(formatter, "Uint({number})"),
            Value::Bool(yes) => write!(formatter, "Bool({yes})"),
            Value::Bytes(bytes) => write!(formatter, "Bytes({} bytes)", bytes.len()),
        }
    }
}
