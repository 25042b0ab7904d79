//! What this device stores: transactions and reads, the form of each record, and what becomes of
//! records that are damaged, outdated or deleted.
//!
//! | file | holds |
//! |---|---|
//! | `transactions` | `Store`: the writes of each input as one transaction, retries, reads |
//! | `record` | the records, their keys and their checksum |
//! | `start` | the first reads |
//! | `damage` | damaged records, and those of the first format |
//! | `deleted` | conversations that were deleted, or may no longer be read |

pub(super) mod damage;
pub(super) mod deleted;
pub(super) mod record;
pub(super) mod start;
pub(super) mod transactions;
