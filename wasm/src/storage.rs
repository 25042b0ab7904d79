//! Requests of the engine to the store, and the store's answers.

use serde::{Deserialize, Serialize};
use tidings_core::storage as core;
use tsify::Tsify;

use crate::bytes::Bytes;

/// A request to the store, carried out in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StorageRequest {
    /// Read every record whose key begins with one of these, by rising key.
    Read { prefixes: Vec<String> },
    /// Write all of these or none, one after another.
    Write { writes: Vec<Write> },
}

/// One write of a transaction. Keys are compared by their bytes in UTF-8.
#[derive(Debug, Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Write {
    /// Put the value under the key, replacing what was there.
    Put { key: String, value: Bytes },
    /// Delete the record of the key, if there is one.
    Delete { key: String },
    /// Delete every record whose key begins with this.
    DeletePrefix { prefix: String },
}

/// A stored record.
#[derive(Debug, Clone, PartialEq, Deserialize, Tsify)]
pub struct StorageRecord {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub value: Bytes,
}

/// An answer of the store. After a failure nothing of the request was done.
#[derive(Debug, Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum StorageAnswer {
    /// The records read, by rising key.
    Records(Vec<StorageRecord>),
    /// The transaction is complete and durable.
    Written,
    /// The request failed.
    Failed(StorageCode),
}

/// Why the store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
pub enum StorageCode {
    /// Out of space.
    #[serde(rename = "storage_full")]
    Full,
    /// Something else has it open; may pass.
    #[serde(rename = "storage_blocked")]
    Blocked,
    /// A stored value is damaged.
    #[serde(rename = "storage_corrupt")]
    Corrupt,
    /// The store was deleted or closed.
    #[serde(rename = "storage_gone")]
    Gone,
}

impl From<core::StorageRequest> for StorageRequest {
    fn from(request: core::StorageRequest) -> Self {
        match request {
            core::StorageRequest::Read(prefixes) => Self::Read { prefixes },
            core::StorageRequest::Write(writes) => {
                Self::Write { writes: writes.into_iter().map(Write::from).collect() }
            }
        }
    }
}

impl From<core::Write> for Write {
    fn from(write: core::Write) -> Self {
        match write {
            core::Write::Put(key, value) => Self::Put { key, value: Bytes(value) },
            core::Write::Delete(key) => Self::Delete { key },
            core::Write::DeletePrefix(prefix) => Self::DeletePrefix { prefix },
        }
    }
}

impl From<StorageAnswer> for Result<core::StorageAnswer, core::StorageError> {
    fn from(answer: StorageAnswer) -> Self {
        match answer {
            StorageAnswer::Records(records) => {
                let records = records.into_iter().map(|record| (record.key, record.value.0)).collect();
                Ok(core::StorageAnswer::Records(records))
            }
            StorageAnswer::Written => Ok(core::StorageAnswer::Written),
            StorageAnswer::Failed(code) => Err(code.into()),
        }
    }
}

impl From<StorageCode> for core::StorageError {
    fn from(code: StorageCode) -> Self {
        match code {
            StorageCode::Full => Self::Full,
            StorageCode::Blocked => Self::Blocked,
            StorageCode::Corrupt => Self::Corrupt,
            StorageCode::Gone => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer, value::StrDeserializer};
    use tidings_core::code::Code;

    use super::*;

    #[test]
    fn the_codes_of_the_store_are_those_of_the_table() {
        for name in ["storage_full", "storage_blocked", "storage_corrupt", "storage_gone"] {
            let deserializer: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
            let code = StorageCode::deserialize(deserializer).unwrap();
            assert_eq!(Some(core::StorageError::from(code).code()), Code::parse(name));
        }
    }
}
