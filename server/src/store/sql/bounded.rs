//! The store as programs use it: one whose calls end, whatever the database does.

use super::{Backend, SqlStore};
use crate::store::{Gate, Store, StoreCall, StoreError};

/// A store that waits no longer for an answer than its patience says.
pub(in crate::store) struct Bounded<B: Backend>(pub(in crate::store) SqlStore<B>);

impl<B: Backend> Gate for Bounded<B> {
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
