//! Group commit: writes that streams submit while a transaction runs are written together in the next one.

use std::sync::Arc;

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    config::NodeConfig,
    store::{CommitOutcome, Store, StoreError, StreamCommit},
};

struct CommitRequest {
    commit: StreamCommit,
    answer: oneshot::Sender<Result<CommitOutcome, CommitError>>,
}

/// Why a commit failed. It may have been written all the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// The store failed during the transaction.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The committers have ended.
    #[error("the server is shutting down")]
    Ended,
}

/// The queue in which streams submit their writes.
pub struct Committer {
    requests: mpsc::Sender<CommitRequest>,
}

impl Committer {
    /// Starts the committing tasks: `count` concurrent transactions, of as many streams each as the
    /// configuration says.
    pub fn start(tasks: &mut JoinSet<()>, store: &Arc<dyn Store>, count: usize, config: &NodeConfig) -> Self {
        let (sender, receiver) = mpsc::channel(config.bounds.commits_waiting_max);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..count.max(1) {
            tasks.spawn(run(Arc::clone(store), Arc::clone(&receiver), config.commit_streams_max.max(1)));
        }
        Self { requests: sender }
    }

    /// The number of streams that wait to be written.
    pub fn waiting(&self) -> usize {
        self.requests.max_capacity() - self.requests.capacity()
    }

    /// Writes one stream's entries, together with those of other streams.
    ///
    /// # Errors
    /// When the store failed: nothing was written, or, if the connection broke during the commit, the outcome
    /// is unknown.
    pub async fn commit(&self, commit: StreamCommit) -> Result<CommitOutcome, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(CommitRequest { commit, answer }).await.map_err(|_| CommitError::Ended)?;
        answered.await.map_err(|_| CommitError::Ended)?
    }
}

async fn run(store: Arc<dyn Store>, receiver: Arc<Mutex<mpsc::Receiver<CommitRequest>>>, streams_max: usize) {
    loop {
        let mut requests = Vec::new();
        // The task that holds the lock gathers; the other one is writing, or waits here.
        if receiver.lock().await.recv_many(&mut requests, streams_max).await == 0 {
            return;
        }
        write(store.as_ref(), requests).await;
    }
}

async fn write(store: &dyn Store, requests: Vec<CommitRequest>) {
    let (commits, answers): (Vec<_>, Vec<_>) =
        requests.into_iter().map(|request| (request.commit, request.answer)).unzip();
    match store.commit(&commits).await {
        Ok(outcomes) => {
            debug_assert_eq!(outcomes.len(), commits.len());
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // A task that has ended meanwhile needs no answer.
                let _ = answer.send(Ok(outcome));
            }
        }
        // One stream's rows may be the cause; the others must not fail with it.
        Err(StoreError::Corrupt { .. } | StoreError::Database(_)) if commits.len() > 1 => {
            for (commit, answer) in commits.into_iter().zip(answers) {
                let outcome = store.commit(&[commit]).await;
                let outcome = match outcome {
                    Ok(outcomes) => outcomes.first().copied().ok_or(CommitError::Ended),
                    Err(error) => Err(CommitError::Store(Arc::new(error))),
                };
                let _ = answer.send(outcome);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for answer in answers {
                let _ = answer.send(Err(CommitError::Store(Arc::clone(&error))));
            }
        }
    }
}
