//! Requests to the store, and its answers.

use crate::code::Code;

/// The key of a record: text, compared byte by byte.
pub type RecordKey = String;

/// The id of a request; counted by the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// A request with its id. Requests are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageTask {
    /// Repeated in its answer.
    pub id: TaskId,
    /// The request.
    pub request: StorageRequest,
}

/// A request to the store, carried out in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageRequest {
    /// Read every record whose key begins with one of these, by rising key.
    Read(Vec<RecordKey>),
    /// Write all of these or none.
    Write(Vec<Write>),
}

/// One write of a transaction.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Put the value under the key, replacing what was there.
    Put(RecordKey, Vec<u8>),
    /// Delete the record of the key, if there is one.
    Delete(RecordKey),
    /// Delete every record whose key begins with this.
    DeletePrefix(RecordKey),
}

impl core::fmt::Debug for Write {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Write::Put(key, value) => write!(formatter, "Put({key}, {} bytes)", value.len()),
            Write::Delete(key) => write!(formatter, "Delete({key})"),
            Write::DeletePrefix(key) => write!(formatter, "DeletePrefix({key})"),
        }
    }
}

/// A stored record.
pub type Record = (RecordKey, Vec<u8>);

/// The answer of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageAnswer {
    /// The records read.
    Records(Vec<Record>),
    /// The transaction is complete and durable.
    Written,
}

/// Why the store failed. Nothing of the request was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// Out of space.
    #[error("the store is out of space")]
    Full,
    /// Something else has it open; may pass.
    #[error("the store is blocked")]
    Blocked,
    /// A stored value is damaged.
    #[error("the store is corrupt")]
    Corrupt,
    /// The store was deleted or closed.
    #[error("the store is gone")]
    Gone,
}

impl StorageError {
    /// The stable code.
    pub fn code(self) -> Code {
        match self {
            StorageError::Full => Code::StorageFull,
            StorageError::Blocked => Code::StorageBlocked,
            StorageError::Corrupt => Code::StorageCorrupt,
            StorageError::Gone => Code::StorageGone,
        }
    }
}
