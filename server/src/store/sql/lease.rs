//! Leases of connections to calls, and how they return to the pool.

use std::ops::{Deref, DerefMut};

use sqlx::{Connection as _, SqlStr, Transaction, pool::PoolConnection};
use tokio::{runtime::Handle, time::timeout};

use super::{Backend, Patience};
use crate::store::StoreError;

/// A connection leased from a pool. The pool tests returned connections, which on a dead link takes for ever
/// and keeps their slot: here such a connection is dropped, and its slot is free.
pub(in crate::store) struct Lease<B: Backend> {
    pub(super) connection: PoolConnection<B>,
    pub(super) patience: Patience,
}

impl<B: Backend> Lease<B> {
    /// Begins a transaction, rolled back unless it is committed.
    pub(in crate::store) async fn begin(&mut self, how: &'static str) -> Result<Transaction<'_, B>, StoreError> {
        Ok(self.connection.begin_with(SqlStr::from_static(how)).await?)
    }
}

impl<B: Backend> Deref for Lease<B> {
    type Target = B::Connection;

    fn deref(&self) -> &B::Connection {
        &self.connection
    }
}

impl<B: Backend> DerefMut for Lease<B> {
    fn deref_mut(&mut self) -> &mut B::Connection {
        &mut self.connection
    }
}

impl<B: Backend> Drop for Lease<B> {
    fn drop(&mut self) {
        // Without a runtime the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(self.patience.0, self.connection.return_to_pool()));
        }
    }
}
