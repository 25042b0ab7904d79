//! A device's disk: the memory store, whose transactions take a while, may
//! fail, and are lost in a crash before they are complete.

use std::collections::VecDeque;

use tidings_core::{
    engine::IRREPLACEABLE,
    storage::{MemoryStore, RecordKey, StorageAnswer, StorageError, StorageRequest, StorageTask, TaskId, Write},
};

use super::{
    happened::{Happened, Tally},
    plant::Plant,
};
use crate::random::Random;

/// How a finished task ended.
pub type Finished = (TaskId, Result<StorageAnswer, StorageError>);

/// A disk.
#[derive(Debug)]
pub struct Disk {
    store: MemoryStore,
    waiting: VecDeque<(u64, StorageTask)>,
    random: Random,
    /// The longest time that a task takes, ms; at none it is done at once.
    pub delay_ms_max: u64,
    /// What every task fails with.
    pub failure: Option<StorageError>,
    /// A fault that was planted.
    pub plant: Option<Plant>,
    /// Where what happens is counted.
    pub tally: Tally,
    /// What a crash leaves, when the disk lies about what is durable.
    durable: Option<MemoryStore>,
}

impl Disk {
    /// A disk with this on it.
    pub fn new(store: MemoryStore, seed: u64) -> Self {
        Self {
            store,
            waiting: VecDeque::new(),
            random: Random::new(seed),
            delay_ms_max: 0,
            failure: None,
            plant: None,
            tally: Tally::default(),
            durable: None,
        }
    }

    /// Takes a task that was given at a time.
    pub fn take(&mut self, time_ms: u64, task: StorageTask) {
        let due_ms = time_ms + self.random.below(self.delay_ms_max + 1);
        let due_ms = self.waiting.back().map_or(due_ms, |(before_ms, _)| due_ms.max(*before_ms));
        self.waiting.push_back((due_ms, task));
    }

    /// When the next task is done.
    pub fn due_ms(&self) -> Option<u64> {
        self.waiting.front().map(|(due_ms, _)| *due_ms)
    }

    /// Does the next task that is done by a time.
    pub fn finish_one(&mut self, time_ms: u64) -> Option<Finished> {
        let (_, task) = self.waiting.pop_front_if(|(due_ms, _)| *due_ms <= time_ms)?;
        if let Some(failure) = self.failure {
            self.tally.count(Happened::DiskBlocked);
            return Some((task.id, Err(failure)));
        }
        Some((task.id, self.run(task.request)))
    }

    fn run(&mut self, mut request: StorageRequest) -> Result<StorageAnswer, StorageError> {
        if let StorageRequest::Write(writes) = &mut request {
            match self.plant {
                // Told to be complete, and not yet on the disk.
                Some(Plant::ClientSkipsFsync) if self.random.chance(30) => {
                    self.durable.get_or_insert_with(|| self.store.clone());
                }
                Some(Plant::ClientSkipsFsync) => self.durable = None,
                Some(Plant::ForgetRefused) => {
                    writes.retain(|write| !matches!(write, Write::Put(key, _) if key.starts_with("refused/")));
                }
                _ => {}
            }
        }
        let answer = self.store.run(&request);
        self.tally.count_if(Happened::DiskFull, answer == Err(StorageError::Full));
        answer
    }

    /// What is on it, the tasks that wait left out.
    pub fn store(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    /// Whether a transaction is under way.
    pub fn is_writing(&self) -> bool {
        self.waiting.iter().any(|(_, task)| matches!(task.request, StorageRequest::Write(_)))
    }

    /// What a crash leaves at worst, now and then: the platform throws the store
    /// away, and what was kept twice is left (E42).
    pub fn crash_badly(&mut self) -> MemoryStore {
        let left = self.crash();
        if !self.random.chance(10) {
            return left;
        }
        self.tally.count(Happened::StoreThrownAway);
        second_copy(&left)
    }

    /// What a crash leaves: nothing of the tasks that wait.
    pub fn crash(&self) -> MemoryStore {
        self.durable.as_ref().unwrap_or(&self.store).clone()
    }
}

/// What is kept twice of a store.
pub fn second_copy(store: &MemoryStore) -> MemoryStore {
    let is_kept = |key: &RecordKey| IRREPLACEABLE.iter().any(|kept| key.starts_with(kept));
    let kept = store.records().iter().filter(|(key, _)| is_kept(key));
    let kept = kept.map(|(key, value)| Write::Put(key.clone(), value.clone())).collect();
    let mut copy = MemoryStore::default();
    copy.run(&StorageRequest::Write(kept)).expect("it has no bound");
    copy
}
