//! Timeouts of database calls. A machine that died or a network that drops everything says nothing, and the
//! operating system would notice after a quarter of an hour, or never.

use std::time::Duration;

use sqlx::Pool;
use tokio::time::timeout;

use super::{Backend, Lease, SqlStore};
use crate::store::{Gate, Store, StoreCall, StoreError};

/// The time that a call may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Patience(pub(in crate::store) Duration);

impl Patience {
    /// Awaits a call, or fails with the store being unavailable. As with a broken connection, the effect of the
    /// call is then unknown.
    pub(in crate::store) async fn bound<T>(
        self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let silent = |_| StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        timeout(self.0, call).await.map_err(silent)?
    }

    /// Leases a connection of a pool.
    pub(in crate::store) async fn lease<B: Backend>(self, pool: &Pool<B>) -> Result<Lease<B>, StoreError> {
        Ok(Lease { connection: pool.acquire().await?, patience: self })
    }
}

/// A store whose calls are bounded by its patience.
pub(in crate::store) struct Patient<B: Backend>(pub(in crate::store) SqlStore<B>);

impl<B: Backend> Gate for Patient<B> {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    async fn pass<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match call {
            // These take time in proportion to the database.
            StoreCall::Migrate | StoreCall::Ready | StoreCall::Tend | StoreCall::Backup => work.await,
            _ => self.0.patience.bound(work).await,
        }
    }
}
