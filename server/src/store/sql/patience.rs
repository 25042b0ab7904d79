//! How long a database is waited for that does not answer. One whose machine died,
//! or whose network drops everything, says nothing; the system would notice after
//! a quarter of an hour, or never.

use std::time::Duration;

use sqlx::Pool;
use tokio::time::timeout;

use super::{Backend, Lease, SqlStore};
use crate::store::{Gate, Store, StoreCall, StoreError};

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

/// A store that waits no longer for an answer than its patience says.
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
            // These take as long as the database is large.
            StoreCall::Migrate | StoreCall::Ready | StoreCall::Tend | StoreCall::Backup => work.await,
            _ => self.0.patience.bound(work).await,
        }
    }
}
