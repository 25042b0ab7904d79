//! How long a database may leave a call without an answer. One whose machine
//! died, or whose network drops everything, says nothing; the system would
//! notice after a quarter of an hour, or never.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::store::StoreError;

/// How long after a call was given up connections that come back to the pool
/// are closed. Tested, as others are, one of them could wait for ever and keep
/// its place.
const DISTRUST: Duration = Duration::from_secs(1);

/// The bound on each call of a store.
#[derive(Clone)]
pub(in crate::store) struct Patience {
    limit: Duration,
    /// When a call was last given up.
    silent_at: Arc<Mutex<Option<Instant>>>,
}

impl Patience {
    /// Waits so long.
    pub(in crate::store) fn of(limit: Duration) -> Self {
        Self { limit, silent_at: Arc::default() }
    }

    /// The answer of a call, or that the store is unavailable. As with a
    /// connection that breaks, it is then not known what the call did.
    pub(in crate::store) async fn bound<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut call = pin!(call);
        if let Ok(answer) = tokio::time::timeout(self.limit, &mut call).await {
            return answer;
        }
        // Before the call lets go of its connection, at the end of this function.
        *self.silent_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Err(StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
    }

    /// Whether a connection that comes back now may be one that does not answer.
    pub(in crate::store) fn is_tried(&self) -> bool {
        let silent_at = self.silent_at.lock().unwrap_or_else(PoisonError::into_inner);
        silent_at.is_some_and(|silent_at| silent_at.elapsed() < DISTRUST)
    }
}
