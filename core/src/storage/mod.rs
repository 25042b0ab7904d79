//! The client's storage interface: whole transactions over an ordered map from text keys to bytes. The caller
//! provides the store (IndexedDB, memory, a simulated disk); it answers later, and it may fail.

#[cfg(any(test, feature = "testing"))]
mod contract;
mod memory;
mod task;

#[cfg(any(test, feature = "testing"))]
pub use contract::{Contract, ContractStep};
pub use memory::MemoryStore;
pub use task::{Record, RecordKey, StorageAnswer, StorageError, StorageRequest, StorageTask, TaskId, Write};
