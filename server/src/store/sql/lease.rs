//! Bounds on a database that does not answer. One whose machine died, or whose
//! network drops everything, says nothing; the system would notice after a
//! quarter of an hour, or never.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Connection as _, Pool, SqlStr, Transaction, pool::PoolConnection};
use tokio::{runtime::Handle, time::timeout};

use super::Backend;
use crate::store::StoreError;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Patience(pub(in crate::store) Duration);

impl Patience {
    /// The answer of a call, or that the store is unavailable. As with a
    /// connection that breaks, it is then not known what the call did.
    pub(in crate::store) async fn bound<T>(
        self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let silent = |_| StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        timeout(self.0, call).await.map_err(silent)?
    }

    /// A connection of a pool.
    pub(in crate::store) async fn lease<B: Backend>(self, pool: &Pool<B>) -> Result<Lease<B>, StoreError> {
        Ok(Lease { connection: pool.acquire().await?, patience: self })
    }
}

/// A connection on its way from a pool and back. The pool tests what comes
/// back, which on a silent connection lasts for ever and keeps its place: here
/// it is given up, and the place is free.
pub(in crate::store) struct Lease<B: Backend> {
    connection: PoolConnection<B>,
    patience: Patience,
}

impl<B: Backend> Lease<B> {
    /// A transaction, undone unless it is committed.
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
