//! Requests to the store and what it answers.

use crate::code::Code;

/// The key of a record: text, compared byte by byte.
pub type RecordKey = String;

/// Names a request; counted by the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// A request with its name. Requests are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageTask {
    /// Names it in its answer.
    pub id: TaskId,
    /// What to do.
    pub request: StorageRequest,
}

/// What the store is asked to do, in one transaction.
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
    /// Put the value under the key, in place of what was there.
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

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageAnswer {
    /// The records read.
    Records(Vec<Record>),
    /// The transaction is complete and durable.
    Written,
}

/// Why the store did not do it. Nothing of the request was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// Out of space.
    #[error("the store is out of space")]
    Full,
    /// Held by something else; may pass.
    #[error("the store is blocked")]
    Blocked,
    /// What was read is damaged.
    #[error("the store is corrupt")]
    Corrupt,
    /// The store was deleted or closed meanwhile.
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
